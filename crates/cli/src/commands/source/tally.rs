//! Records as a read hands them out: the first ones kept to be shown, the others counted, refusals by place and reason.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::{Person, PersonId, RecordId, SnapshotContent};
use serde::Serialize;
use serde_json::{Map, Value};
use sources::{Record, Refused};

/// Reasons that are told apart; some quote what they refuse, and then each is another.
const MOST_REASONS: usize = 1000;

/// What a read gave.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Records {
    /// Persons, or accounts of persons.
    pub(super) present: u64,
    /// Accounts that name no person.
    pub(super) unowned: u64,
    /// Left out by the definition.
    pub(super) left_out: u64,
    pub(super) refused: u64,
    /// The first ones.
    pub(super) shown: Vec<Shown>,
    /// The most frequent first.
    pub(super) refusals: Vec<Refusal>,
}

/// A record as it would be stored.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub(super) record: String,
    pub(super) person: Option<String>,
    pub(super) content: Content,
}

/// What a record says.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Content {
    /// The canonical person.
    Person(Box<Person>),
    Account(Map<String, Value>),
}

/// Records that are refused for one reason.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refusal {
    /// The field of the person, without the numbers of contracts.
    pub(super) place: String,
    pub(super) reason: String,
    pub(super) records: u64,
    /// The first of them.
    pub(super) first: String,
    /// The column that was meant, perhaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) perhaps: Option<String>,
}

/// Counts records.
#[derive(Debug)]
pub(super) struct Tally {
    most: usize,
    records: Records,
    reasons: BTreeMap<(String, String), (u64, String)>,
}

impl Tally {
    /// Keeps so many records to be shown.
    pub(super) fn new(most: usize) -> Self {
        Self { most, records: Records::default(), reasons: BTreeMap::new() }
    }

    /// Counts a record.
    pub(super) fn add(&mut self, record: Record) {
        match record {
            Record::Present { record, person, content } => {
                self.records.present += 1;
                self.show(&record, Some(&person), || content_of(*content));
            }
            Record::Unowned { record, account } => {
                self.records.unowned += 1;
                self.show(&record, None, || Content::Account(account));
            }
            Record::LeftOut(_) => self.records.left_out += 1,
            Record::Refused(refused) => self.refuse(refused),
            // Only told by reads of changes.
            Record::Removed(_) => {}
        }
    }

    /// Counts records that the definition leaves out without handing them out.
    pub(super) fn left_out(&mut self, records: u64) {
        self.records.left_out += records;
    }

    /// Whether there are enough to be shown.
    pub(super) fn has_enough(&self) -> bool {
        self.records.shown.len() >= self.most
    }

    /// All of it; `columns` are those that there are, to find the one that was meant.
    pub(super) fn finish(self, columns: &[&str]) -> Records {
        let refusals = self.reasons.into_iter().map(|((place, reason), (records, first))| {
            let perhaps = missing_column(&reason).and_then(|missing| closest(missing, columns));
            Refusal { place, reason, records, first, perhaps }
        });
        let mut refusals: Vec<_> = refusals.collect();
        refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.records));
        Records { refusals, ..self.records }
    }

    fn show(&mut self, record: &RecordId, person: Option<&PersonId>, content: impl FnOnce() -> Content) {
        if !self.has_enough() {
            let (record, person) = (record.to_string(), person.map(ToString::to_string));
            self.records.shown.push(Shown { record, person, content: content() });
        }
    }

    fn refuse(&mut self, Refused { row, record, error }: Refused) {
        self.records.refused += 1;
        let full = self.reasons.len() >= MOST_REASONS;
        let key = match full {
            false => (without_numbers(&error.path), error.reason),
            true => (String::new(), "other reasons".to_owned()),
        };
        match self.reasons.entry(key) {
            Entry::Occupied(mut known) => known.get_mut().0 += 1,
            Entry::Vacant(new) => {
                let first = record.map_or_else(|| format!("row {row}"), |record| record.to_string());
                new.insert((1, first));
            }
        }
    }
}

fn content_of(content: SnapshotContent) -> Content {
    match content {
        SnapshotContent::Person(person) => Content::Person(person),
        SnapshotContent::Account(account) => Content::Account(account),
        // No record that is there says so.
        SnapshotContent::Removed => Content::Account(Map::new()),
    }
}

/// `contracts[3].endDate` as `contracts[].endDate`: the same fault in any contract.
fn without_numbers(path: &str) -> String {
    let mut inside = false;
    let keep = |c: &char| {
        inside = (inside || *c == '[') && *c != ']';
        !(inside && c.is_ascii_digit())
    };
    path.chars().filter(keep).collect()
}

/// The column that a mapping did not find; `sources` words it so.
fn missing_column(reason: &str) -> Option<&str> {
    let rest = reason.strip_prefix("there is no ")?;
    rest.strip_suffix(" in row").or_else(|| rest.strip_suffix(" in item"))
}

/// The column whose name is most like it, if one is.
fn closest(missing: &str, columns: &[&str]) -> Option<String> {
    const ALIKE: f64 = 0.85;
    // The items of a list are `item` to an expression.
    let names = columns.iter().map(|column| column.rsplit_once("[].").map_or(*column, |(_, field)| field));
    let likeness = |name: &str| strsim::jaro_winkler(&missing.to_lowercase(), &name.to_lowercase());
    let rated =
        names.map(|name| (likeness(name), name)).filter(|(likeness, name)| *likeness >= ALIKE && *name != missing);
    rated.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::RecordError;

    use super::*;

    fn refused(row: u64, path: &str, reason: &str) -> Record {
        Record::Refused(Refused { row, record: None, error: RecordError::new(path, reason) })
    }

    fn account(id: &str, person: Option<&str>) -> Record {
        let (record, account) = (RecordId::parse(id).unwrap(), Map::from_iter([("id".to_owned(), Value::from(id))]));
        match person {
            None => Record::Unowned { record, account },
            Some(person) => {
                let person = PersonId::parse(person).unwrap();
                Record::Present { record, person, content: Box::new(SnapshotContent::Account(account)) }
            }
        }
    }

    #[test]
    fn the_first_are_shown_and_all_are_counted() {
        let mut tally = Tally::new(2);
        for record in [account("a", Some("1")), account("b", None), account("c", Some("2")), refused(4, ".", "odd")] {
            tally.add(record);
        }
        tally.left_out(3);
        assert!(tally.has_enough());
        let records = tally.finish(&[]);
        assert_eq!((records.present, records.unowned, records.left_out, records.refused), (2, 1, 3, 1));
        let shown: Vec<_> = records.shown.iter().map(|shown| (&*shown.record, shown.person.as_deref())).collect();
        assert_eq!(shown, [("a", Some("1")), ("b", None)]);
    }

    #[test]
    fn refusals_are_counted_by_place_and_reason() {
        let mut tally = Tally::new(0);
        tally.add(refused(1, "contracts[0].endDate", "it is no date"));
        tally.add(refused(2, "contact.email", "there is no Emial_werk in row"));
        tally.add(refused(3, "contracts[12].endDate", "it is no date"));
        let refusals = tally.finish(&["Email_werk", "Email_portal", "jobs[].Eind"]).refusals;
        let told = |refusal: &Refusal| {
            (refusal.place.clone(), refusal.records, refusal.first.clone(), refusal.perhaps.clone())
        };
        assert_eq!(
            refusals.iter().map(told).collect::<Vec<_>>(),
            [
                ("contracts[].endDate".to_owned(), 2, "row 1".to_owned(), None),
                ("contact.email".to_owned(), 1, "row 2".to_owned(), Some("Email_werk".to_owned())),
            ]
        );
    }

    #[test]
    fn only_an_alike_column_is_proposed() {
        let columns = ["Medewerker", "employments[].Begindatum_functie"];
        assert_eq!(closest("begindatum_functies", &columns).as_deref(), Some("Begindatum_functie"));
        assert_eq!(closest("Postcode", &columns), None);
    }

    #[test]
    fn reasons_without_end_do_not_fill_the_memory() {
        let mut tally = Tally::new(0);
        for row in 0..(MOST_REASONS as u64 + 500) {
            tally.add(refused(row, "id", &format!("`{row}` is no id")));
        }
        let records = tally.finish(&[]);
        assert_eq!((records.refused, records.refusals.len()), (1500, MOST_REASONS + 1));
        assert_eq!((records.refusals[0].records, records.refusals[0].reason.as_str()), (500, "other reasons"));
    }
}
