//! The pace of requests: never more than the rate in any second, slower after a 429, and faster again step by step.

use std::collections::VecDeque;
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

/// In how long a time no more than the rate is sent: a second, and what two requests on their way to the partner may
/// gain on each other.
const WINDOW: Duration = Duration::from_millis(1002);

/// How long a permit may be delayed and the next ones still catch up, in nanoseconds. Timers tick by the millisecond and
/// threads wake when there is room for them; without this, every such delay would be lost for good.
const TOLERANCE_NS: u32 = 20_000_000;

const SECOND_NS: u32 = 1_000_000_000;

/// Hands out permits to send a request, in the order they are asked for.
///
/// Two rules hold a permit back. The limit: the permit that lies `rate` permits before it must be older than a second,
/// so that by construction no second holds more than `rate`, whatever was late and however often the rate has changed.
/// The spacing: permits are due every `1 s / rate`, and only what is overdue, by `TOLERANCE_NS` at most, may follow at
/// once. A late permit therefore costs the rate nothing now, and one place of the next second its delay: in calm a
/// second holds `rate` permits and lasts 1.002 s and some timer's tick, 0.3 % too long.
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
    /// When the permits of the last second were given.
    given: VecDeque<Instant>,
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
            limiter: limiter(rate),
            given: VecDeque::new(),
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
    /// A permit, or when it is worth asking again.
    fn take(&mut self, now: Instant) -> Result<Permit, Instant> {
        while self.given.front().is_some_and(|given| *given + WINDOW <= now) {
            self.given.pop_front();
        }
        let rate = usize::try_from(self.rate.get()).unwrap_or(usize::MAX);
        let one_too_many = self.given.len().checked_sub(rate).and_then(|at| self.given.get(at));
        let free = one_too_many.map_or(now, |given| *given + WINDOW).max(self.not_before);
        if free > now {
            return Err(free);
        }
        match self.limiter.check_n(interval_ns(self.rate)) {
            Ok(Ok(())) => {
                self.given.push_back(now);
                Ok(Permit { falls: self.falls })
            }
            Ok(Err(not_until)) => Err(not_until.earliest_possible().0),
            // Never: a burst holds a request.
            Err(_too_large) => Err(now + WINDOW),
        }
    }

    fn change(&mut self, rate: NonZeroU32) {
        self.answered = 0;
        if rate == self.rate {
            return;
        }
        self.rate = rate;
        self.limiter = limiter(rate);
        // A new limiter would let a burst through at once, right behind the last request of the old one.
        let _ = self.limiter.check_n(burst_ns(rate));
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// The time between two permits.
fn interval_ns(rate: NonZeroU32) -> NonZeroU32 {
    at_least_one(SECOND_NS / rate.get())
}

/// What may be overdue, and one permit more.
fn burst_ns(rate: NonZeroU32) -> NonZeroU32 {
    interval_ns(rate).saturating_add(TOLERANCE_NS)
}

fn limiter(rate: NonZeroU32) -> Limiter {
    let nanoseconds = Quota::per_second(at_least_one(SECOND_NS)).allow_burst(burst_ns(rate));
    RateLimiter::direct_with_clock(nanoseconds, TokioClock)
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
