use domain::{Cause, DesiredAccount, RecordId, SnapshotContent};
use ports::clock::ManualClock;
use serde_json::json;
use storage::Embedded;

use super::*;

fn people() -> People {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    People::new(Arc::new(Embedded::in_memory(clock).unwrap()))
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

fn account(record: &str, of: &str, second: i64, mail: &str) -> Snapshot {
    Snapshot {
        source: SourceName::parse("entra").unwrap(),
        record: RecordId::parse(record).unwrap(),
        person: person(of),
        observed_at: Timestamp::from_second(second).unwrap(),
        event: None,
        content: SnapshotContent::Account(Map::from_iter([("mail".to_owned(), json!(mail))])),
    }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

async fn unmapped(people: &People) -> Vec<PersonId> {
    let mut all = Vec::new();
    for shard in 0..keys::SHARDS {
        all.extend(people.listed(keys::UNMAPPED, shard, None, None).await.unwrap().0);
    }
    all
}

#[tokio::test]
async fn the_newest_snapshot_wins_in_any_order() {
    let people = people();
    let first = people.ingest(&account("r", "p", 10, "a"), true, NOW).await.unwrap();
    assert_eq!(first, (Ingested::Stored, vec![person("p")]));
    assert_eq!(people.ingest(&account("r", "p", 9, "old"), true, NOW).await.unwrap().0, Ingested::Stale);
    assert_eq!(people.ingest(&account("r", "p", 10, "a"), true, NOW).await.unwrap().0, Ingested::Unchanged);
    assert_eq!(people.ingest(&account("r", "p", 12, "a"), true, NOW).await.unwrap().0, Ingested::Unchanged);
    // Confirmed at 12, so what was true at 11 is old.
    assert_eq!(people.ingest(&account("r", "p", 11, "b"), true, NOW).await.unwrap().0, Ingested::Stale);
    assert_eq!(people.known(&[account("r", "p", 13, "a"), account("r", "p", 13, "b")]).await.unwrap(), [true, false]);
    assert_eq!(people.load(&person("p")).await.unwrap().snapshots.len(), 1);
}

#[tokio::test]
async fn a_record_that_moves_to_another_person_leaves_the_first() {
    let people = people();
    people.ingest(&account("r", "p1", 1, "a"), false, NOW).await.unwrap();
    let (ingested, woken) = people.ingest(&account("r", "p2", 2, "a"), false, NOW).await.unwrap();
    assert_eq!((ingested, woken), (Ingested::Stored, vec![person("p2"), person("p1")]));
    assert!(people.load(&person("p1")).await.unwrap().snapshots.is_empty());
    assert_eq!(people.load(&person("p2")).await.unwrap().snapshots.len(), 1);
    // An older word about the first person does not bring it back.
    assert_eq!(people.ingest(&account("r", "p1", 1, "a"), false, NOW).await.unwrap().0, Ingested::Stale);
    assert_eq!(
        people.person_of(&SourceName::parse("entra").unwrap(), &RecordId::parse("r").unwrap()).await.unwrap(),
        Some(person("p2"))
    );
}

#[tokio::test]
async fn mapping_takes_snapshots_from_the_list_and_puts_targets_on_another() {
    let people = people();
    people.ingest(&account("r", "p", 1, "a"), false, NOW).await.unwrap();
    assert_eq!(unmapped(&people).await, [person("p")]);
    let data = people.load(&person("p")).await.unwrap();
    let desired = DesiredState {
        person: person("p"),
        version: 1,
        account: DesiredAccount::unwanted("test"),
        cause: Cause::Configuration { policy: "x".into() },
        leaving_since: None,
        changes_on: None,
        policy: "x".into(),
    };
    let mapped = Mapped {
        desired: Some(desired),
        new_target: true,
        changes_on: Some(jiff::civil::date(2026, 5, 1)),
        problem: None,
    };
    people.save_mapped(&person("p"), &data, &mapped, NOW).await.unwrap();
    assert!(unmapped(&people).await.is_empty());
    assert!(matches!(people.save_mapped(&person("p"), &data, &mapped, NOW).await, Err(StoreError::Conflict { .. })));

    let data = people.load(&person("p")).await.unwrap();
    let desired = data.desired.clone().unwrap();
    assert!(desired.index.is_some());
    people.mark_applied(&desired).await.unwrap();
    let data = people.load(&person("p")).await.unwrap();
    assert!(data.desired.clone().unwrap().index.is_none());
    let due = data.due.clone().unwrap();
    assert_eq!(due.value.on, jiff::civil::date(2026, 5, 1));
    let nothing = Mapped { desired: None, new_target: false, changes_on: None, problem: None };
    people.save_mapped(&person("p"), &data, &nothing, NOW).await.unwrap();
    assert!(people.load(&person("p")).await.unwrap().due.is_none());
}
