//! Standard REST: versions, limits, queries, records, collections, errors.

use salesforce_simulator::{Fault, FaultRule, Object, Org};
use serde_json::{Value as Json, json};

use crate::support::{Answer, Caller, credentials, evidence, part_of_shape, recorded, same_shape};

#[test]
fn versions_and_limits() {
    let (Some(versions), Some(limits)) =
        (evidence("rest/nango_list-available-resources.json"), evidence("rest/nango_get-limits.json"))
    else {
        return;
    };
    let mut caller = Caller::new();
    let ours = caller.get("/services/data");
    for theirs in recorded(&versions)["body"].as_array().unwrap() {
        let same = ours.body.as_array().unwrap().iter().find(|version| version["url"] == theirs["url"]);
        let same = same.unwrap_or_else(|| panic!("{theirs}"));
        // One recorded label has a typographic apostrophe.
        let plain = theirs["label"].as_str().unwrap().replace('’', "'");
        assert_eq!((same["label"].as_str(), &same["version"]), (Some(plain.as_str()), &theirs["version"]));
    }
    assert_eq!(
        recorded(&versions)["headers"].get("sforce-limit-info").is_some(),
        ours.headers.contains_key("sforce-limit-info")
    );
    let ours = caller.get("/services/data/v60.0/limits");
    part_of_shape(&recorded(&limits)["body"], &ours.body, "limits");
    assert_eq!(ours.headers["content-type"], recorded(&limits)["headers"]["content-type"].as_str().unwrap());
    assert!(ours.headers["sforce-limit-info"].to_str().unwrap().starts_with("api-usage="));
}

#[test]
fn queries() {
    let (Some(users), Some(plain), Some(more), Some(pages), Some(wrong)) = (
        evidence("rest/nango_users.json"),
        evidence("rest/nango_query-records.json"),
        evidence("rest/nango_retrieve-query-more.json"),
        evidence("rest/restforce_query_pages.json"),
        evidence("rest/cci_composite_invalid_type.json"),
    ) else {
        return;
    };
    let mut caller = Caller::new();
    let soql = users["calls"][0]["request"]["params"]["q"].as_str().unwrap().to_owned();
    let ours = caller.query(&soql).body;
    let theirs = &recorded(&users)["body"];
    same_shape(&theirs["records"][3], &ours["records"][0], "a user with a profile");
    let hidden =
        |body: &Json| body["records"].as_array().unwrap().iter().filter(|row| row["Profile"].is_null()).count();
    assert_eq!(hidden(theirs), hidden(&ours), "users whose profile cannot be read");
    for row in ours["records"].as_array().unwrap() {
        same_shape(&theirs["records"][3], row, "every user");
    }
    let ours = caller.query("SELECT Id, Name FROM UserRole LIMIT 5").body;
    same_shape(&recorded(&plain)["body"], &ours, "a query");

    // The recorded refusal came inside a Composite answer; its body is the same array.
    let refused = &wrong["interactions"][0]["response_body"]["compositeResponse"][1];
    let ours = caller.query("select count() from XYZZY");
    assert_eq!(ours.body, refused["body"]);
    assert_eq!(Json::from(ours.status), refused["httpStatusCode"]);
    let counted = &wrong["interactions"][0]["response_body"]["compositeResponse"][0]["body"];
    same_shape(counted, &caller.query("select count() from User").body, "a count");

    let people = (0..2_010).map(|number| format!("p{number}@crowd.example"));
    let mut builder = Org::sample_builder(caller.org.now()).licence("Salesforce", 5_000);
    for username in people {
        builder = builder.user(&username, "Standard User", &[]);
    }
    caller.org = builder.build().unwrap();
    caller.token = caller.grant(&credentials()).body["access_token"].as_str().unwrap().to_owned();
    let first = caller.query("SELECT Id, Name FROM User").body;
    let keys = |body: &Json| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&pages["first"]), keys(&first));
    let next = first["nextRecordsUrl"].as_str().unwrap();
    let form = |path: &str| (path.rsplit_once('-').unwrap().1.to_owned(), path.rsplit_once('/').unwrap().1.len());
    assert_eq!(form(next), form(more["calls"][0]["path"].as_str().unwrap()));
    same_shape(&recorded(&more)["body"], &caller.get(next).body, "the last page");
}

#[test]
fn single_records() {
    let (Some(create), Some(update), Some(delete), Some(upsert), Some(read), Some(missing)) = (
        evidence("rest/nango_create-record.json"),
        evidence("rest/nango_update-record.json"),
        evidence("rest/nango_delete-record.json"),
        evidence("rest/nango_update-record-by-external-id.json"),
        evidence("rest/nango_get-record-by-external-id.json"),
        evidence("rest/cci_composite_not_found.json"),
    ) else {
        return;
    };
    let mut caller = Caller::new();
    let agree = |evidence: &Json, ours: &Answer, name: &str| {
        let theirs = recorded(evidence);
        assert_eq!(theirs["status"], Json::from(ours.status), "{name}");
        same_shape(&theirs["body"], &ours.body, name);
        for header in ["location", "sforce-limit-info"] {
            assert_eq!(theirs["headers"].get(header).is_some(), ours.headers.contains_key(header), "{name}: {header}");
        }
    };
    let body = caller.user();
    let made = caller.call("POST", "/services/data/v59.0/sobjects/User/", &body);
    agree(&create, &made, "create");
    let id = made.body["id"].as_str().unwrap().to_owned();
    let changed =
        caller.call("PATCH", &format!("/services/data/v63.0/sobjects/User/{id}"), &json!({ "Title": "Lead" }));
    agree(&update, &changed, "update");
    let path = format!("/services/data/v59.0/sobjects/User/Id/{id}?updateOnly=true");
    agree(&upsert, &caller.call("PATCH", &path, &json!({ "Title": "Head" })), "update by id field");
    let shown = caller.get(&format!("/services/data/v60.0/sobjects/User/Id/{id}"));
    part_of_shape(&recorded(&read)["body"], &shown.body, "a user");
    let row = caller.org.admin().assign("eva@example.com", Object::Group, "All_Staff").unwrap();
    agree(
        &delete,
        &caller.call("DELETE", &format!("/services/data/v63.0/sobjects/GroupMember/{row}"), &Json::Null),
        "delete",
    );
    let refused = &missing["interactions"][0]["response_body"]["compositeResponse"][0];
    let ours = caller.get("/services/data/v60.0/sobjects/Foo");
    assert_eq!((Json::from(ours.status), ours.body), (refused["httpStatusCode"].clone(), refused["body"].clone()));
}

#[test]
fn collections() {
    let (Some(create), Some(update), Some(delete), Some(errors)) = (
        evidence("rest/nango_create-sobject-collection.json"),
        evidence("rest/nango_update-sobject-collection.json"),
        evidence("rest/nango_delete-sobject-collection.json"),
        evidence("errors/rest_error_bodies.json"),
    ) else {
        return;
    };
    let mut caller = Caller::new();
    let mut user = caller.user();
    user["attributes"] = json!({ "type": "User" });
    let made = caller.call(
        "POST",
        "/services/data/v63.0/composite/sobjects",
        &json!({ "allOrNone": false, "records": [user] }),
    );
    same_shape(&recorded(&create)["body"], &made.body, "create");
    let record = json!({ "attributes": { "type": "User" }, "id": "005xx000001SwiUAAS", "Title": "Lead" });
    let refused = caller.call("PATCH", "/services/data/v63.0/composite/sobjects", &json!({ "records": [record] }));
    assert_eq!(refused.body, recorded(&update)["body"], "a row for no record");
    let rows: Vec<String> = ["All_Staff", "Sales_NL"]
        .iter()
        .map(|group| caller.org.admin().assign("eva@example.com", Object::Group, group).unwrap().as_str().to_owned())
        .collect();
    let path = format!("/services/data/v63.0/composite/sobjects?allOrNone=false&ids={}", rows.join(","));
    same_shape(&recorded(&delete)["body"], &caller.call("DELETE", &path, &Json::Null).body, "delete");
    let mut good = caller.user();
    good["attributes"] = json!({ "type": "User" });
    good["Username"] = json!("other@example.com");
    let bad = json!({ "attributes": { "type": "User" } });
    let body = json!({ "allOrNone": true, "records": [good, bad] });
    let undone = caller.call("POST", "/services/data/v63.0/composite/sobjects", &body);
    assert_eq!(undone.body[0], errors["collections_all_or_none"][0]);
}

#[test]
fn error_bodies() {
    let Some(file) = evidence("errors/rest_error_bodies.json") else { return };
    let known: Vec<(&Json, &Json)> =
        file["bodies"].as_array().unwrap().iter().map(|entry| (&entry["status"], &entry["body"])).collect();
    let mut caller = Caller::new();
    let bakker = caller.id(Object::User, "p.bakker@sample.example");
    caller.org.admin().set("p.bakker@sample.example", "CommunityNickname", "petra").unwrap();
    let mut try_user = |changes: Json, fault: Option<Fault>| {
        let mut body = caller.user();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        if let Some(fault) = fault {
            caller.org.faults_mut().add(FaultRule::next(fault));
        }
        let role = caller.id(Object::UserRole, "IT");
        if body["UserRoleId"] == "IT" {
            body["UserRoleId"] = Json::from(role);
        }
        caller.call("POST", "/services/data/v63.0/sobjects/User", &body)
    };
    let mut answers = vec![
        try_user(json!({ "Username": "p.bakker@sample.example" }), None),
        try_user(json!({ "CommunityNickname": "petra" }), None),
        try_user(json!({ "LastName": null }), None),
        try_user(json!({ "Email": "not-an-email" }), None),
        try_user(json!({ "UserRoleId": "IT" }), Some(Fault::MembershipLock)),
        try_user(json!({}), Some(Fault::LimitExceeded)),
        try_user(json!({}), Some(Fault::Unavailable)),
    ];
    answers.push(caller.call("DELETE", &format!("/services/data/v63.0/sobjects/User/{bakker}"), &Json::Null));
    let set = caller.id(Object::PermissionSet, "Mobile_User");
    let assignment = json!({ "AssigneeId": bakker, "PermissionSetId": set });
    for _ in 0..2 {
        answers.push(caller.call("POST", "/services/data/v63.0/sobjects/PermissionSetAssignment", &assignment));
    }
    answers.remove(answers.len() - 2);
    answers.push(caller.get("/services/data/v63.0/sobjects/Foo"));
    caller.org.expire_tokens();
    answers.push(caller.get("/services/data/v63.0/limits"));
    for answer in answers {
        // Members stand in any order; `fields` is there or not as in the evidence, but for lists that it left empty.
        let fits = known.iter().any(|(status, body)| {
            let (theirs, ours) = (&body[0], &answer.body[0]);
            status.as_u64() == Some(u64::from(answer.status))
                && theirs["message"] == ours["message"]
                && theirs["errorCode"] == ours["errorCode"]
                && (theirs.get("fields") == ours.get("fields"))
        });
        assert!(fits, "{} {}", answer.status, answer.body);
    }
}
