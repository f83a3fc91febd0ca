//! Rules about what an operator fills in, and is told.

use std::collections::BTreeSet;

use crate::document::{Template, list, reference};

/// Every parameter stands in one group, has a label and a description, and a default, so that a first deployment asks
/// for nothing.
pub(crate) fn grouped(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let interface = template.at("/Metadata/AWS::CloudFormation::Interface");
    let mut grouped = BTreeSet::new();
    for group in list(&interface["ParameterGroups"]) {
        for name in list(&group["Parameters"]).iter().filter_map(|name| name.as_str()) {
            if !grouped.insert(name) {
                complaints.push(format!("{name} is in two groups"));
            }
        }
    }
    for (name, parameter) in template.at("/Parameters").as_object().into_iter().flatten() {
        if !grouped.remove(name.as_str()) {
            complaints.push(format!("{name} is in no group"));
        }
        if interface["ParameterLabels"][name]["default"].as_str().is_none_or(str::is_empty) {
            complaints.push(format!("{name} has no label"));
        }
        if parameter["Description"].as_str().is_none_or(str::is_empty) {
            complaints.push(format!("{name} has no description"));
        }
        if parameter.get("Default").is_none() {
            complaints.push(format!("{name} has no default"));
        }
    }
    complaints.extend(grouped.into_iter().map(|name| format!("{name} is grouped, but no parameter")));
    complaints
}

/// Tables, queues and secrets are among the stack's outputs, under their own names.
pub(crate) fn outputs(template: &Template) -> Vec<String> {
    let kinds = ["AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SecretsManager::Secret"];
    let resources = kinds.iter().flat_map(|kind| template.of(kind));
    resources
        .filter(|(id, _)| reference(template.at(&format!("/Outputs/{id}/Value"))) != Some(id))
        .map(|(id, _)| format!("{id} is no output"))
        .collect()
}
