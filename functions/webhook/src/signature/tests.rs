mod independent;
mod presets;
mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use standardwebhooks::Webhook;

use super::*;

const ID_HEADER: &str = standardwebhooks::HEADER_WEBHOOK_ID;
const TIMESTAMP_HEADER: &str = standardwebhooks::HEADER_WEBHOOK_TIMESTAMP;
const SIGNATURE_HEADER: &str = standardwebhooks::HEADER_WEBHOOK_SIGNATURE;

// The vector that the standard publishes.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn keys(secrets: &[&str]) -> Vec<WebhookKey> {
    secrets.iter().map(|secret| WebhookKey::parse(secret).unwrap()).collect()
}

fn headers(id: &str, sent: &str, signature: &str) -> HeaderMap {
    [(ID_HEADER, id), (TIMESTAMP_HEADER, sent), (SIGNATURE_HEADER, signature)]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn published() -> HeaderMap {
    headers(ID, &SENT.to_string(), SIGNATURE)
}

#[test]
fn the_published_vector_is_verified() {
    let verified = verify(&keys(&[SECRET]), &published(), BODY, at(SENT)).unwrap();
    assert_eq!(verified, Verified { id: Some(ID.to_owned()) });
    assert!(verify(&keys(&[SECRET.strip_prefix("whsec_").unwrap()]), &published(), BODY, at(SENT)).is_ok());
    let error = verify(&keys(&[SECRET]), &published(), b"{\"test\": 2432232315}", at(SENT)).unwrap_err();
    assert_eq!(error, Refusal::NoMatch);
}

#[test]
fn a_third_partys_signatures_are_verified_and_ours_agree_with_it() {
    let signer = Webhook::new(OTHER).unwrap();
    for (id, body) in [("a", ""), ("msg_2", "{}"), ("\"q\"", "[\"ü\u{1F600}\"]"), ("x,y", "v1,")] {
        let signature = signer.sign(id, SENT, body.as_bytes()).unwrap();
        let headers = headers(id, &SENT.to_string(), &signature);
        assert!(verify(&keys(&[OTHER]), &headers, body.as_bytes(), at(SENT)).is_ok(), "{id}");
        assert_eq!(verify(&keys(&[SECRET]), &headers, body.as_bytes(), at(SENT)), Err(Refusal::NoMatch));
    }
}

#[test]
fn keys_and_signatures_can_be_rotated() {
    let both = format!("v1a,AAAA v1,AAAA v1 v2,{} {SIGNATURE}", &SIGNATURE[3..]);
    let headers = headers(ID, &SENT.to_string(), &both);
    assert!(verify(&keys(&[OTHER, SECRET]), &headers, BODY, at(SENT)).is_ok());
    assert_eq!(verify(&keys(&[OTHER]), &headers, BODY, at(SENT)), Err(Refusal::NoMatch));
    assert_eq!(verify(&[], &headers, BODY, at(SENT)), Err(Refusal::NoMatch));
}

#[test]
fn signatures_of_other_versions_or_forms_do_not_count() {
    let bare = &SIGNATURE[3..];
    for signature in [bare, "", "v1,", "v1", &format!("v2,{bare}"), &format!("v1,{}", bare.trim_end_matches('='))] {
        let headers = headers(ID, &SENT.to_string(), signature);
        assert_eq!(verify(&keys(&[SECRET]), &headers, BODY, at(SENT)), Err(Refusal::NoMatch), "{signature}");
    }
}

#[test]
fn five_minutes_either_way_are_tolerated() {
    let at_age = |age: i64| verify(&keys(&[SECRET]), &published(), BODY, at(SENT + age));
    assert!(at_age(300).is_ok());
    assert!(at_age(-300).is_ok());
    let what = || format!("header {TIMESTAMP_HEADER}");
    let tolerance = SignedDuration::from_mins(5);
    assert_eq!(at_age(301), Err(Refusal::TooOld { what: what(), tolerance }));
    assert_eq!(at_age(-301), Err(Refusal::TooEarly { what: what(), tolerance }));
    assert_eq!(at_age(301).unwrap_err().to_string(), "header webhook-timestamp is more than 5 minutes old");
}

#[test]
fn headers_must_be_there_once_and_well_formed() {
    let what = |header: &str| format!("header {header}");
    for header in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
        let mut without = published();
        without.remove(header);
        assert_eq!(verify(&keys(&[SECRET]), &without, BODY, at(SENT)), Err(Refusal::Missing(what(header))));
        let mut twice = published();
        twice.append(header, twice[header].clone());
        let error = verify(&keys(&[SECRET]), &twice, BODY, at(SENT)).unwrap_err();
        assert_eq!(error, Refusal::Malformed { what: what(header), rule: "it comes more than once" });
        let mut binary = published();
        binary.insert(header, HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(matches!(verify(&keys(&[SECRET]), &binary, BODY, at(SENT)), Err(Refusal::Malformed { .. })));
    }
    for id in ["", " ", "a.b", "a b", &"x".repeat(257)] {
        let headers = headers(id, &SENT.to_string(), SIGNATURE);
        let error = verify(&keys(&[SECRET]), &headers, BODY, at(SENT)).unwrap_err();
        assert!(matches!(&error, Refusal::Malformed { what: told, .. } if *told == what(ID_HEADER)), "{id}");
    }
    for sent in ["", "now", "-1614265330", "+1614265330", "1614265330.0", "1e9", "99999999999999999999"] {
        let error = verify(&keys(&[SECRET]), &headers(ID, sent, SIGNATURE), BODY, at(SENT)).unwrap_err();
        assert!(matches!(&error, Refusal::Malformed { what: told, .. } if *told == what(TIMESTAMP_HEADER)), "{sent}");
    }
}

#[test]
fn the_secret_is_read_strictly_and_never_printed() {
    assert_eq!(parse_keys(&format!("{{\"keys\": [\"{SECRET}\", \"{OTHER}\"]}}")).unwrap().len(), 2);
    let single = parse_keys(&format!("{{\"key\": \"{SECRET}\"}}")).unwrap();
    assert_eq!(format!("{single:?}"), "[WebhookKey([REDACTED])]");
    let short = BASE64.encode([0; 23]);
    for (secret, told) in [
        (String::new(), ".: not JSON"),
        (format!("{SECRET}}}"), ".: not JSON"),
        (format!("\"{SECRET}\""), ".: not an object"),
        ("{}".to_owned(), ".: it has neither key nor keys"),
        (format!("{{\"key\": \"{SECRET}\", \"keys\": []}}"), ".: it has both key and keys"),
        ("{\"keys\": []}".to_owned(), "keys: 1 to 10 keys"),
        (format!("{{\"keys\": \"{SECRET}\"}}"), "keys: not a list"),
        ("{\"key\": 7}".to_owned(), "key: not a text"),
        (format!("{{\"keys\": [\"{SECRET}\", \"whsec_?\"]}}"), "keys[1]: not base64 after an optional whsec_"),
        (format!("{{\"key\": \"whpk_{}\"}}", &SECRET[6..]), "key: not base64 after an optional whsec_"),
        (format!("{{\"key\": \"{short}\"}}"), "key: a key has 24 to 64 bytes"),
    ] {
        assert_eq!(parse_keys(&secret).unwrap_err().to_string(), told, "{secret}");
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed(
        id in "[!-\\-/-~]{1,40}", body in "\\PC{1,60}", part in 0usize..4, bit in any::<usize>(),
    ) {
        let sent = SENT.to_string();
        let signature = Webhook::new(OTHER).unwrap().sign(&id, SENT, body.as_bytes()).unwrap();
        let now = at(SENT);
        prop_assert!(verify(&keys(&[OTHER]), &headers(&id, &sent, &signature), body.as_bytes(), now).is_ok());
        let mut parts = [id.into_bytes(), sent.into_bytes(), signature.into_bytes(), body.into_bytes()];
        parts[part] = flipped(&parts[part], bit);
        let mut changed = HeaderMap::new();
        for (name, value) in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].into_iter().zip(&parts) {
            // A value that is no header value at all never reaches us.
            let Ok(value) = HeaderValue::from_bytes(value) else { return Ok(()) };
            changed.insert(name, value);
        }
        prop_assert!(verify(&keys(&[OTHER]), &changed, &parts[3], now).is_err());
    }
}
