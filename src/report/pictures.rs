//! What the workbook's charts show, taken from the lists: findings by class, customers by size and by verdict. Each
//! bar says where in the lists its figure comes from, so that a renderer can refer to it there. One currency a picture.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::sums::decimals_of;
use super::table::{Cell, Table};
use crate::domain::{Amount, Class, Severity, Verdict};

/// Bars of a picture.
const BARS_MAX: usize = 10;

/// Characters of a bar's label.
const LABEL_MAX: usize = 28;

/// Where a bar's figure comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Σ |effect| of the breaks of the bar's class and currency.
    Gross,
    /// The debits in this row of the accounts.
    Debits(usize),
    /// How many rows of the accounts have the bar's verdict, the partner's own left out.
    Accounts { own: String },
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// What it stands for: a class, a customer, a verdict.
    pub(super) label: String,
    /// The currency of its figure.
    pub(super) currency: Option<String>,
    /// The exact figure.
    pub(super) figure: Cell,
    /// The most decimals among the figure and what it adds up.
    pub(super) decimals: u32,
    /// Where it comes from.
    pub(super) source: Source,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// What it shows.
    pub(super) title: String,
    /// The bars, from top to bottom.
    pub(super) bars: Vec<Bar>,
}

/// The pictures of a close, those without bars left out.
pub(super) fn pictures(tables: &[Table], own: &str) -> Vec<Picture> {
    let list = |name: &str| tables.iter().find(|table| table.name == name);
    let (Some(accounts), Some(breaks)) = (list("accounts"), list("breaks")) else { return Vec::new() };
    let currency = main_currency(accounts);
    let pictures = [by_class(breaks, &currency), by_size(accounts, &currency, own), by_verdict(accounts, own)];
    pictures.into_iter().filter(|picture| !picture.bars.is_empty()).collect()
}

/// The currency of most accounts; the first by name among equals.
fn main_currency(accounts: &Table) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &accounts.rows {
        *counts.entry(word(accounts, row, "currency")).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(code, count)| (*count, Reverse(*code)));
    most.map_or("", |(code, _)| code).to_owned()
}

fn word<'a>(table: &Table, row: &'a [Cell], column: &str) -> &'a str {
    table.column(column).and_then(|place| row[place].word()).unwrap_or_default()
}

fn amount(table: &Table, row: &[Cell], column: &str) -> Option<(Amount, u32)> {
    match row[table.column(column)?] {
        Cell::Amount(amount, shown) => Some((amount, shown)),
        Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Count(_) | Cell::Percent(_) => None,
    }
}

fn by_class(breaks: &Table, currency: &str) -> Picture {
    let mut classes: BTreeMap<Class, (Amount, u32, u32)> = BTreeMap::new();
    for row in breaks.rows.iter().filter(|row| word(breaks, row, "currency") == currency) {
        let class = word(breaks, row, "class").parse::<Class>();
        if let (Ok(class), Some((effect, shown))) = (class, amount(breaks, row, "effect")) {
            let (gross, of, decimals) = classes.entry(class).or_default();
            *gross += effect.abs();
            *of = (*of).max(shown);
            *decimals = (*decimals).max(decimals_of(effect));
        }
    }
    let mut classes: Vec<_> = classes.into_iter().filter(|(_, (gross, ..))| !gross.is_zero()).collect();
    classes.sort_by_key(|(class, (gross, ..))| (Reverse(*gross), *class));
    let bar = |(class, (gross, shown, decimals)): (Class, (Amount, u32, u32))| Bar {
        label: class.slug().to_owned(),
        currency: Some(currency.to_owned()),
        figure: Cell::Amount(gross, shown),
        decimals: decimals.max(shown),
        source: Source::Gross,
    };
    let bars = classes.into_iter().take(BARS_MAX).map(bar).collect();
    Picture { title: format!("Findings by class, gross {currency}"), bars }
}

fn by_size(accounts: &Table, currency: &str, own: &str) -> Picture {
    let of_customer = |(number, row): (usize, &Vec<Cell>)| {
        let (debits, shown) = amount(accounts, row, "debits")?;
        let (account, name) = (word(accounts, row, "account"), word(accounts, row, "name"));
        let counts = word(accounts, row, "currency") == currency && account != own && debits > Amount::ZERO;
        let label: String = if name.trim().is_empty() { account } else { name }.chars().take(LABEL_MAX).collect();
        counts.then_some((debits, shown, number, label))
    };
    let mut sizes: Vec<_> = accounts.rows.iter().enumerate().filter_map(of_customer).collect();
    sizes.sort_by_key(|(debits, _, number, _)| (Reverse(*debits), *number));
    let bar = |(debits, shown, number, label): (Amount, u32, usize, String)| Bar {
        label,
        currency: Some(currency.to_owned()),
        figure: Cell::Amount(debits, shown),
        decimals: decimals_of(debits).max(shown),
        source: Source::Debits(number),
    };
    let bars = sizes.into_iter().take(BARS_MAX).map(bar).collect();
    Picture { title: format!("Largest customers, debits {currency}"), bars }
}

fn by_verdict(accounts: &Table, own: &str) -> Picture {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in accounts.rows.iter().filter(|row| word(accounts, row, "account") != own) {
        *counts.entry(word(accounts, row, "verdict")).or_default() += 1;
    }
    let verdicts = [Severity::None, Severity::Timing, Severity::Break, Severity::Incomplete].map(Verdict);
    let bar = |verdict: Verdict| {
        let count = counts.get(verdict.word())?;
        Some(Bar {
            label: verdict.word().to_owned(),
            currency: None,
            figure: Cell::Count(*count),
            decimals: 0,
            source: Source::Accounts { own: own.to_owned() },
        })
    };
    Picture { title: "Customers by verdict".to_owned(), bars: verdicts.into_iter().filter_map(bar).collect() }
}
