//! Explains a day of the month: what it comes to by currency and kind of wallet, and the entries that make it up.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{FrameError, Page};
use crate::domain::Side;
use crate::reconcile::DayTotal;

impl Page<'_> {
    /// A day of the period, `day:2026-03-05`; nothing where no entry of the period is settled, or the day is not of it.
    pub(super) fn explain_day(&mut self, id: &str) -> Result<bool, FrameError> {
        let close = self.close;
        let Some(day) = id.strip_prefix("day:").and_then(|text| text.parse::<NaiveDate>().ok()) else {
            return Ok(false);
        };
        let totals: Vec<&DayTotal> = close.reconciliation.days.iter().filter(|it| it.day == day).collect();
        let calendar = close.books.calendar;
        let from = calendar.days().find(|(date, _)| *date == day).map(|(_, from)| from);
        let Some(from) = from.filter(|_| !totals.is_empty()) else { return Ok(false) };
        let to = calendar.days().map(|(_, begins)| begins).find(|begins| *begins > from).unwrap_or(calendar.end);
        self.line(&format!("day {day}, from {} to before {}", calendar.local(from), calendar.local(to)));
        for DayTotal { own_wallet, currency, entries, credits, debits, .. } in totals {
            let whose = if *own_wallet { "own wallet" } else { "customers" };
            self.line(&format!("  {currency} {whose}: {entries} settled entries, credits {credits}, debits {debits}"));
        }
        let partner = close.books.partner.account.as_str();
        let mut of_customers = close.books.ledgers.entries_between(Side::Customer, partner, false, (from, to))?;
        let accounts: BTreeSet<&str> = close.reconciliation.accounts.iter().map(|it| it.account.as_str()).collect();
        of_customers.retain(|entry| entry.ledger.owner().is_some_and(|owner| accounts.contains(owner.as_str())));
        let own = close.books.master.entries_between(Side::Master, partner, true, (from, to))?;
        self.entries("entries of the customers", &of_customers);
        self.entries("entries of the own wallet", &own);
        Ok(true)
    }
}
