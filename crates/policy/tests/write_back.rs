//! The section `writeBack`: the documented example, what it gives for a person, and how wrong ones are answered.

#![cfg(test)]

use domain::account::{Applied, DesiredState};
use domain::{AccountStatus, AttributeValue, Cause, DesiredAccount, Person, UserField};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use policy::write_back::{AppliedUser, OnLeaving, WriteBack};
use policy::{Configuration, Problems};
use serde_json::json;

const REST: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
account:
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    Username: lower(nick) + '@example.com'
    Email: person.contact.email
    LastName: family
rules: [{ name: All, profile: Standard User }]
";
const TODAY: Date = date(2026, 6, 1);

fn example() -> String {
    let text = include_str!("../../../docs/WRITE-BACK.md");
    text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

fn parse(write_back: &str) -> Result<Configuration, Problems> {
    let files = [("rest.yaml", REST), ("writeback.yaml", write_back)];
    Configuration::parse(&files.map(|(name, text)| (name.to_owned(), text.to_owned())))
}

/// The example with something else in it.
fn with(from: &str, to: &str) -> Vec<String> {
    let text = example();
    assert!(text.contains(from), "{from}");
    match parse(&text.replacen(from, to, 1)) {
        Ok(configuration) => panic!("it is taken: {:?}", configuration.write_backs),
        Err(problems) => problems.0.iter().map(ToString::to_string).collect(),
    }
}

fn the_one(configuration: &Configuration) -> &WriteBack {
    assert_eq!(configuration.write_backs.len(), 1);
    &configuration.write_backs[0]
}

fn person() -> Person {
    let person = json!({ "id": "100023", "name": { "givenName": "Jan", "familyName": "Vries" },
        "contact": { "email": "jan@example.test" }, "contracts": [] });
    Person::from_json(&person).unwrap()
}

fn desired(version: u64) -> DesiredState {
    let value = |text: &str| AttributeValue::Value(Some(text.to_owned()));
    let candidates = AttributeValue::Candidates { values: vec!["jan@a".into(), "jan2@a".into()], follow: false };
    let attributes = [(UserField::Email, value(" jan@example.test ")), (UserField::Username, candidates)];
    let account = DesiredAccount {
        status: AccountStatus::Enabled,
        attributes: attributes.into(),
        ..DesiredAccount::unwanted("test")
    };
    DesiredState {
        person: person().id,
        version,
        account,
        cause: Cause::Operator,
        leaving_since: None,
        changes_on: None,
        policy: String::new(),
    }
}

fn applied(version: u64, active: Option<bool>) -> Applied {
    Applied {
        version,
        at: Timestamp::UNIX_EPOCH,
        active,
        username: Some("jan2@a".to_owned()),
        frozen: false,
        shut_by_hand: false,
        owned: [].into(),
    }
}

#[test]
fn without_the_section_nothing_is_written_back() {
    assert!(parse("").unwrap().write_backs.is_empty());
}

#[test]
fn the_documented_example_gives_what_was_applied() {
    let configuration = parse(&example()).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(configuration.warnings.is_empty(), "{:?}", configuration.warnings);
    let write_back = the_one(&configuration);
    assert_eq!((write_back.name.as_str(), write_back.on_leaving), ("afas", OnLeaving::Clear));
    assert_eq!(write_back.employee.as_ref().unwrap().columns["EmAd"], "Email_werk");
    let user = AppliedUser::of(&desired(3), &applied(3, Some(true)));
    let employee = write_back.employee_of(&configuration.policy, &person(), user.as_ref(), TODAY).unwrap().unwrap();
    assert_eq!((employee.key.as_str(), employee.fields["EmAd"].as_deref()), ("100023", Some("jan@example.test")));
    let record = write_back.user_of(&configuration.policy, &person(), user.as_ref(), TODAY).unwrap().unwrap();
    assert_eq!((record.key.as_str(), record.fields["Upn"].as_deref()), ("12345.100023", Some("jan2@a")));
}

#[test]
fn without_a_user_the_fields_are_empty() {
    let configuration = parse(&example()).unwrap();
    for user in [
        None,
        AppliedUser::of(&desired(3), &applied(3, None)),
        // What is applied is older than what is desired: the new values are not there yet.
        AppliedUser::of(&desired(4), &applied(3, Some(true))),
    ] {
        assert_eq!(user, None);
        let record = the_one(&configuration).user_of(&configuration.policy, &person(), None, TODAY).unwrap().unwrap();
        assert!(record.fields.values().all(Option::is_none), "{record:?}");
    }
}

#[test]
fn an_expression_that_fails_is_told_with_its_place_and_without_data() {
    let text = example().replace("user.Email, column: Email_werk }", "'person.custom.a.b.c[7]', column: Email_werk }");
    let configuration = parse(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut person = person();
    person.custom.insert("a".into(), json!("jan"));
    let problem = the_one(&configuration).employee_of(&configuration.policy, &person, None, TODAY).unwrap_err();
    assert!(problem.to_string().starts_with("writeback.yaml:12:"), "{problem}");
    assert!(!problem.to_string().contains("jan"), "{problem}");
}

#[test]
fn a_wrong_section_is_told_with_its_place() {
    for (from, to, told) in [
        ("name: afas", "name: AFAS", "writeback.yaml:2:11: error: not a valid source name"),
        ("system: afas", "system: afsa", "`afsa` is none of afas"),
        ("secret: afas-source", "secret: '#'", "is not a valid secret name"),
        ("https://", "http://", "an address as https://"),
        ("ProfitRestServices", "Profit?x=1", "an address as https://"),
        ("user.Email", "user.Emial", "Emial"),
        ("user.Email", "user.active", "the expression gives a bool, a text is needed here"),
        ("value: person.id", "value: \"'1'\"", "gives everybody the same record"),
        ("EmAd:", "BcCo:", "`BcCo` says which record is meant"),
        ("column: Medewerker", "column: 'Mede werker'", "a name of letters, digits and _"),
        ("T4E_HelloID_Users_v2", "../KnUser", "a name of letters, digits and _"),
        ("onLeaving: clear", "onLeaving: delete", "`delete` is none of clear, keep"),
        ("personNumber:", "person:", "there is no key `person` here"),
    ] {
        let problems = with(from, to);
        assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:#?}");
        assert!(problems.iter().all(|problem| problem.starts_with("writeback.yaml:")), "{problems:#?}");
    }
    let nothing = "writeBack: [{ name: a, system: afas, secret: a, address: 'https://x/y' }]";
    let problems = parse(nothing).unwrap_err().to_string();
    assert!(problems.contains("nothing is written: `employee`, `user` or both are needed"), "{problems}");
    let twice = format!("{}{}", example(), example().replace("writeBack:\n", ""));
    assert!(parse(&twice).unwrap_err().to_string().contains("there is another system `afas`"));
}

#[test]
fn the_fingerprint_follows_what_is_written_and_nothing_else() {
    let fingerprint = |from: &str, to: &str| {
        let text = example();
        assert!(text.contains(from));
        the_one(&parse(&text.replacen(from, to, 1)).unwrap()).fingerprint().to_owned()
    };
    let same = fingerprint("name: afas", "name: afas");
    assert_eq!(fingerprint("secret: afas-source", "secret: other"), same);
    assert_eq!(fingerprint("description: DisplayName", "description: Naam"), same);
    assert_ne!(fingerprint("user.Email", "lower(user.Email)"), same);
    assert_ne!(fingerprint("12345.rest", "12345.resttest"), same);
    assert_ne!(fingerprint("onLeaving: clear", "onLeaving: keep"), same);
    // Decisions about Salesforce do not rest on it.
    assert_eq!(parse(&example()).unwrap().fingerprint(), parse("").unwrap().fingerprint());
}

#[test]
fn every_key_is_documented() {
    let text = include_str!("../../../docs/WRITE-BACK.md");
    let schema = policy::schema();
    let definitions = ["WriteBack", "WrittenEmployee", "WrittenUser", "WrittenValue"];
    for definition in definitions {
        let keys = schema["$defs"][definition]["properties"].as_object().expect(definition);
        for key in keys.keys() {
            assert!(text.contains(&format!("{key}:")), "{key}");
        }
    }
}
