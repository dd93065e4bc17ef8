//! A shallow look at a page: how many rows of which identity, and what the list says about itself. The amounts and
//! everything else are read right of the archive.

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::cmp::Ordering;

use crate::domain::{AccountId, Amount, Beside, Control, Figure, List, step};
use crate::wire::{AccountRow, AccountsPage, Balance, Dashboard, LedgerPage, Me, decimal_text, object, wallet};

/// The identity of a row: the first half of the SHA-256 of its id, or of the whole row where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowId(u128);

impl RowId {
    /// The identity that a text stands for.
    pub(super) fn of(text: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        Self(digest.iter().take(16).fold(0, |id, byte| (id << 8) | u128::from(*byte)))
    }
}

impl Ord for RowId {
    fn cmp(&self, other: &Self) -> Ordering {
        step();
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for RowId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a page says about itself and its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageFacts {
    /// Rows in the whole list.
    pub(super) total: Option<u64>,
    /// Rows a page, as the server took it.
    pub(super) per_page: Option<u64>,
    /// Which page the server thinks this is.
    pub(super) page: Option<u64>,
    /// What the page says the whole list comes to; nothing on pages that are not a ledger's.
    pub(super) control: Control,
    /// The rows on this page.
    pub(super) rows: Vec<RowId>,
    /// Whether one of them is neither settled nor given up, so that its status will still change.
    pub(super) awaited: bool,
    /// What the settled ones come to, debits and credits added up.
    pub(super) settled: Amount,
}

/// Reads a page of a list as far as the walk needs it, or says in which way it is not the page asked for; one of more than
/// `rows_max` rows is none.
pub(super) fn read_page(list: &List, body: &[u8], rows_max: usize) -> Result<PageFacts, String> {
    match list {
        List::Me | List::Beside(Beside::Me | Beside::Held(None)) => one_object::<Me<'_>>(body),
        List::Beside(Beside::Held(Some(account))) => balance_facts(account, body),
        List::Dashboard => one_object::<Dashboard<'_>>(body),
        List::Accounts | List::Beside(Beside::Accounts) => {
            let AccountsPage { accounts, total, page, size } = decoded(body)?;
            not_too_many(&accounts, rows_max)?;
            let rows = accounts.into_iter().map(account_row).collect();
            Ok(PageFacts {
                total,
                per_page: size,
                page,
                control: Control::default(),
                rows,
                awaited: false,
                settled: Amount::ZERO,
            })
        }
        List::Master => ledger_facts(None, body, rows_max),
        List::Ledger(account) => ledger_facts(Some(account), body, rows_max),
        List::Reading(reading) => ledger_facts(reading.of.as_ref(), body, rows_max),
        List::Beside(Beside::Since(of) | Beside::Lately(of) | Beside::Before(of)) => {
            ledger_facts(of.as_ref(), body, rows_max)
        }
    }
}

/// The `auth_id` of the partner that `/me` names.
pub(super) fn partner_named(body: &[u8]) -> Result<String, String> {
    Ok(decoded::<Me<'_>>(body)?.auth_id.into_owned())
}

/// The wallet that a page of `/me` or of one balance shows, and those on a page of the account list, by account.
pub(super) fn wallets_shown(list: &List, body: &[u8]) -> Vec<(String, Figure<Amount>)> {
    if let Ok(me) = object::<Me<'_>>(body) {
        return vec![(me.auth_id.into_owned(), wallet(me.balance))];
    }
    if let (List::Beside(Beside::Held(Some(account))), Ok(it)) = (list, object::<Balance<'_>>(body)) {
        return vec![(account.to_string(), wallet(it.cash_credits))];
    }
    let Ok(page) = object::<AccountsPage<'_>>(body) else { return Vec::new() };
    let rows = page.accounts.into_iter().filter_map(|row| object::<AccountRow<'_>>(row.get().as_bytes()).ok());
    rows.map(|row| (row.auth_id.into_owned(), wallet(row.cash_credits))).collect()
}

/// The account ids on a page of the account list; a row without one is left to the close to report.
pub(super) fn account_ids(body: &[u8]) -> Result<Vec<String>, String> {
    let page: AccountsPage<'_> = decoded(body)?;
    Ok(page
        .accounts
        .into_iter()
        .filter_map(|row| serde_json::from_str::<AccountIdentity<'_>>(row.get()).ok())
        .map(|row| row.auth_id.into_owned())
        .collect())
}

#[derive(Deserialize)]
struct RowIdentity<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RowHolder<'a> {
    #[serde(borrow)]
    account_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RowStanding<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    amount: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct AccountIdentity<'a> {
    #[serde(borrow)]
    auth_id: Cow<'a, str>,
}

fn one_object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<PageFacts, String> {
    decoded::<T>(body).map(|_whole| PageFacts {
        total: None,
        per_page: None,
        page: None,
        control: Control::default(),
        rows: Vec::new(),
        awaited: false,
        settled: Amount::ZERO,
    })
}

fn decoded<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    object(body).map_err(|_unreadable| "the answer is not the JSON asked for".to_owned())
}

fn balance_facts(account: &AccountId, body: &[u8]) -> Result<PageFacts, String> {
    let balance: Balance<'_> = decoded(body)?;
    if balance.auth_id.is_some_and(|other| other != account.as_str()) {
        return Err("the answer is another account's balance".to_owned());
    }
    one_object::<Balance<'_>>(body)
}

fn ledger_facts(owner: Option<&AccountId>, body: &[u8], rows_max: usize) -> Result<PageFacts, String> {
    let page: LedgerPage<'_> = decoded(body)?;
    not_too_many(&page.transactions, rows_max)?;
    match (owner, page.account_auth_id.as_deref()) {
        (Some(owner), Some(other)) if other != owner.as_str() => {
            return Err("the answer is another account's ledger".to_owned());
        }
        (Some(owner), _) if are_anothers(&page.transactions, owner) => {
            return Err("the answer's rows are another account's".to_owned());
        }
        (Some(_) | None, _) => {}
    }
    let control = page.control();
    let LedgerPage { transactions, total, page, per_page, .. } = page;
    let (awaited, settled) = standing(&transactions);
    let rows = transactions.into_iter().map(ledger_row).collect();
    Ok(PageFacts { total, per_page, page, control, rows, awaited, settled })
}

fn not_too_many(rows: &[&RawValue], rows_max: usize) -> Result<(), String> {
    if rows.len() <= rows_max {
        return Ok(());
    }
    Err(format!("the answer holds {} rows, expected at most {rows_max} (fetch.rows_max)", rows.len()))
}

/// Whether every row is booked to one and the same other account. A single row may be a mistake in the books, which is
/// the close's to judge; a whole page is an answer to another question.
fn are_anothers(rows: &[&RawValue], account: &AccountId) -> bool {
    let Some(other) = rows.first().and_then(|row| holder(row)).filter(|other| other != account.as_str()) else {
        return false;
    };
    rows.len() > 1 && AccountId::parse(&other).is_ok() && rows.iter().all(|row| holder(row).as_ref() == Some(&other))
}

/// The account that a row is booked to.
fn holder(row: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<RowHolder<'_>>(row.get()).ok().map(|row| row.account_id)
}

/// Whether the status of a row may still become another, and what the settled rows come to. A row without a status is not
/// read as an entry, and shows as that.
fn standing(rows: &[&RawValue]) -> (bool, Amount) {
    let rows = rows.iter().filter_map(|row| serde_json::from_str::<RowStanding<'_>>(row.get()).ok());
    let amount = |row: &RowStanding<'_>| Amount::of_entry(&row.amount.and_then(decimal_text)?).ok();
    rows.fold((false, Amount::ZERO), |(awaited, settled), row| match &*row.status {
        "completed" => (awaited, settled + amount(&row).unwrap_or_default()),
        "failed" | "cancelled" => (awaited, settled),
        _ => (true, settled),
    })
}

fn ledger_row(row: &RawValue) -> RowId {
    let identity = serde_json::from_str::<RowIdentity<'_>>(row.get());
    RowId::of(identity.as_ref().map_or(row.get(), |row| &row.id))
}

fn account_row(row: &RawValue) -> RowId {
    let identity = serde_json::from_str::<AccountIdentity<'_>>(row.get());
    RowId::of(identity.as_ref().map_or(row.get(), |row| &row.auth_id))
}
