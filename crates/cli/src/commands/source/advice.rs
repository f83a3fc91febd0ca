//! What to do about a read that failed: the place to look at, in words of the definition and of the secrets file.

use std::path::Path;

use active_directory::AdError;
use ports::SecretError;
use sources::{Fault, What};

use super::report::SecretNeeded;

/// What advice is about.
pub(super) struct About<'a> {
    /// The definition's path.
    pub(super) definition: &'a str,
    pub(super) secret: &'a SecretNeeded,
    pub(super) secrets_file: Option<&'a Path>,
}

impl About<'_> {
    /// About a fault of a source over HTTP; `silence` is why no answer came, where none did.
    pub(super) fn fault(&self, fault: &Fault, silence: Option<&str>) -> Option<String> {
        let Self { definition, secret, .. } = self;
        let stream = fault.stream.as_deref().unwrap_or_default();
        Some(match &fault.what {
            What::Secret(error) => self.secret(error),
            What::NoAnswer(_) | What::Login { person: false, .. } if silence.is_some() => {
                network(silence.unwrap_or_default()).to_owned()
            }
            What::Refused { status: 401, .. } => format!(
                "the system does not take what signs the call: look at {} of secret {}, and whether it is still valid \
                 there",
                secret.fields.join(" and "),
                secret.name
            ),
            What::Login { person: true, .. } => format!(
                "the log-in is refused: look at {} of secret {} and at auth in {definition}; a key may have expired",
                secret.fields.join(" and "),
                secret.name
            ),
            What::Refused { status: 403, .. } => format!(
                "the log-in is known but may not read this: give it the right to read stream {stream} (docs/SOURCES.md)"
            ),
            What::Refused { status: 404, .. } => {
                format!("there is no such address: look at base, settings and stream {stream} in {definition}")
            }
            What::Refused { status: 400 | 422, .. } => {
                format!("the request is not as the system wants it: look at stream {stream} in {definition}")
            }
            What::Refused { heals: true, .. } | What::Budget(_) | What::TimedOut(_) => {
                "try again later; if it stays so, look at timeout, perMinute and perDay in the definition".to_owned()
            }
            What::Html | What::Elsewhere(_) | What::WrongType { .. } => {
                format!("the address seems to be one for people: look at connection.base in {definition}")
            }
            What::Malformed(_) | What::NoLink(_) => {
                format!(
                    "the answer has another form than {definition} says: look at rows and paging of stream {stream}"
                )
            }
            What::Empty => {
                format!(
                    "stream {stream} gave nothing: may the log-in see it? If it may be empty, write mayBeEmpty: true"
                )
            }
            What::NotSingle(_) => format!("single: true does not fit stream {stream} in {definition}"),
            What::CountDiffers { .. } | What::Circle => {
                format!("look at paging and total of stream {stream} in {definition}, if it comes again")
            }
            What::Changed(_) | What::Cut(_) => format!(
                "try again; if it comes again, look at key, paging and the order of stream {stream} in {definition}"
            ),
            What::Request(_) => format!("look at stream {stream} in {definition}"),
            _ => return None,
        })
    }

    /// About a secret that can't be used.
    pub(super) fn secret(&self, error: &SecretError) -> String {
        let SecretNeeded { name, fields } = self.secret;
        let form = fields.iter().map(|field| format!("{field}: …")).collect::<Vec<_>>().join(", ");
        let file =
            self.secrets_file.map_or_else(|| "the file of --secrets".to_owned(), |file| file.display().to_string());
        match error {
            SecretError::Missing(_) => format!("put it into {file}: `{name}: {{ {form} }}`"),
            _ => format!("in {file} it has this form: `{name}: {{ {form} }}`"),
        }
    }

    /// About an Active Directory that could not be read.
    pub(super) fn directory(&self, error: &AdError) -> Option<String> {
        let Self { definition, secret, .. } = self;
        Some(match error {
            AdError::Secret(error) => self.secret(error),
            AdError::NoServer(errors) => return errors.first().and_then(|error| self.directory(error)),
            AdError::Unreachable { reason, .. } => network(reason).to_owned(),
            AdError::Certificate { .. } => format!(
                "`ca` in {definition} must hold the authority of the server's certificate, and `servers` the name that \
                 stands in it (docs/ACTIVE-DIRECTORY.md, 3)"
            ),
            AdError::StartTlsRefused { .. } => {
                "write ldaps:// in place of ldap://, or give the server a certificate".to_owned()
            }
            AdError::LoginRefused { .. } => format!(
                "look at bindDn and password of secret {}; each further try counts towards locking the account",
                secret.name
            ),
            AdError::UnknownAttributes(_) => format!("look at attributes, join and filter in {definition}"),
            AdError::NoSuchObject(_) => format!("look at base in {definition}"),
            AdError::NotHere(_) => format!("base in {definition} belongs to another domain: name servers of that one"),
            AdError::Denied(_) => "let the account read the users below base (docs/ACTIVE-DIRECTORY.md, 1)".to_owned(),
            AdError::Timeout { .. } | AdError::Lost { .. } | AdError::Busy(_) => "try again".to_owned(),
            _ => return None,
        })
    }
}

/// About an address that does not answer, by the words of the libraries below.
pub(super) fn network(reason: &str) -> &'static str {
    let reason = reason.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["dns", "lookup", "resolve", "name or service"]) {
        "the host's name is not known: is the address right, and does this machine find names there?"
    } else if says(&["certificate", "tls", "handshake"]) {
        "the TLS certificate is not accepted: is it the right host, is its certificate valid, does a proxy come between?"
    } else if says(&["refused"]) {
        "nothing listens there: are host and port right?"
    } else {
        "may this machine reach it? A firewall or a proxy may come between"
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::SecretName;

    use super::*;

    #[test]
    fn advice_names_the_place() {
        let secret = SecretNeeded { name: "afas".to_owned(), fields: vec!["token".to_owned()] };
        let about =
            About { definition: "sources/afas.yaml", secret: &secret, secrets_file: Some(Path::new("secrets.yaml")) };
        let fault = |what| Fault { stream: Some("users".to_owned()), page: 1, what };
        let missing = SecretError::Missing(SecretName::parse("afas").unwrap());
        let refused = |status| What::Refused { status, code: None, after: None, heals: false };
        for (what, silence, expected) in [
            (What::Secret(missing), None, "put it into secrets.yaml: `afas: { token: … }`"),
            (refused(401), None, "look at token of secret afas"),
            (refused(403), None, "the right to read stream users"),
            (refused(404), None, "sources/afas.yaml"),
            (What::NoAnswer("x".to_owned()), Some("dns error"), "name is not known"),
            (What::NoAnswer("x".to_owned()), Some("invalid peer certificate: UnknownIssuer"), "TLS"),
            (What::NoAnswer("x".to_owned()), Some("Connection refused"), "nothing listens"),
            (What::Html, None, "connection.base"),
            (What::Empty, None, "mayBeEmpty"),
            (What::Budget(Duration::from_secs(9)), None, "perDay"),
        ] {
            let told = about.fault(&fault(what.clone()), silence).unwrap();
            assert!(told.contains(expected), "{what:?}: {told}");
        }
    }
}
