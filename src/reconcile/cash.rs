//! Proof of cash: each wallet's opening + credits − debits against its closing, and the dashboard's total against their
//! sum. Catches what no comparison of two ledgers can: an entry that is missing from both.
//!
//! Judges from the wallets' readings, the entries, and what the last sealed month hands on. A wallet that the evidence does
//! not carry to the cut-off is not judged: it says why, and nobody is held for it.

mod findings;
mod proof;
mod sealed;
mod total;

use std::collections::{BTreeMap, BTreeSet};

use super::movements::Movements;
use super::outcome::ListProof;
use super::scope::Scope;
use crate::domain::{
    AccountId, Amount, Break, Calendar, Carried, Currency, List, OpenBreak, Period, Side, UnreadableRow, step,
};
use crate::frame::{FrameError, Lowest};
use crate::normalise::{Books, Wallet};

pub use proof::{Gap, OpeningFrom, RollForward, WalletProof, WalletTotal};
pub(super) use sealed::WALLET;
use sealed::{Closings, Recovered};

/// What the proof of cash comes to.
pub(super) struct Cash {
    /// One proof for each wallet that there is or that was sealed, sorted by account and currency.
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
    let closings = sealed::closings(carried);
    let recovered = sealed::recovered(books, scope, movements, &closings)?;
    let is_list_proved = lists.iter().any(|proof| proof.list == List::Accounts && proof.verdict == "proved");
    let run = carried.map(|carried| carried.run.as_str());
    let (unreadable, since) = (unreadable(books, scope), since(before));
    let prover =
        Prover { books, scope, proofs, movements, before, run, closings, recovered, is_list_proved, unreadable, since };
    let own = books.master.lowest(Side::Master, Some(&scope.partner))?;
    let lows = books.ledgers.lowest(Side::Customer, None)?.into_iter().chain(own);
    let lows: Lows = lows.map(|low| ((low.account.clone(), low.currency), low)).collect();
    let shown = books.wallets.iter().map(|(account, wallet)| prover.wallet(account, wallet, &lows));
    let mut wallets: Vec<WalletProof> = shown.collect();
    let mut breaks: Vec<Break> = wallets.iter().flat_map(|wallet| prover.findings(wallet, &lows)).collect();
    for (wallet, found) in prover.gone(&wallets) {
        wallets.push(wallet);
        breaks.extend(found);
    }
    wallets.sort_by(|a, b| (&a.account, a.currency).cmp(&(&b.account, b.currency)));
    let (total, unjudged) = total::total(books, lists, movements);
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

/// What rechecks have found to move each wallet since it was sealed.
fn since(before: Option<&Carried>) -> Since<'_> {
    let moves = |found: &&OpenBreak| {
        step();
        found.class.is_after_the_seal() && !found.since_the_seal.is_zero()
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
    /// The last sealed run of any month before.
    run: Option<&'a str>,
    /// The closings that it hands on.
    closings: Closings<'a>,
    /// What the entries since the seal come to, of wallets that were gone meanwhile and are walked from inception.
    recovered: Recovered<'a>,
    /// Whether the account list was proved whole.
    is_list_proved: bool,
    /// Accounts whose wallets a row may move that cannot be read.
    unreadable: BTreeSet<&'a str>,
    /// What rechecks have found to move each wallet.
    since: Since<'a>,
}

impl<'a> Prover<'a> {
    fn wallet(&self, account: &str, wallet: &Wallet, lows: &Lows) -> WalletProof {
        let customer = self.books.customers.get(account).map(|customer| customer.name.as_str());
        let own = || if account == self.scope.partner { self.books.partner.name.as_str() } else { "" };
        let currency = self.movements.home(account, wallet.currency.known());
        let gap =
            |reason| Gap { reason, sealed: self.closings.get(&(account, currency)).map(|it| it.amount), gone: false };
        WalletProof {
            account: account.to_owned(),
            name: customer.unwrap_or_else(own).to_owned(),
            currency,
            before: wallet.before,
            after: wallet.after,
            rolled: self.evidenced(account, wallet).map(|live| self.rolled(account, currency, live, lows)).map_err(gap),
        }
    }

    /// What a wallet held when its entries were read, or why its proof is not evidenced.
    fn evidenced(&self, account: &str, wallet: &Wallet) -> Result<Amount, String> {
        let own = account == self.scope.partner;
        let live = wallet.live.ok_or_else(|| wallet.unproved.unwrap_or("it was not read").to_owned())?;
        let unread = if own { "the master ledger could not be read" } else { "its ledger could not be read" };
        let proof = self.proofs.get(account).ok_or(unread)?;
        // The dashboard speaks of the partner's own currency; an account's entries may be in several.
        let told = self.books.dashboard.and_then(|shown| shown.currency).filter(|_| own);
        let entries = self.movements.of_account(account).into_iter().flat_map(BTreeMap::keys).copied();
        let currencies: BTreeSet<Currency> = entries.chain(told).chain(self.movements.sealed_in(account)).collect();
        let gap = if own && !self.movements.has(account) {
            Some("the master ledger carries no entry of the partner's own")
        } else if proof.verdict != "proved" {
            Some("the ledger that moves it was not proved whole")
        } else if self.unreadable.contains(account) {
            Some("the ledger that moves it holds a row that cannot be read")
        } else if wallet.currency.unreadable().is_some() {
            Some("its currency cannot be read")
        } else if wallet.currency.is_absent() && currencies.len() > 1 {
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
        let handed = self.handed(account, currency);
        let since = handed.map(|handed| self.since(account, currency, handed.month)).unwrap_or_default();
        let since: Amount = since.iter().map(|found| found.since_the_seal).sum();
        let sealed = handed.map(|handed| handed.amount);
        let (opening, from) = match handed {
            _ if self.books.inception.contains(account) => (net_before, OpeningFrom::Inception),
            // What came, changed or went in the sealed months explains the difference to the last unit, or not at all.
            Some(it) if it.amount != implied && it.amount + since == implied => (implied, OpeningFrom::Rechecked),
            // The same reading, rewound twice, agrees with itself.
            Some(it) if it.amount == implied && it.read_late => (it.amount, OpeningFrom::Implied),
            // While it was gone money moved that nothing shows.
            Some(it) if it.was_gone && it.amount != implied => (implied, OpeningFrom::Implied),
            Some(it) => (it.amount, OpeningFrom::Sealed),
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

    /// What rechecks have found to move a wallet since a month was sealed. What lies further back was in that month's closing
    /// already.
    fn since(&self, account: &str, currency: Currency, month: Period) -> Vec<&'a OpenBreak> {
        let begun = Calendar::new(month, self.books.calendar.zone).start;
        let of_wallet = self.since.get(&(account, currency)).into_iter().flatten();
        of_wallet.filter(|found| found.dated >= begun).copied().collect()
    }
}

/// Wallets that are named with the reason why they are not evidenced.
const NAMED_MAX: usize = 3;

/// How many wallets are not evidenced, and why: one sentence.
fn limits(wallets: &[WalletProof]) -> Option<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for wallet in wallets {
        if let Err(gap) = &wallet.rolled {
            reasons.entry(&gap.reason).or_default().push(&wallet.account);
        }
    }
    let each = reasons.iter().map(|(reason, accounts)| {
        let named = accounts.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = if accounts.len() > NAMED_MAX { ", …" } else { "" };
        format!("{reason} ({}: {named}{more})", accounts.len())
    });
    let each: Vec<String> = each.collect();
    let (lacking, all) = (reasons.values().map(Vec::len).sum::<usize>(), wallets.len());
    (lacking > 0).then(|| {
        format!(
            "{lacking} of {all} wallets are not evidenced to the cut-off, nor are their opening and closing balances \
             (wallets.csv): {}",
            each.join("; ")
        )
    })
}
