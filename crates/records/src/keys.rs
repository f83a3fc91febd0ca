//! Keys and index places of all items. Ids enter keys only here, always as the last part after a constant prefix, or
//! between `#` that the part before can't hold, so that no id can reach another person's items.

use domain::digest::digest;
use domain::{JoinKey, PersonId, RecordId, SalesforceUserId, SourceName};
use jiff::Timestamp;
use ports::{IndexKey, Key, Table};

/// Index partitions are spread over this many shards, so that a bulk run does not press on one of them.
pub const SHARDS: u32 = 8;

/// Snapshots that mapping has not seen.
pub const UNMAPPED: &str = "unmapped";
/// Desired states that Salesforce has not been brought to.
pub const UNAPPLIED: &str = "unapplied";
/// Persons whose desired state changes on a day.
pub const DUE: &str = "due";
/// Accounts that wait for a person to heal something.
pub const PARKED: &str = "parked";
/// Persons whose account can't be computed whole.
pub const PROBLEM: &str = "problem";
/// Accounts whose person is found by keys, and that have none.
pub const UNPLACED: &str = "unplaced";

/// Sort key prefix of a person's snapshots.
pub const SNAPSHOT_PREFIX: &str = "snapshot#";

/// Partition of a person's items.
pub fn person_partition(person: &PersonId) -> String {
    format!("person#{person}")
}

/// The person whose partition this is.
pub fn person_of_partition(partition: &str) -> Option<PersonId> {
    PersonId::parse(partition.strip_prefix("person#")?).ok()
}

fn of_person(table: Table, person: &PersonId, sort: impl Into<String>) -> Key {
    Key::new(table, person_partition(person), sort)
}

/// A snapshot of a record that belongs to the person.
pub fn snapshot(person: &PersonId, source: &SourceName, record: &RecordId) -> Key {
    of_person(Table::People, person, format!("{SNAPSHOT_PREFIX}{source}#{record}"))
}

/// Which person a source's record belongs to.
pub fn record_pointer(source: &SourceName, record: &RecordId) -> Key {
    Key::new(Table::People, format!("record#{source}#{record}"), "person")
}

/// The person's desired state.
pub fn desired(person: &PersonId) -> Key {
    of_person(Table::People, person, "desired")
}

/// The day on which the desired state changes.
pub fn due(person: &PersonId) -> Key {
    of_person(Table::People, person, "due")
}

/// What keeps the person's account from being computed whole.
pub fn problem(person: &PersonId) -> Key {
    of_person(Table::People, person, "problem")
}

/// What is remembered of the person's account.
pub fn account(person: &PersonId) -> Key {
    of_person(Table::Accounts, person, "account")
}

/// To whom a Salesforce user belongs.
pub fn owner(user: &SalesforceUserId) -> Key {
    Key::new(Table::Accounts, format!("user#{user}"), "owner")
}

/// A person who waits for another one's user.
pub fn waiting(on: &PersonId, person: &PersonId) -> Key {
    Key::new(Table::Accounts, waiting_partition(on), person.as_str())
}

/// Partition of all who wait for a person's user.
pub fn waiting_partition(on: &PersonId) -> String {
    format!("waiting#{on}")
}

/// One audit record; the sequence number is padded so that the sort order is the order of time.
pub fn audit(person: &PersonId, sequence: u64) -> Key {
    of_person(Table::Audit, person, format!("{sequence:012}"))
}

/// A place in a sharded index, sorted by `sort`.
pub fn sharded(index: &str, person: &PersonId, sort: impl Into<String>) -> IndexKey {
    IndexKey { partition: shard_partition(index, shard(person)), sort: sort.into() }
}

/// The place in which a source's record is listed.
pub fn of_source(source: &SourceName, record: &RecordId) -> IndexKey {
    IndexKey { partition: shard_partition(&source_index(source), shard(record)), sort: record.to_string() }
}

/// The index of a source's records.
pub fn source_index(source: &SourceName) -> String {
    format!("source#{source}")
}

fn shard(of: &impl serde::Serialize) -> u32 {
    u32::from_str_radix(&digest(of)[..4], 16).unwrap_or_default() % SHARDS
}

/// Accounts whose person is found by keys: what the source last told.
pub fn joined(source: &SourceName, record: &RecordId) -> Key {
    Key::new(Table::People, format!("record#{source}#{record}"), "account")
}

/// The place in which an account without a person is listed.
pub fn unplaced(source: &SourceName, record: &RecordId) -> IndexKey {
    IndexKey { partition: shard_partition(UNPLACED, shard(record)), sort: format!("{source}#{record}") }
}

/// Whether an index place of [`unplaced`] is one of the source's.
pub fn is_unplaced_of(sort: &str, source: &SourceName) -> bool {
    sort.strip_prefix(source.as_str()).is_some_and(|rest| rest.starts_with('#'))
}

/// Partition of all accounts and persons that have a key.
pub fn join_partition(source: &SourceName, key: &JoinKey) -> String {
    format!("join#{source}#{}", key.as_str())
}

/// Sort key prefix of the persons that have a key.
pub const JOIN_PERSON_PREFIX: &str = "person#";
/// Sort key prefix of the accounts that have a key.
pub const JOIN_RECORD_PREFIX: &str = "record#";

/// A person has a key.
pub fn join_person(source: &SourceName, key: &JoinKey, person: &PersonId) -> Key {
    Key::new(Table::People, join_partition(source, key), format!("{JOIN_PERSON_PREFIX}{person}"))
}

/// An account has a key.
pub fn join_record(source: &SourceName, key: &JoinKey, record: &RecordId) -> Key {
    Key::new(Table::People, join_partition(source, key), format!("{JOIN_RECORD_PREFIX}{record}"))
}

/// The keys of a person for the accounts of a source.
pub fn person_join(person: &PersonId, source: &SourceName) -> Key {
    of_person(Table::People, person, format!("{PERSON_JOIN_PREFIX}{source}"))
}

const PERSON_JOIN_PREFIX: &str = "join#";

/// The source whose accounts the keys under this sort key are for.
pub fn source_of_person_join(sort: &str) -> Option<SourceName> {
    SourceName::parse(sort.strip_prefix(PERSON_JOIN_PREFIX)?).ok()
}

/// The partition of one shard of an index.
pub fn shard_partition(index: &str, shard: u32) -> String {
    format!("{index}#{shard}")
}

/// A moment as a sort key: milliseconds, padded, so that text order is time order.
pub fn moment(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_sort_as_text() {
        let at = |second| moment(Timestamp::from_second(second).unwrap());
        assert!(at(9) < at(10) && at(1_700_000_000) < at(1_700_000_001) && at(-5) <= at(0));
    }

    #[test]
    fn no_id_reaches_another_persons_items() {
        let id = |text: &str| PersonId::parse(text).unwrap();
        let source = SourceName::parse("hr").unwrap();
        let a = snapshot(&id("a"), &source, &RecordId::parse("b#desired").unwrap());
        let b = snapshot(&id("a#hr#b"), &source, &RecordId::parse("desired").unwrap());
        assert_ne!((a.partition, a.sort), (b.partition, b.sort));
        assert_eq!(person_of_partition(&person_partition(&id("x#y"))), Some(id("x#y")));
    }
}
