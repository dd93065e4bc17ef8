//! The laws of reconciling, each for books that nobody chose: what holds here holds for any month.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Break, Class, List, TieOutKey};
use tieout::invoice::RateCard;
use tieout::run::Settled;
use tieout::simulator::{Row, Scenario, World};

use crate::books::{Layout, RawBooks};
use crate::damage::{damaged, flawed, world};
use crate::plain::{self, Finding};
use crate::scenarios::files;
use crate::support::settled;

/// So many cases, the same in every run.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        // A smaller seed is no smaller world.
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    }
}

/// Law 1: every unit by which the books differ is the effect of a named break.
fn explained(settled: &Settled) -> Result<(), TestCaseError> {
    let it = &settled.reconciliation;
    let mut effects: BTreeMap<&TieOutKey, Amount> = BTreeMap::new();
    for found in &it.breaks {
        prop_assert_ne!(found.class(), Class::Residual, "{}", found.explanation());
        found.legs().iter().for_each(|leg| *effects.entry(&leg.key).or_default() += leg.effect);
    }
    for tie_out in &it.tie_outs {
        prop_assert!(tie_out.residual().is_zero(), "{:?}", tie_out);
        let explained = effects.remove(tie_out.key()).unwrap_or_default();
        prop_assert_eq!(tie_out.difference().unwrap_or_default(), explained, "{:?}", tie_out);
    }
    prop_assert!(effects.is_empty(), "effects on no tie-out: {:?}", effects);
    Ok(())
}

/// Law 12: the second implementation says the same.
pub(crate) fn agreed(settled: &Settled, books: &RawBooks) -> Result<(), TestCaseError> {
    let (engine, plain) = (plain::derived(settled), plain::reconcile(books));
    let only = |one: &[Finding], other: &[Finding]| -> Vec<Finding> {
        one.iter().filter(|found| !other.contains(found)).cloned().collect()
    };
    let (missed, invented) = (only(&plain.breaks, &engine.breaks), only(&engine.breaks, &plain.breaks));
    prop_assert!(missed.is_empty() && invented.is_empty(), "plain alone: {missed:#?}\nengine alone: {invented:#?}");
    prop_assert_eq!(engine, plain);
    Ok(())
}

/// A closing balance is what the wallet opened with and every settled entry up to the cut-off, from the first on.
fn wallets_are_rewound(settled: &Settled, world: &World) -> Result<(), TestCaseError> {
    for account in world.accounts() {
        let line = settled
            .reconciliation
            .accounts
            .iter()
            .find(|line| line.account == account.auth_id && line.currency == account.currency);
        let line = line.unwrap();
        let before = |end: i64| -> Amount {
            let rows = world.ledger(&account.auth_id).unwrap().iter();
            let rows = rows.filter(|row| row.currency == account.currency && row.is_settled() && row.created_at < end);
            let amount = |row: &Row| row.amount.parse::<Amount>().unwrap_or_default();
            let signed = |row: &Row| match row.kind {
                "credit" => amount(row),
                "debit" => -amount(row),
                _ => Amount::ZERO,
            };
            rows.map(signed).sum()
        };
        let calendar = &settled.books.calendar;
        for (balance, moment) in [(line.opening, calendar.start), (line.closing, calendar.end)] {
            prop_assert!(balance.is_none_or(|balance| balance == account.opening + before(moment)), "{line:?}");
        }
    }
    Ok(())
}

#[test]
fn laws_1_and_12_hold_for_every_scenario() {
    for (path, text) in files() {
        let scenario = Scenario::read(&text).unwrap();
        let (world, settled) = settled(&scenario);
        let books = RawBooks::of(&scenario, &world);
        let held = explained(&settled).and_then(|()| agreed(&settled, &books));
        held.unwrap_or_else(|broken| panic!("{}: {broken}", path.display()));
    }
}

#[test]
fn an_open_entry_that_only_utc_puts_into_the_month_is_another_months() {
    let text = "name = 'n'\nprose = 'p'\nseed = 4\n[expected]\nverdict = 'tied-out'\n[world]\nunsettled = 0\n";
    let mut books = RawBooks::read(text);
    let end = books.month(books.zone).end;
    let call = books.ledgers[&List::Master].rows.iter().find(|row| row.description.starts_with("Call")).unwrap();
    let call = Row { created_at: end + 7_200_000_000, status: "pending", ..call.clone() };
    for copy in books.ledgers.values_mut().flat_map(|ledger| &mut ledger.rows).filter(|copy| copy.id == call.id) {
        *copy = call.clone();
    }
    books.make_honest();
    let settled = books.settled(&Layout::default(), &RateCard::default());
    assert!(books.month(chrono_tz::UTC).contains(&call.created_at));
    let classes: Vec<Class> = settled.reconciliation.breaks.iter().map(Break::class).collect();
    assert_eq!(classes, [Class::UnprovedOpening]);
}

proptest! {
    #![proptest_config(cases(60))]

    /// Laws 1, 3 and 12 on flawed worlds, walked page by page as the partner serves them.
    #[test]
    fn what_was_planted_is_reported_and_explains_everything(seed: u64) {
        let (scenario, world) = flawed(&mut ChaCha8Rng::seed_from_u64(seed));
        let (_, settled) = settled(&scenario);
        prop_assert_eq!(world.mistakes(&settled.reconciliation.breaks), Vec::<String>::new());
        explained(&settled)?;
        agreed(&settled, &RawBooks::of(&scenario, &world))?;
        wallets_are_rewound(&settled, &world)?;
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Laws 1 and 12 on books that no flaw of the simulator ever wrote.
    #[test]
    fn any_books_are_explained_to_the_last_unit(seed: u64) {
        let books = damaged(&mut ChaCha8Rng::seed_from_u64(seed));
        let settled = books.settled(&Layout::default(), &RateCard::default());
        explained(&settled)?;
        agreed(&settled, &books)?;
    }
}

proptest! {
    #![proptest_config(cases(20))]

    /// Law 2.
    #[test]
    fn a_world_without_flaws_ties_out(seed: u64) {
        let text = world(&mut ChaCha8Rng::seed_from_u64(seed), 0..400);
        let (_, settled) = settled(&Scenario::read(&text).unwrap());
        prop_assert_eq!(settled.verdict().word(), "tied-out");
        let natural = [Class::Unsettled, Class::UnprovedOpening];
        prop_assert!(settled.reconciliation.breaks.iter().all(|found| natural.contains(&found.class())));
        for tie_out in &settled.reconciliation.tie_outs {
            prop_assert_eq!(tie_out.master(), tie_out.customer(), "{:?}", tie_out);
        }
    }
}
