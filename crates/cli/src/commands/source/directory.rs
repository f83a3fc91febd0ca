//! Trying an Active Directory: the first page of its users, or with `--all` everybody and what asking for changes needs.

use active_directory::read::{Advice, Step};
use active_directory::{AdError, Ask, Credentials, Definition, Done, Incremental, Mapping, Moment, Reader, handover};
use policy::Absence;

use super::advice;
use super::columns::Columns;
use super::report::{Connection, End, FirstAnswer, Gives, Next, Proof, Reached, SecretNeeded, Stream, Tried, absence};
use super::tally::Tally;
use super::trial::Trial;
use crate::output::Progress;

/// What is read of it.
struct Reading {
    columns: Columns,
    tally: Tally,
    first_answer: Option<FirstAnswer>,
    pages: u64,
}

/// Reads the directory.
///
/// # Errors
/// When it can't be tried here. That the read fails is told in the report.
pub(super) async fn read(trial: &Trial<'_>, definition: &Definition) -> anyhow::Result<Tried> {
    let gives = if matches!(definition.mapping, Mapping::Account) { Gives::Accounts } else { Gives::Persons };
    trial.check_role(gives)?;
    let fields = ["bindDn", "password"].map(str::to_owned).to_vec();
    let secret = SecretNeeded { name: definition.secret.to_string(), fields };
    trial.need_secrets(&secret.name, &secret.fields)?;
    let mut reading =
        Reading { columns: Columns::default(), tally: Tally::new(trial.most), first_answer: None, pages: 0 };
    let progress = trial.output.progress("reading the directory");
    let done = reading.read(trial, definition, &progress).await;
    drop(progress);
    let Reading { columns, tally, first_answer, pages } = reading;
    let changes = definition.incremental != Incremental::None;
    let mut end = End {
        reached: Reached::Stopped,
        why: None,
        what_to_do: None,
        advice: Vec::new(),
        requests: pages,
        milliseconds: trial.elapsed(),
        absence: absence(meaning(definition.absence)),
        proof: Proof::NotProven("not everything was read"),
        next: Next::new(trial.reading, changes),
    };
    match done {
        Ok(None) => end.why = Some("--all reads everybody, and tries to ask for changes".to_owned()),
        Ok(Some(done)) => finish(&done, &mut end),
        Err(error) => {
            let about =
                advice::About { definition: &trial.definition, secret: &secret, secrets_file: trial.secrets_file };
            end.reached = Reached::Failed;
            end.what_to_do = about.directory(&error);
            let words = error.refusal().map(|refusal| format!(" ({})", refusal.words)).unwrap_or_default();
            end.why = Some(format!("{error}{words}"));
        }
    }
    let servers: Vec<_> = definition.servers.iter().map(ToString::to_string).collect();
    let connection = Connection {
        address: servers.join(", "),
        signed: Some("name and password over TLS".to_owned()),
        secret: Some(secret),
        first_answer,
    };
    let streams = if columns.rows() > 0 { vec![Stream::new("users", &columns)] } else { Vec::new() };
    Ok(trial.tried(gives, connection, streams, tally, end))
}

impl Reading {
    /// Reads until there is enough; `None` when that was before the end.
    async fn read(
        &mut self,
        trial: &Trial<'_>,
        definition: &Definition,
        progress: &Progress,
    ) -> Result<Option<Box<Done>>, AdError> {
        let secret = trial.secrets.read(&definition.secret).await?;
        let credentials = Credentials::parse(&definition.secret, &secret)?;
        let moment = Moment { now: trial.begun, zone: trial.configuration.organisation.zone() };
        // Before a full read the list of changes is read to its end, which takes long in a large domain.
        let incremental = if trial.all { definition.incremental } else { Incremental::None };
        let asked = Definition { incremental, ..definition.clone() };
        let mut reader = Reader::open(&asked, &credentials, Ask::Full(None), moment).await?;
        let after = trial.clock.now().duration_since(trial.begun).unsigned_abs();
        self.first_answer = Some(FirstAnswer::new("the directory, log-in included".to_owned(), after));
        loop {
            let page = match reader.next().await? {
                Step::Page(page) => page,
                Step::Done(done) => return Ok(Some(done)),
            };
            self.pages += 1;
            progress.so_far(self.pages);
            for change in &page.changes {
                if let active_directory::Change::Present(record) = change {
                    self.columns.add(&record.row());
                }
                self.tally.add(definition.hand_over(change));
            }
            page.refused.iter().map(handover::refused).for_each(|refused| self.tally.add(refused));
            if !trial.all && self.tally.has_enough() {
                return Ok(None);
            }
        }
    }
}

fn finish(done: &Done, end: &mut End) {
    end.reached = Reached::Complete;
    end.proof = if done.proves_absence() { Proof::Proven } else { Proof::NotProven("it gave no record") };
    let unseen = done.advice.contains(&Advice::DeletesUnseen);
    end.advice.extend(unseen.then(|| {
        "The account sees no deleted objects: a delete shows in reads of everything only (docs/ACTIVE-DIRECTORY.md, 2)"
            .to_owned()
    }));
    let other = |referral: &String| format!("Another part of the directory is not read: {referral}");
    end.advice.extend(done.referrals.iter().map(other));
}

fn meaning(absence: active_directory::Absence) -> Absence {
    match absence {
        active_directory::Absence::Leaver => Absence::Leaver,
        active_directory::Absence::Hold => Absence::Hold,
        active_directory::Absence::Ignore => Absence::Ignore,
    }
}
