//! Any sequence of transactions and passing time, compared with a map that does the same in the simplest way.

use std::collections::BTreeMap;

use ports::{IndexKey, Item, StoreError};
use proptest::prelude::*;
use serde_json::Map;

use super::*;

const TABLES: [Table; 2] = [Table::People, Table::Sync];

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<Draft>),
    Wait(u64),
}

/// A write whose condition holds or not, as far as the model knows.
#[derive(Clone, Debug)]
struct Draft {
    key: Key,
    holds: bool,
    index: Option<IndexKey>,
    seconds: Option<u64>,
    kind: u8,
}

fn draft() -> impl Strategy<Value = Draft> {
    let key = (0..2_usize, "[ab]", "[xy][0-9]?").prop_map(|(table, p, s)| Key::new(TABLES[table], p, s));
    let index = ("[im]", "[0-9]").prop_map(|(partition, sort)| IndexKey { partition, sort });
    (key, prop::bool::weighted(0.9), prop::option::of(index), prop::option::of(0..20_u64), 0..8_u8)
        .prop_map(|(key, holds, index, seconds, kind)| Draft { key, holds, index, seconds, kind })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(draft(), 1..5).prop_map(Step::Write),
        1 => (1..10_u64).prop_map(Step::Wait),
    ]
}

#[derive(Default)]
struct Model(BTreeMap<Key, Item>);

impl Model {
    fn expire(&mut self, clock: &ManualClock) {
        self.0.retain(|_, item| item.expires.is_none_or(|expires| expires > clock.now()));
    }

    fn condition(&self, draft: &Draft) -> Condition {
        match (self.0.get(&draft.key), draft.holds) {
            (None, true) => Condition::Absent,
            (Some(item), true) => Condition::Version(item.version),
            (None, false) => Condition::Version(1),
            (Some(_), false) => Condition::Absent,
        }
    }

    fn apply(&mut self, writes: &[Write]) {
        for write in writes {
            match write.clone() {
                Write::Put { key, when, body, index, expires } => {
                    let version = if let Condition::Version(version) = when { version + 1 } else { 1 };
                    self.0.insert(key.clone(), Item { key, version, body, index, expires });
                }
                Write::Delete { key, .. } => drop(self.0.remove(&key)),
                Write::Check { .. } => {}
            }
        }
    }

    fn select(&self, wanted: impl Fn(&Item) -> bool) -> Vec<Item> {
        self.0.values().filter(|item| wanted(item)).cloned().collect()
    }
}

fn writes(model: &Model, drafts: &[Draft], clock: &ManualClock) -> (Vec<Write>, Result<(), StoreError>) {
    let mut distinct: Vec<&Draft> = Vec::new();
    for draft in drafts {
        if distinct.iter().all(|other| other.key != draft.key) {
            distinct.push(draft);
        }
    }
    let expected = distinct.iter().position(|draft| !draft.holds);
    let writes = distinct.into_iter().map(|draft| {
        let (key, when) = (draft.key.clone(), model.condition(draft));
        match draft.kind {
            0 => Write::Check { key, when },
            1 => Write::Delete { key, when },
            _ => {
                let body = Map::from_iter([("kind".to_owned(), draft.kind.into())]);
                let expires = draft.seconds.map(|seconds| clock.now() + Duration::from_secs(seconds));
                Write::Put { key, when, body, index: draft.index.clone(), expires }
            }
        }
    });
    (writes.collect(), expected.map_or(Ok(()), |write| Err(StoreError::Conflict { write })))
}

async fn compare(store: &Embedded, model: &Model) {
    let keys: Vec<Key> = model.0.keys().cloned().collect();
    let items: Vec<Item> = store.get(&keys).await.unwrap().into_iter().flatten().collect();
    assert_eq!(items, model.select(|_| true));
    for table in TABLES {
        let scanned = store.scan(table, None, 1000).await.unwrap().items;
        assert_eq!(scanned, model.select(|item| item.key.table == table));
        for (partition, prefix) in [("a", ""), ("b", "x"), ("a", "y")] {
            let found = store.query(table, partition, prefix, None, 1000).await.unwrap().items;
            let wanted = |item: &Item| {
                item.key.table == table && item.key.partition == partition && item.key.sort.starts_with(prefix)
            };
            assert_eq!(found, model.select(wanted));
        }
        for until in ["4", "9"] {
            let found = store.index(table, "i", Some(until), None, 1000).await.unwrap().items;
            let mut wanted = model.select(|item| {
                let place = item.index.as_ref();
                item.key.table == table && place.is_some_and(|at| at.partition == "i" && at.sort.as_str() <= until)
            });
            wanted.sort_by_key(|item| item.index.clone().map(|index| index.sort));
            assert_eq!(found, wanted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_ends_as_in_the_model(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let clock = clock();
            let store = memory(&clock);
            let mut model = Model::default();
            for step in &steps {
                match step {
                    Step::Wait(seconds) => clock.advance(Duration::from_secs(*seconds)),
                    Step::Write(drafts) => {
                        let (writes, expected) = writes(&model, drafts, &clock);
                        assert_eq!(store.write(&writes).await, expected);
                        if expected.is_ok() {
                            model.apply(&writes);
                        }
                    }
                }
                model.expire(&clock);
                compare(&store, &model).await;
            }
        });
    }
}
