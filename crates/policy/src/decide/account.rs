//! The account's status and why, and its parts put together.

use domain::contract::primary;
use domain::{AccountStatus, Contract, DesiredAccount, EntitlementKind, Person, Reason, SourceName};
use jiff::civil::Date;

use super::entitlements::{Given, given};
use super::values::{self, STRONG_KEYS, Values};
use super::{Decision, Problem};
use crate::policy::Policy;
use crate::world::World;

pub(super) fn decide(policy: &Policy, person: &Person, ambiguous: &[SourceName], today: Date) -> Decision {
    let world = World::new(person, today, &policy.lookups);
    let contract = primary(&person.contracts, today);
    let mut problems = Vec::new();
    let (status, why) = status(policy, person, &world, today, &mut problems);
    let Values { attributes, mut correlate, problems: in_values } = values::values(policy, person, &world, contract);
    let changes_on = policy.changes_on(person, today);
    if status == AccountStatus::Unwanted {
        correlate.retain(|(field, _)| STRONG_KEYS.contains(field));
        let account = DesiredAccount { correlate, ..DesiredAccount::unwanted(why) };
        return Decision::Account { account: Box::new(account), changes_on, problems: Vec::new() };
    }
    problems.extend(in_values);
    let given = match status {
        AccountStatus::Enabled => {
            let counting = counting(person, today, |contract| policy.gives_access(contract, today));
            given(policy, &world, &counting, &EntitlementKind::ALL, &mut problems)
        }
        // An inactive user needs a profile, and nothing else before its day.
        _ => {
            let counting = counting(person, today, |contract| policy.calls_for_account(contract, today));
            given(policy, &world, &counting, &[EntitlementKind::Profile], &mut problems)
        }
    };
    let Given { entitlements, remarks } = given;
    let account = DesiredAccount {
        status,
        attributes,
        links: Default::default(),
        entitlements,
        expirations: Default::default(),
        ownership: Default::default(),
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
    Decision::Account { account: Box::new(account), changes_on, problems }
}

fn status(
    policy: &Policy,
    person: &Person,
    world: &World<'_>,
    today: Date,
    problems: &mut Vec<Problem>,
) -> (AccountStatus, String) {
    let ids = |counts: &dyn Fn(&Contract) -> bool| {
        let mut ids: Vec<_> =
            person.contracts.iter().filter(|contract| counts(contract)).map(|contract| contract.id.as_str()).collect();
        ids.sort_unstable();
        ids.join(", ")
    };
    let access = ids(&|contract| policy.gives_access(contract, today));
    let called_for = ids(&|contract| policy.calls_for_account(contract, today));
    if called_for.is_empty() {
        return (AccountStatus::Unwanted, no_window(person, today));
    }
    if let Some(code) = &policy.when {
        match code.holds(&world.scope()) {
            Ok(true) => {}
            Ok(false) => return (AccountStatus::Unwanted, "account.when does not hold".to_owned()),
            Err(error) => {
                let message = format!("{}: account.when fails: {}", code.place_of(&error), error.reason);
                problems.push(Problem::new("expression-failed", message));
            }
        }
    }
    if person.blocked {
        (AccountStatus::Prepared, "the person is blocked; the account is kept, inactive".to_owned())
    } else if access.is_empty() {
        (AccountStatus::Prepared, format!("prepared for contract {called_for}"))
    } else {
        (AccountStatus::Enabled, format!("active by contract {access}"))
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
