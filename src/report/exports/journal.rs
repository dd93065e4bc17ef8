//! The close as double entry, before it is written for one program or another.
//!
//! Every wallet stands twice: what the platform holds in it is an asset, and a customer's is owed to the customer as well.
//! - A transfer moves money from the own wallet to the customers' funds, and the customer owes it to the partner.
//! - Usage is paid from the customers' funds, at cost; what a customer's wallet paid is set off against its invoices by
//!   whoever keeps the books, and stands as prepaid until then.
//! - Any other credit came from outside.
//! - An invoice is receivable: usage at cost, markup, fees, tax by head, round-off. A credit note takes the same off again.
//!
//! All amounts of a currency have the same number of decimals, so that no program's tolerance comes into play, and each
//! transaction is exactly zero. Names of accounts hold ids only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Close, Document};
use crate::domain::{Amount, ChargeClass, Currency, Direction, hex};
use crate::invoice::{NoteKind, TaxHead};
use crate::reconcile::{Charge, RollForward, WalletCharges, WalletProof};
use crate::report::ReportError;
use crate::report::table::decimal_text;
use crate::report::totals::equal;

/// The close as transactions, balances and what they stand on.
pub(super) struct Journal {
    /// The day on which every account is opened: no transaction is before it.
    pub(super) opens: NaiveDate,
    /// The accounts, each with its currencies.
    pub(super) accounts: BTreeMap<String, BTreeSet<Currency>>,
    /// The decimals of each currency's amounts.
    pub(super) decimals: BTreeMap<Currency, u32>,
    /// The transactions, sorted by date.
    pub(super) transactions: Vec<Transaction>,
    /// What wallets have to hold at the beginning of the day after the period.
    pub(super) balances: Vec<Posting>,
    /// The day after the period.
    pub(super) cut_off: NaiveDate,
}

/// One transaction, whose postings are zero together.
pub(super) struct Transaction {
    pub(super) date: NaiveDate,
    /// Whom it concerns: an account's id.
    pub(super) whom: String,
    /// What it is.
    pub(super) what: String,
    pub(super) postings: Vec<Posting>,
}

/// An amount on an account; debits are positive.
#[derive(Clone)]
pub(super) struct Posting {
    pub(super) account: String,
    pub(super) currency: Currency,
    pub(super) amount: Amount,
}

/// The close as double entry.
///
/// # Errors
/// When a transaction is not zero, the entries of a wallet are not what its proof says, or the receivables are not what the
/// invoices come to.
pub(super) fn of(close: &Close<'_>) -> Result<Journal, ReportError> {
    let period = close.provenance.period;
    let (first, cut_off) = (period.first_day(), period.day_after());
    let invoiced = close.documents().map(|it| it.invoice.date).min();
    let mut journal = Journal {
        opens: invoiced.map_or(first, |date| date.min(first)),
        accounts: BTreeMap::new(),
        decimals: BTreeMap::new(),
        transactions: Vec::new(),
        balances: Vec::new(),
        cut_off,
    };
    let mut charges: BTreeMap<(&str, Currency), &WalletCharges> = BTreeMap::new();
    for it in close.charges {
        charges.insert((&it.account, it.currency), it);
    }
    for wallet in &close.books.wallets {
        if let Some(rolled) = wallet.rolled() {
            let moved = charges.get(&(wallet.account.as_str(), wallet.currency));
            proved(close, &mut journal, wallet, rolled, moved.map_or(&[][..], |it| &it.charges))?;
        }
    }
    let last = cut_off.pred_opt().unwrap_or(cut_off);
    for it in close.charges {
        let mut legs = Legs::new(close, &it.account);
        it.charges.iter().for_each(|charge| legs.charge(charge));
        legs.book(&mut journal, last, "movements of the month", it.currency)?;
    }
    for document in close.documents() {
        invoiced_on(close, &mut journal, &document)?;
    }
    check_receivables(close, &journal)?;
    journal.transactions.sort_by_key(|transaction| transaction.date);
    journal.measure();
    Ok(journal)
}

/// A wallet that its proof carries: its opening, by how much its entries miss its closing, and the closing itself.
fn proved(
    close: &Close<'_>,
    journal: &mut Journal,
    wallet: &WalletProof,
    rolled: &RollForward,
    moved: &[Charge],
) -> Result<(), ReportError> {
    let place = |what: &str| format!("journal, wallet {}, {what}", wallet.account);
    let sum = |direction| moved.iter().filter(|it| it.direction == direction).map(|it| it.amount).sum();
    equal(sum(Direction::Credit), rolled.credits, || place("credits by class"))?;
    equal(sum(Direction::Debit), rolled.debits, || place("debits by class"))?;
    let ledgers = close.terms.ledgers();
    let mut legs = Legs::new(close, &wallet.account);
    legs.paid_in(rolled.opening);
    if legs.own {
        legs.post(&ledgers.opening, -rolled.opening);
    }
    let what = format!("opening, {}", rolled.from.word());
    legs.book(journal, close.provenance.period.first_day(), &what, wallet.currency)?;
    let mut legs = Legs::new(close, &wallet.account);
    legs.post(&legs.wallet(), if legs.own { rolled.difference() } else { -rolled.difference() });
    legs.post(&ledgers.unexplained, if legs.own { -rolled.difference() } else { rolled.difference() });
    let last = journal.cut_off.pred_opt().unwrap_or(journal.cut_off);
    legs.book(journal, last, "unexplained by the entries, see breaks.csv", wallet.currency)?;
    let legs = Legs::new(close, &wallet.account);
    let amount = if legs.own { rolled.closing() } else { -rolled.closing() };
    journal.open(&legs.wallet(), wallet.currency);
    journal.balances.push(Posting { account: legs.wallet(), currency: wallet.currency, amount });
    Ok(())
}

fn invoiced_on(close: &Close<'_>, journal: &mut Journal, it: &Document<'_>) -> Result<(), ReportError> {
    let invoice = it.invoice;
    let ledgers = close.terms.ledgers();
    let mut legs = Legs::new(close, &invoice.account);
    legs.post(&legs.of_account(&ledgers.receivable), invoice.total);
    legs.post(&ledgers.revenue, -invoice.cost_base);
    legs.post(&ledgers.markup, -invoice.markup);
    legs.post(&ledgers.fees, -invoice.fees);
    for head in [TaxHead::Cgst, TaxHead::Sgst, TaxHead::Utgst, TaxHead::Igst, TaxHead::Plain] {
        legs.post(&format!("{}:{}", ledgers.tax_payable, head.word()), -invoice.owed(head));
    }
    legs.post(&ledgers.rounding, -invoice.round_off);
    let what = match it.note {
        None => format!("invoice {}", invoice.number),
        Some((NoteKind::Credit, of)) => format!("credit note {} to invoice {}", invoice.number, of.number),
        Some((_, of)) => format!("debit note {} to invoice {}", invoice.number, of.number),
    };
    legs.book(journal, invoice.date, &what, invoice.currency)
}

/// What all invoices and notes come to, by currency, against what is receivable.
fn check_receivables(close: &Close<'_>, journal: &Journal) -> Result<(), ReportError> {
    let mut owed: BTreeMap<Currency, (Amount, Amount)> = BTreeMap::new();
    for Document { invoice, .. } in close.documents() {
        owed.entry(invoice.currency).or_default().1 += invoice.total;
    }
    let receivable = format!("{}:", close.terms.ledgers().receivable);
    for posting in journal.transactions.iter().flat_map(|it| &it.postings) {
        if posting.account.starts_with(&receivable) {
            owed.entry(posting.currency).or_default().0 += posting.amount;
        }
    }
    owed.into_iter().try_for_each(|(currency, (posted, stated))| {
        equal(posted, stated, || format!("journal, receivables in {currency}"))
    })
}

/// The postings of one transaction, by account.
struct Legs<'a> {
    close: &'a Close<'a>,
    whom: &'a str,
    /// Whether the wallet is the partner's own.
    own: bool,
    amounts: BTreeMap<String, Amount>,
}

impl<'a> Legs<'a> {
    fn new(close: &'a Close<'a>, whom: &'a str) -> Self {
        Self { close, whom, own: whom == close.books.partner, amounts: BTreeMap::new() }
    }

    fn post(&mut self, account: &str, amount: Amount) {
        *self.amounts.entry(account.to_owned()).or_default() += amount;
    }

    fn of_account(&self, parent: &str) -> String {
        format!("{parent}:{}", part(self.whom))
    }

    fn wallet(&self) -> String {
        let ledgers = self.close.terms.ledgers();
        if self.own { self.of_account(&ledgers.own_wallet) } else { self.of_account(&ledgers.wallet) }
    }

    /// Money that comes into the wallet: an asset, and of a customer's wallet a liability as well.
    fn paid_in(&mut self, amount: Amount) {
        if self.own {
            self.post(&self.wallet(), amount);
        } else {
            self.post(&self.close.terms.ledgers().customer_funds, amount);
            self.post(&self.wallet(), -amount);
        }
    }

    /// What a charge moves. A direction that no rule reads moves nothing: it is a break, and its effect is unexplained.
    fn charge(&mut self, charge: &Charge) {
        let ledgers = self.close.terms.ledgers();
        let (class, amount) = (charge.class.as_str(), charge.amount);
        let usage = format!("{}:{}", ledgers.usage_cost, part(class));
        match (charge.direction, class) {
            (Direction::Unclassified, _) => {}
            (Direction::Credit, ChargeClass::TRANSFER) => self.transferred(amount),
            (Direction::Debit, ChargeClass::TRANSFER) => self.transferred(-amount),
            (Direction::Debit, _) => self.used(&usage, amount),
            (Direction::Credit, ChargeClass::REFUND) => self.used(&usage, -amount),
            (Direction::Credit, _) => {
                self.paid_in(amount);
                if self.own {
                    self.post(&ledgers.top_ups, -amount);
                }
            }
        }
    }

    /// What is moved into the wallet from another one of the partner's; below zero what leaves it, or is taken back.
    fn transferred(&mut self, amount: Amount) {
        let ledgers = self.close.terms.ledgers();
        self.paid_in(amount);
        self.post(&ledgers.transfers, -amount);
        if !self.own {
            self.post(&self.of_account(&ledgers.transferred), amount);
        }
    }

    /// Usage at cost, paid from the wallet.
    fn used(&mut self, usage: &str, amount: Amount) {
        self.paid_in(-amount);
        self.post(usage, amount);
        if !self.own {
            self.post(&self.of_account(&self.close.terms.ledgers().prepaid), -amount);
        }
    }

    /// Books the transaction, where anything is left of it.
    fn book(self, journal: &mut Journal, date: NaiveDate, what: &str, currency: Currency) -> Result<(), ReportError> {
        let sum = self.amounts.values().copied().sum();
        equal(sum, Amount::ZERO, || format!("journal, {what} of {}", self.whom))?;
        let left = self.amounts.into_iter().filter(|(_, amount)| !amount.is_zero());
        let postings: Vec<Posting> = left.map(|(account, amount)| Posting { account, currency, amount }).collect();
        if !postings.is_empty() {
            for posting in &postings {
                journal.open(&posting.account, currency);
            }
            let whom = if is_plain(self.whom) { self.whom.to_owned() } else { part(self.whom) };
            journal.transactions.push(Transaction { date, whom, what: what.to_owned(), postings });
        }
        Ok(())
    }
}

impl Journal {
    fn open(&mut self, account: &str, currency: Currency) {
        self.accounts.entry(account.to_owned()).or_default().insert(currency);
    }

    /// How many decimals the finest amount of each currency needs, and at least those of its minor unit.
    fn measure(&mut self) {
        let postings = self.transactions.iter().flat_map(|it| &it.postings).chain(&self.balances);
        for Posting { currency, amount, .. } in postings {
            let least = currency.minor_digits();
            let text = decimal_text(*amount, least);
            let needed = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let needed = u32::try_from(needed).unwrap_or(least);
            let decimals = self.decimals.entry(*currency).or_insert(least);
            *decimals = needed.max(*decimals);
        }
    }

    /// An amount with its currency, in the decimals of the whole journal.
    pub(super) fn amount(&self, posting: &Posting) -> String {
        let decimals = self.decimals.get(&posting.currency).copied().unwrap_or_default();
        format!("{} {}", decimal_text(posting.amount, decimals), posting.currency)
    }
}

/// Whether an id is one that every text can hold.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// An id or a class as part of an account's name, which beancount lets hold letters, digits and `-` only: a class with its
/// first letter in capitals, an id with `-` for `_`. What another could become as well is written by its bytes behind `X-`.
fn part(id: &str) -> String {
    let capital = id.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
    let is_id = capital && !id.starts_with("X_") && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_class = ChargeClass::parse(id).is_ok();
    if is_id {
        return id.replace('_', "-");
    }
    if is_class {
        let (first, rest) = id.split_at(1);
        return format!("{}{rest}", first.to_ascii_uppercase());
    }
    format!("X-{}", hex(id.as_bytes()))
}
