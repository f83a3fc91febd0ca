use super::*;
use crate::{Configuration, Severity};

/// What is found wrong with a webhook; its first line is line 6 of the file.
fn found(source: &str, webhook: &str) -> Vec<String> {
    let webhook = webhook.replace('\n', "\n      ");
    let text = format!(
        "organisation: {{ timeZone: UTC }}\nsalesforce: {{ secret: salesforce }}\nsources:\n  - name: hr\n    \
         role: authoritative\n    webhook:\n      {webhook}\n    {source}\naccount:\n  correlate: [EmployeeNumber, \
         FederationIdentifier]\n  attributes: {{ FederationIdentifier: person.id, EmployeeNumber: person.id, Username: \
         \"nick + '@example.com'\", Email: person.contact.email, LastName: family }}\n"
    );
    let files = [("c.yaml", text.as_str()), ("sources/hr.yaml", "file: {}\n")];
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let findings = match Configuration::parse(&files) {
        Ok(configuration) => configuration.warnings,
        Err(problems) => problems.0,
    };
    let told = |finding: crate::Finding| {
        let severity = if finding.severity == Severity::Error { "" } else { "warning: " };
        let (line, column) = (i64::from(finding.place.line) - 6, i64::from(finding.place.column) - 6);
        format!("{line}:{column} {severity}{}", finding.message)
    };
    findings.into_iter().map(told).collect()
}

fn own(scheme: &str) -> Vec<String> {
    found("", &format!("secret: k\nscheme:\n  {}", scheme.replace('\n', "\n  ")))
}

const SIGNED: &str = "hmac: { header: X-S, algorithm: sha256, encoding: hex, signed: '{body}' }";

#[test]
fn presets_and_schemes_are_taken() {
    assert_eq!(found("", "secret: k"), Vec::<String>::new());
    assert_eq!(found("", "secret: k\npreset: standard"), Vec::<String>::new());
    let read = "http: { definition: sources/hr.yaml }";
    for name in preset_names() {
        assert_eq!(found(read, &format!("secret: k\npreset: {name}")), Vec::<String>::new(), "{name}");
        let foreign = found("", &format!("secret: k\npreset: {name}"));
        assert_eq!(foreign.is_empty(), name == STANDARD, "{name}: {foreign:?}");
    }
    let timed = "secret: k\ndefinition: sources/hr.yaml\npreset: bamboohr";
    assert_eq!(found("", timed), Vec::<String>::new());
    for scheme in [
        SIGNED,
        "basic: true",
        "token: { header: X-T, prefix: 'Bearer ' }\ncontent: form",
        "token: { body: value/*/state }",
        "hmac: { header: S, prefix: v1=, separator: ',', algorithm: sha512, encoding: base64url, signed: 'v0:{timestamp}:{body}', key: hex }\n\
         timestamp: { header: S, prefix: t=, separator: ',', form: milliseconds, tolerance: 10m }\nid: { body: meta/id }",
    ] {
        assert_eq!(own(scheme), Vec::<String>::new(), "{scheme}");
    }
}

#[test]
fn the_parts_of_a_preset_are_what_its_page_says() {
    let standard = preset(STANDARD).unwrap();
    assert!(standard.covers_body() && standard.covers_id() && standard.tells_old());
    let exact = preset("exact-online").unwrap();
    assert!(!exact.covers_body() && !exact.tells_old() && exact.handshake.empty);
    let graph = preset("graph").unwrap();
    let path = ["value", "*", "clientState"].map(str::to_owned).to_vec();
    let state = RequestValue { within: Within::Body(path), prefix: String::new(), separator: None };
    assert_eq!(graph.proof, Proof::Token(state));
    assert_eq!(preset("workday"), None);
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let hmac = |inner: &str| own(&format!("hmac: {{ algorithm: sha256, encoding: hex, {inner} }}"));
    let starts = |found: Vec<String>, expected: &str| {
        assert!(found.iter().any(|found| found.starts_with(expected)), "{expected}\n{found:?}");
    };
    starts(found("", "secret: k\npreset: bambohr"), "2:9 `bambohr` is none of standard, ");
    starts(found("", &format!("secret: k\npreset: deel\nscheme: {{ {SIGNED} }}")), "3:9 a webhook has only one of");
    starts(found("", "secret: k\npreset: deel"), "2:9 what `deel` sends holds no canonical events");
    let twice = "secret: k\ndefinition: sources/hr.yaml\npreset: deel";
    starts(found("http: { definition: sources/hr.yaml }", twice), "2:13 the source is read");
    starts(found("file: { definition: sources/hr.yaml }", "secret: k\npreset: deel"), "2:9 the webhook says that");
    starts(found("", "secret: k\ndefinition: hr.yaml"), "2:13 there is no file `hr.yaml`");
    starts(found("", "secret: k\ndefinition: sources/hr.yaml\npreset: exact-online"), "2:13 not all of the body");
    starts(found("", "secret: k\ndefinition: sources/hr.yaml\npreset: merge"), "2:13 warning: a body has neither");
    starts(own(&format!("{SIGNED}\nbasic: true")), "3:3 a scheme has exactly one of");
    starts(own("basic: false"), "3:3 a scheme has exactly one of");
    starts(own("timestamp: { header: A, form: iso }"), "3:3 a scheme has exactly one of");
    starts(hmac("signed: '{body}'"), "3:9 exactly one of `header` and `body`");
    starts(hmac("header: A, body: b, signed: '{body}'"), "3:9 exactly one of `header` and `body`");
    starts(hmac("header: 'A:', signed: '{body}'"), "3:53 the name of a header");
    starts(hmac("body: a//b, signed: '{body}'"), "3:51 a place is names of members");
    starts(hmac("body: 'a/*', signed: '{body}'"), "3:51 only a token may stand in several");
    starts(hmac("header: A, separator: ', ', signed: '{body}'"), "3:67 one character");
    starts(hmac("header: A, signed: '{timestamp}'"), "3:64 neither {body} nor a part of it");
    starts(hmac("header: A, signed: '{body}{timestamp}'"), "3:64 {timestamp} is signed, but there is no");
    starts(hmac("header: A, signed: '{bdy}'"), "3:64 {bdy} is none of");
    starts(hmac("header: A, signed: '{body'"), "3:64 a { is not closed");
    starts(hmac("header: A, signed: '{url}{body}'"), "3:3 the signed text holds {url}");
    starts(found("", "secret: k\nurl: https://a.example/x"), "2:6 `url` is no part of what is signed");
    starts(found("", "secret: k\nurl: http://a.example/x"), "2:6 an address is needed here");
    let ids = "hmac: { header: A, algorithm: sha256, encoding: hex, signed: '{id}{timestamp}{body}' }\nid: { header: I }\n\
               timestamp: { header: T, form: seconds }";
    starts(own(ids), "3:64 between two parts of the signed text");
    starts(
        own(&format!("{SIGNED}\ntimestamp: {{ header: T, form: iso, tolerance: 5m }}")),
        "4:49 the time is not signed",
    );
    starts(own("basic: true\ntimestamp: { body: t, form: iso, tolerance: 5m }"), "4:47 the time is not signed");
    starts(own(&format!("{SIGNED}\ntimestamp: {{ body: t, form: iso, tolerance: 2h }}")), "4:47 1h is the most");
    starts(own("basic: true\nhandshake: {}"), "4:14 a handshake has at least one of");
    starts(own("basic: true\nhandshake: { empty: false }"), "4:23 only true has a meaning");
    starts(own("token: { body: a/b }\ncontent: form"), "3:18 a form's fields have no members");
}

#[test]
fn the_signed_text_is_read_in_its_parts() {
    use SignedPart::{Body, Id, Member, Text, Timestamp, Url};
    let read = |text: &str| signed::parse(text, Content::Json);
    let dot = || Text(".".to_owned());
    assert_eq!(read("{id}.{timestamp}.{body}"), Ok(vec![Id, dot(), Timestamp, dot(), Body]));
    assert_eq!(read("POST{url}{body}"), Ok(vec![Text("POST".to_owned()), Url, Body]));
    assert_eq!(read("{body/a/b}"), Ok(vec![Member(vec!["a".to_owned(), "b".to_owned()])]));
    for wrong in ["", "x", "{}", "{body/}", "{body/*}", "{id}{timestamp}.{body}", "{body}{id}{timestamp}"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    for wrong in ["{timestamp}{body}", "{body/a}", "{url}.{body}"] {
        assert!(signed::parse(wrong, Content::Form).is_err(), "{wrong}");
    }
    assert!(signed::parse("{timestamp}.{body}", Content::Form).is_ok());
}

/// Every example in docs/WEBHOOKS.md is one that works, and every preset is in its tables.
#[test]
fn the_documented_examples_are_taken() {
    let text = include_str!("../../../../../docs/WEBHOOKS.md");
    let blocks: Vec<_> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        let rest = "organisation: { timeZone: UTC }\nsalesforce: { secret: salesforce }\naccount:\n  correlate: \
                    [FederationIdentifier]\n  attributes: { FederationIdentifier: person.id, Username: \"nick + \
                    '@example.com'\", Email: person.contact.email, LastName: family }\n";
        let files =
            ["bamboohr", "hr", "planning"].map(|name| (format!("sources/{name}.yaml"), "file: {}\n".to_owned()));
        let files = [vec![("c.yaml".to_owned(), format!("{rest}{block}"))], files.to_vec()].concat();
        let configuration = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(configuration.warnings.is_empty(), "{:?}", configuration.warnings);
    }
    for name in preset_names() {
        assert!(text.contains(&format!("\n| `{name}` | ")), "{name}");
    }
}
