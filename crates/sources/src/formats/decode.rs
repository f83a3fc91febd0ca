//! Any encoding becomes UTF-8: by byte order mark, else by what the document or the definition says, else UTF-8, which
//! is passed through unchanged so that the format's reader refuses what is no UTF-8 instead of guessing.

use std::io::{self, Cursor, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use quick_xml::events::Event;

/// A reader of UTF-8 without byte order mark.
pub(super) fn utf8<R: Read>(reader: R, encoding: Option<&'static Encoding>) -> DecodeReaderBytes<R, Vec<u8>> {
    let encoding = encoding.filter(|encoding| *encoding != UTF_8);
    DecodeReaderBytesBuilder::new()
        .encoding(encoding)
        .bom_override(true)
        .utf8_passthru(encoding.is_none())
        .strip_bom(true)
        .build(reader)
}

/// As much of the beginning as an XML declaration may take.
const DECLARATION_BYTES: u64 = 256;

/// A reader of an XML document as UTF-8, by its byte order mark or its declaration (XML 1.0, appendix F).
pub(super) fn xml<R: Read>(mut reader: R) -> io::Result<impl Read> {
    let mut beginning = Vec::new();
    reader.by_ref().take(DECLARATION_BYTES).read_to_end(&mut beginning)?;
    let encoding = declared(&beginning)?;
    Ok(utf8(Cursor::new(beginning).chain(reader), encoding))
}

fn declared(beginning: &[u8]) -> io::Result<Option<&'static Encoding>> {
    match beginning {
        [b'<', 0, b'?', 0, ..] => return Ok(Some(UTF_16LE)),
        [0, b'<', 0, b'?', ..] => return Ok(Some(UTF_16BE)),
        [b'<', b'?', b'x', b'm', b'l', ..] => {}
        _ => return Ok(None),
    }
    let beginning = String::from_utf8_lossy(beginning);
    let Ok(Event::Decl(declaration)) = quick_xml::Reader::from_str(&beginning).read_event() else { return Ok(None) };
    let Some(Ok(label)) = declaration.encoding() else { return Ok(None) };
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("unknown encoding {label}")))?;
    // A declaration that can be read byte by byte is not in UTF-16, whatever it says (.NET writes such strings).
    Ok((![UTF_16LE, UTF_16BE].contains(&encoding)).then_some(encoding))
}
