use std::net::TcpListener;
use std::thread;

use watchpost_core::contact::Transport;

use super::*;
use crate::scope::Scope;

fn governor(tcp: u16) -> Governor {
    let text = format!(
        "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
         blocks = [\"127.0.0.1/32\"]\nlab = true\ntcp = \"{tcp}\"\nudp = \"{tcp}\"\n[rate]\nall = 1000000\nnetwork = 1000000\nhost = 1000000\n"
    );
    Governor::new(Scope::parse(&text).unwrap(), None)
}

fn target(governor: &Governor, port: u16) -> InScope<SocketAddr> {
    let host = governor.scope().admit([127, 0, 0, 1].into()).unwrap();
    governor.scope().service(host, Transport::Tcp, port).unwrap()
}

/// A server that says `words` to whoever comes, again and again, and drops what it hears.
fn server(words: &'static [u8], times: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for _ in 0..times {
            if stream.write_all(words).is_err() {
                return;
            }
        }
    });
    port
}

fn quick() -> Patience {
    Patience { connect: Duration::from_secs(5), answer: Duration::from_millis(500) }
}

#[test]
fn a_visit_reads_no_more_than_its_bound() {
    let port = server(&[b'x'; 1_000], 100);
    let governor = governor(port);
    let caller = Caller::new(&governor, None, quick()).unwrap();
    let visit = caller.visit(target(&governor, port));
    let heard = visit.connect().unwrap().hear(|_| false).unwrap();
    assert_eq!(heard.len(), BYTES);
}

#[test]
fn a_visit_asks_three_times_at_most_over_all_its_lines() {
    let port = server(b"", 0);
    let governor = governor(port);
    let caller = Caller::new(&governor, None, quick()).unwrap();
    let visit = caller.visit(target(&governor, port));
    let mut line = visit.connect().unwrap();
    for _ in 0..3 {
        let _ = line.say(b"?");
    }
    assert!(matches!(line.say(b"?"), Err(Failed::Spent)));
    assert!(matches!(visit.datagram(b"?"), Err(Failed::Spent)));
}

#[test]
fn what_does_not_speak_tls_is_told() {
    let port = server(b"220 ready\r\n", 1);
    let governor = governor(port);
    let caller = Caller::new(&governor, None, quick()).unwrap();
    let failed = caller.visit(target(&governor, port)).connect_tls(None).unwrap_err();
    assert!(matches!(failed, Failed::Tls(_)), "{failed}");
}

#[test]
fn after_a_stop_nobody_is_called() {
    let governor = governor(9);
    let caller = Caller::new(&governor, None, quick()).unwrap();
    governor.stop();
    let failed = caller.visit(target(&governor, 9)).connect().unwrap_err();
    assert!(matches!(failed, Failed::Stopped(_)));
    assert!(governor.sent().is_empty());
}
