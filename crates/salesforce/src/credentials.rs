//! The secret that a Salesforce org is reached with, checked when it is read. Its types print nothing of it, and its
//! errors name a field and what is wrong with it, never what it holds.

use std::fmt;

use jsonwebtoken::{Algorithm, EncodingKey};
use ports::{SecretError, SecretName};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Host, Url};

/// How the connector logs in.
pub struct Credentials {
    /// Where it logs in: the org's My Domain, or the host of a test.
    pub(crate) login_url: LoginUrl,
    /// The client app's consumer key.
    pub(crate) client_id: String,
    /// The OAuth flow.
    pub(crate) flow: Flow,
}

/// The OAuth flow and what it needs.
pub(crate) enum Flow {
    /// A signed assertion for a user (RFC 7523).
    JwtBearer {
        /// The user that the connector acts as.
        username: String,
        /// Who the assertion is for; the log-in URL unless the secret says otherwise.
        audience: String,
        /// Signs it.
        key: EncodingKey,
    },
    /// The app's own user (RFC 6749, 4.4). Needs the org's My Domain.
    ClientCredentials {
        /// The consumer secret.
        client_secret: SecretString,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flow = match self.flow {
            Flow::JwtBearer { .. } => "jwt-bearer",
            Flow::ClientCredentials { .. } => "client-credentials",
        };
        f.debug_struct("Credentials").field("login_url", &self.login_url.0.as_str()).field("flow", &flow).finish()
    }
}

/// A URL that a token may be asked of: `https`, or `http` on a loopback host; no path, query or user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginUrl(Url);

impl LoginUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is no URL")?;
        let safe = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => is_loopback(&url),
            _ => false,
        };
        if !safe {
            return Err("https is demanded, or http on a loopback host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it may not hold a user or a password");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("only scheme, host and port belong in it");
        }
        Ok(Self(url))
    }

    /// `https://host[:port]`, without a slash.
    pub(crate) fn origin(&self) -> String {
        self.0.as_str().trim_end_matches('/').to_owned()
    }

    /// Where the calls go, by the token answer's `instance_url`. The token goes there, so it must be the log-in host,
    /// or a host of Salesforce's own; a loopback log-in may send to any loopback port.
    pub(crate) fn accept_instance(&self, text: &str) -> Option<String> {
        let instance = Self::parse(text.trim_end_matches('/')).ok()?;
        let host = instance.0.host_str()?.to_ascii_lowercase();
        let same = self.0.host_str().is_some_and(|login| login.eq_ignore_ascii_case(&host))
            && (instance.0.scheme() == self.0.scheme() || instance.0.scheme() == "https");
        let salesforce =
            instance.0.scheme() == "https" && SALESFORCE_DOMAINS.iter().any(|domain| host.ends_with(domain));
        let local = is_loopback(&self.0) && is_loopback(&instance.0);
        (same || salesforce || local).then(|| instance.origin())
    }
}

/// Domains of org hosts: commercial, government (help.salesforce.com, "My Domain URL Formats") and China.
const SALESFORCE_DOMAINS: [&str; 3] = [".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn"];

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Credentials {
    /// Reads the secret's JSON text.
    ///
    /// # Errors
    /// [`SecretError::Malformed`] with the field and what is wrong with it.
    pub fn parse(name: &SecretName, secret: &SecretString) -> Result<Self, SecretError> {
        let malformed = |reason: String| SecretError::Malformed { name: name.clone(), reason };
        // The JSON reader's own message could quote the content.
        let fields: Map<String, Value> =
            serde_json::from_str(secret.expose_secret()).map_err(|_| malformed("it is no JSON object".to_owned()))?;
        let text = |field: &'static str| match fields.get(field) {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.as_str()),
            Some(Value::String(_)) => Err(malformed(format!("{field} is empty"))),
            Some(_) => Err(malformed(format!("{field} is no text"))),
            None => Err(malformed(format!("{field} is missing"))),
        };
        let login_url = LoginUrl::parse(text("loginUrl")?).map_err(|what| malformed(format!("loginUrl: {what}")))?;
        let client_id = text("clientId")?.to_owned();
        let flow = match text("flow")? {
            "jwt-bearer" => Flow::JwtBearer {
                username: text("username")?.to_owned(),
                audience: if fields.contains_key("audience") {
                    text("audience")?.to_owned()
                } else {
                    login_url.origin()
                },
                key: private_key(text("privateKey")?).map_err(|what| malformed(format!("privateKey: {what}")))?,
            },
            "client-credentials" => {
                Flow::ClientCredentials { client_secret: SecretString::from(text("clientSecret")?) }
            }
            _ => return Err(malformed("flow is neither jwt-bearer nor client-credentials".to_owned())),
        };
        Ok(Self { login_url, client_id, flow })
    }
}

/// Checked by signing with it: reading the PEM alone takes a public key for a private one.
fn private_key(pem: &str) -> Result<EncodingKey, &'static str> {
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| "it is no RSA private key in PEM form")?;
    jsonwebtoken::crypto::sign(b"", &key, Algorithm::RS256)
        .map_err(|_| "it can't sign: not a private RSA key of 2048 bits or more")?;
    Ok(key)
}

#[cfg(test)]
mod tests;
