//! Each check against the daemon that it is about, open and fixed by the line that it names. Daemons that Debian has are real ones.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "exposures/lab.rs"]
mod lab;

use lab::{Daemon, UDP_TOO, assert_found, falls, gives};
use watchpost_core::contact::Transport;
use watchpost_core::inventory::Rung::{Anonymous, Discloses, Identified, Reachable, Sensitive};

const CERTIFICATE: &[&str] = &["TLS: a client certificate is demanded"];

#[test]
fn docker() {
    let api: &[&str] =
        &["HEAD /_ping: 200, Api-Version 1.41", "GET /version: 200, ApiVersion 1.41, MinAPIVersion 1.12"];
    gives("docker", "open", &[("docker", Sensitive, api)]);
    // TLS alone asks nobody who he is; TLS with a client certificate does.
    falls("docker", "tls", &[("docker", Sensitive, api)], "fixed", &[("docker", Reachable, CERTIFICATE)]);
    gives("docker", "fixed-tls12", &[("docker", Reachable, CERTIFICATE)]);
}

#[test]
fn podman() {
    let api: &[&str] = &[
        "HEAD /_ping: 200, Api-Version 1.41",
        "Libpod-API-Version 4.3.1",
        "GET /version: 200, ApiVersion 1.41, MinAPIVersion 1.12",
    ];
    falls("podman", "open", &[("docker", Sensitive, api)], "fixed", &[]);
}

#[test]
fn kubelet() {
    let open = ("kubelet", Sensitive, &["GET /pods: 200, PodList"][..]);
    let fixed = ("kubelet", Reachable, &["GET /pods: 401"][..]);
    falls("kubelet", "open", &[open], "fixed", &[fixed]);
    let webhook = ("kubelet", Anonymous, &["GET /pods: 403 for system:anonymous"][..]);
    falls("kubelet", "webhook", &[webhook], "fixed", &[fixed]);
    let read_only = ("kubelet", Anonymous, &["GET /pods: 200, PodList, plain HTTP"][..]);
    falls("kubelet", "readonly", &[read_only], "readonly-fixed", &[]);
}

#[test]
fn kubernetes_api() {
    let granted: &[&str] = &[
        "GET /version: 200, v1.29.2",
        "GET /api: 200, APIVersions",
        "GET /api/v1/namespaces?limit=1: 200, NamespaceList",
    ];
    let fixed = ("kubernetes-api", Reachable, &["GET /version: 401"][..]);
    falls("kubernetes", "open", &[("kubernetes-api", Sensitive, granted)], "fixed", &[fixed]);
    // As it comes: that the version is told is no alarm.
    let default = ("kubernetes-api", Discloses, &["GET /version: 200, v1.29.2"][..]);
    falls("kubernetes", "default", &[default], "fixed", &[fixed]);
}

#[test]
fn etcd() {
    let open: &[&str] = &["GET /version: 200, etcdserver 3.*", "POST /v3/auth/*: authentication is off"];
    falls("etcd", "open", &[("etcd", Sensitive, open)], "fixed", &[("etcd", Reachable, CERTIFICATE)]);
}

#[test]
fn kubernetes_dashboard() {
    const TITLE: &str = "GET /: 200, title \"Kubernetes Dashboard\"";
    let open: &[&str] = &[TITLE, "GET /api/v1/login/skippable: true"];
    let fixed = ("kubernetes-dashboard", Anonymous, &[TITLE][..]);
    falls("dashboard", "open", &[("kubernetes-dashboard", Sensitive, open)], "fixed", &[fixed]);
}

/// 116 bytes: what the lab plants.
const FILE: &[&str] = &[
    "GET /.aws/credentials: 206, 116 bytes",
    "1 profile, 1 lasting access key",
    "keyed hash *",
    "control GET /.aws/ and a random name: 404",
];

#[test]
fn nginx_and_the_credentials() {
    let banner = ("banner", Discloses, &["Server: nginx/1.*"][..]);
    falls("nginx", "open", &[("aws-credentials", Sensitive, FILE), banner], "fixed", &[]);
}

#[test]
fn apache_and_the_credentials() {
    let banner = ("banner", Discloses, &["Server: Apache/2.* (Debian)"][..]);
    falls("apache2", "open", &[("aws-credentials", Sensitive, FILE), banner], "fixed", &[]);
}

#[test]
fn who_answers_everything_with_a_credential_file_serves_none() {
    gives("everything", "open", &[]);
}

#[test]
fn the_same_file_has_the_same_hash_wherever_it_is() {
    let hash = |name| {
        let found = Daemon::up(name, "open")?.look(Transport::Tcp, "");
        found.first().map(|worst| worst.evidence[2].clone())
    };
    if let (Some(nginx), Some(apache)) = (hash("nginx"), hash("apache2")) {
        assert_eq!(nginx, apache);
    }
}

#[test]
fn redis() {
    let open = ("redis", Sensitive, &["INFO server: redis_version *"][..]);
    falls("redis", "open", &[open], "fixed", &[("redis", Reachable, &["INFO server: -NOAUTH"])]);
}

#[test]
fn elasticsearch() {
    let open = ("elasticsearch", Anonymous, &["GET /: 200, tagline of Elasticsearch, version 8.12.0"][..]);
    falls("elasticsearch", "open", &[open], "fixed", &[("elasticsearch", Reachable, &["GET /: 401"])]);
    let opensearch = ("elasticsearch", Anonymous, &["GET /: 200, tagline of OpenSearch, version 2.11.1"][..]);
    gives("elasticsearch", "opensearch", &[opensearch]);
}

#[test]
fn mongodb() {
    const HELLO: &str = "hello: ok, wire version 17";
    let open = ("mongodb", Sensitive, &[HELLO, "listDatabases: 3"][..]);
    let fixed = ("mongodb", Reachable, &[HELLO, "listDatabases: code 13, unauthorized"][..]);
    falls("mongodb", "open", &[open], "fixed", &[fixed]);
}

#[test]
fn memcached() {
    let open = ("memcached", Sensitive, &["version by TCP: 1.*", "version by UDP: 1.*"][..]);
    falls("memcached", "open", &[open], "fixed", &[("memcached", Anonymous, &["version by TCP: 1.*"])]);
}

#[test]
fn memcached_by_udp_only_where_the_scope_allows_it() {
    let Some(daemon) = Daemon::up("memcached", "open") else { return };
    let untouched: &[&str] = &["version by TCP: 1.*", "by UDP: not asked, the scope does not allow the port"];
    assert_found(&daemon.look(Transport::Tcp, "udp = \"53\""), &[("memcached", Anonymous, untouched)]);
    let udp = ("memcached", Sensitive, &["version by UDP: 1.*"][..]);
    assert_found(&daemon.look(Transport::Udp, UDP_TOO), &[udp]);
}

#[test]
fn jenkins() {
    const LOGIN: &str = "HEAD /login: X-Jenkins 2.426.3";
    let banner = ("banner", Discloses, &["Server: Jetty(10.0.18)"][..]);
    let open = ("jenkins", Anonymous, &[LOGIN, "GET /api/json?tree=mode: 200"][..]);
    let Some(daemon) = Daemon::up("jenkins", "open") else { return };
    let found = daemon.look(Transport::Tcp, "");
    assert_found(&found, &[open, banner]);
    let fixed = gives("jenkins", "fixed", &[("jenkins", Discloses, &[LOGIN]), banner]);
    assert_eq!(found[0].fix.line, "<denyAnonymousReadAccess>true</denyAnonymousReadAccess>");
    assert_eq!(fixed[0].fix.line, "proxy_hide_header X-Jenkins;");
}

#[test]
fn grafana() {
    const HEALTH: &str = "GET /api/health: 200, version 10.2.3";
    let open = ("grafana", Anonymous, &[HEALTH, "GET /api/org: 200"][..]);
    let fixed = ("grafana", Discloses, &[HEALTH][..]);
    falls("grafana", "open", &[open], "fixed", &[fixed]);
    falls("grafana", "fixed", &[fixed], "hidden", &[]);
}

#[test]
fn ssh() {
    let banner = ("banner", Discloses, &["greeting: SSH-2.0-OpenSSH_* Debian-*"][..]);
    let within_reach = ("ssh", Identified, &["SSH protocol 2.0"][..]);
    falls("openssh", "open", &[banner, within_reach], "fixed", &[within_reach]);
}

#[test]
fn vnc() {
    let open = ("vnc", Sensitive, &["RFB 003.008", "security types 1"][..]);
    falls(
        "tigervnc",
        "open",
        &[open],
        "fixed",
        &[("vnc", Identified, &["RFB 003.008", "security types 19"])],
    );
}

#[test]
fn smb() {
    const SECOND: &str = "SMB 3.0.2, signing not demanded";
    let open = ("smb", Discloses, &["SMB 1: NT LM 0.12 agreed on", SECOND][..]);
    falls("samba", "open", &[open], "fixed", &[("smb", Identified, &[SECOND])]);
}

#[test]
fn telnet() {
    let open = ("telnet", Discloses, &["negotiates options (RFC 854)"][..]);
    let found = gives("telnetd", "open", &[open]);
    assert!(found.iter().all(|found| found.fix.line.starts_with('#')));
    gives("telnetd", "fixed", &[]);
}

#[test]
fn rdp() {
    let taken = ("rdp", Anonymous, &["offered TLS without network-level authentication: taken"][..]);
    gives("xrdp", "open", &[taken]);
    let nla = ("rdp", Identified, &["offered TLS: network-level authentication is demanded"][..]);
    falls("rdp", "open", &[taken], "fixed", &[nla]);
    gives("rdp", "old", &[("rdp", Anonymous, &["offered TLS: RDP's own encryption is all there is"])]);
}

#[test]
fn winrm() {
    gives("winrm", "open", &[("winrm", Discloses, &["Identify: 200, OS: 10.0.14393 SP: 0.0 Stack: 3.0"])]);
    gives("winrm", "newer", &[("winrm", Identified, &["Identify: 200, OS: 0.0.0 SP: 0.0 Stack: 3.0"])]);
}

#[test]
fn vpn_portals() {
    gives("vpn", "open", &[("vpn-portal", Identified, &["GET /: 302 to /remote/login"])]);
}

#[test]
fn iis() {
    let Some(daemon) = Daemon::up_at("winrm", "iis", 80) else { return };
    let found = daemon.look(Transport::Tcp, "");
    assert_found(&found, &[("banner", Discloses, &["Server: Microsoft-IIS/10.0"])]);
    assert_eq!(found[0].fix.line, "<requestFiltering removeServerHeader=\"true\" />");
    let Some(daemon) = Daemon::up_at("winrm", "iis-fixed", 80) else { return };
    assert_found(&daemon.look(Transport::Tcp, ""), &[]);
}

#[test]
fn greeting_of_vsftpd() {
    falls("vsftpd", "open", &[("banner", Discloses, &["greeting: 220 (vsFTPd 3.*)"])], "fixed", &[]);
}

#[test]
fn greeting_of_postfix() {
    let open = ("banner", Discloses, &["greeting: 220 mail.example ESMTP Postfix (Debian/GNU)"][..]);
    falls("postfix", "open", &[open], "fixed", &[]);
}

#[test]
fn greeting_of_exim() {
    falls(
        "exim4",
        "open",
        &[("banner", Discloses, &["greeting: 220 mail.example ESMTP Exim 4.*"])],
        "fixed",
        &[],
    );
}

#[test]
fn greeting_of_dovecot() {
    falls(
        "dovecot",
        "open",
        &[("banner", Discloses, &["greeting: * OK [CAPABILITY *] Dovecot (Debian) ready."])],
        "fixed",
        &[],
    );
}

#[test]
fn a_service_is_found_wherever_its_protocol_was() {
    let Some(daemon) = Daemon::up_at("redis", "open", 16_379) else { return };
    assert_found(&daemon.look(Transport::Tcp, ""), &[]);
    assert_found(&daemon.look_speaking("redis"), &[("redis", Sensitive, &["INFO server: redis_version *"])]);
}

#[test]
fn what_speaks_another_protocol_gives_nothing() {
    // The community and the description of an SNMP agent stay its own: no check asks for them.
    if let Some(daemon) = Daemon::up("snmpd", "open") {
        assert_found(&daemon.look(Transport::Udp, UDP_TOO), &[]);
    }
    // Checks of other protocols, against a server that they were not made for.
    for port in [2375, 10_250, 6379, 27_017, 445, 3389] {
        let Some(daemon) = Daemon::up_at("vsftpd", "fixed", port) else { return };
        assert_found(&daemon.look(Transport::Tcp, ""), &[]);
    }
}
