//! The partner's JSON as it is on the wire, read leniently: unknown keys are ignored, absent ones stay absent.
//!
//! Owns the shapes and nothing else: no judgement, no arithmetic. Money stays the text it was written as
//! (`RawValue`), so that no binary float ever holds it. Source: the partner API's reference, envelopes and rows.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::domain::{Amount, AsWritten, Control, Figure, SCALE};

/// `GET /me`: the partner.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Me<'a> {
    /// The uuid that stands in `ptc:` references.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// `PA_…`.
    #[serde(borrow)]
    pub auth_id: Cow<'a, str>,
    /// The partner's name.
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    /// The partner's wallet, a string of 5 decimals or a number.
    #[serde(borrow, default, deserialize_with = "as_written")]
    pub balance: Option<&'a RawValue>,
    /// Named in prose only, hence optional.
    #[serde(borrow)]
    pub currency: Option<Cow<'a, str>>,
}

/// `GET /me`, what a person wants to know before the first close. Nothing here is needed by one: whatever is absent or of
/// another kind stays unknown.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct MeRights<'a> {
    /// `PA_…`.
    #[serde(borrow)]
    pub auth_id: Cow<'a, str>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    is_active: Option<&'a RawValue>,
    #[serde(borrow)]
    is_verified: Option<&'a RawValue>,
    #[serde(borrow)]
    can_create_accounts: Option<&'a RawValue>,
    #[serde(borrow)]
    can_create_pricing_tiers: Option<&'a RawValue>,
    #[serde(borrow)]
    can_view_cdrs: Option<&'a RawValue>,
    #[serde(borrow)]
    can_transfer_balance: Option<&'a RawValue>,
    #[serde(borrow)]
    account_count: Option<&'a RawValue>,
    #[serde(borrow)]
    max_accounts: Option<&'a RawValue>,
}

impl MeRights<'_> {
    /// The partner's name.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        known(self.name)
    }

    /// Active, verified; may create accounts, create pricing tiers, view call records, transfer balance: in this order.
    #[must_use]
    pub fn flags(&self) -> [Option<bool>; 6] {
        [
            self.is_active,
            self.is_verified,
            self.can_create_accounts,
            self.can_create_pricing_tiers,
            self.can_view_cdrs,
            self.can_transfer_balance,
        ]
        .map(known)
    }

    /// Customers there are, and customers there may be.
    #[must_use]
    pub fn accounts(&self) -> [Option<u64>; 2] {
        [self.account_count, self.max_accounts].map(known)
    }
}

/// A value of the kind expected; nothing where it is absent or of another kind.
fn known<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

/// `GET /dashboard`: the partner's totals.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Dashboard<'a> {
    /// The sum of the customers' wallets.
    #[serde(borrow, default, deserialize_with = "as_written")]
    pub total_balance: Option<&'a RawValue>,
    /// The currency of that sum.
    #[serde(borrow)]
    pub currency: Option<Cow<'a, str>>,
}

/// One page of `GET /accounts`.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct AccountsPage<'a> {
    /// The rows, each still raw, so that one bad row does not cost the page.
    #[serde(borrow)]
    pub accounts: Vec<&'a RawValue>,
    /// Accounts in the whole list.
    pub total: Option<u64>,
    /// This page, from 1.
    pub page: Option<u64>,
    /// Echo of `per_page`.
    #[serde(alias = "per_page")]
    pub size: Option<u64>,
}

/// One row of `GET /accounts`.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct AccountRow<'a> {
    /// `MA_…`.
    #[serde(borrow)]
    pub auth_id: Cow<'a, str>,
    /// The customer's name.
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    /// The wallet, a string of 5 decimals.
    #[serde(borrow, default, deserialize_with = "as_written")]
    pub cash_credits: Option<&'a RawValue>,
    /// Street and house; like all contact fields below kept raw, for none of them may cost the row.
    #[serde(borrow)]
    pub address: Option<&'a RawValue>,
    /// The town.
    #[serde(borrow)]
    pub city: Option<&'a RawValue>,
    /// The State, like `KA`.
    #[serde(borrow)]
    pub state: Option<&'a RawValue>,
    /// The postal code.
    #[serde(borrow)]
    pub zip_code: Option<&'a RawValue>,
    /// The country.
    #[serde(borrow)]
    pub country: Option<&'a RawValue>,
    /// The GSTIN, right or wrong.
    #[serde(borrow)]
    pub gstin: Option<&'a RawValue>,
    /// Where bills are sent.
    #[serde(borrow)]
    pub email: Option<&'a RawValue>,
    /// Whether the customer deducts tax at source when it pays.
    #[serde(borrow)]
    pub tds_enabled: Option<&'a RawValue>,
    /// The percentage that it deducts; shown also where it deducts none.
    #[serde(borrow)]
    pub tds_percentage: Option<&'a RawValue>,
    /// Whether it is billed after use.
    #[serde(default)]
    pub postpaid: Option<bool>,
    /// Carries the currency.
    #[serde(borrow)]
    pub pricing_tier: Option<PricingTier<'a>>,
}

/// `GET /accounts/{id}/balance`: one wallet.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Balance<'a> {
    /// Whose it is.
    #[serde(borrow)]
    pub auth_id: Option<Cow<'a, str>>,
    /// The wallet, a string of 5 decimals.
    #[serde(borrow, default, deserialize_with = "as_written")]
    pub cash_credits: Option<&'a RawValue>,
}

/// The part of an account's pricing tier that is read.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct PricingTier<'a> {
    /// The currency of the account's rates, and so of its wallet.
    #[serde(borrow)]
    pub currency: Option<Cow<'a, str>>,
}

/// One page of a ledger, of one customer or of the partner. The global ledger's envelope is undocumented; the names
/// that other lists of the API use are read too.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct LedgerPage<'a> {
    /// The rows, each still raw, so that one bad row does not cost the page.
    #[serde(borrow, alias = "data", alias = "items")]
    pub transactions: Vec<&'a RawValue>,
    /// The control totals of the whole filtered window.
    #[serde(borrow)]
    pub summary: Option<&'a RawValue>,
    /// Entries in the whole filtered window.
    pub total: Option<u64>,
    /// This page, from 1.
    pub page: Option<u64>,
    /// Rows a page, as the server took it.
    pub per_page: Option<u64>,
    /// Pages in all, as the server says.
    pub total_pages: Option<u64>,
    /// Whose ledger the server thinks this is.
    #[serde(borrow)]
    pub account_auth_id: Option<Cow<'a, str>>,
}

impl LedgerPage<'_> {
    /// The control totals on the page.
    #[must_use]
    pub fn control(&self) -> Control {
        let total = self.total;
        let Some(raw) = self.summary else { return Control { total, ..Control::default() } };
        let Ok(summary) = object::<Summary<'_>>(raw.get().as_bytes()) else {
            return Control { total, unread: Some(AsWritten::new(raw.get())), ..Control::default() };
        };
        Control {
            total,
            transactions: count(summary.total_transactions),
            debit: figure(summary.total_debit),
            credit: figure(summary.total_credit),
            net: figure(summary.net_amount),
            unread: None,
        }
    }
}

/// The control totals that a ledger page carries.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct Summary<'a> {
    /// Entries in the window.
    #[serde(borrow)]
    pub total_transactions: Option<&'a RawValue>,
    /// Σ debits.
    #[serde(borrow)]
    pub total_debit: Option<&'a RawValue>,
    /// Σ credits.
    #[serde(borrow)]
    pub total_credit: Option<&'a RawValue>,
    /// Σ credits − Σ debits.
    #[serde(borrow)]
    pub net_amount: Option<&'a RawValue>,
}

/// One ledger row.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub struct LedgerRow<'a> {
    /// The identity.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The account the row is booked to.
    #[serde(borrow)]
    pub account_id: Cow<'a, str>,
    /// The direction, `credit` or `debit`; older literals occur.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The amount, a number or a string.
    #[serde(borrow)]
    pub amount: &'a RawValue,
    /// The currency.
    #[serde(borrow)]
    pub currency: Cow<'a, str>,
    /// Free text.
    #[serde(borrow, default)]
    pub description: Option<Cow<'a, str>>,
    /// `ptc:…`, `cdr:…`; left out when there is none.
    #[serde(borrow, default)]
    pub reference: Option<Cow<'a, str>>,
    /// The kind of reference, on the customer API only.
    #[serde(borrow, default)]
    pub reference_type: Option<Cow<'a, str>>,
    /// `completed` when settled.
    #[serde(borrow)]
    pub status: Cow<'a, str>,
    /// RFC 3339.
    #[serde(borrow)]
    pub created_at: Cow<'a, str>,
}

/// Reads a JSON object. An array is refused: serde would take its values for the object's, by their places.
///
/// # Errors
/// When the text is not JSON, no object, or not of this shape.
pub fn object<'a, T: Deserialize<'a>>(text: &'a [u8]) -> serde_json::Result<T> {
    match text.trim_ascii_start().first() {
        Some(b'[') => Err(serde_json::Error::custom("invalid type: sequence, expected an object")),
        Some(_) | None => serde_json::from_slice(text),
    }
}

/// The decimal text of a JSON number or string; nothing for any other JSON value.
#[must_use]
pub fn decimal_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Text<'_>>(text).ok().map(|text| text.0),
        Some(b'-' | b'0'..=b'9') => Some(Cow::Borrowed(text)),
        Some(_) | None => None,
    }
}

/// Decimals of a wallet (partner API: strings of 5 decimals).
const WALLET_DECIMALS: u32 = 5;

/// A sum of amounts, as a summary states it. Where it was made in binary floats, it is read at the ledger's scale.
#[must_use]
pub fn figure(raw: Option<&RawValue>) -> Figure<Amount> {
    stated(raw, |raw, text| match text.parse() {
        // A string was made of decimals: only a number can be what a float was printed as.
        Ok(amount) if !raw.get().starts_with('"') && Amount::is_float(text) => Some(Figure::Float(amount)),
        Ok(amount) => Some(Figure::Known(amount)),
        Err(_) => Amount::without_noise(text, SCALE).map(Figure::Float),
    })
}

/// What a wallet holds, or several together: to the last digit, but for the noise of binary floats beyond its 5 decimals.
#[must_use]
pub fn wallet(raw: Option<&RawValue>) -> Figure<Amount> {
    let exact = |text: &str| text.parse().ok();
    stated(raw, |_, text| Amount::without_noise(text, WALLET_DECIMALS).or_else(|| exact(text)).map(Figure::Known))
}

/// How many there are: a whole number, however it is written.
#[must_use]
pub fn count(raw: Option<&RawValue>) -> Figure<u64> {
    let one = Amount::from_units(10_i128.pow(SCALE));
    stated(raw, |_, text| {
        let units = text.parse::<Amount>().ok()?.units();
        let whole = (units % one.units() == 0).then_some(units / one.units());
        u64::try_from(whole?).ok().map(Figure::Known)
    })
}

/// A figure that is absent, or what reading its decimal text gives, or what was written.
fn stated<T>(raw: Option<&RawValue>, read: impl FnOnce(&RawValue, &str) -> Option<Figure<T>>) -> Figure<T> {
    let Some(raw) = raw else { return Figure::Absent };
    let read = decimal_text(raw).and_then(|text| read(raw, &text));
    read.unwrap_or_else(|| Figure::Unreadable(AsWritten::new(raw.get())))
}

/// A value with its `null`, which an `Option` alone would take for an absent one.
fn as_written<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// A JSON string, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The message in a refusal's body, in any of the shapes the partner uses: `message` beside `error`, `error` as an
/// object with a `message`, or a flat `error` text. Nothing when the body is not JSON or says nothing.
#[must_use]
pub fn refusal_message(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let at = |path: &str| value.pointer(path)?.as_str().map(ToOwned::to_owned);
    at("/message").or_else(|| at("/error/message")).or_else(|| at("/error")).or_else(|| at("/detail"))
}
