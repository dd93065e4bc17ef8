//! A credit or debit note: what it corrects, why, and what it comes to, line by line. Refunds are walked back to their entries;
//! what a recheck has proposed is explained by that recheck.

use super::Page;
use crate::domain::{Direction, Entry, Side};
use crate::frame::FrameError;
use crate::invoice::{IssuedNote, LineKind, NoteKind, NoteReason};

impl Page<'_> {
    pub(super) fn explain_note(&mut self, note: &IssuedNote) -> Result<(), FrameError> {
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
        }
        for (place, line) in (1..).zip(&it.lines) {
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
