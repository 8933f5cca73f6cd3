//! Fields of lines: numbers and addresses, read without allocating.

use std::net::Ipv6Addr;

use watchpost_core::net::Address;

const ONES: u64 = 0x0101_0101_0101_0101;

/// Which of eight bytes are this one: the highest bit of each, the first byte lowest.
#[inline(always)]
pub(crate) fn equal(eight: &[u8; 8], byte: u8) -> u64 {
    const LOW: u64 = 0x7f * ONES;
    let different = u64::from_le_bytes(*eight) ^ (u64::from(byte) * ONES);
    !(((different & LOW) + LOW) | different | LOW)
}

/// A decimal number that fits.
#[inline]
pub fn number<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let (mut sum, mut rest) = (0_u64, text);
    while let Some((eight, behind)) = rest.split_first_chunk() {
        sum = sum * 100_000_000 + eight_digits(eight)?;
        rest = behind;
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum * 10 + u64::from(digit);
    }
    T::try_from(sum).ok()
}

/// All eight at once: pairs, then fours, then the whole.
#[inline(always)]
fn eight_digits(eight: &[u8; 8]) -> Option<u64> {
    let digits = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'0'));
    // 118 and a digit stay below 128.
    if (digits | digits.wrapping_add(118 * ONES)) & (128 * ONES) != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// An IPv4 or IPv6 address; a scope behind `%` is left out.
#[inline]
pub fn address(text: &[u8]) -> Option<Address> {
    v4(text).or_else(|| v6(text))
}

/// Octets are of one to three digits in no foreseeable order, so they are cut out of one word instead of being walked.
#[inline]
fn v4(text: &[u8]) -> Option<Address> {
    let mut left = text.len();
    // What is shorter has eight bytes all the same: zeros are neither digits nor points.
    let (first, last) = match left {
        9..=15 => (*text.first_chunk()?, *text.last_chunk()?),
        8 => (*text.first_chunk()?, [0; 8]),
        7 => {
            let mut first = [0; 8];
            first[..7].copy_from_slice(text);
            (first, [0; 8])
        }
        _ => return None,
    };
    // Of the last eight, those that are not among the first.
    let high = if left > 8 { u64::from_le_bytes(last) >> (8 * (16 - left)) } else { 0 };
    let mut word = u128::from(high) << 64 | u128::from(u64::from_le_bytes(first));
    let mut points = u128::from(equal(&high.to_le_bytes(), b'.')) << 64 | u128::from(equal(&first, b'.'));
    let mut octets = [0_u8; 4];
    for (place, octet) in octets.iter_mut().enumerate() {
        let length = if place < 3 { points.trailing_zeros() as usize / 8 } else { left };
        if length.wrapping_sub(1) > 2 {
            return None;
        }
        // Right-aligned, with zeros for the digits that are not there.
        let missing = 8 * (3 - length) as u32;
        let digits = ((word as u32) << missing ^ 0x30_3030 << missing) & 0xff_ffff;
        if (digits | digits.wrapping_add(0x76_7676)) & 0x80_8080 != 0 {
            return None;
        }
        let value = (digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 + (digits >> 16);
        *octet = u8::try_from(value).ok()?;
        let behind = (length + 1).min(left);
        (word, points, left) = (word >> (8 * behind), points >> (8 * behind), left - behind);
    }
    Some(Address::v4(octets))
}

#[cold]
fn v6(text: &[u8]) -> Option<Address> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.split('%').next()?;
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let address: Ipv6Addr = text.parse().ok()?;
    Some(std::net::IpAddr::from(address).to_canonical().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn addresses_read_as_the_standard_library_reads_them(v4 in any::<u32>(), v6 in any::<u128>()) {
            let v4 = std::net::Ipv4Addr::from(v4);
            prop_assert_eq!(address(v4.to_string().as_bytes()), Some(std::net::IpAddr::from(v4).into()));
            let v6 = Ipv6Addr::from(v6);
            prop_assert_eq!(address(v6.to_string().as_bytes()), Some(std::net::IpAddr::from(v6).to_canonical().into()));
        }

        #[test]
        fn rubbish_is_no_address(text in "[0-9.:a-f]{0,24}") {
            let read: Option<Address> =
                text.parse::<std::net::IpAddr>().ok().map(|a| a.to_canonical().into());
            // Leading zeros are read here and not there.
            if !text.split('.').any(|part| part.len() > 1 && part.starts_with('0')) {
                prop_assert_eq!(address(text.as_bytes()), read);
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_read_as_the_standard_library_reads_them(value in any::<u64>(), text in "[0-9]{0,20}|[0-9/:]{1,19}", at in 0_usize..19, byte in any::<u8>()) {
            let value = value.to_string();
            for text in [value.as_str(), text.as_str()] {
                let fits = text.parse::<u64>().ok().filter(|_| text.len() < 20);
                prop_assert_eq!(number::<u64>(text.as_bytes()), fits);
            }
            let mut broken = value.into_bytes();
            let at = at % broken.len();
            broken[at] = byte;
            prop_assert_eq!(number::<u64>(&broken).is_some(), broken.len() < 20 && byte.is_ascii_digit());
        }

        #[test]
        fn bytes_of_all_kinds_are_found(eight in any::<[u8; 8]>(), byte in any::<u8>()) {
            let found = (0..8).filter(|at| equal(&eight, byte) >> (8 * at) & 0xff == 0x80);
            prop_assert!(found.eq((0..8).filter(|at| eight[*at] == byte)));
            prop_assert_eq!(equal(&eight, byte).count_ones() as usize, eight.iter().filter(|b| **b == byte).count());
        }

        #[test]
        fn broken_addresses_are_none(value in any::<u32>(), at in 0_usize..15, byte in any::<u8>()) {
            let mut text = std::net::Ipv4Addr::from(value).to_string().into_bytes();
            let at = at % text.len();
            text[at] = byte;
            let read = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<std::net::Ipv4Addr>().ok());
            // Leading zeros are read here and not there.
            if !text.split(|b| *b == b'.').any(|part| part.len() > 1 && part[0] == b'0') {
                prop_assert_eq!(v4(&text), read.map(|address| Address::v4(address.octets())));
            }
        }
    }

    #[test]
    fn numbers_fit_or_are_none() {
        assert_eq!(number::<u16>(b"65535"), Some(65_535));
        assert_eq!((number::<u16>(b"65536"), number::<u16>(b""), number::<u64>(b"-1")), (None, None, None));
        assert_eq!(number::<u64>(b"99999999999999999999"), None);
    }
}
