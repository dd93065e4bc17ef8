//! One request and its answer. The only place that names a method, and it names `GET` alone: a close moves no money.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{ACCEPT, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;

use super::error::FetchError;
use super::line::{Line, checked_base};

/// The longest that connecting may take, where the limits do not set less.
const CONNECT: Duration = Duration::from_secs(10);

/// An HTTP client that is bound to one partner's base and credentials.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    body_bytes_max: usize,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    /// How long the partner asks to be left alone.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Why nothing whole came back, in words without times and addresses.
pub(super) enum Fault {
    /// Worth another attempt.
    Passing(&'static str),
    /// The body exceeds the limit; it would the next time, too.
    Oversized,
}

impl Client {
    /// Sets the client up.
    pub(super) fn new(line: &Line) -> Result<Self, FetchError> {
        let base = checked_base(&line.base_url)?;
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let auth_id =
            HeaderValue::from_str(line.credentials.auth_id.as_str()).map_err(|_unprintable| FetchError::Token)?;
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("x-auth-id"), auth_id),
            (HeaderName::from_static("x-auth-token"), line.credentials.token.header()?),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("tieout/", env!("CARGO_PKG_VERSION")))
            .https_only(base.starts_with("https:"))
            // A redirect could carry the credentials elsewhere, and a proxy named by the environment as well.
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(line.limits.timeout.min(CONNECT))
            .timeout(line.limits.timeout)
            .build()
            .map_err(FetchError::Client)?;
        Ok(Self { http, base, body_bytes_max: line.limits.body_bytes_max })
    }

    /// Asks once.
    pub(super) async fn get(&self, request: &str) -> Result<Answer, Fault> {
        let mut response = self.http.get(format!("{}/{request}", self.base)).send().await.map_err(|e| passing(&e))?;
        let retry_after = retry_after(response.headers());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| passing(&e))? {
            if body.len() + chunk.len() > self.body_bytes_max {
                return Err(Fault::Oversized);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), retry_after, body })
    }
}

fn passing(error: &reqwest::Error) -> Fault {
    Fault::Passing(if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_body() || error.is_decode() {
        "the answer was cut off"
    } else {
        "the connection was lost"
    })
}

/// Reads `Retry-After`, seconds or a date. A date is measured against the answer's own `Date`, so that neither side's
/// clock has to be right.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let wait = moment(wanted)?.signed_duration_since(moment(text(DATE)?)?);
    Some(wait.to_std().unwrap_or_default())
}
