//! The id families: one entry, as both books carry it. Every copy of an id is judged together, and an id gives at most
//! one break, whose legs are all that its copies add to the tie-outs: so the effects always add up.

use std::collections::BTreeMap;

use super::Options;
use super::legs::Legs;
use super::scope::Scope;
use super::wording;
use crate::domain::{BreakFacts, ChargeClass, Class, Entry, Side, UnreadableRow};
use crate::frame::{Comparison, FrameError};
use crate::normalise::Books;

/// Every copy of one entry.
#[derive(Default)]
struct Group<'a> {
    master: Vec<&'a Entry>,
    customers: Vec<&'a Entry>,
    unreadable: Vec<&'a UnreadableRow>,
}

/// Compares the books entry by entry.
pub(super) fn compare(books: &Books, scope: &Scope, options: &Options<'_>) -> Result<Vec<BreakFacts>, FrameError> {
    let also: Vec<String> = books.unreadable.iter().filter_map(|row| row.id.clone()).collect();
    let comparison = Comparison {
        master: &books.master,
        customers: &books.ledgers,
        both_read: scope.master,
        partner: &scope.partner,
        also: &also,
    };
    let entries = comparison.to_judge()?;
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for entry in &entries {
        let group = groups.entry(&entry.id).or_default();
        match entry.side {
            Side::Master => group.master.push(entry),
            Side::Customer => group.customers.push(entry),
        }
    }
    let mut found = Vec::new();
    for row in &books.unreadable {
        match row.id.as_deref() {
            Some(id) => groups.entry(id).or_default().unreadable.push(row),
            None => found.push(unreadable(&[row], &Group::default(), scope)),
        }
    }
    found.extend(groups.values().filter_map(|group| judge(group, books, scope, options)));
    Ok(found)
}

/// The one break of an id, if it has any.
fn judge(group: &Group<'_>, books: &Books, scope: &Scope, options: &Options<'_>) -> Option<BreakFacts> {
    if !group.unreadable.is_empty() {
        return Some(unreadable(&group.unreadable, group, scope));
    }
    let class = fault(group, scope, options)?;
    let (master, customer) = (group.master.first().copied(), group.customers.first().copied());
    let legs = legs(group, scope);
    let entry = customer.or(master)?;
    let effect = legs.total(entry.currency);
    let (field, master_value, customer_value) = wording::values(class, master, customer);
    let explanation = wording::sentence(class, master, customer, effect, &books.calendar);
    Some(BreakFacts {
        class,
        account: Some(entry.holder().to_owned()),
        currency: Some(entry.currency),
        entry_ids: vec![entry.id.clone()],
        reference: entry.reference.clone(),
        field,
        master_value,
        customer_value,
        legs: legs.finish(),
        origins: copies(group).map(Entry::origin_text).collect(),
        explanation,
    })
}

fn copies<'a>(group: &'a Group<'_>) -> impl Iterator<Item = &'a Entry> {
    group.master.iter().chain(&group.customers).copied()
}

fn legs(group: &Group<'_>, scope: &Scope) -> Legs {
    let mut legs = Legs::default();
    copies(group).filter(|entry| scope.compares(entry.holder())).for_each(|entry| legs.add(entry));
    legs
}

/// The first fault in order of precedence, `None` for an entry that is sound or another month's.
fn fault(group: &Group<'_>, scope: &Scope, options: &Options<'_>) -> Option<Class> {
    // A ledger that could not be read is one break by itself: its side of the master is not reported entry by entry.
    if group.customers.is_empty() && copies(group).all(|entry| scope.missing.contains_key(&entry.account)) {
        return None;
    }
    let inside = copies(group).any(|entry| entry.in_period);
    if copies(group).all(|entry| !entry.settled) {
        return inside.then_some(Class::Unsettled);
    }
    let straddles = copies(group).any(|entry| entry.in_period != entry.in_period_utc);
    let straddle = straddles.then_some(Class::ZoneStraddle);
    if !inside {
        return straddle;
    }
    existence(group, scope)
        .or_else(|| repetition(group))
        .or_else(|| valuation(group.master.first()?, group.customers.first()?, options))
        .or_else(|| alone(group))
        .or(straddle)
        .or_else(|| classification(group))
}

/// What is wrong with an entry whatever its month: the first fault in order of precedence of all its copies, or `Timing`
/// where they lie on different sides of the period. A sound entry is settled.
pub(super) fn fault_at_rest(copies: &[Entry], books: &Books, scope: &Scope, options: &Options<'_>) -> Option<Class> {
    let of = |side| copies.iter().filter(|entry| entry.side == side).collect();
    let group = Group { master: of(Side::Master), customers: of(Side::Customer), unreadable: Vec::new() };
    let place = |entry: &Entry| (entry.in_period, !entry.in_period && entry.created_at < books.calendar.start);
    let apart = |entry: &Entry| copies.first().is_some_and(|first| place(entry) != place(first));
    let unsettled = copies.iter().any(|entry| !entry.settled).then_some(Class::StatusDiffers);
    existence(&group, scope)
        .or_else(|| repetition(&group))
        .or_else(|| valuation(group.master.first()?, group.customers.first()?, options))
        .filter(|class| *class != Class::RoundingDiffers)
        .or(unsettled)
        .or_else(|| copies.iter().any(apart).then_some(Class::Timing))
        .or_else(|| classification(&group).filter(|class| *class == Class::Unclassified))
}

/// Is it there on both sides?
fn existence(group: &Group<'_>, scope: &Scope) -> Option<Class> {
    if !scope.master {
        return None;
    }
    if let Some(stranger) = group.master.iter().find(|entry| !scope.knows(&entry.account)) {
        let elsewhere = group.customers.iter().any(|entry| entry.holder() == stranger.account);
        return (!elsewhere).then_some(Class::UnknownAccount);
    }
    match (group.master.is_empty(), group.customers.is_empty()) {
        (false, true) => Some(Class::MissingFromCustomer),
        (true, false) => Some(Class::MissingFromMaster),
        (false, false) | (true, true) => {
            // In the ledgers of two customers, while the master knows it once.
            let first = group.customers.first()?.holder();
            group.customers.iter().any(|entry| entry.holder() != first).then_some(Class::MissingFromMaster)
        }
    }
}

/// Is it there once, in each book? The first fault in order of precedence, where the books differ in this, too.
fn repetition(group: &Group<'_>) -> Option<Class> {
    let of_book = |copies: &[&Entry]| {
        let same = copies.iter().all(|copy| copy.same_content(copies[0]));
        (copies.len() > 1).then_some(if same { Class::DuplicateEntry } else { Class::ConflictingEntry })
    };
    of_book(&group.master).into_iter().chain(of_book(&group.customers)).min()
}

/// Do both sides say the same of it?
fn valuation(master: &Entry, customer: &Entry, options: &Options<'_>) -> Option<Class> {
    let difference = (master.amount - customer.amount).abs();
    if master.account != customer.holder() || customer.account != customer.holder() {
        Some(Class::AccountDiffers)
    } else if master.currency != customer.currency {
        Some(Class::CurrencyDiffers)
    } else if master.direction != customer.direction || master.amount.is_negative() || customer.amount.is_negative() {
        Some(Class::DirectionDiffers)
    } else if difference > options.tolerance {
        Some(Class::AmountDiffers)
    } else if !difference.is_zero() {
        Some(Class::RoundingDiffers)
    } else if master.settled != customer.settled {
        Some(Class::StatusDiffers)
    } else {
        (master.in_period != customer.in_period).then_some(Class::Timing)
    }
}

/// What can be said of an entry without its counterpart, where the other book was not read.
fn alone(group: &Group<'_>) -> Option<Class> {
    if copies(group).any(|entry| entry.account != entry.holder()) {
        return Some(Class::AccountDiffers);
    }
    copies(group).any(|entry| entry.amount.is_negative()).then_some(Class::DirectionDiffers)
}

/// Do we know what it is?
fn classification(group: &Group<'_>) -> Option<Class> {
    let is = |class| copies(group).any(|entry| entry.class.as_str() == class);
    if is(ChargeClass::UNCLASSIFIED) {
        return Some(Class::Unclassified);
    }
    is(ChargeClass::ADJUSTMENT).then_some(Class::Adjustment)
}

/// One break for the rows of one id that cannot be read; the readable copies are explained by it, too.
fn unreadable(rows: &[&UnreadableRow], group: &Group<'_>, scope: &Scope) -> BreakFacts {
    let place = |row: &UnreadableRow| row.origin.within(&row.list);
    let owner = rows.iter().find_map(|row| row.list.owner().map(ToString::to_string).or_else(|| row.account.clone()));
    let readable = copies(group).next();
    let legs = legs(group, scope);
    let each: Vec<String> = rows
        .iter()
        .map(|row| {
            let entry = row.id.as_ref().map(|id| format!(" (entry {id})")).unwrap_or_default();
            format!("{}{entry}: {}", place(row), row.reason)
        })
        .collect();
    let counterpart = readable.map_or_else(String::new, |entry| {
        format!("; the other book has {} {} {}", entry.direction.word(), entry.amount, entry.currency)
    });
    let side = |side: Side| {
        let unread = rows.iter().any(|row| row.list.side() == side);
        let copy = copies(group).find(|entry| entry.side == side).map(|entry| entry.amount.to_string());
        if unread { "unreadable".to_owned() } else { copy.unwrap_or_else(|| "absent".to_owned()) }
    };
    BreakFacts {
        class: Class::UnreadableEntry,
        account: owner,
        currency: readable.map(|entry| entry.currency),
        entry_ids: rows.first().and_then(|row| row.id.clone()).into_iter().collect(),
        reference: readable.and_then(|entry| entry.reference.clone()),
        field: "row",
        master_value: side(Side::Master),
        customer_value: side(Side::Customer),
        legs: legs.finish(),
        origins: rows.iter().map(|row| place(row)).chain(copies(group).map(Entry::origin_text)).collect(),
        explanation: format!("{}{counterpart}", each.join("; ")),
    }
}
