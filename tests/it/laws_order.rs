//! The laws of what must not matter: the order of rows, pages and lists, the size of pages, fetching twice (4, 5); and
//! which of the two books is called the master (7).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Class, List};
use tieout::invoice::RateCard;
use tieout::normalise::Course;
use tieout::reconcile::ListProof;
use tieout::run::Settled;
use tieout::simulator::Row;

use crate::books::{Layout, RawBooks, ledger, one_of};
use crate::damage::{damaged, flawed, world};
use crate::laws::cases;
use crate::plain::{self, Finding};

/// Everything that a close says, but for where it read it.
fn said(settled: &Settled) -> Vec<String> {
    let it = &settled.reconciliation;
    let mut said: Vec<String> = it
        .breaks
        .iter()
        .map(|found| {
            // A row that cannot be read is known, and told of, by its place.
            let placed = found.class() == Class::UnreadableEntry;
            let told = if placed { "" } else { found.explanation() };
            let id = if placed { "" } else { found.id() };
            let values = (
                found.account(),
                found.currency(),
                found.reference(),
                found.field(),
                found.master_value(),
                found.customer_value(),
            );
            format!("{} {id} {:?} {values:?} {:?} {told}", found.class(), found.entry_ids(), found.legs())
        })
        .collect();
    said.sort();
    said.extend(it.tie_outs.iter().map(|it| {
        format!("{:?} {:?} {:?} {:?} {:?}", it.key(), it.master(), it.customer(), it.explained(), it.verdict())
    }));
    said.extend(it.accounts.iter().map(|line| format!("{line:?}")));
    // How many pages and requests it took is not what the books say.
    said.extend(
        it.proofs.iter().map(|proof| format!("{:?}", ListProof { course: Course::default(), ..proof.clone() })),
    );
    said.push(format!("{:?} {:?}", settled.billing, it.verdict));
    said
}

fn card() -> RateCard {
    RateCard::parse("[markup]\ndefault = '12.5'").unwrap()
}

proptest! {
    #![proptest_config(cases(120))]

    /// Law 4.
    #[test]
    fn the_order_of_rows_and_pages_does_not_matter(seed: u64, per_page in 1_usize..60) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let books = if rng.random_range(0..3) > 0 { damaged(&mut rng) } else {
            let (scenario, world) = flawed(&mut rng);
            RawBooks::of(&scenario, &world)
        };
        let calm = books.settled(&Layout::default(), &card());
        let shuffled = Layout { per_page: per_page.max(3), shuffle: Some(rng.random()), ..Layout::default() };
        let shuffled = books.settled(&shuffled, &card());
        let (calm, shuffled) = (said(&calm), said(&shuffled));
        let apart: Vec<_> = calm.iter().zip(&shuffled).filter(|(a, b)| a != b).collect();
        prop_assert!(apart.is_empty() && calm.len() == shuffled.len(), "{apart:#?}");
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// Law 5.
    #[test]
    fn a_page_or_a_fetch_twice_changes_no_byte(seed: u64, keeps in 1_usize..3, fetches in 2_usize..4) {
        let books = damaged(&mut ChaCha8Rng::seed_from_u64(seed));
        let once = books.settled(&Layout::default(), &card());
        let again = books.settled(&Layout { keeps, fetches, ..Layout::default() }, &card());
        prop_assert!(once.papers == again.papers, "the papers differ");
        prop_assert_eq!(once.seal, again.seal);
    }
}

/// The same books with the customers' ledgers for the master, and the master for the customers' ledgers.
fn swapped(books: &RawBooks) -> RawBooks {
    let mut mirror = books.clone();
    let own = |rows: &[Row], account: &str| rows.iter().filter(|row| &*row.account_id == account).cloned().collect();
    for (account, _) in &books.accounts {
        *mirror.rows(&ledger(account)) = own(&books.ledgers[&List::Master].rows, account);
    }
    let customers = books.ledgers.iter().filter(|(list, _)| **list != List::Master);
    *mirror.rows(&List::Master) = customers.flat_map(|(_, ledger)| ledger.rows.clone()).collect();
    mirror.make_honest();
    mirror
}

/// A break without the account it is reported under: that of the customer's side, which the mirror changes where an
/// entry is booked to two.
fn unnamed(found: &Finding) -> Finding {
    Finding { account: None, ..found.clone() }
}

/// What a break of one book is in the other's eyes.
fn mirrored(found: &Finding) -> Finding {
    let class = if found.class == Class::MissingFromCustomer {
        Class::MissingFromMaster
    } else if found.class == Class::MissingFromMaster {
        Class::MissingFromCustomer
    } else {
        found.class
    };
    let effects = found.effects.iter().map(|(key, effect)| (key.clone(), -*effect)).collect();
    Finding { class, effects, ..unnamed(found) }
}

/// Sets one entry apart in one of the books, each entry at most once.
fn set_apart(books: &mut RawBooks, id: &str, rng: &mut ChaCha8Rng) {
    let holds = |books: &RawBooks, list: &List| books.ledgers[list].rows.iter().position(|row| &*row.id == id);
    let customer = books.ledgers.keys().find(|list| **list != List::Master && holds(books, list).is_some()).unwrap();
    let of_master = rng.random_range(0..2) == 0;
    let list = if of_master { List::Master } else { customer.clone() };
    let at = holds(books, &list).unwrap();
    let accounts = books.accounts.clone();
    let rows = books.rows(&list);
    let twin = rows[at].clone();
    let row = &mut rows[at];
    match rng.random_range(0..9) {
        0 => drop(rows.remove(at)),
        1 => rows.push(twin),
        2 => rows.push(Row { amount: "77".into(), ..twin }),
        3 => row.amount = "0.0375".into(),
        4 => row.currency = "JPY".parse().unwrap(),
        5 => row.kind = *one_of(rng, &["credit", "debit", "chargeback"]),
        6 => row.status = "pending",
        7 => row.created_at += 86_400_000_000 * rng.random_range(-20..20),
        _ if of_master && !row.is_transfer() => row.account_id = one_of(rng, &accounts).0.as_str().into(),
        _ => row.amount = "-1".into(),
    }
}

proptest! {
    #![proptest_config(cases(60))]

    /// Law 7, entry by entry; transfers have no mirror, for only one book carries their debits.
    #[test]
    fn swapping_the_books_mirrors_every_break(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut books = RawBooks::read(&world(&mut rng, 20..120).replace("own_rows = true", "own_rows = false"));
        let ids: BTreeSet<_> = books.ledgers[&List::Master].rows.iter().map(|row| row.id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let first = rng.random_range(0..ids.len());
        for id in ids.iter().cycle().skip(first).take(ids.len().min(rng.random_range(1..9))) {
            set_apart(&mut books, id, &mut rng);
        }
        books.make_honest();
        let outcome = |books: &RawBooks| plain::derived(&books.settled(&Layout::default(), &card()));
        let (there, here) = (outcome(&swapped(&books)), outcome(&books));
        let mut expected: Vec<Finding> = here.breaks.iter().map(mirrored).collect();
        expected.sort();
        let mut found: Vec<Finding> = there.breaks.iter().map(unnamed).collect();
        found.sort();
        prop_assert_eq!(found, expected);
        let turned = here.figures.into_iter().map(|(key, (master, customer))| (key, (customer, master)));
        prop_assert_eq!(there.figures, turned.collect::<BTreeMap<_, _>>());
        prop_assert_eq!(there.verdict, here.verdict);
    }
}
