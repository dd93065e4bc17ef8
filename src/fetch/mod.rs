//! Fetching: reads the partner's books over the network and leaves them in the archive.
//!
//! Owns the network: where it leads, how fast it is used, what is repeated, and when a list counts as read. Takes a
//! line and a plan in, gives a finished fetch in the archive out. Only ever asks (`GET`), never follows a redirect,
//! never judges an amount, and never takes the end of a list or a source's total on trust.

mod caller;
mod client;
mod earlier;
mod error;
mod ledger;
mod line;
mod listed;
mod pace;
mod page;
mod partner;
mod reading;
mod session;
mod setback;
mod walk;
mod wallets;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};

pub use error::FetchError;
pub use line::{Credentials, Limits, Line, Secret, Thorough, is_base};
pub use listed::{Listed, ask_accounts};
pub use pace::{Pace, Permit};
pub use partner::{Standing, ask_who};

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
    /// Pages that this run received, each once however often it came: what they would have taken on a calm line.
    pub requests_needed: u64,
    /// The rate that was allowed: requests in any second.
    pub requests_per_second: u32,
    /// How long this run took.
    pub elapsed: Duration,
}

impl Fetched {
    /// A fetch that was finished before, and took nothing now.
    #[must_use]
    pub const fn nothing(fetch: FetchId) -> Self {
        Self { fetch, requests: 0, retries: 0, requests_needed: 0, requests_per_second: 1, elapsed: Duration::ZERO }
    }

    /// The same as an event.
    #[must_use]
    pub fn ended(&self) -> Event {
        let Self { requests, retries, requests_needed, .. } = *self;
        Event::FetchEnded { requests, retries, requests_needed, efficiency_per_mille: self.efficiency_per_mille() }
    }

    /// How much of the allowed rate was of use, per mille: (requests needed ÷ rate) ÷ time taken. Nothing where
    /// nothing was asked for. The first request waits for nobody, so that a few could come to more than the whole; they
    /// count as the whole.
    #[must_use]
    pub fn efficiency_per_mille(&self) -> Option<u64> {
        if self.requests_needed == 0 {
            return None;
        }
        // One request takes 1/rate seconds: 10⁶/rate microseconds, of which a thousandth counts one per mille.
        let needed = u128::from(self.requests_needed) * 1_000_000_000 / u128::from(self.requests_per_second.max(1));
        u64::try_from(needed / self.elapsed.as_micros().max(1)).ok().map(|per_mille| per_mille.min(1000)).or(Some(1000))
    }
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
    let _said = SaysTheEnd(&session);
    session.read_partner().await?;
    let listed = OnceLock::new();
    // The master ledger begins beside the account list, so that the line is never idle while that is read. The dashboard
    // stands behind that list, and so between two readings of the wallets that it adds up.
    let others = stream::once(session.read_accounts())
        .map_ok(|accounts| stream::iter(session.behind(listed.get_or_init(|| accounts)).into_iter().map(Ok)))
        .try_flatten();
    session.read_all(stream::iter([Ok(List::Master)]).chain(others)).await?;
    if line.thorough.wallets {
        session.read_wallets(listed.get_or_init(BTreeSet::new)).await?;
    }
    session.finish()
}

/// Says what a fetch took, in whichever way it ends: read, failed, or broken off.
struct SaysTheEnd<'a>(&'a Session<'a>);

impl Drop for SaysTheEnd<'_> {
    fn drop(&mut self) {
        self.0.watch.saw(self.0.so_far().ended());
    }
}
