//! From policy's decision to what is stored: whether it is a new target, what led to it, and what is held because an
//! account can't be computed whole. Pure.

use domain::account::Cause;
use domain::{AccountStatus, DesiredAccount, DesiredState, ParkedReason, PersonId, Snapshot};
use jiff::Timestamp;
use jiff::civil::Date;
use policy::Decision;
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
    let Decision::Account { account, changes_on, problems } = decision else {
        let changes_on = data.due.as_ref().map(|due| due.value.on).filter(|on| *on > today);
        return Plan { mapped: Mapped { desired: None, new_target: false, changes_on, problem: None }, parks: None };
    };
    let held = !problems.is_empty() && !may_go_on(&account, before);
    let account = if problems.is_empty() { account } else { without_gaps(account) };
    let new_target = !held && before.is_none_or(|before| !before.account.same_target(&account));
    let same_words = before.is_some_and(|before| before.account == account && before.changes_on == changes_on);
    let desired = (!held && !same_words).then(|| DesiredState {
        person: person.clone(),
        version: before.map_or(0, |before| before.version) + u64::from(new_target),
        cause: if new_target {
            cause(data, policy, today)
        } else {
            before.map_or_else(|| cause(data, policy, today), |b| b.cause.clone())
        },
        account,
        changes_on,
        policy: policy.to_owned(),
    });
    let problem = (!problems.is_empty()).then(|| {
        let problems: Vec<_> = problems
            .into_iter()
            .map(|problem| ParkedReason { code: problem.code.to_string(), message: problem.message })
            .collect();
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

/// A person with problems gets no new account and no access back, but what an account loses is taken all the same:
/// a leaver with a too long title must not keep access.
fn may_go_on(account: &DesiredAccount, before: Option<&DesiredState>) -> bool {
    before.is_some_and(|before| {
        before.account.status == AccountStatus::Enabled || account.status != AccountStatus::Enabled
    })
}

/// A profile that could not be computed, or a field, is left as the org has it.
fn without_gaps(account: DesiredAccount) -> DesiredAccount {
    let account = DesiredAccount { correlate: account.correlate, ..account };
    if account.status == AccountStatus::Unwanted {
        DesiredAccount { attributes: Default::default(), ..account }
    } else {
        account
    }
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
