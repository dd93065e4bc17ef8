//! Where a break stands from month to month, and how old it is.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use thiserror::Error;

use super::period::{Calendar, Timestamp};

/// Where a break stands beside what earlier runs reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// No earlier run left it open.
    New,
    /// An earlier run left it open, and nothing in this run's evidence shows it gone.
    Persisting,
    /// An earlier run left it open, and this run's evidence shows it gone; or the other half of a timing difference, with
    /// which that is cleared.
    Resolved,
    /// An earlier run left it open, and this run reports the same entries as another break.
    Replaced,
}

impl Standing {
    /// Every standing, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::New, Self::Persisting, Self::Resolved, Self::Replaced];

    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Persisting => "persisting",
            Self::Resolved => "resolved",
            Self::Replaced => "replaced",
        }
    }

    /// Whether there is still something to clear up.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Persisting)
    }
}

/// How old a break is, in days from its youngest entry to the cut-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// 0 or 1 day.
    Fresh,
    /// 2 to 7 days.
    Week,
    /// 8 to 30 days.
    Month,
    /// More than 30 days.
    Older,
}

impl Age {
    /// Every age, the youngest first.
    pub const ALL: [Self; 4] = [Self::Fresh, Self::Week, Self::Month, Self::Older];

    /// The age of so many days.
    #[must_use]
    pub const fn of(days: u64) -> Self {
        match days {
            0..=1 => Self::Fresh,
            2..=7 => Self::Week,
            8..=30 => Self::Month,
            _ => Self::Older,
        }
    }

    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "0 to 1",
            Self::Week => "2 to 7",
            Self::Month => "8 to 30",
            Self::Older => "over 30",
        }
    }

    /// The same as one word, as a command takes it. On paper a spreadsheet would read `2-7` as a date.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Fresh => "0-1",
            Self::Week => "2-7",
            Self::Month => "8-30",
            Self::Older => "over-30",
        }
    }
}

/// A date and the age that it gives at a cut-off, both by the partner's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aged {
    /// When the youngest entry concerned was made.
    pub dated: Timestamp,
    /// Its day.
    pub day: NaiveDate,
    /// Days from that day to the day of the cut-off, the first after the month; 0 for one that is later.
    pub days: u64,
}

impl Aged {
    /// The age of what was made at a moment, at a month's cut-off.
    #[must_use]
    pub fn at_cut_off(calendar: &Calendar, dated: Timestamp) -> Self {
        let day = calendar.day(dated);
        let days = (calendar.period.day_after() - day).num_days();
        Self { dated, day, days: u64::try_from(days).unwrap_or(0) }
    }

    /// The age.
    #[must_use]
    pub const fn age(&self) -> Age {
        Age::of(self.days)
    }
}

/// A word that names no standing, or no age.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{seen:?} is none of {}", .known.join(", "))]
pub struct UnknownWord {
    /// The word.
    pub seen: String,
    /// Those that are known.
    pub known: Vec<&'static str>,
}

fn unknown<T: Copy>(text: &str, all: &[T], word: fn(T) -> &'static str) -> UnknownWord {
    UnknownWord { seen: text.to_owned(), known: all.iter().map(|it| word(*it)).collect() }
}

impl FromStr for Standing {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|it| it.word() == text).ok_or_else(|| unknown(text, &Self::ALL, Self::word))
    }
}

impl FromStr for Age {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        // The word on the papers is meant all the same.
        let found = Self::ALL.into_iter().find(|it| it.slug() == text || it.word() == text);
        found.ok_or_else(|| unknown(text, &Self::ALL, Self::slug))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
