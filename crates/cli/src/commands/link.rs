//! `connector link`, `unlink` and `release`: what an operator decides about a person's user.

use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use domain::{PersonId, SalesforceUserId};
use ports::{Clock as _, QueueName, SystemClock};
use records::{Accounts, Decided, People, send_wake_ups};
use serde::Serialize;

use crate::arguments::StoreArguments;
use crate::exit::Ending;
use crate::output::{Output, Report};
use crate::store::Opened;

/// Make a Salesforce user the person's, where the keys do not tell.
///
/// For persons whom `connector parked` shows as ambiguous-match, conflicting-keys, user-missing or unlinked. The user is
/// brought to the desired state when `connector serve` or the stack runs next.
#[derive(Debug, Args)]
pub(crate) struct Link {
    /// The person's id.
    #[arg(value_name = "PERSON")]
    person: PersonId,
    /// The user's id, 15 or 18 characters.
    #[arg(value_name = "USER", value_parser = parse_user)]
    user: SalesforceUserId,
    #[command(flatten)]
    store: StoreArguments,
}

/// End the link between a person and its Salesforce user. The user stays as it is.
///
/// The person then waits for `connector link`, or for new data of its source; `connector retry PERSON` lets the keys
/// decide again.
#[derive(Debug, Args)]
pub(crate) struct Unlink {
    /// The person's id.
    #[arg(value_name = "PERSON")]
    person: PersonId,
    #[command(flatten)]
    store: StoreArguments,
}

/// Let a user in again whom somebody froze or deactivated by hand.
///
/// Without this it stays shut until the person's source data changes. It has no effect on leavers.
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The person's id.
    #[arg(value_name = "PERSON")]
    person: PersonId,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    person: PersonId,
    changed: bool,
    #[serde(skip)]
    text: String,
}

impl Report for Decision {
    fn human(&self) -> String {
        self.text.clone()
    }
}

fn parse_user(text: &str) -> Result<SalesforceUserId, String> {
    SalesforceUserId::parse(text).map_err(|error| error.to_string())
}

impl Link {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let Self { person, user, .. } = self;
        let accounts = Accounts::new(opened.store.clone());
        let done = format!("User {user} belongs to person {person} now.");
        let already = format!("User {user} belongs to person {person} already.");
        let decided = accounts.link(person, user, SystemClock.now()).await?;
        conclude(output, &opened, person, decided, done, already).await
    }
}

impl Unlink {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let person = &self.person;
        let desired = People::new(opened.store.clone()).desired(std::slice::from_ref(person)).await?;
        let version = desired.into_iter().flatten().next().map_or(0, |desired| desired.value.version);
        let decided = Accounts::new(opened.store.clone()).unlink(person, version, SystemClock.now()).await?;
        let done = format!("Person {person} has no user now.");
        conclude(output, &opened, person, decided, done, String::new()).await
    }
}

impl Release {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let person = &self.person;
        let decided = Accounts::new(opened.store.clone()).release_shut(person).await?;
        let done = format!("The user of person {person} is let in again, if its desired state says so.");
        conclude(output, &opened, person, decided, done, String::new()).await
    }
}

async fn conclude(
    output: &Output,
    opened: &Opened,
    person: &PersonId,
    decided: Decided,
    done: String,
    already: String,
) -> anyhow::Result<Ending> {
    let changed = decided == Decided::Done;
    let text = match decided {
        Decided::Done => format!("{done} It is carried out as soon as `connector serve` or the stack runs."),
        Decided::Already => already,
        Decided::HasAnother(user) => bail!("person {person} has user {user}; unlink it first"),
        Decided::BelongsTo(owner) => bail!("the user belongs to person {owner}; unlink it there first"),
        Decided::NoUser => bail!("person {person} has no user"),
        Decided::Busy => bail!("person {person} is being written at this moment; try again in a minute"),
    };
    if changed {
        send_wake_ups(&*opened.queue, QueueName::Changes, [person.clone()]).await?;
    }
    output.show(&Decision { person: person.clone(), changed, text })?;
    Ok(Ending::Done)
}
