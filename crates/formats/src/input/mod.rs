//! The bytes of an input: compression off, a window that slides over them, and what they are.

mod compression; // gzip and zstd off
mod open; // what is it, if it is nothing that is read here?
mod plain; // the bytes alone, for other readers
mod window; // a buffer that slides over the input

use std::io::Read;

use compression::Source;

pub use open::OpenError;
pub(crate) use open::not_readable;
pub use plain::Plain;
pub(crate) use window::Window;

/// Bytes by which an input is recognised, at most.
pub(crate) const HEAD: usize = 64 << 10;

/// A window over the decompressed input, with its first bytes in view; waits for no more of them than a format needs.
pub(crate) fn begin<R: Read>(reader: R) -> Result<Window<R>, OpenError> {
    let mut window = Window::new(Source::open(reader)?);
    window.need(4);
    if window.bytes().is_empty() {
        return Err(match window.take_failure() {
            Some(failure) if window.suffix().is_empty() => OpenError::Io(std::io::Error::other(failure)),
            Some(failure) => OpenError::Compression(failure),
            None => OpenError::Empty,
        });
    }
    Ok(window)
}
