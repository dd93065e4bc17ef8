//! The border where the partner's words become ours: archived pages in, books and unreadable rows out.
//!
//! Pages are decoded into columns in the order of the lists, by several threads that share nothing. A row that cannot
//! become an entry is collected with its place and the reason; a page that cannot be read makes its list missing.
//! Nothing here judges, and nothing here reaches the network.

mod accounts;
mod books;
mod classify;
mod leap;
mod ledger;
mod row;
mod walked;
mod wallets;

use chrono_tz::Tz;
use thiserror::Error;

use crate::archive::{Archive, ArchiveError, Evidence, ListEvidence, ListOutcome};
use crate::domain::{AccountIdError, Calendar, List};
use crate::frame::FrameError;

use row::Reading;
use wallets::Month;

pub use books::{Books, Course, Customer, Dashboard, How, ListRecord, ListState, Partner, Wallet};
pub use classify::{Rule, Rules};

/// What the words mean: the partner's zone and the rules of classification.
#[derive(Clone, Debug)]
pub struct Options {
    /// The zone whose calendar decides which month an entry belongs to.
    pub zone: Tz,
    /// The rules that name what an entry is charged for.
    pub rules: Rules,
}

/// Why the evidence cannot become books.
#[derive(Debug, Error)]
pub enum NormaliseError {
    /// The archive could not be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A list that no close can do without is not in the archive.
    #[error("the archive holds no {0}, which no close can do without: {1}")]
    Absent(List, String),
    /// Such a list is there, but it cannot be read.
    #[error("{list}, page {page}: {reason}")]
    Page {
        /// The list.
        list: List,
        /// Its page.
        page: u32,
        /// What is wrong.
        reason: String,
    },
    /// The partner's own id is not one.
    #[error("me: {0}")]
    Partner(#[from] AccountIdError),
    /// The columns refused.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Turns the evidence of one fetch into books.
///
/// # Errors
/// When the archive cannot be read or is damaged, or when the partner itself or the account list is absent or
/// unreadable. A ledger that cannot be read is no error: its record says so.
pub fn normalise(archive: &Archive, evidence: &Evidence, options: &Options) -> Result<Books, NormaliseError> {
    let calendar = Calendar::new(evidence.plan.period, options.zone);
    let (partner, wallet) = accounts::partner(archive, needed(evidence, &List::Me)?, &evidence.partner)?;
    let dashboard = evidence.lists.iter().find(|found| found.list == List::Dashboard);
    let dashboard = dashboard.map(|list| accounts::dashboard(archive, list)).transpose()?.flatten();
    let accounts = accounts::customers(archive, needed(evidence, &List::Accounts)?)?;
    let mut wallets = accounts.wallets;
    wallets.insert(partner.account.to_string(), wallet);
    let ledgers = ledger::ledgers(archive, evidence, &calendar, &options.rules)?;
    let reading = Reading { calendar: &calendar, rules: &options.rules };
    let month = Month { partner: &partner.account, master: &ledgers.master, customers: &ledgers.customers };
    let around = wallets::prove(archive, evidence, &reading, &month, &mut wallets)?;
    let mut unreadable = accounts.unreadable;
    unreadable.extend(ledgers.unreadable);
    unreadable.sort();
    let mut lists = vec![accounts.record];
    lists.extend(ledgers.records);
    Ok(Books {
        calendar,
        partner,
        dashboard,
        wallets,
        customers: accounts.customers,
        unwalkable: accounts.unwalkable,
        lists,
        master: ledgers.master,
        ledgers: ledgers.customers,
        around: around.entries,
        inception: around.inception,
        unreadable,
    })
}

fn needed<'a>(evidence: &'a Evidence, list: &List) -> Result<&'a ListEvidence, NormaliseError> {
    let absent = |why: &str| NormaliseError::Absent(list.clone(), why.to_owned());
    let found =
        evidence.lists.iter().find(|found| found.list == *list).ok_or_else(|| absent("it was never asked for"))?;
    match &found.outcome {
        ListOutcome::Missing { reason } => Err(absent(reason)),
        ListOutcome::Complete { .. } | ListOutcome::Unstable { .. } => Ok(found),
    }
}
