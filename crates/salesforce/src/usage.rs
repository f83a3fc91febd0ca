//! What the connector costs the org: calls counted by kind, and the org's own count from the `Sforce-Limit-Info` header
//! (`api-usage=18/5000`, optionally followed by a per-app part).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use crate::budget::{self, Budget, Circuit, Known, Pace, Priority, Reading};

/// The org's calls of the last 24 hours, as it told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiUsage {
    /// Used.
    pub used: u64,
    /// Allowed.
    pub max: u64,
}

/// What a call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// A token.
    Login,
    /// Who the session belongs to.
    Identity,
    /// SOQL.
    Query,
    /// An object's fields.
    Describe,
    /// `/limits`.
    Limits,
    /// SCIM `/Schemas`.
    Schemas,
    /// SCIM POST of a user.
    ScimCreate,
    /// SCIM PATCH of a user.
    ScimUpdate,
    /// REST POST of a user.
    RestCreate,
    /// REST PATCH of up to 200 users.
    UserRecords,
    /// REST POST of up to 200 permission set assignments or group memberships.
    Assign,
    /// REST DELETE of up to 200 of them.
    Unassign,
    /// The accounts service: what it says of itself.
    ApexService,
    /// The accounts service: up to 500 persons' users read.
    ApexLookup,
    /// The accounts service: up to 200 persons' users written.
    ApexAccounts,
}

impl CallKind {
    /// As in logs and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Identity => "identity",
            Self::Query => "query",
            Self::Describe => "describe",
            Self::Limits => "limits",
            Self::Schemas => "schemas",
            Self::ScimCreate => "scim-create",
            Self::ScimUpdate => "scim-update",
            Self::RestCreate => "rest-create",
            Self::UserRecords => "user-records",
            Self::Assign => "assign",
            Self::Unassign => "unassign",
            Self::ApexService => "apex-service",
            Self::ApexLookup => "apex-lookup",
            Self::ApexAccounts => "apex-accounts",
        }
    }
}

/// Counts, and what follows from them for the pace.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Readings>);

#[derive(Debug, Default)]
struct Readings {
    calls: BTreeMap<CallKind, u64>,
    /// What the org told last, when, and how many calls had been made by then.
    usage: Option<(ApiUsage, Timestamp, u64)>,
    circuit: Circuit,
    asked: Option<Timestamp>,
}

impl Meter {
    pub(crate) fn count(&self, kind: CallKind) {
        *self.lock().calls.entry(kind).or_default() += 1;
    }

    /// Reads an answer's header; an answer without it changes nothing.
    pub(crate) fn read(&self, headers: &HeaderMap, now: Timestamp) {
        if let Some(usage) = headers.get("sforce-limit-info").and_then(|value| parse(value.to_str().ok()?)) {
            self.note(usage, now);
        }
    }

    /// Takes over a count that the org told.
    pub(crate) fn note(&self, usage: ApiUsage, now: Timestamp) {
        let mut readings = self.lock();
        let calls = readings.total();
        readings.usage = Some((usage, now, calls));
    }

    /// A call was served, so the limit is not in the way.
    pub(crate) fn served(&self) {
        self.lock().circuit = Circuit::Closed;
    }

    /// A call was refused for the limit.
    pub(crate) fn refused(&self, now: Timestamp, retry_after: Option<Duration>) {
        self.lock().circuit.refused(now, retry_after);
    }

    /// Since when calls are refused for the limit.
    pub(crate) fn refused_since(&self) -> Option<Timestamp> {
        match self.lock().circuit {
            Circuit::Closed => None,
            Circuit::Open { since, .. } => Some(since),
        }
    }

    /// Whether the caller is to read the limits now; nobody else is told so for a while.
    pub(crate) fn takes_reading(&self, budget: Budget, priority: Priority, now: Timestamp) -> bool {
        let mut readings = self.lock();
        let takes = budget::wants_reading(&readings.known(), budget, priority, now);
        if takes {
            readings.asked = Some(now);
            readings.circuit.tries(now);
        }
        takes
    }

    /// The pace. While calls are refused, who may go on is the only one to try.
    pub(crate) fn pace(&self, budget: Budget, priority: Priority, now: Timestamp) -> Pace {
        let mut readings = self.lock();
        let pace = budget::decide(&readings.known(), budget, priority, now);
        if pace == Pace::Go {
            readings.circuit.tries(now);
        }
        pace
    }

    pub(crate) fn calls(&self) -> BTreeMap<CallKind, u64> {
        self.lock().calls.clone()
    }

    pub(crate) fn usage(&self) -> Option<ApiUsage> {
        self.lock().usage.map(|(usage, ..)| usage)
    }

    fn lock(&self) -> MutexGuard<'_, Readings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    /// Calls that count against the allowance.
    fn total(&self) -> u64 {
        self.calls.iter().filter(|(kind, _)| **kind != CallKind::Login).map(|(_, calls)| calls).sum()
    }

    /// Calls made since the reading are counted in, for not every answer tells the count.
    fn known(&self) -> Known {
        let reading = self.usage.map(|(usage, at, calls)| {
            let used = usage.used.saturating_add(self.total().saturating_sub(calls));
            Reading { usage: ApiUsage { used, ..usage }, at }
        });
        let uncounted = self.total().saturating_sub(self.usage.map_or(0, |(_, _, calls)| calls));
        Known { reading, uncounted, circuit: self.circuit, asked: self.asked }
    }
}

fn parse(header: &str) -> Option<ApiUsage> {
    let part = header.split(';').find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, max) = part.split_once('/')?;
    Some(ApiUsage { used: used.trim().parse().ok()?, max: max.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_header_is_read_with_and_without_the_app_part_and_nonsense_is_ignored() {
        let expected = Some(ApiUsage { used: 18, max: 5000 });
        assert_eq!(parse("api-usage=18/5000"), expected);
        assert_eq!(parse("api-usage=18/5000; per-app-api-usage=17/250(appName=connector)"), expected);
        assert_eq!(parse("per-app-api-usage=17/250(appName=a); api-usage=18/5000"), expected);
        for nonsense in ["", "api-usage", "api-usage=", "api-usage=1", "api-usage=a/b", "per-app-api-usage=17/250"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
