//! Periods: one calendar month as a half-open interval, in the partner's zone and in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A moment, in microseconds since 1970-01-01 UTC.
pub type Timestamp = i64;

/// One calendar month, such as `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first: NaiveDate,
}

/// Why a text is not a period.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a period (year and month between 2000-01 and 2199-12, as in `2026-03`)")]
pub struct PeriodError(pub String);

impl Period {
    /// The month that a day belongs to.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// The first day of the month.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The first day of the next month.
    #[must_use]
    pub fn day_after(self) -> NaiveDate {
        self.first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX)
    }

    /// The last day of the month.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.day_after().pred_opt().unwrap_or(NaiveDate::MAX)
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { first: self.first.checked_sub_months(Months::new(1)).unwrap_or(NaiveDate::MIN) }
    }

    /// The last month that is over on a day: the one before the month that the day belongs to.
    #[must_use]
    pub fn last_over(today: NaiveDate) -> Self {
        Self::of(today).previous()
    }

    /// Whether the month is over on a day: all of its entries are dated by then, though some may still arrive.
    #[must_use]
    pub fn is_over(self, today: NaiveDate) -> bool {
        today >= self.day_after()
    }

    /// The dates to ask the partner for, first and last: `pad_days` more on both sides, so that no reading of the
    /// partner's date filter (zone, inclusiveness) can cut into the month by either calendar.
    #[must_use]
    pub fn window(self, pad_days: u32) -> (NaiveDate, NaiveDate) {
        let pad = Days::new(u64::from(pad_days));
        (
            self.first.checked_sub_days(pad).unwrap_or(NaiveDate::MIN),
            self.last_day().checked_add_days(pad).unwrap_or(NaiveDate::MAX),
        )
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let refused = || PeriodError(text.chars().take(20).collect());
        let shape = text.len() == 7 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let first = shape.then(|| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()).flatten();
        first.filter(|day| (2000..2200).contains(&day.year())).map(|first| Self { first }).ok_or_else(refused)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A period laid out in a zone: which moments belong to it, by the partner's calendar and by UTC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The month.
    pub period: Period,
    /// The partner's zone, which decides.
    pub zone: Tz,
    /// First moment inside, by the partner's calendar.
    pub start: Timestamp,
    /// First moment after, by the partner's calendar: the cut-off.
    pub end: Timestamp,
    utc_start: Timestamp,
    utc_end: Timestamp,
}

impl Calendar {
    /// Lays a period out in a zone.
    #[must_use]
    pub fn new(period: Period, zone: Tz) -> Self {
        Self {
            period,
            zone,
            start: midnight(zone, period.first_day()),
            end: midnight(zone, period.day_after()),
            utc_start: midnight(chrono_tz::UTC, period.first_day()),
            utc_end: midnight(chrono_tz::UTC, period.day_after()),
        }
    }

    /// Whether a moment belongs to the period by the partner's calendar.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        (self.start..self.end).contains(&moment)
    }

    /// Whether a moment belongs to the period by UTC's calendar.
    #[must_use]
    pub fn contains_utc(&self, moment: Timestamp) -> bool {
        (self.utc_start..self.utc_end).contains(&moment)
    }

    /// The days of the period in order, each with its first moment by the partner's calendar.
    pub fn days(&self) -> impl Iterator<Item = (NaiveDate, Timestamp)> {
        let (zone, after) = (self.zone, self.period.day_after());
        let days = self.period.first_day().iter_days().take_while(move |day| *day < after);
        days.map(move |day| (day, midnight(zone, day)))
    }

    /// The day of a moment by the partner's calendar.
    #[must_use]
    pub fn day(&self, moment: Timestamp) -> NaiveDate {
        let moment = DateTime::<Utc>::from_timestamp_micros(moment).unwrap_or_default();
        moment.with_timezone(&self.zone).date_naive()
    }

    /// The cut-off as text with the zone's offset, such as `2026-04-01T00:00:00+05:30`.
    #[must_use]
    pub fn cut_off(&self) -> String {
        self.local(self.end)
    }

    /// A moment as text in UTC, to the second: what the partner itself writes.
    #[must_use]
    pub fn instant(moment: Timestamp) -> String {
        DateTime::<Utc>::from_timestamp_micros(moment)
            .map(|utc| utc.format("%Y-%m-%dT%H:%M:%SZ").to_string())
            .unwrap_or_default()
    }

    /// A moment as text in the partner's zone, to the second.
    #[must_use]
    pub fn local(&self, moment: Timestamp) -> String {
        DateTime::<Utc>::from_timestamp_micros(moment)
            .map(|utc| utc.with_timezone(&self.zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string())
            .unwrap_or_default()
    }
}

/// The first moment of a day in a zone; where summer time skips midnight, the first that exists after it.
fn midnight(zone: Tz, day: NaiveDate) -> Timestamp {
    let mut local = NaiveDateTime::from(day);
    for _quarter in 0..16 {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => return moment.timestamp_micros(),
            LocalResult::None => local += chrono::TimeDelta::minutes(15),
        }
    }
    local.and_utc().timestamp_micros()
}
