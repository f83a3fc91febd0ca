//! Faults: rules by which calls fail in the ways that networks, gateways and Salesforce do. The tests decide when.

use std::time::Duration;

use serde::Deserialize;

/// One way to fail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The connection is refused; nothing is done.
    Refused,
    /// The call is carried out, the answer is lost.
    AnswerLost,
    /// The call is carried out, the answer breaks off in the middle of its body.
    HalfBody,
    /// The call is carried out, the answer's body is missing.
    EmptyBody,
    /// 401 INVALID_SESSION_ID, and the session is really gone; nothing is done.
    SessionExpired,
    /// 403 REQUEST_LIMIT_EXCEEDED; nothing is done. The token endpoint can answer so too.
    LimitExceeded,
    /// 429 with `Retry-After` of so many seconds; nothing is done.
    TooManyRequests(u32),
    /// 503 with an HTML page; nothing is done.
    UnavailableHtml,
    /// 503 SERVER_UNAVAILABLE in JSON; nothing is done.
    Unavailable,
    /// 502 with an HTML page; nothing is done.
    BadGateway,
    /// 502 with an HTML page, though the call was carried out.
    BadGatewayAfterEffect,
    /// 500 UNKNOWN_EXCEPTION; nothing is done.
    ServerError,
    /// 500 UNKNOWN_EXCEPTION, though the call was carried out.
    ServerErrorAfterEffect,
    /// 200 with an HTML page (login or maintenance page); nothing is done.
    HtmlOk,
    /// The answer comes, so many milliseconds late.
    Delay(u64),
    /// Somebody else holds the group membership lock: writes that need it fail, row by row.
    MembershipLock,
    /// Somebody else holds row locks: every write fails with UNABLE_TO_LOCK_ROW, row by row.
    RowLock,
}

/// How often a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Times {
    /// The first match only.
    #[default]
    Once,
    /// Every match.
    Always,
    /// So many matches.
    Count(u32),
}

/// When to fail, and how. Conditions that are not given match everything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path with its query, percent-encoded as sent.
    #[serde(default)]
    pub path: Option<String>,
    /// A part of the body.
    #[serde(default)]
    pub body: Option<String>,
    /// Only the call with this number, counted from 1 since the org was made or the counts were reset.
    #[serde(default)]
    pub call: Option<u64>,
    /// How many matching calls go unharmed before the rule strikes.
    #[serde(default)]
    pub skip: u32,
    /// How often it strikes.
    #[serde(default)]
    pub times: Times,
    /// What happens.
    pub fault: Fault,
}

impl FaultRule {
    /// A rule that strikes the next call, whatever it is.
    #[must_use]
    pub fn next(fault: Fault) -> Self {
        Self { method: None, path: None, body: None, call: None, skip: 0, times: Times::Once, fault }
    }

    /// Limits the rule to one method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Limits the rule to paths that contain this.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Limits the rule to bodies that contain this.
    #[must_use]
    pub fn body(mut self, part: &str) -> Self {
        self.body = Some(part.to_owned());
        self
    }

    /// Limits the rule to the call with this number.
    #[must_use]
    pub fn call(mut self, number: u64) -> Self {
        self.call = Some(number);
        self
    }

    /// Lets so many matching calls pass first.
    #[must_use]
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Sets how often it strikes.
    #[must_use]
    pub fn times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    fn matches(&self, call: &Seen<'_>) -> bool {
        self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(call.method))
            && self.path.as_ref().is_none_or(|part| call.target.contains(part))
            && self.body.as_ref().is_none_or(|part| contains(call.body, part.as_bytes()))
            && self.call.is_none_or(|number| number == call.number)
    }
}

/// The rules in force. The first that matches and is not spent strikes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct FaultPlan {
    rules: Vec<FaultRule>,
}

impl FaultPlan {
    /// Adds a rule after the others.
    pub fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Whether every rule that strikes a limited number of times has done so.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.rules.iter().all(|rule| rule.times == Times::Always || rule.times == Times::Count(0))
    }

    pub(crate) fn strike(&mut self, call: &Seen<'_>) -> Option<Fault> {
        for rule in &mut self.rules {
            if rule.times == Times::Count(0) || !rule.matches(call) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times = match rule.times {
                Times::Once => Times::Count(0),
                Times::Count(left) => Times::Count(left - 1),
                Times::Always => Times::Always,
            };
            return Some(rule.fault.clone());
        }
        None
    }
}

/// The part of a call that rules look at.
pub(crate) struct Seen<'a> {
    pub number: u64,
    pub method: &'a str,
    pub target: &'a str,
    pub body: &'a [u8],
}

impl Fault {
    pub(crate) fn delay(&self) -> Duration {
        match self {
            Self::Delay(millis) => Duration::from_millis(*millis),
            _ => Duration::ZERO,
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(number: u64, target: &str) -> Seen<'_> {
        Seen { number, method: "GET", target, body: b"some body" }
    }

    #[test]
    fn strikes_as_often_as_asked() {
        let mut plan = FaultPlan::default();
        plan.add(FaultRule::next(Fault::Refused).path("/scim").times(Times::Count(2)).skip(1));
        let struck: Vec<bool> = ["/a", "/scim", "/scim", "/b", "/scim", "/scim"]
            .iter()
            .map(|path| plan.strike(&seen(0, path)).is_some())
            .collect();
        assert_eq!(struck, [false, false, true, false, true, false]);
        assert!(plan.is_spent());
    }

    #[test]
    fn matches_on_number_and_body() {
        let mut plan = FaultPlan::default();
        plan.add(FaultRule::next(Fault::HalfBody).call(3));
        plan.add(FaultRule::next(Fault::EmptyBody).body("no such"));
        assert_eq!((1..5).filter(|n| plan.strike(&seen(*n, "/")).is_some()).collect::<Vec<_>>(), [3]);
        assert!(!plan.is_spent());
    }
}
