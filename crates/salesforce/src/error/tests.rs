use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use ports::Class;
use serde_json::json;

use super::*;

fn read(status: u16, body: &str) -> SalesforceError {
    SalesforceError::from_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
}

fn rest(status: u16, code: &str, message: &str, fields: &[&str]) -> SalesforceError {
    read(status, &json!([{"message": message, "errorCode": code, "fields": fields}]).to_string())
}

fn busy(error: &SalesforceError) -> bool {
    matches!(error, SalesforceError::Busy { .. })
}

fn refused(error: &SalesforceError) -> bool {
    matches!(error, SalesforceError::Refused(_)) && error.class() == Class::NeedsPerson
}

fn unavailable(error: &SalesforceError) -> bool {
    matches!(error, SalesforceError::Unavailable { .. }) && error.class() == Class::Systemic
}

type Check = fn(&SalesforceError) -> bool;

#[test]
fn every_known_rest_error_is_sorted() {
    let cases: [(u16, &str, &str, &[&str], Check); 30] = [
        (401, "INVALID_SESSION_ID", "Session gone", &[], |e| matches!(e, SalesforceError::LoginRefused(_))),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", &[], |e| {
            matches!(e, SalesforceError::LimitReached { .. }) && e.class() == Class::Systemic
        }),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", &[], busy),
        (403, "API_DISABLED_FOR_ORG", "No API", &[], |e| matches!(e, SalesforceError::Unusable(_))),
        (410, "UNSUPPORTED_API_VERSION", "Gone", &[], |e| matches!(e, SalesforceError::Unusable(_))),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", &[], busy),
        (500, "UNKNOWN_EXCEPTION", "A Group Membership operation already in progress, wait", &[], busy),
        (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "could not acquire lock", &[], busy),
        (400, "QUERY_TIMEOUT", "too slow", &[], busy),
        (503, "REQUEST_RUNNING_TOO_LONG", "too slow", &[], busy),
        (400, "TOO_MANY_APEX_REQUESTS", "ConcurrentPerOrgApex Limit exceeded", &[], busy),
        (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", &[], refused),
        (400, "DUPLICATE_USERNAME", "Duplicate Username.<br>Somewhere.", &["Username"], |e| {
            taken(e) == Some(UserField::Username)
        }),
        (400, "DUPLICATE_COMM_NICKNAME", "Duplicate Nickname.<br>Here.", &["CommunityNickname"], |e| {
            taken(e) == Some(UserField::CommunityNickname)
        }),
        (
            400,
            "DUPLICATE_VALUE",
            "duplicate value found: FederationIdentifier duplicates value on record with id: 005",
            &[],
            |e| taken(e) == Some(UserField::FederationIdentifier),
        ),
        (
            400,
            "DUPLICATE_VALUE",
            "duplicate value found: <unknown> duplicates value on record with id: 005",
            &[],
            |e| matches!(e, SalesforceError::Taken { what: Taken::Value(None), .. }),
        ),
        (400, "DUPLICATE_VALUE", "Duplicate PermissionSetAssignment", &[], |e| {
            matches!(e, SalesforceError::AssignedAlready(_))
        }),
        (400, "LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded - Sample", &[], refused),
        (400, "INVALID_CROSS_REFERENCE_KEY", "invalid id", &[], refused),
        (400, "MALFORMED_ID", "malformed", &[], refused),
        (400, "REQUIRED_FIELD_MISSING", "Missing: [LastName]", &["LastName"], refused),
        (400, "INVALID_EMAIL_ADDRESS", "Email: no address: jan", &["Email"], refused),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Zone: bad value", &["TimeZoneSidKey"], refused),
        (400, "INVALID_FIELD", "No such column", &[], refused),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "security", &["CompanyName"], refused),
        (
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "T: System.LimitException: Apex CPU time limit exceeded",
            &[],
            |e| matches!(e, SalesforceError::TooMuch(_)) && matches!(e.class(), Class::RetryAfter(_)),
        ),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access", &[], refused),
        (404, "NOT_FOUND", "no resource", &[], refused),
        (500, "APEX_ERROR", "System.NullPointerException", &[], refused),
        (503, "SERVER_UNAVAILABLE", "later", &[], unavailable),
    ];
    for (status, code, message, fields, check) in cases {
        let error = rest(status, code, message, fields);
        assert!(check(&error), "{status} {code} {message}: {error:?}");
    }
    for code in ["ORG_LOCKED", "ORG_IN_MAINTENANCE", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"] {
        assert!(unavailable(&rest(400, code, "", &[])), "{code}");
    }
}

fn taken(error: &SalesforceError) -> Option<UserField> {
    match error {
        SalesforceError::Taken { what, .. } => what.field(),
        _ => None,
    }
}

fn told(error: &SalesforceError) -> (String, String, Vec<String>) {
    match error {
        SalesforceError::Refused(r) | SalesforceError::Form(r) | SalesforceError::Taken { refusal: r, .. } => {
            (r.code.clone(), r.message.clone(), r.fields.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_single_object_form_and_rows_are_read_like_the_array() {
    let body = json!({"message": "Processing/execution error: check the format of it, id 7", "errorCode": "UNKNOWN_EXCEPTION"});
    assert!(matches!(read(500, &body.to_string()), SalesforceError::Form(_)));
    let row = json!({"statusCode": "DUPLICATE_USERNAME", "message": "Duplicate Username.", "fields": ["Username"]});
    let error = from_row(&[row]);
    assert_eq!(taken(&error), Some(UserField::Username));
    assert!(unavailable(&from_row(&[])));
}

#[test]
fn scim_errors_are_read_in_their_odd_form() {
    let scim = |status: u16, detail: &str| {
        let schemas = r#"["urn:ietf:params:scim:api:messages:2.0:Error"]"#;
        read(status, &json!({"schemas": schemas, "detail": detail, "status": status}).to_string())
    };
    let error = scim(409, "REQUIRED_FIELD_MISSING:name.familyName;REQUIRED_FIELD_MISSING:email;");
    let (code, message, fields) = told(&error);
    assert_eq!(code, "REQUIRED_FIELD_MISSING");
    assert!(message.contains("email"), "all problems are told");
    assert_eq!(fields, ["name.familyName"]);
    assert!(refused(&error));

    let error = scim(
        409,
        "Insert failed. First exception on row 0; first error: DUPLICATE_USERNAME, Duplicate Username.<br>Taken, sorry: [Username]",
    );
    let (code, message, fields) = told(&error);
    assert_eq!((code.as_str(), message.as_str()), ("DUPLICATE_USERNAME", "Duplicate Username.<br>Taken, sorry"));
    assert_eq!(fields, ["Username"]);
    assert_eq!(taken(&error), Some(UserField::Username));

    let error = scim(
        409,
        "Update failed. First exception on row 0 with id 005000000000001AAA; first error: FIELD_CUSTOM_VALIDATION_EXCEPTION, No: [A, B]",
    );
    assert_eq!(told(&error).0, "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(told(&error).2, ["A", "B"]);

    assert!(busy(&scim(409, "Insert failed. First exception on row 0; first error: UNABLE_TO_LOCK_ROW, locked: []")));
    for form in [
        "INVALID:externalId_not_available_in_your_organization;",
        "UNSUPPORTED_FIELD:name.middleName;",
        "INVALID:only_a_single_phone_is_allowed",
        "INVALID:user_must_have_only_one_role;",
        "INVALID entitlement id: 0PG000000000001",
        "INVALID: cannot have multiple profiles: (a, b)",
        "INPROPER Operation: Replace",
        "Improper Schema.",
        "MISING PATH",
    ] {
        assert!(matches!(scim(400, form), SalesforceError::Form(_)), "{form}");
    }
    assert_eq!(told(&scim(404, "No such resource")).0, "SCIM_404");
    let text_status = json!({"schemas": ["x"], "detail": "INVALID:text;", "status": "400"});
    assert_eq!(told(&read(400, &text_status.to_string())).0, "INVALID");
    assert_eq!(told(&read(400, r#"{"Errors":[{"description":"Bad thing","code":400}]}"#)).1, "Bad thing");
}

#[test]
fn what_is_no_error_body_is_sorted_by_its_status() {
    for body in ["<html><body>Bad gateway</body></html>", "", "[{\"message\":\"hal", "null", "[]", "[1]", "42", "{}"] {
        for status in [500, 502, 503, 504] {
            assert!(unavailable(&read(status, body)), "{status} {body}");
        }
        assert!(matches!(read(429, body), SalesforceError::LimitReached { .. }), "{body}");
        assert!(matches!(read(401, body), SalesforceError::LoginRefused(_)), "{body}");
    }
    assert!(matches!(read(403, "<html>blocked</html>"), SalesforceError::Unusable(_)));
    assert!(matches!(read(302, ""), SalesforceError::Unusable(_)));
    assert!(busy(&read(409, "{\"schemas\":\"[")), "refused, but the reason is lost: worth another try");
}

#[test]
fn a_wait_that_salesforce_names_is_kept() {
    let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("120"))]);
    let error = SalesforceError::from_answer(StatusCode::TOO_MANY_REQUESTS, &headers, b"");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    let error = SalesforceError::from_answer(StatusCode::SERVICE_UNAVAILABLE, &headers, b"<html>");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
}

#[test]
fn log_texts_hold_codes_and_field_names_only_and_the_record_holds_the_words() {
    let personal = "jan.de.vries@example.com";
    let bodies = [
        json!([{"message": personal, "errorCode": "INVALID_EMAIL_ADDRESS", "fields": ["Email", personal]}]),
        json!([{"message": personal, "errorCode": personal}]),
        json!({"schemas": "[]", "detail": format!("INVALID:{personal};"), "status": 409}),
        json!({"schemas": "[]", "detail": format!("{personal}:{personal};"), "status": 409}),
        json!({"schemas": "[]", "detail": format!("x first error: {personal}, {personal}: [{personal}]"), "status": 409}),
        json!({"error": personal, "error_description": personal}),
        json!({"message": personal, "errorCode": "DUPLICATE_VALUE"}),
        json!([{"message": format!("duplicate value found: {personal} x"), "errorCode": "DUPLICATE_VALUE"}]),
    ];
    for body in bodies {
        for status in [400, 401, 403, 409, 429, 500, 503] {
            let error = read(status, &body.to_string());
            let logged = format!("{error} {error:?}");
            assert!(!logged.contains("vries"), "{logged}");
        }
        let told = read(409, &body.to_string()).reason();
        assert!(told.message.contains(personal), "{told:?}");
        assert!(!told.code.contains("vries"), "{told:?}");
    }
}

#[test]
fn no_body_makes_the_reader_stumble() {
    use proptest::prelude::*;
    let json = any::<Vec<u8>>();
    proptest!(|(body in json, status in 300_u16..600)| {
        let error = SalesforceError::from_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &body);
        prop_assert!(!error.reason().code.is_empty());
    });
    let words = "(Insert failed. |first error: |[A-Z_]{3,9}|[,:;\\[\\] ])*";
    proptest!(|(detail in words)| {
        let body = json!({"detail": detail, "status": 409});
        prop_assert!(!read(409, &body.to_string()).reason().code.is_empty());
    });
}
