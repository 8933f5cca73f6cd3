//! What is said to whom: hellos that ask for nothing but a version, in the forms of their protocols' documents.

use std::net::SocketAddr;

/// How a conversation begins on a port, by common use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The server speaks first, as usual here: it is waited for.
    Server,
    /// The server is heard for a moment, then a request tells.
    Unknown,
    /// Nothing is ever said: what is said might be printed, or move something.
    Quiet,
    /// With this hello.
    Client(Hello),
    /// With TLS, and this within.
    Tls(Within),
}

/// What follows TLS' handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// The server speaks first.
    Server,
    /// It is heard for a moment, then asked.
    Unknown,
    /// A hello.
    Client(Hello),
}

/// A first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    Http,
    Redis,
    Memcached,
    Mongo,
    Postgres,
    Rdp,
    Smb,
    Ldap,
    Dns,
    Rtsp,
    Sip,
}

/// By the registry of port numbers, and by what is customary.
pub(super) fn opening(port: u16) -> Opening {
    use Hello::{Dns, Http, Ldap, Memcached, Mongo, Postgres, Rdp, Redis, Rtsp, Sip, Smb};
    match port {
        // Printers print whatever comes (9100 and its neighbours, LPD); what controls machines is not to be surprised.
        515 | 9100..=9107 | 102 | 502 | 1911 | 2404 | 4840 | 4911 | 20_000 | 44_818 | 47_808 => {
            Opening::Quiet
        }
        21..=23
        | 25
        | 110
        | 119
        | 143
        | 220
        | 587
        | 873
        | 2121
        | 2222
        | 2323
        | 2525
        | 3306
        | 3307
        | 4190
        | 5900..=5909 => Opening::Server,
        465 | 563 | 990 | 992..=995 => Opening::Tls(Within::Server),
        443 | 1443 | 2087 | 2376 | 4433 | 4443 | 5986 | 6443 | 7443 | 8006 | 8443 | 8834 | 9443 | 10_250
        | 10_443 => Opening::Tls(Within::Client(Http)),
        636 | 3269 => Opening::Tls(Within::Client(Ldap)),
        853 => Opening::Tls(Within::Client(Dns)),
        5061 => Opening::Tls(Within::Client(Sip)),
        5671 | 6514 | 6697 | 8883 => Opening::Tls(Within::Unknown),
        80..=82
        | 591
        | 631
        | 2375
        | 2379
        | 2380
        | 3000
        | 4646
        | 5000
        | 5601
        | 5984
        | 5985
        | 7001
        | 8000..=8010
        | 8080..=8090
        | 8123
        | 8161
        | 8180
        | 8181
        | 8200
        | 8500
        | 8888
        | 9000
        | 9001
        | 9080
        | 9090..=9093
        | 9200
        | 10_255
        | 15_672 => Opening::Client(Http),
        53 => Opening::Client(Dns),
        389 | 3268 => Opening::Client(Ldap),
        445 => Opening::Client(Smb),
        554 | 8554 => Opening::Client(Rtsp),
        3389 => Opening::Client(Rdp),
        5060 => Opening::Client(Sip),
        5432 | 5433 => Opening::Client(Postgres),
        6379 | 6380 => Opening::Client(Redis),
        11_211 => Opening::Client(Memcached),
        27_017..=27_019 => Opening::Client(Mongo),
        _ => Opening::Unknown,
    }
}

/// SSLRequest (PostgreSQL's protocol, 55.7).
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];
/// X.224 connection request with TLS and CredSSP on offer ([MS-RDPBCGR] 2.2.1.1), no cookie.
const RDP: &[u8] = &[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0];
/// A search of the root entry (RFC 4512, 5.1): what every directory shows of itself. All attributes, operational ones too.
const ROOT_ENTRY: &[u8] =
    b"\x30\x2b\x02\x01\x01\x63\x26\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\
\x87\x0bobjectClass\x30\x06\x04\x01*\x04\x01+";
/// `version.bind` TXT of class CHAOS, with the length that TCP wants before it.
const VERSION_BIND: &[u8] = b"\0\x1e\x57\x50\0\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03";

/// What those who are asked may know of who asks.
pub(super) struct Asker<'a> {
    pub target: SocketAddr,
    /// See [`super::user_agent`].
    pub agent: &'a str,
    /// A host name or address by which the asker calls itself.
    pub name: &'a str,
}

impl Asker<'_> {
    /// The bytes of a hello.
    pub fn hello(&self, hello: Hello) -> Vec<u8> {
        match hello {
            Hello::Http => self.get("/"),
            Hello::Redis => b"*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n".to_vec(),
            Hello::Memcached => b"version\r\n".to_vec(),
            Hello::Mongo => build_info(),
            Hello::Postgres => SSL_REQUEST.to_vec(),
            Hello::Rdp => RDP.to_vec(),
            Hello::Smb => smb_negotiate(),
            Hello::Ldap => ROOT_ENTRY.to_vec(),
            Hello::Dns => VERSION_BIND.to_vec(),
            Hello::Rtsp => {
                format!("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: {}\r\n\r\n", self.agent).into_bytes()
            }
            Hello::Sip => self.options(),
        }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Vec<u8> {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.target, self.agent
        )
        .into_bytes()
    }

    /// RFC 3261, 11: what a server can do, forwarded to nobody.
    fn options(&self) -> Vec<u8> {
        let Self { target, agent, name } = self;
        format!(
            "OPTIONS sip:{target} SIP/2.0\r\nVia: SIP/2.0/TCP {name};branch=z9hG4bKwatchpost\r\nMax-Forwards: 0\r\n\
             From: <sip:survey@{name}>;tag=watchpost\r\nTo: <sip:{target}>\r\nCall-ID: survey@{name}\r\nCSeq: 1 OPTIONS\r\n\
             User-Agent: {agent}\r\nContent-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }
}

/// `buildInfo` of the database `admin`, as OP_MSG: answered without a login.
fn build_info() -> Vec<u8> {
    let mut document = Vec::from(*b"\x10buildInfo\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0");
    let length = document.len() as u32 + 4;
    document.splice(0..0, length.to_le_bytes());
    let mut message = Vec::new();
    for number in [16 + 5 + length, 1, 0, 2013, 0] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(&document);
    message
}

/// SMB2 NEGOTIATE with the dialects 2.0.2 to 3.0.2 ([MS-SMB2] 2.2.3).
fn smb_negotiate() -> Vec<u8> {
    const DIALECTS: [u16; 4] = [0x0202, 0x0210, 0x0300, 0x0302];
    let mut message = Vec::from(*b"\xfeSMB");
    message.extend_from_slice(&64_u16.to_le_bytes());
    message.resize(14, 0);
    message.extend_from_slice(&1_u16.to_le_bytes()); // credits asked for
    message.resize(64, 0);
    for number in [36, DIALECTS.len() as u16, 1, 0] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message.resize(64 + 36, 0);
    for dialect in DIALECTS {
        message.extend_from_slice(&dialect.to_le_bytes());
    }
    let mut framed = (message.len() as u32).to_be_bytes().to_vec();
    framed.extend_from_slice(&message);
    framed
}

/// Telnet's options all refused (RFC 854): nothing is agreed on, and the login prompt comes.
pub(super) fn refuse_telnet(said: &[u8]) -> Vec<u8> {
    const MOST: usize = 16;
    let mut answer = Vec::new();
    let mut rest = said;
    while let Some(at) = rest.iter().position(|byte| *byte == 0xff) {
        let Some([verb, option]) = rest.get(at + 1..at + 3) else { break };
        match verb {
            // DO and DON'T: I won't. WILL and WON'T: don't.
            0xfd => answer.extend_from_slice(&[0xff, 0xfc, *option]),
            0xfb => answer.extend_from_slice(&[0xff, 0xfe, *option]),
            _ => {}
        }
        if answer.len() >= 3 * MOST {
            break;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchpost_core::utterance::Protocol;
    use watchpost_formats::conversation::said;

    #[test]
    fn hellos_are_of_their_protocols() {
        let asker = Asker {
            target: ([127, 0, 0, 1], 80).into(),
            agent: "watchpost/0 (+https://x.example)",
            name: "x",
        };
        // What the detector would hear of each: an answer `x` is read by what was asked, and lengths within must fit.
        let smb = asker.hello(Hello::Smb);
        assert_eq!((smb.len(), usize::from(smb[3])), (4 + 64 + 36 + 8, 64 + 36 + 8));
        assert_eq!(asker.hello(Hello::Rdp).len(), 19);
        let mongo = asker.hello(Hello::Mongo);
        assert_eq!(u32::from_le_bytes(mongo[..4].try_into().unwrap()) as usize, mongo.len());
        assert_eq!(u32::from_le_bytes(mongo[21..25].try_into().unwrap()) as usize, mongo.len() - 21);
        let ldap = asker.hello(Hello::Ldap);
        assert_eq!(usize::from(ldap[1]), ldap.len() - 2);
        let dns = asker.hello(Hello::Dns);
        assert_eq!(usize::from(dns[1]), dns.len() - 2);
        let postgres = asker.hello(Hello::Postgres);
        assert_eq!(said::server(1, &postgres, b"N", true).unwrap().protocol, Protocol::Postgres);
        assert_eq!(
            said::server(1, &asker.hello(Hello::Redis), b"+OK\r\n", true).unwrap().protocol,
            Protocol::Redis
        );
    }

    #[test]
    fn telnet_is_refused_politely() {
        assert_eq!(refuse_telnet(b"\xff\xfd\x01\xff\xfb\x03hi\xff"), b"\xff\xfc\x01\xff\xfe\x03");
        assert!(refuse_telnet(&[0xff, 0xfd, 1].repeat(1_000)).len() <= 48);
    }
}
