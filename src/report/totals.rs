//! The sums that stand on the papers, and the proof that they agree with what was stated before.
//!
//! Nothing is summed across currencies. Never rounds.

use std::collections::BTreeMap;

use super::{ReportError, days, recharges};
use crate::domain::{Amount, Break, Bridge, BridgeLine, Class, Currency, Direction, TieOut, TieOutKey};
use crate::invoice::{Billing, Invoice};
use crate::reconcile::{HeldAccount, Reconciliation};

/// The tie-outs of one currency and direction, summed where both figures are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Total {
    /// The currency.
    pub(super) currency: Currency,
    /// The direction.
    pub(super) direction: Direction,
    /// Whether these are the partner's own wallet's tie-outs; otherwise the customers'.
    pub(super) own_wallet: bool,
    /// How many tie-outs there are.
    pub(super) tie_outs: u64,
    /// How many of them lack a figure, and so are in none of the sums.
    pub(super) without_figure: u64,
    /// Σ master.
    pub(super) master: Amount,
    /// Σ customers.
    pub(super) customer: Amount,
    /// Σ explained.
    pub(super) explained: Amount,
    /// Σ |effect|.
    pub(super) gross: Amount,
    /// Σ residual.
    pub(super) residual: Amount,
    /// What leads from Σ master to Σ customers.
    pub(super) bridge: Bridge,
}

impl Total {
    /// Master − customers.
    pub(super) fn difference(&self) -> Amount {
        self.master - self.customer
    }

    /// What is tied out here, in words.
    pub(super) fn label(&self) -> String {
        let whose = if self.own_wallet { ", own wallet" } else { "" };
        format!("{} {}{whose}", self.currency, self.direction.word())
    }

    /// A sum, where at least one tie-out entered it: nothing compared is no figure, not zero.
    pub(super) fn known(&self, sum: Amount) -> Option<Amount> {
        (self.tie_outs > self.without_figure).then_some(sum)
    }

    /// Whether no break and no residual lies between the two figures.
    pub(super) fn agrees(&self) -> bool {
        self.bridge.lines().is_empty() && self.residual.is_zero() && self.gross.is_zero()
    }

    fn add(&mut self, tie_out: &TieOut) {
        self.tie_outs += 1;
        let (Some(master), Some(customer)) = (tie_out.master(), tie_out.customer()) else {
            self.without_figure += 1;
            return;
        };
        self.master += master;
        self.customer += customer;
        self.explained += tie_out.explained();
        self.gross += tie_out.gross();
        self.residual += tie_out.residual();
    }
}

/// The tie-outs by currency and direction, the customers' before the partner's own.
pub(super) fn totals(partner: &str, tie_outs: &[TieOut]) -> Vec<Total> {
    let mut groups: BTreeMap<(Currency, bool, Direction), Vec<&TieOut>> = BTreeMap::new();
    for tie_out in tie_outs {
        let TieOutKey { account, currency, direction } = tie_out.key();
        groups.entry((*currency, account == partner, *direction)).or_default().push(tie_out);
    }
    let total = |((currency, own_wallet, direction), of_group): (_, Vec<&TieOut>)| {
        let mut total = Total {
            currency,
            direction,
            own_wallet,
            tie_outs: 0,
            without_figure: 0,
            master: Amount::ZERO,
            customer: Amount::ZERO,
            explained: Amount::ZERO,
            gross: Amount::ZERO,
            residual: Amount::ZERO,
            bridge: Bridge::over(of_group.iter().map(|tie_out| tie_out.bridge())),
        };
        for tie_out in of_group {
            total.add(tie_out);
        }
        total
    };
    groups.into_iter().map(total).collect()
}

/// The breaks of one class: how many, and what they come to in each currency they bear on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClassTotal {
    /// How many breaks.
    pub(super) breaks: u64,
    /// Σ |effect| and Σ effect by currency.
    pub(super) effects: BTreeMap<Currency, (Amount, Amount)>,
}

/// The breaks by class, in order of precedence.
pub(super) fn by_class(breaks: &[Break]) -> BTreeMap<Class, ClassTotal> {
    let mut classes: BTreeMap<Class, ClassTotal> = BTreeMap::new();
    for found in breaks {
        let total = classes.entry(found.class()).or_default();
        total.breaks += 1;
        for leg in found.legs() {
            let (gross, net) = total.effects.entry(leg.key.currency).or_default();
            *gross += leg.effect.abs();
            *net += leg.effect;
        }
        if let Some(effect) = found.on_wallet() {
            let (gross, net) = total.effects.entry(found.currency().unwrap_or_else(Currency::none)).or_default();
            *gross += effect.abs();
            *net += effect;
        }
    }
    classes
}

/// The invoices of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Billed {
    /// How many invoices.
    pub(super) invoices: u64,
    /// Σ cost.
    pub(super) cost_base: Amount,
    /// Σ markup.
    pub(super) markup: Amount,
    /// Σ fees.
    pub(super) fees: Amount,
    /// Σ tax.
    pub(super) tax: Amount,
    /// Σ round-off.
    pub(super) round_off: Amount,
    /// Σ totals.
    pub(super) total: Amount,
}

/// The invoices by currency.
pub(super) fn billed(invoices: &[Invoice]) -> BTreeMap<Currency, Billed> {
    let mut currencies: BTreeMap<Currency, Billed> = BTreeMap::new();
    for invoice in invoices {
        let sum = currencies.entry(invoice.currency).or_default();
        sum.invoices += 1;
        sum.cost_base += invoice.cost_base;
        sum.markup += invoice.markup;
        sum.fees += invoice.fees;
        sum.tax += invoice.tax;
        sum.round_off += invoice.round_off;
        sum.total += invoice.total;
    }
    currencies
}

/// How many accounts are held in each currency, and what they would have been billed for.
pub(super) fn held(held: &[HeldAccount]) -> BTreeMap<Currency, (u64, Amount)> {
    let mut currencies: BTreeMap<Currency, (u64, Amount)> = BTreeMap::new();
    for account in held {
        let (accounts, cost_base) = currencies.entry(account.currency).or_default();
        *accounts += 1;
        *cost_base += account.cost_base;
    }
    currencies
}

/// Compares every sum that was computed twice.
pub(super) fn check(books: &Reconciliation, billing: &Billing) -> Result<(), ReportError> {
    check_effects(books)?;
    check_bridges(books)?;
    check_wallets(books)?;
    days::check(books)?;
    recharges::check(books, billing)?;
    let mut totals = totals(&books.partner, &books.tie_outs).into_iter();
    totals.try_for_each(|total| check_total(&total))?;
    let notes = billing.notes.iter().map(|note| &note.document).chain(billing.credits.iter().map(|it| &it.due));
    billing.invoices.iter().chain(notes).try_for_each(check_invoice)
}

/// The effects listed with the breaks against those stated by each tie-out, and those against its difference.
fn check_effects(books: &Reconciliation) -> Result<(), ReportError> {
    let mut listed: BTreeMap<&TieOutKey, Amount> = BTreeMap::new();
    // A residual is what its tie-out leaves open, and so none of the effects that explain it.
    let explaining = books.breaks.iter().filter(|found| found.class() != Class::Residual);
    for leg in explaining.flat_map(Break::legs) {
        *listed.entry(&leg.key).or_default() += leg.effect;
    }
    for tie_out in &books.tie_outs {
        let place = |what: &str| {
            let TieOutKey { account, currency, direction } = tie_out.key();
            format!("tie-out {account} {currency} {}, {what}", direction.word())
        };
        let effects = listed.remove(tie_out.key()).unwrap_or_default();
        equal(effects, tie_out.explained(), || place("effects of breaks"))?;
        if let Some(difference) = tie_out.difference() {
            equal(tie_out.explained() + tie_out.residual(), difference, || place("explained and residual"))?;
        }
    }
    listed.into_iter().try_for_each(|(key, effects)| {
        let place = || format!("{} {} {}, breaks without a tie-out", key.account, key.currency, key.direction.word());
        equal(effects, Amount::ZERO, place)
    })
}

/// The effects on wallets against the difference that each is to explain: no wallet has a residual.
fn check_wallets(books: &Reconciliation) -> Result<(), ReportError> {
    let mut listed: BTreeMap<(Class, Option<&str>), Amount> = BTreeMap::new();
    for found in &books.breaks {
        *listed.entry((found.class(), found.account())).or_default() += found.on_wallet().unwrap_or_default();
    }
    let rolled = books.wallets.iter().filter_map(|wallet| Some((wallet.account.as_str(), wallet.rolled()?)));
    let differences = rolled.flat_map(|(account, rolled)| {
        let (closing, opening) = (rolled.difference(), rolled.opening_difference());
        [(Class::RollForward, Some(account), closing), (Class::OpeningDiffers, Some(account), opening)]
    });
    let total = books.wallet_total.map(|total| (Class::WalletTotal, None, total.difference()));
    for (class, account, difference) in differences.chain(total) {
        let effects = listed.remove(&(class, account)).unwrap_or_default();
        equal(effects, difference, || format!("wallet {}, effects of {class}", account.unwrap_or("total")))?;
    }
    listed.into_iter().try_for_each(|((class, account), effects)| {
        let place = || format!("wallet {}, effects of {class} without a proof", account.unwrap_or("total"));
        equal(effects, Amount::ZERO, place)
    })
}

/// Each bridge against the effects listed with the breaks, class by class, and against the customer's figure that it has
/// to reach.
fn check_bridges(books: &Reconciliation) -> Result<(), ReportError> {
    let mut listed: BTreeMap<(&TieOutKey, Class), (u64, Amount, Amount)> = BTreeMap::new();
    for found in &books.breaks {
        for leg in found.legs().iter().filter(|leg| !leg.effect.is_zero()) {
            let (count, gross, effect) = listed.entry((&leg.key, found.class())).or_default();
            (*count, *gross, *effect) = (*count + 1, *gross + leg.effect.abs(), *effect + leg.effect);
        }
    }
    for tie_out in &books.tie_outs {
        let TieOutKey { account, currency, direction } = tie_out.key();
        let place = format!("bridge of {account} {currency} {}", direction.word());
        let left = tie_out.bridge().residual().filter(|left| left.count > 0);
        for line in tie_out.bridge().lines().iter().chain(&left) {
            let stated = listed.remove(&(tie_out.key(), line.class)).unwrap_or_default();
            check_line(line, stated, &place)?;
        }
        check_reached(tie_out.bridge(), &place)?;
    }
    listed.into_iter().try_for_each(|((key, class), (_, gross, _))| {
        let place =
            || format!("bridge of {} {} {}, no line for {class}", key.account, key.currency, key.direction.word());
        equal(Amount::ZERO, gross, place)
    })
}

fn check_line(line: &BridgeLine, stated: (u64, Amount, Amount), place: &str) -> Result<(), ReportError> {
    let (count, gross, effect) = stated;
    equal(whole(line.count), whole(count), || format!("{place}, breaks of {}", line.class))?;
    equal(line.gross, gross, || format!("{place}, gross of {}", line.class))?;
    equal(line.effect, effect, || format!("{place}, effect of {}", line.class))
}

/// The last figure that the steps reach is the customers'.
fn check_reached(bridge: &Bridge, place: &str) -> Result<(), ReportError> {
    let steps = bridge.steps();
    let [.., last, customer] = steps.as_slice() else { return Ok(()) };
    match (last.balance, customer.balance) {
        (Some(reached), Some(customer)) => equal(reached, customer, || format!("{place}, figure reached")),
        (None, _) | (_, None) => Ok(()),
    }
}

/// The bridge over several tie-outs against their sums, which were added up apart from it.
fn check_total(total: &Total) -> Result<(), ReportError> {
    let place = |what: &str| format!("bridge of {}, {what}", total.label());
    let lines = || total.bridge.lines().iter();
    let residual = total.bridge.residual().map(|left| left.effect);
    equal(total.bridge.master().unwrap_or_default(), total.master, || place("master"))?;
    equal(total.bridge.customer().unwrap_or_default(), total.customer, || place("customers"))?;
    equal(lines().map(|line| line.gross).sum(), total.gross, || place("gross"))?;
    equal(lines().map(|line| line.effect).sum(), total.explained, || place("explained"))?;
    equal(residual.unwrap_or_default(), total.residual, || place("residual"))?;
    check_reached(&total.bridge, &place("all"))
}

/// An invoice's lines against its figures.
fn check_invoice(invoice: &Invoice) -> Result<(), ReportError> {
    let place = |what: &str| format!("invoice {}, {what}", invoice.number);
    let cost_base = invoice.lines.iter().map(|line| line.cost_base).sum();
    let amounts: Amount = invoice.lines.iter().map(|line| line.amount).sum();
    let parts = invoice.cost_base + invoice.markup + invoice.fees + invoice.tax + invoice.round_off;
    let taxes: Amount = invoice.lines.iter().map(|line| line.tax.amount()).sum();
    equal(cost_base, invoice.cost_base, || place("cost of the lines"))?;
    equal(taxes, invoice.tax, || place("tax of the lines"))?;
    equal(amounts + invoice.tax + invoice.round_off, invoice.total, || place("lines, tax and round-off"))?;
    equal(parts, invoice.total, || place("cost, markup, fees, tax and round-off"))
}

/// So many things as so many whole units: one error serves both kinds of sums.
pub(super) fn whole(count: u64) -> Amount {
    Amount::from_units(i128::from(count) * 100_000_000)
}

/// Refuses two sums of the same thing that differ.
pub(super) fn equal(printed: Amount, stated: Amount, what: impl FnOnce() -> String) -> Result<(), ReportError> {
    if printed == stated {
        return Ok(());
    }
    Err(ReportError::DoesNotAddUp { what: what(), printed, stated, difference: printed - stated })
}
