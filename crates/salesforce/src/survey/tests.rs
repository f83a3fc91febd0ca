use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Asked, answer, client, records};

fn id(number: u32) -> SalesforceUserId {
    SalesforceUserId::parse(format!("005{number:012}").as_str()).unwrap()
}

fn row(number: u32) -> Value {
    json!({"Id": id(number).as_str(), "IsActive": true, "Username": format!("u{number}@sample.example"),
        "Name": "Somebody", "LastModifiedDate": "2026-05-01T10:00:00.000+0000",
        "LastModifiedBy": {"Username": "admin@sample.example"}, "Profile": {"Name": "Standard User"}})
}

fn set(number: u32, user: u32, name: Option<&str>) -> Value {
    json!({"Id": format!("0Pa{number:012}"), "AssigneeId": id(user).as_str(), "ExpirationDate": null,
        "PermissionSetGroupId": null, "PermissionSet": {"Name": name, "NamespacePrefix": null}})
}

/// Two users; the second is frozen and has a permission set.
fn two(asked: &Asked) -> Answer {
    if asked.path.ends_with("/describe") {
        return answer(200, &json!({ "fields": [] }));
    }
    let soql = asked.soql().unwrap();
    if soql.contains("FROM User ") {
        return records(&[row(1), row(2)]);
    }
    records(&match soql {
        _ if soql.contains("FROM UserLogin") => {
            vec![json!({"UserId": id(2).as_str()}), json!({"UserId": id(3).as_str()})]
        }
        _ if soql.contains("FROM PermissionSetAssignment") => {
            vec![set(1, 2, Some("Reports")), set(2, 3, Some("Reports"))]
        }
        _ => Vec::new(),
    })
}

#[tokio::test]
async fn a_page_is_read_by_ranges_and_rows_of_others_are_passed_over() {
    let client = client(two);
    let page = client.salesforce.survey_page(None).await.unwrap();
    assert_eq!(page.len(), 2);
    assert_eq!((page[0].user.frozen, page[1].user.frozen), (false, true));
    assert_eq!((page[0].user.assignments.len(), page[1].user.assignments.len()), (0, 1));
    assert_eq!(page[1].last_modified, "2026-05-01T10:00:00Z".parse().unwrap());
    assert_eq!(page[1].last_modified_by.as_deref(), Some("admin@sample.example"));
    let range = |column: &str| format!("{column} > '{FIRST}' AND {column} <= '{}'", id(2).as_str());
    for (object, column) in [
        ("UserLogin", "UserId"),
        ("PermissionSetAssignment", "AssigneeId"),
        ("PermissionSetLicenseAssign", "AssigneeId"),
        ("GroupMember", "UserOrGroupId"),
    ] {
        let asked = |asked: &Asked| asked.soql().is_some_and(|soql| soql.contains(&format!("FROM {object} ")));
        assert_eq!(client.org.count(asked), 1, "{object}");
        assert_eq!(client.org.count(|one| asked(one) && one.path.ends_with(&range(column))), 1, "{object}");
    }
}

#[tokio::test]
async fn where_ranges_are_refused_the_users_are_named() {
    let client = client(|asked| {
        let refused = asked.soql().is_some_and(|soql| !soql.contains("FROM User ") && soql.contains(" <= '"));
        if refused {
            let body =
                json!([{"errorCode": "INVALID_QUERY_FILTER_OPERATOR", "message": "invalid operator on id field"}]);
            return answer(400, &body);
        }
        two(asked)
    });
    let page = client.salesforce.survey_page(None).await.unwrap();
    assert_eq!((page[1].user.frozen, page[1].user.assignments.len()), (true, 1));
    let named = format!("AssigneeId IN ('{}','{}')", id(1).as_str(), id(2).as_str());
    assert_eq!(client.org.count(|asked| asked.path.contains(&named)), 2);
}

#[tokio::test]
async fn an_edition_without_permission_set_licences_is_read_all_the_same() {
    let client = client(|asked| {
        if asked.path.contains("FROM PermissionSetLicenseAssign") {
            return answer(400, &json!([{"errorCode": "INVALID_TYPE", "message": "not supported"}]));
        }
        two(asked)
    });
    assert_eq!(client.salesforce.survey_page(None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_whole_is_an_error() {
    let broken: [fn(&Asked) -> Option<Answer>; 5] = [
        |asked| {
            asked.path.contains("FROM GroupMember").then(|| answer(500, &json!([{"errorCode": "X", "message": "m"}])))
        },
        |asked| asked.path.contains("FROM PermissionSetAssignment").then(|| records(&[set(1, 1, None)])),
        |asked| asked.path.contains("FROM User ").then(|| records(&[row(1), json!({"Id": "nobody"})])),
        |asked| {
            let body = json!({"totalSize": 2, "done": false, "records": [row(1)]});
            asked.path.contains("FROM User ").then(|| answer(200, &body))
        },
        |asked| {
            let body = json!({"totalSize": 2, "done": true, "records": [row(1)]});
            asked.path.contains("FROM User ").then(|| answer(200, &body))
        },
    ];
    for (number, broken) in broken.into_iter().enumerate() {
        let client = client(move |asked| broken(asked).unwrap_or_else(|| two(asked)));
        let error = client.salesforce.survey_page(None).await;
        assert!(error.is_err(), "{number}: {error:?}");
    }
}

#[tokio::test]
async fn the_trail_is_asked_for_from_the_moment_on_and_read() {
    let client = client(|asked| {
        assert!(asked.path.contains("WHERE CreatedDate >= 2026-05-31T22:00:00Z ORDER BY"), "{}", asked.path);
        records(&[
            json!({"CreatedDate": "2026-06-01T07:00:00.000+0000", "CreatedBy": {"Username": "a@sample.example"},
                "DelegateUser": null, "Action": "PermSetAssign", "Section": "Manage Users", "Display": "words"}),
            json!({"CreatedDate": "2026-06-01T06:00:00.000+0000", "CreatedBy": null, "Action": "x"}),
        ])
    });
    let since = "2026-05-31T22:00:00.75Z".parse().unwrap();
    let SetUpTrail::Read { changes, complete } = client.salesforce.set_up_changes(since).await.unwrap() else {
        panic!("it may be read")
    };
    assert!(complete);
    assert_eq!(changes[0].at, "2026-06-01T07:00:00Z".parse().unwrap());
    assert_eq!(changes[0].by.as_deref(), Some("a@sample.example"));
    assert_eq!((changes[1].by.as_deref(), changes[1].section.as_deref()), (None, None));
}

#[tokio::test]
async fn a_hidden_trail_is_no_failure_but_an_outage_is() {
    let hidden = client(|_| answer(400, &json!([{"errorCode": "INVALID_TYPE", "message": "not supported"}])));
    let since = "2026-05-31T22:00:00Z".parse().unwrap();
    assert_eq!(hidden.salesforce.set_up_changes(since).await, Ok(SetUpTrail::Hidden));
    let down = client(|_| answer(403, &json!([{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}])));
    assert!(matches!(down.salesforce.set_up_changes(since).await, Err(SalesforceError::Unusable(_))));
}

#[test]
fn what_takes_long_can_be_done_on_any_thread() {
    fn is_send<T: Send>(_: T) {}
    let client = client(two);
    let salesforce = &client.salesforce;
    is_send(salesforce.survey_page(None));
    is_send(salesforce.set_up_changes(Timestamp::UNIX_EPOCH));
    is_send(salesforce.pace(crate::Priority::Bulk));
    is_send(salesforce.usable_administrators());
    is_send(salesforce.own_permissions());
    is_send(salesforce.user_description());
}
