//! The leap seconds since 2000: which seconds 60 there were.

use chrono::{Datelike, NaiveDateTime, Timelike};

/// The days whose last minute in UTC had a second 60 (IERS Bulletin C, 1999 to 2026; RFC 3339, appendix D).
const DAYS: [(i32, u32, u32); 5] = [(2005, 12, 31), (2008, 12, 31), (2012, 6, 30), (2015, 6, 30), (2016, 12, 31)];

/// The last year of which that is known.
const KNOWN_UNTIL: i32 = 2026;

/// Whether a second 60 that lies at a moment, given in UTC, is a leap second: at 23:59:60 at the end of a day that had one.
/// Later than is known it may be at the end of any June or December (RFC 3339, section 5.7).
pub(super) fn is_leap_second(moment: NaiveDateTime) -> bool {
    let day = (moment.year(), moment.month(), moment.day());
    let ends_day = (moment.hour(), moment.minute(), moment.second()) == (23, 59, 59);
    let may_be = day.0 > KNOWN_UNTIL && matches!((day.1, day.2), (6, 30) | (12, 31));
    ends_day && (DAYS.contains(&day) || may_be)
}
