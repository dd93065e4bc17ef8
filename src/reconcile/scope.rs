//! The scope: which legs of the comparison the evidence carries.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use crate::domain::List;
use crate::normalise::{Books, ListState};

/// What can be compared.
pub(super) struct Scope {
    /// Whether the master ledger was read.
    pub(super) master: bool,
    /// Whether the settings declare that this partner has no master ledger.
    pub(super) master_declared_absent: bool,
    /// Why the master ledger was not read.
    pub(super) master_missing: Option<String>,
    /// Customers whose ledger could not be read, with the reason.
    pub(super) missing: BTreeMap<String, String>,
    /// Every customer in the account list whose row can be read.
    pub(super) customers: BTreeSet<String>,
    /// How many others it lists.
    pub(super) unread_customers: u64,
    /// The partner's own account.
    pub(super) partner: String,
}

impl Scope {
    pub(super) fn of(books: &Books, options: &Options<'_>) -> Self {
        let states: BTreeMap<&List, &ListState> =
            books.lists.iter().map(|record| (&record.list, &record.state)).collect();
        let ledgers: BTreeMap<&str, &ListState> =
            states.iter().filter_map(|(list, state)| Some((list.owner()?.as_str(), *state))).collect();
        let unread = |state: Option<&ListState>| match state {
            None => Some("it was never asked for".to_owned()),
            Some(ListState::Missing(reason)) => Some(reason.clone()),
            Some(ListState::Read | ListState::Unstable(_)) => None,
        };
        let mut missing: BTreeMap<String, String> = books
            .unwalkable
            .iter()
            .map(|account| (account.clone(), "its id cannot be put into a request".to_owned()))
            .collect();
        for account in books.customers.keys() {
            if let Some(reason) = unread(ledgers.get(account.as_str()).copied()) {
                missing.insert(account.clone(), reason);
            }
        }
        let master_missing = unread(states.get(&List::Master).copied());
        let customers: BTreeSet<String> = books.customers.keys().chain(&books.unwalkable).cloned().collect();
        // A row that repeats an account is no further customer.
        let others = books.unreadable.iter().filter(|row| row.list == List::Accounts);
        let others = others.filter(|row| row.account.as_ref().is_none_or(|account| !customers.contains(account)));
        let unread_customers = others.map(|_| 1).sum();
        Self {
            master: master_missing.is_none(),
            master_declared_absent: options.master_declared_absent,
            master_missing,
            missing,
            customers,
            unread_customers,
            partner: books.partner.account.to_string(),
        }
    }

    /// Whether an account is in the account list.
    pub(super) fn knows(&self, account: &str) -> bool {
        self.customers.contains(account)
    }

    /// Whether both legs of an account's tie-out were read.
    pub(super) fn compares(&self, account: &str) -> bool {
        self.master && !self.missing.contains_key(account)
    }

    /// What the evidence cannot show, in sentences.
    pub(super) fn limits(&self, transfers_evidenced: bool) -> Vec<String> {
        let mut limits = Vec::new();
        if !self.master && self.master_declared_absent {
            limits.push(
                "the settings declare that this partner has no master ledger: each customer's ledger is proved by its \
                 own control totals alone"
                    .to_owned(),
            );
        }
        if let Some(reason) = self.master_missing.as_ref().filter(|_| !self.master_declared_absent) {
            limits.push(format!("the master ledger could not be read ({reason}): nothing ties out without it"));
        }
        if !self.missing.is_empty() {
            let missing = self.missing.len();
            let unread = usize::try_from(self.unread_customers).unwrap_or(usize::MAX);
            let all = self.customers.len().saturating_add(unread);
            limits.push(format!("{missing} of {all} customers' ledgers could not be read: their accounts are held"));
        }
        if self.master && !transfers_evidenced {
            limits.push(
                "the master ledger carries no entry of the partner's own: the pairing of transfers is not evidenced"
                    .to_owned(),
            );
        }
        limits
    }
}
