//! Switches for what is not known of the real Salesforce. Each default is the best reading of the evidence; tests run the
//! client against the named variants too, so that it depends on no guess.

/// How an uncertain point is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviours {
    /// `roles` in a SCIM POST are honoured [src pilot; GA ?].
    pub roles_in_scim_post: bool,
    /// When `groups` in a SCIM POST are honoured [src pilot has a bug there; GA ?].
    pub groups_in_scim_post: GroupsInPost,
    /// Names of Salesforce's own SCIM extensions [src pilot: /Schemas says 2.0, bodies carry 1.0; GA ?].
    pub extension: ExtensionUrn,
    /// `op` in a SCIM PATCH is compared with its case [src pilot; GA ?].
    pub patch_op_case_sensitive: bool,
    /// SCIM DELETE also renames the user, so that the username is free [src pilot: yes; doc: "same as PATCH active=false"].
    pub delete_renames: bool,
    /// The singular `/ServiceProviderConfig` answers too [src pilot: yes; doc names the plural only].
    pub singular_service_provider_config: bool,
    /// SCIM create of an active user without password answers 200 instead of 201 [src pilot; doc: 201].
    pub create_with_mail_answers_200: bool,
    /// SCIM create of an active user without password mails a password reset [src pilot; GA ?].
    pub create_sends_mail: bool,
    /// Highest `startIndex` of a SCIM list [src pilot: 2001, from the OFFSET limit; GA ?].
    pub start_index_ceiling: Option<usize>,
    /// The form of DML errors (username taken, licences used up …) in SCIM [src pilot; GA ?].
    pub scim_dml_errors: ScimDmlErrors,
    /// HTTP status of the `UNKNOWN_EXCEPTION` answer to a malformed PATCH value [doc gives the body, not the status].
    pub malformed_patch_status: u16,
    /// The error code when a user cannot be deactivated; only texts were captured [?].
    pub deactivation_blocker_code: &'static str,
    /// The org exposes `externalId` (FederationIdentifier) in SCIM [src pilot: depends on the org; doc example has it].
    pub external_id_available: bool,
    /// SCIM PATCH `add` of a permission set that the user has [?].
    pub add_assigned_entitlement: AddAssigned,
    /// SCIM PATCH `replace` of entitlements [src pilot; GA ?].
    pub replace_entitlements: ReplaceEntitlements,
    /// SCIM PATCH `replace` of group members [src pilot: only deletes; GA ?].
    pub replace_members_only_deletes: bool,
    /// An apostrophe in a SCIM filter value breaks the query behind it [src pilot; GA ?].
    pub filter_apostrophe_breaks: bool,
    /// Without `emailEncodingKey` a SCIM create writes 'UTF-8' into the language [src pilot bug; the doc example works].
    pub missing_encoding_breaks_create: bool,
    /// Furthest `exp` of a JWT assertion, in seconds [sources say 3 or 5 minutes].
    pub jwt_max_lifetime_s: i64,
    /// Which answers carry `Sforce-Limit-Info`.
    pub limit_header: LimitHeader,
    /// `IsActive` of a user created through REST without it [?].
    pub rest_create_is_active: bool,
    /// Inserting a group membership that exists [?].
    pub duplicate_group_member: DuplicateMember,
    /// A user's profile may change to one of another user licence [sec says no].
    pub profile_may_change_licence: bool,
    /// A permission set group can be assigned only while its `Status` is Updated [?].
    pub outdated_group_assignable: bool,
    /// A permission set that needs a permission set licence, and a user without it [sec and doc differ by product].
    pub licence_of_set: LicenceOfSet,
    /// What becomes of an assignment whose ExpirationDate has passed [?].
    pub expired_assignment: ExpiredAssignment,
    /// Rows of UserLogin are taken by sObject Collections, as those of other objects with update [?].
    pub user_login_in_collections: bool,
    /// The code with which a manager is refused who is the user, or below the user; nothing lets them through [sec for the
    /// refusal in the set-up pages; by API ?].
    pub manager_loop_code: Option<&'static str>,
    /// An update that changes no value stamps LastModifiedDate and LastModifiedById all the same [?].
    pub unchanged_update_stamps: bool,
}

/// See [`Behaviours::licence_of_set`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenceOfSet {
    /// The assignment is refused; licences are given and taken by hand [rec for the text].
    ByHand,
    /// The licence is assigned along with it while there are seats [sec], and goes when no other assignment needs it [doc,
    /// help: "in most cases"].
    ComesAlong,
}

/// See [`Behaviours::expired_assignment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiredAssignment {
    /// Its row stays, with IsActive false.
    Inactive,
    /// Its row is deleted.
    Deleted,
}

/// See [`Behaviours::groups_in_scim_post`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupsInPost {
    /// Only when the POST also carries permission sets.
    WithPermissionSets,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// See [`Behaviours::extension`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionUrn {
    /// /Schemas says 2.0, bodies carry 1.0 out, both are read.
    Mixed,
    /// 1.0 everywhere; 2.0 is not read.
    V1,
    /// 2.0 everywhere; 1.0 is not read.
    V2,
}

/// See [`Behaviours::scim_dml_errors`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimDmlErrors {
    /// 409 with a SCIM error whose detail is the Apex exception's text.
    Apex409,
    /// 400 with the REST form, an array of `{message, errorCode, fields}`.
    Rest400,
}

/// See [`Behaviours::add_assigned_entitlement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddAssigned {
    /// The duplicate is an error, and nothing of the PATCH is done.
    Error,
    /// It is taken as done.
    NoOp,
}

/// See [`Behaviours::replace_entitlements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaceEntitlements {
    /// A list with permission sets deletes all others; a list with only a profile leaves them.
    DeletesOthersWhenSetsGiven,
    /// The list is the whole truth, as RFC 7644 has it: only a profile deletes all permission sets.
    WholeList,
}

/// See [`Behaviours::duplicate_group_member`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateMember {
    /// Refused with DUPLICATE_VALUE.
    Error,
    /// Answers the id of the membership that exists.
    SameId,
}

/// See [`Behaviours::limit_header`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitHeader {
    /// Where recordings have it: standard REST with a body, not on 204 and not on `/services/data` [rec].
    AsRecorded,
    /// There, and on SCIM answers.
    AlsoScim,
    /// As recorded, with the app's own part behind: `; per-app-api-usage=…` [src simple-salesforce].
    PerApp,
    /// Nowhere.
    Never,
}

impl Default for Behaviours {
    fn default() -> Self {
        Self {
            roles_in_scim_post: true,
            groups_in_scim_post: GroupsInPost::WithPermissionSets,
            extension: ExtensionUrn::Mixed,
            patch_op_case_sensitive: true,
            delete_renames: false,
            singular_service_provider_config: false,
            create_with_mail_answers_200: false,
            create_sends_mail: true,
            start_index_ceiling: Some(2001),
            scim_dml_errors: ScimDmlErrors::Apex409,
            malformed_patch_status: 500,
            deactivation_blocker_code: "FIELD_INTEGRITY_EXCEPTION",
            external_id_available: true,
            add_assigned_entitlement: AddAssigned::Error,
            replace_entitlements: ReplaceEntitlements::DeletesOthersWhenSetsGiven,
            replace_members_only_deletes: true,
            filter_apostrophe_breaks: true,
            missing_encoding_breaks_create: false,
            jwt_max_lifetime_s: 180,
            limit_header: LimitHeader::AsRecorded,
            rest_create_is_active: true,
            duplicate_group_member: DuplicateMember::Error,
            profile_may_change_licence: true,
            outdated_group_assignable: true,
            licence_of_set: LicenceOfSet::ByHand,
            expired_assignment: ExpiredAssignment::Inactive,
            user_login_in_collections: true,
            manager_loop_code: Some("FIELD_INTEGRITY_EXCEPTION"),
            unchanged_update_stamps: true,
        }
    }
}

impl Behaviours {
    /// Named alternatives: each the default with one point decided the other way, the default itself first, and last one
    /// with every point that the default does not share with the pilot source taken from there.
    #[must_use]
    pub fn variants() -> Vec<(&'static str, Self)> {
        let with = |change: fn(&mut Self)| {
            let mut behaviours = Self::default();
            change(&mut behaviours);
            behaviours
        };
        vec![
            ("default", Self::default()),
            ("roles-in-scim-post-ignored", with(|b| b.roles_in_scim_post = false)),
            ("groups-in-scim-post-honoured", with(|b| b.groups_in_scim_post = GroupsInPost::Always)),
            ("groups-in-scim-post-ignored", with(|b| b.groups_in_scim_post = GroupsInPost::Never)),
            ("extension-urn-1.0", with(|b| b.extension = ExtensionUrn::V1)),
            ("extension-urn-2.0", with(|b| b.extension = ExtensionUrn::V2)),
            ("patch-op-any-case", with(|b| b.patch_op_case_sensitive = false)),
            ("delete-renames", with(|b| b.delete_renames = true)),
            ("singular-service-provider-config", with(|b| b.singular_service_provider_config = true)),
            ("create-answers-200", with(|b| b.create_with_mail_answers_200 = true)),
            ("create-sends-no-mail", with(|b| b.create_sends_mail = false)),
            ("start-index-unlimited", with(|b| b.start_index_ceiling = None)),
            ("scim-dml-errors-rest-400", with(|b| b.scim_dml_errors = ScimDmlErrors::Rest400)),
            ("malformed-patch-400", with(|b| b.malformed_patch_status = 400)),
            ("blocker-unknown-exception", with(|b| b.deactivation_blocker_code = "UNKNOWN_EXCEPTION")),
            ("blocker-custom-validation", with(|b| b.deactivation_blocker_code = "FIELD_CUSTOM_VALIDATION_EXCEPTION")),
            ("external-id-unavailable", with(|b| b.external_id_available = false)),
            ("add-assigned-entitlement-no-op", with(|b| b.add_assigned_entitlement = AddAssigned::NoOp)),
            ("replace-entitlements-whole-list", with(|b| b.replace_entitlements = ReplaceEntitlements::WholeList)),
            ("replace-members-replaces", with(|b| b.replace_members_only_deletes = false)),
            ("filter-apostrophe-works", with(|b| b.filter_apostrophe_breaks = false)),
            ("missing-encoding-breaks-create", with(|b| b.missing_encoding_breaks_create = true)),
            ("jwt-five-minutes", with(|b| b.jwt_max_lifetime_s = 300)),
            ("limit-header-on-scim", with(|b| b.limit_header = LimitHeader::AlsoScim)),
            ("limit-header-per-app", with(|b| b.limit_header = LimitHeader::PerApp)),
            ("limit-header-missing", with(|b| b.limit_header = LimitHeader::Never)),
            ("rest-create-inactive", with(|b| b.rest_create_is_active = false)),
            ("duplicate-member-same-id", with(|b| b.duplicate_group_member = DuplicateMember::SameId)),
            ("profile-keeps-licence", with(|b| b.profile_may_change_licence = false)),
            ("outdated-group-refused", with(|b| b.outdated_group_assignable = false)),
            ("licence-comes-with-set", with(|b| b.licence_of_set = LicenceOfSet::ComesAlong)),
            ("expired-assignment-deleted", with(|b| b.expired_assignment = ExpiredAssignment::Deleted)),
            ("user-login-not-in-collections", with(|b| b.user_login_in_collections = false)),
            ("manager-loop-circular-dependency", with(|b| b.manager_loop_code = Some("CIRCULAR_DEPENDENCY"))),
            ("manager-loop-accepted", with(|b| b.manager_loop_code = None)),
            ("unchanged-update-leaves-stamps", with(|b| b.unchanged_update_stamps = false)),
            ("pilot", with(Self::as_pilot)),
        ]
    }

    fn as_pilot(&mut self) {
        self.delete_renames = true;
        self.singular_service_provider_config = true;
        self.create_with_mail_answers_200 = true;
        self.missing_encoding_breaks_create = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_differ_from_the_default_and_from_each_other() {
        let variants = Behaviours::variants();
        for (place, (name, variant)) in variants.iter().enumerate() {
            for (other_name, other) in &variants[place + 1..] {
                assert_ne!(name, other_name);
                assert_ne!(variant, other, "{name} = {other_name}");
            }
        }
    }
}
