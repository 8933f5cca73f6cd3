//! What services answer to the exposure checks: any bytes, to every reader of answers. No panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use watchpost_survey::checks::read_anything;

fuzz_target!(|data: &[u8]| {
    read_anything(data);
});
