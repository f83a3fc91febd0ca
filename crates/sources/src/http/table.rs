//! The rows of one stream, held until the read is proven complete: packed in memory, without their columns' names, and
//! found by key. A row of 25 columns takes some hundred bytes.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::path::{Key, fingerprint, key_text};

/// Bytes of one chunk; rows never move once they are written.
const CHUNK: usize = 1 << 20;

/// Rows of a stream.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Table {
    columns: Vec<String>,
    chunks: Vec<Blob>,
    rows: Vec<Place>,
    #[serde(skip)]
    numbers: HashMap<String, u16>,
    /// One for each key that rows are looked up by.
    #[serde(skip)]
    indexes: Vec<Index>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Place {
    chunk: u32,
    start: u32,
    end: u32,
}

/// The rows of a key's text: the last one, and before each row the one before it.
struct Index {
    key: Key,
    last: HashMap<u64, u32>,
    before: Vec<Option<u32>>,
}

/// Bytes that are stored as bytes.
#[derive(Default)]
struct Blob(Vec<u8>);

/// A row does not fit into the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpackable;

impl Table {
    /// An empty table whose rows can be looked up by these keys.
    pub(crate) fn new(keys: Vec<Key>) -> Self {
        Self { indexes: keys.into_iter().map(Index::new).collect(), ..Self::default() }
    }

    /// Makes a stored table usable again.
    pub(crate) fn index(&mut self, keys: Vec<Key>) {
        self.numbers = self.columns.iter().cloned().zip(0..).collect();
        self.indexes = keys.into_iter().map(Index::new).collect();
        for row in 0..self.rows.len() {
            let value = self.row(row);
            self.indexes.iter_mut().for_each(|index| index.add(&value));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes that the rows take.
    pub(crate) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK + self.rows.len() * size_of::<Place>()
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: &Value) -> Result<(), Unpackable> {
        let mut fields: Vec<(u16, &Value)> = Vec::new();
        for (name, value) in row.as_object().into_iter().flatten() {
            let number = match self.numbers.get(name) {
                Some(number) => *number,
                None => {
                    let number = u16::try_from(self.columns.len()).map_err(|_| Unpackable)?;
                    self.columns.push(name.clone());
                    self.numbers.insert(name.clone(), number);
                    number
                }
            };
            fields.push((number, value));
        }
        let packed = rmp_serde::to_vec(&fields).map_err(|_| Unpackable)?;
        if self.chunks.last().is_none_or(|chunk| chunk.0.len() + packed.len() > CHUNK) {
            self.chunks.push(Blob(Vec::with_capacity(CHUNK.max(packed.len()))));
        }
        let number = u32::try_from(self.chunks.len() - 1).map_err(|_| Unpackable)?;
        let Some(Blob(chunk)) = self.chunks.last_mut() else { return Err(Unpackable) };
        let start = u32::try_from(chunk.len()).map_err(|_| Unpackable)?;
        chunk.extend_from_slice(&packed);
        let end = u32::try_from(chunk.len()).map_err(|_| Unpackable)?;
        self.rows.push(Place { chunk: number, start, end });
        self.indexes.iter_mut().for_each(|index| index.add(row));
        Ok(())
    }

    /// A row; null when there is none of that number.
    pub(crate) fn row(&self, number: usize) -> Value {
        let bytes = self.rows.get(number).and_then(|place| {
            let chunk = self.chunks.get(usize::try_from(place.chunk).ok()?)?;
            chunk.0.get(usize::try_from(place.start).ok()?..usize::try_from(place.end).ok()?)
        });
        let Some(fields) = bytes.and_then(|bytes| rmp_serde::from_slice::<Vec<(u16, Value)>>(bytes).ok()) else {
            return Value::Null;
        };
        let named = |(number, value): (u16, Value)| Some((self.columns.get(usize::from(number))?.clone(), value));
        Value::Object(fields.into_iter().filter_map(named).collect::<Map<_, _>>())
    }

    /// The rows with this text under a key, in their order; `key` is the place of the key in what the table was made
    /// with.
    pub(crate) fn find(&self, key: usize, text: &str) -> Vec<usize> {
        let Some(index) = self.indexes.get(key) else { return Vec::new() };
        let mut rows = Vec::new();
        let mut at = index.last.get(&fingerprint(text)).copied();
        while let Some(row) = at.and_then(|row| usize::try_from(row).ok()) {
            rows.push(row);
            at = index.before.get(row).copied().flatten();
        }
        rows.reverse();
        rows
    }

    /// The last row with this text under a key.
    pub(crate) fn last(&self, key: usize, text: &str) -> Option<usize> {
        usize::try_from(*self.indexes.get(key)?.last.get(&fingerprint(text))?).ok()
    }
}

impl Index {
    fn new(key: Key) -> Self {
        Self { key, last: HashMap::new(), before: Vec::new() }
    }

    fn add(&mut self, row: &Value) {
        let number = u32::try_from(self.before.len()).ok();
        let before = match (key_text(&self.key, row), number) {
            (Some(text), Some(number)) => self.last.insert(fingerprint(&*text), number),
            _ => None,
        };
        self.before.push(before);
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = Blob;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::path::Path;
    use super::*;

    fn keys() -> Vec<Key> {
        vec![vec![Path::parse("id").unwrap()], vec![Path::parse("of").unwrap()]]
    }

    #[test]
    fn rows_come_back_and_are_found_also_after_storing() {
        let mut table = Table::new(keys());
        let rows = [
            json!({"id": 1, "of": "a", "n": 40.0, "x": null, "deep": {"l": [1, "ü"]}}),
            json!({"id": "2", "of": "a", "later": true}),
            json!({"of": "b"}),
            json!({"id": 1, "of": "a"}),
        ];
        rows.iter().for_each(|row| table.push(row).unwrap());
        let stored = rmp_serde::to_vec(&table).unwrap();
        let mut again: Table = rmp_serde::from_slice(&stored).unwrap();
        again.index(keys());
        again.push(&json!({"id": 9, "of": "b"})).unwrap();
        assert_eq!(again.find(1, "b"), [2, 4]);
        for table in [&table, &again] {
            rows.iter().enumerate().for_each(|(n, row)| assert_eq!(&table.row(n), row));
            assert_eq!(table.find(1, "a"), [0, 1, 3]);
            assert_eq!(table.find(0, "1"), [0, 3]);
            assert_eq!(table.last(0, "1"), Some(3));
            assert_eq!(table.find(0, "none"), Vec::<usize>::new());
        }
        assert_eq!(table.row(99), Value::Null);
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(|map| Value::Object(Map::from_iter(map))),
            ]
        })
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(rows in prop::collection::vec(
            prop::collection::btree_map("[a-d]", json_value(), 0..4).prop_map(|map| Value::Object(Map::from_iter(map))),
            0..20,
        )) {
            let mut table = Table::new(vec![]);
            rows.iter().for_each(|row| table.push(row).unwrap());
            rows.iter().enumerate().for_each(|(n, row)| assert_eq!(&table.row(n), row));
        }
    }
}
