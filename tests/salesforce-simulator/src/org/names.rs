//! Names of things: the field that names them, and `namespace__Name` for those of packages.

use super::schema::Object;
use super::state::{Record, State};

/// The field that names records of an object.
pub(crate) fn name_field(object: Object) -> &'static str {
    match object {
        Object::User => "Username",
        Object::Profile | Object::UserLicense | Object::PermissionSet | Object::Organization => "Name",
        _ => "DeveloperName",
    }
}

/// The name of a record as configuration writes it. Only permission sets and permission set groups have a NamespacePrefix
/// [object's fields, v65].
pub(crate) fn name_of(record: &Record) -> String {
    let name = record.text(name_field(record.object));
    match record.text("NamespacePrefix") {
        "" => name.to_owned(),
        namespace => format!("{namespace}__{name}"),
    }
}

impl State {
    /// The records with this name. Names have no case, and within a name no two underscores follow each other [doc].
    pub(crate) fn all_named<'a>(&'a self, object: Object, name: &str) -> impl Iterator<Item = &'a Record> {
        let packaged = matches!(object, Object::PermissionSet | Object::PermissionSetGroup);
        let (namespace, local) = name.split_once("__").filter(|_| packaged).unwrap_or(("", name));
        let namespace = namespace.to_lowercase();
        self.matching(object, name_field(object), local)
            .into_iter()
            .filter(move |record| record.text("NamespacePrefix").to_lowercase() == namespace)
    }

    /// The record with this name; groups that somebody made go before those that the platform keeps for roles.
    pub(crate) fn named(&self, object: Object, name: &str) -> Option<&Record> {
        self.all_named(object, name).min_by_key(|record| record.text("Type") == "Role")
    }
}
