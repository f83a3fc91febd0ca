//! Business rules, compiled.

use domain::entitlement::EntitlementName;
use domain::{Entitlement, EntitlementKind};

use crate::code::Code;
use crate::files::shape::{Cel, Rule as Shape};
use crate::files::{At, Sink};
use crate::problems::Place;

/// Who is given what.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) when: Option<Code>,
    pub(crate) gives: Vec<(Entitlement, Place)>,
    /// The last day of those that can expire.
    pub(crate) expires: Option<Code>,
}

pub(crate) fn build(
    shapes: &[At<Shape>],
    condition: impl Fn(&At<Cel>, &mut Sink) -> Option<Code>,
    date: impl Fn(&At<Cel>, &mut Sink) -> Option<Code>,
    sink: &mut Sink,
) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for At { place, value: shape } in shapes {
        let name = &shape.name;
        if name.value.trim().is_empty() || name.value.chars().count() > 200 || name.value.chars().any(char::is_control)
        {
            sink.error(&name.place, "a rule's name has 1 to 200 characters, none of them a control character");
        } else if rules.iter().any(|rule| rule.name == name.value) {
            sink.error(&name.place, format!("there is another rule `{}`", name.value));
        }
        let gives = gives(shape, sink);
        if gives.is_empty() {
            sink.error(place, format!("the rule `{}` gives nothing", name.value));
        }
        if let Some(expires) = shape.expires.as_ref().filter(|_| !gives.iter().any(|(e, _)| e.kind.can_expire())) {
            let message = "only permission sets and permission set groups can expire, and the rule gives none";
            sink.error(&expires.place, message);
        }
        let when = shape.when.as_ref().and_then(|cel| condition(cel, sink));
        let expires = shape.expires.as_ref().and_then(|cel| date(cel, sink));
        rules.push(Rule { name: name.value.clone(), when, gives, expires });
    }
    rules
}

fn gives(shape: &Shape, sink: &mut Sink) -> Vec<(Entitlement, Place)> {
    let several = |names: &Option<Vec<At<String>>>| names.clone().unwrap_or_default();
    let one = |name: &Option<At<String>>| name.clone().into_iter().collect();
    let kinds: [(EntitlementKind, Vec<At<String>>); 8] = [
        (EntitlementKind::Profile, one(&shape.profile)),
        (EntitlementKind::Role, one(&shape.role)),
        (EntitlementKind::PermissionSet, several(&shape.permission_sets)),
        (EntitlementKind::PermissionSetGroup, several(&shape.permission_set_groups)),
        (EntitlementKind::PermissionSetLicense, several(&shape.permission_set_licenses)),
        (EntitlementKind::PublicGroup, several(&shape.public_groups)),
        (EntitlementKind::Queue, several(&shape.queues)),
        (EntitlementKind::FeatureLicense, several(&shape.feature_licenses)),
    ];
    let mut gives: Vec<(Entitlement, Place)> = Vec::new();
    for (kind, names) in kinds {
        for At { place, value } in names {
            if kind == EntitlementKind::FeatureLicense && !is_feature_license(&value) {
                sink.error(&place, format!("`{value}` is no feature licence; a field of the User object as UserPermissionsMarketingUser is needed here"));
                continue;
            }
            match EntitlementName::parse(value) {
                Err(error) => sink.error(&place, error.to_string()),
                Ok(name) => {
                    let entitlement = Entitlement::new(kind, name);
                    if gives.iter().any(|(other, _)| *other == entitlement) {
                        sink.error(&place, format!("`{}` is here twice", entitlement.name));
                    }
                    gives.push((entitlement, place));
                }
            }
        }
    }
    gives
}

/// Object Reference, User: the feature licences are the fields `UserPermissions…User`.
fn is_feature_license(name: &str) -> bool {
    let feature = name.strip_prefix("UserPermissions").and_then(|rest| rest.strip_suffix("User"));
    feature.is_some_and(|feature| !feature.is_empty() && feature.bytes().all(|b| b.is_ascii_alphanumeric()))
}
