//! Random worlds and random damage: the books that the laws are held against. Decided by a seed alone.

use std::collections::BTreeSet;
use std::fmt::Write;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Class, List};
use tieout::simulator::{Row, Scenario, ScenarioError, Text, World};

use crate::books::{Claim, RawBooks, State, ledger, one_of};

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;

/// The classes that a world can carry; those of wallets are planted in raw books (`cash_damage`).
pub(crate) const CLASSES: [Class; 28] = [
    Class::MissingLedger,
    Class::ControlTotal,
    Class::DegradedSummary,
    Class::CrossFoot,
    Class::UnstableWalk,
    Class::UnreadableEntry,
    Class::MissingFromCustomer,
    Class::MissingFromMaster,
    Class::UnknownAccount,
    Class::DuplicateEntry,
    Class::ConflictingEntry,
    Class::DuplicateReference,
    Class::UnpairedDebit,
    Class::UnpairedCredit,
    Class::MispostedTransfer,
    Class::ForeignPartner,
    Class::MalformedReference,
    Class::AccountDiffers,
    Class::CurrencyDiffers,
    Class::DirectionDiffers,
    Class::AmountDiffers,
    Class::RoundingDiffers,
    Class::StatusDiffers,
    Class::Timing,
    Class::ZoneStraddle,
    Class::Unclassified,
    Class::Adjustment,
    Class::Unsettled,
];

/// The text of a random scenario without flaws: zones on both sides of UTC, one currency or two, with and without the
/// partner's own rows, either order, either reading of the totals.
pub(crate) fn world(rng: &mut ChaCha8Rng, entries: std::ops::Range<usize>) -> String {
    let zones = ["Asia/Kolkata", "America/New_York", "UTC", "Asia/Kathmandu", "Pacific/Honolulu", "Pacific/Kiritimati"];
    format!(
        "name = 'n'\nprose = 'p'\nseed = {}\n[expected]\nverdict = 'breaks'\n[close]\ntolerance = '{}'\n[world]\n\
         customers = {}\nentries = {}\ncurrencies = {}\nown_rows = {}\norder = '{}'\ntotals = '{}'\ntimezone = '{}'\n\
         per_page_max = {}\nunsettled = {}\n",
        rng.random::<u32>(),
        one_of(rng, &["0", "0", "0.005"]),
        rng.random_range(2..9),
        rng.random_range(entries),
        one_of(rng, &["['INR']", "['INR', 'USD']", "['USD', 'INR', 'JPY']"]),
        rng.random_range(0..4) > 0,
        one_of(rng, &["ascending", "descending"]),
        one_of(rng, &["settled", "all"]),
        one_of(rng, &zones),
        one_of(rng, &[100, 200]),
        rng.random_range(0..4),
    )
}

/// A random world with random flaws in it, as many of those drawn as find a place.
pub(crate) fn flawed(rng: &mut ChaCha8Rng) -> (Scenario, World) {
    let mut text = world(rng, 40..700);
    if rng.random_range(0..12) == 0 {
        let lost = *one_of(rng, &["forbidden", "absent"]);
        writeln!(text, "global_ledger = '{lost}'").unwrap();
    }
    for _flaw in 0..rng.random_range(0..9) {
        let class = one_of(rng, &CLASSES);
        let side = one_of(rng, &["", "side = 'master'\n", "side = 'customer'\n"]);
        write!(text, "[[flaws]]\nclass = '{class}'\ncount = {}\n{side}", rng.random_range(1..3)).unwrap();
    }
    let mut scenario = Scenario::read(&text).unwrap();
    loop {
        match World::build(&scenario) {
            Ok(world) => return (scenario, world),
            Err(ScenarioError::NoPlace { class, .. }) => {
                let at = scenario.flaws.iter().position(|flaw| flaw.class == class).unwrap();
                scenario.flaws.remove(at);
            }
            Err(refused) => panic!("{refused}\n{text}"),
        }
    }
}

/// Books of a random world, damaged anywhere: rows lost, doubled, moved and altered on either side, lists lost.
pub(crate) fn damaged(rng: &mut ChaCha8Rng) -> RawBooks {
    let mut books = RawBooks::read(&world(rng, 20..120));
    let lists: Vec<List> = books.ledgers.keys().cloned().collect();
    if rng.random_range(0..4) == 0 {
        crowd(&mut books, rng);
    }
    for _blow in 0..rng.random_range(1..12) {
        let list = if rng.random_range(0..2) == 0 { List::Master } else { one_of(rng, &lists).clone() };
        strike(&mut books, &list, rng);
    }
    books.make_honest();
    if rng.random_range(0..3) == 0 {
        let list = one_of(rng, &lists);
        lie(&mut books.ledgers.get_mut(list).unwrap().claim, rng);
    }
    if rng.random_range(0..8) == 0 {
        let list = one_of(rng, &lists);
        books.ledgers.get_mut(list).unwrap().state = *one_of(rng, &[State::Missing, State::Unstable]);
    }
    books
}

/// Sound books in which the partner has taken some transfers back: each of a reference's entries goes the other way in every
/// book that has it.
pub(crate) fn taken_back(rng: &mut ChaCha8Rng) -> RawBooks {
    let mut books = RawBooks::read(&world(rng, 40..300));
    let transfers = books.ledgers.values().flat_map(|ledger| &ledger.rows).filter(|row| row.is_transfer());
    let all: BTreeSet<Text> = transfers.filter_map(|row| row.reference.clone()).collect();
    let turned: BTreeSet<Text> = all.into_iter().filter(|_| rng.random_range(0..3) == 0).collect();
    for row in books.ledgers.values_mut().flat_map(|ledger| &mut ledger.rows) {
        if row.reference.as_ref().is_some_and(|reference| turned.contains(reference)) {
            row.kind = if row.kind == "credit" { "debit" } else { "credit" };
        }
    }
    books.make_honest();
    books
}

/// Makes a list say something wrong of itself.
fn lie(claim: &mut Claim, rng: &mut ChaCha8Rng) {
    let more = *one_of(rng, &[Amount::from_units(1_000_000), Amount::from_units(-25_000)]);
    match rng.random_range(0..7) {
        0 => claim.total += 1,
        1 => claim.transactions += 1,
        2 => *claim = Claim { debit: claim.debit + more, net: claim.net - more, ..*claim },
        3 => *claim = Claim { credit: claim.credit + more, net: claim.net + more, ..*claim },
        4 => claim.net += more,
        5 => *claim = Claim { total: claim.total, ..Claim::default() },
        _ => *claim = Claim { debit: claim.credit, credit: claim.debit, net: -claim.net, ..*claim },
    }
}

/// Puts several transfers under one reference, as if they were of one second, and lets the partner's debits differ.
fn crowd(books: &mut RawBooks, rng: &mut ChaCha8Rng) {
    let transfers = books.ledgers[&List::Master].rows.iter().filter(|row| row.is_transfer());
    let taken: BTreeSet<Text> =
        transfers.filter_map(|row| row.reference.clone()).take(rng.random_range(2..6)).collect();
    let Some(one) = taken.first().cloned() else { return };
    for row in books.ledgers.values_mut().flat_map(|ledger| &mut ledger.rows) {
        if row.reference.as_ref().is_some_and(|reference| taken.contains(reference)) {
            row.reference = Some(one.clone());
            if *row.account_id == *books.partner && rng.random_range(0..2) == 0 {
                row.amount = (*one_of(rng, &["300", "750", "300.004", "12"])).into();
                row.currency = one_of(rng, &["INR", "USD"]).parse().unwrap();
            }
        }
    }
}

/// One blow to one row of a list.
fn strike(books: &mut RawBooks, list: &List, rng: &mut ChaCha8Rng) {
    let count = books.ledgers[list].rows.len();
    if count == 0 {
        return;
    }
    let at = prefer_transfers(&books.ledgers[list].rows, rng);
    match rng.random_range(0..8) {
        0 => drop(books.rows(list).remove(at)),
        1 => {
            let row = books.ledgers[list].rows[at].clone();
            books.rows(list).push(row);
        }
        2 => {
            let mut row = books.ledgers[list].rows[at].clone();
            alter(&mut row, books, rng);
            books.rows(list).push(row);
        }
        3 => {
            let (account, _) = one_of(rng, &books.accounts).clone();
            let row = books.ledgers[list].rows[at].clone();
            books.rows(&ledger(&account)).push(row);
        }
        4 | 5 => alter_every_copy(&books.ledgers[list].rows[at].clone(), books, rng),
        _ => {
            let mut row = books.ledgers[list].rows[at].clone();
            alter(&mut row, books, rng);
            books.rows(list)[at] = row;
        }
    }
}

/// Changes two things about an entry, alike in both books.
fn alter_every_copy(entry: &Row, books: &mut RawBooks, rng: &mut ChaCha8Rng) {
    let mut row = entry.clone();
    alter(&mut row, books, rng);
    alter(&mut row, books, rng);
    for copy in books.ledgers.values_mut().flat_map(|ledger| &mut ledger.rows).filter(|copy| copy.id == entry.id) {
        *copy = row.clone();
    }
}

/// Any row, half the time a transfer's: few rows are, and they have the most rules.
fn prefer_transfers(rows: &[Row], rng: &mut ChaCha8Rng) -> usize {
    let start = rng.random_range(0..rows.len());
    let transfers = |at: &usize| rows[*at].is_transfer();
    let found = if rng.random_range(0..2) == 0 { (start..rows.len()).chain(0..start).find(transfers) } else { None };
    found.unwrap_or(start)
}

/// Changes one thing about a row.
fn alter(row: &mut Row, books: &RawBooks, rng: &mut ChaCha8Rng) {
    let (account, _) = one_of(rng, &books.accounts).clone();
    let master = &books.ledgers[&List::Master].rows;
    match rng.random_range(0..11) {
        0 => {
            let amount = row.amount.trim_matches('"').parse::<Amount>().unwrap_or_default();
            let excess = *one_of(rng, &[1, 400_000, 1_000_000, 50_000_000_000]);
            row.amount = (amount + Amount::from_units(excess)).to_text(0).into();
        }
        1 => row.amount = (*one_of(rng, &["\"12,5\"", "0", "-3.5", "\"7.25\"", "1e-9", "null"])).into(),
        2 => row.currency = one_of(rng, &["INR", "USD", "JPY"]).parse().unwrap(),
        3 => row.kind = *one_of(rng, &["credit", "debit", "chargeback", "did_rental", "refund"]),
        4 => row.status = *one_of(rng, &["completed", "pending", "failed"]),
        5 => {
            let partner = books.partner.clone();
            row.account_id = one_of(rng, &[account, partner, "MA_NOBODY".to_owned()]).as_str().into();
        }
        6 => {
            let other = master.iter().filter(|row| row.is_transfer()).find_map(|row| row.reference.clone());
            let own = [None, Some("ptc:x".into()), Some("cdr:1".into()), other];
            row.reference.clone_from(one_of(rng, &own));
        }
        7 => row.created_at += HOUR * rng.random_range(-30 * 24..30 * 24),
        8 => {
            let zone = *one_of(rng, &[books.zone, chrono_tz::UTC]);
            let month = books.month(zone);
            row.created_at = one_of(rng, &[month.start, month.end]) + *one_of(rng, &[-2 * HOUR, -1, 0, 2 * HOUR]);
        }
        9 => row.description = (*one_of(rng, &["Manual adjustment: x", "", "Refund: y"])).into(),
        _ => {
            let other = if master.is_empty() { "".into() } else { one_of(rng, master).id.clone() };
            row.id = one_of(rng, &[other, "".into()]).clone();
        }
    }
}
