//! The checker is checked: which class was planted, and which class was reported for it. The matrix is a paper,
//! `reports/detection-matrix.csv`, made anew by this test when `INSTA_UPDATE=always` asks for it.

use std::collections::BTreeMap;
use std::fmt::Write;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Break, Class, Family};
use tieout::invoice::RateCard;
use tieout::simulator::Planted;

use crate::books::{Layout, RawBooks};
use crate::cash_damage::balance_flawed;
use crate::damage::{CLASSES, flawed};
use crate::laws::agreed;
use crate::recheck_laws::detected;
use crate::support::settled;

/// Worlds in the ordinary suite and in the committed matrix, and in a soak.
const WORLDS: u64 = 300;
const WORLDS_SOAKED: u64 = 5_000;

/// Of how many worlds one is changed behind its seal, too, and read again: each costs a close and a recheck. Which one it is
/// goes round, so that every kind of change has its turn.
const SEALED_EVERY: u64 = 20;

/// Planted flaws by class, and for each the classes that were reported for it; `None` stands for nothing planted and for
/// nothing reported.
type Matrix = BTreeMap<(Option<Class>, Option<Class>), u64>;

/// Everything that is planted: in worlds, in the wallets of raw books, and behind a seal.
fn planted_classes() -> impl Iterator<Item = Class> {
    let of_wallets = Class::ALL.iter().copied().filter(|class| class.family() == Family::Balance);
    let behind_a_seal = Class::ALL.iter().copied().filter(|class| class.is_after_the_seal());
    CLASSES.into_iter().chain(of_wallets).chain(behind_a_seal)
}

/// Whether a break speaks of the entry, or of the list, that a flaw was planted in.
fn speaks_of(found: &Break, planted: &Planted) -> bool {
    planted.entry_id.as_ref().map_or_else(
        || {
            let of_the_whole = found.entry_ids().is_empty() || found.class().family() == Family::Balance;
            of_the_whole && found.account() == planted.account.as_deref()
        },
        |entry| found.entry_ids().contains(entry),
    )
}

/// Enters what a close has reported of its books: the same class where there is one, else whatever speaks of the same place.
fn enter(matrix: &mut Matrix, planted: &[Planted], found: &[Break]) {
    let mut open: Vec<&Break> = found.iter().collect();
    let mut planted: Vec<&Planted> = planted.iter().collect();
    let mut enter = |planted, reported| *matrix.entry((planted, reported)).or_default() += 1;
    planted.retain(|flaw| {
        let right = open.iter().position(|found| found.class() == flaw.class && speaks_of(found, flaw));
        if let Some(place) = right {
            enter(Some(flaw.class), Some(open.swap_remove(place).class()));
        }
        right.is_none()
    });
    for flaw in planted {
        let wrong = open.iter().position(|found| speaks_of(found, flaw));
        enter(Some(flaw.class), wrong.map(|place| open.swap_remove(place).class()));
    }
    for found in open {
        enter(None, Some(found.class()));
    }
}

/// The matrix as CSV: the share of the flaws of a row's class that was reported as a column's, exactly.
fn paper(matrix: &Matrix) -> String {
    let slug = |class: Option<Class>, without: &'static str| class.map_or(without, Class::slug);
    let classes = || planted_classes().map(Some).chain([None]);
    let mut text = "planted,times".to_owned();
    classes().for_each(|class| write!(text, ",{}", slug(class, "missed")).unwrap());
    for planted in classes() {
        let of = |reported| matrix.get(&(planted, reported)).copied().unwrap_or(0);
        let times: u64 = classes().map(of).sum();
        write!(text, "\n{},{times}", slug(planted, "nothing")).unwrap();
        for reported in classes() {
            match of(reported) {
                0 => text.push_str(",0"),
                all if all == times => text.push_str(",1"),
                some => write!(text, ",{some}/{times}").unwrap(),
            }
        }
    }
    text + "\n"
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a soak and an update are asked for by the environment")]
async fn what_is_planted_is_reported_as_what_it_is() {
    let soaked = std::env::var_os("TIEOUT_SOAK").is_some();
    let worlds = if soaked { WORLDS_SOAKED } else { WORLDS };
    let mut matrix = Matrix::new();
    for seed in 0..worlds {
        let (scenario, world) = flawed(&mut ChaCha8Rng::seed_from_u64(seed));
        let (_, settled) = settled(&scenario);
        enter(&mut matrix, world.planted(), &settled.reconciliation.breaks);
        let mut books = RawBooks::of(&scenario, &world);
        agreed(&settled, &books).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
        if seed % SEALED_EVERY == seed / SEALED_EVERY % SEALED_EVERY {
            detected(1_000_000 + seed).await.into_iter().for_each(|pair| *matrix.entry(pair).or_default() += 1);
        }
        if seed % 2 == 0 {
            let planted = balance_flawed(&mut books, &world, &mut ChaCha8Rng::seed_from_u64(seed));
            let settled = books.settled(&Layout::default(), &RateCard::default());
            enter(&mut matrix, &planted, &settled.reconciliation.breaks);
            agreed(&settled, &books).unwrap_or_else(|broken| panic!("wallets, seed {seed}: {broken}"));
        }
    }
    let strays: Vec<_> = matrix.iter().filter(|((planted, reported), _)| planted != reported).collect();
    assert!(strays.is_empty(), "planted, reported, times: {strays:?}\n{}", paper(&matrix));
    let never = planted_classes().filter(|class| !matrix.contains_key(&(Some(*class), Some(*class))));
    assert_eq!(never.collect::<Vec<_>>(), [], "these were never planted");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/detection-matrix.csv");
    if std::env::var("INSTA_UPDATE").is_ok_and(|wish| wish == "always") && !soaked {
        std::fs::write(&file, paper(&matrix)).unwrap();
    }
    assert!(soaked || std::fs::read_to_string(&file).unwrap() == paper(&matrix), "{}", paper(&matrix));
}
