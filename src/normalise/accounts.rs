//! The partner, the dashboard and the account list.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::NormaliseError;
use super::books::{Course, Customer, Dashboard, How, ListRecord, ListState, Partner, Wallet};
use super::row::{text_of, without_position};
use crate::archive::{Archive, ListEvidence, ListOutcome};
use crate::domain::{AccountId, Amount, AsWritten, Control, Currency, Figure, List, Origin, Party, UnreadableRow};
use crate::wire::{self, AccountRow, AccountsPage};

/// A percentage that the account list does not say.
const UNKNOWN: &str = "unknown";

/// The account list, read.
pub(super) struct Accounts {
    pub(super) customers: BTreeMap<String, Customer>,
    pub(super) wallets: BTreeMap<String, Wallet>,
    pub(super) unwalkable: Vec<String>,
    pub(super) unreadable: Vec<UnreadableRow>,
    pub(super) record: ListRecord,
}

/// Reads `/me`, which must be the archive's own partner, and the wallet it shows.
pub(super) fn partner(
    archive: &Archive,
    list: &ListEvidence,
    owner: &str,
) -> Result<(Partner, Wallet), NormaliseError> {
    let body = only_body(archive, list)?;
    let me: wire::Me<'_> = parse(list, 1, &body)?;
    let account = AccountId::parse(&me.auth_id)?;
    if account.as_str() != owner {
        let reason = format!("partner {account}, expected {owner}, whose archive this is");
        return Err(NormaliseError::Page { list: List::Me, page: 1, reason });
    }
    let currency = currency(me.currency.as_deref());
    let name = me.name.map(std::borrow::Cow::into_owned).unwrap_or_default();
    let wallet = shown(wire::wallet(me.balance), currency, false);
    Ok((Partner { uuid: me.id.into_owned(), account, name, currency: currency.known() }, wallet))
}

/// Reads `/dashboard`: the sum of the customers' wallets, where it can be had.
pub(super) fn dashboard(archive: &Archive, list: &ListEvidence) -> Result<Option<Dashboard>, NormaliseError> {
    if list.pages.is_empty() {
        return Ok(None);
    }
    let body = only_body(archive, list)?;
    let Ok(dashboard) = wire::object::<wire::Dashboard<'_>>(&body) else { return Ok(None) };
    let currency = currency(dashboard.currency.as_deref()).known();
    Ok(Some(Dashboard { total: wire::wallet(dashboard.total_balance), currency }))
}

/// Reads every page of `/accounts`.
pub(super) fn customers(archive: &Archive, list: &ListEvidence) -> Result<Accounts, NormaliseError> {
    let mut control = Control::default();
    let (mut customers, mut wallets) = (BTreeMap::new(), BTreeMap::new());
    let (mut unwalkable, mut unreadable) = (Vec::new(), Vec::new());
    // On a list that kept shifting an account may have come twice by that alone.
    let whole = matches!(list.outcome, ListOutcome::Complete { .. });
    let mut rows = 0;
    for page in &list.pages {
        let body = archive.body(&page.digest)?;
        let read: AccountsPage<'_> = parse(list, page.page, &body)?;
        control.total = control.total.or(read.total);
        for (raw, row) in read.accounts.into_iter().zip(1_u32..) {
            rows += 1;
            let refused = match wire::object::<AccountRow<'_>>(raw.get().as_bytes()) {
                Ok(account) if account.auth_id.trim().is_empty() => "auth_id is empty".to_owned(),
                Ok(account) if whole && customers.contains_key(account.auth_id.as_ref()) => {
                    format!("auth_id {:?} is listed a second time", account.auth_id)
                }
                Ok(account) => {
                    let id = account.auth_id.clone().into_owned();
                    let (customer, wallet) = customer(account);
                    wallets.insert(id.clone(), wallet);
                    if AccountId::parse(&id).is_ok() {
                        customers.insert(id, customer);
                    } else {
                        unwalkable.push(id);
                    }
                    continue;
                }
                Err(refused) => without_position(&refused),
            };
            let origin = Origin { page: page.page, row };
            let account = text_of(raw, "auth_id");
            // Its wallet is one of those that there are, whatever keeps the row from being read.
            if let Some(id) = account.clone() {
                wallets.entry(id).or_insert_with(|| of_unreadable(raw));
            }
            unreadable.push(UnreadableRow { list: List::Accounts, origin, id: None, account, reason: refused });
        }
    }
    unwalkable.sort();
    unwalkable.dedup();
    let refused = u64::try_from(unreadable.len()).unwrap_or(u64::MAX);
    let pages = u64::try_from(list.pages.len()).unwrap_or(u64::MAX);
    let record = ListRecord {
        list: List::Accounts,
        state: ListState::of(list),
        control,
        rows,
        unreadable: refused,
        course: Course { how: How::Walked, pages, walks: list.outcome.walk().unwrap_or_default(), requests: pages },
        by_type: None,
    };
    Ok(Accounts { customers, wallets, unwalkable, unreadable, record })
}

fn customer(account: AccountRow<'_>) -> (Customer, Wallet) {
    let currency = currency(account.pricing_tier.as_ref().and_then(|tier| tier.currency.as_deref()));
    let name = account.name.map(std::borrow::Cow::into_owned).unwrap_or_default();
    let wallet = shown(wire::wallet(account.cash_credits), currency, account.postpaid.unwrap_or(false));
    let deducts = account.tds_enabled.is_some_and(|raw| raw.get() == "true");
    let tds_percent = plain(account.tds_percentage.filter(|_| deducts));
    // That it deducts, and nobody knows how much, is not that it deducts nothing.
    let tds_percent = if deducts && tds_percent.is_empty() { UNKNOWN.to_owned() } else { tds_percent };
    let party = Party {
        name: on_one_line(&name),
        address: plain(account.address),
        city: plain(account.city),
        state: plain(account.state),
        postal_code: plain(account.zip_code),
        country: plain(account.country),
        gstin: plain(account.gstin),
        email: plain(account.email),
        tds_percent,
    };
    (Customer { name, currency: currency.known(), party }, wallet)
}

/// A contact field. What is no text stands as it came, so that nobody takes a State or a GSTIN that cannot be read for one
/// that is not there; what holds nothing says nothing.
fn plain(raw: Option<&RawValue>) -> String {
    let Some(raw) = raw.map(RawValue::get) else { return String::new() };
    let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
    on_one_line(if matches!(raw, "null" | "{}" | "[]") { "" } else { &text })
}

/// Text without line breaks and other control characters, and without blanks around it.
fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// What the first reading of a wallet shows.
const fn shown(before: Figure<Amount>, currency: Figure<Currency>, postpaid: bool) -> Wallet {
    Wallet { currency, postpaid, before, after: Figure::Absent, live: None, unproved: None }
}

/// What a row shows of its wallet that cannot be read as a whole.
fn of_unreadable(raw: &RawValue) -> Wallet {
    let before = wire::object::<wire::Balance<'_>>(raw.get().as_bytes()).map(|row| wire::wallet(row.cash_credits));
    let unproved = Some("its row in the account list cannot be read");
    Wallet { unproved, ..shown(before.unwrap_or_default(), Figure::Absent, false) }
}

/// A currency, as it is shown.
pub(super) fn currency(code: Option<&str>) -> Figure<Currency> {
    let Some(code) = code else { return Figure::Absent };
    code.parse().map_or_else(|_| Figure::Unreadable(AsWritten::new(&format!("{code:?}"))), Figure::Known)
}

fn only_body(archive: &Archive, list: &ListEvidence) -> Result<Vec<u8>, NormaliseError> {
    let page = list.pages.first();
    let page = page.ok_or_else(|| NormaliseError::Absent(list.list.clone(), "it has no page".to_owned()))?;
    Ok(archive.body(&page.digest)?)
}

fn parse<'a, T: Deserialize<'a>>(list: &ListEvidence, page: u32, body: &'a [u8]) -> Result<T, NormaliseError> {
    wire::object(body).map_err(|refused| NormaliseError::Page {
        list: list.list.clone(),
        page,
        reason: refused.to_string(),
    })
}
