//! The independent look: `fixtures/verify.sql` agrees with the papers of any books, and no figure can be changed without
//! its notice. Where DuckDB is not installed these tests say so and stand aside; `TIEOUT_DUCKDB=required` makes that a
//! failure, as `.ci/run` does.

use std::process::Command;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tieout::invoice::RateCard;
use tieout::report::Paper;
use tieout::simulator::Scenario;

use crate::books::Layout;
use crate::cash_damage::spoil;
use crate::damage::{damaged, flawed};
use crate::laws_weather::soaking;
use crate::scenarios::files;
use crate::support::{fixture, scenario_at, settled};

/// What `verify.sh` ends with where there is no DuckDB.
const NO_DUCKDB: i32 = 69;

/// Random books of a test run, and of a quiet hour.
const SEEDS: u64 = 10;
const SEEDS_SOAKED: u64 = 400;

/// Lays papers down as a run folder and has the script look at them: what it says, or why it refuses them. Nothing
/// where there is no DuckDB to run it.
#[expect(clippy::disallowed_methods, reason = "the environment says whether DuckDB has to be there")]
#[expect(clippy::print_stdout, reason = "a test that stands aside says so")]
fn look(papers: &[Paper]) -> Option<Result<String, String>> {
    let folder = tempfile::tempdir().unwrap();
    for paper in papers {
        let path = folder.path().join(&paper.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &paper.bytes).unwrap();
    }
    let done = Command::new(fixture("verify.sh")).arg(folder.path()).output().unwrap();
    let (told, refused) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    match done.status.code() {
        Some(0) => Some(Ok(told.into_owned())),
        Some(NO_DUCKDB) => {
            assert!(std::env::var_os("TIEOUT_DUCKDB").is_none(), "{refused}");
            println!("this test stands aside: {refused}");
            None
        }
        _ => Some(Err(refused.into_owned())),
    }
}

/// The papers of the audit run, whose specimen is committed.
fn audit() -> Vec<Paper> {
    settled(&scenario_at(&fixture("audit/scenario.toml"))).1.papers
}

/// The papers with one of them written anew.
fn with(papers: &[Paper], name: &str, change: impl Fn(&str) -> String) -> Vec<Paper> {
    let mut papers = papers.to_vec();
    let paper = papers.iter_mut().find(|paper| paper.name == name).expect(name);
    let before = std::str::from_utf8(&paper.bytes).unwrap().to_owned();
    paper.bytes = change(&before).into_bytes();
    assert_ne!(before.as_bytes(), paper.bytes, "nothing was changed in {name}");
    papers
}

/// A table with one cell of one row replaced; no cell of that table holds a comma before this column.
fn cell(text: &str, row: usize, column: &str, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let at = lines[0].split(',').position(|name| name == column).expect(column);
    let mut cells: Vec<&str> = lines[row].split(',').collect();
    assert_ne!(cells[at], value, "row {row}, {column}");
    cells[at] = value;
    lines[row] = cells.join(",");
    lines.join("\n") + "\n"
}

/// The script refuses these papers, and names the place.
fn is_refused(papers: &[Paper], place: &str) {
    let Some(seen) = look(papers) else { return };
    let refused = seen.expect_err(place);
    assert!(refused.contains(place), "{place} is not named:\n{refused}");
}

#[test]
fn every_figure_of_the_audit_run_is_found_again() {
    let Some(seen) = look(&audit()) else { return };
    assert_eq!(seen.unwrap().trim(), "every figure agrees: 15 tie-outs, 10 accounts, 10 wallets");
}

#[test]
fn no_figure_changes_unseen() {
    let papers = audit();
    let change = |name: &str, row: usize, column: &str, value: &str| {
        let changed = with(&papers, name, |text| cell(text, row, column, value));
        is_refused(&changed, &format!("{name} "));
    };
    for column in ["master", "customer", "difference", "explained", "gross", "residual"] {
        change("tie_outs.csv", 2, column, "1073.16448999");
    }
    change("tie_outs.csv", 2, "breaks", "3");
    change("tie_outs.csv", 4, "customer", "");
    for column in ["credits", "debits", "opening", "closing"] {
        change("accounts.csv", 3, column, "5805.04712001");
    }
    for column in ["entries", "unsettled"] {
        change("accounts.csv", 3, column, "2");
    }
    change("accounts.csv", 1, "closing", "");
    for column in [
        "opening",
        "credits",
        "debits",
        "expected",
        "closing",
        "difference",
        "sealed",
        "opening_difference",
        "live",
        "net_after_cut_off",
        "lowest",
    ] {
        change("wallets.csv", 3, column, "5805.04712001");
    }
    for (column, value) in [("gross", "0.626"), ("effect", "0.625"), ("balance", "0.00"), ("count", "2"), ("step", "5")]
    {
        change("bridge.csv", 5, column, value);
    }
    change("bridge.csv", 1, "balance", "20812.26");
    change("bridge.csv", 3, "balance", "20812.26");
    // Beyond what an amount can hold, where a cast would round the change away.
    let finer = with(&papers, "tie_outs.csv", |text| cell(text, 1, "master", "20812.250000001"));
    is_refused(&finer, "not an exact amount");
}

#[test]
fn no_row_is_missing_or_too_many() {
    let papers = audit();
    for name in ["tie_outs.csv", "accounts.csv", "wallets.csv", "bridge.csv"] {
        for row in [1, 9] {
            let without = |text: &str| {
                let lines = text.lines().enumerate().filter(|(at, _)| *at != row);
                lines.map(|(_, line)| format!("{line}\n")).collect::<String>()
            };
            is_refused(&with(&papers, name, without), name);
            let twice = |text: &str| format!("{text}{}\n", text.lines().nth(row).unwrap());
            is_refused(&with(&papers, name, twice), name);
        }
        let surplus = |text: &str| {
            let row = text.lines().nth(1).unwrap();
            let account = row.split(',').next().unwrap();
            format!("{text}{}\n", row.replacen(account, "\"MA_NOBODY\"", 1))
        };
        is_refused(&with(&papers, name, surplus), name);
    }
}

#[test]
fn other_entries_give_other_figures() {
    let papers = audit();
    let text = std::fs::read_to_string(fixture("audit/scenario.toml")).unwrap();
    let text = text.replace("entries = 900", "entries = 899");
    let other = settled(&Scenario::read(&text).unwrap()).1.papers;
    for name in ["ledger/master-0001.parquet", "ledger/customers-0001.parquet"] {
        let mut mixed = papers.clone();
        let paper = |papers: &[Paper]| papers.iter().find(|paper| paper.name == name).unwrap().bytes.clone();
        mixed.iter_mut().filter(|it| it.name == name).for_each(|it| it.bytes = paper(&other));
        assert_ne!(paper(&mixed), paper(&papers));
        is_refused(&mixed, "tie_outs.csv");
    }
}

#[test]
fn every_scenario_is_found_again() {
    for (path, text) in files() {
        let papers = settled(&Scenario::read(&text).unwrap()).1.papers;
        let Some(seen) = look(&papers) else { return };
        seen.unwrap_or_else(|refused| panic!("{}: {refused}", path.display()));
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a run begins with its seeds")]
fn the_figures_of_any_books_are_found_again() {
    let seeds = 0..if soaking() { SEEDS_SOAKED } else { SEEDS };
    println!("seeds {seeds:?}");
    for seed in seeds {
        let (scenario, _) = flawed(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut any = damaged(&mut rng);
        spoil(&mut any, &mut rng);
        let any = any.settled(&Layout::default(), &RateCard::default());
        for (kind, papers) in [("flawed", settled(&scenario).1.papers), ("damaged", any.papers)] {
            let Some(seen) = look(&papers) else { return };
            seen.unwrap_or_else(|refused| panic!("{kind}, seed {seed}: {refused}"));
        }
    }
}
