//! The connection to a domain controller: encrypted first, then logged in, then searched. Every wait has an end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ldap3::result::LdapResult;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, ResultEntry, Scope, SearchOptions};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::task::JoinSet;

use crate::controls::Next;
use crate::credentials::Credentials;
use crate::directory::{Answer, Depth, Directory, Search};
use crate::entry::{Entry, text};
use crate::error::{AdError, Refusal};
use crate::server::Server;

/// The certificate authorities that a server's certificate may come from. No others are trusted.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<ClientConfig>);

/// A logged-in connection to one domain controller.
pub struct Connection {
    server: Server,
    ldap: Ldap,
    timeout: Duration,
}

impl Authorities {
    /// Reads certificates in PEM form.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(pem: &str) -> Result<Self, &'static str> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| "it is no certificate in PEM form")?;
            roots.add(certificate).map_err(|_| "it holds a certificate that can't be read")?;
        }
        if roots.is_empty() {
            return Err("it holds no certificate; the PEM form begins with -----BEGIN CERTIFICATE-----");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| "TLS can't be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`AdError`]
    pub async fn open(
        server: &Server,
        authorities: &Authorities,
        credentials: &Credentials,
        timeout: Duration,
    ) -> Result<Self, AdError> {
        // The protocol's library panics on an answer that is none, and before TLS anybody may have sent it. A task of its
        // own keeps that away from the caller, and ends with this future.
        let mut task = JoinSet::new();
        task.spawn(Self::log_in(server.clone(), authorities.clone(), credentials.clone(), timeout));
        match task.join_next().await {
            Some(Ok(opened)) => opened,
            Some(Err(_)) | None => {
                Err(AdError::Unsuitable { server: server.clone(), reason: "its answers can't be understood" })
            }
        }
    }

    async fn log_in(
        server: Server,
        authorities: Authorities,
        credentials: Credentials,
        timeout: Duration,
    ) -> Result<Self, AdError> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(timeout)
            .set_config(authorities.0)
            .set_starttls(server.start_tls());
        let (driver, mut ldap) = LdapConnAsync::with_settings(settings, &server.url())
            .await
            .map_err(|error| not_connected(&server, error, timeout))?;
        // Ends when the last handle is dropped, or with the connection; the handle then gets the error.
        tokio::spawn(driver.drive());
        let result = ldap
            .with_timeout(timeout)
            .simple_bind(credentials.bind_dn(), credentials.password())
            .await
            .map_err(|error| broken("the log-in", error, timeout))?;
        match result.rc {
            0 => Ok(Self { server, ldap, timeout }),
            _ => Err(AdError::from_bind(refusal(result))),
        }
    }

    /// The server at the other end.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Says goodbye. Dropping the connection does too, less politely.
    pub async fn close(mut self) {
        // Nothing depends on the answer.
        let _ = self.ldap.with_timeout(self.timeout).unbind().await;
    }
}

#[async_trait]
impl Directory for Connection {
    async fn search(&mut self, search: &Search) -> Result<Answer, AdError> {
        const WHAT: &str = "a search";
        let Some(controls) = search.controls.iter().map(crate::controls::Control::encode).collect() else {
            return Err(AdError::Malformed("a control can't be written"));
        };
        let scope = match search.depth {
            Depth::Object => Scope::Base,
            Depth::Tree => Scope::Subtree,
        };
        let controls: Vec<ldap3::controls::RawControl> = controls;
        // The server's own limit, so that it does not go on with what nobody waits for any more.
        let limit = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
        let mut stream = self
            .ldap
            .with_controls(controls)
            .with_timeout(self.timeout)
            .with_search_options(SearchOptions::new().timelimit(limit))
            .streaming_search(&search.base, scope, search.filter.as_str(), search.attributes.clone())
            .await
            .map_err(|error| broken(WHAT, error, self.timeout))?;
        let mut answer = Answer::default();
        while let Some(item) = stream.next().await.map_err(|error| broken(WHAT, error, self.timeout))? {
            if item.is_ref() {
                answer.referrals.extend(referrals(item));
            } else if !item.is_intermediate() {
                answer.entries.push(Entry::from_tag(item.0).ok_or(AdError::Malformed("an entry can't be read"))?);
            }
        }
        let result = stream.finish().await;
        if result.rc != 0 {
            return Err(AdError::from_result(refusal(result)));
        }
        let controls = result.ctrls.iter().map(|control| &control.1);
        answer.next = Next::among(controls).ok_or(AdError::Malformed("the control of an answer can't be read"))?;
        Ok(answer)
    }
}

/// Scheme, host and base of the continuation references; without queries, for these are shown to people.
fn referrals(item: ResultEntry) -> Vec<String> {
    let urls = item.0.expect_constructed().unwrap_or_default();
    urls.into_iter().filter_map(text).map(|url| url.split('?').next().unwrap_or_default().to_owned()).collect()
}

fn refusal(result: LdapResult) -> Refusal {
    Refusal { code: result.rc, words: result.text }
}

fn not_connected(server: &Server, error: LdapError, timeout: Duration) -> AdError {
    let server = server.clone();
    match error {
        LdapError::Timeout { .. } => {
            AdError::Unreachable { server, reason: format!("no answer within {} s", timeout.as_secs()) }
        }
        LdapError::Io { source } => {
            let inner = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match inner {
                Some(rustls::Error::InvalidCertificate(reason)) => {
                    AdError::Certificate { server, reason: certificate(reason) }
                }
                Some(other) => AdError::Unreachable { server, reason: other.to_string() },
                None => AdError::Unreachable { server, reason: source.to_string() },
            }
        }
        LdapError::LdapResult { result } => AdError::StartTlsRefused { server, refusal: refusal(result) },
        _ => AdError::Unreachable { server, reason: "the connection can't be set up".to_owned() },
    }
}

/// What is wrong with a certificate, in words for whoever must mend it.
fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "no authority under `ca` signed it".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        other => other.to_string(),
    }
}

fn broken(what: &'static str, error: LdapError, after: Duration) -> AdError {
    match error {
        LdapError::Timeout { .. } => AdError::Timeout { what, after },
        LdapError::Io { source } => AdError::Lost { what, reason: source.kind().to_string() },
        LdapError::FilterParsing => AdError::Malformed("a filter can't be written"),
        LdapError::LdapResult { result } => AdError::from_result(refusal(result)),
        _ => AdError::Lost { what, reason: "it was closed".to_owned() },
    }
}
