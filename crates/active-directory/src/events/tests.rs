use domain::RecordError;

use super::*;
use crate::definition::tests::definition;
use crate::read::Gone;
use crate::record::tests::record;

const KEY: &str = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2";

fn at() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

fn known(_: &Guid) -> Option<PersonId> {
    PersonId::parse("100023").ok()
}

#[test]
fn an_account_is_sent_as_a_dependent_source_sends_it() {
    let definition = definition("");
    let change = Change::Present(Box::new(record(&[("employeeID", "100023"), ("mail", "j@x")])));
    let Event::Send(body) = event(&definition, &change, at(), |_| None) else { panic!("an event") };
    assert_eq!(body["type"], "person.upserted");
    assert_eq!(body["timestamp"], "2026-01-15T12:00:00Z");
    assert_eq!((&body["data"]["id"], &body["data"]["record"]), (&json!("100023"), &json!(KEY)));
    assert_eq!(body["data"]["account"]["mail"], "j@x");
    let unjoined = Change::Present(Box::new(record(&[("mail", "j@x")])));
    assert_eq!(event(&definition, &unjoined, at(), known), Event::Unjoined(KEY.parse().unwrap()));
}

#[test]
fn who_is_gone_is_told_only_of_those_who_were_known() {
    let definition = definition("");
    let change = Change::Gone { key: KEY.parse().unwrap(), why: Gone::Deleted };
    assert_eq!(event(&definition, &change, at(), |_| None), Event::Nothing);
    let expected = json!({
        "type": "person.removed", "timestamp": "2026-01-15T12:00:00Z", "data": { "id": "100023", "record": KEY },
    });
    assert_eq!(event(&definition, &change, at(), known), Event::Send(expected));
}

#[test]
fn a_directory_that_decides_sends_whole_persons() {
    let definition = definition("where: row.sn != 'Room'\nperson:\n  id: row.key\n  name: { familyName: row.sn }\n");
    let change = |sn: &str| Change::Present(Box::new(record(&[("sn", sn)])));
    let Event::Send(body) = event(&definition, &change("Vries"), at(), known) else { panic!("an event") };
    assert_eq!(body["data"]["id"], KEY);
    assert_eq!(body["data"]["name"]["familyName"], "Vries");
    assert_eq!(event(&definition, &change("Room"), at(), known), Event::Nothing);
    let gone = Change::Gone { key: KEY.parse().unwrap(), why: Gone::OutOfScope };
    let Event::Send(body) = event(&definition, &gone, at(), known) else { panic!("an event") };
    assert_eq!(body["data"], json!({ "id": "100023" }));
    let nameless = Change::Present(Box::new(record(&[("mail", "j@x")])));
    let Event::Refused(_, RecordError { path, .. }) = event(&definition, &nameless, at(), known) else {
        panic!("refused")
    };
    // The name is empty, so it is not there at all.
    assert_eq!(path, ".");
}
