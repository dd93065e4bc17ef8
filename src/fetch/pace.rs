//! The pace of requests: never more than the rate in any second, slower after a 429, and faster again step by step.

use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// How long a permit may be delayed at no cost to the rate, in nanoseconds. Timers tick by the millisecond and threads
/// wake when there is room for them; without this, every such delay would be lost for good.
const TOLERANCE_NS: u32 = 4_000_000;

const SECOND_NS: u32 = 1_000_000_000;

/// Hands out permits to send a request, in the order they are asked for.
///
/// Each permit has a date, at least `T = (1 s + tolerance) / rate` after the date of the one before, and is given from
/// `tolerance` before its date on: a delay that is no longer than that moves no date, and is lost to nobody. The bound:
/// a permit given at `t` has a date of `t` or later, so that the `rate`-th after it has one of `t + rate · T` or later,
/// and is not given before `t + rate · T - tolerance = t + 1 s`. No second holds more than `rate`; the price is 0.4 %.
/// After a change of the rate the dates begin anew, `tolerance` later, so that the same holds across it.
///
/// Runs on tokio's clock alone, so that a test can pause it.
pub struct Pace {
    rate_max: NonZeroU32,
    /// Lets one request at a time wait for its permit, so that permits go out first come, first served.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// Leave to send one request now.
#[derive(Clone, Copy, Debug)]
pub struct Permit {
    falls: u64,
}

struct State {
    rate: NonZeroU32,
    /// Counts in nanoseconds: a request takes as many as lie between two permits.
    limiter: Limiter,
    not_before: Instant,
    /// How often the rate has fallen; tells the 429s that the present rate has earned from those of an earlier one.
    falls: u64,
    /// Answers since the rate last changed.
    answered: u32,
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Moment>>;

impl Pace {
    /// Paces requests at so many a second, evenly spaced; zero counts as one.
    #[must_use]
    pub fn new(requests_per_second: u32) -> Self {
        let rate = at_least_one(requests_per_second);
        let state = State { rate, limiter: limiter(rate), not_before: Instant::now(), falls: 0, answered: 0 };
        Self { rate_max: rate, turn: tokio::sync::Mutex::default(), state: Mutex::new(state) }
    }

    /// Waits until the next request may be sent.
    pub async fn permit(&self) -> Permit {
        let _turn = self.turn.lock().await;
        loop {
            let due = match self.state().take(Instant::now()) {
                Ok(permit) => return permit,
                Err(due) => due,
            };
            tokio::time::sleep_until(due).await;
        }
    }

    /// Takes note of a 429: halves the rate, and holds every request back for as long as the partner asked.
    ///
    /// Gives the new rate where it fell: the many 429s that one rate can earn at once halve it once.
    pub fn throttled(&self, permit: Permit, wait: Option<Duration>) -> Option<u32> {
        let mut state = self.state();
        if let Some(wait) = wait {
            state.not_before = state.not_before.max(Instant::now() + wait);
        }
        state.answered = 0;
        if permit.falls != state.falls {
            return None;
        }
        state.falls += 1;
        let rate = at_least_one(state.rate.get() / 2);
        let fell = rate < state.rate;
        state.change(rate);
        fell.then_some(rate.get())
    }

    /// Takes note of a good answer: two seconds' worth of them raise a fallen rate by a twentieth of the full one.
    ///
    /// Gives the rate where it is the full one again.
    pub fn answered(&self) -> Option<u32> {
        let mut state = self.state();
        state.answered = state.answered.saturating_add(1);
        if state.rate >= self.rate_max || state.answered < state.rate.get().saturating_mul(2) {
            return None;
        }
        let step = at_least_one(self.rate_max.get() / 20);
        let rate = state.rate.saturating_add(step.get()).min(self.rate_max);
        state.change(rate);
        (rate == self.rate_max).then_some(rate.get())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A permit, or when the next is due.
    fn take(&mut self, now: Instant) -> Result<Permit, Instant> {
        if now < self.not_before {
            return Err(self.not_before);
        }
        match self.limiter.check_n(interval_ns(self.rate)) {
            Ok(Ok(())) => Ok(Permit { falls: self.falls }),
            Ok(Err(not_until)) => Err(not_until.earliest_possible().0),
            // Never: the limiter's burst holds a request.
            Err(_too_large) => Err(now + Duration::from_nanos(interval_ns(self.rate).get().into())),
        }
    }

    fn change(&mut self, rate: NonZeroU32) {
        self.answered = 0;
        if rate == self.rate {
            return;
        }
        self.rate = rate;
        self.limiter = limiter(rate);
        // A new limiter knows nothing of what the old one let through, early by the tolerance at most.
        let wait = u64::from(interval_ns(rate).get()) + u64::from(TOLERANCE_NS);
        self.not_before = self.not_before.max(Instant::now() + Duration::from_nanos(wait));
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// The time between two permits.
fn interval_ns(rate: NonZeroU32) -> NonZeroU32 {
    at_least_one((SECOND_NS + TOLERANCE_NS).div_ceil(rate.get()))
}

fn limiter(rate: NonZeroU32) -> Limiter {
    let burst = interval_ns(rate).saturating_add(TOLERANCE_NS);
    RateLimiter::direct_with_clock(Quota::per_second(at_least_one(SECOND_NS)).allow_burst(burst), TokioClock)
}

/// Governor's view of tokio's clock.
#[derive(Clone, Copy, Debug)]
struct TokioClock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Instant);

impl Clock for TokioClock {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(Instant::now())
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, duration: Nanos) -> Self {
        Self(self.0 + Duration::from(duration))
    }
}
