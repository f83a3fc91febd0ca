//! The example configuration of `infra/config`: it loads, works on every example person, and fits the published schema,
//! which is the one that the code makes.

#![cfg(test)]

use std::path::{Path, PathBuf};

use jiff::civil::date;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/config")
}

/// Set `UPDATE_SCHEMA=1` to write it anew.
#[test]
fn the_published_schema_is_up_to_date() {
    let path = folder().join("schema.json");
    let current = format!("{}\n", serde_json::to_string_pretty(&sorted(&policy::schema())).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    assert!(published == current, "run UPDATE_SCHEMA=1 cargo test -p policy");
}

/// Whether `serde_json` keeps keys in order depends on other crates' features.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn every_example_file_fits_the_schema() {
    let validator = jsonschema::validator_for(&policy::schema()).unwrap();
    for name in ["connector.yaml", "account.yaml", "rules.yaml"] {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        let value: Value = serde_saphyr::from_str(&text).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    for wrong in
        ["acount: {}", "rules: [{ when: true }]", "sources: [{ name: a, role: main }]", "salesforce: { secret: 1 }"]
    {
        let value: Value = serde_saphyr::from_str(wrong).unwrap();
        assert!(!validator.is_valid(&value), "{wrong}");
    }
}

#[test]
fn the_example_loads_and_works_on_its_people() {
    let configuration = policy::load(&folder()).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(configuration.warnings.is_empty(), "{:?}", configuration.warnings);
    let examples = policy::check::read_examples(&folder()).unwrap();
    assert_eq!(examples.len(), 3);
    let findings = policy::check::examples(&configuration, &examples, date(2026, 11, 24));
    assert!(findings.is_empty(), "{}", policy::Problems(findings));
    assert!(configuration.policy.entitlements_named().len() >= 12);
}
