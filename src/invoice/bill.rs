//! Makes the invoices out: lines priced and taxed, numbered in order, and the reason to hold whoever gets none.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::credits::{Back, Credits};
use super::{
    Bill, BilledOtherwise, Billing, Customer, Invoice, InvoiceError, InvoiceLine, Issued, LineKind, NoteReason,
    NumberError, Numbering, Percent, Pricing, RechargeCheck, RechargeTerms, Refunds, Supply, fees, lines, recharge,
};
use crate::domain::{Amount, Currency, Party};
use crate::reconcile::{HeldAccount, Recharge};

/// Why a customer has neither invoice nor note whose refunds are worth less than the least amount there is.
const ROUNDS_TO_NOTHING: &str = "nothing is charged, and what is given back rounds to nothing";

/// The same, for accounts that need not prove that they tied out; private, so that nobody is billed without a proof.
pub(super) fn bill(
    mut customers: Vec<Customer<'_>>,
    untied: &[fees::Untied<'_>],
    (held, recharges): (&[HeldAccount], &[Recharge]),
    pricing: &Pricing<'_>,
    numbering: &Numbering,
) -> Result<Billing, InvoiceError> {
    customers.sort_by_key(|customer| (customer.account, customer.currency));
    let wallets = recharges.iter().map(|it| ((it.account.as_str(), it.currency), it)).collect();
    let mut making = Making {
        pricing,
        before: Before::of(&numbering.issued),
        wallets,
        count: numbering.from,
        billing: Billing { held: held.to_vec(), ..Billing::default() },
        bills: BTreeMap::new(),
        refunds: Vec::new(),
    };
    for customer in &customers {
        making.customer(customer)?;
    }
    let Making { mut billing, bills, refunds, .. } = making;
    Credits::of(pricing, &numbering.corrections, &billing.invoices).give(refunds, &mut billing)?;
    billing.held.extend(fees::unpayable(&customers, untied, held, pricing.card));
    billing.held.sort_by(|a, b| (&a.account, a.currency, a.is_credit).cmp(&(&b.account, b.currency, b.is_credit)));
    billing.recharges = checked(recharges, bills, &billing.held, pricing.recharge);
    Ok(billing)
}

/// What earlier runs of the month gave a customer.
struct Before {
    first: Issued,
    /// What it all comes to.
    total: Amount,
    /// Whether an invoice is among it: a credit note alone bills no usage.
    invoiced: bool,
}

impl Before {
    fn of(issued: &[Issued]) -> BTreeMap<(&str, Currency), Self> {
        let mut before: BTreeMap<(&str, Currency), Self> = BTreeMap::new();
        for it in issued {
            let own = before.entry((&it.account, it.currency));
            let own = own.or_insert_with(|| Self { first: it.clone(), total: Amount::ZERO, invoiced: false });
            own.total += it.total;
            own.invoiced |= !it.credit;
        }
        before
    }
}

/// The billing while it is made.
struct Making<'a> {
    pricing: &'a Pricing<'a>,
    before: BTreeMap<(&'a str, Currency), Before>,
    wallets: BTreeMap<(&'a str, Currency), &'a Recharge>,
    /// The place of the next number.
    count: u64,
    billing: Billing,
    bills: BTreeMap<(&'a str, Currency), Bill>,
    /// The refunds that are on no invoice.
    refunds: Vec<Back<'a>>,
}

impl<'a> Making<'a> {
    /// Makes out what a customer gets, or holds it.
    fn customer(&mut self, customer: &Customer<'a>) -> Result<(), InvoiceError> {
        let pricing = self.pricing;
        let mut lines = lines::of(customer, pricing.card)?;
        let key = (customer.account, customer.currency);
        let before = self.before.get(&key);
        // Usage that came after a run which only gave refunds back was never invoiced; the refunds are given.
        let is_new = before.is_some_and(|it| !it.invoiced) && lines.iter().any(|line| line.kind != LineKind::Refund);
        if is_new {
            lines.retain(|line| line.kind != LineKind::Refund);
        }
        if lines.is_empty() {
            return Ok(());
        }
        let made_out = made_out(customer, &lines, pricing)?;
        let before = before.filter(|_| !is_new);
        if let Ok(documents) = &made_out {
            let number = before.map(|it| it.first.number.clone());
            self.bills.insert(key, Bill { number, taxable: documents.taxable(), total: documents.total() });
        }
        if let Some(before) = before {
            let charged = lines.iter().map(|line| line.amount).sum();
            let (now, taxed) = made_out.map_or((charged, false), |documents| (documents.total(), true));
            self.billing.held.push(hold(customer, &lines, already_billed(before, now)));
            if now != before.total {
                let (account, name) = (customer.account.to_owned(), customer.name.to_owned());
                let issued = Issued { total: before.total, ..before.first.clone() };
                self.billing.otherwise.push(BilledOtherwise { account, name, issued, now, taxed });
            }
            return Ok(());
        }
        let Documents { invoice, refunds } = match made_out.and_then(|it| legible(customer, it, pricing)) {
            Ok(documents) => documents,
            Err(reason) => {
                self.billing.held.push(hold(customer, &lines, reason));
                return Ok(());
            }
        };
        let uncovered = self.wallets.get(&key).zip(self.bills.get(&key));
        if let Some(reason) = uncovered.and_then(|(it, bill)| recharge::hold(it, bill, pricing.recharge)) {
            self.billing.held.push(hold(customer, &lines, (reason, recharge::HINT.to_owned())));
            return Ok(());
        }
        let number = invoice.as_ref().map(|_| pricing.card.series().number(self.count, pricing.date)).transpose();
        let given = match number {
            Ok(given) => given,
            // A series that is used up costs nobody else the bill.
            Err(refused) => {
                self.billing.held.push(hold(customer, &lines, used_up(&refused)));
                return Ok(());
            }
        };
        if let Some((invoice, number)) = invoice.zip(given.clone()) {
            self.count = self.count.saturating_add(1);
            self.billing.invoices.push(Invoice { number, ..invoice });
        }
        if let Some(bill) = self.bills.get_mut(&key) {
            bill.number.clone_from(&given);
        }
        self.refunds.extend(refunds.map(|refunds| refunds.back(customer, given.as_deref())));
        Ok(())
    }
}

/// The recharge check of every customer that moved, is billed, or has a wallet below zero.
fn checked<'a>(
    recharges: &'a [Recharge],
    mut bills: BTreeMap<(&'a str, Currency), Bill>,
    held: &'a [HeldAccount],
    terms: RechargeTerms,
) -> Vec<RechargeCheck> {
    let held = held.iter().filter(|it| !it.is_credit);
    let held: BTreeSet<(&str, Currency)> = held.map(|it| (it.account.as_str(), it.currency)).collect();
    let check = |recharge: &'a Recharge| {
        let key = (recharge.account.as_str(), recharge.currency);
        let bill = bills.remove(&key);
        let concerned = recharge.moved() || bill.is_some() || recharge.below_zero().is_some();
        concerned.then(|| RechargeCheck::of(recharge, bill, held.contains(&key), terms))
    };
    recharges.iter().filter_map(check).collect()
}

/// Why a customer gets no number, and what ends that.
fn used_up(refused: &NumberError) -> (String, String) {
    let hint = "name another series in the rate card; a further close of the month bills it";
    (format!("no number is left in the series of invoices: {refused}"), hint.to_owned())
}

/// Why a customer is not billed again. Whether another total than then is for a note, the terms that it was billed by decide, and
/// those a recheck knows.
fn already_billed(before: &Before, charged: Amount) -> (String, String) {
    let Before { first: Issued { number, run, currency, .. }, total, .. } = before;
    let billed = format!("billed already: {number} of run {run}, {total} {currency}");
    if charged == *total {
        return (billed, "nothing is to be done".to_owned());
    }
    let reason = format!(
        "{billed}; by the terms and entries of this run {charged}: `tieout recheck` tells whether a note is due"
    );
    (reason, "run `tieout recheck` of the month; the next close gives the notes that it proposes".to_owned())
}

/// What a customer gets, where the documents asked for can carry its texts; else the reason to hold it.
fn legible(
    customer: &Customer<'_>,
    documents: Documents,
    pricing: &Pricing<'_>,
) -> Result<Documents, (String, String)> {
    pricing.illegible.get(customer.account).map_or(Ok(documents), |it| Err(it.of_invoice()))
}

/// An account that tied out and is not billed, with the reason and what ends it.
fn hold(customer: &Customer<'_>, lines: &[InvoiceLine], (reason, hint): (String, String)) -> HeldAccount {
    HeldAccount {
        account: customer.account.to_owned(),
        name: customer.name.to_owned(),
        currency: customer.currency,
        cost_base: lines.iter().map(|line| line.cost_base).sum(),
        reason,
        hint,
        is_credit: false,
    }
}

/// What a customer gets for a month: an invoice, refunds on credit notes, or both.
struct Documents {
    invoice: Option<Invoice>,
    refunds: Option<OnNotes>,
}

/// Refunds that are on no invoice.
struct OnNotes {
    /// As they are due: supplied and taxed as an invoice of the month would be.
    due: Invoice,
    /// Whether the charges of the month cover them: then they lower its invoice before any other.
    covered: bool,
}

impl OnNotes {
    fn back<'a>(self, customer: &Customer<'a>, own: Option<&str>) -> Back<'a> {
        let first = own.filter(|_| self.covered).unwrap_or_default().to_owned();
        Back { customer: *customer, reason: NoteReason::Refunds, first, month: None, due: self.due }
    }
}

impl Documents {
    fn both(&self) -> impl Iterator<Item = &Invoice> {
        self.invoice.iter().chain(self.refunds.iter().map(|it| &it.due))
    }

    fn taxable(&self) -> Amount {
        self.both().map(Invoice::taxable).sum()
    }

    fn total(&self) -> Amount {
        self.both().map(|it| it.total).sum()
    }
}

/// What the lines add up to, still without numbers; the reason to hold the customer where nothing can be made out to it, and what
/// ends that.
///
/// Refunds are taken off the invoice of their month, unless the settings ask for a note of each; what is more than the
/// month's charges is no invoice: then the charges are billed, and all refunds go on credit notes to the invoices before.
fn made_out(
    customer: &Customer<'_>,
    lines: &[InvoiceLine],
    pricing: &Pricing<'_>,
) -> Result<Result<Documents, (String, String)>, InvoiceError> {
    let (refunds, charges): (Vec<_>, Vec<_>) = lines.iter().cloned().partition(|line| line.kind == LineKind::Refund);
    let sum = |lines: &[InvoiceLine]| lines.iter().map(|line| line.amount).sum::<Amount>();
    let (given_back, asked) = (-sum(&refunds), sum(&charges));
    let mut covered = !charges.is_empty() && asked >= given_back;
    let net = || {
        let invoice = invoice_of(customer, lines.to_vec(), pricing)?;
        Ok(invoice.map(|invoice| Documents { invoice: Some(invoice), refunds: None }))
    };
    if covered && (refunds.is_empty() || pricing.terms.refunds() == Refunds::Net) {
        let made: Result<Documents, _> = net()?;
        // Tax on each line, rounded by itself, can make less than nothing of what comes to nothing without it.
        covered = made.as_ref().map_or(true, |documents| !documents.total().is_negative());
        if covered {
            return Ok(made);
        }
    }
    // What rounds to nothing gives nothing back.
    if given_back.is_zero() {
        let nothing = (ROUNDS_TO_NOTHING.to_owned(), "nothing is to be done: no money is due".to_owned());
        return if covered { net() } else { Ok(Err(nothing)) };
    }
    let supply = match supplied(customer, pricing) {
        Ok(supply) => supply,
        Err(held) => return Ok(Err(held)),
    };
    let due = taxed(customer, refunds, &supply, pricing)?;
    let owed = due.iter().map(|line| line.amount + line.tax.amount()).sum();
    let round_off = pricing.terms.round_off(owed, customer.currency);
    let due = added_up(customer, due, supply, Made { round_off, date: pricing.date, due: pricing.date });
    if covered && due.total.is_zero() {
        return net();
    }
    let invoice = if charges.is_empty() { None } else { Some(invoice_of(customer, charges, pricing)?) };
    Ok(invoice.transpose().map(|invoice| Documents { invoice, refunds: Some(OnNotes { due, covered }) }))
}

/// The invoice that the lines add up to.
fn invoice_of(
    customer: &Customer<'_>,
    lines: Vec<InvoiceLine>,
    pricing: &Pricing<'_>,
) -> Result<Result<Invoice, (String, String)>, InvoiceError> {
    let mut supply = match supplied(customer, pricing) {
        Ok(supply) => supply,
        Err(held) => return Ok(Err(held)),
    };
    supply.remarks.extend(pricing.terms.dated_late(pricing.supplied_until, pricing.date));
    supply.remarks.extend(pricing.terms.rates_to_come(pricing.date).map(|it| format!("of the rates of tax {it}")));
    let lines = taxed(customer, lines, &supply, pricing)?;
    let owed = lines.iter().map(|line| line.amount + line.tax.amount()).sum();
    let round_off = pricing.terms.round_off(owed, customer.currency);
    let made = Made { round_off, date: pricing.date, due: pricing.terms.due(pricing.date) };
    let invoice = added_up(customer, lines, supply, made);
    let lacking = pricing.terms.lacking(&invoice.supply, invoice.taxable());
    Ok(lacking.map_or(Ok(invoice), |reason| Err((reason, correct_the_record(customer)))))
}

/// What ends a hold for what is known of a customer.
fn correct_the_record(customer: &Customer<'_>) -> String {
    let account = customer.account;
    format!("correct what is known of the customer in [invoice.customers.{account}], then close the month again")
}

/// How a customer is supplied, or why no invoice can be made out to it and what ends that.
pub(super) fn supplied(customer: &Customer<'_>, pricing: &Pricing<'_>) -> Result<Supply, (String, String)> {
    let known = pricing.parties.get(customer.account).cloned();
    let known = known.unwrap_or_else(|| Party { name: customer.name.to_owned(), ..Party::default() });
    let supply = pricing.terms.supply(customer.account, &known, customer.currency);
    supply.map_err(|reason| (reason, correct_the_record(customer)))
}

/// The lines with what each owes.
pub(super) fn taxed(
    customer: &Customer<'_>,
    mut lines: Vec<InvoiceLine>,
    supply: &Supply,
    pricing: &Pricing<'_>,
) -> Result<Vec<InvoiceLine>, InvoiceError> {
    for line in &mut lines {
        let tax = pricing.terms.line(supply, &line.class, line.amount, customer.currency, pricing.date);
        line.tax = tax.ok_or_else(|| too_large(customer, &line.class, line.amount))?;
    }
    Ok(lines)
}

/// An amount whose tax no exact arithmetic here can carry.
fn too_large(customer: &Customer<'_>, class: &str, cost: Amount) -> InvoiceError {
    InvoiceError::TooLarge {
        account: customer.account.to_owned(),
        class: class.to_owned(),
        cost,
        currency: customer.currency,
        percent: Percent::default(),
    }
}

/// What a document states beside its lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub(super) round_off: Amount,
    pub(super) date: NaiveDate,
    pub(super) due: NaiveDate,
}

/// The lines added up, still without a number.
pub(super) fn added_up(customer: &Customer<'_>, lines: Vec<InvoiceLine>, supply: Supply, made: Made) -> Invoice {
    let fixed = |line: &&InvoiceLine| matches!(line.kind, LineKind::Fee | LineKind::Minimum);
    let tax: Amount = lines.iter().map(|line| line.tax.amount()).sum();
    Invoice {
        number: String::new(),
        account: customer.account.to_owned(),
        name: customer.name.to_owned(),
        currency: customer.currency,
        cost_base: lines.iter().map(|line| line.cost_base).sum(),
        markup: lines.iter().map(|line| line.markup).sum(),
        fees: lines.iter().filter(fixed).map(|line| line.amount).sum(),
        tax,
        total: lines.iter().map(|line| line.amount).sum::<Amount>() + tax + made.round_off,
        lines,
        round_off: made.round_off,
        date: made.date,
        due: made.due,
        supply,
    }
}
