use std::sync::atomic::{AtomicUsize, Ordering};

use ports::clock::ManualClock;
use ports::secrets::ExposeSecret;
use tokio::sync::Semaphore;

use super::*;

/// Answers with the number of the reading, once it is let through.
struct Numbered {
    readings: AtomicUsize,
    gate: Semaphore,
    fails: AtomicUsize,
}

#[async_trait]
impl Secrets for Numbered {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let reading = self.readings.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        if reading == self.fails.load(Ordering::SeqCst) {
            return Err(SecretError::Missing(name.clone()));
        }
        Ok(SecretString::from(reading.to_string()))
    }
}

struct World {
    inner: Arc<Numbered>,
    clock: Arc<ManualClock>,
    cached: CachedSecrets,
}

fn world(gate: usize) -> World {
    let inner = Arc::new(Numbered {
        readings: AtomicUsize::default(),
        gate: Semaphore::new(gate),
        fails: AtomicUsize::default(),
    });
    let clock = Arc::new(ManualClock::at("2026-03-01T08:00:00Z".parse().unwrap()));
    let cached = CachedSecrets::new(Arc::clone(&inner) as _, Arc::clone(&clock) as _);
    World { inner, clock, cached }
}

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

impl World {
    async fn read(&self, secret: &str) -> Result<String, SecretError> {
        self.cached.read(&name(secret)).await.map(|secret| secret.expose_secret().to_owned())
    }

    fn readings(&self) -> usize {
        self.inner.readings.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_secret_is_kept_for_ten_minutes() {
    let world = world(100);
    assert_eq!(world.read("a").await, Ok("1".into()));
    world.clock.advance(KEPT - Duration::from_nanos(1));
    assert_eq!(world.read("a").await, Ok("1".into()));
    world.clock.advance(Duration::from_nanos(1));
    assert_eq!(world.read("a").await, Ok("2".into()));
    assert_eq!(world.read("b").await, Ok("3".into()));
}

#[tokio::test]
async fn a_dropped_secret_is_read_again_and_others_stay() {
    let world = world(100);
    world.read("a").await.unwrap();
    world.read("b").await.unwrap();
    world.cached.invalidate(&name("a"));
    assert_eq!(world.read("a").await, Ok("3".into()));
    assert_eq!(world.read("b").await, Ok("2".into()));
}

#[tokio::test]
async fn many_readers_at_once_cause_one_reading() {
    let world = world(0);
    let read = async || futures::future::join_all((0..10).map(|_| world.read("a"))).await;
    let release = async || {
        tokio::task::yield_now().await;
        world.inner.gate.add_permits(1);
    };
    let (answers, ()) = tokio::join!(read(), release());
    assert!(answers.iter().all(|answer| *answer == Ok("1".into())), "{answers:?}");
    assert_eq!(world.readings(), 1);
}

#[tokio::test]
async fn what_was_being_read_while_dropped_is_not_kept() {
    let world = world(0);
    let drop_it = async {
        tokio::task::yield_now().await;
        world.cached.invalidate(&name("a"));
        world.inner.gate.add_permits(2);
    };
    let (first, ()) = tokio::join!(world.read("a"), drop_it);
    assert_eq!(first, Ok("1".into()));
    assert_eq!(world.read("a").await, Ok("2".into()));
}

#[tokio::test]
async fn a_failure_is_not_remembered() {
    let world = world(100);
    world.inner.fails.store(1, Ordering::SeqCst);
    assert_eq!(world.read("a").await, Err(SecretError::Missing(name("a"))));
    assert_eq!(world.read("a").await, Ok("2".into()));
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_nothing_blocked() {
    let world = world(0);
    {
        let mut reading = std::pin::pin!(world.read("a"));
        let waker = std::task::Waker::noop();
        assert!(reading.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    }
    world.inner.gate.add_permits(1);
    assert_eq!(world.read("a").await, Ok("2".into()));
}
