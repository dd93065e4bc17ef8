//! Bad input: one walk over `fixtures/refusals`, each refusal with its golden text beside it; and bytes that nobody
//! foresaw, which must end in books or in a clear refusal, never in a panic.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tieout::cli::Failure;
use tieout::domain::{List, Side};
use tieout::invoice::RateCard;
use tieout::run::{RunError, Settled, settle};
use tieout::settings::Settings;
use tieout::simulator::{Scenario, World};
use tieout::watch::Nobody;

use crate::raw::{CUSTOMERS, PARTNER, RawBooks, account, accounts, call, calls, ledger, page};
use crate::support::fixture;

/// Tells what becomes of a case.
type Telling = fn(&[u8]) -> String;

/// What is refused, by the folder that its cases stand in, and how each of them is told.
const KINDS: [(&str, Telling); 11] = [
    ("account-rows", |row| told(&account_row(row))),
    ("accounts", |body| told(&account_list(body))),
    ("arguments", |lines| program(text(lines))),
    ("checks", |files| checked(text(files))),
    ("ledger-pages", |body| told(&RawBooks::sound().with(ledger("MA_B"), body))),
    ("master-pages", |body| told(&RawBooks::sound().with(List::Master, body))),
    ("me", |body| told(&RawBooks::sound().with(List::Me, body))),
    ("rate-cards", |card| refusal(RateCard::parse(text(card)))),
    ("rows", |row| told(&RawBooks::sound().with_row("MA_B", text(row).trim_end()))),
    ("scenarios", |scenario| refusal(Scenario::read(text(scenario)).and_then(|it| World::build(&it)))),
    ("settings", |settings| refusal(Settings::parse(text(settings), Path::new("tieout.toml")))),
];

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The message that refuses a text.
fn refusal<T, E: ToString>(read: Result<T, E>) -> String {
    read.err().map_or_else(|| "accepted".to_owned(), |refused| refused.to_string())
}

/// What the program says to arguments, one a line, in an empty folder with nothing in its environment.
fn program(lines: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tieout"));
    let output = command.args(lines.lines()).current_dir(folder.path()).env_clear().output().unwrap();
    assert!(output.stdout.is_empty() && fs::read_dir(folder.path()).unwrap().next().is_none(), "{lines}");
    format!("exit {}\n{}", output.status.code().unwrap(), text(&output.stderr))
}

/// What `tieout check` says to settings, and to the rate card that stands in the case behind them.
fn checked(files: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (settings, card) =
        files.split_once("#### rate-card.toml\n").map_or((files, None), |(it, card)| (it, Some(card)));
    fs::write(folder.path().join("tieout.toml"), settings).unwrap();
    if let Some(card) = card {
        fs::write(folder.path().join("rate-card.toml"), card).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_tieout"));
    let keys = [("VOBIZ_AUTH_ID", "PA_1"), ("VOBIZ_AUTH_TOKEN", "t0ken-t0ken")];
    let output = command.arg("check").current_dir(folder.path()).env_clear().envs(keys).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    format!("exit {}\n{}", output.status.code().unwrap(), text(&output.stdout))
}

/// Books whose account list holds one more row.
fn account_row(row: &[u8]) -> RawBooks {
    let rows: Vec<String> = CUSTOMERS.map(account).into_iter().chain([text(row).trim_end().to_owned()]).collect();
    let mut books = RawBooks::sound().with(List::Accounts, &accounts(&rows));
    if text(row).contains("MA_D") {
        books = books.with(ledger("MA_D"), &page(&[call("e-MA_D-1", "MA_D", "1.25")]));
        let all = [CUSTOMERS.map(calls).concat(), vec![call("e-MA_D-1", "MA_D", "1.25")]].concat();
        books = books.with(List::Master, &page(&all));
    }
    books
}

/// Books with another account list; where it can be read, only its accounts' ledgers were asked for.
fn account_list(body: &[u8]) -> RawBooks {
    let mut books = RawBooks::sound().with(List::Accounts, body);
    if body.starts_with(br#"{"accounts": []"#) {
        books.pages.retain(|list, _| !matches!(list, List::Ledger(_)));
    }
    books
}

/// What a close makes of books: verdict, every finding, who is invoiced and who is held; or why it stops, and how.
fn told(books: &RawBooks) -> String {
    match books.settled() {
        Ok(settled) => close(&settled),
        Err(refused) => stop(refused),
    }
}

fn stop(refused: RunError) -> String {
    let failure = Failure::from(refused);
    format!("exit {}: {}\n", failure.exit.code(), failure.line())
}

fn close(settled: &Settled) -> String {
    let mut text = format!("{}\n", settled.verdict());
    for it in &settled.reconciliation.breaks {
        let _ = writeln!(text, "{}: {}", it.class(), shown(it.explanation()));
    }
    let invoiced: Vec<&str> = settled.billing.invoices.iter().map(|invoice| invoice.account.as_str()).collect();
    let _ = writeln!(text, "invoiced: {}", invoiced.join(", "));
    for held in &settled.billing.held {
        let _ = writeln!(text, "held: {} {} ({})", shown(&held.account), held.cost_base, held.reason);
    }
    text
}

/// A text as a golden file can hold it: control characters as escapes, the middle of a very long one left out.
fn shown(text: &str) -> String {
    let plain: String =
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect();
    let count = plain.chars().count();
    if count <= 600 {
        return plain;
    }
    let (head, tail): (String, String) = (plain.chars().take(200).collect(), plain.chars().skip(count - 200).collect());
    format!("{head} [{} characters] {tail}", count - 400)
}

/// The cases of one kind, sorted.
fn cases(kind: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(fixture("refusals").join(kind)).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_none_or(|end| end != "snap")).collect();
    cases.sort();
    cases
}

#[test]
fn every_refusal_reads_as_its_golden_text() {
    for (kind, tell) in KINDS {
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(fixture("refusals").join(kind));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let cases = cases(kind);
        assert!(!cases.is_empty(), "no {kind}");
        for case in cases {
            let name = case.file_name().unwrap().to_str().unwrap().to_owned();
            let told = tell(&fs::read(&case).unwrap());
            settings.bind(|| insta::assert_snapshot!(name, told));
        }
    }
}

#[test]
fn every_golden_text_has_its_case_and_every_folder_its_kind() {
    let folders = fs::read_dir(fixture("refusals")).unwrap().map(|entry| entry.unwrap().file_name());
    let folders: BTreeSet<String> = folders.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(folders, KINDS.map(|(kind, _)| kind.to_owned()).into_iter().collect());
    for (kind, _) in KINDS {
        let folder = fixture("refusals").join(kind);
        let golden = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        for golden in golden.filter(|path| path.extension().is_some_and(|end| end == "snap")) {
            assert!(golden.with_extension("").exists(), "{}: a golden text without its case", golden.display());
        }
    }
}

/// Books that nobody can quarrel with, for the cases at the edge of what is no refusal at all.
#[test]
fn a_month_without_entries_and_a_partner_without_customers_are_closed() {
    let mut quiet = RawBooks::sound();
    for list in [List::Master].into_iter().chain(CUSTOMERS.map(ledger)) {
        quiet = quiet.with(list, &page(&[]));
    }
    let mut alone = quiet.clone().with(List::Accounts, &accounts(&[]));
    alone = alone.with(List::Dashboard, br#"{"total_balance":"0.00000","currency":"INR"}"#);
    alone.pages.retain(|list, _| !matches!(list, List::Ledger(_)));
    let notice = "unproved-opening: no sealed close of 2026-02 stands beside this one: the openings of 3 of 4 wallets are \
                  implied by their closings, and prove nothing (a walk from inception would prove them)\n";
    for (books, notice) in [(quiet, notice), (alone, "")] {
        let settled = books.settled().unwrap();
        assert_eq!(close(&settled), format!("tied-out\n{notice}invoiced: \n"));
        assert!(settled.papers.iter().any(|paper| paper.name == "invoices.csv"));
    }
}

/// Every file below a folder, by its path from there.
fn files_below(folder: &Path) -> BTreeSet<String> {
    let (mut folders, mut files) = (vec![folder.to_owned()], BTreeSet::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files
}

#[test]
fn no_name_of_the_partners_leads_out_of_the_run_folder() {
    let top = tempfile::tempdir().unwrap();
    let run = top.path().join("a/b/2026-03");
    let strange = ["../../x", "/../../x", "..", "C:\\\\x", "a/b", "\\u0000", ".hidden"];
    let rows: Vec<String> = CUSTOMERS.map(account).into_iter().chain(strange.map(account)).collect();
    let calls_of = |name: &&str| call(&format!("../{name}"), name, "1.25");
    let all: Vec<String> = CUSTOMERS.map(calls).concat().into_iter().chain(strange.iter().map(calls_of)).collect();
    let books = RawBooks::sound().with(List::Accounts, &accounts(&rows)).with(List::Master, &page(&all));
    fs::create_dir_all(&run).unwrap();
    let archive = books.archive(&run.with_file_name(format!("{PARTNER}.archive.sqlite")));
    fs::write(run.join("run.json"), serde_json::to_vec(&RawBooks::inputs(&archive)).unwrap()).unwrap();
    drop(archive);
    let closed = settle(&run, None, &Nobody).unwrap();
    assert_eq!(closed.settled.billing.invoices.len(), CUSTOMERS.len());
    assert_eq!(closed.settled.billing.held.len(), strange.len());
    let files = files_below(top.path());
    let outside: Vec<_> = files.iter().filter(|name| !name.starts_with("a/b/2026-03/")).collect();
    assert_eq!(
        outside,
        ["archive.sqlite", "archive.sqlite.lock", "register.sqlite"]
            .map(|end| format!("a/b/{PARTNER}.{end}"))
            .iter()
            .collect::<Vec<_>>()
    );
    assert!(files.contains("a/b/2026-03/SEAL"));
}

/// Rows by list, as the books keep them: entries and unreadable rows.
fn kept(settled: &Settled) -> BTreeMap<List, u64> {
    let books = &settled.books;
    let entries = [(&books.master, Side::Master), (&books.ledgers, Side::Customer)];
    let entries = entries.into_iter().flat_map(|(frame, side)| frame.entries(side).unwrap()).map(|entry| entry.ledger);
    let mut kept = BTreeMap::new();
    for list in entries.chain(books.unreadable.iter().map(|row| row.list.clone())) {
        *kept.entry(list).or_default() += 1;
    }
    kept
}

/// What is done to a body: at a place (per mille of its length), so many bytes give way to others.
type Damage = (usize, usize, Vec<u8>);

fn damage() -> impl Strategy<Value = Damage> {
    let words: Vec<Vec<u8>> = [
        "",
        "null",
        "[]",
        "{}",
        "\"\"",
        "-",
        "1e400",
        "1e-400",
        "NaN",
        "\\u0000",
        "\u{202e}",
        "99999999999999999999",
        "[[[[",
        "},{",
        "\"id\":",
        "\"total\":7,",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
        "credit",
        "USD",
        "failed",
        "MA_A",
        "PA_RAW00001",
        "../../x",
    ]
    .map(|word| word.as_bytes().to_vec())
    .to_vec();
    let inserted = prop_oneof![prop::sample::select(words), prop::collection::vec(any::<u8>(), 0..6)];
    (0..1000_usize, prop_oneof![Just(0_usize), 1..4_usize, 1..60_usize], inserted)
}

fn damaged(body: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut body = body.to_vec();
    for (place, length, inserted) in damages {
        let from = body.len() * place / 1000;
        let to = (from + length).min(body.len());
        body.splice(from..to, inserted.iter().copied());
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands on the pages: books in which every row is an entry or an unreadable row, or a refusal that ends
    /// with 4; never a panic, and never a bug's exit.
    #[test]
    fn bytes_that_nobody_foresaw_end_in_books_or_in_a_refusal(
        which in 0..7_usize, damages in prop::collection::vec(damage(), 1..4), whole in prop::option::weighted(0.1, prop::collection::vec(any::<u8>(), 0..200)),
    ) {
        let mut books = RawBooks::sound();
        let bodies = books.pages.values_mut().nth(which).unwrap();
        bodies[0] = whole.unwrap_or_else(|| damaged(&bodies[0], &damages));
        match books.settled() {
            Ok(settled) => {
                let kept = kept(&settled);
                for record in settled.books.lists.iter().filter(|record| record.list != List::Accounts) {
                    prop_assert_eq!(record.rows, kept.get(&record.list).copied().unwrap_or(0), "{}", record.list);
                }
                let listed = settled.books.lists.iter().find(|record| record.list == List::Accounts).unwrap();
                let known = settled.books.customers.len() + settled.books.unwalkable.len();
                let refused = kept.get(&List::Accounts).copied().unwrap_or(0);
                prop_assert!(listed.rows == u64::try_from(known).unwrap() + refused);
                for held in &settled.billing.held {
                    prop_assert!(!held.reason.is_empty(), "{} is held without a reason", held.account);
                }
            }
            Err(refused) => {
                let failure = Failure::from(refused);
                prop_assert_eq!(failure.exit.code(), 4, "{}", failure.line());
                prop_assert!(failure.line().starts_with("me") || failure.line().starts_with("accounts, page 1: "), "{}", failure.line());
            }
        }
    }
}
