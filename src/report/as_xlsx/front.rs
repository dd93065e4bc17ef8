//! The front sheet: the verdict and what to do next, the key figures, the charts, where everything comes from, what each
//! sheet holds, and the whole overview below.

use rust_xlsxwriter::{Format, Url, Worksheet, XlsxError};

use super::cells::{fitting, write_exact, write_figure, write_words};
use super::charts::{FIGURES, HEIGHT_PIXELS, WIDTH_PIXELS, charts};
use super::laid::{Laid, WIDTH_MAX, length};
use super::looks::Looks;
use super::sheet::{LINE_PIXELS, lacks_links, place, write_header, write_total};
use super::{Contents, Limits};
use crate::report::definitions;
use crate::report::overview::Block;
use crate::report::table::{Cell, Column, Table, grouped};

/// The sheet's name.
pub(super) const SUMMARY: &str = "Summary";

/// Columns of the sheet, and the characters of each at least.
const COLUMNS: u16 = 9;
const FIRST_WIDTH: usize = 26;
const WIDTH_MIN: usize = 15;

/// Characters that fit beside each other over all columns at least.
const LINE_MAX: usize = 150;

/// The figures told first: of which list and column, and what they are called.
const KEYS: &[(&str, &str, &str)] = &[
    ("tie_outs", "difference", "Tie-out, difference"),
    ("tie_outs", "residual", "Tie-out, unexplained"),
    ("wallets", "difference", "Proof of cash, difference"),
    ("invoices", "total", "Invoiced"),
    ("held", "cost_base", "Held, at cost"),
    ("recharges", "shortfall", "Not covered by transfers"),
];

const KEY_COLUMNS: &[Column] = &[
    Column::words("what", "Key figure", 26),
    Column::words("of", "Of", 17),
    Column::words("gap", "", 17),
    Column::numbers("total", "Total", 17),
    Column::numbers("exact", "Exact", 17),
];

const SHEET_COLUMNS: &[Column] =
    &[Column::words("sheet", "Sheet", 26), Column::numbers("rows", "Rows", 17), Column::words("holds", "Holds", 17)];

/// Writes the front sheet.
pub(super) fn write(
    sheet: &mut Worksheet,
    it: &Contents,
    lists: &[Laid],
    (limits, looks): (Limits, &Looks),
) -> Result<(), XlsxError> {
    let grids = it.overview.iter().filter_map(|block| if let Block::Grid(table) = block { Some(table) } else { None });
    let sums = lists.iter().flat_map(|laid| &laid.sums).flat_map(|sum| &sum.figures).map(|figure| &figure.sum);
    let figures = grids.flat_map(|table| table.rows.iter().flatten()).chain(sums);
    let width = figures.filter_map(length).max().unwrap_or(0).clamp(WIDTH_MIN, WIDTH_MAX);
    for column in 0..COLUMNS {
        let width = if column == 0 { FIRST_WIDTH } else { width };
        sheet.set_column_width(column, u32::try_from(width).unwrap_or(u32::MAX))?;
    }
    let (mut title, mut origin, mut verdict, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut headings = 0;
    for block in it.overview {
        headings += usize::from(matches!(block, Block::Heading(_)));
        match (headings, block) {
            (0, Block::Title(_)) => title.push(block),
            (0, _) => origin.push(block),
            (1, _) => verdict.push(block),
            (_, _) => others.push(block),
        }
    }
    let mut front = Front { sheet, row: 0, banner: Some(looks.banner(it.verdict.0)), limits, looks };
    front.blocks(&title)?;
    front.blocks(&verdict)?;
    front.key_figures(lists)?;
    front.charts(it)?;
    front.heading("Where the figures come from")?;
    front.blocks(&origin)?;
    front.sheets(lists)?;
    front.blocks(&notes(lists).iter().collect::<Vec<_>>())?;
    front.blocks(&others)
}

/// What the workbook could not hold, told on its first sheet: the CSV papers hold all of it.
pub(super) fn notes(lists: &[Laid]) -> Vec<Block> {
    let mut notes = Vec::new();
    for laid in lists {
        let table = laid.table;
        let mut note = |what: String| {
            notes.push((format!("{}: {what}; {}.csv has all", table.title, table.name), String::new()));
        };
        let count = |of: fn(&super::laid::Extent) -> usize| laid.extents.iter().map(of).sum::<usize>();
        let (cut, as_text) = (count(|it| it.cut), count(|it| it.as_text));
        if cut > 0 {
            note(format!("{cut} texts do not fit into a cell and are cut short"));
        }
        if as_text > 0 {
            note(format!(
                "{as_text} figures have more than 15 digits and stand as text, so that no digit is lost; so do the totals \
                 they enter"
            ));
        }
        if lacks_links(table) {
            note("the rows beyond the limit of a sheet's links have none".to_owned());
        }
    }
    if notes.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading("What this workbook cannot hold".to_owned()), Block::Items(notes)]
}

/// The sheet while it is written, from top to bottom.
struct Front<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    /// The look of the next heading, where it is the verdict.
    banner: Option<&'a Format>,
    limits: Limits,
    looks: &'a Looks,
}

impl Front<'_> {
    fn blocks(&mut self, blocks: &[&Block]) -> Result<(), XlsxError> {
        for block in blocks {
            match block {
                Block::Title(title) => self.line(title, &self.looks.title.clone())?,
                Block::Heading(heading) => self.heading(heading)?,
                Block::Pairs(pairs) => {
                    for (label, text) in pairs {
                        self.sheet.write_string_with_format(self.row, 0, *label, &self.looks.label)?;
                        self.across(1, text, &self.looks.line)?;
                        self.row += 1;
                    }
                }
                Block::Prose(prose) => self.line(prose, &self.looks.line.clone())?,
                Block::Grid(table) => self.grid(table)?,
                Block::Items(items) => {
                    for (head, body) in items {
                        let head_look = if body.is_empty() { &self.looks.line } else { &self.looks.label };
                        self.line(head, &head_look.clone().set_text_wrap())?;
                        if !body.is_empty() {
                            self.line(body, &self.looks.line.clone())?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn heading(&mut self, heading: &str) -> Result<(), XlsxError> {
        self.row += 1;
        let banner = self.banner.take();
        if banner.is_some() {
            self.sheet.set_row_height_pixels(self.row, 2 * LINE_PIXELS)?;
        }
        let format = banner.unwrap_or(&self.looks.heading);
        for column in 0..COLUMNS {
            self.sheet.write_blank(self.row, column, format)?;
        }
        write_words(self.sheet, (self.row, 0), heading, self.limits.text, format)?;
        self.row += 1;
        Ok(())
    }

    /// A text over all columns, with as many lines as it needs.
    fn line(&mut self, text: &str, format: &Format) -> Result<(), XlsxError> {
        self.across(0, text, format)?;
        self.row += 1;
        Ok(())
    }

    fn across(&mut self, first: u16, text: &str, format: &Format) -> Result<(), XlsxError> {
        let text = fitting(text, self.limits.text);
        let room = if first == 0 { LINE_MAX } else { LINE_MAX - FIRST_WIDTH };
        let lines = u32::try_from(text.chars().count().div_ceil(room).max(1)).unwrap_or(1);
        self.sheet.merge_range(self.row, first, self.row, COLUMNS - 1, &text, format)?;
        if lines > 1 {
            self.sheet.set_row_height_pixels(self.row, lines.min(20) * LINE_PIXELS)?;
        }
        Ok(())
    }

    fn grid(&mut self, table: &Table) -> Result<(), XlsxError> {
        write_header(self.sheet, self.row, table, self.looks)?;
        for cells in &table.rows {
            self.row += 1;
            for (column, cell) in cells.iter().enumerate() {
                let at = (self.row, place(column));
                match cell {
                    Cell::Empty => {}
                    Cell::Text(text) | Cell::Code(text) => {
                        write_words(self.sheet, at, text, self.limits.text, &self.looks.code)?;
                    }
                    Cell::Count(_) | Cell::Amount(..) | Cell::Percent(_) => {
                        write_figure(self.sheet, at, cell, self.looks)?;
                    }
                }
            }
        }
        self.row += 2;
        Ok(())
    }

    fn header(&mut self, columns: &'static [Column]) -> Result<(), XlsxError> {
        self.row += 1;
        let header = Table { name: "", title: "", columns, rows: Vec::new() };
        write_header(self.sheet, self.row, &header, self.looks)?;
        self.row += 1;
        Ok(())
    }

    fn link(&mut self, row: u32, target: &str, text: &str) -> Result<(), XlsxError> {
        let url = Url::new(format!("internal:{target}")).set_text(text);
        self.sheet.write_url_with_format(row, 0, url, &self.looks.link)?;
        Ok(())
    }

    /// Each refers to the total on its list's sheet.
    fn key_figures(&mut self, lists: &[Laid]) -> Result<(), XlsxError> {
        self.header(KEY_COLUMNS)?;
        for (list, column, what) in KEYS {
            let Some(laid) = lists.iter().find(|laid| laid.table.name == *list) else { continue };
            for (number, sum) in laid.sums.iter().enumerate() {
                let figures = sum.figures.iter().filter(|figure| laid.table.columns[figure.column].name == *column);
                for figure in figures {
                    let total = laid.sum_cell(number, figure.column);
                    let formula = laid.total(number, figure).map(|_| total.clone());
                    self.link(self.row, &total.replace('$', ""), what)?;
                    self.sheet.write_string_with_format(self.row, 1, sum.label(), &self.looks.code)?;
                    let look = self.looks.figure(&figure.sum);
                    write_total(self.sheet, (self.row, 3), formula, &figure.sum, look, self.looks)?;
                    write_exact(self.sheet, (self.row, 4), &figure.sum, &self.looks.total_exact)?;
                    self.row += 1;
                }
            }
        }
        Ok(())
    }

    fn charts(&mut self, it: &Contents) -> Result<(), XlsxError> {
        let charts = charts(it.pictures);
        if charts.is_empty() {
            return Ok(());
        }
        self.row += 1;
        for (number, chart) in (0..).zip(&charts) {
            self.sheet.insert_chart_with_offset(self.row, 0, chart, number * (WIDTH_PIXELS + 4), 0)?;
        }
        self.row += HEIGHT_PIXELS.div_ceil(LINE_PIXELS) + 1;
        Ok(())
    }

    /// What each sheet holds, and which rows of a list that stands on several.
    fn sheets(&mut self, lists: &[Laid]) -> Result<(), XlsxError> {
        self.header(SHEET_COLUMNS)?;
        for laid in lists {
            for part in &laid.parts {
                self.link(self.row, &format!("'{}'!A1", part.sheet), &part.sheet)?;
                write_figure(self.sheet, (self.row, 1), &Cell::length(part.rows.len()), self.looks)?;
                let told = definitions::holds(laid.table.name);
                let of = |row: usize| grouped(&row.to_string());
                let told = if laid.parts.len() == 1 {
                    told.to_owned()
                } else {
                    let (first, last) = (of(part.rows.start + 1), of(part.rows.end));
                    let all = of(laid.table.rows.len());
                    format!("{told}: rows {first} to {last} of {all}, more than one sheet can hold")
                };
                self.across(2, &told, &self.looks.text)?;
                self.row += 1;
            }
        }
        self.link(self.row, &format!("'{FIGURES}'!A1"), FIGURES)?;
        self.across(2, definitions::holds("figures"), &self.looks.text)?;
        self.row += 1;
        Ok(())
    }
}
