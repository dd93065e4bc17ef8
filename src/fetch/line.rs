//! The line to the partner: where it leads, who speaks, and the bounds on everything.

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::error::FetchError;
use crate::domain::{AccountId, Timestamp};

/// Where the partner is, who asks, and within which limits.
#[derive(Clone, Debug)]
pub struct Line {
    /// The base of the API; HTTPS, or HTTP to this machine alone.
    pub base_url: String,
    /// Who asks.
    pub credentials: Credentials,
    /// How much, how fast, how long.
    pub limits: Limits,
    /// What is read anew, and what beside the entries.
    pub thorough: Thorough,
    /// What the caller's clock shows now, in microseconds since 1970-01-01 UTC; the moments of requests are reckoned
    /// from it.
    pub now: Timestamp,
}

/// The partner's credentials.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `PA_…`.
    pub auth_id: AccountId,
    /// The token that goes with it.
    pub token: Secret,
}

/// A text that no format shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, to be checked or sent, never shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The header that carries it, marked so that no log shows it.
    pub(super) fn header(&self) -> Result<HeaderValue, FetchError> {
        let mut value = HeaderValue::from_str(&self.0).map_err(|_unprintable| FetchError::Token)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[struck]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[struck]")
    }
}

/// What a fetch reads anew, and what it reads beside the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own, and any of them goes with any other")]
pub struct Thorough {
    /// Walk every ledger, also where its totals have not moved since an earlier fetch of the same window.
    pub full_walk: bool,
    /// Read how many entries of each ledger the partner's type filters select.
    pub type_counts: bool,
    /// Walk a moved ledger in two stretches, one up to two days ago and one from there, so that a daily fetch walks
    /// only what is new.
    pub daily: bool,
    /// Read the wallets once more when every ledger has been read, and the entries between the month and them.
    pub wallets: bool,
    /// Walk every ledger from the first entry ever to the beginning of the month's window, too.
    pub from_inception: bool,
}

impl Default for Thorough {
    fn default() -> Self {
        Self { full_walk: false, type_counts: true, daily: false, wallets: true, from_inception: false }
    }
}

/// The bounds of a fetch. A zero counts as one wherever nothing could be read with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in any second, retries included.
    pub requests_per_second: u32,
    /// Requests under way at one time, those that wait for their permit among them: no fewer than answers take seconds
    /// times the rate, or the line stands idle.
    pub concurrency: usize,
    /// Attempts at one page, 429s not counted.
    pub attempts_max: u32,
    /// 429s that one page may meet.
    pub throttles_max: u32,
    /// The longest that one attempt may take, from connecting to the last byte.
    pub timeout: Duration,
    /// The wait before the second attempt; each further one doubles it.
    pub backoff: Duration,
    /// The longest wait between attempts that the partner did not ask for.
    pub backoff_max: Duration,
    /// The longest `Retry-After` that is waited; a longer one ends the fetch, to be gone on with later.
    pub retry_after_max: Duration,
    /// The longest body, unpacked.
    pub body_bytes_max: usize,
    /// Rows of one page.
    pub rows_max: usize,
    /// Pages of one list.
    pub pages_max: u32,
    /// Pages of one list beyond those that its first one promises.
    pub overrun_pages_max: u32,
    /// Customers.
    pub accounts_max: u64,
    /// Walks of one list.
    pub walks_max: u32,
    /// Rounds in which a wallet that moves is read around its newest entries.
    pub wallet_rounds_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            concurrency: 64,
            attempts_max: 6,
            throttles_max: 20,
            timeout: Duration::from_secs(30),
            backoff: Duration::from_millis(250),
            backoff_max: Duration::from_secs(30),
            retry_after_max: Duration::from_mins(2),
            body_bytes_max: 8 << 20,
            rows_max: 10_000,
            pages_max: 100_000,
            overrun_pages_max: 100,
            accounts_max: 1_000_000,
            walks_max: 3,
            wallet_rounds_max: 3,
        }
    }
}

/// Whether a text is a base that a fetch takes.
#[must_use]
pub fn is_base(text: &str) -> bool {
    checked_base(text).is_ok()
}

/// Reads the base, and refuses one over which credentials could leak. Comes without a slash at the end.
pub(super) fn checked_base(base_url: &str) -> Result<String, FetchError> {
    let refused = |reason| FetchError::BaseUrl { seen: without_credentials(base_url), reason };
    let url = Url::parse(base_url).map_err(|_unreadable| refused("is not a URL"))?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(host) => {}
        "http" => return Err(refused("is plain HTTP to another machine, expected HTTPS")),
        _ => return Err(refused("has an unknown scheme, expected HTTPS")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("carries credentials, expected none"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("carries a query or fragment, expected a path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn without_credentials(base_url: &str) -> String {
    match (base_url.split_once("://"), base_url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://[struck]@{rest}"),
        (None | Some(_), _) => base_url.to_owned(),
    }
}
