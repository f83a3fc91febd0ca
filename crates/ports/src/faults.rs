//! One counted fault layer for all ports. Each call is a point with a number; a plan fails the n-th before its effect,
//! lets it take effect and loses the reply, or stops the process there. Tests walk through all numbers.

mod wrappers;

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
pub use wrappers::Faulty;

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and nothing happened.
    FailBefore,
    /// It happens, but the caller gets an unclear error.
    LoseReply,
    /// The process stops before it happens.
    StopBefore,
    /// It happens, and then the process stops.
    StopAfter,
}

/// Counts calls and carries out the plan. Shared by all wrapped ports of one process.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
    stopped: Notify,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<&'static str>,
    plan: Option<(usize, Fault)>,
    stopped: bool,
}

impl Faults {
    /// Counts from nought again and lets `fault` happen at the call with number `at` (the first is 0).
    pub fn plan(&self, at: usize, fault: Fault) {
        *self.lock() = State { plan: Some((at, fault)), ..State::default() };
    }

    /// Counts from nought again, with no fault.
    pub fn clear(&self) {
        *self.lock() = State::default();
    }

    /// The names of the calls made since the last [`plan`](Self::plan) or [`clear`](Self::clear).
    pub fn calls(&self) -> Vec<&'static str> {
        self.lock().calls.clone()
    }

    /// Returns once the plan has stopped the process: whoever drives the pipeline then drops its future.
    pub async fn stopped(&self) {
        loop {
            let notified = self.stopped.notified();
            if self.lock().stopped {
                return;
            }
            notified.await;
        }
    }

    /// Passes one call through the layer.
    ///
    /// # Errors
    /// Those of `effect`, or the planned one.
    pub async fn around<T, E>(
        &self,
        name: &'static str,
        not_done: impl FnOnce() -> E,
        unclear: impl FnOnce() -> E,
        effect: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.next(name) {
            None => effect.await,
            Some(Fault::FailBefore) => Err(not_done()),
            Some(Fault::LoseReply) => {
                effect.await?;
                Err(unclear())
            }
            Some(Fault::StopBefore) => self.stop().await,
            Some(Fault::StopAfter) => {
                drop(effect.await);
                self.stop().await
            }
        }
    }

    fn next(&self, name: &'static str) -> Option<Fault> {
        let mut state = self.lock();
        if state.stopped {
            return Some(Fault::StopBefore);
        }
        let number = state.calls.len();
        state.calls.push(name);
        state.plan.filter(|(at, _)| *at == number).map(|(_, fault)| fault)
    }

    async fn stop<T>(&self) -> T {
        self.lock().stopped = true;
        self.stopped.notify_waiters();
        std::future::pending().await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
