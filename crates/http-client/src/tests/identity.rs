//! Mutual TLS against a server that demands a certificate of its own authority.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::*;

/// An authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its private key, in PEM form.
struct Issued {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> Issued {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Issued { certificate, key: key.serialize_pem() }
    }

    fn client(&self) -> Issued {
        self.issue("connector", ExtendedKeyUsagePurpose::ClientAuth)
    }
}

impl Issued {
    fn pem(&self) -> SecretString {
        SecretString::from(format!("{}\n{}", self.certificate, self.key))
    }
}

/// A server that demands a certificate of this authority and answers with the number of certificates it was given.
async fn demanding(authority: &Authority) -> SocketAddr {
    let server = authority.issue("localhost", ExtendedKeyUsagePurpose::ServerAuth);
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(der(&authority.pem)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![der(&server.certificate)], PrivateKeyDer::from_pem_slice(server.key.as_bytes()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut connection) = acceptor.accept(connection).await else { return };
                let given = connection.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n{given}");
                let _ = connection.write_all(answer.as_bytes()).await;
                let _ = connection.shutdown().await;
            });
        }
    });
    address
}

fn url(address: SocketAddr) -> String {
    format!("https://localhost:{}/?q=hidden-query", address.port())
}

#[tokio::test]
async fn a_certificate_is_presented_to_who_demands_one() {
    let authority = Authority::new();
    let url = url(demanding(&authority).await);
    let plain = NetworkTransport::new(PATIENT).unwrap().trusting(authority.pem.as_bytes()).unwrap();
    let presenting = plain.with_identity(&authority.client().pem()).unwrap();
    let answer = presenting.send(request(&url)).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, b"1".as_slice()));
    // The order of certificate and key does not matter, and the transport it was made from is as before.
    let client = authority.client();
    let other_way = SecretString::from(format!("{}{}", client.key, client.certificate));
    assert!(plain.with_identity(&other_way).unwrap().send(request(&url)).await.is_ok());
    failure(&plain, &url).await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_rejected() {
    let authority = Authority::new();
    let url = url(demanding(&authority).await);
    let plain = NetworkTransport::new(PATIENT).unwrap().trusting(authority.pem.as_bytes()).unwrap();
    let stranger = Authority::new().client();
    let error = plain.with_identity(&stranger.pem()).unwrap().send(request(&url)).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hidden") && !text.contains("PRIVATE"), "{text}");
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_talked_to() {
    let authority = Authority::new();
    let url = url(demanding(&authority).await);
    let plain = NetworkTransport::new(PATIENT).unwrap();
    let presenting = plain.with_identity(&authority.client().pem()).unwrap();
    let error = presenting.send(request(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent { .. }), "{error}");
}

#[test]
fn what_is_no_certificate_with_its_key_is_refused_without_a_word_of_it() {
    let authority = Authority::new();
    let (client, other) = (authority.client(), authority.client());
    let transport = NetworkTransport::new(PATIENT).unwrap();
    for pem in [
        String::new(),
        "hidden".to_owned(),
        client.certificate.clone(),
        client.key.clone(),
        format!("{}{}", client.certificate, client.key.replace("PRIVATE KEY", "hidden KEY")),
        format!("{}-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----\n", client.certificate),
        format!("{}{}", client.certificate, other.key),
    ] {
        let error = transport.with_identity(&SecretString::from(pem)).err().unwrap();
        assert_eq!(error, IdentityError::Malformed);
    }
    assert!(transport.trusting(b"-----BEGIN CERTIFICATE-----\nhidden\n-----END CERTIFICATE-----\n").is_err());
}
