//! Reading by keys, by partition, by index, and all.

use ports::{Condition, IndexPosition, Item, Key, Table, Write};
use serde_json::json;

use super::{TABLE, find, indexed, key, new, put};
use crate::world::World;

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

fn sorts(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.key.sort.as_str()).collect()
}
