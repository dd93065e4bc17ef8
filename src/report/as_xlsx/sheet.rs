//! A list on its sheets: header, rows, and below them its totals, live and exact. The header is frozen and can be
//! filtered by; where a row speaks of a row of another list, it links to it.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Format, Formula, IgnoreError, Url, Worksheet, XlsxError};

use super::cells::{fitting, write_exact, write_figure, write_words};
use super::laid::{Laid, Part};
use super::looks::{Looks, severity};
use super::{Limits, page};
use crate::domain::Severity;
use crate::report::sums::{Sum, Whose, together};
use crate::report::table::{Cell, Table};

/// The height of a line of text.
pub(super) const LINE_PIXELS: u32 = 20;

/// Lines beyond which a row grows no higher.
const LINES_MAX: u32 = 20;

/// Characters that can be read beside each other on a printed page.
const WIDTH_A_PAGE: usize = 230;

/// Links that a sheet can hold (Excel's limit); the rows beyond have none.
const LINKS_MAX: usize = 65_530;

/// Which column leads to a row of which list: the columns that name the row there are the same here.
const LINKS: &[(&str, &str, &str, &[&str])] = &[
    ("tie_outs", "account", "accounts", &["account", "currency"]),
    ("tie_outs", "direction", "bridge", &["account", "currency", "direction"]),
    ("breaks", "account", "accounts", &["account", "currency"]),
    ("carried", "account", "accounts", &["account", "currency"]),
    ("wallets", "account", "accounts", &["account", "currency"]),
    ("recharges", "account", "accounts", &["account", "currency"]),
    ("held", "account", "accounts", &["account", "currency"]),
    ("invoices", "number", "invoice_lines", &["number"]),
    ("notes", "number", "note_lines", &["number"]),
];

/// Lists whose verdicts say how much an account or a list weighs.
const JUDGED: [&str; 5] = ["tie_outs", "accounts", "wallets", "recharges", "walk"];

/// How the rows of a list are written: which cells link where, which cells weigh how much.
pub(super) struct Writer<'a> {
    laid: &'a Laid<'a>,
    links: Vec<Links<'a>>,
    /// Columns whose cells look as grave as the word in another column.
    graded: Vec<(usize, usize)>,
    limits: Limits,
    looks: &'a Looks,
}

/// The links of one column.
struct Links<'a> {
    column: usize,
    key: Vec<usize>,
    to: &'a Laid<'a>,
    rows: BTreeMap<Vec<&'a str>, usize>,
    /// The same by the first column of the key alone.
    first: BTreeMap<Vec<&'a str>, usize>,
}

impl<'a> Writer<'a> {
    /// For one list among all.
    pub(super) fn new(laid: &'a Laid<'a>, all: &'a [Laid<'a>], limits: Limits, looks: &'a Looks) -> Self {
        let table = laid.table;
        let links = LINKS.iter().filter(|(from, ..)| *from == table.name).filter_map(|(_, column, to, key)| {
            let to = all.iter().find(|laid| laid.table.name == *to)?;
            Some(Links {
                column: table.column(column)?,
                key: key.iter().map(|name| table.column(name)).collect::<Option<_>>()?,
                to,
                rows: to.by(key),
                first: if key.len() > 1 { to.by(&key[..1]) } else { BTreeMap::new() },
            })
        });
        Self { laid, links: links.collect(), graded: graded(table), limits, looks }
    }

    /// Writes one part of the list.
    pub(super) fn write(&self, sheet: &mut Worksheet, part: &Part, footer: &str) -> Result<(), XlsxError> {
        let table = self.laid.table;
        page(sheet, footer);
        let mut whole = 0;
        for column in 0..table.columns.len() {
            let width = self.laid.width(column);
            sheet.set_column_width(place(column), index(width))?;
            whole += width;
        }
        write_header(sheet, 0, table, self.looks)?;
        for (number, cells) in (1..).zip(&table.rows[part.rows.clone()]) {
            self.row(sheet, number, cells)?;
        }
        if std::ptr::eq(part, self.laid.last()) {
            self.totals(sheet)?;
        }
        // An empty list says so, on one page however many columns it has.
        if table.rows.is_empty() {
            sheet.write_string_with_format(1, 0, "No rows", &self.looks.code)?;
            whole = 0;
        }
        let columns = place(table.columns.len());
        let (last, last_column) = (index(part.rows.len()), columns.saturating_sub(1));
        sheet.set_freeze_panes(1, 1)?.set_repeat_rows(0, 0)?.set_repeat_columns(0, 0)?;
        // A wide table takes more than one page beside each other, each with the first column, so that it can be read.
        sheet.set_print_fit_to_pages(place(whole.div_ceil(WIDTH_A_PAGE).max(1)), 0);
        sheet.autofilter(0, 0, last, last_column)?;
        // Ids of digits alone, and exact totals, are text on purpose.
        let below = index(2 * self.laid.sums.len() + 2);
        sheet.ignore_error_range(0, 0, last + below, last_column, IgnoreError::NumberStoredAsText)?;
        Ok(())
    }

    fn row(&self, sheet: &mut Worksheet, row: u32, cells: &[Cell]) -> Result<(), XlsxError> {
        for (column, cell) in cells.iter().enumerate() {
            let at = (row, place(column));
            match cell {
                Cell::Empty => {}
                Cell::Text(text) | Cell::Code(text) => match self.target(column, row, cells) {
                    Some(target) if !text.is_empty() => {
                        let shown = fitting(text, self.limits.text);
                        let wrapped = matches!(cell, Cell::Text(_)) && !self.laid.many;
                        let link = &self.looks.link;
                        let format = if wrapped { link.clone().set_text_wrap() } else { link.clone() };
                        sheet.write_url_with_format(at.0, at.1, Url::new(target).set_text(shown), &format)?;
                    }
                    Some(_) | None => {
                        write_words(sheet, at, text, self.limits.text, self.look(column, cell, cells))?;
                    }
                },
                Cell::Count(_) | Cell::Amount(..) | Cell::Percent(_) => write_figure(sheet, at, cell, self.looks)?,
            }
        }
        let lines = if self.laid.many { 1 } else { self.lines(cells) };
        if lines > 1 {
            sheet.set_row_height_pixels(row, lines.min(LINES_MAX) * LINE_PIXELS)?;
        }
        Ok(())
    }

    /// The look of words.
    fn look(&self, column: usize, cell: &Cell, cells: &[Cell]) -> &Format {
        let graded = self.graded.iter().find(|(at, _)| *at == column).and_then(|(_, by)| cells[*by].word());
        let found = graded.map_or(Severity::None, severity);
        if found > Severity::None {
            return self.looks.grade(found);
        }
        let wrapped = matches!(cell, Cell::Text(_)) && !self.laid.many;
        if wrapped { &self.looks.text } else { &self.looks.code }
    }

    /// Where a cell links to.
    fn target(&self, column: usize, row: u32, cells: &[Cell]) -> Option<String> {
        let links = self.links.iter().find(|links| links.column == column)?;
        if usize::try_from(row).map_or(true, |row| row * self.links.len() > LINKS_MAX) {
            return None;
        }
        let words: Vec<&str> = links.key.iter().map_while(|place| cells[*place].word()).collect();
        let found = links.rows.get(&words).or_else(|| links.first.get(words.get(..1)?));
        links.to.link(*found?)
    }

    /// How many lines the longest wrapped text of a row needs: not every program finds out by itself.
    fn lines(&self, cells: &[Cell]) -> u32 {
        let of_cell = |(column, cell): (usize, &Cell)| match cell {
            Cell::Text(text) => text.chars().count().div_ceil(self.laid.width(column).saturating_sub(2).max(1)),
            Cell::Empty | Cell::Code(_) | Cell::Count(_) | Cell::Amount(..) | Cell::Percent(_) => 1,
        };
        let lines = cells.iter().enumerate().map(of_cell).max();
        lines.and_then(|lines| u32::try_from(lines).ok()).unwrap_or(LINES_MAX)
    }

    /// Below a gap: each sum, live, and under it the exact figure as text.
    fn totals(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        for (number, sum) in self.laid.sums.iter().enumerate() {
            let row = index(self.laid.sum_row(number));
            for column in 0..self.laid.table.columns.len() {
                sheet.write_blank(row, place(column), &self.looks.total_words)?;
            }
            self.total_words(sheet, row, sum)?;
            for figure in &sum.figures {
                let at = (row, place(figure.column));
                let formula = self.laid.total(number, figure);
                write_total(sheet, at, formula, &figure.sum, &self.looks.total(&figure.sum), self.looks)?;
            }
            sheet.write_string_with_format(row + 1, 0, "exact", &self.looks.code)?;
            for figure in &sum.figures {
                write_exact(sheet, (row + 1, place(figure.column)), &figure.sum, &self.looks.total_exact)?;
            }
        }
        let whole = together(&self.laid.sums);
        if whole.is_empty() {
            return Ok(());
        }
        let row = index(self.laid.sum_row(self.laid.sums.len()));
        sheet.write_string_with_format(row, 0, "Rows shown", &self.looks.code)?;
        for figure in &whole {
            if let Some(formula) = self.laid.shown(figure) {
                let at = (row, place(figure.column));
                write_total(sheet, at, Some(formula), &figure.sum, self.looks.figure(&figure.sum), self.looks)?;
            }
        }
        Ok(())
    }

    /// The words of a sum: what it is over. The formulas look them up here.
    fn total_words(&self, sheet: &mut Worksheet, row: u32, sum: &Sum) -> Result<(), XlsxError> {
        let own = self.laid.table.column("account").filter(|_| sum.whose == Whose::Own);
        let label = if sum.whose == Whose::Customers { "Total, customers" } else { "Total" };
        sheet.write_string_with_format(row, 0, label, &self.looks.total_words)?;
        for (column, word) in &sum.keys {
            sheet.write_string_with_format(row, place(*column), word, &self.looks.total_words)?;
        }
        if let Some(column) = own {
            sheet.write_string_with_format(row, place(column), &sum.own, &self.looks.total_words)?;
        }
        Ok(())
    }
}

/// Writes a total as a live formula with its exact result, or as exact text where a float would lose a digit.
pub(super) fn write_total(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    formula: Option<String>,
    exact: &Cell,
    format: &Format,
    looks: &Looks,
) -> Result<(), XlsxError> {
    match formula {
        Some(formula) => {
            let formula = Formula::new(formula).set_result(exact.plain());
            sheet.write_formula_with_format(row, column, formula, format)?;
            Ok(())
        }
        None => write_exact(sheet, (row, column), exact, &looks.total_exact),
    }
}

/// Writes the titles of the columns.
pub(super) fn write_header(sheet: &mut Worksheet, row: u32, table: &Table, looks: &Looks) -> Result<(), XlsxError> {
    if table.columns.iter().any(|column| column.title.len() + 2 > usize::from(column.width)) {
        sheet.set_row_height_pixels(row, 2 * LINE_PIXELS)?;
    }
    for (index, column) in (0_u16..).zip(table.columns) {
        let format = if column.numeric { &looks.numbers_header } else { &looks.words_header };
        sheet.write_string_with_format(row, index, column.title, format)?;
    }
    Ok(())
}

fn graded(table: &Table) -> Vec<(usize, usize)> {
    let by_severity = table.column("severity").map(|by| {
        let class = table.column("class").map(|class| (class, by));
        class.into_iter().chain([(by, by)]).collect::<Vec<_>>()
    });
    let verdict = table.column("verdict").filter(|_| JUDGED.contains(&table.name)).map(|place| (place, place));
    by_severity.into_iter().flatten().chain(verdict).collect()
}

/// Whether a list has more rows than a sheet can hold links.
pub(super) fn lacks_links(table: &Table) -> bool {
    let links = LINKS.iter().filter(|(from, ..)| *from == table.name).count();
    table.rows.len() * links > LINKS_MAX
}

pub(super) fn place(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

pub(super) fn index(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
