//! The field tables; that of User is in `user`.

mod user;

use super::{Kind, LANGUAGE, LOCALE, Object, Spec, TIME_ZONE, USER_TYPE};

pub(super) fn of(object: Object) -> &'static [Spec] {
    match object {
        Object::Organization => ORGANIZATION,
        Object::UserLicense => USER_LICENSE,
        Object::Profile => PROFILE,
        Object::UserRole => USER_ROLE,
        Object::User => user::USER,
        Object::UserLogin => USER_LOGIN,
        Object::PermissionSetLicense => PERMISSION_SET_LICENSE,
        Object::PermissionSet => PERMISSION_SET,
        Object::PermissionSetGroup => PERMISSION_SET_GROUP,
        Object::PermissionSetGroupComponent => PERMISSION_SET_GROUP_COMPONENT,
        Object::PermissionSetAssignment => PERMISSION_SET_ASSIGNMENT,
        Object::PermissionSetLicenseAssign => PERMISSION_SET_LICENSE_ASSIGN,
        Object::Group => GROUP,
        Object::GroupMember => GROUP_MEMBER,
        Object::SetupAuditTrail => SETUP_AUDIT_TRAIL,
    }
}

const fn text(name: &'static str, length: usize) -> Spec {
    Spec::new(name, Kind::Text, length)
}

const fn flag(name: &'static str) -> Spec {
    Spec::new(name, Kind::Bool, 0)
}

const fn int(name: &'static str) -> Spec {
    Spec::new(name, Kind::Int, 0)
}

const fn time(name: &'static str) -> Spec {
    Spec::new(name, Kind::DateTime, 0)
}

const fn reference(name: &'static str, relationship: &'static str, to: &'static [Object]) -> Spec {
    Spec::new(name, Kind::Reference { to, relationship }, 18)
}

const ID: Spec = Spec::new("Id", Kind::Id, 18);
const STAMP: Spec = time("SystemModstamp");
const CREATED: Spec = time("CreatedDate");
const CREATED_BY: Spec = reference("CreatedById", "CreatedBy", &[Object::User]);
const MODIFIED: Spec = time("LastModifiedDate");
const MODIFIED_BY: Spec = reference("LastModifiedById", "LastModifiedBy", &[Object::User]);

const USER_LOGIN: &[Spec] = &[
    ID,
    reference("UserId", "User", &[Object::User]),
    flag("IsFrozen").on_update(),
    flag("IsPasswordLocked").on_update(),
    MODIFIED,
    MODIFIED_BY,
];

const PROFILE: &[Spec] = &[
    ID,
    text("Name", 255),
    Spec::new("UserType", USER_TYPE, 40),
    reference("UserLicenseId", "UserLicense", &[Object::UserLicense]),
    text("Description", 255),
    flag("PermissionsApiEnabled"),
    flag("PermissionsManageUsers"),
    flag("PermissionsManageInternalUsers"),
    flag("PermissionsAssignPermissionSets"),
    flag("PermissionsModifyAllData"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const USER_LICENSE: &[Spec] = &[
    ID,
    text("LicenseDefinitionKey", 40),
    text("MasterLabel", 255),
    text("Name", 255),
    text("Status", 40),
    int("TotalLicenses"),
    int("UsedLicenses"),
    CREATED,
    MODIFIED,
    STAMP,
];

const USER_ROLE: &[Spec] = &[
    ID,
    text("Name", 80),
    text("DeveloperName", 80),
    reference("ParentRoleId", "ParentRole", &[Object::UserRole]),
    text("RollupDescription", 80),
    text("PortalType", 40),
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET: &[Spec] = &[
    ID,
    text("Name", 80),
    text("Label", 80),
    text("Description", 255),
    reference("LicenseId", "License", &[Object::UserLicense, Object::PermissionSetLicense]),
    reference("ProfileId", "Profile", &[Object::Profile]),
    flag("IsOwnedByProfile"),
    flag("IsCustom"),
    text("NamespacePrefix", 15),
    flag("HasActivationRequired"),
    reference("PermissionSetGroupId", "PermissionSetGroup", &[Object::PermissionSetGroup]),
    text("Type", 40),
    flag("PermissionsApiEnabled"),
    flag("PermissionsManageUsers"),
    flag("PermissionsManageInternalUsers"),
    flag("PermissionsAssignPermissionSets"),
    flag("PermissionsModifyAllData"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET_GROUP: &[Spec] = &[
    ID,
    text("DeveloperName", 80),
    text("MasterLabel", 80),
    text("Description", 255),
    text("NamespacePrefix", 15),
    text("Status", 40),
    text("Language", 40),
    flag("HasActivationRequired"),
    flag("IsDeleted"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET_GROUP_COMPONENT: &[Spec] = &[
    ID,
    reference("PermissionSetGroupId", "PermissionSetGroup", &[Object::PermissionSetGroup]),
    reference("PermissionSetId", "PermissionSet", &[Object::PermissionSet]),
    flag("IsDeleted"),
    CREATED,
    STAMP,
];

const PERMISSION_SET_ASSIGNMENT: &[Spec] = &[
    ID,
    reference("AssigneeId", "Assignee", &[Object::User]).on_create().required(),
    reference("PermissionSetId", "PermissionSet", &[Object::PermissionSet]).on_create(),
    reference("PermissionSetGroupId", "PermissionSetGroup", &[Object::PermissionSetGroup]).on_create(),
    time("ExpirationDate").writable(),
    flag("IsActive"),
    flag("IsRevoked"),
    STAMP,
];

const PERMISSION_SET_LICENSE: &[Spec] = &[
    ID,
    text("DeveloperName", 80),
    text("MasterLabel", 120),
    text("PermissionSetLicenseKey", 80),
    text("Status", 40),
    int("TotalLicenses"),
    int("UsedLicenses"),
    flag("IsDeleted"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const PERMISSION_SET_LICENSE_ASSIGN: &[Spec] = &[
    ID,
    reference("AssigneeId", "Assignee", &[Object::User]).on_create().required(),
    reference("PermissionSetLicenseId", "PermissionSetLicense", &[Object::PermissionSetLicense]).on_create().required(),
    flag("IsDeleted"),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const GROUP: &[Spec] = &[
    ID,
    text("Name", 40).writable().required(),
    text("DeveloperName", 80).writable(),
    text("Description", 255).writable(),
    text("Type", 40).on_create(),
    reference("RelatedId", "Related", &[Object::UserRole]),
    Spec::new("Email", Kind::Email, 255).writable(),
    flag("DoesIncludeBosses").writable(),
    flag("DoesSendEmailToMembers").writable(),
    CREATED,
    CREATED_BY,
    MODIFIED,
    MODIFIED_BY,
    STAMP,
];

const GROUP_MEMBER: &[Spec] = &[
    ID,
    reference("GroupId", "Group", &[Object::Group]).on_create().required(),
    reference("UserOrGroupId", "UserOrGroup", &[Object::User, Object::Group]).on_create().required(),
    STAMP,
];

/// [doc, object reference]: Display and Section can be read and sorted by, not filtered.
const SETUP_AUDIT_TRAIL: &[Spec] = &[
    ID,
    text("Action", 765),
    text("Section", 765).unfilterable(),
    text("Display", 1000).unfilterable(),
    text("DelegateUser", 765),
    text("CreatedByContext", 765),
    CREATED,
    CREATED_BY,
];

const ORGANIZATION: &[Spec] = &[
    ID,
    text("Name", 80),
    text("OrganizationType", 40),
    text("InstanceName", 5),
    flag("IsSandbox"),
    Spec::new("TimeZoneSidKey", TIME_ZONE, 40),
    Spec::new("LanguageLocaleKey", LANGUAGE, 40),
    Spec::new("DefaultLocaleSidKey", LOCALE, 40),
    CREATED,
    MODIFIED,
    STAMP,
];
