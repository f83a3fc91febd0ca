//! The keys by which the accounts of dependent sources find their persons, compiled and ready to be taken from either
//! side.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::{JoinId, JoinKey, Person, PersonKeys, SourceName, SourceRole};
use expression::{Lookups, Scope};
use serde_json::{Map, Value};

use super::TEXT;
use crate::code::Code;
use crate::files::shape::{Cel, Source};
use crate::files::{At, Sink};
use crate::problems::{Finding, Place};
use crate::world;

/// How the accounts of one source are joined.
#[derive(Clone, Debug)]
struct Join {
    id: JoinId,
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
struct Key {
    account: Code,
    person: Code,
}

/// The sources whose accounts find their persons by keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joins(BTreeMap<SourceName, Join>);

/// Compiles the keys of all sources; what is wrong goes to the sink.
pub(crate) fn joins<'t>(
    sources: &[At<Source>],
    lookups: &Lookups,
    text_of: impl Fn(&Place) -> &'t str,
    sink: &mut Sink,
) -> Joins {
    let of_account = world::about_account(lookups);
    let of_person = world::about_joined_person(lookups);
    let mut joins = BTreeMap::new();
    for source in sources {
        let Some(join) = &source.value.join else { continue };
        if SourceRole::from(source.value.role) != SourceRole::Dependent {
            sink.error(
                &join.place,
                "`join` is for dependent sources; an authoritative one says itself who its persons are",
            );
        }
        let mut written = Vec::new();
        let mut keys = Vec::new();
        for At { place, value: key } in &join.value.0 {
            let sides = [key.account.value.0.trim(), key.person.value.0.trim()];
            if written.contains(&sides) {
                sink.error(place, "this key is here twice");
            }
            written.push(sides);
            let account = compile(&key.account, &of_account, &text_of, sink);
            let person = compile(&key.person, &of_person, &text_of, sink);
            keys.extend(account.zip(person).map(|(account, person)| Key { account, person }));
        }
        // A name that is none is told with the sources.
        if let Ok(name) = SourceName::parse(source.value.name.value.clone()) {
            let tables = written.iter().flatten().any(|text| text.contains("lookup")).then_some(lookups);
            joins.insert(name, Join { id: JoinId::of(&(written, tables)), keys });
        }
    }
    Joins(joins)
}

fn compile<'t>(
    cel: &At<Cel>,
    variables: &expression::Variables,
    text_of: impl Fn(&Place) -> &'t str,
    sink: &mut Sink,
) -> Option<Code> {
    let code = Code::compile(cel, text_of(&cel.place), variables, TEXT, sink)?;
    if code.expression.variables().is_empty() {
        sink.error(&cel.place, "the expression gives everybody the same key");
    }
    Some(code)
}

impl Joins {
    pub(crate) fn has(&self, source: &SourceName) -> bool {
        self.0.contains_key(source)
    }

    /// What makes the keys of the source, for seeing that it changed.
    pub(crate) fn id(&self, source: &SourceName) -> Option<&JoinId> {
        self.0.get(source).map(|join| &join.id)
    }

    /// The keys of an account, in the order in which they decide.
    pub(crate) fn of_account(
        &self,
        source: &SourceName,
        account: &Map<String, Value>,
        lookups: &Lookups,
    ) -> Vec<JoinKey> {
        let Some(join) = self.0.get(source) else { return Vec::new() };
        let account = Value::Object(account.clone());
        let scope = account_scope(&account, lookups);
        join.keys(source, |key| &key.account, &scope).collect()
    }

    /// The keys of a person, for every source that is joined; nobody has none.
    pub(crate) fn of_person(&self, person: Option<&Person>, lookups: &Lookups) -> BTreeMap<SourceName, PersonKeys> {
        let person = person.map(without_accounts);
        let keys = |(source, join): (&SourceName, &Join)| {
            let scope = person.as_ref().map(|person| person_scope(person, lookups));
            let keys = scope.map(|scope| join.keys(source, |key| &key.person, &scope).collect());
            (source.clone(), PersonKeys { join: join.id.clone(), keys: keys.unwrap_or_default() })
        };
        self.0.iter().map(keys).collect()
    }

    /// Tries all expressions on a person and the person's accounts; answers what fails.
    pub(crate) fn try_on(&self, person: &Person, name: &str, lookups: &Lookups) -> Vec<Finding> {
        let mut findings = Vec::new();
        let json = without_accounts(person);
        for (source, join) in &self.0 {
            let account = person.accounts.get(source).cloned().map(Value::Object);
            for key in &join.keys {
                let account = account.as_ref().map(|account| (&key.account, account_scope(account, lookups)));
                for (code, scope) in account.into_iter().chain([(&key.person, person_scope(&json, lookups))]) {
                    if let Err(error) = code.text(&scope) {
                        let message = format!("{} (with {name})", error.reason);
                        findings.push(Finding::error(code.place_of(&error), message));
                    }
                }
            }
        }
        findings
    }
}

impl Join {
    fn keys<'a>(
        &'a self,
        source: &'a SourceName,
        side: impl Fn(&'a Key) -> &'a Code + 'a,
        scope: &'a Scope<'a>,
    ) -> impl Iterator<Item = JoinKey> + 'a {
        self.keys.iter().map(side).enumerate().filter_map(move |(position, code)| match code.text(scope) {
            Ok(text) => JoinKey::new(&self.id, position, &text?),
            Err(error) => {
                // The reason is free of the data.
                let place = code.place_of(&error);
                tracing::warn!(event = "join.key_failed", %source, %place, reason = error.reason);
                None
            }
        })
    }
}

/// As [`world::about_joined_person`] has it.
fn without_accounts(person: &Person) -> Value {
    // Our own types always serialise.
    let mut json = serde_json::to_value(person).unwrap_or_default();
    json.as_object_mut().map(|fields| fields.remove("accounts"));
    json
}

fn person_scope<'a>(person: &'a Value, lookups: &'a Lookups) -> Scope<'a> {
    Scope::new().with_lookups(lookups).with("person", Cow::Borrowed(person))
}

fn account_scope<'a>(account: &'a Value, lookups: &'a Lookups) -> Scope<'a> {
    Scope::new().with_lookups(lookups).with("account", Cow::Borrowed(account))
}

#[cfg(test)]
mod tests;
