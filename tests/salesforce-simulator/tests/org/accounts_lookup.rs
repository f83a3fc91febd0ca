//! The accounts service: who is calling, and looking users up.

use salesforce_simulator::{INTEGRATION_USERNAME, Object, Org};
use serde_json::{Value as Json, json};

use crate::accounts_service::{arranged, check};
use crate::client::Client;

const BAKKER: &str = "p.bakker@sample.example";

#[test]
fn it_says_who_is_calling_and_whether_it_may() {
    let mut client = Client::sample();
    let me = client.id(Object::User, INTEGRATION_USERNAME);
    let path = "/services/apexrest/connector/v1/accounts";
    let answer = client.get(path);
    check("serviceAnswer", &answer.body);
    assert_eq!(answer.body, json!({ "version": 1, "caller": me, "permitted": true }));
    assert!(answer.headers["sforce-limit-info"].to_str().unwrap().starts_with("api-usage="));
    client
        .org
        .admin()
        .set_custom_permission(Object::Profile, "Provisioning Integration", "Connector_Manage_Accounts", false)
        .unwrap();
    let answer = client.get(path);
    check("serviceAnswer", &answer.body);
    assert_eq!(answer.body["permitted"], false);
    let refused = client.lookup_raw(&json!({ "version": 1, "persons": [] }));
    assert_eq!((refused.status, refused.code()), (403, "INSUFFICIENT_ACCESS"));
    let refused = client.accounts_raw(&json!({ "version": 1, "persons": [] }));
    assert_eq!((refused.status, refused.code()), (403, "INSUFFICIENT_ACCESS"));
    // A permission set gives it as well as a profile.
    client
        .org
        .admin()
        .set_custom_permission(Object::PermissionSet, "Mobile_User", "Connector_Manage_Accounts", true)
        .unwrap();
    client.org.admin().assign(INTEGRATION_USERNAME, Object::PermissionSet, "Mobile_User").unwrap();
    assert_eq!(client.get(path).body["permitted"], true);
    assert_eq!(client.org.calls()["apex GET accounts"], 3);
}

#[test]
fn an_org_without_it_has_no_such_address() {
    let mut client = arranged(|org| org.install_accounts_service(false));
    let refused = client.get("/services/apexrest/connector/v1/accounts");
    assert_eq!(refused.status, 404);
    assert_eq!(refused.body, json!([{ "errorCode": "NOT_FOUND", "message": "Could not find a match for URL" }]));
    client.org.install_accounts_service(true);
    assert_eq!(client.get("/services/apexrest/connector/v1/accounts").status, 200);
    assert_eq!(client.get("/services/apexrest/connector/v2/accounts").status, 404);
    assert_eq!(client.get("/services/apexrest/connector/v1/lookup").status, 405);
    assert_eq!(client.call("PUT", "/services/apexrest/connector/v1/accounts", json!({})).status, 405);
}

#[test]
fn a_user_is_shown_with_all_that_it_was_given() {
    let mut client = arranged(|org| {
        let mut admin = org.admin();
        admin.set(BAKKER, "FederationIdentifier", "F-1").unwrap();
        admin.set_role(BAKKER, Some("SalesNL")).unwrap();
        admin.set_manager(BAKKER, Some("k.visser@sample.example")).unwrap();
        admin.set_frozen(BAKKER, true).unwrap();
        admin.set_feature(BAKKER, "UserPermissionsMarketingUser", true).unwrap();
        for (object, name) in [
            (Object::PermissionSetLicense, "SalesConsoleUser"),
            (Object::PermissionSet, "Sales_Console"),
            (Object::PermissionSet, "quoting__Quote_Author"),
            (Object::PermissionSetGroup, "Sales_Bundle"),
            (Object::Group, "All_Staff"),
            (Object::Group, "Support_Queue"),
        ] {
            admin.assign(BAKKER, object, name).unwrap();
        }
        let end = "2026-07-01T00:00:00Z".parse().unwrap();
        admin.assign_until(BAKKER, Object::PermissionSetGroup, "quoting__Quote_Desk", end).unwrap();
    });
    let shown = client.shown(BAKKER);
    assert_eq!((&shown["active"], &shown["frozen"]), (&json!(true), &json!(true)));
    assert_eq!((&shown["profile"], &shown["role"]), (&json!("Standard User"), &json!("SalesNL")));
    assert_eq!(shown["manager"], client.id(Object::User, "k.visser@sample.example"));
    assert_eq!(shown["delegatedApprover"], Json::Null);
    assert_eq!(shown["fields"]["FederationIdentifier"], "F-1");
    assert_eq!(shown["fields"]["Department"], "Sales");
    assert!(shown["fields"].get("Title").is_none());
    let mut entitlements: Vec<String> = shown["entitlements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", text("kind"), text("name"), text("expires"))
        })
        .collect();
    entitlements.sort();
    assert_eq!(
        entitlements,
        [
            "featureLicense UserPermissionsMarketingUser -",
            "permissionSet Sales_Console -",
            "permissionSet quoting__Quote_Author -",
            "permissionSetGroup Sales_Bundle -",
            "permissionSetGroup quoting__Quote_Desk 2026-06-30",
            "permissionSetLicense SalesConsoleUser -",
            "publicGroup All_Staff -",
            "queue Support_Queue -",
        ]
    );
}

#[test]
fn a_lookup_finds_by_id_and_by_any_key() {
    let mut client = arranged(|org| {
        org.admin().set(BAKKER, "FederationIdentifier", "Fed-1").unwrap();
    });
    let [bakker, visser, admin] = [BAKKER, "k.visser@sample.example", "administrator@sample.example"]
        .map(|username| client.id(Object::User, username));
    let cloud = client.rows("SELECT Id FROM User WHERE UserType = 'CloudIntegrationUser'")[0]["Id"].clone();
    let body = client.look_up(&json!([
        { "ref": "short id", "userId": &bakker[..15] },
        { "ref": "any case", "match": [{ "field": "Username", "value": "P.Bakker@Sample.example" }] },
        { "ref": "federation", "match": [{ "field": "FederationIdentifier", "value": "Fed-1" }] },
        { "ref": "other case", "match": [{ "field": "FederationIdentifier", "value": "fed-1" }] },
        { "ref": "both", "userId": admin, "match": [{ "field": "EmployeeNumber", "value": "900002" },
                                                    { "field": "Email", "value": "nobody@sample.example" }] },
        { "ref": "nobody", "userId": "005000000000000AAA", "match": [{ "field": "Username", "value": "no@one.example" }] },
        { "ref": "of the platform", "userId": cloud },
        { "ref": "nothing asked" },
    ]));
    let users = |place: usize| body["persons"][place]["users"].clone();
    assert_eq!([users(0), users(1), users(2)], [json!([bakker]), json!([bakker]), json!([bakker])]);
    assert_eq!(users(3), json!([]), "somebody else");
    let mut both = vec![admin.clone(), visser.clone()];
    both.sort();
    assert_eq!(users(4), json!(both));
    assert_eq!([users(5), users(6), users(7)], [json!([]), json!([]), json!([])]);
    let mut ids: Vec<&str> =
        body["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut all = [bakker.as_str(), visser.as_str(), admin.as_str()];
    all.sort_unstable();
    assert_eq!(ids, all);
}

#[test]
fn an_org_that_lacks_a_feature_does_not_show_it() {
    let mut client = arranged(|org| {
        org.admin().set_feature(BAKKER, "UserPermissionsMarketingUser", true).unwrap();
        org.admin().remove_feature_licence("UserPermissionsMarketingUser").unwrap();
    });
    assert_eq!(client.shown(BAKKER)["entitlements"], json!([]));
}

#[test]
fn it_is_one_call_of_the_allowance() {
    let mut client = Client::of({
        let mut org = Org::sample(crate::client::start());
        org.set_daily_api_limit(2);
        org
    });
    let body = json!({ "version": 1, "persons": [] });
    assert_eq!(client.lookup_raw(&body).headers["sforce-limit-info"], "api-usage=1/2");
    assert_eq!(client.accounts_raw(&body).headers["sforce-limit-info"], "api-usage=2/2");
    let refused = client.accounts_raw(&body);
    assert_eq!((refused.status, refused.code()), (403, "REQUEST_LIMIT_EXCEEDED"));
}
