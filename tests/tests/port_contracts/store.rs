//! What holds for the store, be it a file or DynamoDB.

use std::time::Duration;

use futures::future::join_all;
use ports::{Clock, Condition, IndexKey, IndexPosition, Item, Key, Store, StoreError, Table, Write};
use serde_json::{Map, Value, json};

use crate::world::World;

const TABLE: Table = Table::People;

fn key(sort: impl Into<String>) -> Key {
    Key::new(TABLE, "p", sort)
}

fn body(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn put(key: Key, when: Condition, value: &Value) -> Write {
    Write::Put { key, when, body: body(value), index: None, expires: None }
}

fn new(sort: impl Into<String>) -> Write {
    put(key(sort), Condition::Absent, &json!({}))
}

fn indexed(key: Key, when: Condition, place: Option<(&str, &str)>) -> Write {
    let index = place.map(|(partition, sort)| IndexKey { partition: partition.to_owned(), sort: sort.to_owned() });
    Write::Put { key, when, body: body(&json!({"n": 1})), index, expires: None }
}

async fn find(store: &dyn Store, key: &Key) -> Option<Item> {
    store.get(std::slice::from_ref(key)).await.unwrap().remove(0)
}

fn sorts(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.key.sort.as_str()).collect()
}

fn conflict(write: usize) -> Result<(), StoreError> {
    Err(StoreError::Conflict { write })
}

/// A write that may meet others: throttling and collisions go by.
async fn write_until_clear(store: &dyn Store, writes: &[Write]) -> Result<(), StoreError> {
    loop {
        match store.write(writes).await {
            Err(StoreError::Busy { .. }) => tokio::task::yield_now().await,
            clear => return clear,
        }
    }
}

pub(crate) async fn versions_grow_by_one_and_conditions_hold(world: World) {
    let store = &*world.store;
    let write = |when| [put(key("a"), when, &json!({"when": format!("{when:?}")}))];
    let delete = |when| [Write::Delete { key: key("a"), when }];
    let check = |when| [Write::Check { key: key("a"), when }];
    assert_eq!(find(store, &key("a")).await, None);
    assert_eq!(store.write(&write(Condition::Version(1))).await, conflict(0));
    assert_eq!(store.write(&delete(Condition::Version(1))).await, conflict(0));
    assert_eq!(store.write(&check(Condition::Absent)).await, Ok(()));
    assert_eq!(store.write(&write(Condition::Absent)).await, Ok(()));
    assert_eq!(store.write(&write(Condition::Absent)).await, conflict(0));
    assert_eq!(store.write(&check(Condition::Absent)).await, conflict(0));
    assert_eq!(store.write(&write(Condition::Version(2))).await, conflict(0));
    assert_eq!(store.write(&write(Condition::Version(1))).await, Ok(()));
    assert_eq!(store.write(&check(Condition::Version(2))).await, Ok(()));
    let expected =
        Item { key: key("a"), version: 2, body: body(&json!({"when": "Version(1)"})), index: None, expires: None };
    assert_eq!(find(store, &key("a")).await, Some(expected));
    assert_eq!(store.write(&delete(Condition::Version(1))).await, conflict(0));
    assert_eq!(store.write(&delete(Condition::Absent)).await, conflict(0));
    assert_eq!(store.write(&delete(Condition::Version(2))).await, Ok(()));
    assert_eq!(find(store, &key("a")).await, None);
    assert_eq!(store.write(&delete(Condition::Absent)).await, Ok(()));
    assert_eq!(store.write(&write(Condition::Absent)).await, Ok(()));
    assert_eq!(find(store, &key("a")).await.unwrap().version, 1);
}

pub(crate) async fn a_transaction_is_all_or_nothing(world: World) {
    let store = &*world.store;
    let elsewhere = Key::new(Table::Audit, "p", "a");
    store.write(&[new("old"), new("guard")]).await.unwrap();
    let writes = |guard| {
        [
            new("a"),
            put(elsewhere.clone(), Condition::Absent, &json!({})),
            Write::Delete { key: key("old"), when: Condition::Version(1) },
            Write::Check { key: key("guard"), when: guard },
        ]
    };
    assert_eq!(store.write(&writes(Condition::Version(7))).await, conflict(3));
    let keys = [key("a"), elsewhere.clone(), key("old")];
    let there = |items: Vec<Option<Item>>| items.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(there(store.get(&keys).await.unwrap()), [false, false, true]);
    assert_eq!(store.write(&writes(Condition::Version(1))).await, Ok(()));
    assert_eq!(there(store.get(&keys).await.unwrap()), [true, true, false]);
    assert_eq!(find(store, &key("guard")).await.unwrap().version, 1);
    let hundred: Vec<_> = (0..100).map(|number| new(format!("many {number}"))).collect();
    assert_eq!(store.write(&hundred).await, Ok(()));
    assert_eq!(store.query(TABLE, "p", "many ", None, 1000).await.unwrap().items.len(), 100);
}

pub(crate) async fn a_conflict_names_the_first_failed_condition(world: World) {
    let store = &*world.store;
    store.write(&[new("there")]).await.unwrap();
    let fails = [new("there"), put(key("no"), Condition::Version(1), &json!({}))];
    let holds = [new("a"), put(key("there"), Condition::Version(1), &json!({}))];
    assert_eq!(store.write(&[holds[0].clone(), fails[0].clone(), fails[1].clone()]).await, conflict(1));
    assert_eq!(store.write(&[fails[1].clone(), fails[0].clone(), holds[0].clone()]).await, conflict(0));
    assert_eq!(store.write(&[holds[0].clone(), holds[1].clone(), fails[1].clone()]).await, conflict(2));
}

pub(crate) async fn one_of_many_racing_writers_wins(world: World) {
    let store = &*world.store;
    let single = |number: usize| async move {
        store.write(&[put(key("single"), Condition::Absent, &json!({"by": number}))]).await
    };
    let results = join_all((0..16).map(single)).await;
    let winner = results.iter().position(Result::is_ok).unwrap();
    assert!(
        results.iter().enumerate().all(|(number, result)| number == winner || *result == conflict(0)),
        "{results:?}"
    );
    assert_eq!(find(store, &key("single")).await.unwrap().body["by"], winner);

    let double = |number: usize| async move {
        let value = json!({"by": number});
        let writes = [put(key("x"), Condition::Absent, &value), put(key("y"), Condition::Absent, &value)];
        write_until_clear(store, &writes).await
    };
    let results = join_all((0..16).map(double)).await;
    let winner = results.iter().position(Result::is_ok).unwrap();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(StoreError::Conflict { .. }))), "{results:?}");
    for sort in ["x", "y"] {
        assert_eq!(find(store, &key(sort)).await.unwrap().body["by"], winner);
    }
}

pub(crate) async fn racing_transactions_lose_no_update(world: World) {
    let store = &*world.store;
    let zero = json!({"count": 0});
    store.write(&[put(key("a"), Condition::Absent, &zero), put(key("b"), Condition::Absent, &zero)]).await.unwrap();
    let worker = |_| async move {
        let mut done = 0;
        while done < 5 {
            let items = store.get(&[key("a"), key("b")]).await.unwrap();
            let writes: Vec<_> = items
                .into_iter()
                .flatten()
                .map(|item| {
                    let count = item.body["count"].as_u64().unwrap() + 1;
                    put(item.key, Condition::Version(item.version), &json!({ "count": count }))
                })
                .collect();
            match store.write(&writes).await {
                Ok(()) => done += 1,
                Err(StoreError::Conflict { .. } | StoreError::Busy { .. }) => tokio::task::yield_now().await,
                other => panic!("{other:?}"),
            }
        }
    };
    join_all((0..6).map(worker)).await;
    for sort in ["a", "b"] {
        let item = find(store, &key(sort)).await.unwrap();
        assert_eq!((item.body["count"].as_u64(), item.version), (Some(30), 31));
    }
}

pub(crate) async fn get_answers_in_order_with_gaps_and_repetitions(world: World) {
    let store = &*world.store;
    let at =
        |number: usize| Key::new(if number.is_multiple_of(2) { TABLE } else { Table::Sync }, format!("p{number}"), "s");
    for chunk in (0..240).collect::<Vec<_>>().chunks(80) {
        let writes: Vec<_> =
            chunk.iter().map(|&number| put(at(number), Condition::Absent, &json!({ "n": number }))).collect();
        store.write(&writes).await.unwrap();
    }
    let asked: Vec<usize> = (0..300).rev().chain([3, 3, 299]).collect();
    let keys: Vec<Key> = asked.iter().map(|&number| at(number)).collect();
    let items = store.get(&keys).await.unwrap();
    assert_eq!(items.len(), asked.len());
    for (number, item) in asked.into_iter().zip(items) {
        let found = item.map(|item| (item.key, item.body["n"].as_u64()));
        assert_eq!(found, (number < 240).then(|| (at(number), Some(number as u64))));
    }
    assert_eq!(store.get(&[]).await, Ok(vec![]));
}

pub(crate) async fn a_query_gives_a_prefix_in_the_order_of_bytes(world: World) {
    let store = &*world.store;
    let mut all = ["a", "a#", "a#1", "a#10", "a#2", "a#Z", "a#z", "a#é", "a#\u{ffff}", "a#😀", "b", "B"];
    let writes: Vec<_> = all.iter().map(|sort| new(*sort)).collect();
    store.write(&writes).await.unwrap();
    let others = [Key::new(TABLE, "p2", "a#1"), Key::new(TABLE, "o", "a#1"), Key::new(Table::Audit, "p", "a#1")];
    store.write(&others.map(|key| put(key, Condition::Absent, &json!({})))).await.unwrap();
    all.sort_unstable();
    for prefix in ["", "a", "a#", "a#1", "a#10", "a#é", "c"] {
        let page = store.query(TABLE, "p", prefix, None, 1000).await.unwrap();
        let expected: Vec<_> = all.iter().copied().filter(|sort| sort.starts_with(prefix)).collect();
        assert_eq!(sorts(&page.items), expected, "{prefix}");
        assert!(page.next.is_none());
        assert!(page.items.iter().all(|item| item.key.partition == "p" && item.key.table == TABLE));
    }
    assert!(store.query(TABLE, "nobody", "", None, 10).await.unwrap().items.is_empty());
}

pub(crate) async fn a_query_goes_on_after_any_place(world: World) {
    let store = &*world.store;
    store.write(&["a#1", "a#3", "b#1"].map(new)).await.unwrap();
    let after = async |after| {
        let page = store.query(TABLE, "p", "a#", Some(after), 10).await.unwrap();
        page.items.into_iter().map(|item| item.key.sort).collect::<Vec<_>>()
    };
    for before in ["", "A", "a", "a#", "a#0"] {
        assert_eq!(after(before).await, ["a#1", "a#3"], "{before}");
    }
    assert_eq!(after("a#1").await, ["a#3"]);
    assert_eq!(after("a#2").await, ["a#3"]);
    for behind in ["a#3", "a#4", "a$", "b", "b#0", "z"] {
        assert!(after(behind).await.is_empty(), "{behind}");
    }
}

pub(crate) async fn pages_of_a_query_join_without_gap_or_repetition(world: World) {
    let store = &*world.store;
    let all: Vec<String> = (0..25).map(|number| format!("s{number:03}")).collect();
    store.write(&all.iter().map(new).collect::<Vec<_>>()).await.unwrap();
    for limit in [0, 1, 4, 5, 25, 26] {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.query(TABLE, "p", "s", after.as_deref(), limit).await.unwrap();
            assert!(page.items.len() <= limit.max(1));
            found.extend(page.items.into_iter().map(|item| item.key.sort));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, all, "{limit}");
    }
}

pub(crate) async fn the_index_lists_up_to_a_limit(world: World) {
    let store = &*world.store;
    let dates = ["2026-01-01", "2026-02-01", "2026-02-02", "2026-03-01"];
    let writes: Vec<_> = dates
        .iter()
        .map(|date| indexed(Key::new(TABLE, format!("person {date}"), "s"), Condition::Absent, Some(("due", date))))
        .chain([indexed(key("other"), Condition::Absent, Some(("lost", "2026-01-01")))])
        .collect();
    store.write(&writes).await.unwrap();
    let until = async |until| {
        let page = store.index(TABLE, "due", until, None, 100).await.unwrap();
        assert!(page.next.is_none());
        page.items.into_iter().map(|item| item.index.unwrap().sort).collect::<Vec<_>>()
    };
    assert_eq!(until(None).await, dates);
    assert_eq!(until(Some("2026-02-01")).await, dates[..2]);
    assert_eq!(until(Some("2026-02-01T12")).await, dates[..2]);
    assert!(until(Some("2025")).await.is_empty());
    assert!(until(Some("")).await.is_empty());
    let item = store.index(TABLE, "lost", None, None, 1).await.unwrap().items.remove(0);
    assert_eq!(Some(item), find(store, &key("other")).await);
    assert!(store.index(TABLE, "nothing", None, None, 1).await.unwrap().items.is_empty());
    assert!(store.index(Table::Audit, "due", None, None, 1).await.unwrap().items.is_empty());
}

pub(crate) async fn the_index_is_sparse_and_follows_the_item(world: World) {
    let store = &*world.store;
    let places = async || {
        let page = store.index(TABLE, "due", None, None, 100).await.unwrap();
        page.items.into_iter().map(|item| (item.index.unwrap().sort, item.version)).collect::<Vec<_>>()
    };
    store.write(&[indexed(key("a"), Condition::Absent, None)]).await.unwrap();
    assert_eq!(places().await, []);
    store.write(&[indexed(key("a"), Condition::Version(1), Some(("due", "5")))]).await.unwrap();
    assert_eq!(places().await, [("5".to_owned(), 2)]);
    store.write(&[indexed(key("a"), Condition::Version(2), Some(("due", "3")))]).await.unwrap();
    assert_eq!(places().await, [("3".to_owned(), 3)]);
    store.write(&[indexed(key("a"), Condition::Version(3), Some(("lost", "3")))]).await.unwrap();
    assert_eq!(places().await, []);
    store.write(&[indexed(key("a"), Condition::Version(4), Some(("due", "3")))]).await.unwrap();
    store.write(&[indexed(key("a"), Condition::Version(5), None)]).await.unwrap();
    assert_eq!(places().await, []);
    store.write(&[indexed(key("a"), Condition::Version(6), Some(("due", "9")))]).await.unwrap();
    store.write(&[Write::Delete { key: key("a"), when: Condition::Version(7) }]).await.unwrap();
    assert_eq!(places().await, []);
}

pub(crate) async fn pages_of_the_index_join(world: World) {
    let store = &*world.store;
    // Several items at one place: the position must tell them apart.
    let writes: Vec<_> = (0..23)
        .map(|number| {
            let at = Key::new(TABLE, format!("p{}", number % 4), format!("s{number}"));
            indexed(at, Condition::Absent, Some(("due", ["1", "2", "3"][number / 9])))
        })
        .collect();
    store.write(&writes).await.unwrap();
    let mut expected: Vec<Key> = writes.iter().map(|write| write.key().clone()).collect();
    expected.sort_unstable();
    for (until, limit) in [(None, 1), (None, 5), (None, 23), (Some("2"), 4), (Some("2"), 100)] {
        let (mut found, mut after) = (Vec::new(), None::<IndexPosition>);
        loop {
            let page = store.index(TABLE, "due", until, after.as_ref(), limit).await.unwrap();
            assert!(page.items.len() <= limit);
            found.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert!(found.is_sorted_by_key(|item| item.index.clone().unwrap().sort), "{until:?} {limit}");
        let mut found: Vec<_> = found.into_iter().map(|item| item.key).collect();
        found.sort_unstable();
        let wanted: Vec<_> = if until.is_none() {
            expected.clone()
        } else {
            expected.iter().filter(|key| key.sort[1..].parse::<usize>().unwrap() < 18).cloned().collect()
        };
        assert_eq!(found, wanted, "{until:?} {limit}");
    }
    let past = IndexPosition { index_sort: "3".into(), partition: "p0".into(), sort: "s20".into() };
    assert!(store.index(TABLE, "due", Some("2"), Some(&past), 10).await.unwrap().items.is_empty());
}

pub(crate) async fn a_scan_gives_everything(world: World) {
    let store = &*world.store;
    let mut all: Vec<Key> =
        (0..250).map(|number| Key::new(TABLE, format!("p{}", number % 7), format!("s{number}"))).collect();
    for chunk in all.chunks(100) {
        let writes: Vec<_> = chunk.iter().map(|key| put(key.clone(), Condition::Absent, &json!({}))).collect();
        store.write(&writes).await.unwrap();
    }
    store.write(&[put(Key::new(Table::Accounts, "p1", "other"), Condition::Absent, &json!({}))]).await.unwrap();
    all.sort_unstable();
    for limit in [7, 100, 1000] {
        let (mut found, mut after) = (Vec::new(), None::<(String, String)>);
        loop {
            let page = store.scan(TABLE, after.as_ref(), limit).await.unwrap();
            assert!(page.items.len() <= limit);
            found.extend(page.items.into_iter().map(|item| item.key));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        found.sort_unstable();
        assert_eq!(found, all, "{limit}");
    }
}

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
