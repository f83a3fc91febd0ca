//! What is done about changes that somebody made in the org by hand.

use domain::{DriftKind, Ownership};

use crate::files::shape::{self, DriftAnswer};
use crate::files::{At, Sink};

/// What is done about each kind of change that somebody made in the org by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// A field or a link has another value.
    pub fields: DriftAnswer,
    /// Something that rules give is gone.
    pub entitlements_removed: DriftAnswer,
    /// Something that no rule gives was added. Where ownership is exact it is taken away, whatever stands here.
    pub entitlements_added: DriftAnswer,
    /// A user who should be in was frozen or made inactive.
    pub shut: DriftAnswer,
    /// A user who should be out was let in.
    pub opened: DriftAnswer,
    /// The user name is another one.
    pub renamed: DriftAnswer,
}

impl Default for Drift {
    fn default() -> Self {
        Self {
            fields: DriftAnswer::Repair,
            entitlements_removed: DriftAnswer::Repair,
            entitlements_added: DriftAnswer::Report,
            shut: DriftAnswer::Accept,
            opened: DriftAnswer::Repair,
            renamed: DriftAnswer::Accept,
        }
    }
}

impl Drift {
    /// What is done about a change of that kind.
    pub fn answer(&self, kind: DriftKind) -> DriftAnswer {
        match kind {
            DriftKind::Fields => self.fields,
            DriftKind::EntitlementsRemoved => self.entitlements_removed,
            DriftKind::EntitlementsAdded => self.entitlements_added,
            DriftKind::Shut => self.shut,
            DriftKind::Opened => self.opened,
            DriftKind::Renamed => self.renamed,
        }
    }
}

/// `modes` are those that are not the default.
pub(crate) fn drift(shape: &shape::Drift, modes: impl IntoIterator<Item = Ownership>, sink: &mut Sink) -> Drift {
    let default = Drift::default();
    let or = |answer: &Option<At<DriftAnswer>>, default| answer.as_ref().map_or(default, |answer| answer.value);
    let drift = Drift {
        fields: or(&shape.fields, default.fields),
        entitlements_removed: or(&shape.entitlements_removed, default.entitlements_removed),
        entitlements_added: or(&shape.entitlements_added, default.entitlements_added),
        shut: or(&shape.shut, default.shut),
        opened: or(&shape.opened, default.opened),
        renamed: or(&shape.renamed, default.renamed),
    };
    let takes_all = modes.into_iter().any(|mode| mode == Ownership::Exact);
    let added = shape.entitlements_added.as_ref().filter(|added| added.value == DriftAnswer::Repair && !takes_all);
    if let Some(added) = added {
        let message =
            "what others give is theirs and stays; only where `ownership` says `exact` of a kind is it taken away";
        sink.error(&added.place, message);
    }
    if let Some(opened) = shape.opened.as_ref().filter(|opened| opened.value != DriftAnswer::Repair) {
        sink.warning(&opened.place, "a leaver whose account somebody opens by hand keeps access");
    }
    drift
}
