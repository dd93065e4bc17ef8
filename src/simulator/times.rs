//! When things happen in a world: moments inside the month and around it, never near a boundary unless a flaw says so.

use chrono::{DateTime, NaiveDate, Utc};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::scenario::WorldPlan;
use crate::domain::{Calendar, Timestamp};

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub(super) const HOUR: i64 = 3_600 * SECOND;
/// Microseconds in a day.
pub(super) const DAY: i64 = 24 * HOUR;

/// How far from a month boundary, by either calendar, natural entries stay.
const CLEARANCE: i64 = 8 * HOUR;
/// How far from a month boundary the entries stay that flaws are planted in.
const INNER_CLEARANCE: i64 = 3 * DAY;
/// How far before the month entries exist; behind it they go on to the last day.
const AROUND: i64 = 6 * DAY;
/// Entries inside the month, of a thousand.
const INSIDE_PER_MILLE: u32 = 880;

/// The moments of a world.
pub(super) struct Times {
    /// The month in the partner's zone.
    pub(super) calendar: Calendar,
    /// The last moment at which anything exists.
    pub(super) last: Timestamp,
    /// The end of the month by UTC.
    utc_end: Timestamp,
    inside: Option<(Timestamp, Timestamp)>,
    around: Vec<(Timestamp, Timestamp)>,
}

impl Times {
    /// Lays out the moments of a world.
    pub(super) fn new(plan: &WorldPlan) -> Self {
        let calendar = Calendar::new(plan.period, plan.timezone);
        let utc = Calendar::new(plan.period, chrono_tz::UTC);
        let next_day = plan.today.succ_opt().unwrap_or(NaiveDate::MAX);
        let midnight = next_day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        let last = midnight.min(midnight - (utc.end - calendar.end)) - 1;
        let (begins, ends) = (calendar.start.min(utc.start), calendar.end.max(utc.end));
        let inside = (calendar.start.max(utc.start) + CLEARANCE, calendar.end.min(utc.end) - CLEARANCE);
        let before = (calendar.start - AROUND, begins - CLEARANCE);
        let after = (ends + CLEARANCE, last);
        let around = [before, after].into_iter().filter(|(from, to)| from < to).collect();
        Self { calendar, last, utc_end: utc.end, inside: (!plan.empty_month).then_some(inside), around }
    }

    /// Any natural moment.
    pub(super) fn any(&self, rng: &mut ChaCha8Rng) -> Timestamp {
        let outside = || self.around.first().copied().unwrap_or((self.calendar.start, self.calendar.end));
        let (from, to) = match self.inside {
            Some(inside) if rng.random_range(0..1000) < INSIDE_PER_MILLE => inside,
            Some(_) | None if self.around.len() > 1 && rng.random_range(0..4) == 0 => self.around[1],
            Some(_) | None => outside(),
        };
        rng.random_range(from..to)
    }

    /// A moment well inside the month; none when the month is empty.
    pub(super) fn well_inside(&self, rng: &mut ChaCha8Rng) -> Option<Timestamp> {
        self.inside?;
        Some(rng.random_range(self.calendar.start + INNER_CLEARANCE..self.calendar.end - INNER_CLEARANCE))
    }

    /// Whether a moment is well inside the month.
    pub(super) fn is_well_inside(&self, at: Timestamp) -> bool {
        (self.calendar.start + INNER_CLEARANCE..self.calendar.end - INNER_CLEARANCE).contains(&at)
    }

    /// Whether something natural may happen at a moment.
    fn allows(&self, at: Timestamp) -> bool {
        self.around.iter().chain(&self.inside).any(|(from, to)| (*from..*to).contains(&at))
    }

    /// The moments at which daily batches are posted, some hours after the day they stand for.
    pub(super) fn batches(&self, rng: &mut ChaCha8Rng) -> Vec<Timestamp> {
        let days = 0..(self.last - self.calendar.start + AROUND) / DAY + 1;
        let posted = |day: i64| self.calendar.start - AROUND + day * DAY + rng.random_range(14 * HOUR..16 * HOUR);
        days.map(posted).filter(|at| self.allows(*at)).collect()
    }

    /// The moment two hours after the month has ended by one calendar; none where the calendars agree.
    pub(super) fn straddling(&self) -> Option<Timestamp> {
        let (first, second) = (self.calendar.end.min(self.utc_end), self.calendar.end.max(self.utc_end));
        Some(first + 2 * HOUR).filter(|at| *at < second && *at <= self.last)
    }

    /// The day of a moment by the partner's calendar.
    pub(super) fn local_day(&self, at: Timestamp) -> NaiveDate {
        moment(at).with_timezone(&self.calendar.zone).date_naive()
    }
}

/// A timestamp as chrono's moment.
pub(super) fn moment(at: Timestamp) -> DateTime<Utc> {
    DateTime::<Utc>::from_timestamp_micros(at).unwrap_or_default()
}
