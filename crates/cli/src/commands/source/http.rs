//! Trying a system over HTTP: the engine that the stack reads with, driven to its end, its state and records dropped.

use std::sync::Arc;
use std::time::Duration;

use http_client::NetworkTransport;
use policy::Absence;
use ports::SystemRandom;
use sources::{Fault, HttpSource, Mode, NoTokens, Outcome, Ports, Run, Step, Want, What};

use super::advice;
use super::columns::Columns;
use super::report::{Connection, End, FirstAnswer, Gives, Next, Proof, Reached, SecretNeeded, Stream, Tried, absence};
use super::tally::Tally;
use super::trial::Trial;
use super::watch::Watched;
use crate::exit::wrong_use;

/// The reader ends a request after the definition's own time.
const TIMEOUT: Duration = Duration::from_secs(310);
/// A wait that a person sits out.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a read stopped.
enum Stopped {
    Done(Box<Outcome>),
    Fault(Fault),
}

/// Reads the source to its end.
///
/// # Errors
/// When it can't be tried here. That the read fails is told in the report.
pub(super) async fn read(trial: &Trial<'_>, source: &HttpSource) -> anyhow::Result<Tried> {
    let gives = if source.gives_accounts() { Gives::Accounts } else { Gives::Persons };
    trial.check_role(gives)?;
    if source.changes_tokens() {
        let name = &trial.source.name;
        return Err(wrong_use(format!(
            "source {name} can't be tried outside of its stack: its refresh token changes with each use, and the stack's \
             would no longer work. Let the stack read it: `connector sync {name} --stack STACK --wait`"
        )));
    }
    let about = source.about();
    trial.need_secrets(source.secret().as_str(), &about.secret_fields)?;
    let watched = Arc::new(Watched::new(Arc::new(NetworkTransport::new(TIMEOUT)?), trial.clock.clone()));
    let ports = Ports {
        transport: watched.clone(),
        secrets: trial.secrets.clone(),
        tokens: Arc::new(NoTokens),
        clock: trial.clock.clone(),
        random: Arc::new(SystemRandom),
    };
    let mut run = source.start(None, Want::Everything, trial.begun);
    let (mut streams, mut tally) = (Vec::new(), Tally::new(trial.most));
    let progress = trial.output.progress("reading the source");
    let stopped = loop {
        let step = tokio::select! {
            biased;
            () = watched.unreachable() => break Stopped::Fault(unreachable(&watched)),
            step = run.step(&ports) => step,
        };
        progress.so_far(run.report().requests);
        match step {
            Step::Going(records) => {
                look(&run, &mut streams);
                records.into_iter().for_each(|record| tally.add(record));
            }
            Step::Wait(wait, _) if wait <= LONGEST_WAIT => trial.clock.sleep(wait).await,
            Step::Wait(_, fault) => break Stopped::Fault(fault),
            Step::Done(outcome) => break Stopped::Done(outcome),
        }
    };
    drop(progress);
    tally.left_out(run.report().left_out);
    let seen = watched.seen();
    let secret = SecretNeeded { name: source.secret().to_string(), fields: about.secret_fields };
    let silence = seen.silence.as_ref().map(|(_, reason)| reason.as_str());
    let host = seen.silence.as_ref().map(|(host, _)| host.as_str());
    let about_fault =
        advice::About { definition: &trial.definition, secret: &secret, secrets_file: trial.secrets_file };
    let mut end = End {
        reached: Reached::Complete,
        why: None,
        what_to_do: None,
        advice: Vec::new(),
        requests: run.report().requests,
        milliseconds: trial.elapsed(),
        absence: absence(meaning(source.absence())),
        proof: Proof::NotProven("it came to no end"),
        next: Next::new(trial.reading, false),
    };
    let fault = match stopped {
        Stopped::Done(outcome) => complete(trial, source, *outcome, &mut end),
        Stopped::Fault(fault) => Some(fault),
    };
    if let Some(fault) = fault {
        end.reached = Reached::Failed;
        end.what_to_do = about_fault.fault(&fault, silence);
        let to = host.filter(|_| matches!(fault.what, What::NoAnswer(_) | What::Login { .. }));
        end.why = Some(to.map_or_else(|| fault.to_string(), |host| format!("{fault} ({host})")));
    }
    let connection = Connection {
        address: about.address,
        signed: Some(about.signed),
        secret: Some(secret),
        first_answer: seen.first_answer.map(|(from, after)| FirstAnswer::new(from, after)),
    };
    Ok(trial.tried(gives, connection, streams, tally, end))
}

/// The streams that were read to their ends since the last look.
fn look(run: &Run, streams: &mut Vec<Stream>) {
    for (name, _) in run.report().rows.iter().skip(streams.len()) {
        let columns = run.look(name).map(Columns::of).unwrap_or_default();
        streams.push(Stream::new(name, &columns));
    }
}

/// Tells what a complete read proves; gives the fault of one that is not.
fn complete(trial: &Trial<'_>, source: &HttpSource, outcome: Outcome, end: &mut End) -> Option<Fault> {
    let Outcome { end: ended, state, report, .. } = outcome;
    let present = match ended {
        sources::End::Complete { present } => present,
        sources::End::Incomplete(fault) => return Some(fault),
    };
    let then = source.start(Some(state), Want::Changes, trial.clock.now());
    end.next = Next::new(trial.reading, then.mode() == Mode::Changes);
    end.proof = match present {
        Some(_) => Proof::Proven,
        None if report.present == 0 => Proof::NotProven("it gave no record"),
        None => Proof::NotProven("of a refused row it is not known whose it is"),
    };
    if report.circles > 0 {
        end.advice.push(format!("{} rows of a hierarchy are their own ancestors", report.circles));
    }
    None
}

fn unreachable(watched: &Watched) -> Fault {
    let reason = watched.seen().silence.map(|(_, reason)| reason).unwrap_or_default();
    Fault { stream: None, page: 1, what: What::NoAnswer(reason) }
}

fn meaning(absence: sources::Absence) -> Absence {
    match absence {
        sources::Absence::Leaver => Absence::Leaver,
        sources::Absence::Hold => Absence::Hold,
        sources::Absence::Ignore => Absence::Ignore,
    }
}
