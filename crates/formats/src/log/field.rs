//! Fields of lines: numbers and addresses, read without allocating.

use std::net::Ipv6Addr;

use watchpost_core::net::Address;

/// A decimal number that fits.
#[inline]
pub fn number<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let mut sum = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum * 10 + u64::from(digit);
    }
    T::try_from(sum).ok()
}

/// An IPv4 or IPv6 address; a scope behind `%` is left out.
#[inline]
pub fn address(text: &[u8]) -> Option<Address> {
    v4(text).or_else(|| v6(text))
}

#[inline]
fn v4(text: &[u8]) -> Option<Address> {
    let (mut octets, mut place) = ([0_u8; 4], 0);
    let (mut value, mut digits) = (0_u32, 0);
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + u32::from(digit);
            digits += 1;
            if digits > 3 {
                return None;
            }
        } else if byte == b'.' && digits > 0 && place < 3 && value <= 255 {
            octets[place] = value as u8;
            place += 1;
            (value, digits) = (0, 0);
        } else {
            return None;
        }
    }
    if place != 3 || digits == 0 || value > 255 {
        return None;
    }
    octets[3] = value as u8;
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

    #[test]
    fn numbers_fit_or_are_none() {
        assert_eq!(number::<u16>(b"65535"), Some(65_535));
        assert_eq!((number::<u16>(b"65536"), number::<u16>(b""), number::<u64>(b"-1")), (None, None, None));
        assert_eq!(number::<u64>(b"99999999999999999999"), None);
    }
}
