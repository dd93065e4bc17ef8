//! The lists of a recheck as neutral tables. Column names and their order are a contract with scripts: additions only at
//! the end.

use super::Recheck;
use crate::domain::{Amount, Leg, Side};
use crate::invoice::{Note, NoteLine, NoteStatus, TaxHead};
use crate::reconcile::recheck::{Change, ControlLine, Finding, Gap};
use crate::report::invoices::{HELD, held, kind};
use crate::report::notes::kind as note_kind;
use crate::report::table::{Cell, Column, Table, place_of};

/// Every list of a recheck.
pub(super) fn tables(it: &Recheck<'_>) -> Vec<Table> {
    let table = |name, columns, rows| Table { name, title: "", columns, rows };
    let notes = it.notes_by_finding();
    let note_of = |finding: &Finding| notes.get(finding.found.id()).copied();
    let findings = it.findings().flat_map(|(finding, bearing)| legs(finding, bearing, note_of(finding)));
    let changes =
        it.rechecked.findings.iter().flat_map(|finding| finding.changes.iter().map(|one| change(finding, one)));
    let lines = it.notes.iter().flat_map(|note| (1_u64..).zip(&note.lines).map(|(place, one)| line(note, place, one)));
    vec![
        table("findings", FINDINGS, findings.collect()),
        table("changes", CHANGES, changes.collect()),
        table("control", CONTROL, it.rechecked.control.iter().map(control).collect()),
        table("gaps", GAPS, it.rechecked.gaps.iter().map(gap).collect()),
        table("notes", NOTES, it.notes.iter().map(note).collect()),
        table("note_lines", LINES, lines.collect()),
        table("held", HELD, it.held_then.iter().map(held).collect()),
    ]
}

/// The word for a side.
pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Master => "master",
        Side::Customer => "customer",
    }
}

/// The word for how far a note is.
pub(super) const fn note_status(status: NoteStatus) -> &'static str {
    match status {
        NoteStatus::Proposed => "proposed",
        NoteStatus::Held => "held",
        NoteStatus::NotYetBilled => "not-yet-billed",
    }
}

const FINDINGS: &[Column] = &[
    Column::words("finding_id", "Finding", 21),
    Column::words("class", "Class", 21),
    Column::words("severity", "Severity", 11),
    Column::words("side", "Side", 10),
    Column::words("ledger", "Ledger", 24),
    Column::words("account", "Account", 14),
    Column::words("currency", "Currency", 10),
    Column::words("direction", "Direction", 10),
    Column::words("entry_id", "Entry", 20),
    Column::words("reference", "Reference", 18),
    Column::words("field", "Field", 11),
    Column::words("sealed_value", "As sealed", 14),
    Column::words("current_value", "Now", 15),
    Column::numbers("effect", "Effect", 12),
    Column::words("leg", "Leg", 8),
    Column::words("billing", "Billing", 30),
    Column::words("note_id", "Note", 20),
    Column::words("origin", "Origin", 24),
    Column::words("explanation", "Explanation", 42),
];

/// One row for each total that a finding bears on, so that the effects add up to what the totals have moved by.
fn legs(finding: &Finding, bearing: &str, note: Option<&Note>) -> Vec<Vec<Cell>> {
    let of = finding.found.legs().len().max(1);
    let legs: Vec<Option<&Leg>> = match finding.found.legs() {
        [] => vec![None],
        legs => legs.iter().map(Some).collect(),
    };
    (1..).zip(legs).map(|(number, it)| leg(finding, it, place_of(number, of), bearing, note)).collect()
}

fn leg(finding: &Finding, leg: Option<&Leg>, place: Cell, bearing: &str, note: Option<&Note>) -> Vec<Cell> {
    let found = &finding.found;
    let account = leg.map_or(found.account(), |leg| Some(&leg.key.account));
    let currency = leg.map_or(found.currency(), |leg| Some(leg.key.currency));
    let effect = leg.map_or(Amount::ZERO, |leg| leg.effect);
    vec![
        Cell::code(found.id()),
        Cell::code(found.class().slug()),
        Cell::code(found.class().severity().word()),
        Cell::code(side(finding.side)),
        Cell::code(finding.ledger.to_string()),
        Cell::maybe_code(account),
        Cell::maybe_code(currency.map(|currency| currency.code().to_owned())),
        Cell::maybe_code(leg.map(|leg| leg.key.direction.word())),
        Cell::text(found.entry_ids().join("; ")),
        found.reference().map_or(Cell::Empty, Cell::text),
        Cell::code(found.field()),
        Cell::text(found.master_value()),
        Cell::text(found.customer_value()),
        currency.map_or(Cell::Empty, |currency| Cell::money(effect, currency)),
        place,
        Cell::text(bearing),
        Cell::maybe_code(note.map(|note| note.id.clone())),
        Cell::text(found.origins().join("; ")),
        Cell::text(found.explanation()),
    ]
}

const CHANGES: &[Column] = &[
    Column::words("finding_id", "Finding", 21),
    Column::words("class", "Class", 21),
    Column::words("side", "Side", 10),
    Column::words("ledger", "Ledger", 24),
    Column::words("entry_id", "Entry", 20),
    Column::words("field", "Field", 12),
    Column::words("sealed_value", "As sealed", 24),
    Column::words("current_value", "Now", 24),
];

/// One row for each field that differs.
fn change(finding: &Finding, change: &Change) -> Vec<Cell> {
    vec![
        Cell::code(finding.found.id()),
        Cell::code(finding.found.class().slug()),
        Cell::code(side(finding.side)),
        Cell::code(finding.ledger.to_string()),
        Cell::text(finding.found.entry_ids().join("; ")),
        Cell::code(change.field),
        Cell::text(&change.sealed),
        Cell::text(&change.now),
    ]
}

const CONTROL: &[Column] = &[
    Column::words("side", "Side", 10),
    Column::words("account", "Account", 16),
    Column::words("currency", "Currency", 10),
    Column::words("direction", "Direction", 12),
    Column::numbers("sealed", "As sealed", 18),
    Column::numbers("findings", "Findings", 10),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("effect", "Effect", 15),
    Column::numbers("now", "Now", 18),
    Column::numbers("residual", "Residual", 13),
];

fn control(it: &ControlLine) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, it.key.currency);
    vec![
        Cell::code(side(it.side)),
        Cell::code(&it.key.account),
        Cell::code(it.key.currency.code()),
        Cell::code(it.key.direction.word()),
        money(it.sealed),
        Cell::Count(it.findings),
        money(it.gross),
        money(it.effect),
        money(it.now),
        money(it.residual()),
    ]
}

const GAPS: &[Column] = &[
    Column::words("ledger", "Ledger", 30),
    Column::words("kind", "Kind", 14),
    Column::numbers("rows", "Rows", 10),
    Column::words("reason", "Reason", 48),
];

fn gap(it: &Gap) -> Vec<Cell> {
    vec![Cell::code(it.ledger.to_string()), Cell::code(it.kind.word()), Cell::Count(it.rows), Cell::text(&it.reason)]
}

const NOTES: &[Column] = &[
    Column::words("note_id", "Note", 20),
    Column::words("kind", "Kind", 8),
    Column::words("status", "Status", 15),
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::words("currency", "Currency", 10),
    Column::words("invoice", "Invoice", 17),
    Column::words("run", "Run", 12),
    Column::numbers("invoiced", "Invoiced", 15),
    Column::numbers("due", "Due now", 15),
    Column::numbers("amount", "Amount", 15),
    Column::words("reason", "Reason", 40),
    Column::words("findings", "Findings", 40),
    Column::numbers("tax", "Tax", 13),
    Column::numbers("cgst", "CGST", 13),
    Column::numbers("sgst", "SGST", 13),
    Column::numbers("utgst", "UTGST", 13),
    Column::numbers("igst", "IGST", 13),
    Column::numbers("round_off", "Round-off", 10),
    Column::numbers("beyond", "Beyond its invoice", 15),
];

fn note(it: &Note) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, it.currency);
    let (invoice, run) = it.invoice.clone().unzip();
    vec![
        Cell::code(&it.id),
        Cell::code(note_kind(it.kind)),
        Cell::code(note_status(it.status)),
        Cell::code(&it.account),
        Cell::text(&it.name),
        Cell::code(it.currency.code()),
        Cell::maybe_code(invoice),
        Cell::maybe_code(run),
        money(it.invoiced),
        money(it.due),
        money(it.amount()),
        Cell::text(&it.reason),
        Cell::text(it.findings.join("; ")),
        money(it.tax()),
        money(it.owed(TaxHead::Cgst)),
        money(it.owed(TaxHead::Sgst)),
        money(it.owed(TaxHead::Utgst)),
        money(it.owed(TaxHead::Igst)),
        money(it.round_off()),
        money(it.beyond),
    ]
}

const LINES: &[Column] = &[
    Column::words("note_id", "Note", 20),
    Column::numbers("line", "Line", 6),
    Column::words("kind", "Kind", 9),
    Column::words("class", "Class", 16),
    Column::words("description", "Description", 26),
    Column::numbers("entries_invoiced", "Entries invoiced", 10),
    Column::numbers("entries_due", "Entries now", 10),
    Column::numbers("cost_invoiced", "Cost invoiced", 15),
    Column::numbers("cost_due", "Cost now", 15),
    Column::numbers("invoiced", "Invoiced", 15),
    Column::numbers("due", "Due now", 15),
    Column::numbers("amount", "Amount", 15),
    Column::numbers("tax", "Tax", 13),
];

fn line(note: &Note, place: u64, it: &NoteLine) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, note.currency);
    vec![
        Cell::code(&note.id),
        Cell::Count(place),
        Cell::code(kind(it.kind)),
        Cell::code(&it.class),
        Cell::text(&it.description),
        Cell::Count(it.invoiced.entries),
        Cell::Count(it.due.entries),
        money(it.invoiced.cost_base),
        money(it.due.cost_base),
        money(it.invoiced.amount),
        money(it.due.amount),
        money(it.amount()),
        money(it.tax()),
    ]
}
