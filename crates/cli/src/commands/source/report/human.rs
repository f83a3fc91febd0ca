//! A trial as text: where from, which columns, the first records, what was refused, and how it ended.

use super::super::columns::{Column, Kind};
use super::super::tally::{Records, Refusal, Shown};
use super::{Connection, End, Gives, Next, Proof, Reached, Stream, Tried, period};
use crate::output::{Report, clean, fields, table};
use crate::words::count;

/// Refusals that are told; the others are counted.
const MOST_REFUSALS: usize = 20;

impl Report for Tried {
    fn human(&self) -> String {
        let gives = match self.gives {
            Gives::Persons => "persons",
            Gives::Accounts => "accounts of persons",
        };
        let mut parts =
            vec![format!("Source {}, {}: gives {gives}\n{}", self.source, self.role, self.connection.human())];
        parts.extend(self.streams.iter().map(Stream::human));
        parts.extend(self.records.human(self.gives));
        parts.push(format!("End\n{}", fields(self.end(self.gives))));
        parts.extend(self.end.advice.iter().map(|advice| clean(advice)));
        parts.push("Nothing was written.".to_owned());
        parts.join("\n\n")
    }
}

impl Connection {
    fn human(&self) -> String {
        let mut rows = vec![("address", self.address.clone())];
        rows.extend(self.signed.clone().map(|signed| ("signed by", signed)));
        let secret = self.secret.as_ref();
        rows.extend(secret.map(|secret| ("secret", format!("{} ({})", secret.name, secret.fields.join(", ")))));
        let answer = self.first_answer.as_ref();
        rows.extend(
            answer.map(|first| ("first answer", format!("after {} from {}", took(first.milliseconds), first.from))),
        );
        fields(rows)
    }
}

impl Stream {
    fn human(&self) -> String {
        let heading = format!("{}: {}", clean(&self.name), count(self.rows, "row", "rows"));
        let row = |named: &super::Named| {
            let Column { filled, example, .. } = &named.column;
            let value = example.clone().unwrap_or_else(|| measure(&named.column));
            [named.name.clone(), share(*filled, self.rows), kinds(&named.column), value]
        };
        let examples = self.columns.iter().any(|named| named.column.example.is_some());
        let value = if examples { "Example" } else { "Size or form" };
        let table = table(["Column", "Filled", "Kind", value], self.columns.iter().map(row));
        let more = if self.more_columns { "\nThere are more columns than are told here." } else { "" };
        if self.columns.is_empty() { heading } else { format!("{heading}\n{table}{more}") }
    }
}

/// The sorts of a column's values, the most frequent first.
fn kinds(column: &Column) -> String {
    let mut kinds: Vec<(Kind, u64)> = column.kinds.iter().map(|(kind, values)| (*kind, *values)).collect();
    kinds.sort_by_key(|(_, values)| std::cmp::Reverse(*values));
    let words: Vec<_> = kinds.into_iter().map(|(kind, _)| kind.in_words()).collect();
    if words.is_empty() { "empty".to_owned() } else { words.join(", ") }
}

/// What may be told of values without telling them.
fn measure(column: &Column) -> String {
    let unit = if column.kinds.contains_key(&Kind::List) { ["item", "items"] } else { ["character", "characters"] };
    let sizes = column.size.map(|(least, most)| match least == most {
        true => count(most as u64, unit[0], unit[1]),
        false => format!("{least} to {most} {}", unit[1]),
    });
    sizes.into_iter().chain(column.written.clone()).collect::<Vec<_>>().join(", ")
}

/// A part in percent that is 0 or 100 only where it is none or all.
fn share(part: u64, all: u64) -> String {
    match (part * 100).checked_div(all) {
        None => "–".to_owned(),
        Some(0) if part > 0 => "<1 %".to_owned(),
        Some(percent) => format!("{percent} %"),
    }
}

impl Records {
    fn human(&self, gives: Gives) -> Vec<String> {
        let mut parts = Vec::new();
        if !self.shown.is_empty() {
            let all = self.present + self.unowned;
            let what = what(gives, all);
            let heading = match self.shown.len() as u64 {
                shown if shown == all => format!("All {what}"),
                shown => format!("The first {shown} of {what}"),
            };
            parts.push(format!("{heading}, as they would be stored"));
            parts.extend(self.shown.iter().map(Shown::human));
        }
        if !self.refusals.is_empty() {
            let row = |refusal: &Refusal| {
                let perhaps = refusal.perhaps.as_ref().map(|name| format!("; is it {name}?")).unwrap_or_default();
                let why = format!("{}{perhaps}", refusal.reason);
                [refusal.place.clone(), why, refusal.records.to_string(), refusal.first.clone()]
            };
            let table = table(["Where", "Why", "Records", "First"], self.refusals.iter().take(MOST_REFUSALS).map(row));
            let more = self.refusals.len().saturating_sub(MOST_REFUSALS) as u64;
            let more = if more == 0 {
                String::new()
            } else {
                format!("\nand {}", count(more, "other reason", "other reasons"))
            };
            parts.push(format!("Refused\n{table}{more}"));
        }
        parts
    }
}

impl Shown {
    fn human(&self) -> String {
        let person = self.person.as_ref().map_or_else(|| "no person".to_owned(), |person| format!("person {person}"));
        let content = serde_json::to_string_pretty(&self.content).unwrap_or_default();
        let lines = content.lines().map(clean).collect::<Vec<_>>().join("\n");
        format!("{} (record {})\n{lines}", clean(&person), clean(&self.record))
    }
}

fn what(gives: Gives, number: u64) -> String {
    match gives {
        Gives::Persons => count(number, "person", "persons"),
        Gives::Accounts => count(number, "account", "accounts"),
    }
}

impl Tried {
    fn end(&self, gives: Gives) -> Vec<(&'static str, String)> {
        let Records { present, unowned, left_out, refused, .. } = self.records;
        let End { reached, why, what_to_do, requests, milliseconds, absence, proof, next, .. } = &self.end;
        let because = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let reached = match reached {
            Reached::Complete => "complete",
            Reached::Stopped => "stopped before its end",
            Reached::Failed => "FAILED",
        };
        let mut rows = vec![("read", format!("{reached}{because}"))];
        rows.extend(what_to_do.clone().map(|what| ("what to do", what)));
        rows.push(("found", what(gives, present + unowned)));
        if unowned > 0 {
            let how = if self.joined {
                "their persons are found by the keys of `join`"
            } else {
                "they are stored for nobody"
            };
            rows.push(("  without a person's id", format!("{unowned}; {how}")));
        }
        rows.push(("  left out by `where`", left_out.to_string()));
        rows.push(("  refused", refused.to_string()));
        let requests =
            if *requests == 0 { String::new() } else { format!("{} in ", count(*requests, "request", "requests")) };
        rows.push(("took", format!("{requests}{}", took(*milliseconds))));
        rows.push(("who is absent", absent(absence, *proof)));
        rows.push(("next read", next.human()));
        rows
    }
}

fn absent(absence: &str, proof: Proof) -> String {
    let meaning = match absence {
        "leaver" => "has left",
        "hold" => "waits for you to decide, see `connector absent`",
        _ => return "nothing happens (absence: ignore)".to_owned(),
    };
    match proof {
        Proof::Proven => format!("{meaning} (absence: {absence}); this read proves who it is"),
        Proof::NotProven(because) => format!("{meaning} (absence: {absence}), but not by this read: {because}"),
    }
}

impl Next {
    fn human(self) -> String {
        let everything = period(self.everything_seconds);
        match (self.every_seconds.map(period), self.changes) {
            (None, _) => "when somebody brings a file: `connector import`".to_owned(),
            (Some(every), true) => format!("asks for changes, every {every}; for everything every {everything}"),
            (Some(every), false) => format!("asks for everything, every {every}"),
        }
    }
}

fn took(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else {
        format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::super::columns::Columns;
    use super::super::super::tally::Content;
    use super::*;

    #[test]
    fn a_share_is_none_or_all_only_where_it_is() {
        let shares = [(0, 0, "–"), (0, 3, "0 %"), (1, 1000, "<1 %"), (999, 1000, "99 %"), (3, 3, "100 %")];
        for (part, all, told) in shares {
            assert_eq!(share(part, all), told);
        }
    }

    #[test]
    fn times_are_short() {
        assert_eq!((took(12), took(1250)), ("12 ms".to_owned(), "1.2 s".to_owned()));
    }

    #[test]
    fn a_record_can_not_steer_the_terminal() {
        let content = serde_json::Map::from_iter([("name".to_owned(), json!("a\u{1b}[2J\u{9b}31mb"))]);
        let shown = Shown { record: "1\u{7}".to_owned(), person: None, content: Content::Account(content) };
        assert!(!shown.human().replace('\n', "").contains(char::is_control), "{:?}", shown.human());
    }

    proptest! {
        // The marks stand in no heading and in no name.
        #[test]
        fn masked_columns_tell_no_value(values in prop::collection::vec("[ßøλ]{1,30}", 1..5), list in any::<bool>()) {
            let rows = values.iter().map(|value| if list { json!({ "x": [{ "y": value }] }) } else { json!({ "x": value }) });
            let stream = Stream::new("people", &Columns::of(rows));
            let tried = stream.columns.iter().map(|named| named.column.example.clone()).collect::<Vec<_>>();
            let mut masked = stream;
            masked.columns.iter_mut().for_each(|named| named.column.example = None);
            let told = format!("{}{}", masked.human(), serde_json::to_string(&masked).unwrap());
            prop_assert!(!told.contains(['ß', 'ø', 'λ']), "{told}");
            prop_assert!(tried.iter().any(Option::is_some));
        }
    }
}
