//! Snappy's raw format, as pages are compressed with it: literals, and copies of what came before.

/// Appends exactly `size` bytes to `out`; none where the input is damaged or gives another number of them.
pub(super) fn unpack(mut packed: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let said = length(&mut packed)?;
    if said != size {
        return None;
    }
    while !packed.is_empty() {
        let tag = take(&mut packed, 1)?;
        let count = match tag & 3 {
            0 => {
                let count = match tag >> 2 {
                    few @ 0..60 => few,
                    bytes => take(&mut packed, bytes - 59)?,
                } + 1;
                let (literal, rest) = packed.split_at_checked(count)?;
                (out.len() - start + count <= size).then(|| out.extend_from_slice(literal))?;
                packed = rest;
                continue;
            }
            1 => 4 + (tag >> 2 & 7),
            _ => 1 + (tag >> 2),
        };
        let back = match tag & 3 {
            1 => (tag >> 5) << 8 | take(&mut packed, 1)?,
            2 => take(&mut packed, 2)?,
            _ => take(&mut packed, 4)?,
        };
        let from = out.len().checked_sub(back).filter(|from| back > 0 && *from >= start)?;
        if out.len() - start + count > size {
            return None;
        }
        // The copy may reach into what it writes.
        for at in from..from + count {
            out.push(out[at]);
        }
    }
    (out.len() - start == size).then_some(())
}

/// A number of `count` bytes, the lowest first.
fn take(bytes: &mut &[u8], count: usize) -> Option<usize> {
    let (number, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(number.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

fn length(bytes: &mut &[u8]) -> Option<usize> {
    let mut length = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = take(bytes, 1)?;
        length |= (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn literals_and_copies() {
        let read = |packed: &[u8], size| {
            let mut out = b"before".to_vec();
            unpack(packed, size, &mut out).map(|()| out[6..].to_vec())
        };
        // "ab", then eight bytes from two back, then a literal whose length takes a byte of its own.
        let long = [&[10 + 62, 1 << 2, b'a', b'b', 4 << 2 | 1, 2, 60 << 2, 61][..], &[b'x'; 62]].concat();
        assert_eq!(read(&long, 72).unwrap(), [&b"ababababab"[..], &[b'x'; 62]].concat());
        assert_eq!(read(&[3, 0, b'a', 1 << 2 | 2, 1, 0], 3).unwrap(), b"aaa");
        assert_eq!(read(&[3, 0, b'a', 1 << 2 | 3, 1, 0, 0, 0], 3).unwrap(), b"aaa");
        // From before the beginning, from nowhere, too much, too little, cut off.
        for bad in [
            &[3, 0, b'a', 1 << 2 | 2, 2, 0][..],
            &[3, 0, b'a', 1 << 2 | 2, 0, 0],
            &[3, 0, b'a', 2 << 2 | 2, 1, 0],
            &[3, 0, b'a'],
            &[3, 8, b'a'],
            &[],
        ] {
            assert_eq!(read(bad, 3), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(packed in proptest::collection::vec(any::<u8>(), 0..60), size in 0_usize..300) {
            let mut out = Vec::new();
            let _ = unpack(&packed, size, &mut out);
            prop_assert!(out.len() <= size);
            let mut said = vec![size as u8 & 0x7f];
            said.extend(&packed);
            let _ = unpack(&said, size & 0x7f, &mut out);
        }
    }
}
