//! The wish to stop: Ctrl-C or SIGTERM. The first asks for an orderly end, the second for one at once.

use futures::future::{BoxFuture, FutureExt as _, Shared};
use std::sync::Arc;
use tokio::sync::Notify;

/// Waits for signals from the moment it is installed.
pub(super) struct Stop {
    first: Shared<BoxFuture<'static, ()>>,
    second: Arc<Notify>,
}

impl Stop {
    /// From now on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub(super) fn install() -> std::io::Result<Self> {
        let mut signals = Signals::new()?;
        let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (one, two) = (first.clone(), second.clone());
        tokio::spawn(async move {
            signals.next().await;
            one.notify_one();
            signals.next().await;
            two.notify_one();
        });
        let first = async move { first.notified().await }.boxed().shared();
        Ok(Self { first, second })
    }

    /// Returns when the first signal has come.
    pub(super) fn first(&self) -> Shared<BoxFuture<'static, ()>> {
        self.first.clone()
    }

    /// Returns when the second signal has come.
    pub(super) async fn second(&self) {
        self.second.notified().await;
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
