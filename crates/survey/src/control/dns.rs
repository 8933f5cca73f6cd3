//! One question to a resolver, by UDP. The answer counts if it comes from the resolver, has the question's number and the question.
//!
//! The resolver is no target: it is the user's own, named by him or by the system, and is asked a few times for each block.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

use crate::govern::{Governor, Stopped};

/// How often a question is sent.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(2);
/// Without EDNS no answer is longer than 512 bytes; more is taken from those that do not care.
const LONGEST: usize = 4_096;
/// Answers to other questions that are passed over.
const MOST_STRAY: u32 = 64;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("the resolver does not answer")]
    Silent,
    #[error("no such name")]
    NoName,
    #[error("the resolver says {0}")]
    Refused(String),
    #[error("the answer is cut short")]
    Cut,
    #[error("{0:?} is no name")]
    Name(String),
    #[error(transparent)]
    Stopped(Stopped),
    #[error("{0}")]
    Broken(io::Error),
}

impl From<io::Error> for Unanswered {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Stopped>() {
            Ok(why) => Self::Stopped(why),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Self::Silent,
            Err(error) => Self::Broken(error),
        }
    }
}

/// The resolver that the system uses: the first address in `/etc/resolv.conf`.
pub fn system_resolver() -> Option<SocketAddr> {
    resolver_of(&std::fs::read_to_string("/etc/resolv.conf").ok()?)
}

fn resolver_of(text: &str) -> Option<SocketAddr> {
    text.lines().take(256).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let address: IpAddr =
            words.next().filter(|word| *word == "nameserver").and(words.next())?.parse().ok()?;
        Some(SocketAddr::new(address, 53))
    })
}

/// The TXT records of a name, the strings of each joined; none: the name has no such record. A question is no probe, but a stop ends it.
pub(super) fn texts(
    governor: &Governor,
    resolver: SocketAddr,
    name: &str,
    patience: Option<Duration>,
) -> Result<Vec<String>, Unanswered> {
    let not_one = |_| Unanswered::Name(name.to_owned());
    let asked = Name::new(name).map_err(not_one)?;
    let any: SocketAddr = if resolver.is_ipv4() { ([0; 4], 0).into() } else { ([0; 16], 0).into() };
    let socket = UdpSocket::bind(any)?;
    // Nothing but the resolver's own datagrams comes in from here on.
    socket.connect(resolver)?;
    for _ in 0..TRIES {
        // The standard library's source of random numbers: who cannot see the question has to guess number and port.
        let id = RandomState::new().hash_one(name) as u16;
        let mut question = Packet::new_query(id);
        question.set_flags(PacketFlag::RECURSION_DESIRED);
        question.questions.push(Question::new(
            asked.clone(),
            QTYPE::TYPE(TYPE::TXT),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        governor.open().map_err(Unanswered::Stopped)?;
        socket.send(&question.build_bytes_vec().map_err(not_one)?)?;
        let until = Instant::now() + patience.unwrap_or(PATIENCE);
        for _ in 0..MOST_STRAY {
            let mut bytes = [0; LONGEST];
            let length = match governor.patiently(until, |nap| {
                socket.set_read_timeout(Some(nap))?;
                socket.recv(&mut bytes)
            }) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::TimedOut => break,
                Err(error) => return Err(error.into()),
            };
            if let Some(answer) = bytes.get(..length).and_then(|bytes| read(bytes, id, name)) {
                return answer;
            }
        }
    }
    Err(Unanswered::Silent)
}

/// What an answer says; none if it is none to this question.
pub(super) fn read(bytes: &[u8], id: u16, name: &str) -> Option<Result<Vec<String>, Unanswered>> {
    let answer = Packet::parse(bytes).ok()?;
    let [question] = answer.questions.as_slice() else { return None };
    if answer.id() != id
        || !answer.has_flags(PacketFlag::RESPONSE)
        || question.qtype != QTYPE::TYPE(TYPE::TXT)
        || !question.qname.to_string().eq_ignore_ascii_case(name)
    {
        return None;
    }
    Some(match answer.rcode() {
        RCODE::NoError if answer.has_flags(PacketFlag::TRUNCATION) => Err(Unanswered::Cut),
        // Behind aliases (CNAME) the record bears another name; the resolver has followed them.
        RCODE::NoError => Ok(answer
            .answers
            .iter()
            .filter_map(|record| match &record.rdata {
                RData::TXT(text) => String::try_from(text.clone()).ok(),
                _ => None,
            })
            .collect()),
        RCODE::NameError => Err(Unanswered::NoName),
        other => Err(Unanswered::Refused(format!("{other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_address_of_the_system_counts() {
        let text = "# nameserver 192.0.2.9\nsearch example\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver ::1\n";
        assert_eq!(resolver_of(text), Some(([192, 0, 2, 1], 53).into()));
        assert_eq!(resolver_of("nameserver\n"), None);
    }

    fn answer(id: u16, name: &'static str, text: &'static str) -> Vec<u8> {
        let mut packet = Packet::new_reply(id);
        let name = Name::new(name).unwrap();
        packet.questions.push(Question::new(
            name.clone(),
            QTYPE::TYPE(TYPE::TXT),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        let text = simple_dns::rdata::TXT::new().with_string(text).unwrap();
        packet.answers.push(simple_dns::ResourceRecord::new(name, CLASS::IN, 60, RData::TXT(text)));
        packet.build_bytes_vec().unwrap()
    }

    #[test]
    fn an_answer_counts_by_its_number_and_its_question() {
        let bytes = answer(7, "_watchpost.2.0.192.in-addr.arpa", "watchpost-control=abc");
        let texts = |id, name| read(&bytes, id, name).map(Result::unwrap);
        assert_eq!(
            texts(7, "_WATCHPOST.2.0.192.in-addr.arpa"),
            Some(vec!["watchpost-control=abc".to_owned()])
        );
        assert_eq!(texts(8, "_watchpost.2.0.192.in-addr.arpa"), None);
        assert_eq!(texts(7, "_watchpost.3.0.192.in-addr.arpa"), None);
    }

    #[test]
    fn a_stop_ends_a_question() {
        let text = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
                    blocks = [\"127.0.0.1/32\"]\nlab = true\ntcp = \"9\"\n";
        let governor = Governor::new(crate::scope::Scope::parse(text).unwrap(), None);
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let resolver = silent.local_addr().unwrap();
        std::thread::scope(|threads| {
            let asking = threads.spawn(|| texts(&governor, resolver, "a.example", None));
            std::thread::sleep(Duration::from_millis(200));
            governor.stop();
            let stop = Instant::now();
            assert!(matches!(asking.join().unwrap(), Err(Unanswered::Stopped(_))));
            assert!(stop.elapsed() < Duration::from_secs(1), "a stop is a matter of a second");
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), at in 0usize..64, with in any::<u8>()) {
            let _ = read(&bytes, 7, "x");
            let mut sound = answer(7, "a.example", "text");
            if let Some(byte) = sound.get_mut(at) {
                *byte = with;
            }
            let _ = read(&sound, 7, "a.example");
        }
    }
}
