//! The accounts service: making and changing accounts.

use salesforce_simulator::{Api, INTEGRATION_USERNAME, MailReason, Object};
use serde_json::{Value as Json, json};

use crate::accounts_service::{arranged, newcomer};
use crate::client::{Client, with};

const BAKKER: &str = "p.bakker@sample.example";
const VISSER: &str = "k.visser@sample.example";

fn entitlement(kind: &str, name: &str) -> Json {
    json!({ "kind": kind, "name": name })
}

#[test]
fn a_new_user_comes_with_everything_in_one_call() {
    let mut client = Client::sample();
    let manager = client.id(Object::User, BAKKER);
    let person = with(
        newcomer("1", "eva@example.com"),
        json!({
            "links": { "profile": "Standard User", "role": "SalesNL", "manager": manager },
            "frozen": true,
            "add": [
                entitlement("permissionSet", "Sales_Console"),
                entitlement("permissionSetLicense", "SalesConsoleUser"),
                entitlement("permissionSetGroup", "quoting__Quote_Desk"),
                entitlement("publicGroup", "All_Staff"),
                entitlement("queue", "Support_Queue"),
                entitlement("featureLicense", "UserPermissionsKnowledgeUser"),
            ],
            "remove": [entitlement("permissionSet", "Mobile_User")],
        }),
    );
    let told = client.account(person);
    assert_eq!(
        told.all(),
        [
            ("create", "done"),
            ("field:Alias", "done"),
            ("field:Email", "done"),
            ("field:EmailEncodingKey", "done"),
            ("field:LanguageLocaleKey", "done"),
            ("field:LastName", "done"),
            ("field:LocaleSidKey", "done"),
            ("field:TimeZoneSidKey", "done"),
            ("field:Username", "done"),
            ("profile", "done"),
            ("role", "done"),
            ("manager", "done"),
            ("active", "done"),
            ("frozen", "done"),
            ("add:permissionSet:Sales_Console", "done"),
            ("add:permissionSetLicense:SalesConsoleUser", "done"),
            ("add:permissionSetGroup:quoting__Quote_Desk", "done"),
            ("add:publicGroup:All_Staff", "done"),
            ("add:queue:Support_Queue", "done"),
            ("add:featureLicense:UserPermissionsKnowledgeUser", "done"),
            ("remove:permissionSet:Mobile_User", "already"),
        ]
    );
    assert_eq!(told.0["created"], true);
    let user = client.org.user("eva@example.com").unwrap();
    assert_eq!(user.id.as_str(), told.user());
    assert!(user.active && user.frozen);
    assert_eq!((user.role.as_deref(), user.manager.as_deref()), (Some("SalesNL"), Some(BAKKER)));
    assert!(
        user.permission_sets.contains("Sales_Console") && user.permission_set_groups.contains("quoting__Quote_Desk")
    );
    assert!(user.groups.contains("All_Staff") && user.queues.contains("Support_Queue"));
    assert!(user.feature_licences.contains("UserPermissionsKnowledgeUser"));
    let me = client.org.user(INTEGRATION_USERNAME).unwrap().id;
    assert!(client.org.journal().iter().all(|entry| entry.by.api == Api::Apex && entry.by.user == me));
    assert_eq!(client.org.call_count(), 1);
    assert!(client.org.mails().is_empty());
}

#[test]
fn doing_it_twice_is_doing_it_once() {
    let mut client = Client::sample();
    let person = with(
        newcomer("1", "eva@example.com"),
        json!({
            "match": [{ "field": "Username", "value": "EVA@example.com" }],
            "add": [entitlement("permissionSet", "Mobile_User"), entitlement("publicGroup", "All_Staff")],
            "remove": [entitlement("queue", "Orders_Queue")],
            "frozen": false,
        }),
    );
    let first = client.account(person.clone());
    let entries = client.org.journal().len();
    let second = client.account(person);
    assert_eq!(second.user(), first.user());
    assert_eq!((&first.0["created"], &second.0["created"]), (&json!(true), &json!(false)));
    assert!(second.all().iter().all(|(_, status)| *status == "already"), "{second:?}");
    assert_eq!(client.org.journal().len(), entries);
}

#[test]
fn one_of_the_keys_leads_to_the_user_who_is_there() {
    let mut client = Client::sample();
    let person = json!({
        "ref": "1",
        "match": [{ "field": "FederationIdentifier", "value": "none" }, { "field": "EmployeeNumber", "value": "900001" }],
        "fields": { "Title": "Lead", "Department": "Sales" },
    });
    let told = client.account(person);
    assert_eq!(told.user(), client.id(Object::User, BAKKER));
    assert_eq!(told.all(), [("create", "already"), ("field:Department", "already"), ("field:Title", "done")]);
    client.org.admin().set(VISSER, "EmployeeNumber", "900001").unwrap();
    let told = client.account(json!({
        "ref": "1", "match": [{ "field": "EmployeeNumber", "value": "900001" }], "fields": { "Title": "Head" },
        "links": { "profile": "Standard User" }, "add": [entitlement("permissionSet", "Mobile_User")],
    }));
    assert_eq!(told.code("create"), "SEVERAL_USERS");
    assert_eq!(told.status("field:Title"), "skipped");
    assert_eq!(told.status("add:permissionSet:Mobile_User"), "skipped");
    assert_eq!(told.0["userId"], Json::Null);
}

#[test]
fn a_change_says_what_it_changed() {
    let mut client = arranged(|org| {
        org.admin().assign(BAKKER, Object::PermissionSet, "Mobile_User").unwrap();
        org.admin().set_role(BAKKER, Some("SalesNL")).unwrap();
    });
    let id = client.id(Object::User, BAKKER);
    let told = client.account(json!({
        "ref": "1",
        "userId": &id[..15],
        "fields": { "Title": null, "Department": null, "Username": "P.BAKKER@sample.example" },
        "links": { "role": null, "profile": "sales user" },
        "active": true,
        "frozen": true,
        "add": [entitlement("permissionSet", "Report_Builder")],
        "remove": [entitlement("permissionSet", "Mobile_User"), entitlement("permissionSetGroup", "Sales_Bundle")],
    }));
    assert_eq!(
        told.all(),
        [
            ("field:Department", "done"),
            ("field:Title", "already"),
            ("field:Username", "already"),
            ("profile", "done"),
            ("role", "done"),
            ("active", "already"),
            ("frozen", "done"),
            ("add:permissionSet:Report_Builder", "done"),
            ("remove:permissionSet:Mobile_User", "done"),
            ("remove:permissionSetGroup:Sales_Bundle", "already"),
        ]
    );
    assert_eq!(told.user(), id);
    let user = client.org.user(BAKKER).unwrap();
    assert_eq!((user.profile.as_str(), user.role.as_deref(), user.text("Department")), ("Sales User", None, ""));
    assert_eq!(user.permission_sets.iter().collect::<Vec<_>>(), ["Report_Builder"]);
}

#[test]
fn one_persons_failure_touches_no_other() {
    let mut client = Client::sample();
    let told = client.accounts(
        &[
            newcomer("good", "one@example.com"),
            with(newcomer("bad", "two@example.com"), json!({ "add": [entitlement("permissionSet", "Mobile_User")] })),
            newcomer("taken", BAKKER),
            json!({ "ref": "gone", "userId": "005000000000000AAA", "active": false, "frozen": true }),
            json!({ "ref": "no profile", "fields": { "LastName": "X" }, "active": true }),
            with(
                newcomer("unknown profile", "six@example.com"),
                json!({ "links": { "profile": "Standard Usr", "role": "IT" } }),
            ),
            with(
                newcomer("also good", "seven@example.com"),
                json!({ "links": { "profile": "Standard User", "role": "Nowhere" } }),
            ),
        ]
        .map(|mut person| {
            if person["ref"] == "bad" {
                person["fields"]["Alias"] = json!("much too long");
            }
            person
        }),
    );
    assert_eq!(told[0].status("create"), "done");
    assert_eq!((told[1].code("create"), told[1].code("field:LastName")), ("STRING_TOO_LONG", "STRING_TOO_LONG"));
    assert_eq!(told[1].status("add:permissionSet:Mobile_User"), "skipped");
    assert_eq!((told[2].code("create"), &told[2].0["userId"]), ("DUPLICATE_USERNAME", &Json::Null));
    assert_eq!(told[3].code("active"), "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(told[3].code("frozen"), "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!((told[4].code("create"), told[4].status("active")), ("PROFILE_MISSING", "skipped"));
    assert_eq!((told[5].code("create"), told[5].code("profile")), ("UNKNOWN_NAME", "UNKNOWN_NAME"));
    assert_eq!(told[5].status("role"), "skipped");
    assert_eq!((told[6].code("role"), told[6].status("create")), ("UNKNOWN_NAME", "done"));
    assert_eq!(client.org.users().iter().filter(|user| user.username.ends_with("@example.com")).count(), 2);
}

#[test]
fn the_first_free_candidate_is_taken() {
    let mut client = arranged(|org| org.admin().add_foreign_username("eva2@example.com"));
    client.made("eva@example.com");
    let person = |reference: &str| {
        let mut person = newcomer(reference, "x@example.com");
        person["fields"].as_object_mut().unwrap().remove("Username");
        person["candidates"] = json!({
            "Username": ["Eva@example.com", "eva2@example.com", "eva3@example.com", "eva4@example.com"],
            "CommunityNickname": ["eva", "eva-2"],
        });
        person
    };
    let told = client.accounts(&[person("first"), person("second")]);
    // The second candidate is taken in another org, which shows only when Salesforce refuses it.
    assert_eq!(told[0].0["given"], json!({ "Username": "eva4@example.com", "CommunityNickname": "eva" }));
    assert_eq!(told[1].0["given"], json!({ "Username": "eva3@example.com", "CommunityNickname": "eva-2" }));
    let id = told[0].user().to_owned();
    let again = client.account(with(person("again"), json!({ "userId": id })));
    assert_eq!((again.status("field:Username"), again.status("field:CommunityNickname")), ("already", "already"));
    assert_eq!(again.0["given"], told[0].0["given"]);
    let mut person = person("none left");
    person["candidates"].as_object_mut().unwrap().remove("CommunityNickname");
    let none = client.account(person);
    assert_eq!((none.code("create"), none.code("field:Username")), ("DUPLICATE_USERNAME", "DUPLICATE_USERNAME"));
    assert_eq!(none.0["given"], json!({}));
}

#[test]
fn there_are_two_rounds_and_no_third() {
    let mut client = arranged(|org| {
        for number in 1..3 {
            org.admin().add_foreign_username(&format!("eva{number}@example.com"));
        }
    });
    let mut person = newcomer("1", "x@example.com");
    person["fields"].as_object_mut().unwrap().remove("Username");
    person["candidates"] = json!({ "Username": ["eva1@example.com", "eva2@example.com", "eva3@example.com"] });
    let told = client.account(person.clone());
    assert_eq!(told.code("field:Username"), "DUPLICATE_USERNAME");
    assert!(client.org.user("eva3@example.com").is_none());
}

#[test]
fn seats_and_licences_are_the_orgs_own() {
    let mut client = arranged(|org| {
        org.admin().set_seats("Salesforce", 6).unwrap();
        org.admin().set_seats("UserPermissionsSFContentUser", 0).unwrap();
        org.admin().set_seats("AnalyticsPlus", 0).unwrap();
    });
    let told = client.accounts(&[newcomer("1", "one@example.com"), newcomer("2", "two@example.com")]);
    assert_eq!(told[0].status("create"), "done");
    assert_eq!(told[1].code("create"), "LICENSE_LIMIT_EXCEEDED");
    let id = client.id(Object::User, BAKKER);
    let told = client.account(json!({
        "ref": "1", "userId": id,
        "fields": { "Title": "Lead" },
        "add": [
            entitlement("featureLicense", "UserPermissionsSFContentUser"),
            entitlement("featureLicense", "UserPermissionsWirelessUser"),
            entitlement("permissionSetLicense", "AnalyticsPlus"),
            entitlement("permissionSet", "Analytics_Explorer"),
            entitlement("permissionSetGroup", "Analytics_Bundle"),
            entitlement("publicGroup", "Support_Queue"),
            entitlement("permissionSet", "Sales_Bundle"),
        ],
    }));
    assert_eq!(told.code("add:featureLicense:UserPermissionsSFContentUser"), "LICENSE_LIMIT_EXCEEDED");
    // It is a part of the record, which was refused as a whole.
    assert_eq!(told.code("field:Title"), "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(told.code("add:featureLicense:UserPermissionsWirelessUser"), "UNKNOWN_NAME");
    assert_eq!(told.code("add:permissionSetLicense:AnalyticsPlus"), "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(told.code("add:permissionSet:Analytics_Explorer"), "FIELD_INTEGRITY_EXCEPTION");
    assert_eq!(told.code("add:permissionSetGroup:Analytics_Bundle"), "FIELD_INTEGRITY_EXCEPTION");
    // A queue is no public group, and a group's own permission set is not given by itself.
    assert_eq!(told.code("add:publicGroup:Support_Queue"), "UNKNOWN_NAME");
    assert_eq!(told.code("add:permissionSet:Sales_Bundle"), "UNKNOWN_NAME");
}

#[test]
fn licences_go_after_the_permission_sets_that_need_them() {
    let mut client = arranged(|org| {
        org.admin().assign(BAKKER, Object::PermissionSetLicense, "SalesConsoleUser").unwrap();
        org.admin().assign(BAKKER, Object::PermissionSet, "Sales_Console").unwrap();
    });
    let id = client.id(Object::User, BAKKER);
    let licence = entitlement("permissionSetLicense", "SalesConsoleUser");
    let refused = client.account(json!({ "ref": "1", "userId": id, "remove": [licence] }));
    assert_eq!(refused.code("remove:permissionSetLicense:SalesConsoleUser"), "FIELD_INTEGRITY_EXCEPTION");
    let set = entitlement("permissionSet", "Sales_Console");
    let told = client.account(json!({ "ref": "1", "userId": id, "remove": [licence, set] }));
    assert!(told.all().iter().all(|(_, status)| *status == "done"), "{told:?}");
}

#[test]
fn an_assignment_ends_with_its_last_day() {
    let mut client = Client::sample();
    let id = client.id(Object::User, BAKKER);
    let add = |client: &mut Client, expires: Json| {
        let mut wanted = entitlement("permissionSet", "Mobile_User");
        if !expires.is_null() {
            wanted["expires"] = expires;
        }
        let told = client.account(json!({ "ref": "1", "userId": id, "add": [wanted] }));
        told.status("add:permissionSet:Mobile_User").to_owned()
    };
    assert_eq!(add(&mut client, json!("2026-03-31")), "done");
    assert_eq!(add(&mut client, json!("2026-03-31")), "already");
    assert_eq!(client.shown(BAKKER)["entitlements"][0]["expires"], "2026-03-31");
    assert_eq!(add(&mut client, json!("2026-04-30")), "done");
    assert_eq!(add(&mut client, Json::Null), "already");
    let view = client.org.user(BAKKER).unwrap();
    assert_eq!(view.expirations["Mobile_User"], "2026-04-30T23:59:59Z".parse().unwrap());
    client.org.set_now("2026-05-01T00:00:00Z".parse().unwrap());
    assert!(client.org.user(BAKKER).unwrap().permission_sets.is_empty());
}

#[test]
fn leavers_and_blocked_users() {
    let mut client = arranged(|org| {
        let reason = "You cannot deactivate the Default Workflow User";
        org.admin().block_deactivation(BAKKER, reason).unwrap();
    });
    let [bakker, visser, me] = [BAKKER, VISSER, INTEGRATION_USERNAME].map(|username| client.id(Object::User, username));
    let leaver = |reference: &str, id: &str| json!({ "ref": reference, "userId": id, "active": false, "frozen": true });
    let told = client.accounts(&[
        leaver("blocked", &bakker),
        leaver("plain", &visser),
        json!({ "ref": "me", "userId": me, "frozen": true }),
    ]);
    assert_eq!((told[0].code("active"), told[0].status("frozen")), ("FIELD_INTEGRITY_EXCEPTION", "done"));
    assert_eq!((told[1].status("active"), told[1].status("frozen")), ("done", "done"));
    assert_eq!(told[2].code("frozen"), "CANNOT_FREEZE_SELF");
    let user = client.org.user(BAKKER).unwrap();
    assert!(user.active && user.frozen);
    let back = client.account(json!({ "ref": "back", "userId": visser, "active": true, "frozen": false }));
    assert_eq!((back.status("active"), back.status("frozen")), ("done", "done"));
}

#[test]
fn a_welcome_goes_to_new_active_users_when_asked_for() {
    let mut client = Client::sample();
    let visser = client.id(Object::User, VISSER);
    let body = json!({
        "version": 1,
        "options": { "sendWelcomeMail": true },
        "persons": [
            newcomer("1", "one@example.com"),
            with(newcomer("2", "two@example.com"), json!({ "active": false })),
            { "ref": "3", "userId": visser, "fields": { "Title": "Lead" } },
        ],
    });
    let told = client.accounts_with(&body);
    let mails = client.org.mails();
    assert_eq!((mails.len(), mails[0].user.as_str(), mails[0].reason), (1, told[0].user(), MailReason::Welcome));
}
