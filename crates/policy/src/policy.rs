//! The compiled policy: conditions, attributes and rules, ready to decide. Building it checks what the shapes alone
//! can't: names, expressions, references.

mod attributes;
mod joins;
mod ladder;
mod ownership;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Entitlement, EntitlementKind, Ownership, SourceRole, UserField, UserLink};
use expression::{Lookups, Type};

use crate::code::Code;
use crate::files::shape::{Account, Rule as RuleShape};
use crate::files::{At, Sink};
use crate::problems::Place;
use crate::settings::{Organisation, SourceConfig};
use crate::world;

pub(crate) use attributes::{Attribute, default_nickname};
pub(crate) use joins::{Joins, joins};
pub(crate) use ladder::Ladder;
pub(crate) use ownership::ownership;
pub(crate) use rules::Rule;

/// What decides on accounts.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) when: Option<Code>,
    pub(crate) access: (u16, u16),
    pub(crate) create: u16,
    pub(crate) correlate: Vec<UserField>,
    pub(crate) attributes: BTreeMap<UserField, Attribute>,
    pub(crate) links: BTreeMap<UserLink, Code>,
    pub(crate) ladder: Ladder,
    pub(crate) rules: Vec<Rule>,
    pub(crate) ownership: BTreeMap<EntitlementKind, Ownership>,
    pub(crate) username_suffix: String,
    pub(crate) organisation: Organisation,
    pub(crate) lookups: Lookups,
}

impl Policy {
    /// Every entitlement that the configuration names, and where it names it first. For checking against the org.
    pub fn entitlements_named(&self) -> BTreeMap<Entitlement, Place> {
        let mut named = BTreeMap::new();
        for (entitlement, place) in self.rules.iter().flat_map(|rule| &rule.gives) {
            named.entry(entitlement.clone()).or_insert_with(|| place.clone());
        }
        named
    }

    /// All expressions that are about a contract, and those about the person alone.
    pub(crate) fn code(&self) -> impl Iterator<Item = &Code> {
        let rules = self.rules.iter().flat_map(|rule| rule.when.iter().chain(&rule.expires));
        let attributes = self.attributes.values().flat_map(Attribute::code);
        self.when.iter().chain(rules).chain(attributes).chain(self.links.values())
    }
}

const CONDITION: &[Type] = &[Type::Bool];
/// A number is written in digits.
const TEXT: &[Type] = &[Type::Text, Type::Number];
const DATE: &[Type] = &[Type::Text];

/// What a policy is built from.
pub(crate) struct Parts<'a> {
    pub(crate) account: Option<At<Account>>,
    pub(crate) rules: Vec<At<RuleShape>>,
    pub(crate) ownership: BTreeMap<EntitlementKind, Ownership>,
    pub(crate) username_suffix: Option<String>,
    pub(crate) lookups: Lookups,
    pub(crate) sources: &'a [SourceConfig],
    pub(crate) organisation: Option<&'a Organisation>,
    pub(crate) texts: &'a BTreeMap<Arc<str>, &'a str>,
}

/// `None` when something that everything else hangs on is missing; the sink says what.
pub(crate) fn build(parts: Parts<'_>, sink: &mut Sink) -> Option<Policy> {
    let about_person = world::about_person(&parts.lookups);
    let about_contract = world::about_contract(&parts.lookups);
    let text_of = |place: &Place| parts.texts.get(&place.file).copied().unwrap_or_default();
    let rules = rules::build(
        &parts.rules,
        |cel, sink| Code::compile(cel, text_of(&cel.place), &about_contract, CONDITION, sink),
        |cel, sink| Code::compile(cel, text_of(&cel.place), &about_contract, DATE, sink),
        sink,
    );
    let account = parts.account?;
    let when = account
        .value
        .when
        .as_ref()
        .and_then(|cel| Code::compile(cel, text_of(&cel.place), &about_person, CONDITION, sink));
    let attributes = attributes::build(
        &account.value.attributes,
        parts.organisation,
        |cel, sink| Code::compile(cel, text_of(&cel.place), &about_contract, TEXT, sink),
        sink,
    );
    let correlate = attributes::correlate(&account.value.correlate, &attributes, sink);
    let links = account.value.links.as_ref().map(|links| {
        let compile =
            |cel: &At<_>, sink: &mut Sink| Code::compile(cel, text_of(&cel.place), &about_contract, TEXT, sink);
        let written = [(UserLink::Manager, &links.manager), (UserLink::DelegatedApprover, &links.delegated_approver)];
        written.into_iter().filter_map(|(link, cel)| Some((link, compile(cel.as_ref()?, sink)?))).collect()
    });
    let ladder = account.value.leaver.as_ref().map(|leaver| ladder::build(leaver, sink));
    let access = account.value.access.as_ref();
    let days = |days: Option<u16>| days.unwrap_or(0);
    let policy = Policy {
        when,
        access: (
            days(access.and_then(|access| access.days_before_start)),
            days(access.and_then(|access| access.days_after_end)),
        ),
        create: days(account.value.create.and_then(|create| create.days_before_start)),
        correlate,
        attributes,
        links: links.unwrap_or_default(),
        ladder: ladder.unwrap_or_default(),
        rules,
        ownership: parts.ownership,
        username_suffix: parts.username_suffix.unwrap_or_default(),
        organisation: parts.organisation?.clone(),
        lookups: parts.lookups,
    };
    if sink.is_clean() {
        warn_of_unknown_accounts(&policy, parts.sources, sink);
    }
    Some(policy)
}

/// A source that is not configured may still come in by an authoritative record's own `accounts`, so it is no error.
fn warn_of_unknown_accounts(policy: &Policy, sources: &[SourceConfig], sink: &mut Sink) {
    let dependent =
        |name: &str| sources.iter().any(|source| source.role == SourceRole::Dependent && source.name.as_str() == name);
    for code in policy.code() {
        for name in code.accounts().into_iter().filter(|name| !dependent(name)) {
            sink.warning(code.place(), format!("no dependent source `{name}` is configured; its account is there only if an authoritative record brings it"));
        }
    }
}
