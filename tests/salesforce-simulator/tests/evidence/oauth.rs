//! Token answers and refusals.

use salesforce_simulator::{Fault, FaultRule, INTEGRATION_USERNAME};
use serde_json::{Value as Json, json};

use crate::support::{Caller, assertion, credentials, evidence, same_shape};

#[test]
fn tokens() {
    let mut caller = Caller::new();
    let (Some(secret), Some(jwt)) = (evidence("oauth/client_credentials.json"), evidence("oauth/jwt_bearer.json"))
    else {
        return;
    };
    same_shape(&secret["response"]["body"], &caller.grant(&credentials()).body, "client credentials");
    let form = assertion(&caller, &json!({}));
    same_shape(&jwt["response"]["body"], &caller.grant(&form).body, "jwt bearer");
}

#[test]
fn token_errors() {
    let Some(file) = evidence("oauth/errors.json") else { return };
    let known: Vec<&Json> = file["errors"].as_array().unwrap().iter().map(|entry| &entry["body"]).collect();
    let mut caller = Caller::new();
    let mut forms: Vec<String> = [
        json!({ "sub": "p.bakker@sample.example" }),
        json!({ "aud": "https://elsewhere.example" }),
        json!({ "exp": 0 }),
        json!({ "iss": "nobody" }),
    ]
    .iter()
    .map(|changes| assertion(&caller, changes))
    .collect();
    forms.push("grant_type=password".to_owned());
    for form in forms {
        let answer = caller.grant(&form);
        assert_eq!(answer.status, 400);
        assert!(known.contains(&&answer.body), "{}", answer.body);
    }
    caller.org.admin().set_frozen(INTEGRATION_USERNAME, true).unwrap();
    let frozen = caller.grant(&credentials()).body;
    assert!(known.contains(&&frozen), "{frozen}");
    caller.org.admin().deactivate(INTEGRATION_USERNAME).unwrap();
    let inactive = caller.grant(&credentials()).body;
    assert!(known.contains(&&inactive), "{inactive}");
    caller.org.faults_mut().add(FaultRule::next(Fault::LimitExceeded));
    let limited = caller.grant(&credentials()).body;
    same_shape(&file["errors"].as_array().unwrap().last().unwrap()["body"], &limited, "limit at the token endpoint");
}
