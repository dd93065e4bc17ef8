//! The page decoder against pages that nobody would write: real ones, mutated, and ones made by a grammar.
//!
//! The door is the whole way in: served by a raw server, fetched, archived, settled. Nothing may panic, a body that is
//! no page may not be taken for one, and what is taken is there afterwards, row by row and to the last unit.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::value::RawValue;
use tieout::archive::ListOutcome;
use tieout::domain::{Amount, List};
use tieout::fetch::Limits;
use tieout::normalise::ListState;
use tieout::simulator::{Request, World};

use crate::laws_weather::soaking;
use crate::raw::{account, accounts, ledger};
use crate::raw_server::{Met, RawServer, meet, ok, tight};
use crate::storm::world;

/// Pages of one fetch, each another customer's whole ledger.
const PAGES: usize = 200;

/// Fetches of a test run and of a quiet hour.
const ROUNDS: u64 = 15;
const ROUNDS_SOAKED: u64 = 1_000;

/// What a mutation puts in: what JSON is made of, and what it is not.
const BITS: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"-0",
    b"null",
    b"true",
    b"\xff",
    b"\0",
    b"[[[[[[[[",
    b"{\"a\":",
    b"\"transactions\":[",
    b"\"data\":[],",
    b"\"total\":1,",
    b"\"auth_token\":",
    b"1.5",
    b"\"id\":\"x\",",
];

/// A page, and what must come of it where that is known.
struct Page {
    body: Vec<u8>,
    known: Option<Known>,
}

/// What the grammar has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    entries: u64,
    unreadable: u64,
    debits: Amount,
    /// Whether the envelope is a page's.
    sound: bool,
}

/// A page of the simulator, as the ledger of `owner`.
fn real(world: &World, owner: &str, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let (partner, accounts) = (world.partner(), world.accounts());
    let from = &accounts[rng.random_range(0..accounts.len())].auth_id;
    let answer = world.answer(&Request {
        method: "GET".to_owned(),
        path: format!("/accounts/{from}/transactions"),
        query: Some("per_page=5".to_owned()),
        auth_id: Some(partner.auth_id.clone()),
        auth_token: Some(partner.token.clone()),
    });
    String::from_utf8(answer.body).unwrap().replace(from.as_str(), owner).into_bytes()
}

fn mutated(mut body: Vec<u8>, rng: &mut ChaCha8Rng) -> Vec<u8> {
    for _ in 0..rng.random_range(1..5) {
        let at = rng.random_range(0..=body.len());
        let end = (at + rng.random_range(0..40)).min(body.len());
        match rng.random_range(0..6) {
            0 if at < body.len() => body[at] ^= 1 << rng.random_range(0..8),
            1 => drop(body.drain(at..end)),
            2 => {
                let again = body[at..end].to_vec();
                drop(body.splice(at..at, again));
            }
            3 => body.truncate(at.max(1)),
            _ => drop(body.splice(at..at, BITS[rng.random_range(0..BITS.len())].iter().copied())),
        }
    }
    body
}

/// A page by the grammar: sound rows of known amounts, rows that can be no entry, in an envelope that may be spoilt.
fn grown(owner: &str, rng: &mut ChaCha8Rng) -> (Vec<u8>, Known) {
    let mut known = Known { entries: 0, unreadable: 0, debits: Amount::ZERO, sound: true };
    let mut rows = Vec::new();
    for number in 0..rng.random_range(0..6) {
        let (row, amount) = grown_row(owner, number, rng);
        rows.push(row);
        match amount {
            Some(amount) => {
                known.entries += 1;
                known.debits += amount;
            }
            None => known.unreadable += 1,
        }
    }
    let (list, count) = (format!("[{}]", rows.join(" ,\n")), rows.len());
    let name = ["transactions", "data", "items", "\\u0074ransactions"][rng.random_range(0..4)];
    let junk =
        ["\"x\":[[[{}]]]", "\"auth_token\":\"abc\"", "\"secret\":{\"a\":[1,\"}\"]}", "\"summary\":7", "\"\":null"];
    let mut keys = vec![
        format!("\"{name}\":{list}"),
        format!("\"total\":{count}"),
        junk[rng.random_range(0..junk.len())].to_owned(),
        "\"page\":1".to_owned(),
    ];
    let turn = rng.random_range(0..keys.len());
    keys.rotate_left(turn);
    let spoilt = [
        format!("\"{name}\":[]"),
        "\"page\":2".to_owned(),
        "\"total\":\"7\"".to_owned(),
        "\"total\":-1".to_owned(),
        "\"account_auth_id\":\"MA_OTHER\"".to_owned(),
        "\"x\":tru".to_owned(),
        "\"x\":01".to_owned(),
        "\"x\"".to_owned(),
        "\"auth_token\":[1}".to_owned(),
        "\"auth_token\":nul".to_owned(),
    ];
    if rng.random_bool(0.3) {
        known.sound = false;
        keys.insert(rng.random_range(0..=keys.len()), spoilt[rng.random_range(0..spoilt.len())].clone());
    }
    let body = format!(" {{{}}}\r\n", keys.join(","));
    match rng.random_range(0..20) {
        0 => {
            known.sound = false;
            (format!("[{body}]").into_bytes(), known)
        }
        1 => {
            known.sound = false;
            (format!("{body}{body}").into_bytes(), known)
        }
        _ => (body.into_bytes(), known),
    }
}

/// A row, and its amount where it must become an entry.
fn grown_row(owner: &str, number: usize, rng: &mut ChaCha8Rng) -> (String, Option<Amount>) {
    let amounts = [
        ("1.25", "1.25"),
        ("\"1.25\"", "1.25"),
        ("0.00000001", "0.00000001"),
        ("1e2", "100"),
        ("12E-1", "1.2"),
        ("\"\\u0031\"", "1"),
        ("90000000000", "90000000000"),
        ("0", "0"),
    ];
    let (written, meant) = amounts[rng.random_range(0..amounts.len())];
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let fields = |id: &str, amount: &str, at: &str| {
        format!(
            r#"{{"id":{id},"account_id":"{owner}","type":"debit","amount":{amount},"currency":"INR","x":{deep},"description":"C\u0061ll to x","status":"completed","created_at":{at}}}"#
        )
    };
    let (id, at) = (format!("\"e-{number}\""), r#""2026-03-10T10:00:00.000000Z""#);
    match rng.random_range(0..16) {
        0 => (fields(&id, "null", at), None),
        1 => (fields(&id, "\"1,25\"", at), None),
        2 => (fields("7", written, at), None),
        3 => (fields(&id, written, "\"yesterday\""), None),
        4 => (fields(&id, "1e99", at), None),
        5 => ("[[]]".to_owned(), None),
        6 => (fields(&id, "0.000000001", at), None),
        7 => (fields("\"\"", written, at), None),
        8 => (fields("\"a\",\"id\":\"b\"", written, at), None),
        _ => (fields(&id, written, at), Some(meant.parse().unwrap())),
    }
}

/// The rows of a body, read by other means than the engine's; nothing where it is no page.
fn rows_of(body: &[u8]) -> Option<usize> {
    let keys: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    let mut lists = ["transactions", "data", "items"].iter().filter_map(|name| keys.get(*name));
    let rows: Vec<Box<RawValue>> = serde_json::from_str(lists.next()?.get()).ok()?;
    lists.next().is_none().then_some(rows.len())
}

fn judge(met: &Met, pages: &BTreeMap<List, Page>) -> Vec<String> {
    let settled = met.settled();
    let totals: BTreeMap<String, _> =
        settled.books.ledgers.totals_by_ledger().unwrap().into_iter().map(|it| (it.ledger.clone(), it)).collect();
    let mut wrong = Vec::new();
    for evidence in met.lists() {
        let Some(page) = pages.get(&evidence.list) else { continue };
        let shown = String::from_utf8_lossy(&page.body).replace("[[[[[[[[", "").replace("]]]]]]]]", "");
        let mut complain = |what: String| wrong.push(format!("{}: {what}\n    {shown}", evidence.list));
        let taken = matches!(evidence.outcome, ListOutcome::Complete { .. } | ListOutcome::Unstable { .. });
        if page.known.is_some_and(|known| known.sound != taken) {
            complain(format!("expected {:?}, seen {:?}", page.known, evidence.outcome));
        }
        if !taken {
            continue;
        }
        let record = settled.books.lists.iter().find(|record| record.list == evidence.list).unwrap();
        let List::Ledger(owner) = &evidence.list else { continue };
        let totals = totals.get(owner.as_str());
        let entries = totals.map_or(0, |totals| totals.entries);
        let rows = rows_of(&page.body).map(|rows| rows as u64);
        let seen = (record.rows, entries + record.unreadable);
        if rows != Some(seen.0) || seen.0 != seen.1 || matches!(record.state, ListState::Missing(_)) {
            complain(format!("{rows:?} rows served, {} taken, {} accounted for, {:?}", seen.0, seen.1, record.state));
        }
        let debits = totals.map_or(Amount::ZERO, |totals| totals.debits.1);
        let came = Known { entries, unreadable: record.unreadable, debits, sound: true };
        if page.known.is_some_and(|known| known != came) {
            complain(format!("expected {:?}, came to {came:?}", page.known));
        }
    }
    wrong
}

#[test]
#[expect(clippy::print_stdout, reason = "the seed comes first, and is shown when the test fails")]
fn no_page_panics_and_none_is_taken_and_lost() {
    let world = world();
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..if soaking() { ROUNDS_SOAKED } else { ROUNDS } {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        println!("seed {seed}");
        let owners: Vec<String> = (0..PAGES).map(|number| format!("MA_F{number}")).collect();
        let pages: BTreeMap<List, Page> = owners
            .iter()
            .map(|owner| {
                let page = if rng.random_bool(0.5) {
                    let (body, known) = grown(owner, &mut rng);
                    Page { body, known: Some(known) }
                } else {
                    let body = real(&world, owner, &mut rng);
                    Page { body: mutated(body, &mut rng), known: None }
                };
                (ledger(owner), page)
            })
            .collect();
        let list = String::from_utf8(accounts(&owners.iter().map(|owner| account(owner)).collect::<Vec<_>>())).unwrap();
        let list = list.replace("\"size\":100", &format!("\"size\":{PAGES}"));
        let bodies: BTreeMap<String, Vec<u8>> =
            pages.iter().map(|(list, page)| (list.to_string(), page.body.clone())).collect();
        let server = RawServer::new(move |request| {
            let path = request.split('?').next()?;
            if path == "accounts" {
                return Some(ok(&list));
            }
            // There is one page, whatever total it names.
            bodies.get(path).filter(|_| request.contains("&page=1&")).map(ok)
        });
        let limits = Limits { attempts_max: 1, ..tight() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let met = runtime.block_on(async { meet(server.listen().await, limits).await });
        let wrong = judge(&met, &pages);
        assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
        let is_taken = |list: &tieout::archive::ListEvidence| !matches!(list.outcome, ListOutcome::Missing { .. });
        let found = met.lists().iter().filter(|list| pages.contains_key(&list.list) && is_taken(list)).count();
        (taken, refused) = (taken + found, refused + PAGES - found);
    }
    println!("{taken} pages taken, {refused} refused");
    assert!(taken > 1000 && refused > 700, "the draw has lost its balance: {taken} taken, {refused} refused");
}
