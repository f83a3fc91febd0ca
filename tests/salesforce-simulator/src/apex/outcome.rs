//! What came of each thing that was asked for one person.

use serde_json::{Value as Json, json};

use crate::org::dml_error::DmlError;

/// What came of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Changed now.
    Done,
    /// Was so.
    Already,
    /// Refused.
    Failed(DmlError),
    /// Not tried, for something that it needs failed.
    Skipped,
}

impl Outcome {
    pub(super) fn status(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// A write's result; a duplicate that the platform refuses was there already.
    pub(super) fn of_insert<T>(result: Result<T, DmlError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) if error.code == "DUPLICATE_VALUE" => Self::Already,
            Err(error) => Self::Failed(error),
        }
    }

    /// A deletion's result; what somebody else deleted meanwhile was gone already.
    pub(super) fn of_delete(result: Result<(), DmlError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) if error.code == "ENTITY_IS_DELETED" => Self::Already,
            Err(error) => Self::Failed(error),
        }
    }
}

/// The place of one thing among a person's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// A person's results, in the order in which things were asked.
#[derive(Debug, Default)]
pub(super) struct Results(Vec<(String, Option<Outcome>)>);

impl Results {
    pub(super) fn ask(&mut self, item: String) -> Slot {
        self.0.push((item, None));
        Slot(self.0.len() - 1)
    }

    pub(super) fn set(&mut self, slot: Slot, outcome: Outcome) {
        if let Some((_, result)) = self.0.get_mut(slot.0) {
            *result = Some(outcome);
        }
    }

    /// Gives everything that has no outcome yet this one.
    pub(super) fn rest(&mut self, outcome: &Outcome) {
        for (_, result) in &mut self.0 {
            result.get_or_insert_with(|| outcome.clone());
        }
    }

    pub(super) fn json(&self) -> Json {
        let show = |(item, outcome): &(String, Option<Outcome>)| {
            let outcome = outcome.as_ref().unwrap_or(&Outcome::Skipped);
            let mut result = json!({ "item": item, "status": outcome.status() });
            if let Outcome::Failed(error) = outcome {
                result["error"] = error.row_json();
            }
            result
        };
        self.0.iter().map(show).collect()
    }
}

/// A name that the org does not have. The text lists nothing of the org.
pub(super) fn unknown_name() -> DmlError {
    DmlError::new("UNKNOWN_NAME", "The org has nothing of this kind and name", &[])
}
