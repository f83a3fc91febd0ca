//! The update connectors KnEmployee and KnUser, which change the rows of the GetConnector with the employees. Facts:
//! docs.afas.help, UpdateConnector and troubleshooting; that an unchanged value and one that is not unique are refused:
//! comments in Tools4ever's public AFAS connectors. With which number they are, and what an unknown field is answered,
//! is not known: the emulator answers as to any value that it does not take.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::{State, refused};
use crate::request::{empty, json};

/// The GetConnector whose rows are changed.
const EMPLOYEES: &str = "T4E_HelloID_Users_v2";
const DOES_NOT_EXIST: i64 = -2147220469;
/// The same for what is not authorised and for what is not taken.
const REJECTED: i64 = -2147180996;

/// An update connector: where its record is in the body, and the columns of its fields.
struct Update {
    element: Value,
    key_column: &'static str,
    columns: &'static [(&'static str, &'static str)],
}

pub(super) fn update(state: &mut State, name: &str, body: &[u8]) -> Response<Bytes> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return json(400, &json!({ "message": "Invalid json" }));
    };
    if !state.updates.iter().any(|allowed| allowed == name) {
        return refused("Deze UpdateConnector wordt niet ondersteund of de gebruiker is niet geautoriseerd.", REJECTED);
    }
    let (key, update) = match name {
        "KnEmployee" => {
            let element = &body["AfasEmployee"]["Element"];
            let objects = &element["Objects"];
            // AFAS's own examples have both a list and a group.
            let person = if objects.is_array() { &objects[0]["KnPerson"] } else { &objects["KnPerson"] };
            let update = Update {
                element: person["Element"]["Fields"].clone(),
                key_column: "Medewerker",
                columns: &[
                    ("EmAd", "Email_werk"),
                    ("EmailPortal", "Email_portal"),
                    ("TeNr", "Telefoonnr_werk"),
                    ("MbNr", "Mobielnr_werk"),
                ],
            };
            (element["@EmId"].clone(), update)
        }
        _ => {
            let element = &body["KnUser"]["Element"];
            let update = Update {
                element: element["Fields"].clone(),
                key_column: "Gebruiker",
                columns: &[("EmAd", "Email_werk_gebruiker"), ("Upn", "UPN"), ("Nm", "DisplayName")],
            };
            (element["@UsId"].clone(), update)
        }
    };
    let answer = write(state, name, &key, &update);
    if let Ok(changed) = &answer {
        state.updated.push((name.to_owned(), changed.clone()));
    }
    match answer {
        Ok(_) if name == "KnEmployee" => json(201, &json!({ "results": { "AfasEmployee": { "EmId": key } } })),
        Ok(_) => empty(201),
        Err((message, number)) => refused(message, number),
    }
}

/// Writes the fields into the record's row; answers them.
fn write(state: &mut State, name: &str, key: &Value, update: &Update) -> Result<Vec<String>, (&'static str, i64)> {
    let rows = state.connectors.entry(EMPLOYEES.to_owned()).or_default();
    let Some(at) = rows.iter().position(|row| &row[update.key_column] == key) else {
        return Err(("The entered value for 'Employee' does not exist.", DOES_NOT_EXIST));
    };
    let fields = update.element.as_object().ok_or(("An unexpected error has occurred.", -2147180999))?;
    let person = fields.get("BcCo").map(|number| number == &rows[at]["Persoonsnummer"]);
    if name == "KnEmployee" && (person != Some(true) || !is(fields.get("MatchPer"), 0)) {
        return Err(("The entered value for 'Person' does not exist.", DOES_NOT_EXIST));
    }
    if name == "KnUser"
        && (!is(fields.get("MtCd"), 1) || fields.get("Nm").and_then(Value::as_str).is_none_or(str::is_empty))
    {
        return Err(("A mandatory field is missing.", REJECTED));
    }
    let mut changed = Vec::new();
    for (field, value) in fields.iter().filter(|(field, _)| !["MatchPer", "BcCo", "MtCd"].contains(&field.as_str())) {
        let Some((_, column)) = update.columns.iter().find(|(known, _)| known == field) else {
            return Err(("The entered field does not exist.", REJECTED));
        };
        let value = if value == "" { &Value::Null } else { value };
        let same =
            |other: &Value| matches!((other.as_str(), value.as_str()), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b));
        if field == "Nm" {
            continue;
        }
        if same(&rows[at][column]) || &rows[at][column] == value {
            return Err(("The value has not been changed.", REJECTED));
        }
        if field == "EmAd" && rows.iter().enumerate().any(|(n, row)| n != at && same(&row[column])) {
            return Err(("The e-mail address is in use already.", REJECTED));
        }
        changed.push((field.clone(), *column, value.clone()));
    }
    for (_, column, value) in &changed {
        rows[at][*column] = value.clone();
    }
    Ok(changed.into_iter().map(|(field, _, _)| field).collect())
}

/// AFAS's examples have numbers as numbers and as texts.
fn is(value: Option<&Value>, number: i64) -> bool {
    let text = number.to_string();
    value.is_some_and(|value| *value == number || value.as_str() == Some(&text))
}
