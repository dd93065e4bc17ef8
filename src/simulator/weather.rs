//! The weather on the line: which attempt of which request fails, and how. Pure: the order of arrival decides nothing.

use sha2::{Digest, Sha256};

use super::scenario::WeatherPlan;

/// What happens to one attempt of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// 429, with `Retry-After` in seconds where the plan has one.
    TooManyRequests {
        /// The `Retry-After` header.
        retry_after_seconds: Option<u32>,
    },
    /// A server error of this status.
    ServerError(u16),
    /// The connection drops before the answer is whole.
    Reset,
    /// A gateway's HTML page with status 502.
    HtmlError,
    /// Status 200, the body cut.
    Truncated,
    /// The right answer, later by so many milliseconds.
    Slow(u64),
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
        let struck = self.plan.shares().into_iter().position(|share| {
            let hit = draw < share;
            draw = draw.saturating_sub(share);
            hit
        });
        match struck {
            Some(0) => Fault::TooManyRequests { retry_after_seconds: self.plan.retry_after_seconds },
            Some(1) => match self.draw("status", request_key, attempt) % 4 {
                0 => Fault::ServerError(500),
                1 => Fault::ServerError(502),
                2 => Fault::ServerError(503),
                _ => Fault::ServerError(504),
            },
            Some(2) => Fault::Reset,
            Some(3) => Fault::HtmlError,
            Some(4) => Fault::Truncated,
            Some(_) => Fault::Slow(self.plan.slow_ms),
            None => Fault::None,
        }
    }

    /// The ordinary delay of an attempt, in milliseconds.
    #[must_use]
    pub fn latency_ms(&self, request_key: &str, attempt: u32) -> u64 {
        let [least, most] = self.plan.latency_ms;
        least + self.draw("latency", request_key, attempt) % (most.saturating_sub(least).saturating_add(1))
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
