//! Sizes in bytes as people write them: `512MiB`, `4G`, `2GB`.

use crate::exit::Failure;

/// With less than this the state's own tables do not fit.
const LEAST: u64 = 16 << 20;

/// Bytes. K, M, G, T with or without `iB` are powers of 1,024; `kB`, `MB`, `GB`, `TB` powers of 1,000.
///
/// # Errors
/// No number, an unknown unit, or less than 16 MiB.
pub fn parse(typed: &str) -> Result<u64, Failure> {
    let wrong = |why: &str| {
        Failure::usage(
            format!("--memory {typed}: {why}"),
            "Write a number and a unit, such as 512MiB, 4GiB or 4G.",
        )
    };
    let text = typed.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong("not a size"))?;
    let unit: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024f64.powi(2),
        "g" | "gib" => 1024f64.powi(3),
        "t" | "tib" => 1024f64.powi(4),
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        other => return Err(wrong(&format!("{other:?} is no unit of size"))),
    };
    let bytes = number * unit;
    if bytes >= 2f64.powi(63) {
        return Err(wrong("no machine has that much"));
    }
    let bytes = bytes as u64;
    if bytes < LEAST {
        return Err(wrong("too little, it takes at least 16MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_as_people_write_them() {
        for (typed, bytes) in [
            ("512MiB", 512 << 20),
            ("512m", 512 << 20),
            ("4G", 4 << 30),
            ("1.5 GiB", 3 << 29),
            ("64MB", 64_000_000),
            ("16777216", 16 << 20),
        ] {
            assert_eq!(parse(typed).unwrap(), bytes, "{typed}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (typed, part) in [
            ("512", "too little"),
            ("1M", "at least 16MiB"),
            ("lots", "not a size"),
            ("", "not a size"),
            ("5 parsecs", "\"parsecs\" is no unit"),
            ("99999999T", "no machine"),
            ("-4G", "not a size"),
        ] {
            let failure = parse(typed).unwrap_err();
            assert!(failure.message.contains(part), "{typed}: {}", failure.message);
        }
    }
}
