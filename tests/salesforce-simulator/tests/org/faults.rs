//! Faults: what the caller sees, and whether the call took effect.

use bytes::Bytes;
use salesforce_simulator::{Fault, FaultRule, Object, Outcome, Times};
use serde_json::{Value as Json, json};

use crate::client::{Client, read};

fn create_under(fault: Fault) -> (Client, salesforce_simulator::Reply) {
    let mut client = Client::sample();
    client.org.faults_mut().add(FaultRule::next(fault).method("POST").path("/Users").body("eva@example.com"));
    let body = Bytes::from(client.scim_user("eva@example.com").to_string());
    let reply = client.raw("POST", "/services/scim/v2/Users", body);
    (client, reply)
}

#[test]
fn each_fault_shows_itself_and_takes_effect_or_not() {
    for (fault, status, effect) in [
        (Fault::EmptyBody, 201, true),
        (Fault::SessionExpired, 401, false),
        (Fault::LimitExceeded, 403, false),
        (Fault::TooManyRequests(7), 429, false),
        (Fault::UnavailableHtml, 503, false),
        (Fault::Unavailable, 503, false),
        (Fault::BadGateway, 502, false),
        (Fault::BadGatewayAfterEffect, 502, true),
        (Fault::ServerError, 500, false),
        (Fault::ServerErrorAfterEffect, 500, true),
        (Fault::HtmlOk, 200, false),
        (Fault::Delay(1_500), 201, true),
    ] {
        let (client, reply) = create_under(fault.clone());
        let slow = fault == Fault::Delay(1_500);
        assert_eq!(reply.delay.as_millis(), if slow { 1_500 } else { 0 });
        let answer = read(reply);
        assert_eq!(answer.status, status, "{fault:?}");
        assert_eq!(client.org.user("eva@example.com").is_some(), effect, "{fault:?}");
        match fault {
            Fault::TooManyRequests(_) => assert_eq!(answer.headers["retry-after"], "7"),
            Fault::EmptyBody => assert_eq!(answer.body, Json::Null),
            Fault::HtmlOk | Fault::UnavailableHtml => assert!(answer.body.is_string()),
            _ => {}
        }
    }
}

#[test]
fn lost_and_broken_answers() {
    let (client, reply) = create_under(Fault::Refused);
    assert!(matches!(reply.outcome, Outcome::NotConnected));
    assert!(client.org.user("eva@example.com").is_none());
    let (client, reply) = create_under(Fault::AnswerLost);
    assert!(matches!(reply.outcome, Outcome::AnswerLost));
    assert!(client.org.user("eva@example.com").is_some());
    let (client, reply) = create_under(Fault::HalfBody);
    let Outcome::Truncated { answer, length } = reply.outcome else { panic!("{:?}", reply.outcome) };
    assert_eq!(length, answer.body().len() / 2);
    assert!(client.org.user("eva@example.com").is_some());
}

#[test]
fn an_expired_session_is_really_gone() {
    let (mut client, _) = create_under(Fault::SessionExpired);
    assert_eq!(client.scim("GET", "/Me", Json::Null).status, 401);
    client.log_in();
    assert_eq!(client.scim("GET", "/Me", Json::Null).status, 200);
}

#[test]
fn calls_can_be_numbered() {
    let mut client = Client::sample();
    client.org.faults_mut().add(FaultRule::next(Fault::ServerError).call(2));
    let statuses: Vec<u16> = (0..3).map(|_| client.rest("GET", "/limits", Json::Null).status).collect();
    assert_eq!(statuses, [200, 500, 200]);
    assert_eq!(client.org.call_count(), 3);
    assert!(client.org.faults_mut().is_spent());
}

#[test]
fn the_membership_lock_stops_roles_and_groups_only() {
    let mut client = Client::sample();
    client.org.faults_mut().add(FaultRule::next(Fault::MembershipLock).times(Times::Always));
    let id = client.id(Object::User, "p.bakker@sample.example");
    let path = format!("/sobjects/User/{id}");
    assert_eq!(client.rest("PATCH", &path, json!({ "Title": "Lead" })).status, 204);
    let role = client.id(Object::UserRole, "IT");
    let refused = client.rest("PATCH", &path, json!({ "UserRoleId": role }));
    assert_eq!((refused.status, refused.code()), (500, "UNKNOWN_EXCEPTION"));
    assert_eq!(refused.body[0]["message"], "group membership operation already in progress");
    let group = client.id(Object::Group, "All_Staff");
    let refused = client.rest("POST", "/sobjects/GroupMember", json!({ "GroupId": group, "UserOrGroupId": id }));
    assert_eq!(refused.code(), "UNKNOWN_EXCEPTION");
    client.org.faults_mut().clear();
    client.org.faults_mut().add(FaultRule::next(Fault::RowLock));
    assert_eq!(client.rest("PATCH", &path, json!({ "Title": "Head" })).code(), "UNABLE_TO_LOCK_ROW");
    assert_eq!(client.rest("PATCH", &path, json!({ "Title": "Head" })).status, 204);
}
