//! An answer becomes rows: its type is checked, its body read to its proper end, its rows found. Anything that is not
//! exactly what the definition says ends the read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Cursor;

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use serde_json::Value;
use serde_json::error::Category;

use super::error::What;
use super::plan::RowsAt;
use crate::formats::{self, Format, MAX_DEPTH, ReadError};

/// A page of a stream.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Value>,
    /// The document without its rows; null for other formats than JSON.
    pub(crate) document: Value,
    pub(crate) headers: HeaderMap,
}

impl Page {
    /// Reads an answer.
    pub(crate) fn read(answer: Response<Bytes>, at: &RowsAt) -> Result<Self, What> {
        let (parts, body) = answer.into_parts();
        let headers = parts.headers;
        let page = |rows, document| Self { rows, document, headers: headers.clone() };
        match at {
            RowsAt::Document => {
                let row = json(&headers, &body)?;
                check(&row, 1)?;
                Ok(page(vec![row], Value::Null))
            }
            RowsAt::List(path) => {
                let mut document = json(&headers, &body)?;
                let Some(Value::Array(rows)) = path.take(&mut document) else {
                    return Err(What::Malformed(format!("there is no list at {}", path.text())));
                };
                rows.iter().zip(1..).try_for_each(|(row, number)| check(row, number))?;
                Ok(page(rows, document))
            }
            RowsAt::Format(format) => Ok(page(of_format(&headers, body, format)?, Value::Null)),
        }
    }
}

impl Page {
    /// Tells this page's rows from those of another.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.rows.iter().for_each(|row| row.to_string().hash(&mut hasher));
        hasher.finish()
    }
}

/// A JSON document.
pub(crate) fn json(headers: &HeaderMap, body: &Bytes) -> Result<Value, What> {
    check_type(headers, body, "JSON", &["json"])?;
    // A byte order mark is no part of JSON, but some write it.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Eof => What::Cut("the document is not closed".to_owned()),
        _ => What::Malformed(format!("no JSON at line {}, column {}", error.line(), error.column())),
    })
}

fn of_format(headers: &HeaderMap, body: Bytes, format: &Format) -> Result<Vec<Value>, What> {
    let (name, types): (_, &[&str]) = match format {
        Format::Json { .. } => ("JSON", &["json"]),
        Format::JsonLines => ("JSON Lines", &["json", "text/plain", "octet-stream"]),
        Format::Csv { .. } => ("CSV", &["csv", "text/plain", "octet-stream"]),
        Format::Xml { .. } => ("XML", &["xml"]),
        Format::Xlsx { .. } => ("XLSX", &["spreadsheetml", "octet-stream"]),
    };
    check_type(headers, &body, name, types)?;
    let mut rows = Vec::new();
    for row in formats::rows(format, Cursor::new(body)) {
        let row = row.map_err(|error| match error {
            ReadError::Truncated { .. } => What::Cut(error.to_string()),
            error => What::Malformed(error.to_string()),
        })?;
        rows.push(row.content.map_err(|error| What::Malformed(format!("row {}: {}", row.number, error.reason)))?);
    }
    Ok(rows)
}

fn check_type(headers: &HeaderMap, body: &Bytes, expected: &'static str, types: &[&str]) -> Result<(), What> {
    let told = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    let beginning = body.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    let is_html = told.as_ref().is_some_and(|told| told.contains("html")) || looks_like_html(body);
    if is_html {
        return Err(What::Html);
    }
    if let Some(told) = told.filter(|told| !types.iter().any(|accepted| told.contains(accepted))) {
        tracing::debug!(content_type = told, "source.content_type");
        return Err(What::WrongType { expected });
    }
    if beginning.is_none() {
        return Err(What::Cut("it is empty".to_owned()));
    }
    Ok(())
}

fn looks_like_html(body: &[u8]) -> bool {
    let beginning = body.trim_ascii_start();
    let beginning =
        String::from_utf8_lossy(beginning.get(..beginning.len().min(32)).unwrap_or_default()).to_lowercase();
    beginning.starts_with("<!doctype html") || beginning.starts_with("<html")
}

fn check(row: &Value, number: usize) -> Result<(), What> {
    if !row.is_object() {
        Err(What::Malformed(format!("row {number} is no object")))
    } else if formats::deeper_than(row, MAX_DEPTH) {
        Err(What::Malformed(format!("row {number} is nested deeper than {MAX_DEPTH} levels")))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::Path;
    use super::*;

    fn read(content_type: &str, body: &'static str, at: &RowsAt) -> Result<usize, What> {
        let answer = Response::builder().header("content-type", content_type).body(Bytes::from(body)).unwrap();
        Page::read(answer, at).map(|page| page.rows.len())
    }

    #[test]
    fn only_what_the_definition_says_is_read() {
        let list = RowsAt::List(Path::parse("rows").unwrap());
        let json = "application/json; charset=utf-8";
        assert_eq!(read(json, "\u{feff}{\"rows\": [{}, {}]}", &list), Ok(2));
        assert_eq!(read(json, "{\"rows\": []}", &list), Ok(0));
        for (content_type, body, told) in [
            (json, "{\"rows\": [{}", "the answer is cut: the document is not closed"),
            (json, "", "the answer is cut: it is empty"),
            (json, "{\"rows\": {}}", "the answer is malformed: there is no list at rows"),
            (json, "{\"rows\": null}", "the answer is malformed: there is no list at rows"),
            (json, "{}", "the answer is malformed: there is no list at rows"),
            (json, "{\"rows\": [{}, 7]}", "the answer is malformed: row 2 is no object"),
            (json, "{\"rows\": [-.5]}", "the answer is malformed: no JSON at line 1, column 12"),
            (json, "<!DOCTYPE html><html>", "there is HTML in place of data"),
            ("text/html", "{\"rows\": []}", "there is HTML in place of data"),
            ("text/plain", "{\"rows\": []}", "the answer is no JSON by its content type"),
        ] {
            assert_eq!(read(content_type, body, &list).unwrap_err().to_string(), told, "{body}");
        }
        assert_eq!(read(json, "{\"id\": 1}", &RowsAt::Document), Ok(1));
    }

    #[test]
    fn other_formats_are_read_as_files_are() {
        let csv = RowsAt::Format(Format::Csv { delimiter: b',', encoding: None });
        assert_eq!(read("text/csv", "id,name\n1,a\n2,b\n", &csv), Ok(2));
        assert!(matches!(read("text/csv", "id,name\n1,a\n2,b", &csv), Err(What::Cut(_))));
        assert!(matches!(read("application/json", "id,name\n", &csv), Err(What::WrongType { .. })));
        let xml = RowsAt::Format(Format::Xml { rows: vec!["R".into(), "P".into()], repeated: vec![] });
        assert_eq!(read("application/xml", "<R><P><a>1</a></P></R>", &xml), Ok(1));
        assert!(matches!(read("application/xml", "<R><P><a>1</a></P>", &xml), Err(What::Cut(_))));
        let lines = RowsAt::Format(Format::JsonLines);
        assert_eq!(read("application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n", &lines), Ok(2));
    }
}
