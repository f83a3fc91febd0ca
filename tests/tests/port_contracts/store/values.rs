//! Expiry, odd values and keys, and what is refused.

use std::time::Duration;

use ports::{Clock, Condition, IndexKey, Key, StoreError, Write};
use serde_json::{Map, Value, json};

use super::{TABLE, body, conflict, find, indexed, key, new, put};
use crate::world::World;

pub(crate) async fn expired_items_are_gone(world: World) {
    let store = &*world.store;
    let expiring = |when| {
        let expires = Some(world.clock.now() + Duration::from_secs(60));
        let index = Some(IndexKey { partition: "due".into(), sort: "1".into() });
        Write::Put { key: key("a"), when, body: body(&json!({"n": 1})), index, expires }
    };
    store.write(&[expiring(Condition::Absent)]).await.unwrap();
    let there = async || {
        let found = [
            find(store, &key("a")).await.is_some(),
            !store.query(TABLE, "p", "", None, 10).await.unwrap().items.is_empty(),
            !store.index(TABLE, "due", None, None, 10).await.unwrap().items.is_empty(),
            !store.scan(TABLE, None, 10).await.unwrap().items.is_empty(),
            store.get(&[key("a"), key("b")]).await.unwrap()[0].is_some(),
        ];
        assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
        found[0]
    };
    // It is half past a second: the end is rounded up.
    let end = find(store, &key("a")).await.unwrap().expires.unwrap();
    assert_eq!(end, "2026-03-01T08:01:01Z".parse().unwrap());
    world.clock.set(end - Duration::from_nanos(1));
    assert!(there().await);
    assert_eq!(store.write(&[expiring(Condition::Absent)]).await, conflict(0));
    assert_eq!(store.write(&[Write::Check { key: key("a"), when: Condition::Version(1) }]).await, Ok(()));
    world.clock.set(end);
    assert!(!there().await);
    assert_eq!(store.write(&[expiring(Condition::Version(1))]).await, conflict(0));
    assert_eq!(store.write(&[Write::Check { key: key("a"), when: Condition::Version(1) }]).await, conflict(0));
    assert_eq!(store.write(&[Write::Check { key: key("a"), when: Condition::Absent }]).await, Ok(()));
    assert_eq!(store.write(&[new("b"), expiring(Condition::Absent)]).await, Ok(()));
    assert!(there().await);
    assert_eq!(find(store, &key("a")).await.unwrap().version, 1);
    // Written again without an end, it stays.
    store.write(&[put(key("a"), Condition::Version(1), &json!({}))]).await.unwrap();
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(find(store, &key("a")).await.unwrap().expires, None);
}

pub(crate) async fn odd_values_come_back(world: World) {
    let store = &*world.store;
    let deep =
        (0..29).fold(json!("end"), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "in": inner }) });
    let value = json!({
        "empty": "", "null": null, "true": true, "false": false, "list": [], "map": {}, "nested": [[], [{}], null, ""],
        "text": "é ü 😀 \u{0}\u{1}\u{7f}\u{2028}\u{ffff}\u{10ffff} \"'\\ \r\n\t %*$#", "long": "x".repeat(300_000),
        "integers": [0, 1, -1, i64::MIN, i64::MAX, u64::MAX], "floats": [0.5, -0.1, 1.0e-100, 1.234_567_890_123_456_7e100, 0.1 + 0.2],
        "pk": "not the key", "ttl": 1, "$": 1, "a.b": 2, "ключ": "значение", "deep": deep,
    });
    store.write(&[put(key("odd"), Condition::Absent, &value)]).await.unwrap();
    assert_eq!(Value::Object(find(store, &key("odd")).await.unwrap().body), value);
    store.write(&[put(key("odd"), Condition::Version(1), &json!({})), new("more")]).await.unwrap();
    assert_eq!(find(store, &key("odd")).await.unwrap().body, Map::new());
    // A whole number has one form.
    let whole = json!({"fte": 1.0, "minus": -0.0, "large": 1e19, "larger": 1e30});
    store.write(&[put(key("whole"), Condition::Absent, &whole)]).await.unwrap();
    let expected = json!({"fte": 1, "minus": 0, "large": 10_000_000_000_000_000_000_u64, "larger": 1e30});
    assert_eq!(Value::Object(find(store, &key("whole")).await.unwrap().body), expected);
}

pub(crate) async fn odd_keys_come_back(world: World) {
    let store = &*world.store;
    let odd = ["'", "\"", "\\", "%", "*", "a\nb", "a\r\n", " ", "é😀", "\u{0}", "#/|&=+", "{\"x\":1}", "\u{ffff}"];
    for text in odd {
        let at = Key::new(TABLE, text, text);
        let index = Some(IndexKey { partition: text.to_owned(), sort: text.to_owned() });
        let write = Write::Put { key: at.clone(), when: Condition::Absent, body: Map::new(), index, expires: None };
        store.write(&[write]).await.unwrap();
        assert_eq!(find(store, &at).await.unwrap().key, at);
        assert_eq!(store.query(TABLE, text, text, None, 10).await.unwrap().items[0].key, at, "{text:?}");
        let listed = store.index(TABLE, text, Some(text), None, 10).await.unwrap().items.remove(0);
        assert_eq!(listed.index, Some(IndexKey { partition: text.to_owned(), sort: text.to_owned() }));
        let moved = put(at.clone(), Condition::Version(1), &json!({}));
        store.write(&[moved, Write::Check { key: key("absent"), when: Condition::Absent }]).await.unwrap();
    }
    let longest = Key::new(TABLE, "é".repeat(1024), "é".repeat(512));
    store.write(&[put(longest.clone(), Condition::Absent, &json!({}))]).await.unwrap();
    assert!(find(store, &longest).await.is_some());
}

pub(crate) async fn the_same_limits_are_refused(world: World) {
    let store = &*world.store;
    let long = |bytes: usize| "x".repeat(bytes);
    let at = |partition: &str, sort: &str| Key::new(TABLE, partition, sort);
    let index = |partition: &str, sort: &str| [indexed(key("i"), Condition::Absent, Some((partition, sort)))];
    let item = |value: &Value| [put(key("i"), Condition::Absent, value)];
    let check = |key: Key| [Write::Check { key, when: Condition::Absent }];
    let many = |count: usize| (0..count).map(|number| new(number.to_string())).collect::<Vec<_>>();
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let large: Vec<_> =
        (0..11).map(|number| put(key(number.to_string()), Condition::Absent, &json!({"x": long(390_000)}))).collect();
    let refused: Vec<(&str, Vec<Write>)> = vec![
        ("nothing", vec![]),
        ("too many", many(101)),
        ("the same twice", [check(key("a")), check(key("a"))].concat()),
        ("no partition", check(at("", "s")).into()),
        ("no sort", check(at("p", "")).into()),
        ("a long partition", check(at(&long(2049), "s")).into()),
        ("a long sort", check(at("p", &long(1025))).into()),
        ("no index partition", index("", "s").into()),
        ("no index sort", index("p", "").into()),
        ("a long index partition", index(&long(2049), "s").into()),
        ("a long index sort", index("p", &long(1025)).into()),
        ("a large item", item(&json!({"x": long(400 * 1024)})).into()),
        ("a large transaction", large),
        ("a deep item", item(&json!({ "x": deep })).into()),
        ("a nameless field", item(&json!({"x": {"": 1}})).into()),
        ("a large number", item(&json!({"x": 1e126})).into()),
        ("a small number", item(&json!({"x": 1e-131})).into()),
        ("a version at its end", [put(key("i"), Condition::Version(u64::MAX), &json!({}))].into()),
    ];
    for (what, writes) in refused {
        let result = store.write(&writes).await;
        assert!(matches!(result, Err(StoreError::Refused { .. })), "{what}: {result:?}");
    }
    let refuses = |error: StoreError| assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    refuses(store.get(&[key("a"), at("", "s")]).await.unwrap_err());
    refuses(store.get(&[at("p", "")]).await.unwrap_err());
    refuses(store.query(TABLE, "", "", None, 1).await.unwrap_err());
    refuses(store.index(TABLE, "", None, None, 1).await.unwrap_err());
    assert!(store.scan(TABLE, None, 10).await.unwrap().items.is_empty());
}
