//! Texts with expressions in them, `employees/${item.id}`, and JSON bodies of such texts. What an expression gives goes
//! through the escaping of the place where the text is used.

use expression::{Expression, Scope, Variables};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::path::text_of;

/// RFC 3986's unreserved characters stay, and what separates lists and OData names without ending a value.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',').remove(b'$');

/// A value as it may stand in a URL's path segment or query, or in a form body.
pub(crate) fn encode(value: &str) -> String {
    utf8_percent_encode(value, KEPT).to_string()
}

/// A form body (`application/x-www-form-urlencoded`) or query.
pub(crate) fn form<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let pairs = pairs.into_iter().map(|(name, value)| format!("{}={}", encode(name.as_ref()), encode(value.as_ref())));
    pairs.collect::<Vec<_>>().join("&")
}

/// A text with expressions in `${…}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Value(Expression),
}

impl Template {
    /// Reads the text; every expression is checked against what it may see.
    pub(crate) fn compile(text: &str, variables: &Variables) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let end = closing(after).ok_or("a `${` is not closed")?;
            let source = after.get(..end).unwrap_or_default();
            let expression = Expression::compile(source).map_err(|error| format!("in ${{…}} at {error}"))?;
            if let Err(errors) = expression.check(variables) {
                let errors: Vec<_> = errors.iter().map(|error| format!("in ${{…}} at {error}")).collect();
                return Err(errors.join("; "));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Value(expression));
            rest = after.get(end + 1..).unwrap_or_default();
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The text. An expression that gives nothing, or no text or number, is an error: half a URL is worse than none.
    pub(crate) fn render(&self, scope: &Scope<'_>, escape: fn(&str) -> String) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(expression) => {
                    let value = expression.evaluate(scope).map_err(|error| format!("in ${{…}} at {error}"))?;
                    let value = text_of(&value)
                        .ok_or_else(|| format!("${{{}}} gives neither text nor number", expression.source()))?;
                    text.push_str(&escape(&value));
                }
            }
        }
        Ok(text)
    }

    /// The text as it stands.
    pub(crate) fn plain(&self, scope: &Scope<'_>) -> Result<String, String> {
        self.render(scope, str::to_owned)
    }
}

/// Where the brace that was opened before `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A JSON body whose texts are templates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
    /// Anything else, as it is.
    Value(Value),
}

impl Body {
    pub(crate) fn compile(value: &Value, variables: &Variables) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::compile(text, variables)?),
            Value::Array(items) => {
                Self::List(items.iter().map(|item| Self::compile(item, variables)).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| Ok((name.clone(), Self::compile(value, variables)?));
                Self::Object(fields.iter().map(field).collect::<Result<_, String>>()?)
            }
            value => Self::Value(value.clone()),
        })
    }

    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<Value, String> {
        Ok(match self {
            Self::Text(text) => Value::String(text.plain(scope)?),
            Self::List(items) => {
                Value::Array(items.iter().map(|item| item.render(scope)).collect::<Result<_, String>>()?)
            }
            Self::Object(fields) => {
                let field = |(name, value): &(String, Self)| Ok((name.clone(), value.render(scope)?));
                Value::Object(fields.iter().map(field).collect::<Result<Map<_, _>, String>>()?)
            }
            Self::Value(value) => value.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use expression::Type;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn variables() -> Variables {
        Variables::new().with("item", Type::Any)
    }

    #[test]
    fn what_an_expression_gives_is_escaped_and_the_text_is_not() {
        let template = Template::compile("a/${item.id}/b?c=${item['}']}", &variables()).unwrap();
        let item = json!({"id": "x/../y?z=1&é", "}": 7});
        let scope = Scope::new().with("item", Cow::Borrowed(&item));
        assert_eq!(template.render(&scope, encode).unwrap(), "a/x%2F..%2Fy%3Fz%3D1%26%C3%A9/b?c=7");
    }

    #[test]
    fn nothing_is_refused_and_so_is_what_can_not_be_read() {
        let template = Template::compile("a/${item.id}", &variables()).unwrap();
        let item = json!({});
        let told = template.render(&Scope::new().with("item", Cow::Borrowed(&item)), encode).unwrap_err();
        assert_eq!(told, "${item.id} gives neither text nor number");
        for bad in ["${", "${item", "${}", "${other.id}", "${item +}"] {
            assert!(Template::compile(bad, &variables()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_body_keeps_its_shape() {
        let body = json!({"fields": ["a", 1, null], "since": "x${item.id}"});
        let item = json!({"id": "\""});
        let body = Body::compile(&body, &variables()).unwrap();
        let rendered = body.render(&Scope::new().with("item", Cow::Borrowed(&item))).unwrap();
        assert_eq!(rendered, json!({"fields": ["a", 1, null], "since": "x\""}));
    }

    proptest! {
        #[test]
        fn an_encoded_value_can_not_leave_its_place(value in ".*") {
            let encoded = encode(&value);
            prop_assert!(!encoded.contains(['/', '?', '&', '#', '=', ' ', '\'', '"', '+', '\\', ':', '@']));
            let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
            prop_assert_eq!(decoded, value);
        }
    }
}
