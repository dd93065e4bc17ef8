//! Explains a figure: a break, an invoice, a tie-out or an account walked back to its entries, their archived pages and
//! the control totals that prove those pages whole. An id in, text out; never judges anew.

mod carried;
mod day;
mod note;
mod pages;
mod recharge;
mod recheck;
mod wallet;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::archive::Evidence;
use crate::domain::{
    Amount, Break, Bridge, ChargeClass, Currency, Direction, Entry, Leg, List, Side, TieOut, on_a_line,
};
use crate::frame::FrameError;
use crate::invoice::{Billing, Invoice, IssuedNote, LineKind};
use crate::normalise::Books;
use crate::reconcile::{AccountStanding, ListProof, Reconciliation};

use pages::Pages;

pub use recheck::{Rechecked, explain_recheck};

/// What an explanation rests on.
pub struct Close<'a> {
    /// The books.
    pub books: &'a Books,
    /// What they come to.
    pub reconciliation: &'a Reconciliation,
    /// What is billed.
    pub billing: &'a Billing,
    /// The archived pages.
    pub evidence: &'a Evidence,
}

/// Explains a break of this run or one that was handed on to it. Nothing when it is something else, for which `explain` needs to
/// know what is billed, too.
///
/// # Errors
/// When the frame refuses.
pub fn explain_break(
    books: &Books,
    reconciliation: &Reconciliation,
    evidence: &Evidence,
    id: &str,
) -> Result<Option<String>, FrameError> {
    let close = Close { books, reconciliation, billing: &Billing::default(), evidence };
    let mut page = Page::of(&close);
    Ok(page.explain_break_named(id)?.then(|| page.told()))
}

/// Explains what an id names: a break (`B-…`) of this run or handed on to it, an invoice or a note by its number, a line of it
/// (`number/line`), a tie-out (`account/currency/direction`), an account, a wallet (`wallet:account` or
/// `account/currency/wallet`), a total over all accounts (`currency/direction`), a day of the period
/// (`day:2026-03-05`), or an entry. Nothing when the close has nothing of this name.
///
/// # Errors
/// When the frame refuses.
pub fn explain(close: &Close<'_>, id: &str) -> Result<Option<String>, FrameError> {
    let Close { reconciliation, billing, .. } = close;
    let mut page = Page::of(close);
    if page.explain_break_named(id)? {
        // A break is told by itself.
    } else if let Some(invoice) = billing.invoices.iter().find(|invoice| invoice.number == id) {
        page.explain_invoice(invoice, None)?;
    } else if let Some(it) = billing.notes.iter().find(|note| note.document.number == id) {
        page.explain_note(it, None)?;
    } else if let Some((note, line)) = note_line(billing, id) {
        page.explain_note(note, Some(line))?;
    } else if let Some((invoice, line)) = invoice_line(billing, id) {
        page.explain_invoice(invoice, Some(line))?;
    } else if let Some(tie_out) = reconciliation.tie_outs.iter().find(|tie_out| name_of(tie_out) == id) {
        page.explain_tie_out(tie_out)?;
    } else if let Some(wallet) = wallet::named(reconciliation, id) {
        page.explain_wallet(wallet)?;
    } else if reconciliation.accounts.iter().any(|standing| standing.account == id) {
        page.explain_account(id)?;
    } else if page.explain_total(id) || page.explain_day(id)? {
        // A total rests on tie-outs, each of which can be asked for by itself.
    } else if !page.explain_entry(id)? {
        return Ok(None);
    }
    Ok(Some(page.told()))
}

/// The line of an invoice that `number/line` names.
fn invoice_line<'a>(billing: &'a Billing, id: &str) -> Option<(&'a Invoice, usize)> {
    let (number, line) = id.rsplit_once('/')?;
    let invoice = billing.invoices.iter().find(|invoice| invoice.number == number)?;
    let line = line.parse().ok().filter(|line| (1..=invoice.lines.len()).contains(line))?;
    Some((invoice, line))
}

/// The line of a note that `number/line` names.
fn note_line<'a>(billing: &'a Billing, id: &str) -> Option<(&'a IssuedNote, usize)> {
    let (number, line) = id.rsplit_once('/')?;
    let note = billing.notes.iter().find(|note| note.document.number == number)?;
    let line = line.parse().ok().filter(|line| (1..=note.document.lines.len()).contains(line))?;
    Some((note, line))
}

/// A tie-out's id.
fn name_of(tie_out: &TieOut) -> String {
    let key = tie_out.key();
    format!("{}/{}/{}", key.account, key.currency, key.direction.word())
}

/// An explanation while it is written, with the lists whose control totals it rests on.
struct Page<'a> {
    close: &'a Close<'a>,
    pages: Pages<'a>,
    text: String,
    lists: BTreeSet<List>,
}

impl<'a> Page<'a> {
    fn of(close: &'a Close<'a>) -> Self {
        Self { close, pages: Pages::of(close.evidence), text: String::new(), lists: BTreeSet::new() }
    }

    /// The whole explanation.
    fn told(mut self) -> String {
        self.explain_lists();
        self.text
    }

    /// Explains a break of this run or one that was handed on to it; says whether there is one of this name.
    fn explain_break_named(&mut self, id: &str) -> Result<bool, FrameError> {
        let Reconciliation { breaks, carried, .. } = self.close.reconciliation;
        if let Some(found) = breaks.iter().find(|found| found.id() == id) {
            self.explain_break(found)?;
        } else if let Some(it) = carried.iter().find(|it| it.open.id == id) {
            self.explain_carried(it)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes a line; what others wrote in it cannot begin another.
    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}", on_a_line(line));
    }

    fn explain_break(&mut self, found: &Break) -> Result<(), FrameError> {
        let class = found.class();
        self.line(&format!("break {}: {class} ({}): {}", found.id(), class.severity().word(), class.meaning()));
        self.line(&format!("  {}", found.explanation()));
        self.line(&format!(
            "  {}: master {}, customer {}",
            found.field(),
            found.master_value(),
            found.customer_value()
        ));
        for Leg { key, effect } in found.legs() {
            let direction = key.direction.word();
            self.line(&format!("  effect {effect} {} on {}/{}/{direction}", key.currency, key.account, key.currency));
        }
        if let (Some(effect), Some(currency)) = (found.on_wallet(), found.currency()) {
            let of = found.account().map_or("the dashboard's total".to_owned(), |account| format!("wallet:{account}"));
            self.line(&format!("  effect {effect} {currency} on {of}"));
        }
        let copies = self.copies(found.entry_ids())?;
        self.entries("entries", &copies);
        if copies.is_empty() {
            for origin in found.origins() {
                self.line(&format!("  read at {origin}"));
            }
            let list = match found.account().and_then(|account| crate::domain::AccountId::parse(account).ok()) {
                Some(account) => List::Ledger(account),
                None => List::Master,
            };
            self.lists.insert(list);
        }
        Ok(())
    }

    /// Explains an invoice, or one line of it, counted from 1.
    fn explain_invoice(&mut self, invoice: &Invoice, only: Option<usize>) -> Result<(), FrameError> {
        let Invoice { number, account, name, currency, cost_base, markup, fees, tax, total, round_off, .. } = invoice;
        self.line(&format!("invoice {number} to {name} ({account}): {total} {currency}"));
        self.line(&format!(
            "  cost {cost_base} + markup {markup} + fees {fees} + tax {tax} + round-off {round_off} = {total} {currency}"
        ));
        let entries = self.close.books.ledgers.entries_of(Side::Customer, account)?;
        let asked = |(_, place): &(_, usize)| only.is_none_or(|only| only == *place);
        for (line, place) in invoice.lines.iter().zip(1..).filter(asked) {
            let percent = line.markup_percent.map(|percent| format!(" at {percent} %")).unwrap_or_default();
            let (cost, amount) = (line.cost_base, line.amount);
            self.line(&format!(
                "  line {place}, {} ({}): {} entries, cost {cost}{percent} = {amount} {currency}",
                line.description, line.class, line.entries
            ));
            let direction = match line.kind {
                LineKind::Usage => Direction::Debit,
                LineKind::Refund => Direction::Credit,
                LineKind::Fee | LineKind::Minimum => continue,
            };
            let billed: Vec<Entry> = entries
                .iter()
                .filter(|entry| entry.counts() && entry.currency == *currency && entry.direction == direction)
                .filter(|entry| entry.class.as_str() == line.class)
                .cloned()
                .collect();
            self.entries("entries of this line", &billed);
        }
        Ok(())
    }

    fn explain_tie_out(&mut self, tie_out: &TieOut) -> Result<(), FrameError> {
        let key = tie_out.key();
        let (currency, direction) = (key.currency, key.direction.word());
        let figure = |amount: Option<_>| amount.map_or_else(|| "not read".to_owned(), |amount| format!("{amount}"));
        self.line(&format!("tie-out {}: the settled {direction}s of the period", name_of(tie_out)));
        self.line(&format!("  difference {:>18} {currency}", figure(tie_out.difference())));
        self.bridge(tie_out.bridge(), currency, tie_out.effects());
        self.proposal(tie_out);
        let own = self.close.books.partner.account.as_str();
        let mut copies = self.of_account(&key.account)?;
        if key.account == own {
            // The partner's debits tie out to the transfers that its customers received.
            copies.retain(|entry| entry.class.as_str() == ChargeClass::TRANSFER && entry.direction == key.direction);
            let received = self.close.books.ledgers.transfers(Side::Customer, own)?;
            copies.extend(received.into_iter().filter(|entry| entry.direction == Direction::Credit));
        } else {
            copies.retain(|entry| entry.direction == key.direction);
        }
        copies.retain(|entry| entry.currency == currency && entry.counts());
        self.entries("entries", &copies);
        Ok(())
    }

    /// The smallest set of corrections for a tie-out whose figures differ.
    fn proposal(&mut self, tie_out: &TieOut) {
        let close = self.close;
        let Some(it) = close.reconciliation.proposals.iter().find(|it| it.key == *tie_out.key()) else { return };
        self.line(&format!("  proposal   {}: {}", it.proposal.answer.word(), it.statement()));
        for (number, step) in (1..).zip(&it.proposal.steps) {
            let (effect, currency) = (step.effect.to_string(), it.key.currency);
            self.line(&format!("  step {number:<5} {effect:>18} {currency}  {}", step.explanation));
        }
    }

    /// A total over all accounts, `currency/direction`: the customers', and the partner's own wallet apart from them.
    fn explain_total(&mut self, id: &str) -> bool {
        let Close { reconciliation, books, .. } = self.close;
        let of_total = |it: &&TieOut| format!("{}/{}", it.key().currency, it.key().direction.word()) == id;
        let parts = reconciliation.tie_outs.iter().filter(of_total);
        let (own, customers): (Vec<&TieOut>, Vec<&TieOut>) =
            parts.partition(|it| it.key().account == books.partner.account.as_str());
        for (parts, title) in [(&customers, format!("total {id}")), (&own, format!("total {id}, own wallet"))] {
            if let Some(first) = parts.first() {
                self.explain_parts(&title, parts, first.key().currency);
            }
        }
        !(own.is_empty() && customers.is_empty())
    }

    fn explain_parts(&mut self, title: &str, parts: &[&TieOut], currency: Currency) {
        let bridge = Bridge::over(parts.iter().map(|it| it.bridge()));
        let figure = |amount: Option<_>| amount.map_or_else(|| "not read".to_owned(), |amount| format!("{amount}"));
        let [master, customers, difference] =
            [bridge.master(), bridge.customer(), bridge.opening_difference()].map(figure);
        self.line(&format!("{title}: master {master}, customers {customers}, difference {difference}"));
        self.bridge(&bridge, currency, &[]);
        let read = parts.iter().filter(|it| it.difference().is_some()).count();
        self.line(&format!(
            "  {read} of {} tie-outs have both figures; those with breaks, each to be asked for by name:",
            parts.len()
        ));
        for part in parts.iter().filter(|it| !it.effects().is_empty() || !it.residual().is_zero()) {
            let (difference, gross) = (figure(part.difference()), part.gross());
            let breaks = part.effects().len();
            self.line(&format!("  {}  difference {difference}, breaks {breaks}, gross {gross}", name_of(part)));
        }
    }

    /// The statement from the master's figure to the customers', each class with the breaks that make it up.
    fn bridge(&mut self, bridge: &Bridge, currency: Currency, effects: &[(String, Amount)]) {
        let named: BTreeSet<&str> = effects.iter().map(|(id, _)| id.as_str()).collect();
        let breaks = self.close.reconciliation.breaks.iter().filter(|found| named.contains(found.id()));
        let classes: BTreeMap<&str, &str> = breaks.map(|found| (found.id(), found.class().slug())).collect();
        for step in bridge.steps() {
            let reached = step.balance.map_or_else(|| "not read".to_owned(), |amount| amount.to_string());
            let line = step.line.map_or_else(String::new, |line| {
                let effects = if line.count == 1 { "effect" } else { "effects" };
                format!("  {} {effects}, gross {}, net {}", line.count, line.gross, line.effect)
            });
            self.line(&format!("  {:<22}{reached:>18} {currency}{line}", step.name));
            let of_class = |(id, _): &&(String, Amount)| classes.get(id.as_str()).is_some_and(|it| *it == step.name);
            for (id, effect) in effects.iter().filter(of_class) {
                self.line(&format!("    by {id}  effect {effect} {currency}"));
            }
        }
    }

    fn explain_account(&mut self, account: &str) -> Result<(), FrameError> {
        let standings = self.close.reconciliation.accounts.iter().filter(|standing| standing.account == account);
        for standing in standings {
            let AccountStanding { name, currency, entries, credits, debits, unsettled, verdict, .. } = standing;
            self.line(&format!("account {account} ({name}), {currency}: {verdict}"));
            if let (Some(opening), Some(closing)) = (standing.opening, standing.closing) {
                let expected = opening + *credits - *debits;
                let left = if expected == closing { String::new() } else { format!(", but closing {closing}") };
                let word = if left.is_empty() { "closing " } else { "" };
                self.line(&format!(
                    "  opening {opening} + credits {credits} - debits {debits} = {word}{expected} {currency}{left}"
                ));
            } else {
                self.line(&format!("  credits {credits}, debits {debits} {currency}; balances are not evidenced"));
            }
            self.line(&format!("  {entries} settled entries of the period, {unsettled} unsettled"));
        }
        self.recharges(account);
        for found in &self.close.reconciliation.breaks {
            if found.accounts().any(|named| named == account) {
                self.line(&format!("  {} {}: {}", found.id(), found.class(), found.explanation()));
            }
        }
        let mut copies = self.of_account(account)?;
        copies.retain(|entry| entry.in_period);
        self.entries("entries of the period", &copies);
        Ok(())
    }

    fn explain_entry(&mut self, id: &str) -> Result<bool, FrameError> {
        let copies = self.copies(&[id.to_owned()])?;
        if copies.is_empty() {
            return Ok(false);
        }
        self.line(&format!("entry {id}"));
        self.entries("as the books carry it", &copies);
        for found in &self.close.reconciliation.breaks {
            if found.entry_ids().iter().any(|entry| entry == id) {
                self.line(&format!("  {} {}: {}", found.id(), found.class(), found.explanation()));
            }
        }
        Ok(true)
    }

    /// Both books' copies of some entries.
    fn copies(&self, ids: &[String]) -> Result<Vec<Entry>, FrameError> {
        let Close { books, .. } = self.close;
        let mut copies = books.master.entries_with(Side::Master, ids)?;
        copies.extend(books.ledgers.entries_with(Side::Customer, ids)?);
        Ok(copies)
    }

    /// What both books carry for an account.
    fn of_account(&self, account: &str) -> Result<Vec<Entry>, FrameError> {
        let Close { books, .. } = self.close;
        let mut copies = books.master.entries_of(Side::Master, account)?;
        copies.extend(books.ledgers.entries_of(Side::Customer, account)?);
        Ok(copies)
    }

    /// Entries in order of time, each with the archived page it was read from.
    fn entries(&mut self, title: &str, entries: &[Entry]) {
        self.line(&format!("  {title}: {}", entries.len()));
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort_by_key(|entry| (entry.created_at, &entry.id, entry.side));
        for entry in entries {
            let Entry { id, amount, currency, direction, class, status, .. } = entry;
            let when = self.close.books.calendar.local(entry.created_at);
            let reference = entry.reference.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
            let (direction, origin) = (direction.word(), entry.origin_text());
            let digest = self.pages.digest(&entry.ledger, entry.origin.page);
            self.line(&format!("    {when}  {direction} {amount} {currency}  {class}, {status}  {id}{reference}"));
            self.line(&format!("      {origin}, sha256 {digest}"));
            self.lists.insert(entry.ledger.clone());
        }
    }

    /// The control totals of the lists that the explanation rests on.
    fn explain_lists(&mut self) {
        let lists = std::mem::take(&mut self.lists);
        let mut proofs: BTreeMap<&List, &ListProof> = BTreeMap::new();
        for proof in self.close.reconciliation.proofs.iter().filter(|proof| lists.contains(&proof.list)) {
            proofs.entry(&proof.list).or_insert(proof);
        }
        for (list, proof) in proofs {
            let said = &proof.said;
            let total = said.total.map_or_else(|| "no total".to_owned(), |total| format!("{total} by its own total"));
            let sums = match &said.unread {
                Some(written) => format!("summary {written}, which is none"),
                None if said.debit.is_absent() && said.credit.is_absent() => "no summary".to_owned(),
                None => format!("summary debits {}, credits {}, reading `{}`", said.debit, said.credit, proof.reading),
            };
            self.line(&format!(
                "  control total of {list}: {} received, {total}; {sums}: {}",
                proof.received, proof.verdict
            ));
        }
    }
}
