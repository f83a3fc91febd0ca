//! How calls are signed, from form to plan.

use std::collections::BTreeMap;

use ports::SecretName;
use serde_saphyr::Spanned;

use super::Compiler;
use crate::definition::Place;
use crate::definition::form::place;
use crate::definition::http_form::{AuthForm, BasicForm, SendForm, SessionForm};
use crate::http::plan::{Auth, AuthKind, SecretHeader, TokenRequest, Word};

impl Compiler<'_> {
    pub(super) fn auth(&mut self, form: Spanned<AuthForm>) -> Option<Auth> {
        let at = place(&form);
        let AuthForm {
            secret,
            headers,
            basic,
            client_credentials,
            client_assertion,
            refresh_token,
            session,
            mutual_tls,
        } = form.value;
        let name = SecretName::parse(secret.value.clone());
        if let Err(error) = &name {
            self.fault(place(&secret), error.to_string());
        }
        let has_headers = !headers.is_empty();
        let headers: Vec<_> = headers
            .into_iter()
            .filter_map(|header| {
                let at = place(&header);
                let header = header.value;
                let name = self.header_name(&header.name, at)?;
                Some(SecretHeader { name, field: header.field, prefix: header.prefix, encoding: header.encoding })
            })
            .collect();
        let mut kinds = Vec::new();
        if let Some(basic) = basic {
            kinds.push(self.basic(basic));
        }
        if let Some(form) = client_credentials {
            let request = self.token_request(&form.value.token_url, form.value.send, &form.value.parameters);
            kinds.push(request.map(AuthKind::ClientCredentials));
        }
        if let Some(form) = client_assertion {
            let form = form.value;
            let request = self.token_request(&form.token_url, SendForm::Form, &form.parameters);
            let audience = form.audience.as_ref().and_then(|text| self.settled(text));
            kinds.push(request.map(|request| AuthKind::ClientAssertion {
                audience: audience.unwrap_or_else(|| request.url.as_str().to_owned()),
                request,
                algorithm: form.algorithm,
                thumbprint: form.thumbprint,
            }));
        }
        if let Some(form) = refresh_token {
            let request = self.token_request(&form.value.token_url, form.value.send, &form.value.parameters);
            kinds.push(request.map(AuthKind::RefreshToken));
        }
        if let Some(session) = session {
            kinds.push(self.session(session));
        }
        if kinds.len() > 1 || (kinds.is_empty() && !has_headers && !mutual_tls) {
            self.fault(at, "auth has headers, or exactly one of basic, clientCredentials, clientAssertion, refreshToken and session, or mutualTls");
            return None;
        }
        Some(Auth { secret: name.ok()?, headers, kind: kinds.pop().unwrap_or(Some(AuthKind::Headers))?, mutual_tls })
    }

    fn basic(&mut self, form: Spanned<BasicForm>) -> Option<AuthKind> {
        let at = place(&form);
        let BasicForm { user_field, user, password_field, password } = form.value;
        let user = self.word("user", user, user_field, at);
        let password = self.word("password", password, password_field, at);
        Some(AuthKind::Basic { user: user?, password: password? })
    }

    fn word(&mut self, name: &str, fixed: Option<String>, field: Option<String>, at: Place) -> Option<Word> {
        match (fixed, field) {
            (Some(fixed), None) => Some(Word::Fixed(fixed)),
            (None, Some(field)) => Some(Word::Field(field)),
            _ => {
                self.fault(at, format!("basic has exactly one of {name} and {name}Field"));
                None
            }
        }
    }

    fn token_request(
        &mut self,
        url: &Spanned<String>,
        send: SendForm,
        parameters: &BTreeMap<String, Spanned<String>>,
    ) -> Option<TokenRequest> {
        let url = self.url(url);
        let parameters = parameters.iter().filter_map(|(name, text)| Some((name.clone(), self.settled(text)?)));
        let parameters = parameters.collect();
        Some(TokenRequest { url: url?, send, parameters })
    }

    fn session(&mut self, form: Spanned<SessionForm>) -> Option<AuthKind> {
        let at = place(&form);
        let SessionForm { url, send, fields, parameters, token, expires_in, header, prefix } = form.value;
        if send == SendForm::Basic {
            self.fault(at, "session sends form or json");
        }
        let request = self.token_request(&url, send, &parameters);
        let token = self.path(Some(&token));
        let expires_in = self.path(expires_in.as_ref());
        let header = self.header_name(header.as_deref().unwrap_or("authorization"), at);
        Some(AuthKind::Session {
            request: request?,
            fields: fields.into_iter().collect(),
            token: token?,
            expires_in,
            header: header?,
            prefix: prefix.unwrap_or_else(|| "Bearer ".to_owned()),
        })
    }
}
