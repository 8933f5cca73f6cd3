//! SMB: that it can be reached at all, and whether it still speaks version 1.
//!
//! Two negotiations, each on a connection of its own, and nothing after them: SMB 1 with the one dialect `NT LM 0.12` ([MS-CIFS] 2.2.4.52)
//! and without extended security, to which a server answers with its workgroup and name; SMB 2.0.2 to 3.0.2 ([MS-SMB2] 2.2.3).

use watchpost_core::inventory::Rung;

use super::{Finding, Look, RESTRICT, Remedy, Spec, later};
use crate::talk::Failed;

const WINDOWS: Remedy =
    Remedy { place: "PowerShell", line: "Set-SmbServerConfiguration -EnableSMB1Protocol $false" };
const SAMBA: Remedy = Remedy { place: "smb.conf [global]", line: "server min protocol = SMB2_02" };

pub(super) const SPEC: Spec = Spec {
    name: "smb",
    help: "SMB that strangers reach, or that speaks version 1",
    asks: "a negotiation of SMB 1, a negotiation of SMB 2",
    tcp: &[445],
    udp: &[],
    protocols: &["smb"],
    rungs: &[Rung::Identified, Rung::Discloses],
    fixes: &[SAMBA, WINDOWS, RESTRICT],
    techniques: &["T1133"],
    look,
};

/// With the length that the session service wants in front (RFC 1002, 4.3.1).
fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = (message.len() as u32).to_be_bytes().to_vec();
    framed.extend(message);
    framed
}

fn version_1() -> Vec<u8> {
    let mut message = b"\xffSMB\x72\0\0\0\0\x18\x01\x40".to_vec(); // NEGOTIATE; flags; long names, NT status
    message.resize(32, 0);
    message.extend(b"\0\x0c\0\x02NT LM 0.12\0");
    framed(&message)
}

fn version_2() -> Vec<u8> {
    let mut message = b"\xfeSMB\x40\0".to_vec();
    message.resize(64, 0);
    // Structure of 36 bytes, four dialects, signing enabled, no capabilities, no GUID.
    message.extend([36, 0, 4, 0, 1]);
    message.resize(64 + 36, 0);
    for dialect in [0x0202_u16, 0x0210, 0x0300, 0x0302] {
        message.extend(dialect.to_le_bytes());
    }
    framed(&message)
}

/// The message within the frame, where it is whole.
fn message(bytes: &[u8]) -> Option<&[u8]> {
    let [0, a, b, c] = *bytes.first_chunk::<4>()? else { return None };
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    bytes.get(4..length.checked_add(4)?)
}

/// Whether SMB 1 was agreed on: 17 words, and the first dialect chosen.
fn takes_version_1(message: &[u8]) -> bool {
    message.starts_with(b"\xffSMB\x72\0\0\0\0")
        && message.get(32) == Some(&17)
        && message.get(33..35) == Some(&[0, 0])
}

/// What an answer of SMB 2 tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Second {
    dialect: u16,
    /// Messages must be signed.
    signed: bool,
    /// Samba's GUID is its name, filled with zeros; others' is random.
    samba: bool,
}

fn second(message: &[u8]) -> Option<Second> {
    let little = |at: usize| Some(u16::from_le_bytes(*message.get(at..)?.first_chunk()?));
    if !message.starts_with(b"\xfeSMB") || little(64)? != 65 {
        return None;
    }
    let guid = message.get(72..88)?;
    let name = guid.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
    let samba = name > 0 && guid.iter().skip(name).all(|byte| *byte == 0);
    Some(Second { dialect: little(68)?, signed: little(66)? & 2 != 0, samba })
}

/// 0x0302 is 3.0.2, 0x0210 is 2.1.
fn dialect(number: u16) -> String {
    let (major, middle, minor) = (number >> 8, number >> 4 & 15, number & 15);
    if minor == 0 { format!("{major}.{middle}") } else { format!("{major}.{middle}.{minor}") }
}

fn look(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let visit = look.visit();
    let ask = |words: &[u8]| {
        let mut line = visit.connect()?;
        line.say(words)?;
        line.hear(|bytes| message(bytes).is_some())
    };
    let first = match ask(&version_1()) {
        // Who does not speak version 1 breaks off.
        Err(Failed::Broken(_)) => Vec::new(),
        other => other?,
    };
    let old = message(&first).is_some_and(takes_version_1);
    let new = later(ask(&version_2()))?;
    let new = message(&new).and_then(second);
    let mut evidence = Vec::new();
    if old {
        evidence.push("SMB 1: NT LM 0.12 agreed on".to_owned());
    }
    if let Some(new) = new {
        let signing = if new.signed { "demanded" } else { "not demanded" };
        evidence.push(format!("SMB {}, signing {signing}", dialect(new.dialect)));
    }
    Ok(match (old, new) {
        (true, new) => {
            let samba = look.subject.is("samba") || new.is_some_and(|new| new.samba);
            let remedy = if samba { SAMBA } else { WINDOWS };
            vec![look.finding(Rung::Discloses, "SMB version 1", evidence, remedy)]
        }
        (false, Some(_)) => vec![look.finding(Rung::Identified, "SMB within reach", evidence, RESTRICT)],
        (false, None) => Vec::new(),
    })
}

pub(super) fn read_anything(bytes: &[u8]) {
    for part in [Some(bytes), message(bytes)].into_iter().flatten() {
        let _ = (takes_version_1(part), second(part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_have_their_names() {
        assert_eq!(
            [0x0202, 0x0210, 0x0300, 0x0302, 0x0311].map(dialect),
            ["2.0.2", "2.1", "3.0", "3.0.2", "3.1.1"]
        );
    }

    #[test]
    fn version_1_is_taken_only_where_a_dialect_was_chosen() {
        let mut answer = b"\xffSMB\x72\0\0\0\0".to_vec();
        answer.resize(32, 0);
        answer.extend([17, 0, 0]);
        assert!(takes_version_1(&answer));
        answer[33..].fill(0xff);
        assert!(!takes_version_1(&answer), "none of the dialects");
    }

    #[test]
    fn messages_have_the_lengths_that_they_say() {
        assert_eq!(message(&version_1()).map(<[u8]>::len), Some(32 + 3 + 12));
        assert_eq!(message(&version_2()).map(<[u8]>::len), Some(64 + 36 + 8));
        assert_eq!(message(&version_2()[..50]), None);
    }
}
