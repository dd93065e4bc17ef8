//! The tie-outs: both figures of every account, currency and direction, and the breaks between them.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use super::transfers::Transfers;
use crate::domain::{Amount, Break, BreakFacts, Class, Family, Leg, Side, TieOut, TieOutKey};
use crate::frame::{DirectionTotal, FrameError};
use crate::normalise::Books;

type Figures = BTreeMap<TieOutKey, Amount>;

/// Ties out every key that has a figure or a leg.
pub(super) fn tie_out(
    books: &Books,
    scope: &Scope,
    transfers: &Transfers,
    breaks: &[Break],
) -> Result<Vec<TieOut>, FrameError> {
    let mut master = figures(books.master.period_totals(Side::Master)?);
    let mut customers = figures(books.ledgers.period_totals(Side::Customer)?);
    // The partner's own entries are its wallet: of them, transfers alone have a counterpart.
    master.retain(|key, _| key.account != scope.partner);
    if transfers.evidenced {
        master.extend(figures(transfers.sent.clone()));
        customers.extend(figures(transfers.received.clone()));
    }
    let legs = breaks.iter().flat_map(Break::legs).map(|leg| leg.key.clone());
    let keys: BTreeSet<TieOutKey> = master.keys().chain(customers.keys()).cloned().chain(legs).collect();
    let bearing = Bearing::of(breaks);
    Ok(keys
        .into_iter()
        .map(|key| {
            let zero = || Some(Amount::ZERO);
            let of_master = scope.master.then(|| master.get(&key).copied().or_else(zero)).flatten();
            let read = !scope.missing.contains_key(&key.account);
            let of_customer = read.then(|| customers.get(&key).copied().or_else(zero)).flatten();
            let breaks = bearing.on(&key);
            TieOut::new(key, of_master, of_customer, &breaks)
        })
        .collect())
}

fn figures(totals: Vec<DirectionTotal>) -> Figures {
    let key = |total: &DirectionTotal| TieOutKey {
        account: total.account.clone(),
        currency: total.currency,
        direction: total.direction,
    };
    totals.into_iter().map(|total| (key(&total), total.amount)).collect()
}

/// Which breaks bear on a tie-out: those with a leg on it, those without any leg that speak of its account, and a master
/// ledger that could not be read. A finding on a wallet says nothing of two ledgers that agree.
struct Bearing<'a> {
    everywhere: Vec<&'a Break>,
    by_leg: BTreeMap<&'a TieOutKey, Vec<&'a Break>>,
    by_account: BTreeMap<&'a str, Vec<&'a Break>>,
}

impl<'a> Bearing<'a> {
    fn of(breaks: &'a [Break]) -> Self {
        let everywhere = |found: &&Break| found.class() == Class::MissingLedger && found.account().is_none();
        let everywhere = breaks.iter().filter(everywhere).collect();
        let mut bearing = Self { everywhere, by_leg: BTreeMap::new(), by_account: BTreeMap::new() };
        for found in breaks {
            for leg in found.legs() {
                bearing.by_leg.entry(&leg.key).or_default().push(found);
            }
            let of_the_books = found.legs().is_empty() && found.class().family() != Family::Balance;
            if let (true, Some(account)) = (of_the_books, found.account()) {
                bearing.by_account.entry(account).or_default().push(found);
            }
        }
        bearing
    }

    fn on(&self, key: &TieOutKey) -> Vec<&'a Break> {
        let legs = self.by_leg.get(key).into_iter().flatten();
        let account = self.by_account.get(key.account.as_str()).into_iter().flatten();
        let same_currency = |found: &&&Break| found.currency().is_none_or(|currency| currency == key.currency);
        legs.chain(account.filter(same_currency)).chain(&self.everywhere).copied().collect()
    }
}

/// One `residual` for each tie-out whose difference no break explains. It must never happen.
pub(super) fn residuals(tie_outs: &[TieOut]) -> Vec<Break> {
    let unexplained = tie_outs.iter().filter(|tie_out| !tie_out.residual().is_zero());
    unexplained
        .map(|tie_out| {
            let key = tie_out.key().clone();
            let figure = |figure: Option<Amount>| figure.unwrap_or_default().to_string();
            let (master, customer) = (figure(tie_out.master()), figure(tie_out.customer()));
            let explanation = format!(
                "the {}s of {} are {master} {currency} in the master ledger and {customer} {currency} in the \
                 customer's; breaks explain {}, and {} {currency} stay unexplained",
                key.direction.word(),
                key.account,
                tie_out.explained(),
                tie_out.residual(),
                currency = key.currency,
            );
            Break::new(BreakFacts {
                class: Class::Residual,
                account: Some(key.account.clone()),
                currency: Some(key.currency),
                entry_ids: Vec::new(),
                reference: None,
                field: "amount",
                master_value: master,
                customer_value: customer,
                legs: vec![Leg { key, effect: tie_out.residual() }],
                origins: Vec::new(),
                explanation,
            })
        })
        .collect()
}
