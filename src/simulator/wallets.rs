//! What the wallets hold: what their entries make of them, and what a flaw does to that.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::accounts::Account;
use super::books::{Booked, Books, Draft, Holder, Row, uuid};
use super::times::Times;
use crate::domain::{Amount, Currency, Timestamp};

/// Units of 10⁻⁸ in a hundred.
const HUNDRED: i128 = 10_000_000_000;

/// A whole unit of currency: how far below zero a wallet falls.
pub(super) const ONE: Amount = Amount::from_units(100_000_000);

/// The opening and the present balance of a wallet. It opens with more than its rows ever take out, so that it is
/// never below zero.
pub(super) fn wallet(rows: &[Row], currency: Currency, rng: &mut ChaCha8Rng) -> (Amount, Amount) {
    let (mut debits, mut movement) = (Amount::ZERO, Amount::ZERO);
    for row in rows.iter().filter(|row| row.currency == currency) {
        let (debit, credit) = row.debit_and_credit();
        debits += debit;
        if row.is_settled() {
            movement += credit - debit;
        }
    }
    let opening = Amount::from_units((debits.units() / HUNDRED + rng.random_range(1..50)) * HUNDRED);
    (opening, opening + movement)
}

/// The least that the settled rows of a wallet come to within the month, from the first of all rows on; credits of one
/// moment count before its debits.
pub(super) fn lowest<'a>(rows: impl Iterator<Item = &'a Row>, currency: Currency, times: &Times) -> Amount {
    let mut rows: Vec<&Row> = rows.filter(|row| row.currency == currency && row.is_settled()).collect();
    rows.sort_by_key(|row| (row.created_at, row.kind != "credit"));
    let (mut sum, mut lowest) = (Amount::ZERO, Amount::ZERO);
    for row in rows {
        let (debit, credit) = row.debit_and_credit();
        sum += credit - debit;
        if times.calendar.contains(row.created_at) {
            lowest = lowest.min(sum);
        }
    }
    lowest
}

/// The lowest point of one customer's wallet as the books stand.
pub(super) fn lowest_in(books: &Books, index: usize, account: &Account, times: &Times) -> Amount {
    let rows = books.entries[books.spans[index].clone()].iter().filter_map(Booked::untouched);
    lowest(rows, account.currency, times)
}

/// The top-up that a wallet begins with, long before the month.
pub(super) fn founding(holder: &Holder, amount: Amount, at: Timestamp, rng: &mut ChaCha8Rng) -> Row {
    let reference = Some(format!("pay:{}", uuid(rng)).into());
    let description = "Recharge via payment gateway".to_owned();
    Draft { holder, kind: "credit", amount, description, reference, at }.row(rng)
}
