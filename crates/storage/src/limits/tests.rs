use proptest::prelude::*;
use serde_json::json;

use super::*;
use ports::Table;

fn key(sort: &str) -> Key {
    Key::new(Table::People, "p", sort)
}

fn put(key: Key, body: Value) -> Write {
    let Value::Object(body) = body else { panic!("an object") };
    Write::Put { key, when: Condition::Absent, body, index: None, expires: None }
}

fn stored(body: Value) -> Result<Value, StoreError> {
    let mut checked = check_writes(&[put(key("s"), body)])?;
    match checked.remove(0).action {
        Action::Put { body, .. } => Ok(Value::Object(body)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whole_floats_become_integers_and_others_stay() {
    let body = json!({"a": 1.0, "b": -0.0, "c": 0.5, "d": 1e19, "e": 1e25, "f": u64::MAX, "g": i64::MIN, "h": [-3.0]});
    let expected = json!({"a": 1, "b": 0, "c": 0.5, "d": 10_000_000_000_000_000_000_u64, "e": 1e25, "f": u64::MAX, "g": i64::MIN, "h": [-3]});
    assert_eq!(stored(body), Ok(expected));
}

#[test]
fn numbers_outside_the_range_are_refused() {
    for number in [1e126, -1e300, 1e-131, f64::MIN_POSITIVE] {
        assert!(matches!(stored(json!({"n": number})), Err(StoreError::Refused { .. })), "{number}");
    }
    assert!(stored(json!({"n": 9.9e125, "m": 1e-130})).is_ok());
}

#[test]
fn depth_is_limited_to_32_levels_with_the_content_as_the_first() {
    let nested = |levels: usize| (1..levels).fold(json!({"end": true}), |inner, _| json!({ "x": inner }));
    assert!(stored(nested(32)).is_ok());
    assert!(matches!(stored(nested(33)), Err(StoreError::Refused { .. })));
}

#[test]
fn key_lengths_count_bytes() {
    let long = |n: usize| "é".repeat(n);
    let with = |partition: String, sort: String| {
        check_writes(&[Write::Check { key: Key::new(Table::Sync, partition, sort), when: Condition::Absent }]).is_ok()
    };
    assert!(with(long(1024), long(512)));
    assert!(!with(long(1025), long(512)));
    assert!(!with(long(1024), long(513)));
    assert!(!with(String::new(), "s".into()));
    assert!(!with("p".into(), String::new()));
}

#[test]
fn transactions_are_limited_in_number_size_and_repeated_keys() {
    let checks = |n: usize| -> Vec<_> {
        (0..n).map(|i| Write::Check { key: key(&i.to_string()), when: Condition::Absent }).collect()
    };
    assert!(check_writes(&checks(100)).is_ok());
    assert!(check_writes(&checks(101)).is_err());
    assert!(check_writes(&[]).is_err());
    assert!(check_writes(&[checks(1), checks(1)].concat()).is_err());
    let large: Vec<_> = (0..11).map(|i| put(key(&i.to_string()), json!({"t": "x".repeat(390_000)}))).collect();
    assert!(check_writes(&large[..10]).is_ok());
    assert!(check_writes(&large).is_err());
}

#[test]
fn an_item_of_400_kb_is_the_largest() {
    let size = |n: usize| stored(json!({"t": "x".repeat(n)})).is_ok();
    assert!(size(400 * 1024 - 64));
    assert!(!size(400 * 1024));
}

#[test]
fn messages_take_what_sqs_takes() {
    assert!(check_message("é \t\r\n 😀").is_ok());
    for bad in ["", "a\0", "\u{1f}", "\u{ffff}"] {
        assert!(check_message(bad).is_err(), "{bad:?}");
    }
    assert!(check_message(&"x".repeat(1024 * 1024)).is_ok());
    assert!(check_message(&"x".repeat(1024 * 1024 + 1)).is_err());
}

#[test]
fn expiry_is_rounded_up_to_a_second() {
    let at = |text: &str| whole_seconds_up(text.parse().unwrap());
    assert_eq!(at("1970-01-01T00:00:10Z"), 10);
    assert_eq!(at("1970-01-01T00:00:10.000000001Z"), 11);
    assert_eq!(at("1969-12-31T23:59:59.5Z"), 0);
}

proptest! {
    #[test]
    fn checking_twice_changes_nothing_more(number in proptest::num::f64::NORMAL) {
        if let Ok(once) = stored(json!({"n": number})) {
            prop_assert_eq!(once["n"].as_f64(), Some(number));
            prop_assert_eq!(stored(once.clone()), Ok(once));
        }
    }
}
