//! A domain controller's address. There are two ways in, and both are encrypted before anything is sent: `ldaps://`, and
//! `ldap://` with StartTLS. A way without TLS does not exist here.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A domain controller's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Server {
    start_tls: bool,
    host: String,
    port: u16,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoServer(&'static str);

impl Server {
    /// Reads `ldaps://host[:port]` or `ldap://host[:port]`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NoServer> {
        let url = Url::parse(text).map_err(|_| NoServer("ldaps://host or ldap://host is needed"))?;
        let start_tls = match url.scheme() {
            "ldaps" => false,
            "ldap" => true,
            _ => return Err(NoServer("ldaps://host or ldap://host (with StartTLS) is needed")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NoServer("a user or password does not belong in an address; both come from the secret"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(NoServer("only a host and a port belong in an address"));
        }
        let host = match url.host() {
            Some(Host::Domain(host)) if is_host_name(host) => host.to_ascii_lowercase(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(_)) => return Err(NoServer("give a host name in place of an IPv6 address")),
            _ => return Err(NoServer("the host is no name of letters, digits, hyphens and dots")),
        };
        let port = url.port().unwrap_or(if start_tls { 389 } else { 636 });
        // MS-ADTS 3.1.1.3.1: on these, a global catalog has a part of the attributes and of the groups only.
        if matches!(port, 3268 | 3269) {
            return Err(NoServer("ports 3268 and 3269 are the global catalog, which holds only a part of each object"));
        }
        Ok(Self { start_tls, host, port })
    }

    /// Whether encryption is turned on by StartTLS.
    pub(crate) fn start_tls(&self) -> bool {
        self.start_tls
    }

    /// For the protocol's library.
    pub(crate) fn url(&self) -> String {
        self.to_string()
    }
}

/// As DNS has them, and as certificates name them.
fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.start_tls { "ldap" } else { "ldaps" }, self.host, self.port)
    }
}

impl TryFrom<String> for Server {
    type Error = NoServer;

    fn try_from(text: String) -> Result<Self, NoServer> {
        Self::parse(&text)
    }
}

impl From<Server> for String {
    fn from(server: Server) -> Self {
        server.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read() {
        for (text, told) in [
            ("ldaps://DC1.Corp.Example.com", "ldaps://dc1.corp.example.com:636"),
            ("ldap://dc1.corp.example.com/", "ldap://dc1.corp.example.com:389"),
            ("ldaps://127.0.0.11:1636", "ldaps://127.0.0.11:1636"),
        ] {
            assert_eq!(Server::parse(text).unwrap().to_string(), told);
        }
        assert!(Server::parse("ldap://dc1").unwrap().start_tls());
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "dc1.corp.example.com",
            "https://dc1",
            "ldapi:///var/run/ldapi",
            "ldaps://user:pw@dc1",
            "ldaps://dc1/dc=corp",
            "ldaps://dc1?x",
            "ldaps://[::1]",
            "ldaps://",
            "ldaps://a%20b",
            "ldaps://a..b",
            "ldap://dc1:3268",
            "ldaps://dc1:3269",
        ] {
            let told = Server::parse(bad).unwrap_err().to_string();
            assert!(!told.contains("pw"), "{bad}");
        }
    }
}
