use domain::{PersonId, RecordId};

use super::super::testing::{World, bookmark, key};
use super::*;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn everybody_is_read_first_in_time_and_when_it_is_wanted() {
    let world = World::of_accounts("");
    let mut state = world.state().await;
    let now = world.clock.now();
    assert!(matches!(ask(&state, DAY, now), Ask::Full(None)));
    state.progress.bookmark = Some(bookmark("1"));
    assert!(matches!(ask(&state, DAY, now), Ask::Full(Some(_))));
    state.progress.everything_at = Some(now);
    assert!(matches!(ask(&state, DAY, now), Ask::Changes(_)));
    assert!(matches!(ask(&state, DAY, now.saturating_add(DAY).unwrap()), Ask::Full(Some(_))));
    state.progress.want_everything = true;
    assert!(matches!(ask(&state, DAY, now), Ask::Full(Some(_))));
}

/// An agent of this world in a folder.
async fn open(world: World, folder: &Path) -> anyhow::Result<Worker> {
    let World { definition, deliver, clock, .. } = world;
    Worker::open(definition, deliver, clock, TimeZone::UTC, DAY, &folder.join("secrets.yaml"), folder).await
}

#[tokio::test]
async fn another_webhook_gets_everybody_and_another_directory_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = open(World::of_accounts(""), folder.path()).await.unwrap();
    let mut state = worker.state().await.unwrap();
    let (record, person) = (RecordId::parse("r").unwrap(), PersonId::parse("p").unwrap());
    state.book.sent(&record, key(1), &person, "digest");
    state.save().await.unwrap();
    drop((worker, state));

    let mut worker = open(World::of_accounts(""), folder.path()).await.unwrap();
    let state = worker.state().await.unwrap();
    assert!(state.book.is_sent(&record, &person, "digest") && !state.progress.want_everything);
    drop((worker, state));

    let mut world = World::of_accounts("");
    world.deliver.receiver = "https://other.example.com/webhook/entra".parse().unwrap();
    let mut worker = open(world, folder.path()).await.unwrap();
    let state = worker.state().await.unwrap();
    assert!(!state.book.is_sent(&record, &person, "digest") && state.progress.want_everything);
    // Who was sent before is still known, so that it can be told who is gone.
    assert!(state.book.get(&record).is_some());
    drop((worker, state));

    let error = open(World::of_persons(""), folder.path()).await.err().unwrap().to_string();
    assert!(error.contains("persons of dc=x") && error.contains("--data"), "{error}");
}

#[tokio::test]
async fn a_refused_log_in_is_left_alone_for_half_an_hour_unless_the_secrets_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = open(World::of_accounts(""), folder.path()).await.unwrap();
    worker.remember_refusal().await.unwrap();
    let refused_at = worker.state().await.unwrap().progress.login_refused_at;
    let after = |minutes: u64| refused_at.unwrap().saturating_add(Duration::from_secs(minutes * 60)).unwrap();
    assert_eq!(worker.left_alone(None, after(1)), None);
    assert_eq!(worker.left_alone(refused_at, after(1)), Some(Duration::from_secs(29 * 60)));
    assert_eq!(worker.left_alone(refused_at, after(30)), None);
    // This file is of today, and the tests' refusal of the past.
    std::fs::write(folder.path().join("secrets.yaml"), "").unwrap();
    assert_eq!(worker.left_alone(refused_at, after(1)), None);
}

#[tokio::test]
async fn a_key_that_is_missing_is_told_before_the_first_round() {
    let folder = tempfile::tempdir().unwrap();
    let worker = open(World::of_accounts(""), folder.path()).await.unwrap();
    // The tests' world has no account for the directory.
    let error = worker.check_secrets().await.unwrap_err().to_string();
    assert!(error.contains("ad"), "{error}");
}
