//! What stands behind an invoice: each customer's settled entries of the period, by day and class or entry by entry, for its
//! annex.

use std::collections::BTreeMap;

use crate::domain::{Amount, ChargeClass, Currency, Direction, Side, Timestamp};
use crate::frame::FrameError;
use crate::normalise::Books;

/// One line of an annex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageLine {
    /// The day, or the moment of an entry, by the partner's calendar.
    pub when: String,
    /// Which way: debits are usage.
    pub direction: Direction,
    /// The charge class.
    pub class: ChargeClass,
    /// What the entry says; empty for a day.
    pub description: String,
    /// The entry; empty for a day.
    pub entry: String,
    /// Entries it stands for.
    pub entries: u64,
    /// What the wallet was charged; below zero for a credit.
    pub amount: Amount,
}

/// The annexes by account and currency.
pub type Usage = BTreeMap<(String, Currency), Vec<UsageLine>>;

/// How usage is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A line for each day and charge class.
    Days,
    /// A line for each entry.
    Entries,
}

/// The annexes of every customer.
///
/// # Errors
/// When the frame refuses.
pub fn usage(books: &Books, detail: Detail) -> Result<Usage, FrameError> {
    match detail {
        Detail::Days => by_day(books),
        Detail::Entries => by_entry(books),
    }
}

fn by_day(books: &Books) -> Result<Usage, FrameError> {
    let (days, midnights): (Vec<chrono::NaiveDate>, Vec<Timestamp>) = books.calendar.days().unzip();
    let mut usage = Usage::new();
    for it in books.ledgers.usage(Side::Customer, &midnights)? {
        let day = usize::try_from(it.day).ok().and_then(|day| days.get(day.checked_sub(1)?));
        usage.entry((it.account, it.currency)).or_default().push(UsageLine {
            when: day.map(ToString::to_string).unwrap_or_default(),
            direction: it.direction,
            class: it.class,
            description: String::new(),
            entry: String::new(),
            entries: it.entries,
            amount: signed(it.direction, it.amount),
        });
    }
    Ok(usage)
}

fn by_entry(books: &Books) -> Result<Usage, FrameError> {
    let mut entries = books.ledgers.counting(Side::Customer)?;
    entries.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let mut usage = Usage::new();
    for it in entries {
        usage.entry((it.holder().to_owned(), it.currency)).or_default().push(UsageLine {
            when: books.calendar.local(it.created_at),
            direction: it.direction,
            class: it.class.clone(),
            description: it.description.clone(),
            entry: it.id.clone(),
            entries: 1,
            amount: signed(it.direction, it.amount),
        });
    }
    Ok(usage)
}

fn signed(direction: Direction, amount: Amount) -> Amount {
    if direction == Direction::Credit { -amount } else { amount }
}
