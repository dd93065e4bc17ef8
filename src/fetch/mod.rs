//! Fetching: reads the partner's books over the network and leaves them in the archive.
//!
//! Owns the network: where it leads, how fast it is used, what is repeated, and when a list counts as read. Takes a
//! line and a plan in, gives a finished fetch in the archive out. Only ever asks (`GET`), never follows a redirect,
//! never judges an amount, and never takes the end of a list or a source's total on trust.

mod caller;
mod client;
mod error;
mod line;
mod pace;
mod page;
mod reading;
mod session;
mod setback;
mod walk;

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};

pub use error::FetchError;
pub use line::{Credentials, Limits, Line, Secret};
pub use pace::{Pace, Permit};

use crate::archive::{Archive, FetchId, FetchPlan};
use crate::domain::List;
use crate::watch::{Event, Watch};
use session::Session;

/// A fetch that is finished, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The fetch, now evidence in the archive.
    pub fetch: FetchId,
    /// Requests sent by this run, retries included.
    pub requests: u64,
    /// Retries among them.
    pub retries: u64,
    /// The pages that the evidence rests on, also those of an earlier run: what a calm line would have taken.
    pub requests_needed: u64,
    /// How long this run took.
    pub elapsed: Duration,
}

/// Reads everything that a plan asks for into the archive, or goes on with a fetch of the same plan that was cut off.
///
/// A ledger that cannot be read is recorded as missing and costs nobody else anything.
///
/// # Errors
/// When the line is unusable, the credentials are refused or another partner's, `/me` or `/accounts` cannot be read, no
/// ledger at all can be read, or the archive fails.
pub async fn fetch(line: &Line, archive: &Archive, plan: &FetchPlan, watch: &dyn Watch) -> Result<Fetched, FetchError> {
    let session = Session::begin(line, archive, plan, watch)?;
    session.read_partner().await?;
    // The master ledger begins beside the account list, so that the line is never idle while that is read.
    let ledgers = stream::once(session.read_accounts())
        .map_ok(|accounts| stream::iter(accounts.into_iter().map(|account| Ok(List::Ledger(account)))))
        .try_flatten();
    session.read_all(stream::iter([Ok(List::Dashboard), Ok(List::Master)]).chain(ledgers)).await?;
    let fetched = session.finish()?;
    watch.saw(Event::FetchEnded { requests: fetched.requests, retries: fetched.retries });
    Ok(fetched)
}
