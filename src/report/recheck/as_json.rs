//! Prints a recheck as `recheck.json`: for scripts and for the next close, whole, with money as decimal text.
//!
//! Keys stand in the order of the structs below; additions only at the end of one.

use serde::Serialize;

use super::tables::side;
use super::{Recheck, SealedRun};
use crate::domain::{Class, Currency, Timestamp};
use crate::invoice::{Note, NoteKind, NoteLine, NoteStatus};
use crate::reconcile::recheck::{ControlLine, Finding};
use crate::report::as_json::{InvoiceJson, LegJson, invoice, leg};
use crate::report::table::money;
use crate::report::{Provenance, ReportError};

/// The recheck as JSON, ending in a line feed.
pub(super) fn print(it: &Recheck<'_>) -> Result<Vec<u8>, ReportError> {
    let SealedRun { run, seal, archive_digest } = it.sealed;
    let notes = it.notes_by_finding();
    let printed = Printed {
        format: "tieout-recheck-v1",
        verdict: it.rechecked.word(),
        provenance: it.provenance,
        sealed: SealedJson { run, seal, archive_digest },
        findings: it
            .findings()
            .map(|(found, bearing)| finding(found, bearing, notes.get(found.found.id()).map(|note| note.id.as_str())))
            .collect(),
        control: it.rechecked.control.iter().map(control).collect(),
        gaps: it.rechecked.gaps.iter().map(gap).collect(),
        notes: it.notes.iter().map(note).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&printed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[derive(Serialize)]
struct Printed<'a> {
    format: &'static str,
    verdict: &'static str,
    provenance: &'a Provenance,
    sealed: SealedJson<'a>,
    findings: Vec<FindingJson<'a>>,
    control: Vec<ControlJson<'a>>,
    gaps: Vec<GapJson<'a>>,
    notes: Vec<NoteJson<'a>>,
}

#[derive(Serialize)]
struct SealedJson<'a> {
    run: &'a str,
    seal: &'a str,
    archive_digest: &'a str,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    finding_id: &'a str,
    class: Class,
    severity: &'static str,
    side: &'static str,
    ledger: String,
    account: Option<&'a str>,
    currency: Option<Currency>,
    entry_ids: &'a [String],
    reference: Option<&'a str>,
    field: &'static str,
    sealed_value: &'a str,
    current_value: &'a str,
    changes: Vec<ChangeJson<'a>>,
    legs: Vec<LegJson<'a>>,
    dated_us: Timestamp,
    origins: &'a [String],
    explanation: &'a str,
    billing: &'a str,
    note_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    field: &'static str,
    sealed: &'a str,
    now: &'a str,
}

fn finding<'a>(it: &'a Finding, billing: &'a str, note_id: Option<&'a str>) -> FindingJson<'a> {
    let found = &it.found;
    let changes = it.changes.iter();
    FindingJson {
        finding_id: found.id(),
        class: found.class(),
        severity: found.class().severity().word(),
        side: side(it.side),
        ledger: it.ledger.to_string(),
        account: found.account(),
        currency: found.currency(),
        entry_ids: found.entry_ids(),
        reference: found.reference(),
        field: found.field(),
        sealed_value: found.master_value(),
        current_value: found.customer_value(),
        changes: changes.map(|it| ChangeJson { field: it.field, sealed: &it.sealed, now: &it.now }).collect(),
        legs: found.legs().iter().map(leg).collect(),
        dated_us: it.sealed.iter().chain(&it.now).map(|entry| entry.created_at).max().unwrap_or_default(),
        origins: found.origins(),
        explanation: found.explanation(),
        billing,
        note_id,
    }
}

#[derive(Serialize)]
struct ControlJson<'a> {
    side: &'static str,
    account: &'a str,
    currency: Currency,
    direction: &'static str,
    sealed: String,
    findings: u64,
    gross: String,
    effect: String,
    now: String,
    residual: String,
}

fn control(it: &ControlLine) -> ControlJson<'_> {
    let money = |amount| money(amount, it.key.currency);
    ControlJson {
        side: side(it.side),
        account: &it.key.account,
        currency: it.key.currency,
        direction: it.key.direction.word(),
        sealed: money(it.sealed),
        findings: it.findings,
        gross: money(it.gross),
        effect: money(it.effect),
        now: money(it.now),
        residual: money(it.residual()),
    }
}

#[derive(Serialize)]
struct GapJson<'a> {
    ledger: String,
    kind: &'static str,
    rows: u64,
    reason: &'a str,
}

fn gap(it: &crate::reconcile::recheck::Gap) -> GapJson<'_> {
    GapJson { ledger: it.ledger.to_string(), kind: it.kind.word(), rows: it.rows, reason: &it.reason }
}

#[derive(Serialize)]
struct NoteJson<'a> {
    note_id: &'a str,
    kind: NoteKind,
    status: NoteStatus,
    reason: &'a str,
    invoice: Option<&'a str>,
    run: Option<&'a str>,
    account: &'a str,
    name: &'a str,
    currency: Currency,
    invoiced: String,
    due: String,
    amount: String,
    findings: &'a [String],
    lines: Vec<NoteLineJson<'a>>,
    tax: String,
    round_off: String,
    /// What a close makes out of it, under the number and date of the invoice that it corrects.
    correction: Option<InvoiceJson<'a>>,
    corrected_by: &'a [String],
    beyond: String,
}

#[derive(Serialize)]
struct NoteLineJson<'a> {
    line: u64,
    kind: &'static str,
    class: &'a str,
    description: &'a str,
    entries_invoiced: u64,
    entries_due: u64,
    invoiced: String,
    due: String,
    amount: String,
    tax: String,
}

fn note(it: &Note) -> NoteJson<'_> {
    let money = |amount| money(amount, it.currency);
    let (number, run) = it.invoice.as_ref().map(|(number, run)| (number.as_str(), run.as_str())).unzip();
    NoteJson {
        note_id: &it.id,
        kind: it.kind,
        status: it.status,
        reason: &it.reason,
        invoice: number,
        run,
        account: &it.account,
        name: &it.name,
        currency: it.currency,
        invoiced: money(it.invoiced),
        due: money(it.due),
        amount: money(it.amount()),
        findings: &it.findings,
        lines: (1..).zip(&it.lines).map(|(place, one)| note_line(place, one, it.currency)).collect(),
        tax: money(it.tax()),
        round_off: money(it.round_off()),
        correction: it.correction.as_ref().map(invoice),
        corrected_by: &it.corrected_by,
        beyond: money(it.beyond),
    }
}

fn note_line(line: u64, it: &NoteLine, currency: Currency) -> NoteLineJson<'_> {
    NoteLineJson {
        line,
        kind: crate::report::invoices::kind(it.kind),
        class: &it.class,
        description: &it.description,
        entries_invoiced: it.invoiced.entries,
        entries_due: it.due.entries,
        invoiced: money(it.invoiced.amount, currency),
        due: money(it.due.amount, currency),
        amount: money(it.amount(), currency),
        tax: money(it.tax(), currency),
    }
}
