//! Why Salesforce refuses to deactivate a user, in plain words. It tells the reason by text only; which code comes with it is
//! not documented (help.salesforce.com, articles 000384586, 000384761 and 000003585).

use super::{Refusal, SalesforceError};

/// What its text holds, in lower case; what that means; what helps. The first that fits is taken.
const BLOCKERS: [(&[&str], &str, &str); 14] = [
    (
        &["owner of cases", "default case owner"],
        "is the default owner of cases",
        "choose another in Setup, Support Settings",
    ),
    (&["automated case user"], "is the automated case user", "choose another in Setup, Support Settings"),
    (&["case creator"], "creates cases by default", "choose another in Setup, Support Settings and Web-to-Case"),
    (
        &["owner of leads", "default lead owner"],
        "is the default owner of leads",
        "choose another in Setup, Lead Settings",
    ),
    (
        &["lead default creator", "web-to-lead", "web to lead"],
        "creates leads from the web",
        "choose another in Setup, Web-to-Lead",
    ),
    (&["lead process"], "is part of a lead process", "take the user out of it in Setup, Lead Processes"),
    (&["workflow user"], "is the default workflow user", "choose another in Setup, Process Automation Settings"),
    (
        &["email alert", "e-mail alert", "email recipient", "workflow email"],
        "is the only recipient of an e-mail alert",
        "add another recipient in Setup, Email Alerts",
    ),
    (&["field update"], "is the value of a field update", "choose another in Setup, Field Updates"),
    (
        &["assignment rule"],
        "stands in an assignment rule",
        "take the user out of it in Setup, Lead or Case Assignment Rules",
    ),
    (
        &["auto-response", "auto response"],
        "stands in an auto-response rule",
        "take the user out of it in Setup, Lead or Case Auto-Response Rules",
    ),
    (&["hierarchy"], "stands in a custom hierarchy field of another user", "choose another user in that field"),
    (&["last active admin", "last admin", "last system admin"], LAST_ADMINISTRATOR, MORE_ADMINISTRATORS),
    (&["running user"], "is the running user of a dashboard", "choose another in the dashboard"),
];

const LAST_ADMINISTRATOR: &str = "is the last active administrator";
const MORE_ADMINISTRATORS: &str = "make another user an administrator first";

/// Beginnings of texts that say so of a reason that is not in the list.
const REFUSALS: [&str; 6] = [
    "cannot deactivate",
    "can't deactivate",
    "cannot be deactivated",
    "can't be deactivated",
    "cannot disable",
    "can't disable",
];

impl SalesforceError {
    /// The error as that of a deactivation: what holds the user is named, and what helps. Salesforce's own words stand behind.
    pub(crate) fn of_deactivation(self) -> Self {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            error => return error,
        };
        let text = refusal.message.to_lowercase();
        let known = BLOCKERS.iter().find(|(parts, ..)| parts.iter().any(|part| text.contains(part)));
        let said = match known {
            Some((_, what, help)) => format!("the user {what}: {help}"),
            None if refusal.code == "CANNOT_DISABLE_LAST_ADMIN" => {
                format!("the user {LAST_ADMINISTRATOR}: {MORE_ADMINISTRATORS}")
            }
            None if REFUSALS.iter().any(|part| text.contains(part)) => {
                "something in the org's set-up needs the user: put another in its place".to_owned()
            }
            None => return Self::Refused(refusal),
        };
        let message = format!("{said}. Until then it can't be deactivated. Salesforce says: {}", refusal.message);
        Self::Refused(Refusal { code: "deactivation-blocked".to_owned(), message, ..refusal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, message: &str) -> (String, String) {
        let refusal = Refusal { code: code.to_owned(), message: message.to_owned(), fields: Vec::new(), status: 409 };
        let reason = SalesforceError::Refused(refusal).of_deactivation().reason();
        (reason.code, reason.message)
    }

    #[test]
    fn every_known_blocker_is_named_with_what_helps_and_salesforce_s_words() {
        for (text, expected) in [
            ("You may not: the user is default owner of cases.", "default owner of cases"),
            ("You cannot deactivate the Default Workflow User.", "default workflow user"),
            ("You cannot disable the Web to Lead Default Creator.", "creates leads from the web"),
            ("This user is the default lead owner", "default owner of leads"),
            ("User is in a lead assignment rule", "assignment rule"),
            ("User is in a case auto-response rule", "auto-response rule"),
            ("It is referenced by a workflow field update", "value of a field update"),
            ("It is the only recipient of a workflow email alert", "only recipient"),
            ("It is selected in a custom hierarchy field", "hierarchy field"),
            ("You can't deactivate the last active administrator", "last active administrator"),
            ("You cannot deactivate this user, for reasons of its own", "something in the org's set-up"),
        ] {
            let (code, message) = read("SOME_CODE", text);
            assert_eq!(code, "deactivation-blocked", "{text}");
            assert!(message.contains(expected) && message.ends_with(text), "{message}");
        }
        assert!(read("CANNOT_DISABLE_LAST_ADMIN", "No.").1.contains("last active administrator"));
    }

    #[test]
    fn another_refusal_keeps_its_code() {
        let (code, message) = read("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights");
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights")
        );
        let lock = SalesforceError::Unclear { reason: "lost".to_owned() };
        assert_eq!(lock.clone().of_deactivation(), lock);
    }
}
