//! Makes the benchmark's inputs, the same bytes every time, and reads any to contacts alone.
//!
//! `bench/run` calls this and measures. The benign mix is copied from real captures; the sweep and the flood are written
//! packet by packet, because ten million forged sources are more than a lab captures in a reasonable time. The scans
//! that hide in flood and noise are real ones, taken from the corpus.
//!
//! The modules, in the order in which data flows:

mod benign; // copies of real captures, each with its own addresses and times
mod capture; // pcap and pcapng in, pcap out
mod frame; // Ethernet frames: made, and given other addresses
mod host; // the firewall log of a busy public host
mod noise; // a crowd of forged sources with a real scan inside
mod sweep; // one source that asks a million hosts

mod logs; // the same border's connections as Suricata and Zeek tell them
mod netflow; // and as NetFlow v5, in a pcap or sent to a collector on this machine
mod traffic; // connections: ordinary ones, and scans among them

mod read; // reading alone, to contacts

mod limit; // sending alone: what a survey is measured against
mod pace; // the most packets within any second of a capture

mod coordination; // how often divided scans are found, and strangers joined
mod lists; // whether verdicts on target lists are right as often as they say

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Makes the benchmark's inputs, the same bytes every time.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    input: Input,
}

#[derive(Subcommand)]
enum Input {
    /// Copies of real captures, until enough packets or bytes are there.
    Benign {
        /// The pcap to write.
        output: PathBuf,
        /// Captures to copy: Ethernet, pcap or pcapng, not compressed.
        #[arg(required = true)]
        captures: Vec<PathBuf>,
        /// Copies that run at the same time.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
        together: u32,
        /// Packets to write at least; the last round of copies is finished.
        #[arg(long, default_value_t = 3_000_000)]
        packets: u64,
        /// Stop before the file is longer than this.
        #[arg(long, default_value_t = u64::MAX)]
        bytes: u64,
    },
    /// One source probes a /12 or a part of it, a host and a port at a time, in no order.
    Sweep {
        /// The pcap to write.
        output: PathBuf,
        /// Probes to write, 3,145,728 (three ports of a /12) at most.
        #[arg(long, default_value_t = 3 << 20, value_parser = clap::value_parser!(u32).range(1..=3 << 20))]
        probes: u32,
    },
    /// Sources that send one SYN each, and a real scan among them.
    Noise {
        /// The pcap to write.
        output: PathBuf,
        /// A capture of the scan; its packets are spread evenly over the whole time.
        scan: PathBuf,
        /// How many sources.
        #[arg(long, default_value_t = 10_000_000)]
        sources: u32,
        /// How long it all takes, in seconds.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Suricata's eve.json: flow events.
    Eve {
        /// The log to write.
        output: PathBuf,
        /// How many.
        lines: u32,
    },
    /// Zeek's conn.log, tab-separated.
    Zeek {
        /// The log to write.
        output: PathBuf,
        /// How many.
        lines: u32,
    },
    /// NetFlow v5 on its way to a collector, 30 records a datagram.
    Netflow5 {
        /// The pcap to write.
        output: PathBuf,
        /// How many, rounded up to whole datagrams.
        records: u32,
    },
    /// Sends the datagrams of such a pcap to a collector on the loopback.
    Send {
        /// The pcap.
        input: PathBuf,
        /// Where it listens: 127.0.0.1 and a port.
        to: std::net::SocketAddr,
        /// Datagrams a second.
        #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        rate: u32,
    },
    /// Reads captures and logs to contacts and judges nothing.
    Read {
        /// The files.
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
    },
    /// Sends SYNs in the lab as fast as one thread can, and prints how fast that was.
    Limit(limit::Options),
    /// Prints the most packets of a capture within any one second.
    Pace {
        /// The capture: pcap or pcapng, not compressed.
        input: PathBuf,
    },
    /// The firewall log of a busy public host, and two scans in it.
    Host {
        /// The log to write.
        output: PathBuf,
        /// How many weeks.
        #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u32).range(1..=520))]
        weeks: u32,
        /// Sources a week.
        #[arg(long, default_value_t = 10_000)]
        sources: u32,
    },
    /// Prints how often divided scans are found, and how often strangers are taken for one scan.
    Coordination {
        /// Trials of each case; ten times as many of most cases of strangers.
        #[arg(long, default_value_t = 20)]
        trials: u64,
    },
    /// Simulated scans from every kind of target list: are the verdicts right as often as they say?
    Lists(lists::Options),
}

fn main() -> anyhow::Result<()> {
    let (path, packets) = match Arguments::parse().input {
        Input::Benign { output, captures, together, packets, bytes } => {
            let count = write(&output, |out| benign::make(out, &captures, together, packets, bytes))?;
            (output, count)
        }
        Input::Sweep { output, probes } => {
            let count = write(&output, |out| sweep::make(out, probes))?;
            (output, count)
        }
        Input::Noise { output, scan, sources, seconds } => {
            let scan = capture::read(&scan)?;
            let count = write(&output, |out| noise::make(out, &scan, sources, seconds))?;
            (output, count)
        }
        Input::Eve { output, lines } => {
            return text(&output, |out| logs::eve(out, lines));
        }
        Input::Zeek { output, lines } => {
            return text(&output, |out| logs::zeek(out, lines));
        }
        Input::Netflow5 { output, records } => {
            let count = write(&output, |out| netflow::make(out, records))?;
            (output, count)
        }
        Input::Send { input, to, rate } => {
            let sent = netflow::send(&input, to, rate)?;
            return Ok(writeln!(std::io::stderr(), "{sent} datagrams sent")?);
        }
        Input::Read { inputs } => {
            let mut out = std::io::stdout().lock();
            return inputs.iter().try_for_each(|path| read::print(&mut out, path));
        }
        Input::Host { output, weeks, sources } => {
            return text(&output, |out| {
                host::make(out, weeks, sources)?;
                Ok(())
            });
        }
        Input::Limit(options) => return limit::run(&options, &mut std::io::stdout().lock()),
        Input::Pace { input } => return pace::print(&mut std::io::stdout().lock(), &input),
        Input::Lists(options) => return lists::run(&options),
        Input::Coordination { trials } => {
            return coordination::print(&mut std::io::stdout().lock(), trials);
        }
    };
    let size = std::fs::metadata(&path)?.len();
    writeln!(std::io::stderr(), "{}: {packets} packets or lines, {size} bytes", path.display())?;
    Ok(())
}

/// Writes one log.
fn text(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    fill(&mut out)?;
    out.flush().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes one capture; the number of its packets.
fn write(path: &Path, fill: impl FnOnce(&mut capture::Writer) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let mut out =
        capture::Writer::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    fill(&mut out)?;
    out.finish().with_context(|| format!("cannot write {}", path.display()))
}
