//! The most that one thread can send: a bare loop that hands the kernel the same SYNs over and over.
//!
//! A survey is measured against this, for packets a second of one machine and one hour say nothing on another. The loop does as
//! the survey's sender does: a packet socket bound to one interface that receives nothing (protocol 0), `sendmmsg(2)` with many
//! frames a call, frames of 58 bytes (a SYN with the MSS option). It builds no packet, keeps no cap and reads no answer.
//!
//! It sends in the lab and nowhere else: the interface must have the hardware address that `lab/up` gives the scanner's end of the
//! cable, and all frames go to the block where nobody is.

use std::io::{IoSlice, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockType, bind, sendmmsg, socket,
};

use crate::frame::{SYN, Segment, checksum};

/// The scanner's end of the lab's cable (`lab/net.sh`).
const LAB: [u8; 6] = [2, 0, 0x5e, 0, 0, 1];
/// Where nobody is, 10.99.0.0/16, and who asks.
const DEAD: u32 = 0x0a63_0000;
const SOURCE: u32 = 0xc633_6407;
/// A SYN with the MSS option over IPv4 over Ethernet.
const SIZE: usize = 58;

/// Options of `watchpost-bench limit`.
#[derive(clap::Args)]
pub struct Options {
    /// The scanner's end of the lab's cable.
    #[arg(long, default_value = "border")]
    interface: String,
    /// Frames to send, rounded up to whole batches.
    #[arg(long, default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    count: u32,
    /// Frames a system call.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Frames that differ, each to another address: whoever gets them looks each up anew, as it must in a scan. They are built before.
    #[arg(long, default_value_t = 1 << 16, value_parser = clap::value_parser!(u32).range(1..=1 << 16))]
    targets: u32,
    /// Sends on this open packet socket instead of one of its own: for options that a safe program cannot set.
    #[arg(long)]
    fd: Option<RawFd>,
}

/// Sends, and prints what was reached: frames, seconds, frames a second, CPU seconds a million.
pub fn run(options: &Options, out: &mut impl Write) -> anyhow::Result<()> {
    let own: OwnedFd;
    let fd = match options.fd {
        Some(fd) => fd,
        None => {
            own = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)
                .context("cannot open a packet socket: it needs root")?;
            own.as_raw_fd()
        }
    };
    bind(fd, &lab_interface(&options.interface)?).context("cannot bind to the interface")?;

    let batch = usize::from(options.batch);
    let count = options.targets.max(u32::from(options.batch));
    let frames: Vec<[u8; SIZE]> = (0..count).map(syn).collect();
    let slices: Vec<[IoSlice<'_>; 1]> = frames.iter().map(|frame| [IoSlice::new(frame)]).collect();
    let nowhere = vec![None; batch];
    let mut headers = MultiHeaders::<()>::preallocate(batch, None);
    let (mut sent, mut calls) = (0u64, 0u64);
    let (began, cpu) = (Instant::now(), cpu_nanoseconds()?);
    let mut rounds = slices.chunks_exact(batch).cycle();
    while sent < u64::from(options.count) {
        let next = rounds.next().context("there is no frame")?;
        let taken = sendmmsg(fd, &mut headers, next, &nowhere, [], MsgFlags::empty())?.count();
        ensure!(taken > 0, "the kernel takes no frame");
        sent += taken as u64;
        calls += 1;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), (cpu_nanoseconds()? - cpu) as f64 / 1e9);
    let rate = sent as f64 / seconds;
    let each = cpu * 1e6 / sent as f64;
    Ok(writeln!(
        out,
        "frames {sent} calls {calls} seconds {seconds:.3} rate {rate:.0} cpu_million {each:.3}"
    )?)
}

/// The address of an interface that is the lab's.
fn lab_interface(name: &str) -> anyhow::Result<LinkAddr> {
    let found = nix::ifaddrs::getifaddrs()?
        .filter(|interface| interface.interface_name == name)
        .find_map(|interface| interface.address?.as_link_addr().copied())
        .with_context(|| format!("no interface {name:?} here"))?;
    if found.addr() != Some(LAB) {
        bail!("{name} is not the lab's cable: run this by `lab/at outside`");
    }
    Ok(found)
}

/// The SYN to the n-th dead host.
fn syn(n: u32) -> [u8; SIZE] {
    let bare = Segment {
        source: SOURCE,
        target: DEAD | crate::frame::mix(n) & 0xffff,
        source_port: 40_000,
        port: 80,
        sequence: crate::frame::mix(!n),
        acknowledgement: 0,
        flags: SYN,
        window: 64_240,
        ip_id: 0,
        ttl: 64,
    }
    .frame();
    let mut frame = [0; SIZE];
    frame[..bare.len()].copy_from_slice(&bare);
    frame[bare.len()..].copy_from_slice(&[2, 4, 5, 0xb4]);
    frame[17] = 44;
    frame[46] = 6 << 4;
    for at in [24, 25, 50, 51] {
        frame[at] = 0;
    }
    let head = checksum(&frame[14..34], 0);
    frame[24..26].copy_from_slice(&head.to_be_bytes());
    let segment = checksum(&frame[26..], 6 + 24);
    frame[50..52].copy_from_slice(&segment.to_be_bytes());
    frame
}

/// Nanoseconds that this program has been on a core (proc_pid_schedstat; the first number).
fn cpu_nanoseconds() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").context("cannot read /proc/self/schedstat")?;
    text.split(' ').next().unwrap_or_default().parse().context("/proc/self/schedstat has no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_a_syn_with_mss_and_right_checksums() {
        let frame = syn(3);
        assert_eq!(checksum(&frame[14..34], 0), 0);
        assert_eq!(checksum(&frame[26..], 6 + 24), 0);
        assert_eq!(&frame[30..32], &[10, 99]);
        assert_eq!((frame[17], frame[46], frame[47]), (44, 0x60, SYN));
        assert_eq!(&frame[54..], &[2, 4, 5, 0xb4]);
    }

    #[test]
    fn no_other_interface_is_sent_on() {
        assert!(lab_interface("lo").is_err());
    }
}
