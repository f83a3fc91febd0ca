//! Measuring: a transport that notes when calls are under way, and the process's memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use ports::{Clock as _, HttpTransport, SystemClock, TransportError};
use serde::Serialize;

use crate::simulated_org::SimulatedOrg;

/// What one run took.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reading {
    /// Calls that the org counted.
    pub(super) calls: u64,
    /// By what they were.
    pub(super) calls_by_kind: BTreeMap<String, u64>,
    /// From the first webhook until all was quiet.
    pub(super) seconds: f64,
    /// Of these, with no call under way.
    pub(super) outside_seconds: f64,
}

/// The way to the org, with a watch on it.
pub(super) struct Meter {
    org: SimulatedOrg,
    watch: Mutex<Watch>,
}

#[derive(Default)]
struct Watch {
    under_way: u32,
    since: Timestamp,
    busy: Duration,
}

impl Meter {
    /// To this org.
    pub(super) fn new(org: SimulatedOrg) -> Self {
        Self { org, watch: Mutex::default() }
    }

    /// Begins to measure.
    pub(super) fn start(&self) -> Timestamp {
        self.org.with(salesforce_simulator::Org::reset_calls);
        *self.watch() = Watch::default();
        SystemClock.now()
    }

    /// What there was since the start.
    pub(super) fn read(&self, started: Timestamp) -> Reading {
        let whole = SystemClock.now().duration_since(started).unsigned_abs();
        let calls_by_kind = self.org.with(|org| org.calls().clone());
        Reading {
            calls: calls_by_kind.values().sum(),
            calls_by_kind,
            seconds: whole.as_secs_f64(),
            outside_seconds: whole.saturating_sub(self.watch().busy).as_secs_f64(),
        }
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpTransport for Meter {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        {
            let mut watch = self.watch();
            if watch.under_way == 0 {
                watch.since = SystemClock.now();
            }
            watch.under_way += 1;
        }
        let result = self.org.send(request).await;
        let mut watch = self.watch();
        watch.under_way -= 1;
        if watch.under_way == 0 {
            let busy = SystemClock.now().duration_since(watch.since).unsigned_abs();
            watch.busy += busy;
        }
        result
    }
}

/// The most memory that this process ever had (Linux: `VmHWM`).
pub(super) fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}
