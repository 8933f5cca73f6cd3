use std::io::Write;
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
    Patience {
        connect: Duration::from_secs(5),
        answer: Duration::from_millis(500),
        greeting: Duration::from_millis(500),
    }
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

/// A server that says `first`, and then a byte every 20 ms until it is left.
fn dripping(first: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(first).unwrap();
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    port
}

/// How long a conversation goes on after a stop, and what it says then.
fn stopped_amid(port: u16, talk: impl Fn(&Visit<'_>) -> Failed + Sync) -> Duration {
    let governor = governor(port);
    let patient = Patience {
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        greeting: Duration::from_secs(5),
    };
    let caller = Caller::new(&governor, None, patient).unwrap();
    thread::scope(|threads| {
        let talking = threads.spawn(|| (talk(&caller.visit(target(&governor, port))), Instant::now()));
        thread::sleep(Duration::from_millis(300));
        assert!(!talking.is_finished(), "it ended by itself");
        governor.stop();
        let stop = Instant::now();
        let (failed, end) = talking.join().unwrap();
        assert!(matches!(failed, Failed::Stopped(_)), "{failed}");
        end.duration_since(stop)
    })
}

#[test]
fn a_stop_ends_what_is_under_way() {
    let soon = Duration::from_millis(250);
    // Words come, and go on coming; or none do.
    let hear = |visit: &Visit<'_>| visit.connect().unwrap().hear(|_| false).unwrap_err();
    assert!(stopped_amid(dripping(b"220 "), hear) < soon);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(stopped_amid(silent.local_addr().unwrap().port(), hear) < soon);
    // A handshake whose record does not end.
    let shake = |visit: &Visit<'_>| visit.connect_tls(None).unwrap_err();
    assert!(stopped_amid(dripping(&[0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]), shake) < soon);
    let mute = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ask = |visit: &Visit<'_>| visit.datagram(b"?").unwrap_err();
    assert!(stopped_amid(mute.local_addr().unwrap().port(), ask) < soon);
}

#[test]
fn a_stop_ends_what_is_being_opened() {
    // The one place in its queue is taken: the kernel drops further SYNs.
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let _first = std::net::TcpStream::connect(address).unwrap();
    let open = |visit: &Visit<'_>| visit.connect().unwrap_err();
    assert!(stopped_amid(address.port(), open) < Duration::from_millis(250));
}

#[test]
fn no_more_is_taken_than_a_visit_reads() {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    // What the server's own kernel keeps for it is counted with what ours takes.
    listener.set_send_buffer_size(4_096).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(1).unwrap();
    let port = listener.local_addr().unwrap().as_socket().unwrap().port();
    let governor = governor(port);
    let caller = Caller::new(&governor, None, quick()).unwrap();
    let visit = caller.visit(target(&governor, port));
    let line = visit.connect().unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let (mut server, mut taken) = (server, 0);
    while let Ok(length) = server.write(&[b'x'; 500]) {
        taken += length;
    }
    assert!(taken < 24_000, "{taken} bytes left, and nobody read one");
    drop(line);
}

#[test]
fn an_endless_handshake_is_not_read_on() {
    // Records of a message that says that it is 60,000 bytes long.
    let mut record = vec![0x16, 3, 3, 0x10, 0];
    record.extend([2, 0, 0xea, 0x60]);
    record.resize(5 + 4_096, 0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut said = 0;
        while stream.write_all(&record).is_ok() {
            said += record.len();
            record[5..9].fill(0);
        }
        said
    });
    let governor = governor(port);
    let caller = Caller::new(&governor, None, quick()).unwrap();
    let failed = caller.visit(target(&governor, port)).connect_tls(None).unwrap_err();
    assert!(matches!(&failed, Failed::Tls(why) if why.contains("than is read")), "{failed}");
    // A handshake that fails has cost what it has cost.
    let sent: u64 = governor.sent().iter().map(|(_, packets)| packets).sum();
    assert!(sent > 16, "{sent}");
    let _ = server.join();
}

#[test]
fn a_line_is_not_read_byte_by_byte_for_ever() {
    let port = dripping(b"");
    let governor = governor(port);
    let patient = Patience {
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(10),
        greeting: Duration::from_secs(10),
    };
    let caller = Caller::new(&governor, None, patient).unwrap();
    let visit = caller.visit(target(&governor, port));
    let heard = visit.connect().unwrap().hear(|_| false).unwrap();
    assert!(heard.len() < 256, "{}", heard.len());
}
