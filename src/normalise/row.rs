//! One row: the partner's JSON into an entry, or the reason why not.

use std::collections::BTreeMap;

use chrono::{DateTime, Timelike};
use serde_json::value::RawValue;

use super::classify::{Rules, direction_of};
use super::leap::is_leap_second;
use crate::domain::{Amount, Calendar, Currency, Entry, List, Origin, Timestamp, UnreadableRow};
use crate::wire::{LedgerRow, decimal_text, object};

/// The only status that counts as settled (partner API, ledger rows).
const SETTLED: &str = "completed";

/// Times outside these years are absurd, not early or late (2000-01-01 and 2200-01-01, in microseconds UTC).
const SENSIBLE: std::ops::Range<Timestamp> = 946_684_800_000_000..7_258_118_400_000_000;

/// Nanoseconds of a second: from there on a moment is in a second 60, as chrono counts.
const NANOSECONDS: u32 = 1_000_000_000;

/// Longest text taken over into a reason.
const SHOWN_MAX: usize = 60;

/// What a row is read with.
pub(super) struct Reading<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) rules: &'a Rules,
}

/// Reads one row of a ledger.
pub(super) fn entry(
    raw: &RawValue,
    list: &List,
    origin: Origin,
    reading: &Reading<'_>,
) -> Result<Entry, Box<UnreadableRow>> {
    let row: LedgerRow<'_> = object(raw.get().as_bytes())
        .map_err(|refused| Box::new(unreadable(raw, list, origin, without_position(&refused))))?;
    let refuse = |reason| Box::new(unreadable(raw, list, origin, reason));
    if row.id.trim().is_empty() {
        return Err(refuse("id is empty".to_owned()));
    }
    if row.account_id.trim().is_empty() {
        return Err(refuse("account_id is empty".to_owned()));
    }
    let text = decimal_text(row.amount)
        .ok_or_else(|| refuse(format!("amount {} is not a decimal number", shown(row.amount.get()))))?;
    let amount = Amount::of_entry(&text).map_err(|refused| refuse(format!("amount {refused}")))?;
    let currency: Currency = row.currency.parse().map_err(|refused| refuse(format!("currency {refused}")))?;
    let created_at = moment(&row.created_at).map_err(&refuse)?;
    let direction = direction_of(&row.kind);
    let class = reading.rules.class_of(&row, direction);
    Ok(Entry {
        side: list.side(),
        ledger: list.clone(),
        id: row.id.into_owned(),
        account: row.account_id.into_owned(),
        currency,
        direction,
        amount,
        class,
        settled: row.status == SETTLED,
        kind: row.kind.into_owned(),
        status: row.status.into_owned(),
        reference: row.reference.map(std::borrow::Cow::into_owned),
        description: row.description.map(std::borrow::Cow::into_owned).unwrap_or_default(),
        created_at,
        in_period: reading.calendar.contains(created_at),
        in_period_utc: reading.calendar.contains_utc(created_at),
        origin,
    })
}

/// A moment from RFC 3339 text. A leap second is the first moment of the next day.
fn moment(text: &str) -> Result<Timestamp, String> {
    let Ok(parsed) = DateTime::parse_from_rfc3339(text) else {
        return Err(format!("created_at {} is not a date and time (RFC 3339)", shown(text)));
    };
    let (utc, moment) = (parsed.naive_utc(), parsed.timestamp_micros());
    if utc.nanosecond() >= NANOSECONDS && !is_leap_second(utc) {
        return Err(format!("created_at {} has a second 60, and there was no leap second", shown(text)));
    }
    if SENSIBLE.contains(&moment) {
        Ok(moment)
    } else {
        Err(format!("created_at {} is not between the years 2000 and 2200", shown(text)))
    }
}

fn unreadable(raw: &RawValue, list: &List, origin: Origin, reason: String) -> UnreadableRow {
    let (id, account) = (text_of(raw, "id"), text_of(raw, "account_id"));
    UnreadableRow { list: list.clone(), origin, id, account, reason }
}

/// The text under a key of a row that cannot be read as a whole. The other values are passed over as they stand, so that
/// one that no parser takes does not cost the row its name.
pub(super) fn text_of(raw: &RawValue, key: &str) -> Option<String> {
    let values: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    let text: String = serde_json::from_str(values.get(key)?.get()).ok()?;
    (!text.trim().is_empty()).then_some(text)
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN_MAX).collect::<String>())
}

/// A parser's message without the position in the row, which says nothing to a reader of papers.
pub(super) fn without_position(refused: &serde_json::Error) -> String {
    let text = refused.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
