//! What is special to the embedded side: durability, the file's lock and permissions, dropped calls, shared commits,
//! dead letters. What both sides share is in the port contract suite.

mod model;

use std::future::Future;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ports::clock::ManualClock;
use ports::{Clock, Condition, Key, Queue, QueueName, Store, Table, Write};
use serde_json::json;

use super::*;

const QUEUE: QueueName = QueueName::Changes;
const HOUR: Duration = Duration::from_secs(3600);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-03-01T08:00:00Z".parse().unwrap()))
}

fn memory(clock: &Arc<ManualClock>) -> Embedded {
    Embedded::in_memory(Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

fn put(sort: &str, when: Condition) -> Write {
    let body = json!({"sort": sort}).as_object().unwrap().clone();
    Write::Put { key: Key::new(Table::People, "p", sort), when, body, index: None, expires: None }
}

async fn count(store: &Embedded, table: Table) -> usize {
    store.scan(table, None, 10_000).await.unwrap().items.len()
}

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/store.redb");
    {
        let store = Embedded::open(&path, clock()).unwrap();
        store.write(&[put("a", Condition::Absent)]).await.unwrap();
        store.send(QUEUE, &["m".to_owned()]).await.unwrap();
    }
    let store = Embedded::open(&path, clock()).unwrap();
    assert_eq!(count(&store, Table::People).await, 1);
    assert_eq!(store.receive(QUEUE, 10, HOUR).await.unwrap()[0].body, "m");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_store_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/store.redb");
    let _store = Embedded::open(&path, clock()).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_file_that_is_no_store_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "shopping list".repeat(1000)).unwrap();
    assert!(matches!(Embedded::open(&path, clock()), Err(OpenError::Failed { .. })));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("shopping list"));
}

#[test]
fn a_file_of_another_layout_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta: redb::TableDefinition<&str, u64> = redb::TableDefinition::new("meta");
    transaction.open_table(meta).unwrap().insert("layout", 7).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Embedded::open(&path, clock()).unwrap_err().to_string();
    assert!(error.ends_with("it has layout 7, this program reads layout 1"), "{error}");
}

/// Runs this test binary again as another process, which keeps the store open until it is killed.
#[tokio::test]
async fn another_process_is_told_and_a_kill_loses_nothing() {
    const PATH: &str = "STORAGE_TEST_CHILD";
    if let Ok(path) = std::env::var(PATH) {
        return child(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let name = "embedded::tests::another_process_is_told_and_a_kill_loses_nothing";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(PATH, &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    let answered = std::io::BufRead::lines(output).map(Result::unwrap);
    let mut answered = answered.filter_map(|line| line.rsplit_once("written ")?.1.parse::<usize>().ok());
    let first_200 = answered.by_ref().take(200).last();
    assert_eq!(first_200, Some(200));
    let error = Embedded::open(&path, clock()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert_eq!(error.to_string(), format!("the store at {} is in use by another process", path.display()));
    child.kill().unwrap();
    child.wait().unwrap();
    let last = answered.last().unwrap_or(200);

    let store = Embedded::open(&path, clock()).unwrap();
    let items = count(&store, Table::People).await;
    let messages = store.depth(QUEUE).await.unwrap().messages;
    // The next one may have been written without its answer being seen.
    assert!(items == last || items == last + 1, "{last} answered, {items} items");
    assert!(messages as usize == last || messages as usize == last + 1, "{last} answered, {messages} messages");
}

async fn child(path: &Path) {
    let store = Embedded::open(path, clock()).unwrap();
    for number in 1.. {
        store.write(&[put(&number.to_string(), Condition::Absent)]).await.unwrap();
        store.send(QUEUE, &[number.to_string()]).await.unwrap();
        println!("written {number}");
    }
}

/// Polls a call `polls` times, then drops it.
fn stop_after<T>(polls: usize, call: impl Future<Output = T>) -> Poll<T> {
    let mut call = std::pin::pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).fold(Poll::Pending, |seen, _| if seen.is_ready() { seen } else { call.as_mut().poll(&mut context) })
}

#[tokio::test]
async fn a_dropped_call_is_done_whole_or_never() {
    for polls in 0..4 {
        let store = memory(&clock());
        let writes = [put("a", Condition::Absent), put("b", Condition::Absent)];
        let answer = stop_after(polls, store.write(&writes));
        let expected = if answer.is_ready() { 2 } else { 0 };
        assert_eq!(count(&store, Table::People).await, expected, "{polls} polls");
        // A later commit does not bring it back.
        store.write(&[put("c", Condition::Absent)]).await.unwrap();
        assert_eq!(count(&store, Table::People).await, expected + 1, "{polls} polls");
    }
}

#[tokio::test]
async fn calls_that_wait_together_share_a_commit_and_each_gets_its_own_answer() {
    let store = memory(&clock());
    let same = [put("same", Condition::Absent)];
    let other = [put("other", Condition::Absent)];
    let (first, second, third) = tokio::join!(store.write(&same), store.write(&same), store.write(&other));
    assert_eq!(first, Ok(()));
    assert_eq!(second, Err(ports::StoreError::Conflict { write: 0 }));
    assert_eq!(third, Ok(()));
    assert_eq!(store.commits.count(), 1);
}

#[tokio::test]
async fn a_conflict_commits_nothing() {
    let store = memory(&clock());
    let conflict = store.write(&[put("a", Condition::Absent), put("b", Condition::Version(3))]).await;
    assert_eq!(conflict, Err(ports::StoreError::Conflict { write: 1 }));
    assert_eq!(count(&store, Table::People).await, 0);
    assert_eq!(store.commits.count(), 0);
}

#[tokio::test]
async fn expired_items_are_cleared_by_later_writes() {
    let clock = clock();
    let store = memory(&clock);
    let expires = Some(clock.now() + Duration::from_secs(60));
    for number in 0..20 {
        let mut write = put(&number.to_string(), Condition::Absent);
        if let Write::Put { expires: of, .. } = &mut write {
            *of = expires;
        }
        store.write(&[write]).await.unwrap();
    }
    clock.advance(Duration::from_secs(60));
    for number in 100..105 {
        store.write(&[put(&number.to_string(), Condition::Absent)]).await.unwrap();
    }
    let view = store.commits.read().unwrap();
    let raw = redb::ReadableTableMetadata::len(&view.open_table(schema::items(Table::People)).unwrap()).unwrap();
    assert_eq!(raw, 5);
}

#[tokio::test]
async fn dead_letters_are_shown_and_sent_back() {
    let clock = clock();
    let store = memory(&clock).with_max_receives(2);
    store.send(QUEUE, &["poison".to_owned()]).await.unwrap();
    for receives in 1..=2 {
        let delivery = store.receive(QUEUE, 10, HOUR).await.unwrap().remove(0);
        assert_eq!(delivery.receives, receives);
        clock.advance(HOUR);
    }
    assert_eq!(store.receive(QUEUE, 10, HOUR).await.unwrap(), []);
    let letters = store.dead_letters(QUEUE).await.unwrap();
    assert_eq!((letters.len(), letters[0].body.as_str(), letters[0].receives), (1, "poison", 2));
    assert_eq!(store.dead_letters(QueueName::UrgentChanges).await.unwrap(), []);

    assert_eq!(store.redrive(QUEUE).await.unwrap(), 1);
    assert_eq!(store.dead_letters(QUEUE).await.unwrap(), []);
    let again = store.receive(QUEUE, 10, HOUR).await.unwrap().remove(0);
    assert_eq!((again.id.as_str(), again.receives), (letters[0].id.as_str(), 1));
    assert_eq!(store.redrive(QUEUE).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_dead_process_took_can_be_shown_at_once() {
    let clock = clock();
    let store = memory(&clock);
    store.send(QUEUE, &["a".to_owned(), "b".to_owned()]).await.unwrap();
    let taken = store.receive(QUEUE, 1, HOUR).await.unwrap().remove(0);
    assert_eq!(store.show_hidden(QUEUE).await.unwrap(), 1);
    let again = store.receive(QUEUE, 10, HOUR).await.unwrap();
    let receives: Vec<_> = again.iter().map(|delivery| (delivery.body.as_str(), delivery.receives)).collect();
    assert_eq!(receives, [("a", 2), ("b", 1)]);
    // The dead one's receipt is of no use any more.
    store.delete(QUEUE, &taken.receipt).await.unwrap();
    assert_eq!(store.depth(QUEUE).await.unwrap().messages, 2);
    assert_eq!(store.show_hidden(QueueName::UrgentChanges).await.unwrap(), 0);
}

#[tokio::test]
async fn dying_messages_do_not_take_the_places_of_living_ones() {
    let store = memory(&clock()).with_max_receives(1);
    store.send(QUEUE, &["dying".to_owned(), "dying".to_owned()]).await.unwrap();
    assert_eq!(store.receive(QUEUE, 10, Duration::ZERO).await.unwrap().len(), 2);
    store.send(QUEUE, &["living".to_owned()]).await.unwrap();
    assert_eq!(store.receive(QUEUE, 1, HOUR).await.unwrap()[0].body, "living");
    assert_eq!(store.dead_letters(QUEUE).await.unwrap().len(), 2);
}

/// As in SQS (MessageNotInflight), which ministack does not know, so this is not in the contract suite.
#[tokio::test]
async fn a_delivery_whose_time_is_over_can_not_be_prolonged() {
    let clock = clock();
    let store = memory(&clock);
    store.send(QUEUE, &["late".to_owned()]).await.unwrap();
    let first = store.receive(QUEUE, 1, HOUR).await.unwrap().remove(0);
    clock.advance(HOUR);
    store.set_visibility(QUEUE, &first.receipt, HOUR).await.unwrap();
    assert_eq!(store.receive(QUEUE, 1, HOUR).await.unwrap().len(), 1);
}
