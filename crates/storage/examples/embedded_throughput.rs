//! Prints what the embedded store takes per second on this machine's disk: durable writes of one small item each, by
//! the number of calls in flight, and messages through a queue. `cargo run --release -p storage --example embedded_throughput`

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use ports::{Condition, Key, Queue, QueueName, Store, SystemClock, Table, Write};
use storage::Embedded;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()))?;
    let store = Arc::new(Embedded::open(folder.path().join("store.redb"), Arc::new(SystemClock))?);
    println!("{:>10} {:>10} {:>12}", "in flight", "writes", "writes/s");
    for (in_flight, writes) in [(1, 500), (8, 4_000), (64, 20_000), (256, 50_000)] {
        let start = now();
        stream::iter(0..writes)
            .map(|number| write(&store, in_flight, number))
            .buffer_unordered(in_flight)
            .try_collect::<()>()
            .await?;
        println!("{in_flight:>10} {writes:>10} {:>12.0}", f64::from(writes) / start.elapsed().as_secs_f64());
    }
    messages(&store).await?;
    drop(store);
    let start = now();
    Embedded::open(folder.path().join("store.redb"), Arc::new(SystemClock))?;
    println!("opened again in {:?}", start.elapsed());
    Ok(())
}

async fn write(store: &Embedded, run: usize, number: u32) -> Result<(), ports::StoreError> {
    let text = "x".repeat(600);
    let body = serde_json::Map::from_iter([("text".to_owned(), text.into()), ("number".to_owned(), number.into())]);
    let key = Key::new(Table::People, format!("person#{run}-{number}"), "snapshot#hr");
    store.write(&[Write::Put { key, when: Condition::Absent, body, index: None, expires: None }]).await
}

async fn messages(store: &Embedded) -> Result<(), ports::QueueError> {
    const MESSAGES: u32 = 10_000;
    let start = now();
    let bodies: Vec<_> = (0..MESSAGES).map(|number| number.to_string()).collect();
    for ten in bodies.chunks(10) {
        store.send(QueueName::Changes, ten).await?;
    }
    println!("sent in tens: {:.0} messages/s", f64::from(MESSAGES) / start.elapsed().as_secs_f64());
    let start = now();
    loop {
        let deliveries = store.receive(QueueName::Changes, 10, Duration::from_secs(60)).await?;
        if deliveries.is_empty() {
            break;
        }
        let deletes = deliveries.iter().map(|delivery| store.delete(QueueName::Changes, &delivery.receipt));
        futures::future::try_join_all(deletes).await?;
    }
    println!("received and deleted in tens: {:.0} messages/s", f64::from(MESSAGES) / start.elapsed().as_secs_f64());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
