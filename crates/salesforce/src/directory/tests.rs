use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Asked, Client, answer, client as scripted, description, records};

const MARKETING: &str = "UserPermissionsMarketingUser";

/// The script answers everything but the description of the User object.
fn client(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Client {
    scripted(move |asked| if asked.soql().is_some() { script(asked) } else { description(&[MARKETING]) })
}

fn id(number: u32) -> String {
    SalesforceUserId::parse(&format!("005{number:012}")).unwrap().to_string()
}

fn row(number: u32, fields: &Value) -> Value {
    let mut row = json!({"Id": id(number), "IsActive": true, "Profile": {"Name": "Standard User"}, "UserRole": null});
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    row
}

fn wanted(keys: &[(UserField, &str)]) -> Wanted {
    Wanted { user: None, keys: keys.iter().map(|(field, value)| (*field, (*value).to_owned())).collect() }
}

#[tokio::test]
async fn a_hundred_new_persons_cost_one_query() {
    let client = client(|_| records(&[]));
    let people: Vec<_> = (0..100)
        .map(|n| {
            wanted(&[
                (UserField::FederationIdentifier, &format!("1000{n:02}")),
                (UserField::EmployeeNumber, &format!("1000{n:02}")),
                (UserField::Username, &format!("j.de.vries{n:02}@example.com")),
            ])
        })
        .collect();
    let found = client.salesforce.lookup(&people).await.unwrap();
    assert_eq!(found, vec![Vec::new(); 100]);
    let asked: Vec<_> = client.org.asked().into_iter().filter(|asked| asked.soql().is_some()).collect();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].line < 12_000);
}

#[tokio::test]
async fn more_than_fits_is_asked_in_parts_and_put_together() {
    let client = client(|asked| {
        let soql = asked.soql().unwrap();
        let found = (0..2000).filter(|n| soql.contains(&format!("'Fed-{n:04}'")));
        records(&found.map(|n| row(n, &json!({"FederationIdentifier": format!("Fed-{n:04}")}))).collect::<Vec<_>>())
    });
    let people: Vec<_> =
        (0..2000).map(|n| wanted(&[(UserField::FederationIdentifier, &format!("Fed-{n:04}"))])).collect();
    let found = client.salesforce.lookup(&people).await.unwrap();
    for (n, found) in found.iter().enumerate() {
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].user.id.as_str(), id(u32::try_from(n).unwrap()));
        assert_eq!(found[0].matched, Some(UserField::FederationIdentifier));
    }
    assert!(client.org.asked().iter().all(|asked| asked.line < 12_000));
}

#[tokio::test]
async fn nobody_to_look_for_is_no_call() {
    let client = client(|_| records(&[]));
    let nobody = [wanted(&[]), wanted(&[(UserField::EmployeeNumber, ""), (UserField::EmployeeNumber, "a\nb")])];
    assert_eq!(client.salesforce.lookup(&nobody).await.unwrap(), vec![Vec::new(); 2]);
    assert_eq!(client.org.asked().len(), 0);
}

#[tokio::test]
async fn users_go_to_whom_they_match_and_case_counts_where_it_should() {
    let client = client(|asked| match asked.soql().unwrap() {
        soql if soql.contains("FROM User ") => records(&[
            row(1, &json!({"FederationIdentifier": "fed-a", "Username": "A@Example.com"})),
            row(2, &json!({"EmployeeNumber": "7", "FederationIdentifier": "FED-A", "IsActive": false})),
            row(3, &json!({"EmployeeNumber": "7"})),
        ]),
        _ => records(&[]),
    });
    let by_id = Wanted {
        user: Some(SalesforceUserId::parse(&id(3)).unwrap()),
        keys: vec![(UserField::EmployeeNumber, "7".into())],
    };
    let people = [
        wanted(&[(UserField::FederationIdentifier, "FED-A"), (UserField::Username, "a@example.COM")]),
        by_id,
        wanted(&[(UserField::Username, "nobody@example.com")]),
    ];
    let found = client.salesforce.lookup(&people).await.unwrap();
    let shown = |place: usize| -> Vec<_> {
        found[place].iter().map(|candidate| (candidate.user.id.to_string(), candidate.matched)).collect()
    };
    assert_eq!(shown(0), [(id(1), Some(UserField::Username)), (id(2), Some(UserField::FederationIdentifier))]);
    assert_eq!(shown(1), [(id(2), Some(UserField::EmployeeNumber)), (id(3), None)]);
    assert!(found[2].is_empty());
    let inactive = &found[1][0];
    assert!(!inactive.user.active);
    assert_eq!(inactive.strong_keys.len(), 2);
    let soql = client.org.asked().into_iter().find_map(|asked| asked.soql().map(str::to_owned)).unwrap();
    assert!(soql.contains("WHERE UserType = 'Standard' AND (FederationIdentifier IN ('FED-A')"), "{soql}");
}

#[tokio::test]
async fn all_that_a_user_has_comes_in_one_round_of_queries_and_only_for_users_that_matched() {
    let client = client(|asked| match asked.soql().unwrap() {
        soql if soql.contains("FROM User ") => {
            assert!(soql.contains(MARKETING), "{soql}");
            records(&[
                row(
                    1,
                    &json!({"EmployeeNumber": "1", MARKETING: true, "ManagerId": id(2), "DelegatedApproverId": null}),
                ),
                row(2, &json!({"EmployeeNumber": "other"})),
            ])
        }
        soql => {
            let whose = ["AssigneeId", "UserOrGroupId", "UserId"].map(|column| format!("({column} IN ('{}'))", id(1)));
            assert!(whose.iter().any(|whose| soql.ends_with(whose.as_str())), "{soql}");
            assignments(soql)
        }
    });
    let found = client.salesforce.lookup(&[wanted(&[(UserField::EmployeeNumber, "1")])]).await.unwrap();
    let user = &found[0][0].user;
    let shown: Vec<_> = user
        .assignments
        .iter()
        .map(|found| {
            (found.entitlement.to_string(), found.id.prefix().to_owned(), found.expires.map(|day| day.to_string()))
        })
        .collect();
    let expected = [
        ("permissionSet:acme__Console", "0Pa", None),
        ("permissionSetGroup:Bundle", "0Pa", Some("2026-06-30")),
        ("permissionSetLicense:ConsoleUser", "2LA", None),
        ("publicGroup:All_Staff", "011", None),
        ("queue:Orders", "011", None),
    ];
    assert_eq!(shown, expected.map(|(what, id, day)| (what.to_owned(), id.to_owned(), day.map(str::to_owned))));
    assert!(user.frozen);
    assert_eq!(user.features.iter().map(EntitlementName::as_str).collect::<Vec<_>>(), [MARKETING]);
    assert_eq!(user.links, [(UserLink::Manager, SalesforceUserId::parse(&id(2)).unwrap())].into());
    assert_eq!(client.org.count(|asked| asked.soql().is_some()), 5);
    assert!(client.org.at_once().most >= 4, "the second round is one");
}

fn assignments(soql: &str) -> Answer {
    if soql.contains("FROM UserLogin ") {
        return records(&[json!({"Id": "0Yw000000000001", "UserId": id(1), "IsFrozen": true})]);
    }
    if soql.contains("FROM PermissionSetLicenseAssign ") {
        let licence = json!({"DeveloperName": "ConsoleUser"});
        return records(&[json!({"Id": "2LA000000000001", "AssigneeId": id(1), "PermissionSetLicense": licence})]);
    }
    if soql.contains("FROM PermissionSetAssignment ") {
        assert!(soql.contains("PermissionSet.IsOwnedByProfile = false"), "{soql}");
        let bundle = json!({"Id": "0Pa000000000002", "AssigneeId": id(1), "PermissionSet": {"Name": "Bundle00PG"},
            "PermissionSetGroupId": "0PG000000000001", "PermissionSetGroup": {"DeveloperName": "Bundle"},
            "ExpirationDate": "2026-06-30T23:59:59.000+0000"});
        let again = json!({"Id": "0Pa000000000003", "AssigneeId": id(1), "PermissionSet": {"Name": "Reports"},
            "PermissionSetGroupId": "0PG000000000001", "PermissionSetGroup": {"DeveloperName": "Bundle"}});
        return records(&[
            json!({"Id": "0Pa000000000001", "AssigneeId": id(1), "PermissionSetGroupId": null,
                "PermissionSet": {"Name": "Console", "NamespacePrefix": "acme"}}),
            bundle,
            again,
        ]);
    }
    assert!(soql.contains("FROM GroupMember "), "{soql}");
    records(&[
        json!({"Id": "011000000000001", "UserOrGroupId": id(1), "Group": {"DeveloperName": "All_Staff", "Type": "Regular"}}),
        json!({"Id": "011000000000002", "UserOrGroupId": id(1), "Group": {"DeveloperName": "Orders", "Type": "Queue"}}),
    ])
}

#[tokio::test]
async fn a_feature_that_the_org_lost_breaks_no_look_up() {
    let described = AtomicUsize::new(0);
    let client = scripted(move |asked| match asked.soql() {
        None if described.fetch_add(1, Ordering::SeqCst) == 0 => description(&[MARKETING]),
        None => description(&[]),
        Some(soql) if soql.contains(MARKETING) => {
            answer(400, &json!([{"errorCode": "INVALID_FIELD", "message": "No such column on entity 'User'"}]))
        }
        Some(soql) if soql.contains("FROM User ") => records(&[row(1, &json!({"EmployeeNumber": "1"}))]),
        Some(_) => records(&[]),
    });
    for _ in 0..2 {
        let found = client.salesforce.lookup(&[wanted(&[(UserField::EmployeeNumber, "1")])]).await.unwrap();
        assert!(found[0][0].user.features.is_empty());
    }
    assert_eq!(client.org.count(|asked| asked.path.ends_with("/describe")), 2);
}

#[tokio::test]
async fn a_query_that_salesforce_refuses_is_everybodys_matter_and_repeats_no_keys() {
    let client = client(|_| {
        answer(400, &json!([{"errorCode": "INVALID_FIELD", "message": "SELECT … 'o\\'brien' no such column"}]))
    });
    let error = client.salesforce.lookup(&[wanted(&[(UserField::EmployeeNumber, "o'brien")])]).await.unwrap_err();
    assert_eq!(error.class(), ports::Class::Systemic);
    assert!(!error.reason().message.contains("brien"), "{:?}", error.reason());
}
