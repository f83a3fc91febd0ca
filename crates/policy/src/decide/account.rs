//! The account's status and why, and its parts put together.

use domain::contract::primary;
use domain::{AccountStatus, Contract, DesiredAccount, EntitlementKind, Person, Reason, SourceName};
use jiff::civil::Date;

use super::entitlements::{Given, given};
use super::links::links;
use super::values::{self, STRONG_KEYS, Values};
use super::{Decision, Earlier, Problem};
use crate::policy::Policy;
use crate::world::World;

pub(super) fn decide(
    policy: &Policy,
    person: &Person,
    ambiguous: &[SourceName],
    earlier: Earlier,
    today: Date,
) -> Decision {
    let world = World::new(person, today, &policy.lookups);
    let contract = primary(&person.contracts, today);
    let mut problems = Vec::new();
    let standing = standing(policy, person, &world, today, &mut problems);
    let Values { attributes, mut correlate, problems: in_values } = values::values(policy, person, &world, contract);
    let changes_on = policy.changes_on(person, today);
    let (status, why) = match standing {
        Standing::Out { end, why } => {
            correlate.retain(|(field, _)| STRONG_KEYS.contains(field));
            return policy.leave(earlier.since(end, today), today, correlate, why, changes_on);
        }
        Standing::Blocked => {
            let why = "the person is blocked; the account is kept, frozen".to_owned();
            let account = Box::new(policy.shut(AccountStatus::Frozen, correlate, why));
            return Decision::Account { account, leaving_since: None, changes_on, problems: Vec::new() };
        }
        Standing::Prepared { why } => (AccountStatus::Prepared, why),
        Standing::Enabled { why } => (AccountStatus::Enabled, why),
    };
    problems.extend(in_values);
    let given = match status {
        AccountStatus::Enabled => {
            let counting = counting(person, today, |contract| policy.gives_access(contract, today));
            given(policy, &world, &counting, &EntitlementKind::ALL, today, &mut problems)
        }
        // An inactive user needs a profile, and nothing else before its day.
        _ => {
            let counting = counting(person, today, |contract| policy.calls_for_account(contract, today));
            given(policy, &world, &counting, &[EntitlementKind::Profile], today, &mut problems)
        }
    };
    let Given { entitlements, expirations, changes_on: ends, mut remarks } = given;
    let links = links(policy, person, &world, contract, &mut problems, &mut remarks);
    let account = DesiredAccount {
        status,
        attributes,
        links,
        entitlements,
        expirations,
        ownership: policy.ownership.clone(),
        correlate,
        why: Reason([vec![why], remarks].concat().join("; ")),
    };
    if account.single(EntitlementKind::Profile).is_none() {
        problems
            .push(Problem::new("no-profile", "no rule gives a profile, and a Salesforce user can't be without one"));
    }
    for source in ambiguous {
        let message =
            format!("several accounts of source `{source}` claim the person; none is used until only one does");
        problems.push(Problem::new("ambiguous-account", message));
    }
    problems.sort();
    problems.dedup();
    let changes_on = changes_on.into_iter().chain(ends).min();
    Decision::Account { account: Box::new(account), leaving_since: None, changes_on, problems }
}

/// How a person stands on a day.
enum Standing {
    /// No account is called for; `end` is the end of access where contracts tell it.
    Out { end: Option<Date>, why: String },
    /// One that may be there already is kept, and nobody may use it.
    Blocked,
    /// One is called for, inactive.
    Prepared { why: String },
    /// One is called for.
    Enabled { why: String },
}

fn standing(policy: &Policy, person: &Person, world: &World<'_>, today: Date, problems: &mut Vec<Problem>) -> Standing {
    let ids = |counts: &dyn Fn(&Contract) -> bool| {
        let mut ids: Vec<_> =
            person.contracts.iter().filter(|contract| counts(contract)).map(|contract| contract.id.as_str()).collect();
        ids.sort_unstable();
        ids.join(", ")
    };
    let access = ids(&|contract| policy.gives_access(contract, today));
    let called_for = ids(&|contract| policy.calls_for_account(contract, today));
    if called_for.is_empty() {
        return Standing::Out { end: policy.end_of_access(person, today), why: no_window(person, today) };
    }
    if let Some(code) = &policy.when {
        match code.holds(&world.scope()) {
            Ok(true) => {}
            // Contracts of before say nothing of when it ceased to hold.
            Ok(false) => return Standing::Out { end: None, why: "account.when does not hold".to_owned() },
            Err(error) => {
                let message = format!("{}: account.when fails: {}", code.place_of(&error), error.reason);
                problems.push(Problem::new("expression-failed", message));
            }
        }
    }
    match (access.is_empty(), person.blocked) {
        (false, true) => Standing::Blocked,
        (false, false) => Standing::Enabled { why: format!("active by contract {access}") },
        (true, true) => {
            Standing::Prepared { why: "the person is blocked; the account is prepared, inactive".to_owned() }
        }
        (true, false) => Standing::Prepared { why: format!("prepared for contract {called_for}") },
    }
}

fn no_window(person: &Person, today: Date) -> String {
    let starts = person.contracts.iter().map(|contract| contract.start_date).filter(|start| *start > today).min();
    let ended = person.contracts.iter().filter_map(|contract| contract.end_date).max();
    match (starts, ended) {
        (Some(start), _) => format!("the next contract starts on {start}"),
        (None, Some(end)) => format!("the last contract ended on {end}"),
        (None, None) => "there is no contract".to_owned(),
    }
}

/// The contracts that count, the one that decides among them first and the others in an order that does not depend on
/// the source's. The person's primary contract need not be one of them.
fn counting(person: &Person, today: Date, counts: impl Fn(&Contract) -> bool) -> Vec<&Contract> {
    let mut contracts: Vec<_> = person.contracts.iter().filter(|contract| counts(contract)).collect();
    let among: Vec<_> = contracts.iter().copied().cloned().collect();
    let first = primary(&among, today).map(|contract| contract.id.as_str());
    contracts.sort_by_key(|contract| (first != Some(contract.id.as_str()), contract.id.as_str()));
    contracts
}
