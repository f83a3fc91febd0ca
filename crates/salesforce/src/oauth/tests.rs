use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use ports::Class;
use serde_json::json;

use crate::testing::{Asked, answer, client, client_with, lost, records, secret, text, token};
use crate::{CallKind, SalesforceError};

const QUERY: &str = "SELECT Id FROM User";

fn expired() -> crate::testing::Answer {
    answer(401, &json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]))
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_log_in_and_one_renewal() {
    let logins = AtomicUsize::new(0);
    let client = client_with(vec![secret("s")], move |asked| {
        if asked.is_login() {
            return token(&format!("t{}", logins.fetch_add(1, Ordering::SeqCst) + 1));
        }
        if asked.token == "Bearer t1" { expired() } else { records(&[]) }
    });
    let answers = join_all((0..20).map(|_| client.salesforce.query(QUERY))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(client.org.count(Asked::is_login), 2);
    assert_eq!(client.org.count(|asked| asked.token == "Bearer t1"), 20);
    assert_eq!(client.salesforce.calls()[&CallKind::Login], 2);
}

#[tokio::test]
async fn a_token_is_kept_until_it_is_rejected() {
    let client = client(|_| records(&[]));
    for _ in 0..5 {
        client.clock.advance(std::time::Duration::from_secs(86_400));
        client.salesforce.query(QUERY).await.unwrap();
    }
    assert_eq!(client.org.count(Asked::is_login), 1);
}

#[tokio::test]
async fn a_fresh_token_that_is_rejected_ends_it() {
    let client = client(|_| expired());
    let error = client.salesforce.query(QUERY).await.err().unwrap();
    assert!(matches!(error, SalesforceError::LoginRefused(_)));
    assert_eq!((client.org.count(Asked::is_login), client.org.count(|asked| !asked.is_login())), (2, 2));
}

#[tokio::test]
async fn every_refusal_of_the_token_endpoint_is_systemic() {
    for (error, description) in [
        ("invalid_grant", "user hasn't approved this consumer"),
        ("invalid_grant", "audience is invalid"),
        ("invalid_grant", "expired access/refresh token"),
        ("invalid_grant", "authentication failure"),
        ("inactive_user", "user is inactive"),
        ("invalid_client_id", "client identifier invalid"),
        ("invalid_client", "invalid client credentials"),
        ("unsupported_grant_type", "grant type not supported"),
    ] {
        let status = if error == "invalid_client" { 401 } else { 400 };
        let client = client_with(vec![secret("hidden")], move |_| {
            answer(status, &json!({"error": error, "error_description": description}))
        });
        let refused = client.salesforce.query(QUERY).await.err().unwrap();
        assert_eq!(refused.class(), Class::Systemic, "{error}");
        assert_eq!(refused.reason().code, error);
        assert_eq!(refused.reason().message, description);
        assert!(matches!(refused, SalesforceError::LoginRefused(_)), "{refused:?}");
        assert_eq!(client.org.asked().len(), 1, "the same secret is not tried twice");
    }
    let client = client_with(vec![secret("s")], |_| {
        answer(403, &json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]))
    });
    let limit = client.salesforce.query(QUERY).await.err().unwrap();
    assert!(matches!(limit, SalesforceError::LimitReached { .. }));
}

#[tokio::test]
async fn an_exchanged_secret_is_read_and_tried_once_more() {
    let client = client_with(vec![secret("old"), secret("new")], |asked| match asked.is_login() {
        true if asked.body.as_str().unwrap().contains("client_secret=new") => token("t"),
        true => answer(400, &json!({"error": "invalid_client", "error_description": "no"})),
        false => records(&[]),
    });
    client.salesforce.query(QUERY).await.unwrap();
    assert_eq!(client.org.count(Asked::is_login), 2);
}

#[tokio::test]
async fn a_refused_log_in_is_not_repeated_at_once() {
    let client = client_with(vec![secret("s")], |_| answer(400, &json!({"error": "invalid_grant"})));
    let errors = join_all((0..10).map(|_| client.salesforce.query(QUERY))).await;
    assert!(errors.iter().all(Result::is_err));
    assert_eq!(client.org.asked().len(), 1);
    client.clock.advance(std::time::Duration::from_secs(11));
    assert!(client.salesforce.query(QUERY).await.is_err());
    assert_eq!(client.org.asked().len(), 2);
}

#[tokio::test]
async fn log_in_answers_that_are_none_are_an_outage_and_a_strange_instance_gets_no_token() {
    for body in [
        "",
        "<html>",
        "{\"access_token\":\"t\"",
        "{\"access_token\":\"t\"}",
        "{\"instance_url\":\"https://a.salesforce.com\"}",
        "[]",
    ] {
        let client = client_with(vec![secret("s")], move |_| text(200, body));
        let error = client.salesforce.query(QUERY).await.err().unwrap();
        assert!(matches!(error, SalesforceError::Unavailable { .. }), "{body}: {error:?}");
    }
    let client = client_with(vec![secret("s")], |_| lost());
    assert!(matches!(client.salesforce.query(QUERY).await, Err(SalesforceError::Unavailable { .. })));
    for url in ["https://evil.example", "http://org.my.salesforce.com", "https://org.my.salesforce.com.evil.example"] {
        let client =
            client_with(vec![secret("s")], move |_| answer(200, &json!({"access_token": "t", "instance_url": url})));
        let error = client.salesforce.query(QUERY).await.err().unwrap();
        assert_eq!((error.reason().code.as_str(), error.class()), ("strange_instance", Class::Systemic), "{url}");
        assert_eq!(client.org.asked().len(), 1);
    }
}

#[tokio::test]
async fn calls_go_to_the_instance() {
    let client = client_with(vec![secret("s")], |asked| match asked.is_login() {
        true => answer(200, &json!({"access_token": "t", "instance_url": "https://elsewhere.my.salesforce.com/"})),
        false => records(&[]),
    });
    client.salesforce.query(QUERY).await.unwrap();
    let hosts: Vec<_> = client.org.asked().into_iter().map(|asked| asked.host).collect();
    assert_eq!(hosts, ["org.my.salesforce.com", "elsewhere.my.salesforce.com"]);
}

#[tokio::test]
async fn the_assertion_is_what_salesforce_demands() {
    let secret = json!({"loginUrl": "https://org.my.salesforce.com", "clientId": "app", "flow": "jwt-bearer",
        "username": "u@example.com", "privateKey": salesforce_simulator::TEST_PRIVATE_KEY});
    let client = client_with(vec![secret], |asked| if asked.is_login() { token("t") } else { records(&[]) });
    client.salesforce.query(QUERY).await.unwrap();
    let body = client.org.asked()[0].body.as_str().unwrap().to_owned();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(fields[0], ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()));
    assert_eq!(fields[1].0, "assertion");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false;
    rules.set_audience(&["https://org.my.salesforce.com"]);
    let key =
        DecodingKey::from_rsa_pem(include_bytes!("../../../../tests/salesforce-simulator/keys/simulator-test.pub.pem"));
    let claims = jsonwebtoken::decode::<serde_json::Value>(&fields[1].1, &key.unwrap(), &rules).unwrap().claims;
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("app"), Some("u@example.com")));
    let now = ports::Clock::now(client.clock.as_ref()).as_second();
    assert!((60..=180).contains(&(claims["exp"].as_i64().unwrap() - now)));
}
