//! Names of fields and values of picklists.

use salesforce_simulator::Object;
use serde_json::Value as Json;

use crate::support::{Caller, evidence, part_of_shape, recorded};

#[test]
fn schema() {
    let (Some(fields), Some(picklists), Some(describe), Some(info)) = (
        evidence("schema/sobject_fields_v65.json"),
        evidence("schema/user_picklists.json"),
        evidence("rest/nango_describe-sobject.json"),
        evidence("rest/nango_get-current-user.json"),
    ) else {
        return;
    };
    let mut caller = Caller::new();
    for object in Object::ALL {
        let body = caller.get(&format!("/services/data/v65.0/sobjects/{}/describe", object.name())).body;
        let theirs = &recorded(&describe)["body"];
        for name in body.as_object().unwrap().keys() {
            assert!(theirs.get(name).is_some(), "describe of {}: {name}", object.name());
        }
        let known = fields["objects"][object.name()].as_array();
        for field in body["fields"].as_array().unwrap() {
            for name in field.as_object().unwrap().keys() {
                assert!(theirs["fields"][0].get(name).is_some(), "field of a describe: {name}");
            }
            let name = field["name"].as_str().unwrap();
            // The list leaves out permission flags, and lacks Organization.
            let listed = known.is_none_or(|known| known.iter().any(|known| known["name"] == name));
            assert!(listed || name.contains("Permissions"), "{}.{name}", object.name());
            let Some(values) = picklists.get(format!("{name}s")).and_then(Json::as_array) else { continue };
            for value in field["picklistValues"].as_array().unwrap() {
                assert!(values.contains(&value["value"]), "{name}: {}", value["value"]);
            }
        }
    }
    part_of_shape(&recorded(&info)["body"], &caller.get("/services/oauth2/userinfo").body, "userinfo");
}
