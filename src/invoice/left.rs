//! What is left of each customer's invoices, and how a credit is spread over them: newest first, each credit note within what
//! is left of the invoice that it names (CGST Act, section 34: one or more notes for one or more invoices).
//!
//! A part is as large as fits in the taxable value, the tax under each head and the total that are left, and is taxed as its
//! invoice was. What no invoice can take is given back as the rest. The parts and the rest add up to the credit before tax.

use std::collections::BTreeMap;

use super::bill::{Made, added_up, taxed};
use super::{
    Corrected, Corrections, Customer, Invoice, InvoiceError, InvoiceLine, LastInvoice, LineKind, Pricing, State,
    Supply, TaxHead,
};
use crate::domain::{Amount, Currency, Party, SCALE};

/// The invoices that credit notes of this close can name, by customer and currency, each list in the order in which they are
/// named.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<(String, Currency), Vec<LastInvoice>>);

/// How a credit was spread.
#[derive(Debug)]
pub(super) struct Spread {
    /// The notes, each with the invoice that it names.
    pub(super) notes: Vec<(Corrected, Invoice)>,
    /// The lines that no invoice could take, without tax.
    pub(super) rest: Vec<InvoiceLine>,
}

impl Ledger {
    /// The invoices that earlier runs gave.
    pub(super) fn of(corrections: &Corrections) -> Self {
        let mut ledger = Self::default();
        corrections.last.iter().cloned().for_each(|it| ledger.add(it));
        ledger
    }

    /// Adds an invoice that is named after all others of its customer.
    pub(super) fn add(&mut self, invoice: LastInvoice) {
        self.0.entry((invoice.account.clone(), invoice.currency)).or_default().push(invoice);
    }

    /// Takes a note into what is left of its invoice.
    pub(super) fn note(&mut self, number: &str, note: &Invoice) {
        let of_customer = self.0.get_mut(&(note.account.clone(), note.currency));
        of_customer.into_iter().flatten().filter(|it| it.invoice.number == number).for_each(|it| it.corrected(note));
    }

    /// Whether an invoice can take a whole credit note.
    pub(super) fn takes_whole(&self, number: &str, note: &Invoice) -> bool {
        let of_customer = self.0.get(&(note.account.clone(), note.currency)).into_iter().flatten();
        of_customer.filter(|it| it.invoice.number == number).any(|it| it.has(note))
    }

    /// What is left of all invoices of a customer, in their currency.
    pub(super) fn left_of(&self, account: &str, currency: Currency) -> Amount {
        let of_customer = self.0.get(&(account.to_owned(), currency)).into_iter().flatten();
        of_customer.filter_map(|it| it.left).sum()
    }

    /// Spreads a credit over the customer's invoices, the one of the number `first` before all others.
    pub(super) fn spread(
        &mut self,
        customer: &Customer<'_>,
        lines: Vec<InvoiceLine>,
        (first, buyer): (&str, &Party),
        pricing: &Pricing<'_>,
    ) -> Result<Spread, InvoiceError> {
        let mut spread = Spread { notes: Vec::new(), rest: lines };
        let Some(invoices) = self.0.get_mut(&(customer.account.to_owned(), customer.currency)) else {
            return Ok(spread);
        };
        let (named, others): (Vec<_>, Vec<_>) = invoices.iter_mut().partition(|it| it.invoice.number == first);
        for invoice in named.into_iter().chain(others) {
            let Some((note, rest)) = invoice.part(customer, &spread.rest, buyer, pricing)? else { continue };
            invoice.corrected(&note);
            spread.notes.push((invoice.invoice.clone(), note));
            spread.rest = rest;
        }
        spread.rest.retain(|line| !line.amount.is_zero());
        Ok(spread)
    }
}

/// A part of a credit while it is tried: the note, and the lines that are not on it.
type Part = (Invoice, Vec<InvoiceLine>);

impl LastInvoice {
    /// The invoice that a customer gets with this close.
    pub(super) fn of_this_close(invoice: &Invoice) -> Self {
        let mut tax = BTreeMap::new();
        for (head, _, amount) in invoice.lines.iter().flat_map(|line| &line.tax.heads) {
            *tax.entry(*head).or_insert(Amount::ZERO) += *amount;
        }
        Self {
            account: invoice.account.clone(),
            currency: invoice.currency,
            invoice: Corrected { number: invoice.number.clone(), date: invoice.date, run: String::new() },
            gstin: invoice.supply.gstin.clone(),
            place: invoice.supply.place.map(|place| place.code.to_owned()),
            supply: invoice.supply.kind,
            left: Some(invoice.total),
            taxable_left: Some(invoice.taxable()),
            tax_left: tax.into_iter().collect(),
        }
    }

    /// Takes a note into what is left.
    fn corrected(&mut self, note: &Invoice) {
        self.left = self.left.map(|left| left + note.total);
        self.taxable_left = self.taxable_left.map(|left| left + note.taxable());
        for (head, _, amount) in note.lines.iter().flat_map(|line| &line.tax.heads) {
            match self.tax_left.iter_mut().find(|(of, _)| of == head) {
                Some((_, left)) => *left += *amount,
                None => self.tax_left.push((*head, *amount)),
            }
        }
    }

    /// Whether as much is left as a note takes away.
    fn has(&self, note: &Invoice) -> bool {
        let enough = |left: Amount, added: Amount| !added.is_negative() || !(left + added).is_negative();
        let known = |left: Option<Amount>, added| left.is_none_or(|left| enough(left, added));
        let of_heads = || self.tax_left.iter().all(|(head, left)| enough(*left, note.owed(*head)));
        known(self.left, note.total) && known(self.taxable_left, note.taxable()) && of_heads()
    }

    /// The largest part of a credit that fits in what is left, and the rest of it; nothing where no part gives anything back.
    fn part(
        &self,
        customer: &Customer<'_>,
        credit: &[InvoiceLine],
        buyer: &Party,
        pricing: &Pricing<'_>,
    ) -> Result<Option<Part>, InvoiceError> {
        let minor = 10_i128.pow(SCALE - customer.currency.minor_digits().min(SCALE));
        let part = |units: i128| self.tried(customer, credit, Amount::from_units(units * minor), buyer, pricing);
        let whole: Amount = credit.iter().map(|line| line.amount).sum();
        // `low` fits, `high` does not: what a part comes to grows with it.
        let (mut low, mut high) = (0, -whole.units() / minor);
        if high <= 0 {
            return Ok(None);
        }
        let mut best = part(high)?;
        while best.is_none() && high - low > 1 {
            let middle = low.midpoint(high);
            match part(middle)? {
                Some(_) => low = middle,
                None => high = middle,
            }
        }
        if best.is_none() && low > 0 {
            best = part(low)?;
        }
        Ok(best.filter(|(note, _)| note.total.is_negative()))
    }

    /// A part that gives back so much before tax, where it fits.
    fn tried(
        &self,
        customer: &Customer<'_>,
        credit: &[InvoiceLine],
        given: Amount,
        buyer: &Party,
        pricing: &Pricing<'_>,
    ) -> Result<Option<Part>, InvoiceError> {
        let (lines, rest) = cut(credit, given);
        let place = self.place.as_deref().and_then(State::of_code);
        let buyer = buyer.clone();
        let supply = Supply { buyer, gstin: self.gstin.clone(), place, kind: self.supply, remarks: Vec::new() };
        let mut lines = taxed(customer, lines, &supply, &Pricing { date: self.invoice.date, ..*pricing })?;
        if self.taxable_left.is_some() {
            within_the_tax(&mut lines, &self.tax_left);
        }
        let owed: Amount = lines.iter().map(|line| line.amount + line.tax.amount()).sum();
        let mut round_off = pricing.terms.round_off(owed, customer.currency);
        // A note that is rounded up takes no more than there is.
        if let Some(left) =
            self.left.filter(|left| *left + owed >= Amount::ZERO && (*left + owed + round_off).is_negative())
        {
            round_off = -left - owed;
        }
        let made = Made { round_off, date: pricing.date, due: pricing.date };
        let note = added_up(customer, lines, supply, made);
        Ok(self.has(&note).then_some((note, rest)))
    }
}

/// Cuts a credit in two: the part that comes to `given` back, and the rest. What is charged in it stands on the part whole.
fn cut(credit: &[InvoiceLine], given: Amount) -> (Vec<InvoiceLine>, Vec<InvoiceLine>) {
    let charged = credit.iter().map(|line| line.amount).filter(|amount| !amount.is_negative());
    let mut open = given + charged.sum();
    let (mut part, mut rest) = (Vec::new(), Vec::new());
    for line in credit {
        let taken = if line.amount.is_negative() { (-line.amount).min(open) } else { -line.amount };
        if taken == -line.amount {
            part.push(line.clone());
        } else if taken.is_zero() {
            rest.push(line.clone());
        } else {
            let [of_part, of_rest] = halves(line, taken);
            part.push(of_part);
            rest.push(of_rest);
        }
        if line.amount.is_negative() {
            open = open - taken;
        }
    }
    (part, rest)
}

/// A line in two, of which the first gives so much back; its cost goes along in proportion, to the last unit.
fn halves(line: &InvoiceLine, taken: Amount) -> [InvoiceLine; 2] {
    let share = line.cost_base.units().checked_mul(taken.units()).map(|product| product / -line.amount.units());
    let cost_base = Amount::from_units(share.unwrap_or_default());
    let part = |cost_base: Amount, amount: Amount| InvoiceLine {
        cost_base,
        amount,
        markup: if matches!(line.kind, LineKind::Usage | LineKind::Refund) { amount - cost_base } else { Amount::ZERO },
        ..line.clone()
    };
    [part(cost_base, -taken), part(line.cost_base - cost_base, line.amount + taken)]
}

/// Lowers the tax of a note to the tax that is left of its invoice, head by head: sums of lines round otherwise than lines, and
/// no more can be given back than was charged.
fn within_the_tax(lines: &mut [InvoiceLine], left: &[(TaxHead, Amount)]) {
    let mut heads: Vec<TaxHead> = lines.iter().flat_map(|line| &line.tax.heads).map(|(head, ..)| *head).collect();
    heads.sort_unstable();
    heads.dedup();
    for head in heads {
        let mut of_head = lines.iter_mut().flat_map(|line| &mut line.tax.heads).filter(|(of, ..)| *of == head);
        let given: Vec<&mut Amount> = of_head.by_ref().map(|(.., amount)| amount).collect();
        let left: Amount = left.iter().filter(|(of, _)| *of == head).map(|(_, left)| *left).sum();
        let mut excess = -(given.iter().map(|amount| **amount).sum::<Amount>()) - left;
        for amount in given.into_iter().filter(|amount| amount.is_negative()) {
            let less = excess.min(-*amount).max(Amount::ZERO);
            *amount += less;
            excess = excess - less;
        }
    }
}
