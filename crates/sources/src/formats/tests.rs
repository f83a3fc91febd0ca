use std::io::Cursor;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn xml(path: &str, repeated: &[&str]) -> Format {
    let names = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    Format::Xml { rows: names(path), repeated: repeated.iter().map(|path| names(path)).collect() }
}

fn csv() -> Format {
    Format::Csv { delimiter: b';', encoding: None }
}

fn json_at(path: &[&str]) -> Format {
    Format::Json { rows: path.iter().map(|&name| name.to_owned()).collect() }
}

fn all(format: &Format, bytes: impl AsRef<[u8]>) -> Result<Vec<Result<Value, String>>, ReadError> {
    rows(format, Cursor::new(bytes.as_ref().to_vec()))
        .map(|row| row.map(|row| row.content.map_err(|error| error.reason)))
        .collect()
}

fn values(format: &Format, bytes: impl AsRef<[u8]>) -> Vec<Value> {
    all(format, bytes).unwrap().into_iter().map(Result::unwrap).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn xml_elements_become_objects_lists_texts_and_nulls() {
    let document = "\u{feff}<?xml version='1.0'?><!-- people --><r><head><x/></head>
        <p nr=' 7 ' empty=''> <n > Jan &amp; <![CDATA[<Piet>]]>&#233; </n><e/><f></f><a>1</a><a/><b><c>2</c></b>
        <g k='v'>t</g></p> between <p/><p x='1'/></r>  <!-- end -->";
    let format = xml("r/p", &["b/c", "d", "b/d"]);
    assert_eq!(
        values(&format, document),
        [
            json!({ "@nr": "7", "@empty": null, "n": "Jan & <Piet>é", "e": null, "f": null, "a": ["1", null],
                    "b": { "c": ["2"], "d": [] }, "g": { "@k": "v", "#text": "t" }, "d": [] }),
            json!({ "d": [] }),
            json!({ "@x": "1", "d": [] }),
        ]
    );
}

#[test]
fn xml_is_read_in_its_encoding() {
    let format = xml("r/p", &[]);
    let expected = [json!({ "n": "Müller" })];
    let document =
        |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><r><p><n>Müller</n></p></r>");
    let latin: Vec<u8> = document("ISO-8859-1").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(values(&format, latin), expected);
    assert_eq!(values(&format, document("UTF-8")), expected);
    assert_eq!(values(&format, utf16(&document("UTF-16"))), expected);
    assert_eq!(values(&format, utf16(&format!("\u{feff}{}", document("UTF-16")))), expected);
    assert_eq!(values(&format, document("utf-16")), expected, "a wrong declaration of a text that is plainly UTF-8");
    let unknown = all(&format, document("klingon")).unwrap_err();
    assert_eq!(unknown, ReadError::Malformed { rows: 0, reason: "unknown encoding klingon".to_owned() });
    let not_utf8 = all(&format, b"<r><p><n>M\xfcller</n></p></r>").unwrap_err();
    assert!(matches!(not_utf8, ReadError::Malformed { rows: 0, .. }), "{not_utf8}");
}

#[test]
fn xml_that_stops_early_or_is_another_document_is_an_error() {
    let format = xml("r/p", &[]);
    for cut in
        ["", "  ", "<r>", "<r><p>", "<r><p><n>1</n></p>", "<r><p/><p", "<r><p a='", "<r><!-- ", "<r><p><![CDATA["]
    {
        let error = all(&format, cut).unwrap_err();
        assert!(matches!(error, ReadError::Truncated { .. }), "{cut}: {error:?}");
    }
    for wrong in [
        "<html><p/></html>",
        "<r/><r/>",
        "<r></q>",
        "<r><p></r>",
        "<r/>text",
        "<!DOCTYPE r [<!ENTITY x 'y'>]><r/>",
        "<r><p><!DOCTYPE q></p></r>",
        &format!("<r>{}", "<x>".repeat(40)),
        "Service unavailable",
    ] {
        let error = all(&format, wrong).unwrap_err();
        assert!(matches!(error, ReadError::Malformed { .. }), "{wrong}: {error:?}");
    }
    assert_eq!(all(&format, "<r/>").unwrap(), []);
}

#[test]
fn a_fault_inside_an_xml_row_refuses_that_row() {
    let format = xml("r/p", &[]);
    let deep = format!("<p>{}{}</p>", "<x>".repeat(40), "</x>".repeat(40));
    let many: String = (0..300).map(|n| format!(" a{n}=''")).collect();
    let document = format!(
        "<r><p>&lol;</p><p>&#xD800;</p><p>&#0;</p><p a='1' a='2'/>{deep}<p{many}/><p a='&x;'/><p><n>ok</n></p></r>"
    );
    let rows = all(&format, document).unwrap();
    assert!(rows[..7].iter().all(Result::is_err), "{rows:?}");
    assert_eq!(rows[0], Err("it refers to an entity that is not declared".to_owned()));
    assert_eq!(rows[7..], [Ok(json!({ "n": "ok" }))]);
}

#[test]
fn csv_lines_become_objects_of_the_header() {
    let document = "\u{feff}id; name ;note\r\n1;\" Jan; \"\"de\"\" \n Vries\";\r\n\r\n2;Piet;x\r\n3;Bos\r\n4;a;b\r\n";
    let rows = all(&csv(), document).unwrap();
    assert_eq!(rows[0], Ok(json!({ "id": "1", "name": "Jan; \"de\" \n Vries", "note": null })));
    assert_eq!(rows[1], Ok(json!({ "id": "2", "name": "Piet", "note": "x" })));
    assert_eq!(rows[2], Err("it has 2 values, the header has 3 columns".to_owned()));
    assert_eq!(rows.len(), 4);
    let latin = Format::Csv { delimiter: b',', encoding: Encoding::for_label(b"latin1") };
    assert_eq!(values(&latin, b"n\nM\xfcller\n"), [json!({ "n": "Müller" })]);
    assert_eq!(values(&latin, "\u{feff}n\nMüller\n"), [json!({ "n": "Müller" })]);
    assert_eq!(values(&csv(), utf16("\u{feff}n\nMüller\n")), [json!({ "n": "Müller" })]);
    let not_utf8 = all(&csv(), b"n\nM\xfcller\nBos\n").unwrap();
    assert_eq!(not_utf8, [Err("the value of column n is not UTF-8".to_owned()), Ok(json!({ "n": "Bos" }))]);
}

#[test]
fn csv_without_a_proper_end_or_header_is_an_error() {
    for cut in ["", "id;name", "id;name\n1;Vr", "id;name\n1;\"Vries\n2;Berg\n", "id;name\r\n1;\"Vries\r\n2;Berg\r\n"] {
        let error = all(&csv(), cut).unwrap_err();
        assert!(matches!(error, ReadError::Truncated { .. }), "{cut}: {error:?}");
    }
    for whole in ["id;name\n1;\"Vries\n\"\n", "id;name\r\n1;\"Vries\r\n\"\r\n", "id;name\n1;Vries\n"] {
        assert_eq!(all(&csv(), whole).unwrap().len(), 1, "{whole}");
    }
    assert!(matches!(all(&csv(), "id;id\n"), Err(ReadError::Malformed { rows: 0, .. })));
    assert!(matches!(all(&csv(), "id;;name\n"), Err(ReadError::Malformed { rows: 0, .. })));
    assert_eq!(all(&csv(), "id;name\n").unwrap(), []);
}

#[test]
fn a_json_array_is_found_and_the_whole_document_read() {
    let document =
        "\u{feff}{\"count\": 2, \"data\": {\"people\": [{\"id\": 1, \"fte\": 0.5}, 7, {\"id\": \"2\"}], \"x\": {}}}\n";
    let rows = all(&json_at(&["data", "people"]), document).unwrap();
    assert_eq!(rows, [Ok(json!({ "id": 1, "fte": 0.5 })), Err("it is no object".to_owned()), Ok(json!({ "id": "2" }))]);
    assert_eq!(values(&json_at(&[]), "[{}]"), [json!({})]);
    for cut in ["", "{", "[", "[{}", "[{},", "{\"data\": {\"people\": [{}]", "{\"data\": {\"people\": [{}]}"] {
        let path: &[&str] = if cut.starts_with('[') || cut.is_empty() { &[] } else { &["data", "people"] };
        let error = all(&json_at(path), cut).unwrap_err();
        assert!(matches!(error, ReadError::Truncated { .. }), "{cut}: {error:?}");
    }
    for wrong in ["{}", "{\"data\": []}", "{\"data\": {\"people\": {}}}", "{\"data\":{\"people\":[]}} x", "<html>"] {
        let error = all(&json_at(&["data", "people"]), wrong).unwrap_err();
        assert!(matches!(error, ReadError::Malformed { .. }), "{wrong}: {error:?}");
    }
    for wrong in ["[{},]", "[{} {}]", "[{\"a\":\"\\ud800\"}]", "[{\"a\":\"\\ud800", "[\"\u{1}\"]"] {
        assert!(all(&json_at(&[]), wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_json_but_no_value_refuses_its_row_alone() {
    let document = "[{\"id\":1e999},{\"id\":123456789012345678901234567890},{\"id\":3}]";
    let rows = all(&json_at(&[]), document).unwrap();
    assert!(rows[0].as_ref().unwrap_err().starts_with("it can't be used: number out of range"), "{rows:?}");
    assert_eq!((rows[1].is_ok(), &rows[2]), (true, &Ok(json!({ "id": 3 }))));
}

#[test]
fn what_lies_around_the_rows_may_be_large() {
    let large = "x".repeat(MAX_ROW_BYTES + 200_000);
    let document = format!("{{\"a\":[\"{large}\"],\"rows\":[{{}}],\"b\":\"{large}\"}}");
    assert_eq!(values(&json_at(&["rows"]), document), [json!({})]);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    for format in [json_at(&[]), Format::JsonLines] {
        let document = |row: String| if format == Format::JsonLines { format!("{row}\n") } else { format!("[{row}]") };
        assert!(all(&format, document(nested(31))).unwrap()[0].is_ok());
        let deep = all(&format, document(nested(32))).unwrap();
        assert_eq!(deep, [Err("it is nested deeper than 32 levels".to_owned())]);
        let hostile = all(&format, document(nested(100_000)));
        assert!(hostile.is_err() || hostile.unwrap()[0].is_err());
    }
}

#[test]
fn a_bad_json_line_is_a_bad_row_and_a_cut_one_the_end() {
    let rows = all(&Format::JsonLines, "\u{feff}{\"id\":1}\r\n\n{\"id\":\n[]\n{\"id\":4}").unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[0], &rows[3]), (&Ok(json!({ "id": 1 })), &Ok(json!({ "id": 4 }))));
    assert!(rows[1].as_ref().unwrap_err().starts_with("it is not JSON"));
    assert_eq!(rows[2], Err("it is no object".to_owned()));
    let cut = all(&Format::JsonLines, "{\"id\":1}\n{\"id\":").unwrap_err();
    assert_eq!(cut, ReadError::Truncated { rows: 1, reason: "the last line is cut".to_owned() });
}

#[test]
fn a_row_that_is_too_large_ends_the_reading_before_it_fills_the_memory() {
    let large = "x".repeat(MAX_ROW_BYTES + 200_000);
    for (format, document) in [
        (xml("r/p", &[]), format!("<r><p>1</p><p>{large}</p></r>")),
        (csv(), format!("id\n1\n\"{large}\"\n2\n")),
        (json_at(&[]), format!("[{{}},{{\"a\":\"{large}\"}}]")),
        (Format::JsonLines, format!("{{}}\n{{\"a\":\"{large}\"}}\n")),
    ] {
        let read: Vec<_> = rows(&format, document.as_bytes()).collect();
        assert_eq!(read.last(), Some(&Err(ReadError::RowTooLarge { row: 2 })), "{format:?}");
    }
    let row = format!("<p><n>{}</n></p>", "x".repeat(100_000));
    let many = format!("<r>{}</r>", row.repeat(60));
    assert!(many.len() > MAX_ROW_BYTES);
    assert_eq!(all(&xml("r/p", &[]), many).unwrap().len(), 60);
}

#[test]
fn a_reader_that_fails_is_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    for format in [xml("r/p", &[]), csv(), json_at(&[]), Format::JsonLines] {
        let mut rows = rows(&format, Broken);
        let expected = ReadError::Unreadable { reason: "the disk is gone".to_owned() };
        assert_eq!(rows.next(), Some(Err(expected)), "{format:?}");
        assert_eq!(rows.next(), None);
    }
}

fn any_format() -> impl Strategy<Value = Format> {
    prop_oneof![
        Just(xml("r/p", &["a/b", "c"])),
        Just(csv()),
        Just(Format::Csv { delimiter: b',', encoding: Encoding::for_label(b"utf-16") }),
        Just(json_at(&[])),
        Just(json_at(&["a"])),
        Just(Format::JsonLines),
    ]
}

/// Bytes that look enough like one of the formats to get past its first byte.
fn markup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("<r>"),
        Just("</r>"),
        Just("<p>"),
        Just("</p>"),
        Just("<p a='b'/>"),
        Just("<a>"),
        Just("</a>"),
        Just("<b/>"),
        Just("&amp;"),
        Just("&#x;"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<!--"),
        Just("-->"),
        Just("<?xml "),
        Just("?>"),
        Just("["),
        Just("]"),
        Just("{\"a\":"),
        Just("}"),
        Just(","),
        Just(";"),
        Just("\""),
        Just("1"),
        Just("\n"),
        Just("\\u"),
        Just("\u{feff}"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_bytes_break_a_reader(
        format in any_format(),
        bytes in prop_oneof![proptest::collection::vec(any::<u8>(), 0..300), markup()],
    ) {
        let read: Vec<_> = rows(&format, bytes.as_slice()).collect();
        let errors = read.iter().filter(|row| row.is_err()).count();
        prop_assert!(errors == 0 || (errors == 1 && read.last().is_some_and(Result::is_err)));
        let numbers: Vec<_> = read.iter().flatten().map(|row| row.number).collect();
        prop_assert_eq!(numbers, (1..).take(read.len() - errors).collect::<Vec<u64>>());
    }

    #[test]
    fn values_survive_each_format(values in proptest::collection::vec("[^\\p{C}\\p{Z}]([^\\p{C}]{0,8}[^\\p{C}\\p{Z}])?", 1..5)) {
        let expected: Vec<Value> = values.iter().map(|value| json!({ "n": value })).collect();
        let lines: String = expected.iter().map(|row| format!("{row}\n")).collect();
        prop_assert_eq!(&self::values(&Format::JsonLines, lines), &expected);
        prop_assert_eq!(&self::values(&json_at(&[]), Value::from(expected.clone()).to_string()), &expected);
        let escaped = |value: &String| quick_xml::escape::escape(value.as_str()).into_owned();
        let elements: String = values.iter().map(|value| format!("<p><n>{}</n></p>", escaped(value))).collect();
        prop_assert_eq!(&self::values(&xml("r/p", &[]), format!("<r>{elements}</r>")), &expected);
        let lines: String = values.iter().map(|value| format!("\"{}\"\n", value.replace('"', "\"\""))).collect();
        prop_assert_eq!(&self::values(&csv(), format!("n\n{lines}")), &expected);
    }
}
