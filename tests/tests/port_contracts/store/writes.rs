//! Conditions, transactions and races.

use futures::future::join_all;
use ports::{Condition, Item, Key, Store, StoreError, Table, Write};
use serde_json::json;

use super::{TABLE, body, conflict, find, key, new, put};
use crate::world::World;

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

/// A write that may meet others: throttling and collisions go by.
async fn write_until_clear(store: &dyn Store, writes: &[Write]) -> Result<(), StoreError> {
    loop {
        match store.write(writes).await {
            Err(StoreError::Busy { .. }) => tokio::task::yield_now().await,
            clear => return clear,
        }
    }
}
