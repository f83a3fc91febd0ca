use crate::{Definition, HttpSource, schema};

const GOOD: &str = "
settings: { company: example }
connection:
  base: https://${settings.company}.hr.test/api
  retry: { codes: [429] }
auth:
  secret: hr
  headers: [{ name: X-Key, field: key }]
streams:
  - name: people
    get: people
    query: { fields: 'id,name' }
    rows: data/people
    key: [id]
    paging: { by: offset, parameter: skip, sizeParameter: take, size: 10 }
    total: data/total
  - name: jobs
    post: jobs/search
    body: { open: true, company: '${settings.company}' }
    rows: jobs
join:
  rows: people
  with:
    - { name: jobs, stream: jobs, of: id, key: person, as: list }
absence: hold
person:
  id: row.id
  name: { familyName: row.name }
contracts:
  each: row.jobs
  id: item.id
  startDate: { value: item.start, date: milliseconds }
";

const SHIPPED: [(&str, &str); 8] = [
    ("afas", include_str!("../../../../../infra/config/sources/afas.yaml")),
    ("bamboohr", include_str!("../../../../../infra/config/sources/bamboohr.yaml")),
    ("entra", include_str!("../../../../../infra/config/sources/entra.yaml")),
    ("entra-groups", include_str!("../../../../../infra/config/sources/entra-groups.yaml")),
    ("entra-people", include_str!("../../../../../infra/config/sources/entra-people.yaml")),
    ("exact-online", include_str!("../../../../../infra/config/sources/exact-online.yaml")),
    ("exact-synergy-rest", include_str!("../../../../../infra/config/sources/exact-synergy-rest.yaml")),
    ("personio", include_str!("../../../../../infra/config/sources/personio.yaml")),
];

fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    let problems = Definition::parse("s.yaml", &GOOD.replacen(from, to, 1)).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn definitions_are_read_and_the_schema_takes_them() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, yaml) in SHIPPED.into_iter().chain([("good", GOOD)]) {
        let source = HttpSource::parse(name, yaml);
        assert!(source.is_ok(), "{name}: {source:?}");
        let errors: Vec<_> = validator
            .iter_errors(&serde_saphyr::from_str(yaml).unwrap())
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    assert!(!validator.is_valid(&serde_saphyr::from_str(&GOOD.replace("absence: hold", "absence: maybe")).unwrap()));
    assert!(!validator.is_valid(&serde_saphyr::from_str(&GOOD.replace("by: offset", "by: offsets")).unwrap()));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let mut other = Vec::new();
    for (from, to, told) in [
        ("https://${settings.company}.hr.test", "http://hr.test", "s.yaml:4:9: an https address is needed here"),
        ("https://${settings.company}", "https://u:p@x", "s.yaml:4:9: an https address is needed here"),
        ("${settings.company}.hr", "${settings.firm}.hr", "s.yaml:4:9: in ${…} at 1:9: "),
        ("${settings.company}.hr", "${settings.company.hr", "s.yaml:4:9: a `${` is not closed"),
        (
            "auth:\n  secret: hr\n  headers: [{ name: X-Key, field: key }]\n",
            "",
            "s.yaml:4:3: a source over HTTP needs auth",
        ),
        ("secret: hr", "secret: 'h r'", "s.yaml:7:11: not a valid secret name"),
        ("X-Key", "'X Key'", "s.yaml:8:13: `X Key` can't be a header's name"),
        ("  headers: [{ name: X-Key, field: key }]\n", "", "s.yaml:7:3: auth has headers, or exactly one of"),
        (
            "headers:",
            "basic: { userField: u }\n  headers:",
            "s.yaml:8:10: basic has exactly one of password and passwordField",
        ),
        ("headers:", "token: x\n  headers:", "s.yaml:8:3: unknown field `token`"),
        ("get: people", "get: /people", "s.yaml:11:10: a path stands below the base"),
        ("get: people", "get: people/../x", "s.yaml:11:10: a path stands below the base"),
        ("get: people", "get: 'people?x=1'", "s.yaml:11:10: a path stands below the base"),
        ("get: people", "get: 'people/${item.id}'", "s.yaml:11:10: in ${…} at 1:1: "),
        ("get: people", "get: people\n    post: people", "s.yaml:10:5: a stream has exactly one of get and post"),
        ("get: people", "get: people\n    body: { a: 1 }", "s.yaml:12:11: a get has no body"),
        ("rows: data/people", "rows: data//people", "s.yaml:13:11: a place is names of members"),
        ("rows: data/people", "format: csv", "s.yaml:10:5: total is read from a JSON document"),
        ("    key: [id]\n", "", "s.yaml:21:9: this stream needs a key of one part"),
        (", size: 10", "", "s.yaml:15:13: size is missing"),
        ("parameter: skip, ", "", "s.yaml:15:13: parameter is missing"),
        ("size: 10", "size: 10, fromLink: x", "s.yaml:15:13: fromLink is not a setting of paging by Offset"),
        ("key: [id]", "key: ['${settings.id}']", "s.yaml:14:11: there is no `id` in settings"),
        ("row.name", "'row.${settings.name}'", "s.yaml:28:23: there is no `name` in settings"),
        ("by: offset", "by: link", "s.yaml:15:13: parameter is not a setting of paging by Link"),
        (
            "size: 10",
            "size: 10, overlap: true, stop: total, more: x",
            "s.yaml:15:13: paging has at most one of stop, more and pages",
        ),
        ("size: 10", "size: 10, in: body", "s.yaml:15:13: only a post has a body"),
        ("- name: jobs", "- name: people", "s.yaml:17:11: another stream has the same name"),
        ("rows: people", "rows: persons", "s.yaml:22:9: there is no stream `persons`"),
        ("stream: jobs", "stream: job", "s.yaml:24:29: there is no stream `job`"),
        ("of: id, ", "", "s.yaml:24:7: of and key are needed"),
        ("as: list", "as: each", "s.yaml:24:7: as: each multiplies"),
        ("as: list", "as: list, in: x", "s.yaml:24:"),
        ("absence: hold\n", "", "s.yaml:4:3: a source over HTTP needs absence"),
        (
            "absence: hold",
            "absence: hold\nincremental: { since: { query: { a: '${since}' } } }",
            "s.yaml:26:14: a source with lists joined to its rows is read whole",
        ),
        (
            "absence: hold",
            "absence: hold\nfile: { format: jsonl }",
            "s.yaml:26:7: a definition has either file or connection",
        ),
        (
            "contracts:",
            "account: { person: row.id, fields: {} }\ncontracts:",
            "s.yaml:27:3: a definition has either person or account",
        ),
        ("date: milliseconds", "date: millis", "s.yaml:32:14: date is a pattern"),
        ("open: true, company: '${settings.company}'", "x: '${settings.firm}'", "s.yaml:19:11: in ${…} at 1:9: "),
    ] {
        let problems = problems(from, to);
        if !problems[0].starts_with(told) {
            other.push(format!("{to}: {problems:?}"));
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
}

#[test]
fn a_file_is_no_source_over_http_and_the_other_way_round() {
    let file = "file: { format: jsonl }\nperson: { id: row.id, name: { familyName: row.name } }\n";
    assert!(HttpSource::parse("s.yaml", file).unwrap_err()[0].reason.contains("reads a file"));
    let told = Definition::parse("s.yaml", &format!("{file}absence: hold\n")).unwrap_err();
    assert_eq!(told[0].to_string(), "s.yaml:3:10: absence is not a setting of a file");
    let source = Definition::parse("s.yaml", GOOD).unwrap();
    let error = crate::FileRead::open(&source, std::io::Cursor::new(b"")).err().unwrap();
    assert!(error.to_string().contains("over HTTP"));
    let neither = "person: { id: row.id, name: { familyName: row.name } }\n";
    assert!(Definition::parse("s.yaml", neither).unwrap_err()[0].reason.contains("missing field `file`"));
}
