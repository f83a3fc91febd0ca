//! Rows of one sheet of an XLSX workbook by calamine. A workbook can't be read as a stream, its table of contents stands at
//! its end: it is held in memory, checked as an archive and packed row by row before the first one is given.

mod archive;
mod cells;
mod sheet;

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::IntoIter;

use calamine::{Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use serde_json::{Map, Value};

use self::sheet::{Packed, Sheet};
use super::{Fault, RowReader};

/// The largest workbook, in bytes as it is stored.
pub(super) const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Which sheet, and where its header is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The sheet's name; the first that is not hidden when absent.
    pub(super) sheet: Option<String>,
    /// The row that names the columns, from 1.
    pub(super) header: u32,
}

pub(super) struct XlsxRows<R> {
    /// `None` once it is read.
    reader: Option<R>,
    place: Place,
    columns: Vec<String>,
    rows: IntoIter<Packed>,
}

impl<R: Read> XlsxRows<R> {
    pub(super) fn new(reader: R, place: Place) -> Self {
        Self { reader: Some(reader), place, columns: Vec::new(), rows: Vec::new().into_iter() }
    }

    fn begin(&mut self, reader: R) -> Result<(), Fault> {
        let mut bytes = Vec::new();
        reader.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| Fault::of_io(&error))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Fault::Malformed(format!("it is larger than {} megabytes", MAX_FILE_BYTES >> 20)));
        }
        archive::check(&bytes)?;
        // calamine takes sizes that a damaged sheet tells for true; its panic is this file's fault alone.
        let read = catch_unwind(AssertUnwindSafe(|| read(&bytes, &self.place)));
        let sheet =
            read.unwrap_or_else(|_| Err(Fault::Malformed("the sheet's own places make no sense".to_owned())))?;
        self.columns = sheet.columns();
        self.rows = sheet.into_rows().into_iter();
        Ok(())
    }
}

impl<R: Read> RowReader for XlsxRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault> {
        if let Some(reader) = self.reader.take() {
            self.begin(reader)?;
        }
        let Some(row) = self.rows.next() else { return Ok(None) };
        Ok(Some(row.and_then(|packed| {
            let values: Vec<Value> = rmp_serde::from_slice(&packed).map_err(|error| error.to_string())?;
            Ok(Value::Object(self.columns.iter().cloned().zip(values).collect::<Map<_, _>>()))
        })))
    }
}

fn read(bytes: &[u8], place: &Place) -> Result<Sheet, Fault> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(fault)?;
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let name = match &place.sheet {
        Some(name) => sheets.map(|sheet| &sheet.name).find(|known| *known == name),
        None => sheets.filter(|sheet| sheet.visible == SheetVisible::Visible).map(|sheet| &sheet.name).next(),
    };
    let name = name.cloned().ok_or_else(|| {
        Fault::Malformed(match &place.sheet {
            Some(name) => format!("it has no sheet named {name}"),
            None => "it has no sheet that is not hidden".to_owned(),
        })
    })?;
    let mut reader = workbook.worksheet_cells_reader(&name).map_err(fault)?;
    let mut sheet = Sheet::new(place.header);
    while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(fault)? {
        sheet.take(cell.pos, &cell.value, cell.formula.is_some())?;
    }
    sheet.end()?;
    Ok(sheet)
}

/// Some of calamine's messages quote what a cell holds.
fn fault(error: XlsxError) -> Fault {
    Fault::Malformed(match error {
        XlsxError::XmlEof(name) => return Fault::Truncated(format!("a part of it ends before {name} is closed")),
        XlsxError::Password => "it is protected by a password".to_owned(),
        XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::Encoding(_) => "a part of it is no XML".to_owned(),
        XlsxError::Unrecognized { typ, .. } => format!("it holds an unknown {typ}"),
        XlsxError::CellError(_) | XlsxError::CellTAttribute(_) => "a cell is of an unknown kind".to_owned(),
        XlsxError::ParseFloat(_) | XlsxError::ParseInt(_) => "a cell that says it is a number is none".to_owned(),
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound | XlsxError::WorksheetNotFound(_) => {
            "it is no workbook, a part that it must have is missing".to_owned()
        }
        XlsxError::Io(error) => return Fault::of_io(&error),
        error => error.to_string(),
    })
}

#[cfg(test)]
mod tests;
