//! The judgement of one entry: all its copies in one ledger as sealed, beside all its copies as they are now.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Finding, wording};
use crate::domain::{Amount, Break, BreakFacts, Calendar, Class, Entry, Leg, List, TieOutKey};

/// The fields of an entry in the order in which they are told, and their names in a finding: what concerns the master
/// says so, for one entry may have changed in both books alike.
const FIELDS: [(&str, &str); 13] = [
    ("entry", "master.entry"),
    ("account", "master.account"),
    ("currency", "master.currency"),
    ("direction", "master.direction"),
    ("amount", "master.amount"),
    ("status", "master.status"),
    ("type", "master.type"),
    ("class", "master.class"),
    ("created_at", "master.created_at"),
    ("reference", "master.reference"),
    ("description", "master.description"),
    ("copies", "master.copies"),
    ("several", "master.several"),
];

/// The copies of one entry, as sealed and now.
type Copies = [Vec<Entry>; 2];

/// One finding for each entry of a compared ledger that differs and touches the period.
pub(super) fn findings(
    sealed: Vec<Entry>,
    now: Vec<Entry>,
    compared: &BTreeSet<List>,
    calendar: &Calendar,
) -> Vec<Finding> {
    let mut entries: BTreeMap<(List, String), Copies> = BTreeMap::new();
    for (time, copies) in [sealed, now].into_iter().enumerate() {
        for entry in copies.into_iter().filter(|entry| compared.contains(&entry.ledger)) {
            entries.entry((entry.ledger.clone(), entry.id.clone())).or_default()[time].push(entry);
        }
    }
    entries.into_iter().filter_map(|((ledger, _), copies)| judge(ledger, copies, calendar)).collect()
}

fn judge(ledger: List, [sealed, now]: Copies, calendar: &Calendar) -> Option<Finding> {
    let counts = [sealed.len(), now.len()];
    let (gone, come) = unmatched(sealed, now);
    if !gone.iter().chain(&come).any(|entry| entry.in_period) {
        return None;
    }
    let class = match counts {
        [0, _] => Class::LateEntry,
        [_, 0] => Class::VanishedAfterSeal,
        _ => Class::ChangedAfterSeal,
    };
    let changes = changes(class, &gone, &come, counts, calendar);
    let told = gone.first().or(come.first())?;
    let (field, before, after) = values(told, &changes);
    let facts = BreakFacts {
        class,
        account: Some(told.holder().to_owned()),
        currency: Some(told.currency),
        entry_ids: vec![told.id.clone()],
        reference: told.reference.clone(),
        field,
        master_value: before,
        customer_value: after,
        legs: legs(&gone, &come),
        origins: gone
            .iter()
            .map(|entry| format!("sealed {}", entry.origin_text()))
            .chain(come_origins(&come))
            .collect(),
        explanation: wording::sentence(class, &gone, &come, &changes, calendar),
    };
    let side = told.side;
    Some(Finding { found: Break::new(facts), side, ledger, changes, sealed: gone, now: come })
}

fn come_origins(come: &[Entry]) -> impl Iterator<Item = String> {
    come.iter().map(|entry| format!("now {}", entry.origin_text()))
}

/// What is left of the copies when those that say the same at both times are taken out, one for one.
fn unmatched(sealed: Vec<Entry>, now: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let mut left: BTreeMap<_, usize> = BTreeMap::new();
    for entry in &now {
        *left.entry(entry.content()).or_default() += 1;
    }
    let mut taken: BTreeMap<_, usize> = BTreeMap::new();
    let gone: Vec<bool> = sealed
        .iter()
        .map(|entry| {
            let same = left.get_mut(&entry.content()).filter(|left| **left > 0);
            let same = same.map(|left| *left -= 1);
            same.map(|()| *taken.entry(entry.content()).or_default() += 1).is_none()
        })
        .collect();
    let mut come = Vec::new();
    for entry in &now {
        let same = taken.get_mut(&entry.content()).filter(|taken| **taken > 0);
        come.push(same.map(|taken| *taken -= 1).is_none());
    }
    drop((left, taken));
    let kept = |entries: Vec<Entry>, keep: Vec<bool>| {
        entries.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(entry, _)| entry).collect()
    };
    (kept(sealed, gone), kept(now, come))
}

/// What differs, field by field. Copies are paired in the order of their content; those in excess are counted.
fn changes(class: Class, gone: &[Entry], come: &[Entry], counts: [usize; 2], calendar: &Calendar) -> Vec<Change> {
    if class != Class::ChangedAfterSeal {
        let told = |entries: &[Entry]| match entries {
            [] => "absent".to_owned(),
            entries => entries.iter().map(wording::value).collect::<Vec<_>>().join(" and "),
        };
        return vec![Change { field: "entry", sealed: told(gone), now: told(come) }];
    }
    let mut changes: Vec<Change> = Vec::new();
    for (was, is) in gone.iter().zip(come) {
        changes.extend(differing(was, is, calendar));
    }
    if counts[0] != counts[1] {
        let [sealed, now] = counts.map(|count| count.to_string());
        changes.push(Change { field: "copies", sealed, now });
    }
    changes
}

fn differing(was: &Entry, is: &Entry, calendar: &Calendar) -> Vec<Change> {
    let each = |entry: &Entry| {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        [
            ("account", entry.account.clone()),
            ("currency", entry.currency.code().to_owned()),
            ("direction", entry.direction.word().to_owned()),
            ("amount", entry.amount.to_string()),
            ("status", entry.status.clone()),
            ("type", entry.kind.clone()),
            ("class", entry.class.as_str().to_owned()),
            ("created_at", calendar.local(entry.created_at)),
            ("reference", text(&entry.reference)),
            ("description", entry.description.clone()),
        ]
    };
    let pairs = each(was).into_iter().zip(each(is));
    let moved = |field: &str| field == "created_at" && was.created_at != is.created_at;
    let differing = pairs.filter(|((field, sealed), (_, now))| sealed != now || moved(field));
    differing.map(|((field, sealed), (_, now))| Change { field, sealed, now }).collect()
}

/// The field and both values as the finding states them; of several fields all, each with its name.
fn values(entry: &Entry, changes: &[Change]) -> (&'static str, String, String) {
    let (name, sealed, now) = match changes {
        [one] => (one.field, one.sealed.clone(), one.now.clone()),
        several => {
            let all = |value: &dyn Fn(&Change) -> String| {
                several.iter().map(|it| format!("{} {}", it.field, value(it))).collect::<Vec<_>>().join(", ")
            };
            ("several", all(&|it| it.sealed.clone()), all(&|it| it.now.clone()))
        }
    };
    let named = FIELDS.iter().find(|(field, _)| *field == name);
    let field = named.map_or("entry", |(own, master)| if entry.ledger == List::Master { master } else { own });
    (field, sealed, now)
}

/// What the finding adds to each total of its side: what counts now less what counted then.
fn legs(gone: &[Entry], come: &[Entry]) -> Vec<Leg> {
    let mut legs: BTreeMap<TieOutKey, Amount> = BTreeMap::new();
    let signed = gone.iter().map(|entry| (entry, -entry.amount)).chain(come.iter().map(|entry| (entry, entry.amount)));
    for (entry, effect) in signed.filter(|(entry, _)| entry.counts()) {
        let (account, currency, direction) = (entry.holder().to_owned(), entry.currency, entry.direction);
        *legs.entry(TieOutKey { account, currency, direction }).or_default() += effect;
    }
    legs.into_iter().filter(|(_, effect)| !effect.is_zero()).map(|(key, effect)| Leg { key, effect }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AccountId, ChargeClass, Currency, Direction, Origin, Side, steps_of};

    /// So many copies of one entry, each of another amount, in one order or the other.
    fn copies(size: u32, turned: bool) -> Vec<Entry> {
        let copy = |row: u32| Entry {
            side: Side::Customer,
            ledger: List::Ledger(AccountId::parse("MA_0").unwrap()),
            id: "e".to_owned(),
            account: "MA_0".to_owned(),
            currency: Currency::INR,
            direction: Direction::Debit,
            amount: Amount::from_units(i128::from(row)),
            class: ChargeClass::parse("call").unwrap(),
            kind: "debit".to_owned(),
            status: "completed".to_owned(),
            settled: true,
            reference: None,
            description: String::new(),
            created_at: 0,
            in_period: true,
            in_period_utc: true,
            origin: Origin { page: 1, row },
        };
        if turned { (0..size).rev().map(copy).collect() } else { (0..size).map(copy).collect() }
    }

    #[test]
    fn copies_of_one_entry_are_held_against_each_other_in_one_go() {
        let [few, many] = [100, 400].map(|size| {
            let (mut now, sealed) = (copies(size, true), copies(size, false));
            now.extend(copies(1, false));
            let ((gone, come), steps) = steps_of(|| unmatched(sealed, now));
            // Of equal copies the first is taken, and the last is left.
            assert_eq!((gone.len(), come.len(), come[0].origin.row), (0, 1, 0));
            steps
        });
        assert!(few >= 100 && many < 5 * few, "{few} for 100 copies, {many} for 400");
    }
}
