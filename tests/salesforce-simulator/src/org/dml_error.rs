//! What the platform answers when a record cannot be written. The texts are those captured, where one was.

use serde_json::{Value as Json, json};

use super::schema::Object;

/// One reason, as all APIs of Salesforce show it in their own layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmlError {
    /// The StatusCode name.
    pub code: String,
    /// The text.
    pub message: String,
    /// The fields concerned.
    pub fields: Vec<String>,
}

impl DmlError {
    pub(crate) fn new(code: &str, message: impl Into<String>, fields: &[&str]) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    /// [rec, in collections form]
    pub(crate) fn cross_reference(fields: &[&str]) -> Self {
        Self::new("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields)
    }

    /// [doc]
    pub(crate) fn deleted() -> Self {
        Self::new("ENTITY_IS_DELETED", "entity is deleted", &[])
    }

    /// The object has no such call: "entity type cannot be inserted/updated/deleted" [doc enum; text ?].
    pub(crate) fn no_call(call: &str, object: Object) -> Self {
        let (code, verb) = match call {
            "create" => ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "inserted"),
            "update" => ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "updated"),
            _ => ("INSUFFICIENT_ACCESS_OR_READONLY", "deleted"),
        };
        Self::new(code, format!("entity type cannot be {verb}: {}", object.name()), &[])
    }

    /// HTTP status of the error outside collections. 403 for refused access [test], 500 for UNKNOWN_EXCEPTION ["HTTP status
    /// not captured"], else 400.
    pub(crate) fn status(&self) -> u16 {
        match self.code.as_str() {
            "INSUFFICIENT_ACCESS_OR_READONLY" => 403,
            "UNKNOWN_EXCEPTION" => 500,
            "ENTITY_IS_DELETED" => 404,
            _ => 400,
        }
    }

    /// Layout of single calls: `{message, errorCode, fields}`; UNKNOWN_EXCEPTION comes without fields [operators' notes].
    pub(crate) fn rest_json(&self) -> Json {
        if self.code == "UNKNOWN_EXCEPTION" {
            return json!({ "message": self.message, "errorCode": self.code });
        }
        json!({ "message": self.message, "errorCode": self.code, "fields": self.fields })
    }

    /// Layout of rows in collections: `{statusCode, message, fields}` [rec].
    pub(crate) fn row_json(&self) -> Json {
        json!({ "statusCode": self.code, "message": self.message, "fields": self.fields })
    }

    /// Text of the Apex DmlException that the SCIM service passes on [src pilot]: for example
    /// `Insert failed. First exception on row 0; first error: DUPLICATE_USERNAME, Duplicate Username.<br>…: [Username]`.
    pub(crate) fn apex_text(&self, verb: &str, id: Option<&str>) -> String {
        let row = id.map_or_else(|| "row 0".to_owned(), |id| format!("row 0 with id {id}"));
        format!(
            "{verb} failed. First exception on {row}; first error: {}, {}: [{}]",
            self.code,
            self.message,
            self.fields.join(", ")
        )
    }
}
