//! Seats of user licences and feature licences.

use super::super::dml_error::DmlError;
use super::super::schema::Object;
use super::super::schema::features;
use super::super::state::Record;
use super::super::world::World;

/// An active user needs a free seat of the profile's licence [apex text]. A switch to a profile of another licence may be
/// impossible altogether [sec], see `Behaviours`.
pub(super) fn check_licence(world: &World, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
    let licence_of = |user: &Record| {
        let profile = world.state.get(Object::Profile, user.id_in("ProfileId")?)?;
        profile.id_in("UserLicenseId").cloned()
    };
    let wanted = licence_of(new);
    if let Some(before) = old.map(licence_of)
        && before != wanted
        && !world.behaviours.profile_may_change_licence
    {
        return Err(DmlError::new(
            "FIELD_INTEGRITY_EXCEPTION",
            "Profile ID: the new profile must have the same user license",
            &["ProfileId"],
        ));
    }
    let holds = old.filter(|old| old.is("IsActive")).and_then(licence_of);
    if !new.is("IsActive") || holds == wanted {
        return Ok(());
    }
    let Some(licence) = wanted.and_then(|id| world.state.get(Object::UserLicense, &id)) else { return Ok(()) };
    if licence.number("UsedLicenses") >= licence.number("TotalLicenses") {
        return Err(DmlError::new(
            "LICENSE_LIMIT_EXCEEDED",
            format!("License Limit Exceeded - {}", licence.text("Name")),
            &[],
        ));
    }
    Ok(())
}

/// An active user needs a free seat of each feature licence [rec for the text].
pub(super) fn check_features(world: &World, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
    if !new.is("IsActive") {
        return Ok(());
    }
    for feature in new.ticked(features::START).filter_map(features::named) {
        let has = old.is_some_and(|old| old.is("IsActive") && old.is(feature.field));
        let full = world.state.seats_of_feature(feature.field).is_some_and(|(used, total)| used >= total);
        if full && !has {
            return Err(DmlError::new(
                "LICENSE_LIMIT_EXCEEDED",
                format!("{} feature license limit exceeded", feature.limit_name),
                &[],
            ));
        }
    }
    Ok(())
}
