//! Rules about the private network that sync may be put into, and about what Lambda needs for that.

use serde_json::{Value, json};

use crate::document::{Template, possible, text};
use crate::permissions::{actions, statements};

/// Actions that know no resources.
const SEEING: [&str; 2] = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
/// Actions on network interfaces, of which nobody knows the ids before.
const KEEPING: [&str; 4] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
];

/// Whether only Lambda itself may do what the statement allows, and that is no more than it needs: calls by a function's
/// code carry the key that must be absent, Lambda's own calls to EC2 do not.
pub(crate) fn is_lambdas_own(statement: &Value) -> bool {
    let mut actions: Vec<_> = actions(statement).collect();
    actions.sort_unstable();
    let places = [
        "${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:*/*",
        "${AWS::Partition}:ec2:${AWS::Region}:*:subnet/*",
    ];
    let resources = match actions.as_slice() {
        all if *all == SEEING => json!("*"),
        all if *all == KEEPING => places.map(|place| json!({ "Fn::Sub": format!("arn:{place}") })).as_slice().into(),
        _ => return false,
    };
    statement["Condition"] == json!({ "Null": { "lambda:SourceFunctionArn": "true" } })
        && statement["Resource"] == resources
}

/// Only sync is in a network, and only when somebody names one; only then has its role what Lambda needs for it.
pub(crate) fn private(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let network = json!({ "SubnetIds": { "Ref": "SubnetIds" }, "SecurityGroupIds": { "Ref": "SecurityGroupIds" } });
    let optional = |value: Value| json!({ "Fn::If": ["InVpc", value, { "Ref": "AWS::NoValue" }] });
    for (id, function) in template.functions() {
        let there = &function["Properties"]["VpcConfig"];
        let wanted = if id == "SyncFunction" { optional(network.clone()) } else { Value::Null };
        if *there != wanted {
            complaints.push(format!("{id} is in the network {there}"));
        }
    }
    if template.at("/Globals/Function").get("VpcConfig").is_some() {
        complaints.push("all functions are in a network".to_owned());
    }
    let empty = |name: &str| json!({ "Fn::Equals": [{ "Fn::Join": ["", { "Ref": name }] }, ""] });
    let given = |name: &str| json!({ "Fn::Not": [empty(name)] });
    if *template.at("/Conditions/InVpc") != json!({ "Fn::Or": [given("SubnetIds"), given("SecurityGroupIds")] }) {
        complaints.push("sync is not in a network exactly when one is named".to_owned());
    }
    for name in ["SubnetIds", "SecurityGroupIds"] {
        let parameter = template.at(&format!("/Parameters/{name}"));
        if parameter["Type"] != "CommaDelimitedList" || parameter["Default"] != "" {
            complaints.push(format!("{name} is no list that is empty at first"));
        }
    }

    let mut kept = 0;
    for (id, role) in template.of("AWS::IAM::Role") {
        for policy in role["Properties"]["Policies"].as_array().into_iter().flatten() {
            let conditional = policy["Fn::If"][0] == "InVpc";
            kept += usize::from(conditional && id == "SyncRole");
            let inside = possible(policy).into_iter().any(|policy| policy.to_string().contains("\"ec2:"));
            if inside && !(conditional && id == "SyncRole") {
                complaints.push(format!("{id} always has what only a network needs"));
            }
        }
    }
    if kept != 1 {
        complaints.push("Lambda can't put sync into a network".to_owned());
    }
    for (id, statement) in statements(template) {
        if actions(statement).any(|action| action.starts_with("ec2:")) && !is_lambdas_own(statement) {
            complaints.push(format!("{id}: {} lets more than Lambda itself into the network", text(&statement["Sid"])));
        }
    }
    let all: Vec<_> = statements(template).into_iter().flat_map(|(_, statement)| actions(statement)).collect();
    complaints.extend(
        SEEING
            .iter()
            .chain(&KEEPING)
            .filter(|action| !all.contains(action))
            .map(|action| format!("nobody may do {action}")),
    );
    complaints
}
