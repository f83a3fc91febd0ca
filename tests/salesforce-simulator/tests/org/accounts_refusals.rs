//! The accounts service: calls that are refused as a whole, or that are lost.

use proptest::prelude::*;
use salesforce_simulator::{Fault, FaultRule, Object, Outcome};
use serde_json::{Value as Json, json};

use crate::accounts_service::{arranged, fits, newcomer};
use crate::client::{Client, read, with};

const ACCOUNTS: &str = "/services/apexrest/connector/v1/accounts";

#[test]
fn a_body_of_another_form_does_nothing() {
    let mut client = Client::sample();
    let good = newcomer("1", "eva@example.com");
    let id = client.id(Object::User, "p.bakker@sample.example");
    for (changes, place) in [
        (json!({ "shoe": 44 }), "body.persons[0].shoe"),
        (json!({ "ref": "" }), "body.persons[0].ref"),
        (json!({ "ref": "r".repeat(65) }), "body.persons[0].ref"),
        (json!({ "ref": 7 }), "body.persons[0].ref"),
        (json!({ "userId": "00e000000000000AAA" }), "body.persons[0].userId"),
        (json!({ "userId": null }), "body.persons[0].userId"),
        (json!({ "userId": &id[..16] }), "body.persons[0].userId"),
        (json!({ "match": [{ "field": "Alias", "value": "x" }] }), "body.persons[0].match[0].field"),
        (json!({ "match": [{ "field": "Email", "value": "" }] }), "body.persons[0].match[0].value"),
        (json!({ "match": [{ "field": "Email" }] }), "body.persons[0].match[0].value"),
        (json!({ "fields": { "ProfileId": "x" } }), "body.persons[0].fields.ProfileId"),
        (json!({ "fields": { "Title": 7 } }), "body.persons[0].fields.Title"),
        (json!({ "candidates": { "Alias": [] } }), "body.persons[0].candidates.Alias"),
        (json!({ "candidates": { "Alias": [""] } }), "body.persons[0].candidates.Alias[0]"),
        (json!({ "links": { "profile": null } }), "body.persons[0].links.profile"),
        (json!({ "links": { "group": "x" } }), "body.persons[0].links.group"),
        (json!({ "active": "yes" }), "body.persons[0].active"),
        (json!({ "add": [{ "kind": "profile", "name": "x" }] }), "body.persons[0].add[0].kind"),
        (json!({ "add": [{ "kind": "queue" }] }), "body.persons[0].add[0].name"),
        (
            json!({ "add": [{ "kind": "permissionSet", "name": "x", "expires": "2026-02-30" }] }),
            "body.persons[0].add[0].expires",
        ),
        (json!({ "remove": {} }), "body.persons[0].remove"),
    ] {
        let body = json!({ "version": 1, "persons": [newcomer("0", "first@example.com"), with(good.clone(), changes.clone())] });
        assert!(!fits("accountsRequest", &body), "{changes}");
        let refused = client.accounts_raw(&body);
        assert_eq!((refused.status, refused.code()), (400, "INVALID_REQUEST"), "{changes}");
        let message = refused.body[0]["message"].as_str().unwrap();
        let expected = place.replace("persons[0]", "persons[1]");
        assert!(message.starts_with(&expected), "{message} for {changes}");
    }
    assert!(client.org.journal().is_empty());
}

/// Members of a person: each absent, or one of some values that fit or do not.
fn member(name: &'static str, values: &Json) -> impl Strategy<Value = (&'static str, Option<Json>)> + use<> {
    let values: Vec<Option<Json>> =
        values.as_array().unwrap().iter().cloned().map(Some).chain(std::iter::repeat_n(None, 4)).collect();
    proptest::sample::select(values).prop_map(move |value| (name, value))
}

fn any_person() -> impl Strategy<Value = Json> {
    let members = vec![
        member("ref", &json!(["a", "a", "a", "", 7, null])).boxed(),
        member("userId", &json!(["005000000000000", "005000000000000AAA", "0050000000000000", "00e000000000000", null])).boxed(),
        member("match", &json!([[], [{ "field": "Email", "value": "x" }], [{ "field": "Name", "value": "x" }], [{ "value": "x" }], {}])).boxed(),
        member("fields", &json!([{}, { "Title": "x" }, { "Title": null }, { "Title": "" }, { "title": "x" }, { "Title": true }])).boxed(),
        member("candidates", &json!([{}, { "Alias": ["x"] }, { "Alias": [] }, { "Alias": "x" }, { "Alias": [""] }, { "Foo": ["x"] }])).boxed(),
        member("links", &json!([{}, { "profile": "x" }, { "profile": "" }, { "role": null }, { "role": "" }, { "boss": "x" }])).boxed(),
        member("active", &json!([true, false, null, "true"])).boxed(),
        member("frozen", &json!([true, 1])).boxed(),
        member("add", &json!([
            [], [{ "kind": "queue", "name": "x" }], [{ "kind": "permissionSet", "name": "x", "expires": "2026-05-01" }],
            [{ "kind": "permissionSet", "name": "x", "expires": "2026-5-1" }], [{ "kind": "role", "name": "x" }],
            [{ "kind": "queue", "name": "" }], [{ "kind": "queue", "name": "x", "more": 1 }],
        ])).boxed(),
        member("remove", &json!([[], [{ "kind": "publicGroup", "name": "y" }], [7]])).boxed(),
        member("other", &json!([1])).boxed(),
    ];
    members.prop_map(|members| {
        let mut person = json!({});
        for (name, value) in members {
            if let Some(value) = value {
                person[name] = value;
            }
        }
        person
    })
}

proptest! {
    /// What the schema takes the service takes, and nothing else.
    #[test]
    fn the_reader_agrees_with_the_schema(person in any_person(), lookup in any::<bool>()) {
        let mut client = Client::sample();
        let body = json!({ "version": 1, "persons": [person] });
        let (form, answer) = if lookup {
            ("lookupRequest", client.lookup_raw(&body))
        } else {
            ("accountsRequest", client.accounts_raw(&body))
        };
        let expected = if fits(form, &body) { 200 } else { 400 };
        prop_assert_eq!(answer.status, expected, "{}: {:?}", body, answer.body);
    }
}

/// The schema cannot say these; the contract's text does, or Salesforce could not do them.
#[test]
fn a_request_that_contradicts_itself_does_nothing() {
    let mut client = Client::sample();
    let id = client.id(Object::User, "p.bakker@sample.example");
    let mobile = json!({ "kind": "permissionSet", "name": "Mobile_User" });
    for persons in [
        json!([newcomer("1", "a@example.com"), newcomer("1", "b@example.com")]),
        json!([{ "ref": "1", "userId": id, "active": false }, { "ref": "2", "userId": &id[..15], "active": true }]),
        json!([{ "ref": "1", "userId": id, "add": [mobile], "remove": [mobile] }]),
        json!([{ "ref": "1", "userId": id, "fields": { "Alias": "a" }, "candidates": { "Alias": ["b"] } }]),
        json!([{ "ref": "1", "userId": id, "add": [{ "kind": "queue", "name": "Support_Queue", "expires": "2026-05-01" }] }]),
    ] {
        let body = json!({ "version": 1, "persons": persons });
        assert!(fits("accountsRequest", &body));
        let refused = client.accounts_raw(&body);
        assert_eq!((refused.status, refused.code()), (400, "INVALID_REQUEST"), "{persons}");
    }
    assert!(client.org.journal().is_empty());
}

#[test]
fn other_versions_sizes_and_bodies() {
    let mut client = Client::sample();
    for (body, code) in [
        (json!({ "version": 2, "people": [] }), "UNSUPPORTED_VERSION"),
        (json!({ "version": "1", "persons": [] }), "UNSUPPORTED_VERSION"),
        (json!({ "persons": [] }), "INVALID_REQUEST"),
        (json!({ "version": 1 }), "INVALID_REQUEST"),
        (json!({ "version": 1, "persons": {} }), "INVALID_REQUEST"),
        (json!([]), "INVALID_REQUEST"),
    ] {
        for refused in [client.accounts_raw(&body), client.lookup_raw(&body)] {
            assert_eq!((refused.status, refused.code()), (400, code), "{body}");
        }
    }
    let broken = read(client.raw("POST", ACCOUNTS, "{".into()));
    assert_eq!((broken.status, broken.code()), (400, "INVALID_REQUEST"));
    let many = |count: usize| -> Json {
        json!({ "version": 1, "persons": (0..count).map(|n| json!({ "ref": n.to_string() })).collect::<Vec<_>>() })
    };
    assert_eq!(client.lookup_raw(&many(500)).status, 200);
    assert_eq!(client.lookup_raw(&many(501)).code(), "TOO_MANY_PERSONS");
    assert_eq!(client.accounts_raw(&many(200)).status, 200);
    assert_eq!(client.accounts_raw(&many(201)).code(), "TOO_MANY_PERSONS");
}

#[test]
fn a_heavy_trigger_takes_the_whole_call_down() {
    let mut client = arranged(|org| org.set_user_trigger_limit(Some(2)));
    let persons: Vec<Json> = (0..3).map(|n| newcomer(&n.to_string(), &format!("p{n}@example.com"))).collect();
    let seats = client.org.seats("Salesforce");
    let failed = client.accounts_raw(&json!({ "version": 1, "persons": persons }));
    assert_eq!((failed.status, failed.code()), (500, "APEX_ERROR"));
    assert_eq!(failed.body[0]["message"], "System.LimitException: Apex CPU time limit exceeded");
    assert!(client.org.journal().is_empty() && client.org.user("p0@example.com").is_none());
    assert_eq!(client.org.seats("Salesforce"), seats);
    assert!(client.rows("SELECT Id FROM SetupAuditTrail").is_empty());
    assert_eq!(client.accounts(&persons[..2]).len(), 2);

    let record =
        |n: usize| with(client.rest_user(&format!("c{n}@example.com")), json!({ "attributes": { "type": "User" } }));
    let records: Vec<Json> = (0..3).map(record).collect();
    let answer = client.rest("POST", "/composite/sobjects", json!({ "records": records }));
    for row in answer.body.as_array().unwrap() {
        assert_eq!(row["errors"][0]["statusCode"], "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY");
        assert_eq!(row["errors"][0]["message"], "UserTrigger: System.LimitException: Apex CPU time limit exceeded");
    }
    let answer = client.rest("POST", "/composite/sobjects", json!({ "records": records[..2] }));
    assert_eq!(answer.body[1]["success"], true);
}

#[test]
fn too_many_rows_take_the_whole_call_down() {
    let mut client = arranged(|org| {
        for number in 0..60 {
            org.admin().add_public_group(&format!("Group_{number}"));
        }
        org.admin().set_seats("Salesforce", 1_000).unwrap();
    });
    let groups: Vec<Json> =
        (0..60).map(|number| json!({ "kind": "publicGroup", "name": format!("Group_{number}") })).collect();
    let persons: Vec<Json> = (0..170)
        .map(|n| with(newcomer(&n.to_string(), &format!("p{n}@example.com")), json!({ "add": groups })))
        .collect();
    let before = client.org.journal().len();
    let failed = client.accounts_raw(&json!({ "version": 1, "persons": persons }));
    assert_eq!(failed.body[0]["message"], "System.LimitException: Too many DML rows: 10001");
    assert_eq!(client.org.journal().len(), before);
    assert_eq!(client.org.members("Group_0").len(), 0);
}

#[test]
fn faults_strike_it_as_any_call() {
    let mut client = Client::sample();
    let body = json!({ "version": 1, "persons": [newcomer("1", "eva@example.com")] });
    client.org.faults_mut().add(FaultRule::next(Fault::Unavailable).path("/apexrest/"));
    assert_eq!(client.accounts_raw(&body).status, 503);
    assert!(client.org.user("eva@example.com").is_none());
    client.org.faults_mut().add(FaultRule::next(Fault::AnswerLost).method("POST").path("/accounts").body("eva@"));
    let lost = client.raw("POST", ACCOUNTS, body.to_string().into());
    assert!(matches!(lost.outcome, Outcome::AnswerLost));
    assert!(client.org.user("eva@example.com").is_some());
}

#[test]
fn a_held_lock_fails_what_needs_it() {
    let mut client = Client::sample();
    let visser = client.id(Object::User, "k.visser@sample.example");
    client.org.faults_mut().add(FaultRule::next(Fault::MembershipLock).path("/accounts"));
    let told = client.accounts(&[
        newcomer("plain", "one@example.com"),
        with(newcomer("role", "two@example.com"), json!({ "links": { "profile": "Standard User", "role": "IT" } })),
        json!({ "ref": "group", "userId": visser, "fields": { "Title": "Lead" },
                "add": [{ "kind": "publicGroup", "name": "All_Staff" }] }),
    ]);
    assert_eq!(told[0].status("create"), "done");
    assert_eq!(told[1].code("create"), "UNKNOWN_EXCEPTION");
    assert_eq!(
        (told[2].status("field:Title"), told[2].code("add:publicGroup:All_Staff")),
        ("done", "UNKNOWN_EXCEPTION")
    );
    client.org.faults_mut().add(FaultRule::next(Fault::RowLock).path("/accounts"));
    let told = client.account(json!({ "ref": "1", "userId": visser, "fields": { "Title": "Head" } }));
    assert_eq!(told.code("field:Title"), "UNABLE_TO_LOCK_ROW");
}
