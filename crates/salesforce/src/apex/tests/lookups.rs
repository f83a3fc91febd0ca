use domain::{EntitlementKind, EntitlementName, UserField, UserLink};
use ports::Class;
use serde_json::{Value, json};

use super::service::{id, lookup, persons, refusal, service, text};
use crate::directory::Wanted;
use crate::error::SalesforceError;

fn keys(keys: &[(UserField, &str)]) -> Wanted {
    Wanted { user: None, keys: keys.iter().map(|(field, value)| (*field, (*value).to_owned())).collect() }
}

fn user(number: usize, fields: &Value) -> Value {
    json!({"id": id(number), "active": true, "frozen": false, "fields": fields, "profile": "Sales User", "role": null,
        "manager": null, "delegatedApprover": null, "entitlements": []})
}

#[tokio::test]
async fn a_user_is_read_with_all_that_it_is_given() {
    let client = service(|asked| {
        assert_eq!(
            persons(asked),
            [json!({"ref": "0", "userId": id(1), "match": [{"field": "EmployeeNumber", "value": "1"}]})]
        );
        let mut user = user(1, &json!({"LastName": "L", "FederationIdentifier": "Fed-1", "EmployeeNumber": "1"}));
        user["frozen"] = json!(true);
        user["role"] = json!("SalesNL");
        user["manager"] = json!(id(2));
        user["entitlements"] = json!([
            {"kind": "permissionSet", "name": "acme__Reports", "expires": "2027-01-31"},
            {"kind": "permissionSetGroup", "name": "Sales"},
            {"kind": "permissionSetLicense", "name": "Analytics"},
            {"kind": "publicGroup", "name": "Staff"},
            {"kind": "queue", "name": "Hotline"},
            {"kind": "featureLicense", "name": "UserPermissionsMarketingUser"},
        ]);
        lookup(&[user], asked, |_| vec![id(1).to_string()])
    });
    let wanted = Wanted {
        user: Some(id(1)),
        keys: [(UserField::EmployeeNumber, "1"), (UserField::Email, "a\nb"), (UserField::Email, "")]
            .map(|(field, value)| (field, value.to_owned()))
            .into(),
    };
    let found = client.salesforce.lookup(&[wanted]).await.unwrap().remove(0).remove(0);
    assert_eq!(found.matched, None);
    assert_eq!(found.strong_keys.len(), 2);
    let user = found.user;
    assert!(user.active && user.frozen);
    assert_eq!(user.field(UserField::LastName), Some("L"));
    assert_eq!(user.role.as_ref().map(EntitlementName::as_str), Some("SalesNL"));
    assert_eq!(user.links, [(UserLink::Manager, id(2))].into());
    let kinds: Vec<_> = user.several().into_iter().map(|entitlement| entitlement.kind).collect();
    assert_eq!(kinds, EntitlementKind::ALL[2..]);
    let dated = user.assignment(&"permissionSet:acme__Reports".parse().unwrap()).unwrap();
    assert_eq!(dated.expires, Some("2027-01-31".parse().unwrap()));
}

#[tokio::test]
async fn only_whom_salesforce_compares_too_freely_is_left_out_and_the_first_key_counts() {
    let client = service(|asked| {
        let same = json!({"FederationIdentifier": "Fed-1", "Username": "A@sample.example"});
        let users = [user(1, &same), user(2, &json!({"FederationIdentifier": "FED-1"}))];
        lookup(&users, asked, |_| vec![id(1).to_string(), id(2).to_string()])
    });
    let wanted = [
        keys(&[(UserField::FederationIdentifier, "Fed-1"), (UserField::Username, "a@sample.example")]),
        keys(&[(UserField::Username, "a@sample.example")]),
    ];
    let found = client.salesforce.lookup(&wanted).await.unwrap();
    let shown = |place: usize| -> Vec<_> { found[place].iter().map(|c| (c.user.id.clone(), c.matched)).collect() };
    assert_eq!(shown(0), [(id(1), Some(UserField::FederationIdentifier))]);
    assert_eq!(shown(1), [(id(1), Some(UserField::Username))]);
}

#[tokio::test]
async fn nobody_to_look_for_is_no_call() {
    let client = service(|_| panic!("a call for nobody"));
    let nobody = [keys(&[]), keys(&[(UserField::EmployeeNumber, ""), (UserField::Email, "a\0")])];
    assert_eq!(client.salesforce.lookup(&nobody).await.unwrap(), [vec![], vec![]]);
    assert_eq!(client.org.count(|_| true), 0, "not even a log-in");
}

fn thousand() -> Vec<Wanted> {
    (0..1000).map(|number| keys(&[(UserField::EmployeeNumber, &number.to_string())])).collect()
}

#[tokio::test]
async fn a_thousand_persons_cost_two_calls_and_each_gets_its_own() {
    let client = service(|asked| {
        let numbers = persons(asked).iter().map(|person| text(&person["match"][0]["value"]).parse().unwrap());
        let users: Vec<_> = numbers.map(|n: usize| user(n, &json!({"EmployeeNumber": n.to_string()}))).collect();
        lookup(&users, asked, |person| vec![id(text(&person["match"][0]["value"]).parse().unwrap()).to_string()])
    });
    let found = client.salesforce.lookup(&thousand()).await.unwrap();
    for (number, found) in found.iter().enumerate() {
        assert_eq!(found.iter().map(|candidate| candidate.user.id.clone()).collect::<Vec<_>>(), [id(number)]);
    }
    assert_eq!(client.org.count(|asked| !asked.is_login()), 2);
    assert_eq!(client.org.at_once().most, 2);
}

#[tokio::test]
async fn what_is_too_much_for_one_call_is_asked_in_parts() {
    let client = service(|asked| match persons(asked).len() {
        ..=130 => lookup(&[], asked, |_| Vec::new()),
        _ => refusal(500, "APEX_ERROR", "System.LimitException: Too many query rows: 50001"),
    });
    assert_eq!(client.salesforce.lookup(&thousand()).await.unwrap(), vec![Vec::new(); 1000]);
    assert_eq!(client.org.count(|asked| !asked.is_login() && persons(asked).len() <= 130), 8);
}

#[tokio::test]
async fn a_look_up_that_is_refused_is_systemic_without_people_s_keys() {
    let cases = [(400, "INVALID_REQUEST"), (404, "NOT_FOUND"), (403, "INSUFFICIENT_ACCESS"), (500, "APEX_ERROR")];
    for (status, code) in cases {
        let client = service(move |_| refusal(status, code, "about jan.de.vries"));
        let error = client.salesforce.lookup(&thousand()[..1]).await.unwrap_err();
        assert!(matches!(error, SalesforceError::Unusable(_)), "{error:?}");
        assert!(!error.reason().message.contains("vries"), "{:?}", error.reason());
    }
}

#[tokio::test]
async fn an_answer_that_leaves_somebody_out_is_ambiguous() {
    let answers = [
        json!({"version": 1, "persons": [], "users": []}),
        json!({"version": 1, "persons": [{"ref": "0", "users": [id(1)]}], "users": []}),
        json!({"version": 2, "persons": [{"ref": "0", "users": []}], "users": []}),
        json!({"version": 1, "persons": [{"ref": "0", "users": ["005"]}], "users": []}),
        json!([]),
    ];
    for answer in answers {
        let client = service(move |_| crate::testing::answer(200, &answer));
        let error = client.salesforce.lookup(&thousand()[..1]).await.unwrap_err();
        assert_eq!(error.class(), Class::Ambiguous);
    }
}
