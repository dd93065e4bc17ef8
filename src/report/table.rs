//! The neutral table: typed cells in named columns, which every renderer prints and none computes.

use rust_decimal::Decimal;

use crate::domain::{Amount, Currency, Figure};

/// One typed cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing is known or nothing applies.
    Empty,
    /// Prose, which may wrap: names, reasons, explanations.
    Text(String),
    /// One word or identifier, which does not wrap: ids, slugs, references. As little trusted as prose.
    Code(String),
    /// How many.
    Count(u64),
    /// Money, with the decimals that its currency always shows.
    Amount(Amount, u32),
    /// A percentage, such as 20 for 20 %.
    Percent(Decimal),
}

impl Cell {
    /// Prose.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A word or identifier.
    pub(super) fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// A word or identifier, where there is one.
    pub(super) fn maybe_code(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, Self::code)
    }

    /// How many there are in a list.
    pub(super) fn length(length: usize) -> Self {
        Self::Count(u64::try_from(length).unwrap_or(u64::MAX))
    }

    /// Money in a currency.
    pub(super) fn money(amount: Amount, currency: Currency) -> Self {
        Self::Amount(amount, currency.minor_digits())
    }

    /// Money in a currency, where it is known.
    pub(super) fn maybe_money(amount: Option<Amount>, currency: Currency) -> Self {
        amount.map_or(Self::Empty, |amount| Self::money(amount, currency))
    }

    /// A figure as somebody stated it: where it cannot be read, as it was written.
    pub(super) fn figure<T: Copy>(stated: Figure<T>, cell: impl FnOnce(T) -> Self) -> Self {
        let written = || stated.unreadable().map_or(Self::Empty, |written| Self::code(written.as_str()));
        stated.known().map_or_else(written, cell)
    }

    /// What a word or prose says; nothing of the other kinds.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Code(text) => Some(text),
            Self::Empty | Self::Count(_) | Self::Amount(..) | Self::Percent(_) => None,
        }
    }

    /// The cell as exact text, without grouping.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Code(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Amount(amount, decimals) => decimal_text(*amount, *decimals),
            Self::Percent(percent) => percent.normalize().to_string(),
        }
    }
}

/// The place of a row among those that belong together: `1 of 2`. A spreadsheet would read `1/2` as a date.
pub(super) fn place_of(number: usize, all: usize) -> Cell {
    Cell::Code(format!("{number} of {all}"))
}

/// An amount as exact text with at least `decimals` decimals.
pub(super) fn decimal_text(amount: Amount, decimals: u32) -> String {
    amount.to_text(usize::try_from(decimals).unwrap_or(usize::MAX))
}

/// Money as exact text with the decimals of its currency.
pub(super) fn money(amount: Amount, currency: Currency) -> String {
    decimal_text(amount, currency.minor_digits())
}

/// Decimal text with its thousands set apart by commas: `1,234,567.89`.
pub(super) fn grouped(text: &str) -> String {
    in_groups(text, 3)
}

/// Decimal text with commas before its last three whole digits and before each further `step`: by 2 for lakh and crore.
pub(super) fn in_groups(text: &str, step: usize) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut shown = sign.to_owned();
    for (place, digit) in digits.char_indices() {
        let left = whole.saturating_sub(place);
        if place > 0 && left >= 3 && (left - 3) % step == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// What a column is to the sums of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing.
    Plain,
    /// Rows are summed apart by what stands here: a currency, a direction.
    Key,
    /// Its figures add up.
    Sum,
}

/// What stands in a column, and how wide it is on a sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// The name scripts rely on: it and its place never change.
    pub(super) name: &'static str,
    /// The title people read.
    pub(super) title: &'static str,
    /// The width on a sheet, in characters.
    pub(super) width: u16,
    /// Whether it holds numbers, which stand to the right.
    pub(super) numeric: bool,
    /// What it is to the sums of its list.
    pub(super) role: Role,
}

impl Column {
    /// A column of words.
    pub(super) const fn words(name: &'static str, title: &'static str, width: u16) -> Self {
        Self { name, title, width, numeric: false, role: Role::Plain }
    }

    /// A column of numbers.
    pub(super) const fn numbers(name: &'static str, title: &'static str, width: u16) -> Self {
        Self { name, title, width, numeric: true, role: Role::Plain }
    }

    /// A column of words by which rows are summed apart.
    pub(super) const fn key(name: &'static str, title: &'static str, width: u16) -> Self {
        Self { name, title, width, numeric: false, role: Role::Key }
    }

    /// A column of numbers that add up.
    pub(super) const fn sum(name: &'static str, title: &'static str, width: u16) -> Self {
        Self { name, title, width, numeric: true, role: Role::Sum }
    }
}

/// A list, ready to be printed: every row has one cell for each column.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The paper's name without its ending.
    pub(super) name: &'static str,
    /// The title of its sheet; empty where the list has none.
    pub(super) title: &'static str,
    /// The columns.
    pub(super) columns: &'static [Column],
    /// The rows.
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The place of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
