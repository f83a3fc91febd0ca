//! Where the events go: one address, given by the operator, that nothing else ever changes. Encrypted, except to this
//! machine itself.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use domain::SecretName;
use http::Uri;

/// The address of the connector's webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receiver(Uri);

/// Why an address is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoReceiver(&'static str);

impl FromStr for Receiver {
    type Err = NoReceiver;

    fn from_str(text: &str) -> Result<Self, NoReceiver> {
        let uri: Uri = text.parse().map_err(|_| NoReceiver("it is no address, as https://host/webhook/ad"))?;
        let authority = uri.authority().ok_or(NoReceiver("a whole address is needed, as https://host/webhook/ad"))?;
        if authority.as_str().contains('@') {
            return Err(NoReceiver("a name or password does not belong in an address; the events are signed"));
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(authority.host()) => {}
            _ => return Err(NoReceiver("https is demanded; plain http goes to this machine itself only")),
        }
        if last_part(&uri).is_empty() {
            return Err(NoReceiver("its path ends with the source's name, as in https://host/webhook/ad"));
        }
        Ok(Self(uri))
    }
}

impl Receiver {
    /// The address, for a request.
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// The name of the secret with the webhook's key, where nobody gave another.
    pub(super) fn usual_secret(&self) -> Option<SecretName> {
        SecretName::parse(format!("{}-webhook", last_part(&self.0))).ok()
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn last_part(uri: &Uri) -> &str {
    uri.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_named_after_the_source() {
        let receiver: Receiver = "https://connector.example.com/webhook/ad".parse().unwrap();
        assert_eq!(receiver.usual_secret().unwrap().as_str(), "ad-webhook");
        assert_eq!(receiver.to_string(), "https://connector.example.com/webhook/ad");
        let odd: Receiver = "https://connector.example.com/webhook/a%20d".parse().unwrap();
        assert_eq!(odd.usual_secret(), None);
    }

    #[test]
    fn nothing_goes_out_unencrypted_but_to_this_machine() {
        for text in ["http://127.0.0.1:8080/webhook/ad", "http://localhost/webhook/ad", "http://[::1]:1/webhook/ad"] {
            assert!(text.parse::<Receiver>().is_ok(), "{text}");
        }
        for text in [
            "http://connector.example.com/webhook/ad",
            "http://127.0.0.1.example.com/webhook/ad",
            "ftp://localhost/webhook/ad",
            "https://name:password@connector.example.com/webhook/ad",
            "https://connector.example.com",
            "https://connector.example.com/",
            "/webhook/ad",
            "",
        ] {
            assert!(text.parse::<Receiver>().is_err(), "{text}");
        }
    }
}
