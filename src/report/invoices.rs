//! What is billed and who is held, as tables: invoices, their lines, and the held list. Adds nothing up.

use super::table::{Cell, Column};
use crate::invoice::{Invoice, InvoiceLine, LineKind, SupplyKind, TaxHead};
use crate::reconcile::HeldAccount;

pub(super) const INVOICES: &[Column] = &[
    Column::words("number", "Number", 18),
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::sum("cost_base", "Cost", 16),
    Column::sum("markup", "Markup", 15),
    Column::sum("tax", "Tax", 13),
    Column::sum("total", "Total", 16),
    Column::sum("fees", "Fees", 13),
    Column::sum("lines", "Lines", 8),
    Column::sum("taxable", "Taxable", 15),
    Column::sum("cgst", "CGST", 13),
    Column::sum("sgst", "SGST", 13),
    Column::sum("utgst", "UTGST", 13),
    Column::sum("igst", "IGST", 13),
    Column::sum("round_off", "Round-off", 10),
    Column::words("date", "Date", 12),
    Column::words("due", "Due", 12),
    Column::words("gstin", "GSTIN", 18),
    Column::words("place_of_supply", "Place of supply", 22),
    Column::words("supply", "Supply", 15),
    Column::numbers("tds_percent", "TDS %", 8),
    Column::sum("tds", "TDS", 13),
];

pub(super) fn invoice(it: &Invoice) -> Vec<Cell> {
    let deduction = it.deduction();
    let money = |amount| Cell::money(amount, it.currency);
    vec![
        Cell::code(&it.number),
        Cell::code(&it.account),
        Cell::text(&it.name),
        Cell::code(it.currency.code()),
        money(it.cost_base),
        money(it.markup),
        money(it.tax),
        money(it.total),
        money(it.fees),
        Cell::length(it.lines.len()),
        money(it.taxable()),
        money(it.owed(TaxHead::Cgst)),
        money(it.owed(TaxHead::Sgst)),
        money(it.owed(TaxHead::Utgst)),
        money(it.owed(TaxHead::Igst)),
        money(it.round_off),
        Cell::code(it.date.to_string()),
        Cell::code(it.due.to_string()),
        Cell::maybe_code(it.supply.gstin.as_ref().map(|gstin| gstin.as_str().to_owned())),
        Cell::maybe_code(it.supply.place.map(|place| format!("{} {}", place.code, place.name))),
        Cell::code(supply(it.supply.kind)),
        deduction.map_or(Cell::Empty, |it| Cell::Percent(it.percent.to_decimal())),
        money(deduction.map(|it| it.amount).unwrap_or_default()),
    ]
}

pub(super) const LINES: &[Column] = &[
    Column::words("number", "Number", 18),
    Column::numbers("line", "Line", 7),
    Column::words("account", "Account", 16),
    Column::words("class", "Class", 18),
    Column::words("description", "Description", 38),
    Column::sum("entries", "Entries", 10),
    Column::sum("cost_base", "Cost", 16),
    Column::numbers("markup_percent", "Markup %", 10),
    Column::sum("markup", "Markup", 15),
    Column::sum("amount", "Amount", 16),
    Column::words("kind", "Kind", 10),
    Column::key("currency", "Currency", 10),
    Column::words("sac", "SAC", 10),
    Column::numbers("tax_percent", "Tax %", 8),
    Column::sum("tax", "Tax", 13),
];

pub(super) fn line(invoice: &Invoice, number: u64, it: &InvoiceLine) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, invoice.currency);
    vec![
        Cell::code(&invoice.number),
        Cell::Count(number),
        Cell::code(&invoice.account),
        Cell::code(&it.class),
        Cell::text(&it.description),
        Cell::Count(it.entries),
        money(it.cost_base),
        it.markup_percent.map_or(Cell::Empty, Cell::Percent),
        money(it.markup),
        money(it.amount),
        Cell::code(kind(it.kind)),
        Cell::code(invoice.currency.code()),
        Cell::maybe_code(it.tax.sac.clone()),
        it.tax.percent.map_or(Cell::Empty, |percent| Cell::Percent(percent.to_decimal())),
        money(it.tax.amount()),
    ]
}

/// The word for how a supply is taxed.
pub(super) const fn supply(kind: SupplyKind) -> &'static str {
    match kind {
        SupplyKind::Untaxed => "untaxed",
        SupplyKind::Plain => "plain",
        SupplyKind::WithinState => "within-state",
        SupplyKind::BetweenStates => "between-states",
        SupplyKind::Export => "export",
    }
}

/// The word for a kind of invoice line.
pub(super) const fn kind(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Usage => "usage",
        LineKind::Refund => "refund",
        LineKind::Fee => "fee",
        LineKind::Minimum => "minimum",
    }
}

pub(super) const HELD: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::sum("cost_base", "Cost", 16),
    Column::words("reason", "Reason", 72),
    Column::words("hint", "What ends it", 72),
];

pub(super) fn held(it: &HeldAccount) -> Vec<Cell> {
    vec![
        Cell::code(&it.account),
        Cell::text(&it.name),
        Cell::code(it.currency.code()),
        Cell::money(it.cost_base, it.currency),
        Cell::text(&it.reason),
        Cell::text(&it.hint),
    ]
}
