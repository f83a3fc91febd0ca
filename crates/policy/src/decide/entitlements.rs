//! What the rules give: the union over the contracts that count, and one winner where a user has at most one.

use std::collections::BTreeMap;

use domain::{Contract, Entitlement, EntitlementKind};

use super::Problem;
use crate::policy::{Policy, Rule};
use crate::world::World;

/// What rules give, with their names, and remarks on what lost.
#[derive(Default)]
pub(super) struct Given {
    pub(super) entitlements: BTreeMap<Entitlement, Vec<String>>,
    pub(super) remarks: Vec<String>,
}

/// Evaluates all rules over `contracts`, of which the first decides where only one can be given.
pub(super) fn given(
    policy: &Policy,
    world: &World<'_>,
    contracts: &[&Contract],
    kinds: &[EntitlementKind],
    problems: &mut Vec<Problem>,
) -> Given {
    let mut given = Given::default();
    // Per contract, so that the primary contract's rules come first.
    let mut singles: BTreeMap<EntitlementKind, Vec<(&Entitlement, &Rule)>> = BTreeMap::new();
    for contract in contracts {
        let scope = world.scope_of(Some(contract));
        for rule in &policy.rules {
            match rule.when.as_ref().map_or(Ok(true), |code| code.holds(&scope)) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => {
                    let place = rule
                        .when
                        .as_ref()
                        .map(|code| code.place_of(&error))
                        .map_or(String::new(), |p| format!("{p}: "));
                    let message = format!("{place}the rule `{}` fails: {}", rule.name, error.reason);
                    problems.push(Problem::new("expression-failed", message));
                    continue;
                }
            }
            for (entitlement, _) in rule.gives.iter().filter(|(entitlement, _)| kinds.contains(&entitlement.kind)) {
                if entitlement.kind.is_single() {
                    singles.entry(entitlement.kind).or_default().push((entitlement, rule));
                } else {
                    add(&mut given.entitlements, entitlement, rule);
                }
            }
        }
    }
    for (kind, offers) in singles {
        let Some(&(winner, _)) = offers.first() else { continue };
        let mut lost: Vec<String> = Vec::new();
        for (entitlement, rule) in &offers {
            if *entitlement == winner {
                add(&mut given.entitlements, winner, rule);
            } else {
                let remark = format!("{} of rule `{}`", entitlement.name, rule.name);
                if !lost.contains(&remark) {
                    lost.push(remark);
                }
            }
        }
        if !lost.is_empty() {
            lost.sort();
            given.remarks.push(format!("{} {} goes before {}", kind.as_str(), winner.name, lost.join(", ")));
        }
    }
    // In the order of the configuration, whatever the order of the contracts.
    let position = |name: &String| policy.rules.iter().position(|rule| rule.name == *name);
    given.entitlements.values_mut().for_each(|names| names.sort_by_key(position));
    given
}

fn add(entitlements: &mut BTreeMap<Entitlement, Vec<String>>, entitlement: &Entitlement, rule: &Rule) {
    let names = entitlements.entry(entitlement.clone()).or_default();
    if !names.contains(&rule.name) {
        names.push(rule.name.clone());
    }
}
