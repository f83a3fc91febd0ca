//! How streams join into rows of persons, from form to plan.

use serde_saphyr::Spanned;

use super::Compiler;
use crate::definition::form::place;
use crate::definition::http_form::{HowForm, JoinForm, WithForm};
use crate::http::path::Path;
use crate::http::plan::{Join, Stream};

/// The member that names, in a row read for another stream's row, that row's key.
pub(crate) const READ_FOR: &str = "@for";

impl Compiler<'_> {
    pub(super) fn join(&mut self, form: Spanned<JoinForm>, streams: &[Stream]) -> Option<(usize, Vec<Join>)> {
        let form = form.value;
        let root = self.named(&form.rows, streams)?;
        if streams.get(root).is_none_or(|stream| stream.key.len() != 1) {
            self.fault(place(&form.rows), "this stream needs a key of one part: it names the records");
        }
        let mut joins: Vec<Join> = Vec::new();
        for with in form.with {
            let join = self.with(with, streams, &joins)?;
            joins.push(join);
        }
        Some((root, joins))
    }

    fn named(&mut self, name: &Spanned<String>, streams: &[Stream]) -> Option<usize> {
        let found = streams.iter().position(|stream| stream.name == name.value);
        if found.is_none() {
            self.fault(place(name), format!("there is no stream `{}`", name.value));
        }
        found
    }

    fn with(&mut self, form: Spanned<WithForm>, streams: &[Stream], before: &[Join]) -> Option<Join> {
        let at = place(&form);
        let form = form.value;
        let stream = self.named(&form.stream, streams)?;
        let parent = match &form.inside {
            None => None,
            Some(name) => {
                let found = before.iter().find(|join| join.name == name.value);
                if found.is_none() {
                    self.fault(place(name), "nothing of that name is added before this one");
                }
                Some(found?)
            }
        };
        if form.how == HowForm::Each && parent.is_none_or(|parent| parent.how == HowForm::One) {
            self.fault(at, "as: each multiplies the rows of a list, so `in` must name one");
        }
        if form.parent.is_some() && form.how != HowForm::One {
            self.fault(at, "parent belongs to as: one");
        }
        let mut inside = parent.map_or(Vec::new(), |parent| parent.inside.clone());
        inside.extend(parent.map(|parent| parent.name.clone()));
        let same = |join: &&Join| join.inside == inside && join.name == form.name;
        if before.iter().any(|join| same(&join)) {
            self.fault(at, "the same name is added there already");
        }
        let read_for = streams.get(stream).and_then(|stream| streams.get(stream.each?)?.key.first());
        let (of, key) = match (self.path(form.of.as_ref()), self.path(form.key.as_ref()), read_for) {
            (Some(of), Some(key), _) => (of, key),
            (None, None, Some(of)) => (of.clone(), Path::parse(READ_FOR).ok()?),
            _ => {
                self.fault(at, "of and key are needed, except for a stream that is read for the same rows");
                return None;
            }
        };
        let index = 1 + before.iter().filter(|join| join.stream == stream).count();
        let parent = self.path(form.parent.as_ref());
        Some(Join { name: form.name, stream, inside, of, key, how: form.how, parent, index })
    }
}
