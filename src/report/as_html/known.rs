//! What can be looked up on the page: every id with the place that tells of it, and every row of the overview with the list
//! that lies behind its figures.

use std::collections::BTreeMap;

use super::data;
use crate::report::markup::percent;
use crate::report::table::{Cell, Table};
use crate::report::totals::Total;

/// Ids and rows, with the links that lead to them.
pub(super) struct Known {
    ids: BTreeMap<String, String>,
    rows: BTreeMap<String, String>,
}

impl Known {
    pub(super) fn of(partner: &str, totals: &[Total], tables: &[Table]) -> Self {
        let mut ids = BTreeMap::new();
        for name in ["breaks", "accounts", "tie_outs", "invoices", "notes"] {
            let found = tables.iter().find(|table| table.name == name);
            let Some((table, (kind, key))) = found.zip(data::kind_of(name)) else { continue };
            for row in &table.rows {
                let id = key_of(table, key, row);
                let href = format!("#{kind}:{}", percent(&id));
                ids.insert(id, href);
            }
        }
        let rows = totals.iter().map(|total| (total.label(), format!("#list:tie_outs?{}", filter_of(partner, total))));
        Self { ids, rows: rows.chain(wallets(partner, totals)).collect() }
    }

    /// Where an id leads.
    pub(super) fn id(&self, id: &str) -> Option<&str> {
        self.ids.get(id).map(String::as_str)
    }

    /// The list behind a row of a table of the overview.
    pub(super) fn row(&self, table: &Table, row: &[Cell]) -> Option<String> {
        let first = row.first()?.plain();
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let list = |list: &str, column: &str| Some(format!("#list:{list}?{column}={}", percent(&first)));
        match columns.as_slice() {
            _ if first.is_empty() => None,
            ["class", ..] => list("breaks", "class"),
            ["standing", ..] => list("breaks", "standing"),
            ["currency", "invoices", ..] => list("invoices", "currency"),
            ["currency", "accounts", ..] => list("held", "currency"),
            ["currency", "wallets", ..] => list("recharges", "currency"),
            _ => self.rows.get(&first).cloned(),
        }
    }
}

/// The id of a row: the values of its key, set apart by strokes.
fn key_of(table: &Table, key: &[&str], row: &[Cell]) -> String {
    let value = |name: &&str| {
        let place = table.columns.iter().position(|column| column.name == *name);
        place.and_then(|place| row.get(place)).map(Cell::plain).unwrap_or_default()
    };
    key.iter().map(value).collect::<Vec<_>>().join("/")
}

/// What selects the rows that a total sums; an account led by `!` is every other one.
pub(super) fn filter_of(partner: &str, total: &Total) -> String {
    let whose = if total.own_wallet { "" } else { "!" };
    let (currency, direction) = (total.currency, total.direction.word());
    format!("currency={currency}&direction={direction}&account={whose}{}", percent(partner))
}

/// The wallets that a row of the proof of cash sums.
fn wallets<'a>(partner: &'a str, totals: &'a [Total]) -> impl Iterator<Item = (String, String)> + 'a {
    let row = move |total: &'a Total| {
        [("customers", "!"), ("own wallet", "")].map(|(word, whose)| {
            let href = format!("#list:wallets?currency={}&account={whose}{}", total.currency, percent(partner));
            (format!("{} {word}", total.currency), href)
        })
    };
    totals.iter().flat_map(row)
}
