//! Merging: several sources' snapshots become one person. An authoritative source decides whether the person exists;
//! the others add their accounts. A person is gone only when an authoritative source said so, never by absence.

mod part;

use jiff::Timestamp;
pub use part::PersonPart;
use serde_json::{Map, Value};

use crate::{Person, Snapshot, SnapshotContent, SourceName};

/// What a source may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceRole {
    /// Which persons exist, and their contracts.
    Authoritative,
    /// Only the person's account in its own system.
    Dependent,
}

/// The configured sources, the most trusted first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRoles {
    roles: Vec<(SourceName, SourceRole)>,
    parts: Vec<(PersonPart, Vec<SourceName>)>,
}

impl SourceRoles {
    /// In order of trust.
    pub fn new(roles: impl IntoIterator<Item = (SourceName, SourceRole)>) -> Self {
        Self { roles: roles.into_iter().collect(), parts: Vec::new() }
    }

    /// With parts of a person that sources are trusted with in an order of their own.
    pub fn with_parts(self, parts: Vec<(PersonPart, Vec<SourceName>)>) -> Self {
        Self { parts, ..self }
    }

    /// What the source may decide; `None` for a source that is not configured.
    pub fn of(&self, source: &SourceName) -> Option<SourceRole> {
        self.roles.iter().find(|(name, _)| name == source).map(|(_, role)| *role)
    }

    fn of_role(&self, wanted: SourceRole) -> impl Iterator<Item = &SourceName> {
        self.roles.iter().filter(move |(_, role)| *role == wanted).map(|(name, _)| name)
    }
}

/// What the snapshots of one person amount to.
#[derive(Clone, Debug, PartialEq)]
pub enum Merged {
    /// The person exists.
    Present {
        /// The person, with the accounts of the dependent sources.
        person: Box<Person>,
        /// Sources with more than one record that claims the person; none of these is used.
        ambiguous: Vec<SourceName>,
    },
    /// Every authoritative source that knew the person has said that it is gone.
    Removed {
        /// When the last one said so.
        at: Timestamp,
    },
    /// No authoritative source knows the person yet: dependent records wait.
    Waiting,
}

/// Merges all snapshots of one person. Snapshots of sources that are not configured are passed over.
pub fn merge(snapshots: &[Snapshot], roles: &SourceRoles) -> Merged {
    let authoritative = roles.of_role(SourceRole::Authoritative);
    let mut removed: Option<Timestamp> = None;
    let mut found: Option<&Person> = None;
    for source in authoritative {
        for snapshot in snapshots.iter().filter(|snapshot| snapshot.source == *source) {
            match &snapshot.content {
                SnapshotContent::Person(person) => found = found.or(Some(person)),
                SnapshotContent::Removed => removed = removed.max(Some(snapshot.observed_at)),
                SnapshotContent::Account(_) => {}
            }
        }
    }
    match (found, removed) {
        (Some(person), _) => with_accounts(with_parts(person, snapshots, roles), snapshots, roles),
        (None, Some(at)) => Merged::Removed { at },
        (None, None) => Merged::Waiting,
    }
}

/// The person with each part from the first of its sources that tells it.
fn with_parts(person: &Person, snapshots: &[Snapshot], roles: &SourceRoles) -> Person {
    let mut merged = person.clone();
    for (part, sources) in &roles.parts {
        let told = sources.iter().flat_map(|source| persons_of(snapshots, source));
        if let Some(from) = told.into_iter().find(|person| part.is_told_by(person)) {
            part.copy(from, &mut merged);
        }
    }
    merged
}

fn persons_of<'s>(snapshots: &'s [Snapshot], source: &SourceName) -> impl Iterator<Item = &'s Person> {
    let of_source = snapshots.iter().filter(move |snapshot| snapshot.source == *source);
    of_source.filter_map(|snapshot| match &snapshot.content {
        SnapshotContent::Person(person) => Some(&**person),
        SnapshotContent::Account(_) | SnapshotContent::Removed => None,
    })
}

fn with_accounts(mut person: Person, snapshots: &[Snapshot], roles: &SourceRoles) -> Merged {
    let mut ambiguous = Vec::new();
    for source in roles.of_role(SourceRole::Dependent) {
        let accounts: Vec<_> = snapshots.iter().filter(|s| s.source == *source).filter_map(account_of).collect();
        match accounts.as_slice() {
            [] => {}
            [account] => drop(person.accounts.insert(source.clone(), (*account).clone())),
            _ => {
                person.accounts.remove(source);
                ambiguous.push(source.clone());
            }
        }
    }
    Merged::Present { person: Box::new(person), ambiguous }
}

fn account_of(snapshot: &Snapshot) -> Option<&Map<String, Value>> {
    match &snapshot.content {
        SnapshotContent::Account(account) => Some(account),
        SnapshotContent::Person(_) | SnapshotContent::Removed => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{PersonId, RecordId};

    fn source(name: &str) -> SourceName {
        SourceName::parse(name).unwrap()
    }

    fn roles() -> SourceRoles {
        SourceRoles::new([
            (source("hr"), SourceRole::Authoritative),
            (source("payroll"), SourceRole::Authoritative),
            (source("entra"), SourceRole::Dependent),
        ])
    }

    fn snapshot(from: &str, record: &str, second: i64, content: SnapshotContent) -> Snapshot {
        Snapshot {
            source: source(from),
            record: RecordId::parse(record).unwrap(),
            person: PersonId::parse("p1").unwrap(),
            observed_at: Timestamp::from_second(second).unwrap(),
            event: None,
            content,
        }
    }

    fn person(family: &str) -> SnapshotContent {
        let person =
            Person::from_json(&json!({ "id": "p1", "name": { "familyName": family }, "contracts": [] })).unwrap();
        SnapshotContent::Person(Box::new(person))
    }

    fn account(mail: &str) -> SnapshotContent {
        SnapshotContent::Account(Map::from_iter([("mail".to_owned(), json!(mail))]))
    }

    #[test]
    fn a_dependent_record_that_comes_first_waits() {
        let entra = snapshot("entra", "e1", 1, account("a@example.com"));
        assert_eq!(merge(std::slice::from_ref(&entra), &roles()), Merged::Waiting);
        let Merged::Present { person, ambiguous } = merge(&[entra, snapshot("hr", "p1", 2, person("Vries"))], &roles())
        else {
            panic!("the person is there")
        };
        assert_eq!(person.accounts[&source("entra")]["mail"], "a@example.com");
        assert!(ambiguous.is_empty());
    }

    #[test]
    fn the_more_trusted_source_wins_and_one_is_enough_to_exist() {
        let hr = snapshot("hr", "p1", 1, person("Vries"));
        let payroll = snapshot("payroll", "p1", 9, person("Fries"));
        let Merged::Present { person, .. } = merge(&[payroll.clone(), hr], &roles()) else { panic!("present") };
        assert_eq!(person.name.family_name.as_deref(), Some("Vries"));
        let gone = snapshot("hr", "p1", 5, SnapshotContent::Removed);
        assert!(matches!(merge(&[gone.clone(), payroll], &roles()), Merged::Present { .. }));
        assert_eq!(merge(&[gone], &roles()), Merged::Removed { at: Timestamp::from_second(5).unwrap() });
    }

    #[test]
    fn a_part_comes_from_the_first_of_its_sources_that_tells_it() {
        let told = |from: &str, family: &str, more: Value| {
            let mut record = json!({ "id": "p1", "name": { "familyName": family }, "contracts": [] });
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let content = SnapshotContent::Person(Box::new(Person::from_json(&record).unwrap()));
            snapshot(from, "p1", 1, content)
        };
        let hr =
            told("hr", "Vries", json!({ "contact": { "email": "hr@x.nl", "phone": "1" }, "custom": { "desk": "a" } }));
        let payroll = told("payroll", "Fries", json!({ "contact": { "phone": "2" }, "custom": { "desk": "b" } }));
        let all = ["payroll", "hr"].map(source).to_vec();
        let parts = ["contact.email", "contact.phone", "custom.desk"].map(|part| part.parse().unwrap());
        let roles = roles().with_parts(parts.into_iter().map(|part| (part, all.clone())).collect());
        let merged = |snapshots: &[Snapshot]| match merge(snapshots, &roles) {
            Merged::Present { person, .. } => person,
            other => panic!("{other:?}"),
        };
        let both = merged(&[hr.clone(), payroll.clone()]);
        assert_eq!(both.name.family_name.as_deref(), Some("Vries"));
        assert_eq!((both.contact.email.as_deref(), both.contact.phone.as_deref()), (Some("hr@x.nl"), Some("2")));
        assert_eq!(both.custom["desk"], "b");
        // One source alone gives all it has.
        assert_eq!(merged(&[payroll]).contact.email, None);
        assert_eq!(merged(&[hr]).contact.phone.as_deref(), Some("1"));
    }

    #[test]
    fn two_accounts_of_one_source_are_told_not_guessed() {
        let all = [
            snapshot("hr", "p1", 1, person("Vries")),
            snapshot("entra", "e1", 1, account("a@example.com")),
            snapshot("entra", "e2", 1, account("b@example.com")),
        ];
        let Merged::Present { person, ambiguous } = merge(&all, &roles()) else { panic!("present") };
        assert!(person.accounts.is_empty());
        assert_eq!(ambiguous, [source("entra")]);
    }

    #[test]
    fn a_source_that_is_not_configured_decides_nothing() {
        let old = snapshot("old-hr", "p1", 1, SnapshotContent::Removed);
        assert_eq!(merge(&[old], &roles()), Merged::Waiting);
    }
}
