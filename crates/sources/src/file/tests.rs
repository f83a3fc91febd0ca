use std::io::Cursor;
use std::path::Path;

use jiff::civil::date;

use super::*;

const EXACT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/config/sources/exact-synergy.yaml"));
const EXAMPLE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/exact-synergy/example.xml"));

const CSV: &str = "
file: { format: csv }
person: { id: row.id, name: { familyName: row.name } }
contracts: { id: row.id, startDate: row.start }
";

fn definition(yaml: &str) -> Definition {
    Definition::parse("test.yaml", yaml).unwrap()
}

fn read(definition: &Definition, bytes: &[u8]) -> (Vec<Person>, Vec<Refused>, Completeness, bool) {
    let mut read = FileRead::open(definition, Cursor::new(bytes.to_vec())).unwrap();
    let (mut persons, mut refused) = (Vec::new(), Vec::new());
    assert!(!read.proves_absence() && !read.is_done());
    for outcome in &mut read {
        match outcome {
            Ok(person) => persons.push(person),
            Err(row) => refused.push(row),
        }
    }
    assert!(read.is_done());
    (persons, refused, read.completeness().clone(), read.proves_absence())
}

#[test]
fn a_reading_can_be_sent_between_threads() {
    fn sendable(_: &(impl Send + ?Sized)) {}
    let definition = definition(CSV);
    sendable(&FileRead::open(&definition, Cursor::new(b"id,name,start\n")).unwrap());
}

#[test]
fn the_exact_synergy_example_becomes_persons() {
    let (persons, refused, completeness, proof) = read(&definition(EXACT), EXAMPLE);
    assert_eq!((persons.len(), refused.len(), completeness, proof), (12, 0, Completeness::Complete, true));
    let by_id = |id: &str| persons.iter().find(|person| person.id.as_str() == id).unwrap();

    let amrani = by_id("1003");
    assert_eq!(amrani.name.display(), "Fatima El Amrani");
    assert_eq!(amrani.custom["taak2"], "BHV");
    assert!(amrani.custom["taak1"].is_null());
    assert_eq!(amrani.custom["OR_Functie"], true);
    let contracts: Vec<_> = amrani
        .contracts
        .iter()
        .map(|contract| {
            let department = contract.department.as_ref().unwrap().id.as_deref().unwrap();
            let manager = contract.manager.as_ref().unwrap().id.as_deref().unwrap();
            (contract.id.as_str(), contract.start_date, contract.end_date, department, manager)
        })
        .collect();
    let start = date(2019, 2, 1);
    assert_eq!(contracts, [("1003-1", start, None, "SAL", "1002"), ("1003-2", start, None, "SUP", "1002")]);
    let primary = domain::contract::primary(&amrani.contracts, date(2026, 1, 1)).unwrap();
    assert_eq!(primary.id, "1003-1");

    assert!(by_id("1001").contracts[0].manager.is_none());
    assert!(by_id("1001").contracts[0].custom["Datum_Functiewijziging"].is_null());
    assert_eq!(by_id("1009").contracts[0].end_date, Some(date(2025, 10, 31)));
    assert_eq!(by_id("1010").contracts[0].start_date, date(2035, 1, 1));
    let development = by_id("1007").contracts[0].department.as_ref().unwrap();
    assert_eq!(development.name.as_deref(), Some("Research & Development"));
    assert_eq!(by_id("1007").contracts[0].employer.as_ref().unwrap().name.as_deref(), Some("Voorbeeld Techniek BV"));
}

#[test]
fn the_recorded_export_of_630_people_is_read_whole() {
    let Ok(evidence) = std::env::var("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return;
    };
    let file = std::fs::File::open(Path::new(&evidence).join("exact-synergy/example.xml")).unwrap();
    let definition = definition(EXACT);
    let mut read = FileRead::open(&definition, file).unwrap();
    assert_eq!(read.rows(), 630);
    let persons: Vec<Person> = read.by_ref().map(Result::unwrap).collect();
    assert!(read.proves_absence());
    let several = persons.iter().filter(|person| person.contracts.len() > 1).count();
    let open_ended = persons.iter().filter(|person| person.contracts.iter().all(|c| c.end_date.is_none())).count();
    let contracts: usize = persons.iter().map(|person| person.contracts.len()).sum();
    assert_eq!((persons.len(), several, open_ended, contracts), (630, 122, 600, 869));
}

#[test]
fn a_file_cut_anywhere_never_proves_absence() {
    let definition = definition(EXACT);
    let whole = EXAMPLE.trim_ascii_end().len();
    for end in (4..whole).step_by(97).chain([whole - 1, whole - 5]) {
        let (persons, _, completeness, proof) = read(&definition, &EXAMPLE[..end]);
        assert!(!proof, "cut at {end}");
        assert!(persons.len() <= 12);
        assert!(
            matches!(completeness, Completeness::Incomplete(ReadError::Truncated { .. } | ReadError::Malformed { .. })),
            "cut at {end}: {completeness:?}"
        );
    }
    let cut = EXAMPLE.windows(12).position(|window| window == b"<Medewerker>").unwrap();
    assert!(read(&definition, &EXAMPLE[..cut]).0.is_empty());
    let (persons, _, completeness, _) = read(&definition, &EXAMPLE[..EXAMPLE.len() - 100]);
    assert_eq!(persons.len(), 11);
    assert!(
        matches!(completeness, Completeness::Incomplete(ReadError::Truncated { rows: 11, .. })),
        "{completeness:?}"
    );
}

#[test]
fn an_empty_export_proves_nothing() {
    let (persons, refused, completeness, proof) = read(&definition(EXACT), b"<JH></JH>");
    assert_eq!((persons.len(), refused.len(), completeness, proof), (0, 0, Completeness::Complete, false));
    assert!(!read(&definition(CSV), b"id,name,start\n").3);
    assert!(!read(&definition(EXACT), b"").3);
    let nobody = format!("{CSV}where: row.kind == 'nobody'\n");
    assert!(!read(&definition(&nobody), b"id,name,start,kind\n1,Vries,2026-01-01,staff\n").3);
}

#[test]
fn a_bad_row_stops_nobody_else() {
    let csv = b"id,name,start\n1,Vries,2026-01-01\n2,Berg,2026-02-30\n,Wit,2026-01-01\n4,Bos\n5,Hof,2026-01-01\n";
    let (persons, refused, completeness, proof) = read(&definition(CSV), csv);
    let ids: Vec<_> = persons.iter().map(|person| person.id.as_str()).collect();
    assert_eq!(ids, ["1", "5"]);
    let told: Vec<_> = refused
        .iter()
        .map(|refused| (refused.row, refused.record.as_ref().map(RecordId::as_str), refused.error.path.as_str()))
        .collect();
    assert_eq!(told, [(2, Some("2"), "contracts[0].startDate"), (3, None, "contracts[0]"), (4, None, ".")]);
    assert_eq!(completeness, Completeness::Complete);
    assert!(!proof, "two refused rows may be anybody's");
    assert!(!format!("{refused:?}").contains("02-30"), "the debug form holds no value");
}

#[test]
fn a_workbook_becomes_persons() {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    let xlsx = definition(&CSV.replace("format: csv", "format: xlsx, sheet: People"));
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("People").unwrap();
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (column, name) in [(0, "id"), (1, "name"), (2, "start")] {
        sheet.write_string(0, column, name).unwrap();
    }
    for (row, id) in [(1, 100_023), (2, 100_024), (3, 100_024)] {
        sheet.write_number(row, 0, id).unwrap();
        sheet.write_string(row, 1, "Vries").unwrap();
        sheet.write_datetime_with_format(row, 2, ExcelDateTime::from_ymd(2026, 1, 31).unwrap(), &day).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let (persons, refused, completeness, proof) = read(&xlsx, &bytes);
    assert_eq!((persons.len(), refused.len(), completeness, proof), (1, 2, Completeness::Complete, true));
    assert_eq!((persons[0].id.as_str(), persons[0].contracts[0].start_date), ("100023", date(2026, 1, 31)));
    let (persons, _, completeness, proof) = read(&xlsx, &bytes[..bytes.len() - 30]);
    assert!(persons.is_empty() && !proof);
    assert!(matches!(completeness, Completeness::Incomplete(ReadError::Truncated { .. })), "{completeness:?}");
}

#[test]
fn a_refused_row_whose_record_is_known_leaves_the_proof() {
    let csv = b"id,name,start\n1,Vries,2026-01-01\n2,Berg,2026-02-30\n";
    let (persons, refused, _, proof) = read(&definition(CSV), csv);
    assert_eq!((persons.len(), refused.len(), proof), (1, 1, true));
}

#[test]
fn an_id_that_comes_twice_is_refused_both_times() {
    let csv = b"id,name,start\n1,Vries,2026-01-01\n2,Berg,2026-01-01\n1,Fries,2026-01-01\n1,Fries,x\n";
    let (persons, refused, _, _) = read(&definition(CSV), csv);
    assert_eq!(persons.len(), 1);
    let rows: Vec<_> = refused.iter().map(|refused| refused.row).collect();
    assert_eq!(rows, [1, 3, 4]);
    assert_eq!(refused[0].to_string(), "row 1, record 1: id: another row has the same id");
}

#[test]
fn rows_left_out_are_no_duplicates() {
    let yaml = format!("{CSV}where: row.kind == 'employee'\n");
    let csv = b"id,name,start,kind\n1,Vries,2026-01-01,employee\n1,Vries,2020-01-01,intern\n2,Bos,x,intern\n";
    let (persons, refused, _, proof) = read(&definition(&yaml), csv);
    assert_eq!((persons.len(), refused.len(), proof), (1, 0, true));
}

/// A file that another process writes to between the two passes.
struct Rewritten {
    contents: Vec<&'static [u8]>,
    position: usize,
}

impl Read for Rewritten {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let content = &self.contents[0][self.position..];
        let n = content.len().min(buffer.len());
        buffer[..n].copy_from_slice(&content[..n]);
        self.position += n;
        Ok(n)
    }
}

impl Seek for Rewritten {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        self.contents.remove(0);
        self.position = 0;
        Ok(0)
    }
}

#[test]
fn a_file_that_changes_meanwhile_is_noticed() {
    let first = b"id,name,start\n1,Vries,2026-01-01\n2,Berg,2026-01-01\n";
    for (second, row) in [
        (&b"id,name,start\n1,Vries,2026-01-01\n"[..], 2),
        (b"id,name,start\n1,Vries,2026-01-01\n1,Berg,2026-01-01\n", 2),
        (b"id,name,start\n1,Vries,2026-01-01\n2,Berg,2026-01-01\n3,Bos,2026-01-01\n", 3),
    ] {
        let definition = definition(CSV);
        let file = Rewritten { contents: vec![first, second], position: 0 };
        let mut read = FileRead::open(&definition, file).unwrap();
        assert!(read.by_ref().all(|outcome| outcome.is_ok()));
        assert_eq!(*read.completeness(), Completeness::Incomplete(ReadError::Changed { row }));
        assert!(!read.proves_absence());
    }
}
