//! What is said on connections: putting together, protocols, real servers.

use crate::make::*;
use crate::talk::*;
use proptest::prelude::*;
use std::fs::File;
use std::path::Path;
use watchpost_core::record::FactKind::{self, *};
use watchpost_core::utterance::{FACT_BYTES, FACTS, Utterance};
use watchpost_formats::capture::Capture;
use watchpost_formats::conversation::is_unfit;

const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";

fn ssh() -> (String, Vec<(FactKind, String)>) {
    let facts = [
        (Banner, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"),
        (Protocol, "SSH-2.0"),
        (Software, "OpenSSH_9.2p1 Debian-2+deb12u3"),
    ];
    ("ssh".into(), facts.map(|(what, text)| (what, text.to_owned())).to_vec())
}

#[track_caller]
fn server_says(port: u16, request: &[u8], answer: &[u8], protocol: &str, facts: &[(FactKind, &str)]) {
    let mut talk = Talk::with(port);
    if !request.is_empty() {
        talk.say(Client, request);
    }
    let told = talk.say(Server, answer).segment(Server, FIN | ACK, 0, &[]).told(Server);
    let facts = facts.iter().map(|(what, text)| (*what, (*text).to_owned())).collect();
    assert_eq!(told, (protocol.to_owned(), facts));
}

#[track_caller]
fn client_says(port: u16, request: &[u8], protocol: &str, facts: &[(FactKind, &str)]) {
    let told = Talk::with(port).say(Client, request).segment(Client, FIN | ACK, 0, &[]).told(Client);
    let facts = facts.iter().map(|(what, text)| (*what, (*text).to_owned())).collect();
    assert_eq!(told, (protocol.to_owned(), facts));
}

#[test]
fn a_banner_is_told_with_its_ends_and_its_time() {
    let heard = Talk::with(22).say(Server, BANNER).heard();
    let [utterance] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((utterance.speaker, utterance.speaker_port), (b(), 22));
    assert_eq!((utterance.listener, utterance.listener_port, utterance.sensor), (a(), 40_000, 7));
    assert_eq!(utterance.time, TIME / 1_000 * 1_000 + 3_000_000);
    assert_eq!(facts(utterance), ssh());
}

#[test]
fn segments_are_put_in_order_and_those_sent_twice_are_dropped() {
    let (one, two, three) = (&BANNER[..7], &BANNER[7..20], &BANNER[20..]);
    let mut early = Talk::with(22);
    early.say(Server, one).segment(Server, ACK, 13, three).segment(Server, ACK, 0, two);
    assert_eq!(early.told(Server), ssh());
    let mut twice = Talk::with(22);
    twice.say(Server, one).segment(Server, ACK, -7, one).segment(Server, ACK, -3, &BANNER[4..20]);
    twice.segment(Server, ACK, 13, three);
    assert_eq!(twice.told(Server), ssh());
    let mut bytewise = Talk::with(22);
    for byte in &BANNER[..24] {
        bytewise.say(Server, &[*byte]);
    }
    assert_eq!(bytewise.say(Server, &BANNER[24..]).told(Server), ssh());
}

#[test]
fn a_gap_ends_a_side_with_what_there_is() {
    let mut talk = Talk::with(22);
    talk.say(Server, b"SSH-2.0-Open").segment(Server, ACK, 9_000, b"more\r\n");
    let banner = (Banner, "SSH-2.0-Open".to_owned());
    assert_eq!(talk.told(Server).1[0], banner);
    // So do a reset, an end, the end of the input, and a new connection between the same ends.
    for flags in [RST, FIN | ACK] {
        let mut talk = Talk::with(22);
        assert_eq!(
            talk.say(Server, b"SSH-2.0-Open").segment(Server, flags, 0, &[]).told(Server).1[0],
            banner
        );
    }
    assert_eq!(Talk::with(22).say(Server, b"SSH-2.0-Open").told(Server).1[0], banner);
    let mut again = Talk::with(22);
    again.say(Server, b"SSH-2.0-Open").connect(40_000, 22);
    assert_eq!(again.told(Server).1[0], banner);
}

#[test]
fn nothing_is_heard_before_a_handshake_or_after_a_reset() {
    let mut talk = Talk::with(22);
    talk.segment(Client, RST, 0, &[]).say(Server, BANNER);
    assert_eq!(talk.heard(), []);
    let mut file = Layout::ALL[0].start();
    file.extend(Layout::ALL[0].packet(TIME, &ethernet(0x0800, &v4(6, &tcp(ACK, &[], BANNER)))));
    let (_, mut capture) = read(&file);
    let mut heard = Vec::new();
    capture.heard(&mut heard);
    assert_eq!(heard, []);
}

#[test]
fn a_sentence_is_kept_while_others_speak_and_memory_stays_bounded() {
    // Each with half a sentence of the server: three times as many as are kept.
    let mut talk = Talk::with(22);
    for number in 0..3_000_u16 {
        talk.connect(1_000 + number, 22).say(Server, format!("{number}{:1400}", 'x').as_bytes());
    }
    talk.connect(50_000, 22).say(Server, &BANNER[..9]);
    talk.connect(50_001, 22).say(Server, BANNER);
    let heard = talk.heard();
    // Those pushed out told what was there; nobody is told twice.
    assert_eq!(heard.len(), 3_002);
    let mut ports: Vec<u16> = heard.iter().map(|u| u.listener_port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 3_002);
}

#[test]
fn the_same_words_between_the_same_hosts_are_told_once() {
    let mut talk = Talk::with(22);
    talk.say(Server, BANNER)
        .connect(40_001, 22)
        .say(Server, BANNER)
        .connect(40_002, 22)
        .say(Server, b"SSH-2.0-x\r\n");
    talk.connect(40_003, 2_222).say(Server, BANNER);
    let ports: Vec<u16> = talk.heard().iter().map(|u| u.listener_port).collect();
    assert_eq!(ports, [40_000, 40_002, 40_003]);
}

#[test]
fn greetings() {
    server_says(
        25,
        b"",
        b"220 mail.example.test ESMTP Postfix\r\n",
        "smtp",
        &[
            (Banner, "220 mail.example.test ESMTP Postfix"),
            (Software, "Postfix"),
            (HostName, "mail.example.test"),
        ],
    );
    server_says(
        25,
        b"",
        b"220-mx.example.test ESMTP Exim 4.96 #2 Mon\r\n220 no spam\r\n",
        "smtp",
        &[
            (Banner, "220-mx.example.test ESMTP Exim 4.96 #2 Mon"),
            (Software, "Exim 4.96"),
            (HostName, "mx.example.test"),
        ],
    );
    let ftp = [(Banner, "220 ProFTPD 1.3.5e Server (x) [::ffff:192.0.2.9]"), (Software, "ProFTPD 1.3.5e")];
    server_says(2_100, b"", b"220 ProFTPD 1.3.5e Server (x) [::ffff:192.0.2.9]\r\n", "ftp", &ftp);
    server_says(
        110,
        b"",
        b"+OK Dovecot ready.\r\n",
        "pop3",
        &[(Banner, "+OK Dovecot ready."), (Software, "Dovecot")],
    );
    server_says(143, b"", b"* OK IMAP4rev1 here\r\n", "imap", &[(Banner, "* OK IMAP4rev1 here")]);
    server_says(5_900, b"", b"RFB 003.008\n", "vnc", &[(Protocol, "RFB 003.008"), (Banner, "RFB 003.008")]);
    let prompt = b"\xff\xfd\x18\xff\xfb\x01\xff\xfa\x18\x01\xff\xf0\r\nDebian 12\r\nplant7 login: ";
    let facts = [(Banner, "Debian 12"), (Login, "asks for a login"), (HostName, "plant7")];
    server_says(23, b"", prompt, "telnet", &facts);
    server_says(7_777, b"", b"hello \x1b[31mthere\r\n", "", &[(Banner, "hello \u{fffd}[31mthere")]);
    server_says(7_777, b"", b"\x01\x02\x00\x00\x07\x08", "", &[(Banner, "binary, 6 bytes")]);
}

#[test]
fn web_servers() {
    let head = b"HTTP/1.1 401 No\r\nServer: nginx/1.22.1\r\nSet-Cookie: a=secretsecret\r\nWWW-Authenticate: Digest qop=\"auth\", realm=\"The plant\", nonce=\"0123\"\r\nContent-Length: 0\r\n\r\n";
    server_says(
        80,
        b"",
        head,
        "http",
        &[
            (Title, "HTTP/1.1 401 No"),
            (Protocol, "HTTP/1.1"),
            (Software, "nginx/1.22.1"),
            (Login, "asks for a login: Digest realm=\"The plant\""),
        ],
    );
    let page = [
        &b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"[..],
        &[b' '; 3_000],
        b"<TITLE lang=en> Router\nlogin </TITLE>",
    ]
    .concat();
    let facts = [(Title, "HTTP/1.0 200 OK"), (Protocol, "HTTP/1.0"), (Title, "Router\u{fffd}login")];
    server_says(80, b"", &page, "http", &facts);
    // The page is told as soon as its title is there, over several segments.
    let mut talk = Talk::with(80);
    page.chunks(500).for_each(|piece| {
        talk.say(Server, piece);
    });
    assert_eq!(talk.told(Server).1[2], (Title, "Router\u{fffd}login".into()));
    // A body that never comes does not keep a server from being told in the end.
    let mut talk = Talk::with(80);
    talk.say(Server, b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\nContent-Type: text/html\r\n\r\n");
    (0..40).for_each(|_| {
        talk.say(Server, &[b'z'; 1_000]);
    });
    assert_eq!(talk.told(Server).1.len(), 2);
}

#[test]
fn control_planes_that_answer_a_stranger() {
    let json = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    for (body, software) in [
        (r#"{"Platform":{"Name":""},"Version":"20.10.24","ApiVersion":"1.41"}"#, "Docker 20.10.24"),
        (
            "{\n  \"major\": \"1\",\n  \"gitVersion\": \"v1.29.1\",\n  \"gitTreeState\": \"clean\"}",
            "Kubernetes v1.29.1",
        ),
        (r#"{"etcdserver":"3.5.1","etcdcluster":"3.5.0"}"#, "etcd 3.5.1"),
        (r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#, "Kubernetes PodList"),
    ] {
        let mut talk = Talk::with(2_375);
        let text = json(body);
        // Cut in the middle of the body.
        let (one, two) = text.as_bytes().split_at(text.len() - 20);
        let (protocol, facts) = talk.say(Server, one).say(Server, two).told(Server);
        assert_eq!(protocol, "http");
        let (software, login) =
            ((Software, software.to_owned()), (Login, "answers without a login".to_owned()));
        assert!(facts.contains(&software) && facts.contains(&login), "{facts:?}");
    }
    // An ordinary API is no control plane.
    let (_, facts) = Talk::with(80).say(Server, json(r#"{"version":"3"}"#).as_bytes()).told(Server);
    assert!(facts.iter().all(|(what, _)| *what != Login), "{facts:?}");
}

#[test]
fn databases() {
    let mysql =
        b"\x2b\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0ij";
    let facts = [(Software, "MySQL 8.0.36"), (Protocol, "MySQL 10"), (Login, "asks for a login")];
    server_says(3_306, b"", mysql, "mysql", &facts);
    server_says(
        3_306,
        b"",
        b"\x22\0\0\0\xff\x6a\x04Host '192.0.2.1' is not allowed",
        "mysql",
        &[(Banner, "Host '192.0.2.1' is not allowed")],
    );
    let start = b"\0\0\0\x26\0\x03\0\0user\0postgres\0database\0plant\0\0";
    client_says(5_432, start, "postgresql", &[(Request, "startup user=postgres database=plant")]);
    server_says(5_432, start, b"R\0\0\0\x08\0\0\0\0", "postgresql", &[(Login, "answers without a login")]);
    server_says(
        5_432,
        start,
        b"R\0\0\0\x17\0\0\0\x0aSCRAM",
        "postgresql",
        &[(Login, "asks for a login: SASL")],
    );
    let free = [(Banner, "+PONG"), (Login, "answers without a login")];
    server_says(6_379, b"PING\r\n", b"+PONG\r\n", "redis", &free);
    server_says(
        6_379,
        b"*1\r\n$4\r\nINFO\r\n",
        b"$77\r\n# Server\r\nredis_version:7.0.15\r\n",
        "redis",
        &[(Software, "Redis 7.0.15"), (Login, "answers without a login")],
    );
    let command = b"*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$3\r\ndir\r\n";
    client_says(6_379, command, "redis", &[(Request, "CONFIG GET dir")]);
    let memcached = [(Software, "memcached 1.6.18"), (Login, "answers without a login")];
    server_says(11_211, b"version\r\n", b"VERSION 1.6.18\r\n", "memcached", &memcached);
}

#[test]
fn windows_hosts() {
    let confirm = b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x1f\x08\0\x02\0\0\0";
    let facts = [(Protocol, "RDP over TLS"), (Login, "asks for a login: CredSSP")];
    server_says(3_389, b"", confirm, "rdp", &facts);
    let request = b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=nmap\r\n\x01\0\x08\0\x03\0\0\0";
    client_says(3_389, request, "rdp", &[(Request, "RDP connect mstshash=nmap")]);
    let mut negotiate = vec![0, 0, 0, 72, 0xfe, b'S', b'M', b'B'];
    negotiate.resize(76, 0);
    negotiate[72..74].copy_from_slice(&[2, 3]);
    let name: Vec<u8> = "PLANT7".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut challenge = b"NTLMSSP\0\x02\0\0\0".to_vec();
    challenge.resize(56, 0);
    challenge[40] = 4 + name.len() as u8;
    challenge[44] = 56;
    challenge.extend([&[1, 0, name.len() as u8, 0][..], &name].concat());
    let setup = [&[0, 0, 0, challenge.len() as u8][..], &challenge].concat();
    let mut talk = Talk::with(445);
    let told = talk.say(Server, &negotiate).say(Server, &setup).told(Server);
    let facts = vec![(Protocol, "SMB 3.0.2".to_owned()), (HostName, "PLANT7".to_owned())];
    assert_eq!(told, ("smb".into(), facts));
}

#[test]
fn clients() {
    client_says(
        80,
        b"GET /.env?x=1 HTTP/1.1\r\nHost: www.example.test\r\nUser-Agent: zgrab/0.x\r\nAuthorization: Basic cm9vdDpodW50ZXIy\r\n\r\n",
        "http",
        &[(Request, "GET /.env?x=1"), (Protocol, "HTTP/1.1"), (AskedName, "www.example.test"), (UserAgent, "zgrab/0.x")],
    );
    client_says(
        80,
        b"CONNECT mail.example.test:25 HTTP/1.0\r\n\r\n",
        "http",
        &[(Request, "CONNECT mail.example.test:25"), (Protocol, "HTTP/1.0")],
    );
    client_says(25, b"EHLO probe\r\n", "smtp", &[(Request, "EHLO probe")]);
    client_says(
        22,
        b"SSH-2.0-libssh2_1.10.0\r\n",
        "ssh",
        &[(Banner, "SSH-2.0-libssh2_1.10.0"), (Protocol, "SSH-2.0"), (UserAgent, "libssh2_1.10.0")],
    );
    client_says(9, b"\r\n\r\n", "", &[(Request, "\\r\\n\\r\\n")]);
    client_says(9, b"\0\0\x10\x01\xff\xfe", "", &[(Request, "\\x00\\x00\\x10\\x01\\xff\\xfe")]);
}

#[test]
fn further_requests_on_a_connection_are_told_up_to_eight() {
    let mut talk = Talk::with(80);
    for number in 0..20 {
        talk.say(Client, format!("GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        talk.say(Server, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    }
    let heard = talk.heard();
    let asked: Vec<_> =
        heard.iter().filter(|u| u.speaker == a()).map(|u| u.facts.iter().next().unwrap().text).collect();
    assert_eq!(asked, (0..9).map(|number| format!("GET /{number}")).collect::<Vec<_>>());
    assert_eq!(heard.len(), 10, "the server is told once");
    // What is posted is no request.
    let mut talk = Talk::with(80);
    talk.say(Client, b"POST /a HTTP/1.1\r\nHost: h\r\n\r\n").say(Client, b"password=hunter2&x=y");
    assert_eq!(talk.heard().len(), 1);
}

#[test]
fn what_answers_a_challenge_is_no_request() {
    let mut talk = Talk::with(25);
    talk.say(Server, b"220 mail ESMTP\r\n").say(Client, b"EHLO x\r\n").say(Server, b"250 AUTH LOGIN\r\n");
    talk.say(Client, b"AUTH LOGIN\r\n").say(Server, b"334 VXNlcm5hbWU6\r\n");
    talk.say(Client, b"Ym9i\r\n").say(Server, b"334 UGFzc3dvcmQ6\r\n").say(Client, b"aHVudGVyMg==\r\n");
    talk.say(Server, b"235 yes\r\n").say(Client, b"VRFY root\r\n");
    let asked: Vec<String> =
        talk.heard().iter().flat_map(|u| facts(u).1).filter(|f| f.0 == Request).map(|f| f.1).collect();
    assert_eq!(asked, ["EHLO x", "AUTH ***", "VRFY root"]);
}

#[test]
fn datagrams_that_tell_are_told_once() {
    let mut question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03".to_vec();
    let mut talk = Talk::with(22);
    let datagram = |source: [u8; 4], target, ports: (u16, u16), data: &[u8]| {
        v4_between(source, target, 17, &udp(ports.0, ports.1, data))
    };
    talk.packet(&datagram(A, B, (4_000, 53), &question));
    talk.packet(&datagram(A, B, (4_000, 53), &question));
    question[7] = 1;
    question.extend(b"\xc0\x0c\0\x10\0\x03\0\0\0\0\0\x08\x079.18.24");
    talk.packet(&datagram(B, A, (53, 4_000), &question));
    let snmp = b"\x30\x29\x02\x01\x01\x04\x09hunter2xx\xa0\x19\x02\x04\x01\x02\x03\x04\x02\x01\0\x02\x01\0\x30\x0b\x30\x09\x06\x05\x2b\x06\x01\x02\x01\x05\0";
    talk.packet(&datagram(A, B, (4_000, 161), snmp));
    talk.packet(&datagram(A, B, (4_000, 123), b"\x17\0\x03\x2a\0\0\0\0"));
    // Ordinary questions tell nothing.
    talk.packet(&datagram(A, B, (4_001, 53), b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\0\0\x01\0\x01"));
    talk.packet(&datagram(A, B, (4_000, 123), &[0x23; 48]));
    let heard = talk.heard();
    let told: Vec<_> =
        heard.iter().map(facts).map(|(name, facts)| (name, facts.last().unwrap().clone())).collect();
    let expected = [
        ("dns", Request, "CHAOS TXT version.bind"),
        ("dns", Software, "9.18.24"),
        ("snmp", Request, "SNMPv2c get community=***"),
        ("ntp", Request, "NTP monlist"),
    ];
    assert_eq!(told, expected.map(|(name, what, text)| (name.to_owned(), (what, text.to_owned()))));
    assert!(!format!("{heard:?}").contains("hunter2"));
}

fn of_file(path: &Path) -> Vec<Utterance> {
    let mut capture = Capture::open(File::open(path).unwrap(), 0).unwrap();
    let (mut contacts, mut heard) = (Vec::new(), Vec::new());
    while capture.fill(&mut contacts, 10_000) {}
    capture.heard(&mut heard);
    heard
}

/// nginx, OpenSSH, vsftpd, Redis with and without a password, and OpenSSL with TLS 1.2 and 1.3, asked by curl, openssl and ncat.
#[test]
fn real_servers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/data/servers.pcap.zst");
    let heard = of_file(Path::new(path));
    let said = |port: u16| -> Vec<(FactKind, String)> {
        heard.iter().filter(|u| u.speaker_port == port).flat_map(|u| facts(u).1).collect()
    };
    let tells = |port, what, text: &str| {
        assert!(said(port).contains(&(what, text.to_owned())), "{port}: {:?}", said(port));
    };
    tells(4_443, Protocol, "TLS 1.2");
    tells(4_443, CertificateName, "www.example.test");
    tells(4_443, CertificateName, "api.example.test");
    tells(4_443, CertificateName, "198.51.100.2");
    tells(4_443, CertificateIssuer, "www.example.test, Example Org");
    assert_eq!(said(4_444), [(Protocol, "TLS 1.3".to_owned())]);
    tells(80, Software, "nginx/1.22.1");
    tells(80, Title, "Plant control");
    tells(80, Login, "asks for a login: Basic realm=\"Plant\"");
    tells(6_379, Software, "Redis 7.0.15");
    tells(6_379, Login, "answers without a login");
    tells(6_380, Login, "asks for a login");
    tells(22, Software, "OpenSSH_9.2p1 Debian-2+deb12u10");
    tells(21, Software, "vsFTPd 3.0.3");
    let all: Vec<_> = heard.iter().flat_map(|u| facts(u).1).collect();
    for asked in ["GET /.aws/credentials?token=***", "GET /admin", "AUTH ***", "USER ***", "INFO", "PING"] {
        assert!(all.contains(&(Request, asked.to_owned())), "{asked}: {all:?}");
    }
    assert!(all.contains(&(AskedName, "asked.example.test".into())));
    let text = format!("{all:?}");
    for secret in ["hunter2", "tooSecretToTell1", "cm9vdDpodW50ZXIy"] {
        assert!(!text.contains(secret), "{secret} leaks: {text}");
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn a_version_scan_is_heard_on_both_sides() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/captures/lab/nmap-sV-8hosts.pcap");
    if !Path::new(path).exists() {
        eprintln!("skipped: {path} is not there");
        return;
    }
    let heard = of_file(Path::new(path));
    let protocols =
        |name: &str| heard.iter().filter(|u| u.protocol.name() == name && u.listener_port > 32_767).count();
    for name in ["ssh", "smtp", "mysql", "http"] {
        assert!(protocols(name) > 0, "{name}: {heard:?}");
    }
}

fn any_flags() -> impl Strategy<Value = u8> {
    prop_oneof![8 => Just(ACK), 1 => Just(FIN | ACK), 1 => Just(RST), 1 => Just(SYN | ACK), 1 => any::<u8>()]
}

/// Beginnings by which protocols are recognised, so that what follows reaches their readers.
const STARTS: &[&[u8]] = &[
    b"",
    b"SSH-2.0-",
    b"HTTP/1.1 200 OK\r\n",
    b"GET / HTTP/1.1\r\n",
    b"220 ",
    b"\x16\x03\x03\x00\x40\x02\0\0\x30\x03\x03",
    b"\x16\x03\x03\x02\x00\x0b\0\x01\xf0\0\x01\xe0\0\x01\xd0\x30\x82\x01\xc0\x30\x82\x01\xb0",
    b"\x16\x03\x01\0\x80\x01\0\0\x70\x03\x03",
    b"\xff\xfb\x01",
    b"\0\0\0\x40\xfeSMB",
    b"\x03\0\0\x13\x0e\xd0",
    b"\x4a\0\0\0\x0a5.5",
    b"*2\r\n$4\r\n",
    b"$9\r\n",
    b"\x30\x0c\x02\x01\x01\x61",
    b"NTLMSSP\0\x02\0\0\0",
    b"\0\0\0\x40\0\x03\0\0",
    b"\x50\0\0\0\0\0\0\0\0\0\0\0\xdd\x07\0\0",
    b"password=",
    b"STAT version ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_said_facts_are_short_and_clean(
        segments in proptest::collection::vec(
            (any::<bool>(), any_flags(), -40_i32..40, 0..STARTS.len(), proptest::collection::vec(any::<u8>(), 0..300)), 1..20),
        port in prop_oneof![Just(21_u16), Just(80), Just(443), Just(6379), any::<u16>()],
    ) {
        let mut talk = Talk::with(port);
        for (server, flags, ahead, start, data) in segments {
            let end = if server { Server } else { Client };
            let data = [STARTS[start], &data].concat();
            if flags == ACK && ahead > 0 {
                talk.say(end, &data);
            } else {
                talk.segment(end, flags, ahead, &data);
            }
        }
        for utterance in talk.heard() {
            prop_assert!(utterance.facts.iter().count() <= FACTS);
            for fact in utterance.facts.iter() {
                prop_assert!(!fact.text.is_empty() && fact.text.len() <= FACT_BYTES);
                prop_assert!(!fact.text.contains(is_unfit), "{:?}", fact.text);
            }
        }
    }
}
