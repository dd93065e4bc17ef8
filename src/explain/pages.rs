//! The archived pages of a fetch, by list and number.

use std::collections::BTreeMap;

use crate::archive::Evidence;
use crate::domain::{List, step};

/// The digest of each archived page: built once, so that an explanation of many entries costs one look-up an entry.
pub(super) struct Pages<'a>(BTreeMap<(&'a List, u32), &'a str>);

impl<'a> Pages<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let pages = evidence.lists.iter().flat_map(|found| found.pages.iter().map(move |page| (found, page)));
        Self(pages.map(|(found, page)| ((&found.list, page.page), page.digest.as_str())).collect())
    }

    /// The digest of a page.
    pub(super) fn digest(&self, list: &List, page: u32) -> &'a str {
        step();
        self.0.get(&(list, page)).copied().unwrap_or("unknown")
    }
}
