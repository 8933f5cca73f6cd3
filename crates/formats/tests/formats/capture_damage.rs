//! Cut off, broken, overwritten: nothing before the damage is lost, and reading goes on where that is certain.

use crate::make::*;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::{self, Read, Write};
use watchpost_core::record::Damage;
use watchpost_formats::capture::Capture;
use watchpost_formats::report::MAX_DAMAGE;

/// A generator of bytes without pattern (xorshift), the same in every run.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

fn damage(file: &[u8]) -> Vec<Damage> {
    read(file).1.report().damage.clone()
}

/// Records that lie whole within the first `length` bytes.
fn whole(starts: &[usize], length: usize) -> usize {
    starts.iter().skip(1).filter(|end| **end <= length).count()
}

#[test]
fn a_file_cut_at_any_byte_gives_every_packet_before_the_cut() {
    for layout in Layout::ALL {
        let (file, starts) = layout.file(12);
        for length in 0..=file.len() {
            let Ok(mut capture) = Capture::open(&file[..length], 7) else {
                assert!(length < starts[0], "{layout:?} cut at {length}");
                continue;
            };
            let mut contacts = Vec::new();
            while capture.fill(&mut contacts, 5) {}
            assert_eq!(contacts.len(), whole(&starts, length), "{layout:?} cut at {length}");
            if length >= starts[0] {
                let damage = &capture.report().damage;
                assert_eq!(damage.is_empty(), starts.contains(&length), "{layout:?} {length} {damage:?}");
                for damage in damage {
                    let packet = contacts.len() + 1;
                    assert_eq!((damage.packet, damage.resumed), (packet as u64, None));
                    assert_eq!(damage.offset, starts[packet - 1] as u64);
                }
            }
        }
    }
}

#[test]
fn a_cut_is_told_with_its_numbers() {
    let (file, starts) = Layout::ALL[0].file(3);
    let damage = damage(&file[..starts[2] + 16 + 12]);
    assert_eq!(damage.len(), 1);
    assert!(damage[0].what.starts_with("cut off: a record of 72 bytes, 28 are there"), "{}", damage[0].what);
    let (file, starts) = Layout::ALL[1].file(3);
    let damage = self::damage(&file[..starts[2] + 40]);
    assert!(damage[0].what.starts_with("cut off: a block of 88 bytes, 40 are there"), "{}", damage[0].what);
}

#[test]
fn a_hole_of_noise_is_read_around() {
    for layout in Layout::ALL {
        for seed in 0..20 {
            let (mut file, starts) = layout.file(200);
            let hole = starts[80] + 3..starts[120] + 9;
            file[hole.clone()].copy_from_slice(&noise(seed, hole.len()));
            let (contacts, capture) = read(&file);
            let expected: Vec<u8> = (0..80).chain(121..200).collect();
            assert_eq!(numbers(&contacts), expected, "{layout:?} seed {seed}");
            let report = capture.report();
            assert_eq!((report.damages, report.packets), (1, 159));
            assert_eq!((report.damage[0].offset, report.damage[0].packet), (starts[80] as u64, 81));
            assert_eq!(report.damage[0].resumed, Some(starts[121] as u64));
        }
    }
}

#[test]
fn a_hole_of_zeros_is_read_around() {
    for layout in Layout::ALL {
        let (mut file, starts) = layout.file(100);
        file[starts[30]..starts[60] + 7].fill(0);
        let (contacts, capture) = read(&file);
        assert_eq!(numbers(&contacts), (0..30).chain(61..100).collect::<Vec<u8>>(), "{layout:?}");
        assert_eq!(capture.report().damages, 1);
        // From the very first record on.
        file[starts[0]..starts[60]].fill(0);
        assert_eq!(numbers(&read(&file).0), (61..100).collect::<Vec<u8>>(), "{layout:?}");
    }
}

#[test]
fn bytes_that_are_missing_are_read_around() {
    for layout in Layout::ALL {
        let (file, starts) = layout.file(100);
        let torn = [&file[..starts[30] + 21], &file[starts[50] + 33..]].concat();
        let (contacts, capture) = read(&torn);
        let numbers = numbers(&contacts);
        assert_eq!(numbers[..30], (0..30).collect::<Vec<u8>>(), "{layout:?}");
        assert!(numbers.ends_with(&(52..100).collect::<Vec<u8>>()), "{layout:?} {numbers:?}");
        assert_eq!(capture.report().damages, 1, "{layout:?}");
    }
}

#[test]
fn a_wrong_length_loses_its_packet_alone() {
    for layout in Layout::ALL {
        let at = if layout.pcapng { 4 } else { 8 };
        for wrong in [0xffff_ffff, 262_145, 0x8000_0000] {
            let (mut file, starts) = layout.file(50);
            file[starts[20] + at..][..4].copy_from_slice(&layout.u32(wrong));
            let (contacts, capture) = read(&file);
            assert_eq!(numbers(&contacts), (0..20).chain(21..50).collect::<Vec<u8>>(), "{layout:?}");
            assert_eq!(capture.report().damages, 1);
        }
        // One that is possible and reaches beyond the end.
        let (mut file, starts) = layout.file(50);
        file[starts[20] + at..][..4].copy_from_slice(&layout.u32(100_000));
        file[starts[20] + 12..][..4].copy_from_slice(&layout.u32(100_000));
        assert_eq!(numbers(&read(&file).0), (0..20).chain(21..50).collect::<Vec<u8>>(), "{layout:?}");
    }
}

#[test]
fn a_pcapng_block_that_contradicts_itself_within_loses_itself_alone() {
    let layout = Layout::ALL[1];
    for (at, wrong, words) in [(8, 9, "interface 9"), (20, 4_000, "room for"), (20, u32::MAX, "room for")] {
        let (mut file, starts) = layout.file(50);
        file[starts[20] + at..][..4].copy_from_slice(&layout.u32(wrong));
        let (contacts, capture) = read(&file);
        assert_eq!(numbers(&contacts), (0..20).chain(21..50).collect::<Vec<u8>>());
        let damage = &capture.report().damage[0];
        assert!(damage.what.contains(words), "{}", damage.what);
        assert_eq!((damage.packet, damage.resumed), (21, Some(starts[21] as u64)));
    }
}

/// A capture carried within a packet must not be taken for the one that is read.
#[test]
fn records_within_a_packet_are_not_resumed_at() {
    for layout in Layout::ALL {
        let (carried, _) = layout.file(10);
        let mut file = layout.start();
        let mut starts = Vec::new();
        for number in 0..40 {
            starts.push(file.len());
            let mut packet = syn_to(100 + number);
            packet.extend_from_slice(&carried);
            // The rest of its next record comes in the next packet.
            packet.extend([7; 9]);
            file.extend(layout.packet(TIME, &packet));
        }
        let at = if layout.pcapng { 4 } else { 8 };
        file[starts[20] + at..][..4].fill(0xff);
        let expected: Vec<u8> = (100..120).chain(121..140).collect();
        assert_eq!(numbers(&read(&file).0), expected, "{layout:?}");
    }
}

/// Odd and yet sound: captures joined across years, a clock that was set, nanoseconds in a file of microseconds.
#[test]
fn what_is_only_odd_is_no_damage() {
    let layout = Layout::ALL[0];
    let year = 366 * 86_400 * 1_000_000_000;
    let mut file = layout.start();
    for number in 0..40 {
        let time = [TIME, TIME - 9 * year, 0, TIME + 20 * year][usize::from(number / 2 % 4)];
        file.extend(layout.packet(time, &syn_to(number)));
    }
    assert_eq!(numbers(&read(&file).0), (0..40).collect::<Vec<u8>>());
    assert_eq!(damage(&file), []);
    let (mut file, starts) = layout.file(40);
    for start in &starts[..40] {
        file[start + 4..start + 8].copy_from_slice(&layout.u32(987_654_321));
    }
    assert_eq!(read(&file).0.len(), 40);
    assert_eq!(damage(&file), []);
}

#[test]
fn damage_without_end_is_counted_and_the_list_is_short() {
    for layout in Layout::ALL {
        let mut file = layout.start();
        for _ in 0..100 {
            for number in 0..70 {
                file.extend(layout.packet(TIME, &syn_to(number)));
            }
            file.extend([0xff; 61]);
        }
        let report = read(&file).1.report().clone();
        assert_eq!((report.packets, report.damages), (7_000, 100), "{layout:?}");
        assert_eq!(report.damage.len(), MAX_DAMAGE);
    }
}

/// Damage larger than what is in view at once.
#[test]
fn a_hole_of_many_megabytes_is_read_around() {
    for layout in [Layout::ALL[0], Layout::ALL[1]] {
        let (file, starts) = layout.file(200);
        let hole = noise(1, 12 << 20);
        let file = [&file[..starts[100]], &hole, &file[starts[100]..]].concat();
        assert_eq!(numbers(&read(&file).0), (0..200).collect::<Vec<u8>>(), "{layout:?}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A large file whose packets compress to a quarter, by codes of different lengths: no part of the stream may change.
fn large() -> (Vec<u8>, usize) {
    let layout = Layout::ALL[0];
    let mut file = layout.start();
    for number in 0..3_000_u32 {
        let mut packet = syn_to(number as u8);
        packet.extend(noise(u64::from(number), 900).iter().map(|byte| byte.trailing_zeros() as u8));
        file.extend(layout.packet(TIME + i64::from(number), &packet));
    }
    (file, 3_000)
}

#[test]
fn a_compressed_file_cut_off_gives_what_came_out() {
    let (file, count) = large();
    for compressed in [gzip(&file), zstd::encode_all(&file[..], 1).unwrap()] {
        let (contacts, capture) = read(&compressed[..compressed.len() / 2]);
        // A block of zstd holds 128 KiB.
        assert!(contacts.len() > count * 9 / 20 && contacts.len() < count * 11 / 20, "{}", contacts.len());
        let damage = &capture.report().damage;
        assert!(damage.iter().any(|damage| damage.what.contains("is cut off after")), "{damage:?}");
    }
}

#[test]
fn a_compressed_file_broken_in_the_middle_gives_what_came_out_before() {
    let (file, count) = large();
    for (compressed, words) in
        [(gzip(&file), "gzip is broken"), (zstd::encode_all(&file[..], 1).unwrap(), "zstd is broken")]
    {
        for tenth in 2..9 {
            let mut broken = compressed.clone();
            let at = broken.len() * tenth / 10;
            broken[at..at + 4_000].fill(0xff);
            let (contacts, capture) = read(&broken);
            // A block of zstd holds 128 KiB, which are 135 packets.
            let expected = count * tenth / 10 - 150;
            assert!(contacts.len() >= expected, "{words}: {} instead of {expected}", contacts.len());
            let damage = &capture.report().damage;
            assert!(damage.iter().any(|damage| damage.what.contains(words)), "{damage:?}");
        }
    }
}

#[test]
fn something_else_behind_a_gzip_member_is_damage() {
    let (file, _) = Layout::ALL[0].file(9);
    let file = [gzip(&file), b"and text".to_vec()].concat();
    let (contacts, capture) = read(&file);
    assert_eq!((contacts.len(), capture.report().damages), (9, 1));
}

#[test]
fn a_small_compressed_file_cut_at_any_byte_never_panics() {
    let (file, _) = Layout::ALL[0].file(30);
    for compressed in [gzip(&file), zstd::encode_all(&file[..], 1).unwrap()] {
        for length in 0..compressed.len() {
            let Ok(mut capture) = Capture::open(&compressed[..length], 7) else { continue };
            let mut contacts = Vec::new();
            while capture.fill(&mut contacts, 5) {}
            // A check sum alone may be missing.
            assert!(capture.report().damages > 0, "cut at {length} of {}", compressed.len());
        }
    }
}

#[test]
fn an_input_that_fails_halfway_is_damage() {
    struct Fails<'a>(&'a [u8]);
    impl Read for Fails<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("the disk is gone")),
                count => Ok(count),
            }
        }
    }
    let (file, starts) = Layout::ALL[0].file(9);
    for length in [starts[5], starts[5] + 20] {
        let mut capture = Capture::open(Fails(&file[..length]), 7).unwrap();
        let mut contacts = Vec::new();
        while capture.fill(&mut contacts, 100) {}
        assert_eq!(contacts.len(), 5);
        let damage = &capture.report().damage;
        assert!(damage.iter().any(|damage| damage.what.contains("the disk is gone")), "{damage:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_follows_a_sound_beginning_its_packets_are_read(
        layout in 0_usize..8,
        count in 1_u8..20,
        tail in proptest::collection::vec(prop_oneof![Just(0), Just(0xff), any::<u8>()], 0..300),
    ) {
        let (mut file, _) = Layout::ALL[layout].file(count);
        let sound = read(&file).0;
        file.extend(tail);
        let contacts = read(&file).0;
        prop_assert_eq!(&contacts[..sound.len()], &sound[..]);
    }

    #[test]
    fn bytes_changed_anywhere_never_panic_and_lose_nothing_before(
        layout in 0_usize..8,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (mut file, starts) = Layout::ALL[layout].file(60);
        let sound = read(&file).0;
        let mut first = file.len();
        for (at, value) in changes {
            let at = starts[0] + at.index(file.len() - starts[0]);
            file[at] = value;
            first = first.min(at);
        }
        let before = whole(&starts, first);
        let contacts = read(&file).0;
        prop_assert_eq!(&contacts[..before], &sound[..before]);
    }
}
