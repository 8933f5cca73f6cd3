//! What is said over UDP, for services answer only what they understand. Each is the smallest question of its protocol that needs no
//! credentials and changes nothing.

use std::borrow::Cow;

/// The ports that have words of their own, rising: what a survey of UDP asks where nothing else is said.
pub const PORTS: [u16; 26] = [
    7, 17, 19, 53, 69, 111, 123, 137, 161, 177, 389, 500, 623, 1194, 1434, 1900, 3283, 3478, 3702, 5060,
    5351, 5353, 5683, 10_001, 11_211, 47_808,
];

/// The words for a port; `id` becomes the number of the question where the protocol has one.
pub fn payload(port: u16, id: u16) -> Cow<'static, [u8]> {
    let [high, low] = id.to_be_bytes();
    match port {
        // Echo, quote of the day, character generator (RFC 862, 865, 864): anything will do.
        7 | 17 | 19 => Cow::Borrowed(b"\r\n"),
        // DNS (RFC 1035): version.bind, TXT, CHAOS, which resolvers and authorities answer or refuse.
        53 => numbered(high, low, b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03"),
        // mDNS (RFC 6762): all services, the answer to us alone.
        5353 => numbered(
            high,
            low,
            b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09_services\x07_dns-sd\x04_udp\x05local\x00\x00\x0c\x80\x01",
        ),
        // NetBIOS name service (RFC 1002): the status of `*`.
        137 => numbered(
            high,
            low,
            b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00\x00\x21\x00\x01",
        ),
        // TFTP (RFC 1350): a file that is not there. It answers from another port, so most often only a refusal is seen.
        69 => Cow::Borrowed(b"\x00\x01watchpost-asks\x00octet\x00"),
        // ONC RPC (RFC 5531): portmapper, version 2, procedure 0, which does nothing.
        111 => {
            let mut call = vec![0, 0, high, low];
            call.extend_from_slice(b"\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0\x00\x00\x00\x02");
            call.extend_from_slice(&[0; 20]);
            Cow::Owned(call)
        }
        // NTP (RFC 5905): a client's request, version 4.
        123 => {
            let mut request = vec![0; 48];
            request[0] = 0x23;
            request[46..].copy_from_slice(&[high, low]);
            Cow::Owned(request)
        }
        // SNMPv3 (RFC 3414): discovery of the engine, without a user: no community is tried.
        161 => {
            let mut get = b"\x30\x3a\x02\x01\x03\x30\x0f\x02\x02\x00\x00\x02\x03\x00\xff\xe3\x04\x01\x04\x02\x01\x03\x04\x10\
                \x30\x0e\x04\x00\x02\x01\x00\x02\x01\x00\x04\x00\x04\x00\x04\x00\x30\x12\x04\x00\x04\x00\xa0\x0c\
                \x02\x02\x00\x00\x02\x01\x00\x02\x01\x00\x30\x00"
                .to_vec();
            // Numbers of a message are not negative.
            get[9..11].copy_from_slice(&[high & 0x7f, low]);
            let request = get.len() - 10;
            get[request..request + 2].copy_from_slice(&[high & 0x7f, low]);
            Cow::Owned(get)
        }
        // XDMCP (X.org): a query without authentication names.
        177 => Cow::Borrowed(b"\x00\x01\x00\x02\x00\x01\x00"),
        // Connectionless LDAP (MS-ADTS 3.1.1.3): the root's supported versions.
        389 => Cow::Borrowed(
            b"\x30\x3b\x02\x01\x01\x63\x36\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\
              \x87\x0bobjectClass\x30\x16\x04\x14supportedLDAPVersion",
        ),
        // IKEv2 (RFC 7296): a header that says version 2 and asks for nothing; responders answer with what they do not like.
        500 => {
            let mut header = b"WATCHP".to_vec();
            header.extend_from_slice(&[high, low]);
            header.extend_from_slice(&[0; 8]);
            header.extend_from_slice(b"\x21\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00\x38");
            // A security association with one proposal of IKE: AES-CBC-256, HMAC-SHA2-256, group 14.
            header.extend_from_slice(b"\x00\x00\x00\x1c\x00\x00\x00\x18\x01\x01\x00\x01\x03\x00\x00\x0c\x01\x00\x00\x0c\x80\x0e\x01\x00\x00\x00\x00\x00");
            Cow::Owned(header)
        }
        // RMCP (IPMI 2.0, 13.2): presence ping of ASF.
        623 => Cow::Borrowed(b"\x06\x00\xff\x06\x00\x00\x11\xbe\x80\x00\x00\x00"),
        // OpenVPN: a client's hard reset, version 2.
        1194 => {
            let mut reset = vec![0x38];
            reset.extend_from_slice(b"WATCHP");
            reset.extend_from_slice(&[high, low, 0, 0, 0, 0, 0]);
            Cow::Owned(reset)
        }
        // SQL Server resolution (MS-SQLR): the instances.
        1434 => Cow::Borrowed(b"\x03"),
        // SSDP (UPnP 1.1): a search to one host.
        1900 => Cow::Borrowed(
            b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n",
        ),
        // Apple Remote Desktop: a status request.
        3283 => Cow::Borrowed(b"\x00\x14\x00\x00"),
        // STUN (RFC 8489): a binding request.
        3478 => {
            let mut request = b"\x00\x01\x00\x00\x21\x12\xa4\x42watchpost-".to_vec();
            request.extend_from_slice(&[high, low]);
            Cow::Owned(request)
        }
        // WS-Discovery (OASIS 1.1): a probe for anything.
        3702 => Cow::Borrowed(
            b"<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" \
              xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\">\
              <e:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>urn:uuid:0</a:MessageID>\
              </e:Header><e:Body><d:Probe/></e:Body></e:Envelope>",
        ),
        // SIP (RFC 3261): what it can do.
        5060 => Cow::Borrowed(
            b"OPTIONS sip:watchpost@invalid SIP/2.0\r\nVia: SIP/2.0/UDP invalid;branch=z9hG4bKwatchpost;rport\r\nFrom: <sip:watchpost@invalid>;tag=w\r\n\
              To: <sip:watchpost@invalid>\r\nCall-ID: watchpost\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        ),
        // NAT-PMP (RFC 6886): the outer address.
        5351 => Cow::Borrowed(b"\x00\x00"),
        // CoAP (RFC 7252): the list of resources.
        5683 => {
            let mut get = vec![0x40, 1, high, low];
            get.extend_from_slice(b"\xbb.well-known\x04core");
            Cow::Owned(get)
        }
        // Ubiquiti's discovery.
        10_001 => Cow::Borrowed(b"\x01\x00\x00\x00"),
        // memcached: its version, in a frame of UDP.
        11_211 => numbered(high, low, b"\x00\x00\x00\x01\x00\x00version\r\n"),
        // BACnet (ASHRAE 135, J): read the object's name of any device.
        47_808 => Cow::Borrowed(b"\x81\x0a\x00\x11\x01\x04\x00\x05\x01\x0c\x0c\x02\x3f\xff\xff\x19\x4d"),
        _ => Cow::Borrowed(b""),
    }
}

/// A question that begins with its number.
fn numbered(high: u8, low: u8, rest: &[u8]) -> Cow<'static, [u8]> {
    let mut question = vec![high, low];
    question.extend_from_slice(rest);
    Cow::Owned(question)
}
