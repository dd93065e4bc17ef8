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

/// Hands out permits to send a request, in the order they are asked for.
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
        let state = State {
            rate,
            limiter: RateLimiter::direct_with_clock(spaced(rate), TokioClock),
            not_before: Instant::now(),
            falls: 0,
            answered: 0,
        };
        Self { rate_max: rate, turn: tokio::sync::Mutex::default(), state: Mutex::new(state) }
    }

    /// Waits until the next request may be sent.
    pub async fn permit(&self) -> Permit {
        let _turn = self.turn.lock().await;
        loop {
            let until = {
                let state = self.state();
                if Instant::now() < state.not_before {
                    state.not_before
                } else {
                    match state.limiter.check() {
                        Ok(()) => return Permit { falls: state.falls },
                        Err(not_until) => not_until.earliest_possible().0,
                    }
                }
            };
            tokio::time::sleep_until(until).await;
        }
    }

    /// Takes note of a 429: halves the rate, and holds every request back for as long as the partner asked.
    ///
    /// Gives the new rate where it changed: the many 429s that one rate can earn at once halve it once.
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
        state.change(rate)
    }

    /// Takes note of a good answer; gives the new rate where enough of them have raised it by a step.
    pub fn answered(&self) -> Option<u32> {
        let mut state = self.state();
        state.answered = state.answered.saturating_add(1);
        if state.rate >= self.rate_max || state.answered < state.rate.get().saturating_mul(2) {
            return None;
        }
        let step = at_least_one(self.rate_max.get() / 20);
        let rate = state.rate.saturating_add(step.get()).min(self.rate_max);
        state.change(rate)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self, rate: NonZeroU32) -> Option<u32> {
        self.answered = 0;
        if rate == self.rate {
            return None;
        }
        self.rate = rate;
        self.limiter = RateLimiter::direct_with_clock(spaced(rate), TokioClock);
        // A new limiter would let its first request through at once, right behind the last of the old one.
        let _ = self.limiter.check();
        Some(rate.get())
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// So many a second and never two at once: with a burst, a second could see the burst and the rate.
fn spaced(rate: NonZeroU32) -> Quota {
    Quota::per_second(rate).allow_burst(NonZeroU32::MIN)
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
