//! The weather on the line: which attempt of which request fails, and how. Pure: the order of arrival decides nothing.

use chrono::DateTime;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What the partner's clock shows while nothing disturbs it: 2026-04-01 10:00:00 UTC, in seconds since 1970-01-01.
const CLOCK_S: i64 = 1_775_037_600;

/// What is wrong with the line. Shares are per mille of requests, all 0 by default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeatherPlan {
    /// 429, per mille.
    pub too_many_requests: u16,
    /// The `Retry-After` of a 429, in seconds; none is sent when left open.
    pub retry_after_seconds: Option<u32>,
    /// How a `Retry-After` is written.
    pub retry_after_form: RetryAfterForm,
    /// 500, 502, 503 or 504, per mille.
    pub server_errors: u16,
    /// Connections dropped in the middle of the body, per mille.
    pub resets: u16,
    /// A gateway's HTML page in place of JSON, per mille.
    pub html_errors: u16,
    /// Status 200 with the body cut and a length that fits the cut, per mille.
    pub truncated: u16,
    /// Slow answers, per mille.
    pub slow: u16,
    /// How much later a slow answer comes, in milliseconds.
    pub slow_ms: u64,
    /// Every answer's delay in milliseconds, least and most.
    pub latency_ms: [u64; 2],
    /// Attempts of one request that may meet a fault; the next one never does.
    pub faults_max: u32,
    /// 503 with the `Retry-After` of a 429, per mille.
    pub busy: u16,
    /// Connections dropped before the first byte, per mille.
    pub resets_before: u16,
    /// A gateway's HTML page with status 200, per mille.
    pub html_answers: u16,
    /// A length longer than the body, after which the connection ends, per mille.
    pub length_more: u16,
    /// A length shorter than the body, whose rest follows all the same, per mille.
    pub length_less: u16,
    /// The right answer packed by gzip, to a client that takes it, per mille. No fault, but weather all the same.
    pub gzip: u16,
    /// The same with a packed stream that is damaged, per mille.
    pub gzip_broken: u16,
    /// The right answer in drops over `slow_ms`, per mille.
    pub drip: u16,
    /// The server goes away before it answers and comes back `outage_ms` later, per mille.
    pub outages: u16,
    /// How long connections are refused in an outage, in milliseconds.
    pub outage_ms: u64,
    /// The partner's clock, as `Date` shows it, is late by up to so many seconds, by others in each answer.
    pub clock_steps_s: u32,
    /// Settled calls of the month that become visible only while the lists are walked.
    pub arrivals: usize,
    /// The requests within which all of them have become visible.
    pub arrivals_within: u32,
    /// Settled calls from behind the month that move their wallets only while the lists are walked.
    pub calls: usize,
    /// The requests within which all of them have.
    pub calls_within: u32,
}

/// How a `Retry-After` is written (RFC 9110, 10.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfterForm {
    /// As a number of seconds.
    #[default]
    Seconds,
    /// As a date.
    Date,
}

/// What happens to one attempt of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// 429, with `Retry-After` where the plan has one.
    TooManyRequests {
        /// The `Retry-After` header, in seconds.
        retry_after_seconds: Option<u32>,
    },
    /// 503, with the same header.
    Busy {
        /// The `Retry-After` header, in seconds.
        retry_after_seconds: Option<u32>,
    },
    /// A server error of this status.
    ServerError(u16),
    /// The connection drops before the answer is whole.
    Reset,
    /// The connection drops before the first byte.
    ResetBefore,
    /// A gateway's HTML page with this status.
    Html(u16),
    /// Status 200, the body cut, its length told as if it were whole.
    Truncated,
    /// The length told is longer than the body.
    LengthMore,
    /// The length told is shorter than the body.
    LengthLess,
    /// The right answer, packed.
    Gzip,
    /// The right answer, packed and damaged.
    GzipBroken,
    /// The right answer, later by so many milliseconds.
    Slow(u64),
    /// The right answer, in drops over so many milliseconds.
    Drip(u64),
    /// No answer, and connections refused for so many milliseconds.
    Outage(u64),
}

impl Default for WeatherPlan {
    fn default() -> Self {
        Self {
            too_many_requests: 0,
            retry_after_seconds: None,
            retry_after_form: RetryAfterForm::Seconds,
            server_errors: 0,
            resets: 0,
            html_errors: 0,
            truncated: 0,
            slow: 0,
            slow_ms: 500,
            latency_ms: [0, 0],
            faults_max: 2,
            busy: 0,
            resets_before: 0,
            html_answers: 0,
            length_more: 0,
            length_less: 0,
            gzip: 0,
            gzip_broken: 0,
            drip: 0,
            outages: 0,
            outage_ms: 200,
            clock_steps_s: 0,
            arrivals: 0,
            arrivals_within: 50,
            calls: 0,
            calls_within: 50,
        }
    }
}

impl WeatherPlan {
    /// The shares of all faults together, per mille.
    #[must_use]
    pub fn share(&self) -> u32 {
        self.faults().into_iter().map(|(share, _)| u32::from(share)).sum()
    }

    /// Every fault with its share, in the order in which a draw goes through them: the older first, so that a scenario
    /// keeps its weather when a fault is added.
    const fn faults(&self) -> [(u16, Fault); 15] {
        let retry_after_seconds = self.retry_after_seconds;
        [
            (self.too_many_requests, Fault::TooManyRequests { retry_after_seconds }),
            (self.server_errors, Fault::ServerError(500)),
            (self.resets, Fault::Reset),
            (self.html_errors, Fault::Html(502)),
            (self.truncated, Fault::Truncated),
            (self.slow, Fault::Slow(self.slow_ms)),
            (self.busy, Fault::Busy { retry_after_seconds }),
            (self.resets_before, Fault::ResetBefore),
            (self.html_answers, Fault::Html(200)),
            (self.length_more, Fault::LengthMore),
            (self.length_less, Fault::LengthLess),
            (self.gzip, Fault::Gzip),
            (self.gzip_broken, Fault::GzipBroken),
            (self.drip, Fault::Drip(self.slow_ms)),
            (self.outages, Fault::Outage(self.outage_ms)),
        ]
    }
}

/// A plan and the seed that decides where it strikes.
#[derive(Clone, Debug)]
pub struct Weather {
    plan: WeatherPlan,
    seed: u64,
}

impl Weather {
    /// The weather of a plan.
    #[must_use]
    pub const fn new(plan: WeatherPlan, seed: u64) -> Self {
        Self { plan, seed }
    }

    /// What happens to an attempt, counted from 1, of the request that `request_key` names. Attempts beyond the
    /// plan's `faults_max` meet no fault, so that every request heals.
    #[must_use]
    pub fn fault(&self, request_key: &str, attempt: u32) -> Fault {
        if attempt > self.plan.faults_max {
            return Fault::None;
        }
        let mut draw = u16::try_from(self.draw("fault", request_key, attempt) % 1000).unwrap_or_default();
        let struck = self.plan.faults().into_iter().find(|(share, _)| {
            let hit = draw < *share;
            draw = draw.saturating_sub(*share);
            hit
        });
        match struck {
            Some((_, Fault::ServerError(_))) => {
                let status = self.draw("status", request_key, attempt) % 4;
                Fault::ServerError([500, 502, 503, 504][usize::try_from(status).unwrap_or_default()])
            }
            Some((_, fault)) => fault,
            None => Fault::None,
        }
    }

    /// The ordinary delay of an attempt, in milliseconds.
    #[must_use]
    pub fn latency_ms(&self, request_key: &str, attempt: u32) -> u64 {
        let [least, most] = self.plan.latency_ms;
        least + self.draw("latency", request_key, attempt) % (most.saturating_sub(least).saturating_add(1))
    }

    /// What the answer to an attempt shows in `Date`: a clock of its own, which need not run evenly.
    #[must_use]
    pub fn date(&self, request_key: &str, attempt: u32) -> String {
        http_date(self.clock(request_key, attempt))
    }

    /// A `Retry-After` of so many seconds as the plan writes it.
    #[must_use]
    pub fn retry_after(&self, request_key: &str, attempt: u32, seconds: u32) -> String {
        match self.plan.retry_after_form {
            RetryAfterForm::Seconds => seconds.to_string(),
            RetryAfterForm::Date => http_date(self.clock(request_key, attempt).saturating_add(i64::from(seconds))),
        }
    }

    /// How many entries arrive while the lists are walked.
    pub(super) const fn arrivals(&self) -> usize {
        self.plan.arrivals
    }

    /// How many calls from behind the month arrive.
    pub(super) const fn calls(&self) -> usize {
        self.plan.calls
    }

    /// The request, counted from 1 in the order of arrival, before which an entry of the month has become visible.
    pub(super) fn arrival(&self, entry: &str) -> u32 {
        self.arrival_within(self.plan.arrivals_within, entry)
    }

    /// The same for a call from behind the month.
    pub(super) fn call(&self, entry: &str) -> u32 {
        self.arrival_within(self.plan.calls_within, entry)
    }

    fn arrival_within(&self, within: u32, entry: &str) -> u32 {
        let within = u64::from(within.max(1));
        u32::try_from(self.draw("arrival", entry, 0) % within).unwrap_or_default().saturating_add(1)
    }

    /// A place in the order in which entries are chosen to arrive.
    pub(super) fn rank(&self, entry: &str) -> u64 {
        self.draw("rank", entry, 0)
    }

    fn clock(&self, request_key: &str, attempt: u32) -> i64 {
        let steps = u64::from(self.plan.clock_steps_s).saturating_add(1);
        CLOCK_S - i64::try_from(self.draw("clock", request_key, attempt) % steps).unwrap_or_default()
    }

    fn draw(&self, purpose: &str, request_key: &str, attempt: u32) -> u64 {
        let digest = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(attempt.to_be_bytes())
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(request_key)
            .finalize();
        digest.iter().take(8).fold(0, |draw, byte| draw << 8 | u64::from(*byte))
    }
}

/// A moment in seconds since 1970-01-01 UTC as HTTP writes it.
fn http_date(at_s: i64) -> String {
    DateTime::from_timestamp(at_s, 0).unwrap_or_default().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
