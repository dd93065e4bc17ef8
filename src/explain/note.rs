//! A credit or debit note: what it corrects, why, and what it comes to, line by line. Refunds are walked back to their entries;
//! what a recheck has proposed is explained by that recheck.

use super::Page;
use crate::domain::{Amount, Direction, Entry, Side};
use crate::frame::FrameError;
use crate::invoice::{IssuedNote, LineKind, NoteKind, NoteReason};

impl Page<'_> {
    /// The credit that a note is a part of, with its other notes.
    fn parts(&mut self, note: &IssuedNote) {
        let billing = self.close.billing;
        let Some(credit) = billing.credits.iter().find(|it| Some(&it.id) == note.part_of.as_ref()) else { return };
        let parts = billing.notes.iter().filter(|it| it.part_of == note.part_of);
        let parts: Vec<String> = parts.map(|it| format!("{} to {}", it.document.number, it.corrects.number)).collect();
        let (due, currency) = (-credit.due.taxable(), credit.due.currency);
        let rest = -credit.rest.iter().map(|line| line.amount).sum::<Amount>();
        self.line(&format!(
            "  part of credit {}, {due} {currency} without tax: by {}; {rest} {currency} no invoice could take",
            credit.id,
            parts.join(", ")
        ));
    }

    /// Explains a note, or one line of it, counted from 1.
    pub(super) fn explain_note(&mut self, note: &IssuedNote, only: Option<usize>) -> Result<(), FrameError> {
        let it = note.shown();
        let kind = if note.kind() == NoteKind::Credit { "credit" } else { "debit" };
        let (account, currency, corrects) = (&it.account, it.currency, &note.corrects);
        self.line(&format!("{kind} note {} to {} ({account}): {} {currency}", it.number, it.name, it.total));
        self.line(&format!("  corrects invoice {} of {}", corrects.number, corrects.date));
        self.line(&format!(
            "  taxable {} + tax {} + round-off {} = {} {currency}",
            it.taxable(),
            it.tax,
            it.round_off,
            it.total
        ));
        match &note.reason {
            NoteReason::Refunds => self.line("  for refunds of the month"),
            NoteReason::Recheck { proposal, recheck } => {
                self.line(&format!("  as {recheck} has proposed; its findings: tieout explain {recheck} {proposal}"));
            }
            NoteReason::Held { since } => {
                self.line(&format!("  for what was to be given back since {since}, when no invoice could take it"));
            }
        }
        self.parts(note);
        let asked = |(place, _): &(usize, _)| only.is_none_or(|only| only == *place);
        for (place, line) in (1..).zip(&it.lines).filter(asked) {
            let percent = line.markup_percent.map(|percent| format!(" at {percent} %")).unwrap_or_default();
            let (cost, amount) = (line.cost_base, line.amount);
            self.line(&format!(
                "  line {place}, {} ({}): cost {cost}{percent} = {amount} {currency}, tax {}",
                line.description,
                line.class,
                line.tax.amount()
            ));
            if note.reason == NoteReason::Refunds && line.kind == LineKind::Refund {
                let entries = self.close.books.ledgers.entries_of(Side::Customer, account)?;
                let is_refund = |entry: &Entry| {
                    entry.counts()
                        && entry.currency == currency
                        && entry.direction == Direction::Credit
                        && entry.class.as_str() == line.class
                };
                let refunds: Vec<Entry> = entries.into_iter().filter(is_refund).collect();
                self.entries("entries of this line", &refunds);
            }
        }
        Ok(())
    }
}
