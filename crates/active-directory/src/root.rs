//! What a domain controller tells of itself (rootDSE, MS-ADTS 3.1.1.3.2), and whether it can be read from.

use crate::directory::{Directory, Search, names};
use crate::entry::Entry;
use crate::error::AdError;
use crate::guid::Guid;
use crate::server::Server;

/// A domain controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The domain.
    pub(crate) domain: String,
    /// Where attributes are described.
    pub(crate) schema: String,
    /// How far its own numbering of changes is.
    pub(crate) usn: u64,
    /// Which numbering that is: another server has another, and so has a server that was restored from a backup.
    pub(crate) invocation: Option<Guid>,
}

/// `LDAP_CAP_ACTIVE_DIRECTORY_OID`.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

impl Root {
    pub(crate) async fn read(directory: &mut dyn Directory, server: &Server) -> Result<Self, AdError> {
        let attributes = names(&[
            "defaultNamingContext",
            "schemaNamingContext",
            "dsServiceName",
            "highestCommittedUSN",
            "isSynchronized",
            "supportedCapabilities",
        ]);
        let answer = directory.search(&Search::of_base(String::new(), attributes)).await?;
        let unsuitable = |reason| AdError::Unsuitable { server: server.clone(), reason };
        let entry = answer.entries.first().ok_or_else(|| unsuitable("it does not describe itself"))?;
        let text = |name| entry.text(name).ok().flatten();
        if !entry.texts("supportedCapabilities").unwrap_or_default().contains(&ACTIVE_DIRECTORY) {
            return Err(unsuitable("it is a directory of another kind"));
        }
        if text("isSynchronized") != Some("TRUE") {
            return Err(unsuitable("it has not caught up with the others yet"));
        }
        let missing = || unsuitable("it does not tell its domain, its schema or how far it is");
        let root = Self {
            domain: text("defaultNamingContext").ok_or_else(missing)?.to_owned(),
            schema: text("schemaNamingContext").ok_or_else(missing)?.to_owned(),
            usn: text("highestCommittedUSN").and_then(|usn| usn.parse().ok()).ok_or_else(missing)?,
            invocation: None,
        };
        let Some(service) = text("dsServiceName") else { return Ok(root) };
        let answer = directory.search(&Search::of_base(service.to_owned(), names(&["invocationId"]))).await?;
        Ok(Self { invocation: answer.entries.first().and_then(invocation), ..root })
    }
}

fn invocation(entry: &Entry) -> Option<Guid> {
    Guid::from_bytes(entry.bytes("invocationId")?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scripted::{Scripted, entry};

    pub(crate) const KEY: &str = "00000000-0000-0000-0000-000000000001";

    /// The two answers that [`Root::read`] asks for.
    pub(crate) fn prepare(directory: &mut Scripted, usn: &str, synchronised: &str) {
        directory.answers(vec![entry(
            KEY,
            &[
                ("defaultNamingContext", &["DC=x"]),
                ("schemaNamingContext", &["CN=Schema,CN=Configuration,DC=x"]),
                ("dsServiceName", &["CN=NTDS Settings,CN=DC1"]),
                ("highestCommittedUSN", &[usn]),
                ("isSynchronized", &[synchronised]),
                ("supportedCapabilities", &[ACTIVE_DIRECTORY, "1.2.840.113556.1.4.1670"]),
            ],
        )]);
        if synchronised == "TRUE" {
            directory.answers(vec![entry(KEY, &[("invocationId", &["0123456789abcdef"])])]);
        }
    }

    #[tokio::test]
    async fn a_domain_controller_tells_what_it_is() {
        let server = Server::parse("ldaps://dc1").unwrap();
        let mut directory = Scripted::default();
        prepare(&mut directory, "5702", "TRUE");
        let root = Root::read(&mut directory, &server).await.unwrap();
        assert_eq!((root.domain.as_str(), root.usn), ("DC=x", 5702));
        assert_eq!(root.invocation, Guid::from_bytes(b"0123456789abcdef"));
    }

    #[tokio::test]
    async fn one_that_has_not_caught_up_is_not_read() {
        let server = Server::parse("ldaps://dc1").unwrap();
        let mut directory = Scripted::default();
        prepare(&mut directory, "5702", "FALSE");
        let error = Root::read(&mut directory, &server).await.unwrap_err();
        assert!(error.is_of_one_server() && error.to_string().contains("caught up"), "{error}");
        directory.answers(vec![entry(KEY, &[("supportedCapabilities", &["1.2.3"])])]);
        let error = Root::read(&mut directory, &server).await.unwrap_err();
        assert!(error.to_string().contains("another kind"), "{error}");
    }
}
