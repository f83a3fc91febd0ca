//! First calls of a sender that wants to know whether somebody is there. They are answered without proof, and nothing of
//! them is taken, kept or logged.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use policy::webhook::Handshake;
use serde_json::Value;
use url::form_urlencoded;

/// The longest text that is given back.
const LONGEST: usize = 2048;

/// The answer to a first call; `None` when the request is none.
pub(crate) fn answer(handshake: &Handshake, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let (query, body) = (request.uri().query().unwrap_or_default(), request.body());
    if let Some(wanted) = &handshake.query
        && let Some((_, text)) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted)
    {
        return given_back(&text);
    }
    let fits = (handshake.empty && body.is_empty())
        || handshake.text.as_ref().is_some_and(|text| is_text(body, text))
        || handshake.field.as_ref().is_some_and(|field| is_only(body, field));
    fits.then(|| Response::new(Bytes::new()))
}

/// The text as plain text. Microsoft advises to escape markup, which its own tokens never hold:
/// <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation>.
fn given_back(text: &str) -> Option<Response<Bytes>> {
    if text.is_empty() || text.len() > LONGEST || text.contains(char::is_control) {
        return None;
    }
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        c => c.to_string(),
    };
    let mut response = Response::new(Bytes::from(text.chars().map(escape).collect::<String>()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    Some(response)
}

/// Whether the body is this text, as it is or as a JSON text.
fn is_text(body: &[u8], text: &str) -> bool {
    let body = body.trim_ascii();
    body == text.as_bytes() || serde_json::from_slice::<Value>(body).is_ok_and(|value| value == *text)
}

/// Whether the body is an object with this member and no other.
fn is_only(body: &[u8], field: &str) -> bool {
    // Such a body is short; a longer one is not read before it is proven.
    body.len() <= LONGEST
        && serde_json::from_slice::<Value>(body)
            .is_ok_and(|value| value.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(handshake: &Handshake, uri: &str, body: &str) -> Option<(String, String)> {
        let request = Request::post(uri).body(Bytes::from(body.to_owned())).unwrap();
        let response = answer(handshake, &request)?;
        assert_eq!(response.status(), 200);
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        Some((String::from_utf8(response.body().to_vec()).unwrap(), kind.unwrap_or_default()))
    }

    #[test]
    fn a_part_of_the_query_is_given_back_as_text() {
        let handshake = Handshake { query: Some("validationToken".to_owned()), ..Handshake::default() };
        let called = |query: &str| called(&handshake, &format!("/webhook/entra?{query}"), "");
        let plain = |text: &str| Some((text.to_owned(), "text/plain; charset=utf-8".to_owned()));
        assert_eq!(called("a=1&validationToken=Validation%3A+is+it%20you%3F"), plain("Validation: is it you?"));
        assert_eq!(called("validationToken=%3Cscript%3E%26%22%27"), plain("&lt;script&gt;&amp;&quot;&#39;"));
        for none in ["", "validationtoken=x", "validationToken=", "validationToken=a%0d%0ab", "x=validationToken"] {
            assert_eq!(called(none), None, "{none}");
        }
        assert_eq!(called(&format!("validationToken={}", "x".repeat(LONGEST + 1))), None);
    }

    #[test]
    fn bodies_of_first_calls_are_known_by_all_that_they_hold() {
        let bob = policy::webhook::preset("hibob").unwrap().handshake;
        let fits = |handshake: &Handshake, body: &str| called(handshake, "/webhook/hr", body).is_some();
        for body in ["Ping test", "\"Ping test\"", r#"{"text":"Ping test"}"#, " Ping test\n"] {
            assert!(fits(&bob, body), "{body}");
        }
        for body in ["", "ping test", r#"{"text":"Ping test","data":1}"#, r#"{"type":"employee.joined"}"#, "[\"text\"]"]
        {
            assert!(!fits(&bob, body), "{body}");
        }
        let exact = policy::webhook::preset("exact-online").unwrap().handshake;
        assert!(fits(&exact, "") && !fits(&exact, " ") && !fits(&exact, "{}"));
        let none = Handshake::default();
        assert!(!fits(&none, "") && !fits(&none, "Ping test"));
    }
}
