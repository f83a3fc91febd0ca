//! From policy's decision to what is stored: whether it is a new target, what led to it, and what is held because an
//! account can't be computed whole. Pure.

use domain::account::Cause;
use domain::{AccountStatus, DesiredAccount, DesiredState, ParkedReason, PersonId, Snapshot};
use jiff::Timestamp;
use jiff::civil::Date;
use policy::{Decision, STRONG_KEYS};
use records::people::{Mapped, PersonData, PersonProblem};

/// What to store, and whether that parks the person anew.
#[derive(Debug)]
pub struct Plan {
    /// What to store.
    pub mapped: Mapped,
    /// The code of the first problem, when the person had none before.
    pub parks: Option<String>,
}

/// Plans what one mapping stores.
pub fn plan(
    person: &PersonId,
    data: &PersonData,
    decision: Decision,
    policy: &str,
    today: Date,
    now: Timestamp,
) -> Plan {
    let before = data.desired.as_ref().map(|stored| &stored.value);
    let Decision::Account { account, leaving_since, changes_on, problems } = decision else {
        let changes_on = data.due.as_ref().map(|due| due.value.on).filter(|on| *on > today);
        return Plan { mapped: Mapped { desired: None, new_target: false, changes_on, problem: None }, parks: None };
    };
    let account = keep_keys(*account, before);
    let account = if problems.is_empty() { Some(account) } else { despite_problems(account, before) };
    let held = account.is_none();
    let new_target =
        account.as_ref().is_some_and(|account| before.is_none_or(|before| !before.account.same_target(account)));
    let says_more = |account: &DesiredAccount| {
        before.is_none_or(|before| {
            before.account != *account || before.leaving_since != leaving_since || before.changes_on != changes_on
        })
    };
    let desired = account.filter(says_more).map(|account| DesiredState {
        person: person.clone(),
        version: before.map_or(0, |before| before.version) + u64::from(new_target),
        cause: match before {
            Some(before) if !new_target => before.cause.clone(),
            _ => cause(data, policy, today),
        },
        account,
        leaving_since,
        changes_on,
        policy: policy.to_owned(),
    });
    let problem = (!problems.is_empty()).then(|| {
        let problems: Vec<_> =
            problems.into_iter().map(|problem| ParkedReason { code: problem.code, message: problem.message }).collect();
        let known = data.problem.as_ref().map(|stored| &stored.value);
        let since = known.filter(|known| known.problems == problems).map_or(now, |known| known.since);
        PersonProblem { problems, since, held }
    });
    let parks = problem
        .as_ref()
        .filter(|_| data.problem.is_none())
        .and_then(|problem| Some(problem.problems.first()?.code.clone()));
    Plan { mapped: Mapped { desired, new_target, changes_on, problem }, parks }
}

/// A person whom the source has removed has no keys any more; the account is found, and stays the same target, by those
/// of before.
fn keep_keys(account: DesiredAccount, before: Option<&DesiredState>) -> DesiredAccount {
    if account.status.calls_for_account() || !account.correlate.is_empty() {
        return account;
    }
    let keys = before.into_iter().flat_map(|before| &before.account.correlate);
    let correlate = keys.filter(|(field, _)| STRONG_KEYS.contains(field)).cloned().collect();
    DesiredAccount { correlate, ..account }
}

/// What is applied of a decision with problems: nothing, for what it would give or take may be wrong, unless it shuts a
/// person out who had access. That must not wait for a title to be shortened, and freezing is the step that takes nothing
/// else: fields, entitlements and the rest stay as they are until the account can be computed whole.
fn despite_problems(account: DesiredAccount, before: Option<&DesiredState>) -> Option<DesiredAccount> {
    let had_access = before.is_some_and(|before| before.account.status == AccountStatus::Enabled);
    let shuts_out = had_access && account.status != AccountStatus::Enabled;
    shuts_out.then(|| DesiredAccount {
        status: AccountStatus::Frozen,
        correlate: account.correlate,
        ownership: account.ownership,
        ..DesiredAccount::unwanted(format!("{}; frozen until what stands in the way is healed", account.why.0))
    })
}

/// What led to a new target: the newest record that mapping has not seen, else the day that came, else a change of the
/// configuration, else the newest record of all (its mapping was interrupted).
fn cause(data: &PersonData, policy: &str, today: Date) -> Cause {
    let from = |snapshot: &Snapshot| Cause::Source {
        source: snapshot.source.clone(),
        observed_at: snapshot.observed_at,
        event: snapshot.event.clone(),
    };
    let newest = |unseen_only: bool| {
        let candidates = data.snapshots.iter().filter(|stored| !unseen_only || stored.index.is_some());
        candidates.map(|stored| &stored.value).max_by_key(|snapshot| snapshot.observed_at)
    };
    let before = data.desired.as_ref().map(|stored| &stored.value);
    if let Some(unseen) = newest(true) {
        return from(unseen);
    }
    match before {
        Some(before) if before.changes_on.is_some_and(|on| on <= today) => Cause::Date { day: today },
        Some(before) if before.policy != policy => Cause::Configuration { policy: policy.to_owned() },
        _ => newest(false).map_or_else(|| Cause::Configuration { policy: policy.to_owned() }, from),
    }
}

#[cfg(test)]
mod tests;
