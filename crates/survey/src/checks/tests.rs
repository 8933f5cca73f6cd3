use proptest::prelude::*;

use super::*;

#[test]
fn the_list_of_checks_is_complete() {
    let mut names: Vec<&str> = CHECKS.iter().map(|spec| spec.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CHECKS.len(), "no name twice");
    for spec in CHECKS {
        assert!(!spec.help.is_empty() && !spec.asks.is_empty() && !spec.fixes.is_empty(), "{}", spec.name);
        assert!(!spec.tcp.is_empty() || !spec.udp.is_empty(), "{}", spec.name);
        assert!(
            spec.rungs.is_sorted() && !spec.rungs.is_empty() && !spec.techniques.is_empty(),
            "{}",
            spec.name
        );
    }
}

/// Beginnings that lead deep into the readers.
fn beginnings() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n<title>",
        b"[default]\naws_access_key_id = AKIA",
        b"\x40\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0",
        b"$100\r\nredis_version:",
        b"-NOAUTH",
        b"VERSION ",
        b"\x57\x50\0\0\0\x01\0\0VERSION ",
        b"SSH-2.0-",
        b"RFB 003.",
        b"\xff\xfd\x18",
        b"\x03\0\0\x13\x0e\xd0",
        b"\0\0\0\x50\xfeSMB",
        b"\0\0\0\x50\xffSMB\x72\0\0\0\0",
        b"220 mail ESMTP Postfix ",
    ])
    .prop_map(<[u8]>::to_vec)
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(start in beginnings(), rest in prop::collection::vec(any::<u8>(), 0..600)) {
        read_anything(&[start, rest].concat());
    }

    #[test]
    fn no_text_makes_a_reader_panic(start in beginnings(), rest in "[\\PC\r\n:=/. \\[\\]0-9a-f]{0,300}") {
        read_anything(&[start, rest.into_bytes()].concat());
    }

    #[test]
    fn chunks_never_give_more_than_there_is(bytes in prop::collection::vec(prop::sample::select(b"0123456789abcdefF;\r\n ".to_vec()), 0..400)) {
        let whole = [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &bytes].concat();
        if let Some(answer) = http::Answer::parse(&whole, false) {
            prop_assert!(answer.body().len() <= bytes.len());
        }
    }
}

#[test]
fn a_number_of_chunk_bytes_beyond_all_measure_does_no_harm() {
    let answer = http::Answer::parse(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
        false,
    );
    assert_eq!(answer.unwrap().body(), b"abc");
}

#[test]
fn an_answer_shows_nothing_of_itself() {
    let answer = http::Answer::parse(b"HTTP/1.1 200 OK\r\nX-Secret: hunter2\r\n\r\nhunter3", false).unwrap();
    assert!(!format!("{answer:?}").contains("hunter"));
}
