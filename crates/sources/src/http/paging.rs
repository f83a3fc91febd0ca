//! From one page to the next: what to ask for, and whether the pages so far can be true. A page that comes twice, a
//! circle of links, a total that moves or rows that shifted under the reader end the read.

use std::collections::HashSet;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::error::What;
use super::page::Page;
use super::path::{fingerprint, key_text, text_of};
use super::plan::{Paging, Parameter, PlaceForm, Plan, Stop, Stream};

/// How far a stream is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Pages read.
    pub(crate) pages: u64,
    /// The page that was asked for last.
    pub(crate) asked: u64,
    /// Rows read, without those that overlap.
    pub(crate) rows: u64,
    /// The row of the other stream that is asked for, for a stream with a request for each.
    pub(crate) item: usize,
    next: Next,
    total: Option<u64>,
    /// The last row's key, where pages overlap.
    last: Option<String>,
    /// Fingerprints of pages and of what asked for them.
    seen: HashSet<u64>,
}

/// What asks for the next page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Next {
    #[default]
    First,
    Number(u64),
    Text(String),
    Address(String),
}

impl Cursor {
    /// Adds what asks for the next page to a request; a next address replaces the request's own.
    pub(crate) fn ask(&self, paging: &Paging, url: &mut Url, body: &mut Option<Value>) -> Result<(), What> {
        if let Next::Address(address) = &self.next {
            *url = Url::parse(address).map_err(|_| What::Request("the next page's address is none".to_owned()))?;
            return Ok(());
        }
        match paging {
            Paging::None => {}
            Paging::Offset { parameter, size, start, .. } => {
                let number = if let Next::Number(number) = self.next { number } else { *start };
                put(parameter, &parameter.name, &number.into(), url, body);
                put_size(parameter, Some(*size), url, body);
            }
            Paging::Page { parameter, size, start, .. } => {
                let number = if let Next::Number(number) = self.next { number } else { *start };
                put(parameter, &parameter.name, &number.into(), url, body);
                put_size(parameter, *size, url, body);
            }
            Paging::Cursor { parameter, size, .. } => {
                if let Next::Text(text) = &self.next {
                    put(parameter, &parameter.name, &text.as_str().into(), url, body);
                }
                put_size(parameter, *size, url, body);
            }
            Paging::NextUrl { size_parameter, .. } | Paging::Link { size_parameter } => {
                if let Some((name, size)) = size_parameter {
                    append(url, name, &size.to_string());
                }
            }
        }
        Ok(())
    }

    /// Takes a page: drops the row that overlaps, checks that the page can be true and turns to the next. `false` when
    /// there is none.
    pub(crate) fn take(&mut self, plan: &Plan, stream: &Stream, at: &Url, page: &mut Page) -> Result<bool, What> {
        let came = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        self.pages += 1;
        if came > 0 && !self.seen.insert(page.fingerprint()) {
            return Err(What::Circle);
        }
        if let Paging::Offset { parameter: Parameter { size_echo: Some(echo), .. }, size, .. }
        | Paging::Page { parameter: Parameter { size_echo: Some(echo), .. }, size: Some(size), .. }
        | Paging::Cursor { parameter: Parameter { size_echo: Some(echo), .. }, size: Some(size), .. } =
            &stream.paging
            && echo.count(&page.document).is_some_and(|told| told != *size)
        {
            return Err(What::Malformed(format!(
                "the answer has another size of pages at {} than asked for",
                echo.text()
            )));
        }
        self.overlap(stream, page)?;
        self.rows += u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        if let Some(path) = &stream.total {
            let told = path.count(&page.document);
            let told = told.ok_or_else(|| What::Malformed(format!("there is no number of rows at {}", path.text())))?;
            if self.total.is_some_and(|before| before != told) {
                return Err(What::Changed("the number of its rows is another than on the page before"));
            }
            self.total = Some(told);
            if self.rows > told {
                return Err(What::CountDiffers { told, read: self.rows });
            }
        }
        let next = self.next(stream, came, page)?;
        let Some(next) = next else {
            return match self.total {
                Some(told) if told != self.rows => Err(What::CountDiffers { told, read: self.rows }),
                _ => Ok(false),
            };
        };
        self.turn_to(plan, at, next)?;
        Ok(true)
    }

    /// Turns to the next page, which must be another and at the same host.
    pub(crate) fn turn_to(&mut self, plan: &Plan, at: &Url, next: Next) -> Result<(), What> {
        let next = match next {
            Next::Address(address) => Next::Address(own(plan, at, &address)?.into()),
            next => next,
        };
        let mark = match &next {
            Next::First => None,
            Next::Number(number) => Some(format!("number {number}")),
            Next::Text(text) => Some(format!("text {text}")),
            Next::Address(address) => Some(format!("address {address}")),
        };
        if mark.is_some_and(|mark| !self.seen.insert(fingerprint(&mark))) {
            return Err(What::Circle);
        }
        self.next = next;
        Ok(())
    }

    /// Turns to the next row of the stream that this one is read for.
    pub(crate) fn next_item(&mut self) {
        let Self { pages, asked, rows, item, .. } = *self;
        *self = Self { pages, asked, rows, item: item + 1, ..Self::default() };
    }

    fn overlap(&mut self, stream: &Stream, page: &mut Page) -> Result<(), What> {
        if !matches!(stream.paging, Paging::Offset { overlap: true, .. }) {
            return Ok(());
        }
        let last = page.rows.last().and_then(|row| key_text(&stream.key, row));
        if self.pages > 1 {
            let first = page.rows.first().and_then(|row| key_text(&stream.key, row));
            if first.is_none() || first != self.last {
                return Err(What::Changed("a page does not begin where the one before ended"));
            }
            page.rows.remove(0);
        }
        self.last = last;
        Ok(())
    }

    fn next(&self, stream: &Stream, came: u64, page: &Page) -> Result<Option<Next>, What> {
        let goes_on = |stop: &Stop, size: Option<u64>| -> Result<bool, What> {
            Ok(match stop {
                Stop::ShortPage => size.is_none_or(|size| came >= size),
                Stop::EmptyPage => came > 0,
                Stop::Total => {
                    let more = self.total.is_some_and(|total| self.rows < total);
                    if more && came == 0 {
                        return Err(What::CountDiffers { told: self.total.unwrap_or_default(), read: self.rows });
                    }
                    more
                }
                Stop::More(path) => flag(path, &page.document)?,
                Stop::Pages(path) => {
                    let told = path.count(&page.document);
                    let told =
                        told.ok_or_else(|| What::Malformed(format!("there is no number of pages at {}", path.text())))?;
                    self.pages < told
                }
            })
        };
        Ok(match &stream.paging {
            Paging::None => None,
            // A short page may be one of which rows were left out. With an overlap the page after it tells: at the end it
            // holds the last row alone.
            Paging::Offset { start, overlap: true, stop: Stop::ShortPage, .. } => {
                (came > 1).then(|| Next::Number(start + self.rows - 1))
            }
            Paging::Offset { size, start, overlap, stop, .. } => goes_on(stop, Some(*size))?.then(|| {
                // With an overlap the next page begins with the last row of this one.
                Next::Number(start + self.rows - u64::from(*overlap))
            }),
            Paging::Page { size, start, stop, .. } => goes_on(stop, *size)?.then(|| Next::Number(start + self.pages)),
            Paging::Cursor { value, from_link, more, .. } => {
                let more = more.as_ref().map_or(Ok(true), |path| flag(path, &page.document))?;
                let text = value.of(&page.document).and_then(text_of).filter(|text| !text.is_empty());
                let text = match (text, from_link) {
                    (Some(address), Some(name)) => Some(parameter_of(&address, name, value)?),
                    (text, _) => text,
                };
                match (more, text) {
                    (false, _) => None,
                    (true, Some(text)) => Some(Next::Text(text)),
                    (true, None) => None,
                }
            }
            Paging::NextUrl { value, .. } => next_address(value, &page.document)?.map(Next::Address),
            Paging::Link { .. } => link(&page.headers).map(Next::Address),
        })
    }
}

/// The address at a place in a document; `None` where there is none, or null or an empty text.
pub(crate) fn next_address(path: &super::path::Path, document: &Value) -> Result<Option<String>, What> {
    match path.of(document) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(address)) => Ok(Some(address.trim().to_owned()).filter(|address| !address.is_empty())),
        Some(_) => Err(What::Malformed(format!("there is no text at {}", path.text()))),
    }
}

/// A parameter of an address that may name another host, as a server behind a gateway does.
fn parameter_of(address: &str, name: &str, path: &super::path::Path) -> Result<String, What> {
    let (_, query) = address.split_once('?').unwrap_or_default();
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    let found = found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty());
    found.ok_or_else(|| What::Malformed(format!("the address at {} has no {name}", path.text())))
}

/// An address that the source gave, if it is one of its own.
pub(crate) fn own(plan: &Plan, at: &Url, address: &str) -> Result<Url, What> {
    let url = at.join(address).map_err(|_| What::Malformed("the next page's address is none".to_owned()))?;
    if plan.is_own(&url) { Ok(url) } else { Err(What::Elsewhere("the next page's address is at another host")) }
}

fn flag(path: &super::path::Path, document: &Value) -> Result<bool, What> {
    match path.of(document) {
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(What::Malformed(format!("there is no true or false at {}", path.text()))),
    }
}

fn put_size(parameter: &Parameter, size: Option<u64>, url: &mut Url, body: &mut Option<Value>) {
    if let (Some(name), Some(size)) = (&parameter.size_name, size) {
        put(parameter, name, &size.into(), url, body);
    }
}

fn put(parameter: &Parameter, name: &str, value: &Value, url: &mut Url, body: &mut Option<Value>) {
    match parameter.place {
        PlaceForm::Query => append(url, name, &text_of(value).unwrap_or_default()),
        PlaceForm::Body => {
            if let Value::Object(fields) = body.get_or_insert_with(|| Value::Object(Map::new())) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// Adds a parameter to an address's query.
pub(crate) fn append(url: &mut Url, name: &str, value: &str) {
    let pair = super::template::form([(name, value)]);
    let query = match url.query().filter(|query| !query.is_empty()) {
        Some(query) => format!("{query}&{pair}"),
        None => pair,
    };
    url.set_query(Some(&query));
}

/// The address with rel="next" of the header Link (RFC 8288).
fn link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(http::header::LINK).iter().filter_map(|value| value.to_str().ok());
    for value in values {
        let mut rest = value;
        while let Some((_, after)) = rest.split_once('<') {
            let (address, after) = after.split_once('>')?;
            let parameters = after.split_once(",").map_or(after, |(parameters, _)| parameters);
            let is_next = parameters.split(';').any(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
            });
            if is_next {
                return Some(address.to_owned());
            }
            rest = after;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let of = |text: &str| link(&HeaderMap::from_iter([(http::header::LINK, text.parse().unwrap())]));
        let two = "<https://a/users?limit=2>; rel=\"self\", <https://a/users?after=x,y&limit=2>; rel=\"next\"";
        assert_eq!(of(two).as_deref(), Some("https://a/users?after=x,y&limit=2"));
        assert_eq!(of("<https://a/2>; title=x; rel=next").as_deref(), Some("https://a/2"));
        assert_eq!(of("<https://a/2>; rel=\"prev\""), None);
        assert_eq!(of("nonsense"), None);
    }
}
