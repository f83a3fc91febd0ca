//! Rules about roles: each function may do what it needs, on what it needs, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Template, list, possible, reference, text};
use crate::{exports, network};

/// A role's statement, with the role's logical id; also those that a condition may leave out.
pub(crate) fn statements(template: &Template) -> Vec<(&str, &Value)> {
    let of_role = |(id, role)| -> Vec<(&str, &Value)> {
        let role: &Value = role;
        let policies = role["Properties"]["Policies"].as_array().into_iter().flatten().flat_map(possible);
        let statements = policies.flat_map(|policy| list(&policy["PolicyDocument"]["Statement"])).flat_map(possible);
        statements.map(|found| (id, found)).collect()
    };
    template.of("AWS::IAM::Role").into_iter().flat_map(of_role).collect()
}

pub(crate) fn actions(statement: &Value) -> impl Iterator<Item = &str> {
    list(&statement["Action"]).iter().filter_map(Value::as_str)
}

/// The logical id of a resource, whether by `Ref`, by `GetAtt` or by a `Sub` that starts with it.
pub(crate) fn resource_id(resource: &Value) -> Option<&str> {
    reference(resource).or_else(|| text(resource).strip_prefix("${")?.split(['.', '}']).next())
}

/// Actions are named one by one, and so are resources. Two kinds of name hold a wildcard and stay inside the stack: the
/// random end of a secret's ARN, and the secrets of sources. What Lambda itself does in a network and what is read in the
/// bucket of exports are rules of their own.
pub(crate) fn no_wildcard(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    for (role, statement) in statements(template) {
        if statement["Effect"] != "Allow"
            || statement.get("NotAction").is_some()
            || statement.get("NotResource").is_some()
        {
            complaints.push(format!("{role}: only what is allowed is listed"));
        }
        for action in actions(statement) {
            if action.contains('*') {
                complaints.push(format!("{role} may do {action}"));
            }
        }
        for resource in list(&statement["Resource"]) {
            let name = text(resource);
            let of_sources = secrets_of_sources(name).is_some()
                && statement["Action"] == serde_json::json!(["secretsmanager:GetSecretValue"]);
            let lambdas_own = role == "SyncRole" && network::is_lambdas_own(statement);
            let of_exports = role == "SyncRole" && exports::is_reading(statement);
            let named = resource_id(resource).is_some() || name.contains(":${AWS::StackName}-");
            if !of_sources && !lambdas_own && !of_exports && (!named || name.contains(['*', '?'])) {
                complaints.push(format!("{role} may use {resource}"));
            }
        }
    }
    complaints
}

/// The last part of the names of secrets that such a resource covers, when these are of sources.
pub(crate) fn secrets_of_sources(resource: &str) -> Option<&str> {
    let (_, names) = resource.split_once(":secret:${AWS::StackName}/*-")?;
    names.strip_suffix("-??????").filter(|kind| matches!(*kind, "webhook" | "source"))
}

/// Each function has a role of its own, and none gets more by a managed policy or by SAM's policy templates.
pub(crate) fn own_role(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let mut seen = BTreeSet::new();
    for (id, function) in template.functions() {
        let role = reference(&function["Properties"]["Role"]).unwrap_or("nothing");
        if template.at(&format!("/Resources/{role}/Type")) != "AWS::IAM::Role" || !seen.insert(role) {
            complaints.push(format!("{id} has no role of its own"));
        }
        if function["Properties"].get("Policies").is_some() {
            complaints.push(format!("{id} gets policies by SAM"));
        }
    }
    for (id, role) in template.of("AWS::IAM::Role") {
        if role["Properties"].get("ManagedPolicyArns").is_some() {
            complaints.push(format!("{id} gets a managed policy"));
        }
    }
    if !template.of("AWS::IAM::Policy").is_empty() || !template.of("AWS::IAM::ManagedPolicy").is_empty() {
        complaints.push("a policy stands outside of the roles".to_owned());
    }
    if template.at("/Globals/Function").get("Policies").is_some() {
        complaints.push("all functions get policies by SAM".to_owned());
    }
    complaints
}

/// Only the writer touches the audit, and only to add to it.
pub(crate) fn audit_is_append_only(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let mut appends = false;
    for (role, statement) in statements(template) {
        if !list(&statement["Resource"]).iter().any(|resource| resource_id(resource) == Some("AuditTable")) {
            continue;
        }
        for action in actions(statement) {
            match (role, action) {
                ("SalesforceWriterRole", "dynamodb:PutItem") => appends = true,
                _ => complaints.push(format!("{role} may do {action} on the audit")),
            }
        }
    }
    if !appends {
        complaints.push("the writer can't add to the audit".to_owned());
    }
    complaints
}

/// Which function touches which tables and queues; a new line here is a decision, not an accident.
pub(crate) fn only_needed_tables(template: &Template) -> Vec<String> {
    let wanted = [
        (
            "WebhookRole",
            &["PeopleTable", "PersonEventsQueue", "SourceReadsQueue", "SyncTable", "WebhookLogs", "WebhookSecret"][..],
        ),
        (
            "SyncRole",
            &[
                "AccountsTable",
                "ChangesQueue",
                "PeopleTable",
                "PersonEventsQueue",
                "SalesforceSecret",
                "SourceReadsQueue",
                "SyncLogs",
                "SyncTable",
                "UrgentChangesQueue",
            ],
        ),
        (
            "MappingRole",
            &["AccountsTable", "ChangesQueue", "MappingLogs", "PeopleTable", "PersonEventsQueue", "UrgentChangesQueue"],
        ),
        (
            "SalesforceWriterRole",
            &[
                "AccountsTable",
                "AuditTable",
                "ChangesQueue",
                "PeopleTable",
                "SalesforceSecret",
                "SalesforceWriterLogs",
                "UrgentChangesQueue",
            ],
        ),
        ("SchedulerRole", &["SchedulesDeadQueue"]),
    ];
    let mut complaints = vec![];
    for (role, _) in template.of("AWS::IAM::Role") {
        let Some((_, wanted)) = wanted.iter().find(|(name, _)| *name == role) else {
            complaints.push(format!("{role} is not known"));
            continue;
        };
        let there: BTreeSet<&str> = statements(template)
            .into_iter()
            .filter(|(of, _)| *of == role)
            .flat_map(|(_, statement)| list(&statement["Resource"]).iter().filter_map(resource_id))
            .filter(|id| !id.starts_with("AWS::"))
            .collect();
        let wanted: BTreeSet<&str> = wanted.iter().copied().collect();
        complaints.extend(wanted.symmetric_difference(&there).map(|id| format!("{role}: {id} is not as agreed")));
    }
    complaints
}
