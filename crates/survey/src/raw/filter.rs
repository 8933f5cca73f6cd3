//! What the kernel lets through to the receiver: ICMP, and what comes to the survey's own ports. In classic BPF, for packets without their
//! link header.

use socket2::SockFilter;

use super::{ARP, IPV6};
use crate::wire::OWN_PORTS;

// Operations of classic BPF (linux/bpf_common.h): class, size and mode in one number.
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const LOAD_HALF_INDEXED: u16 = 0x48;
/// Index register: four times the low half of a byte, the length of an IPv4 header.
const INDEX_HEADER: u16 = 0xb1;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const IF_GREATER: u16 = 0x25;
const RETURN: u16 = 0x06;

const TAKE: u32 = 0xffff;

/// For packets of an Ethernet type.
pub(super) fn of(kind: u16) -> Vec<SockFilter> {
    let op = |code, constant: u32| SockFilter::new(code, 0, 0, constant);
    let jump = |code, yes, no, constant: u32| SockFilter::new(code, yes, no, constant);
    let (first, last) = (u32::from(*OWN_PORTS.start()), u32::from(*OWN_PORTS.end()));
    match kind {
        // Replies only.
        ARP => vec![op(LOAD_HALF, 6), jump(IF_EQUAL, 0, 1, 2), op(RETURN, TAKE), op(RETURN, 0)],
        IPV6 => vec![
            op(LOAD_BYTE, 6),
            jump(IF_EQUAL, 5, 0, 58),
            jump(IF_EQUAL, 1, 0, 6),
            jump(IF_EQUAL, 0, 4, 17),
            op(LOAD_HALF, 42),
            jump(IF_AT_LEAST, 0, 2, first),
            jump(IF_GREATER, 1, 0, last),
            op(RETURN, TAKE),
            op(RETURN, 0),
        ],
        _ => vec![
            op(LOAD_BYTE, 9),
            jump(IF_EQUAL, 6, 0, 1),
            jump(IF_EQUAL, 1, 0, 6),
            jump(IF_EQUAL, 0, 5, 17),
            op(INDEX_HEADER, 0),
            op(LOAD_HALF_INDEXED, 2),
            jump(IF_AT_LEAST, 0, 2, first),
            jump(IF_GREATER, 1, 0, last),
            op(RETURN, TAKE),
            op(RETURN, 0),
        ],
    }
}
