//! SCIM: users, groups, error texts.

use salesforce_simulator::Object;
use serde_json::{Value as Json, json};

use crate::support::{Caller, evidence, same_shape};

#[test]
fn scim_users() {
    let (Some(config), Some(create), Some(field), Some(malformed), Some(profile), Some(meta), Some(off), Some(sets)) = (
        evidence("scim/v2_service_provider_configs.response.json"),
        evidence("scim/v2_create_user.json"),
        evidence("scim/v2_patch_user_field.json"),
        evidence("scim/v2_error_malformed_payload.json"),
        evidence("scim/v2_error_missing_profile_409.json"),
        evidence("scim/v2_user_meta_24h.json"),
        evidence("scim/v2_patch_user_deactivate.json"),
        evidence("scim/v2_patch_user_add_permission_sets.json"),
    ) else {
        return;
    };
    let mut caller = Caller::new();
    assert_eq!(caller.get("/services/scim/v2/ServiceProviderConfigs").body, config["body"]);
    let mut body = create["request"]["body"].clone();
    body["entitlements"][0]["value"] = Json::from(caller.id(Object::Profile, "Standard User"));
    let made = caller.call("POST", create["request"]["path"].as_str().unwrap(), &body);
    assert_eq!(create["response_partial"]["status"], Json::from(made.status), "{}", made.body);
    let compare = |theirs: &Json, ours: &Json| {
        for (name, value) in theirs.as_object().unwrap().iter().filter(|(name, _)| *name != "id") {
            assert_eq!(&ours[name], value, "{name}");
        }
    };
    compare(&create["response_partial"]["body"], &made.body);
    same_shape(&meta["meta"], &made.body["meta"], "meta");
    let path = format!("/services/scim/v2/Users/{}", made.body["id"].as_str().unwrap());
    let changed = caller.call("PATCH", &path, &field["request"]["body"]);
    assert_eq!(changed.status, 200);
    compare(&field["response_partial"]["body"], &changed.body);
    let wrong = caller.call("PATCH", &path, &field["wrong_form"]);
    same_shape(&malformed["body"], &wrong.body, "malformed");
    let start = |body: &Json| body["message"].as_str().unwrap().split_once("error ID: ").unwrap().0.to_owned();
    assert_eq!(start(&malformed["body"]), start(&wrong.body));
    let mut more = sets["request"]["body"].clone();
    for (place, set) in ["Mobile_User", "Report_Builder"].iter().enumerate() {
        let id = caller.id(Object::PermissionSet, set);
        // The recording sends fifteen characters.
        more["Operations"][0]["value"]["entitlements"][place]["value"] = Json::from(&id[..15]);
    }
    assert_eq!(caller.call("PATCH", &path, &more).status, 200);
    assert_eq!(caller.org.user("scimUser@mycompany.com").unwrap().permission_sets.len(), 2);
    let inactive = caller.call("PATCH", &path, &off["request"]["body"]);
    assert_eq!(
        (Json::from(inactive.status), &inactive.body["active"]),
        (off["response_status"].clone(), &json!(false))
    );
    body.as_object_mut().unwrap().remove("entitlements");
    let refused = caller.call("POST", "/services/scim/v2/Users", &body);
    assert_eq!((Json::from(refused.status), &refused.body), (profile["status"].clone(), &profile["body"]));
}

#[test]
fn scim_groups() {
    let Some(file) = evidence("scim/v2_patch_group_members.json") else { return };
    let mut caller = Caller::new();
    let path = format!("/services/scim/v2/Groups/{}", caller.id(Object::Group, "Sales_NL"));
    let user = caller.id(Object::User, "p.bakker@sample.example");
    for step in ["add", "remove"] {
        let mut body = file[step]["request"]["body"].clone();
        body["Operations"][0]["value"]["members"][0]["value"] = Json::from(user.as_str());
        let answer = caller.call("PATCH", &path, &body);
        assert_eq!(answer.status, 200);
        same_shape(&file["add"]["response"]["body"], &answer.body, step);
        assert_eq!(caller.org.members("Sales_NL").len(), usize::from(step == "add"));
    }
}

#[test]
fn scim_error_texts() {
    let Some(file) = evidence("scim/v2_pilot_error_strings.json") else { return };
    let texts: Vec<&str> = ["create_or_put_collected_into_one_409", "patch_400", "filter_400", "not_found_404"]
        .iter()
        .flat_map(|group| file[*group].as_array().unwrap())
        .filter_map(Json::as_str)
        .collect();
    // A text of the evidence ends where its variable part begins.
    let known = |detail: &str| {
        texts.iter().any(|text| match text.split_once('<') {
            Some((head, _)) => !head.is_empty() && detail.starts_with(head),
            None => *text == detail,
        })
    };
    let mut caller = Caller::new();
    let id = caller.id(Object::User, "p.bakker@sample.example");
    let patch = |operation: Json| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    for body in [
        json!({}),
        patch(json!({ "op": "Replace", "value": {} })),
        patch(json!({ "op": "remove" })),
        patch(json!({ "op": "remove", "path": "entitlements" })),
        patch(json!({ "op": "remove", "path": "alias" })),
        patch(json!({ "op": "remove", "path": "nothing" })),
        patch(json!({ "op": "add", "value": { "emails": [{}, {}] } })),
        patch(json!({ "op": "add", "value": { "addresses": [{}, {}] } })),
        patch(json!({ "op": "add", "value": { "roles": [] } })),
        patch(json!({ "op": "add", "value": { "entitlements": [{ "value": "0PG" }] } })),
        patch(json!({ "op": "add", "value": { "entitlements": [{ "value": "00e000000000001" }] } })),
    ] {
        let answer = caller.call("PATCH", &format!("/services/scim/v2/Users/{id}"), &body);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(answer.status == 400 && known(detail), "{body}: {detail}");
    }
    for query in [
        "count=0",
        "startIndex=0",
        "filter=a%20eq%20%22b%22",
        "filter=name%20eq%20%22b%22",
        "filter=title%20is%20%22b%22",
        "filter=title%20eq%20b",
        "filter=(title%20eq%20%22b%22",
        "filter=title%20eq%20%22b%22%20x",
        "filter=groups%20eq%20%22b%22%20or%20groups%20eq%20%22b%22",
        "filter=entitlements%20co%20%22b%22",
    ] {
        let answer = caller.get(&format!("/services/scim/v2/Users?{query}"));
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(answer.status == 400 && known(detail), "{query}: {detail}");
    }
    let refused = caller.call(
        "POST",
        "/services/scim/v2/Users",
        &json!({
            "id": "x", "emails": [{}, {}], "addresses": [{}, {}], "roles": [{ "value": "a" }, { "value": "b" }],
            "name": { "middleName": "x", "honorificPrefix": "x", "honorificSuffix": "x" },
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "costCenter": "x" },
        }),
    );
    for part in refused.body["detail"].as_str().unwrap().split_terminator(';') {
        assert!(known(&format!("{part};")), "{part}");
    }
}
