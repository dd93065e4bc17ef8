//! The tie-outs of `close.json`, each with its bridge, and their totals by currency and direction.

use serde::Serialize;

use super::Money;
use crate::domain::{Bridge, Class, Currency, TieOut, Verdict};
use crate::report::table::money;
use crate::report::totals::Total;

/// The tie-outs of one currency and direction, summed.
#[derive(Serialize)]
pub(super) struct TotalJson {
    currency: Currency,
    direction: &'static str,
    own_wallet: bool,
    tie_outs: u64,
    without_figure: u64,
    master: Option<Money>,
    customers: Option<Money>,
    difference: Option<Money>,
    explained: Option<Money>,
    gross: Option<Money>,
    residual: Option<Money>,
    bridge: Vec<BridgeJson>,
}

/// A total with its bridge.
pub(super) fn total(it: &Total) -> TotalJson {
    let money = |sum| it.known(sum).map(|sum| money(sum, it.currency));
    TotalJson {
        currency: it.currency,
        direction: it.direction.word(),
        own_wallet: it.own_wallet,
        tie_outs: it.tie_outs,
        without_figure: it.without_figure,
        master: money(it.master),
        customers: money(it.customer),
        difference: money(it.difference()),
        explained: money(it.explained),
        gross: money(it.gross),
        residual: money(it.residual),
        bridge: bridge(&it.bridge, it.currency),
    }
}

/// One tie-out.
#[derive(Serialize)]
pub(super) struct TieOutJson<'a> {
    account: &'a str,
    currency: Currency,
    direction: &'static str,
    master: Option<Money>,
    customer: Option<Money>,
    difference: Option<Money>,
    explained: Money,
    gross: Money,
    residual: Money,
    verdict: Verdict,
    effects: Vec<EffectJson<'a>>,
    bridge: Vec<BridgeJson>,
}

/// One class of a bridge; the residual stands beside it, as a figure of its own.
#[derive(Serialize)]
struct BridgeJson {
    class: Class,
    count: u64,
    gross: Money,
    effect: Money,
}

fn bridge(it: &Bridge, currency: Currency) -> Vec<BridgeJson> {
    let money = |amount| money(amount, currency);
    let lines = it.lines().iter();
    lines
        .map(|it| BridgeJson { class: it.class, count: it.count, gross: money(it.gross), effect: money(it.effect) })
        .collect()
}

#[derive(Serialize)]
struct EffectJson<'a> {
    break_id: &'a str,
    effect: Money,
}

/// A tie-out with its bridge.
pub(super) fn tie_out(it: &TieOut) -> TieOutJson<'_> {
    let key = it.key();
    let money = |amount| money(amount, key.currency);
    TieOutJson {
        account: &key.account,
        currency: key.currency,
        direction: key.direction.word(),
        master: it.master().map(money),
        customer: it.customer().map(money),
        difference: it.difference().map(money),
        explained: money(it.explained()),
        gross: money(it.gross()),
        residual: money(it.residual()),
        verdict: it.verdict(),
        effects: it.effects().iter().map(|(id, effect)| EffectJson { break_id: id, effect: money(*effect) }).collect(),
        bridge: bridge(it.bridge(), key.currency),
    }
}
