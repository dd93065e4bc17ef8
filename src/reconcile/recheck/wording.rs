//! The sentences of a recheck: what was sealed, what is there now, and the difference.

use std::collections::BTreeMap;

use super::Change;
use crate::domain::{Amount, Calendar, Class, Currency, Direction, Entry};

/// An entry as one value: `debit 1.31 INR, completed`.
pub(super) fn value(entry: &Entry) -> String {
    format!("{} {} {}, {}", entry.direction.word(), entry.amount, entry.currency, entry.status)
}

/// One sentence with both numbers and the difference.
pub(super) fn sentence(
    class: Class,
    gone: &[Entry],
    come: &[Entry],
    changes: &[Change],
    calendar: &Calendar,
) -> String {
    let Some(entry) = gone.first().or(come.first()) else { return String::new() };
    let named = crate::reconcile::wording::named(entry, calendar);
    let (ledger, month) = (ledger(entry), calendar.period);
    let told = if class == Class::LateEntry {
        format!("{named} was not in {ledger} when {month} was sealed, and is there now")
    } else if class == Class::VanishedAfterSeal {
        format!("{named} was in {ledger} when {month} was sealed, and is gone")
    } else {
        format!("{named} has changed in {ledger} since {month} was sealed: {}", told(changes))
    };
    format!("{told}; counted as sealed: {}, now: {}{}", counted(gone), counted(come), difference(gone, come))
}

fn ledger(entry: &Entry) -> String {
    entry.ledger.owner().map_or_else(|| "the master ledger".to_owned(), |owner| format!("the ledger of {owner}"))
}

/// The fields with both values: `amount 1.30, now 1.31`.
fn told(changes: &[Change]) -> String {
    let shown = |text: &str| if text.is_empty() { "empty".to_owned() } else { text.to_owned() };
    let each = changes.iter().map(|it| format!("{} {}, now {}", it.field, shown(&it.sealed), shown(&it.now)));
    each.collect::<Vec<_>>().join("; ")
}

type Sums = BTreeMap<(Direction, Currency), Amount>;

/// What entries come to in the totals of the period.
fn sums(entries: &[Entry]) -> Sums {
    let mut sums = Sums::new();
    for entry in entries.iter().filter(|entry| entry.counts()) {
        *sums.entry((entry.direction, entry.currency)).or_default() += entry.amount;
    }
    sums
}

fn counted(entries: &[Entry]) -> String {
    let each = sums(entries).into_iter().map(|((direction, currency), sum)| {
        let word = direction.word();
        format!("{word} {sum} {currency}")
    });
    let all = each.collect::<Vec<_>>().join(" and ");
    if all.is_empty() { "nothing".to_owned() } else { all }
}

fn difference(gone: &[Entry], come: &[Entry]) -> String {
    let mut differences = sums(come);
    for (key, sum) in sums(gone) {
        *differences.entry(key).or_default() += -sum;
    }
    differences.retain(|_, sum| !sum.is_zero());
    if differences.is_empty() {
        return " (difference 0.00)".to_owned();
    }
    let each = differences.into_iter().map(|((direction, currency), sum)| {
        let word = direction.word();
        format!("{word} {sum} {currency}")
    });
    format!(" (difference {})", each.collect::<Vec<_>>().join(", "))
}
