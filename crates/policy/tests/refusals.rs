//! What a wrong configuration is answered with: every problem, each at its place.

#![cfg(test)]

use policy::{Configuration, Severity};

const CONNECTOR: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
  - { name: entra, role: dependent, webhook: { secret: entra-webhook } }
";
const ACCOUNT: &str = "\
account:
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    Username: lower(nick) + '@example.com'
    Email: person.accounts.entra.mail
    LastName: family
";
const RULES: &str = "rules: [{ name: All, profile: Standard User }]\n";

fn parse(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    match Configuration::parse(&files) {
        Ok(configuration) => configuration.warnings.iter().map(ToString::to_string).collect(),
        Err(problems) => {
            assert!(problems.errors().count() > 0, "refused without an error");
            assert_eq!(problems.errors().count() + problems.warnings().count(), problems.0.len());
            problems.0.iter().map(ToString::to_string).collect()
        }
    }
}

fn with_account(account: &str) -> Vec<String> {
    parse(&[("account.yaml", account), ("connector.yaml", CONNECTOR), ("rules.yaml", RULES)])
}

fn with_rules(rules: &str) -> Vec<String> {
    parse(&[("account.yaml", ACCOUNT), ("connector.yaml", CONNECTOR), ("rules.yaml", rules)])
}

fn with_connector(from: &str, to: &str) -> Vec<String> {
    assert!(CONNECTOR.contains(from));
    parse(&[("account.yaml", ACCOUNT), ("connector.yaml", &CONNECTOR.replace(from, to)), ("rules.yaml", RULES)])
}

#[test]
fn the_smallest_configuration_is_taken() {
    assert_eq!(with_account(ACCOUNT), Vec::<String>::new());
    assert_eq!(parse(&[("all.yaml", &[CONNECTOR, ACCOUNT, RULES].concat())]), Vec::<String>::new());
    assert_eq!(with_rules(""), Vec::<String>::new());
}

#[test]
fn all_problems_of_all_files_are_told_at_once() {
    let account = "\
account:
  when: person.contract.size() > 0
  create: { daysBeforeStart: many, daysAfterEnd: 3 }
  correlate: [FederationIdentifer]
  attributes:
    FederationIdentifier: person.id
    Username: { candidates: [], folow: true }
    Email: person.accounts.entra.mail + 1 +
    LastName: person.blocked
    Shoesize: '42'
accounts: {}
";
    let rules = "\
rules:
  - { name: Sales, when: contract.departmnt.id == 'SALES', profile: Standard User }
  - { name: Sales, when: contract.fte == '1', permissionSets: [A, A] }
  - name: Nothing
    when: |
      contract.fte > 0.5 &&
        person.id
  - { profile: 7 }
";
    let found =
        parse(&[("account.yaml", account), ("connector.yaml", "salesforce: { secret: ' ' }"), ("rules.yaml", rules)]);
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn keys_and_values_are_checked() {
    for (found, expected) in [
        (
            with_connector("timeZone: Europe/Amsterdam", "timeZone: Europe/Amsterdm"),
            "connector.yaml:1:27: error: `Europe/Amsterdm` is no time zone; an IANA name as Europe/Amsterdam is needed",
        ),
        (
            with_connector("secret: salesforce", "secret: salesforce, apiVersion: 66.0"),
            "connector.yaml:2:47: error: a text (in quotes) is needed here, not a number",
        ),
        (
            with_connector("secret: salesforce", "secret: salesforce, api: soap"),
            "connector.yaml:2:40: error: `soap` is none of scim, apex",
        ),
        (
            with_connector("secret: salesforce", "secret: salesforce, concurrentWrites: 400"),
            "connector.yaml:2:53: error: a number from 1 to 25 is needed here",
        ),
        (with_connector("name: entra", "name: hr"), "connector.yaml:5:13: error: there is another source `hr`"),
        (
            with_connector("name: entra", "name: Entra ID"),
            "connector.yaml:5:13: error: not a valid source name: 1 to 40 of a-z, 0-9 and -, the first a letter",
        ),
        (
            with_connector("role: authoritative", "role: dependent"),
            "connector.yaml:4:3: error: no source is authoritative: nobody would ever exist",
        ),
        (
            with_connector("webhook: { secret: entra-webhook }", "file: { definition: ../secret.yaml }"),
            "connector.yaml:5:57: error: there is no file `../secret.yaml` in the folder",
        ),
        (
            with_connector(", webhook: { secret: entra-webhook }", ""),
            "connector.yaml:5:5: error: a source has `webhook`, or one of `file`, `http` and `activeDirectory`, or both",
        ),
        (
            with_connector("salesforce: {", "organisation: { timeZone: UTC }\nsalesforce: {"),
            "connector.yaml:2:1: error: the key `organisation` is here twice, first in line 1",
        ),
        (with_connector("salesforce: { secret: salesforce }\n", ""), ".: error: no file has the key `salesforce`"),
        (with_connector("sources:\n", "sources: [\n"), "connector.yaml"),
        (with_rules("rules: {}"), "rules.yaml:1:8: error: a list is needed here, not a group of keys"),
        (with_rules("rules: [{ name: A }]"), "rules.yaml:1:9: error: the rule `A` gives nothing"),
        (with_rules("rules: [{ when: true }]"), "rules.yaml:1:9: error: the key `name` is missing"),
        (
            with_rules("rules: [{ name: A, profile: P, when: 'person.id' }]"),
            "rules.yaml:1:38: error: the expression gives a text, a bool is needed here",
        ),
        (with_rules(&format!("account: {{}}\n{RULES}")), "rules.yaml:1:10: error: the key `correlate` is missing"),
        (
            with_account(&ACCOUNT.replace("    LastName: family\n", "")),
            "account.yaml:4:5: error: `LastName` is missing; Salesforce demands it",
        ),
        (
            with_account(&ACCOUNT.replace("correlate: [FederationIdentifier]", "correlate: [Username]")),
            "account.yaml:2:14: error: FederationIdentifier or EmployeeNumber is needed: without such a key a create that is \
             repeated after a lost answer could make a second user",
        ),
        (
            with_account(&ACCOUNT.replace("FederationIdentifier]", "FederationIdentifier, EmployeeNumber]")),
            "account.yaml:2:37: error: `EmployeeNumber` has no value in `attributes`",
        ),
        (
            with_account(&ACCOUNT.replace("LastName: family", "LastName: { literal: x, value: family }")),
            "account.yaml:7:15: error: an attribute has exactly one of `value`, `literal` and `candidates`",
        ),
        (
            with_account(&ACCOUNT.replace("LastName: family", "LastName: { literal: x, required: true }")),
            "account.yaml:7:39: error: `required` stands only beside `value`",
        ),
        (
            with_account(
                &ACCOUNT.replace("LastName: family", "LastName: family\n    Alias: { literal: much-too-long }"),
            ),
            "account.yaml:8:23: error: 13 characters; Salesforce takes 8",
        ),
        (
            with_connector("sources:", "priority: { contact.emial: [hr], contact.phone: [nobody] }\nsources:"),
            "connector.yaml:3:13: error: `contact.emial`: it is none of name, contact.email",
        ),
        (
            with_connector("sources:", "priority: { contact.phone: [nobody] }\nsources:"),
            "connector.yaml:3:29: error: there is no source `nobody`",
        ),
        (
            with_account(&ACCOUNT.replace("LastName: family", "LastName: \"lower('x') + lookup('none', family)\"")),
            "account.yaml:7:36: error: there is no lookup table `none`",
        ),
    ] {
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected}\nnot in\n{}", found.join("\n"));
    }
}

#[test]
fn what_the_org_can_do_is_checked() {
    let salesforce = |more: &str| with_connector("secret: salesforce", &format!("secret: salesforce, {more}"));
    let account = |more: &str| with_account(&format!("{ACCOUNT}{more}\n"));
    for (found, expected) in [
        (
            with_rules("rules: [{ name: A, featureLicenses: [MarketingUser] }]"),
            "rules.yaml:1:38: error: `MarketingUser` is no feature licence; a field of the User object as UserPermissionsMarketingUser \
             is needed here",
        ),
        (
            with_rules("rules: [{ name: A, featureLicenses: [\"UserPermissions'User\"] }]"),
            "rules.yaml:1:38: error: `UserPermissions'User` is no feature licence",
        ),
        (with_rules("rules: [{ name: A, permissionSetGroups: [G, G] }]"), "rules.yaml:1:45: error: `G` is here twice"),
        (
            with_rules("rules: [{ name: A, queues: [Q], expires: contract.endDate }]"),
            "rules.yaml:1:42: error: only permission sets and permission set groups can expire, and the rule gives none",
        ),
        (
            with_rules("rules: [{ name: A, permissionSets: [P], expires: contract.fte }]"),
            "rules.yaml:1:50: error: the expression gives a number, a text is needed here",
        ),
        (
            with_rules("ownership: { profile: exact }"),
            "rules.yaml:1:23: error: only `own` has a meaning for profiles: a user always has exactly one",
        ),
        (with_rules("ownership: { profile: observe }"), "rules.yaml:1:23: error: only `own` has a meaning"),
        (
            with_rules("ownership: { role: add-only, groups: own }"),
            "rules.yaml:1:20: error: `add-only` is none of own, exact, addOnly, observe",
        ),
        (
            with_rules("drift: { entitlementsAdded: repair }"),
            "rules.yaml:1:29: error: what others give is theirs and stays; only where `ownership` says `exact`",
        ),
        (with_rules("drift: { shut: ignore }"), "rules.yaml:1:16: error: `ignore` is none of repair, report, accept"),
        (
            with_rules("drift: { opened: accept }"),
            "rules.yaml:1:18: warning: a leaver whose account somebody opens by hand keeps access",
        ),
        (
            account("  leaver: { freeze: 1d }"),
            "account.yaml:8:21: error: a leaver is shut out at once: only `immediately` is possible",
        ),
        (
            account("  leaver: { deactivate: 7 }"),
            "account.yaml:8:25: error: `immediately` or a number of days up to 9999, as `7d`, is needed here",
        ),
        (account("  leaver: { deactivate: -1d }"), "account.yaml:8:25: error: `immediately` or a number of days"),
        (
            account("  leaver: { deactivate: 8d, strip: 7d }"),
            "account.yaml:8:36: error: strip (7 days) comes before deactivate (8 days)",
        ),
        (account("  leaver: { deactivate: 40d }"), "account.yaml:8:25: error: strip (30 days) comes before deactivate"),
        (
            account("  links: { boss: person.id }"),
            "account.yaml:8:12: error: there is no key `boss` here (known: manager, delegatedApprover)",
        ),
        (
            account("  links: { manager: person.contracts }"),
            "account.yaml:8:21: error: the expression gives a list, a text is needed here",
        ),
        (
            account("    Title: { candidates: [nick], numbered: false }"),
            "account.yaml:8:44: error: `numbered` stands only beside `candidates`, of Username and CommunityNickname",
        ),
        (salesforce("usernameSuffix: uat"), "connector.yaml:2:51: error: an ending as `.uat` is needed here"),
        (salesforce("usernameSuffix: .u@t"), "connector.yaml:2:51: error: an ending as `.uat` is needed here"),
        (
            salesforce("protect: [admin]"),
            "connector.yaml:2:45: error: a user name, in the form of a mail address, is needed here",
        ),
        (salesforce("protect: [a@b.com, A@b.com]"), "connector.yaml:2:54: error: `A@b.com` is here twice"),
        (salesforce("apiBudget: { reserve: 0 }"), "connector.yaml:2:57: error: a number from 1 to 50 is needed here"),
        (
            salesforce("apiBudget: { bulkUntil: 96 }"),
            "connector.yaml:2:59: error: bulk work until 96 percent leaves no reserve of 5",
        ),
        (
            salesforce("welcomeMail: true"),
            "connector.yaml:2:48: warning: it has no effect: the write path `scim` leaves it to Salesforce",
        ),
    ] {
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected}\nnot in\n{}", found.join("\n"));
    }
}

#[test]
fn what_the_org_can_do_is_taken() {
    let connector = CONNECTOR.replace(
        "secret: salesforce",
        "secret: salesforce, api: apex, usernameSuffix: .uat, welcomeMail: true, protect: [Admin@example.com], \
         apiBudget: { bulkUntil: 60, reserve: 40 }",
    );
    let more = "ownership: { profile: own, queues: exact }\ndrift: { entitlementsAdded: repair, shut: report }\n";
    let files = [("a.yaml", connector.as_str()), ("b.yaml", ACCOUNT), ("c.yaml", RULES), ("d.yaml", more)];
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let configuration = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(configuration.warnings, []);
    let salesforce = &configuration.salesforce;
    assert_eq!((salesforce.api, salesforce.welcome_mail), (policy::Api::Apex, true));
    assert_eq!(salesforce.username_suffix.as_deref(), Some(".uat"));
    assert_eq!(salesforce.api_budget, policy::ApiBudget { bulk_until: 60, reserve: 40 });
    assert!(salesforce.protects("admin@EXAMPLE.com") && !salesforce.protects("other@example.com"));
    let answers = domain::DriftKind::ALL.map(|kind| configuration.drift.answer(kind));
    use policy::DriftAnswer::{Accept, Repair, Report};
    assert_eq!(answers, [Repair, Repair, Repair, Report, Repair, Accept]);
    assert_eq!(
        domain::DriftKind::ALL.map(|kind| policy::Drift::default().answer(kind)),
        [Repair, Repair, Report, Accept, Repair, Accept]
    );
}

#[test]
fn a_key_stands_in_one_file_only_and_rules_in_several() {
    let found = parse(&[
        ("a.yaml", CONNECTOR),
        ("b.yaml", ACCOUNT),
        ("c.yaml", "organisation: { timeZone: UTC }\nrules: [{ name: One, profile: P }]"),
        ("d.yaml", "rules: [{ name: Two, role: R }, { name: One, role: R }]"),
    ]);
    assert_eq!(
        found,
        [
            "c.yaml:1:15: error: `organisation` is in another file too: a.yaml:1:15",
            "d.yaml:1:41: error: there is another rule `One`"
        ]
    );
}

#[test]
fn warnings_do_not_refuse() {
    let weak = ACCOUNT
        .replace("[FederationIdentifier]", "[EmployeeNumber]")
        .replace("    FederationIdentifier:", "    EmployeeNumber:");
    assert_eq!(
        with_account(&weak),
        [
            "account.yaml:2:14: warning: EmployeeNumber is not unique in Salesforce; with FederationIdentifier no second user can arise"
        ]
    );
    let other = ACCOUNT.replace("accounts.entra", "accounts.okta");
    assert_eq!(
        with_account(&other),
        [
            "account.yaml:6:12: warning: no dependent source `okta` is configured; its account is there only if an authoritative record brings it"
        ]
    );
}

#[test]
fn the_fingerprint_follows_what_decides() {
    let fingerprint = |connector: &str, account: &str, rules: &str| {
        let files = [("a.yaml", connector), ("b.yaml", account), ("c.yaml", rules)];
        let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}")).fingerprint()
    };
    let base = fingerprint(CONNECTOR, ACCOUNT, RULES);
    assert_eq!(base.len(), 64);
    assert_eq!(
        fingerprint(&format!("# note\n{CONNECTOR}"), ACCOUNT, "rules:\n  - profile: Standard User\n    name: 'All'\n"),
        base
    );
    assert_eq!(fingerprint(&CONNECTOR.replace("hr-webhook", "hr-keys"), ACCOUNT, RULES), base);
    assert_ne!(fingerprint(CONNECTOR, ACCOUNT, "rules: [{ name: All, profile: Other }]"), base);
    assert_ne!(fingerprint(CONNECTOR, &ACCOUNT.replace("LastName: family", "LastName: display"), RULES), base);
    assert_ne!(fingerprint(&CONNECTOR.replace("Amsterdam", "Berlin"), ACCOUNT, RULES), base);
    assert_ne!(fingerprint(&CONNECTOR.replace("name: hr", "name: payroll"), ACCOUNT, RULES), base);
    let salesforce = |more: &str| {
        let connector = CONNECTOR.replace("secret: salesforce", &format!("secret: salesforce, {more}"));
        fingerprint(&connector, ACCOUNT, RULES)
    };
    assert_eq!(salesforce("api: apex, protect: [a@example.com], apiBudget: { reserve: 9 }, welcomeMail: false"), base);
    assert_ne!(salesforce("usernameSuffix: .uat"), base);
    assert_eq!(fingerprint(CONNECTOR, ACCOUNT, &format!("{RULES}drift: {{ shut: repair }}\n")), base);
    assert_ne!(fingerprint(CONNECTOR, ACCOUNT, &format!("{RULES}ownership: {{ role: observe }}\n")), base);
    assert_ne!(fingerprint(CONNECTOR, &format!("{ACCOUNT}  leaver: {{ strip: 60d }}\n"), RULES), base);
    assert_ne!(fingerprint(CONNECTOR, &format!("{ACCOUNT}  links: {{ manager: contract.manager.id }}\n"), RULES), base);
}

#[test]
fn a_folder_is_read_with_what_it_refers_to() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    std::fs::create_dir(dir.path().join("sources")).unwrap();
    write("sources/export.yaml", "format: csv\n");
    write(
        "connector.yaml",
        &CONNECTOR.replace("webhook: { secret: hr-webhook }", "file: { definition: sources/export.yaml }"),
    );
    write("account.yaml", ACCOUNT);
    write("rules.yaml", RULES);
    write("notes.txt", "not configuration");
    let configuration = policy::load(dir.path()).unwrap_or_else(|problems| panic!("{problems}"));
    let reading = configuration.sources[0].reading.as_ref().unwrap();
    let definition = policy::DefinitionFile { path: "sources/export.yaml".into(), text: "format: csv\n".into() };
    let file = policy::Readable::File { definition, path: None, object: None, absence: policy::Absence::Ignore };
    assert_eq!((&reading.what, &configuration.sources[0].webhook), (&file, &None));
    let missing = policy::load(&dir.path().join("nowhere")).unwrap_err();
    assert!(
        missing.0.iter().all(|finding| finding.severity == Severity::Error)
            && missing.to_string().starts_with(".: error: can't be read")
    );
}

#[test]
fn an_export_lies_at_one_place_that_can_be_named() {
    let said = |place: &str| {
        let source = CONNECTOR.replace(
            "webhook: { secret: hr-webhook }",
            &format!("file: {{ definition: sources/export.yaml, {place} }}"),
        );
        let files = [
            ("account.yaml", ACCOUNT),
            ("connector.yaml", &source),
            ("rules.yaml", RULES),
            ("sources/export.yaml", "format: csv\n"),
        ];
        parse(&files).join("\n")
    };
    assert_eq!(said("bucket: my-exports, key: hr/employees.csv"), "");
    for (place, complaint) in [
        ("bucket: my-exports", "connector.yaml:4:87: error: `bucket` needs `key`"),
        ("key: hr/employees.csv", "connector.yaml:4:84: error: `key` needs `bucket`"),
        ("path: a.csv, bucket: my-exports, key: a.csv", "connector.yaml:4:100: error: an export lies at `path`, or in"),
        ("bucket: My_Exports, key: a.csv", "connector.yaml:4:87: error: `My_Exports` is no bucket's name"),
        ("bucket: my-exports, key: ../a.csv", "connector.yaml:4:104: error: this key can't be used"),
    ] {
        let said = said(place);
        assert!(said.contains(complaint), "{place}: {said}");
    }
}

#[test]
fn expressions_that_fail_on_some_data_are_found_on_examples() {
    let files = [
        ("a.yaml", CONNECTOR.to_owned()),
        (
            "b.yaml",
            ACCOUNT.replace(
                "LastName: family",
                "LastName: family\n    Title: contract.custom.level + 'x'\n    Division: addDays(contract.id, 1)",
            ),
        ),
        ("c.yaml", "rules: [{ name: All, when: contract.custom.level > 3, profile: P }]".to_owned()),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    let configuration = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
    let person = serde_json::json!({ "id": "7", "name": { "familyName": "A" }, "contracts": [
        { "id": "1", "startDate": "2026-01-01", "custom": { "level": "high" } }, { "id": "2", "startDate": "2026-01-01", "custom": { "level": 4 } } ] });
    let examples = [
        policy::check::Example { name: "examples/a.json".into(), person },
        policy::check::Example { name: "examples/b.json".into(), person: serde_json::json!({ "id": "8" }) },
    ];
    let found: Vec<_> = policy::check::examples(&configuration, &examples, jiff::civil::date(2026, 6, 1))
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(found.join("\n"));
}
