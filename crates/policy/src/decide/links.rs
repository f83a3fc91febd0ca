//! The other persons whom the account is to name.

use std::collections::BTreeMap;

use domain::{Contract, Person, PersonId, UserLink};

use super::Problem;
use crate::policy::Policy;
use crate::world::World;

/// By the primary contract. A person who would be linked to themselves is linked to nobody, and a remark says so.
pub(super) fn links(
    policy: &Policy,
    person: &Person,
    world: &World<'_>,
    contract: Option<&Contract>,
    problems: &mut Vec<Problem>,
    remarks: &mut Vec<String>,
) -> BTreeMap<UserLink, Option<PersonId>> {
    let scope = world.scope_of(contract);
    let mut links = BTreeMap::new();
    for (link, code) in &policy.links {
        match code.person(&scope) {
            Err(failure) => problems.push(Problem::of(&failure, &format!("account.links.{} fails", link.as_str()))),
            Ok(Some(other)) if other == person.id => {
                remarks.push(format!("{} would be the person itself and is left empty", link.as_str()));
                links.insert(*link, None);
            }
            Ok(other) => drop(links.insert(*link, other)),
        }
    }
    links
}
