//! What a reconciliation comes to: tie-outs, breaks, standings, proofs, and the accounts that may be invoiced.

use std::collections::BTreeMap;

use super::cash::{WalletProof, WalletTotal};
use super::days::DayTotal;
use super::proposals::Proposed;
use super::recharge::Recharge;
use crate::domain::{
    Aged, Amount, Break, ChargeClass, Control, Currency, Decision, Direction, List, OpenBreak, Standing, TieOut,
    Verdict,
};
use crate::normalise::Course;

/// The whole outcome, every list in a stable order that no input order can change.
#[derive(Debug)]
pub struct Reconciliation {
    /// The partner's own account.
    pub partner: String,
    /// One tie-out for each account, currency and direction that has a figure or a break, sorted by key.
    pub tie_outs: Vec<TieOut>,
    /// Every break, sorted by class, account, entry and id.
    pub breaks: Vec<Break>,
    /// Where each break stands from month to month, by its id.
    pub histories: BTreeMap<String, History>,
    /// What became of everything that the sealed runs before left open, sorted by id.
    pub carried: Vec<CarriedBreak>,
    /// One proposal for each tie-out whose figures differ, in the order of the tie-outs.
    pub proposals: Vec<Proposed>,
    /// One line for each account and currency, the partner's own wallet too, sorted by account and currency.
    pub accounts: Vec<AccountStanding>,
    /// The month by day: a row for each day, currency and kind of wallet that has a settled entry in the period, sorted.
    pub days: Vec<DayTotal>,
    /// One proof for each list that was to be read, sorted by list.
    pub proofs: Vec<ListProof>,
    /// The accounts that tied out, and so may be invoiced, sorted by account and currency.
    pub tied: Vec<TiedAccount>,
    /// The accounts with something to bill that did not tie out, sorted by account and currency.
    pub held: Vec<HeldAccount>,
    /// How each customer's wallet was funded and used, by currency, sorted by account and currency.
    pub recharges: Vec<Recharge>,
    /// What the evidence cannot show, in sentences: stated limits, not breaks.
    pub scope: Vec<String>,
    /// What the books as a whole come to.
    pub verdict: Verdict,
    /// How many entries were compared.
    pub counts: Counts,
    /// The proof of cash: one for each wallet that is shown, the partner's own too, sorted by account.
    pub wallets: Vec<WalletProof>,
    /// The dashboard's total beside the customers' wallets, where the two can be compared.
    pub wallet_total: Option<WalletTotal>,
}

/// Where a break of this run stands from month to month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Where it stands beside what was handed on; nothing for a notice, which nobody hands on.
    pub standing: Option<Standing>,
    /// How old it is.
    pub aged: Aged,
    /// The first run that reported it, where that was an earlier one.
    pub first_run: Option<String>,
    /// The decision that counts.
    pub decision: Option<Decision>,
    /// Whether it is handed on to the next month.
    pub open: bool,
}

/// A break that an earlier sealed run left open, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedBreak {
    /// The break, as it was handed on.
    pub open: OpenBreak,
    /// How old it is at this run's cut-off.
    pub aged: Aged,
    /// `Persisting`, `Resolved` or `Replaced`.
    pub standing: Standing,
    /// Whether this run's evidence was able to tell.
    pub asked: bool,
    /// The break of this run that clears it or takes its place.
    pub by: Option<String>,
    /// Why it stands so, in half a sentence.
    pub why: String,
    /// The decision that counts.
    pub decision: Option<Decision>,
}

/// How many entries were read. Nothing is dropped: every row read is an entry or an unreadable row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries of the master ledger, in the whole window walked.
    pub master_entries: u64,
    /// Entries of all customers' ledgers, in the whole window walked.
    pub customer_entries: u64,
    /// Rows that could not become entries, on either side.
    pub unreadable_rows: u64,
    /// Customers in the account list.
    pub customers: u64,
    /// Those among them whose row cannot be read, and who have no line of their own for it.
    pub unread_customers: u64,
    /// Entries of the period that count in the customers' totals.
    pub period_entries: u64,
}

/// One account's month in one currency, from its own ledger: settled entries of the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStanding {
    /// The account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// Settled entries of the period.
    pub entries: u64,
    /// The wallet at the period's start, from its proof of cash, which says how it is known.
    pub opening: Option<Amount>,
    /// Σ settled credits of the period.
    pub credits: Amount,
    /// Σ settled debits of the period.
    pub debits: Amount,
    /// The wallet at the cut-off, from its proof of cash.
    pub closing: Option<Amount>,
    /// Entries of the period that are not settled, outside every total.
    pub unsettled: u64,
    /// What the account comes to.
    pub verdict: Verdict,
    /// Breaks among those that speak of it which somebody has accepted, and which weigh no more than a notice for that.
    pub accepted: u64,
}

/// How one list was proved complete, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProof {
    /// The list.
    pub list: List,
    /// Rows received, readable or not.
    pub received: u64,
    /// Different ids among the entries received.
    pub distinct: u64,
    /// What the list says of itself.
    pub said: Control,
    /// Σ debits received, of the settled entries and of all.
    pub debits_received: (Amount, Amount),
    /// Σ credits received, of the settled entries and of all.
    pub credits_received: (Amount, Amount),
    /// How many entries each of the partner's type filters selects (`debit`, `recharge`, `refund`, `transfer`), where
    /// they were read.
    pub by_type: Option<[u64; 4]>,
    /// How the list was walked.
    pub course: Course,
    /// Which reading of the summary holds: `settled`, `all`, `both`, or `none`.
    pub reading: &'static str,
    /// `proved`, `not-proved` or `missing`.
    pub verdict: &'static str,
}

/// What one account was charged for one thing in the period: settled entries of its own ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What for.
    pub class: ChargeClass,
    /// Which way.
    pub direction: Direction,
    /// How many entries.
    pub entries: u64,
    /// Σ amounts.
    pub amount: Amount,
}

/// An account that tied out in one currency. Only `reconcile` can make one, and `invoice` accepts nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiedAccount {
    account: String,
    name: String,
    currency: Currency,
    charges: Vec<Charge>,
}

impl TiedAccount {
    /// Vouches for an account. Visible to `reconcile` alone.
    pub(super) const fn new(account: String, name: String, currency: Currency, charges: Vec<Charge>) -> Self {
        Self { account, name, currency, charges }
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The customer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// What it was charged, sorted by class and direction. May be empty.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }
}

/// An account with something to bill that is not billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAccount {
    /// The account.
    pub account: String,
    /// Its name, empty where the account list does not hold it.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// Σ settled debits of the period less refunds: from its own ledger, or from the master where that could not be
    /// read or has nothing of the kind.
    pub cost_base: Amount,
    /// Why, such as `amount-differs (2), timing (1)`.
    pub reason: String,
    /// What ends it.
    pub hint: String,
    /// Whether it is something to give back that waits for an invoice, beside what the account is billed.
    pub is_credit: bool,
}
