//! The wallets: what each showed before the ledgers were read and after, and the entries that lie between the month and
//! them.
//!
//! A wallet is proved where two readings around its entries agree. What stands in the way is said in `Wallet::unproved`;
//! it is never a break: the month's own books are as whole as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::NormaliseError;
use super::accounts::currency;
use super::books::Wallet;
use super::ledger::{Task, decode};
use super::row::Reading;
use crate::archive::{Archive, Evidence, ListEvidence, ListOutcome};
use crate::domain::{AccountId, Amount, Beside, Control, Figure, List, float_noise};
use crate::frame::{LedgerFrame, LedgerTotals};
use crate::wire::{self, AccountRow, AccountsPage, Balance, object, wallet};

/// What the ledgers of the month hold.
pub(super) struct Month<'a> {
    pub(super) partner: &'a AccountId,
    pub(super) master: &'a LedgerFrame,
    pub(super) customers: &'a LedgerFrame,
}

/// What the wallets rest on beside the month.
pub(super) struct Around {
    /// Entries outside the window, as `Books.around` has them.
    pub(super) entries: LedgerFrame,
    /// Accounts whose entries reach back to the first one ever.
    pub(super) inception: BTreeSet<String>,
}

/// Why a wallet is not proved.
const ONCE: &str = "the wallets were read only once";
const NOT_AGAIN: &str = "the wallets could not be read a second time";
const UNREADABLE: &str = "what it shows cannot be read";
const NEVER_SHOWN: &str = "no balance of it is shown";
const NOT_ASKED: &str = "its id cannot be put into a request";
const NOT_SHOWN: &str = "it was not shown both before the ledgers were read and after";
const MOVED: &str = "it never showed the same before and after its newest entries";
const NOT_READ: &str = "its entries up to the reading could not be read";
const NOT_WHOLE: &str = "its entries up to the reading do not add up to their own totals";
const CHANGED: &str = "an entry of it changed or came into the month while it was read";

/// The lists of a fetch that the wallets rest on.
struct Lists<'a> {
    beside: BTreeMap<&'a Beside, &'a ListEvidence>,
    partner: &'a AccountId,
    /// Whether the month's window ends before the day of the fetch.
    late: bool,
}

/// Enters the second readings into the wallets, and reads the entries around the month.
pub(super) fn prove(
    archive: &Archive,
    evidence: &Evidence,
    reading: &Reading<'_>,
    month: &Month<'_>,
    wallets: &mut BTreeMap<String, Wallet>,
) -> Result<Around, NormaliseError> {
    let late = evidence.plan.today >= evidence.plan.to;
    let beside = evidence.lists.iter().filter_map(|found| match &found.list {
        List::Beside(beside) => Some((beside, found)),
        List::Me | List::Dashboard | List::Accounts | List::Master | List::Ledger(_) | List::Reading(_) => None,
    });
    let lists = Lists { beside: beside.collect(), partner: month.partner, late };
    let mut tails = Vec::new();
    second_readings(archive, &lists, wallets)?;
    for (id, wallet) in wallets.iter_mut().filter(|(_, wallet)| wallet.unproved.is_none()) {
        match lists.live(archive, id, wallet)? {
            Ok((live, entries)) => {
                wallet.live = Some(live);
                tails.extend(entries.map(|list| (id.as_str(), list)));
            }
            Err(reason) => wallet.unproved = Some(reason),
        }
    }
    let (since, doubts) = walked(archive, &tails, reading, month)?;
    for (id, reason) in doubts {
        if let Some(wallet) = wallets.get_mut(&id) {
            (wallet.live, wallet.unproved) = (None, Some(reason));
        }
    }
    let begun: Vec<(&str, &ListEvidence)> = wallets
        .keys()
        .filter_map(|id| Some((id.as_str(), lists.found(&Beside::Before(lists.of(id).ok()?))?)))
        .collect();
    let whole = begun.iter().filter(|(_, list)| matches!(list.outcome, ListOutcome::Complete { .. }));
    let whole: Vec<(&str, &ListEvidence)> = whole.copied().collect();
    let (before, doubts) = walked(archive, &whole, reading, month)?;
    let inception: BTreeSet<String> =
        whole.iter().map(|(id, _)| (*id).to_owned()).filter(|id| !doubts.contains_key(id)).collect();
    let live = wallets.iter().filter(|(_, wallet)| wallet.live.is_some()).map(|(id, _)| id.clone()).collect();
    let entries = LedgerFrame::concat(vec![before.of_ledgers(&inception)?, since.of_ledgers(&live)?])?;
    Ok(Around { entries, inception })
}

/// What every wallet showed when all ledgers had been read. One that the second list alone names is a wallet, too.
fn second_readings(
    archive: &Archive,
    lists: &Lists<'_>,
    wallets: &mut BTreeMap<String, Wallet>,
) -> Result<(), NormaliseError> {
    for beside in [Beside::Me, Beside::Accounts] {
        let mut shown: BTreeMap<String, (Figure<Amount>, Wallet)> = BTreeMap::new();
        for page in lists.found(&beside).into_iter().flat_map(|list| &list.pages) {
            for (id, wallet) in shown_on(&archive.body(&page.digest)?) {
                let seen = shown.entry(id).or_insert((wallet.after, wallet));
                // A list that shifts may give an account twice; one that gives it twice differently says nothing.
                if seen.0 != wallet.after {
                    seen.0 = Figure::Absent;
                }
            }
        }
        for (id, (after, wallet)) in shown {
            wallets.entry(id).or_insert(wallet).after = after;
        }
    }
    Ok(())
}

/// The wallets on a page of `/me` or of the account list, as a second reading.
fn shown_on(body: &[u8]) -> Vec<(String, Wallet)> {
    let shown = |after, code: Option<&str>, postpaid| Wallet {
        currency: currency(code),
        postpaid,
        before: Figure::Absent,
        after,
        live: None,
        unproved: None,
    };
    if let Ok(me) = object::<wire::Me<'_>>(body) {
        return vec![(me.auth_id.into_owned(), shown(wallet(me.balance), me.currency.as_deref(), false))];
    }
    let Ok(page) = object::<AccountsPage<'_>>(body) else { return Vec::new() };
    let row = |raw: &serde_json::value::RawValue| {
        let raw = raw.get().as_bytes();
        let Ok(row) = object::<AccountRow<'_>>(raw) else {
            // A row that cannot be read as a whole shows its wallet all the same.
            let row = object::<Balance<'_>>(raw).ok()?;
            return Some((row.auth_id?.into_owned(), shown(wallet(row.cash_credits), None, false)));
        };
        let code = row.pricing_tier.as_ref().and_then(|tier| tier.currency.as_deref());
        let it = shown(wallet(row.cash_credits), code, row.postpaid.unwrap_or(false));
        Some((row.auth_id.into_owned(), it))
    };
    page.accounts.into_iter().filter_map(row).filter(|(id, _)| !id.trim().is_empty()).collect()
}

impl<'a> Lists<'a> {
    fn found(&self, beside: &Beside) -> Option<&'a ListEvidence> {
        self.beside.get(beside).copied()
    }

    /// Whose lists an account's are: a customer's, or the partner's own; or why no list can have that id.
    fn of(&self, id: &str) -> Result<Option<AccountId>, &'static str> {
        let id = AccountId::parse(id).map_err(|_refused| NOT_ASKED)?;
        Ok(Some(id).filter(|id| id != self.partner))
    }

    /// What a wallet held when its entries were read, and the list of those newer than the month's window, where there is
    /// one to be had; or the reason why not.
    fn live(
        &self,
        archive: &Archive,
        id: &str,
        wallet: &Wallet,
    ) -> Result<Result<(Amount, Option<&'a ListEvidence>), &'static str>, NormaliseError> {
        let of = match self.of(id) {
            Ok(of) => of,
            Err(reason) => return Ok(Err(reason)),
        };
        if wallet.before.unreadable().or(wallet.after.unreadable()).is_some() {
            return Ok(Err(UNREADABLE));
        }
        let Some(again) = self.found(if of.is_some() { &Beside::Accounts } else { &Beside::Me }) else {
            return Ok(Err(ONCE));
        };
        if matches!(again.outcome, ListOutcome::Missing { .. }) {
            return Ok(Err(NOT_AGAIN));
        }
        let Some((before, after)) = wallet.before.known().zip(wallet.after.known()) else {
            let never = wallet.before.is_absent() && wallet.after.is_absent();
            return Ok(Err(if never { NEVER_SHOWN } else { NOT_SHOWN }));
        };
        let complete = |list: &&'a ListEvidence| matches!(list.outcome, ListOutcome::Complete { .. });
        if before != after {
            let Some(held) = self.found(&Beside::Held(of.clone())).filter(complete) else { return Ok(Err(MOVED)) };
            let Some(entries) = self.found(&Beside::Lately(of)).filter(complete) else { return Ok(Err(NOT_READ)) };
            let mut shown = Vec::new();
            for page in &held.pages {
                shown.push(balance_on(&archive.body(&page.digest)?));
            }
            return Ok(match shown.as_slice() {
                [Figure::Unreadable(_), _] | [_, Figure::Unreadable(_)] => Err(UNREADABLE),
                [before, after] if before == after => before.known().map(|held| (held, Some(entries))).ok_or(MOVED),
                _ => Err(MOVED),
            });
        }
        if !self.late {
            return Ok(Ok((after, None)));
        }
        Ok(self.found(&Beside::Since(of)).filter(complete).map(|entries| (after, Some(entries))).ok_or(NOT_READ))
    }
}

/// The wallet that `/accounts/{id}/balance` or `/me` shows.
fn balance_on(body: &[u8]) -> Figure<Amount> {
    if let Ok(me) = object::<wire::Me<'_>>(body) {
        return wallet(me.balance);
    }
    object::<Balance<'_>>(body).map(|it| wallet(it.cash_credits)).unwrap_or_default()
}

/// What one list beside the month says of itself, and how many of its rows were received.
#[derive(Default)]
struct Said {
    control: Option<Control>,
    rows: u64,
    unreadable: u64,
    refused: bool,
}

/// The entries of these lists that the month's books do not hold, each list under the account whose wallet it is; and the
/// accounts that nothing can be proved for by them, with the reason.
fn walked(
    archive: &Archive,
    lists: &[(&str, &ListEvidence)],
    reading: &Reading<'_>,
    month: &Month<'_>,
) -> Result<(LedgerFrame, BTreeMap<String, &'static str>), NormaliseError> {
    let owned = |id: &str| AccountId::parse(id).ok().map(List::Ledger);
    let named: Vec<(List, &ListEvidence)> = lists.iter().filter_map(|(id, found)| Some((owned(id)?, *found))).collect();
    let tasks: Vec<Task<'_>> =
        named.iter().flat_map(|(list, found)| found.pages.iter().map(move |page| Task { list, page })).collect();
    let mut said: BTreeMap<String, Said> = lists.iter().map(|(id, _)| ((*id).to_owned(), Said::default())).collect();
    let mut parts = Vec::new();
    for share in decode(archive, &tasks, reading)? {
        parts.push(share.customers);
        for page in share.pages {
            let Some(said) = page.list.owner().and_then(|owner| said.get_mut(owner.as_str())) else { continue };
            said.control = said.control.or(Some(page.control));
            said.rows += page.rows;
            said.unreadable += page.unreadable;
            said.refused |= page.refused.is_some();
        }
    }
    let all = LedgerFrame::concat(parts)?;
    let totals: BTreeMap<String, LedgerTotals> =
        all.totals_by_ledger()?.into_iter().map(|totals| (totals.ledger.clone(), totals)).collect();
    let beyond = all.beyond(month.master, month.customers, month.partner.as_str())?;
    let mut doubts: BTreeMap<String, &'static str> = BTreeMap::new();
    for (id, said) in said {
        let totals = totals.get(&id).cloned().unwrap_or_default();
        let doubt = if beyond.changed.contains(&id) { Some(CHANGED) } else { said.doubt(&totals) };
        doubts.extend(doubt.map(|doubt| (id, doubt)));
    }
    Ok((beyond.entries, doubts))
}

impl Said {
    /// What keeps a list from being whole: a page or row that cannot be read, or totals that do not hold. Its sums may
    /// count settled entries only, or all of them; a summary of zeros beside rows is a degraded answer, and the count
    /// proves the list.
    fn doubt(&self, totals: &LedgerTotals) -> Option<&'static str> {
        if self.refused || self.unreadable > 0 {
            return Some(NOT_READ);
        }
        let Control { total, transactions, debit, credit, .. } = self.control.unwrap_or_default();
        let counted = total.or(transactions.known()) == Some(self.rows);
        let noise = float_noise(totals.entries, totals.gross());
        let readings = [(totals.debits.0, totals.credits.0), (totals.debits.1, totals.credits.1)];
        let adds_up =
            readings.into_iter().any(|(debits, credits)| debit.says(debits, noise) && credit.says(credits, noise));
        let silent = debit.is_silent() && credit.is_silent();
        // What a summary makes of an entry whose direction nobody knows is its own affair.
        (!counted || !(silent || adds_up || totals.unknown > 0)).then_some(NOT_WHOLE)
    }
}
