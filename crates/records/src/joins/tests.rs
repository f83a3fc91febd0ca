use std::sync::atomic::Ordering;

use domain::{Snapshot, SnapshotContent};
use ports::{Store as _, Table};

use super::world::{World, account, ad, at, person, record};
use super::{Joins, Why};
use crate::{Ingested, keys};

fn several(persons: &[&str]) -> Option<Why> {
    Some(Why::SeveralPersons(persons.iter().map(|id| person(id)).collect()))
}

async fn waiting_for_mapping(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for shard in 0..keys::SHARDS {
        let listed = world.people.listed(keys::UNMAPPED, shard, None, None).await.unwrap().0;
        all.extend(listed.into_iter().map(String::from));
    }
    all.sort();
    all
}

#[tokio::test]
async fn an_account_finds_the_person_who_is_there() {
    let world = World::new(1);
    assert!(world.person("p", "7", "").await.is_empty());
    let told = account("r", 10, "7", "");
    assert_eq!(world.place(&told).await.unwrap(), [person("p")]);
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    assert_eq!(waiting_for_mapping(&world).await, ["p"]);
    let stored = world.data("p").await.snapshots.remove(0);
    assert_eq!(
        (stored.value.observed_at, stored.value.content),
        (at(10), SnapshotContent::Account(told.account.clone()))
    );
    // The same again writes no snapshot, and still names the person to wake.
    world.mark_mapped("p").await;
    assert_eq!(world.place(&told).await.unwrap(), [person("p")]);
    assert!(waiting_for_mapping(&world).await.is_empty());
    assert_eq!(world.people.records_of(&ad()).await.unwrap(), [(record("r"), person("p"))]);
}

#[tokio::test]
async fn an_account_waits_for_the_person_who_comes_later() {
    let world = World::new(2);
    assert!(world.place(&account("r", 10, "7", "")).await.unwrap().is_empty());
    let unplaced = world.joins.unplaced().await.unwrap();
    assert_eq!((unplaced[0].since, &unplaced[0].why), (at(10), &Why::NoPerson));
    assert_eq!(world.joins.records_of(&ad()).await.unwrap(), [record("r")]);
    assert!(world.person("other", "8", "").await.is_empty());
    assert_eq!(world.person("p", "7", "").await, [person("p")].into());
    assert_eq!((world.owner("r").await.as_deref(), world.why("r").await), (Some("p"), None));
    assert!(world.joins.records_of(&ad()).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_first_key_that_anybody_has_decides() {
    let world = World::new(3);
    world.person("by-b", "", "x").await;
    world.place(&account("r", 10, "7", "x")).await.unwrap();
    assert_eq!(world.owner("r").await.as_deref(), Some("by-b"));
    assert_eq!(world.person("by-a", "7", "").await, [person("by-a"), person("by-b")].into());
    assert_eq!(world.owner("r").await.as_deref(), Some("by-a"));
    // A value in the other place is another key.
    world.person("by-a", "", "7").await;
    assert_eq!(world.owner("r").await.as_deref(), Some("by-b"));
}

#[tokio::test]
async fn a_changed_key_moves_the_account() {
    let world = World::new(4);
    world.person("p", "7", "").await;
    world.person("q", "8", "").await;
    world.place(&account("r", 10, "7", "")).await.unwrap();
    let woken = world.place(&account("r", 11, "8", "")).await.unwrap();
    assert_eq!(woken, [person("p"), person("q")]);
    assert_eq!(world.owner("r").await.as_deref(), Some("q"));
    // The person's changes, and the account goes on waiting.
    assert_eq!(world.person("q", "9", "").await, [person("q")].into());
    assert_eq!((world.owner("r").await, world.why("r").await), (None, Some(Why::NoPerson)));
    // The sweep finds whom it was taken from, should the wake-up be lost.
    assert!(waiting_for_mapping(&world).await.contains(&"q".to_owned()));
    assert_eq!(world.person("q", "8", "").await, [person("q")].into());
    assert_eq!(world.owner("r").await.as_deref(), Some("q"));
}

#[tokio::test]
async fn several_persons_are_told_and_never_guessed() {
    let world = World::new(5);
    world.person("p", "7", "x").await;
    world.place(&account("r", 10, "7", "x")).await.unwrap();
    world.person("s", "", "x").await;
    assert_eq!(world.owner("r").await.as_deref(), Some("p"), "the second key does not matter");
    assert_eq!(world.person("q", "7", "").await, [person("p")].into());
    assert_eq!((world.owner("r").await, world.why("r").await), (None, several(&["p", "q"])));
    world.person("t", "7", "").await;
    assert_eq!(world.why("r").await, several(&["p", "q", "t"]));
    // HR takes them away, one by one; the last one has it.
    world.person("p", "", "x").await;
    world.person("t", "", "").await;
    assert_eq!((world.owner("r").await.as_deref(), world.why("r").await), (Some("q"), None));
}

#[tokio::test]
async fn an_account_that_is_gone_is_nowhere() {
    let world = World::new(6);
    world.person("p", "7", "").await;
    world.place(&account("r", 10, "7", "")).await.unwrap();
    world.place(&account("w", 10, "none", "")).await.unwrap();
    let gone = async |id, second| world.joins.remove(&ad(), &record(id), at(second), None, at(1)).await.unwrap();
    assert_eq!(gone("r", 12).await, [person("p")]);
    assert!(gone("w", 12).await.is_empty());
    assert_eq!((world.owner("r").await, world.why("r").await, world.why("w").await), (None, None, None));
    assert!(world.people.records_of(&ad()).await.unwrap().is_empty());
    // An older word does not bring it back, a newer one does; the same for one that was never there.
    world.place(&account("r", 11, "7", "")).await.unwrap();
    assert_eq!(world.owner("r").await, None);
    world.place(&account("r", 13, "7", "")).await.unwrap();
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    assert!(gone("new", 20).await.is_empty());
    world.place(&account("new", 19, "7", "")).await.unwrap();
    assert_eq!((world.owner("new").await, world.why("new").await), (None, None));
}

#[tokio::test]
async fn the_newest_word_wins_however_often_the_account_was_moved() {
    let world = World::new(7);
    world.place(&account("r", 10, "7", "")).await.unwrap();
    for _ in 0..3 {
        world.person("p", "7", "").await;
        assert_eq!(world.owner("r").await.as_deref(), Some("p"));
        world.person("p", "", "").await;
        assert_eq!(world.owner("r").await, None);
    }
    world.person("p", "7", "").await;
    // Moving it made it no newer: the next word of the source counts, an older one does not.
    world.place(&account("r", 9, "7", "old")).await.unwrap();
    assert_eq!(world.data("p").await.snapshots[0].value.observed_at, at(10));
    world.place(&account("r", 11, "7", "new")).await.unwrap();
    let stored = world.data("p").await.snapshots.remove(0).value;
    assert_eq!(stored.content, SnapshotContent::Account(account("r", 11, "7", "new").account));
}

#[tokio::test]
async fn what_is_stored_already_is_known() {
    let world = World::new(8);
    let keyed = |told: super::UnplacedAccount| {
        let keys = world.account_keys(&told.account);
        (told, keys)
    };
    let (same, other) = (keyed(account("r", 20, "7", "")), keyed(account("r", 20, "7", "x")));
    let (older, new) = (keyed(account("r", 9, "7", "x")), keyed(account("s", 10, "7", "")));
    let rekeyed = (same.0.clone(), Vec::new());
    world.place(&account("r", 10, "7", "")).await.unwrap();
    let known = world.joins.known(&[same, other, older, new, rekeyed]).await.unwrap();
    assert_eq!(known, [true, false, true, false, false]);
}

#[tokio::test]
async fn another_configuration_keys_persons_accounts_anew_with_the_person() {
    let world = World::new(9);
    for (id, key) in [("p", "7"), ("q", "8"), ("s", "8")] {
        world.person(id, key, "").await;
    }
    for (id, key) in [("r", "7"), ("twice", "8"), ("waits", "9")] {
        world.place(&account(id, 10, key, "")).await.unwrap();
    }
    world.configuration.store(1, Ordering::Relaxed);
    // Read again before anybody was mapped anew: the account stays.
    world.place(&account("r", 11, "7", "")).await.unwrap();
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    world.person("q", "8", "").await;
    assert_eq!(world.why("twice").await, several(&["q", "s"]), "old keys decide nothing new");
    world.person("p", "7", "").await;
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    world.person("s", "", "").await;
    world.place(&account("twice", 12, "8", "")).await.unwrap();
    assert_eq!(world.owner("twice").await.as_deref(), Some("q"));
    // And not read again.
    world.configuration.store(2, Ordering::Relaxed);
    assert!(world.person("p", "7", "").await.is_empty());
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    assert_eq!(world.person("p", "no longer", "").await, [person("p")].into());
    assert_eq!(world.why("r").await, Some(Why::NoPerson));
}

/// A source whose records named their persons until now.
#[tokio::test]
async fn a_join_can_begin_and_end() {
    let world = World::new(10);
    let told = account("r", 10, "7", "");
    let snapshot = Snapshot {
        source: ad(),
        record: record("r"),
        person: person("named"),
        observed_at: at(5),
        event: None,
        content: SnapshotContent::Account(told.account.clone()),
    };
    assert_eq!(world.people.ingest(&snapshot, false, at(5)).await.unwrap().0, Ingested::Stored);
    world.person("p", "7", "").await;
    world.place(&told).await.unwrap();
    assert_eq!(world.owner("r").await.as_deref(), Some("named"), "until that person is mapped");
    assert_eq!(world.person("named", "", "").await, [person("named"), person("p")].into());
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    // Without a join the keys go, and accounts stay until a record names somebody.
    let (none, account_keys) = (std::collections::BTreeMap::new(), |_: &_, _: &_| Vec::new());
    let data = world.data("p").await;
    assert!(Joins::concerns(&data, &none));
    world.joins.person_changed(&person("p"), &data, &none, &account_keys, at(1)).await.unwrap();
    let data = world.data("p").await;
    assert!(!Joins::concerns(&data, &none));
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    let named = Snapshot { observed_at: at(11), ..snapshot };
    world.people.ingest(&named, false, at(11)).await.unwrap();
    assert_eq!(world.owner("r").await.as_deref(), Some("named"));
}

#[tokio::test]
async fn an_interrupted_mapping_is_found_by_the_sweep_and_goes_on() {
    use ports::faults::Fault;
    let world = World::new(11);
    world.place(&account("r", 10, "7", "")).await.unwrap();
    world.hears("p", "7", "");
    // Its keys are written, and reading the partitions fails.
    world.faults.plan(2, Fault::FailBefore);
    world.map(&person("p")).await.unwrap_err();
    assert_eq!((world.faults.calls()[1], world.owner("r").await), ("store.write", None));
    world.faults.clear();
    assert_eq!(waiting_for_mapping(&world).await, ["p"]);
    assert_eq!(world.map(&person("p")).await.unwrap(), [person("p")].into());
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
}

/// Who settles late has read what was true before.
#[tokio::test]
async fn the_last_to_settle_has_seen_everything() {
    let world = World::new(13);
    world.person("p", "7", "").await;
    world.place(&account("r", 10, "7", "")).await.unwrap();
    // The key goes, and before the account is taken away it is back: nothing seems to have changed.
    world.overtake(1, world.person("p", "", ""), world.person("p", "7", "")).await;
    assert_eq!(world.owner("r").await.as_deref(), Some("p"));
    // The account's key goes away from the person while somebody else gets it.
    let moved = account("r", 11, "8", "");
    world.overtake(1, async { world.place(&moved).await.unwrap() }, world.person("q", "8", "")).await;
    assert_eq!(world.owner("r").await.as_deref(), Some("q"));
    // An account and its person come at the same time.
    let new = account("new", 10, "9", "");
    world.overtake(0, async { world.place(&new).await.unwrap() }, world.person("t", "9", "")).await;
    assert_eq!(world.owner("new").await.as_deref(), Some("t"));
    world.overtake(0, world.person("u", "9", ""), world.place(&account("new", 12, "9", ""))).await;
    assert_eq!(world.why("new").await, several(&["t", "u"]));
}

#[tokio::test]
async fn no_value_of_a_key_is_in_an_items_key_or_in_the_list() {
    let world = World::new(12);
    world.person("p", "secret-7", "").await;
    world.place(&account("r", 10, "secret-7", "")).await.unwrap();
    world.place(&account("s", 10, "secret-8", "")).await.unwrap();
    let items = world.store.scan(Table::People, None, 500).await.unwrap().items;
    assert!(items.len() > 6);
    for item in items {
        assert!(!format!("{:?}{:?}", item.key, item.index).contains("secret"));
    }
    assert!(!format!("{:?}", world.joins.unplaced().await.unwrap()).contains("secret"));
}
