//! What waits for a person, collected from all places.

use domain::PersonId;
use jiff::Timestamp;
use ports::QueueName;
use records::{Accounts, People, SyncState, WakeUp};
use serde::Serialize;

use crate::output::{Report, table};
use crate::store::Opened;
use crate::words::moment;

/// Everything that waits.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waiting {
    accounts: Vec<ParkedAccount>,
    persons: Vec<Troubled>,
    refused: Vec<Refused>,
    dead_letters: Vec<Dead>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParkedAccount {
    person: PersonId,
    code: String,
    message: String,
    since: Timestamp,
    attempts: u32,
    retry_at: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Troubled {
    person: PersonId,
    code: String,
    message: String,
    since: Timestamp,
    /// Whether the account is left as it is for that reason.
    held: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    source: String,
    record: String,
    path: String,
    reason: String,
    at: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dead {
    queue: &'static str,
    /// How many.
    messages: u64,
    /// Whom they are about, where that can be told.
    persons: Vec<PersonId>,
}

impl Waiting {
    /// Looks everywhere.
    ///
    /// # Errors
    /// When the store or a queue fails.
    pub(crate) async fn collect(opened: &Opened) -> anyhow::Result<Self> {
        let mut waiting = Self::default();
        waiting.add_accounts(&Accounts::new(opened.store.clone())).await?;
        waiting.add_persons(&People::new(opened.store.clone())).await?;
        for (source, record) in SyncState::new(opened.store.clone()).all_refused().await? {
            waiting.refused.push(Refused {
                source: source.to_string(),
                record: record.record,
                path: record.error.path,
                reason: record.error.reason,
                at: record.at,
            });
        }
        for queue in QueueName::ALL {
            waiting.dead_letters.extend(dead(opened, queue).await?);
        }
        Ok(waiting)
    }

    /// Whether all is well.
    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.persons.is_empty() && self.refused.is_empty() && self.dead_letters.is_empty()
    }

    /// Persons whose account waits.
    pub(crate) fn persons(&self) -> impl Iterator<Item = &PersonId> {
        let parked = self.accounts.iter().map(|account| &account.person);
        parked.chain(self.persons.iter().map(|troubled| &troubled.person))
    }

    async fn add_accounts(&mut self, accounts: &Accounts) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let (page, next) = accounts.parked(None, after.as_ref()).await?;
            for (person, record) in page {
                let Some(parked) = record.parked else { continue };
                self.accounts.push(ParkedAccount {
                    person,
                    code: parked.reason.code,
                    message: parked.reason.message,
                    since: parked.since,
                    attempts: parked.attempts,
                    retry_at: parked.retry_at,
                });
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn add_persons(&mut self, people: &People) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let (page, next) = people.problems(after.as_ref()).await?;
            for (person, found) in page {
                let (since, held) = (found.since, found.held);
                self.persons.extend(found.problems.into_iter().map(|problem| Troubled {
                    person: person.clone(),
                    code: problem.code,
                    message: problem.message,
                    since,
                    held,
                }));
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

async fn dead(opened: &Opened, queue: QueueName) -> anyhow::Result<Option<Dead>> {
    let messages = opened.queue.depth(queue).await?.dead;
    if messages == 0 {
        return Ok(None);
    }
    let letters = match &opened.embedded {
        Some(embedded) => embedded.dead_letters(queue).await?,
        None => Vec::new(),
    };
    let person =
        |letter: storage::embedded::DeadLetter| WakeUp::decode(&letter.body).ok().map(|wake_up| wake_up.person);
    let persons = letters.into_iter().filter_map(person).collect();
    Ok(Some(Dead { queue: queue.as_str(), messages, persons }))
}

impl Report for Waiting {
    fn human(&self) -> String {
        let mut parts = Vec::new();
        if !self.accounts.is_empty() {
            let rows = self.accounts.iter().map(|account| {
                let tries = format!("{}, next {}", account.attempts, moment(account.retry_at));
                [account.person.to_string(), account.code.clone(), account.message.clone(), tries]
            });
            parts.push(format!("Parked accounts\n{}", table(["Person", "Code", "What is wrong", "Tries"], rows)));
        }
        if !self.persons.is_empty() {
            let rows = self.persons.iter().map(|found| {
                let effect = if found.held { "account left as it is" } else { "all but this is applied" };
                [found.person.to_string(), found.code.clone(), found.message.clone(), effect.to_owned()]
            });
            let table = table(["Person", "Code", "What is wrong", "Effect"], rows);
            parts.push(format!("Persons whose account can't be computed whole\n{table}"));
        }
        if !self.refused.is_empty() {
            let rows = self.refused.iter().map(|refused| {
                [refused.source.clone(), refused.record.clone(), refused.path.clone(), refused.reason.clone()]
            });
            parts.push(format!("Refused records\n{}", table(["Source", "Record", "Where", "Why"], rows)));
        }
        if !self.dead_letters.is_empty() {
            let rows = self.dead_letters.iter().map(|dead| {
                let persons: Vec<_> = dead.persons.iter().take(20).map(ToString::to_string).collect();
                [dead.queue.to_owned(), dead.messages.to_string(), persons.join(", ")]
            });
            parts.push(format!("Dead letters\n{}", table(["Queue", "Messages", "Persons"], rows)));
        }
        if parts.is_empty() { "Nothing is parked, refused or dead.".to_owned() } else { parts.join("\n\n") }
    }
}
