//! Trying a configuration on persons: expressions that fail only on certain data are found before they meet it.

use std::path::Path;

use domain::{Merged, Person};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::configuration::Configuration;
use crate::decide::Earlier;
use crate::problems::{Finding, Place, Problems};
use crate::world::World;

/// A person to try the configuration on.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// For messages: the file's name.
    pub name: String,
    /// The canonical record.
    pub person: Value,
}

/// Reads `examples/*.json` of a configuration's folder, each one person or a list of persons; none when there is no such
/// folder.
///
/// # Errors
/// Files that can't be read or are no JSON.
pub fn read_examples(dir: &Path) -> Result<Vec<Example>, Problems> {
    let mut examples = Vec::new();
    let mut bad = Vec::new();
    let mut paths: Vec<_> = match std::fs::read_dir(dir.join("examples")) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    for path in paths {
        let name = format!("examples/{}", path.file_name().unwrap_or_default().to_string_lossy());
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())) {
            Ok(Value::Array(persons)) => {
                let named = persons.into_iter().enumerate();
                examples.extend(named.map(|(n, person)| Example { name: format!("{name} [{n}]"), person }));
            }
            Ok(person) => examples.push(Example { name, person }),
            Err(error) => bad.push(Finding::error(Place::file(&name), error)),
        }
    }
    if bad.is_empty() { Ok(examples) } else { Err(Problems(bad)) }
}

/// Evaluates every expression on the examples, and on persons with as little and as much data as there can be. Answers
/// each failure once, at its place, with the person that it was found with; and what stands in the way of an example's
/// account on `today`, as a warning.
pub fn examples(configuration: &Configuration, examples: &[Example], today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (example, given) in
        examples.iter().map(|e| (e, true)).chain(built_in(configuration, today).iter().map(|e| (e, false)))
    {
        match Person::from_json(&example.person) {
            Ok(person) => try_on(configuration, &person, &example.name, today, &mut findings),
            Err(error) => {
                findings.push(Finding::error(Place::file(&example.name), format!("no canonical person: {error}")));
                continue;
            }
        }
        if given {
            findings.extend(in_the_way(configuration, example, today));
        }
    }
    findings.sort();
    findings.dedup_by(|a, b| a.place == b.place && a.severity == b.severity && same_failure(&a.message, &b.message));
    findings
}

/// The same reason, found with another person.
fn same_failure(a: &str, b: &str) -> bool {
    let reason = |message: &'_ str| message.split(" (with ").next().unwrap_or_default().to_owned();
    reason(a) == reason(b)
}

/// Every expression, whether or not a rule or window would call for it.
fn try_on(configuration: &Configuration, person: &Person, name: &str, today: Date, findings: &mut Vec<Finding>) {
    let policy = &configuration.policy;
    findings.extend(configuration.joins.try_on(person, name, &policy.lookups));
    let world = World::new(person, today, &policy.lookups);
    let contracts = person.contracts.iter().map(Some).chain([None]);
    for scope in contracts.map(|contract| world.scope_of(contract)) {
        let conditions = policy.when.iter().chain(policy.rules.iter().filter_map(|rule| rule.when.as_ref()));
        let conditions = conditions.map(|code| (code, code.holds(&scope).err()));
        let texts = policy.attributes.values().flat_map(crate::policy::Attribute::code);
        let texts = texts.map(|code| (code, code.text(&scope).err()));
        for (code, error) in conditions.chain(texts) {
            if let Some(error) = error {
                findings.push(Finding::error(code.place_of(&error), format!("{} (with {name})", error.reason)));
            }
        }
        let dates = policy.rules.iter().filter_map(|rule| rule.expires.as_ref()?.date(&scope).err());
        let links = policy.links.values().filter_map(|code| code.person(&scope).err());
        for failure in dates.chain(links) {
            findings.push(Finding::error(failure.place, format!("{} (with {name})", failure.reason)));
        }
    }
}

fn in_the_way(configuration: &Configuration, example: &Example, today: Date) -> Vec<Finding> {
    let Ok(person) = Person::from_json(&example.person) else { return Vec::new() };
    let merged = Merged::Present { person: Box::new(person), ambiguous: Vec::new() };
    match configuration.policy.decide(&merged, Earlier::Unknown, today) {
        crate::Decision::Wait => Vec::new(),
        crate::Decision::Account { problems, .. } => {
            let others = problems.into_iter().filter(|problem| problem.code != "expression-failed");
            let finding = |problem: crate::Problem| {
                Finding::warning(Place::file(&example.name), format!("{}: {}", problem.code, problem.message))
            };
            others.map(finding).collect()
        }
    }
}

/// Persons with as little data as there can be, and with every canonical field.
fn built_in(configuration: &Configuration, today: Date) -> Vec<Example> {
    let reference = |id: &str| json!({ "id": id, "name": id, "managerId": "M" });
    let accounts: serde_json::Map<_, _> = configuration
        .sources
        .iter()
        .map(|source| {
            (
                source.name.to_string(),
                json!({ "mail": "a.b@example.com", "userPrincipalName": "a.b@example.com", "enabled": true }),
            )
        })
        .collect();
    let name = |name: &str| format!("the built-in person {name}");
    vec![
        Example {
            name: name("with id, name and an open contract alone"),
            person: json!({ "id": "1", "name": { "familyName": "A" }, "contracts": [{ "id": "1", "startDate": today }] }),
        },
        Example { name: name("without a contract"), person: json!({ "id": "1", "name": { "givenName": "A" } }) },
        Example {
            name: name("whose name is in another script"),
            person: json!({ "id": "1", "name": { "familyName": "山田", "nickName": "😀" }, "contracts": [{ "id": "1", "startDate": today }] }),
        },
        Example {
            name: name("with everything"),
            person: json!({
                "id": "1",
                "name": { "givenName": "A", "nickName": "A", "initials": "A.", "familyName": "B", "familyNamePrefix": "de",
                          "partnerName": "C", "partnerNamePrefix": "van", "convention": "BP" },
                "contact": { "email": "a.b@example.com", "phone": "+31 20 0000000", "mobilePhone": "+31 6 00000000" },
                "contracts": [{ "id": "1", "startDate": today, "endDate": "9000-01-01", "type": "permanent", "fte": 0.5,
                    "hoursPerWeek": 20, "percentage": 50, "sequence": 1, "department": reference("D"),
                    "title": reference("T"), "location": reference("L"), "costCenter": reference("C"),
                    "employer": reference("E"), "manager": reference("M") }],
                "accounts": accounts
            }),
        },
    ]
}
