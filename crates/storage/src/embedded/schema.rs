//! The redb tables, and the number of the layout that a file has.

use ports::{QueueName, Table};
use redb::{Database, ReadableTable, TableDefinition};

/// Grows when the layout changes; a file with another number is refused.
const LAYOUT: u64 = 1;

/// By (partition, sort): version, second of expiry, place in the index, content as MessagePack.
pub(super) type Items = TableDefinition<'static, (&'static str, &'static str), Record<'static>>;
pub(super) type Record<'a> = (u64, Option<i64>, Option<(&'a str, &'a str)>, &'a [u8]);
/// (index partition, index sort, partition, sort).
pub(super) type Index = TableDefinition<'static, (&'static str, &'static str, &'static str, &'static str), ()>;
/// (second of expiry, partition, sort), to find what may go.
pub(super) type Expiry = TableDefinition<'static, (i64, &'static str, &'static str), ()>;
/// By message: number of the last delivery, receives, microsecond from which it is visible, body.
pub(super) type Messages = TableDefinition<'static, u64, (u64, u32, i64, &'static str)>;
/// (microsecond from which it is visible, message).
pub(super) type Visible = TableDefinition<'static, (i64, u64), ()>;
/// By message: receives, body.
pub(super) type Dead = TableDefinition<'static, u64, (u32, &'static str)>;

const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

pub(super) fn items(table: Table) -> Items {
    TableDefinition::new(match table {
        Table::People => "items/people",
        Table::Accounts => "items/accounts",
        Table::Audit => "items/audit",
        Table::Sync => "items/sync",
    })
}

pub(super) fn index(table: Table) -> Index {
    TableDefinition::new(match table {
        Table::People => "index/people",
        Table::Accounts => "index/accounts",
        Table::Audit => "index/audit",
        Table::Sync => "index/sync",
    })
}

pub(super) fn expiry(table: Table) -> Expiry {
    TableDefinition::new(match table {
        Table::People => "expiry/people",
        Table::Accounts => "expiry/accounts",
        Table::Audit => "expiry/audit",
        Table::Sync => "expiry/sync",
    })
}

pub(super) fn messages(queue: QueueName) -> Messages {
    TableDefinition::new(match queue {
        QueueName::PersonEvents => "messages/person-events",
        QueueName::Changes => "messages/changes",
        QueueName::UrgentChanges => "messages/urgent-changes",
        QueueName::SourceReads => "messages/source-reads",
    })
}

pub(super) fn visible(queue: QueueName) -> Visible {
    TableDefinition::new(match queue {
        QueueName::PersonEvents => "visible/person-events",
        QueueName::Changes => "visible/changes",
        QueueName::UrgentChanges => "visible/urgent-changes",
        QueueName::SourceReads => "visible/source-reads",
    })
}

pub(super) fn dead(queue: QueueName) -> Dead {
    TableDefinition::new(match queue {
        QueueName::PersonEvents => "dead/person-events",
        QueueName::Changes => "dead/changes",
        QueueName::UrgentChanges => "dead/urgent-changes",
        QueueName::SourceReads => "dead/source-reads",
    })
}

/// Makes all tables, so that reading never meets a missing one, and checks the layout's number.
pub(super) fn prepare(database: &Database) -> Result<(), String> {
    let found = make_tables(database).map_err(|error| error.to_string())?;
    if found == LAYOUT { Ok(()) } else { Err(format!("it has layout {found}, this program reads layout {LAYOUT}")) }
}

fn make_tables(database: &Database) -> Result<u64, redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        let found = meta.get("layout")?.map(|layout| layout.value());
        if let Some(found) = found.filter(|found| *found != LAYOUT) {
            return Ok(found);
        }
        meta.insert("layout", LAYOUT)?;
        for table in Table::ALL {
            transaction.open_table(items(table))?;
            transaction.open_table(index(table))?;
            transaction.open_table(expiry(table))?;
        }
        for queue in QueueName::ALL {
            transaction.open_table(messages(queue))?;
            transaction.open_table(visible(queue))?;
            transaction.open_table(dead(queue))?;
        }
    }
    transaction.commit()?;
    Ok(LAYOUT)
}

/// The first of `count` new numbers; none is ever given twice.
pub(super) fn next_numbers(transaction: &redb::WriteTransaction, count: u64) -> Result<u64, redb::Error> {
    let mut meta = transaction.open_table(META)?;
    let next = meta.get("next")?.map_or(1, |next| next.value());
    meta.insert("next", next + count)?;
    Ok(next)
}
