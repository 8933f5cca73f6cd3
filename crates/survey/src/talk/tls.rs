//! TLS with whoever it is. A survey reads what a service shows to strangers: certificates are looked at and never trusted, and nothing
//! secret is ever said over such a line.

use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::Failed;
use super::socket::Until;

/// Bytes of a handshake, as they come; also of what comes after it. A chain of certificates has some 6,000; words come in records of up to
/// 16,384, which are read whole.
const BYTES: usize = 32 << 10;

/// What a handshake showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// e.g. `TLS 1.3`.
    pub version: Option<&'static str>,
    /// The certificates, DER, the server's own first.
    pub certificates: Vec<Vec<u8>>,
    /// It asked us for a certificate.
    pub wants_certificate: bool,
    /// The application protocol that was agreed on.
    pub alpn: Option<Vec<u8>>,
}

/// A connection with TLS, and whether a certificate was asked of us.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    inner: StreamOwned<ClientConnection, Until<'a>>,
    asked: Arc<Asked>,
}

impl<'a> Stream<'a> {
    pub(super) fn socket(&mut self) -> &mut Until<'a> {
        &mut self.inner.sock
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(into)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Makes handshakes.
#[derive(Debug)]
pub(super) struct Client {
    provider: Arc<CryptoProvider>,
}

impl Client {
    pub(super) fn new() -> Result<Self, Failed> {
        Ok(Self { provider: Arc::new(ring::default_provider()) })
    }

    /// Shakes hands; `name` goes out as SNI, without one the address does not. What came until then is counted by `acknowledged`, however it ends.
    pub(super) fn shake<'a>(
        &self,
        mut stream: Until<'a>,
        host: IpAddr,
        name: Option<&str>,
        acknowledged: &mut u32,
    ) -> Result<Stream<'a>, Failed> {
        let tls = |error: &dyn std::fmt::Display| Failed::Tls(error.to_string());
        let asked = Arc::new(Asked::default());
        // A configuration of its own for each connection: sessions are never resumed, and what is asked of us is this server's.
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| tls(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(Arc::clone(&self.provider))))
            .with_client_cert_resolver(Arc::clone(&asked) as Arc<dyn ResolvesClientCert>);
        config.resumption = rustls::client::Resumption::disabled();
        let name = match name {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(|error| tls(&error))?,
            None => ServerName::IpAddress(host.into()),
        };
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| tls(&error))?;
        stream.bound(BYTES);
        while connection.is_handshaking() {
            let went = connection.complete_io(&mut stream);
            *acknowledged += stream.acknowledged();
            match went {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(match Failed::from(error) {
                        failed @ (Failed::Stopped(_) | Failed::Silent) => failed,
                        // Before TLS 1.3 a server that insists ends the handshake, with one of several alerts.
                        failed if asked.0.load(Ordering::Relaxed) => {
                            Failed::Tls(format!("a client certificate was asked for: {failed}"))
                        }
                        failed => tls(&failed),
                    });
                }
            }
        }
        stream.bound(BYTES);
        Ok(Stream { inner: StreamOwned::new(connection, stream), asked })
    }
}

pub(super) fn seen(stream: &Stream<'_>) -> Seen {
    let connection = &stream.inner.conn;
    let certificates = connection.peer_certificates().unwrap_or_default();
    Seen {
        version: connection.protocol_version().map(|version| match version {
            rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2",
            rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3",
            _ => "TLS",
        }),
        certificates: certificates.iter().map(|certificate| certificate.to_vec()).collect(),
        wants_certificate: stream.asked.0.load(Ordering::Relaxed),
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
    }
}

/// Has no certificate, and notes that one was wanted.
#[derive(Debug, Default)]
struct Asked(AtomicBool);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Whoever it is will do; its signatures are still checked, so that a certificate that is shown is one whose key is there.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
