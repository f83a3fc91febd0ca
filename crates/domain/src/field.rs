//! The fields of Salesforce's User object that configuration may set, with what Salesforce demands of each
//! (Object Reference, User; lengths from the field reference).

use serde::{Deserialize, Serialize};

macro_rules! user_fields {
    ($($(#[$doc:meta])* $name:ident, $length:literal;)*) => {
        /// A field of the User object, named as in Salesforce's API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum UserField { $($(#[$doc])* $name,)* }

        impl UserField {
            /// All fields.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The API name.
            pub fn api_name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The most characters that Salesforce takes.
            pub fn max_length(self) -> usize {
                match self { $(Self::$name => $length,)* }
            }
        }
    };
}

user_fields! {
    /// Log-in name in the form of a mail address, unique over all Salesforce orgs.
    Username, 80;
    /// Mail address.
    Email, 128;
    /// First name.
    FirstName, 40;
    /// Last name.
    LastName, 80;
    /// Short name shown where there is little room.
    Alias, 8;
    /// Name shown in communities, unique in the org.
    CommunityNickname, 40;
    /// Id for single sign-on, unique in the org; compared with case.
    FederationIdentifier, 512;
    /// The employer's number for the person.
    EmployeeNumber, 20;
    /// Job title.
    Title, 80;
    /// Department.
    Department, 80;
    /// Division.
    Division, 80;
    /// Company.
    CompanyName, 80;
    /// Phone at work.
    Phone, 40;
    /// Mobile phone.
    MobilePhone, 40;
    /// Time zone, as `Europe/Amsterdam`.
    TimeZoneSidKey, 40;
    /// Locale, as `nl_NL`.
    LocaleSidKey, 40;
    /// Language, as `nl_NL`.
    LanguageLocaleKey, 40;
    /// Mail encoding, as `UTF-8`.
    EmailEncodingKey, 40;
}

impl UserField {
    /// The field with that API name.
    pub fn from_api_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.api_name() == name)
    }

    /// Whether Salesforce demands a value on create.
    pub fn is_required(self) -> bool {
        use UserField::{
            Alias, Email, EmailEncodingKey, LanguageLocaleKey, LastName, LocaleSidKey, TimeZoneSidKey, Username,
        };
        matches!(
            self,
            Username | Email | LastName | Alias | TimeZoneSidKey | LocaleSidKey | LanguageLocaleKey | EmailEncodingKey
        )
    }

    /// Whether no two users may have the same value, in the org or anywhere.
    pub fn is_unique(self) -> bool {
        matches!(self, Self::Username | Self::CommunityNickname | Self::FederationIdentifier)
    }

    /// Whether a value once given stays, unless configuration says that it follows the name.
    pub fn stays_once_given(self) -> bool {
        matches!(self, Self::Username | Self::Alias | Self::CommunityNickname)
    }

    /// Whether Salesforce takes the two values for the same: user names and mail addresses without regard to case.
    pub fn same_value(self, a: &str, b: &str) -> bool {
        match self {
            Self::Username | Self::Email => a.to_lowercase() == b.to_lowercase(),
            _ => a == b,
        }
    }
}

/// A field of the User object that names another user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserLink {
    /// The manager.
    Manager,
    /// Who approves in the user's place.
    DelegatedApprover,
}

impl UserLink {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Manager, Self::DelegatedApprover];

    /// As in configuration and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::DelegatedApprover => "delegatedApprover",
        }
    }

    /// The API name.
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Manager => "ManagerId",
            Self::DelegatedApprover => "DelegatedApproverId",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UserField;

    #[test]
    fn names_round_trip_and_case_counts_only_where_it_should() {
        for &field in UserField::ALL {
            assert_eq!(UserField::from_api_name(field.api_name()), Some(field));
        }
        assert!(UserField::Username.same_value("A@example.com", "a@EXAMPLE.com"));
        assert!(!UserField::FederationIdentifier.same_value("A1", "a1"));
    }
}
