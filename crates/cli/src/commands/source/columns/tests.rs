use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

fn column(columns: &Columns, name: &str) -> Column {
    let found = columns.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no column {name}: {columns:?}")).1.clone()
}

#[test]
fn a_column_is_counted_by_rows_and_told_by_its_values() {
    let columns = Columns::of([
        json!({"id": 1, "name": "Jan", "start": "2026-01-31", "flag": true, "mail": ""}),
        json!({"id": 2, "name": "Zoë", "start": "2026-02-01T00:00:00Z", "flag": null}),
        json!({"id": "x3", "name": "Margaretha"}),
    ]);
    assert_eq!(columns.rows(), 3);
    let id = column(&columns, "id");
    assert_eq!((id.filled, id.kinds), (3, BTreeMap::from([(Kind::Text, 1), (Kind::Number, 2)])));
    let name = column(&columns, "name");
    assert_eq!((name.filled, name.size, name.example.as_deref()), (3, Some((3, 10)), Some("Jan")));
    let start = column(&columns, "start");
    assert_eq!((start.filled, start.written.as_deref()), (2, Some("9999-99-99")));
    assert_eq!(start.kinds, BTreeMap::from([(Kind::Date, 2)]));
    assert_eq!(column(&columns, "flag").filled, 1);
    assert_eq!(column(&columns, "mail"), Column::default());
}

#[test]
fn objects_and_lists_are_looked_into() {
    let columns = Columns::of([
        json!({"name": {"first": "Jan", "@type": "x"}, "jobs": [{"unit": "A"}, {"unit": "B"}, {"unit": null}]}),
        json!({"name": null, "jobs": []}),
    ]);
    let names: Vec<_> = columns.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["jobs", "jobs[].unit", "name", "name.first", "name['@type']"]);
    let jobs = column(&columns, "jobs");
    assert_eq!((jobs.filled, jobs.size, &jobs.kinds), (2, Some((0, 3)), &BTreeMap::from([(Kind::List, 2)])));
    // One row has it, with two values.
    let unit = column(&columns, "jobs[].unit");
    assert_eq!((unit.filled, &unit.kinds), (1, &BTreeMap::from([(Kind::Text, 2)])));
    assert_eq!(column(&columns, "name").example, None);
}

#[test]
fn a_document_with_ids_for_names_does_not_fill_the_screen_or_the_memory() {
    let wide: Map<String, Value> = (0..2000).map(|n| (format!("n{n:04}"), json!(n))).collect();
    let columns = Columns::of([Value::Object(wide)]);
    assert_eq!((columns.iter().count(), columns.has_more()), (MOST_COLUMNS, true));
    let deep = (0..50).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert_eq!(Columns::of([deep]).iter().count(), DEPTH + 1);
}

#[test]
fn a_long_value_is_shortened_between_characters() {
    let long = "é".repeat(100);
    let example = column(&Columns::of([json!({ "x": long })]), "x").example.unwrap();
    assert_eq!(example, format!("{}…", "é".repeat(EXAMPLE)));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c.@' ]{0,2}", inner, 0..4)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

fn rows() -> impl Strategy<Value = Vec<Value>> {
    let row = prop::collection::btree_map("[a-d]", value(), 0..5);
    prop::collection::vec(row.prop_map(|fields| Value::Object(Map::from_iter(fields))), 0..20)
}

/// Without what depends on the order of rows.
fn counted(columns: &Columns) -> BTreeMap<String, Column> {
    let plain = |column: &Column| Column { written: None, example: None, last_row: 0, ..column.clone() };
    columns.iter().map(|(name, column)| (name.to_owned(), plain(column))).collect()
}

proptest! {
    #[test]
    fn counts_are_right_and_do_not_depend_on_the_order(rows in rows()) {
        let columns = Columns::of(rows.clone());
        prop_assert_eq!(columns.rows(), rows.len() as u64);
        for (name, column) in columns.iter() {
            let values: u64 = column.kinds.values().sum();
            prop_assert!(column.filled <= columns.rows() && column.filled <= values, "{name}: {column:?}");
            prop_assert!(column.size.is_none_or(|(least, most)| least <= most));
            prop_assert!(column.example.as_ref().is_none_or(|example| example.chars().count() <= EXAMPLE + 1));
        }
        for name in ["a", "b", "c", "d"] {
            let has = |row: &&Value| row.get(name).is_some_and(|value| match value {
                Value::Null => false,
                Value::String(text) => !text.trim().is_empty(),
                _ => true,
            });
            let expected = rows.iter().filter(has).count() as u64;
            let filled = columns.iter().find(|(known, _)| *known == name).map_or(0, |(_, column)| column.filled);
            prop_assert_eq!(filled, expected);
        }
        prop_assert_eq!(counted(&Columns::of(rows.into_iter().rev())), counted(&columns));
    }
}
