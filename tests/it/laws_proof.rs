//! The laws of the proof: one changed bit in archive or papers fails `verify` and is named (10), and the same archive
//! gives the same bytes, however often and on however many threads it is settled (11).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use tieout::archive::Archive;
use tieout::invoice::RateCard;
use tieout::run::{RUN_FILE, Settled, derive, verify};
use tieout::seal::{SEAL, write_run};
use tieout::watch::Nobody;

use crate::books::{Layout, RawBooks, one_of};
use crate::damage::{damaged, world};
use crate::laws::cases;

/// A sealed run beside its archive.
struct Run {
    home: TempDir,
    folder: PathBuf,
    archive: PathBuf,
    settled: Settled,
}

/// Settles books into a run folder of their own.
fn run(books: &RawBooks) -> Run {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("2026-03");
    let path = home.path().join(format!("{}.archive.sqlite", books.partner));
    let archive = books.archive(&Layout::default(), &path);
    let settled = derive(&archive, books.inputs(&archive, &RateCard::default()), &Nobody).unwrap();
    drop(archive);
    write_run(&folder, &settled.papers, &settled.seal).unwrap();
    Run { home, folder, archive: path, settled }
}

impl Run {
    /// What `verify` finds.
    fn faults(&self) -> String {
        verify(&self.folder, None, None, &Nobody).unwrap().faults.join("\n")
    }
}

/// A run in which something of every kind was found.
fn eventful() -> Run {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let text = world(&mut rng, 300..301) + "[[flaws]]\nclass = 'amount-differs'\n[[flaws]]\nclass = 'missing-ledger'\n";
    run(&RawBooks::read(&text))
}

/// Flips one bit of a file, and gives its bytes as they were.
fn flip(path: &Path, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut changed = bytes.clone();
    changed[rng.random_range(0..bytes.len())] ^= 1 << rng.random_range(0..8);
    fs::write(path, changed).unwrap();
    bytes
}

#[test]
fn one_changed_bit_in_a_paper_is_named() {
    let run = eventful();
    assert_eq!(run.faults(), "");
    let mut rng = ChaCha8Rng::seed_from_u64(2026);
    let names = run.settled.papers.iter().map(|paper| paper.name.as_str()).chain([SEAL]);
    for name in names.filter(|name| fs::metadata(run.folder.join(name)).unwrap().len() > 0) {
        for _bit in 0..6 {
            let path = run.folder.join(name);
            let bytes = flip(&path, &mut rng);
            let faults = run.faults();
            assert!(faults.lines().any(|fault| fault.starts_with(name)), "{name}: {faults:?}");
            fs::write(&path, bytes).unwrap();
        }
    }
    assert_eq!(run.faults(), "", "the run is whole again");
}

/// The columns that the papers rest on, by table.
const CONTENT: [(&str, &[&str]); 6] = [
    ("partner", &["auth_id"]),
    ("fetches", &["period", "from_date", "to_date", "today"]),
    ("finishes", &["fetch"]),
    ("bodies", &["digest", "bytes", "zstd"]),
    ("exchanges", &["fetch", "list", "walk", "page", "digest"]),
    ("outcomes", &["fetch", "list", "outcome", "walk", "reason"]),
];

/// One bit of a value changed; of a text one that leaves it text. Nothing where there is no bit.
fn changed(value: Value, rng: &mut ChaCha8Rng) -> Option<Value> {
    match value {
        Value::Integer(number) => Some(Value::Integer(number ^ (1 << rng.random_range(0..8)))),
        Value::Text(text) if !text.is_empty() => {
            let mut bytes = text.into_bytes();
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..4);
            String::from_utf8(bytes).ok().map(Value::Text)
        }
        Value::Blob(mut bytes) if !bytes.is_empty() => {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..8);
            Some(Value::Blob(bytes))
        }
        Value::Text(_) | Value::Blob(_) | Value::Null | Value::Real(_) => None,
    }
}

/// Changes one bit of one row behind the archive's back; gives the lists whose pages the row bears on, or nothing where
/// no bit was changed.
fn tamper(archive: &Path, table: &str, column: &str, rng: &mut ChaCha8Rng) -> Option<String> {
    let db = Connection::open(archive).unwrap();
    db.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; BEGIN",
    )
    .unwrap();
    let texts = |sql: &str| -> Vec<String> {
        db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for trigger in texts("SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
        db.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    let key = match table {
        "bodies" => "digest",
        "exchanges" => "list || ' ' || page",
        "outcomes" => "list",
        "partner" => "auth_id",
        _ => "CAST(fetch AS TEXT)",
    };
    let keys = texts(&format!("SELECT {key} FROM {table} ORDER BY 1"));
    let chosen = one_of(rng, &keys);
    let value = db.query_row(&format!("SELECT {column} FROM {table} WHERE {key} = ?1"), [chosen], |row| row.get(0));
    let value = changed(value.unwrap(), rng)?;
    let owner = match table {
        "bodies" => db.query_row("SELECT list FROM exchanges WHERE digest = ?1", [chosen], |row| row.get(0)).unwrap(),
        "exchanges" => chosen.split(' ').next().unwrap().to_owned(),
        "outcomes" => chosen.clone(),
        _ => String::new(),
    };
    let update = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
    assert_eq!(db.execute(&update, rusqlite::params![value, chosen]).unwrap(), 1);
    db.execute_batch("COMMIT").unwrap();
    Some(owner)
}

/// Every body of the archive that the run rests on, by digest.
fn bodies(path: &Path, digests: &[String]) -> Option<BTreeMap<String, Vec<u8>>> {
    let archive = Archive::open_existing(path).ok()?;
    digests.iter().map(|digest| Some((digest.clone(), archive.body(digest).ok()?))).collect()
}

#[test]
fn one_changed_bit_in_the_archive_is_named() {
    let run = eventful();
    let kept = fs::read(&run.archive).unwrap();
    let manifest = run.settled.papers.iter().find(|paper| paper.name == "archive.manifest").unwrap();
    let manifest = String::from_utf8(manifest.bytes.clone()).unwrap();
    let digests = manifest.lines().filter_map(|line| line.split("  ").next()).filter(|word| word.len() == 64);
    let digests: Vec<String> = digests.map(ToOwned::to_owned).collect();
    let whole = bodies(&run.archive, &digests).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2027);
    let mut changes = 0;
    for (table, columns) in CONTENT {
        for column in columns {
            for _bit in 0..if *column == "zstd" { 60 } else { 6 } {
                let owner = tamper(&run.archive, table, column, &mut rng);
                if let Some(owner) = owner {
                    let faults = run.faults();
                    // A bit of the packing that unpacks to the same bytes has changed nothing that was archived.
                    let packing = *column == "zstd" && bodies(&run.archive, &digests).as_ref() == Some(&whole);
                    let named = faults.contains(&owner) || faults.contains(&format!("archive: {table} holds"));
                    assert!(packing || named && !faults.is_empty(), "{table}.{column} {owner}: {faults}");
                    changes += usize::from(!packing);
                }
                fs::write(&run.archive, &kept).unwrap();
            }
        }
    }
    assert!(changes > 140, "{changes} changes");
    assert_eq!(run.faults(), "", "the run is whole again");
}

#[test]
fn a_later_fetch_of_other_facts_leaves_a_sealed_run_as_it_was() {
    let run = eventful();
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let other = RawBooks { partner: run.settled.inputs.partner.clone(), ..damaged(&mut rng) };
    drop(other.archive(&Layout::default(), &run.archive));
    assert_eq!(run.faults(), "");
}

proptest! {
    #![proptest_config(cases(4))]

    /// Law 11, with one thread, two and many, in the program itself.
    #[test]
    fn settling_again_gives_the_same_bytes(seed: u64) {
        let run = run(&damaged(&mut ChaCha8Rng::seed_from_u64(seed)));
        for threads in ["1", "2", "7"] {
            let folder = run.home.path().join(format!("again-{threads}"));
            fs::create_dir(&folder).unwrap();
            fs::copy(run.folder.join(RUN_FILE), folder.join(RUN_FILE)).unwrap();
            let mut settle = Command::new(env!("CARGO_BIN_EXE_tieout"));
            let settle = settle.arg("settle").arg(&folder).env("POLARS_MAX_THREADS", threads).output().unwrap();
            prop_assert!(folder.join(SEAL).exists(), "{}", String::from_utf8_lossy(&settle.stderr));
            for paper in run.settled.papers.iter().chain([&run.settled.seal.paper()]) {
                prop_assert!(fs::read(folder.join(&paper.name)).unwrap() == paper.bytes, "{} differs", paper.name);
            }
        }
    }
}
