//! Protocols that are told apart.

use serde::{Deserialize, Serialize};

/// A protocol, by what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Protocol {
    #[default]
    Unknown,
    Ssh,
    Http,
    Tls,
    Ftp,
    Smtp,
    Pop3,
    Imap,
    Telnet,
    Vnc,
    Rsync,
    Mysql,
    Postgres,
    Redis,
    Memcached,
    Mongo,
    Rdp,
    Smb,
    Ldap,
    Socks,
    Rtsp,
    Sip,
    Dns,
    Snmp,
    Ntp,
    Ssdp,
}

impl Protocol {
    const ALL: [(Self, &str); 26] = [
        (Self::Unknown, ""),
        (Self::Ssh, "ssh"),
        (Self::Http, "http"),
        (Self::Tls, "tls"),
        (Self::Ftp, "ftp"),
        (Self::Smtp, "smtp"),
        (Self::Pop3, "pop3"),
        (Self::Imap, "imap"),
        (Self::Telnet, "telnet"),
        (Self::Vnc, "vnc"),
        (Self::Rsync, "rsync"),
        (Self::Mysql, "mysql"),
        (Self::Postgres, "postgresql"),
        (Self::Redis, "redis"),
        (Self::Memcached, "memcached"),
        (Self::Mongo, "mongodb"),
        (Self::Rdp, "rdp"),
        (Self::Smb, "smb"),
        (Self::Ldap, "ldap"),
        (Self::Socks, "socks"),
        (Self::Rtsp, "rtsp"),
        (Self::Sip, "sip"),
        (Self::Dns, "dns"),
        (Self::Snmp, "snmp"),
        (Self::Ntp, "ntp"),
        (Self::Ssdp, "ssdp"),
    ];

    /// In lower case; empty where it is not recognised.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// By its place in the order of this enum; unknown where there is no such place.
    pub fn from_number(number: u32) -> Self {
        Self::ALL.get(number as usize).map_or(Self::Unknown, |(protocol, _)| *protocol)
    }

    /// Whether the server speaks first (RFC 4253, 959, 5321, 1939, 9051, 6143 and the programs' own documents). In all
    /// others a server's words mean that the client spoke, captured or not.
    pub fn greets(self) -> bool {
        matches!(
            self,
            Self::Ssh
                | Self::Ftp
                | Self::Smtp
                | Self::Pop3
                | Self::Imap
                | Self::Vnc
                | Self::Rsync
                | Self::Mysql
        )
    }

    /// Whether a client goes on with requests of the same form.
    pub fn goes_on(self) -> bool {
        matches!(
            self,
            Self::Http
                | Self::Redis
                | Self::Ftp
                | Self::Smtp
                | Self::Pop3
                | Self::Imap
                | Self::Memcached
                | Self::Rtsp
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_has_its_own_name_in_its_place() {
        for (place, (protocol, _)) in Protocol::ALL.iter().enumerate() {
            assert_eq!((*protocol as usize, Protocol::from_number(place as u32)), (place, *protocol));
        }
        assert_eq!((Protocol::Ssdp.name(), Protocol::from_number(31)), ("ssdp", Protocol::Unknown));
    }
}
