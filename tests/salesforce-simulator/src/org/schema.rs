//! The objects of the org and their fields: names and types of API v65 (package data, names only), lengths [doc].
//!
//! What may be created, updated or deleted is decided here; what the values must satisfy is in `rules`.

pub(crate) mod features;
mod fields;

use std::borrow::Cow;

use super::picklists;

/// The objects the simulator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the Salesforce object of that name")]
pub enum Object {
    Organization,
    UserLicense,
    Profile,
    UserRole,
    User,
    UserLogin,
    PermissionSetLicense,
    PermissionSet,
    PermissionSetGroup,
    PermissionSetGroupComponent,
    PermissionSetAssignment,
    PermissionSetLicenseAssign,
    Group,
    GroupMember,
    SetupAuditTrail,
}

impl Object {
    /// All of them, in the order in which a new org is filled.
    pub const ALL: [Self; 15] = [
        Self::Organization,
        Self::UserLicense,
        Self::Profile,
        Self::UserRole,
        Self::User,
        Self::UserLogin,
        Self::PermissionSetLicense,
        Self::PermissionSet,
        Self::PermissionSetGroup,
        Self::PermissionSetGroupComponent,
        Self::PermissionSetAssignment,
        Self::PermissionSetLicenseAssign,
        Self::Group,
        Self::GroupMember,
        Self::SetupAuditTrail,
    ];

    /// The API name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::UserLicense => "UserLicense",
            Self::Profile => "Profile",
            Self::UserRole => "UserRole",
            Self::User => "User",
            Self::UserLogin => "UserLogin",
            Self::PermissionSetLicense => "PermissionSetLicense",
            Self::PermissionSet => "PermissionSet",
            Self::PermissionSetGroup => "PermissionSetGroup",
            Self::PermissionSetGroupComponent => "PermissionSetGroupComponent",
            Self::PermissionSetAssignment => "PermissionSetAssignment",
            Self::PermissionSetLicenseAssign => "PermissionSetLicenseAssign",
            Self::Group => "Group",
            Self::GroupMember => "GroupMember",
            Self::SetupAuditTrail => "SetupAuditTrail",
        }
    }

    /// The first three characters of its records' ids.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Organization => "00D",
            Self::UserLicense => "100",
            Self::Profile => "00e",
            Self::UserRole => "00E",
            Self::User => "005",
            Self::UserLogin => "0Yw",
            Self::PermissionSetLicense => "0PL",
            Self::PermissionSet => "0PS",
            Self::PermissionSetGroup => "0PG",
            Self::PermissionSetGroupComponent => "0PM",
            Self::PermissionSetAssignment => "0Pa",
            Self::PermissionSetLicenseAssign => "2LA",
            Self::Group => "00G",
            Self::GroupMember => "011",
            Self::SetupAuditTrail => "0Ym",
        }
    }

    /// Finds an object by API name, which has no case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.name().eq_ignore_ascii_case(name))
    }

    /// Finds the object that an id's prefix belongs to.
    #[must_use]
    pub fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.prefix() == prefix)
    }

    /// Which calls besides query and retrieve the API has for it.
    ///
    /// User: no delete [doc]. UserLogin: update only [doc]. PermissionSetAssignment: its ExpirationDate can be updated [doc,
    /// object reference]; the other assignments: create and delete only [doc]. SetupAuditTrail: query and retrieve [doc].
    /// Set-up objects (profiles, roles, permission sets, licences) are changed by the org's administrator only: the real
    /// API could create some of them, the connector never does.
    pub(crate) fn calls(self) -> Calls {
        let (create, update, delete) = match self {
            Self::User => (true, true, false),
            Self::UserLogin => (false, true, false),
            Self::PermissionSetLicenseAssign | Self::GroupMember => (true, false, true),
            Self::PermissionSetAssignment | Self::Group => (true, true, true),
            _ => (false, false, false),
        };
        Calls { create, update, delete }
    }

    pub(crate) fn specs(self) -> &'static [Spec] {
        fields::of(self)
    }
}

/// See [`Object::calls`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calls {
    pub create: bool,
    pub update: bool,
    pub delete: bool,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    Text,
    TextArea,
    Email,
    Phone,
    Url,
    /// A picklist; its values are enforced when it is restricted.
    Picklist {
        values: &'static [&'static str],
        restricted: bool,
    },
    Bool,
    Int,
    DateTime,
    /// A reference to records of these objects, followed in SOQL by `relationship`.
    Reference {
        to: &'static [Object],
        relationship: &'static str,
    },
}

impl Kind {
    /// The `type` of a describe.
    pub(crate) fn describe_name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text => "string",
            Self::TextArea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Picklist { .. } => "picklist",
            Self::Bool => "boolean",
            Self::Int => "int",
            Self::DateTime => "datetime",
            Self::Reference { .. } => "reference",
        }
    }

    pub(crate) fn is_text(self) -> bool {
        !matches!(self, Self::Bool | Self::Int | Self::DateTime | Self::Id | Self::Reference { .. })
    }

    pub(crate) fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::Reference { .. })
    }
}

/// One field of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub name: Cow<'static, str>,
    pub kind: Kind,
    /// Greatest length in characters; 0 where length means nothing.
    pub length: usize,
    pub required: bool,
    pub createable: bool,
    pub updateable: bool,
    pub case_sensitive: bool,
    pub unique: bool,
    pub external_id: bool,
    /// May stand in a WHERE.
    pub filterable: bool,
}

impl Spec {
    pub(crate) const fn new(name: &'static str, kind: Kind, length: usize) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind,
            length,
            required: false,
            createable: false,
            updateable: false,
            case_sensitive: false,
            unique: false,
            external_id: false,
            filterable: true,
        }
    }

    /// May be set at creation and later.
    pub(crate) const fn writable(mut self) -> Self {
        self.createable = true;
        self.updateable = true;
        self
    }

    /// May be set at creation only.
    pub(crate) const fn on_create(mut self) -> Self {
        self.createable = true;
        self
    }

    /// May be set later only.
    pub(crate) const fn on_update(mut self) -> Self {
        self.updateable = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    pub(crate) const fn unfilterable(mut self) -> Self {
        self.filterable = false;
        self
    }

    pub(crate) const fn case_sensitive(mut self) -> Self {
        self.case_sensitive = true;
        self
    }

    /// A custom text field of User, made by the test.
    pub(crate) fn custom(name: &str, length: usize, external_id: bool) -> Self {
        Self {
            name: Cow::Owned(name.to_owned()),
            external_id,
            unique: external_id,
            ..Self::new("", Kind::Text, length).writable()
        }
    }

    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }
}

pub(crate) const fn restricted(values: &'static [&'static str]) -> Kind {
    Kind::Picklist { values, restricted: true }
}

pub(crate) const TIME_ZONE: Kind = restricted(picklists::TIME_ZONES);
pub(crate) const LOCALE: Kind = restricted(picklists::LOCALES);
pub(crate) const LANGUAGE: Kind = restricted(picklists::LANGUAGES);
pub(crate) const ENCODING: Kind = restricted(picklists::ENCODINGS);
pub(crate) const USER_TYPE: Kind = restricted(picklists::USER_TYPES);
