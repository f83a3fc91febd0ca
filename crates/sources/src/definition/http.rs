//! From the form of an HTTP source to its plan: addresses checked, templates and places compiled, streams named in joins
//! found, settings that do not belong together refused.

mod auth;
mod incremental;
mod job;
mod join;
mod paging;
mod stream;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use expression::{Scope, Type, Variables};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;
use url::{Host, Url};

pub(crate) use join::READ_FOR;

use super::Place;
use super::compile::Faults;
use super::form::place;
use super::http_form::{AbsenceForm, AuthForm, ConnectionForm, IncrementalForm, JoinForm, RetryForm, StreamForm};
use super::names::{Names, is_member};
use crate::http::path::Path;
use crate::http::plan::{Absence, Connection, Plan, Retry, Subject};
use crate::http::template::Template;

/// The parts of the form that are about HTTP.
pub(super) struct Parts {
    pub(super) settings: BTreeMap<String, Spanned<String>>,
    pub(super) connection: Spanned<ConnectionForm>,
    pub(super) auth: Option<Spanned<AuthForm>>,
    pub(super) streams: Option<Spanned<Vec<Spanned<StreamForm>>>>,
    pub(super) join: Option<Spanned<JoinForm>>,
    pub(super) incremental: Option<Spanned<IncrementalForm>>,
    pub(super) absence: Option<Spanned<AbsenceForm>>,
}

/// What all parts need while they are compiled.
struct Compiler<'f> {
    settings: Value,
    names: Names,
    faults: &'f mut Faults,
}

/// Compiles everything but what a record becomes; `subject` comes last, so that all faults are told.
pub(super) fn plan(parts: Parts, subject: Option<Subject>, fingerprint: String, faults: &mut Faults) -> Option<Plan> {
    let at = place(&parts.connection);
    let names = Names::of(&parts.settings);
    let settings = parts.settings.iter().map(|(name, text)| (name.clone(), Value::from(text.value.as_str())));
    let mut compiler = Compiler { settings: Value::Object(settings.collect::<Map<_, _>>()), names, faults };
    let connection = compiler.connection(parts.connection);
    let auth = compiler.needed(parts.auth, at, "auth").and_then(|auth| compiler.auth(auth));
    let streams = compiler.needed(parts.streams, at, "streams").and_then(|streams| compiler.streams(streams));
    let join = compiler.needed(parts.join, at, "join");
    let (root, joins) = match (join, &streams) {
        (Some(join), Some(streams)) => compiler.join(join, streams)?,
        _ => return None,
    };
    let mut streams = streams?;
    let incremental = match parts.incremental {
        Some(form) => Some(compiler.incremental(form, root, &joins, &mut streams)?),
        None => None,
    };
    let absence = match compiler.needed(parts.absence, at, "absence")?.value {
        AbsenceForm::Leaver => Absence::Leaver,
        AbsenceForm::Ignore => Absence::Ignore,
        AbsenceForm::Hold => Absence::Hold,
    };
    let settings = compiler.settings;
    Some(Plan {
        fingerprint,
        settings,
        connection: connection?,
        auth: auth?,
        streams,
        root,
        joins,
        incremental,
        absence,
        subject: subject?,
    })
}

impl Compiler<'_> {
    fn fault(&mut self, at: Place, reason: impl Into<String>) {
        self.faults.push((at, reason.into()));
    }

    fn needed<T>(&mut self, part: Option<T>, at: Place, name: &str) -> Option<T> {
        if part.is_none() {
            self.fault(at, format!("a source over HTTP needs {name}"));
        }
        part
    }

    fn connection(&mut self, form: Spanned<ConnectionForm>) -> Option<Connection> {
        let form = form.value;
        let mut base = self.url(&form.base)?;
        if base.query().is_some() || base.fragment().is_some() {
            self.fault(place(&form.base), "a base has no query and no fragment");
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let headers = form.headers.iter().filter_map(|(name, text)| {
            let at = place(text);
            let name = self.header_name(name, at)?;
            let text = self.settled(text)?;
            let value = HeaderValue::from_str(&text).ok();
            if value.is_none() {
                self.fault(at, "this can't be a header's value");
            }
            Some((name, value?))
        });
        let headers = headers.collect();
        for (name, limit) in [("perMinute", form.per_minute), ("perDay", form.per_day)] {
            if limit == Some(0) {
                self.fault(place(&form.base), format!("{name} must be at least 1"));
            }
        }
        Some(Connection {
            base,
            headers,
            timeout: Duration::from_secs(form.timeout.unwrap_or(100).clamp(1, 900).into()),
            pause: Duration::from_millis(form.pause.unwrap_or(0).into()),
            per_minute: form.per_minute,
            per_day: form.per_day,
            longest_query: form.longest_query,
            retry: self.retry(form.retry),
            error_code: self.path(form.error_code.as_ref()),
        })
    }

    fn retry(&mut self, form: RetryForm) -> Retry {
        Retry {
            codes: form.codes.unwrap_or_else(|| vec![429, 502, 503, 504]),
            tries: form.tries.unwrap_or(4).clamp(1, 10),
            wait_body: self.path(form.wait_body.as_ref()),
            unless: self.path(form.unless.as_ref()),
        }
    }

    /// An address: https, or http on a loopback host.
    fn url(&mut self, text: &Spanned<String>) -> Option<Url> {
        let at = place(text);
        let text = self.settled(text)?;
        let url = Url::parse(&text).ok().filter(|url| match (url.scheme(), url.host()) {
            ("https", Some(_)) => true,
            ("http", Some(Host::Domain(name))) => name.eq_ignore_ascii_case("localhost"),
            ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
            ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
            _ => false,
        });
        let url = url.filter(|url| url.username().is_empty() && url.password().is_none());
        if url.is_none() {
            self.fault(at, "an https address is needed here, without user and password");
        }
        url
    }

    /// A text that only settings go into, so that it is known now.
    fn settled(&mut self, text: &Spanned<String>) -> Option<String> {
        let template = self.template(text, &self.variables())?;
        match template.plain(&self.scope()) {
            Ok(text) => Some(text),
            Err(reason) => {
                self.fault(place(text), reason);
                None
            }
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope::new().with("settings", Cow::Borrowed(&self.settings))
    }

    fn variables(&self) -> Variables {
        let names = self.settings.as_object().into_iter().flatten().map(|(name, _)| (name.clone(), Type::Text));
        Variables::new().with("settings", Type::record(names))
    }

    fn template(&mut self, text: &Spanned<String>, variables: &Variables) -> Option<Template> {
        match Template::compile(&text.value, variables) {
            Ok(template) => Some(template),
            Err(reason) => {
                self.fault(place(text), reason);
                None
            }
        }
    }

    fn templates(
        &mut self,
        texts: &BTreeMap<String, Spanned<String>>,
        variables: &Variables,
    ) -> Vec<(String, Template)> {
        texts.iter().filter_map(|(name, text)| Some((name.clone(), self.template(text, variables)?))).collect()
    }

    fn path(&mut self, text: Option<&Spanned<String>>) -> Option<Path> {
        let text = text?;
        match self.names.put_into(&text.value, is_member).and_then(|text| Path::parse(&text)) {
            Ok(path) => Some(path),
            Err(reason) => {
                self.fault(place(text), reason);
                None
            }
        }
    }

    fn header_name(&mut self, name: &str, at: Place) -> Option<HeaderName> {
        let parsed = HeaderName::from_str(name).ok();
        if parsed.is_none() {
            self.fault(at, format!("`{name}` can't be a header's name"));
        }
        parsed
    }
}

#[cfg(test)]
mod tests;
