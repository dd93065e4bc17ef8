//! The proof of cash in `close.json`: each wallet's four columns, and the dashboard's total beside their sum.

use serde::Serialize;

use super::Money;
use crate::domain::{Amount, Currency, Figure};
use crate::reconcile::{RollForward, WalletProof, WalletTotal};
use crate::report::table::money;

/// One wallet's proof.
#[derive(Serialize)]
pub(super) struct WalletJson<'a> {
    account: &'a str,
    currency: Currency,
    verdict: &'static str,
    opening_from: Option<&'static str>,
    sealed: Option<Money>,
    opening: Option<Money>,
    opening_difference: Option<Money>,
    credits: Option<Money>,
    debits: Option<Money>,
    expected: Option<Money>,
    closing: Option<Money>,
    difference: Option<Money>,
    before: Option<Money>,
    after: Option<Money>,
    live: Option<Money>,
    net_after_cut_off: Option<Money>,
    lowest: Option<Money>,
    lowest_at: Option<&'a str>,
    lowest_entry: Option<&'a str>,
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_as_written: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_as_written: Option<String>,
}

/// What cannot be read, as it was written.
fn written(figure: Figure<Amount>) -> Option<String> {
    figure.unreadable().map(|written| written.to_string())
}

pub(super) fn wallet(it: &WalletProof) -> WalletJson<'_> {
    let rolled = it.rolled();
    let money = |amount: Amount| money(amount, it.currency);
    let figure = |of: fn(&RollForward) -> Amount| rolled.map(of).map(money);
    WalletJson {
        account: &it.account,
        currency: it.currency,
        verdict: it.verdict(),
        opening_from: rolled.map(|it| it.from.word()),
        sealed: it.sealed().map(money),
        opening: figure(|it| it.opening),
        opening_difference: figure(RollForward::opening_difference),
        credits: figure(|it| it.credits),
        debits: figure(|it| it.debits),
        expected: figure(RollForward::expected),
        closing: figure(RollForward::closing),
        difference: figure(RollForward::difference),
        before: it.before.known().map(money),
        after: it.after.known().map(money),
        live: figure(|it| it.live),
        net_after_cut_off: figure(|it| it.after_cut_off),
        lowest: figure(|it| it.lowest),
        lowest_at: rolled.map(|it| it.lowest_at.as_str()),
        lowest_entry: rolled.and_then(|it| it.lowest_entry.as_deref()),
        reason: it.rolled.as_ref().err().map(|gap| gap.reason.as_str()),
        before_as_written: written(it.before),
        after_as_written: written(it.after),
    }
}

/// The dashboard's total beside the wallets.
#[derive(Serialize)]
pub(super) struct WalletTotalJson {
    currency: Currency,
    dashboard: Money,
    wallets: u64,
    least: Money,
    most: Money,
    difference: Money,
}

pub(super) fn total(it: &WalletTotal) -> WalletTotalJson {
    let money = |amount| money(amount, it.currency);
    WalletTotalJson {
        currency: it.currency,
        dashboard: money(it.dashboard),
        wallets: it.wallets,
        least: money(it.least),
        most: money(it.most),
        difference: money(it.difference()),
    }
}
