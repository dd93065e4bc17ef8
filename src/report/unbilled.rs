//! Whom earlier months held and nobody has billed since: as a table, as JSON, and in the overview. Adds nothing up.

use serde::Serialize;

use super::as_json::Money;
use super::overview::{Block, ended_by, told};
use super::table::{Cell, Column, Table, decimal_text, grouped, money};
use crate::domain::{Currency, Period};
use crate::invoice::Unbilled;

const UNBILLED: &[Column] = &[
    Column::words("period", "Period", 10),
    Column::words("run", "Run", 12),
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::sum("cost_base", "Cost", 16),
    Column::words("reason", "Reason", 72),
    Column::words("hint", "What ends it", 72),
];

/// Accounts told one by one, at most.
const TOLD_MAX: usize = 20;

/// `unbilled`.
pub(super) fn table(unbilled: &[Unbilled]) -> Table {
    let row = |it: &Unbilled| {
        vec![
            Cell::code(it.period.to_string()),
            Cell::code(&it.run),
            Cell::code(&it.account),
            Cell::text(&it.name),
            Cell::code(it.currency.code()),
            Cell::money(it.cost_base, it.currency),
            Cell::text(&it.reason),
            Cell::text(&it.hint),
        ]
    };
    Table { name: "unbilled", title: "", columns: UNBILLED, rows: unbilled.iter().map(row).collect() }
}

/// The block of the overview; nothing where everybody is billed.
pub(super) fn overview(unbilled: &[Unbilled]) -> Vec<Block> {
    if unbilled.is_empty() {
        return Vec::new();
    }
    let item = |it: &Unbilled| {
        let cost = grouped(&decimal_text(it.cost_base, it.currency.minor_digits()));
        (format!("{}  {}  {}  {} {cost}", it.period, it.account, it.name, it.currency), ended_by(&it.reason, &it.hint))
    };
    let again =
        "Held in their month and billed by no run since; `tieout close` of that month bills whoever ties out now.";
    vec![
        Block::Heading(told("Still not billed of earlier months", unbilled.len(), TOLD_MAX, "unbilled.csv")),
        Block::Prose(again.to_owned()),
        Block::Items(unbilled.iter().take(TOLD_MAX).map(item).collect()),
    ]
}

/// One of them in `close.json`.
#[derive(Serialize)]
pub(super) struct UnbilledJson<'a> {
    period: Period,
    run: &'a str,
    account: &'a str,
    name: &'a str,
    currency: Currency,
    cost_base: Money,
    reason: &'a str,
    hint: &'a str,
}

pub(super) fn as_json(it: &Unbilled) -> UnbilledJson<'_> {
    UnbilledJson {
        period: it.period,
        run: &it.run,
        account: &it.account,
        name: &it.name,
        currency: it.currency,
        cost_base: money(it.cost_base, it.currency),
        reason: &it.reason,
        hint: &it.hint,
    }
}
