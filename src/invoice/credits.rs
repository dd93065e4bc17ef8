//! What a close has to give back: refunds that are on no invoice, what rechecks have proposed, and what earlier closes had to
//! hold. Each credit becomes notes to the customer's invoices, within what is left of them; the rest is held, with its amount, for
//! the next close.

use std::collections::BTreeMap;

use super::bill::{Made, added_up, supplied};
use super::issued::{self, Unnumbered};
use super::left::{Ledger, Spread};
use super::{
    BilledLine, Billing, Corrected, Corrections, Credit, CreditHeld, Customer, Invoice, InvoiceError, InvoiceLine,
    LastInvoice, LineKind, LineTax, NoteDue, NoteReason, Pricing, Supply,
};
use crate::domain::{Amount, Currency, Party, Period, sha256};
use crate::reconcile::HeldAccount;

/// What ends a hold for a credit that no invoice can take.
const WAITS: &str = "the next close gives it on the invoices that the customer has by then; where there will be none, pay it \
                     out: no credit note can name an invoice for it";

/// What ends a hold for a debit that no invoice can be named for.
const RECHECK_AGAIN: &str = "run `tieout recheck` of the month again, then close";

/// Something to give back.
pub(super) struct Back<'a> {
    pub(super) customer: Customer<'a>,
    pub(super) reason: NoteReason,
    /// The number of the invoice that it is to lower before any other; empty where there is none.
    pub(super) first: String,
    /// The month whose charges it settles, where that is not the run's own.
    pub(super) month: Option<Period>,
    /// As it is due.
    pub(super) due: Invoice,
}

/// The credits of a close while they are given.
pub(super) struct Credits<'a> {
    pricing: &'a Pricing<'a>,
    corrections: &'a Corrections,
    ledger: Ledger,
    notes: Vec<Unnumbered>,
    given: Vec<Credit>,
    /// What is left to be given to each customer, with its name: the lines of all its credits that no invoice could take.
    rests: BTreeMap<(String, Currency), (String, Vec<InvoiceLine>)>,
    held: Vec<HeldAccount>,
}

impl<'a> Credits<'a> {
    /// Nothing given yet. The invoices of this close are named after all earlier ones.
    pub(super) fn of(pricing: &'a Pricing<'a>, corrections: &'a Corrections, invoices: &[Invoice]) -> Self {
        let mut ledger = Ledger::of(corrections);
        for invoice in invoices {
            ledger.add(LastInvoice::of_this_close(invoice));
        }
        let (notes, given, held) = (Vec::new(), Vec::new(), Vec::new());
        Self { pricing, corrections, ledger, notes, given, rests: BTreeMap::new(), held }
    }

    /// Gives what is due: first what rechecks have proposed, debits before credits, then what was held, then the refunds of the
    /// month. Notes are numbered, and what is left over is held.
    pub(super) fn give(mut self, refunds: Vec<Back<'_>>, billing: &mut Billing) -> Result<(), InvoiceError> {
        let mut due: Vec<&NoteDue> = Vec::new();
        for it in &self.corrections.due {
            match it.made_out(self.pricing).kept_back(self.pricing) {
                Some(waits) => self.held.push(waits),
                None => due.push(it),
            }
        }
        let (credits, debits): (Vec<_>, Vec<_>) = due.into_iter().partition(|it| it.note.total.is_negative());
        for it in debits {
            self.debit(it);
        }
        credits.into_iter().try_for_each(|it| self.proposed(it))?;
        self.corrections.held.iter().try_for_each(|it| self.held_before(it))?;
        refunds.into_iter().try_for_each(|it| self.back(it))?;
        billing.held.extend(self.rests_held());
        billing.held.append(&mut self.held);
        billing.credits = self.given;
        billing.credits.sort_by(|a, b| order(a).cmp(&order(b)));
        billing.notes = issued::numbered(self.notes, self.corrections, self.pricing)?;
        Ok(())
    }

    /// A debit that a recheck has proposed. Refunds that are less than they were lower what of them was not given yet; anything
    /// else is a debit note.
    fn debit(&mut self, it: &NoteDue) {
        let note = it.made_out(self.pricing);
        let due = &note.document;
        let refunds_alone = due.lines.iter().all(|line| line.kind == LineKind::Refund);
        let lowers = refunds_alone && self.waiting(&due.account, due.currency) + due.taxable() <= Amount::ZERO;
        if !lowers && !note.corrects.number.is_empty() {
            self.ledger.note(&note.corrects.number, due);
            self.notes.push(note);
            return;
        }
        let due = note.document;
        if !lowers {
            self.held.push(HeldAccount {
                account: due.account.clone(),
                name: due.name.clone(),
                currency: due.currency,
                cost_base: due.cost_base,
                reason: format!(
                    "a debit note of {} {} is due, and no invoice is there to name on it",
                    due.total, due.currency
                ),
                hint: RECHECK_AGAIN.to_owned(),
                is_credit: true,
            });
            return;
        }
        let rest = due.lines.clone();
        self.rest_of(&due, rest.clone());
        self.given.push(Credit {
            id: self.id_of(&note.reason, &due),
            reason: note.reason,
            month: note.month,
            due,
            rest,
        });
    }

    /// What waits to be given to a customer, below zero.
    fn waiting(&self, account: &str, currency: Currency) -> Amount {
        let before =
            self.corrections.held.iter().filter(|held| (held.account.as_str(), held.currency) == (account, currency));
        let before: Amount = before.flat_map(|held| &held.lines).map(|line| line.amount).sum();
        let lowered = self.rests.get(&(account.to_owned(), currency));
        before + lowered.iter().flat_map(|(_, lines)| lines).map(|line| line.amount).sum()
    }

    /// A credit that a recheck has proposed: one note to the invoice of its month, as it is, where that has as much left.
    fn proposed(&mut self, it: &NoteDue) -> Result<(), InvoiceError> {
        let note = it.made_out(self.pricing);
        if self.ledger.takes_whole(&note.corrects.number, &note.document) {
            self.ledger.note(&note.corrects.number, &note.document);
            self.notes.push(note);
            return Ok(());
        }
        let customer =
            Customer { account: &it.note.account, name: &it.note.name, currency: it.note.currency, charges: &[] };
        let Unnumbered { corrects, reason, month, document: due, .. } = note;
        self.back(Back { customer, reason, first: corrects.number, month, due })
    }

    /// What earlier closes had to hold. It is on the record of the month that it is of; here it becomes notes.
    fn held_before(&mut self, it: &CreditHeld) -> Result<(), InvoiceError> {
        let customer = Customer { account: &it.account, name: &it.name, currency: it.currency, charges: &[] };
        let mut lines: Vec<InvoiceLine> = it.lines.iter().map(BilledLine::made_out).collect();
        // What was taken back of it meanwhile lowers it.
        if let Some((_, lowered)) = self.rests.remove(&(it.account.clone(), it.currency)) {
            lines.extend(lowered);
        }
        let named = |_unknown| Party { name: it.name.clone(), ..Party::default() };
        let buyer = supplied(&customer, self.pricing).map_or_else(named, |supply| supply.buyer);
        // A text that no document can carry keeps all of it back.
        let spread = if self.pricing.illegible.contains_key(&it.account) {
            Spread { notes: Vec::new(), rest: lines }
        } else {
            self.ledger.spread(&customer, lines, ("", &buyer), self.pricing)?
        };
        let reason = NoteReason::Held { since: it.since.clone() };
        self.add(spread.notes, &reason, None, None);
        let due = added_up(&customer, spread.rest.clone(), Supply::untaxed(buyer), self.made());
        self.rest_of(&due, spread.rest);
        Ok(())
    }

    /// Spreads a credit over the invoices of its customer.
    fn back(&mut self, it: Back<'_>) -> Result<(), InvoiceError> {
        let Back { customer, reason, first, month, due } = it;
        let lines = due.lines.iter().map(|line| InvoiceLine { tax: LineTax::default(), ..line.clone() }).collect();
        let Spread { notes, rest } = self.ledger.spread(&customer, lines, (&first, &due.supply.buyer), self.pricing)?;
        let as_due = |note: &Invoice| (&note.lines, note.total) == (&due.lines, due.total);
        if rest.is_empty() && matches!(notes.as_slice(), [(_, note)] if as_due(note)) {
            self.add(notes, &reason, month, None);
            return Ok(());
        }
        let id = self.id_of(&reason, &due);
        self.add(notes, &reason, month, Some(&id));
        self.rest_of(&due, rest.clone());
        self.given.push(Credit { id, reason, month, due, rest });
        Ok(())
    }

    fn add(
        &mut self,
        notes: Vec<(Corrected, Invoice)>,
        reason: &NoteReason,
        month: Option<Period>,
        part_of: Option<&str>,
    ) {
        let unnumbered = |(corrects, document)| Unnumbered {
            corrects,
            reason: reason.clone(),
            part_of: part_of.map(ToOwned::to_owned),
            month,
            document,
        };
        self.notes.extend(notes.into_iter().map(unnumbered));
    }

    /// Adds to what is left to be given to the customer of a credit.
    fn rest_of(&mut self, due: &Invoice, rest: Vec<InvoiceLine>) {
        if !rest.is_empty() {
            let own = self.rests.entry((due.account.clone(), due.currency));
            own.or_insert_with(|| (due.name.clone(), Vec::new())).1.extend(rest);
        }
    }

    /// A row of the held list for whoever has something left to be given.
    fn rests_held(&mut self) -> Vec<HeldAccount> {
        let rests = std::mem::take(&mut self.rests);
        let row = |((account, currency), (name, lines)): ((String, Currency), (String, Vec<InvoiceLine>))| {
            let given_back = -lines.iter().map(|line| line.amount).sum::<Amount>();
            let left = self.ledger.left_of(&account, currency);
            let held = HeldAccount {
                reason: format!(
                    "{given_back} {currency} without tax is still to be given back: credit notes can name no more than is left \
                     of the customer's invoices, {left} {currency}"
                ),
                hint: WAITS.to_owned(),
                cost_base: lines.iter().map(|line| line.cost_base).sum(),
                account,
                name,
                currency,
                is_credit: true,
            };
            (!given_back.is_zero()).then_some(held)
        };
        rests.into_iter().filter_map(row).collect()
    }

    fn made(&self) -> Made {
        Made { round_off: Amount::ZERO, date: self.pricing.date, due: self.pricing.date }
    }

    /// The id of a credit: one for each customer, currency, month and cause.
    fn id_of(&self, reason: &NoteReason, due: &Invoice) -> String {
        let cause = match reason {
            NoteReason::Refunds => "refunds",
            NoteReason::Recheck { proposal, .. } => proposal,
            NoteReason::Held { since } => since,
        };
        let parts = [&due.account, due.currency.code(), &self.pricing.supplied_until.to_string(), cause];
        let mut text = String::new();
        for part in parts {
            text.extend([part.len().to_string().as_str(), ":", part]);
        }
        format!("C-{}", &sha256(text.as_bytes())[..16])
    }
}

fn order(credit: &Credit) -> (&str, Currency, &str) {
    (&credit.due.account, credit.due.currency, &credit.id)
}
