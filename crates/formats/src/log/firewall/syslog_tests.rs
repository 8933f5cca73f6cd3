use super::*;
use proptest::prelude::*;

fn opened(line: &str) -> (Stamp, String) {
    let line = open(line.as_bytes());
    (line.stamp, String::from_utf8(line.text.into_owned()).unwrap())
}

fn at(text: &str) -> Time {
    iso(text.as_bytes()).unwrap().0
}

#[test]
fn every_form_of_stamp_gives_its_time_and_the_message() {
    let noon = at("2025-06-08T12:00:00");
    for (line, stamp, text) in [
        (
            "<134>1 2025-06-08T14:00:00+02:00 fw filterlog 69805 - - 1,2",
            Stamp::At(noon),
            "filterlog 69805 - - 1,2",
        ),
        ("2025-06-08T14:00:00.000000+02:00 10.1.1.1 firewall,info x", Stamp::At(noon), "firewall,info x"),
        ("<4>Jun  8 12:00:00 host kernel: x", Stamp::NoYear(6, 8, 43_200 * SECOND), "kernel: x"),
        ("<166>Jun 08 2025 12:00:00 asa : %ASA-6-1: x", Stamp::Local(noon), ": %ASA-6-1: x"),
        ("<166>Jun 08 2025 12:00:00: %ASA-6-1: x", Stamp::Local(noon), "%ASA-6-1: x"),
        ("Jun 08 2025 12:00:00 UTC: %ASA-6-1: x", Stamp::At(noon), "%ASA-6-1: x"),
        ("[Sun Jun  8 12:00:00 2025] x y", Stamp::Local(noon), "x y"),
        ("jun/08/2025 12:00:00 firewall,info x", Stamp::Local(noon), "firewall,info x"),
        ("2025-06-08 12:00:00 fw firewall,info x", Stamp::Local(noon), "firewall,info x"),
        ("0 3 PVEFW-HOST-IN 08/Jun/2025:14:00:00 +0200 policy DROP: x", Stamp::At(noon), "policy DROP: x"),
        ("000123: *Jun  8 12:00:00.500: %SEC x", Stamp::NoYear(6, 8, 43_200 * SECOND + SECOND / 2), "%SEC x"),
        ("[  203.842973] x", Stamp::None, "[  203.842973] x"),
        (r#"{"MESSAGE":"a \"b\"","__REALTIME_TIMESTAMP":"1749384000000000"}"#, Stamp::At(noon), "a \"b\""),
        (r#"{"MESSAGE":[97,98],"_SOURCE_REALTIME_TIMESTAMP":"1749384000000000"}"#, Stamp::At(noon), "ab"),
    ] {
        assert_eq!(opened(line), (stamp, text.to_owned()), "{line}");
    }
}

#[test]
fn years_and_zones_are_assumed_and_told() {
    let mut none = Clock::new(&Assume::default());
    assert_eq!(none.time(Stamp::NoYear(6, 8, 0)), Err("its stamp has no year: give --year"));
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let mut berlin = Clock::new(&Assume { year: Some(2025), zone: Some(zone), ..Assume::default() });
    assert_eq!(berlin.time(Stamp::NoYear(12, 31, 0)), Ok(at("2025-12-30T23:00:00")));
    assert_eq!(berlin.time(Stamp::NoYear(1, 1, 0)), Ok(at("2025-12-31T23:00:00")), "the next year");
    assert_eq!(berlin.time(Stamp::NoYear(12, 31, 1)), Ok(at("2025-12-30T23:00:00") + 1), "a late line");
    assert_eq!(berlin.time(Stamp::NoYear(2, 29, 0)), Err("its day is none of that year"));
    let said = berlin.assumed();
    assert!(said[0].contains("2025") && said[1].contains("Europe/Berlin"), "{said:?}");
    let mut told = Clock::new(&Assume::default());
    assert_eq!((told.time(Stamp::At(5)), told.assumed().len()), (Ok(5), 0));
    assert_eq!((told.time(Stamp::Local(5)), told.assumed().len()), (Ok(5), 1));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[<>0-9a-zA-Z:/ .+{}\"-]{0,60}") {
        for line in [bytes.as_slice(), text.as_bytes()] {
            let stamp = open(line).stamp;
            let _ = Clock::new(&Assume { year: Some(2025), ..Assume::default() }).time(stamp);
        }
    }
}
