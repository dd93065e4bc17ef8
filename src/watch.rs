//! What the stages say while they work: a closed list of events. Showing them is someone else's job.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{Class, List, Verdict};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A fetch begins, or goes on where an earlier one was cut off.
    FetchBegan {
        /// The month, such as `2026-03`.
        period: String,
        /// Pages already durable from a run that was cut off.
        pages_held: usize,
    },
    /// The account list has been read: so many ledgers are to be walked.
    AccountsListed {
        /// Customers.
        accounts: usize,
    },
    /// The first page of a list says how many entries and pages to expect.
    ListOpened {
        /// The list.
        list: List,
        /// Pages expected.
        pages: u64,
    },
    /// A page is durable in the archive.
    PageKept {
        /// The list.
        list: List,
        /// The page, from 1.
        page: u32,
    },
    /// A request is to be repeated.
    Retried {
        /// The list.
        list: List,
        /// The page, from 1.
        page: u32,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Why, such as `429 Too Many Requests`.
        reason: String,
        /// How long until the next attempt.
        wait: Duration,
    },
    /// The request rate has fallen after a 429, or is back at the full one; the steps between are not told.
    RateChanged {
        /// Requests a second from now on.
        requests_per_second: u32,
    },
    /// A list shifted while it was walked and is walked again.
    WalkedAgain {
        /// The list.
        list: List,
        /// The walk that begins, from 2.
        walk: u32,
        /// What did not agree.
        reason: String,
    },
    /// A list is whole in the archive.
    ListDone {
        /// The list.
        list: List,
    },
    /// A list could not be read; the close goes on without it.
    ListMissing {
        /// The list.
        list: List,
        /// Why.
        reason: String,
    },
    /// The fetch is over: finished, failed or broken off.
    FetchEnded {
        /// Requests sent, retries included.
        requests: u64,
        /// Retries among them.
        retries: u64,
        /// Pages received, each once.
        requests_needed: u64,
        /// How much of the allowed rate was of use; nothing where nothing was asked for.
        efficiency_per_mille: Option<u64>,
    },
    /// A stage right of the archive begins.
    StageBegan {
        /// `normalise`, `reconcile`, `invoice`, `report`, `seal` or `verify`.
        stage: &'static str,
    },
    /// Another run was sealed beside one that is being settled since it was fetched: what it takes over from them, its numbers
    /// first of all, is taken anew.
    Renewed {
        /// The run that is being settled.
        run: String,
    },
    /// There was no register, and it was made anew from the runs that are sealed here.
    RegisterMade {
        /// How many.
        runs: usize,
    },
    /// A run is sealed.
    Sealed(Close),
}

/// What a sealed run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The run, such as `2026-03` or `2026-03.r2`.
    pub run: String,
    /// What the books as a whole come to.
    pub verdict: Verdict,
    /// Entries in the master ledger, those in the days around the month included.
    pub master_entries: usize,
    /// The same of the customers' ledgers together.
    pub customer_entries: usize,
    /// Breaks by class.
    pub breaks: BTreeMap<Class, usize>,
    /// Invoices.
    pub invoices: usize,
    /// Customers with something to bill who are not billed.
    pub held: usize,
}

/// Where events go. Shared by concurrent tasks, so it must order what it shows by itself.
pub trait Watch: Send + Sync {
    /// Takes note of an event.
    fn saw(&self, event: Event);
}

/// Takes no notice.
pub struct Nobody;

impl Watch for Nobody {
    fn saw(&self, _event: Event) {}
}
