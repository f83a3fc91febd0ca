//! The JSON Schema of the configuration's files, for editors.

use serde_json::Value;

use crate::files::shape::File;

/// The schema that every file of the folder's top level must fit. What crosses files or lies inside an expression only
/// the check of the whole folder finds.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(File).to_value();
    schema["title"] = "Salesforce Target Connector: configuration".into();
    schema
}
