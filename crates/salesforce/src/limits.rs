//! The org's limits, as `/limits` tells them. Needs "View Setup and Configuration" (REST API guide, "Limits").

use serde_json::Value;

use crate::Salesforce;
use crate::api::Call;
use crate::error::SalesforceError;
use crate::usage::{ApiUsage, CallKind};

/// What is left of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Allowed.
    pub max: u64,
    /// Left; none when more than that is used.
    pub remaining: u64,
}

/// The limits that matter to the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// API calls in 24 hours.
    pub daily_api_requests: Allowance,
}

impl Salesforce {
    /// Reads the org's limits.
    ///
    /// # Errors
    /// Those of the call; [`SalesforceError::Unusable`] when the connector's user may not read them.
    pub async fn limits(&self) -> Result<Limits, SalesforceError> {
        let call = Call::get(CallKind::Limits, format!("/services/data/{}/limits", self.version));
        let answer = self.api.read(&call).await?;
        let allowance = allowance(&answer, "DailyApiRequests").ok_or_else(|| SalesforceError::Unclear {
            reason: "the limits' answer holds no DailyApiRequests".to_owned(),
        })?;
        let used = allowance.max.saturating_sub(allowance.remaining);
        self.api.meter.note(ApiUsage { used, max: allowance.max }, self.api.clock.now());
        Ok(Limits { daily_api_requests: allowance })
    }
}

fn allowance(answer: &Value, name: &str) -> Option<Allowance> {
    let number = |key: &str| answer.get(name)?.get(key)?.as_i64();
    let max = u64::try_from(number("Max")?).ok()?;
    Some(Allowance { max, remaining: u64::try_from(number("Remaining")?).unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_overdrawn_allowance_has_nothing_left_and_nonsense_is_none() {
        let read = |value: Value| allowance(&json!({ "DailyApiRequests": value }), "DailyApiRequests");
        assert_eq!(read(json!({"Max": 5, "Remaining": 3})), Some(Allowance { max: 5, remaining: 3 }));
        assert_eq!(read(json!({"Max": 5, "Remaining": -3})), Some(Allowance { max: 5, remaining: 0 }));
        for nonsense in [json!({}), json!({"Max": -1, "Remaining": 3}), json!(null), json!({"Max": 5})] {
            assert_eq!(read(nonsense), None);
        }
    }
}
