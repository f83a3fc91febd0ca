//! Text: case, folding to ASCII, cutting, joining, searching.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::{Absent, Call, Function, MAX_TEXT, bounded};
use crate::types::Type;

pub(super) static FUNCTIONS: &[Function] = &[
    of_text("lower", |call| bounded(call.text(0)?.to_lowercase())),
    of_text("upper", |call| bounded(call.text(0)?.to_uppercase())),
    of_text("ascii", |call| bounded(ascii(call.text(0)?))),
    of_text("trim", |call| bounded(call.text(0)?.trim().to_owned())),
    of_text("initials", |call| bounded(initials(call.text(0)?))),
    Function {
        optional: &[Type::Text],
        ..of_text("slug", |call| bounded(slug(call.text(0)?, call.optional_text(1, "-")?)))
    },
    Function { parameters: &[Type::Text, Type::Number], ..of_text("truncate", truncate) },
    Function { parameters: &[Type::Text, Type::Text, Type::Text], ..of_text("replace", replace) },
    Function { parameters: &[Type::Any], optional: &[Type::Text], ..of_text("join", join) },
    Function { parameters: &[Type::Text, Type::Text], result: &Type::Any, ..of_text("split", split) },
    test("startsWith", |call| Ok(call.text(0)?.starts_with(call.text(1)?).into())),
    test("endsWith", |call| Ok(call.text(0)?.ends_with(call.text(1)?).into())),
    test("contains", |call| Ok(call.text(0)?.contains(call.text(1)?).into())),
    Function {
        parameters: &[Type::Any],
        result: &Type::Number,
        absent: Absent::Handled,
        ..of_text("size", |call| match call.value(0) {
            Value::Null => Ok(0.into()),
            Value::String(text) => Ok(text.chars().count().into()),
            Value::Array(items) => Ok(items.len().into()),
            Value::Object(fields) => Ok(fields.len().into()),
            other => Err(format!("size needs a text, a list or a record, not {}", Type::of(other))),
        })
    },
];

const fn of_text(name: &'static str, call: fn(&Call<'_>) -> Result<Value, String>) -> Function {
    Function {
        name,
        parameters: &[Type::Text],
        optional: &[],
        rest: None,
        result: &Type::Text,
        absent: Absent::Null,
        call,
    }
}

const fn test(name: &'static str, call: fn(&Call<'_>) -> Result<Value, String>) -> Function {
    Function {
        name,
        parameters: &[Type::Text, Type::Text],
        optional: &[],
        rest: None,
        result: &Type::Bool,
        absent: Absent::False,
        call,
    }
}

/// ASCII for user names and mail addresses. Letters with a spelling of their own in the language come first (`ü` → `ue`,
/// `ø` → `oe`), composed forms before them (NFC) so that `u` + diaeresis is an `ü`; the rest goes by sound.
pub(crate) fn ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            'ä' | 'æ' => folded.push_str("ae"),
            'Ä' | 'Æ' => folded.push_str("Ae"),
            'ö' | 'ø' | 'œ' => folded.push_str("oe"),
            'Ö' | 'Ø' | 'Œ' => folded.push_str("Oe"),
            'ü' => folded.push_str("ue"),
            'Ü' => folded.push_str("Ue"),
            'å' => folded.push_str("aa"),
            'Å' => folded.push_str("Aa"),
            'ß' => folded.push_str("ss"),
            'ẞ' => folded.push_str("SS"),
            other => folded.push(other),
        }
    }
    let ends_blank = folded.ends_with(char::is_whitespace);
    let plain = deunicode::deunicode_with_tofu(&folded, "");
    // It writes a blank after every ideograph.
    if ends_blank { plain } else { plain.trim_end().to_owned() }
}

fn slug(text: &str, separator: &str) -> String {
    let plain = ascii(text).to_ascii_lowercase();
    let words: Vec<_> = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(separator)
}

fn initials(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '-' || c == '.');
    words.filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

fn truncate(call: &Call<'_>) -> Result<Value, String> {
    let most = usize::try_from(call.whole(1)?).map_err(|_| "truncate needs a length of 0 or more".to_owned())?;
    bounded(call.text(0)?.chars().take(most).collect())
}

fn replace(call: &Call<'_>) -> Result<Value, String> {
    let (text, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if from.is_empty() {
        return Err("replace needs a text to look for".to_owned());
    }
    // Before it is built, for it may grow without measure.
    if text.len() + text.matches(from).count().saturating_mul(to.len()) > MAX_TEXT + text.len() {
        return Err(format!("the text grows beyond {MAX_TEXT} bytes"));
    }
    bounded(text.replace(from, to))
}

/// Texts and numbers; `null` and empty texts are left out.
fn join(call: &Call<'_>) -> Result<Value, String> {
    let (items, separator) = (call.list(0)?, call.optional_text(1, "")?);
    let mut joined = String::new();
    for item in items {
        let before = joined.len();
        if before > 0 {
            joined.push_str(separator);
        }
        let start = joined.len();
        match item {
            Value::Null => {}
            Value::String(text) => joined.push_str(text),
            Value::Number(number) => {
                // Writing to a text does not fail.
                let _ = write!(joined, "{}", crate::operators::number_text(number));
            }
            other => return Err(format!("join needs a list of texts, not of {}", Type::of(other))),
        }
        if joined.len() == start {
            joined.truncate(before);
        }
        if joined.len() > MAX_TEXT {
            return Err(format!("the text grows beyond {MAX_TEXT} bytes"));
        }
    }
    Ok(Value::String(joined))
}

fn split(call: &Call<'_>) -> Result<Value, String> {
    match call.text(1)? {
        "" => Err("split needs a separator".to_owned()),
        separator => Ok(call.text(0)?.split(separator).map(Value::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_spells_before_it_strips() {
        for (text, folded) in [
            ("Müller", "Mueller"),
            ("Mu\u{308}ller", "Mueller"),
            ("Åse Ørsted", "Aase Oersted"),
            ("Groß", "Gross"),
            ("Ærø", "Aeroe"),
            ("José Núñez", "Jose Nunez"),
            ("Łukasz Żółć", "Lukasz Zolc"),
            ("Çelik Iğdır", "Celik Igdir"),
            ("O'Brien", "O'Brien"),
            ("山田", "Shan Tian"),
        ] {
            assert_eq!(ascii(text), folded, "{text}");
            assert!(ascii(text).is_ascii());
        }
    }

    #[test]
    fn slug_and_initials() {
        assert_eq!(slug("Jan  van den Berg - Løvås", "-"), "jan-van-den-berg-loevaas");
        assert_eq!(slug("de Vries", ""), "devries");
        assert_eq!(initials("Anna-Maria de wit"), "AMDW");
        assert_eq!(initials("J.P."), "JP");
    }
}
