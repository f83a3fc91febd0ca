//! Operations in a few lines: what one rule gives, what no rule gives any more, the fields. For a screen, not for an
//! auditor: `connector audit` shows every field.

use domain::EntitlementKind;
use serde::Serialize;

use crate::words::{self, Step};

/// What one rule, or no rule, does.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) by: String,
    pub(super) what: Vec<String>,
}

/// Puts steps together, each with the rules that ask for it; fields come last.
pub(super) fn rows(steps: Vec<(Step, String)>) -> Vec<Row> {
    let mut groups: Vec<(String, Vec<Step>)> = Vec::new();
    let (fields, others): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(step, _)| step.is_field());
    for (step, rules) in others {
        let by = match (is_given(&step), rules.is_empty()) {
            (false, _) => "account".to_owned(),
            (true, true) => "no rule any more".to_owned(),
            (true, false) => rules,
        };
        match groups.iter_mut().find(|(known, _)| *known == by) {
            Some((_, steps)) => steps.push(step),
            None => groups.push((by, vec![step])),
        }
    }
    let mut rows: Vec<_> = groups.into_iter().map(|(by, steps)| Row { by, what: texts(&steps) }).collect();
    let fields: Vec<Step> = fields.into_iter().map(|(step, _)| step).collect();
    if !fields.is_empty() {
        rows.push(Row { by: "fields".to_owned(), what: fields_text(&fields) });
    }
    rows
}

fn fields_text(fields: &[Step]) -> Vec<String> {
    if fields.len() <= 3 {
        return texts(fields);
    }
    let name = fields.iter().find(|step| step.what == "Username").map(|step| format!("Username {}", step.after));
    let more = fields.len() - usize::from(name.is_some());
    name.into_iter().chain([format!("{more} more")]).collect()
}

/// Several of a kind that come or go share its name: `+permission sets A, B`.
fn texts(steps: &[Step]) -> Vec<String> {
    let alike = |a: &Step, b: &Step| a.what == b.what && sign(a) == sign(b) && sign(a).is_some();
    let text = |steps: &[Step]| {
        let Some(Step { what, before, after }) = steps.first() else { return String::new() };
        let Some(sign) = steps.first().and_then(sign) else { return format!("{what} {before} → {after}") };
        let names: Vec<_> = steps.iter().map(|step| format!("{}{}", step.before, step.after)).collect();
        let plural = if names.len() > 1 { "s" } else { "" };
        format!("{sign}{what}{plural} {}", names.join(", "))
    };
    steps.chunk_by(alike).map(text).collect()
}

/// Whether it comes or goes.
fn sign(step: &Step) -> Option<char> {
    match (step.before.is_empty(), step.after.is_empty()) {
        (true, _) => Some('+'),
        (false, true) => Some('-'),
        (false, false) => None,
    }
}

/// Whether rules give such a thing.
fn is_given(step: &Step) -> bool {
    EntitlementKind::ALL.map(words::kind).contains(&step.what.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(what: &str, before: &str, after: &str) -> Step {
        Step { what: what.to_owned(), before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn steps_are_grouped_by_what_asks_for_them() {
        let fields = ["Username", "Email", "Title", "Alias"].map(|field| (step(field, "", "x"), String::new()));
        let others = [
            (step("user", "", "active"), String::new()),
            (step("role", "A", "B"), "Sales".to_owned()),
            (step("permission set", "P", ""), String::new()),
            (step("permission set", "", "Q"), "Sales".to_owned()),
            (step("permission set", "", "R"), "Sales".to_owned()),
        ];
        let rows = rows(fields.into_iter().chain(others).collect());
        let lines: Vec<_> = rows.iter().map(|row| format!("{}: {}", row.by, row.what.join(", "))).collect();
        assert_eq!(
            lines,
            [
                "account: +user active",
                "Sales: role A → B, +permission sets Q, R",
                "no rule any more: -permission set P",
                "fields: Username x, 3 more",
            ]
        );
    }
}
