//! Jobs that make files, from form to plan.

use std::time::Duration;

use expression::{Type, Variables};
use serde_saphyr::Spanned;
use url::Url;

use super::Compiler;
use crate::definition::form::place;
use crate::definition::http_form::StreamForm;
use crate::definition::job_form::{JobForm, JobStatusForm};
use crate::http::plan::{Job, StatusAt};

impl Compiler<'_> {
    pub(super) fn job(&mut self, form: &Spanned<JobForm>, stream: &StreamForm, variables: &Variables) -> Option<Job> {
        let at = place(form);
        let form = &form.value;
        if stream.paging.is_some() || stream.each.is_some() || stream.single {
            self.fault(at, "a stream with a job has neither paging nor for nor single");
        }
        if form.done.is_empty() || form.done.iter().any(|state| form.failed.contains(state)) {
            self.fault(at, "done names the states that mean so, and none of them is in failed");
        }
        if form.polls == Some(0) {
            self.fault(at, "polls must be at least 1");
        }
        let status = self.status(&form.status, variables);
        let state = self.path(Some(&form.state));
        let files = self.path(Some(&form.files));
        let url = match &form.url {
            Some(url) => Some(self.path(Some(url))?),
            None => None,
        };
        let hosts: Vec<_> = form.hosts.iter().map(|host| self.host(host)).collect();
        Some(Job {
            status: status?,
            state: state?,
            done: form.done.clone(),
            failed: form.failed.clone(),
            files: files?,
            url,
            hosts: hosts.into_iter().collect::<Option<_>>()?,
            pause: Duration::from_secs(form.pause.unwrap_or(10).clamp(1, 900).into()),
            polls: form.polls.unwrap_or(60),
        })
    }

    fn status(&mut self, form: &Spanned<JobStatusForm>, variables: &Variables) -> Option<StatusAt> {
        let at = place(form);
        match &form.value {
            JobStatusForm { get: Some(path), query, value: None, header: None } => {
                self.get(path, query, &variables.clone().with("job", Type::Any)).map(StatusAt::Get)
            }
            JobStatusForm { get: None, query, value, header } if query.is_empty() => match (value, header) {
                (Some(value), None) => self.path(Some(value)).map(StatusAt::Place),
                (None, Some(header)) => self.header_name(&header.value, place(header)).map(StatusAt::Header),
                _ => {
                    self.fault(at, "status has exactly one of get, value and header");
                    None
                }
            },
            _ => {
                self.fault(at, "status has exactly one of get, which may have a query, value and header");
                None
            }
        }
    }

    /// A host, with its port where that is not the usual one.
    fn host(&mut self, text: &Spanned<String>) -> Option<url::Origin> {
        let settled = self.settled(text)?;
        let url = Url::parse(&format!("https://{settled}/")).ok();
        let url = url.filter(|url| {
            let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
            plain && url.fragment().is_none() && url.path() == "/" && !settled.contains('*')
        });
        if url.is_none() {
            self.fault(place(text), "a host's name is needed here, as files.example.com");
        }
        url.map(|url| url.origin())
    }
}
