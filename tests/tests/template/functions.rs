//! Rules about functions: what they are built from, what starts them, what they are told.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{Metadata, MetadataCommand};
use serde_json::Value;

use crate::document::{Template, reference, root, text};

static WORKSPACE: LazyLock<Metadata> =
    LazyLock::new(|| MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap());

/// Each function is the binary of the package that its code folder holds.
pub(crate) fn binaries(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let functions = template.functions();
    if functions.len() != 4 {
        complaints.push(format!("{} functions, not 4", functions.len()));
    }
    for (id, function) in functions {
        let metadata = &function["Metadata"];
        let binary = metadata["BuildProperties"]["Binary"].as_str().unwrap_or("nothing");
        let package = WORKSPACE.packages.iter().find(|package| package.name.as_str() == binary);
        let Some(package) = package.filter(|package| package.targets.iter().any(|t| t.is_bin() && t.name == binary))
        else {
            complaints.push(format!("{id}: no package {binary} with a binary of that name"));
            continue;
        };
        let folder =
            package.manifest_path.parent().and_then(|folder| folder.strip_prefix(&WORKSPACE.workspace_root).ok());
        if function["Properties"]["CodeUri"].as_str() != folder.map(Utf8Path::as_str) {
            complaints.push(format!("{id}: its code is not in the folder of package {binary}"));
        }
        if text(&function["Properties"]["FunctionName"]) != format!("${{AWS::StackName}}-{binary}") {
            complaints.push(format!("{id} is not named after its binary"));
        }
        if metadata["BuildMethod"] != "rust-cargolambda" {
            complaints.push(format!("{id} is not built by cargo lambda"));
        }
    }
    complaints
}

/// A sender of webhooks does not wait for longer.
pub(crate) fn webhook_timeout(template: &Template) -> Vec<String> {
    let properties = template.at("/Resources/WebhookFunction/Properties");
    let mut complaints = vec![];
    if properties["Timeout"].as_i64().is_none_or(|seconds| seconds > 10) {
        complaints.push("the webhook may take more than 10 s".to_owned());
    }
    if properties["FunctionUrlConfig"]["AuthType"] != "NONE" {
        complaints.push("the webhook asks for more than a signature".to_owned());
    }
    complaints
}

/// sync is started for each of its tasks, always, with the input that tests/events shows. A source's name is said by hand
/// only: the schedule asks for all whose time has come.
pub(crate) fn schedules(template: &Template) -> Vec<String> {
    let mut there: BTreeMap<String, &Value> = BTreeMap::new();
    for (function, _, event) in template.events("ScheduleV2") {
        let input: Value =
            serde_json::from_str(text(&event["Properties"]["Input"])).unwrap_or_else(|error| error.to_string().into());
        if function == "SyncFunction" {
            there.insert(input["task"].as_str().unwrap_or("nothing").to_owned(), &event["Properties"]);
        }
    }
    let mut complaints = vec![];
    for task in ["due", "sweep", "reconcile", "pull", "write-back"] {
        let Some(properties) = there.get(task) else {
            complaints.push(format!("nothing starts {task}"));
            continue;
        };
        let parameter = properties["ScheduleExpression"]["Ref"].as_str().unwrap_or("nothing");
        if template.at(&format!("/Parameters/{parameter}/Default")).as_str().is_none_or(str::is_empty) {
            complaints.push(format!("the schedule of {task} is not a parameter with a default"));
        }
        if properties["ScheduleExpressionTimezone"]["Ref"] != "ScheduleTimeZone" {
            complaints.push(format!("{task} does not run in the organisation's time zone"));
        }
        if reference(&properties["DeadLetterConfig"]["Arn"]) != Some("SchedulesDeadQueue") {
            complaints.push(format!("what {task} can't start is lost"));
        }
        if properties.get("State").is_some_and(|state| state != "ENABLED") {
            complaints.push(format!("the schedule of {task} may be off"));
        }
        let example = root().join(format!("tests/events/sync-{task}.json"));
        let mut example: Value = serde_json::from_slice(&std::fs::read(example).unwrap()).unwrap();
        if let Some(example) = example.as_object_mut() {
            example.remove("source");
        }
        let input = text(&properties["Input"]);
        if serde_json::from_str::<Value>(input).ok().as_ref() != Some(&example) {
            complaints.push(format!("{task} gets {input}, the example says {example}"));
        }
    }
    complaints
}

/// Functions are told three things, none of them secret.
pub(crate) fn environment(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let variables = template.at("/Globals/Function/Environment/Variables");
    let names: Vec<&str> = variables.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for wanted in ["STACK_NAME", "CONFIG_DIR", "RUST_LOG"] {
        if !names.contains(&wanted) {
            complaints.push(format!("{wanted} is missing"));
        }
    }
    if names.len() != 3 {
        complaints.push(format!("{names:?} is more than the three variables"));
    }
    for (id, function) in template.functions() {
        if function["Properties"].get("Environment").is_some() {
            complaints.push(format!("{id} has variables of its own"));
        }
    }
    if reference(&variables["STACK_NAME"]) != Some("AWS::StackName")
        || reference(&variables["RUST_LOG"]) != Some("LogLevel")
    {
        complaints.push("the variables do not say what the stack's name and the log level are".to_owned());
    }
    complaints
}

/// No secret's value is in the template, its parameters or the functions' variables; a deleted stack leaves them alone.
pub(crate) fn secrets(template: &Template) -> Vec<String> {
    let mut complaints = vec![];
    let secrets = template.of("AWS::SecretsManager::Secret");
    if secrets.len() != 2 {
        complaints.push(format!("{} secrets, not 2", secrets.len()));
    }
    for (id, secret) in secrets {
        let properties = &secret["Properties"];
        if properties.get("SecretString").is_some() || properties.get("GenerateSecretString").is_some() {
            complaints.push(format!("{id} has a value"));
        }
        if !text(&properties["Name"]).starts_with("${AWS::StackName}/") {
            complaints.push(format!("{id} is not named after the stack"));
        }
        if secret["DeletionPolicy"] != "Retain" || secret["UpdateReplacePolicy"] != "Retain" {
            complaints.push(format!("{id} is not retained"));
        }
    }
    for (name, parameter) in template.at("/Parameters").as_object().into_iter().flatten() {
        if parameter.get("NoEcho").is_some() {
            complaints.push(format!("parameter {name} holds a secret"));
        }
    }
    let variables = template.at("/Globals/Function/Environment").to_string();
    if variables.contains("resolve:secretsmanager") || variables.contains("Secret") {
        complaints.push("a secret stands in the functions' variables".to_owned());
    }
    complaints
}
