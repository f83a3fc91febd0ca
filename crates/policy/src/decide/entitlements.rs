//! What the rules give: the union over the contracts that count, one winner where a user has at most one, and the last
//! days of what ends by itself.

use std::collections::BTreeMap;

use domain::contract::shift;
use domain::{Contract, Entitlement, EntitlementKind};
use expression::Scope;
use jiff::civil::Date;

use super::Problem;
use crate::policy::{Policy, Rule};
use crate::world::World;

/// What rules give, with their names, and remarks on what lost.
#[derive(Default)]
pub(super) struct Given {
    pub(super) entitlements: BTreeMap<Entitlement, Vec<String>>,
    pub(super) expirations: BTreeMap<Entitlement, Date>,
    /// The first day on which something of it has ended.
    pub(super) changes_on: Option<Date>,
    pub(super) remarks: Vec<String>,
}

/// Evaluates all rules over `contracts`, of which the first decides where only one can be given.
pub(super) fn given(
    policy: &Policy,
    world: &World<'_>,
    contracts: &[&Contract],
    kinds: &[EntitlementKind],
    today: Date,
    problems: &mut Vec<Problem>,
) -> Given {
    let mut given = Given::default();
    // Per contract, so that the primary contract's rules come first.
    let mut singles: BTreeMap<EntitlementKind, Vec<(&Entitlement, &Rule)>> = BTreeMap::new();
    for contract in contracts {
        let scope = world.scope_of(Some(contract));
        for rule in &policy.rules {
            if !applies(rule, &scope, problems) {
                continue;
            }
            let gives = || rule.gives.iter().map(|(given, _)| given).filter(|given| kinds.contains(&given.kind));
            let expires = rule.expires.as_ref().filter(|_| gives().any(|given| given.kind.can_expire()));
            let last = expires.map_or(Ok(None), |code| code.date(&scope));
            if let Err(failure) = &last {
                problems.push(Problem::of(failure, &format!("`expires` of the rule `{}` fails", rule.name)));
            }
            for entitlement in gives() {
                if entitlement.kind.is_single() {
                    singles.entry(entitlement.kind).or_default().push((entitlement, rule));
                } else if !entitlement.kind.can_expire() {
                    given.add(entitlement, rule, None, today);
                } else if let Ok(last) = &last {
                    given.add(entitlement, rule, *last, today);
                }
            }
        }
    }
    given.decide(singles);
    // In the order of the configuration, whatever the order of the contracts.
    let position = |name: &String| policy.rules.iter().position(|rule| rule.name == *name);
    given.entitlements.values_mut().for_each(|names| names.sort_by_key(position));
    given
}

fn applies(rule: &Rule, scope: &Scope<'_>, problems: &mut Vec<Problem>) -> bool {
    let Some(code) = &rule.when else { return true };
    code.holds(scope).unwrap_or_else(|error| {
        let message = format!("{}: the rule `{}` fails: {}", code.place_of(&error), rule.name, error.reason);
        problems.push(Problem::new("expression-failed", message));
        false
    })
}

impl Given {
    /// Of several last days the latest counts, and none at all goes before every one. What has ended is not given.
    fn add(&mut self, entitlement: &Entitlement, rule: &Rule, last: Option<Date>, today: Date) {
        if last.is_some_and(|last| last < today) {
            return;
        }
        let ends = last.map(|last| shift(last, 1)).filter(|end| *end > today);
        self.changes_on = self.changes_on.into_iter().chain(ends).min();
        let before = self.entitlements.get(entitlement).map(|_| self.expirations.get(entitlement).copied());
        match (before, last) {
            (None, Some(last)) => drop(self.expirations.insert(entitlement.clone(), last)),
            (Some(Some(before)), Some(last)) => drop(self.expirations.insert(entitlement.clone(), before.max(last))),
            (_, None) => drop(self.expirations.remove(entitlement)),
            (Some(None), Some(_)) => {}
        }
        name(&mut self.entitlements, entitlement, rule);
    }

    /// The first offer of a kind wins; the others are remarked on.
    fn decide(&mut self, singles: BTreeMap<EntitlementKind, Vec<(&Entitlement, &Rule)>>) {
        for (kind, offers) in singles {
            let Some(&(winner, _)) = offers.first() else { continue };
            let mut lost: Vec<String> = Vec::new();
            for (entitlement, rule) in &offers {
                if *entitlement == winner {
                    name(&mut self.entitlements, winner, rule);
                } else {
                    let remark = format!("{} of rule `{}`", entitlement.name, rule.name);
                    if !lost.contains(&remark) {
                        lost.push(remark);
                    }
                }
            }
            if !lost.is_empty() {
                lost.sort();
                self.remarks.push(format!("{} {} goes before {}", kind.as_str(), winner.name, lost.join(", ")));
            }
        }
    }
}

fn name(entitlements: &mut BTreeMap<Entitlement, Vec<String>>, entitlement: &Entitlement, rule: &Rule) {
    let names = entitlements.entry(entitlement.clone()).or_default();
    if !names.contains(&rule.name) {
        names.push(rule.name.clone());
    }
}
