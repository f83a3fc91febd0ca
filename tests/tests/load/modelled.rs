//! Modelled time: a clock that stands still while there is something to compute and jumps to the next moment for which
//! somebody waits when there is nothing. Quarters of an hour of waiting for answers take seconds, and the same modelled
//! time on every machine. Computing costs no modelled time.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use ports::{Clock, HttpTransport, TransportError};
use tokio::time::Instant;

/// Runs a future in modelled time. It must wait for nothing but timers.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    // Such time can only stand still on one thread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime can be had").block_on(future)
}

/// The clock of a future in [`run`].
#[derive(Clone, Copy)]
pub(crate) struct ModelledClock {
    begins: Timestamp,
    begun: Instant,
}

impl ModelledClock {
    /// A clock that shows this moment now.
    #[expect(clippy::disallowed_methods, reason = "within `run` it is modelled time that is read")]
    pub(crate) fn at(begins: Timestamp) -> Self {
        Self { begins, begun: Instant::now() }
    }
}

#[async_trait]
impl Clock for ModelledClock {
    fn now(&self) -> Timestamp {
        self.begins + self.begun.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A transport whose every answer takes so long. A request takes effect at the end of that, so that nothing is modelled
/// as done earlier than it can be known.
pub(crate) struct Distant<T> {
    pub(crate) way: T,
    pub(crate) latency: Duration,
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Distant<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        tokio::time::sleep(self.latency).await;
        self.way.send(request).await
    }
}

#[test]
fn waits_at_the_same_time_count_once_and_waits_in_turn_add_up() {
    let taken = run(async {
        let clock = ModelledClock::at(Timestamp::UNIX_EPOCH);
        let pause = || clock.sleep(Duration::from_millis(300));
        futures::join!(pause(), pause(), pause());
        clock.sleep(Duration::from_secs(86_400)).await;
        pause().await;
        clock.now().as_millisecond()
    });
    assert_eq!(taken, 86_400_600);
}
