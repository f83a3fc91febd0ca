//! What the connector costs the org: calls counted by kind, and the org's own count from the `Sforce-Limit-Info` header
//! (`api-usage=18/5000`, optionally followed by a per-app part).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

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
    /// SOQL.
    Query,
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
}

impl CallKind {
    /// As in logs and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Query => "query",
            Self::Schemas => "schemas",
            Self::ScimCreate => "scim-create",
            Self::ScimUpdate => "scim-update",
            Self::RestCreate => "rest-create",
            Self::UserRecords => "user-records",
            Self::Assign => "assign",
            Self::Unassign => "unassign",
        }
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Readings>);

#[derive(Debug, Default)]
struct Readings {
    calls: BTreeMap<CallKind, u64>,
    usage: Option<ApiUsage>,
}

impl Meter {
    pub(crate) fn count(&self, kind: CallKind) {
        *self.lock().calls.entry(kind).or_default() += 1;
    }

    pub(crate) fn read(&self, headers: &HeaderMap) {
        if let Some(usage) = headers.get("sforce-limit-info").and_then(|value| parse(value.to_str().ok()?)) {
            self.lock().usage = Some(usage);
        }
    }

    pub(crate) fn calls(&self) -> BTreeMap<CallKind, u64> {
        self.lock().calls.clone()
    }

    pub(crate) fn usage(&self) -> Option<ApiUsage> {
        self.lock().usage
    }

    fn lock(&self) -> MutexGuard<'_, Readings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
