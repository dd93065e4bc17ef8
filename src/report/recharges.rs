//! The recharge check on paper: `recharges.csv`, one row for each customer and currency, its block of the overview, and its
//! part of `close.json`. Column names and their order are a contract with scripts: additions only at the end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::overview::{Block, TOLD_MAX, told};
use super::table::{Cell, Column, Table, decimal_text, grouped, money};
use super::totals::equal;
use super::{ReportError, as_json::Money};
use crate::domain::{Amount, Currency};
use crate::invoice::{Billing, Covering, NoteReason, RechargeCheck};
use crate::reconcile::{Funding, Reconciliation, RollForward};

const RECHARGES: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::numbers("opening", "Opening", 17),
    Column::sum("topped_up", "Topped up", 15),
    Column::sum("transferred", "Transferred", 15),
    Column::sum("taken_back", "Taken back", 15),
    Column::sum("refunded", "Refunded", 15),
    Column::sum("other_credits", "Other credits", 15),
    Column::sum("usage", "Usage at cost", 15),
    Column::numbers("closing", "Closing", 17),
    Column::sum("topped_up_since", "Topped up since", 15),
    Column::sum("transferred_since", "Transferred since", 15),
    Column::sum("taken_back_since", "Taken back since", 15),
    Column::numbers("live", "Live", 17),
    Column::numbers("lowest", "Lowest", 17),
    Column::words("lowest_at", "Lowest at", 26),
    Column::words("lowest_entry", "Lowest by", 38),
    Column::words("invoice", "Invoice", 18),
    Column::sum("taxable", "Taxable", 15),
    Column::sum("billed", "Billed", 16),
    Column::sum("covering", "Covered by", 16),
    Column::sum("shortfall", "Shortfall", 15),
    Column::words("verdict", "Verdict", 14),
    Column::words("held", "Held", 7),
    Column::words("reason", "Reason", 72),
];

/// `recharges.csv`, and the sheet of it.
pub(super) fn table(billing: &Billing) -> Table {
    let rows = billing.recharges.iter().map(row).collect();
    Table { name: "recharges", title: "Recharges", columns: RECHARGES, rows }
}

fn row(it: &RechargeCheck) -> Vec<Cell> {
    let recharge = &it.recharge;
    let money = |amount: Amount| Cell::money(amount, recharge.currency);
    let maybe = |amount: Option<Amount>| Cell::maybe_money(amount, recharge.currency);
    let wallet = recharge.wallet.as_ref();
    let since = |of: fn(&Funding) -> Amount| maybe(recharge.since.as_ref().ok().map(of));
    vec![
        Cell::code(&recharge.account),
        Cell::text(&recharge.name),
        Cell::code(recharge.currency.code()),
        maybe(wallet.map(|it| it.opening)),
        money(recharge.month.topped_up),
        money(recharge.month.transferred),
        money(recharge.month.taken_back),
        money(recharge.refunded),
        money(recharge.other_credits),
        money(recharge.usage),
        maybe(wallet.map(RollForward::closing)),
        since(|it| it.topped_up),
        since(|it| it.transferred),
        since(|it| it.taken_back),
        maybe(wallet.map(|it| it.live)),
        maybe(wallet.map(|it| it.lowest)),
        Cell::maybe_code(wallet.map(|it| it.lowest_at.as_str())),
        wallet.and_then(|it| it.lowest_entry.as_ref()).map_or(Cell::Empty, Cell::text),
        Cell::maybe_code(it.bill.as_ref().and_then(|bill| bill.number.as_deref())),
        maybe(it.bill.as_ref().map(|bill| bill.taxable)),
        maybe(it.bill.as_ref().map(|bill| bill.total)),
        maybe(it.covering),
        maybe(it.shortfall),
        Cell::code(it.verdict.word()),
        Cell::code(yes(it.held)),
        if it.reason.is_empty() { Cell::Empty } else { Cell::text(&it.reason) },
    ]
}

const fn yes(it: bool) -> &'static str {
    if it { "yes" } else { "no" }
}

const SUMS: &[Column] = &[
    Column::words("currency", "Currency", 24),
    Column::numbers("wallets", "Wallets", 10),
    Column::numbers("covered", "Covered", 10),
    Column::numbers("uncovered", "Uncovered", 10),
    Column::numbers("negative", "Negative", 10),
    Column::numbers("not_judged", "Not judged", 11),
    Column::numbers("billed", "Billed", 18),
    Column::numbers("shortfall", "Shortfall", 18),
];

/// The wallets of one currency.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    all: u64,
    covered: u64,
    uncovered: u64,
    negative: u64,
    not_judged: u64,
    billed: Amount,
    shortfall: Amount,
}

impl Sum {
    fn add(&mut self, it: &RechargeCheck) {
        self.all += 1;
        *match it.verdict {
            Covering::Covered => &mut self.covered,
            Covering::Uncovered => &mut self.uncovered,
            Covering::Negative => &mut self.negative,
            Covering::NotEvidenced | Covering::NotBilled | Covering::Postpaid => &mut self.not_judged,
        } += 1;
        self.billed += it.bill.as_ref().map(|bill| bill.total).unwrap_or_default();
        self.shortfall += it.shortfall.unwrap_or_default();
    }
}

/// Whether a wallet is to be looked at before its invoice is sent.
fn is_told(it: &RechargeCheck) -> bool {
    matches!(it.verdict, Covering::Negative | Covering::Uncovered)
}

/// The block of the overview: how many are covered, by currency, and who is not. Nothing where all are.
pub(super) fn overview(billing: &Billing) -> Vec<Block> {
    let mut told_of: Vec<&RechargeCheck> = billing.recharges.iter().filter(|it| is_told(it)).collect();
    if told_of.is_empty() {
        return Vec::new();
    }
    let mut sums: BTreeMap<Currency, Sum> = BTreeMap::new();
    for it in &billing.recharges {
        sums.entry(it.recharge.currency).or_default().add(it);
    }
    let row = |(currency, sum): (Currency, Sum)| {
        let counts = [sum.all, sum.covered, sum.uncovered, sum.negative, sum.not_judged].map(Cell::Count);
        let figures = [sum.billed, sum.shortfall].map(|amount| Cell::money(amount, currency));
        [vec![Cell::code(currency.code())], counts.to_vec(), figures.to_vec()].concat()
    };
    let rows = sums.into_iter().map(row).collect();
    // The largest shortfall first: amounts of different currencies are not compared.
    told_of.sort_by_key(|it| (it.recharge.currency, std::cmp::Reverse(it.shortfall)));
    let item = |it: &&RechargeCheck| {
        let (recharge, currency) = (&it.recharge, it.recharge.currency);
        let short = match it.shortfall {
            None => "not billed".to_owned(),
            Some(Amount::ZERO) => "covered".to_owned(),
            Some(short) => format!("{currency} {} short", grouped(&money(short, currency))),
        };
        let held = if it.held { ", held" } else { "" };
        (format!("{}  {}  {}: {short}{held}", recharge.account, recharge.name, it.verdict.word()), it.reason.clone())
    };
    vec![
        Block::Heading(told("Recharge check: wallets to look at", told_of.len(), TOLD_MAX, "recharges.csv")),
        Block::Grid(Table { name: "", title: "", columns: SUMS, rows }),
        Block::Items(told_of.iter().take(TOLD_MAX).map(item).collect()),
    ]
}

/// What was sorted by class against what the accounts' ledgers came to, and what is billed against the invoices and the refunds.
pub(super) fn check(books: &Reconciliation, billing: &Billing) -> Result<(), ReportError> {
    let accounts = books.accounts.iter().map(|it| ((it.account.as_str(), it.currency), it));
    let accounts: BTreeMap<_, _> = accounts.collect();
    // Refunds are of the month, too, as they are due; what a recheck proposed or an earlier close held is of another.
    let notes = billing.notes.iter().filter(|note| note.reason == NoteReason::Refunds && note.part_of.is_none());
    let credits = billing.credits.iter().filter(|credit| credit.reason == NoteReason::Refunds);
    let refunds = notes.map(|note| &note.document).chain(credits.map(|credit| &credit.due));
    let mut given: BTreeMap<(&str, Currency), Amount> = BTreeMap::new();
    for it in billing.invoices.iter().chain(refunds) {
        *given.entry((&it.account, it.currency)).or_default() += it.total;
    }
    for RechargeCheck { recharge, bill, .. } in &billing.recharges {
        let key = (recharge.account.as_str(), recharge.currency);
        let place = |what: &str| format!("recharge check of {} {}, {what}", key.0, key.1);
        let month = recharge.month;
        let standing = accounts.get(&key);
        let stated =
            |of: fn(&crate::reconcile::AccountStanding) -> Amount| standing.map(|it| of(it)).unwrap_or_default();
        let credits = month.topped_up + month.transferred + recharge.refunded + recharge.other_credits;
        equal(credits, stated(|it| it.credits), || place("credits"))?;
        equal(month.taken_back + recharge.usage, stated(|it| it.debits), || place("debits"))?;
        if let Some(given) = given.remove(&key) {
            let billed = bill.as_ref().map(|bill| bill.total).unwrap_or_default();
            equal(billed, given, || place("billed"))?;
        }
    }
    Ok(())
}

/// One customer's check in `close.json`.
#[derive(Serialize)]
pub(super) struct RechargeJson<'a> {
    account: &'a str,
    name: &'a str,
    currency: Currency,
    opening: Option<Money>,
    topped_up: Money,
    transferred: Money,
    taken_back: Money,
    refunded: Money,
    other_credits: Money,
    usage: Money,
    closing: Option<Money>,
    topped_up_since: Option<Money>,
    transferred_since: Option<Money>,
    taken_back_since: Option<Money>,
    live: Option<Money>,
    lowest: Option<Money>,
    lowest_at: Option<&'a str>,
    lowest_entry: Option<&'a str>,
    invoice: Option<&'a str>,
    taxable: Option<Money>,
    billed: Option<Money>,
    covering: Option<Money>,
    shortfall: Option<Money>,
    verdict: &'static str,
    held: bool,
    reason: &'a str,
}

pub(super) fn as_json(it: &RechargeCheck) -> RechargeJson<'_> {
    let recharge = &it.recharge;
    let money = |amount: Amount| decimal_text(amount, recharge.currency.minor_digits());
    let wallet = recharge.wallet.as_ref();
    let since = |of: fn(&Funding) -> Amount| recharge.since.as_ref().ok().map(of).map(money);
    let bill = it.bill.as_ref();
    RechargeJson {
        account: &recharge.account,
        name: &recharge.name,
        currency: recharge.currency,
        opening: wallet.map(|it| money(it.opening)),
        topped_up: money(recharge.month.topped_up),
        transferred: money(recharge.month.transferred),
        taken_back: money(recharge.month.taken_back),
        refunded: money(recharge.refunded),
        other_credits: money(recharge.other_credits),
        usage: money(recharge.usage),
        closing: wallet.map(|it| money(it.closing())),
        topped_up_since: since(|it| it.topped_up),
        transferred_since: since(|it| it.transferred),
        taken_back_since: since(|it| it.taken_back),
        live: wallet.map(|it| money(it.live)),
        lowest: wallet.map(|it| money(it.lowest)),
        lowest_at: wallet.map(|it| it.lowest_at.as_str()),
        lowest_entry: wallet.and_then(|it| it.lowest_entry.as_deref()),
        invoice: bill.and_then(|bill| bill.number.as_deref()),
        taxable: bill.map(|bill| money(bill.taxable)),
        billed: bill.map(|bill| money(bill.total)),
        covering: it.covering.map(money),
        shortfall: it.shortfall.map(money),
        verdict: it.verdict.word(),
        held: it.held,
        reason: &it.reason,
    }
}
