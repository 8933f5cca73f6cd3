//! The own address blocks: given on the command line or in a file of one prefix a line.
//!
//! A prefix whose host part is not zero (192.0.2.5/24) is refused and not corrected: it may mean the one address or the
//! whole network, and coverage, direction and severity would all be counted for the wrong one.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use crate::exit::{Failure, why};

/// Reads all values of `--blocks`; each is a list or the name of a file. None comes twice in the result.
///
/// # Errors
/// The first thing that is no prefix, with its place and what to write.
pub fn parse(typed: &[String]) -> Result<Vec<IpNet>, Failure> {
    let mut blocks = Vec::new();
    for value in typed.iter().filter(|value| !value.trim().is_empty()) {
        let path = Path::new(value);
        if path.is_dir() {
            return Err(Failure::usage(
                format!("--blocks {value}: a folder, not a file of prefixes"),
                "Give prefixes such as 192.0.2.0/24,2001:db8::/32, or a file with one a line.",
            ));
        }
        // Also a named pipe, such as a shell makes of <(command).
        if path.exists() { file(path, &mut blocks)? } else { list(value, &mut blocks)? }
    }
    Ok(blocks)
}

fn list(value: &str, blocks: &mut Vec<IpNet>) -> Result<(), Failure> {
    let mut parts = value.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()).peekable();
    if parts.peek().is_none() {
        return Err(Failure::usage(
            format!("--blocks {value}: there is no prefix in it"),
            "Give prefixes such as 192.0.2.0/24,2001:db8::/32, or leave the option out.",
        ));
    }
    for part in parts {
        let block = prefix(part).map_err(|(why, fix)| {
            let looks_like_a_file =
                !value.contains(',') && value.contains(|c: char| c.is_alphabetic()) && !value.contains(':');
            if looks_like_a_file {
                Failure::usage(
                    format!("--blocks {value}: neither a prefix nor a file that is there"),
                    "Give prefixes such as 192.0.2.0/24,2001:db8::/32, or a file with one a line.",
                )
            } else {
                Failure::usage(format!("--blocks {part}: {why}"), fix)
            }
        })?;
        add(block, blocks);
    }
    Ok(())
}

fn file(path: &Path, blocks: &mut Vec<IpNet>) -> Result<(), Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            format!("--blocks {name}: {}", why(&error)),
            "It should be a text file with one prefix a line.",
        )
    })?;
    let before = blocks.len();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim().trim_start_matches('\u{feff}');
        if line.is_empty() {
            continue;
        }
        let block = prefix(line).map_err(|(why, fix)| {
            Failure::usage(format!("--blocks {name}, line {number}: {line}: {why}"), fix)
        })?;
        add(block, blocks);
    }
    if blocks.len() == before {
        return Err(Failure::usage(
            format!("--blocks {name}: the file holds no prefix that was not given before"),
            "Write one prefix a line, such as 192.0.2.0/24; # begins a comment.",
        ));
    }
    Ok(())
}

/// A prefix, or an address alone; else what is wrong and what to write.
fn prefix(text: &str) -> Result<IpNet, (String, String)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let block: IpNet = text.parse().map_err(|_| {
        (
            "not an address prefix".to_owned(),
            "Write it as 192.0.2.0/24 or 2001:db8::/32, with commas between several.".to_owned(),
        )
    })?;
    let whole = block.trunc();
    if whole != block {
        let one = IpNet::from(block.addr());
        return Err((
            format!("there are bits behind the /{}", block.prefix_len()),
            format!("Write {whole} for the whole network, or {one} for the one address."),
        ));
    }
    Ok(block)
}

fn add(block: IpNet, blocks: &mut Vec<IpNet>) {
    if !blocks.contains(&block) {
        blocks.push(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn given(value: &str) -> Result<Vec<IpNet>, Failure> {
        parse(&[value.to_owned()])
    }

    fn in_file(text: &str) -> Result<Vec<IpNet>, Failure> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        given(file.path().to_str().unwrap())
    }

    #[test]
    fn bytes_that_are_no_text_are_said_to_be_none() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[0xff, 0xfe, 0]).unwrap();
        assert!(given(file.path().to_str().unwrap()).unwrap_err().message.ends_with("not a text file"));
    }

    #[test]
    fn a_list_of_prefixes_and_addresses() {
        let blocks = given("192.0.2.0/24, 2001:db8::/32,198.51.100.9,192.0.2.0/24").unwrap();
        let text: Vec<String> = blocks.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["192.0.2.0/24", "2001:db8::/32", "198.51.100.9/32"]);
    }

    #[test]
    fn a_file_with_comments() {
        let blocks = in_file("# ours\n\n192.0.2.0/24  # the office\r\n2001:db8::/32\n").unwrap();
        assert_eq!(blocks.len(), 2);
    }

    #[test]
    fn bits_behind_the_length_are_refused_with_both_readings() {
        let failure = given("192.0.2.5/24").unwrap_err();
        assert_eq!(failure.message, "--blocks 192.0.2.5/24: there are bits behind the /24");
        assert_eq!(
            failure.hint,
            "Write 192.0.2.0/24 for the whole network, or 192.0.2.5/32 for the one address."
        );
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let failure = in_file("192.0.2.0/24\n192.0.2.0/33\n").unwrap_err();
        assert!(
            failure.message.ends_with("line 2: 192.0.2.0/33: not an address prefix"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn a_missing_or_empty_file_is_told_apart_from_a_bad_prefix() {
        assert!(given("blocks.txt").unwrap_err().message.contains("neither a prefix nor a file"));
        assert!(
            given("192.0.2.0/24,nonsense").unwrap_err().message.contains("nonsense: not an address prefix")
        );
        assert!(given(",,").unwrap_err().message.contains("there is no prefix in it"));
        assert!(given(" ").unwrap().is_empty());
        assert!(given("/").unwrap_err().message.contains("a folder"));
        assert!(in_file("# nothing\n").unwrap_err().message.contains("no prefix"));
    }
}
