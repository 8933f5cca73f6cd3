//! Proof of control on loopback: with a real resolver where one is installed, and with small servers.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "says what is skipped, and what was measured")]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use watchpost_survey::control::{self, How, Proof, Ways};
use watchpost_survey::govern::Governor;
use watchpost_survey::scope::Scope;
use watchpost_survey::talk::{Caller, Patience};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn scope(blocks: &str) -> Scope {
    Scope::parse(&format!(
        "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
         blocks = [{blocks}]\nlab = true\ntcp = \"1024-65535\"\n[rate]\nall = 1000000\nnetwork = 1000000\nhost = 1000000\n"
    ))
    .unwrap()
}

fn prove(scope: &Scope, ways: &Ways) -> Vec<Proof> {
    let governor = Governor::new(scope.clone(), None);
    let patience = Patience {
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        greeting: Duration::from_secs(5),
    };
    control::prove(&Caller::new(&governor, None, patience).unwrap(), ways).unwrap()
}

#[test]
fn the_token_is_of_the_scope_and_of_nothing_else() {
    let token = control::token(&scope("\"192.0.2.0/24\""));
    assert_eq!(token, control::token(&scope("\"192.0.2.0/24\" # the same\n")));
    assert_ne!(token, control::token(&scope("\"198.51.100.0/24\"")));
    let digits = token.strip_prefix("watchpost-control=").unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
}

/// A real resolver, ended when dropped.
struct Unbound(Child, #[allow(dead_code, reason = "removed when dropped")] tempfile::TempDir);

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn unbound(records: &[(&str, &str)]) -> Option<(Unbound, SocketAddr)> {
    const PROGRAM: &str = "/usr/sbin/unbound";
    if !std::path::Path::new(PROGRAM).exists() {
        eprintln!("skipped: unbound is not installed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let address = UdpSocket::bind((HOST, 0)).unwrap().local_addr().unwrap();
    let here = folder.path().display();
    let mut config = format!(
        "server:\n interface: 127.0.0.1@{}\n port: {0}\n directory: \"{here}\"\n pidfile: \"\"\n chroot: \"\"\n username: \"\"\n \
         use-syslog: no\n logfile: \"{here}/log\"\n do-ip6: no\n module-config: \"iterator\"\n \
         do-not-query-address: 0.0.0.0/0\nremote-control:\n control-enable: no\nserver:\n \
         local-zone: \"192.in-addr.arpa.\" static\n local-zone: \"ip6.arpa.\" static\n",
        address.port()
    );
    for (name, text) in records {
        config.push_str(&format!(" local-data: '{name}. 60 IN TXT \"{text}\"'\n"));
    }
    let file = folder.path().join("config");
    std::fs::write(&file, config).unwrap();
    let child = Command::new(PROGRAM)
        .args(["-d", "-c"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let unbound = Unbound(child, folder);
    let until = Instant::now() + Duration::from_secs(20);
    // It listens by TCP, too.
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "unbound does not listen on {address}");
        thread::sleep(Duration::from_millis(50));
    }
    Some((unbound, address))
}

#[test]
fn records_of_a_real_resolver_prove_blocks_that_have_them() {
    let scope = scope(
        "\"192.168.2.0/24\", \"192.168.4.0/23\", \"192.168.8.0/23\", \"192.168.16.0/24\", \"2001:db8::/32\", \"192.168.32.0/24\"",
    );
    let token = control::token(&scope);
    let records = [
        ("_watchpost.2.168.192.in-addr.arpa", token.as_str()),
        ("_watchpost.4.168.192.in-addr.arpa", &token),
        ("_watchpost.5.168.192.in-addr.arpa", &token),
        ("_watchpost.8.168.192.in-addr.arpa", &token),
        ("_watchpost.16.168.192.in-addr.arpa", "watchpost-control=00000000000000000000000000000000"),
        ("_watchpost.8.b.d.0.1.0.0.2.ip6.arpa", &token),
    ];
    let Some((_unbound, resolver)) = unbound(&records) else { return };
    let proofs = prove(&scope, &Ways { resolver: Some(resolver), ..Ways::default() });
    let shown: Vec<String> = proofs.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "192.168.2.0/24: proven by TXT _watchpost.2.168.192.in-addr.arpa",
            "192.168.4.0/23: proven by TXT _watchpost.4.168.192.in-addr.arpa and 1 more",
            // One of its two parts has none.
            "192.168.8.0/23: not proven: _watchpost.168.192.in-addr.arpa: no such name; _watchpost.9.168.192.in-addr.arpa: no such name",
            "192.168.16.0/24: not proven: _watchpost.16.168.192.in-addr.arpa: a TXT record with another text",
            "2001:db8::/32: proven by TXT _watchpost.8.b.d.0.1.0.0.2.ip6.arpa",
            "192.168.32.0/24: not proven: _watchpost.32.168.192.in-addr.arpa: no such name",
        ]
    );
}

#[test]
fn a_resolver_that_is_not_there_proves_nothing() {
    let scope = scope("\"192.0.2.0/24\"");
    let resolver = UdpSocket::bind((HOST, 0)).unwrap();
    let patience = Some(Duration::from_millis(100));
    let ways = Ways { resolver: Some(resolver.local_addr().unwrap()), patience, ..Ways::default() };
    let proofs = prove(&scope, &ways);
    assert_eq!(
        proofs[0].to_string(),
        "192.0.2.0/24: not proven: _watchpost.2.0.192.in-addr.arpa: the resolver does not answer"
    );
    // It was asked three times, and no more.
    resolver.set_nonblocking(true).unwrap();
    let asked = std::iter::from_fn(|| resolver.recv(&mut [0; 512]).ok()).count();
    assert_eq!(asked, 3);
}

#[test]
fn answers_by_others_and_to_other_questions_do_not_count() {
    let scope = scope("\"192.0.2.0/24\"");
    let token = control::token(&scope);
    let resolver = UdpSocket::bind((HOST, 0)).unwrap();
    let address = resolver.local_addr().unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = resolver.recv_from(&mut bytes) {
            let mut answer = bytes[..length].to_vec();
            answer[2] |= 0x80; // a response
            answer[7] = 1; // with one answer: the question's name, TXT, IN
            answer.extend_from_slice(&[
                0xc0,
                12,
                0,
                16,
                0,
                1,
                0,
                0,
                0,
                60,
                0,
                token.len() as u8 + 1,
                token.len() as u8,
            ]);
            answer.extend_from_slice(token.as_bytes());
            // By somebody else, and with another number.
            let _ = UdpSocket::bind((HOST, 0)).unwrap().send_to(&answer, from);
            answer[0] ^= 1;
            let _ = resolver.send_to(&answer, from);
        }
    });
    let patience = Some(Duration::from_millis(100));
    let proofs = prove(&scope, &Ways { resolver: Some(address), patience, ..Ways::default() });
    assert_eq!(proofs[0].how, None);
}

fn web(answer: String) -> SocketAddr {
    let listener = TcpListener::bind((HOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let mut asked = [0; 1_024];
            let length = line.read(&mut asked).unwrap_or(0);
            if asked[..length].starts_with(b"GET /.well-known/watchpost-control HTTP/1.1\r\n") {
                let _ = line.write_all(answer.as_bytes());
            }
        }
    });
    address
}

#[test]
fn a_host_of_the_block_proves_it_by_what_it_serves() {
    let scope = scope("\"127.0.0.0/24\", \"192.0.2.0/24\"");
    let token = control::token(&scope);
    let right = web(format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{token}\n"));
    let proofs = prove(&scope, &Ways { hosts: vec![right], ..Ways::default() });
    let url = format!("http://{right}/.well-known/watchpost-control");
    assert_eq!(proofs[0].how, Some(How::Served(url)));
    // It lies in one block only.
    assert_eq!(
        proofs[1].to_string(),
        "192.0.2.0/24: not proven: neither a resolver nor a host was there to ask"
    );
    for wrong in [
        format!("HTTP/1.1 404 Not Found\r\n\r\n{token}\n"),
        "HTTP/1.1 200 OK\r\n\r\nwatchpost-control=00000000000000000000000000000000\n".into(),
        format!("HTTP/1.1 200 OK\r\nX: {token}\r\n\r\n"),
        format!("HTTP/1.1 302 Found\r\nLocation: http://{right}/.well-known/watchpost-control\r\n\r\n"),
        token.clone(),
    ] {
        let proofs = prove(&scope, &Ways { hosts: vec![web(wrong.clone())], ..Ways::default() });
        assert_eq!(proofs[0].how, None, "{wrong}");
        assert_eq!(proofs[0].missed.len(), 1);
    }
}

#[test]
fn what_the_scope_does_not_allow_is_not_asked() {
    let scope = scope("\"127.0.0.0/24\"");
    let proofs = prove(&scope, &Ways { hosts: vec![SocketAddr::new(HOST, 80)], ..Ways::default() });
    assert!(proofs[0].to_string().ends_with("a port that the scope does not allow"), "{}", proofs[0]);
}
