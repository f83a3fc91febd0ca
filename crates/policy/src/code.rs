//! An expression and where it is written, so that an error in it is found in its file.

use std::sync::Arc;

use domain::PersonId;
use domain::id::IdError;
use expression::{EvaluationError, Expression, Position, Scope, Type, Variables};
use jiff::civil::Date;

use crate::files::{At, Sink, shape::Cel};
use crate::problems::Place;

/// Why an expression gives nothing that can be used: the problem's code, where, and why. Free of the person's data.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) place: Place,
    pub(crate) reason: String,
}

/// A compiled expression of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) expression: Expression,
    origin: Origin,
}

/// Where each line of an expression begins in its file.
#[derive(Clone, Debug)]
struct Origin {
    place: Place,
    lines: Vec<(u32, u32)>,
}

impl Code {
    /// Compiles and checks; what is wrong goes to the sink.
    pub(crate) fn compile(
        cel: &At<Cel>,
        text: &str,
        variables: &Variables,
        needed: &[Type],
        sink: &mut Sink,
    ) -> Option<Self> {
        let origin = Origin::find(&cel.place, &cel.value.0, text);
        let expression = match Expression::compile(&cel.value.0) {
            Ok(expression) => expression,
            Err(error) => {
                sink.error(&origin.place_of(error.position), error.reason);
                return None;
            }
        };
        match expression.check(variables) {
            Ok(gives) if needed.iter().any(|needed| gives.may_be(needed)) => Some(Self { expression, origin }),
            Ok(gives) => {
                let needed = needed.first().unwrap_or(&Type::Any);
                sink.error(&cel.place, format!("the expression gives {gives}, {needed} is needed here"));
                None
            }
            Err(errors) => {
                for error in errors {
                    sink.error(&origin.place_of(error.position), error.reason);
                }
                None
            }
        }
    }

    /// An expression of our own, for a default.
    pub(crate) fn built_in(source: &str) -> Option<Self> {
        let place = Place::file("built-in default");
        Some(Self { expression: Expression::compile(source).ok()?, origin: Origin { place, lines: Vec::new() } })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.origin.place
    }

    /// Where in the files an evaluation went wrong.
    pub(crate) fn place_of(&self, error: &EvaluationError) -> Place {
        self.origin.place_of(error.position)
    }

    pub(crate) fn uses(&self, variable: &str) -> bool {
        self.expression.variables().contains(variable)
    }

    /// The sources whose accounts it reads.
    pub(crate) fn accounts(&self) -> Vec<&str> {
        let account = |path: Vec<_>| match path.as_slice() {
            ["person", "accounts", source, ..] => Some(*source),
            _ => None,
        };
        self.expression.paths().into_iter().filter_map(account).collect()
    }

    pub(crate) fn text(&self, scope: &Scope<'_>) -> Result<Option<String>, EvaluationError> {
        self.expression.as_text(scope)
    }

    /// The day that it gives, written as configuration writes days.
    pub(crate) fn date(&self, scope: &Scope<'_>) -> Result<Option<Date>, Failure> {
        let Some(text) = self.trimmed(scope)? else { return Ok(None) };
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        date.map(Some).ok_or_else(|| self.failure("invalid-date", "it gives no date; one as 2026-12-31 is needed here"))
    }

    /// The person whose id it gives.
    pub(crate) fn person(&self, scope: &Scope<'_>) -> Result<Option<PersonId>, Failure> {
        let Some(text) = self.trimmed(scope)? else { return Ok(None) };
        PersonId::parse(text).map(Some).map_err(|IdError { kind, rule }| {
            self.failure("invalid-link", &format!("it gives no valid {kind}: {rule}"))
        })
    }

    fn trimmed(&self, scope: &Scope<'_>) -> Result<Option<String>, Failure> {
        let text = self.text(scope).map_err(|error| Failure {
            code: "expression-failed",
            place: self.place_of(&error),
            reason: error.reason,
        })?;
        Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    fn failure(&self, code: &'static str, reason: &str) -> Failure {
        Failure { code, place: self.place().clone(), reason: reason.to_owned() }
    }

    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        self.expression.as_bool(scope)
    }
}

impl Origin {
    /// Looks the lines up in the file, from the place on: quotes, block scalars and their indentation shift them. Lines
    /// that are not found as they are (folded, escaped) leave the place of the whole.
    fn find(place: &Place, source: &str, text: &str) -> Self {
        let first = place.line.saturating_sub(1) as usize;
        let mut following = (place.line..).zip(text.lines().skip(first)).take(40);
        let mut lines = Vec::new();
        for (n, wanted) in source.lines().enumerate() {
            let from = if n == 0 { place.column.saturating_sub(1) as usize } else { 0 };
            let found = following.find_map(|(line, written)| {
                let skipped: usize = written.chars().take(from).map(char::len_utf8).sum();
                let skipped = if line == place.line { skipped } else { 0 };
                let at = skipped + written.get(skipped..)?.find(wanted.trim_end())?;
                Some((line, u32::try_from(written[..at].chars().count()).ok()? + 1))
            });
            match found {
                Some(start) => lines.push(start),
                None => break,
            }
        }
        Self { place: place.clone(), lines }
    }

    fn place_of(&self, position: Position) -> Place {
        match self.lines.get(position.line.saturating_sub(1) as usize) {
            Some((line, column)) => {
                Place { file: Arc::clone(&self.place.file), line: *line, column: column + position.column - 1 }
            }
            None => self.place.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_in(yaml: &str, line: u32, column: u32, source: &str, position: (u32, u32)) -> (u32, u32) {
        let place = Place { file: "f.yaml".into(), line, column };
        let found = Origin::find(&place, source, yaml).place_of(Position { line: position.0, column: position.1 });
        (found.line, found.column)
    }

    #[test]
    fn plain_quoted_and_block_texts_are_found() {
        assert_eq!(place_in("when: a == b", 1, 7, "a == b", (1, 6)), (1, 12));
        assert_eq!(place_in("when: \"a == 'ü' + b\"", 1, 7, "a == 'ü' + b", (1, 12)), (1, 19));
        assert_eq!(place_in("x: 1\nwhen: |\n  a ==\n    b\n", 2, 7, "a ==\n  b\n", (2, 3)), (4, 5));
        assert_eq!(place_in("when: >\n  a ==\n  b\n", 1, 7, "a == b\n", (1, 6)), (1, 7));
    }
}
