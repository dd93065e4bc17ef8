//! What a finished fetch proves: the accepted pages of every list, and a manifest that commits to them.

use std::fmt::Write;

use chrono::NaiveDate;

use super::record::{FetchPlan, ListOutcome};
use crate::domain::List;

/// The evidence of one finished fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was to be read.
    pub plan: FetchPlan,
    /// The partner's `PA_…`.
    pub partner: String,
    /// Every list that was asked for, in the order of `List`.
    pub lists: Vec<ListEvidence>,
}

/// The evidence of one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEvidence {
    /// The list.
    pub list: List,
    /// How it ended.
    pub outcome: ListOutcome,
    /// The pages of the accepted walk in order; of an unstable list those of its last walk, which prove nothing about
    /// completeness; of a missing list none.
    pub pages: Vec<PageRef>,
}

/// One archived page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRef {
    /// The page, from 1.
    pub page: u32,
    /// The body's SHA-256, by which `Archive::body` finds it.
    pub digest: String,
    /// The body's length in bytes.
    pub bytes: u64,
    /// Path and query below the base.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
}

impl PageRef {
    /// The first and the last date that the request asks for, where it asks for dates.
    #[must_use]
    pub fn window(&self) -> Option<(NaiveDate, NaiveDate)> {
        window_of(&self.request)
    }
}

/// The first and the last date that a request asks for.
pub(super) fn window_of(request: &str) -> Option<(NaiveDate, NaiveDate)> {
    let date = |name: &str| -> Option<NaiveDate> {
        let (_, rest) = request.split_once(name)?;
        rest.split('&').next()?.parse().ok()
    };
    date("from_date=").zip(date("to_date="))
}

impl Evidence {
    /// The evidence as text: a context line, one line a page or unread list in the order of `List`, the count last.
    ///
    /// Holds the day, but no times, walk numbers or attempts: the same facts give the same text, whatever the weather was.
    #[must_use]
    pub fn manifest(&self) -> String {
        let FetchPlan { period, from, to, today } = self.plan;
        let mut text = format!("tieout archive manifest v1  {}  {period}  {from} to {to}  on {today}\n", self.partner);
        for ListEvidence { list, outcome, pages } in &self.lists {
            if let Some(reason) = outcome.reason() {
                // Writing to a string cannot fail, here and below.
                let _ = writeln!(text, "{}  {list}  {reason}", outcome.word());
            }
            for PageRef { page, digest, bytes, request, status } in pages {
                let _ = writeln!(text, "{digest}  {bytes}  {list} {page}  {status} {request}");
            }
        }
        let pages: usize = self.lists.iter().map(|list| list.pages.len()).sum();
        let _ = writeln!(text, "{} lists  {pages} pages", self.lists.len());
        text
    }
}
