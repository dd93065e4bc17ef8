//! Proof of cash: each wallet's opening + credits − debits against its closing, and the dashboard's total against their
//! sum. Catches what no comparison of two ledgers can: an entry that is missing from both.
//!
//! Judges from the wallets' readings, the entries, and what the last sealed month hands on. A wallet that the evidence does
//! not carry to the cut-off is not judged: it says why, and nobody is held for it.

mod findings;
mod proof;
mod total;

use std::collections::{BTreeMap, BTreeSet};

use super::movements::Movements;
use super::outcome::ListProof;
use super::scope::Scope;
use crate::domain::{AccountId, Amount, Break, Carried, Currency, List, OpenBreak, Side, UnreadableRow, step};
use crate::frame::{FrameError, Lowest};
use crate::normalise::{Books, Wallet};

pub use proof::{OpeningFrom, RollForward, WalletProof, WalletTotal};

/// What the proof of cash comes to.
pub(super) struct Cash {
    /// One proof for each wallet that is shown, sorted by account.
    pub(super) wallets: Vec<WalletProof>,
    /// The dashboard's total, where it can be held against the wallets.
    pub(super) total: Option<WalletTotal>,
    /// The findings.
    pub(super) breaks: Vec<Break>,
    /// What the evidence cannot show, in sentences.
    pub(super) limits: Vec<String>,
}

/// The lowest points of the period, by account and currency.
type Lows = BTreeMap<(String, Currency), Lowest>;

/// Proves the wallets.
pub(super) fn prove(
    books: &Books,
    scope: &Scope,
    lists: &[ListProof],
    movements: &Movements,
    carried: Option<&Carried>,
) -> Result<Cash, FrameError> {
    let before = carried.filter(|carried| carried.adjoins);
    let read = lists.iter().filter(|proof| proof.verdict != "missing");
    let proofs = read.filter_map(|proof| Some((ledger_holder(&proof.list, scope)?, proof))).collect();
    let closings = before.into_iter().flat_map(|carried| &carried.closings);
    let closings = closings.map(|it| ((it.account.as_str(), it.currency), it.amount)).collect();
    let (unreadable, since) = (unreadable(books, scope), since(books, before));
    let prover = Prover { books, scope, proofs, movements, before, closings, unreadable, since };
    let own = books.master.lowest(Side::Master, Some(&scope.partner))?;
    let lows = books.ledgers.lowest(Side::Customer, None)?.into_iter().chain(own);
    let lows: Lows = lows.map(|low| ((low.account.clone(), low.currency), low)).collect();
    let shown = books.wallets.iter().filter(|(_, wallet)| wallet.before.or(wallet.after).is_some());
    let wallets: Vec<WalletProof> = shown.map(|(account, wallet)| prover.wallet(account, wallet, &lows)).collect();
    let (total, unjudged) = total::total(books, lists, movements);
    let mut breaks: Vec<Break> = wallets.iter().flat_map(|wallet| prover.findings(wallet, &lows)).collect();
    breaks.extend(prover.first_close(&wallets));
    breaks.extend(total.as_ref().and_then(findings::total));
    let limits = limits(&wallets).into_iter().chain(unjudged.filter(|_| !wallets.is_empty())).collect();
    Ok(Cash { wallets, total, breaks, limits })
}

/// Whose wallet a ledger moves: the master the partner's own.
fn ledger_holder<'a>(list: &'a List, scope: &'a Scope) -> Option<&'a str> {
    step();
    if *list == List::Master { Some(&scope.partner) } else { list.owner().map(AccountId::as_str) }
}

/// The accounts whose wallets a row moves, or may move, that cannot be read: in the master ledger a row that names no other
/// account.
fn unreadable<'a>(books: &'a Books, scope: &'a Scope) -> BTreeSet<&'a str> {
    let may_move = |row: &UnreadableRow, holder: &str| {
        let named = row.account.as_deref().filter(|named| !named.is_empty() && *named != holder);
        holder != scope.partner || named.is_none()
    };
    let holder = |row: &'a UnreadableRow| ledger_holder(&row.list, scope).filter(|holder| may_move(row, holder));
    books.unreadable.iter().filter_map(holder).collect()
}

/// What a recheck of the month before has found to move each wallet since it was sealed. What lies further back was in that
/// month's closing already.
fn since<'a>(books: &Books, before: Option<&'a Carried>) -> Since<'a> {
    let calendar = &books.calendar;
    let month = crate::domain::Calendar::new(calendar.period.previous(), calendar.zone);
    let moves = |found: &&OpenBreak| {
        step();
        found.class.is_after_the_seal() && !found.since_the_seal.is_zero() && found.dated >= month.start
    };
    let mut since: Since<'_> = BTreeMap::new();
    for found in before.into_iter().flat_map(|carried| &carried.open).filter(moves) {
        if let Some(wallet) = found.account.as_deref().zip(found.currency) {
            since.entry(wallet).or_default().push(found);
        }
    }
    since
}

/// Findings on a sealed month, by the wallet that they move.
type Since<'a> = BTreeMap<(&'a str, Currency), Vec<&'a OpenBreak>>;

/// What wallets are proved from.
struct Prover<'a> {
    books: &'a Books,
    scope: &'a Scope,
    /// The proofs of the ledgers that were read, by the account whose wallet they move.
    proofs: BTreeMap<&'a str, &'a ListProof>,
    movements: &'a Movements,
    /// The sealed close of the month before, where there is one.
    before: Option<&'a Carried>,
    /// The closings that it was sealed with.
    closings: BTreeMap<(&'a str, Currency), Amount>,
    /// Accounts whose wallets a row may move that cannot be read.
    unreadable: BTreeSet<&'a str>,
    /// What moved since the month before was sealed.
    since: Since<'a>,
}

impl<'a> Prover<'a> {
    fn wallet(&self, account: &str, wallet: &Wallet, lows: &Lows) -> WalletProof {
        let customer = self.books.customers.get(account).map(|customer| customer.name.as_str());
        let own = || if account == self.scope.partner { self.books.partner.name.as_str() } else { "" };
        let currency = self.movements.home(account, wallet.currency);
        WalletProof {
            account: account.to_owned(),
            name: customer.unwrap_or_else(own).to_owned(),
            currency,
            before: wallet.before,
            after: wallet.after,
            rolled: self.evidenced(account, wallet).map(|live| self.rolled(account, currency, live, lows)),
        }
    }

    /// What a wallet held when its entries were read, or why its proof is not evidenced.
    fn evidenced(&self, account: &str, wallet: &Wallet) -> Result<Amount, String> {
        let own = account == self.scope.partner;
        let live = wallet.live.ok_or_else(|| wallet.unproved.unwrap_or("it was not read").to_owned())?;
        let unread = if own { "the master ledger could not be read" } else { "its ledger could not be read" };
        let proof = self.proofs.get(account).ok_or(unread)?;
        // The dashboard speaks of the partner's own currency; an account's entries may be in several.
        let told = self.books.dashboard.and_then(|(_, currency)| currency).filter(|_| own);
        let entries = self.movements.of_account(account).into_iter().flat_map(BTreeMap::keys).copied();
        let currencies: BTreeSet<Currency> = entries.chain(told).collect();
        let gap = if own && !self.movements.has(account) {
            Some("the master ledger carries no entry of the partner's own")
        } else if proof.verdict != "proved" {
            Some("the ledger that moves it was not proved whole")
        } else if self.unreadable.contains(account) {
            Some("the ledger that moves it holds a row that cannot be read")
        } else if wallet.currency.is_none() && currencies.len() > 1 {
            Some("its currency is not shown, and there are several that it may be")
        } else {
            None
        };
        gap.map_or(Ok(live), |gap| Err(gap.to_owned()))
    }

    fn rolled(&self, account: &str, currency: Currency, live: Amount, lows: &Lows) -> RollForward {
        let moved = self.movements.on(account, currency);
        let (net_before, after_cut_off) = self.movements.beside(account, currency);
        let (credits, debits) = moved.map_or((Amount::ZERO, Amount::ZERO), |it| (it.credits, it.debits));
        let implied = live - after_cut_off - credits + debits;
        let sealed = self.closings.get(&(account, currency)).copied();
        let since: Amount = self.since(account, currency).iter().map(|found| found.since_the_seal).sum();
        let (opening, from) = match sealed {
            _ if self.books.inception.contains(account) => (net_before, OpeningFrom::Inception),
            // What came, changed or went in the month before explains the difference to the last unit, or not at all.
            Some(sealed) if sealed != implied && sealed + since == implied => (implied, OpeningFrom::Rechecked),
            // The same reading, rewound twice, agrees with itself.
            Some(sealed) if sealed == implied && self.before.is_some_and(|it| it.read_late) => {
                (sealed, OpeningFrom::Implied)
            }
            Some(sealed) => (sealed, OpeningFrom::Sealed),
            None => (implied, OpeningFrom::Implied),
        };
        let calendar = &self.books.calendar;
        let low = lows.get(&(account.to_owned(), currency));
        let by = low.and_then(|low| low.by.as_ref());
        RollForward {
            sealed,
            opening,
            from,
            credits,
            debits,
            live,
            after_cut_off,
            lowest: opening + low.map(|low| low.movement).unwrap_or_default(),
            lowest_at: calendar.local(by.map_or(calendar.start, |(at, ..)| *at)),
            lowest_entry: by.map(|(_, entry, _)| entry.clone()),
        }
    }

    /// What moved a wallet since the month before was sealed.
    fn since<'s>(&'s self, account: &'s str, currency: Currency) -> &'s [&'a OpenBreak] {
        self.since.get(&(account, currency)).map_or(&[], Vec::as_slice)
    }
}

/// How many wallets are not evidenced, and why: one sentence.
fn limits(wallets: &[WalletProof]) -> Option<String> {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for reason in wallets.iter().filter_map(|wallet| wallet.rolled.as_ref().err()) {
        *reasons.entry(reason).or_default() += 1;
    }
    let each: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    let (lacking, all) = (reasons.values().sum::<u64>(), wallets.len());
    (lacking > 0).then(|| {
        format!(
            "{lacking} of {all} wallets are not evidenced to the cut-off, nor are their opening and closing balances \
             (wallets.csv): {}",
            each.join("; ")
        )
    })
}
