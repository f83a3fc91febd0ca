//! Changes in the form in which every source hands its records to whoever stores them.

use domain::{PersonId, RecordId, SnapshotContent};
use sources::Refused;

use crate::definition::{Definition, Mapped};
use crate::guid::Guid;
use crate::read::{Change, Gone, RefusedRecord};

impl Definition {
    /// The record of a change. A directory that decides who exists has its records under the person's id, and a deleted
    /// object is known by its key only: there, deletes are told with `id: row.key`, and by absence with any other id.
    pub fn hand_over(&self, change: &Change) -> sources::Record {
        let record = match change {
            Change::Present(record) => record,
            Change::Gone { key, why } => return gone(*key, *why),
        };
        match self.map(record) {
            None => left_out(record.key),
            Some(Err(error)) => refused(&RefusedRecord { key: record.key, error }),
            Some(Ok(Mapped::Account { record, person: None, account, .. })) => {
                sources::Record::Unowned { record, account }
            }
            Some(Ok(Mapped::Account { record, person: Some(person), account, .. })) => {
                sources::Record::Present { record, person, content: Box::new(SnapshotContent::Account(account)) }
            }
            Some(Ok(Mapped::Person(person))) => match RecordId::parse(person.id.as_str()) {
                Ok(record) => {
                    let id: PersonId = person.id.clone();
                    sources::Record::Present { record, person: id, content: Box::new(SnapshotContent::Person(person)) }
                }
                Err(error) => {
                    let error = domain::RecordError::new("id", error.to_string());
                    refused(&RefusedRecord { key: record.key, error })
                }
            },
        }
    }
}

/// A refused user as every source hands it over.
pub fn refused(refused: &RefusedRecord) -> sources::Record {
    sources::Record::Refused(Refused { row: 0, record: id(refused.key), error: refused.error.clone() })
}

fn gone(key: Guid, why: Gone) -> sources::Record {
    match (why, id(key)) {
        (Gone::Deleted, Some(record)) => sources::Record::Removed(record),
        _ => left_out(key),
    }
}

fn left_out(key: Guid) -> sources::Record {
    match id(key) {
        Some(record) => sources::Record::LeftOut(record),
        None => refused(&RefusedRecord { key, error: domain::RecordError::new("objectGUID", "it is no id") }),
    }
}

/// A GUID is always a good id.
fn id(key: Guid) -> Option<RecordId> {
    RecordId::parse(key.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::tests::definition;
    use crate::record::tests::record;

    const KEY: &str = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2";

    fn key() -> RecordId {
        RecordId::parse(KEY).unwrap()
    }

    fn present(attributes: &[(&str, &str)]) -> Change {
        Change::Present(Box::new(record(attributes)))
    }

    #[test]
    fn an_account_is_handed_over_under_its_key_and_its_person() {
        let definition = definition("");
        let change = present(&[("employeeID", "100023"), ("mail", "j@x")]);
        let sources::Record::Present { record, person, content } = definition.hand_over(&change) else {
            panic!("it is there")
        };
        assert_eq!((record, person.as_str()), (key(), "100023"));
        let SnapshotContent::Account(account) = *content else { panic!("an account") };
        assert_eq!(account["mail"], "j@x");
        // Without a person's id it belongs to nobody.
        let unowned = definition.hand_over(&present(&[("mail", "j@x")]));
        assert!(matches!(unowned, sources::Record::Unowned { record, .. } if record == key()));
    }

    #[test]
    fn only_a_delete_is_told_as_one() {
        let definition = definition("");
        let gone = |why| definition.hand_over(&Change::Gone { key: KEY.parse().unwrap(), why });
        assert_eq!(gone(Gone::Deleted), sources::Record::Removed(key()));
        assert_eq!(gone(Gone::OutOfScope), sources::Record::LeftOut(key()));
        assert_eq!(gone(Gone::Unseen), sources::Record::LeftOut(key()));
    }

    #[test]
    fn a_person_is_handed_over_under_its_own_id() {
        let definition =
            definition("where: row.sn != 'Room'\nperson:\n  id: row.employeeID\n  name: { familyName: row.sn }\n");
        let change = present(&[("employeeID", "7"), ("sn", "Vries")]);
        let sources::Record::Present { record, person, content } = definition.hand_over(&change) else {
            panic!("it is there")
        };
        assert_eq!((record.as_str(), person.as_str()), ("7", "7"));
        assert!(matches!(*content, SnapshotContent::Person(_)));
        assert_eq!(definition.hand_over(&present(&[("sn", "Room")])), sources::Record::LeftOut(key()));
        let sources::Record::Refused(refused) = definition.hand_over(&present(&[("sn", "Vries")])) else {
            panic!("it has no id")
        };
        assert_eq!(refused.record, Some(key()));
    }
}
