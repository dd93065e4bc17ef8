//! Explains a figure of a recheck: a finding back to its entries and their pages in both fetches, a note back to its lines
//! and findings.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::pages::Pages;
use crate::archive::Evidence;
use crate::domain::{Calendar, Entry, Leg, Side, on_a_line};
use crate::invoice::{Note, NoteLine, TaxHead};
use crate::reconcile::recheck::{Finding, Rechecked as Outcome};

/// What an explanation of a recheck rests on.
pub struct Rechecked<'a> {
    /// What has become of the month.
    pub rechecked: &'a Outcome,
    /// What each finding means for an invoice.
    pub bearings: &'a [String],
    /// The notes proposed.
    pub notes: &'a [Note],
    /// The month.
    pub calendar: &'a Calendar,
    /// The archived pages of the sealed run.
    pub sealed: &'a Evidence,
    /// The archived pages of the month as read now.
    pub now: &'a Evidence,
}

/// Explains what an id names: a finding (`B-…`), a note (`N-…`), an invoice that a note corrects, an entry or an account.
/// Nothing when the recheck has nothing of this name.
#[must_use]
pub fn explain_recheck(it: &Rechecked<'_>, id: &str) -> Option<String> {
    let mut text = String::new();
    let pages = [it.sealed, it.now].map(Pages::of);
    let corrects = |note: &Note| note.invoice.as_ref().is_some_and(|(number, _)| number == id);
    for note in it.notes.iter().filter(|note| note.id == id || note.account == id || corrects(note)) {
        explain_note(&mut text, note);
        let named: BTreeSet<&str> = note.findings.iter().map(String::as_str).collect();
        for finding in it.rechecked.findings.iter().filter(|it| named.contains(it.found.id())) {
            let found = &finding.found;
            put(&mut text, &format!("  by {}  {}: {}", found.id(), found.class(), found.explanation()));
        }
    }
    for (finding, bearing) in it.rechecked.findings.iter().zip(it.bearings) {
        let found = &finding.found;
        let of_entry = found.entry_ids().iter().any(|entry| entry == id);
        if found.id() == id || of_entry || found.account() == Some(id) {
            explain_finding(&mut text, it, &pages, finding, bearing);
        }
    }
    for line in it.rechecked.control.iter().filter(|line| line.key.account == id) {
        let (currency, direction) = (line.key.currency, line.key.direction.word());
        let (sealed, effect, now) = (line.sealed, line.effect, line.now);
        let side = if line.side == Side::Master { "master" } else { "customer" };
        put(
            &mut text,
            &format!("control {side} {currency} {direction}: sealed {sealed} + effects {effect} = now {now}"),
        );
    }
    (!text.is_empty()).then_some(text)
}

/// Writes a line; what others wrote in it cannot begin another.
fn put(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", on_a_line(line));
}

fn explain_note(text: &mut String, note: &Note) {
    let Note { id, account, name, currency, invoiced, due, .. } = note;
    let on = note.invoice.as_ref().map_or_else(
        || "there is no invoice yet".to_owned(),
        |(number, run)| format!("corrects invoice {number} of run {run}"),
    );
    put(text, &format!("note {id} to {name} ({account}): {on}"));
    put(text, &format!("  due now {due} - invoiced {invoiced} = {} {currency}", note.amount()));
    let (tax, round_off) = (note.tax(), note.round_off());
    put(text, &format!("  of it tax {tax}{}, round-off {round_off} {currency}", heads(note)));
    if !note.reason.is_empty() {
        put(text, &format!("  held: the account does not tie out now: {}", note.reason));
    }
    for (place, line) in (1..).zip(&note.lines) {
        let NoteLine { class, description, invoiced, due, .. } = line;
        put(
            text,
            &format!(
                "  line {place}, {description} ({class}): {} entries, cost {}, charged {} as invoiced; {} entries, cost {}, \
             charged {} now: {} {currency}",
                invoiced.entries,
                invoiced.cost_base,
                invoiced.amount,
                due.entries,
                due.cost_base,
                due.amount,
                line.amount()
            ),
        );
    }
}

/// The tax of a note by head, in brackets.
fn heads(note: &Note) -> String {
    let all = [TaxHead::Cgst, TaxHead::Sgst, TaxHead::Utgst, TaxHead::Igst];
    let owed = all.into_iter().map(|head| (head, note.owed(head))).filter(|(_, amount)| !amount.is_zero());
    let owed: Vec<String> = owed.map(|(head, amount)| format!("{} {amount}", head.word())).collect();
    if owed.is_empty() { String::new() } else { format!(" ({})", owed.join(", ")) }
}

fn explain_finding(text: &mut String, it: &Rechecked<'_>, pages: &[Pages<'_>; 2], finding: &Finding, bearing: &str) {
    let found = &finding.found;
    let class = found.class();
    put(text, &format!("finding {}: {class} ({}): {}", found.id(), class.severity().word(), class.meaning()));
    put(text, &format!("  {}", found.explanation()));
    for change in &finding.changes {
        put(text, &format!("  {}: sealed {}, now {}", change.field, change.sealed, change.now));
    }
    for Leg { key, effect } in found.legs() {
        let (currency, direction) = (key.currency, key.direction.word());
        put(text, &format!("  effect {effect} {currency} on {}/{currency}/{direction}", key.account));
    }
    put(text, &format!("  {bearing}"));
    let sides = [("as sealed", &finding.sealed), ("as it is now", &finding.now)];
    for ((title, entries), pages) in sides.into_iter().zip(pages) {
        put(text, &format!("  {title}: {}", entries.len()));
        for entry in entries {
            explain_entry(text, it.calendar, entry, pages);
        }
    }
}

fn explain_entry(text: &mut String, calendar: &Calendar, entry: &Entry, pages: &Pages<'_>) {
    let Entry { id, amount, currency, class, status, .. } = entry;
    let (when, direction) = (calendar.local(entry.created_at), entry.direction.word());
    let reference = entry.reference.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
    put(text, &format!("    {when}  {direction} {amount} {currency}  {class}, {status}  {id}{reference}"));
    let digest = pages.digest(&entry.ledger, entry.origin.page);
    put(text, &format!("      {}, sha256 {digest}", entry.origin_text()));
}
