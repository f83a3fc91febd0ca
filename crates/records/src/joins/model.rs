//! Any accounts and persons that come, change their keys and go, in any order and at the same time, with calls that fail
//! and processes that stop, end where a join of what was last said puts them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use domain::{PersonId, RecordId};
use futures::future::join_all;
use ports::faults::Fault;
use ports::{Store as _, StoreError, Table};
use proptest::prelude::*;

use super::world::{World, account, ad, at, person, record};
use super::{UnplacedAccount, Why};
use crate::keys;

const PERSONS: [&str; 4] = ["p", "q", "s#1", "t"];
const RECORDS: [&str; 3] = ["r", "e#2", "u"];
/// Blank is nothing.
const VALUES: [&str; 3] = ["", "x", "y"];

#[derive(Clone, Copy, Debug)]
enum Step {
    /// HR says something of a person.
    Person { who: usize, a: usize, b: usize },
    /// The directory tells of an account; `late`: as it was some steps ago.
    Account { which: usize, a: usize, b: usize, late: i64 },
    /// The directory says that an account is gone.
    Gone { which: usize },
    /// The configuration gets another join; everybody is mapped again.
    Configuration,
}

/// Steps that happen at the same time, and what goes wrong meanwhile.
#[derive(Clone, Debug)]
struct Moment {
    steps: Vec<Step>,
    fault: Option<(usize, Fault)>,
}

fn step() -> impl Strategy<Value = Step> {
    let value = || 0..VALUES.len();
    prop_oneof![
        6 => (0..PERSONS.len(), value(), value()).prop_map(|(who, a, b)| Step::Person { who, a, b }),
        6 => (0..RECORDS.len(), value(), value(), prop_oneof![4 => Just(0), 1 => 1..6_i64])
            .prop_map(|(which, a, b, late)| Step::Account { which, a, b, late }),
        1 => (0..RECORDS.len()).prop_map(|which| Step::Gone { which }),
    ]
}

fn moment() -> impl Strategy<Value = Moment> {
    let fault =
        prop_oneof![Just(Fault::FailBefore), Just(Fault::LoseReply), Just(Fault::StopBefore), Just(Fault::StopAfter)];
    let steps = prop_oneof![
        12 => prop::collection::vec(step(), 1..4),
        1 => Just(vec![Step::Configuration]),
    ];
    (steps, prop::option::of((0..40_usize, fault))).prop_map(|(steps, fault)| Moment { steps, fault })
}

/// What the directory last said, by its own time.
type Directory = BTreeMap<RecordId, (i64, Option<UnplacedAccount>)>;

/// One step of the real thing, from its message to its end.
enum Work {
    /// HR says something at some moment of the others' work, once, and the person is mapped.
    Hear(usize, Mutex<Option<[&'static str; 2]>>),
    Map(PersonId),
    Place(UnplacedAccount),
    Remove(RecordId, i64),
}

impl Work {
    async fn run(&self, world: &World) -> Result<(), StoreError> {
        match self {
            Self::Hear(who, values) => {
                world.yielding.give_way().await;
                if let Some([a, b]) = values.lock().unwrap().take() {
                    world.hears(PERSONS[*who], a, b);
                }
                world.map(&person(PERSONS[*who])).await.map(drop)
            }
            Self::Map(person) => world.map(person).await.map(drop),
            Self::Place(told) => world.place(told).await.map(drop),
            Self::Remove(record, second) => {
                world.joins.remove(&ad(), record, at(*second), None, at(*second)).await.map(drop)
            }
        }
    }
}

/// Does all at the same time, each again until it succeeds; a process that stops takes all with it.
async fn do_all(world: &World, work: Vec<Work>, fault: Option<(usize, Fault)>) {
    match fault {
        Some((at, fault)) => world.faults.plan(at, fault),
        None => world.faults.clear(),
    }
    let left = Mutex::new(work.iter().map(|_| true).collect::<Vec<_>>());
    for attempt in 0.. {
        assert!(attempt < 10, "it does not come to an end");
        let one = async |n: usize, work: &Work| {
            if left.lock().unwrap()[n] && work.run(world).await.is_ok() {
                left.lock().unwrap()[n] = false;
            }
        };
        let all = join_all(work.iter().enumerate().map(|(n, work)| one(n, work)));
        let stopped = tokio::select! {
            biased;
            () = world.faults.stopped() => true,
            _ = all => false,
        };
        if stopped {
            world.faults.clear();
        } else if !left.lock().unwrap().iter().any(|left| *left) {
            break;
        }
    }
    world.faults.clear();
}

/// Where everything must be.
async fn check(world: &World, directory: &Directory) {
    let persons: Vec<_> = PERSONS.iter().map(|id| person(id)).collect();
    let mut placed = BTreeMap::new();
    let mut unplaced = BTreeMap::new();
    for (record, (_, told)) in directory {
        let Some(told) = told else { continue };
        let text = |name: &str| told.account[name].as_str().unwrap_or_default().to_owned();
        let having = |of: fn(&super::world::Said) -> &str, value: &str| -> Vec<PersonId> {
            let has = |person: &&PersonId| !value.is_empty() && of(&world.said(person)) == value;
            persons.iter().filter(has).cloned().collect()
        };
        let (by_a, by_b) = (having(|said| &said.a, &text("a")), having(|said| &said.b, &text("b")));
        let deciding = if by_a.is_empty() { by_b } else { by_a };
        match deciding.as_slice() {
            [] => drop(unplaced.insert(record.clone(), Why::NoPerson)),
            [one] => drop(placed.insert(record.clone(), (one.clone(), told.account.clone()))),
            _ => drop(unplaced.insert(record.clone(), Why::SeveralPersons(deciding))),
        }
    }
    assert_eq!(world.placed(&persons).await, placed);
    let listed = world.joins.unplaced().await.unwrap();
    assert_eq!(listed.into_iter().map(|found| (found.record, found.why)).collect::<BTreeMap<_, _>>(), unplaced);
    let found: BTreeMap<_, _> = world.people.records_of(&ad()).await.unwrap().into_iter().collect();
    assert_eq!(found, placed.iter().map(|(record, (person, _))| (record.clone(), person.clone())).collect());
    let waiting: BTreeSet<_> = world.joins.records_of(&ad()).await.unwrap().into_iter().collect();
    assert_eq!(waiting, unplaced.keys().cloned().collect());
    nothing_is_left(world, directory).await;
}

/// The partitions hold what the keys of today say, and nothing waits to be settled.
async fn nothing_is_left(world: &World, directory: &Directory) {
    let mut claims = BTreeSet::new();
    for (person, said) in world.hr.lock().unwrap().iter() {
        let keys = world.keys(&said.a, &said.b);
        claims.extend(keys.iter().map(|key| keys::join_person(&ad(), key, person)));
    }
    for (record, (_, told)) in directory {
        let keys = told.iter().flat_map(|told| world.account_keys(&told.account));
        claims.extend(keys.map(|key| keys::join_record(&ad(), &key, record)));
    }
    let items = world.store.scan(Table::People, None, 1000).await.unwrap().items;
    let found: BTreeSet<_> =
        items.iter().filter(|item| item.key.partition.starts_with("join#")).map(|item| item.key.clone()).collect();
    assert_eq!(found, claims);
    for item in items {
        let unsettled = item.body.get("settled").is_some_and(|settled| settled == false);
        let owes = item.body.contains_key("owed") || item.body.contains_key("owesOwn");
        assert!(!unsettled && !owes, "{item:?}");
    }
}

async fn play(seed: u64, moments: &[Moment]) -> usize {
    let world = World::new(seed);
    let mut directory = Directory::new();
    let (mut time, mut calls) = (1_000_000, 0);
    for moment in moments {
        let mut work = Vec::new();
        for step in &moment.steps {
            // No two steps tell of the same second, however late.
            time += 1001;
            match *step {
                Step::Person { who, a, b } => {
                    work.push(Work::Hear(who, Mutex::new(Some([VALUES[a], VALUES[b]]))));
                }
                Step::Account { which, a, b, late } => {
                    let second = time - 1000 * late;
                    let told = account(RECORDS[which], second, VALUES[a], VALUES[b]);
                    let known = directory.entry(record(RECORDS[which])).or_insert((0, None));
                    if known.0 < second {
                        *known = (second, Some(told.clone()));
                    }
                    work.push(Work::Place(told));
                }
                Step::Gone { which } => {
                    directory.insert(record(RECORDS[which]), (time, None));
                    work.push(Work::Remove(record(RECORDS[which]), time));
                }
                Step::Configuration => {
                    world.configuration.fetch_add(1, Ordering::Relaxed);
                    work.extend(PERSONS.iter().map(|id| Work::Map(person(id))));
                }
            }
        }
        let reconfigured = matches!(moment.steps[..], [Step::Configuration]);
        do_all(&world, work, moment.fault).await;
        if reconfigured {
            // The next full read: only what is not known as it is costs a write.
            let all = directory.values().filter_map(|(_, told)| told.clone());
            let keyed: Vec<_> = all.map(|told| (told.clone(), world.account_keys(&told.account))).collect();
            let known = world.joins.known(&keyed).await.unwrap();
            let unknown = keyed.into_iter().zip(known).filter(|(_, known)| !known);
            do_all(&world, unknown.map(|((told, _), _)| Work::Place(told)).collect(), None).await;
        }
        calls = calls.max(world.faults.calls().len());
        check(&world, &directory).await;
    }
    calls
}

fn in_runtime<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_account_ends_where_the_join_puts_it(seed: u64, moments in prop::collection::vec(moment(), 1..14)) {
        in_runtime(play(seed, &moments));
    }
}

/// Every call of a story is a point at which each fault strikes.
#[test]
fn every_call_may_fail_or_be_the_last() {
    let person = |who, a, b| Step::Person { who, a, b };
    let account = |which, a, b| Step::Account { which, a, b, late: 0 };
    let story = [
        vec![account(0, 1, 2), person(0, 1, 0)],
        vec![person(1, 0, 2), account(1, 0, 2), person(2, 1, 0)],
        vec![person(0, 2, 0), account(0, 2, 0)],
        vec![Step::Configuration],
        vec![person(0, 0, 0), Step::Gone { which: 1 }],
    ];
    for fault in [Fault::FailBefore, Fault::LoseReply, Fault::StopBefore, Fault::StopAfter] {
        for at in 0..30 {
            let moments: Vec<_> =
                story.iter().map(|steps| Moment { steps: steps.clone(), fault: Some((at, fault)) }).collect();
            in_runtime(play(7, &moments));
        }
    }
}
