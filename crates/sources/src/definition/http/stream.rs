//! Streams, from form to plan. A stream sees the rows of single streams before it, never of those after it.

use std::collections::BTreeMap;

use expression::{Type, Variables};
use http::Method;
use serde_saphyr::Spanned;

use super::Compiler;
use crate::definition::compile;
use crate::definition::form::{FileForm, FormatForm, place};
use crate::definition::http_form::{BodyFormatForm, StreamForm};
use crate::http::path::Path;
use crate::http::plan::{Paging, Request, RowsAt, Stream};
use crate::http::template::{Body, Template};

impl Compiler<'_> {
    pub(super) fn streams(&mut self, forms: Spanned<Vec<Spanned<StreamForm>>>) -> Option<Vec<Stream>> {
        if forms.value.is_empty() {
            self.fault(place(&forms), "there must be at least one stream");
        }
        let mut streams: Vec<Stream> = Vec::new();
        let mut all_good = true;
        for form in forms.value {
            let at = place(&form.value.name);
            if streams.iter().any(|stream| stream.name == form.value.name.value) {
                self.fault(at, "another stream has the same name");
            }
            match self.stream(form, &streams) {
                Some(stream) => streams.push(stream),
                None => all_good = false,
            }
        }
        (all_good && !streams.is_empty()).then_some(streams)
    }

    fn stream(&mut self, form: Spanned<StreamForm>, before: &[Stream]) -> Option<Stream> {
        let at = place(&form);
        let form = form.value;
        let each = match &form.each {
            None => None,
            Some(name) => {
                let found = before.iter().position(|stream| stream.name == name.value);
                if found.is_none_or(|found| before.get(found).is_none_or(|stream| stream.key.len() != 1)) {
                    self.fault(place(name), "no stream of that name with a key of one part comes before this one");
                    return None;
                }
                found
            }
        };
        let singles = before.iter().filter(|stream| stream.single).map(|stream| (stream.name.clone(), Type::Any));
        let mut variables = self.variables().with("first", Type::record(singles));
        if each.is_some() {
            variables = variables.with("item", Type::Any);
        }
        let request = self.stream_request(&form, at, &variables);
        let rows = self.rows(&form, at);
        let job = match &form.job {
            Some(job) => Some(self.job(job, &form, &variables)?),
            None => None,
        };
        let key: Vec<Path> = form.key.iter().filter_map(|part| self.path(Some(part))).collect();
        let paging = match form.paging {
            Some(paging) => self.paging(paging, form.total.is_some(), request.as_ref(), &rows, &key),
            None => Some(Paging::None),
        };
        // A job tells the total where it tells its state.
        if form.total.is_some() && job.is_none() && matches!(rows, Some(RowsAt::Document | RowsAt::Format(_))) {
            self.fault(at, "total is read from a JSON document with a list of rows");
        }
        if each.is_some() && (form.total.is_some() || form.single) {
            self.fault(at, "a stream with `for` has neither total nor single");
        }
        Some(Stream {
            name: form.name.value,
            request: request?,
            rows: rows?,
            key,
            paging: paging?,
            total: self.path(form.total.as_ref()),
            single: form.single,
            may_be_empty: form.may_be_empty,
            each,
            job,
        })
    }

    fn stream_request(&mut self, form: &StreamForm, at: super::Place, variables: &Variables) -> Option<Request> {
        let (method, path) = match (&form.get, &form.post) {
            (Some(path), None) => (Method::GET, path),
            (None, Some(path)) => (Method::POST, path),
            _ => {
                self.fault(at, "a stream has exactly one of get and post");
                return None;
            }
        };
        let body = match &form.body {
            None => None,
            Some(body) if method == Method::GET => {
                self.fault(place(body), "a get has no body");
                None
            }
            Some(body) => match Body::compile(&body.value, variables) {
                Ok(body) => Some(body),
                Err(reason) => {
                    self.fault(place(body), reason);
                    None
                }
            },
        };
        let path = self.request_path(path, variables);
        let query = self.templates(&form.query, variables);
        let headers = form
            .headers
            .iter()
            .filter_map(|(name, text)| Some((self.header_name(name, place(text))?, self.template(text, variables)?)));
        let headers = headers.collect();
        Some(Request { method, path: path?, query, headers, body })
    }

    /// A GET as it is written in incremental.
    pub(super) fn get(
        &mut self,
        path: &Spanned<String>,
        query: &BTreeMap<String, Spanned<String>>,
        variables: &Variables,
    ) -> Option<Request> {
        let path = self.request_path(path, variables);
        let query = self.templates(query, variables);
        Some(Request { method: Method::GET, path: path?, query, headers: Vec::new(), body: None })
    }

    fn request_path(&mut self, path: &Spanned<String>, variables: &Variables) -> Option<Template> {
        let text = &path.value;
        if text.starts_with('/') || text.contains("..") || text.contains("://") || text.contains(['?', '#']) {
            self.fault(place(path), "a path stands below the base: no leading slash, no dots, no query");
            return None;
        }
        self.template(path, variables)
    }

    fn rows(&mut self, form: &StreamForm, at: super::Place) -> Option<RowsAt> {
        let format = match form.format {
            BodyFormatForm::Json => {
                for (name, given) in [
                    ("repeated", !form.repeated.is_empty()),
                    ("delimiter", form.delimiter.is_some()),
                    ("encoding", form.encoding.is_some()),
                ] {
                    if given {
                        self.fault(at, format!("{name} is not a setting of json"));
                    }
                }
                return match &form.rows {
                    None => Some(RowsAt::List(Path::parse(".").ok()?)),
                    Some(rows) if rows.value.trim() == "." => Some(RowsAt::Document),
                    Some(rows) => self.path(Some(rows)).map(RowsAt::List),
                };
            }
            BodyFormatForm::Jsonl => FormatForm::Jsonl,
            BodyFormatForm::Csv => FormatForm::Csv,
            BodyFormatForm::Xml => FormatForm::Xml,
        };
        let file = FileForm {
            format,
            rows: form.rows.clone(),
            repeated: (!form.repeated.is_empty()).then(|| Spanned {
                value: form.repeated.clone(),
                referenced: form.name.referenced,
                defined: form.name.defined,
            }),
            delimiter: form.delimiter.clone(),
            encoding: form.encoding.clone(),
            sheet: None,
            header: None,
        };
        compile::format(file, at, self.faults).map(RowsAt::Format)
    }
}
