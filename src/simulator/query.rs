//! Reads what a request asks for, and refuses what the partner refuses.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};

use super::answer::Answer;
use super::flaws::Book;
use super::render::{Json, array, quoted};
use super::view::{Filter, TransactionType, end_of};
use crate::domain::Timestamp;

/// The parameters of a request. Unknown ones are dropped in silence; of a repeated one the last counts.
pub(super) struct Query(BTreeMap<String, String>);

/// The page that a request wants.
#[derive(Clone, Copy)]
pub(super) struct Paging {
    pub(super) page: u64,
    pub(super) per_page: u64,
}

impl Query {
    /// Reads a query string.
    pub(super) fn parse(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (decoded(k), decoded(v)))
                .collect(),
        )
    }

    /// A parameter that says something.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `page` and `per_page`, 1 and 20 where they are left out.
    pub(super) fn paging(&self, per_page_max: u64) -> Result<Paging, Answer> {
        Ok(Paging { page: self.number("page", 1, u64::MAX)?, per_page: self.number("per_page", 20, per_page_max)? })
    }

    /// What a ledger is asked for.
    pub(super) fn filter(&self, book: Book) -> Result<Filter, Answer> {
        let transaction_type = match self.text("transaction_type") {
            None => None,
            Some("recharge") => Some(TransactionType::Recharge),
            Some("refund") => Some(TransactionType::Refund),
            Some("transfer") => Some(TransactionType::Transfer),
            Some("debit") => Some(TransactionType::Debit),
            Some(other) => {
                let expected = "recharge, refund, transfer, debit";
                return Err(invalid("transaction_type", other, "enum", ("expected", &quoted(expected)), expected));
            }
        };
        let global = book == Book::Master;
        Ok(Filter {
            book,
            from: self.day("from_date")?,
            until: self.day("to_date")?.map(end_of),
            transaction_type,
            account: self.text("account").filter(|_text| global).map(ToOwned::to_owned),
            search: self.text("search").filter(|_text| global).map(str::to_lowercase),
        })
    }

    fn number(&self, name: &str, default: u64, max: u64) -> Result<u64, Answer> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match text.parse::<i128>() {
            Err(_not_a_number) => Err(invalid(name, text, "int_parsing", ("error", "\"no integer\""), "an integer")),
            Ok(value) if value < 1 => Err(invalid(name, text, "greater_than_equal", ("ge", "1"), "1 or more")),
            Ok(value) => u64::try_from(value).ok().filter(|value| *value <= max).ok_or_else(|| {
                invalid(name, text, "less_than_equal", ("le", &max.to_string()), &format!("{max} or less"))
            }),
        }
    }

    /// The first moment of a day, by UTC.
    fn day(&self, name: &str) -> Result<Option<Timestamp>, Answer> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let day = Some(text).filter(|text| text.len() == 10);
        let day = day.and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
        let day =
            day.ok_or_else(|| invalid(name, text, "date_parsing", ("error", "\"no day\""), "a day as YYYY-MM-DD"));
        day.map(|day| Some(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
    }
}

/// The 422 for one parameter; `context` is a key and its value as JSON.
fn invalid(name: &str, input: &str, kind: &str, context: (&str, &str), expected: &str) -> Answer {
    let detail = Json::object()
        .text("type", kind)
        .raw("loc", &array([quoted("query"), quoted(name)]))
        .text("msg", &format!("Expected {expected}"))
        .text("input", input)
        .raw("ctx", &Json::object().raw(context.0, context.1).done())
        .done();
    let body = Json::object()
        .text("error", "ValidationError")
        .text("message", &format!("Query parameter {name} is not valid"))
        .raw("details", &array([detail]))
        .count("status_code", 422)
        .done();
    Answer::json(422, body)
}

/// Undoes percent-encoding; `+` is a space, and what is no UTF-8 is replaced.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match (byte, escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (_, Some(value)) => {
                plain.push(value);
                at += 2;
            }
            (b'+', None) => plain.push(b' '),
            (other, None) => plain.push(*other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}
