//! Where each list stands in the workbook: which sheets hold its rows, where its totals are, what a formula or a link to
//! them is called. Laid out before anything is written, so that every sheet can refer to every other.

use std::collections::BTreeMap;
use std::ops::Range;

use rust_xlsxwriter::utility::column_number_to_name;

use super::Limits;
use super::cells::{digits, is_cut, survives};
use crate::report::sums::{Figure, Sum, Whose, sums};
use crate::report::table::{Cell, Table};

/// Characters beyond which a column of words grows no wider.
pub(super) const WIDTH_MAX: usize = 40;

/// Some rows of a list, on a sheet of their own.
pub(super) struct Part {
    /// The sheet's name.
    pub(super) sheet: String,
    /// The list's rows.
    pub(super) rows: Range<usize>,
}

/// What stands in a column.
#[derive(Clone, Default)]
pub(super) struct Extent {
    /// Characters of the longest word or figure.
    longest: usize,
    /// Texts that do not fit into a cell.
    pub(super) cut: usize,
    /// Figures that stand as text, because a binary float would lose a digit.
    pub(super) as_text: usize,
}

/// A list with its places.
pub(super) struct Laid<'a> {
    pub(super) table: &'a Table,
    pub(super) parts: Vec<Part>,
    pub(super) sums: Vec<Sum>,
    pub(super) extents: Vec<Extent>,
    /// Whether its rows are many: they go through a temporary file, and no text is wrapped.
    pub(super) many: bool,
}

impl<'a> Laid<'a> {
    /// Lays a list out.
    pub(super) fn new(table: &'a Table, own: &str, limits: Limits) -> Self {
        let sums = sums(table, own);
        // The header, and below the rows a gap, two rows a sum, and one for the rows shown.
        let room = limits.rows.saturating_sub(2 * sums.len() + 3).max(1);
        let sheets = table.rows.len().div_ceil(room).max(1);
        let part = |index: usize| Part {
            sheet: if index == 0 { table.title.to_owned() } else { format!("{} {}", table.title, index + 1) },
            rows: index * room..((index + 1) * room).min(table.rows.len()),
        };
        let parts = (0..sheets).map(part).collect();
        Self { table, parts, sums, extents: extents(table, limits), many: table.rows.len() > limits.in_memory }
    }

    /// The width of a column in characters: as stated, or more where a figure or a word needs it.
    pub(super) fn width(&self, column: usize) -> usize {
        let stated = usize::from(self.table.columns[column].width);
        stated.max((self.extents[column].longest + 2).min(WIDTH_MAX))
    }

    /// The last sheet.
    pub(super) fn last(&self) -> &Part {
        &self.parts[self.parts.len() - 1]
    }

    /// The row of a sum on the last sheet, from 0; its exact text stands one row below.
    pub(super) fn sum_row(&self, sum: usize) -> usize {
        self.last().rows.len() + 2 + 2 * sum
    }

    /// Where a row of the list stands, as a link says it: `internal:'Accounts'!A7`.
    pub(super) fn link(&self, row: usize) -> Option<String> {
        let part = self.parts.iter().find(|part| part.rows.contains(&row))?;
        Some(format!("internal:'{}'!A{}", part.sheet, row - part.rows.start + 2))
    }

    /// A cell of a row of the list, as a formula says it.
    pub(super) fn cell(&self, row: usize, column: usize) -> Option<String> {
        let part = self.parts.iter().find(|part| part.rows.contains(&row))?;
        Some(format!("'{}'!{}", part.sheet, absolute(column, row - part.rows.start + 1)))
    }

    /// The cell of a total, as a formula on another sheet says it.
    pub(super) fn sum_cell(&self, sum: usize, column: usize) -> String {
        format!("'{}'!{}", self.last().sheet, absolute(column, self.sum_row(sum)))
    }

    /// The cells of a column in each part, as a formula says them.
    pub(super) fn ranges(&self, column: usize) -> impl Iterator<Item = String> {
        let name = name(column);
        let range = move |part: &Part| format!("'{}'!${name}$2:${name}${}", part.sheet, part.rows.len() + 1);
        self.parts.iter().map(range)
    }

    /// A formula summed over the parts, rounded to the decimals of what it adds up: binary floats leave dust.
    pub(super) fn over_parts(&self, decimals: u32, of_part: impl Fn(usize) -> String) -> String {
        let terms: Vec<String> = (0..self.parts.len()).map(of_part).collect();
        format!("ROUND({},{decimals})", terms.join("+"))
    }

    /// The formula of a total; nothing where it or a figure in it stands as text.
    pub(super) fn total(&self, at: usize, figure: &Figure) -> Option<String> {
        let sum = &self.sums[at];
        if !self.is_live(figure.column) || !survives(&figure.sum) {
            return None;
        }
        let row = self.sum_row(at);
        let mut criteria: Vec<(usize, String)> = sum.keys.iter().map(|(key, _)| (*key, absolute(*key, row))).collect();
        let own = self.sums.iter().position(|sum| sum.whose == Whose::Own);
        if let (Some(account), Some(own)) = (self.table.column("account"), own) {
            let cell = absolute(account, self.sum_row(own));
            criteria.push((account, if sum.whose == Whose::Own { cell } else { format!("\"<>\"&{cell}") }));
        }
        let ranges: Vec<String> = self.ranges(figure.column).collect();
        let criteria: Vec<(Vec<String>, String)> =
            criteria.into_iter().map(|(column, word)| (self.ranges(column).collect(), word)).collect();
        Some(self.over_parts(figure.decimals, |part| {
            if criteria.is_empty() {
                return format!("SUM({})", ranges[part]);
            }
            let each: Vec<String> = criteria.iter().map(|(of, word)| format!("{},{word}", of[part])).collect();
            format!("SUMIFS({},{})", ranges[part], each.join(","))
        }))
    }

    /// The formula of what a filter shows of a column.
    pub(super) fn shown(&self, figure: &Figure) -> Option<String> {
        let live = self.is_live(figure.column) && survives(&figure.sum);
        let ranges: Vec<String> = self.ranges(figure.column).collect();
        live.then(|| self.over_parts(figure.decimals, |part| format!("SUBTOTAL(109,{})", ranges[part])))
    }

    /// Whether every figure of a column is a number that a formula can add up.
    pub(super) fn is_live(&self, column: usize) -> bool {
        self.extents[column].as_text == 0
    }

    /// The rows by what stands in some columns, the first of each.
    pub(super) fn by(&self, columns: &[&str]) -> BTreeMap<Vec<&'a str>, usize> {
        let places: Vec<usize> = columns.iter().filter_map(|name| self.table.column(name)).collect();
        let mut found = BTreeMap::new();
        for (number, row) in self.table.rows.iter().enumerate() {
            if let Some(key) = places.iter().map(|place| row[*place].word()).collect::<Option<Vec<&str>>>() {
                found.entry(key).or_insert(number);
            }
        }
        found
    }
}

fn name(column: usize) -> String {
    column_number_to_name(u16::try_from(column).unwrap_or(u16::MAX))
}

/// `$C$7` for column 2 and row 6, both from 0.
pub(super) fn absolute(column: usize, row: usize) -> String {
    format!("${}${}", name(column), row + 1)
}

fn extents(table: &Table, limits: Limits) -> Vec<Extent> {
    let mut extents = vec![Extent::default(); table.columns.len()];
    for row in &table.rows {
        for (extent, cell) in extents.iter_mut().zip(row) {
            extent.cut += usize::from(is_cut(cell, limits.text));
            if let Some(length) = length(cell) {
                extent.as_text += usize::from(!survives(cell));
                extent.longest = extent.longest.max(length);
            } else if let Cell::Code(text) = cell {
                extent.longest = extent.longest.max(text.chars().take(WIDTH_MAX).count());
            }
        }
    }
    extents
}

/// The characters of a figure as it is shown; nothing for what is no figure.
pub(super) fn length(cell: &Cell) -> Option<usize> {
    let (figure, decimals) = digits(cell)?;
    let whole = figure.checked_ilog10().unwrap_or(0).saturating_sub(decimals) + 1;
    // The digits, the commas between thousands, the point, and a sign.
    usize::try_from(whole + whole / 3 + decimals + 2).ok()
}
