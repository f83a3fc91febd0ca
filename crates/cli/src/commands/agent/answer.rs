//! What an answer of the webhook means to the agent. Pure.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use ports::TransportError;
use serde_json::Value;

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// All events are stored.
    Taken,
    /// Something in the body is wrong; nothing of it was taken. The receiver's words may quote the body.
    Refused(String),
    /// Not now; after this time, if the receiver says.
    Later { why: String, after: Option<Duration> },
    /// Only a person can help.
    NeedsPerson { what: String, to_do: &'static str },
}

/// The longest time that a receiver may ask for.
const MOST: Duration = Duration::from_secs(10 * 60);
/// How far clocks may be apart: the receiver takes 5 minutes.
const APART: SignedDuration = SignedDuration::from_mins(4);

const WRONG_CLOCK: &str = "set this machine's clock: the receiver refuses what is more than 5 minutes off";

/// What the answer to so many events means.
pub(super) fn meaning(answer: &Result<Response<Bytes>, TransportError>, events: usize, now: Timestamp) -> Meaning {
    let response = match answer {
        Ok(response) => response,
        Err(error) => return Meaning::Later { why: error.to_string(), after: None },
    };
    let (status, headers) = (response.status(), response.headers());
    let needs_person =
        |to_do: &'static str| Meaning::NeedsPerson { what: format!("the receiver answers {}", told(status)), to_do };
    match status.as_u16() {
        202 => match serde_json::from_slice::<Value>(response.body()).ok().and_then(|body| body["accepted"].as_u64()) {
            Some(accepted) if usize::try_from(accepted) == Ok(events) => Meaning::Taken,
            _ => needs_person(
                "it did not take the events as such: is the address that of the connector's webhook, and has its \
                 source neither a `definition` nor a reading of its own?",
            ),
        },
        400 | 401 if clocks_differ(headers, now) => needs_person(WRONG_CLOCK),
        400 => Meaning::Refused(words(response.body())),
        401 => needs_person("the key of this side is not among those of the connector's secret for this webhook"),
        404 => {
            needs_person("there is no such webhook: the address must end with the name of a source that has `webhook`")
        }
        413 => needs_person("something on the way takes less than 512 KiB: a proxy must let 1 MiB through"),
        408 | 425 | 429 | 500..=599 => {
            Meaning::Later { why: format!("the receiver answers {}", told(status)), after: retry_after(headers) }
        }
        300..=399 => needs_person("redirects are not followed: give the final address with --to"),
        403 | 407 => needs_person("something on the way does not let the request through: a firewall, proxy or policy"),
        _ => needs_person("is the address that of the connector's webhook?"),
    }
}

/// Which events of a body the receiver's words name, by their places: `[3].data.id: …; [7].data: …; and 2 more`. Words
/// may quote an event, so this is a hint at whom to try alone, and no judgement.
pub(super) fn named(words: &str, events: usize) -> Vec<usize> {
    let mut places: Vec<usize> = words
        .split("; ")
        .filter_map(|part| part.strip_prefix('[')?.split_once(']')?.0.parse().ok())
        .filter(|place| *place < events)
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// What is wrong with the one event of a body, by the path in it.
pub(super) fn reason(words: &str) -> domain::RecordError {
    match words.strip_prefix("[0]").and_then(|rest| rest.split_once(": ")) {
        Some((path, reason)) => {
            let path = path.trim_start_matches('.');
            domain::RecordError::new(if path.is_empty() { "." } else { path }, reason)
        }
        None => domain::RecordError::new(".", words),
    }
}

fn told(status: StatusCode) -> String {
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{}{reason}", status.as_u16())
}

fn words(body: &[u8]) -> String {
    let error = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["error"].as_str().map(str::to_owned));
    error.unwrap_or_else(|| "the receiver does not say why".to_owned())
}

/// In whole seconds; the form with a date (RFC 9110, 10.2.3) is read as no wish.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MOST))
}

fn clocks_differ(headers: &HeaderMap, now: Timestamp) -> bool {
    let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
    let theirs = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
    theirs.is_some_and(|theirs| theirs.duration_since(now).abs() > APART)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Meaning {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        meaning(&Ok(response.body(Bytes::from(body.to_owned())).unwrap()), 2, now())
    }

    fn to_do(meaning: &Meaning) -> &'static str {
        let Meaning::NeedsPerson { to_do, .. } = meaning else { panic!("{meaning:?} needs no person") };
        to_do
    }

    #[test]
    fn only_the_webhooks_own_word_counts_as_taken() {
        assert_eq!(answer(202, &[], r#"{"accepted":2}"#), Meaning::Taken);
        for (status, body) in [(202, r#"{"accepted":1}"#), (202, "{}"), (202, ""), (200, r#"{"accepted":2}"#)] {
            assert!(matches!(answer(status, &[], body), Meaning::NeedsPerson { .. }), "{status} {body}");
        }
    }

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_is_told() {
        let later = |status, headers: &[(&str, &str)]| match answer(status, headers, "") {
            Meaning::Later { after, .. } => after,
            other => panic!("{other:?}"),
        };
        assert_eq!(later(503, &[("retry-after", "5")]), Some(Duration::from_secs(5)));
        assert_eq!(later(429, &[("retry-after", "86400")]), Some(MOST));
        assert_eq!(later(500, &[]), None);
        for status in [301, 307, 401, 403, 404, 405, 413, 415] {
            assert!(matches!(answer(status, &[], ""), Meaning::NeedsPerson { .. }), "{status}");
        }
        let unclear = TransportError::Unclear { host: "x".to_owned(), reason: "slow".to_owned() };
        assert!(matches!(meaning(&Err(unclear), 2, now()), Meaning::Later { .. }));
    }

    #[test]
    fn a_wrong_clock_is_told_from_a_wrong_key() {
        let date = |date| [("date", date)];
        assert_eq!(to_do(&answer(401, &date("Thu, 15 Jan 2026 13:00:00 GMT"), "")), WRONG_CLOCK);
        assert_eq!(to_do(&answer(400, &date("Thu, 15 Jan 2026 11:50:00 GMT"), "")), WRONG_CLOCK);
        assert_ne!(to_do(&answer(401, &date("Thu, 15 Jan 2026 12:00:30 GMT"), "")), WRONG_CLOCK);
        assert_ne!(to_do(&answer(401, &date("yesterday"), "")), WRONG_CLOCK);
    }

    #[test]
    fn the_receivers_words_name_places() {
        let words = "[3].data.id: it is empty; [7].data: it has more; [7]: x; [99]: y; and 12 more";
        assert_eq!(named(words, 50), [3, 7]);
        assert_eq!(named("the body is not JSON", 50), Vec::<usize>::new());
        let error = reason("[0].data.name: a familyName is needed");
        assert_eq!((error.path.as_str(), error.reason.as_str()), ("data.name", "a familyName is needed"));
        assert_eq!(reason("[0]: unknown field").path, ".");
        assert_eq!(reason("odd").reason, "odd");
    }
}
