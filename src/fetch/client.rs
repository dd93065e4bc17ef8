//! One request and its answer. The only place that names a method, and it names `GET` alone: a close moves no money.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use reqwest::header::{ACCEPT, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use rustls::CertificateError;

use super::error::FetchError;
use super::line::{Line, checked_base};
use crate::domain::Timestamp;

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
    /// Whoever answers is not the partner; nothing was sent.
    Untrusted(&'static str),
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

    /// Asks once; `now` is when, by the caller's clock.
    pub(super) async fn get(&self, request: &str, now: Timestamp) -> Result<Answer, Fault> {
        let mut response = self.http.get(format!("{}/{request}", self.base)).send().await.map_err(|e| fault(&e))?;
        let retry_after = retry_after(response.headers(), now);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| fault(&e))? {
            if body.len() + chunk.len() > self.body_bytes_max {
                return Err(Fault::Oversized);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), retry_after, body })
    }
}

fn fault(error: &reqwest::Error) -> Fault {
    if let Some(reason) = causes(error).find_map(untrusted) {
        return Fault::Untrusted(reason);
    }
    // These two have no other mark than their words.
    let said = |words: &str| causes(error).any(|cause| cause.to_string().contains(words));
    Fault::Passing(if error.is_timeout() {
        "no answer in time"
    } else if said("dns error") {
        "cannot find the host"
    } else if error.is_connect() {
        "cannot connect"
    } else if said("message head is too large") {
        "the head of the answer is too long"
    } else if said("invalid HTTP") {
        "the answer is not HTTP"
    } else if error.is_body() || error.is_decode() {
        "the answer was cut off"
    } else {
        "the connection was lost"
    })
}

/// An error and everything it was caused by.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause: &&'a (dyn Error + 'static)| {
        let cause: &'a (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            // Its `source` would skip the error that it wraps.
            Some(wrapped) => {
                let wrapped: &'a (dyn Error + 'static) = wrapped;
                Some(wrapped)
            }
            None => cause.source(),
        }
    })
}

/// Why a certificate does not verify, where that is the cause.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others need no words of their own, and more may come")]
fn untrusted(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(refused) = cause.downcast_ref()? else { return None };
    Some(match refused {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the server's certificate has expired",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is another host's"
        }
        CertificateError::UnknownIssuer => "the server's certificate does not verify: its issuer is unknown",
        _ => "the server's certificate does not verify",
    })
}

/// Reads `Retry-After`, seconds or a date. A date is measured against the answer's own `Date`, so that neither side's
/// clock has to be right, and against the caller's clock where there is none.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(wanted)?;
    let wait = match text(DATE).and_then(http_date) {
        Some(date) => until.signed_duration_since(date),
        None => until.signed_duration_since(DateTime::from_timestamp_micros(now)?.naive_utc()),
    };
    Some(wait.to_std().unwrap_or_default())
}

/// A date in any of the three forms that HTTP has had (RFC 9110, 5.6.7); all are in UTC.
fn http_date(text: &str) -> Option<NaiveDateTime> {
    let today = DateTime::parse_from_rfc2822(text).ok().map(|moment| moment.naive_utc());
    let old = |form| NaiveDateTime::parse_from_str(text, form).ok();
    today.or_else(|| old("%A, %d-%b-%y %H:%M:%S GMT")).or_else(|| old("%a %b %e %H:%M:%S %Y"))
}
