//! Cells in the order of the sheet become rows under its header, packed without the columns' names. What is wrong with a
//! cell refuses its row.

use std::collections::{BTreeMap, HashSet};

use calamine::DataRef;
use serde_json::Value;

use super::super::{Fault, MAX_ROW_BYTES};
use super::cells;

/// All rows together, packed: one text of the workbook may stand in many cells.
const MAX_PACKED: usize = 512 * 1024 * 1024;
/// Excel's own limits; beyond them a place is not one.
const MAX_ROWS: u32 = 1_048_576;
const MAX_COLUMNS: u32 = 16_384;

/// A row's values in the order of the columns, or what is wrong with it.
pub(super) type Packed = Result<Vec<u8>, String>;

/// Rows of a sheet.
pub(super) struct Sheet {
    /// Counted from 0.
    header: u32,
    /// Names by their column, counted from 0; empty until the header is read.
    columns: BTreeMap<u32, String>,
    rows: Vec<Packed>,
    packed: usize,
    row: Row,
}

/// The row whose cells come.
#[derive(Default)]
struct Row {
    number: u32,
    cells: BTreeMap<u32, Value>,
    bytes: usize,
    fault: Option<String>,
}

impl Sheet {
    /// `header` is counted from 1.
    pub(super) fn new(header: u32) -> Self {
        let header = header.saturating_sub(1);
        Self { header, columns: BTreeMap::new(), rows: Vec::new(), packed: 0, row: Row::default() }
    }

    /// The columns' names in their order.
    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.values().cloned().collect()
    }

    pub(super) fn into_rows(self) -> Vec<Packed> {
        self.rows
    }

    /// Takes a cell.
    pub(super) fn take(&mut self, at: (u32, u32), cell: &DataRef<'_>, formula: bool) -> Result<(), Fault> {
        let (row, column) = at;
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return Err(Fault::Malformed("a cell lies beyond the sheet".to_owned()));
        }
        if row < self.row.number {
            return Err(Fault::Malformed(format!("row {} comes after row {}", row + 1, self.row.number + 1)));
        }
        if row > self.row.number {
            self.end_row()?;
            self.row.number = row;
        }
        // What stands above the header is a title.
        if row < self.header {
            return Ok(());
        }
        let value = match cell {
            // Written by a program that can't calculate: nothing here may pass for an empty cell.
            DataRef::Empty if formula => {
                Err("holds a formula without its result; open and save it in Excel".to_owned())
            }
            cell => cells::value(cell),
        };
        match value {
            Ok(Value::Null) => {}
            Ok(value) => {
                self.row.bytes += value.as_str().map_or(1, str::len);
                if self.row.bytes > MAX_ROW_BYTES {
                    return Err(Fault::TooLarge);
                }
                if self.row.cells.insert(column, value).is_some() {
                    self.row.fail(at, "comes twice");
                }
            }
            Err(reason) => self.row.fail(at, &reason),
        }
        Ok(())
    }

    /// Ends the last row.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.end_row()?;
        if self.columns.is_empty() { Err(self.no_header()) } else { Ok(()) }
    }

    fn end_row(&mut self) -> Result<(), Fault> {
        let Row { number, cells, fault, .. } = std::mem::take(&mut self.row);
        if number < self.header || (cells.is_empty() && fault.is_none()) {
            return Ok(());
        }
        if number == self.header {
            return self.name_columns(cells, fault);
        }
        if self.columns.is_empty() {
            return Err(self.no_header());
        }
        let row = match fault {
            Some(fault) => Err(fault),
            None => self.pack(number, cells),
        };
        self.packed += row.as_ref().map_or_else(String::len, Vec::len);
        if self.packed > MAX_PACKED {
            return Err(Fault::Malformed(format!("its rows take more than {} megabytes", MAX_PACKED >> 20)));
        }
        self.rows.push(row);
        Ok(())
    }

    fn pack(&self, number: u32, mut cells: BTreeMap<u32, Value>) -> Packed {
        let values: Vec<Value> =
            self.columns.keys().map(|column| cells.remove(column).unwrap_or(Value::Null)).collect();
        if let Some(column) = cells.keys().next() {
            return Err(format!("cell {} stands under no header", cells::name((number, *column))));
        }
        rmp_serde::to_vec(&values).map_err(|error| error.to_string())
    }

    fn name_columns(&mut self, cells: BTreeMap<u32, Value>, fault: Option<String>) -> Result<(), Fault> {
        if let Some(fault) = fault {
            return Err(Fault::Malformed(format!("in the header, {fault}")));
        }
        let (Some(first), Some(last)) = (cells.keys().next().copied(), cells.keys().next_back().copied()) else {
            return Err(self.no_header());
        };
        if let Some(empty) = (first..=last).find(|column| !cells.contains_key(column)) {
            let cell = cells::name((self.header, empty));
            return Err(Fault::Malformed(format!("the header has an empty cell, {cell}, among its names")));
        }
        let mut seen = HashSet::new();
        for (column, value) in cells {
            let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !seen.insert(name.clone()) {
                return Err(Fault::Malformed(format!("two columns are named {name}")));
            }
            self.columns.insert(column, name);
        }
        Ok(())
    }

    fn no_header(&self) -> Fault {
        Fault::Malformed(format!("there is no header in row {}", self.header + 1))
    }
}

impl Row {
    fn fail(&mut self, at: (u32, u32), reason: &str) {
        self.fault.get_or_insert_with(|| format!("cell {} {reason}", cells::name(at)));
    }
}
