//! HR systems and directories as libraries: each emulator answers requests as its vendor's documentation and published
//! recordings say the real one does, its traps included. In-process, no sockets; all values are made up. Where nothing
//! is known of a system's behaviour, the emulator does the plainest thing and says so.

pub mod afas;
pub mod bamboohr;
pub mod entra;
pub mod exact_online;
pub mod exact_synergy;
pub mod exports;
pub mod fault;
pub mod keys;
pub mod personio;
pub mod request;

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::{HttpTransport, TransportError};

pub use fault::{Breakage, When};

/// A system that answers requests.
pub trait Emulator: Send + Sync {
    /// Whether requests to this host are for it.
    fn serves(&self, host: &str) -> bool;

    /// Answers a request.
    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes>;
}

/// A transport to one emulator, which logs what was asked and breaks what it is told to break.
pub struct InProcess<E> {
    /// The system.
    pub emulator: E,
    log: Mutex<Vec<Asked>>,
    breakage: Mutex<Option<fault::Plan>>,
}

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Host and path.
    pub path: String,
    /// The query, decoded.
    pub query: String,
    /// The status that was answered; 0 when there was no answer.
    pub status: u16,
}

impl<E: Emulator> InProcess<E> {
    /// A transport to a system.
    pub fn new(emulator: E) -> Self {
        Self { emulator, log: Mutex::default(), breakage: Mutex::default() }
    }

    /// Breaks the requests that `when` says, until [`heal`](Self::heal).
    pub fn break_at(&self, when: When, breakage: Breakage) {
        *lock(&self.breakage) = Some(fault::Plan::new(when, breakage));
    }

    /// Breaks nothing any more; answers whether anything was broken.
    pub fn heal(&self) -> bool {
        lock(&self.breakage).take().is_some_and(|plan| plan.has_broken())
    }

    /// What was asked since this was last called.
    pub fn take_log(&self) -> Vec<Asked> {
        std::mem::take(&mut *lock(&self.log))
    }

    fn answer(&self, request: &Request<Bytes>) -> fault::Answer {
        let host = request.uri().host().unwrap_or_default();
        if !self.emulator.serves(host) {
            return fault::Answer::NotSent;
        }
        let broken = lock(&self.breakage).as_mut().and_then(|plan| plan.breaks(request));
        match broken {
            Some(broken) => broken.answer(request, |request| self.emulator.handle(request)),
            None => {
                let answer = self.emulator.handle(request);
                let mut breakage = lock(&self.breakage);
                if let Some(plan) = breakage.as_mut() {
                    plan.remember(request, &answer);
                }
                fault::Answer::Given(answer)
            }
        }
    }
}

#[async_trait]
impl<E: Emulator> HttpTransport for InProcess<E> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let answer = self.answer(&request);
        let status = if let fault::Answer::Given(answer) = &answer { answer.status().as_u16() } else { 0 };
        lock(&self.log).push(Asked {
            method: request.method().to_string(),
            path: format!("{host}{}", request.uri().path()),
            query: request::decode(request.uri().query().unwrap_or_default()),
            status,
        });
        match answer {
            fault::Answer::Given(answer) => Ok(answer),
            fault::Answer::NotSent => Err(TransportError::NotSent { host, reason: "no route to the host".to_owned() }),
            fault::Answer::Lost => {
                Err(TransportError::Unclear { host, reason: "the connection was closed".to_owned() })
            }
            fault::Answer::Never => std::future::pending().await,
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
