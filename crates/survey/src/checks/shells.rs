//! Ways in for people: SSH, VNC, Telnet. Only what is negotiated before a login is looked at.
//!
//! That they are there is a finding of the rung `identified`; whether it is allowed is the policy's to say. What climbs: Telnet sends
//! passwords in the clear and names its host, a VNC server with security type 1 hands its screen to anybody (RFC 6143, 7.1.2), an SSH server
//! of protocol 1 is broken.

use watchpost_core::inventory::Rung;

use super::{Finding, Look, RESTRICT, Remedy, Spec, find, told};
use crate::talk::{Failed, Wait};

const PROTOCOL: Remedy = Remedy { place: "sshd_config", line: "Protocol 2" };
const VNC_TYPES: Remedy = Remedy {
    place: "the VNC server's options (TigerVNC; x11vnc: -rfbauth FILE)",
    line: "SecurityTypes=TLSVnc",
};
const NO_TELNET: Remedy =
    Remedy { place: "inetd.conf", line: "#telnet stream tcp nowait root /usr/sbin/telnetd telnetd" };

pub(super) const SSH: Spec = Spec {
    name: "ssh",
    help: "SSH that strangers reach",
    asks: "nothing: the server's identification is read",
    tcp: &[22, 2222],
    udp: &[],
    protocols: &["ssh"],
    rungs: &[Rung::Identified, Rung::Discloses],
    fixes: &[RESTRICT, PROTOCOL],
    techniques: &["T1133"],
    look: ssh,
};

/// The protocol's version, e.g. `2.0`.
fn ssh_version(bytes: &[u8]) -> Option<&str> {
    // Lines may stand before it (RFC 4253, 4.2).
    let line = bytes.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"SSH-"))?;
    let version = line.get(..line.iter().position(|byte| *byte == b'-')?)?;
    let fits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    (version.len() <= 8 && version.iter().all(fits)).then(|| std::str::from_utf8(version).ok()).flatten()
}

fn ssh(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let heard = look.visit().connect()?.hear_with(Wait::Greeting, |bytes| ssh_version(bytes).is_some())?;
    let Some(version) = ssh_version(&heard) else { return Ok(Vec::new()) };
    let evidence = vec![format!("SSH protocol {version}")];
    // 1.99 is how a server of protocol 2 says that it takes 1 as well.
    Ok(vec![if version.starts_with("1.") {
        look.finding(Rung::Discloses, "SSH of protocol 1", evidence, PROTOCOL)
    } else {
        look.finding(Rung::Identified, "SSH within reach", evidence, RESTRICT)
    }])
}

pub(super) const VNC: Spec = Spec {
    name: "vnc",
    help: "VNC that strangers reach, or use without a password",
    asks: "the server's own RFB version, then its security types are read",
    tcp: &[5900, 5901, 5902],
    udp: &[],
    protocols: &["vnc"],
    rungs: &[Rung::Identified, Rung::Sensitive],
    fixes: &[VNC_TYPES, RESTRICT],
    techniques: &["T1133"],
    look: vnc,
};

/// The greeting is of twelve bytes: `RFB 003.008` and a line break.
const GREETING: usize = 12;

/// Which version to answer a greeting with: 3.3 (also for what is between), 3.7 or 3.8.
fn rfb_answer(greeting: &[u8]) -> Option<&'static [u8; GREETING]> {
    let version = greeting.get(..GREETING)?.strip_prefix(b"RFB ")?;
    let number = |at: usize| std::str::from_utf8(version.get(at..at + 3)?).ok()?.parse::<u16>().ok();
    Some(match (number(0)?, number(4)?) {
        (0..3, _) => return None,
        (3, 0..7) => b"RFB 003.003\n",
        (3, 7) => b"RFB 003.007\n",
        _ => b"RFB 003.008\n",
    })
}

/// The security types of what follows the versions; none while it is not whole.
fn rfb_types(bytes: &[u8], old: bool) -> Option<&[u8]> {
    if old {
        // One number of four bytes, decided by the server.
        return bytes.get(3..4);
    }
    let (count, types) = bytes.split_first()?;
    types.get(..usize::from(*count))
}

fn vnc(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let visit = look.visit();
    let mut line = visit.connect()?;
    let greeting = line.hear_with(Wait::Greeting, |bytes| bytes.len() >= GREETING)?;
    let Some(answer) = rfb_answer(&greeting) else { return Ok(Vec::new()) };
    let version = told(greeting.get(..GREETING).unwrap_or_default());
    line.say(answer)?;
    let old = answer == b"RFB 003.003\n";
    let heard = line.hear(|bytes| rfb_types(bytes, old).is_some())?;
    let types = rfb_types(&heard, old).unwrap_or_default();
    let names: Vec<String> = types.iter().map(u8::to_string).collect();
    let evidence = vec![version, format!("security types {}", names.join(", "))];
    Ok(vec![if types.contains(&1) {
        look.finding(Rung::Sensitive, "VNC without a password", evidence, VNC_TYPES)
    } else {
        look.finding(Rung::Identified, "VNC within reach", evidence, RESTRICT)
    }])
}

pub(super) const TELNET: Spec = Spec {
    name: "telnet",
    help: "Telnet: passwords in the clear, and at times a shell without one",
    asks: "nothing: options and prompt are read, and not answered",
    tcp: &[23, 2323],
    udp: &[],
    protocols: &["telnet"],
    rungs: &[Rung::Discloses, Rung::Sensitive],
    fixes: &[NO_TELNET],
    techniques: &["T1133"],
    look: telnet,
};

/// What a Telnet server began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    /// Options alone: it waits for ours.
    Options,
    /// It asks who we are.
    Login,
    /// It takes commands.
    Shell,
}

fn prompt(bytes: &[u8]) -> Option<Prompt> {
    let options = matches!(bytes, [IAC, 0xfb..=0xfe, _, ..]);
    let text = without_options(bytes);
    let last = text.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let last = last.to_ascii_lowercase();
    let asks = [&b"login"[..], b"username", b"password"].iter().any(|word| find(&last, word).is_some());
    match last.last() {
        Some(b':') if asks => Some(Prompt::Login),
        Some(b'#' | b'$') if options => Some(Prompt::Shell),
        _ => options.then_some(Prompt::Options),
    }
}

/// "Interpret as command" (RFC 854).
const IAC: u8 = 0xff;

/// What is left as text: options have numbers that are letters too (35 is both `#` and X-DISPLAY-LOCATION).
fn without_options(mut bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    while let [byte, rest @ ..] = bytes {
        bytes = match (byte, rest) {
            (&IAC, [0xfb..=0xfe, _, rest @ ..]) => rest,
            // A subnegotiation, to its end.
            (&IAC, [0xfa, rest @ ..]) => {
                let end = find(rest, &[IAC, 0xf0]).map_or(rest.len(), |end| end + 2);
                rest.get(end..).unwrap_or_default()
            }
            (&IAC, [_, rest @ ..]) => rest,
            (&IAC, []) => rest,
            (byte, rest) => {
                text.push(*byte);
                rest
            }
        };
    }
    text
}

fn telnet(look: &Look<'_>) -> Result<Vec<Finding>, Failed> {
    let visit = look.visit();
    let mut line = visit.connect()?;
    let mut heard = line.hear_with(Wait::Greeting, |bytes| prompt(bytes).is_some())?;
    if prompt(&heard) == Some(Prompt::Options) {
        heard.extend(line.hear(|bytes| matches!(prompt(bytes), Some(Prompt::Login | Prompt::Shell)))?);
    }
    let Some(prompt) = prompt(&heard) else { return Ok(Vec::new()) };
    let evidence = match prompt {
        Prompt::Options => "negotiates options (RFC 854)",
        Prompt::Login => "asks for a login",
        Prompt::Shell => "a shell's prompt, and no login",
    };
    let evidence = vec![evidence.to_owned()];
    Ok(vec![if prompt == Prompt::Shell {
        look.finding(Rung::Sensitive, "Telnet without a login", evidence, NO_TELNET)
    } else {
        look.finding(Rung::Discloses, "Telnet: passwords in the clear", evidence, NO_TELNET)
    }])
}

pub(super) fn read_anything(bytes: &[u8]) {
    let _ = (
        ssh_version(bytes),
        rfb_answer(bytes),
        rfb_types(bytes, true),
        rfb_types(bytes, false),
        prompt(bytes),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_versions_are_told() {
        assert_eq!(ssh_version(b"SSH-2.0-OpenSSH_9.2p1\r\n"), Some("2.0"));
        assert_eq!(ssh_version(b"hello\r\nSSH-1.99-x\r\n"), Some("1.99"));
        assert_eq!(ssh_version(b"SSH-2.0"), None);
        assert_eq!(ssh_version(b"SSH-x-y\r\n"), None);
    }

    #[test]
    fn security_types_of_both_forms() {
        assert_eq!(rfb_answer(b"RFB 003.008\n"), Some(b"RFB 003.008\n"));
        assert_eq!(rfb_answer(b"RFB 003.889\n"), Some(b"RFB 003.008\n"));
        assert_eq!(rfb_answer(b"RFB 003.003\n"), Some(b"RFB 003.003\n"));
        assert_eq!(rfb_answer(b"RFB abc.008\n"), None);
        assert_eq!(rfb_types(&[2, 1, 2], false), Some(&[1, 2][..]));
        assert_eq!(rfb_types(&[2, 1], false), None);
        assert_eq!(rfb_types(&[0, 0, 0, 1], true), Some(&[1][..]));
    }

    #[test]
    fn prompts_tell_a_login_from_a_shell() {
        assert_eq!(
            prompt(b"\xff\xfd\x18\xff\xfd\x23\xff\xfd\x24"),
            Some(Prompt::Options),
            "X-DISPLAY-LOCATION is no prompt"
        );
        assert_eq!(prompt(b"\xff\xfd\x18\xff\xfa\x18\x01 # \xff\xf0"), Some(Prompt::Options));
        assert_eq!(prompt(b"\xff\xfd\x18Debian GNU/Linux 12\r\nhost login: "), Some(Prompt::Login));
        assert_eq!(prompt(b"\xff\xfb\x01\r\nBusyBox v1.35\r\n# "), Some(Prompt::Shell));
        assert_eq!(prompt(b"SSH-2.0-x\r\n"), None);
        assert_eq!(prompt(b"\xff\xff\xff"), None);
    }
}
