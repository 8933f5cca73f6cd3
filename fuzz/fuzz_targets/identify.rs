//! Anything that a service answers, held against the own fingerprints, and anything as a file of fingerprints: no panic, and what is kept
//! is short and clean.
//!
//! The input is a byte that says what it is, a byte that chooses the port, and the answer (or the file).

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use watchpost_core::utterance::FACT_BYTES;
use watchpost_formats::conversation::is_unfit;
use watchpost_survey::identify::os;
use watchpost_survey::identify::recog::Fingerprints;
use watchpost_survey::identify::{Identified, answer, datagram};
use watchpost_survey::wire::SynAck;

const PORTS: [u16; 16] = [21, 22, 23, 25, 53, 80, 110, 123, 143, 161, 389, 443, 554, 3306, 5060, 6379];

fn kept(found: &Identified) {
    let products = found
        .products
        .iter()
        .flat_map(|product| [Some(&product.name), product.version.as_ref(), product.vendor.as_ref()]);
    let facts = found.facts.iter().map(|fact| &fact.text);
    let systems = found.os.iter().flat_map(|os| [&os.name, &os.because]);
    for text in products.flatten().chain(facts).chain(systems) {
        assert!(text.len() <= 4 * FACT_BYTES && !text.contains(is_unfit), "{text:?}");
    }
}

fuzz_target!(|data: &[u8]| {
    static PRINTS: OnceLock<Fingerprints> = OnceLock::new();
    let [kind, port, bytes @ ..] = data else { return };
    let port = PORTS[usize::from(port & 15)];
    let prints = PRINTS.get_or_init(Fingerprints::shipped);
    match kind & 3 {
        0 => kept(&answer(port, b"", bytes, prints)),
        1 => kept(&datagram(port, bytes, prints)),
        2 => {
            let _ = os::guess(&SynAck {
                ttl: 64,
                window: u16::from(*kind) << 8,
                options: bytes.to_vec(),
                dont_fragment: true,
                ip_id: 0,
                to_full: true,
            });
        }
        _ => {
            let mut own = Fingerprints::default();
            own.add("fuzz.xml", &String::from_utf8_lossy(bytes), true);
            for found in own.find("fuzz", b"OpenSSH_9.2p1 Debian-2+deb12u3") {
                assert!(found.fields.len() < 1_000);
            }
        }
    }
});
