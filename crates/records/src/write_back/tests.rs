use domain::account::ParkedReason;
use ports::clock::ManualClock;
use storage::Embedded;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

fn write_backs(system: &str) -> (WriteBacks, Arc<dyn Store>) {
    let store: Arc<dyn Store> = Arc::new(Embedded::in_memory(Arc::new(ManualClock::at(at(0)))).unwrap());
    (WriteBacks::new(Arc::clone(&store), SourceName::parse(system).unwrap()), store)
}

fn delivered(n: usize) -> Delivered {
    let fields: Fields = [("EmAd".to_owned(), Some(n.to_string()))].into();
    let delivery = Delivery { record: "KnEmployee".into(), key: "1".into(), before: Fields::new(), after: fields };
    Delivered { delivery, at: at(0), cause: None, recovered: false }
}

#[tokio::test]
async fn a_mark_is_written_once_and_listed_until_it_is_settled() {
    let (afas, _) = write_backs("afas");
    let jan = person("o'brien#1");
    assert!(afas.want(&jan, at(10)).await.unwrap());
    assert!(!afas.want(&jan, at(20)).await.unwrap());
    assert_eq!(afas.want_all(&[jan.clone(), person("2")], at(30)).await.unwrap(), 1);
    assert_eq!(afas.listed(at(9), 10).await.unwrap(), []);
    assert_eq!(afas.listed(at(30), 10).await.unwrap(), [jan.clone(), person("2")]);
    assert_eq!(afas.listed(at(30), 1).await.unwrap(), std::slice::from_ref(&jan));

    assert!(afas.take(&jan, "a", at(30), MINUTE).await.unwrap().is_some());
    assert_eq!(afas.take(&jan, "b", at(31), MINUTE).await.unwrap(), None, "it is taken");
    assert!(!afas.settle(&jan, "b", Settled::default()).await.unwrap(), "it is somebody else's");
    assert!(afas.settle(&jan, "a", Settled::default()).await.unwrap());
    assert_eq!(afas.listed(at(999), 10).await.unwrap(), [person("2")]);
}

#[tokio::test]
async fn a_mark_that_comes_during_the_turn_is_kept() {
    let (afas, _) = write_backs("afas");
    let jan = person("1");
    afas.want(&jan, at(10)).await.unwrap();
    afas.take(&jan, "a", at(10), MINUTE).await.unwrap().unwrap();
    assert!(afas.want(&jan, at(11)).await.unwrap());
    assert!(afas.intend(&jan, "a", Settled::default(), intent()).await.unwrap());
    assert!(afas.settle(&jan, "a", Settled { delivered: vec![delivered(1)], ..Settled::default() }).await.unwrap());
    let state = afas.of(&jan).await.unwrap();
    assert_eq!((state.wanted, state.log.len(), state.intent), (Some(at(11)), 1, None));
}

#[tokio::test]
async fn who_stops_during_a_turn_leaves_the_person_to_the_next() {
    let (afas, _) = write_backs("afas");
    let jan = person("1");
    afas.want(&jan, at(10)).await.unwrap();
    afas.take(&jan, "a", at(10), MINUTE).await.unwrap().unwrap();
    afas.intend(&jan, "a", Settled::default(), intent()).await.unwrap();
    assert_eq!(afas.listed(at(69), 10).await.unwrap(), []);
    assert_eq!(afas.listed(at(70), 10).await.unwrap(), std::slice::from_ref(&jan));
    let state = afas.take(&jan, "b", at(70), MINUTE).await.unwrap().unwrap();
    assert_eq!(state.intent, Some(intent()));
    assert!(!afas.intend(&jan, "a", Settled::default(), intent()).await.unwrap());
}

#[tokio::test]
async fn what_is_in_the_way_waits_for_its_time_or_for_a_new_mark() {
    let (afas, _) = write_backs("afas");
    let jan = person("1");
    afas.want(&jan, at(10)).await.unwrap();
    afas.take(&jan, "a", at(10), MINUTE).await.unwrap().unwrap();
    let reason = ParkedReason { code: "x".into(), message: "y".into() };
    let stuck = Stuck { reason, since: at(10), attempts: 1, retry_at: at(500) };
    afas.settle(&jan, "a", Settled { stuck: Some(stuck), ..Settled::default() }).await.unwrap();
    assert_eq!(afas.listed(at(499), 10).await.unwrap(), []);
    assert_eq!(afas.waiting().await.unwrap().len(), 1);
    assert!(afas.retry(&jan, at(20)).await.unwrap());
    assert_eq!(afas.listed(at(20), 10).await.unwrap(), std::slice::from_ref(&jan));
}

#[tokio::test]
async fn systems_know_nothing_of_each_other_nor_the_accounts_of_them() {
    let (afas, store) = write_backs("afas");
    let other = WriteBacks::new(Arc::clone(&store), SourceName::parse("afas-2").unwrap());
    afas.want(&person("1"), at(10)).await.unwrap();
    afas.set_settings("abc").await.unwrap();
    assert_eq!(afas.settings().await.unwrap().as_deref(), Some("abc"));
    assert_eq!(other.settings().await.unwrap(), None);
    assert_eq!(other.waiting().await.unwrap(), []);
    assert_eq!(crate::Accounts::new(store).page(None).await.unwrap().0.len(), 0);
}

#[test]
fn the_log_keeps_the_newest() {
    let mut state = WriteBack::default();
    state.settle(Settled { delivered: (0..MOST_KEPT + 3).map(delivered).collect(), ..Settled::default() });
    assert_eq!((state.log.len(), &state.log[0]), (MOST_KEPT, &delivered(3)));
}

fn intent() -> Intent {
    Intent { delivery: delivered(1).delivery, at: at(10), cause: None }
}
