use std::io::Cursor;

use super::*;
use crate::reader::Reader;
use crate::report::Report;
use proptest::prelude::*;
use watchpost_core::contact::Contact;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::{Role, Utterance};

// Headers and lines that Zeek 6.0 wrote for the lab's captures, and older ones (zat's samples, MIT).
const SSH: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tssh\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tauth_success\tauth_attempts\tdirection\tclient\tserver\n\
    1795422701.808391\tCVZ7cv1S39SC4zwfA5\t10.77.255.254\t43968\t10.77.4.118\t22\t2\t-\t0\t-\tSSH-2.0-Nmap-SSH2-Hostkey\tSSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\n\
    1795422701.796824\tCuU7yr1qzdkdMtUbse\t10.77.255.254\t56308\t10.77.4.149\t22\t-\t-\t0\t-\t\\x16\\x03\\x00\\x00i\tSSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\n";
const HTTP: &str = "#separator \\x09\n#path\thttp\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\tstatus_code\tstatus_msg\n\
    1795422701.395536\tCdFs\t10.77.255.254\t43920\t10.77.4.79\t443\t1\t-\t-\t-\t-\t1.1\t-\t200\tOK\n\
    1795422702.395536\tCdFt\t10.77.255.254\t43921\t10.77.4.79\t80\t1\tGET\twww.example.com\t/a?b=c\t-\t1.1\tcurl/7.88\t401\tUnauthorized\n";
const SSL: &str = "#separator \\x09\n#path\tssl\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tcipher\tserver_name\tsession_id\tsubject\tissuer_subject\n\
    1379288668.148196\tCnKO\t192.168.33.10\t1033\t54.230.86.87\t443\tTLSv10\tTLS_RSA_WITH_RC4_128_MD5\t-\t-\tCN=*.cloudfront.net,O=Amazon.com\\, Inc.,L=Seattle\tCN=DigiCert High Assurance CA-3,OU=www.digicert.com,O=DigiCert Inc,C=US\n";
const NOTICE: &str = "#separator \\x09\n#path\tnotice\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tnote\tmsg\tsrc\tdst\tp\n\
    1379288691.491151\t-\t-\t-\t-\t-\tScan::Port_Scan\t192.0.2.1 scanned at least 15 unique ports\t192.0.2.1\t198.51.100.2\t-\n\
    1379288691.491151\tCi14\t192.168.33.10\t1132\t108.59.9.32\t80\tTeamCymruMalwareHashRegistry::Match\tx\t192.168.33.10\t108.59.9.32\t80\n";
const CONN: &str = "#separator \\x09\n#path\tconn\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\thistory\torig_pkts\tresp_pkts\n\
    1795422701.0\tC1\t10.77.255.254\t43968\t10.77.4.118\t22\ttcp\tSF\tShAD\t4\t3\n";
const JSON_HTTP: &str = r#"{"ts":1575413155.938245,"uid":"Ctole83bPCuBlM7Xlk","id.orig_h":"10.18.20.97","id.orig_p":49203,"id.resp_h":"69.147.64.34","id.resp_p":80,"trans_depth":1,"method":"GET","host":"mail.aol.com","uri":"/","version":"1.1","user_agent":"Mozilla/5.0 \"x\"","request_body_len":0,"response_body_len":303,"status_code":301,"status_msg":"Redirect","tags":[],"resp_fuids":["FAbj"]}"#;
const JSON_CONN: &str = r#"{"ts":1575413155.9,"uid":"C","id.orig_h":"10.18.20.97","id.orig_p":49203,"id.resp_h":"69.147.64.34","id.resp_p":80,"proto":"tcp","conn_state":"SF","history":"ShADd","orig_bytes":null,"orig_pkts":5,"resp_pkts":4}"#;

fn read(text: &str) -> (Vec<Contact>, Vec<Utterance>, Report) {
    let mut reader = Reader::open(Cursor::new(text.to_owned()), 0, &Assume::default()).unwrap();
    let (mut contacts, mut heard) = (Vec::new(), Vec::new());
    while reader.fill(&mut contacts, 7) {}
    reader.heard(&mut heard);
    (contacts, heard, reader.report().clone())
}

fn facts(heard: &[Utterance], role: Role) -> Vec<(FactKind, &str)> {
    let told = heard.iter().filter(|utterance| utterance.role == role);
    told.flat_map(|utterance| utterance.facts.iter()).map(|fact| (fact.what, fact.text)).collect()
}

#[test]
fn ssh_lines_are_told_as_from_packets() {
    let (contacts, heard, report) = read(SSH);
    assert_eq!((contacts.len(), report.reasons.len()), (0, 0));
    assert_eq!(
        facts(&heard, Role::Client),
        [
            (FactKind::Banner, "SSH-2.0-Nmap-SSH2-Hostkey"),
            (FactKind::Protocol, "SSH-2.0"),
            (FactKind::UserAgent, "Nmap-SSH2-Hostkey")
        ]
    );
    assert_eq!(facts(&heard, Role::Server).len(), 6);
    assert_eq!(heard[0].time, 1_795_422_701_808_391_000);
}

#[test]
fn requests_and_answers_are_told() {
    let (_, heard, _) = read(HTTP);
    assert_eq!(
        facts(&heard, Role::Client),
        [
            (FactKind::Request, "GET /a?b=c"),
            (FactKind::AskedName, "www.example.com"),
            (FactKind::UserAgent, "curl/7.88")
        ]
    );
    let titles: Vec<&str> = heard.iter().flat_map(|u| u.facts.of(FactKind::Title)).collect();
    assert_eq!(titles, ["HTTP/1.1 200 OK", "HTTP/1.1 401 Unauthorized"]);
    let (_, heard, _) = read(SSL);
    assert_eq!(
        facts(&heard, Role::Server),
        [
            (FactKind::Protocol, "TLS 1.0"),
            (FactKind::CertificateName, "*.cloudfront.net"),
            (FactKind::CertificateIssuer, "DigiCert High Assurance CA-3, DigiCert Inc")
        ]
    );
}

#[test]
fn notices_are_counted() {
    let (contacts, heard, report) = read(NOTICE);
    assert!(contacts.is_empty() && heard.is_empty());
    let counts: Vec<u64> = report.reasons.iter().map(|(_, skipped)| skipped.count).collect();
    assert_eq!(counts, [1, 1]);
}

#[test]
fn a_header_in_mid_file_changes_the_log() {
    let (contacts, heard, report) = read(&[CONN, SSH, CONN, &NOTICE.replace("notice", "weird")].concat());
    assert_eq!((contacts.len(), heard.len()), (2, 3));
    assert_eq!(report.reasons[0].0, "a Zeek log that is not read");
    let without_path = CONN.replace("#path\tconn\n", "");
    assert_eq!(read(&without_path).0.len(), 1);
}

#[test]
fn json_of_several_logs_comes_in_one_stream() {
    let tagged = format!("{{\"http\": {JSON_HTTP}}}");
    let of_corelight = JSON_HTTP.replacen("{", r#"{"_path":"http","#, 1);
    let other = JSON_CONN.replacen("{", r#"{"_path":"dns","#, 1);
    let stream = [JSON_CONN, JSON_HTTP, &tagged, &of_corelight, &other, "{\"conn\": 1}"].join("\n");
    let (contacts, heard, report) = read(&stream);
    assert_eq!((contacts.len(), heard.len()), (1, 6));
    assert!(heard.iter().all(|utterance| utterance.time == 1_575_413_155_938_245_000));
    assert_eq!(heard[0].facts.of(FactKind::UserAgent).collect::<Vec<_>>(), ["Mozilla/5.0 \"x\""]);
    assert_eq!(heard[1].facts.of(FactKind::Title).collect::<Vec<_>>(), ["HTTP/1.1 301 Redirect"]);
    assert_eq!(report.reasons[0], ("a Zeek log that is not read", report.reasons[0].1));
    assert_eq!(report.reasons[0].1.count, 2);
    let iso = JSON_HTTP.replace("1575413155.938245", "\"2019-12-03T22:45:55.938245Z\"");
    assert_eq!(read(&iso).1[0].time, 1_575_413_155_938_245_000);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), which in 0_usize..6, cut in 0_usize..400) {
        let whole = [SSH, HTTP, SSL, NOTICE, JSON_HTTP, JSON_CONN][which].as_bytes();
        let at = cut.min(whole.len());
        let text = [&whole[..at], &bytes, &whole[at..]].concat();
        for format in [&TSV, &JSON] {
            let _ = (format.recognises)(&text);
            let (mut contacts, mut heard, mut report) = (Vec::new(), Vec::new(), Report::new());
            let mut out = Out::new(0, &mut contacts, &mut heard, &mut report);
            let mut lines = (format.lines)(&Assume::default());
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let _ = lines.take(line, &mut out);
            }
            lines.end(&mut out);
        }
    }

    #[test]
    fn columns_are_cut_at_separators_wherever_they_lie(line in proptest::collection::vec("[a-z(.-]{0,20}", 1..20)) {
        let mut header = Header::default();
        header.take(b"#path\tconn");
        header.take(b"#fields\tx\tts\ty\tid.orig_h\tid.orig_p\tz\tid.resp_h\tid.resp_p\tproto\tconn_state\tw");
        let (text, places) = (line.join("\t"), [1, 3, 4, 6, 7, 8, 9]);
        let values = header.values::<7>(text.as_bytes());
        if line.len() < 10 {
            prop_assert_eq!(values, Err("fewer columns than #fields names"));
        } else {
            let wanted = places.map(|at| if matches!(&*line[at], "-" | "(empty)") { "" } else { &line[at] });
            prop_assert_eq!(values, Ok(wanted.map(str::as_bytes)));
        }
    }
}
