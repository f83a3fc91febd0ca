//! What waits for a person, collected from all places.

use std::collections::BTreeMap;

use domain::PersonId;
use jiff::Timestamp;
use ports::QueueName;
use records::joins::Why;
use records::{AbsentRecord, Accounts, Joins, People, SourceReads, SyncState, WakeUp};
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
    /// Records that no longer came in a complete read; `connector absent` decides.
    absent: Vec<AbsentRecord>,
    /// Accounts that several persons could have.
    contested: Vec<Contested>,
    dead_letters: Vec<Dead>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Contested {
    source: String,
    record: String,
    persons: Vec<PersonId>,
    since: Timestamp,
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
        waiting.absent = SourceReads::new(opened.store.clone()).all_held().await?;
        for unplaced in Joins::new(opened.store.clone()).unplaced().await? {
            // An account of nobody is no trouble: directories are full of them.
            let Why::SeveralPersons(persons) = unplaced.why else { continue };
            let (source, record, since) = (unplaced.source.to_string(), unplaced.record.to_string(), unplaced.since);
            waiting.contested.push(Contested { source, record, persons, since });
        }
        for queue in QueueName::ALL {
            waiting.dead_letters.extend(dead(opened, queue).await?);
        }
        Ok(waiting)
    }

    /// Whether all is well.
    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
            && self.persons.is_empty()
            && self.refused.is_empty()
            && self.absent.is_empty()
            && self.contested.is_empty()
            && self.dead_letters.is_empty()
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

/// Persons by what is wrong with them: a missing profile parks a thousand in the same way.
fn by_trouble<'w, K: Ord>(found: impl Iterator<Item = (K, &'w PersonId)>) -> impl Iterator<Item = (K, String)> {
    let mut troubles: BTreeMap<K, Vec<&str>> = BTreeMap::new();
    for (trouble, person) in found {
        troubles.entry(trouble).or_default().push(person.as_str());
    }
    troubles.into_iter().map(|(trouble, persons)| (trouble, some(&persons)))
}

/// The first ten of them, and how many more there are.
fn some(names: &[&str]) -> String {
    let (shown, more) = names.split_at(names.len().min(10));
    let shown = shown.join(", ");
    if more.is_empty() { shown } else { format!("{shown} and {} more", more.len()) }
}

impl Report for Waiting {
    fn human(&self) -> String {
        let mut parts = Vec::new();
        if !self.accounts.is_empty() {
            let found = self.accounts.iter().map(|account| ((&account.code, &account.message), &account.person));
            let rows = by_trouble(found).map(|((code, message), persons)| [persons, code.clone(), message.clone()]);
            let next = self.accounts.iter().map(|account| account.retry_at).min().map(moment).unwrap_or_default();
            let table = table(["Persons", "Code", "What is wrong"], rows);
            parts.push(format!("Parked accounts: {}, the next try at {next}\n{table}", self.accounts.len()));
        }
        if !self.persons.is_empty() {
            let found = self.persons.iter().map(|found| ((&found.code, &found.message, found.held), &found.person));
            let rows = by_trouble(found).map(|((code, message, held), persons)| {
                let effect = if held { "account left as it is" } else { "all but this is applied" };
                [persons, code.clone(), message.clone(), effect.to_owned()]
            });
            let table = table(["Persons", "Code", "What is wrong", "Effect"], rows);
            parts.push(format!("Persons whose account can't be computed whole\n{table}"));
        }
        if !self.refused.is_empty() {
            let rows = self.refused.iter().map(|refused| {
                [refused.source.clone(), refused.record.clone(), refused.path.clone(), refused.reason.clone()]
            });
            parts.push(format!("Refused records\n{}", table(["Source", "Record", "Where", "Why"], rows)));
        }
        if !self.absent.is_empty() {
            let rows = self.absent.iter().map(|absent| {
                [absent.source.to_string(), absent.record.to_string(), absent.person.to_string(), moment(absent.since)]
            });
            let table = table(["Source", "Record", "Person", "Absent since"], rows);
            parts.push(format!("Absent from their source; `connector absent` decides\n{table}"));
        }
        if !self.contested.is_empty() {
            let rows = self.contested.iter().map(|contested| {
                let persons: Vec<_> = contested.persons.iter().map(PersonId::as_str).collect();
                [contested.source.clone(), contested.record.clone(), some(&persons)]
            });
            let table = table(["Source", "Account", "Persons"], rows);
            parts.push(format!("Accounts that several persons could have by their keys\n{table}"));
        }
        if !self.dead_letters.is_empty() {
            let rows = self.dead_letters.iter().map(|dead| {
                let persons: Vec<_> = dead.persons.iter().map(PersonId::as_str).collect();
                [dead.queue.to_owned(), dead.messages.to_string(), some(&persons)]
            });
            parts.push(format!("Dead letters\n{}", table(["Queue", "Messages", "Persons"], rows)));
        }
        if parts.is_empty() { "Nothing is parked, refused or dead.".to_owned() } else { parts.join("\n\n") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_with_the_same_trouble_share_a_line() {
        let persons: Vec<_> = (0..25).map(|n| PersonId::parse(format!("p{n}")).unwrap()).collect();
        let found = persons.iter().map(|person| (if person.as_str() == "p3" { "other" } else { "same" }, person));
        let lines: Vec<_> = by_trouble(found).collect();
        assert_eq!(lines[0], ("other", "p3".to_owned()));
        assert_eq!(lines[1].0, "same");
        assert!(lines[1].1.starts_with("p0, p1, p2, p4") && lines[1].1.ends_with("p10 and 14 more"), "{}", lines[1].1);
    }
}
