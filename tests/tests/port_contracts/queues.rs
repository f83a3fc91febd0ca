//! What holds for queues, be they in a file or in SQS.

use std::collections::BTreeSet;
use std::time::Duration;

use integration_tests::ministack::MAX_RECEIVES;
use ports::queue::Depth;
use ports::{Delivery, QueueError, QueueName};

use crate::world::World;

const QUEUE: QueueName = QueueName::Changes;
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_secs(1);

impl World {
    async fn send(&self, body: &str) {
        self.queue.send(QUEUE, &[body.to_owned()]).await.unwrap();
    }

    async fn receive_one(&self, visibility: Duration) -> Delivery {
        self.receive(QUEUE, 1, visibility).await.remove(0)
    }

    async fn receives_nothing(&self) -> bool {
        self.queue.receive(QUEUE, 10, LONG).await.unwrap().is_empty()
    }

    async fn depth(&self) -> Depth {
        self.queue.depth(QUEUE).await.unwrap()
    }
}

pub(crate) async fn a_message_is_delivered_and_hidden(world: World) {
    assert!(world.receives_nothing().await);
    world.send("hello").await;
    assert_eq!(world.depth().await, Depth { messages: 1, dead: 0 });
    let delivery = world.receive_one(LONG).await;
    assert_eq!((delivery.body.as_str(), delivery.receives), ("hello", 1));
    assert!(!delivery.id.is_empty() && !delivery.receipt.is_empty());
    assert!(world.receives_nothing().await);
    assert_eq!(world.depth().await, Depth { messages: 1, dead: 0 });
    world.queue.delete(QUEUE, &delivery.receipt).await.unwrap();
    assert_eq!(world.depth().await, Depth::default());
    // Again, for the answer may have been lost.
    world.queue.delete(QUEUE, &delivery.receipt).await.unwrap();
}

pub(crate) async fn many_messages_in_one_call_all_arrive(world: World) {
    world.queue.send(QUEUE, &[]).await.unwrap();
    let bodies: Vec<String> = (0..53).map(|number| format!("message {number}")).collect();
    world.queue.send(QUEUE, &bodies).await.unwrap();
    assert_eq!(world.depth().await.messages, 53);
    let deliveries = world.receive(QUEUE, 53, LONG).await;
    let received: BTreeSet<String> = deliveries.iter().map(|delivery| delivery.body.clone()).collect();
    assert_eq!(received, bodies.into_iter().collect());
    let receipts: BTreeSet<&str> = deliveries.iter().map(|delivery| delivery.receipt.as_str()).collect();
    assert_eq!(receipts.len(), 53);
    for receipt in receipts {
        world.queue.delete(QUEUE, receipt).await.unwrap();
    }
    assert_eq!(world.depth().await, Depth::default());
    assert_eq!(world.queue.receive(QUEUE, 0, LONG).await.unwrap(), []);
}

pub(crate) async fn a_message_comes_again_after_its_visibility(world: World) {
    world.send("again").await;
    let first = world.receive_one(SHORT).await;
    world.let_time_pass(SHORT);
    let second = world.receive_one(LONG).await;
    assert_eq!((&second.id, second.receives), (&first.id, 2));
    assert_ne!(second.receipt, first.receipt);
}

pub(crate) async fn visibility_can_be_changed(world: World) {
    world.send("later").await;
    let first = world.receive_one(LONG).await;
    // Shorter: it comes at once.
    world.queue.set_visibility(QUEUE, &first.receipt, Duration::ZERO).await.unwrap();
    let second = world.receive_one(SHORT).await;
    assert_eq!(second.receives, 2);
    // Longer: it does not come when it would have.
    world.queue.set_visibility(QUEUE, &second.receipt, LONG).await.unwrap();
    world.let_time_pass(SHORT);
    assert!(world.receives_nothing().await);
    assert!(world.receives_nothing().await);
    world.queue.delete(QUEUE, &second.receipt).await.unwrap();
    assert_eq!(world.depth().await, Depth::default());
}

pub(crate) async fn a_message_that_fails_too_often_is_dead(world: World) {
    world.send("poison").await;
    world.send("fine").await;
    let fine = {
        let both = world.receive(QUEUE, 2, LONG).await;
        for delivery in &both {
            world.queue.set_visibility(QUEUE, &delivery.receipt, Duration::ZERO).await.unwrap();
        }
        let again = world.receive(QUEUE, 2, LONG).await;
        let fine = again.iter().find(|delivery| delivery.body == "fine").unwrap().clone();
        let poison = again.iter().find(|delivery| delivery.body == "poison").unwrap();
        world.queue.set_visibility(QUEUE, &poison.receipt, Duration::ZERO).await.unwrap();
        fine
    };
    for receives in 3..=MAX_RECEIVES {
        let poison = world.receive_one(LONG).await;
        assert_eq!((poison.body.as_str(), poison.receives), ("poison", receives));
        world.queue.set_visibility(QUEUE, &poison.receipt, Duration::ZERO).await.unwrap();
    }
    assert!(world.receives_nothing().await);
    assert_eq!(world.depth().await, Depth { messages: 1, dead: 1 });
    world.queue.delete(QUEUE, &fine.receipt).await.unwrap();
    assert_eq!(world.depth().await, Depth { messages: 0, dead: 1 });
}

pub(crate) async fn a_stale_receipt_does_nothing(world: World) {
    world.send("kept").await;
    let first = world.receive_one(LONG).await;
    world.queue.set_visibility(QUEUE, &first.receipt, Duration::ZERO).await.unwrap();
    let second = world.receive_one(LONG).await;
    world.queue.delete(QUEUE, &first.receipt).await.unwrap();
    assert_eq!(world.depth().await.messages, 1);
    world.queue.set_visibility(QUEUE, &first.receipt, Duration::ZERO).await.unwrap();
    assert!(world.receives_nothing().await);
    world.queue.delete(QUEUE, &second.receipt).await.unwrap();
    assert_eq!(world.depth().await.messages, 0);
    world.queue.set_visibility(QUEUE, &second.receipt, LONG).await.unwrap();
    for unknown in ["unknown", "1-1", "é"] {
        world.queue.delete(QUEUE, unknown).await.unwrap();
        world.queue.set_visibility(QUEUE, unknown, LONG).await.unwrap();
    }
}

pub(crate) async fn queues_are_separate(world: World) {
    for queue in QueueName::ALL {
        world.queue.send(queue, &[queue.as_str().to_owned()]).await.unwrap();
    }
    for queue in QueueName::ALL {
        assert_eq!(world.receive(queue, 1, LONG).await[0].body, queue.as_str());
        assert_eq!(world.queue.depth(queue).await.unwrap().messages, 1);
    }
}

pub(crate) async fn odd_bodies_come_back(world: World) {
    let bodies = ["{\"person\":\"1\"}", "é 😀 \u{fffd}", " \t\r\n<&>'\"\\ ", "\u{10ffff}"].map(str::to_owned);
    world.queue.send(QUEUE, &bodies).await.unwrap();
    let received: BTreeSet<String> =
        world.receive(QUEUE, bodies.len(), LONG).await.into_iter().map(|delivery| delivery.body).collect();
    assert_eq!(received, bodies.into());
    let large = "x".repeat(200_000);
    world.queue.send(QUEUE, &[large.clone(), large.clone(), large.clone()]).await.unwrap();
    assert!(world.receive(QUEUE, 3, LONG).await.iter().all(|delivery| delivery.body == large));
}

pub(crate) async fn the_same_limits_are_refused(world: World) {
    let refused = |error: QueueError| assert!(matches!(error, QueueError::Refused { .. }), "{error:?}");
    for bad in ["", "a\0b", "\u{b}", "\u{ffff}", &"x".repeat(1024 * 1024 + 1)] {
        refused(world.queue.send(QUEUE, &["fine".to_owned(), bad.to_owned()]).await.unwrap_err());
    }
    let too_long = Duration::from_secs(12 * 3600 + 1);
    refused(world.queue.receive(QUEUE, 1, too_long).await.unwrap_err());
    refused(world.queue.set_visibility(QUEUE, "any", too_long).await.unwrap_err());
    assert_eq!(world.depth().await, Depth::default());
}
