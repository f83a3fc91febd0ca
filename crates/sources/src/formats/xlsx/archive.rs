//! The workbook as the zip archive that it is: unpacked once into nothing, which proves by its check sums that it is whole
//! and by its size that it may be read.

use std::io::{BufRead, BufReader, Cursor, Read, copy, sink};

use quick_xml::events::Event;
use zip::ZipArchive;
use zip::result::ZipError;

use super::super::Fault;

/// All parts together, unpacked.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;
const MAX_PARTS: usize = 10_000;
/// The beginnings of an archive, and of the older format that a workbook with a password is stored in as well.
const ZIP: &[u8] = b"PK\x03\x04";
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";
/// The part with the texts of all cells.
const TEXTS: &str = "sharedstrings.xml";
/// The shortest text there, `<si/>`.
const SHORTEST_TEXT: u64 = 5;

/// Reads every part to its end.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.starts_with(COMPOUND) {
        return Err(Fault::Malformed("it is protected by a password, or of Excel's older format".to_owned()));
    }
    if bytes.is_empty() || (ZIP.starts_with(bytes)) {
        return Err(Fault::Truncated("it is empty".to_owned()));
    }
    if !bytes.starts_with(ZIP) {
        return Err(Fault::Malformed("it is no XLSX workbook".to_owned()));
    }
    // The table of contents stands at the end.
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| Fault::Truncated("its table of contents is missing or damaged".to_owned()))?;
    if archive.len() > MAX_PARTS {
        return Err(Fault::Malformed(format!("it has more than {MAX_PARTS} parts")));
    }
    let mut left = MAX_UNPACKED;
    for number in 0..archive.len() {
        let part = archive.by_index(number).map_err(|error| damaged(&error))?;
        let holds_texts = part.name().map_err(|error| damaged(&error))?.to_ascii_lowercase().ends_with(TEXTS);
        let mut part = BufReader::new(part.take(left + 1));
        let texts = if holds_texts { texts(&mut part) } else { 0 };
        copy(&mut part, &mut sink()).map_err(|_| Fault::Malformed("a part of it is damaged".to_owned()))?;
        let read = left + 1 - part.get_ref().limit();
        if read > left {
            return Err(Fault::Malformed(format!("it unpacks to more than {} megabytes", MAX_UNPACKED >> 20)));
        }
        if texts > read / SHORTEST_TEXT {
            return Err(Fault::Malformed("it says that it holds more texts than it can".to_owned()));
        }
        left -= read;
    }
    Ok(())
}

/// How many texts the part says that it holds: calamine makes room for them all at once.
fn texts(part: &mut impl BufRead) -> u64 {
    let mut reader = quick_xml::Reader::from_reader(part);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(start) | Event::Empty(start)) if start.local_name().as_ref() == "sst" => {
                let count = start.try_get_attribute("uniqueCount").ok().flatten();
                return count.and_then(|count| count.value.trim().parse().ok()).unwrap_or(0);
            }
            Ok(Event::Eof) | Err(_) => return 0,
            Ok(_) => {}
        }
    }
}

fn damaged(error: &ZipError) -> Fault {
    Fault::Malformed(match error {
        ZipError::InvalidPassword | ZipError::UnsupportedArchive(_) => "it is protected by a password".to_owned(),
        ZipError::CompressionMethodNotSupported(_) => "a part of it is compressed in an unusual way".to_owned(),
        _ => "a part of it is damaged".to_owned(),
    })
}
