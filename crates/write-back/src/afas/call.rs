//! One call to AFAS: address, signature, time limit. The only place where a URL is made.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ports::{SecretError, TransportError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Host, Url};

use super::{Afas, Failure, Section, SettingsError};
use crate::plan::UpdateConnector;

/// A good call takes a second (docs.afas.help); what takes longer than this may be carried out all the same.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Tries of a call that did not reach AFAS.
const TRIES: u32 = 3;
const USER_AGENT: &str = concat!("salesforce-target-connector/", env!("CARGO_PKG_VERSION"));

impl Afas {
    /// The body of an answer with a status of success.
    pub(super) async fn call(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Bytes, Failure> {
        let (mut tries, mut fresh) = (1, false);
        loop {
            let request = self.request(method.clone(), url, body, fresh).await?;
            match self.in_time(request).await {
                // The token may have been replaced meanwhile.
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED && !fresh => fresh = true,
                Ok(answer) if answer.status().is_success() => return Ok(answer.into_body()),
                Ok(answer) => return Err(Failure::of(&answer)),
                Err(Failure::NoAnswer(TransportError::NotSent { .. })) if tries < TRIES => {
                    self.clock.sleep(Duration::from_secs(u64::from(tries))).await;
                    tries += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn request(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
        fresh: bool,
    ) -> Result<Request<Bytes>, Failure> {
        let name = &self.settings.secret;
        let text = if fresh { self.secrets.read_fresh(name).await } else { self.secrets.read(name).await };
        let malformed =
            |reason: &str| Failure::Secret(SecretError::Malformed { name: name.clone(), reason: reason.to_owned() });
        let token = token(&text.map_err(Failure::Secret)?).map_err(malformed)?;
        let mut signature = HeaderValue::try_from(format!("AfasToken {}", STANDARD.encode(token.expose_secret())))
            .map_err(|_| malformed("token can't stand in a header"))?;
        signature.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header(header::AUTHORIZATION, signature);
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        request.body(body).map_err(|_| Failure::Request)
    }

    async fn in_time(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        match select(self.transport.send(request), self.clock.sleep(TIMEOUT)).await {
            Either::Left((answer, _)) => answer.map_err(Failure::NoAnswer),
            Either::Right(((), _)) => Err(Failure::TimedOut(TIMEOUT.as_secs())),
        }
    }
}

/// The token of a secret; the JSON reader's own message could quote it.
fn token(secret: &SecretString) -> Result<SecretString, &'static str> {
    let fields: Map<String, Value> =
        serde_json::from_str(secret.expose_secret()).map_err(|_| "it is no JSON object")?;
    match fields.get("token") {
        Some(Value::String(token)) if !token.trim().is_empty() => Ok(SecretString::from(token.trim())),
        Some(_) => Err("token is no text, or empty"),
        None => Err("token is missing"),
    }
}

/// Reads the address: `https`, or `http` on a loopback host.
pub(super) fn base(address: &str) -> Result<Url, SettingsError> {
    let wrong = SettingsError::Address;
    let mut url = Url::parse(address).map_err(|_| wrong("it is no URL"))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("it has no host")),
    };
    if !(url.scheme() == "https" || (url.scheme() == "http" && local)) {
        return Err(wrong("https is demanded, or http on a loopback host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("an address has no user, no query and no fragment"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// The name of a connector, a column or a field as AFAS has them.
pub(super) fn check_name(name: &str) -> Result<(), SettingsError> {
    let fits =
        (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if fits && !name.starts_with(['.', '-']) { Ok(()) } else { Err(SettingsError::Name(name.to_owned())) }
}

/// The row of a record: those whose key column equals the key, of which two are enough to see that it is not one.
pub(super) fn row_url(base: &Url, section: &Section, key: &str) -> Result<String, Failure> {
    // A comma or a semicolon would begin another filter (docs.afas.help, GetConnector), and no escape is documented.
    if key.is_empty() || key.chars().any(|c| c.is_control() || matches!(c, ',' | ';' | '[' | ']' | '%' | '*')) {
        return Err(Failure::UnfitKey);
    }
    let pairs = [
        ("skip", "0"),
        ("take", "2"),
        ("orderbyfieldids", &section.key),
        ("filterfieldids", &section.key),
        ("filtervalues", key),
        ("operatortypes", "1"),
    ];
    let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    Ok(format!("{base}connectors/{}?{}", escaped(&section.connector), query.join("&")))
}

pub(super) fn update_url(base: &Url, connector: UpdateConnector) -> String {
    format!("{base}connectors/{}", connector.as_str())
}

/// Whatever enters a URL goes through here.
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_goes_to_https_or_loopback_hosts_only() {
        for good in ["https://12345.rest.afas.online/ProfitRestServices", "http://127.0.0.1:8080/x/", "http://[::1]/"] {
            assert!(base(good).unwrap().path().ends_with('/'), "{good}");
        }
        for bad in
            ["12345", "http://12345.rest.afas.online/", "https://u:p@x/", "https://x/?a=b", "https://x/#a", "ftp://x/"]
        {
            assert!(base(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_key_stays_one_value_of_the_filter(key in "\\PC{1,60}") {
            let section = Section { connector: "Users_v2".into(), key: "Medewerker".into(), companion: "P".into(),
                columns: [].into() };
            let base = base("https://12345.rest.afas.online/ProfitRestServices").unwrap();
            match row_url(&base, &section, &key) {
                Err(failure) => prop_assert_eq!(failure, Failure::UnfitKey),
                Ok(url) => {
                    let url = Url::parse(&url).unwrap();
                    prop_assert_eq!(url.path(), "/ProfitRestServices/connectors/Users%5Fv2");
                    let pairs: Vec<_> = url.query_pairs().collect();
                    prop_assert_eq!(pairs.len(), 6);
                    prop_assert_eq!(&*pairs[4].1, &*key);
                    prop_assert!(!key.contains([',', ';']));
                }
            }
        }
    }
}
