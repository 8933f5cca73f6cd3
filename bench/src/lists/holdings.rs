//! The scanned side: blocks, who is live in them, and what others have shown of them.

use watchpost_core::contact::{Service, Transport};
use watchpost_core::net::Address;
use watchpost_core::target_list::Prior;

use super::random::Random;

/// Ports that scans ask for here.
const PORTS: [u16; 6] = [80, 443, 22, 25, 3389, 8080];

/// One own host that is live.
#[derive(Clone, Copy)]
pub struct Host {
    /// Its address.
    pub address: u64,
    /// Which of [`PORTS`] are open, a bit each.
    pub open: u8,
    /// Refuses what is closed (else it is silent).
    pub refuses: bool,
    /// Others have been seen to use it.
    pub known: bool,
}

/// The own side.
pub struct Own {
    /// First and last address of each block, sorted.
    pub blocks: Vec<(u64, u64)>,
    /// Live hosts, sorted.
    pub live: Vec<Host>,
}

impl Own {
    /// One to four blocks of /28 to /16, near each other or not, now and then touching.
    pub fn new(random: &mut Random, prior: &Prior) -> Self {
        let wanted = if random.chance(0.4) { 1 } else { 2 + random.below(3) };
        let mut blocks: Vec<(u64, u64)> = Vec::new();
        while (blocks.len() as u64) < wanted {
            let size = 1_u64 << (4 + random.below(13));
            let place = match blocks.last() {
                Some((_, last)) if random.chance(0.1) => last + 1,
                Some((first, _)) if random.chance(0.5) => first ^ random.below(1 << 20),
                _ => (1 << 24) + random.below(220 << 24),
            };
            let first = place & !(size - 1);
            if blocks.iter().all(|b| first + size - 1 < b.0 || b.1 < first) {
                blocks.push((first, first + size - 1));
            }
        }
        blocks.sort_unstable();
        let known = random.unit();
        let mut live = Vec::new();
        let (low, all) = (prior.live.floor.max(0.002), random.chance(prior.live.all));
        let density = if all { 1.0 } else { random.log(low, 1.0) };
        for &(first, last) in &blocks {
            // Blocks of one holder differ; in half of them servers stand together at the low end.
            let density = if all { 1.0 } else { (density * random.log(0.5, 2.0)).min(1.0) };
            let size = last - first + 1;
            let within = if random.chance(0.5) && !all { (2.0 * density).min(1.0) } else { 1.0 };
            let share = random.log(0.3, 1.0);
            for address in first..first + (size as f64 * within).ceil() as u64 {
                if random.chance(density / within) {
                    let open = (0..PORTS.len()).map(|bit| u8::from(random.chance(share)) << bit).sum();
                    let (refuses, known) = (random.chance(0.7), random.chance(known));
                    live.push(Host { address, open: if all { 0x3f } else { open }, refuses, known });
                }
            }
        }
        Self { blocks, live }
    }

    /// Runs of blocks that touch.
    pub fn segments(&self) -> Vec<(u64, u64)> {
        let mut segments: Vec<(u64, u64)> = Vec::new();
        for &(first, last) in &self.blocks {
            match segments.last_mut() {
                Some(before) if before.1 + 1 == first => before.1 = last,
                _ => segments.push((first, last)),
            }
        }
        segments
    }

    /// The live host at an address.
    pub fn host(&self, address: u64) -> Option<&Host> {
        self.live.binary_search_by_key(&address, |host| host.address).ok().map(|place| &self.live[place])
    }
}

/// The service behind a bit of [`Host::open`].
pub fn service(bit: usize) -> Service {
    Service { transport: Transport::Tcp, port: PORTS[bit] }
}

/// As the engine writes it.
pub fn address(number: u64) -> Address {
    Address::v4((number as u32).to_be_bytes())
}
