//! Users that must never be shut out, whatever the sources say: the connector's own, those on the protect list, and the
//! last administrators of the org. Their persons wait for an operator.

use std::collections::BTreeSet;

use domain::{ActualUser, Operation, ParkedReason, SalesforceUserId, UserField};

/// Who is protected.
#[derive(Clone, Debug, Default)]
pub struct Protected {
    /// User names, in lower case.
    pub usernames: BTreeSet<String>,
    /// The user as whom the connector logs in.
    pub own: Option<SalesforceUserId>,
    /// Everybody who can manage users and is not shut out, when the batch would shut out one of them.
    pub administrators: BTreeSet<SalesforceUserId>,
}

/// Whether operations shut a user out, or take the profile by which it manages users.
pub(crate) fn endangers(operations: &[Operation]) -> bool {
    operations.iter().any(|operation| matches!(operation, Operation::Freeze | Operation::Deactivate))
}

/// Why the user must not be shut out; `leaving` are all whom the batch shuts out.
pub fn protection(
    user: &ActualUser,
    protected: &Protected,
    leaving: &BTreeSet<SalesforceUserId>,
) -> Option<ParkedReason> {
    let username = user.field(UserField::Username).map(str::to_lowercase);
    let why = if protected.own.as_ref() == Some(&user.id) {
        "the connector itself logs in as this user"
    } else if username.is_some_and(|name| protected.usernames.contains(&name)) {
        "the user is on the configuration's protect list"
    } else if protected.administrators.contains(&user.id) && protected.administrators.is_subset(leaving) {
        "without this user nobody in the org could manage users any more"
    } else {
        return None;
    };
    let message = format!("{why}; user {} is left as it is until an administrator has looked at it", user.id);
    Some(ParkedReason { code: "protected-user".to_owned(), message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u8, name: &str) -> ActualUser {
        let mut user = ActualUser::bare(SalesforceUserId::parse(&format!("00500000000000{number}")).unwrap(), true);
        user.fields.insert(UserField::Username, name.to_owned());
        user
    }

    #[test]
    fn own_user_listed_users_and_the_last_administrators_stay() {
        let (own, listed, admin, other) = (user(1, "c@x"), user(2, "Boss@X"), user(3, "a@x"), user(4, "b@x"));
        let protected = Protected {
            usernames: BTreeSet::from(["boss@x".to_owned()]),
            own: Some(own.id.clone()),
            administrators: BTreeSet::from([admin.id.clone(), other.id.clone()]),
        };
        let one = BTreeSet::from([admin.id.clone()]);
        let both = BTreeSet::from([admin.id.clone(), other.id.clone()]);
        assert!(protection(&own, &protected, &one).is_some());
        assert!(protection(&listed, &protected, &one).is_some());
        assert_eq!(protection(&admin, &protected, &one), None);
        assert!(protection(&admin, &protected, &both).is_some());
        assert_eq!(protection(&user(5, "n@x"), &protected, &both), None);
    }
}
