//! The acts, and what must come out of each. An act that does not come out as it should ends the demo with an error.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use domain::PersonId;
use jiff::tz::TimeZone;
use records::{Accounts, AuditLog};
use salesforce_simulator::UserView;
use serde::Serialize;
use sync::Task;

use super::people::{INES, NOOR, PIETER, SALES, SERVICE, ines, noor, pieter};
use super::stage::{Plan, Stage};
use super::summary::{Row, rows};
use crate::commands::audit::Log;
use crate::output::{Output, Report, columns};
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
    plan: Vec<Row>,
    result: Vec<Account>,
    calls: BTreeMap<String, u64>,
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
        "4. The same again. HR sends all three once more, the schedules run.\n Salesforce calls: {calls_of_the_repetition}\n"
    ))?;
    let audit = audit(stage).await?;
    let zone = TimeZone::get("Europe/Amsterdam")?;
    output.say(&format!("5. The audit log of Noor ({NOOR})\n{}", shortened(&audit, &zone)))?;
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
             webhook: answer {status}. Signed with another key: {forged}. The plan is Noor's, by rule."
        ),
        plan: summary(&plan),
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
        text: format!("1 April: HR sends Noor, now in Service: answer {status}. Inês has begun in the meantime."),
        plan: summary(&plan),
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
    let mut plan = summary(&stage.plan(NOOR).await?);
    stage.settle().await?;
    expect(stage.user(NOOR)?.frozen, "the leaver is not frozen")?;
    for day in ["2026-07-08T00:15:00+02:00", "2026-07-31T00:15:00+02:00"] {
        stage.at(day)?;
        stage.pipeline.sync.run(&Task::Due).await?;
        plan.extend(summary(&stage.plan(NOOR).await?));
        stage.settle().await?;
        expect(!stage.user(NOOR)?.active, "the leaver is active")?;
    }
    let user = stage.user(NOOR)?;
    let left: Vec<_> = user.permission_sets.iter().chain(&user.groups).collect();
    expect(left.is_empty() && user.role.is_none(), &format!("the leaver kept {left:?}, role {:?}", user.role))?;
    Ok(Act {
        title: "3. A leaver".to_owned(),
        text: format!(
            "1 June: HR sends Noor's last day, 30 June: answer {status}, {early} calls. 1 July, 0:15: the schedule \
             wakes those whose day has come, and Noor is frozen. 8 July: inactive. 31 July: what rules gave is taken."
        ),
        plan,
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
    expect(log.records().len() >= 5, "the audit log does not hold every step")?;
    Ok(log)
}

/// The demo's promise; without it there is nothing to show.
fn expect(holds: bool, otherwise: &str) -> anyhow::Result<()> {
    if holds { Ok(()) } else { bail!("the demo did not come out as it should: {otherwise}") }
}

fn summary(plan: &Plan) -> Vec<Row> {
    let steps = plan.operations.iter().flat_map(words::steps);
    rows(steps.map(|step| (step.clone(), step.rules(&plan.desired.entitlements))).collect())
}

fn account(person: &str, user: &UserView) -> Account {
    let role = user.role.iter().map(|role| format!("role {role}"));
    let has = std::iter::once(user.profile.clone()).chain(role);
    let has = has.chain(user.permission_sets.iter().cloned()).chain(user.groups.iter().cloned());
    Account { person: person.to_owned(), username: user.username.clone(), active: user.active, has: has.collect() }
}

impl Report for Act {
    fn human(&self) -> String {
        let plan = self.plan.iter().map(|row| [row.by.clone(), row.what.join(", ")]);
        let results = self.result.iter().map(|account| {
            let active = if account.active { "active" } else { "inactive" };
            let name = account.username.split('@').next().unwrap_or_default();
            let has = account.has.iter().cloned().collect::<Vec<_>>().join(", ");
            [name.to_owned(), format!("{active}: {has}")]
        });
        let calls = self.calls.values().sum::<u64>();
        let part = |label, rows| format!("{label}\n{}", columns(indented(rows)));
        let title = columns([[format!("{}. {}", self.title, self.text)]]);
        let (plan, results) = (part(" Plan", plan.collect()), part(" In the org", results.collect()));
        format!("{title}\n{plan}\n{results}\n Salesforce calls: {calls}, the reads for the plan included")
    }
}

fn indented(rows: Vec<[String; 2]>) -> impl Iterator<Item = [String; 2]> {
    rows.into_iter().map(|[first, second]| [format!("   {first}"), second])
}

/// The log in a few lines.
fn shortened(log: &Log, zone: &TimeZone) -> String {
    let records = log.records().iter().map(|record| {
        let steps = record.entries.iter().flat_map(|entry| {
            words::steps(&entry.operation).into_iter().map(|step| (step.clone(), step.rules(&entry.rules)))
        });
        let when = record.at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let rows: Vec<_> = rows(steps.collect()).into_iter().map(|row| [row.by, row.what.join(", ")]).collect();
        format!(" {when}, cause: {}\n{}", words::cause(&record.cause), columns(indented(rows)))
    });
    let records: Vec<_> = records.collect();
    format!("{}\n The chain of digests is whole: no record was changed, added or removed.", records.join("\n"))
}
