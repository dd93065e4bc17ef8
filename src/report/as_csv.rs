//! Prints a table as CSV, in one of two ways: for spreadsheets as a pure table that none can be made to run, and for
//! import byte by byte as RFC 4180 has it.
//!
//! For spreadsheets (and by default, without a byte order mark) the header stands plain, lines end in LF, numbers stand
//! plain, and whatever is not a typed number is quoted and, where a spreadsheet would read a formula, led by an apostrophe.
//! For import every text stands as it is, quoted where it has to be, lines end in CR LF, and a text that a spreadsheet would
//! run is refused with its place: nothing is changed in silence.

use super::ReportError;
use super::table::{Cell, Table};
use crate::domain::is_blank;
use crate::invoice::CsvProfile;

/// The byte order mark, by which spreadsheets know UTF-8.
const MARK: &str = "\u{feff}";

/// What begins a formula, or a new cell that might.
const DANGEROUS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The table as CSV.
///
/// # Errors
/// When a row has too few cells or too many; for import, when a text would run in a spreadsheet.
pub(super) fn print(table: &Table, profile: CsvProfile) -> Result<Vec<u8>, ReportError> {
    if profile == CsvProfile::Import {
        refuse_dangerous(table)?;
    }
    let bytes = written(table, profile).map_err(|source| ReportError::Csv { name: table.name, source })?;
    let mark = if profile == CsvProfile::Spreadsheet { MARK } else { "" };
    Ok([mark.as_bytes(), &bytes].concat())
}

fn written(table: &Table, profile: CsvProfile) -> Result<Vec<u8>, csv::Error> {
    let mut form = csv::WriterBuilder::new();
    // For spreadsheets the quoting depends on the cell, not on its characters, so the writer takes fields as they are to
    // stand. It still refuses a row with too few or too many.
    let (form, field): (_, fn(&Cell) -> String) = match profile {
        CsvProfile::Plain | CsvProfile::Spreadsheet => (form.quote_style(csv::QuoteStyle::Never), field),
        CsvProfile::Import => (form.terminator(csv::Terminator::CRLF), Cell::plain),
    };
    let mut writer = form.from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.name))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(field))?;
    }
    writer.into_inner().map_err(|unflushed| std::io::Error::other(unflushed.to_string()).into())
}

/// Refuses the first text that a spreadsheet would run, with its row, counted from 1 below the header, and its column.
fn refuse_dangerous(table: &Table) -> Result<(), ReportError> {
    for (row, cells) in (1..).zip(&table.rows) {
        for (cell, column) in cells.iter().zip(table.columns) {
            if let Cell::Text(text) | Cell::Code(text) = cell
                && is_dangerous(text)
            {
                let (paper, column) = (format!("{}.csv", table.name), column.name);
                return Err(ReportError::Dangerous { paper, row, column, seen: text.chars().take(40).collect() });
            }
        }
    }
    Ok(())
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Code(text) => quoted(text),
        Cell::Empty | Cell::Count(_) | Cell::Amount(..) | Cell::Percent(_) => cell.plain(),
    }
}

fn quoted(text: &str) -> String {
    let guard = if is_dangerous(text) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// Whether the first character that shows would begin a formula. Apostrophes are looked past as well, so that a guarded
/// text can be told from one that began with an apostrophe by itself.
pub(super) fn is_dangerous(text: &str) -> bool {
    let first = text.chars().find(|c| DANGEROUS.contains(c) || !(is_blank(*c) || *c == '\''));
    first.is_some_and(|c| DANGEROUS.contains(&c))
}
