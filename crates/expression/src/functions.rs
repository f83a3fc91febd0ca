//! The functions that an expression may call: pure, without clock or chance. Each may also be written behind its first
//! argument: `lower(x)` and `x.lower()` are the same.

mod choice;
mod dates;
mod names;
mod numbers;
mod text;

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::Value;

use crate::scope::Scope;
use crate::types::Type;

/// The longest text that a function or `+` may build, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 16;

/// A function: how it is called and what it does.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Arguments that must be there.
    pub(crate) parameters: &'static [Type],
    /// Arguments that may follow.
    pub(crate) optional: &'static [Type],
    /// Any number of further arguments of this type.
    pub(crate) rest: Option<&'static Type>,
    pub(crate) result: &'static Type,
    pub(crate) absent: Absent,
    pub(crate) call: fn(&Call<'_>) -> Result<Value, String>,
}

/// What a function gives when one of its parameters is `null`.
pub(crate) enum Absent {
    Null,
    False,
    /// The function sees to it.
    Handled,
}

/// One call of a function.
pub(crate) struct Call<'a> {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'a [Cow<'a, Value>],
    pub(crate) scope: &'a Scope<'a>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Function {
    pub(crate) fn check_count(&self, count: usize) -> Result<(), String> {
        let least = self.parameters.len();
        let most = least + self.optional.len();
        if count >= least && (count <= most || self.rest.is_some()) {
            return Ok(());
        }
        let wanted = match (least, most) {
            _ if self.rest.is_some() => format!("{least} or more"),
            (least, most) if least == most => least.to_string(),
            _ => format!("{least} to {most}"),
        };
        Err(format!("{} takes {wanted} arguments, not {count}", self.name))
    }

    /// The type of the n-th argument.
    pub(crate) fn parameter(&self, n: usize) -> &Type {
        let positional = self.parameters.iter().chain(self.optional).nth(n);
        positional.or(self.rest).unwrap_or(&Type::Any)
    }
}

impl<'a> Call<'a> {
    pub(crate) fn value(&self, n: usize) -> &'a Value {
        self.arguments.get(n).map_or(&Value::Null, AsRef::as_ref)
    }

    pub(crate) fn text(&self, n: usize) -> Result<&'a str, String> {
        self.value(n).as_str().ok_or_else(|| self.needs("a text", n))
    }

    pub(crate) fn optional_text(&self, n: usize, default: &'a str) -> Result<&'a str, String> {
        if self.value(n).is_null() { Ok(default) } else { self.text(n) }
    }

    pub(crate) fn whole(&self, n: usize) -> Result<i64, String> {
        let value = self.value(n);
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
        let whole = |float: f64| (float.fract() == 0.0 && float.abs() < 1e15).then_some(float as i64);
        value.as_i64().or_else(|| whole(value.as_f64()?)).ok_or_else(|| self.needs("a whole number", n))
    }

    pub(crate) fn date(&self, n: usize) -> Result<Date, String> {
        self.text(n)?.parse().map_err(|_| self.needs("a date as 2026-01-31", n))
    }

    pub(crate) fn list(&self, n: usize) -> Result<&'a [Value], String> {
        self.value(n).as_array().map(Vec::as_slice).ok_or_else(|| self.needs("a list", n))
    }

    fn needs(&self, what: &str, n: usize) -> String {
        let given = match self.value(n) {
            Value::String(_) => "another text".to_owned(),
            other => Type::of(other).to_string(),
        };
        format!("{} needs {what} as argument {}, not {given}", self.name, n + 1)
    }
}

fn all() -> impl Iterator<Item = &'static Function> {
    [text::FUNCTIONS, choice::FUNCTIONS, names::FUNCTIONS, dates::FUNCTIONS, numbers::FUNCTIONS].into_iter().flatten()
}

/// The names of all functions, `matches` included.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name).chain(["matches"])
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

pub(crate) fn unknown(name: &str) -> String {
    match name {
        "matches" => "matches takes 2 arguments: a text and a pattern".to_owned(),
        "exists" | "exists_one" | "all" | "map" | "filter" => {
            format!("{name} is written behind a list, with a variable and an expression: list.{name}(x, …)")
        }
        _ => format!("there is no function `{name}`{}", closest(name, function_names())),
    }
}

/// `; did you mean …?` when a known name is near, else nothing. For the end of a message about an unknown name.
pub fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let near = known.map(|candidate| (distance(name, candidate), candidate)).min();
    match near {
        Some((far, candidate)) if far <= 2 && far < candidate.len() => format!("; did you mean `{candidate}`?"),
        _ => String::new(),
    }
}

/// Levenshtein's distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        row[0] = left;
        for (j, y) in b.chars().enumerate() {
            let above = row[j + 1];
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            row[j + 1] = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Needed of every function that builds text.
pub(crate) fn bounded(text: String) -> Result<Value, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("the text grows beyond {MAX_TEXT} bytes"));
    }
    Ok(Value::String(text))
}
