//! Rules about tables.

use std::collections::BTreeSet;

use ports::Table;
use serde_json::json;

use crate::document::{Template, reference, text};

/// The code finds a table by the stack's name and its own.
pub(crate) fn names(template: &Template) -> Vec<String> {
    let wanted: BTreeSet<String> =
        Table::ALL.iter().map(|table| format!("${{AWS::StackName}}-{}", table.as_str())).collect();
    let tables = template.of("AWS::DynamoDB::Table");
    let there: BTreeSet<String> =
        tables.iter().map(|(_, table)| text(&table["Properties"]["TableName"]).to_owned()).collect();
    wanted.symmetric_difference(&there).map(|name| format!("{name} is not in both code and template")).collect()
}

/// Nothing that an operator does by mistake loses data, and the audit does not expire.
pub(crate) fn protection(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    for (id, table) in template.of("AWS::DynamoDB::Table") {
        let properties = &table["Properties"];
        let mut wants = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("{id}: {what}"));
            }
        };
        wants(properties["BillingMode"] == "PAY_PER_REQUEST", "not on demand");
        wants(
            properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true,
            "no point-in-time recovery",
        );
        wants(properties["SSESpecification"]["SSEEnabled"] == true, "not encrypted");
        wants(
            reference(&properties["DeletionProtectionEnabled"]) == Some("DeletionProtection"),
            "no deletion protection",
        );
        wants(table["DeletionPolicy"] == "Retain" && table["UpdateReplacePolicy"] == "Retain", "not retained");
        let expiry = &properties["TimeToLiveSpecification"];
        if id == "AuditTable" {
            wants(expiry.is_null(), "the audit must not expire");
        } else {
            wants(*expiry == json!({"AttributeName": "ttl", "Enabled": true}), "items do not expire");
        }
    }
    if template.at("/Parameters/DeletionProtection/Default") != "true" {
        complaints.push("deletion protection must be on unless somebody turns it off".to_owned());
    }
    complaints
}

/// The keys and the index that the storage adapter reads and writes.
pub(crate) fn keys(template: &Template) -> Vec<String> {
    let key = |hash: &str, range: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]);
    let index = json!([{
        "IndexName": "by-index", "KeySchema": key("ipk", "isk"), "Projection": {"ProjectionType": "ALL"}
    }]);
    template
        .of("AWS::DynamoDB::Table")
        .into_iter()
        .filter(|(_, table)| {
            table["Properties"]["KeySchema"] != key("pk", "sk")
                || table["Properties"]["GlobalSecondaryIndexes"] != index
        })
        .map(|(id, _)| format!("{id} has another key or index than the code uses"))
        .collect()
}
