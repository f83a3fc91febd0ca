//! Accounts on which the configuration is tried: of everybody who waits in the store, and of the people in the folder's
//! examples/. What a rule gives together is seen only on somebody whom it is given to.

use std::collections::BTreeSet;
use std::path::Path;

use domain::{AttributeValue, DesiredAccount, Entitlement, Merged, Person, UserField};
use jiff::Timestamp;
use policy::{Configuration, Decision, Earlier};
use serde_json::{Value, json};

use super::waiting::Waiting;
use crate::words::count;

/// Accounts as the configuration wants them.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    /// Those that are to be there.
    pub(super) accounts: Vec<DesiredAccount>,
    /// The fields that the configuration fills, as far as can be seen.
    pub(super) fields: BTreeSet<UserField>,
}

impl Samples {
    pub(super) fn collect(
        configuration: &Configuration,
        dir: Option<&Path>,
        waiting: Option<&Waiting>,
        now: Timestamp,
    ) -> Self {
        // Examples that can't be read are `connector check`'s matter.
        let examples = dir.and_then(|dir| policy::check::read_examples(dir).ok()).unwrap_or_default();
        let decide = |record: &Value| decide(configuration, record, now);
        let waiting = waiting.into_iter().flat_map(|waiting| &waiting.persons);
        let mut accounts: Vec<_> = waiting.map(|person| person.desired.account.clone()).collect();
        accounts.extend(examples.iter().filter_map(|example| decide(&example.person)));
        accounts.retain(|account| account.status.calls_for_account());
        let made_up = decide(&made_up(now));
        let fields = accounts.iter().chain(&made_up).flat_map(|account| account.attributes.keys().copied());
        let fields = fields.chain(UserField::ALL.iter().copied().filter(|field| field.is_required())).collect();
        Self { accounts, fields }
    }

    /// `tried on 2 accounts`
    pub(super) fn tried(&self) -> String {
        match self.accounts.len() as u64 {
            0 => "nobody was there to try it on: no examples/, and nobody waits".to_owned(),
            accounts => format!("tried on {}", count(accounts, "account", "accounts")),
        }
    }

    /// Those that are given it.
    pub(super) fn with<'a>(&'a self, given: &'a Entitlement) -> impl Iterator<Item = &'a DesiredAccount> {
        self.accounts.iter().filter(|account| account.entitlements.contains_key(given))
    }
}

fn decide(configuration: &Configuration, record: &Value, now: Timestamp) -> Option<DesiredAccount> {
    let person = Box::new(Person::from_json(record).ok()?);
    let merged = Merged::Present { person, ambiguous: Vec::new() };
    let today = configuration.organisation.today(now);
    match configuration.policy.decide(&merged, Earlier::Unknown, today) {
        Decision::Account { account, .. } => Some(*account),
        Decision::Wait => None,
    }
}

/// Somebody in whom every field has something to be made from. Only which fields are filled is taken from it.
fn made_up(now: Timestamp) -> Value {
    let reference = |id: &str| json!({ "id": id, "name": id, "managerId": "M" });
    json!({
        "id": "1",
        "name": { "givenName": "A", "nickName": "A", "initials": "A.", "familyName": "B", "familyNamePrefix": "de",
                  "partnerName": "C", "partnerNamePrefix": "van", "convention": "BP" },
        "contact": { "email": "a.b@example.com", "phone": "+31 20 0000000", "mobilePhone": "+31 6 00000000" },
        "contracts": [{ "id": "1", "startDate": now.to_string().get(..10), "type": "permanent", "fte": 1.0,
            "hoursPerWeek": 40, "percentage": 100, "sequence": 1, "department": reference("D"),
            "title": reference("T"), "location": reference("L"), "costCenter": reference("C"),
            "employer": reference("E"), "manager": reference("M") }],
        "accounts": {}
    })
}

/// The values that a field may be given; of candidates, each.
pub(super) fn values(value: &AttributeValue) -> impl Iterator<Item = &str> {
    let (one, several) = match value {
        AttributeValue::Value(value) => (value.as_deref(), &[][..]),
        AttributeValue::Candidates { values, .. } => (None, values.as_slice()),
    };
    one.into_iter().chain(several.iter().map(String::as_str))
}
