//! What is to be written for one person: desired values against what the connector holds in the system. Pure.

use std::collections::{BTreeMap, BTreeSet};

use records::write_back::{Fields, Held};

/// The update connectors of AFAS Profit that are written by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UpdateConnector {
    /// An employee: the person's fields in it.
    KnEmployee,
    /// A user.
    KnUser,
}

impl UpdateConnector {
    /// Both, in the order in which they are written.
    pub const ALL: [Self; 2] = [Self::KnEmployee, Self::KnUser];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KnEmployee => "KnEmployee",
            Self::KnUser => "KnUser",
        }
    }

    /// The one with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|connector| connector.as_str() == name)
    }
}

/// The fields that are under management, by connector.
pub type Managed = BTreeMap<UpdateConnector, BTreeSet<String>>;

/// What is wanted for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The records hold these values. A connector that is not here has no record of the person, or no longer.
    Hold(BTreeMap<UpdateConnector, Held>),
    /// The person leaves, or is gone.
    Leave,
}

/// What becomes of a leaver's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLeaving {
    /// What the connector wrote is cleared.
    #[default]
    Clear,
    /// Everything stays.
    Keep,
}

/// Fields of one record that are to hold these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// By which connector.
    pub connector: UpdateConnector,
    /// Which record.
    pub key: String,
    /// Its fields; `None` clears.
    pub fields: Fields,
}

/// What is to be written, in order; nothing when the system holds what is wanted. A field that the connector does not
/// hold a value in is never cleared: what is there is somebody else's.
pub fn steps(wish: &Wish, on_leaving: OnLeaving, managed: &Managed, held: &BTreeMap<String, Held>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (connector, fields) in managed {
        let wanted = match wish {
            Wish::Hold(records) => records.get(connector),
            Wish::Leave => None,
        };
        let held = held.get(connector.as_str());
        let left = held.filter(|held| wanted.is_none_or(|wanted| wanted.key != held.key));
        // Before the new record: AFAS demands mail addresses that are unique over all of it.
        if let Some(left) = left.filter(|_| on_leaving == OnLeaving::Clear) {
            let holds = |field: &&String| value(&left.fields, field).is_some();
            let fields: Fields = fields.iter().filter(holds).map(|field| (field.clone(), None)).collect();
            push(&mut steps, *connector, &left.key, fields);
        }
        if let Some(wanted) = wanted {
            let nothing = Fields::new();
            let held = held.filter(|held| held.key == wanted.key).map_or(&nothing, |held| &held.fields);
            let changed = |field: &&String| !same(value(&wanted.fields, field), value(held, field));
            let value = |field: &String| (field.clone(), value(&wanted.fields, field).map(str::to_owned));
            push(&mut steps, *connector, &wanted.key, fields.iter().filter(changed).map(value).collect());
        }
    }
    steps
}

fn push(steps: &mut Vec<Step>, connector: UpdateConnector, key: &str, fields: Fields) {
    if !fields.is_empty() {
        steps.push(Step { connector, key: key.to_owned(), fields });
    }
}

/// What the connector holds once fields of a record have these values.
pub fn apply(held: &mut BTreeMap<String, Held>, connector: UpdateConnector, key: &str, fields: &Fields) {
    let record = held
        .entry(connector.as_str().to_owned())
        .or_insert_with(|| Held { key: key.to_owned(), fields: Fields::new() });
    if record.key != key {
        *record = Held { key: key.to_owned(), fields: Fields::new() };
    }
    record.fields.extend(fields.iter().map(|(field, value)| (field.clone(), value.clone())));
}

/// The fields that have another value than wanted. AFAS refuses a value that is there already.
pub fn missing(wanted: &Fields, current: &Fields) -> Fields {
    let differs = |(field, _): &(&String, &Option<String>)| !same(value(wanted, field), value(current, field));
    wanted.iter().filter(differs).map(|(field, value)| (field.clone(), value.clone())).collect()
}

/// Whether two values are the same: mail addresses and user names without regard to case, and empty is empty.
pub fn same(a: Option<&str>, b: Option<&str>) -> bool {
    let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
    a == b || (a.contains('@') && b.contains('@') && a.to_lowercase() == b.to_lowercase())
}

fn value<'f>(fields: &'f Fields, field: &str) -> Option<&'f str> {
    fields.get(field)?.as_deref().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
