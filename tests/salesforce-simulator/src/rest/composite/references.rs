//! `@{reference.path}` in a later request: the value at that place of an earlier answer [doc].

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// A reference that leads to no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// What was asked for: `ref.records[0].Id`.
    pub(super) path: String,
    /// The reference alone: `ref`.
    pub(super) reference: String,
}

/// A text with its references filled in.
pub(super) fn text(text: &str, answers: &BTreeMap<&str, Json>) -> Result<String, Missing> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let Some((path, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        match value(path, answers)? {
            Json::String(text) => out.push_str(text),
            other => out.push_str(&other.to_string()),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// A body with the references in its texts filled in.
pub(super) fn json(body: &Json, answers: &BTreeMap<&str, Json>) -> Result<Json, Missing> {
    Ok(match body {
        Json::String(text) => Json::String(self::text(text, answers)?),
        Json::Array(items) => Json::Array(items.iter().map(|item| json(item, answers)).collect::<Result<_, _>>()?),
        Json::Object(map) => Json::Object(
            map.iter().map(|(name, item)| Ok((name.clone(), json(item, answers)?))).collect::<Result<_, _>>()?,
        ),
        other => other.clone(),
    })
}

fn value<'a>(path: &str, answers: &'a BTreeMap<&str, Json>) -> Result<&'a Json, Missing> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (reference, mut steps) = path.split_at(end);
    let missing = || Missing { path: path.to_owned(), reference: reference.to_owned() };
    let mut here = answers.get(reference).ok_or_else(missing)?;
    while !steps.is_empty() {
        if let Some(rest) = steps.strip_prefix('[') {
            let (number, tail) = rest.split_once(']').ok_or_else(missing)?;
            let number: usize = number.parse().map_err(|_| missing())?;
            here = here.get(number).ok_or_else(missing)?;
            steps = tail;
        } else {
            let name = steps.strip_prefix('.').ok_or_else(missing)?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, tail) = name.split_at(end);
            here = here.get(name).ok_or_else(missing)?;
            steps = tail;
        }
    }
    // Only plain values can be referred to [doc].
    if here.is_null() || here.is_object() || here.is_array() { Err(missing()) } else { Ok(here) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn follows_members_and_places() {
        let answers = BTreeMap::from([
            ("new", json!({ "id": "001", "success": true })),
            ("rows", json!({ "records": [{ "Id": "005", "Name": null }] })),
            ("list", json!([{ "id": "0Pa" }])),
        ]);
        let fill = |path: &str| text(path, &answers);
        assert_eq!(fill("/x/@{new.id}/@{list[0].id}?q=@{rows.records[0].Id}").unwrap(), "/x/001/0Pa?q=005");
        assert_eq!(fill("plain @{ text").unwrap(), "plain @{ text");
        for wrong in
            ["@{new.ID}", "@{rows.records[1].Id}", "@{rows.records[0].Name}", "@{none.id}", "@{new}", "@{list[x]}"]
        {
            assert!(fill(wrong).is_err(), "{wrong}");
        }
        let missing = fill("@{rows.records[7].Id}").unwrap_err();
        assert_eq!(missing, Missing { path: "rows.records[7].Id".to_owned(), reference: "rows".to_owned() });
    }
}
