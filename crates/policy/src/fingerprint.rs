//! A digest of the configuration that decides, so that it is seen when persons have to be decided anew.

use domain::digest::digest;
use serde_json::{Map, Value, json};

use crate::files::Tree;
use crate::settings::SourceConfig;

/// What the decisions rest on: not the comments, not the layout over files, not how Salesforce is reached or how a
/// source sends its records.
pub(crate) fn fingerprint(files: &[Tree], sources: &[SourceConfig]) -> String {
    let mut decides = Map::new();
    let mut rules = Vec::new();
    for file in files {
        let Value::Object(mut keys) = file.to_json() else { continue };
        if let Some(Value::Array(more)) = keys.remove("rules") {
            rules.extend(more);
        }
        decides
            .extend(keys.into_iter().filter(|(key, _)| matches!(key.as_str(), "organisation" | "account" | "lookups")));
    }
    let sources: Vec<_> = sources.iter().map(|source| json!([source.name, source.role])).collect();
    decides.insert("rules".to_owned(), Value::Array(rules));
    decides.insert("sources".to_owned(), Value::Array(sources));
    digest(&decides)
}
