//! The laws of a recheck, for books and changes drawn from seeds: what was changed is what is found, in the right class;
//! as sealed and the effects is now; a note is what a new invoice would differ by; the order of rows is nothing.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Class, Side, TieOutKey};
use tieout::invoice::NoteStatus;
use tieout::run::recheck::Rechecking;

use crate::recheck_desk::{Books, Desk, MASTER, Row, bytes_below, ledger, quiet};

/// Worlds in the ordinary suite, and in a soak.
const WORLDS: u64 = 20;
const WORLDS_SOAKED: u64 = 1_000;

/// A change that the partner makes after the seal, by the name of what it does.
const CHANGES: [&str; 16] = [
    "late",
    "late, outside",
    "late, pending",
    "vanished",
    "twice",
    "amount",
    "currency",
    "direction",
    "status",
    "account",
    "reference",
    "no reference",
    "description",
    "class",
    "out of the month",
    "into the month",
];

/// What is to be found: ledger, entry and class, each with its effects.
type Found = BTreeMap<(String, String, Class), BTreeMap<(String, String, String), Amount>>;

/// Does one change to an entry in some of the ledgers that hold it.
fn strike(books: &mut Books, change: &str, id: &str, rng: &mut ChaCha8Rng) {
    let account = ["MA_1", "MA_2", "MA_3"][rng.random_range(0..3)];
    let cents = rng.random_range(1..99_999);
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let moment = format!("2026-03-{:02}T{:02}:00:00Z", rng.random_range(1..31), rng.random_range(0..18));
    // In both books, in the customer's alone, or in the master's alone.
    let one_side = rng.random_range(0..4);
    let touches = |path: &str| one_side > 1 || (path == MASTER) == (one_side == 1);
    let fresh = Row::call(&format!("new-{id}"), account, &amount, &moment);
    let mut post = |row: Row| {
        for path in [MASTER.to_owned(), ledger(&row.account)].into_iter().filter(|path| touches(path)) {
            books.ledgers.get_mut(&path).unwrap().push(row.clone());
        }
    };
    match change {
        "late" => return post(fresh),
        "late, outside" => return post(Row { created_at: "2026-03-31T18:30:00Z".to_owned(), ..fresh }),
        "late, pending" => return post(Row { status: "pending".to_owned(), ..fresh }),
        _ => {}
    }
    for (_, rows) in books.ledgers.iter_mut().filter(|(path, _)| touches(path)) {
        match change {
            "vanished" => rows.retain(|row| row.id != id),
            "twice" => {
                let copy = rows.iter().find(|row| row.id == id).cloned();
                rows.extend(copy);
            }
            _ => rows.iter_mut().filter(|row| row.id == id).for_each(|row| alter(row, change, &amount)),
        }
    }
}

fn alter(row: &mut Row, change: &str, amount: &str) {
    let own = ToOwned::to_owned;
    match change {
        "amount" => row.amount = own(amount),
        "currency" => row.currency = own("USD"),
        "direction" => row.kind = own(if row.kind == "debit" { "credit" } else { "debit" }),
        "status" => row.status = own("failed"),
        "account" => row.account = own(if row.account == "MA_1" { "MA_2" } else { "MA_1" }),
        "reference" => row.reference = Some(own("cdr:another")),
        "no reference" => row.reference = None,
        "description" => row.description = own("Call to nobody"),
        "class" => (row.reference, row.description) = (None, own("Recording (3s)")),
        // One minute on either side of midnight in India.
        "out of the month" => row.created_at = own("2026-03-31T18:30:00Z"),
        "into the month" => row.created_at = own("2026-03-31T18:29:00Z"),
        other => panic!("{other}"),
    }
}

/// A plain second comparison: maps of rows as they were written, nothing of the engine.
fn plain(sealed: &Books, now: &Books) -> Found {
    let mut found = Found::new();
    for (path, before) in &sealed.ledgers {
        let after = &now.ledgers[path];
        let ids: BTreeSet<&String> = before.iter().chain(after).map(|row| &row.id).collect();
        for id in ids {
            let of = |rows: &[Row]| {
                let mut copies: Vec<Row> = rows.iter().filter(|row| row.id == *id).cloned().collect();
                copies.sort();
                copies
            };
            let (was, is) = (of(before), of(after));
            let count = |rows: &[Row], row: &Row| rows.iter().filter(|other| *other == row).count();
            let moved = was.iter().chain(&is).any(|row| row.inside() && count(&was, row) != count(&is, row));
            if !moved {
                continue;
            }
            let class = match (was.is_empty(), is.is_empty()) {
                (true, _) => Class::LateEntry,
                (_, true) => Class::VanishedAfterSeal,
                _ => Class::ChangedAfterSeal,
            };
            let mut effects: BTreeMap<(String, String, String), Amount> = BTreeMap::new();
            let signed = was.iter().map(|row| (row, -row.amount())).chain(is.iter().map(|row| (row, row.amount())));
            for (row, effect) in signed.filter(|(row, _)| row.counts()) {
                let owner = path.split('/').nth(1).unwrap_or(&row.account).to_owned();
                *effects.entry((owner, row.currency.clone(), row.kind.clone())).or_default() += effect;
            }
            effects.retain(|_, effect| !effect.is_zero());
            found.insert((path.clone(), id.clone(), class), effects);
        }
    }
    found
}

fn found(it: &Rechecking) -> Found {
    let key = |key: &TieOutKey| (key.account.clone(), key.currency.code().to_owned(), key.direction.word().to_owned());
    let each = it.rechecked.findings.iter().map(|finding| {
        let effects = finding.found.legs().iter().map(|leg| (key(&leg.key), leg.effect)).collect();
        ((finding.ledger.to_string(), finding.found.entry_ids()[0].clone(), finding.found.class()), effects)
    });
    each.collect()
}

/// The totals of both books by plain sums, against the control.
fn check_control(it: &Rechecking, sealed: &Books, now: &Books) {
    for line in &it.rechecked.control {
        assert!(line.residual().is_zero(), "{line:?}");
        let sum = |books: &Books| -> Amount {
            let path = if line.side == Side::Master { MASTER.to_owned() } else { ledger(&line.key.account) };
            let of_key = |row: &&Row| {
                let holder = line.side == Side::Customer || row.account == line.key.account;
                holder && row.currency == line.key.currency.code() && row.kind == line.key.direction.word()
            };
            books.ledgers[&path].iter().filter(|row| row.counts()).filter(of_key).map(Row::amount).sum()
        };
        assert_eq!((line.sealed, line.now), (sum(sealed), sum(now)), "{line:?}");
        let of_line = it.rechecked.findings.iter().filter(|found| found.side == line.side);
        let legs = of_line.flat_map(|found| found.found.legs()).filter(|leg| leg.key == line.key);
        assert_eq!(legs.map(|leg| leg.effect).sum::<Amount>(), line.effect, "{line:?}");
    }
}

/// A month that is sealed, changed behind the seal and read again.
struct Struck {
    desk: Desk,
    kinds: Vec<&'static str>,
    sealed: Books,
    now: Books,
    invoices: Vec<tieout::invoice::Invoice>,
    papers: BTreeMap<std::path::PathBuf, Vec<u8>>,
    it: Rechecking,
}

async fn struck(seed: u64) -> Struck {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sealed = quiet();
    let desk = Desk::open(sealed.clone()).await;
    let invoices = desk.close("2026-03").await.settled.billing.invoices;
    let papers = bytes_below(&desk.path("2026-03"));
    let mut ids: Vec<String> = sealed.ledgers[MASTER].iter().map(|row| row.id.clone()).collect();
    ids.sort();
    ids.shuffle(&mut rng);
    // Every kind of change is in one of any four worlds; some are in with others.
    let mut kinds: Vec<&str> = CHANGES.into_iter().skip(usize::try_from(seed % 4).unwrap() * 4).take(4).collect();
    kinds.extend((0..rng.random_range(0..5)).map(|_| CHANGES[rng.random_range(0..CHANGES.len())]));
    let mut now = sealed.clone();
    for (kind, id) in kinds.iter().zip(&ids) {
        strike(&mut now, kind, id, &mut rng);
    }
    now.reversed = rng.random();
    *desk.books() = now.clone();
    let it = desk.recheck("2026-03").await.rechecking;
    Struck { desk, kinds, sealed, now, invoices, papers, it }
}

/// What was done behind a seal and what is reported of it, class by class: for the detection matrix.
pub(crate) async fn detected(seed: u64) -> Vec<(Option<Class>, Option<Class>)> {
    let world = struck(seed).await;
    let (planted, mut reported) = (plain(&world.sealed, &world.now), found(&world.it));
    let mut pairs = Vec::new();
    for (path, id, class) in planted.into_keys() {
        let of_place = reported.keys().filter(|(at, entry, _)| (at, entry) == (&path, &id));
        let best = of_place.max_by_key(|(_, _, seen)| *seen == class).cloned();
        pairs.push((Some(class), best.as_ref().map(|(_, _, seen)| *seen)));
        best.and_then(|best| reported.remove(&best));
    }
    pairs.extend(reported.into_keys().map(|(_, _, class)| (None, Some(class))));
    pairs
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a soak is asked for by the environment")]
async fn what_was_changed_is_found_as_what_it_is_and_nothing_else() {
    let worlds = if std::env::var_os("TIEOUT_SOAK").is_some() { WORLDS_SOAKED } else { WORLDS };
    for seed in 0..worlds {
        let Struck { desk, kinds, sealed, now, invoices, papers, it } = struck(seed).await;
        let (expected, reported) = (plain(&sealed, &now), found(&it));
        assert_eq!(reported, expected, "seed {seed}, {kinds:?}");
        assert_eq!(reported.len(), it.rechecked.findings.len(), "seed {seed}: a finding is reported twice");
        let names: BTreeSet<&str> = it.rechecked.findings.iter().map(|it| it.found.id()).collect();
        assert_eq!(names.len(), reported.len(), "seed {seed}: ids are each finding's own");
        check_control(&it, &sealed, &now);
        assert_eq!(bytes_below(&desk.path("2026-03")), papers, "seed {seed}: a sealed run is never written to");
        check_notes(&desk, &it, &invoices, seed).await;
    }
}

/// A note is what the invoice would be, less what it was: by a close of the changed books from nothing.
async fn check_notes(desk: &Desk, it: &Rechecking, invoices: &[tieout::invoice::Invoice], seed: u64) {
    let books = desk.books().clone();
    let anew = Desk::open(books).await.close("2026-03").await.settled.billing;
    for invoice in invoices {
        let of = |it: &&tieout::invoice::Note| it.invoice.as_ref().is_some_and(|(number, _)| *number == invoice.number);
        let note = it.notes.iter().find(of);
        let again = anew.invoices.iter().find(|it| (&it.account, it.currency) == (&invoice.account, invoice.currency));
        match (note, again) {
            (None, Some(again)) => assert_eq!(invoice.total, again.total, "seed {seed}, {}", invoice.number),
            (Some(note), Some(again)) => {
                assert_eq!(note.status, NoteStatus::Proposed, "seed {seed}, {}", invoice.number);
                assert_eq!((note.invoiced, note.due), (invoice.total, again.total), "seed {seed}");
                let lines: Amount = note.lines.iter().map(tieout::invoice::NoteLine::amount).sum();
                assert_eq!(lines, note.amount(), "seed {seed}: the lines add up to the note");
            }
            (Some(note), None) => assert_eq!(note.status, NoteStatus::Held, "seed {seed}, {}", invoice.number),
            (None, None) => {}
        }
    }
}
