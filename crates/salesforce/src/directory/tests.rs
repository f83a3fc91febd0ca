use serde_json::{Value, json};

use super::*;
use crate::testing::{answer, client, records};

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
    let asked: Vec<_> = client.org.asked().into_iter().filter(|asked| !asked.is_login()).collect();
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
async fn assignments_come_with_their_own_ids_and_only_for_users_that_matched() {
    let client = client(|asked| match asked.soql().unwrap() {
        soql if soql.contains("FROM User ") => {
            records(&[row(1, &json!({"EmployeeNumber": "1"})), row(2, &json!({"EmployeeNumber": "other"}))])
        }
        soql if soql.contains("FROM PermissionSetAssignment") => {
            assert!(soql.contains(&format!("AssigneeId IN ('{}')", id(1))), "{soql}");
            assert!(soql.contains("PermissionSet.IsOwnedByProfile = false AND PermissionSetGroupId = null"), "{soql}");
            records(&[
                json!({"Id": "0Pa000000000001", "AssigneeId": id(1), "PermissionSet": {"Name": "Console", "NamespacePrefix": "acme"}}),
            ])
        }
        _ => records(&[
            json!({"Id": "011000000000001", "UserOrGroupId": id(1), "Group": {"DeveloperName": "All_Staff"}}),
        ]),
    });
    let found = client.salesforce.lookup(&[wanted(&[(UserField::EmployeeNumber, "1")])]).await.unwrap();
    let assignments: Vec<_> = found[0][0]
        .user
        .assignments
        .iter()
        .map(|assignment| (assignment.entitlement.to_string(), assignment.id.prefix().to_owned()))
        .collect();
    assert_eq!(
        assignments,
        [
            ("permissionSet:acme__Console".to_owned(), "0Pa".to_owned()),
            ("publicGroup:All_Staff".to_owned(), "011".to_owned()),
        ]
    );
    assert_eq!(client.org.count(|asked| asked.soql().is_some()), 3);
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
