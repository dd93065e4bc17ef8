//! The transfers of the second implementation: the partner's debits against its customers' credits, by reference.

use std::collections::{BTreeMap, BTreeSet};

use tieout::domain::{Amount, Class, Direction, TieOutKey};

use super::{Copy, Effects, Finding, Plain, finding};

impl<'a> Plain<'a> {
    /// Does each transfer have both its legs? With the figures of both sides where the partner's own rows are there.
    pub(super) fn transfers(&self) -> (Vec<Finding>, Effects, Effects) {
        let own: Vec<&Copy<'_>> =
            self.copies.iter().filter(|copy| copy.of_master() && copy.holder == self.books.partner).collect();
        let evidenced = !own.is_empty();
        let mut breaks = Vec::new();
        let mut debits: BTreeMap<&str, Vec<&Copy<'_>>> = BTreeMap::new();
        for copy in &own {
            debits.entry(&copy.row.id).or_default().push(copy);
        }
        for (id, copies) in debits.iter().filter(|(_, copies)| copies.len() > 1) {
            if copies.iter().any(|copy| copy.counts()) {
                let same = copies.iter().all(|copy| copy.content() == copies[0].content());
                let class = if same { Class::DuplicateEntry } else { Class::ConflictingEntry };
                breaks.push(finding(class, &[*id], Some(&self.books.partner), Effects::new()));
            }
        }
        let is_leg = |copy: &Copy<'_>, way| copy.direction == way && copy.row.is_transfer();
        let debits: Vec<&Copy<'_>> = debits.into_values().map(|copies| copies[0]).collect();
        let debits = debits.into_iter().filter(|copy| copy.row.is_settled() && is_leg(copy, Direction::Debit));
        let mut credits: BTreeMap<&str, &Copy<'_>> = BTreeMap::new();
        let customers = self.copies.iter().filter(|copy| !copy.of_master());
        let masters = self.copies.iter().filter(|copy| copy.of_master() && copy.holder != self.books.partner);
        let settled = masters.chain(customers).filter(|copy| copy.row.is_settled());
        for copy in settled.filter(|copy| is_leg(copy, Direction::Credit)) {
            credits.entry(&copy.row.id).or_insert(copy);
        }
        let mut legs: BTreeMap<&str, Legs<'_>> = BTreeMap::new();
        let reference = |copy: &'_ Copy<'a>| copy.row.reference.as_deref().unwrap_or_default();
        let (mut sent, mut received) = (Effects::new(), Effects::new());
        for copy in debits {
            legs.entry(reference(copy)).or_default().0.push(copy);
            self.put(&mut sent, copy, copy.amount);
        }
        for copy in credits.into_values() {
            legs.entry(reference(copy)).or_default().1.push(copy);
            self.put(&mut received, copy, copy.amount);
        }
        for (debits, credits) in legs.into_values() {
            let pairs = if evidenced {
                paired(debits, credits, self.books.tolerance)
            } else {
                credits.into_iter().map(|credit| (None, Some(credit), None)).collect()
            };
            breaks.extend(pairs.into_iter().filter_map(|pair| self.transfer(pair, evidenced)));
        }
        if evidenced { (breaks, sent, received) } else { (breaks, Effects::new(), Effects::new()) }
    }

    /// Adds a leg to the partner's own tie-out.
    fn put(&self, effects: &mut Effects, copy: &Copy<'_>, amount: Amount) {
        let account = self.books.partner.clone();
        let key = TieOutKey { account, currency: copy.row.currency, direction: Direction::Debit };
        if copy.counts() {
            *effects.entry(key).or_default() += amount;
        }
    }

    fn transfer(&self, (debit, credit, class): Paired<'_>, evidenced: bool) -> Option<Finding> {
        let first = credit.or(debit)?;
        let inside = |copy: &&Copy<'_>| copy.inside;
        let split = debit.zip(credit).is_some_and(|(debit, credit)| debit.inside != credit.inside);
        let timing = split.then_some(Class::Timing);
        let class = class.into_iter().chain(self.misnamed(first, credit)).chain(timing).min()?;
        if !debit.iter().chain(&credit).any(inside) {
            return None;
        }
        let mut effects = Effects::new();
        if evidenced {
            let legs = debit.map(|debit| (debit, debit.amount)).into_iter();
            for (leg, effect) in legs.chain(credit.map(|credit| (credit, -credit.amount))) {
                self.put(&mut effects, leg, effect);
            }
        }
        let mut ids: Vec<&str> = debit.iter().chain(&credit).map(|copy| &*copy.row.id).collect();
        ids.sort_unstable();
        Some(finding(class, &ids, Some(first.holder), effects))
    }

    /// What is wrong with the reference itself.
    fn misnamed(&self, first: &Copy<'_>, credit: Option<&Copy<'_>>) -> Option<Class> {
        let parts: Vec<&str> = first.row.reference.as_deref()?.split(':').collect();
        let ["ptc", partner, customer, seconds] = parts.as_slice() else { return Some(Class::MalformedReference) };
        let hex = |c: char| c.is_ascii_hexdigit();
        let uuid = partner.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && partner.chars().all(|c| hex(c) || c == '-');
        let named = !customer.is_empty() && customer.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !uuid || !named || seconds.is_empty() || !seconds.chars().all(|c| c.is_ascii_digit()) {
            return Some(Class::MalformedReference);
        }
        if *partner != self.books.uuid {
            return Some(Class::ForeignPartner);
        }
        (credit?.holder != *customer).then_some(Class::MispostedTransfer)
    }
}

type Legs<'a> = (Vec<&'a Copy<'a>>, Vec<&'a Copy<'a>>);
type Paired<'a> = (Option<&'a Copy<'a>>, Option<&'a Copy<'a>>, Option<Class>);

/// Pairs the legs of one reference: equal values first, then one currency, then whatever is left on both sides.
fn paired<'a>(mut debits: Vec<&'a Copy<'a>>, mut credits: Vec<&'a Copy<'a>>, tolerance: Amount) -> Vec<Paired<'a>> {
    let value = |copy: &Copy<'_>| (copy.row.currency, copy.amount);
    let known = |copies: &[&Copy<'_>]| copies.iter().map(|copy| value(copy)).collect::<BTreeSet<_>>();
    let (sent, received) = (known(&debits), known(&credits));
    for side in [&mut debits, &mut credits] {
        side.sort_by_key(|copy| (value(copy), copy.row.created_at, copy.row.id.clone()));
    }
    let mut pairs = Vec::new();
    for round in 0..3 {
        let mut open = Vec::new();
        for debit in debits {
            let fits = |credit: &&Copy<'_>| match round {
                0 => value(debit) == value(credit),
                1 => debit.row.currency == credit.row.currency,
                _ => true,
            };
            let Some(at) = credits.iter().position(fits) else {
                open.push(debit);
                continue;
            };
            let credit = credits.remove(at);
            let class = match round {
                0 => None,
                1 if (debit.amount - credit.amount).abs() <= tolerance => Some(Class::RoundingDiffers),
                1 => Some(Class::AmountDiffers),
                _ => Some(Class::CurrencyDiffers),
            };
            pairs.push((Some(debit), Some(credit), class));
        }
        debits = open;
    }
    let surplus = |known: bool, alone| Some(if known { Class::DuplicateReference } else { alone });
    for debit in debits {
        pairs.push((Some(debit), None, surplus(received.contains(&value(debit)), Class::UnpairedDebit)));
    }
    for credit in credits {
        pairs.push((None, Some(credit), surplus(sent.contains(&value(credit)), Class::UnpairedCredit)));
    }
    pairs
}

/// Where an entry broke by itself and as the leg of a transfer, one break remains: the first, with the effects of both.
pub(super) fn one_an_entry(entries: Vec<Finding>, transfers: Vec<Finding>) -> Vec<Finding> {
    let mut open: Vec<Option<Finding>> = entries.into_iter().map(Some).collect();
    let mut breaks = Vec::new();
    for mut one in transfers {
        for id in one.entry_ids.clone() {
            let same = |it: &&mut Option<Finding>| it.as_ref().is_some_and(|it| it.entry_ids.contains(&id));
            if let Some(other) = open.iter_mut().find(same).and_then(Option::take) {
                one = merged(one, other);
            }
        }
        breaks.push(one);
    }
    breaks.extend(open.into_iter().flatten());
    breaks
}

fn merged(one: Finding, other: Finding) -> Finding {
    let (mut first, second) = if one.class <= other.class { (one, other) } else { (other, one) };
    for (key, effect) in second.effects {
        *first.effects.entry(key).or_default() += effect;
    }
    let ids: BTreeSet<String> = first.entry_ids.into_iter().chain(second.entry_ids).collect();
    Finding { entry_ids: ids.into_iter().collect(), ..first }
}
