//! The reading part of a run: requests made and pages taken, one at a time.

use std::borrow::Cow;

use bytes::Bytes;
use expression::Scope;
use http::{Method, Response};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Phase, Run};
use crate::definition::READ_FOR;
use crate::http::call::{Caller, Prepared, Stop, To};
use crate::http::error::What;
use crate::http::outside::Ports;
use crate::http::page::{Page, json};
use crate::http::paging::{Next, append, next_address, own};
use crate::http::path::{Path, key_text};
use crate::http::plan::{Delta, IncrementalKind, Plan, Request, RowsAt};
use crate::http::record::Mode;
use crate::http::table::Table;
use crate::http::template::encode;

/// All tables of a run together, in megabytes.
const MOST_MEGABYTES: usize = 1024;

pub(super) type Read = Result<(), Stop>;

impl Run {
    /// The link that changes after this read are asked for with.
    pub(super) async fn first_link(&mut self, ports: &Ports) -> Read {
        let source = self.source.clone();
        let (plan, delta) = (source.plan(), source.delta_or_fault().map_err(Stop::Fault)?);
        let prepared = self.delta_request(plan, &delta.first, &Value::Null)?;
        let answer = self.call(ports, &prepared).await?;
        let document = json(answer.headers(), answer.body()).map_err(Stop::Fault)?;
        if self.follow(plan, delta, &prepared.url, &document)? {
            self.turn_to(Phase::Stream(0));
        }
        Ok(())
    }

    /// A page of the list of changes.
    pub(super) async fn changes(&mut self, ports: &Ports) -> Read {
        let source = self.source.clone();
        let (plan, delta) = (source.plan(), source.delta_or_fault().map_err(Stop::Fault)?);
        let link = self.progress.before.link.clone().unwrap_or_default();
        let mut url = own(plan, &plan.connection.base, &link).map_err(Stop::Fault)?;
        self.progress.cursor.ask(&crate::http::plan::Paging::None, &mut url, &mut None).map_err(Stop::Fault)?;
        let prepared = Prepared { to: To::Source, method: Method::GET, url, headers: Vec::new(), body: None };
        let answer = self.call(ports, &prepared).await?;
        let page = Page::read(answer, &RowsAt::List(delta.rows.clone())).map_err(Stop::Fault)?;
        let key = plan.streams.get(plan.root).map_or(&[][..], |root| &root.key);
        for (row, number) in page.rows.iter().zip(1..) {
            let malformed = |what: &str| Stop::Fault(What::Malformed(format!("row {number} {what}")));
            let id = key_text(key, row).ok_or_else(|| malformed("has no key"))?;
            let scope = Scope::new().with("row", Cow::Borrowed(row));
            let gone = delta.removed.as_bool(&scope).map_err(|_| malformed("does not tell whether it is gone"))?;
            self.progress.changes.insert(id, gone);
        }
        if self.follow(plan, delta, &prepared.url, &page.document)? {
            self.turn_to(Phase::Reread);
        }
        Ok(())
    }

    /// Takes the link to the next page, `false`, or the one for the next read, `true`.
    fn follow(&mut self, plan: &Plan, delta: &Delta, at: &Url, document: &Value) -> Result<bool, Stop> {
        self.progress.cursor.pages += 1;
        if let Some(address) = next_address(&delta.next, document).map_err(Stop::Fault)? {
            self.progress.cursor.turn_to(plan, at, Next::Address(address)).map_err(Stop::Fault)?;
            return Ok(false);
        }
        match next_address(&delta.link, document).map_err(Stop::Fault)? {
            Some(link) => {
                self.progress.link = Some(own(plan, at, &link).map_err(Stop::Fault)?.into());
                Ok(true)
            }
            None => Err(Stop::Fault(What::NoLink(delta.link.text()))),
        }
    }

    /// One changed object as a whole.
    pub(super) async fn reread(&mut self, ports: &Ports) -> Read {
        let source = self.source.clone();
        let (plan, delta) = (source.plan(), source.delta_or_fault().map_err(Stop::Fault)?);
        let there = self.progress.changes.iter().filter(|(_, gone)| !**gone);
        let Some(id) = there.map(|(id, _)| id.clone()).nth(self.progress.cursor.item) else {
            self.turn_to(Phase::Stream(0));
            return Ok(());
        };
        let key = plan.streams.get(plan.root).and_then(|root| root.key.first());
        let item = key.map_or(Value::Null, |key| nested(key, &id));
        let prepared = self.delta_request(plan, &delta.reread, &item)?;
        match self.call(ports, &prepared).await {
            Ok(answer) => {
                let page = Page::read(answer, &RowsAt::Document).map_err(Stop::Fault)?;
                if page.rows.first().and_then(|row| key_text(std::slice::from_ref(key?), row)).as_deref() != Some(&id) {
                    return Err(Stop::Fault(What::Malformed("another object came than was asked for".to_owned())));
                }
                self.keep(plan.root, page.rows)?;
            }
            // Gone since the list was made: the next read's list says so.
            Err(Stop::Fault(What::Refused { status: 404, .. })) => {}
            Err(stop) => return Err(stop),
        }
        self.progress.cursor.pages += 1;
        self.progress.cursor.next_item();
        Ok(())
    }

    /// A page of a stream.
    pub(super) async fn stream(&mut self, number: usize, ports: &Ports) -> Read {
        let source = self.source.clone();
        let plan = source.plan();
        let Some(stream) = plan.streams.get(number) else {
            self.turn_to(Phase::Emit(0));
            return Ok(());
        };
        // The changed rows are there already.
        if number == plan.root && self.progress.mode == Mode::Changes && source.delta().is_some() {
            return self.end_stream(number);
        }
        if let Some(job) = &stream.job {
            return self.job(number, job, ports).await;
        }
        let mut item = None;
        if let Some(each) = stream.each {
            let rows = self.progress.tables.get(each);
            if self.progress.cursor.item >= rows.map_or(0, Table::len) {
                return self.end_stream(number);
            }
            item = rows.map(|rows| rows.row(self.progress.cursor.item));
        }
        let mut prepared = self.stream_request(plan, number, item.as_ref())?;
        let first_url = prepared.url.clone();
        self.progress.cursor.ask(&stream.paging, &mut prepared.url, &mut prepared.body).map_err(Stop::Fault)?;
        let answer = self.call(ports, &prepared).await?;
        let mut page = Page::read(answer, &stream.rows).map_err(Stop::Fault)?;
        let more = self.progress.cursor.take(plan, stream, &first_url, &mut page).map_err(Stop::Fault)?;
        let owner = stream.each.and_then(|each| key_text(&plan.streams.get(each)?.key, item.as_ref()?));
        if let Some(owner) = owner {
            for row in page.rows.iter_mut().filter_map(Value::as_object_mut) {
                row.insert(READ_FOR.to_owned(), Value::from(owner.as_str()));
            }
        }
        self.keep(number, page.rows)?;
        match (more, stream.each) {
            (true, _) => Ok(()),
            (false, Some(_)) => {
                self.progress.cursor.next_item();
                Ok(())
            }
            (false, None) => self.end_stream(number),
        }
    }

    /// Checks a stream as a whole and turns to the next.
    pub(super) fn end_stream(&mut self, number: usize) -> Read {
        let plan = self.source.plan();
        let Some(stream) = plan.streams.get(number) else { return Ok(()) };
        let rows = self.progress.tables.get(number).map_or(0, |table| table.len() as u64);
        if stream.single && rows != 1 {
            return Err(Stop::Fault(What::NotSingle(rows)));
        }
        // Without changes there is nothing for streams that are read for the changed rows.
        let changes = self.progress.mode == Mode::Changes && (number == plan.root || stream.each.is_some());
        if rows == 0 && !stream.may_be_empty && !changes {
            return Err(Stop::Fault(What::Empty));
        }
        self.progress.report.rows.push((stream.name.clone(), rows));
        self.turn_to(Phase::Stream(number + 1));
        Ok(())
    }

    /// Keeps rows. In a read of everything, a key that came on a page before says that the pages do not fit together.
    pub(super) fn keep(&mut self, number: usize, rows: Vec<Value>) -> Read {
        let plan = self.source.plan();
        let Some(stream) = plan.streams.get(number) else { return Ok(()) };
        let Some(table) = self.progress.tables.get_mut(number) else { return Ok(()) };
        let begin = table.len();
        for row in rows {
            if self.progress.mode == Mode::Full
                && let Some(key) = key_text(&stream.key, &row).filter(|_| !stream.key.is_empty())
                && table.last(0, &key).is_some_and(|before| before < begin)
            {
                return Err(Stop::Fault(What::Changed("a row came on an earlier page already")));
            }
            table.push(&row).map_err(|_| Stop::Fault(What::TooLarge(MOST_MEGABYTES)))?;
        }
        let megabytes = self.progress.tables.iter().map(|table| table.bytes() >> 20).sum::<usize>();
        if megabytes > MOST_MEGABYTES { Err(Stop::Fault(What::TooLarge(MOST_MEGABYTES))) } else { Ok(()) }
    }

    pub(super) async fn call(&mut self, ports: &Ports, prepared: &Prepared) -> Result<Response<Bytes>, Stop> {
        let source = self.source.clone();
        self.progress.cursor.asked = self.progress.cursor.pages + 1;
        let mut caller = Caller {
            plan: source.plan(),
            ports,
            calls: &mut self.progress.calls,
            session: &mut self.session,
            requests: &mut self.progress.report.requests,
        };
        caller.call(prepared).await
    }

    fn delta_request(&self, plan: &Plan, request: &Request, item: &Value) -> Result<Prepared, Stop> {
        let scope = Scope::new().with("settings", Cow::Borrowed(&plan.settings)).with("item", Cow::Borrowed(item));
        let mut prepared = prepare(plan, request, &scope).map_err(Stop::Fault)?;
        self.progress
            .cursor
            .ask(&crate::http::plan::Paging::None, &mut prepared.url, &mut prepared.body)
            .map_err(Stop::Fault)?;
        Ok(prepared)
    }

    pub(super) fn stream_request(&self, plan: &Plan, number: usize, item: Option<&Value>) -> Result<Prepared, Stop> {
        let Some(stream) = plan.streams.get(number) else {
            return Err(Stop::Fault(What::Request("there is no such stream".to_owned())));
        };
        let first = self.singles(plan, number);
        let mut scope =
            Scope::new().with("settings", Cow::Borrowed(&plan.settings)).with("first", Cow::Borrowed(&first));
        if let Some(item) = item {
            scope.set("item", Cow::Borrowed(item));
        }
        let mut prepared = prepare(plan, &stream.request, &scope).map_err(Stop::Fault)?;
        if number == plan.root && self.progress.mode == Mode::Changes {
            self.add_since(plan, &mut prepared)?;
        }
        check_query(plan, &prepared.url)?;
        Ok(prepared)
    }

    /// The rows of single streams before this one.
    pub(super) fn singles(&self, plan: &Plan, number: usize) -> Value {
        let singles = plan.streams.iter().zip(&self.progress.tables).take(number).filter(|(stream, _)| stream.single);
        Value::Object(singles.map(|(stream, table)| (stream.name.clone(), table.row(0))).collect::<Map<_, _>>())
    }

    /// Adds what asks for changes since the read before.
    fn add_since(&self, plan: &Plan, prepared: &mut Prepared) -> Read {
        let Some(IncrementalKind::Since { format, overlap, query, body }) =
            plan.incremental.as_ref().map(|incremental| &incremental.kind)
        else {
            return Ok(());
        };
        let bad = |reason: String| Stop::Fault(What::Request(reason));
        let since = self.progress.before.read_at.unwrap_or_default().saturating_sub(*overlap).unwrap_or_default();
        let since =
            jiff::fmt::strtime::format(format, since).map_err(|_| bad("the time can't be written".to_owned()))?;
        let since = Value::from(since);
        let scope = Scope::new().with("settings", Cow::Borrowed(&plan.settings)).with("since", Cow::Borrowed(&since));
        for (name, template) in query {
            append(&mut prepared.url, name, &template.plain(&scope).map_err(bad)?);
        }
        if let Some(extra) = body {
            let extra = extra.render(&scope).map_err(bad)?;
            if let (Value::Object(body), Value::Object(extra)) = (prepared.body.get_or_insert_with(|| json!({})), extra)
            {
                body.extend(extra);
            }
        }
        Ok(())
    }
}

fn check_query(plan: &Plan, url: &Url) -> Read {
    let length = url.query().map_or(0, str::len);
    match plan.connection.longest_query.filter(|longest| length > *longest) {
        Some(longest) => {
            let reason = format!("its query has {length} characters, the source takes {longest}");
            Err(Stop::Fault(What::Request(reason)))
        }
        None => Ok(()),
    }
}

pub(super) fn prepare(plan: &Plan, request: &Request, scope: &Scope<'_>) -> Result<Prepared, What> {
    let path = request.path.render(scope, encode).map_err(What::Request)?;
    let base = &plan.connection.base;
    let mut url = base.clone();
    // Not joined as a reference: a segment such as `..`, put in by a value, must not lead up.
    if path.split('/').any(|segment| matches!(segment, "." | "..") || segment.is_empty()) && !path.is_empty() {
        return Err(What::Request("its path has an empty segment, or dots".to_owned()));
    }
    url.set_path(&format!("{}{path}", base.path()));
    for (name, template) in &request.query {
        append(&mut url, name, &template.plain(scope).map_err(What::Request)?);
    }
    let mut headers = Vec::new();
    for (name, template) in &request.headers {
        let value = http::HeaderValue::try_from(template.plain(scope).map_err(What::Request)?)
            .map_err(|_| What::Request("a header's value can't be sent".to_owned()))?;
        headers.push((name.clone(), value));
    }
    let body = request.body.as_ref().map(|body| body.render(scope)).transpose().map_err(What::Request)?;
    Ok(Prepared { to: To::Source, method: request.method.clone(), url, headers, body })
}

/// An object with a text at a place.
fn nested(path: &Path, text: &str) -> Value {
    path.names().iter().rev().fold(Value::from(text), |inner, name| json!({ name.as_str(): inner }))
}
