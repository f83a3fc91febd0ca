use encoding_rs::WINDOWS_1252;

use super::*;

const GOOD: &str = "
file: { format: csv, delimiter: ';', encoding: latin1 }
person:
  id: row.id
  name: { familyName: row.name }
contracts:
  id: row.id
  startDate: { value: row.start, date: '%d-%m-%Y' }
  sequence: 1
";

const EXACT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/config/sources/exact-synergy.yaml"));

fn problems(yaml: &str) -> Vec<String> {
    Definition::parse("s.yaml", yaml).unwrap_err().iter().map(ToString::to_string).collect()
}

fn problem(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let problems = problems(&GOOD.replacen(from, to, 1));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}

#[test]
fn a_definition_is_read() {
    let format = |file: &str| {
        let yaml = GOOD.replacen("{ format: csv, delimiter: ';', encoding: latin1 }", file, 1);
        match Definition::parse("s.yaml", &yaml).unwrap().input {
            Input::File { format, .. } => format,
            Input::Http(_) => panic!("a file is read"),
        }
    };
    let expected = Format::Csv { delimiter: b';', encoding: Some(WINDOWS_1252) };
    assert_eq!(format("{ format: csv, delimiter: ';', encoding: latin1 }"), expected);
    assert_eq!(format("{ format: jsonl }"), Format::JsonLines);
    let json = Format::Json { rows: vec!["data".into(), "people".into()] };
    assert_eq!(format("{ format: json, rows: data/people }"), json);
    let xml = Format::Xml { rows: vec!["R".into(), "P".into()], repeated: vec![vec!["a".into(), "b".into()]] };
    assert_eq!(format("{ format: xml, rows: R/P, repeated: [a/b] }"), xml);
    assert_eq!(format("{ format: xlsx }"), Format::Xlsx { sheet: None, header: 1 });
    let xlsx = Format::Xlsx { sheet: Some("People".into()), header: 3 };
    assert_eq!(format("{ format: xlsx, sheet: People, header: 3 }"), xlsx);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (from, to, told) in [
        ("person:", "persons:", "s.yaml:3:1: unknown field `persons`"),
        ("familyName:", "surname:", "s.yaml:5:11: unknown field `surname`"),
        ("date:", "dates:", "s.yaml:8:34: unknown field `dates`"),
        ("  id: row.id\n  name", "  name", "s.yaml:4:3: missing field `id`"),
        ("format: csv", "format: tsv", "s.yaml:2:17: unknown variant `tsv`"),
        ("row.name", "row.name +", "s.yaml:5:23: in the expression at 1:11: "),
        ("row.name", "raw.name", "s.yaml:5:23: in the expression at 1:1: "),
        ("row.name", "item.name", "s.yaml:5:23: in the expression at 1:1: "),
        ("row.name", "uper(row.name)", "s.yaml:5:23: in the expression at 1:5: there is no function `uper`"),
        ("row.name", "", "s.yaml:5:"),
        ("row.start", "true", "s.yaml:8:14: a text is needed, the expression gives a bool"),
        ("sequence: 1", "each: '1'", "s.yaml:9:9: a list is needed, the expression gives a number"),
        ("row.name", "{ value: row.name, date: '%Y' }", "s.yaml:5:23: date is for startDate and endDate"),
        ("';'", "';;'", "s.yaml:2:33: delimiter must be one ASCII character"),
        ("';'", "'\"'", "s.yaml:2:33: delimiter must be one ASCII character"),
        ("latin1", "klingon", "s.yaml:2:48: unknown encoding"),
        ("delimiter: ';'", "repeated: [a]", "s.yaml:2:32: repeated is not a setting of csv"),
        ("delimiter: ';'", "sheet: A", "s.yaml:2:29: sheet is not a setting of csv"),
        ("csv, delimiter: ';', encoding: latin1", "xlsx, rows: a", "s.yaml:2:29: rows is not a setting of xlsx"),
        ("csv, delimiter: ';', encoding: latin1", "xlsx, header: 0", "s.yaml:2:31: header must be at least 1"),
        ("csv, delimiter: ';', encoding: latin1", "xml", "s.yaml:2:7: rows must name the elements"),
        ("csv, delimiter: ';', encoding: latin1", "xml, rows: JH", "s.yaml:2:28: rows must name the elements"),
        ("contracts:", "where: \"'x'\"\ncontracts:", "s.yaml:6:8: a bool is needed"),
        ("person:", "- person:", "s.yaml:"),
        ("  name:", "  id: row.id\n  name:", "s.yaml:5:3: duplicate mapping key: id"),
    ] {
        let problem = problem(from, to);
        assert!(problem.starts_with(told), "{to}: {problem}");
        assert!(!problem.contains("at line"), "the place is told once: {problem}");
    }
}

#[test]
fn every_wrong_expression_is_told_at_once() {
    let yaml =
        GOOD.replace("row.name", "raw.name").replace("csv, delimiter", "jsonl, delimiter").replace("row.start", "1 +");
    let places: Vec<_> = Definition::parse("s.yaml", &yaml)
        .unwrap_err()
        .into_iter()
        .map(|problem| (problem.line, problem.reason.split(' ').next().unwrap_or_default().to_owned()))
        .collect();
    assert_eq!(places, [(2, "delimiter".into()), (2, "encoding".into()), (5, "in".into()), (8, "in".into())]);
}

#[test]
fn a_field_with_nothing_behind_it_is_refused() {
    let told = problem("  sequence: 1", "  endDate:");
    assert!(told.starts_with("s.yaml:9:"), "{told}");
}

#[test]
fn the_schema_takes_what_is_taken_and_refuses_what_is_refused() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let valid = |yaml: &str| validator.is_valid(&serde_saphyr::from_str(yaml).unwrap());
    assert!(valid(GOOD));
    assert!(valid(EXACT));
    for (from, to) in [
        ("person:", "persons:"),
        ("familyName:", "surname:"),
        ("date:", "dates:"),
        ("format: csv", "format: tsv"),
        ("  id: row.id\n  name", "  name"),
        ("  sequence: 1", "  endDate:"),
    ] {
        assert!(!valid(&GOOD.replacen(from, to, 1)), "{to}");
    }
}

#[test]
fn the_shipped_definitions_are_right() {
    assert!(Definition::parse("exact-synergy.yaml", EXACT).is_ok());
}
