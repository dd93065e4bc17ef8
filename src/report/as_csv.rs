//! Prints a table as CSV (RFC 4180, LF line ends): a pure table that no spreadsheet can be made to run.
//!
//! The header stands plain. In the rows numbers stand plain, and whatever is not a typed number is quoted and, where a
//! spreadsheet would read a formula, led by an apostrophe.

use std::io;

use super::table::{Cell, Table};

/// What begins a formula, or a new cell that might.
const DANGEROUS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The table as CSV.
pub(super) fn print(table: &Table) -> Result<Vec<u8>, csv::Error> {
    // The quoting depends on the cell, not on its characters, so the writer takes fields as they are to stand. It still
    // refuses a row with too few or too many.
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Never).from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.name))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(field))?;
    }
    writer.into_inner().map_err(|unflushed| io::Error::other(unflushed.to_string()).into())
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
fn is_dangerous(text: &str) -> bool {
    let first = text.chars().find(|c| DANGEROUS.contains(c) || !(is_blank(*c) || *c == '\''));
    first.is_some_and(|c| DANGEROUS.contains(&c))
}

/// Whether a character takes no ink: white space, control characters, and those that only join, part or turn text.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
