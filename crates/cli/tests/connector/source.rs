//! `connector source` as a user runs it: sources behind a loopback server, from a file and out of reach.

mod world;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use ports::{Clock as _, SystemClock};
use serde_json::{Value, json};
use source_emulators::entra::Entra;

use self::world::{TENANT, World, closed, serve};
use crate::common::{Ran, change, example_export, run};

#[test]
fn a_source_is_shown_with_its_columns_its_persons_and_its_end() {
    let world = World::with_afas();
    let ran = world.test(&["afas"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    for told in [
        "Source afas, authoritative: gives persons",
        "the header authorization",
        "afas-source (token)",
        "users: 6 rows",
        "employments: 6 rows",
        "positions: 2 rows",
        "9999-99-99T99:99:99Z",
        "The first 5 of 6 persons",
        "\"familyName\": \"Vries\"",
        "complete",
        "has left (absence: leaver); this read proves who it is",
        "asks for everything, every 1h",
        "Nothing was written.",
    ] {
        assert!(ran.stdout.contains(told), "{told:?} is not in:\n{}", ran.stdout);
    }
    // Of a column that no person gets, nothing is told but its size.
    assert!(!ran.stdout.contains("Bakker, Anna"), "{}", ran.stdout);
    assert!(world.test(&["afas", "--values"]).stdout.contains("Bakker, Anna"));
}

#[test]
fn a_machine_reads_the_same() {
    let world = World::with_afas();
    let ran = world.test(&["afas", "--json", "--all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let tried = ran.json();
    let streams: Vec<_> =
        tried["streams"].as_array().unwrap().iter().map(|s| (s["name"].as_str(), s["rows"].as_u64())).collect();
    let expected = [("users", 6), ("employments", 6), ("positions", 2), ("units", 4)];
    assert_eq!(streams, expected.map(|(name, rows)| (Some(name), Some(rows))));
    let columns = tried["streams"][0]["columns"].as_array().unwrap();
    let column = |name: &str| columns.iter().find(|column| column["name"] == name).unwrap();
    assert_eq!((&column("Medewerker")["filled"], &column("Medewerker")["kinds"]), (&6.into(), &json!({ "text": 6 })));
    assert_eq!((&column("Voorvoegsel")["filled"], &column("Telefoonnr_werk")["filled"]), (&2.into(), &0.into()));
    assert_eq!((&column("InSite")["kinds"], &column("Medewerker")["size"]), (&json!({ "yesNo": 6 }), &json!([6, 6])));
    assert!(columns.iter().all(|column| column.get("example").is_none()), "{columns:?}");
    let records = &tried["records"];
    assert_eq!((&records["present"], &records["refused"]), (&6.into(), &0.into()));
    let shown = records["shown"].as_array().unwrap();
    assert_eq!(shown.len(), 6);
    let berg = shown.iter().find(|shown| shown["person"] == "100031").unwrap();
    assert_eq!(berg["content"]["contracts"].as_array().unwrap().len(), 2, "{berg}");
    let end = &tried["end"];
    assert_eq!(
        (&end["reached"], &end["absence"], &end["proof"]["absent"]),
        (&"complete".into(), &"leaver".into(), &"proven".into())
    );
    assert_eq!(end["next"], json!({ "changes": false, "everySeconds": 3600, "everythingSeconds": 86400 }));
    assert!(end["requests"].as_u64() >= Some(4), "{end}");
}

#[test]
fn accounts_are_shown_and_those_of_nobody_are_told() {
    let tenant = Entra::new(TENANT, "app", "Hush-hush", Arc::new(SystemClock));
    tenant.page(2);
    for (id, employee, kind) in [
        ("u1", Some("100001"), "Member"),
        ("u2", Some("100023"), "Member"),
        ("u3", None, "Member"),
        ("u4", None, "Guest"),
    ] {
        let mail = format!("{id}@example.test");
        tenant.put(id, json!({ "userPrincipalName": mail, "mail": mail, "accountEnabled": true, "employeeId": employee, "userType": kind }));
    }
    let address = serve(tenant, "graph.microsoft.com", "login.microsoftonline.com");
    let world = World::new();
    world.edit("entra", "base: https://graph.microsoft.com", &format!("base: http://{address}"));
    let token = "clientCredentials:\n    tokenUrl: ";
    world.edit("entra", &format!("{token}https://login.microsoftonline.com"), &format!("{token}http://{address}"));
    let ran = world.test(&["entra", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let tried = ran.json();
    assert_eq!((&tried["gives"], &tried["streams"][0]["rows"]), (&"accounts".into(), &4.into()));
    let records = &tried["records"];
    let counts = ["present", "unowned", "leftOut"].map(|name| records[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1], "{records}");
    assert_eq!(
        (&records["shown"][2]["person"], &records["shown"][2]["content"]["mail"]),
        (&Value::Null, &"u3@example.test".into())
    );
    assert_eq!(tried["end"]["next"], json!({ "changes": true, "everySeconds": 900, "everythingSeconds": 86400 }));
    let ran = world.test(&["entra"]);
    assert!(
        ran.stdout.contains("without a person's id") && ran.stdout.contains("asks for changes, every 15m"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("oauth2/v2.0/token, by client secret"), "{ran:?}");

    world.secrets(&json!({ "entra-source": { "clientId": "app", "clientSecret": "Hush-hush, wrong" } }));
    let ran = world.test(&["entra"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("FAILED") && ran.stdout.contains("the answer is 401 (invalid_client)"), "{ran:?}");
    assert!(ran.stdout.contains("look at clientId and clientSecret of secret entra-source"), "{ran:?}");
}

#[test]
fn a_wrong_key_is_told_with_where_to_look() {
    let world = World::with_afas();
    world.secrets(&json!({ "afas-source": { "token": "Hush-hush" } }));
    let ran = world.test(&["afas"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("FAILED: stream users, page 1: the source answers 401"), "{ran:?}");
    assert!(flat(&ran.stdout).contains("look at token of secret afas-source"), "{ran:?}");
    assert!(ran.stdout.contains("first answer"), "{ran:?}");
}

#[test]
fn a_missing_secret_is_told_with_its_fields() {
    let world = World::with_afas();
    world.secrets(&json!({ "other": {} }));
    let ran = world.test(&["afas"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(flat(&ran.stdout).contains("put it into secrets.yaml: `afas-source: { token: … }`"), "{ran:?}");
    let ran = run(world.folder.path(), &["source", "test", "afas", "--config", "config"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("--secrets FILE with `afas-source: { token: … }`"), "{ran:?}");
}

#[test]
fn nobody_waits_for_a_host_that_can_not_be_reached() {
    let world = World::new();
    let closed = closed();
    world.edit("afas", "https://${settings.environment}.afas.online", &format!("http://{closed}"));
    let begun = SystemClock.now();
    let ran = world.test(&["afas", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    // The reader would try four times, with seven seconds and more between.
    let took = SystemClock.now().duration_since(begun);
    assert!(took < SignedDuration::from_secs(5), "{took:?}");
    let end = &ran.json()["end"];
    assert_eq!(end["reached"], "failed");
    assert!(end["why"].as_str().unwrap().contains(&closed.to_string()), "{end}");
    assert!(end["whatToDo"].as_str().unwrap().contains("nothing listens there"), "{end}");

    let definition = format!(
        "active-directory:\n  secret: ad\n  servers: [ldaps://{closed}]\n  ca: |\n    {}\n  base: DC=example,DC=test\n",
        source_emulators::keys::CERTIFICATE.trim().replace('\n', "\n    ")
    );
    fs::write(world.config().join("sources/ad.yaml"), definition).unwrap();
    let source =
        "  - name: ad\n    role: dependent\n    activeDirectory: { definition: sources/ad.yaml }\n  - name: afas\n";
    change(&world.config().join("connector.yaml"), "  - name: afas\n", source);
    let ran = world.test(&["ad"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(flat(&ran.stdout).contains("put it into secrets.yaml: `ad: { bindDn: …, password: … }`"), "{ran:?}");
    world.secrets(&json!({ "ad": { "bindDn": "reader@example.test", "password": "Hush-hush" } }));
    let ran = world.test(&["ad"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("can't be reached") && ran.stdout.contains("nothing listens there"), "{ran:?}");
}

#[test]
fn a_misspelt_column_refuses_its_rows_and_the_right_one_is_found() {
    let world = World::with_afas();
    world.edit("afas", "email: row.Email_werk", "email: row.Emial_werk");
    let ran = world.test(&["afas", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let tried = ran.json();
    assert_eq!((&tried["records"]["present"], &tried["records"]["refused"]), (&0.into(), &6.into()));
    let expected = json!([{ "place": "contact.email", "reason": "there is no Emial_werk in row", "records": 6,
        "first": tried["records"]["refusals"][0]["first"], "perhaps": "Email_werk" }]);
    assert_eq!(tried["records"]["refusals"], expected);
    assert_eq!(tried["end"]["proof"], json!({ "absent": "notProven", "because": "it gave no record" }));
    let ran = world.test(&["afas"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(flat(&ran.stdout).contains("is it Email_werk?"), "{ran:?}");
}

#[test]
fn a_definition_that_can_not_be_used_is_told_by_its_place() {
    let world = World::new();
    world.edit("afas", "absence: leaver", "absence: leavr");
    let ran = world.test(&["afas"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("config/sources/afas.yaml:") && ran.stdout.is_empty(), "{ran:?}");
    let ran = run(world.folder.path(), &["source", "list", "--config", "config"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("config/sources/afas.yaml:"), "{ran:?}");

    let world = World::new();
    change(
        &world.config().join("connector.yaml"),
        "  - name: afas\n    role: authoritative",
        "  - name: afas\n    role: dependent",
    );
    let ran = world.test(&["afas"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("it gives persons, so source afas must be authoritative"), "{ran:?}");
}

#[test]
fn a_file_is_tried_as_it_would_be_imported() {
    let world = World::new();
    let file = "file: { definition: sources/exact-synergy.yaml";
    change(&world.config().join("connector.yaml"), file, &format!("{file}, absence: leaver"));
    let export = example_export();
    let export = export.to_str().unwrap();
    let ran = world.test(&["exact-synergy", "--file", export, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let tried = ran.json();
    assert_eq!(tried["streams"][0]["rows"], tried["records"]["present"]);
    let columns = tried["streams"][0]["columns"].as_array().unwrap();
    for name in ["Strooknummer", "Naam.Achternaam", "Afdeling[].Beroep"] {
        assert!(columns.iter().any(|column| column["name"] == name), "{name}: {columns:?}");
    }
    assert_eq!((&tried["end"]["reached"], &tried["end"]["proof"]["absent"]), (&"complete".into(), &"proven".into()));
    assert!(tried["end"]["next"]["everySeconds"].is_null(), "{tried}");

    let text = fs::read_to_string(export).unwrap();
    let cut = tempfile::NamedTempFile::new().unwrap();
    fs::write(cut.path(), &text[..text.len() / 2]).unwrap();
    let ran = world.test(&["exact-synergy", "--file", cut.path().to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("FAILED: it ends too early") && ran.stdout.contains("not by this read"), "{ran:?}");
    assert_eq!(world.test(&["exact-synergy", "--file", "nowhere.xml"]).code, 1);
}

#[test]
fn what_can_not_be_tried_is_wrong_use() {
    let world = World::new();
    for (arguments, told) in [
        (&["nobody"][..], "it has: exact-synergy, afas, exact-online, entra"),
        (&["hr"], "it has:"),
        (&["exact-synergy"], "--file FILE"),
        (&["afas", "--file", "export.xml"], "is not read from a file"),
        (&["exact-online"], "can't be tried outside of its stack"),
        (&["afas", "--all", "--records", "3"], "cannot be used with"),
    ] {
        let ran = world.test(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(told) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn the_sources_are_listed_with_what_they_need() {
    let world = World::new();
    let list = |arguments: &[&str]| list(world.folder.path(), arguments);
    let ran = list(&[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    for told in ["hr-webhook", "when brought", "when sent", "every 15m, everything every 24h", "sources/afas.yaml"] {
        assert!(ran.stdout.contains(told), "{told:?} is not in:\n{}", ran.stdout);
    }
    let sources = list(&["--json"]).json();
    let entra = sources["sources"].as_array().unwrap().iter().find(|source| source["name"] == "entra").unwrap();
    let expected = json!({ "name": "entra", "role": "dependent", "comesBy": ["HTTP"], "everySeconds": 900,
        "everythingSeconds": 86400, "definitions": ["sources/entra.yaml"], "secrets": ["entra-source"] });
    assert_eq!(entra, &expected);
}

fn list(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &[&["source", "list", "--config", "config"], arguments].concat())
}

/// Without the line breaks and blanks that a narrow terminal makes.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
