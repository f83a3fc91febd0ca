//! A look from outside, for whoever tries a definition: whom a source asks and how it signs, and the rows that a run has
//! read so far, as the system sent them. Nothing here changes a run.

use serde_json::Value;

use super::plan::{Auth, AuthKind, TokenRequest, Word};
use super::{HttpSource, Run};

/// Whom a source asks, and how its calls are signed; nothing of the secret's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What all its addresses begin with.
    pub address: String,
    /// How its calls are signed.
    pub signed: String,
    /// The fields that the secret needs.
    pub secret_fields: Vec<String>,
}

impl HttpSource {
    /// Whom it asks, and how its calls are signed.
    pub fn about(&self) -> About {
        let plan = self.plan();
        About {
            address: plan.connection.base.to_string(),
            signed: signed(&plan.auth),
            secret_fields: secret_fields(&plan.auth),
        }
    }
}

impl Run {
    /// The rows of a stream as far as they are read, in their order; `None` for a stream that there is not, and after
    /// the run's end. They hold personal data.
    pub fn look<'r>(&'r self, stream: &str) -> Option<impl Iterator<Item = Value> + use<'r>> {
        let number = self.source().plan().streams.iter().position(|known| known.name == stream)?;
        let table = self.table(number)?;
        Some((0..table.len()).map(|row| table.row(row)))
    }
}

fn signed(auth: &Auth) -> String {
    let header = |name: &str| format!("the header {name}");
    let mut ways: Vec<String> = match &auth.kind {
        AuthKind::Headers => Vec::new(),
        AuthKind::Basic { .. } => vec!["user and password".to_owned()],
        AuthKind::ClientCredentials(request) => vec![format!("a token of {}, by client secret", at(request))],
        AuthKind::ClientAssertion { request, .. } => vec![format!("a token of {}, by certificate", at(request))],
        AuthKind::RefreshToken(request) => vec![format!("a token of {}, by refresh token", at(request))],
        AuthKind::Session { request, .. } => vec![format!("a session of {}", at(request))],
    };
    ways.extend(auth.headers.iter().map(|secret| header(secret.name.as_str())));
    ways.extend(auth.mutual_tls.then(|| "a certificate (mutual TLS)".to_owned()));
    ways.join(" and ")
}

/// The address without its query.
fn at(TokenRequest { url, .. }: &TokenRequest) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn secret_fields(auth: &Auth) -> Vec<String> {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut fields: Vec<String> = match &auth.kind {
        AuthKind::Headers => Vec::new(),
        AuthKind::Basic { user, password } => [user, password].into_iter().filter_map(field).collect(),
        AuthKind::ClientCredentials(_) => named(&["clientId", "clientSecret"]),
        AuthKind::ClientAssertion { thumbprint: None, .. } => named(&["clientId", "privateKey"]),
        AuthKind::ClientAssertion { .. } => named(&["clientId", "privateKey", "certificate"]),
        AuthKind::RefreshToken(_) => named(&["clientId", "clientSecret", "refreshToken"]),
        AuthKind::Session { fields, .. } => fields.iter().map(|(_, field)| field.clone()).collect(),
    };
    let tls = if auth.mutual_tls { named(&["certificate", "privateKey"]) } else { Vec::new() };
    for field in auth.headers.iter().map(|header| header.field.clone()).chain(tls) {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

fn field(word: &Word) -> Option<String> {
    match word {
        Word::Fixed(_) => None,
        Word::Field(field) => Some(field.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(auth: &str) -> About {
        let yaml = format!(
            "connection: {{ base: https://hr.example.test/v2 }}\nauth:\n  secret: hr\n{auth}\nstreams:\n  - {{ name: staff, \
             get: staff, rows: items, key: [id] }}\njoin: {{ rows: staff }}\nabsence: ignore\nperson:\n  id: row.id\n  \
             name: {{ familyName: row.name }}\ncontracts:\n  id: row.id\n  startDate: row.start\n"
        );
        HttpSource::parse("hr.yaml", &yaml).unwrap().about()
    }

    #[test]
    fn it_tells_the_address_the_signature_and_the_fields_of_the_secret() {
        let header = about("  headers:\n    - { name: X-Api-Key, field: apiKey }");
        assert_eq!(header.address, "https://hr.example.test/v2/");
        assert_eq!(
            (header.signed.as_str(), &*header.secret_fields),
            ("the header x-api-key", &["apiKey".to_owned()][..])
        );
        let token = about("  clientCredentials: { tokenUrl: 'https://login.example.test/token?tenant=7' }");
        assert_eq!(token.signed, "a token of https://login.example.test/token, by client secret");
        assert_eq!(token.secret_fields, ["clientId", "clientSecret"]);
    }
}
