//! SOQL texts: the one place where a value gets into a literal, and `IN` lists cut so that each request fits.

use crate::encode::encoded_len;

/// The most bytes of one encoded request line; Salesforce takes 16,384 with the headers.
pub(crate) const MAX_REQUEST_LINE: usize = 12_000;

/// What a request line holds beside the query: method, path, version.
const AROUND: usize = 60;

/// A value as a SOQL string literal, quotes included. (SOQL and SOSL Reference, "Quoted String Escape Sequences".)
pub(crate) fn quote(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for c in value.chars() {
        match c {
            '\'' => literal.push_str("\\'"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// Queries that together ask for all values. `head` stands before the condition and `tail` after it; the condition is
/// `column IN (…)` for each column that has values, joined by `OR`. Values are quoted here. A value that fits into no
/// request is left out: no field is so long.
pub(crate) fn any_of(head: &str, values: &[(&str, String)], tail: &str) -> Vec<String> {
    let room = MAX_REQUEST_LINE - AROUND - encoded_len(head) - encoded_len(tail) - encoded_len("()");
    let mut queries = Vec::new();
    let mut chosen: Vec<(&str, Vec<String>)> = Vec::new();
    let mut used = 0;
    for (column, value) in values {
        let literal = quote(value);
        let size = encoded_len(&literal) + 1;
        let opening = encoded_len(&format!(" OR {column} IN ()"));
        if size + opening > room {
            continue;
        }
        let new_column = !chosen.iter().any(|(known, _)| known == column);
        let size = size + if new_column { opening } else { 0 };
        if used + size > room {
            queries.push(text(head, &chosen, tail));
            chosen.clear();
            used = 0;
        }
        let opened = chosen.iter().position(|(known, _)| known == column).unwrap_or_else(|| {
            chosen.push((column, Vec::new()));
            used += opening;
            chosen.len() - 1
        });
        used += encoded_len(&literal) + 1;
        chosen[opened].1.push(literal);
    }
    if !chosen.is_empty() {
        queries.push(text(head, &chosen, tail));
    }
    queries
}

fn text(head: &str, chosen: &[(&str, Vec<String>)], tail: &str) -> String {
    let conditions = chosen.iter().map(|(column, literals)| format!("{column} IN ({})", literals.join(",")));
    let conditions = conditions.collect::<Vec<_>>().join(" OR ");
    format!("{head}({conditions}){tail}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::encode;

    /// What Salesforce makes of a literal; `None` when it does not end where the text ends.
    fn unquote(literal: &str) -> Option<String> {
        let mut chars = literal.strip_prefix('\'')?.chars();
        let mut value = String::new();
        loop {
            match chars.next()? {
                '\'' => return chars.next().is_none().then_some(value),
                '\\' => value.push(match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    c @ ('\'' | '\\' | '"') => c,
                    _ => return None,
                }),
                c => value.push(c),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_value_leaves_its_literal(value in any::<String>()) {
            prop_assert_eq!(unquote(&quote(&value)), Some(value));
        }

        #[test]
        fn nor_does_one_of_awkward_characters(value in r#"['\\"%*\n\r\t)(, ]{0,20}"#) {
            prop_assert_eq!(unquote(&quote(&value)), Some(value));
        }

        #[test]
        fn every_value_is_asked_for_once_and_every_request_fits(
            values in proptest::collection::vec((0_usize..3, "\\PC{1,60}"), 0..150)
        ) {
            let columns = ["Id", "FederationIdentifier", "Username"];
            let values: Vec<_> = values.into_iter().map(|(column, value)| (columns[column], value)).collect();
            let queries = any_of("SELECT Id FROM User WHERE UserType = 'Standard' AND ", &values, "");
            let asked: usize = queries.iter().map(|query| query.matches("','").count() + query.matches(" IN (").count()).sum();
            prop_assert!(asked >= values.len());
            for query in &queries {
                prop_assert!(encode(query).len() + AROUND < MAX_REQUEST_LINE);
            }
            for (_, value) in &values {
                prop_assert!(queries.iter().any(|query| query.contains(&quote(value))));
            }
        }
    }

    #[test]
    fn nothing_to_ask_is_no_query() {
        assert!(any_of("SELECT Id FROM User WHERE ", &[], "").is_empty());
    }

    #[test]
    fn columns_are_joined_and_bracketed() {
        let values = [("Id", "1".to_owned()), ("Username", "o'b".to_owned()), ("Id", "2".to_owned())];
        assert_eq!(
            any_of("SELECT Id FROM User WHERE A = 1 AND ", &values, " LIMIT 5"),
            [r"SELECT Id FROM User WHERE A = 1 AND (Id IN ('1','2') OR Username IN ('o\'b')) LIMIT 5"]
        );
    }
}
