//! Rules about the bucket of exports: who may read it, and what comes into it starts a read.

use serde_json::{Value, json};

use crate::document::{Template, possible, reference, root, text};
use crate::permissions::{actions, statements};

/// Whether a statement lets objects of the bucket be read, while the bucket is the account's own, and nothing more.
pub(crate) fn is_reading(statement: &Value) -> bool {
    statement["Action"] == json!(["s3:GetObject"])
        && statement["Resource"] == json!({ "Fn::Sub": "arn:${AWS::Partition}:s3:::${ExportBucket}/*" })
        && statement["Condition"] == json!({ "StringEquals": { "aws:ResourceAccount": { "Ref": "AWS::AccountId" } } })
}

/// Only sync reads the bucket, and only when one is named; what comes into it is the task that tests/events shows.
pub(crate) fn arrive(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let named = json!({ "Fn::Not": [{ "Fn::Equals": [{ "Ref": "ExportBucket" }, ""] }] });
    if *template.at("/Conditions/HasExportBucket") != named {
        complaints.push("exports are read not exactly when one is named".to_owned());
    }
    if template.at("/Parameters/ExportBucket/Default") != "" {
        complaints.push("ExportBucket is not empty at first".to_owned());
    }
    complaints.extend(readers(template));

    let (rules, permissions) = (template.of("AWS::Events::Rule"), template.of("AWS::Lambda::Permission"));
    for (id, resource) in rules.iter().chain(&permissions) {
        if resource["Condition"] != "HasExportBucket" {
            complaints.push(format!("{id} is there without a bucket"));
        }
    }
    let [(rule_id, rule)] = rules.as_slice() else {
        complaints.push(format!("{} rules of EventBridge, not one", rules.len()));
        return complaints;
    };
    let allowed = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": { "Ref": "SyncFunction" },
        "Principal": "events.amazonaws.com",
        "SourceArn": { "Fn::GetAtt": format!("{rule_id}.Arn") },
    });
    if !matches!(permissions.as_slice(), [(_, permission)] if permission["Properties"] == allowed) {
        complaints.push("EventBridge may not start sync, or others may".to_owned());
    }
    let properties = &rule["Properties"];
    let pattern = json!({
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "account": [{ "Ref": "AWS::AccountId" }],
        "detail": { "bucket": { "name": [{ "Ref": "ExportBucket" }] } },
    });
    if properties["EventPattern"] != pattern {
        complaints.push(format!("{rule_id} takes not the objects that come into the bucket"));
    }
    let target = &properties["Targets"][0];
    if reference(&target["Arn"]) != Some("SyncFunction")
        || properties["Targets"].as_array().is_none_or(|all| all.len() != 1)
    {
        complaints.push(format!("{rule_id} does not start sync alone"));
    }
    let example = std::fs::read(root().join("tests/events/sync-arrived.json")).unwrap();
    let example: Value = serde_json::from_slice(&example).unwrap();
    let task = transformed(&target["InputTransformer"], &event(&example));
    if task.as_ref() != Some(&example) {
        complaints.push(format!("{rule_id} makes {task:?}, the example says {example}"));
    }
    complaints
}

fn readers(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let policies = template.at("/Resources/SyncRole/Properties/Policies").as_array().into_iter().flatten();
    let conditional = policies.filter(|policy| policy["Fn::If"][0] == "HasExportBucket").flat_map(possible);
    let mut statements_of_policies =
        conditional.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array()).flatten();
    if !statements_of_policies.any(is_reading) {
        complaints.push("sync can't read exports when there is a bucket".to_owned());
    }
    for (role, statement) in statements(template) {
        if actions(statement).any(|action| action.starts_with("s3:")) && !(role == "SyncRole" && is_reading(statement))
        {
            complaints.push(format!("{role}: {} lets more than sync read more than exports", text(&statement["Sid"])));
        }
    }
    complaints
}

/// The part of S3's event that matters (AWS: EventBridge event message structure of S3).
fn event(task: &Value) -> Value {
    json!({ "detail": { "bucket": { "name": task["bucket"] }, "object": { "key": task["key"], "size": 5 } } })
}

/// What EventBridge makes of an event: a variable that stands outside of quotes becomes its JSON.
fn transformed(transformer: &Value, event: &Value) -> Option<Value> {
    let mut input = text(&transformer["InputTemplate"]).to_owned();
    for (name, path) in transformer["InputPathsMap"].as_object()? {
        let pointer = path.as_str()?.strip_prefix('$')?.replace('.', "/");
        input = input.replace(&format!("<{name}>"), &event.pointer(&pointer)?.to_string());
    }
    serde_json::from_str(&input).ok()
}
