//! Which Salesforce user is the person's: the one that is remembered, or the one that carries the person's keys. Never
//! guessed: two that match, or one that carries somebody else's key, wait for an operator.

use std::collections::BTreeMap;

use domain::{
    AccountRecord, ActualUser, HowCorrelated, Operation, ParkedReason, PersonId, SalesforceUserId, UserField,
};

/// What was found for a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution {
    /// The user that is remembered.
    Known(ActualUser),
    /// A user that is to be linked to the person.
    Found(ActualUser, HowCorrelated),
    /// There is no user.
    Nobody,
    /// An operator has to decide.
    Undecided(ParkedReason),
}

/// Chooses among the users that carry the remembered id or any of the keys. `keys` come in order of trust; a match by a
/// later key counts only if the earlier ones don't contradict it.
pub fn correlate(
    person: &PersonId,
    record: &AccountRecord,
    keys: &[(UserField, String)],
    found: &[ActualUser],
    owners: &BTreeMap<SalesforceUserId, PersonId>,
) -> Resolution {
    if let Some(correlation) = &record.correlation {
        let known = found.iter().find(|user| user.id == correlation.user);
        return known
            .cloned()
            .map_or_else(|| Resolution::Undecided(user_missing(&correlation.user)), Resolution::Known);
    }
    for (position, (field, value)) in keys.iter().enumerate() {
        let carriers: Vec<_> =
            found.iter().filter(|user| user.field(*field).is_some_and(|v| field.same_value(v, value))).collect();
        let user = match carriers.as_slice() {
            [] => continue,
            [user] => *user,
            many => return Resolution::Undecided(several(*field, many.len())),
        };
        let somebody_elses = owners.get(&user.id).is_some_and(|owner| owner != person);
        let contradiction = keys[..position]
            .iter()
            .find(|(key, ours)| user.field(*key).is_some_and(|theirs| !key.same_value(theirs, ours)));
        match (somebody_elses, contradiction, is_strong(*field)) {
            (false, None, _) => return Resolution::Found(user.clone(), how(record, *field)),
            // A user name can belong to a namesake: then it is taken, and the next candidate is tried.
            (_, _, false) => {}
            (true, _, true) => return Resolution::Undecided(owned(*field, &user.id)),
            (false, Some((key, _)), true) => return Resolution::Undecided(contradicts(*field, *key, &user.id)),
        }
    }
    Resolution::Nobody
}

/// Whether equal values mean the same person; user names can be anybody's.
fn is_strong(field: UserField) -> bool {
    matches!(field, UserField::FederationIdentifier | UserField::EmployeeNumber)
}

/// A user that appears where a create was under way is the one that the create made.
fn how(record: &AccountRecord, field: UserField) -> HowCorrelated {
    let creating =
        record.pending.as_ref().is_some_and(|p| p.operations.iter().any(|o| matches!(o, Operation::Create { .. })));
    if creating { HowCorrelated::Created } else { HowCorrelated::Matched(field) }
}

fn reason(code: &str, message: String) -> ParkedReason {
    ParkedReason { code: code.to_owned(), message }
}

fn user_missing(user: &SalesforceUserId) -> ParkedReason {
    reason(
        "user-missing",
        format!("the linked user {user} is not in this org; was the sandbox refreshed, or the org changed?"),
    )
}

fn several(field: UserField, count: usize) -> ParkedReason {
    reason("ambiguous-match", format!("{count} users carry the person's {}; make it unique", field.api_name()))
}

fn owned(field: UserField, user: &SalesforceUserId) -> ParkedReason {
    reason(
        "owned-by-another",
        format!("user {user} carries the person's {}, but belongs to another person", field.api_name()),
    )
}

fn contradicts(field: UserField, key: UserField, user: &SalesforceUserId) -> ParkedReason {
    let (field, key) = (field.api_name(), key.api_name());
    reason(
        "conflicting-keys",
        format!("user {user} carries the person's {field}, but another {key}; correct one of the two"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u8, fields: &[(UserField, &str)]) -> ActualUser {
        ActualUser {
            fields: fields.iter().map(|(field, value)| (*field, (*value).to_owned())).collect(),
            ..ActualUser::bare(SalesforceUserId::parse(&format!("00500000000000{number}")).unwrap(), true)
        }
    }

    fn keys() -> Vec<(UserField, String)> {
        vec![
            (UserField::FederationIdentifier, "P1".into()),
            (UserField::EmployeeNumber, "100".into()),
            (UserField::Username, "jan@example.com".into()),
        ]
    }

    fn resolve(found: &[ActualUser], owners: &[(&ActualUser, &str)]) -> Resolution {
        let owners = owners.iter().map(|(user, owner)| (user.id.clone(), PersonId::parse(*owner).unwrap())).collect();
        correlate(&PersonId::parse("p1").unwrap(), &AccountRecord::default(), &keys(), found, &owners)
    }

    fn code(resolution: Resolution) -> String {
        match resolution {
            Resolution::Undecided(reason) => reason.code,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn keys_count_in_their_order() {
        let by_number = user(1, &[(UserField::EmployeeNumber, "100")]);
        let by_id = user(2, &[(UserField::FederationIdentifier, "P1")]);
        let both = resolve(&[by_number.clone(), by_id.clone()], &[]);
        assert_eq!(both, Resolution::Found(by_id, HowCorrelated::Matched(UserField::FederationIdentifier)));
        assert_eq!(
            resolve(std::slice::from_ref(&by_number), &[]),
            Resolution::Found(by_number, HowCorrelated::Matched(UserField::EmployeeNumber))
        );
        assert_eq!(resolve(&[], &[]), Resolution::Nobody);
    }

    #[test]
    fn a_federation_id_is_compared_with_case() {
        assert_eq!(resolve(&[user(1, &[(UserField::FederationIdentifier, "p1")])], &[]), Resolution::Nobody);
    }

    #[test]
    fn nothing_is_guessed() {
        let twins = [user(1, &[(UserField::EmployeeNumber, "100")]), user(2, &[(UserField::EmployeeNumber, "100")])];
        assert_eq!(code(resolve(&twins, &[])), "ambiguous-match");
        let other_id = user(1, &[(UserField::EmployeeNumber, "100"), (UserField::FederationIdentifier, "P2")]);
        assert_eq!(code(resolve(std::slice::from_ref(&other_id), &[])), "conflicting-keys");
        let taken = user(1, &[(UserField::FederationIdentifier, "P1")]);
        assert_eq!(code(resolve(std::slice::from_ref(&taken), &[(&taken, "p2")])), "owned-by-another");
        assert!(matches!(resolve(std::slice::from_ref(&taken), &[(&taken, "p1")]), Resolution::Found(..)));
    }

    #[test]
    fn a_namesakes_user_name_is_taken_not_ours() {
        let namesake = user(1, &[(UserField::Username, "JAN@example.com"), (UserField::EmployeeNumber, "200")]);
        assert_eq!(resolve(std::slice::from_ref(&namesake), &[]), Resolution::Nobody);
        let unmarked = user(2, &[(UserField::Username, "JAN@example.com")]);
        assert_eq!(resolve(std::slice::from_ref(&unmarked), &[(&unmarked, "p2")]), Resolution::Nobody);
        assert!(matches!(resolve(&[unmarked], &[]), Resolution::Found(_, HowCorrelated::Matched(UserField::Username))));
    }
}
