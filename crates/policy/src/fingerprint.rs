//! A digest of the configuration that decides, so that it is seen when persons have to be decided anew.

use domain::digest::digest;
use serde_json::{Map, Value, json};

use crate::files::Tree;
use crate::policy::Joins;
use crate::settings::SourceConfig;

/// What the decisions rest on: not the comments, not the layout over files, not how Salesforce is reached or how a
/// source sends its records. Of the way to Salesforce only the ending of user names is part of a decision.
pub(crate) fn fingerprint(
    files: &[Tree],
    sources: &[SourceConfig],
    joins: &Joins,
    username_suffix: Option<&str>,
) -> String {
    let mut decides = Map::new();
    let mut rules = Vec::new();
    for file in files {
        let Value::Object(mut keys) = file.to_json() else { continue };
        if let Some(Value::Array(more)) = keys.remove("rules") {
            rules.extend(more);
        }
        let decide = |key: &str| matches!(key, "organisation" | "priority" | "account" | "lookups" | "ownership");
        decides.extend(keys.into_iter().filter(|(key, _)| decide(key)));
    }
    let source = |source: &SourceConfig| match joins.id(&source.name) {
        Some(join) => json!([source.name, source.role, join]),
        None => json!([source.name, source.role]),
    };
    let sources: Vec<_> = sources.iter().map(source).collect();
    decides.insert("rules".to_owned(), Value::Array(rules));
    decides.insert("sources".to_owned(), Value::Array(sources));
    decides.extend(username_suffix.map(|suffix| ("usernameSuffix".to_owned(), suffix.into())));
    digest(&decides)
}
