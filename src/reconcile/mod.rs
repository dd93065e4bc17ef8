//! Reconciles the master ledger with the customers' ledgers: books in, tie-outs, breaks and verdict out.
//!
//! Never does input or output and never stops on a finding: a break is data. The frame selects the few entries that
//! are not plainly the same in both books; this module judges them.

mod by_class;
mod cash;
mod control;
mod days;
mod entries;
mod found;
mod legs;
mod months;
mod movements;
mod outcome;
mod proposals;
mod recharge;
pub mod recheck;
mod scope;
mod standing;
mod tie_outs;
mod transfers;
mod uncleared;
mod usage;
mod wording;

use std::collections::BTreeMap;

use crate::domain::{
    Action, Again, Amount, Break, BreakFacts, Carried, Decision, Leg, List, Severity, Side, TieOutKey, Verdict,
};
use crate::frame::FrameError;
use crate::normalise::Books;

pub use by_class::{WalletCharges, by_class};
pub use cash::{Gap, OpeningFrom, RollForward, WalletProof, WalletTotal};
pub use days::DayTotal;
pub use outcome::{
    AccountStanding, CarriedBreak, Charge, Counts, HeldAccount, History, ListProof, Reconciliation, TiedAccount,
};
pub use proposals::{Answer, Candidate, Correction, Proposal, Proposed, SUMS_MAX, smallest, smallest_within};
pub use recharge::{Funding, Recharge};
pub use usage::{Detail, Usage, UsageLine, usage};

/// What the settings say about reconciling.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Differences up to this are `rounding-differs`, counted and summed. Zero by default: exact means exact.
    pub tolerance: Amount,
    /// The settings declare that this partner has no master ledger.
    pub master_declared_absent: bool,
    /// What the last sealed month hands on; nothing in a first close.
    pub carried: Option<&'a Carried>,
    /// What the last run of the same month left open; nothing in a first run of it.
    pub again: Option<&'a Again>,
    /// The decisions in force, in the order in which they were made.
    pub decisions: &'a [Decision],
}

/// Reconciles.
///
/// # Errors
/// When the frame refuses a question, which books that passed its gate give no cause for.
pub fn reconcile(books: &Books, options: &Options<'_>) -> Result<Reconciliation, FrameError> {
    let scope = scope::Scope::of(books, options);
    // Is the evidence whole?
    let (proofs, mut facts) = control::prove(books, &scope, options)?;
    // Do both books carry the same entries, and does each transfer have both its legs?
    let transfers = transfers::pair(books, &scope, options)?;
    let entries = entries::compare(books, &scope, options)?;
    facts.extend(one_break_an_entry(entries, transfers.breaks.clone()));
    let mut breaks: Vec<Break> = facts.into_iter().map(Break::new).collect();
    // What did the sealed months before leave open, and what is seen of it now?
    let named = breaks.iter().flat_map(Break::entry_ids).chain(months::ids_carried(options));
    let seen = months::Seen::of(books, named)?;
    let found = found::Found::of(&breaks, options.decisions, None);
    let months = months::Months { books, scope: &scope, options, transfers: &transfers, seen: &seen, found: &found };
    let uncleared = uncleared::uncleared(&months);
    breaks.extend(uncleared.into_iter().map(Break::new));
    // Do the entries lead each wallet from its opening to its closing?
    let movements = movements::Movements::of(books, &scope, options.carried)?;
    let cash = cash::prove(books, &scope, &proofs, &movements, options.carried)?;
    breaks.extend(cash.breaks.iter().cloned());
    accept(&mut breaks, options.decisions);
    // Do the breaks explain every unit by which the books differ? What they leave is a finding, too.
    let tie_outs = tie_outs::tie_out(books, &scope, &transfers, &breaks)?;
    breaks.extend(tie_outs::residuals(&tie_outs));
    breaks.sort_by(|a, b| order(a).cmp(&order(b)));
    let found = found::Found::of(&breaks, options.decisions, Some(&cash));
    let months = months::Months { books, scope: &scope, options, transfers: &transfers, seen: &seen, found: &found };
    let carried = months.carried();
    let histories = months.histories(&breaks, &carried);
    // Who may be invoiced?
    let own = standing::charges(books.ledgers.charges(Side::Customer)?);
    let wallets = &cash.wallets;
    let standings = standing::stand(books, &scope, &movements, (wallets, &own), &breaks)?;
    // What was there to pay with?
    let recharges = recharge::recharges(books, &scope.partner, &standings.accounts, wallets, &own)?;
    let worst = breaks.iter().map(Break::weight).max().unwrap_or(Severity::None);
    Ok(Reconciliation {
        counts: counts(books, &standings.accounts, &scope),
        verdict: Verdict(worst),
        scope: scope.limits(transfers.evidenced).into_iter().chain(cash.limits).collect(),
        partner: scope.partner,
        proposals: proposals::propose(&tie_outs, &breaks),
        tie_outs,
        breaks,
        histories,
        carried,
        proofs,
        accounts: standings.accounts,
        days: days::by_day(books)?,
        tied: standings.tied,
        held: standings.held,
        recharges,
        wallets: cash.wallets,
        wallet_total: cash.total,
    })
}

/// Marks the breaks that somebody has accepted at exactly their effect. What is not whole cannot be accepted away.
fn accept(breaks: &mut [Break], decisions: &[Decision]) {
    let accepted: BTreeMap<&str, Option<Amount>> =
        decisions.iter().filter(|it| it.action == Action::Accept).map(|it| (it.break_id.as_str(), it.amount)).collect();
    for found in breaks.iter_mut().filter(|found| found.class().severity() < Severity::Incomplete) {
        if accepted.get(found.id()).is_some_and(|amount| *amount == Some(found.effect())) {
            found.accept();
        }
    }
}

fn order(found: &Break) -> (crate::domain::Class, Option<&str>, &[String], &str) {
    (found.class(), found.account(), found.entry_ids(), found.id())
}

/// An entry with several faults reports the first in order of precedence: where an entry broke both by its id and as
/// the leg of a transfer, one break remains and carries the effects of both.
fn one_break_an_entry(entries: Vec<BreakFacts>, transfers: Vec<BreakFacts>) -> Vec<BreakFacts> {
    let mut by_id: BTreeMap<String, BreakFacts> = BTreeMap::new();
    let mut whole = Vec::new();
    for facts in entries {
        match facts.entry_ids.first() {
            Some(id) => drop(by_id.insert(id.clone(), facts)),
            None => whole.push(facts),
        }
    }
    for mut transfer in transfers {
        for id in transfer.entry_ids.clone() {
            if let Some(entry) = by_id.remove(&id) {
                transfer = merged(transfer, entry);
            }
        }
        whole.push(transfer);
    }
    whole.extend(by_id.into_values());
    whole
}

fn merged(one: BreakFacts, other: BreakFacts) -> BreakFacts {
    let (mut first, second) = if one.class <= other.class { (one, other) } else { (other, one) };
    let mut legs: BTreeMap<TieOutKey, Amount> = BTreeMap::new();
    for leg in first.legs.iter().chain(&second.legs) {
        *legs.entry(leg.key.clone()).or_default() += leg.effect;
    }
    first.legs = legs.into_iter().map(|(key, effect)| Leg { key, effect }).collect();
    first.entry_ids.extend(second.entry_ids);
    first.entry_ids.sort();
    first.entry_ids.dedup();
    first.origins.extend(second.origins);
    first.origins.dedup();
    first
}

fn counts(books: &Books, accounts: &[AccountStanding], scope: &scope::Scope) -> Counts {
    let size = |frame: &crate::frame::LedgerFrame| u64::try_from(frame.height()).unwrap_or(u64::MAX);
    let customers = books.lists.iter().find(|record| record.list == List::Accounts).map_or(0, |record| record.rows);
    Counts {
        master_entries: size(&books.master),
        customer_entries: size(&books.ledgers),
        unreadable_rows: u64::try_from(books.unreadable.len()).unwrap_or(u64::MAX),
        customers,
        unread_customers: scope.unread_customers,
        period_entries: accounts.iter().filter(|it| it.account != scope.partner).map(|it| it.entries).sum(),
    }
}
