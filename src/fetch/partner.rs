//! One question before the first close: who do the credentials belong to, and what may they do? Keeps nothing.

use super::caller::Caller;
use super::error::FetchError;
use super::line::Line;
use super::session::{refused_partner, same_partner};
use crate::domain::{AccountId, List};
use crate::watch::Watch;
use crate::wire::{MeRights, object};

/// What the partner says about itself. What it does not say is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `PA_…`.
    pub auth_id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is active.
    pub active: Option<bool>,
    /// Whether it is verified.
    pub verified: Option<bool>,
    /// Whether these credentials may open customer accounts.
    pub creates_accounts: Option<bool>,
    /// Whether they may make pricing tiers.
    pub creates_pricing_tiers: Option<bool>,
    /// Whether they may read call records.
    pub views_call_records: Option<bool>,
    /// Whether they may move money from the partner's wallet to a customer's.
    pub transfers_balance: Option<bool>,
    /// Customers there are.
    pub accounts: Option<u64>,
    /// Customers there may be.
    pub accounts_max: Option<u64>,
}

/// Asks `/me`, by the same client and under the same limits as a fetch.
///
/// # Errors
/// When the line is unusable, the credentials are refused or another partner's, or no answer can be read.
pub async fn ask_who(line: &Line, watch: &dyn Watch) -> Result<Standing, FetchError> {
    let caller = Caller::new(line, watch)?;
    let read = |body: &[u8]| standing(body, &line.credentials.auth_id);
    let (named, standing) = caller.ask(&List::Me, 1, "me", read).await.map_err(refused_partner)?.read;
    same_partner("me", &named, line)?;
    Ok(standing)
}

/// Who the answer names, and what it says.
fn standing(body: &[u8], auth_id: &AccountId) -> Result<(String, Standing), String> {
    let me: MeRights<'_> = object(body).map_err(|_unreadable| "the answer is not the JSON asked for".to_owned())?;
    let [active, verified, creates_accounts, creates_pricing_tiers, views_call_records, transfers_balance] = me.flags();
    let [accounts, accounts_max] = me.accounts();
    let standing = Standing {
        auth_id: auth_id.clone(),
        name: me.name(),
        active,
        verified,
        creates_accounts,
        creates_pricing_tiers,
        views_call_records,
        transfers_balance,
        accounts,
        accounts_max,
    };
    Ok((me.auth_id.into_owned(), standing))
}
