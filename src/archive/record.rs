//! What the archive records: fetches, pages, and how each list ended.

use std::fmt;

use chrono::NaiveDate;

use super::evidence::window_of;
use crate::domain::{List, Period, Timestamp};

/// The number of a fetch within its archive, from 1 in the order they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(i64);

impl FetchId {
    /// Names a fetch by its number; whether the archive holds it is found out on use.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for FetchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a fetch is to read: one period through a window of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPlan {
    /// The month to be closed.
    pub period: Period,
    /// The first date asked for, earlier than the month's first.
    pub from: NaiveDate,
    /// The last date asked for, later than the month's last.
    pub to: NaiveDate,
    /// The date on which the fetch began; a resumed fetch keeps it.
    pub today: NaiveDate,
}

/// One page as it was answered, scrubbed of secrets, on its way into the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPage {
    /// The fetch it belongs to.
    pub fetch: FetchId,
    /// The list.
    pub list: List,
    /// The walk of that list, from 1; 0 for pages taken over.
    pub walk: u32,
    /// The page, from 1.
    pub page: u32,
    /// Path and query below the base.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// When it was asked for, in microseconds since 1970-01-01 UTC.
    pub asked_at_us: Timestamp,
    /// The body, after `scrub`.
    pub body: Vec<u8>,
}

/// Pages of a list that an earlier walk or fetch has made durable, to be taken over instead of asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The list.
    pub list: List,
    /// The fetch that holds them.
    pub from: FetchId,
    /// The walk that holds them.
    pub from_walk: u32,
    /// The fetch that takes them over.
    pub to: FetchId,
    /// The walk that takes them over.
    pub to_walk: u32,
    /// Each page's number, the same in both walks.
    pub pages: Vec<u32>,
}

/// A page that is durable in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageHeld {
    /// The body's SHA-256, by which `Archive::body` finds it.
    pub digest: String,
    /// The body's length in bytes.
    pub bytes: u64,
    /// Path and query below the base.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
}

impl PageHeld {
    /// The first and the last date that the request asks for, where it asks for dates.
    #[must_use]
    pub fn window(&self) -> Option<(NaiveDate, NaiveDate)> {
        window_of(&self.request)
    }
}

/// How a list ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOutcome {
    /// One walk proved it whole, or two walks agreed on it.
    Complete {
        /// The accepted walk, from 1; 0 where every page was taken over from an earlier fetch and none was walked.
        walk: u32,
    },
    /// It shifted through every walk allowed.
    Unstable {
        /// The last walk.
        walk: u32,
        /// What did not agree.
        reason: String,
    },
    /// It could not be read.
    Missing {
        /// Why, without times, addresses or secrets.
        reason: String,
    },
}

impl ListOutcome {
    /// The walk whose pages count, if any does.
    #[must_use]
    pub const fn walk(&self) -> Option<u32> {
        match self {
            Self::Complete { walk } | Self::Unstable { walk, .. } => Some(*walk),
            Self::Missing { .. } => None,
        }
    }

    /// Why the list is not complete; nothing where it is.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Complete { .. } => None,
            Self::Unstable { reason, .. } | Self::Missing { reason } => Some(reason),
        }
    }

    /// The word in the archive and in the manifest.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Complete { .. } => "complete",
            Self::Unstable { .. } => "unstable",
            Self::Missing { .. } => "missing",
        }
    }

    /// Reads what was recorded; nothing when the parts do not belong together.
    pub(super) fn recorded(word: &str, walk: Option<u32>, reason: Option<String>) -> Option<Self> {
        match (word, walk, reason) {
            ("complete", Some(walk), None) => Some(Self::Complete { walk }),
            ("unstable", Some(walk), Some(reason)) => Some(Self::Unstable { walk, reason }),
            ("missing", None, Some(reason)) => Some(Self::Missing { reason }),
            _ => None,
        }
    }
}
