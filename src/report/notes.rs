//! The credit and debit notes that a close gives: as tables, as JSON, and in the overview. Amounts are those that the customer
//! reads: of a credit note what is given back. Adds nothing up but what it then compares.

use std::collections::BTreeMap;

use serde::Serialize;

use super::as_json::{InvoiceJson, LineJson, invoice, line as line_json};
use super::invoices::kind as line_kind;
use super::overview::Block;
use super::table::{Cell, Column, Table, grouped};
use crate::domain::{Amount, Currency, Period};
use crate::invoice::{Corrected, Credit, Invoice, InvoiceLine, IssuedNote, NoteKind, NoteReason, TaxHead};

const NOTES: &[Column] = &[
    Column::words("number", "Number", 18),
    Column::key("kind", "Kind", 9),
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::words("invoice", "Invoice", 18),
    Column::words("invoice_date", "Invoice date", 12),
    Column::words("invoice_run", "Invoice run", 12),
    Column::words("reason", "Reason", 11),
    Column::sum("taxable", "Taxable", 15),
    Column::sum("cgst", "CGST", 13),
    Column::sum("sgst", "SGST", 13),
    Column::sum("utgst", "UTGST", 13),
    Column::sum("igst", "IGST", 13),
    Column::sum("tax", "Tax", 13),
    Column::sum("round_off", "Round-off", 10),
    Column::sum("total", "Total", 16),
    Column::sum("cost_base", "Cost", 16),
    Column::sum("markup", "Markup", 15),
    Column::sum("fees", "Fees", 13),
    Column::words("date", "Date", 12),
    Column::words("due", "Due", 12),
    Column::words("gstin", "GSTIN", 18),
    Column::words("place_of_supply", "Place of supply", 22),
    Column::words("proposal", "Proposal", 20),
    Column::words("recheck", "Recheck", 18),
    Column::words("part_of", "Part of", 20),
    Column::words("held_since", "Held since", 12),
];

const LINES: &[Column] = &[
    Column::words("number", "Number", 18),
    Column::numbers("line", "Line", 7),
    Column::words("account", "Account", 16),
    Column::words("class", "Class", 18),
    Column::words("description", "Description", 38),
    Column::sum("cost_base", "Cost", 16),
    Column::numbers("markup_percent", "Markup %", 10),
    Column::sum("markup", "Markup", 15),
    Column::sum("amount", "Amount", 16),
    Column::words("line_kind", "Line kind", 10),
    Column::key("currency", "Currency", 10),
    Column::words("sac", "SAC", 10),
    Column::numbers("tax_percent", "Tax %", 8),
    Column::sum("tax", "Tax", 13),
    Column::key("kind", "Kind", 9),
];

/// `notes` and `note_lines`.
pub(super) fn tables(notes: &[IssuedNote]) -> [Table; 2] {
    let shown: Vec<(&IssuedNote, Invoice)> = notes.iter().map(|note| (note, note.shown())).collect();
    let lines = shown.iter().flat_map(|(note, it)| (1_u64..).zip(&it.lines).map(|(at, one)| line(note, it, at, one)));
    [
        Table {
            name: "notes",
            title: "Notes",
            columns: NOTES,
            rows: shown.iter().map(|(given, it)| note(given, it)).collect(),
        },
        Table { name: "note_lines", title: "Note lines", columns: LINES, rows: lines.collect() },
    ]
}

/// The word for what a note does.
pub(super) const fn kind(note: NoteKind) -> &'static str {
    match note {
        NoteKind::Credit => "credit",
        NoteKind::Debit => "debit",
        NoteKind::Level => "level",
    }
}

/// Why a note is given, and the proposal and the recheck that it goes back to.
fn reason(of: &NoteReason) -> (&'static str, Option<(&str, &str)>) {
    match of {
        NoteReason::Refunds => ("refunds", None),
        NoteReason::Recheck { proposal, recheck } => ("recheck", Some((proposal, recheck))),
        NoteReason::Held { .. } => ("held", None),
    }
}

/// The first run that held what a note gives, if one did.
fn held_since(note: &IssuedNote) -> Option<&str> {
    match &note.reason {
        NoteReason::Held { since } => Some(since),
        NoteReason::Refunds | NoteReason::Recheck { .. } => None,
    }
}

fn note(given: &IssuedNote, it: &Invoice) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, it.currency);
    let Corrected { number, date, run } = &given.corrects;
    let (reason, found) = reason(&given.reason);
    let (proposal, recheck) = found.unzip();
    vec![
        Cell::code(&it.number),
        Cell::code(kind(given.kind())),
        Cell::code(&it.account),
        Cell::text(&it.name),
        Cell::code(it.currency.code()),
        Cell::code(number),
        Cell::code(date.to_string()),
        Cell::code(run),
        Cell::code(reason),
        money(it.taxable()),
        money(it.owed(TaxHead::Cgst)),
        money(it.owed(TaxHead::Sgst)),
        money(it.owed(TaxHead::Utgst)),
        money(it.owed(TaxHead::Igst)),
        money(it.tax),
        money(it.round_off),
        money(it.total),
        money(it.cost_base),
        money(it.markup),
        money(it.fees),
        Cell::code(it.date.to_string()),
        Cell::code(it.due.to_string()),
        Cell::maybe_code(it.supply.gstin.as_ref().map(|gstin| gstin.as_str().to_owned())),
        Cell::maybe_code(it.supply.place.map(|place| format!("{} {}", place.code, place.name))),
        Cell::maybe_code(proposal),
        Cell::maybe_code(recheck),
        Cell::maybe_code(given.part_of.as_deref()),
        Cell::maybe_code(held_since(given)),
    ]
}

fn line(given: &IssuedNote, note: &Invoice, number: u64, it: &InvoiceLine) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, note.currency);
    vec![
        Cell::code(&note.number),
        Cell::Count(number),
        Cell::code(&note.account),
        Cell::code(&it.class),
        Cell::text(&it.description),
        money(it.cost_base),
        it.markup_percent.map_or(Cell::Empty, Cell::Percent),
        money(it.markup),
        money(it.amount),
        Cell::code(line_kind(it.kind)),
        Cell::code(note.currency.code()),
        Cell::maybe_code(it.tax.sac.clone()),
        it.tax.percent.map_or(Cell::Empty, |percent| Cell::Percent(percent.to_decimal())),
        money(it.tax.amount()),
        Cell::code(kind(given.kind())),
    ]
}

/// A note as JSON: with what it adds to its invoice, a credit note's amounts below zero.
#[derive(Serialize)]
pub(super) struct NoteJson<'a> {
    kind: &'static str,
    reason: &'static str,
    corrects: &'a Corrected,
    proposal: Option<&'a str>,
    recheck: Option<&'a str>,
    /// The credit that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<&'a str>,
    /// The month whose charges it settles, where that is neither the run's own nor that of the invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<Period>,
    /// The first run that held what it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_since: Option<&'a str>,
    #[serde(flatten)]
    document: InvoiceJson<'a>,
}

pub(super) fn as_json(it: &IssuedNote) -> NoteJson<'_> {
    let (reason, found) = reason(&it.reason);
    let (proposal, recheck) = found.unzip();
    NoteJson {
        kind: kind(it.kind()),
        reason,
        corrects: &it.corrects,
        proposal,
        recheck,
        part_of: it.part_of.as_deref(),
        month: it.month,
        held_since: held_since(it),
        document: invoice(&it.document),
    }
}

/// A credit as JSON: as it is due, and what of it no invoice could take.
#[derive(Serialize)]
pub(super) struct CreditJson<'a> {
    credit_id: &'a str,
    reason: &'static str,
    proposal: Option<&'a str>,
    recheck: Option<&'a str>,
    month: Option<Period>,
    rest: Vec<LineJson<'a>>,
    #[serde(flatten)]
    due: InvoiceJson<'a>,
}

pub(super) fn credit_json(it: &Credit) -> CreditJson<'_> {
    let (reason, found) = reason(&it.reason);
    let (proposal, recheck) = found.unzip();
    CreditJson {
        credit_id: &it.id,
        reason,
        proposal,
        recheck,
        month: it.month,
        rest: (1..).zip(&it.rest).map(|(place, one)| line_json(place, one, it.due.currency)).collect(),
        due: invoice(&it.due),
    }
}

const TOTALS: &[Column] = &[
    Column::words("notes", "Notes", 24),
    Column::words("currency", "Currency", 10),
    Column::numbers("count", "Count", 10),
    Column::numbers("taxable", "Taxable", 18),
    Column::numbers("tax", "Tax", 15),
    Column::numbers("total", "Total", 18),
];

/// The notes by kind and currency, where there are any.
pub(super) fn overview(notes: &[IssuedNote]) -> Vec<Block> {
    if notes.is_empty() {
        return Vec::new();
    }
    let mut sums: BTreeMap<(NoteKind, Currency), (u64, [Amount; 3])> = BTreeMap::new();
    for note in notes {
        let it = note.shown();
        let (count, sum) = sums.entry((note.kind(), it.currency)).or_default();
        *count += 1;
        let figures = [it.taxable(), it.tax, it.total];
        sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }
    let row = |((of, currency), (count, sum)): ((NoteKind, Currency), (u64, [Amount; 3]))| {
        let [taxable, tax, total] = sum.map(|amount| Cell::money(amount, currency));
        vec![
            Cell::text(format!("{} notes", kind(of))),
            Cell::code(currency.code()),
            Cell::Count(count),
            taxable,
            tax,
            total,
        ]
    };
    vec![
        Block::Heading(format!("Credit and debit notes: {}", grouped(&notes.len().to_string()))),
        Block::Grid(Table { name: "", title: "", columns: TOTALS, rows: sums.into_iter().map(row).collect() }),
    ]
}
