//! A stream whose request begins a job: it is asked how far the job is until its files are there, then these are read, one
//! a step. Files may be at hosts that the definition names; nothing secret goes there.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use expression::Scope;
use http::{Method, Response, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::Run;
use super::read::{Read, prepare};
use crate::http::call::{LONGEST_SLEEP, LONGEST_WAIT, Prepared, Stop, To, retry_after};
use crate::http::error::What;
use crate::http::outside::Ports;
use crate::http::page::{Page, json};
use crate::http::paging::own;
use crate::http::path::text_of;
use crate::http::plan::{Job, Plan, StatusAt};

/// Files of one job.
const MOST_FILES: usize = 10_000;

/// How far a job is. Holds addresses that may be secrets themselves, so it has no debug form.
#[derive(Serialize, Deserialize)]
pub(super) enum Under {
    /// It is at it; the next question is due at that time.
    Way { status: String, due: Timestamp, asked: u32 },
    /// It is done; the cursor knows how many files are read.
    Done { files: Vec<String>, told: Option<u64> },
}

impl Run {
    /// The job's next request.
    pub(super) async fn job(&mut self, number: usize, job: &Job, ports: &Ports) -> Read {
        match &self.progress.job {
            None => self.begin_job(number, job, ports).await,
            Some(Under::Way { status, due, asked }) => {
                let (status, due, asked) = (status.clone(), *due, *asked);
                self.ask_job(number, job, ports, &status, due, asked).await
            }
            Some(Under::Done { files, told }) => {
                let next = usize::try_from(self.progress.cursor.pages).unwrap_or(usize::MAX);
                match (files.get(next).cloned(), *told) {
                    (Some(file), _) => self.read_file(number, &file, ports).await,
                    (None, Some(told)) if told != self.progress.cursor.rows => {
                        Err(Stop::Fault(What::CountDiffers { told, read: self.progress.cursor.rows }))
                    }
                    (None, _) => self.end_stream(number),
                }
            }
        }
    }

    async fn begin_job(&mut self, number: usize, job: &Job, ports: &Ports) -> Read {
        let source = self.source.clone();
        let plan = source.plan();
        let prepared = self.stream_request(plan, number, None)?;
        let answer = self.call(ports, &prepared).await?;
        let status = self.status(plan, number, job, &prepared.url, &answer).map_err(Stop::Fault)?;
        let due = due(job, &answer, ports.clock.now());
        self.progress.job = Some(Under::Way { status: status.into(), due, asked: 0 });
        Ok(())
    }

    /// Where the job's state is asked for.
    fn status(&self, plan: &Plan, number: usize, job: &Job, at: &Url, answer: &Response<Bytes>) -> Result<Url, What> {
        let missing = |place: &str| What::Malformed(format!("there is no address of the job at {place}"));
        match &job.status {
            StatusAt::Get(request) => {
                let document = json(answer.headers(), answer.body())?;
                let first = self.singles(plan, number);
                let scope = Scope::new()
                    .with("settings", Cow::Borrowed(&plan.settings))
                    .with("first", Cow::Borrowed(&first))
                    .with("job", Cow::Borrowed(&document));
                Ok(prepare(plan, request, &scope)?.url)
            }
            StatusAt::Place(path) => {
                let document = json(answer.headers(), answer.body())?;
                let address = path.of(&document).and_then(Value::as_str).filter(|address| !address.trim().is_empty());
                own(plan, at, address.ok_or_else(|| missing(&path.text()))?.trim())
            }
            StatusAt::Header(name) => {
                let address = answer.headers().get(name).and_then(|value| value.to_str().ok());
                own(plan, at, address.ok_or_else(|| missing(name.as_str()))?)
            }
        }
    }

    async fn ask_job(
        &mut self,
        number: usize,
        job: &Job,
        ports: &Ports,
        status: &str,
        due: Timestamp,
        asked: u32,
    ) -> Read {
        let wait = Duration::try_from(due.duration_since(ports.clock.now())).unwrap_or_default();
        if wait > LONGEST_SLEEP {
            return Err(Stop::Wait(wait, What::JobRunning));
        }
        if !wait.is_zero() {
            ports.clock.sleep(wait).await;
        }
        let source = self.source.clone();
        let plan = source.plan();
        let url = own(plan, &plan.connection.base, status).map_err(Stop::Fault)?;
        let answer = self.call(ports, &get(To::Source, url.clone())).await?;
        let document = json(answer.headers(), answer.body()).map_err(Stop::Fault)?;
        let state = job.state.of(&document).and_then(text_of);
        let malformed =
            |what: &str, place: String| Stop::Fault(What::Malformed(format!("there is no {what} at {place}")));
        let state = state.ok_or_else(|| malformed("state of the job", job.state.text()))?;
        if job.failed.contains(&state) {
            return Err(Stop::Fault(What::JobFailed(state)));
        }
        if !job.done.contains(&state) {
            let asked = asked + 1;
            if asked >= job.polls {
                return Err(Stop::Fault(What::JobTooLong(asked)));
            }
            let due = self::due(job, &answer, ports.clock.now());
            self.progress.job = Some(Under::Way { status: url.into(), due, asked });
            return Ok(());
        }
        let total = plan.streams.get(number).and_then(|stream| stream.total.as_ref());
        let told = match total {
            Some(path) => Some(path.count(&document).ok_or_else(|| malformed("number of rows", path.text()))?),
            None => None,
        };
        let files = files(plan, job, &url, &document).map_err(Stop::Fault)?;
        self.progress.job = Some(Under::Done { files, told });
        Ok(())
    }

    async fn read_file(&mut self, number: usize, file: &str, ports: &Ports) -> Read {
        let source = self.source.clone();
        let plan = source.plan();
        let Some(stream) = plan.streams.get(number) else { return Ok(()) };
        let url = Url::parse(file).map_err(|_| Stop::Fault(What::Request("a file's address is none".to_owned())))?;
        let to = if plan.is_own(&url) { To::Source } else { To::Files };
        let mut answer = self.call(ports, &get(to, url)).await?;
        // A store of files knows no more of them than that they are bytes, or text.
        let told = answer.headers().get(header::CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
        if told.contains("octet-stream") || told.contains("text/plain") {
            answer.headers_mut().remove(header::CONTENT_TYPE);
        }
        let page = Page::read(answer, &stream.rows).map_err(Stop::Fault)?;
        let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        self.keep(number, page.rows)?;
        self.progress.cursor.pages += 1;
        self.progress.cursor.rows += rows;
        Ok(())
    }
}

fn get(to: To, url: Url) -> Prepared {
    Prepared { to, method: Method::GET, url, headers: Vec::new(), body: None }
}

/// When it is asked again: after the pause, or later if the source says so.
fn due(job: &Job, answer: &Response<Bytes>, now: Timestamp) -> Timestamp {
    let pause = retry_after(answer.headers(), now).unwrap_or_default().max(job.pause).min(LONGEST_WAIT);
    now.saturating_add(SignedDuration::try_from(pause).unwrap_or_default()).unwrap_or(now)
}

/// The addresses of the files, each at the source itself or at a host that the definition names.
fn files(plan: &Plan, job: &Job, at: &Url, document: &Value) -> Result<Vec<String>, What> {
    let none = |place: String| What::Malformed(format!("there is no address of a file at {place}"));
    let entries = match job.files.of(document) {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(single @ (Value::String(_) | Value::Object(_))) => std::slice::from_ref(single),
        _ => return Err(none(job.files.text())),
    };
    if entries.len() > MOST_FILES {
        return Err(What::Malformed(format!("it has more than {MOST_FILES} files")));
    }
    let mut seen = HashSet::new();
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries {
        let address = job.url.as_ref().map_or(Some(entry), |path| path.of(entry)).and_then(Value::as_str);
        let address = address.map(str::trim).filter(|address| !address.is_empty());
        let place =
            || job.url.as_ref().map_or_else(|| job.files.text(), |url| format!("{}: {}", job.files.text(), url.text()));
        let url = at.join(address.ok_or_else(|| none(place()))?).map_err(|_| none(place()))?;
        let named = job.hosts.contains(&url.origin()) && url.username().is_empty() && url.password().is_none();
        if !plan.is_own(&url) && !named {
            return Err(What::Elsewhere("a file is at a host that is not in hosts"));
        }
        if !seen.insert(url.clone()) {
            return Err(What::Circle);
        }
        files.push(url.into());
    }
    Ok(files)
}
