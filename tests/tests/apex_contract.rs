//! The Apex service against its contract: the names of objects, fields, kinds and results that stand in its source are
//! those of the schema, so that the two can't drift apart unseen. Read as text, for nothing here runs Apex.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

fn file(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../infra/salesforce").join(path);
    std::fs::read_to_string(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()))
}

fn class(name: &str) -> String {
    file(&format!("force-app/main/default/classes/{name}.cls"))
}

fn schema() -> Value {
    serde_json::from_str(&file("contract/accounts-v1.schema.json")).expect("JSON")
}

/// The object that a path as `lookupRequest.persons` names: properties, then items of lists.
fn object<'a>(schema: &'a Value, path: &str) -> &'a Value {
    let mut at = &schema["$defs"];
    for part in path.split('.') {
        at = if at.get(part).is_some() { &at[part] } else { &at["properties"][part] };
        while let Some(reference) = at.get("$ref").and_then(Value::as_str) {
            at = &schema["$defs"][reference.trim_start_matches("#/$defs/")];
        }
        if at["type"] == "array" {
            at = &at["items"];
        }
        while let Some(reference) = at.get("$ref").and_then(Value::as_str) {
            at = &schema["$defs"][reference.trim_start_matches("#/$defs/")];
        }
    }
    at
}

fn names(value: &Value) -> BTreeSet<String> {
    let keys = value.as_object().map(|object| object.keys().cloned().collect());
    let words = || value.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    keys.or_else(words).unwrap_or_default()
}

/// Texts between single quotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The quoted texts of the collection that begins at a name.
fn collection(class: &str, name: &str) -> BTreeSet<String> {
    let from = class.find(&format!(" {name} = ")).unwrap_or_else(|| panic!("there is no {name}"));
    quoted(class[from..].split("};").next().unwrap_or_default())
}

#[test]
fn every_object_has_the_fields_of_the_schema() {
    let (schema, source) = (schema(), class("ConnectorApi"));
    let mut seen = 0;
    for part in source.split("    // schema: ").skip(1) {
        let (path, body) = part.split_once('\n').expect("a class follows");
        let fields: BTreeSet<String> = body
            .lines()
            .filter(|line| line.starts_with("        public ") && line.ends_with(';') && !line.contains('('))
            .chain(body.lines().filter(|line| line.starts_with("        public ") && line.contains(" = new ")))
            .filter_map(|line| line.trim().trim_end_matches(';').split(" = ").next()?.split_whitespace().last())
            .map(str::to_owned)
            .collect();
        let properties = names(&object(&schema, path)["properties"]);
        assert!(!properties.is_empty(), "the schema has no {path}");
        assert_eq!(fields, properties, "{path}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen} objects");
}

#[test]
fn fields_kinds_links_and_results_are_those_of_the_schema() {
    let schema = schema();
    let words = |path: &str| names(&schema["$defs"][path]["enum"]);
    let field = class("ConnectorField");
    assert_eq!(collection(&field, "ALL"), words("field"));
    assert_eq!(collection(&field, "MATCHED"), words("matchField"));
    assert_eq!(quoted(&class("ConnectorKind")), words("kind"));
    let status = names(&schema["$defs"]["result"]["properties"]["status"]["enum"]);
    assert_eq!(quoted(&class("ConnectorStatus")), status);
    let links = names(&schema["$defs"]["person"]["properties"]["links"]["properties"]);
    let source = class("ConnectorLink");
    let known: BTreeSet<_> = source.lines().filter(|line| line.contains("String ")).flat_map(quoted).collect();
    assert_eq!(known, links);
}

#[test]
fn calls_take_as_many_persons_as_the_schema_says() {
    let (schema, source) = (schema(), class("ConnectorRequests"));
    let mut limits: Vec<u64> = source
        .lines()
        .filter(|line| line.contains(" MOST_"))
        .filter_map(|line| line.split(" = ").nth(1)?.trim_end_matches(';').trim().parse().ok())
        .collect();
    limits.sort_unstable();
    let most = |request: &str| schema["$defs"][request]["properties"]["persons"]["maxItems"].as_u64();
    let wanted: Vec<u64> = ["accountsRequest", "lookupRequest"].into_iter().filter_map(most).collect();
    assert_eq!(limits, wanted);
}
