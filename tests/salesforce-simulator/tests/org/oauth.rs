//! Tokens: who gets one, who does not, and how they end.

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use salesforce_simulator::{CLIENT_ID, INTEGRATION_USERNAME, Org, TEST_PRIVATE_KEY};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Client, start};

fn assertion(claims: &Json, key: &str) -> String {
    let key = EncodingKey::from_rsa_pem(key.as_bytes()).unwrap();
    encode(&Header::new(Algorithm::RS256), claims, &key).unwrap()
}

fn claims(seconds: i64) -> Json {
    json!({
        "iss": CLIENT_ID,
        "sub": INTEGRATION_USERNAME,
        "aud": "https://login.salesforce.com",
        "exp": start().as_second() + seconds,
    })
}

fn ask(client: &mut Client, assertion: &str) -> Answer {
    client.token(&format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}"))
}

fn refusal(changes: Json) -> (String, String) {
    let mut client = Client::sample();
    let claims = crate::client::with(claims(120), changes);
    let answer = ask(&mut client, &assertion(&claims, TEST_PRIVATE_KEY));
    assert_eq!(answer.status, 400);
    (answer.body["error"].as_str().unwrap().to_owned(), answer.body["error_description"].as_str().unwrap().to_owned())
}

#[test]
fn jwt_bearer_gives_a_token_that_works() {
    let mut client = Client::sample();
    let answer = ask(&mut client, &assertion(&claims(120), TEST_PRIVATE_KEY));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let keys: Vec<&str> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["access_token", "id", "instance_url", "scope", "token_type"]);
    assert_eq!(client.rest("GET", "/limits", Json::Null).status, 200);
}

#[test]
fn claims_are_checked() {
    let invalid = |text: &str| ("invalid_grant".to_owned(), text.to_owned());
    assert_eq!(refusal(json!({ "iss": "nobody" })).0, "invalid_client_id");
    assert_eq!(refusal(json!({ "sub": "nobody@example.com" })), invalid("user hasn't approved this consumer"));
    assert_eq!(refusal(json!({ "sub": "p.bakker@sample.example" })), invalid("user hasn't approved this consumer"));
    assert_eq!(refusal(json!({ "aud": "https://elsewhere.example" })), invalid("Audience validation failed"));
    assert_eq!(refusal(json!({ "aud": "https://test.salesforce.com" })), invalid("Audience validation failed"));
    assert_eq!(refusal(json!({ "exp": start().as_second() })), invalid("authentication failure"));
    assert_eq!(refusal(json!({ "exp": start().as_second() + 181 })), invalid("authentication failure"));
}

#[test]
fn the_window_of_exp_is_a_switch() {
    let mut client = Client::sample();
    let far = assertion(&claims(290), TEST_PRIVATE_KEY);
    assert_eq!(ask(&mut client, &far).status, 400);
    client.org.behaviours_mut().jwt_max_lifetime_s = 300;
    assert_eq!(ask(&mut client, &far).status, 200);
}

#[test]
fn a_changed_assertion_is_refused() {
    let mut client = Client::sample();
    let good = assertion(&claims(120), TEST_PRIVATE_KEY);
    let other = assertion(&claims(100), TEST_PRIVATE_KEY);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (other_head, _) = other.rsplit_once('.').unwrap();
    assert_eq!(ask(&mut client, &format!("{head}.{signature}")).status, 200);
    assert_eq!(ask(&mut client, &format!("{other_head}.{signature}")).status, 400);
    let unsigned = format!("{other_head}.");
    assert_eq!(ask(&mut client, &unsigned).status, 400);
}

#[test]
fn client_credentials_need_the_secret() {
    let mut client = Client::sample();
    let wrong = client.token(&format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret=wrong"));
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.body["error"], "invalid_client");
    assert_eq!(client.token("grant_type=password&username=a&password=b").body["error"], "unsupported_grant_type");
}

#[test]
fn client_credentials_answer_says_when_it_was_issued_and_never_when_it_ends() {
    let mut client = Client::sample();
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={}",
        salesforce_simulator::CLIENT_SECRET
    );
    let body = client.token(&form).body;
    assert_eq!(body["issued_at"], Json::from(start().as_millisecond().to_string()));
    assert!(body.get("expires_in").is_none());
}

#[test]
fn sessions_end_by_idleness_revocation_and_freezing() {
    let mut client = Client::sample();
    client.org.advance(SignedDuration::from_mins(119));
    assert_eq!(client.rest("GET", "/limits", Json::Null).status, 200);
    client.org.advance(SignedDuration::from_mins(119));
    assert_eq!(client.rest("GET", "/limits", Json::Null).status, 200);
    client.org.advance(SignedDuration::from_mins(121));
    let ended = client.rest("GET", "/limits", Json::Null);
    assert_eq!((ended.status, ended.code()), (401, "INVALID_SESSION_ID"));

    client.log_in();
    client.org.expire_tokens();
    assert_eq!(client.scim("GET", "/Users", Json::Null).status, 401);

    client.log_in();
    client.org.admin().set_frozen(INTEGRATION_USERNAME, true).unwrap();
    assert_eq!(client.rest("GET", "/limits", Json::Null).status, 401);
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={}",
        salesforce_simulator::CLIENT_SECRET
    );
    assert_eq!(client.token(&form).body["error_description"], "user is locked");
}

#[test]
fn a_session_works_at_its_own_instance_only() {
    let mut org = Org::sample(start());
    org.set_addresses("https://login.example", "https://instance.example");
    let mut client = Client::of(org);
    assert_eq!(client.get("https://login.example/services/data/v66.0/limits").status, 401);
    client.log_in();
    assert_eq!(client.get("https://instance.example/services/data/v66.0/limits").status, 200);
}

#[test]
fn a_user_logs_in_3600_times_an_hour() {
    let mut client = Client::sample();
    for _ in 1..3_600 {
        client.log_in();
    }
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={}",
        salesforce_simulator::CLIENT_SECRET
    );
    assert_eq!(client.token(&form).body["error_description"], "login rate exceeded");
    client.org.advance(SignedDuration::from_hours(1));
    assert_eq!(client.token(&form).status, 200);
}
