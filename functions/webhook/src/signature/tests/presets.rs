//! Each preset, with requests signed here by an HMAC of our own.

use base64::engine::general_purpose::URL_SAFE;
use policy::webhook::{KeyForm, preset, preset_names};
use serde_json::{Value, json};

use super::independent::hmac;
use super::*;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

const KEY: &str = "a-key-of-the-sender";

fn sent(headers: &[(&str, &str)], body: &str) -> Sent {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    Sent { headers, body: body.as_bytes().to_vec() }
}

/// A request as the preset's sender makes it, at [`SENT`]; `text` is somewhere in its body.
fn made(name: &str, key: &str, text: &str) -> Sent {
    let body =
        json!({ "type": "employee.updated", "data": { "id": "1", "text": text }, "occurred_at": "2021-02-25T15:02:10Z",
        "timestamp": "2021-02-25T15:02:10.000Z" })
        .to_string();
    let mac = |algorithm: &str, text: &str| hmac(algorithm, key.as_bytes(), text.as_bytes());
    match name {
        "standard" => {
            let signature =
                Webhook::new(&BASE64.encode(key.repeat(2))).unwrap().sign(ID, SENT, body.as_bytes()).unwrap();
            let sent_at = SENT.to_string();
            sent(&[(ID_HEADER, ID), (TIMESTAMP_HEADER, &sent_at), (SIGNATURE_HEADER, &signature)], &body)
        }
        "bamboohr" => {
            let signature = hex::encode(mac("sha256", &format!("{body}{SENT}")));
            sent(&[("X-BambooHR-Signature", &signature), ("X-BambooHR-Timestamp", &SENT.to_string())], &body)
        }
        "hibob" => sent(&[("Bob-Signature", &BASE64.encode(mac("sha512", &body)))], &body),
        "personio" => sent(&[("authorization", key)], &body),
        "factorial" => sent(&[("x-factorial-wh-challenge", key)], &body),
        "deel" => sent(&[("x-deel-signature", &hex::encode(mac("sha256", &format!("POST{body}"))))], &body),
        "gusto" => sent(&[("x-gusto-signature", &hex::encode(mac("sha256", &body)))], &body),
        "merge" => sent(&[("X-Merge-Webhook-Signature", &URL_SAFE.encode(mac("sha256", &body)))], &body),
        "exact-online" => {
            let content = json!({ "Topic": "Employees", "Key": text }).to_string();
            let signature = hex::encode_upper(mac("sha256", &content));
            sent(&[], &format!("{{\"Content\":{content},\"HashCode\":\"{signature}\"}}"))
        }
        "graph" => {
            let item = json!({ "clientState": key, "resource": format!("Users/{text}") });
            sent(&[], &json!({ "value": [item.clone(), item] }).to_string())
        }
        other => panic!("{other}"),
    }
}

fn key_of(name: &str, key: &str) -> WebhookKey {
    match name {
        "standard" => WebhookKey::read(&BASE64.encode(key.repeat(2)), KeyForm::Whsec).unwrap(),
        _ => WebhookKey::read(key, preset(name).unwrap().key_form()).unwrap(),
    }
}

pub(super) fn checked(scheme: &Scheme, keys: &[WebhookKey], sent: &Sent, now: Timestamp) -> Result<Verified, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in &sent.headers {
        // What is no header at all never reaches us.
        let value = HeaderValue::from_bytes(value).map_err(|_| Refusal::NoMatch)?;
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    let document: Option<Value> = serde_json::from_slice(&sent.body).ok();
    check(scheme, keys, &Call { headers: &headers, body: &sent.body, document: document.as_ref(), url: None }, now)
}

fn check_preset(name: &str, key: &str, sent: &Sent) -> Result<Verified, Refusal> {
    checked(&preset(name).unwrap(), &[key_of(name, key)], sent, at(SENT))
}

/// The key comes with the request, and nothing is signed.
fn is_token(name: &str) -> bool {
    matches!(name, "personio" | "factorial" | "graph")
}

#[test]
fn every_preset_takes_what_its_sender_makes_and_no_other_key() {
    for name in preset_names() {
        let sent = made(name, KEY, "é");
        assert!(check_preset(name, KEY, &sent).is_ok(), "{name}: {:?}", check_preset(name, KEY, &sent));
        assert_eq!(check_preset(name, "another-key-of-it", &sent), Err(Refusal::NoMatch), "{name}");
        let keys = ["another-key-of-it", KEY].map(|key| key_of(name, key));
        assert!(checked(&preset(name).unwrap(), &keys, &sent, at(SENT)).is_ok(), "{name}");
        assert_eq!(checked(&preset(name).unwrap(), &[], &sent, at(SENT)), Err(Refusal::NoMatch), "{name}");
    }
}

#[test]
fn every_header_must_be_there_and_once() {
    for name in preset_names() {
        let whole = made(name, KEY, "x");
        for n in 0..whole.headers.len() {
            let mut without = whole.clone();
            let (header, value) = without.headers.remove(n);
            let what = format!("header {}", header.to_ascii_lowercase());
            assert_eq!(check_preset(name, KEY, &without), Err(Refusal::Missing(what.clone())));
            let mut twice = whole.clone();
            twice.headers.push((header, value));
            let error = Refusal::Malformed { what, rule: "it comes more than once" };
            assert_eq!(check_preset(name, KEY, &twice), Err(error));
        }
    }
}

#[test]
fn an_old_request_of_bamboohr_is_refused() {
    let scheme = preset("bamboohr").unwrap();
    let check = |age: i64| checked(&scheme, &[key_of("bamboohr", KEY)], &made("bamboohr", KEY, "x"), at(SENT + age));
    assert!(check(300).is_ok() && check(-300).is_ok());
    assert!(matches!(check(301), Err(Refusal::TooOld { .. })));
    assert!(matches!(check(-301), Err(Refusal::TooEarly { .. })));
}

#[test]
fn one_wrong_client_state_of_graph_refuses_all() {
    let check = |body: Value| check_preset("graph", KEY, &sent(&[], &body.to_string()));
    let (good, bad) = (json!({ "clientState": KEY }), json!({ "clientState": "not-the-client-state" }));
    assert!(check(json!({ "value": [good] })).is_ok());
    for value in [json!([good, bad]), json!([bad, good])] {
        assert_eq!(check(json!({ "value": value })), Err(Refusal::NoMatch));
    }
    for value in [json!([]), json!([good, {}]), json!([good, null]), json!({}), json!(null)] {
        let missing = Refusal::Missing("value/*/clientState in the body".to_owned());
        assert_eq!(check(json!({ "value": value })), Err(missing), "{value}");
    }
    let number = check(json!({ "value": [{ "clientState": [KEY] }] }));
    assert!(matches!(number, Err(Refusal::Malformed { .. })));
}

#[test]
fn of_exact_the_bytes_of_content_are_signed_as_they_stand() {
    let content = "{ \"b\" : 1.50,\"a\":\"\\u00e9\" }";
    let signature = hex::encode_upper(hmac("sha256", KEY.as_bytes(), content.as_bytes()));
    let check = |body: &str| check_preset("exact-online", KEY, &sent(&[], body));
    assert!(check(&format!("{{ \"HashCode\" : \"{signature}\" , \"Content\" :\n{content} }}")).is_ok());
    let lower = signature.to_ascii_lowercase();
    assert_eq!(check(&format!("{{\"Content\":{content},\"HashCode\":\"{lower}\"}}")), Err(Refusal::NoMatch));
    // Of two members of one name the last is read, so it is the last that must be signed.
    let twice = format!("{{\"Content\":{content},\"Content\":{{}},\"HashCode\":\"{signature}\"}}");
    assert_eq!(check(&twice), Err(Refusal::NoMatch));
    assert_eq!(check("{\"Content\":{}}"), Err(Refusal::Missing("HashCode in the body".to_owned())));
}

#[test]
fn a_signature_has_one_way_of_being_written() {
    let whole = made("gusto", KEY, "x");
    let mut upper = whole.clone();
    upper.headers[0].1.make_ascii_uppercase();
    assert_eq!(check_preset("gusto", KEY, &upper), Err(Refusal::NoMatch));
    let mut unpadded = made("merge", KEY, "x");
    assert_eq!(unpadded.headers[0].1.pop(), Some(b'='));
    assert!(check_preset("merge", KEY, &unpadded).is_ok());
    for cut in [0, 10, 43] {
        let mut cut_off = made("hibob", KEY, "x");
        cut_off.headers[0].1.truncate(cut);
        assert_eq!(check_preset("hibob", KEY, &cut_off), Err(Refusal::NoMatch));
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_of_any_preset_is_noticed(
        n in 0usize..10, text in "\\PC{0,20}", part in any::<usize>(), bit in any::<usize>(),
    ) {
        let name = preset_names().nth(n).unwrap();
        let whole = made(name, KEY, &text);
        prop_assert!(check_preset(name, KEY, &whole).is_ok(), "{}", name);
        let mut changed = whole.clone();
        match (part % (whole.headers.len() + 1)).checked_sub(1) {
            Some(header) => changed.headers[header].1 = flipped(&whole.headers[header].1, bit),
            // Nothing of the body is signed: of it only the client state is looked at.
            None if name == "graph" => {
                let key = whole.body.windows(KEY.len()).position(|window| window == KEY.as_bytes()).unwrap();
                let range = key..key + KEY.len();
                let state = flipped(&whole.body[range.clone()], bit);
                changed.body.splice(range, state);
            }
            None if is_token(name) => return Ok(()),
            None => changed.body = flipped(&whole.body, bit),
        }
        prop_assert!(check_preset(name, KEY, &changed).is_err(), "{} {:?}", name, changed);
    }
}

mod own {
    //! Schemes of a user's own, in ways that no preset uses.

    use policy::Configuration;

    use super::*;

    fn scheme(text: &str) -> Scheme {
        let text = format!(
            "organisation: {{ timeZone: UTC }}\nsalesforce: {{ secret: s }}\nsources:\n  - {{ name: hr, role: authoritative, \
             webhook: {{ secret: k, url: 'https://h.example/x', scheme: {text} }} }}\naccount: {{ correlate: [EmployeeNumber, \
             FederationIdentifier], attributes: {{ FederationIdentifier: person.id, EmployeeNumber: person.id, Username: \
             \"nick + '@example.com'\", Email: person.contact.email, LastName: family }} }}\n"
        );
        let text = if text.contains("{url}") { text } else { text.replace("url: 'https://h.example/x', ", "") };
        let parsed = Configuration::parse(&[("c.yaml".to_owned(), text)]).unwrap_or_else(|wrong| panic!("{wrong}"));
        parsed.sources[0].webhook.clone().unwrap().scheme
    }

    fn key(text: &str, form: KeyForm) -> [WebhookKey; 1] {
        [WebhookKey::read(text, form).unwrap()]
    }

    #[test]
    fn time_and_signature_may_share_a_header() {
        let scheme = scheme(
            "{ hmac: { header: S, prefix: v1=, separator: ',', algorithm: sha1, encoding: base64, key: hex, signed: \
             '{timestamp}.{body}' }, timestamp: { header: S, prefix: t=, separator: ',', form: milliseconds, tolerance: 1m } }",
        );
        let signed = hmac("sha1", b"12345678", b"1614265330000.{}");
        let header = |time: &str| format!("t={time}, v0=abc,v1={}", BASE64.encode(&signed));
        let keys = key("3132333435363738", KeyForm::Hex);
        let check = |value: &str, now| checked(&scheme, &keys, &sent(&[("s", value)], "{}"), now);
        assert!(check(&header("1614265330000"), at(SENT + 60)).is_ok());
        assert!(matches!(check(&header("1614265330000"), at(SENT + 61)), Err(Refusal::TooOld { .. })));
        assert_eq!(check(&header("1614265330001"), at(SENT)), Err(Refusal::NoMatch));
        assert!(matches!(check(&header("t"), at(SENT)), Err(Refusal::Malformed { .. })));
        assert_eq!(
            check(&header("1614265330000,t=1"), at(SENT)).unwrap_err().to_string(),
            "header s is malformed: it comes more than once"
        );
        assert_eq!(check("v1=x", at(SENT)), Err(Refusal::Missing("header s".to_owned())));
    }

    #[test]
    fn the_address_may_be_signed() {
        let scheme = scheme("{ hmac: { header: S, algorithm: sha256, encoding: hex, signed: '{url}{body}' } }");
        let signature = hex::encode(hmac("sha256", KEY.as_bytes(), b"https://h.example/x?a=1{}"));
        let headers: HeaderMap =
            [(HeaderName::from_static("s"), HeaderValue::from_str(&signature).unwrap())].into_iter().collect();
        let check = |url: &str| {
            let call = Call { headers: &headers, body: b"{}", document: None, url: Some(url.to_owned()) };
            check(&scheme, &key(KEY, KeyForm::Text), &call, at(SENT))
        };
        assert!(check("https://h.example/x?a=1").is_ok());
        assert_eq!(check("https://h.example/x?a=2"), Err(Refusal::NoMatch));
    }

    #[test]
    fn user_and_password_may_be_the_proof() {
        let scheme = scheme("{ basic: true }");
        let check = |value: &str| {
            checked(&scheme, &key("hr:pässword", KeyForm::Text), &sent(&[("authorization", value)], "{}"), at(SENT))
        };
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text));
        assert!(check(&basic("hr:pässword")).is_ok());
        assert!(check(&basic("hr:pässword").replace("Basic", "basic")).is_ok());
        for wrong in ["hr:password", "hr:pässwor", "hr:pässword ", "Hr:pässword", ""] {
            assert_eq!(check(&basic(wrong)), Err(Refusal::NoMatch), "{wrong}");
        }
        for wrong in ["Bearer aHI6", "Basic", "Basic ?", ""] {
            assert!(matches!(check(wrong), Err(Refusal::Malformed { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_token_may_have_a_word_before_it() {
        let scheme = scheme("{ token: { header: Authorization, prefix: 'Bearer ' }, id: { body: meta/id } }");
        let keys = key(KEY, KeyForm::Text);
        let check =
            |value: &str, body: &str| checked(&scheme, &keys, &sent(&[("authorization", value)], body), at(SENT));
        let whole = check(&format!("Bearer {KEY}"), r#"{"meta":{"id":71}}"#).unwrap();
        assert_eq!(whole.id.as_deref(), Some("71"));
        assert_eq!(check(KEY, r#"{"meta":{"id":71}}"#), Err(Refusal::NoMatch));
        assert_eq!(check(&format!("Bearer {KEY}x"), r#"{"meta":{"id":71}}"#), Err(Refusal::NoMatch));
        assert_eq!(check(&format!("Bearer {KEY}"), "{}"), Err(Refusal::Missing("meta/id in the body".to_owned())));
    }

    #[test]
    fn keys_are_read_as_the_scheme_says() {
        for (text, form, told) in [
            ("short", KeyForm::Text, "a key has 8 to 1024 bytes"),
            ("a-key-of-the-sender\n", KeyForm::Text, "it begins or ends with a blank"),
            ("31323334353637", KeyForm::Hex, "a key has 8 to 1024 bytes"),
            ("3132333435363738x", KeyForm::Hex, "not hexadecimal"),
            ("whsec_MTIzNDU2Nzg=", KeyForm::Base64, "not base64"),
        ] {
            assert_eq!(WebhookKey::read(text, form).unwrap_err(), told, "{text}");
        }
        assert!(WebhookKey::read("MTIzNDU2Nzg=", KeyForm::Base64).is_ok());
        let error =
            crate::signature::keys("{\"keys\": [\"a-key-of-the-sender\", \"short\"]}", KeyForm::Text).unwrap_err();
        assert_eq!(error.to_string(), "keys[1]: a key has 8 to 1024 bytes");
    }
}
