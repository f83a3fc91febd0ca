use proptest::prelude::*;
use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn read_as(role: SourceRole, body: &[u8]) -> Result<Vec<Snapshot>, BodyError> {
    let source = SourceName::parse("hr").unwrap();
    parse(body, &Origin { source: &source, role, event: Some("msg_1") }, now())
}

fn read(body: &Value) -> Result<Vec<Snapshot>, BodyError> {
    read_as(SourceRole::Authoritative, body.to_string().as_bytes())
}

fn refused(body: &Value) -> String {
    read(body).unwrap_err().to_string()
}

fn joiner() -> Value {
    json!({ "type": "person.upserted", "timestamp": "2026-03-01T11:59:00Z", "data": {
        "id": "100023", "name": { "givenName": "Jan", "familyName": "Vries" },
        "contracts": [{ "id": "c-1", "startDate": "2026-01-01" }] } })
}

fn leaver() -> Value {
    json!({ "type": "person.removed", "timestamp": "2026-03-01T13:00:00+02:00", "data": { "id": "100024" } })
}

fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = joiner();
    change(&mut event);
    event
}

#[test]
fn one_event_or_several_become_snapshots() {
    let one = read(&joiner()).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!((one[0].person.as_str(), one[0].record.as_str()), ("100023", "100023"));
    assert_eq!(one[0].event.as_deref(), Some("msg_1"));
    assert!(matches!(&one[0].content, SnapshotContent::Person(person) if person.contracts.len() == 1));
    let two = read(&json!([joiner(), leaver()])).unwrap();
    assert_eq!(two[0], one[0]);
    assert_eq!(two[1].content, SnapshotContent::Removed);
    assert_eq!(two[1].observed_at, "2026-03-01T11:00:00Z".parse().unwrap());
}

#[test]
fn a_dependent_source_gives_accounts() {
    let event = json!({ "type": "person.upserted", "timestamp": "2026-03-01T11:59:00Z", "data": {
        "id": "100023", "record": "guid-7", "account": { "mail": "j@example.com", "groups": ["a"] } } });
    let dependent = |event: &Value| read_as(SourceRole::Dependent, event.to_string().as_bytes());
    let snapshots = dependent(&event).unwrap();
    assert_eq!((snapshots[0].person.as_str(), snapshots[0].record.as_str()), ("100023", "guid-7"));
    assert!(matches!(&snapshots[0].content, SnapshotContent::Account(account) if account["mail"] == "j@example.com"));
    assert_eq!(dependent(&leaver()).unwrap()[0].record.as_str(), "100024");
    assert!(dependent(&joiner()).unwrap_err().to_string().contains(": unknown field"));
    assert!(refused(&event).contains(": unknown field"));
    let mut nul = event;
    nul["data"]["account"]["groups"][0] = json!("a\0");
    assert_eq!(dependent(&nul).unwrap_err().to_string(), "data.account.groups: it holds a NUL character");
}

#[test]
fn a_body_that_is_no_event_is_refused() {
    let raw = |body: &[u8]| read_as(SourceRole::Authoritative, body).unwrap_err();
    assert_eq!(raw(b""), BodyError::Empty);
    assert_eq!(raw(b" \r\n"), BodyError::Empty);
    assert_eq!(raw(&vec![b' '; MAX_BYTES + 1]), BodyError::TooLarge { bytes: MAX_BYTES + 1 });
    for not_json in [&b"{"[..], b"hello", b"{\"a\":1}x", b"\xff", b"\"\xc3\x28\"", b"NaN"] {
        assert!(matches!(raw(not_json), BodyError::NotJson(_)), "{not_json:?}");
    }
    for (body, starts) in [
        (json!(null), ".: "),
        (json!(7), ".: "),
        (json!("x"), ".: "),
        (json!({}), ".: missing field"),
        (json!([]), ".: an array holds 1 to 1000 events, not 0"),
        (json!([[]]), "[0]"),
        (json!([null]), "[0]: "),
    ] {
        assert!(refused(&body).starts_with(starts), "{body}: {}", refused(&body));
    }
    assert!(refused(&Value::Array(vec![leaver(); 1001])).ends_with("not 1001"));
    assert_eq!(read(&Value::Array(vec![leaver(); 1000])).unwrap().len(), 1000);
}

#[test]
fn depth_has_a_limit_below_that_of_the_parser() {
    let nested = |levels: usize| {
        let mut value = json!(1);
        for _ in 0..levels {
            value = json!([value]);
        }
        changed(|event| event["data"]["custom"] = json!({ "x": value }))
    };
    // The event, data and custom are three levels.
    assert!(read(&nested(MAX_DEPTH - 3)).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH - 2)).unwrap_err(), BodyError::TooDeep);
    for levels in [127, 128, 200_000] {
        let body = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let error = read_as(SourceRole::Authoritative, body.as_bytes()).unwrap_err();
        let expected = if levels < 128 { BodyError::TooDeep } else { error.clone() };
        assert_eq!(error, expected);
        assert!(levels < 128 || error.to_string().contains("recursion limit"), "{error}");
    }
}

#[test]
fn each_part_of_an_event_is_checked() {
    for (event, starts) in [
        (changed(|e| e["type"] = json!("person.created")), "type: unknown variant"),
        (changed(|e| drop(e.as_object_mut().unwrap().remove("timestamp"))), ".: missing field `timestamp`"),
        (changed(|e| e["timestamp"] = json!("2026-03-01")), "timestamp: "),
        (changed(|e| e["timestamp"] = json!("2026-02-30T00:00:00Z")), "timestamp: "),
        (changed(|e| e["timestamp"] = json!(1_772_366_400)), "timestamp: "),
        (changed(|e| e["timestamp"] = json!("2026-03-01T12:05:01Z")), "timestamp: it is more than 5 minutes ahead"),
        (changed(|e| e["source"] = json!("x")), "source: unknown field"),
        (changed(|e| e["data"] = json!(null)), "data: "),
        (changed(|e| drop(e["data"].as_object_mut().unwrap().remove("id"))), "data: missing field `id`"),
        (changed(|e| drop(e["data"].as_object_mut().unwrap().remove("name"))), "data: missing field `name`"),
        (changed(|e| e["data"]["name"] = json!({})), "data.name: "),
        (changed(|e| e["data"]["id"] = json!("1\n2")), "data.id: not a valid person id: it holds a control character"),
        (changed(|e| e["data"]["name"]["familyName"] = json!("a\0b")), "data.name.familyName: it holds a NUL"),
        (changed(|e| e["data"]["contracts"] = json!("none")), "data.contracts: "),
        (changed(|e| drop(e["data"]["contracts"][0].as_object_mut().unwrap().remove("id"))), "data.contracts[0]: "),
        (changed(|e| e["data"]["contracts"][0]["startDate"] = json!("2025-02-30")), "data.contracts[0].startDate: "),
        (
            changed(|e| e["data"]["contracts"][0]["endDate"] = json!("2025-12-31")),
            "data.contracts[0].endDate: it is before startDate",
        ),
        (changed(|e| e["data"]["contracts"][0]["endDat"] = json!("x")), "data.contracts[0].endDat: unknown field"),
        (changed(|e| e["data"]["custom"] = json!({ "x": "y".repeat(MAX_DATA_BYTES) })), "data: it has more than"),
    ] {
        assert!(refused(&event).starts_with(starts), "{}\n{event}", refused(&event));
    }
    assert!(read(&changed(|e| e["timestamp"] = json!("2026-03-01T12:05:00Z"))).is_ok());
    let mut gone = leaver();
    gone["data"]["record"] = json!("x");
    assert_eq!(refused(&gone), "data.record: only a dependent source has it");
}

#[test]
fn lone_surrogates_are_no_text() {
    for escape in ["\\ud800", "\\udc00", "\\ud800\\u0041"] {
        let body = joiner().to_string().replace("Vries", escape);
        let error = read_as(SourceRole::Authoritative, body.as_bytes()).unwrap_err();
        assert!(matches!(error, BodyError::NotJson(_)), "{escape}: {error}");
    }
    let body = joiner().to_string().replace("Vries", "\\ud83d\\ude00");
    assert!(read_as(SourceRole::Authoritative, body.as_bytes()).is_ok());
}

#[test]
fn ids_that_need_escaping_and_long_names_are_taken() {
    for id in ["o'brien", "a\"b", "x\\y", "50%", "*", "{}", "a b", "名前"] {
        let event = changed(|e| e["data"]["id"] = json!(id));
        assert_eq!(read(&event).unwrap()[0].person.as_str(), id);
    }
    assert!(read(&changed(|e| e["data"]["name"]["familyName"] = json!("x".repeat(120)))).is_ok());
}

#[test]
fn one_bad_event_refuses_all_and_every_problem_is_told() {
    let bad = changed(|e| e["data"]["contracts"][0]["endDate"] = json!("2025-12-31"));
    let body = json!([joiner(), bad, leaver(), changed(|e| e["type"] = json!(1))]);
    let BodyError::Invalid(problems) = read(&body).unwrap_err() else { panic!("invalid") };
    let paths: Vec<_> = problems.told.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["[1].data.contracts[0].endDate", "[3].type"]);
    let many = Value::Array(vec![json!({}); 25]);
    let BodyError::Invalid(problems) = read(&many).unwrap_err() else { panic!("invalid") };
    assert_eq!((problems.told.len(), problems.more), (20, 5));
    assert!(refused(&many).ends_with("; and 5 more"));
}

proptest! {
    #[test]
    fn no_bytes_break_it(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_as(SourceRole::Authoritative, &body);
    }

    #[test]
    fn a_cut_body_is_never_taken(cut in 1usize..200) {
        let body = json!([joiner(), leaver()]).to_string();
        let cut = cut.min(body.len() - 1);
        prop_assert!(read_as(SourceRole::Authoritative, &body.as_bytes()[..body.len() - cut]).is_err());
    }
}
