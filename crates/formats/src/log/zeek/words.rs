//! http.log, ssh.log, ssl.log, ftp.log and smtp.log: what was said. They make no contacts; who was touched stands in
//! conn.log, and both are read in one run.
//!
//! notice.log is recognised, and its lines are counted: a notice is a judgement of Zeek's policies. Even one that names a
//! scan (`Scan::Address_Scan`, `Scan::Port_Scan`) names at most one target and no port of it; what was touched
//! stands in conn.log.

use std::borrow::Cow;

use super::header::Kind;
use crate::log::Out;
use crate::log::field::{address, number};
use crate::log::words::{self, Talk};
use watchpost_core::contact::Time;
use watchpost_core::record::FactKind;
use watchpost_core::utterance::Protocol;

/// Fields that are read of all these logs together.
pub(super) const COUNT: usize = 24;
const FIELDS: &[&[u8]; COUNT] = &[
    b"ts",
    b"id.orig_h",
    b"id.orig_p",
    b"id.resp_h",
    b"id.resp_p",
    b"method",
    b"host",
    b"uri",
    b"version",
    b"user_agent",
    b"status_code",
    b"status_msg",
    b"client",
    b"server",
    b"server_name",
    b"subject",
    b"issuer",
    b"issuer_subject",
    b"command",
    b"arg",
    b"reply_msg",
    b"helo",
    b"last_reply",
    b"note",
];

const fn kind(path: &'static [u8], own: &'static [&'static [u8]]) -> Kind {
    Kind { path, fields: FIELDS, own }
}

pub(super) const HTTP: Kind = kind(b"http", &[b"method", b"uri", b"status_code"]);
pub(super) const SSH: Kind = kind(b"ssh", &[b"client", b"server"]);
pub(super) const SSL: Kind = kind(b"ssl", &[b"version", b"server_name"]);
pub(super) const FTP: Kind = kind(b"ftp", &[b"command", b"arg", b"reply_msg"]);
pub(super) const SMTP: Kind = kind(b"smtp", &[b"helo", b"last_reply"]);
pub(super) const NOTICE: Kind = kind(b"notice", &[b"note"]);

/// Hands on what a line tells.
///
/// # Errors
/// It names no two ends, or is a notice.
pub(super) fn told(
    kind: &Kind,
    time: Option<Time>,
    values: &[Cow<'_, [u8]>; COUNT],
    out: &mut Out<'_>,
) -> Result<(), &'static str> {
    let [_, orig_h, orig_p, resp_h, resp_p, method, host, uri, version, agent, status, reason, rest @ ..] =
        values;
    let [client, server, name, subject, issuer, old_issuer, command, arg, reply, helo, last_reply, note] =
        rest;
    let protocol = match kind.path {
        b"http" => Protocol::Http,
        b"ssh" => Protocol::Ssh,
        b"ssl" => Protocol::Tls,
        b"ftp" => Protocol::Ftp,
        b"smtp" => Protocol::Smtp,
        _ if note.starts_with(b"Scan::") => {
            return Err("a notice of a scan: what was touched stands in conn.log");
        }
        _ => return Err("a notice: a judgement, no contact"),
    };
    let talk = Talk {
        time: time.ok_or("its time has no known form")?,
        client: (
            address(orig_h).ok_or("id.orig_h is no address")?,
            number(orig_p).ok_or("id.orig_p is no port")?,
        ),
        server: (
            address(resp_h).ok_or("id.resp_h is no address")?,
            number(resp_p).ok_or("id.resp_p is no port")?,
        ),
        protocol,
    };
    match protocol {
        Protocol::Http => {
            // Zeek tells the version of the answer.
            let answered = if version.is_empty() { vec![] } else { [b"HTTP/", &version[..]].concat() };
            let said = words::Http {
                method,
                target: uri,
                host,
                agent,
                status,
                reason,
                answered: &answered,
                ..words::Http::default()
            };
            words::http(&talk, &said, out);
        }
        Protocol::Ssh => words::ssh(&talk, client, server, out),
        Protocol::Tls => {
            let issuer = if issuer.is_empty() { old_issuer } else { issuer };
            let said = words::Tls { version, name, subject, issuer, names: Vec::new() };
            words::tls(&talk, said, out);
        }
        Protocol::Ftp => {
            let request = [&command[..], arg].join(&b" "[..]);
            talk.client(&[(FactKind::Request, request.trim_ascii().into())], out);
            talk.server(&[(FactKind::Title, reply[..].into())], out);
        }
        _ => {
            let request = if helo.is_empty() { vec![] } else { [b"HELO ", &helo[..]].concat() };
            talk.client(&[(FactKind::Request, request.into()), (FactKind::UserAgent, agent[..].into())], out);
            talk.server(&[(FactKind::Title, last_reply[..].into())], out);
        }
    }
    Ok(())
}

/// What stands for bytes that a log escapes: `\x09`.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(text, b"\\x").is_none() {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let hex = rest.strip_prefix(b"\\x").and_then(|hex| std::str::from_utf8(hex.get(..2)?).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                out.push(value);
                rest = &rest[4..];
            }
            None => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    out.into()
}
