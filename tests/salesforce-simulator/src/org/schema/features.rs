//! Feature licences: checkboxes of User that an org has or has not, each with seats of its own. Names of the fields and of
//! the licences [doc, help 000387847].

/// One feature licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Feature {
    /// The checkbox on User.
    pub(crate) field: &'static str,
    /// Its name in `<name> feature license limit exceeded`: "content" [rec], the others by analogy [?].
    pub(crate) limit_name: &'static str,
    /// Its name in the set-up audit trail's actions, `changed<name>offon` [src list, ? where that list lacks it].
    pub(crate) action: &'static str,
    /// Its name in the set-up audit trail's texts, `changed <name> from off to on`.
    pub(crate) label: &'static str,
}

pub(crate) const FEATURES: [Feature; 14] = [
    feature("UserPermissionsMarketingUser", "marketing", "marketinguser", "marketing user"),
    feature("UserPermissionsOfflineUser", "offline", "offlineuser", "offline user"),
    feature("UserPermissionsKnowledgeUser", "knowledge", "knowledgeuser", "Knowledge user"),
    feature("UserPermissionsInteractionUser", "interaction", "interactionuser", "Flow user"),
    feature("UserPermissionsSupportUser", "support", "supportuser", "Service Cloud user"),
    feature("UserPermissionsSFContentUser", "content", "sfcontentuser", "Salesforce CRM Content user"),
    feature("UserPermissionsMobileUser", "mobile", "mobileuser", "Apex Mobile user"),
    feature("UserPermissionsChatterAnswersUser", "chatter answers", "chatteranswersuser", "Chatter Answers user"),
    feature("UserPermissionsJigsawProspectingUser", "data.com", "jigsawprospectinguser", "Data.com user"),
    feature("UserPermissionsLiveAgentUser", "live agent", "liveagentuser", "Live Agent user"),
    feature(
        "UserPermissionsSiteforceContributorUser",
        "site.com contributor",
        "siteforcecontributoruser",
        "Contributor",
    ),
    feature("UserPermissionsSiteforcePublisherUser", "site.com publisher", "siteforcepublisheruser", "Publisher"),
    feature("UserPermissionsWirelessUser", "wireless", "wirelessuser", "Wireless user"),
    feature("UserPermissionsWorkDotComUserFeature", "work.com", "workdotcomuser", "Work.com user"),
];

/// How the names of their fields begin.
pub(crate) const START: &str = "UserPermissions";

/// Those that an org has unless it says otherwise, with ample seats.
pub(crate) const USUAL: [&str; 6] = [
    "UserPermissionsMarketingUser",
    "UserPermissionsOfflineUser",
    "UserPermissionsKnowledgeUser",
    "UserPermissionsInteractionUser",
    "UserPermissionsSupportUser",
    "UserPermissionsSFContentUser",
];

const fn feature(field: &'static str, limit_name: &'static str, action: &'static str, label: &'static str) -> Feature {
    Feature { field, limit_name, action, label }
}

/// The feature licence behind a field of User, which has no case.
pub(crate) fn named(field: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.field.eq_ignore_ascii_case(field))
}
