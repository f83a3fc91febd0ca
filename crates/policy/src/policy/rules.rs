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
}

pub(crate) fn build(
    shapes: &[At<Shape>],
    compile: impl Fn(&At<Cel>, &mut Sink) -> Option<Code>,
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
        let when = shape.when.as_ref().and_then(|cel| compile(cel, sink));
        rules.push(Rule { name: name.value.clone(), when, gives });
    }
    rules
}

fn gives(shape: &Shape, sink: &mut Sink) -> Vec<(Entitlement, Place)> {
    let several = |names: &Option<Vec<At<String>>>| names.clone().unwrap_or_default();
    let one = |name: &Option<At<String>>| name.clone().into_iter().collect();
    let kinds: [(EntitlementKind, Vec<At<String>>); 4] = [
        (EntitlementKind::Profile, one(&shape.profile)),
        (EntitlementKind::Role, one(&shape.role)),
        (EntitlementKind::PermissionSet, several(&shape.permission_sets)),
        (EntitlementKind::PublicGroup, several(&shape.public_groups)),
    ];
    let mut gives: Vec<(Entitlement, Place)> = Vec::new();
    for (kind, names) in kinds {
        for At { place, value } in names {
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
