//! Accounts that the terms name and the account list does not hold: as JSON, and in the overview.

use serde::Serialize;

use super::overview::{Block, TOLD_MAX, count_of};
use crate::invoice::Unmatched;

/// The warning below the verdict; nothing where every account is there.
pub(super) fn warning(unmatched: &[Unmatched]) -> Option<Block> {
    let first = unmatched.first()?;
    let others = match unmatched.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    Some(Block::Prose(format!(
        "Warning: the terms name {} that the account list does not hold ({}{others}); what they say there does nothing.",
        count_of(unmatched.len(), "account"),
        first.account,
    )))
}

/// The block of the overview; nothing where every account is there.
pub(super) fn overview(unmatched: &[Unmatched]) -> Vec<Block> {
    if unmatched.is_empty() {
        return Vec::new();
    }
    let item = |it: &Unmatched| (format!("{}  {}", it.account, it.places()), it.told());
    let count = unmatched.len();
    let heading = if count > TOLD_MAX {
        format!("Terms that match no account: {TOLD_MAX} of {count}, all in close.json")
    } else {
        format!("Terms that match no account: {count}")
    };
    vec![Block::Heading(heading), Block::Items(unmatched.iter().take(TOLD_MAX).map(item).collect())]
}

/// One of them in `close.json`.
#[derive(Serialize)]
pub(super) struct UnmatchedJson<'a> {
    account: &'a str,
    named_by: Vec<String>,
    resembles: Option<&'a str>,
}

pub(super) fn as_json(it: &Unmatched) -> UnmatchedJson<'_> {
    UnmatchedJson {
        account: &it.account,
        named_by: it.places.iter().map(ToString::to_string).collect(),
        resembles: it.resembles.as_deref(),
    }
}
