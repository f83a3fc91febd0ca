//! `connector retry`: parked persons are tried again at once.

use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use domain::PersonId;
use ports::{Clock as _, QueueName, StoreError, SystemClock};
use records::{Accounts, send_wake_ups};
use serde::Serialize;

use super::parked::Waiting;
use crate::arguments::StoreArguments;
use crate::exit::Ending;
use crate::output::{Output, Report};
use crate::store::Opened;
use crate::words::count;

/// Try parked persons again now, not at their next time.
///
/// They are put on the queue; `connector serve` (or the deployed stack) works on it. Do this after correcting what
/// `connector parked` shows.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The person's id.
    #[arg(value_name = "PERSON", required_unless_present_any = ["all", "dead_letters"])]
    person: Option<PersonId>,
    /// All that are parked or have a problem.
    #[arg(long, conflicts_with = "person")]
    all: bool,
    /// Put the messages that were given up back on their queues.
    #[arg(long)]
    dead_letters: bool,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Retried {
    persons: usize,
    dead_letters: usize,
}

impl Report for Retried {
    fn human(&self) -> String {
        let persons = count(self.persons as u64, "person is", "persons are");
        let letters = count(self.dead_letters as u64, "dead letter is", "dead letters are");
        format!("{persons} tried again, {letters} back on the queue, as soon as `connector serve` or the stack runs.")
    }
}

impl Retry {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        if self.dead_letters && self.store.stack.is_some() {
            bail!(
                "dead letters of a stack are sent back by AWS: `aws sqs start-message-move-task` with the ARN of the \
                 queue that ends in -dead"
            );
        }
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let persons = match &self.person {
            Some(person) => vec![person.clone()],
            None if self.all => Waiting::collect(&opened).await?.persons().cloned().collect(),
            None => Vec::new(),
        };
        let accounts = Accounts::new(opened.store.clone());
        for person in &persons {
            match accounts.unpark(person, SystemClock.now()).await {
                // Somebody is writing the person at this moment: that is a try.
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Mapping first: it computes the account anew and wakes the writer if there is anything to write.
        let persons = send_wake_ups(&*opened.queue, QueueName::PersonEvents, persons).await?;
        let dead_letters = if self.dead_letters { redrive(&opened).await? } else { 0 };
        output.show(&Retried { persons, dead_letters })?;
        Ok(Ending::Done)
    }
}

async fn redrive(opened: &Opened) -> anyhow::Result<usize> {
    let Some(embedded) = &opened.embedded else { return Ok(0) };
    let mut moved = 0;
    for queue in QueueName::ALL {
        moved += embedded.redrive(queue).await?;
    }
    Ok(moved)
}
