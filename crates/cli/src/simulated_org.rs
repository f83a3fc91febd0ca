//! A simulated org in this process, in Salesforce's place. It can be kept in a file: every request that may change it is
//! written down before it is carried out, and a new process carries them out again, so that a kill at any moment leaves
//! an org that either did the request or lost nothing but the answer.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use jiff::Timestamp;
use ports::{Clock, HttpTransport, TransportError};
use salesforce_simulator::{Org, Outcome};
use serde::{Deserialize, Serialize};

/// Seats of the licence that most profiles need; the sample org's own hundred are soon used up.
const SEATS: i64 = 20_000;
/// API calls a day.
const CALLS_A_DAY: u64 = 1_000_000;

/// A way to the simulated org; clones share it.
#[derive(Clone)]
pub(crate) struct SimulatedOrg {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    latency: Duration,
}

struct State {
    org: Org,
    journal: Option<File>,
}

/// The first line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Heading {
    simulated_org: u32,
    made_at: Timestamp,
}

/// The other lines.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    at: Timestamp,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl SimulatedOrg {
    /// The sample org, which lives as long as the value.
    pub(crate) fn in_memory(clock: Arc<dyn Clock>) -> Self {
        let state = State { org: sample(clock.now()), journal: None };
        Self { state: Arc::new(Mutex::new(state)), clock, latency: Duration::ZERO }
    }

    /// The org that the file remembers; a new sample org when there is no file.
    ///
    /// # Errors
    /// When the file can't be read or written, or is something else.
    pub(crate) fn kept(path: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let state = State::open(path, clock.now())
            .with_context(|| format!("the simulated org's file {} can't be used", path.display()))?;
        Ok(Self { state: Arc::new(Mutex::new(state)), clock, latency: Duration::ZERO })
    }

    /// The same org, whose answers take so long.
    pub(crate) fn with_latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// Looks at the org, or arranges it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Org) -> T) -> T {
        look(&mut self.state().org)
    }

    /// The secret with which the connector logs in.
    pub(crate) fn secret(&self) -> serde_json::Value {
        self.with(|org| org.jwt_secret())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpTransport for SimulatedOrg {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if !self.latency.is_zero() {
            self.clock.sleep(self.latency).await;
        }
        let host = request.uri().host().unwrap_or_default().to_owned();
        let now = self.clock.now();
        let reply = {
            let mut state = self.state();
            // The order in the file is the order in the org: both happen under one lock.
            if let Err(error) = state.record(now, &request) {
                return Err(TransportError::NotSent { host, reason: format!("the org can't be kept: {error}") });
            }
            state.org.set_now(now);
            state.org.handle(&request)
        };
        match reply.outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::NotConnected => Err(TransportError::NotSent { host, reason: "connection refused".to_owned() }),
            Outcome::AnswerLost | Outcome::Truncated { .. } => {
                Err(TransportError::Unclear { host, reason: "connection closed before the whole answer".to_owned() })
            }
        }
    }
}

impl State {
    fn open(path: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut journal = options.open(path)?;
        let mut reader = BufReader::new(journal.try_clone()?);
        let (mut org, mut whole) = (None, 0);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            if !line.ends_with('\n') {
                // The process was stopped while it wrote: the request was never carried out.
                journal.set_len(whole)?;
                break;
            }
            match &mut org {
                None => org = Some(heading(&line)?),
                Some(org) => repeat(org, &line)?,
            }
            whole += line.len() as u64;
            line.clear();
        }
        let org = match org {
            Some(org) => org,
            None => {
                let mut text = serde_json::to_string(&Heading { simulated_org: 1, made_at: now })?;
                text.push('\n');
                journal.write_all(text.as_bytes())?;
                sample(now)
            }
        };
        Ok(Self { org, journal: Some(journal) })
    }

    fn record(&mut self, at: Timestamp, request: &Request<Bytes>) -> std::io::Result<()> {
        let Some(journal) = self.journal.as_mut().filter(|_| request.method() != Method::GET) else { return Ok(()) };
        let kept = [header::AUTHORIZATION, header::CONTENT_TYPE, header::HOST];
        let kept = kept.iter().filter_map(|name| Some((name.to_string(), request.headers().get(name)?.to_str().ok()?)));
        let recorded = Recorded {
            at,
            method: request.method().to_string(),
            uri: request.uri().to_string(),
            headers: kept.map(|(name, value)| (name, value.to_owned())).collect(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        };
        let mut text = serde_json::to_string(&recorded)?;
        text.push('\n');
        journal.write_all(text.as_bytes())
    }
}

fn sample(now: Timestamp) -> Org {
    let mut org = Org::sample(now);
    // Refused only for a licence that the sample org does not have.
    for licence in ["Salesforce", "SalesConsoleUser"] {
        drop(org.admin().set_seats(licence, SEATS));
    }
    org.set_daily_api_limit(CALLS_A_DAY);
    org
}

fn heading(line: &str) -> anyhow::Result<Org> {
    let heading: Heading = serde_json::from_str(line).context("line 1")?;
    if heading.simulated_org != 1 {
        bail!("it was written by another version; delete the data folder to begin anew");
    }
    Ok(sample(heading.made_at))
}

fn repeat(org: &mut Org, line: &str) -> anyhow::Result<()> {
    let recorded: Recorded = serde_json::from_str(line)?;
    let mut request = Request::builder().method(recorded.method.as_str()).uri(recorded.uri);
    for (name, value) in recorded.headers {
        request = request.header(name, value);
    }
    org.set_now(recorded.at);
    org.handle(&request.body(recorded.body.into())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use ports::clock::ManualClock;

    use super::*;

    fn clock() -> Arc<dyn Clock> {
        Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()))
    }

    async fn send(org: &SimulatedOrg, method: &str, path: &str, token: &str, body: String) -> serde_json::Value {
        let mut request = Request::builder().method(method).uri(format!("https://sample.my.salesforce.com{path}"));
        if token.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        } else {
            request =
                request.header("content-type", "application/json").header("authorization", format!("Bearer {token}"));
        }
        let answer = org.send(request.body(body.into()).unwrap()).await.unwrap();
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    async fn token(org: &SimulatedOrg) -> String {
        let secret = org.with(|org| org.client_credentials_secret());
        let (id, key) = (secret["clientId"].as_str().unwrap(), secret["clientSecret"].as_str().unwrap());
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
        send(org, "POST", "/services/oauth2/token", "", form).await["access_token"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_new_process_finds_the_org_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("org.jsonl");
        let org = SimulatedOrg::kept(&path, clock()).unwrap();
        let token = token(&org).await;
        let user = org.with(|org| org.user("p.bakker@sample.example").unwrap().id);
        let user = format!("/services/data/v66.0/sobjects/User/{user}");
        send(&org, "PATCH", &user, &token, r#"{"Title":"Changed"}"#.to_owned()).await;
        let before = org.with(|org| org.users());
        assert_eq!(org.with(|org| org.user("p.bakker@sample.example").unwrap().text("Title").to_owned()), "Changed");
        drop(org);
        // A line that was being written when the process was stopped.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"at\":\"2026").unwrap();
        for _ in 0..2 {
            let org = SimulatedOrg::kept(&path, clock()).unwrap();
            assert_eq!(org.with(|org| org.users()), before);
        }
    }

    #[test]
    fn another_file_is_not_taken_for_an_org() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("org.jsonl");
        std::fs::write(&path, "people:\n").unwrap();
        assert!(SimulatedOrg::kept(&path, clock()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "people:\n");
    }
}
