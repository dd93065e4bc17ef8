//! Timing differences of the last month that did not clear: each becomes a break of this one.

use super::months::Months;
use super::{entries, wording};
use crate::domain::{BreakFacts, Carried, Class, Entry, OpenBreak, Side};

/// A break for each timing difference that the month just before handed on and that neither this month's breaks speak of nor
/// this month's books show cleared. Without an adjoining close nothing is claimed.
///
/// No entry of such a break counts in this month's totals, or a break of this month would speak of it already: so it has no
/// effect, and says what it was worth last month.
pub(super) fn uncleared(months: &Months<'_>) -> Vec<BreakFacts> {
    let Some(carried) = months.options.carried.filter(|carried| carried.adjoins) else { return Vec::new() };
    let left = carried.open.iter().filter(|open| open.class == Class::Timing && !months.found.speaks_of(open));
    left.filter(|open| months.unasked(open).is_none())
        .filter_map(|open| {
            let class = fault(months, open)?;
            Some(finding(months, carried, open, class))
        })
        .collect()
}

/// What is seen instead of the other half; nothing where the difference has cleared.
fn fault(months: &Months<'_>, open: &OpenBreak) -> Option<Class> {
    let copies = |id: &String| months.seen.copies(id);
    if open.entry_ids.iter().all(|id| !copies(id).is_empty() && months.is_sound(id, copies(id))) {
        return None;
    }
    // The half that was to fall into this month is the later one; both are told as moments in UTC, which sort as text.
    let customer_was_due = open.customer_value > open.master_value;
    if open.entry_ids.len() > 1 {
        let own = |entry: &Entry| entry.account == months.scope.partner;
        let all: Vec<&Entry> = open.entry_ids.iter().flat_map(copies).collect();
        let debit = all.iter().find(|entry| own(entry));
        let credit = all.iter().find(|entry| !own(entry));
        return Some(match (debit, credit) {
            (Some(debit), Some(credit)) if debit.currency != credit.currency => Class::CurrencyDiffers,
            (Some(debit), Some(credit)) if debit.amount != credit.amount => Class::AmountDiffers,
            (Some(_), None) => Class::UnpairedDebit,
            (Some(_), Some(_)) | (None, None) if customer_was_due => Class::UnpairedDebit,
            (Some(_) | None, Some(_)) | (None, None) => Class::UnpairedCredit,
        });
    }
    let missing = if customer_was_due { Class::MissingFromCustomer } else { Class::MissingFromMaster };
    let copies = open.entry_ids.first().map_or(&[][..], copies);
    let seen = entries::fault_at_rest(copies, months.books, months.scope, months.options);
    Some(seen.filter(|class| *class != Class::Timing && !copies.is_empty()).unwrap_or(missing))
}

fn finding(months: &Months<'_>, carried: &Carried, open: &OpenBreak, class: Class) -> BreakFacts {
    let all: Vec<&Entry> = open.entry_ids.iter().flat_map(|id| months.seen.copies(id)).collect();
    let pair = open.entry_ids.len() > 1;
    let own = |entry: &&&Entry| entry.account == months.scope.partner;
    let master = all.iter().find(|entry| if pair { own(entry) } else { entry.side == Side::Master }).copied();
    let customer = all.iter().find(|entry| if pair { !own(entry) } else { entry.side == Side::Customer }).copied();
    let (field, master_value, customer_value) = wording::values(class, master, customer);
    let calendar = &months.books.calendar;
    let half = |name: &str, entry: Option<&Entry>| match entry {
        Some(entry) => format!("{} {} of {} {name}", entry.amount, entry.currency, calendar.day(entry.created_at)),
        None => format!("nothing {name}"),
    };
    let (from, to) = if pair {
        ("left the partner's wallet", "reached the customer")
    } else {
        ("in the master ledger", "in the customer's")
    };
    let currency = open.currency.map(|currency| format!(" {currency}")).unwrap_or_default();
    let explanation = format!(
        "the timing difference of {} on entry {} of {}, worth {}{currency} there, has not cleared: now {} and {}; no total of \
         this month differs by it",
        carried.run,
        open.entry_ids.join(" and "),
        open.account.as_deref().unwrap_or("the partner"),
        open.effect,
        half(from, master),
        half(to, customer),
    );
    BreakFacts {
        class,
        account: open.account.clone(),
        currency: open.currency,
        entry_ids: open.entry_ids.clone(),
        reference: open.reference.clone(),
        field,
        master_value,
        customer_value,
        legs: Vec::new(),
        origins: all.iter().map(|entry| entry.origin_text()).collect(),
        explanation,
    }
}
