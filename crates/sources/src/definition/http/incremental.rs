//! Incremental reading, from form to plan. It takes only what the source's own list of changes covers: a stream of many
//! rows for each person has changes of its own, which would be missed.

use std::time::Duration;

use expression::{Expression, Type, Variables};
use serde_saphyr::Spanned;

use super::Compiler;
use crate::definition::form::place;
use crate::definition::http_form::{DeltaForm, HowForm, IncrementalForm, SinceForm};
use crate::definition::names::is_identifier;
use crate::http::plan::{Delta, Incremental, IncrementalKind, Join, Stream};
use crate::http::template::Body;

impl Compiler<'_> {
    pub(super) fn incremental(
        &mut self,
        form: Spanned<IncrementalForm>,
        root: usize,
        joins: &[Join],
        streams: &mut [Stream],
    ) -> Option<Incremental> {
        let at = place(&form);
        let form = form.value;
        let own = |join: &Join| streams.get(join.stream).is_some_and(|stream| stream.each == Some(root));
        if joins.iter().any(|join| join.how != HowForm::One && !own(join)) {
            self.fault(at, "a source with lists joined to its rows is read whole: their changes would be missed");
        }
        let full_every = Duration::from_secs(u64::from(form.full_every_hours.unwrap_or(24).clamp(1, 24 * 31)) * 3600);
        let kind = match (form.delta, form.since) {
            (Some(delta), None) => self.delta(delta).map(|delta| IncrementalKind::Delta(Box::new(delta))),
            (None, Some(since)) => self.since(since),
            _ => {
                self.fault(at, "incremental has exactly one of delta and since");
                None
            }
        };
        Some(Incremental { kind: kind?, full_every })
    }

    fn delta(&mut self, form: Spanned<DeltaForm>) -> Option<Delta> {
        let form = form.value;
        let next = self.path(Some(&form.next));
        let link = self.path(Some(&form.link));
        let rows = self.path(Some(&form.rows));
        let variables = self.variables();
        let first = self.get(&form.first.get, &form.first.query, &variables);
        let reread = self.get(&form.reread.get, &form.reread.query, &variables.with("item", Type::Any));
        let removed = self
            .names
            .put_into(&form.removed.value, is_identifier)
            .and_then(|removed| Expression::compile(&removed).map_err(|error| error.to_string()))
            .and_then(|removed| match removed.check(&Variables::new().with("row", Type::Any)) {
                Ok(gives) if gives.may_be(&Type::Bool) => Ok(removed),
                Ok(gives) => Err(format!("a bool is needed, the expression gives {gives}")),
                Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
            });
        if let Err(reason) = &removed {
            self.fault(place(&form.removed), format!("in the expression: {reason}"));
        }
        Some(Delta {
            next: next?,
            link: link?,
            rows: rows?,
            first: first?,
            removed: removed.ok()?,
            reread: reread?,
            expired: form.expired.unwrap_or_else(|| vec![410]),
            expired_codes: form.expired_codes,
        })
    }

    fn since(&mut self, form: Spanned<SinceForm>) -> Option<IncrementalKind> {
        let at = place(&form);
        let form = form.value;
        let format = form.format.as_ref().map_or("%Y-%m-%dT%H:%M:%SZ", |format| format.value.as_str()).to_owned();
        if !format.contains('%') || jiff::fmt::strtime::format(&format, jiff::Timestamp::UNIX_EPOCH).is_err() {
            self.fault(form.format.as_ref().map_or(at, place), "this is no form of a time");
        }
        let variables = self.variables().with("since", Type::Text);
        let query = self.templates(&form.query, &variables);
        let body = match &form.body {
            None => None,
            Some(body) => match Body::compile(&body.value, &variables) {
                Ok(body @ Body::Object(_)) => Some(body),
                Ok(_) => {
                    self.fault(place(body), "an object is needed here");
                    None
                }
                Err(reason) => {
                    self.fault(place(body), reason);
                    None
                }
            },
        };
        if query.is_empty() && body.is_none() {
            self.fault(at, "since has a query or a body that uses ${since}");
        }
        let overlap = Duration::from_secs(u64::from(form.overlap_minutes.unwrap_or(10)) * 60);
        Some(IncrementalKind::Since { format, overlap, query, body })
    }
}
