//! Makes the invoices out: lines priced and taxed, numbered in order, and the reason to hold whoever gets none.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::issued::{self, Unnumbered};
use super::{
    Bill, BilledOtherwise, Billing, Customer, Invoice, InvoiceError, InvoiceLine, Issued, LastInvoice, LineKind,
    NumberError, Numbering, Percent, Pricing, RateCard, RechargeCheck, RechargeTerms, Refunds, Supply, lines, recharge,
};
use crate::domain::{Amount, Currency, Party};
use crate::reconcile::{HeldAccount, Recharge};

/// Why an account whose refunds are worth more than its charges has neither invoice nor note.
const CREDIT_NOTE_DUE: &str =
    "credits exceed charges: a credit note is due, and no earlier invoice is there to name on it";

/// The same, for accounts that need not prove that they tied out; private, so that nobody is billed without a proof.
pub(super) fn bill(
    mut customers: Vec<Customer<'_>>,
    untied: &[(&str, &str)],
    (held, recharges): (&[HeldAccount], &[Recharge]),
    pricing: &Pricing<'_>,
    numbering: &Numbering,
) -> Result<Billing, InvoiceError> {
    customers.sort_by_key(|customer| (customer.account, customer.currency));
    let mut billing = Billing { held: held.to_vec(), ..Billing::default() };
    let mut count = numbering.from;
    let mut notes: Vec<Unnumbered> = issued::proposed(&numbering.corrections.due, pricing).collect();
    let issued = issued_before(&numbering.issued);
    let wallets: BTreeMap<(&str, Currency), &Recharge> =
        recharges.iter().map(|it| ((it.account.as_str(), it.currency), it)).collect();
    let mut bills: BTreeMap<(&str, Currency), Bill> = BTreeMap::new();
    for customer in &customers {
        let lines = lines::of(customer, pricing.card)?;
        if lines.is_empty() {
            continue;
        }
        let made_out = made_out(customer, &lines, pricing, numbering)?;
        let key = (customer.account, customer.currency);
        let before = issued.get(&key);
        if let Ok(documents) = &made_out {
            let number = before.map(|issued| issued.number.clone());
            bills.insert(key, Bill { number, taxable: documents.taxable(), total: documents.total() });
        }
        if let Some(issued) = before {
            let charged = lines.iter().map(|line| line.amount).sum();
            let (now, taxed) = made_out.map_or((charged, false), |documents| (documents.total(), true));
            billing.held.push(hold(customer, &lines, already_billed(issued, now)));
            if now != issued.total {
                let (account, name) = (customer.account.to_owned(), customer.name.to_owned());
                billing.otherwise.push(BilledOtherwise { account, name, issued: issued.clone(), now, taxed });
            }
            continue;
        }
        let uncovered = wallets.get(&key).zip(bills.get(&key));
        let covered = uncovered.and_then(|(it, bill)| recharge::hold(it, bill, pricing.recharge)).map_or(Ok(()), Err);
        let Documents { invoice, credit } = match made_out.and_then(|documents| covered.map(|()| documents)) {
            Ok(documents) => documents,
            Err(reason) => {
                billing.held.push(hold(customer, &lines, reason));
                continue;
            }
        };
        let number = invoice.as_ref().map(|_| pricing.card.series().number(count, pricing.date)).transpose();
        let given = match number {
            Ok(given) => given,
            // A series that is used up costs nobody else the bill.
            Err(refused) => {
                billing.held.push(hold(customer, &lines, used_up(&refused)));
                continue;
            }
        };
        if let Some((invoice, number)) = invoice.zip(given.clone()) {
            count = count.saturating_add(1);
            billing.invoices.push(Invoice { number, ..invoice });
        }
        if let Some(bill) = bills.get_mut(&key) {
            bill.number.clone_from(&given);
        }
        notes.extend(credit.map(|credit| credit.named(given.as_deref())));
    }
    billing.notes = issued::numbered(notes, &numbering.corrections, pricing)?;
    billing.held.extend(unpayable_fees(&customers, untied, held, pricing.card));
    billing.held.sort_by(|a, b| (&a.account, a.currency).cmp(&(&b.account, b.currency)));
    billing.recharges = checked(recharges, bills, &billing.held, pricing.recharge);
    Ok(billing)
}

/// What earlier runs of the month gave each customer and currency, together, under the first number.
fn issued_before(documents: &[Issued]) -> BTreeMap<(&str, Currency), Issued> {
    let mut issued: BTreeMap<(&str, Currency), Issued> = BTreeMap::new();
    for it in documents {
        let sum = issued.entry((&it.account, it.currency));
        sum.and_modify(|sum| sum.total += it.total).or_insert_with(|| it.clone());
    }
    issued
}

/// The recharge check of every customer that moved, is billed, or has a wallet below zero.
fn checked<'a>(
    recharges: &'a [Recharge],
    mut bills: BTreeMap<(&'a str, Currency), Bill>,
    held: &'a [HeldAccount],
    terms: RechargeTerms,
) -> Vec<RechargeCheck> {
    let held: BTreeSet<(&str, Currency)> = held.iter().map(|it| (it.account.as_str(), it.currency)).collect();
    let check = |recharge: &'a Recharge| {
        let key = (recharge.account.as_str(), recharge.currency);
        let bill = bills.remove(&key);
        let concerned = recharge.moved() || bill.is_some() || recharge.below_zero().is_some();
        concerned.then(|| RechargeCheck::of(recharge, bill, held.contains(&key), terms))
    };
    recharges.iter().filter_map(check).collect()
}

/// Why a customer gets no number.
fn used_up(refused: &NumberError) -> String {
    format!(
        "no number is left in the series of invoices: {refused}; with another series in the rate card a further close bills it"
    )
}

/// Why a customer is not billed again. Whether another total than then is for a note, the terms that it was billed by decide, and
/// those a recheck knows.
fn already_billed(issued: &Issued, charged: Amount) -> String {
    let Issued { number, run, total, currency, .. } = issued;
    let billed = format!("billed already: {number} of run {run}, {total} {currency}");
    if charged == *total {
        return billed;
    }
    format!("{billed}; by the terms and entries of this run {charged}: `tieout recheck` tells whether a note is due")
}

/// An account that tied out and is not billed.
fn hold(customer: &Customer<'_>, lines: &[InvoiceLine], reason: String) -> HeldAccount {
    HeldAccount {
        account: customer.account.to_owned(),
        name: customer.name.to_owned(),
        currency: customer.currency,
        cost_base: lines.iter().map(|line| line.cost_base).sum(),
        reason,
    }
}

/// What a customer gets for a month: an invoice, a credit note, or both.
struct Documents {
    invoice: Option<Invoice>,
    credit: Option<Unnumbered>,
}

impl Documents {
    fn taxable(&self) -> Amount {
        let credit = self.credit.iter().map(|it| it.document.taxable());
        self.invoice.iter().map(Invoice::taxable).chain(credit).sum()
    }

    fn total(&self) -> Amount {
        let credit = self.credit.iter().map(|it| it.document.total);
        self.invoice.iter().map(|it| it.total).chain(credit).sum()
    }
}

/// What the lines add up to, still without numbers; the reason to hold the customer where nothing can be made out to it.
///
/// Refunds are taken off the invoice of their month, unless the settings ask for a note of each; what is more than the
/// month's charges is no invoice, and all refunds go on a credit note that names the invoice before.
fn made_out(
    customer: &Customer<'_>,
    lines: &[InvoiceLine],
    pricing: &Pricing<'_>,
    numbering: &Numbering,
) -> Result<Result<Documents, String>, InvoiceError> {
    let (refunds, charges): (Vec<_>, Vec<_>) = lines.iter().cloned().partition(|line| line.kind == LineKind::Refund);
    let sum = |lines: &[InvoiceLine]| lines.iter().map(|line| line.amount).sum::<Amount>();
    let (given_back, asked) = (-sum(&refunds), sum(&charges));
    let mut covered = !charges.is_empty() && asked >= given_back;
    let net = || {
        let invoice = invoice_of(customer, lines.to_vec(), pricing)?;
        Ok(invoice.map(|invoice| Documents { invoice: Some(invoice), credit: None }))
    };
    if covered && (refunds.is_empty() || pricing.terms.refunds() == Refunds::Net) {
        let made: Result<Documents, String> = net()?;
        // Tax on each line, rounded by itself, can make less than nothing of what comes to nothing without it.
        covered = made.as_ref().map_or(true, |documents| !documents.total().is_negative());
        if covered {
            return Ok(made);
        }
    }
    let last = numbering.corrections.last_of(customer.account, customer.currency);
    if !covered && last.is_none() {
        return Ok(Err(CREDIT_NOTE_DUE.to_owned()));
    }
    let supply = match supplied(customer, pricing) {
        Ok(supply) => supply,
        Err(reason) => return Ok(Err(reason)),
    };
    let own = LastInvoice::of_this_month(customer, &supply, pricing.date);
    let names = if covered { &own } else { last.unwrap_or(&own) };
    let credit = issued::refunds(customer, refunds, names, supply.buyer, pricing)?;
    // What rounds to nothing gives nothing back.
    if credit.document.total.is_zero() {
        return if covered { net() } else { Ok(Err(CREDIT_NOTE_DUE.to_owned())) };
    }
    if let Some(reason) = (!covered).then(|| names.exceeded_by(&credit.document, &numbering.corrections)).flatten() {
        return Ok(Err(reason));
    }
    let invoice = if charges.is_empty() { None } else { Some(invoice_of(customer, charges, pricing)?) };
    Ok(invoice.transpose().map(|invoice| Documents { invoice, credit: Some(credit) }))
}

/// The invoice that the lines add up to.
fn invoice_of(
    customer: &Customer<'_>,
    lines: Vec<InvoiceLine>,
    pricing: &Pricing<'_>,
) -> Result<Result<Invoice, String>, InvoiceError> {
    let mut supply = match supplied(customer, pricing) {
        Ok(supply) => supply,
        Err(reason) => return Ok(Err(reason)),
    };
    supply.remarks.extend(pricing.terms.dated_late(pricing.supplied_until, pricing.date));
    let lines = taxed(customer, lines, &supply, pricing)?;
    let owed = lines.iter().map(|line| line.amount + line.tax.amount()).sum();
    let round_off = pricing.terms.round_off(owed, customer.currency);
    let made = Made { round_off, date: pricing.date, due: pricing.terms.due(pricing.date) };
    let invoice = added_up(customer, lines, supply, made);
    Ok(pricing.terms.lacking(&invoice.supply, invoice.taxable()).map_or(Ok(invoice), Err))
}

/// How a customer is supplied, or why no invoice can be made out to it.
pub(super) fn supplied(customer: &Customer<'_>, pricing: &Pricing<'_>) -> Result<Supply, String> {
    let known = pricing.parties.get(customer.account).cloned();
    let known = known.unwrap_or_else(|| Party { name: customer.name.to_owned(), ..Party::default() });
    pricing.terms.supply(customer.account, &known, customer.currency)
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

/// Accounts that owe a fee but neither tied out in the card's currency nor are held there already: those that a fee
/// names (without this, a fee with a slip of the pen in its account would vanish), and all that did not tie out where a
/// fee is everybody's.
fn unpayable_fees(
    customers: &[Customer<'_>],
    untied: &[(&str, &str)],
    held: &[HeldAccount],
    card: &RateCard,
) -> Vec<HeldAccount> {
    let currency = card.currency();
    let tied = customers.iter().filter(|it| it.currency == currency).map(|it| it.account);
    let known: BTreeSet<&str> =
        held.iter().filter(|it| it.currency == currency).map(|it| it.account.as_str()).chain(tied).collect();
    let mut fees: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for fee in card.fees() {
        let accounts: Vec<&str> = match &fee.accounts {
            Some(named) => named.iter().map(String::as_str).collect(),
            None => untied.iter().map(|(account, _)| *account).collect(),
        };
        for account in accounts.into_iter().filter(|account| !known.contains(account)) {
            let owed = fees.entry(account).or_default();
            let name = format!("{:?}", fee.name);
            if !owed.contains(&name) {
                owed.push(name);
            }
        }
    }
    let of_tied = |account: &str| customers.iter().find(|it| it.account == account).map(|it| it.name);
    let of_untied = |account: &str| untied.iter().find(|it| it.0 == account).map(|it| it.1);
    fees.into_iter()
        .map(|(account, fees)| HeldAccount {
            account: account.to_owned(),
            name: of_tied(account).or_else(|| of_untied(account)).unwrap_or_default().to_owned(),
            currency,
            cost_base: Amount::ZERO,
            reason: match of_tied(account).or_else(|| of_untied(account)) {
                Some(_) => format!("fee {}: the account did not tie out in {currency}", fees.join(", ")),
                None => format!("fee {}: no account of this name is in the account list", fees.join(", ")),
            },
        })
        .collect()
}
