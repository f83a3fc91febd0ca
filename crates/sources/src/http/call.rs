//! One call to a source: budget, signature, time limit, tries. What will not heal is never tried again; what heals only
//! after a longer wait is left to the caller.

use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use jiff::Timestamp;
use ports::TransportError;
use serde_json::Value;
use url::Url;

use super::auth::Session;
use super::error::What;
use super::outside::Ports;
use super::path::text_of;
use super::plan::Plan;
use super::state::{Calls, Limits, Turn};

/// A longer wait than this is left to the caller.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// A longer wait than this ends the read: another begins later.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// A request that only needs its signature.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) to: To,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Value>,
}

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The source: it is signed and counted.
    Source,
    /// A host that only keeps the source's files: it gets nothing of what the source is told.
    Files,
}

/// Why there is no usable answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// For good.
    Fault(What),
    /// For so long; then the same call again.
    Wait(Duration, What),
}

/// Makes calls.
pub(crate) struct Caller<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) ports: &'r Ports,
    pub(crate) calls: &'r mut Calls,
    pub(crate) session: &'r mut Session,
    /// Requests made, tries and token requests included.
    pub(crate) requests: &'r mut u64,
}

impl Caller<'_> {
    /// An answer with a status of success and its whole body.
    pub(crate) async fn call(&mut self, prepared: &Prepared) -> Result<Response<Bytes>, Stop> {
        let (mut tries, mut renewed) = (1, false);
        let mut rejected = false;
        loop {
            let (request, ports) = match prepared.to {
                To::Source => {
                    self.turn().await?;
                    let signed = self.session.headers(&self.plan.auth, self.ports, rejected).await;
                    *self.requests += u64::from(self.session.take_logins());
                    let own = self.plan.connection.headers.iter().cloned().chain(prepared.headers.iter().cloned());
                    let headers = own.chain(signed.map_err(Stop::Fault)?);
                    (request(prepared, headers), self.session.ports(self.ports))
                }
                To::Files => (request(prepared, prepared.headers.iter().cloned()), self.ports.clone()),
            };
            let request = request.map_err(Stop::Fault)?;
            *self.requests += 1;
            rejected = false;
            let what = match in_time(&ports, self.plan.connection.timeout.as_secs(), request).await {
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED && !renewed && prepared.to == To::Source => {
                    // A rejected token was not carried out, and its renewal does not count as a try.
                    (renewed, rejected) = (true, true);
                    continue;
                }
                Ok(answer) if answer.status().is_success() => return whole(answer).map_err(Stop::Fault),
                Ok(answer) if answer.status().is_redirection() => {
                    return Err(Stop::Fault(What::Elsewhere("a redirect")));
                }
                Ok(answer) => self.refusal(&answer),
                Err(Some(TransportError::NotSent { reason, .. } | TransportError::Unclear { reason, .. })) => {
                    What::NoAnswer(reason)
                }
                Err(_) => What::TimedOut(self.plan.connection.timeout.as_secs()),
            };
            let (heals, asked) = match &what {
                What::Refused { heals, after, .. } => (*heals, *after),
                _ => (true, None),
            };
            let wait = self.wait(tries, asked);
            if !heals || wait > LONGEST_WAIT {
                return Err(Stop::Fault(what));
            }
            if wait > LONGEST_SLEEP {
                return Err(Stop::Wait(wait, what));
            }
            if tries >= self.plan.connection.retry.tries {
                return Err(Stop::Fault(what));
            }
            tracing::debug!(reason = %what, wait_ms = wait.as_millis(), "source.retry");
            self.ports.clock.sleep(wait).await;
            tries += 1;
        }
    }

    /// Waits for the turn of the next call.
    async fn turn(&mut self) -> Result<(), Stop> {
        let connection = &self.plan.connection;
        let limits = Limits { pause: connection.pause, per_minute: connection.per_minute, per_day: connection.per_day };
        loop {
            match self.calls.take(limits, self.ports.clock.now()) {
                Turn::Now => return Ok(()),
                Turn::After(wait) if wait <= LONGEST_SLEEP => self.ports.clock.sleep(wait).await,
                Turn::After(wait) => return Err(Stop::Wait(wait, What::Budget(wait))),
                Turn::Tomorrow(wait) => return Err(Stop::Fault(What::Budget(wait))),
            }
        }
    }

    fn refusal(&self, answer: &Response<Bytes>) -> What {
        let connection = &self.plan.connection;
        let body: Option<Value> = serde_json::from_slice(answer.body()).ok();
        let at = |path: Option<&super::path::Path>| path.and_then(|path| path.of(body.as_ref()?)).cloned();
        let hopeless = at(connection.retry.unless.as_ref()).is_some_and(|value| !value.is_null());
        let code = at(connection.error_code.as_ref()).as_ref().and_then(safe_code);
        let seconds = at(connection.retry.wait_body.as_ref()).as_ref().and_then(text_of);
        let in_body = seconds.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let after = retry_after(answer.headers(), self.ports.clock.now()).or(in_body);
        let status = answer.status().as_u16();
        What::Refused { status, code, after, heals: !hopeless && connection.retry.codes.contains(&status) }
    }

    /// What the source asks for; else twice as long each time, with jitter of as much again.
    fn wait(&self, tries: u32, asked: Option<Duration>) -> Duration {
        let base = FIRST_WAIT * 2_u32.saturating_pow(tries - 1);
        let jitter = base.mul_f64((self.ports.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64);
        asked.unwrap_or(base).max(base) + jitter
    }
}

fn request(prepared: &Prepared, more: impl Iterator<Item = (HeaderName, HeaderValue)>) -> Result<Request<Bytes>, What> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(super::USER_AGENT));
    if prepared.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.extend(more.map(|(name, value)| (Some(name), value)));
    let body = prepared.body.as_ref().map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let mut request = Request::builder()
        .method(prepared.method.clone())
        .uri(prepared.url.as_str())
        .body(body)
        .map_err(|_| What::Request("it is no HTTP request".to_owned()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The answer within so many seconds; `Err(None)` when there is none by then.
pub(crate) async fn in_time(
    ports: &Ports,
    seconds: u64,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Option<TransportError>> {
    let send = ports.transport.send(request);
    let limit = ports.clock.sleep(Duration::from_secs(seconds));
    match select(send, limit).await {
        Either::Left((answer, _)) => answer.map_err(Some),
        Either::Right(((), _)) => Err(None),
    }
}

/// Refuses a body that is shorter than its header says.
fn whole(answer: Response<Bytes>) -> Result<Response<Bytes>, What> {
    let told =
        answer.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let encoded = answer.headers().contains_key(header::CONTENT_ENCODING);
    match told.filter(|told| !encoded && *told != answer.body().len()) {
        Some(told) => Err(What::Cut(format!("{} bytes of {told}", answer.body().len()))),
        None => Ok(answer),
    }
}

/// `Retry-After`: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// An error's code as it may be shown: a number, or letters, digits and what joins them, so never a sentence.
pub(crate) fn safe_code(value: &Value) -> Option<String> {
    let text = text_of(value)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (text.len() <= 64 && !text.is_empty() && text.chars().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wait_is_read_as_seconds_or_as_a_date() {
        let now: Timestamp = "2026-06-01T08:00:00Z".parse().unwrap();
        let of = |text: &str| retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]), now);
        assert_eq!(of("10"), Some(Duration::from_secs(10)));
        assert_eq!(of("Mon, 01 Jun 2026 08:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(of("Mon, 01 Jun 2026 07:01:00 GMT"), Some(Duration::ZERO));
        assert_eq!(of("soon"), None);
    }

    #[test]
    fn only_codes_are_shown() {
        assert_eq!(safe_code(&json!("invalid_client")), Some("invalid_client".to_owned()));
        assert_eq!(safe_code(&json!(-2147180999)), Some("-2147180999".to_owned()));
        assert_eq!(safe_code(&json!("Jan de Vries")), None);
        assert_eq!(safe_code(&json!({"code": 1})), None);
    }
}
