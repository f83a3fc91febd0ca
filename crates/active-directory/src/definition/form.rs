//! The YAML form of a definition, as it is written, and what its parts must be.

use std::fmt;
use std::time::Duration;

use domain::SecretName;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::{Absence, Definition, GroupName, Groups, Incremental, Mapping};
use crate::connection::Authorities;
use crate::filter::{AttributeName, Filter};
use crate::server::Server;

/// Line and column, and what is wrong there.
pub(super) type Fault = ((u64, u64), String);

/// The whole file. What belongs to the mapping is only looked at here, and read by `sources`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    #[serde(rename = "active-directory")]
    directory: DirectoryForm,
    #[serde(rename = "where")]
    only: Option<Spanned<IgnoredAny>>,
    person: Option<IgnoredAny>,
    contracts: Option<Spanned<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DirectoryForm {
    secret: Spanned<String>,
    servers: Spanned<Vec<Spanned<String>>>,
    ca: Spanned<String>,
    base: Spanned<OneOrMany>,
    filter: Option<Spanned<String>>,
    #[serde(default)]
    attributes: Vec<Spanned<String>>,
    join: Option<Spanned<String>>,
    groups: Option<GroupsForm>,
    #[serde(default)]
    incremental: Incremental,
    #[serde(default)]
    absence: Absence,
    page_size: Option<Spanned<u16>>,
    timeout_seconds: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupsForm {
    #[serde(default = "yes")]
    nested: bool,
    base: Option<Spanned<String>>,
    filter: Option<Spanned<String>>,
    #[serde(default)]
    name: GroupName,
}

fn yes() -> bool {
    true
}

/// `base: OU=…` or `base: [OU=…, OU=…]`.
struct OneOrMany(Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a distinguished name or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<OneOrMany, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = all.next_element()? {
                    names.push(name);
                }
                Ok(OneOrMany(names))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads the YAML.
pub(super) fn read(yaml: &str) -> Result<Form, Fault> {
    serde_saphyr::from_str(yaml).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |location| (location.line(), location.column()));
        let reason = error.without_snippet().to_string();
        let reason = reason.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&reason);
        ((line, column), reason.to_owned())
    })
}

impl Form {
    pub(super) fn has_person(&self) -> bool {
        self.person.is_some()
    }

    /// Checks every part; `None` when one of them is wrong.
    pub(super) fn settings(self, faults: &mut Vec<Fault>) -> Option<Definition> {
        if self.person.is_none() {
            for (part, name) in [(&self.only, "where"), (&self.contracts, "contracts")] {
                faults.extend(part.as_ref().map(|part| (place(part), format!("{name} needs a person"))));
            }
        }
        let form = self.directory;
        let mut check = Check(faults);
        let secret = check.part(&form.secret, |name| SecretName::parse(name).map_err(|error| error.to_string()));
        let servers = check.servers(&form.servers);
        let authorities = check.part(&form.ca, |pem| Authorities::parse(pem).map_err(str::to_owned));

        let base_place = place(&form.base);
        let bases: Vec<String> = form.base.value.0;
        if bases.is_empty() || bases.iter().any(|base| !is_dn(base)) {
            check.0.push((base_place, "base needs distinguished names, as OU=People,DC=example,DC=com".into()));
        }
        let filter = form.filter.as_ref().map_or_else(|| Filter::parse(PEOPLE), |text| check.part(text, filter));
        let attributes: Option<Vec<_>> =
            form.attributes.iter().map(|name| check.part(name, attribute)).collect::<Vec<_>>().into_iter().collect();
        let join =
            form.join.as_ref().map_or_else(|| AttributeName::parse("employeeID"), |name| check.part(name, attribute));
        let groups = match form.groups {
            None => Some(None),
            Some(groups) => check.groups(&groups).map(Some),
        };
        // Windows gives at most 1,000 entries a page (MaxPageSize).
        let page_size = check.number(form.page_size.as_ref(), 500, 1..=1000);
        let timeout = check.number(form.timeout_seconds.as_ref(), 60, 1..=600);
        Some(Definition {
            secret: secret?,
            servers: servers?,
            authorities: authorities?,
            bases,
            filter: filter?,
            attributes: attributes?,
            join: join?,
            groups: groups?,
            incremental: form.incremental,
            absence: form.absence,
            page_size: page_size?,
            timeout: Duration::from_secs(timeout?),
            mapping: Mapping::Account,
        })
    }
}

/// Users that stand for people; computers are of class user too, but not of category person.
const PEOPLE: &str = "(&(objectCategory=person)(objectClass=user))";

struct Check<'f>(&'f mut Vec<Fault>);

impl Check<'_> {
    fn part<T>(&mut self, text: &Spanned<String>, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        parse(&text.value).map_err(|reason| self.0.push((place(text), reason))).ok()
    }

    fn servers(&mut self, servers: &Spanned<Vec<Spanned<String>>>) -> Option<Vec<Server>> {
        if servers.value.is_empty() {
            self.0.push((place(servers), "at least one server is needed".to_owned()));
        }
        let parse = |text: &str| Server::parse(text).map_err(|error| error.to_string());
        let parsed: Vec<_> = servers.value.iter().map(|server| self.part(server, parse)).collect();
        parsed.into_iter().collect()
    }

    fn groups(&mut self, form: &GroupsForm) -> Option<Groups> {
        let base = form.base.as_ref().map(|base| {
            self.part(base, |base| is_dn(base).then(|| base.to_owned()).ok_or("it is no distinguished name".to_owned()))
        });
        let filter = form.filter.as_ref().map(|text| self.part(text, filter));
        let (base, filter) =
            (base.map_or(Some(None), |base| base.map(Some)), filter.map_or(Some(None), |f| f.map(Some)));
        Some(Groups { nested: form.nested, base: base?, filter: filter?, name: form.name })
    }

    fn number<N: Copy + PartialOrd + fmt::Display>(
        &mut self,
        number: Option<&Spanned<N>>,
        default: N,
        allowed: std::ops::RangeInclusive<N>,
    ) -> Option<N> {
        let Some(number) = number else { return Some(default) };
        if allowed.contains(&number.value) {
            return Some(number.value);
        }
        let reason = format!("a number from {} to {} is needed here", allowed.start(), allowed.end());
        self.0.push((place(number), reason));
        None
    }
}

fn filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text).ok_or_else(|| "it is no search filter, as (&(objectClass=user)(department=Sales))".to_owned())
}

fn attribute(name: &str) -> Result<AttributeName, String> {
    AttributeName::parse(name).ok_or_else(|| "it is no name of an attribute".to_owned())
}

/// Only its shape; whether there is such an object the server tells.
fn is_dn(text: &str) -> bool {
    let part = |part: &str| {
        part.split_once('=')
            .is_some_and(|(name, value)| AttributeName::parse(name.trim()).is_some() && !value.trim().is_empty())
    };
    !text.contains('\0') && text.replace("\\,", "").split(',').all(part)
}

/// Where a part stands.
fn place<T>(part: &Spanned<T>) -> (u64, u64) {
    (part.referenced.line(), part.referenced.column())
}
