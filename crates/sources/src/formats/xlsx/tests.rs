use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook, Worksheet};
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::super::{Format, MAX_ROW_BYTES, ReadError, rows};
use super::*;

fn format(sheet: Option<&str>, header: u32) -> Format {
    Format::Xlsx { sheet: sheet.map(str::to_owned), header }
}

fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

/// A sheet with these cells as texts, empty ones left out.
fn texts(rows: &[&[&str]]) -> Vec<u8> {
    workbook(|sheet| {
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
    })
}

fn all(format: &Format, bytes: &[u8]) -> Result<Vec<Result<Value, String>>, ReadError> {
    rows(format, Cursor::new(bytes)).map(|row| row.map(|row| row.content.map_err(|error| error.reason))).collect()
}

fn malformed(bytes: &[u8]) -> String {
    match all(&format(None, 1), bytes) {
        Err(ReadError::Malformed { rows: 0, reason } | ReadError::Truncated { rows: 0, reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// The workbook with a part written anew.
fn with_part(bytes: &[u8], name: &str, change: impl Fn(String) -> Vec<u8>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut changed = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..archive.len() {
        let mut part = archive.by_index(number).unwrap();
        let part_name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        if part_name == name {
            content = change(String::from_utf8(content).unwrap());
        }
        changed.start_file(part_name, SimpleFileOptions::default()).unwrap();
        changed.write_all(&content).unwrap();
    }
    changed.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[test]
fn cells_become_what_a_person_sees() {
    let bytes = workbook(|sheet| {
        for (column, name) in (0..).zip([" id ", "name", "start", "fte", "blocked", "seen", "hours", "note"]) {
            sheet.write_string(0, column, name).unwrap();
        }
        let shown = |text: &str| CellFormat::new().set_num_format(text);
        let moment = ExcelDateTime::parse_from_str("2026-06-01 08:30:00").unwrap();
        sheet.write_number(1, 0, 100_023.0).unwrap();
        sheet.write_string(1, 1, "  Jan de Vries ").unwrap();
        sheet
            .write_datetime_with_format(1, 2, ExcelDateTime::from_ymd(2024, 2, 29).unwrap(), &shown("dd-mm-yyyy"))
            .unwrap();
        sheet.write_number(1, 3, 0.8).unwrap();
        sheet.write_boolean(1, 4, true).unwrap();
        sheet.write_datetime_with_format(1, 5, &moment, &shown("yyyy-mm-dd hh:mm")).unwrap();
        sheet.write_number_with_format(1, 6, 1.5, &shown("[h]:mm")).unwrap();
        sheet.write_formula(1, 7, Formula::new("=A2").set_result("100023")).unwrap();
        // A blank row between two, and an id stored as text.
        sheet.write_string(3, 0, "100024").unwrap();
        sheet.write_string(3, 1, "Piet").unwrap();
        sheet.write_blank(3, 2, &shown("dd-mm-yyyy")).unwrap();
        sheet.write_string(3, 7, "   ").unwrap();
    });
    assert_eq!(
        all(&format(None, 1), &bytes).unwrap(),
        [
            Ok(json!({ "id": "100023", "name": "Jan de Vries", "start": "2024-02-29", "fte": "0.8", "blocked": true,
                "seen": "2026-06-01T08:30:00", "hours": "36:00:00", "note": "100023" })),
            Ok(json!({ "id": "100024", "name": "Piet", "start": null, "fte": null, "blocked": null, "seen": null,
                "hours": null, "note": null })),
        ]
    );
}

#[test]
fn the_sheet_and_its_header_row_are_found() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Old").unwrap().set_hidden(true).write_string(0, 0, "x").unwrap();
    let sheet = workbook.add_worksheet().set_name("People").unwrap();
    sheet.set_active(true).write_string(0, 1, "Export of people").unwrap();
    for (row, column, text) in [(2, 1, "id"), (2, 2, "name"), (3, 1, "1"), (3, 2, "A"), (900_000, 1, "2")] {
        sheet.write_string(row, column, text).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    for sheet in [None, Some("People")] {
        let rows = all(&format(sheet, 3), &bytes).unwrap();
        assert_eq!(rows, [Ok(json!({ "id": "1", "name": "A" })), Ok(json!({ "id": "2", "name": null }))]);
    }
    assert_eq!(all(&format(Some("Old"), 1), &bytes).unwrap(), []);
    let none = ReadError::Malformed { rows: 0, reason: "it has no sheet named people".to_owned() };
    assert_eq!(all(&format(Some("people"), 1), &bytes).unwrap_err(), none);
}

#[test]
fn a_cell_that_can_not_be_used_refuses_its_row_and_names_its_place() {
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "id").unwrap();
        sheet.write_string(0, 1, "end").unwrap();
        for (row, formula) in
            [(1, Formula::new("=1/0").set_result("#DIV/0!")), (2, Formula::new("=A1").set_result("ok"))]
        {
            sheet.write_formula(row, 1, formula).unwrap();
        }
        sheet.write_string(3, 1, "fine").unwrap();
        sheet.write_string(3, 3, "a remark").unwrap();
        sheet.write_number(4, 0, 1e17).unwrap();
        sheet.write_string(5, 0, "6").unwrap();
    });
    let bytes = with_part(&bytes, SHEET, |sheet| {
        let error = sheet.replace("<c r=\"B2\" t=\"str\"><f>1/0</f>", "<c r=\"B2\" t=\"e\"><f>1/0</f>");
        error.replace("<f>A1</f><v>ok</v>", "<f>A1</f>").into_bytes()
    });
    assert_eq!(
        all(&format(None, 1), &bytes).unwrap(),
        [
            Err("cell B2 holds the error #DIV/0!".to_owned()),
            Err("cell B3 holds a formula without its result; open and save it in Excel".to_owned()),
            Err("cell D4 stands under no header".to_owned()),
            Err("cell A5 holds a number with more digits than Excel keeps; it must be stored as text".to_owned()),
            Ok(json!({ "id": "6", "end": null })),
        ]
    );
}

#[test]
fn a_header_that_leaves_doubt_is_refused() {
    for (rows, told) in [
        (&[&["id", "id"][..], &["1"]][..], "two columns are named id"),
        (&[&["id", "", "name"], &["1"]], "the header has an empty cell, B1, among its names"),
        (&[&[""], &["id", "name"]], "there is no header in row 1"),
        (&[], "there is no header in row 1"),
    ] {
        assert_eq!(malformed(&texts(rows)), told);
    }
    assert_eq!(all(&format(None, 1), &texts(&[&["id"]])).unwrap(), []);
}

#[test]
fn what_is_no_whole_workbook_is_told() {
    let whole = texts(&[&["id", "name"], &["1", "A"], &["2", "B"]]);
    for end in (0..whole.len()).step_by(61) {
        let error = all(&format(None, 1), &whole[..end]).unwrap_err();
        assert!(matches!(error, ReadError::Truncated { rows: 0, .. }), "cut at {end}: {error:?}");
    }
    assert_eq!(malformed(b"id;name\n1;A\n"), "it is no XLSX workbook");
    assert_eq!(
        malformed(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "it is protected by a password, or of Excel's older format"
    );
    let mut other = ZipWriter::new(Cursor::new(Vec::new()));
    other.start_file("note.txt", SimpleFileOptions::default()).unwrap();
    assert_eq!(
        malformed(&other.finish().unwrap().into_inner()),
        "it is no workbook, a part that it must have is missing"
    );
    let cut = |sheet: &str| with_part(&whole, SHEET, |part| part.as_bytes()[..part.find(sheet).unwrap()].to_vec());
    assert_eq!(malformed(&cut("<row r=\"3\"")), "a part of it ends before sheetData is closed");
    assert_eq!(malformed(&cut("=\"A2\"")), "a part of it is no XML");
    let swapped = with_part(&whole, SHEET, |sheet| {
        sheet
            .replace("<row r=\"3\"", "<row r=\"1\"")
            .replace("\"A3\"", "\"A1\"")
            .replace("\"B3\"", "\"B1\"")
            .into_bytes()
    });
    assert_eq!(malformed(&swapped), "row 1 comes after row 2");
    // A damaged byte in the middle of a part.
    let mut damaged = whole.clone();
    let at = whole.windows(SHEET.len()).position(|window| window == SHEET.as_bytes()).unwrap() + SHEET.len() + 40;
    damaged[at] ^= 0x55;
    assert!(malformed(&damaged).contains("damaged"), "{}", malformed(&damaged));
}

#[test]
fn what_would_fill_the_memory_is_refused_before() {
    let whole = texts(&[&["id", "name"], &["1", "A"]]);
    let bomb = with_part(&whole, "docProps/app.xml", |_| vec![b' '; 300 * 1024 * 1024]);
    assert!(bomb.len() < 2_000_000);
    assert_eq!(malformed(&bomb), "it unpacks to more than 256 megabytes");
    let promising = with_part(&whole, "xl/sharedStrings.xml", |texts| {
        texts.replace("uniqueCount=\"4\"", "uniqueCount=\"99999999999999\"").into_bytes()
    });
    assert_eq!(malformed(&promising), "it says that it holds more texts than it can");
    let long = "x".repeat(30_000);
    let wide = workbook(|sheet| {
        for column in 0..200 {
            sheet.write_number(0, column, column).unwrap();
            sheet.write_string(1, column, &*long).unwrap();
        }
    });
    assert!(wide.len() < MAX_ROW_BYTES / 10);
    assert_eq!(all(&format(None, 1), &wide).unwrap_err(), ReadError::RowTooLarge { row: 1 });
    let far = with_part(&whole, SHEET, |sheet| sheet.replace("\"A2\"", "\"XFE2\"").into_bytes());
    assert!(all(&format(None, 1), &far).is_err());
    let endless = rows(&format(None, 1), std::io::repeat(b'P')).next().unwrap().unwrap_err();
    assert!(endless.to_string().contains("larger than 64 megabytes"), "{endless}");
}

#[test]
fn a_place_that_makes_no_sense_ends_the_reading_and_nothing_else() {
    let whole = texts(&[&["id"], &["1"]]);
    let strange = with_part(&whole, SHEET, |sheet| sheet.replace("ref=\"A1:A2\"", "ref=\"B9:A1\"").into_bytes());
    // The library's own arithmetic fails on it in some builds; a sheet's word for its size is never needed.
    let read = all(&format(None, 1), &strange);
    assert!(read == Ok(vec![Ok(json!({ "id": "1" }))]) || matches!(read, Err(ReadError::Malformed { .. })), "{read:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_breaks_the_reader(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = texts(&[&["id", "name"], &["1", "A"]]);
        let place = at.index(bytes.len());
        bytes[place] = byte;
        let _ = all(&format(None, 1), &bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _ = all(&format(None, 1), &bytes);
    }

    #[test]
    fn no_sheet_breaks_the_reader(sheet in proptest::collection::vec(prop_oneof![
        Just("<row r=\"2\">"), Just("<row>"), Just("</row>"), Just("<c r=\"A2\">"), Just("<c r=\"B1\" t=\"s\">"), Just("<c t=\"e\">"),
        Just("<c t=\"d\">"), Just("<c s=\"99\">"), Just("</c>"), Just("<v>0</v>"), Just("<v>#REF!</v>"), Just("<v/>"), Just("<f t=\"shared\" si=\"9\"/>"),
        Just("<f t=\"shared\" ref=\"B2:A1\" si=\"9\">A1</f>"), Just("<is><t>x</t></is>"), Just("<is>"), Just("&x;"), Just("<c r=\"9\">"), Just("<c r=\"ZZZZZZZZZ99999999999\">"),
    ], 0..30)) {
        let bytes = texts(&[&["id", "name"], &["1", "A"]]);
        let bytes = with_part(&bytes, SHEET, |whole| {
            let (before, rest) = whole.split_once("<sheetData>").unwrap();
            let (_, after) = rest.split_once("</sheetData>").unwrap();
            format!("{before}<sheetData>{}</sheetData>{after}", sheet.concat()).into_bytes()
        });
        let read: Vec<_> = rows(&format(None, 1), Cursor::new(&bytes)).collect();
        prop_assert!(read.iter().filter(|row| row.is_err()).count() <= 1);
    }

    #[test]
    fn texts_survive(values in proptest::collection::vec("[^\\p{C}\\p{Z}]([^\\p{C}]{0,8}[^\\p{C}\\p{Z}])?", 1..5)) {
        let mut sheet = vec![vec!["n"]];
        sheet.extend(values.iter().map(|value| vec![value.as_str()]));
        let sheet: Vec<&[&str]> = sheet.iter().map(Vec::as_slice).collect();
        let expected: Vec<_> = values.iter().map(|value| Ok(json!({ "n": value }))).collect();
        prop_assert_eq!(all(&format(None, 1), &texts(&sheet)).unwrap(), expected);
    }
}
