//! Signing calls: headers made of the secret, or a token that is asked for, kept until shortly before its end and
//! replaced once when the source rejects it. Tokens live in memory only, but for those of a refresh token that changes
//! with each use: the new one is stored before anything is done with it, for the old one no longer works.

mod refresh;
mod token;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use jiff::Timestamp;
use ports::{HttpTransport, IdentityError};
use secrecy::{ExposeSecret, SecretString};

use super::assertion;
use super::error::What;
use super::outside::Ports;
use super::plan::{Auth, AuthKind, EncodingForm, SecretHeader, TokenRequest, Word};
use super::secret::Fields;
use token::Grant;

/// Seconds before its end at which a token is replaced.
const EARLY: i64 = 60;

/// What calls are signed with at the moment.
#[derive(Default)]
pub(crate) struct Session {
    signed: Option<Signed>,
    /// Presents the secret's certificate.
    presenting: Option<Arc<dyn HttpTransport>>,
    /// Token requests made since this was last asked.
    logins: u32,
}

struct Signed {
    headers: Vec<(HeaderName, HeaderValue)>,
    until: Option<Timestamp>,
}

impl Session {
    /// The headers that sign a call. `rejected` when the source has just rejected those from before.
    pub(crate) async fn headers(
        &mut self,
        auth: &Auth,
        ports: &Ports,
        rejected: bool,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, What> {
        let now = ports.clock.now();
        if let Some(signed) = &self.signed
            && !rejected
            && signed.until.is_none_or(|until| now < until)
        {
            return Ok(signed.headers.clone());
        }
        let signed = self.sign(auth, ports, rejected).await?;
        let headers = signed.headers.clone();
        self.signed = Some(signed);
        Ok(headers)
    }

    /// The ports for a call that is signed.
    pub(crate) fn ports(&self, ports: &Ports) -> Ports {
        let transport = self.presenting.as_ref().unwrap_or(&ports.transport);
        Ports { transport: transport.clone(), ..ports.clone() }
    }

    /// Token requests since this was last asked.
    pub(crate) fn take_logins(&mut self) -> u32 {
        std::mem::take(&mut self.logins)
    }

    /// Signs; when the log-in is refused the secret may have been replaced meanwhile, so it is read once more.
    async fn sign(&mut self, auth: &Auth, ports: &Ports, rejected: bool) -> Result<Signed, What> {
        let secret = Fields::read(&*ports.secrets, &auth.secret, rejected).await.map_err(What::Secret)?;
        match self.sign_with(auth, ports, &secret, rejected).await {
            Err(refused @ (What::Login { person: true, .. } | What::Secret(_))) if !rejected => {
                let again = Fields::read(&*ports.secrets, &auth.secret, true).await.map_err(What::Secret)?;
                if again.same_as(&secret) {
                    return Err(refused);
                }
                tracing::info!(secret = %auth.secret, "source.secret_changed");
                self.sign_with(auth, ports, &again, rejected).await
            }
            signed => signed,
        }
    }

    async fn sign_with(&mut self, auth: &Auth, ports: &Ports, secret: &Fields, rejected: bool) -> Result<Signed, What> {
        if auth.mutual_tls {
            self.presenting = Some(presenting(&*ports.transport, secret)?);
        }
        let ports = &self.ports(ports);
        let mut headers = Vec::new();
        for header in &auth.headers {
            headers.push(secret_header(header, secret)?);
        }
        let (name, value, life) = match &auth.kind {
            AuthKind::Headers => return Ok(Signed { headers, until: None }),
            AuthKind::Basic { user, password } => {
                let (user, password) = (word(user, secret)?, word(password, secret)?);
                let pair = format!("{}:{}", user.expose_secret(), password.expose_secret());
                (header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)), None)
            }
            AuthKind::ClientCredentials(request) => {
                let pairs = vec![("grant_type".to_owned(), SecretString::from("client_credentials"))];
                let grant = self.grant(ports, request, Some(secret), pairs).await?;
                bearer(&grant)
            }
            AuthKind::ClientAssertion { request, algorithm, thumbprint, audience } => {
                let id = format!("{:016x}{:016x}", ports.random.next_u64(), ports.random.next_u64());
                let now = ports.clock.now();
                let assertion = assertion::sign(secret, *algorithm, *thumbprint, audience, &id, now)?;
                let pairs = vec![
                    ("grant_type".to_owned(), SecretString::from("client_credentials")),
                    ("client_id".to_owned(), secret.text("clientId").map_err(What::Secret)?),
                    ("client_assertion_type".to_owned(), SecretString::from(JWT_BEARER)),
                    ("client_assertion".to_owned(), assertion),
                ];
                let grant = self.grant(ports, request, None, pairs).await?;
                bearer(&grant)
            }
            AuthKind::RefreshToken(request) => bearer(&self.refreshed(auth, ports, secret, request, rejected).await?),
            AuthKind::Session { request, fields, token, expires_in, header, prefix } => {
                let mut pairs = Vec::new();
                for (parameter, field) in fields {
                    pairs.push((parameter.clone(), secret.text(field).map_err(What::Secret)?));
                }
                self.logins += 1;
                let answer = token::ask(ports, request, None, pairs).await?;
                let grant = Grant::of(&answer, token, expires_in.as_ref())?;
                (header.clone(), format!("{prefix}{}", grant.access.expose_secret()), grant.life)
            }
        };
        headers.push((name, sensitive(&value)?));
        let until = life.map(|life: i64| {
            let kept = (life - EARLY).max(life / 2);
            ports.clock.now().saturating_add(jiff::SignedDuration::from_secs(kept)).unwrap_or(Timestamp::MAX)
        });
        Ok(Signed { headers, until })
    }

    async fn grant(
        &mut self,
        ports: &Ports,
        request: &TokenRequest,
        client: Option<&Fields>,
        pairs: Vec<(String, SecretString)>,
    ) -> Result<Grant, What> {
        self.logins += 1;
        let answer = token::ask(ports, request, client, pairs).await?;
        Grant::of_oauth(&answer)
    }
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn bearer(grant: &Grant) -> (HeaderName, String, Option<i64>) {
    (header::AUTHORIZATION, format!("Bearer {}", grant.access.expose_secret()), grant.life)
}

fn presenting(transport: &dyn HttpTransport, secret: &Fields) -> Result<Arc<dyn HttpTransport>, What> {
    let certificate = secret.text("certificate").map_err(What::Secret)?;
    let key = secret.text("privateKey").map_err(What::Secret)?;
    let pem = SecretString::from(format!("{}\n{}\n", certificate.expose_secret(), key.expose_secret()));
    transport.with_identity(&pem).map_err(|error| match error {
        IdentityError::Malformed => What::Secret(secret.wrong("certificate, privateKey", &error.to_string())),
        error => What::Request(error.to_string()),
    })
}

fn secret_header(header: &SecretHeader, secret: &Fields) -> Result<(HeaderName, HeaderValue), What> {
    let text = secret.text(&header.field).map_err(What::Secret)?;
    let text = match header.encoding {
        EncodingForm::Plain => text.expose_secret().to_owned(),
        EncodingForm::Base64 => STANDARD.encode(text.expose_secret()),
    };
    let value = sensitive(&format!("{}{text}", header.prefix))
        .map_err(|_| What::Secret(secret.wrong(&header.field, "it can't stand in a header")))?;
    Ok((header.name.clone(), value))
}

fn word(word: &Word, secret: &Fields) -> Result<SecretString, What> {
    match word {
        Word::Fixed(word) => Ok(SecretString::from(word.as_str())),
        Word::Field(field) => secret.text(field).map_err(What::Secret),
    }
}

fn sensitive(value: &str) -> Result<HeaderValue, What> {
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| What::Login { reason: "the token can't stand in a header".to_owned(), person: false })?;
    value.set_sensitive(true);
    Ok(value)
}
