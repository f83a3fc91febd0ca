//! The acts, and what must come out of each. An act that does not come out as it should ends the demo with an error.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use domain::{Operation, PersonId};
use records::{Accounts, AuditLog};
use salesforce_simulator::UserView;
use serde::Serialize;
use sync::Task;

use super::people::{INES, NOOR, PIETER, SALES, SERVICE, ines, noor, pieter};
use super::stage::{Plan, Stage};
use crate::commands::audit::Log;
use crate::output::{Output, Report, fields, table};
use crate::words;

/// Everything that was shown, for machines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Play {
    acts: Vec<Act>,
    calls_of_the_repetition: u64,
    audit: Log,
}

/// One act.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Act {
    title: String,
    text: String,
    plan: Vec<Line>,
    result: Vec<Account>,
    calls: BTreeMap<String, u64>,
}

/// One thing of a plan.
#[derive(Serialize)]
struct Line {
    what: String,
    change: String,
    rules: String,
}

/// A user of the org.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    person: String,
    username: String,
    active: bool,
    has: BTreeSet<String>,
}

impl Report for Play {
    fn human(&self) -> String {
        self.acts.iter().map(Report::human).collect::<Vec<_>>().join("\n\n")
    }
}

/// Plays it, and shows each act when it is over.
pub(super) async fn play(stage: &mut Stage, output: &Output) -> anyhow::Result<Play> {
    output.say("A simulated Salesforce org, the example configuration, made-up people.\n")?;
    let mut acts = Vec::new();
    for act in [joiner(stage).await?, mover(stage).await?, leaver(stage).await?] {
        output.say(&format!("{}\n", act.human()))?;
        acts.push(act);
    }
    let calls_of_the_repetition = repetition(stage).await?;
    output.say(&format!(
        "4. The same again: HR sends all three once more, the schedules run: {calls_of_the_repetition} Salesforce calls.\n"
    ))?;
    let audit = audit(stage).await?;
    output.say(&format!("5. The audit log of Noor ({NOOR}), without the fields\n{}", shortened(&audit)))?;
    Ok(Play { acts, calls_of_the_repetition, audit })
}

async fn joiner(stage: &Stage) -> anyhow::Result<Act> {
    let forged = stage.somebody_sends(&noor(SALES, None)).await?;
    expect(forged == 401, "a forged webhook was not refused")?;
    let status = stage.hr_sends(&[noor(SALES, None), pieter(), ines()]).await?;
    let plan = stage.plan(NOOR).await?;
    stage.settle().await?;
    let (user, colleague, later) = (stage.user(NOOR)?, stage.user(PIETER)?, stage.user(INES)?);
    expect(user.active && colleague.active, "a joiner is not active")?;
    expect(!later.active, "who begins later is active already")?;
    expect(user.permission_sets.contains("Sales_Cloud_User"), "the joiner lacks a permission set")?;
    Ok(Act {
        title: "1. Joiners".to_owned(),
        text: format!(
            "2 March: HR sends Noor (Sales, from today), Pieter (Service) and Inês (Sales, from 12 March) in a signed \
             webhook: {status}. Noor's, signed with another key: {forged}. The plan for Noor:"
        ),
        plan: lines(&plan),
        result: vec![account(NOOR, &user), account(PIETER, &colleague), account(INES, &later)],
        calls: stage.calls(),
    })
}

async fn mover(stage: &Stage) -> anyhow::Result<Act> {
    stage.at("2026-04-01T09:00:00+02:00")?;
    // Inês began in the meantime; the schedule wakes those whose day has come.
    stage.pipeline.sync.run(&Task::Due).await?;
    let status = stage.hr_sends(&[noor(SERVICE, None)]).await?;
    let plan = stage.plan(NOOR).await?;
    stage.settle().await?;
    let (user, later) = (stage.user(NOOR)?, stage.user(INES)?);
    expect(later.active, "who has begun is not active")?;
    expect(!user.permission_sets.contains("Sales_Cloud_User"), "the mover kept a permission set")?;
    expect(user.permission_sets.contains("Service_Cloud_User"), "the mover lacks a permission set")?;
    Ok(Act {
        title: "2. A mover".to_owned(),
        text: format!(
            "1 April: HR sends Noor, now in Service: {status}. Inês has begun in the meantime. The plan for Noor:"
        ),
        plan: lines(&plan),
        result: vec![account(NOOR, &user), account(INES, &later)],
        calls: stage.calls(),
    })
}

async fn leaver(stage: &Stage) -> anyhow::Result<Act> {
    stage.at("2026-06-01T09:00:00+02:00")?;
    let status = stage.hr_sends(&[noor(SERVICE, Some("2026-06-30"))]).await?;
    stage.settle().await?;
    expect(stage.user(NOOR)?.active, "the leaver lost access before the last day was over")?;
    let early: u64 = stage.calls().values().sum();
    expect(early == 0, "an end date in the future cost calls")?;
    stage.at("2026-07-01T00:15:00+02:00")?;
    stage.pipeline.sync.run(&Task::Due).await?;
    let plan = stage.plan(NOOR).await?;
    stage.settle().await?;
    let user = stage.user(NOOR)?;
    expect(!user.active, "the leaver is active")?;
    let left: Vec<_> = user.permission_sets.iter().chain(&user.groups).collect();
    expect(left.is_empty() && user.role.is_none(), &format!("the leaver kept {left:?}, role {:?}", user.role))?;
    Ok(Act {
        title: "3. A leaver".to_owned(),
        text: format!(
            "1 June: HR sends Noor's last day, 30 June: {status}, {early} calls. 1 July, a quarter past midnight: the \
             schedule wakes those whose day has come. The plan for Noor:"
        ),
        plan: lines(&plan),
        result: vec![account(NOOR, &user)],
        calls: stage.calls(),
    })
}

async fn repetition(stage: &Stage) -> anyhow::Result<u64> {
    stage.hr_sends(&[noor(SERVICE, Some("2026-06-30")), pieter(), ines()]).await?;
    for task in [Task::Due, Task::Sweep] {
        stage.pipeline.sync.run(&task).await?;
    }
    stage.settle().await?;
    let calls = stage.calls().values().sum();
    expect(calls == 0, "a repetition cost calls")?;
    Ok(calls)
}

async fn audit(stage: &Stage) -> anyhow::Result<Log> {
    let accounts = Accounts::new(stage.opened.store.clone());
    let log = Log::read(&PersonId::parse(NOOR)?, &accounts, &AuditLog::new(stage.opened.store.clone())).await?;
    expect(log.broken().is_none(), "the audit log is not whole")?;
    expect(log.records().len() == 3, "the audit log does not hold three records")?;
    Ok(log)
}

/// The demo's promise; without it there is nothing to show.
fn expect(holds: bool, otherwise: &str) -> anyhow::Result<()> {
    if holds { Ok(()) } else { bail!("the demo did not come out as it should: {otherwise}") }
}

fn lines(plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    for operation in &plan.operations {
        let steps = words::steps(operation);
        let (held, others): (Vec<_>, Vec<_>) = steps.into_iter().partition(words::Step::is_field);
        for step in others {
            lines.push(Line {
                what: step.what.clone(),
                change: step.change(),
                rules: step.rules(&plan.desired.entitlements),
            });
        }
        if let [first, others @ ..] = held.as_slice() {
            let shown = held.iter().find(|step| step.what == "Username").unwrap_or(first);
            let more = if others.is_empty() { String::new() } else { format!(" and {} more fields", others.len()) };
            lines.push(Line {
                what: shown.what.clone(),
                change: format!("{}{more}", shown.change()),
                rules: String::new(),
            });
        }
    }
    if !plan.operations.iter().any(|operation| matches!(operation, Operation::Create { .. })) {
        // Fields that follow from the job, together at the end.
        lines.sort_by_key(|line| line.rules.is_empty() && domain::UserField::from_api_name(&line.what).is_some());
    }
    lines
}

fn account(person: &str, user: &UserView) -> Account {
    let role = user.role.iter().map(|role| format!("role {role}"));
    let has = std::iter::once(user.profile.clone()).chain(role);
    let has = has.chain(user.permission_sets.iter().cloned()).chain(user.groups.iter().cloned());
    Account { person: person.to_owned(), username: user.username.clone(), active: user.active, has: has.collect() }
}

impl Report for Act {
    fn human(&self) -> String {
        let plan = self.plan.iter().map(|line| [line.what.clone(), line.change.clone(), line.rules.clone()]);
        let plan = table(["Plan", "Before → after", "Rule"], plan);
        let results = self.result.iter().map(|account| {
            let active = if account.active { "active" } else { "inactive" };
            let has = account.has.iter().cloned().collect::<Vec<_>>().join(", ");
            (account.person.as_str(), format!("{} {active}: {has}", account.username))
        });
        let kinds: Vec<_> = self.calls.iter().map(|(kind, calls)| format!("{calls} {kind}")).collect();
        let calls = ("calls", format!("{} ({})", self.calls.values().sum::<u64>(), kinds.join(", ")));
        format!("{}. {}\n{plan}\n{}", self.title, self.text, fields(results.chain([calls])))
    }
}

/// The log without the fields, which would fill the screen.
fn shortened(log: &Log) -> String {
    let rows = log.records().iter().flat_map(|record| {
        let entries = record.entries.iter().flat_map(|entry| {
            let steps = words::steps(&entry.operation).into_iter().filter(|step| !step.is_field());
            steps.map(|step| [step.what.clone(), step.change(), step.rules(&entry.rules), String::new()])
        });
        let mut entries: Vec<_> = entries.collect();
        if let Some(first) = entries.first_mut() {
            first[3] = format!("{}, {}", record.at.strftime("%Y-%m-%d"), words::cause(&record.cause));
        }
        entries
    });
    let rows = rows.map(|[what, change, rules, cause]| [cause, what, change, rules]);
    let verdict = "The chain of digests is whole: no record was changed, added or removed.";
    format!("{}\n{verdict}", table(["When, cause", "What", "Before → after", "Rules"], rows))
}
