//! Drift: what somebody changed in Salesforce by hand, sorted by what an administrator decides about it.

use serde::{Deserialize, Serialize};

use super::Operation;
use crate::UserField;

/// A kind of change made by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DriftKind {
    /// A field or a link under management has another value.
    Fields,
    /// Something that rules give is gone, or profile or role are others.
    EntitlementsRemoved,
    /// Something that no rule gives was added.
    EntitlementsAdded,
    /// A user who should be in was frozen or made inactive.
    Shut,
    /// A user who should be out was let in.
    Opened,
    /// The user name is another one.
    Renamed,
}

impl DriftKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Fields, Self::EntitlementsRemoved, Self::EntitlementsAdded, Self::Shut, Self::Opened, Self::Renamed];

    /// As in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::EntitlementsRemoved => "entitlementsRemoved",
            Self::EntitlementsAdded => "entitlementsAdded",
            Self::Shut => "shut",
            Self::Opened => "opened",
            Self::Renamed => "renamed",
        }
    }

    /// What an operation would set right, when the desired state was reached before.
    pub fn of(operation: &Operation) -> Option<Self> {
        match operation {
            Operation::SetField { field: UserField::Username, .. } => Some(Self::Renamed),
            Operation::SetField { .. } | Operation::SetLink { .. } => Some(Self::Fields),
            Operation::Grant { .. } | Operation::Replace { .. } => Some(Self::EntitlementsRemoved),
            Operation::Revoke { .. } => Some(Self::EntitlementsAdded),
            Operation::Activate | Operation::Unfreeze => Some(Self::Shut),
            Operation::Freeze | Operation::Deactivate => Some(Self::Opened),
            Operation::Create { .. } | Operation::Correlate { .. } | Operation::Uncorrelate { .. } => None,
        }
    }
}
