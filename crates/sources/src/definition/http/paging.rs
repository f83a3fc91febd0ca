//! How pages are asked for, from form to plan: what belongs to another kind of paging is refused.

use http::Method;
use serde_saphyr::Spanned;

use super::Compiler;
use crate::definition::form::place;
use crate::definition::http_form::{PagingForm, PagingKind, PlaceForm, StopForm};
use crate::http::path::{Key, Path};
use crate::http::plan::{Paging, Parameter, Request, RowsAt, Stop};

impl Compiler<'_> {
    pub(super) fn paging(
        &mut self,
        form: Spanned<PagingForm>,
        has_total: bool,
        request: Option<&Request>,
        rows: &Option<RowsAt>,
        key: &Key,
    ) -> Option<Paging> {
        let at = place(&form);
        let form = form.value;
        let by = form.by;
        let mut foreign = |setting: &str, given: bool, kinds: &[PagingKind]| {
            if given && !kinds.contains(&by) {
                self.fault(at, format!("{setting} is not a setting of paging by {by:?}"));
            }
        };
        use PagingKind::{Cursor, Link, NextUrl, Offset, Page};
        foreign("parameter", form.parameter.is_some(), &[Offset, Page, Cursor]);
        foreign("in", form.place == PlaceForm::Body, &[Offset, Page, Cursor]);
        foreign("start", form.start.is_some(), &[Offset, Page]);
        foreign("overlap", form.overlap, &[Offset]);
        foreign("value", form.value.is_some(), &[Cursor, NextUrl]);
        foreign("fromLink", form.from_link.is_some(), &[Cursor]);
        foreign("stop", form.stop.is_some(), &[Offset, Page]);
        foreign("more", form.more.is_some(), &[Offset, Page, Cursor]);
        foreign("pages", form.pages.is_some(), &[Page]);
        foreign("sizeEcho", form.size_echo.is_some(), &[Offset, Page, Cursor]);
        let is_json = !matches!(rows, Some(RowsAt::Document | RowsAt::Format(_)));
        if !is_json && (matches!(by, Cursor | NextUrl) || form.more.is_some() || form.pages.is_some()) {
            self.fault(at, "what the body says about pages is read from a JSON document with a list of rows");
        }
        if form.place == PlaceForm::Body && request.is_some_and(|request| request.method != Method::POST) {
            self.fault(at, "only a post has a body");
        }
        if form.overlap && key.is_empty() {
            self.fault(at, "overlap needs the stream's key");
        }
        if form.size == Some(0) || (form.overlap && form.size == Some(1)) {
            self.fault(at, "size must be greater");
        }
        let value = self.path(form.value.as_ref());
        let size_parameter = form.size_parameter.clone().zip(form.size);
        let mut parameter = None;
        if matches!(by, Offset | Page | Cursor) {
            let Some(name) = form.parameter.clone() else {
                self.fault(at, "parameter is missing");
                return None;
            };
            let size_echo = self.path(form.size_echo.as_ref());
            parameter = Some(Parameter { name, size_name: form.size_parameter.clone(), place: form.place, size_echo });
        }
        if form.size_parameter.is_some() && form.size.is_none() && by != Offset {
            self.fault(at, "sizeParameter needs size");
        }
        let stop = self.stop(&form, has_total, at)?;
        match by {
            Offset => match form.size {
                Some(size) => Some(Paging::Offset {
                    parameter: parameter?,
                    size,
                    start: form.start.unwrap_or(0),
                    overlap: form.overlap,
                    stop,
                }),
                None => {
                    self.fault(at, "size is missing");
                    None
                }
            },
            Page => Some(Paging::Page { parameter: parameter?, size: form.size, start: form.start.unwrap_or(1), stop }),
            Cursor | NextUrl if value.is_none() => {
                self.fault(at, "value is missing: the place in the answer");
                None
            }
            Cursor => {
                let more = self.path(form.more.as_ref());
                Some(Paging::Cursor {
                    parameter: parameter?,
                    size: form.size,
                    value: value?,
                    from_link: form.from_link,
                    more,
                })
            }
            NextUrl => Some(Paging::NextUrl { size_parameter, value: value? }),
            Link => Some(Paging::Link { size_parameter }),
        }
    }

    fn stop(&mut self, form: &PagingForm, has_total: bool, at: super::Place) -> Option<Stop> {
        let flag: Option<Path> = self.path(form.more.as_ref());
        let pages = self.path(form.pages.as_ref());
        let by_page = form.by == PagingKind::Page;
        let given = usize::from(form.stop.is_some()) + usize::from(flag.is_some()) + usize::from(pages.is_some());
        if given > 1 {
            self.fault(at, "paging has at most one of stop, more and pages");
        }
        Some(match (flag, pages, form.stop) {
            (Some(flag), ..) => Stop::More(flag),
            (_, Some(pages), _) => Stop::Pages(pages),
            (.., Some(StopForm::EmptyPage)) => Stop::EmptyPage,
            (.., Some(StopForm::Total)) => {
                if !has_total {
                    self.fault(at, "stop: total needs total");
                }
                Stop::Total
            }
            (.., Some(StopForm::ShortPage) | None) => {
                if by_page && form.size.is_none() {
                    self.fault(at, "a short page is known by size");
                }
                Stop::ShortPage
            }
        })
    }
}
