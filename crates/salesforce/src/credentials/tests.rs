use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;

fn parse(secret: &str) -> Result<Credentials, SecretError> {
    Credentials::parse(&SecretName::parse("salesforce").unwrap(), &SecretString::from(secret))
}

fn jwt() -> Value {
    json!({"loginUrl": "https://org.my.salesforce.com", "clientId": "app", "flow": "jwt-bearer",
        "username": "connector@example.com", "privateKey": salesforce_simulator::TEST_PRIVATE_KEY})
}

fn app() -> Value {
    json!({"loginUrl": "https://org.my.salesforce.com/", "clientId": "app", "flow": "client-credentials",
        "clientSecret": "hidden-client-secret"})
}

fn reason(secret: &str) -> String {
    let error = parse(secret).expect_err(secret);
    let SecretError::Malformed { reason, .. } = &error else { panic!("{error:?}") };
    assert!(!format!("{error} {error:?}").contains("hidden"), "{error}");
    reason.clone()
}

#[test]
fn both_flows_are_read() {
    let credentials = parse(&jwt().to_string()).unwrap();
    let Flow::JwtBearer { username, audience, .. } = &credentials.flow else { panic!("{credentials:?}") };
    assert_eq!((username.as_str(), audience.as_str()), ("connector@example.com", "https://org.my.salesforce.com"));
    let mut with_audience = jwt();
    with_audience["audience"] = "https://test.salesforce.com".into();
    let credentials = parse(&with_audience.to_string()).unwrap();
    assert!(matches!(&credentials.flow, Flow::JwtBearer { audience, .. } if audience == "https://test.salesforce.com"));
    let credentials = parse(&app().to_string()).unwrap();
    assert_eq!(credentials.login_url.origin(), "https://org.my.salesforce.com");
}

#[test]
fn nothing_of_a_secret_is_printed() {
    for secret in [jwt(), app()] {
        let shown = format!("{:?}", parse(&secret.to_string()).unwrap());
        assert!(!shown.contains("hidden") && !shown.contains("PRIVATE") && !shown.contains("app\""), "{shown}");
    }
}

#[test]
fn an_error_names_the_field_and_what_is_wrong() {
    for field in ["loginUrl", "clientId", "flow", "username", "privateKey"] {
        let mut secret = jwt();
        secret.as_object_mut().unwrap().remove(field);
        assert_eq!(reason(&secret.to_string()), format!("{field} is missing"));
        secret[field] = "  ".into();
        assert_eq!(reason(&secret.to_string()), format!("{field} is empty"));
        secret[field] = json!({"hidden": 1});
        assert_eq!(reason(&secret.to_string()), format!("{field} is no text"));
    }
    let mut secret = app();
    secret.as_object_mut().unwrap().remove("clientSecret");
    assert_eq!(reason(&secret.to_string()), "clientSecret is missing");
    secret["flow"] = "hidden-password".into();
    assert_eq!(reason(&secret.to_string()), "flow is neither jwt-bearer nor client-credentials");
    for text in ["", "hidden", "[\"hidden\"]", "\"hidden\"", "{\"loginUrl\": \"hidden"] {
        assert_eq!(reason(text), "it is no JSON object", "{text}");
    }
}

#[test]
fn only_a_private_rsa_key_is_taken() {
    let private = salesforce_simulator::TEST_PRIVATE_KEY;
    let half = &private[..private.len() / 2];
    let public = include_str!("../../../../tests/salesforce-simulator/keys/simulator-test.pub.pem");
    for key in ["hidden", "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----", half, public] {
        let mut secret = jwt();
        secret["privateKey"] = key.into();
        assert!(reason(&secret.to_string()).starts_with("privateKey: "), "{key}");
    }
}

#[test]
fn a_token_is_asked_of_https_or_loopback_hosts_only() {
    for good in ["https://org.my.salesforce.com", "http://localhost:8090", "http://127.0.0.1:1", "http://[::1]:8090/"] {
        assert!(LoginUrl::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "http://org.my.salesforce.com",
        "http://localhost.example.com",
        "ftp://localhost",
        "org.my.salesforce.com",
        "https://user:hidden@org.my.salesforce.com",
        "https://org.my.salesforce.com/path",
        "https://org.my.salesforce.com/?q=1",
        "",
    ] {
        assert!(LoginUrl::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_token_goes_to_salesforce_or_where_it_came_from() {
    let login = LoginUrl::parse("https://org.my.salesforce.com").unwrap();
    for good in [
        "https://org.my.salesforce.com",
        "https://ORG.my.salesforce.com/",
        "https://eu1.salesforce.com",
        "https://org--box.sandbox.my.salesforce.com",
        "https://org.my.salesforce.mil",
    ] {
        assert!(login.accept_instance(good).is_some(), "{good}");
    }
    for bad in [
        "https://example.com",
        "https://salesforce.com.example.com",
        "https://notsalesforce.com",
        "http://org.my.salesforce.com",
        "http://localhost:1",
        "https://a:b@org.my.salesforce.com",
        "",
        "/",
    ] {
        assert_eq!(login.accept_instance(bad), None, "{bad}");
    }
    let own = LoginUrl::parse("https://proxy.example.com:8443").unwrap();
    assert_eq!(
        own.accept_instance("https://proxy.example.com:8443/").as_deref(),
        Some("https://proxy.example.com:8443")
    );
    let local = LoginUrl::parse("http://127.0.0.1:8090").unwrap();
    assert!(local.accept_instance("http://localhost:8091").is_some());
    assert_eq!(local.accept_instance("http://example.com"), None);
}
