//! What is done with entitlements that others gave.

use std::collections::BTreeMap;

use domain::{EntitlementKind, Ownership};

use crate::files::Sink;
use crate::files::shape::Ownership as Shape;

/// The modes that are not the default.
pub(crate) fn ownership(shape: &Shape, sink: &mut Sink) -> BTreeMap<EntitlementKind, Ownership> {
    let written = [
        (EntitlementKind::Profile, &shape.profile),
        (EntitlementKind::Role, &shape.role),
        (EntitlementKind::PermissionSet, &shape.permission_sets),
        (EntitlementKind::PermissionSetGroup, &shape.permission_set_groups),
        (EntitlementKind::PermissionSetLicense, &shape.permission_set_licenses),
        (EntitlementKind::PublicGroup, &shape.public_groups),
        (EntitlementKind::Queue, &shape.queues),
        (EntitlementKind::FeatureLicense, &shape.feature_licenses),
    ];
    let mut modes = BTreeMap::new();
    for (kind, mode) in written {
        let Some(mode) = mode else { continue };
        match Ownership::from(mode.value) {
            Ownership::Own => {}
            _ if kind == EntitlementKind::Profile => {
                let message = "only `own` has a meaning for profiles: a user always has exactly one, so that giving one takes the other, \
                               and none can be taken without giving one";
                sink.error(&mode.place, message);
            }
            other => drop(modes.insert(kind, other)),
        }
    }
    modes
}
