//! What can be looked up on the page: every id with the place that tells of it, and every figure of the overview with the
//! list whose rows it counts or sums.

use std::collections::BTreeMap;

use super::data;
use crate::domain::{Age, Standing};
use crate::report::markup::percent;
use crate::report::table::{Cell, Table};
use crate::report::totals::Total;

/// Ids and figures, with the links that lead to them.
pub(super) struct Known {
    partner: String,
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
        let rows = rows.chain(wallets(partner, totals)).collect();
        Self { partner: percent(partner), ids, rows }
    }

    /// Where an id leads.
    pub(super) fn id(&self, id: &str) -> Option<&str> {
        self.ids.get(id).map(String::as_str)
    }

    /// The list behind what stands beside a label of the overview.
    pub(super) fn label(&self, label: &str) -> Option<String> {
        let own = &self.partner;
        Some(match label {
            "Accounts" | "Customers" => format!("#list:accounts?account=!{own}"),
            "Own wallet" => format!("#list:tie_outs?account={own}"),
            "Ledgers" => "#list:walk".to_owned(),
            "Entries" => "#list:days".to_owned(),
            "Unreadable" => "#list:unreadable".to_owned(),
            "Findings" => "#list:breaks".to_owned(),
            "Invoices" => "#list:invoices".to_owned(),
            "Held" => "#list:held".to_owned(),
            "Handed on" => "#list:carried".to_owned(),
            "Not asked" => "#list:carried?asked_again=no".to_owned(),
            "Accepted" => "#list:breaks?decision=accepted".to_owned(),
            "Decided" => "#list:breaks?decision=!".to_owned(),
            "proved" | "implied" | "differs" | "not-evidenced" => format!("#list:wallets?verdict={label}"),
            _ => return None,
        })
    }

    /// The list behind a figure of a table of the overview: of what its row is about, as much as its column counts. A row
    /// that goes on, in a further currency, is about what the row `head` above it is.
    pub(super) fn figure(&self, table: &Table, (head, row): (&[Cell], &[Cell]), column: &str) -> Option<String> {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let first = head.first()?.plain();
        let currency = table.column("currency").and_then(|place| row.get(place)).map(Cell::plain).unwrap_or_default();
        match columns.as_slice() {
            ["standing", ..] => Some(of_standing(&first, &currency, column)),
            ["notes", ..] => {
                let kind = first.trim_end_matches(" notes");
                Some(format!("#list:notes?kind={}&currency={currency}", percent(kind)))
            }
            ["currency", "invoices", ..] => Some(format!("#list:invoices?currency={currency}")),
            ["currency", "accounts", ..] => Some(format!("#list:held?currency={currency}")),
            ["currency", "wallets", ..] => Some(format!("#list:recharges?currency={currency}{}", judged(column))),
            _ => self.rows.get(&first).cloned(),
        }
    }
}

/// The findings of a standing: what is new stands among this run's own, all else in the list of what was handed on.
fn of_standing(standing: &str, currency: &str, column: &str) -> String {
    let list = if standing == Standing::New.word() { "breaks" } else { "carried" };
    let more = match (column, column.parse::<Age>()) {
        (_, Ok(age)) => format!("&age={}", percent(age.word())),
        ("gross" | "net", Err(_)) => format!("&currency={currency}"),
        (_, Err(_)) => String::new(),
    };
    format!("#list:{list}?standing={standing}{more}")
}

/// The wallets that a column of the recharge check counts.
fn judged(column: &str) -> String {
    match column {
        "covered" | "uncovered" | "negative" => format!("&verdict={column}"),
        "not_judged" => ["not-evidenced", "not-billed", "postpaid"].map(|it| format!("&verdict={it}")).concat(),
        _ => String::new(),
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
            (format!("{}, {word}", total.currency), href)
        })
    };
    totals.iter().flat_map(row)
}
