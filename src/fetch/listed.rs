//! The account list, read once before a close, to hold the terms against it. Keeps nothing and proves nothing: what a close
//! bills by, it reads anew.

use std::collections::BTreeSet;

use super::caller::Caller;
use super::error::FetchError;
use super::line::Line;
use super::page::{account_ids, read_page};
use super::reading::{ACCOUNT_ROWS, existing};
use super::setback::Setback;
use crate::domain::List;
use crate::watch::Watch;

/// The accounts of the list, as far as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The accounts, as they are written.
    pub accounts: BTreeSet<String>,
    /// Whether as many rows came as the list says that it has.
    pub is_whole: bool,
}

/// Asks for the account list, page by page, by the same client and under the same limits as a fetch.
///
/// # Errors
/// When the line is unusable, the partner refuses, or an answer cannot be read.
pub async fn ask_accounts(line: &Line, watch: &dyn Watch) -> Result<Listed, FetchError> {
    let (caller, list) = (Caller::new(line, watch)?, List::Accounts);
    let read = |body: &[u8]| Ok((read_page(&list, body, line.limits.rows_max)?, account_ids(body)?));
    let mut listed = Listed::default();
    let (mut total, mut rows) = (None, 0_u64);
    for page in 1..=line.limits.pages_max {
        let request = format!("{list}?page={page}&per_page={ACCOUNT_ROWS}");
        let answer = caller.ask(&list, page, &request, read).await;
        let answer = answer.map_err(|refusal| Setback::from((&list, refusal)));
        let answer = if page == 1 { answer.map(Some) } else { existing(answer) };
        let Some(answer) = answer.map_err(|setback| setback.fatal(&list))? else { break };
        let (facts, ids) = answer.read;
        total = total.or(facts.total);
        rows = rows.saturating_add(u64::try_from(facts.rows.len()).unwrap_or(u64::MAX));
        let known = listed.accounts.len();
        listed.accounts.extend(ids);
        // A page that says nothing new is the end, or one that came before.
        if listed.accounts.len() == known || total.is_some_and(|total| rows >= total) {
            break;
        }
    }
    let seen = u64::try_from(listed.accounts.len()).unwrap_or(u64::MAX);
    listed.is_whole = total.is_none_or(|total| total == seen);
    Ok(listed)
}
