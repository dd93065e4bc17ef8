//! The one place where a request waits for its permit, is sent, and is repeated.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::IgnoredAny;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::client::{Answer, Client, Fault};
use super::error::FetchError;
use super::line::{Limits, Line};
use super::pace::Pace;
use crate::archive::{scrub, strike};
use crate::domain::{List, Timestamp, sha256};
use crate::watch::{Event, Watch};
use crate::wire::refusal_message;

/// The longest message of the partner's that is quoted, in characters.
const MESSAGE_MAX: usize = 200;

/// The longest refusal that is read for its message, in bytes: a value read as a whole takes many times its text.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

/// Asks for pages until it has them or knows why not.
pub(super) struct Caller<'a> {
    client: Client,
    pace: Pace,
    slots: Semaphore,
    /// Held by the one page of the master ledger that waits for its turn. The others stand behind it and not in the
    /// line: the master ledger, which is as long as all others together, fills the gaps that those leave.
    gap: tokio::sync::Mutex<()>,
    line: &'a Line,
    watch: &'a dyn Watch,
    began: Instant,
    requests: AtomicU64,
    retries: AtomicU64,
    /// Pages with a good answer, by list, page and request, each once: a list that is walked again asks for the same pages
    /// again.
    received: Mutex<BTreeSet<String>>,
}

/// What was sent, and what for.
pub(super) struct Counts {
    /// Requests sent, retries included.
    pub(super) requests: u64,
    /// Retries among them.
    pub(super) retries: u64,
    /// Pages received, each once.
    pub(super) requests_needed: u64,
}

/// A good answer.
pub(super) struct Good<T> {
    /// The body, scrubbed.
    pub(super) body: Vec<u8>,
    /// What was read from it.
    pub(super) read: T,
    /// When it was asked for.
    pub(super) asked_at_us: Timestamp,
}

/// Why there is no good answer.
pub(super) enum Refusal {
    /// The partner said no, and would again.
    Partner { status: u16, message: String },
    /// Every attempt failed.
    Line { reason: String },
    /// The partner asks to be left alone for longer than is waited: nothing at all is asked before that has passed.
    Away { reason: String },
}

/// How one attempt ended, if not well.
enum Trouble {
    Refused(Refusal),
    Throttled { wait: Option<Duration> },
    Passing { reason: String, wait: Option<Duration> },
}

impl<'a> Caller<'a> {
    /// Gets ready; sends nothing.
    pub(super) fn new(line: &'a Line, watch: &'a dyn Watch) -> Result<Self, FetchError> {
        Ok(Self {
            client: Client::new(line)?,
            pace: Pace::new(line.limits.requests_per_second),
            slots: Semaphore::new(line.limits.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            gap: tokio::sync::Mutex::default(),
            line,
            watch,
            began: Instant::now(),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            received: Mutex::default(),
        })
    }

    /// Asks until `read` accepts an answer, the partner refuses, or the attempts are used up.
    pub(super) async fn ask<T>(
        &self,
        list: &List,
        page: u32,
        request: &str,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<Good<T>, Refusal> {
        let Limits { attempts_max, throttles_max, retry_after_max, .. } = self.line.limits;
        let (mut failures, mut throttles) = (0, 0);
        loop {
            let (reason, wait) = match self.attempt(list, request, &read).await {
                Ok(good) => {
                    self.received().insert(format!("{list} {page} {request}"));
                    return Ok(good);
                }
                Err(Trouble::Refused(refusal)) => return Err(refusal),
                Err(Trouble::Throttled { wait }) => {
                    throttles += 1;
                    ("HTTP 429".to_owned(), wait)
                }
                Err(Trouble::Passing { reason, wait }) => {
                    failures += 1;
                    (reason, wait)
                }
            };
            if let Some(wait) = wait.filter(|wait| *wait > retry_after_max) {
                let (wait, max) = (wait.as_secs(), retry_after_max.as_secs());
                let reason = format!(
                    "the partner asks to be left alone for {wait} s, more than the {max} s that are waited \
                     (fetch.retry_after_seconds_max)"
                );
                return Err(Refusal::Away { reason });
            }
            if failures >= attempts_max.max(1) || throttles > throttles_max {
                return Err(Refusal::Line { reason });
            }
            let attempt = failures + throttles;
            let wait = wait.unwrap_or_else(|| self.backoff(request, attempt));
            self.retries.fetch_add(1, Ordering::Relaxed);
            self.watch.saw(Event::Retried { list: list.clone(), page, attempt, reason, wait });
            tokio::time::sleep(wait).await;
        }
    }

    /// What has been sent so far.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            requests_needed: u64::try_from(self.received().len()).unwrap_or(u64::MAX),
        }
    }

    fn received(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the caller has been at work.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    async fn attempt<T>(
        &self,
        list: &List,
        request: &str,
        read: &impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<Good<T>, Trouble> {
        let gap = if *list == List::Master { Some(self.gap.lock().await) } else { None };
        // The semaphore is never closed, so that the slot is always there; held until the answer is whole.
        let _slot = self.slots.acquire().await.ok();
        let permit = self.pace.permit().await;
        drop(gap);
        let asked_at_us = self.line.now.saturating_add(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(0));
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = self.client.get(request, asked_at_us).await.map_err(|fault| self.trouble(&fault))?;
        if answer.status == 429 {
            let wait = answer.retry_after;
            self.report(self.pace.throttled(permit, wait.map(|wait| wait.min(self.line.limits.retry_after_max))));
            return Err(Trouble::Throttled { wait });
        }
        let (body, read) = self.judge(&answer, read)?;
        self.report(self.pace.answered());
        Ok(Good { body, read, asked_at_us })
    }

    fn judge<T>(&self, answer: &Answer, read: &impl Fn(&[u8]) -> Result<T, String>) -> Result<(Vec<u8>, T), Trouble> {
        match answer.status {
            200 => {
                // What is read is what is archived, so that a resumed fetch sees the same.
                let body = scrub(&answer.body, self.line.credentials.token.expose());
                // Where a broken value is struck as a secret, a broken body would come out mended.
                if body != answer.body && serde_json::from_slice::<IgnoredAny>(&answer.body).is_err() {
                    let reason = "the answer is not the JSON asked for".to_owned();
                    return Err(Trouble::Passing { reason, wait: None });
                }
                let read = read(&body).map_err(|reason| Trouble::Passing { reason, wait: None })?;
                Ok((body, read))
            }
            status @ (408 | 425 | 500..=599) => {
                Err(Trouble::Passing { reason: format!("HTTP {status}"), wait: answer.retry_after })
            }
            status => {
                let message = match status {
                    300..=399 => "redirects are not followed".to_owned(),
                    _ => message_of(&answer.body).unwrap_or_else(|| "no message".to_owned()),
                };
                let message = strike(&message, self.line.credentials.token.expose());
                let message = message.chars().take(MESSAGE_MAX).collect();
                Err(Trouble::Refused(Refusal::Partner { status, message }))
            }
        }
    }

    fn trouble(&self, fault: &Fault) -> Trouble {
        match fault {
            Fault::Passing(reason) => Trouble::Passing { reason: (*reason).to_owned(), wait: None },
            Fault::Untrusted(reason) => Trouble::Refused(Refusal::Line { reason: (*reason).to_owned() }),
            Fault::Oversized => {
                let reason = format!(
                    "the answer is longer than {} bytes (fetch.answer_mib_max)",
                    self.line.limits.body_bytes_max
                );
                Trouble::Refused(Refusal::Line { reason })
            }
        }
    }

    fn report(&self, rate: Option<u32>) {
        if let Some(requests_per_second) = rate {
            self.watch.saw(Event::RateChanged { requests_per_second });
        }
    }

    /// Doubles with each attempt, and strays by up to a half, so that requests that failed together come back apart.
    fn backoff(&self, request: &str, attempt: u32) -> Duration {
        let Limits { backoff, backoff_max, .. } = self.line.limits;
        let wait = backoff.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(backoff_max);
        // From the request and the attempt alone: no randomness, yet no two pages alike.
        let digest = sha256(format!("{request} {attempt}").as_bytes());
        let stray = digest.get(..2).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0);
        wait + wait * stray / 512
    }
}

fn message_of(body: &[u8]) -> Option<String> {
    if body.len() <= REFUSAL_BYTES_MAX { refusal_message(body) } else { None }
}
