//! Writes the partner's JSON: the documented keys, in the documented order, with the documented types.
//!
//! Numbers are written from exact text, so that no binary float ever holds money.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{Days, NaiveDate};

use super::accounts::{Account, Partner};
use super::books::Row;
use super::times::moment;
use super::world::World;
use crate::domain::{Amount, Currency, Rounding, Timestamp, round};

/// A JSON object being written, key by key.
pub(super) struct Json(String);

impl Json {
    /// An empty object.
    pub(super) const fn object() -> Self {
        Self(String::new())
    }

    /// A value that is JSON already.
    pub(super) fn raw(mut self, key: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        quote(&mut self.0, key);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// A text.
    pub(super) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, &quoted(value))
    }

    /// An amount as a number.
    pub(super) fn number(self, key: &str, value: Amount) -> Self {
        self.raw(key, &value.to_text(0))
    }

    /// A count.
    pub(super) fn count(self, key: &str, value: usize) -> Self {
        self.raw(key, &value.to_string())
    }

    /// True or false.
    pub(super) fn flag(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    /// Null.
    pub(super) fn null(self, key: &str) -> Self {
        self.raw(key, "null")
    }

    /// Several nulls.
    fn nulls(self, keys: &[&str]) -> Self {
        keys.iter().fold(self, |json, key| json.null(key))
    }

    /// More keys, where they are wanted.
    fn when(self, wanted: bool, more: impl FnOnce(Self) -> Self) -> Self {
        if wanted { more(self) } else { self }
    }

    /// The object's text.
    pub(super) fn done(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}

/// A JSON array of values that are JSON already.
pub(super) fn array(values: impl IntoIterator<Item = String>) -> String {
    let mut text = String::from("[");
    for value in values {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&value);
    }
    text.push(']');
    text
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    quote(&mut json, text);
    json
}

fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // Writing to a string cannot fail.
            c if c < ' ' => write!(json, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => json.push(c),
        }
    }
    json.push('"');
}

/// One ledger row.
pub(super) fn row(row: &Row) -> String {
    let at = quoted(&moment(row.created_at).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
    let json = Json::object()
        .text("id", &row.id)
        .text("account_id", &row.account_id)
        .text("balance_id", &row.balance_id)
        .text("type", row.kind)
        .raw("amount", &row.amount)
        .text("currency", row.currency.code())
        .text("description", &row.description);
    let json = row.reference.iter().fold(json, |json, reference| json.text("reference", reference));
    json.text("status", row.status).raw("processed_at", &at).raw("created_at", &at).raw("updated_at", &at).done()
}

/// `/accounts/{id}/balance`.
pub(super) fn balance(account: &Account) -> String {
    Json::object()
        .text("auth_id", &account.auth_id)
        .text("name", &account.name)
        .text("cash_credits", &account.wallet.to_text(5))
        .text("currency", account.currency.code())
        .text("updated_at", &offset_time(account.updated_at))
        .done()
}

impl World {
    /// `/me`.
    pub(super) fn render_me(&self) -> String {
        partner(&self.partner, self.accounts.len(), Some(self.partner.wallet))
    }

    /// One account: as a row of the list (`listed`), or as the object of its own path, which has fewer keys.
    pub(super) fn render_account(&self, account: &Account, listed: bool) -> String {
        identity(account)
            .text("billing_mode", "prepaid")
            .flag("auto_recharge", false)
            .text("cash_credits", &account.wallet.to_text(5))
            .count("cps_limit", 1)
            .count("concurrent_calls_limit", 4)
            .when(listed, |json| {
                let nulls =
                    ["base_cps_limit", "base_concurrent_calls_limit", "purchased_cps", "purchased_concurrent_calls"];
                json.nulls(&nulls)
            })
            .flag("is_active", true)
            .flag("is_verified", true)
            .flag("is_trial_account", false)
            .flag("enabled", true)
            .text("kyc_status", "kyc_completed")
            .when(listed, |json| {
                let json = json.nulls(&["google_id", "referral_code"]).flag("referral_disabled", false);
                json.nulls(&["custom_referrer_reward_amount", "custom_referee_reward_amount"])
            })
            .text("created_at", &offset_time(account.created_at))
            .text("updated_at", &offset_time(account.updated_at))
            .text("last_login", &offset_time(account.updated_at))
            .text("pricing_tier_id", &self.partner.tier_id)
            .raw("pricing_tier", &pricing_tier(&self.partner, account, listed))
            .text("partner_id", &self.partner.uuid)
            .null("auto_recharge_config")
            .text("resource_uri", &format!("/v1/Account/{}/", account.auth_id))
            .text("auth_token", &account.token)
            .done()
    }

    /// `/dashboard`: the thirty days up to today.
    pub(super) fn render_dashboard(&self) -> String {
        let today = self.plan.today;
        let from = today.checked_sub_days(Days::new(30)).unwrap_or(today);
        let (all, by_day) = self.traffic(from, today);
        let customers = self.accounts.iter().map(|account| {
            Json::object()
                .text("auth_id", &account.auth_id)
                .text("name", &account.name)
                .text("email", &account.email)
                .text("phone", &account.phone)
                .flag("is_active", true)
                .text("created_at", &offset_time(account.created_at))
                .done()
        });
        let count = self.accounts.len();
        let accounts = Json::object().count("total", count).count("active", count).raw("customers", &array(customers));
        let none = Traffic::default();
        let directions = Json::object().raw("inbound", &none.render()).raw("outbound", &all.render());
        let products = Json::object().raw("sip_trunking", &none.render()).raw("voice_api", &all.render());
        let days = by_day.iter().map(|(day, traffic)| {
            let json = traffic.keys(Json::object().text("date", &day.to_string()));
            json.raw("inbound", &none.render_uncosted()).raw("outbound", &traffic.render_uncosted()).done()
        });
        Json::object()
            .raw("partner", &partner(&self.partner, count, None))
            .raw("period", &Json::object().text("from", &from.to_string()).text("to", &today.to_string()).done())
            .raw("accounts", &accounts.done())
            .text("total_balance", &self.wallets().to_text(5))
            .text("currency", self.partner.holder.currency.code())
            .raw("calls", &all.render())
            .raw("traffic", &directions.done())
            .raw("by_product", &products.done())
            .raw("time_series", &array(days))
            .done()
    }

    /// Calls between two UTC days, in all and by day. Each ledger row of a call is one answered, outbound call.
    fn traffic(&self, from: NaiveDate, to: NaiveDate) -> (Traffic, BTreeMap<NaiveDate, Traffic>) {
        let (mut all, mut by_day) = (Traffic::default(), BTreeMap::<NaiveDate, Traffic>::new());
        for row in self.ledgers.iter().flatten() {
            let day = moment(row.created_at).date_naive();
            if row.description.starts_with("Call to ") && (from..=to).contains(&day) {
                all.add(row);
                by_day.entry(day).or_default().add(row);
            }
        }
        (all, by_day)
    }
}

/// Calls, their seconds and their cost.
#[derive(Default)]
struct Traffic {
    calls: usize,
    seconds: usize,
    cost: Amount,
}

impl Traffic {
    fn add(&mut self, row: &Row) {
        let length = row.description.rsplit('(').next().and_then(|tail| tail.strip_suffix("s)"));
        self.calls += 1;
        self.seconds += length.and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
        self.cost += row.value();
    }

    fn render(&self) -> String {
        self.keys(Json::object()).done()
    }

    fn keys(&self, json: Json) -> Json {
        let cost = round(self.cost.to_decimal(), 2, Rounding::HalfUp);
        self.uncosted_keys(json).text("total_cost", &cost.to_text(2))
    }

    fn render_uncosted(&self) -> String {
        self.uncosted_keys(Json::object()).done()
    }

    fn uncosted_keys(&self, json: Json) -> Json {
        let tenths = self.seconds / 6;
        let minutes = if tenths.is_multiple_of(10) {
            (tenths / 10).to_string()
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        json.count("total_calls", self.calls).count("answered_calls", self.calls).raw("total_minutes", &minutes)
    }
}

/// The partner; the dashboard leaves its balance null.
fn partner(partner: &Partner, accounts: usize, balance: Option<Amount>) -> String {
    let json = Json::object()
        .text("id", &partner.uuid)
        .count("account_id", 500_000)
        .text("name", &partner.name)
        .text("slug", "sagar-voice")
        .text("company", "Sagar Voice Private Limited")
        .text("auth_id", &partner.auth_id)
        .text("email", "close@partner.example")
        .text("phone", "+919800000000")
        .text("billing_model", "direct")
        .flag("is_active", true)
        .flag("is_verified", true)
        .count("max_accounts", 20_000)
        .flag("can_create_accounts", true)
        .flag("can_create_pricing_tiers", true)
        .flag("can_view_cdrs", true)
        .flag("can_transfer_balance", true)
        .text("default_pricing_tier_id", &partner.tier_id)
        .count("account_count", accounts);
    let json = match balance {
        Some(balance) => json.text("balance", &balance.to_text(5)),
        None => json.null("balance"),
    };
    json.text("created_at", &utc_time(partner.created_at)).text("updated_at", &utc_time(partner.updated_at)).done()
}

/// The first half of an account: who it is.
fn identity(account: &Account) -> Json {
    let (address, city, state, country, zip_code, gstin) = place_of(account);
    let json = Json::object()
        .text("name", &account.name)
        .text("email", &account.email)
        .text("phone", &account.phone)
        .null("description");
    let json = match gstin {
        Some(gstin) => json.text("gstin", gstin).text("gst_status", "active"),
        None => json.nulls(&["gstin", "gst_status"]),
    };
    // Customers of one State deduct; the percentage is shown for all.
    json.flag("tds_enabled", gstin.is_some_and(|gstin| gstin.starts_with("27")))
        .count("tds_percentage", 2)
        .text("business_type", "company")
        .text("id", &account.id)
        .text("auth_id", &account.auth_id)
        .text("api_id", &account.api_id)
        .text("account_type", "standard")
        .text("role", "user")
        .flag("postpaid", false)
        .text("address", address)
        .text("city", city)
        .text("state", state)
        .text("timezone", "Asia/Kolkata")
        .text("country", country)
        .text("zip_code", zip_code)
        .text("company", &account.name)
}

/// Address, town, State, country, postal code and, where it is registered, GSTIN.
type Residence = (&'static str, &'static str, &'static str, &'static str, &'static str, Option<&'static str>);

/// Where customers live: in the partner's State and in others, registered and not; whoever pays in another currency, abroad.
const RESIDENCES: [Residence; 5] = [
    ("12 Residency Road", "Bengaluru", "KA", "IN", "560025", Some("29AAGCB7383J1Z4")),
    ("7 Marine Drive", "Mumbai", "MH", "IN", "400020", Some("27AAPFU0939F1ZV")),
    ("31 Brigade Road", "Bengaluru", "KA", "IN", "560001", None),
    ("5 Sector 17", "Chandigarh", "CH", "IN", "160017", Some("04AABFN9870CMZT")),
    ("88 Anna Salai", "Chennai", "TN", "IN", "600002", Some("33AABCT3312J1ZP")),
];

const ABROAD: Residence = ("2 Creek Road", "Dubai", "Dubai", "AE", "00000", None);

fn place_of(account: &Account) -> Residence {
    let place = account.id.parse::<usize>().unwrap_or(0) % RESIDENCES.len();
    if account.currency == Currency::INR { RESIDENCES[place] } else { ABROAD }
}

/// The pricing tier; an account's own path shows less of it.
fn pricing_tier(partner: &Partner, account: &Account, listed: bool) -> String {
    Json::object()
        .text("id", &partner.tier_id)
        .text("name", "Standard")
        .text("currency", account.currency.code())
        .raw("rate_per_minute", "0.45")
        .when(listed, |json| {
            json.raw("streaming_rate_per_minute", "0.2")
                .raw("recording_rate_per_minute", "0.1")
                .raw("whatsapp_voice_rate", "0.45")
                .raw("transcription_rate_per_minute", "0.1")
                .raw("pii_redaction_rate_per_minute", "0.3")
                .flag("charge_non_connected_calls", true)
                .raw("non_connected_call_fee", "0.02")
                .raw("did_release_fee", "700")
        })
        .flag("is_active", true)
        .flag("is_default", false)
        .null("partner_id")
        .done()
}

/// A time as accounts write it.
fn offset_time(at: Timestamp) -> String {
    moment(at).format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// A time as everything else writes it.
fn utc_time(at: Timestamp) -> String {
    moment(at).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
