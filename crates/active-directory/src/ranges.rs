//! Attributes with more values than a server gives at once (1,500 on Windows, MaxValRange): it answers with
//! `member;range=0-1499`, and the rest is asked for range by range until one ends in `*`.

use std::collections::HashSet;

use crate::directory::{Directory, Search};
use crate::entry::{Entry, Range};
use crate::error::AdError;
use crate::guid::Guid;

/// The most values that are read of one attribute: far beyond what a person or a usable group has.
const MOST: u32 = 5_000_000;

/// Reads what is missing of an entry's attributes.
pub(crate) async fn complete(directory: &mut dyn Directory, entry: &mut Entry) -> Result<(), AdError> {
    for (attribute, last) in entry.ranges() {
        let mut values: Vec<Vec<u8>> =
            entry.take_ranges(&attribute).into_iter().flat_map(|(_, values)| values).collect();
        if let Some(to) = last.to {
            let key = entry.key().ok_or(AdError::Malformed("an entry has no objectGUID"))?;
            read(directory, key, &attribute, to.saturating_add(1), None, &mut values).await?;
        }
        // Values may have moved between two requests.
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(value.clone()));
        entry.set(&attribute, values);
    }
    Ok(())
}

/// All values of an object's attribute, asked for `chunk` at a time.
///
/// # Errors
/// [`AdError`]
pub async fn all_values(
    directory: &mut dyn Directory,
    object: Guid,
    attribute: &str,
    chunk: u32,
) -> Result<Vec<Vec<u8>>, AdError> {
    let mut values = Vec::new();
    read(directory, object, attribute, 0, Some(chunk.max(1)), &mut values).await?;
    let mut seen = HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
    Ok(values)
}

async fn read(
    directory: &mut dyn Directory,
    object: Guid,
    attribute: &str,
    mut from: u32,
    chunk: Option<u32>,
    values: &mut Vec<Vec<u8>>,
) -> Result<(), AdError> {
    while from < MOST {
        let to = chunk.map_or_else(|| "*".to_owned(), |chunk| from.saturating_add(chunk - 1).to_string());
        let search = Search::object(object, vec![format!("{attribute};range={from}-{to}"), "objectGUID".to_owned()]);
        let mut entries = directory.search(&search).await?.entries.into_iter();
        let mut entry = entries.next().ok_or(AdError::Malformed("an object went away while it was read"))?;
        let Some((range, more)) = entry.take_ranges(attribute).pop() else {
            // No more values, or all of them without a range.
            values.extend(entry.values(attribute).unwrap_or_default().iter().cloned());
            return Ok(());
        };
        values.extend(more);
        match range {
            Range { to: None, .. } => return Ok(()),
            Range { to: Some(to), .. } if to >= from => from = to + 1,
            Range { .. } => return Err(AdError::Malformed("a range goes backwards")),
        }
    }
    Err(AdError::Malformed("an attribute has too many values"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, entry};

    const KEY: &str = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2";

    #[tokio::test]
    async fn ranges_are_joined_to_the_end() {
        let mut directory = Scripted::default();
        directory.answers(vec![entry(KEY, &[("member;range=2-3", &["c", "b"])])]);
        directory.answers(vec![entry(KEY, &[("member;range=4-*", &["e"])])]);
        let mut partial = entry(KEY, &[("member;range=0-1", &["a", "b"]), ("cn", &["x"])]);
        complete(&mut directory, &mut partial).await.unwrap();
        assert_eq!(partial.texts("member").unwrap(), ["a", "b", "c", "e"]);
        let asked: Vec<_> = directory.searches().iter().map(|search| search.attributes[0].clone()).collect();
        assert_eq!(asked, ["member;range=2-*", "member;range=4-*"]);
        assert_eq!(directory.searches()[0].base, format!("<GUID={KEY}>"));
    }

    #[tokio::test]
    async fn a_broken_range_is_no_whole() {
        for bad in [vec![], vec![entry(KEY, &[("member;range=0-0", &["c"])])]] {
            let mut directory = Scripted::default();
            directory.answers(bad);
            let mut partial = entry(KEY, &[("member;range=0-1", &["a", "b"])]);
            assert!(complete(&mut directory, &mut partial).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_server_without_ranges_gives_all() {
        let mut directory = Scripted::default();
        directory.answers(vec![entry(KEY, &[("member", &["a", "b"])])]);
        let values = all_values(&mut directory, KEY.parse().unwrap(), "member", 10).await.unwrap();
        assert_eq!(values, [b"a", b"b"]);
        assert_eq!(directory.searches()[0].attributes[0], "member;range=0-9");
    }
}
