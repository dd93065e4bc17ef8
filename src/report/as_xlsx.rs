//! Prints the overview and the tables as a workbook: one sheet each, typed cells, ready to filter and to print.
//!
//! The only place where a figure becomes a binary float, because a sheet knows no other number; a figure that a float
//! cannot hold to the last digit stands as text. Nothing written here can become a formula. The same facts give the same
//! bytes: the workbook's date is the day after the period, not the clock's.

use chrono::Datelike;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet, XlsxError,
};

use super::Provenance;
use super::overview::Block;
use super::table::{Cell, Table};

/// Digits that a binary float holds exactly enough to give them back.
const DIGITS_MAX: usize = 15;

/// The height of a line of text.
const LINE_PIXELS: u32 = 20;

/// Lines beyond which a row grows no higher.
const LINES_MAX: u32 = 20;

/// The paper size A4.
const A4: u8 = 9;

/// What a sheet can hold.
#[derive(Clone, Copy)]
struct Limits {
    /// Rows of a sheet, the header included.
    rows: usize,
    /// Characters of a cell, in UTF-16 units.
    text: usize,
}

const EXCEL: Limits = Limits { rows: 1_048_576, text: 32_767 };

/// The workbook's bytes.
pub(super) fn print(provenance: &Provenance, overview: &[Block], tables: &[Table]) -> Result<Vec<u8>, XlsxError> {
    print_within(EXCEL, provenance, overview, tables)
}

fn print_within(
    limits: Limits,
    provenance: &Provenance,
    overview: &[Block],
    tables: &[Table],
) -> Result<Vec<u8>, XlsxError> {
    let sheets: Vec<&Table> = tables.iter().filter(|table| !table.title.is_empty()).collect();
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(provenance)?);
    let footer = format!("&L{} {}&C&A&RPage &P of &N", provenance.partner.replace('&', "&&"), provenance.period);
    let summary = workbook.add_worksheet();
    summary.set_name("Summary")?;
    page(summary, &footer);
    let mut blocks = overview.to_vec();
    blocks.extend(notes(limits, &sheets));
    write_overview(summary, &blocks, limits, &formats)?;
    for table in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(table.title)?;
        page(sheet, &footer);
        write_table(sheet, table, limits, &formats)?;
    }
    workbook.save_to_buffer()
}

fn properties(provenance: &Provenance) -> Result<DocProperties, XlsxError> {
    let day = provenance.period.day_after();
    let fits = |number: u32| u8::try_from(number).unwrap_or(1);
    let year = u16::try_from(day.year()).unwrap_or(1900);
    let date = ExcelDateTime::from_ymd(year, fits(day.month()), fits(day.day()))?;
    Ok(DocProperties::new()
        .set_title(format!("Month close {} {}", provenance.partner, provenance.period))
        .set_comment(format!("run {}, archive {}", provenance.run, provenance.archive_digest))
        .set_author(format!("tieout {}", provenance.version))
        .set_creation_datetime(&date))
}

/// Columns that fit beside each other on a printed page.
const COLUMNS_A_PAGE: u16 = 16;

fn page(sheet: &mut Worksheet, footer: &str) {
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_footer(footer);
    sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
}

/// How cells look. Meaning is never told by them alone.
struct Formats {
    title: Format,
    heading: Format,
    label: Format,
    line: Format,
    words_header: Format,
    numbers_header: Format,
    text: Format,
    code: Format,
    number: Format,
    figure_as_text: Format,
}

impl Formats {
    fn new() -> Self {
        let plain = Format::new().set_align(FormatAlign::Top);
        // Words stand off the figures to their left.
        let words = plain.clone().set_align(FormatAlign::Left).set_indent(1);
        let header = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::VerticalCenter)
            .set_background_color(Color::RGB(0x00E7_ECF2))
            .set_border_bottom(FormatBorder::Thin);
        Self {
            title: Format::new().set_bold().set_font_size(16),
            heading: Format::new().set_bold().set_font_size(12).set_border_bottom(FormatBorder::Thin),
            label: plain.clone().set_bold(),
            numbers_header: header.clone().set_align(FormatAlign::Right),
            words_header: header.set_align(FormatAlign::Left).set_indent(1),
            text: words.clone().set_text_wrap(),
            code: words,
            line: plain.clone(),
            figure_as_text: plain.clone().set_num_format("@").set_align(FormatAlign::Right),
            number: plain,
        }
    }

    /// The look of a figure: grouped thousands, the currency's decimals, and the further ones where there are any.
    fn figure(&self, text: &str, decimals: usize) -> Format {
        let shown = text.split_once('.').map_or(0, |(_, part)| part.len());
        let (always, further) = ("0".repeat(decimals), "#".repeat(8_usize.saturating_sub(decimals)));
        let point = if decimals > 0 || shown > 0 { "." } else { "" };
        let further = if shown > decimals { further.as_str() } else { "" };
        self.number.clone().set_num_format(format!("#,##0{point}{always}{further}"))
    }
}

/// What the workbook could not hold, told on its first sheet: the CSV papers hold all of it.
fn notes(limits: Limits, sheets: &[&Table]) -> Vec<Block> {
    let mut notes = Vec::new();
    for table in sheets {
        let mut note = |count: usize, what: &str| {
            if count > 0 {
                notes.push((format!("{}: {count} {what}; {}.csv has all", table.title, table.name), String::new()));
            }
        };
        let cells = || table.rows.iter().flatten();
        note((table.rows.len() + 1).saturating_sub(limits.rows), "rows do not fit on the sheet and are left out");
        note(cells().filter(|cell| is_cut(cell, limits)).count(), "texts do not fit into a cell and are cut short");
        note(
            cells().filter(|cell| is_figure(cell) && !survives(&cell.plain())).count(),
            "figures have more than 15 digits and stand as text, so that no digit is lost",
        );
    }
    if notes.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading("What this workbook cannot hold".to_owned()), Block::Items(notes)]
}

fn is_cut(cell: &Cell, limits: Limits) -> bool {
    matches!(cell, Cell::Text(text) | Cell::Code(text) if text.encode_utf16().count() > limits.text)
}

const fn is_figure(cell: &Cell) -> bool {
    matches!(cell, Cell::Count(_) | Cell::Amount(..) | Cell::Percent(_))
}

/// Whether a binary float gives back every digit of a figure.
fn survives(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').len() <= DIGITS_MAX
}

fn write_overview(sheet: &mut Worksheet, blocks: &[Block], limits: Limits, formats: &Formats) -> Result<(), XlsxError> {
    const COLUMNS: u16 = 8;
    for column in 0..COLUMNS {
        sheet.set_column_width(column, if column == 0 { 26 } else { 17 })?;
    }
    let mut row = 0;
    let mut under_title = true;
    for block in blocks {
        row += u32::from(!under_title && matches!(block, Block::Pairs(_) | Block::Items(_)));
        under_title = matches!(block, Block::Title(_) | Block::Heading(_));
        match block {
            Block::Title(title) => write_line(sheet, &mut row, title, limits, &formats.title)?,
            Block::Heading(heading) => {
                row += 1;
                for column in 0..COLUMNS {
                    sheet.write_blank(row, column, &formats.heading)?;
                }
                write_line(sheet, &mut row, heading, limits, &formats.heading)?;
            }
            Block::Pairs(pairs) => {
                for (label, text) in pairs {
                    sheet.write_string_with_format(row, 0, *label, &formats.label)?;
                    sheet.write_string_with_format(row, 1, fitting(text, limits), &formats.line)?;
                    row += 1;
                }
            }
            Block::Prose(prose) => write_line(sheet, &mut row, prose, limits, &formats.line)?,
            Block::Grid(table) => {
                write_header(sheet, row, table, formats)?;
                for cells in &table.rows {
                    row += 1;
                    write_row(sheet, row, cells, limits, formats)?;
                }
                row += 1;
            }
            Block::Items(items) => {
                for (head, body) in items {
                    let is_alone = body.is_empty();
                    write_line(sheet, &mut row, head, limits, if is_alone { &formats.line } else { &formats.label })?;
                    if !is_alone {
                        write_line(sheet, &mut row, body, limits, &formats.line)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn write_line(
    sheet: &mut Worksheet,
    row: &mut u32,
    text: &str,
    limits: Limits,
    format: &Format,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(*row, 0, fitting(text, limits), format)?;
    *row += 1;
    Ok(())
}

fn write_table(sheet: &mut Worksheet, table: &Table, limits: Limits, formats: &Formats) -> Result<(), XlsxError> {
    let rows = &table.rows[..table.rows.len().min(limits.rows.saturating_sub(1))];
    write_header(sheet, 0, table, formats)?;
    for (index, column) in (0_u16..).zip(table.columns) {
        sheet.set_column_width(index, column.width)?;
    }
    let mut last = 0;
    for (number, cells) in (1..).zip(rows) {
        write_row(sheet, number, cells, limits, formats)?;
        let lines = lines(table, cells);
        if lines > 1 {
            sheet.set_row_height_pixels(number, lines.min(LINES_MAX) * LINE_PIXELS)?;
        }
        last = number;
    }
    sheet.set_freeze_panes(1, 1)?;
    sheet.set_repeat_rows(0, 0)?;
    let columns = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
    let last_column = columns.saturating_sub(1);
    // A wide table takes more than one page beside each other, each with the first column, so that it can be read.
    sheet.set_print_fit_to_pages(columns.div_ceil(COLUMNS_A_PAGE), 0).set_repeat_columns(0, 0)?;
    sheet.autofilter(0, 0, last, last_column)?;
    // Ids of digits alone are text on purpose.
    sheet.ignore_error_range(0, 0, last, last_column, IgnoreError::NumberStoredAsText)?;
    Ok(())
}

/// How many lines the longest wrapped text of a row needs: not every program finds out by itself.
fn lines(table: &Table, cells: &[Cell]) -> u32 {
    let of_cell = |(cell, width): (&Cell, u16)| match cell {
        Cell::Text(text) => text.chars().count() / usize::from(width.saturating_sub(4).max(1)) + 1,
        Cell::Empty | Cell::Code(_) | Cell::Count(_) | Cell::Amount(..) | Cell::Percent(_) => 1,
    };
    let widths = table.columns.iter().map(|column| column.width);
    let lines = cells.iter().zip(widths).map(of_cell).max();
    lines.and_then(|lines| u32::try_from(lines).ok()).unwrap_or(LINES_MAX)
}

fn write_header(sheet: &mut Worksheet, row: u32, table: &Table, formats: &Formats) -> Result<(), XlsxError> {
    for (index, column) in (0_u16..).zip(table.columns) {
        let format = if column.numeric { &formats.numbers_header } else { &formats.words_header };
        sheet.write_string_with_format(row, index, column.title, format)?;
    }
    Ok(())
}

fn write_row(
    sheet: &mut Worksheet,
    row: u32,
    cells: &[Cell],
    limits: Limits,
    formats: &Formats,
) -> Result<(), XlsxError> {
    for (column, cell) in (0_u16..).zip(cells) {
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                sheet.write_string_with_format(row, column, fitting(text, limits), &formats.text)?;
            }
            Cell::Code(text) => {
                sheet.write_string_with_format(row, column, fitting(text, limits), &formats.code)?;
            }
            Cell::Count(_) | Cell::Percent(_) => write_figure(sheet, row, column, &cell.plain(), 0, formats)?,
            Cell::Amount(_, decimals) => {
                let decimals = usize::try_from(*decimals).unwrap_or(usize::MAX);
                write_figure(sheet, row, column, &cell.plain(), decimals, formats)?;
            }
        }
    }
    Ok(())
}

/// Writes a figure as a number, or as text where a binary float would lose a digit.
fn write_figure(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    decimals: usize,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match text.parse::<f64>() {
        Ok(number) if survives(text) => {
            sheet.write_number_with_format(row, column, number, &formats.figure(text, decimals))?
        }
        Ok(_) | Err(_) => sheet.write_string_with_format(row, column, text, &formats.figure_as_text)?,
    };
    Ok(())
}

/// As much of a text as a cell holds, without the two code points that no XML can carry.
fn fitting(text: &str, limits: Limits) -> String {
    const CUT: &str = " … (cut short)";
    let carried = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    if carried.encode_utf16().count() <= limits.text {
        return carried;
    }
    let mut room = limits.text.saturating_sub(CUT.encode_utf16().count());
    let fits = |c: &char| {
        let left = room.checked_sub(c.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    };
    carried.chars().take_while(fits).chain(CUT.chars()).collect()
}

#[cfg(test)]
mod tests;
