//! Identification of services on loopback: small servers made here, and real daemons where they are installed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "says what is skipped, and what was measured")]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use watchpost_core::contact::Transport;
use watchpost_core::record::FactKind;
use watchpost_survey::govern::Governor;
use watchpost_survey::identify::recog::Fingerprints;
use watchpost_survey::identify::{self, Identified};
use watchpost_survey::scope::Scope;
use watchpost_survey::talk::{Caller, Failed, Patience};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn look(port: u16) -> Result<Identified, Failed> {
    let text = "organisation = \"Lab\"\nauthorised_by = \"Jane\"\nvalid_until = \"2999-01-01\"\nabout = \"https://lab.example/\"\n\
                blocks = [\"127.0.0.1/32\"]\nlab = true\ntcp = \"1-65535\"\n[rate]\nall = 1000000\nnetwork = 1000000\nhost = 1000000\n";
    let governor = Governor::new(Scope::parse(text).unwrap(), None);
    let patience = Patience {
        connect: Duration::from_secs(5),
        answer: Duration::from_millis(2_500),
        greeting: Duration::from_millis(2_500),
    };
    let caller = Caller::new(&governor, None, patience).unwrap();
    let scope = governor.scope();
    let target = scope.service(scope.admit(HOST).unwrap(), Transport::Tcp, port).unwrap();
    identify::tcp(&caller, target, &Fingerprints::shipped())
}

/// A server that does this with everybody who comes.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((HOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

/// Greets, and keeps the line until the other end leaves.
fn greeter(words: &'static [u8]) -> u16 {
    server(move |mut line| {
        let _ = line.write_all(words);
        let _ = line.read_to_end(&mut Vec::new());
    })
}

/// Answers everything that begins so; hangs up on the rest.
fn answerer(begins: &'static [u8], words: &'static [u8]) -> u16 {
    server(move |mut line| {
        let mut asked = [0; 2_048];
        let length = line.read(&mut asked).unwrap_or(0);
        if asked[..length].starts_with(begins) {
            let _ = line.write_all(words);
        }
    })
}

fn texts(found: &Identified, what: FactKind) -> Vec<&str> {
    found.facts.iter().filter(|fact| fact.what == what).map(|fact| fact.text.as_str()).collect()
}

fn name(found: &Identified) -> (&str, Option<&str>) {
    found.product.as_ref().map_or(("", None), |product| (product.name.as_str(), product.version.as_deref()))
}

#[test]
fn what_greets_is_heard_without_a_question() {
    let found = look(greeter(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")).unwrap();
    assert_eq!((found.protocol.as_deref(), found.tls, found.speaks), (Some("ssh"), false, true));
    assert_eq!(name(&found), ("OpenSSH", Some("9.2p1")));
    assert_eq!(found.product.as_ref().unwrap().cpe.as_deref(), Some("cpe:/a:openbsd:openssh:9.2p1"));
    let os = found.os.as_ref().unwrap();
    assert_eq!(os.name, "Debian 12");
    assert_eq!(os.because, "SSH banner: OpenSSH_9.2p1 Debian-2+deb12u3");
    assert_eq!(texts(&found, FactKind::Banner), ["SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"]);
}

#[test]
fn a_silent_web_server_is_asked_and_its_application_comes_first() {
    let port = answerer(
        b"GET / HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nX-Powered-By: PHP/8.2.7\r\nSet-Cookie: grafana_session=5f4dcc3b5aa765d61d8327deb882cf99\r\n\
          Content-Type: text/html\r\nContent-Length: 44\r\n\r\n<html><head><title>Grafana</title></head>...",
    );
    let found = look(port).unwrap();
    assert_eq!(found.protocol.as_deref(), Some("http"));
    assert_eq!(name(&found), ("Grafana", None));
    let all: Vec<_> = found.products.iter().map(|product| product.name.as_str()).collect();
    assert_eq!(all, ["Grafana", "nginx", "PHP"]);
    assert_eq!(texts(&found, FactKind::Title), ["HTTP/1.1 200 OK", "Grafana"]);
    assert!(!format!("{found:?}").contains("5f4dcc3b"), "a cookie was kept");
}

#[test]
fn the_user_agent_tells_where_to_ask() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let port = server(move |mut line| {
        let mut asked = [0; 2_048];
        let length = line.read(&mut asked).unwrap_or(0);
        let _ = sender.send(String::from_utf8_lossy(&asked[..length]).into_owned());
        let _ = line.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
    });
    look(port).unwrap();
    let asked = receiver.recv().unwrap();
    assert!(asked.contains("\r\nUser-Agent: watchpost/0.1.0 (+https://lab.example/)\r\n"), "{asked}");
    assert!(asked.contains(&format!("\r\nHost: 127.0.0.1:{port}\r\n")), "{asked}");
}

#[test]
fn redis_elsewhere_is_told_by_its_error() {
    let port = server(|mut line| {
        let mut asked = [0; 2_048];
        let length = line.read(&mut asked).unwrap_or(0);
        let words: &[u8] = match &asked[..length] {
            [b'*', ..] => {
                b"$62\r\n# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1.0-13-amd64 x86_64\r\n\r\n"
            }
            _ => b"-ERR wrong number of arguments for 'get' command\r\n",
        };
        let _ = line.write_all(words);
    });
    let found = look(port).unwrap();
    assert_eq!((found.protocol.as_deref(), name(&found)), (Some("redis"), ("Redis", Some("7.0.15"))));
    assert_eq!(found.os.unwrap().name, "Linux 6.1.0-13-amd64");
    assert!(
        found.facts.iter().any(|fact| fact.what == FactKind::Login && fact.text == "answers without a login")
    );
}

#[test]
fn what_hangs_up_on_http_is_asked_in_other_ways() {
    // PostgreSQL's answer to a request for TLS.
    let found = look(answerer(&[0, 0, 0, 8, 4, 210, 22, 47], b"N")).unwrap();
    assert_eq!(found.protocol.as_deref(), Some("postgresql"));
    assert_eq!((found.tls, found.speaks), (false, true));
}

#[test]
fn a_tarpit_is_asked_once_and_does_not_speak() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let port = server(move |mut line| {
        let _ = sender.send(());
        thread::spawn(move || line.read_to_end(&mut Vec::new()));
    });
    let found = look(port).unwrap();
    assert_eq!(found, Identified::default());
    assert_eq!(receiver.try_iter().count(), 1);
}

#[test]
fn what_hangs_up_on_everything_does_not_speak_and_costs_a_bounded_number_of_lines() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let port = server(move |line| {
        let _ = sender.send(());
        drop(line);
    });
    let found = look(port).unwrap();
    assert_eq!((found.speaks, found.closes, found.protocol), (false, true, None));
    let lines = receiver.try_iter().count();
    assert!((2..=9).contains(&lines), "{lines} connections");
}

#[test]
fn nobody_there_is_an_error() {
    let port = TcpListener::bind((HOST, 0)).unwrap().local_addr().unwrap().port();
    assert!(matches!(look(port), Err(Failed::Refused)));
}

#[test]
fn secrets_are_not_kept() {
    let port = greeter(
        b"220 ftp.example ready, password: hunter2-secret, key AKIAIOSFODNN7EXAMPLE, see ftp://bob:hunter2@host/\r\n",
    );
    let found = look(port).unwrap();
    let kept = format!("{found:?}");
    assert!(kept.contains("password: ***"), "{kept}");
    for secret in ["hunter2", "AKIAIOSFODNN7EXAMPLE"] {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
    // Neither through what fingerprints capture.
    let port = answerer(b"GET", b"HTTP/1.1 200 OK\r\nServer: nginx/1.2 AKIAIOSFODNN7EXAMPLE\r\nX-Jenkins: 2.eyJhbGciOiJIUzI1NiJ9eyJzdWIi\r\n\r\n");
    let kept = format!("{:?}", look(port).unwrap());
    assert!(kept.contains("Jenkins"), "{kept}");
    assert!(!kept.contains("AKIAIOSFODNN7EXAMPLE") && !kept.contains("eyJhbGci"), "{kept}");
}

#[test]
fn hostile_answers_are_bounded() {
    for words in [
        &[0xff; 65_536][..],
        &[b'A'; 65_536],
        &[0x16, 3, 1, 0xff, 0xff, 1, 2, 3],
        b"HTTP/1.1 200\r\n\r\n<title",
        b"\0\0\0\0\0",
    ] {
        let found = look(greeter(words)).unwrap();
        assert!(found.facts.len() <= 24 && found.facts.iter().all(|fact| fact.text.len() <= 256));
    }
}

/// A real daemon, ended when dropped.
struct Daemon {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program on a free port once its configuration is written; none where it is not installed.
fn daemon(program: &str, config: &str, arguments: &[&str]) -> Option<(Daemon, u16)> {
    let found =
        ["/usr/sbin", "/usr/bin", "/usr/local/bin"].iter().map(|folder| format!("{folder}/{program}"));
    let Some(path) = found.into_iter().find(|path| std::path::Path::new(path).exists()) else {
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind((HOST, 0)).unwrap().local_addr().unwrap().port();
    let here = folder.path().to_str().unwrap();
    let fill = |text: &str| text.replace("PORT", &port.to_string()).replace("HERE", here);
    std::fs::write(folder.path().join("config"), fill(config)).unwrap();
    let child = Command::new(path)
        .args(arguments.iter().map(|argument| fill(argument)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let daemon = Daemon { child, _folder: folder };
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(SocketAddr::new(HOST, port)).is_err() {
        assert!(Instant::now() < until, "{program} does not listen on {port}");
        thread::sleep(Duration::from_millis(50));
    }
    Some((daemon, port))
}

#[test]
fn a_real_nginx() {
    let config = "daemon off; master_process off; pid HERE/pid; error_log HERE/error; events {}\n\
                  http { access_log off; client_body_temp_path HERE/b; proxy_temp_path HERE/p; fastcgi_temp_path HERE/f;\n\
                  uwsgi_temp_path HERE/u; scgi_temp_path HERE/s; server { listen 127.0.0.1:PORT; return 200 'x'; } }";
    let Some((_daemon, port)) = daemon("nginx", config, &["-c", "HERE/config", "-e", "HERE/error"]) else {
        return;
    };
    let found = look(port).unwrap();
    let (product, version) = name(&found);
    assert_eq!((found.protocol.as_deref(), product), (Some("http"), "nginx"));
    assert!(version.is_some_and(|version| version.starts_with("1.")), "{found:?}");
}

#[test]
fn a_real_redis_and_a_real_memcached_on_ports_of_their_own() {
    if let Some((_daemon, port)) =
        daemon("redis-server", "port PORT\nbind 127.0.0.1\nsave \"\"\ndir HERE\n", &["HERE/config"])
    {
        let found = look(port).unwrap();
        assert_eq!((found.protocol.as_deref(), name(&found).0), (Some("redis"), "Redis"), "{found:?}");
        assert!(name(&found).1.is_some() && found.os.unwrap().name.starts_with("Linux "));
    }
    if let Some((_daemon, port)) =
        daemon("memcached", "", &["-l", "127.0.0.1", "-p", "PORT", "-U", "0", "-u", "nobody"])
    {
        let found = look(port).unwrap();
        assert_eq!(
            (found.protocol.as_deref(), name(&found).0),
            (Some("memcached"), "memcached"),
            "{found:?}"
        );
        assert!(name(&found).1.is_some_and(|version| version.starts_with("1.")));
    }
}

#[test]
fn a_real_ssh_server() {
    let config =
        "Port PORT\nListenAddress 127.0.0.1\nHostKey HERE/key\nPidFile none\nUsePAM no\nStrictModes no\n";
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: ssh-keygen is not installed");
        return;
    }
    std::fs::create_dir_all("/run/sshd").ok();
    let config = config.replace("HERE/key", key.to_str().unwrap());
    let Some((_daemon, port)) = daemon("sshd", &config, &["-D", "-f", "HERE/config"]) else { return };
    let found = look(port).unwrap();
    assert_eq!((found.protocol.as_deref(), name(&found).0), (Some("ssh"), "OpenSSH"), "{found:?}");
}

#[test]
fn a_real_nginx_with_tls_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/O=Lab/CN=box.example",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:www.box.example,IP:192.0.2.7",
            "-keyout",
            &at("key"),
            "-out",
            &at("cert"),
        ])
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: openssl is not installed");
        return;
    }
    let config = "daemon off; master_process off; pid HERE/pid; error_log HERE/error; events {}\n\
                  http { access_log off; client_body_temp_path HERE/b; proxy_temp_path HERE/p; fastcgi_temp_path HERE/f;\n\
                  uwsgi_temp_path HERE/u; scgi_temp_path HERE/s; server { listen 127.0.0.1:PORT ssl; ssl_certificate CERT;\n\
                  ssl_certificate_key KEY; return 200 'x'; } }"
        .replace("CERT", &at("cert"))
        .replace("KEY", &at("key"));
    let Some((_daemon, port)) = daemon("nginx", &config, &["-c", "HERE/config", "-e", "HERE/error"]) else {
        return;
    };
    let found = look(port).unwrap();
    assert_eq!(
        (found.protocol.as_deref(), found.tls, name(&found).0),
        (Some("http"), true, "nginx"),
        "{found:?}"
    );
    assert_eq!(texts(&found, FactKind::CertificateName), ["box.example", "www.box.example", "192.0.2.7"]);
    assert_eq!(texts(&found, FactKind::CertificateIssuer), ["box.example, Lab"]);
    let protocols = texts(&found, FactKind::Protocol);
    assert!(matches!(protocols.as_slice(), ["TLS 1.2" | "TLS 1.3", "HTTP/1.1"]), "{protocols:?}");
}

#[test]
fn mail_servers_are_not_asked_for_tls_that_they_do_not_offer() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let port = server(move |mut line| {
        let _ = line.write_all(b"220 mail.example ESMTP Postfix (Debian/GNU)\r\n");
        let mut asked = [0; 512];
        while let Ok(length @ 1..) = line.read(&mut asked) {
            let _ = sender.send(String::from_utf8_lossy(&asked[..length]).into_owned());
            let _ = line.write_all(b"250-mail.example\r\n250 SIZE\r\n");
        }
    });
    let found = look(port).unwrap();
    assert_eq!((found.protocol.as_deref(), name(&found).0), (Some("smtp"), "Postfix"));
    assert_eq!(found.os.unwrap().name, "Debian");
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), ["EHLO lab.example\r\n"]);
}

#[test]
fn printers_are_not_made_to_print() {
    let Ok(listener) = TcpListener::bind((HOST, 9100)) else {
        eprintln!("skipped: port 9100 is taken");
        return;
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let mut printed = Vec::new();
            let _ = line.read_to_end(&mut printed);
            let _ = sender.send(printed);
        }
    });
    let found = look(9100).unwrap();
    assert!(!found.speaks);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)).unwrap(), b"");
}

#[test]
fn datagrams_tell_what_they_tell_on_the_wire() {
    let prints = Fingerprints::shipped();
    let mut dns = b"\x57\x50\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xc0\x0c\0\x10\0\x03\0\0\0\0\0\x0f\x0e".to_vec();
    dns.extend_from_slice(b"unbound 1.17.1");
    let found = identify::datagram(53, &dns, &prints);
    assert_eq!((found.protocol.as_deref(), name(&found)), (Some("dns"), ("Unbound", Some("1.17.1"))));
    let mut ntp = vec![0x16, 0x82, 0, 1, 0, 0, 0, 0, 0, 0, 0, 80];
    ntp.extend_from_slice(b"version=\"ntpd 4.2.8p15@1.3728-o\", processor=\"x86_64\",\r\nsystem=\"Linux/5.10.0-8-amd64\", leap=0");
    let found = identify::datagram(123, &ntp, &prints);
    assert_eq!((found.protocol.as_deref(), name(&found)), (Some("ntp"), ("ntpd", Some("4.2.8p15"))));
    assert_eq!(found.os.unwrap().name, "Linux 5.10.0-8-amd64");
    let sip = b"SIP/2.0 200 OK\r\nServer: Asterisk PBX 18.10.0\r\n\r\n";
    assert_eq!(name(&identify::datagram(5060, sip, &prints)), ("Asterisk", Some("18.10.0")));
    // What is not known still speaks.
    let found = identify::datagram(4_000, b"?", &prints);
    assert!(found.speaks && found.facts.is_empty() && found.protocol.is_none());
    assert!(!identify::datagram(4_000, b"", &prints).speaks);
}
