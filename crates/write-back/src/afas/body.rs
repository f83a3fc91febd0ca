//! The bodies of AFAS: what an update connector takes, what a GetConnector gives.

use records::write_back::Fields;
use serde_json::{Map, Value, json};

use super::Failure;

/// The person's fields stand in the person within the employee: in the employee itself `EmAd` is something else, to
/// which address payslips go (docs.afas.help, "Employee synchronization with Active Directory"). `MatchPer` 0 finds the
/// person by `BcCo`.
pub(super) fn employee(number: &str, person: &str, fields: &Fields) -> Value {
    let mut written = Map::from_iter([("MatchPer".to_owned(), 0.into()), ("BcCo".to_owned(), person.into())]);
    written.extend(values(fields));
    let person = json!({ "KnPerson": { "Element": { "Fields": written } } });
    json!({ "AfasEmployee": { "Element": { "@EmId": number, "Objects": [person] } } })
}

/// `MtCd` 1 updates; `Nm` is demanded with every update, so the user keeps the description that it has.
pub(super) fn user(code: &str, description: &str, fields: &Fields) -> Value {
    let mut written = Map::from_iter([("MtCd".to_owned(), 1.into()), ("Nm".to_owned(), description.into())]);
    written.extend(values(fields));
    json!({ "KnUser": { "Element": { "@UsId": code, "Fields": written } } })
}

/// An empty text clears a field (docs.afas.help, UpdateConnector).
fn values(fields: &Fields) -> impl Iterator<Item = (String, Value)> + '_ {
    fields.iter().map(|(field, value)| (field.clone(), value.as_deref().unwrap_or_default().into()))
}

/// The rows of a GetConnector's answer.
pub(super) fn rows(answer: &[u8]) -> Result<Vec<Map<String, Value>>, Failure> {
    let document: Value = serde_json::from_slice(answer).map_err(|_| Failure::Unreadable)?;
    let rows = document.get("rows").and_then(Value::as_array).ok_or(Failure::Unreadable)?;
    rows.iter().map(|row| row.as_object().cloned().ok_or(Failure::Unreadable)).collect()
}

/// A column's value as text; `None` for an empty one.
pub(super) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_hold_the_changed_fields_and_nothing_else() {
        let fields =
            Fields::from([("EmAd".to_owned(), Some("jan@example.test".to_owned())), ("MbNr".to_owned(), None)]);
        assert_eq!(
            employee("100023", "1000231", &fields),
            json!({ "AfasEmployee": { "Element": { "@EmId": "100023", "Objects": [{ "KnPerson": { "Element": { "Fields": {
                "MatchPer": 0, "BcCo": "1000231", "EmAd": "jan@example.test", "MbNr": ""
            } } } }] } } })
        );
        let fields = Fields::from([("Upn".to_owned(), Some("jan@example.test".to_owned()))]);
        assert_eq!(
            user("12345.100023", "Vries, Jan", &fields),
            json!({ "KnUser": { "Element": { "@UsId": "12345.100023", "Fields": {
                "MtCd": 1, "Nm": "Vries, Jan", "Upn": "jan@example.test"
            } } } })
        );
    }

    /// Only where the published examples are at hand.
    #[test]
    fn the_bodies_have_the_form_of_the_published_examples() {
        let Some(folder) = std::env::var_os("EVIDENCE_DIR") else { return };
        let read = |name: &str| -> Value {
            let path = std::path::Path::new(&folder).join("afas").join(name);
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let example = read("put_knemployee_email_t4e_shape.json");
        let element = &example["AfasEmployee"]["Element"];
        let person = &element["Objects"][0]["KnPerson"]["Element"]["Fields"];
        let mail = Fields::from([("EmAd".to_owned(), text_of(&person["EmAd"]))]);
        let text = |value: &Value| text_of(value).unwrap();
        assert_eq!(employee(&text(&element["@EmId"]), &text(&person["BcCo"]), &mail), example);
        let example = read("post_knuser_email.json");
        let element = &example["KnUser"]["Element"];
        let mail = Fields::from([("EmAd".to_owned(), text_of(&element["Fields"]["EmAd"]))]);
        assert_eq!(user(&text(&element["@UsId"]), &text(&element["Fields"]["Nm"]), &mail), example);
    }
}
