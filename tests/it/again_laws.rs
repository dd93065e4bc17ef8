//! The law of asking again: whatever changes between two fetches or during one, however a fetch is cut off and by which
//! command it is gone on with, the archived rows of a ledger are what the desk held at some moment of that fetch; or the
//! ledger is not whole; or the close says that its totals do not hold. No row comes twice that the desk had once.
//!
//! One thing is admitted: rows that change so that count, debits and credits stay as they were. Nothing but a full walk
//! can see that, and one that it happens in may mix both. A row that was not settled yet is no such thing between two
//! fetches where the sums are of all rows: it is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{Days, NaiveDate};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::archive::{Evidence, ListOutcome};
use tieout::domain::List;
use tieout::fetch::Thorough;

use crate::again_desk::{Asker, CLOSE, DAILY, Dates, FULL, Ledgers, MASTER, Row, day};
use crate::laws_weather::seeds;

/// Months of a test run, and of a quiet hour.
const MONTHS: u64 = 160;
const MONTHS_SOAKED: u64 = 4_000;

/// Months at one time: they wait for the disk.
const AT_ONCE: usize = 12;

/// Which changes a month sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Every kind, no two amounts the same: totals tell everything.
    Telling,
    /// Rows only arrive, today's and late ones, all of one amount: one can stand for another in a sum.
    Arriving,
    /// Every kind, amounts of a few values.
    Blurred,
}

/// What happens to the books, change by change.
struct Fate {
    rng: ChaCha8Rng,
    life: Life,
    today: NaiveDate,
    next: u32,
    /// The books after each change, those at the beginning first.
    versions: Vec<Ledgers>,
}

impl Fate {
    fn amount(&mut self) -> u32 {
        match self.life {
            Life::Telling => self.rng.random_range(1..1_000_000_000),
            Life::Arriving => 45,
            Life::Blurred => self.rng.random_range(1..4),
        }
    }

    fn arrival(&mut self, account: &'static str, date: NaiveDate) -> Row {
        self.next += 1;
        let kind = if self.rng.random_bool(0.8) { "debit" } else { "credit" };
        let status = if self.rng.random_bool(0.85) { "completed" } else { "pending" };
        let amount = self.amount();
        Row { id: self.next, account, date, kind, amount, status }
    }

    /// Makes one change, mostly to both books alike.
    fn change(&mut self, ledgers: &mut Ledgers) {
        let account = *["MA_1", "MA_2"][..ledgers.len() - 1].choose(&mut self.rng).unwrap();
        let own = format!("accounts/{account}/transactions");
        let places = match self.rng.random_range(0..10) {
            0 => vec![MASTER.to_owned()],
            1 => vec![own],
            _ => vec![MASTER.to_owned(), own],
        };
        let late = self.today - Days::new(self.rng.random_range(1..8));
        let kind = if self.life == Life::Arriving { self.rng.random_range(0..5) } else { self.rng.random_range(0..10) };
        let arrival = match kind {
            0..=2 => Some(self.arrival(account, self.today)),
            3..=5 => Some(self.arrival(account, late)),
            _ => None,
        };
        let amount = self.amount();
        let rows = &ledgers[places.last().unwrap()];
        let struck = rows.iter().filter(|row| row.account == account).collect::<Vec<_>>();
        let struck = struck.choose(&mut self.rng).map(|row| row.id);
        let to = if self.rng.random_bool(0.7) { "completed" } else { "failed" };
        for place in places {
            let rows = ledgers.get_mut(&place).unwrap();
            rows.extend(arrival.clone());
            match kind {
                5 | 6 => rows.retain(|row| Some(row.id) != struck || self.life == Life::Arriving),
                7 => rows.iter_mut().filter(|row| Some(row.id) == struck).for_each(|row| row.amount = amount),
                8 | 9 => rows.iter_mut().filter(|row| row.status == "pending").for_each(|row| row.status = to),
                _ => {}
            }
        }
        self.versions.push(ledgers.clone());
    }
}

/// A month at one desk, and everything that was wrong with it.
struct Month {
    asker: Asker,
    fate: Arc<Mutex<Fate>>,
    rng: ChaCha8Rng,
    life: Life,
    story: String,
    /// The version of the books when each fetch began.
    began: BTreeMap<i64, usize>,
    wrong: Vec<String>,
}

impl Month {
    async fn open(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let life = [Life::Telling, Life::Arriving, Life::Blurred, Life::Telling][(seed % 4) as usize];
        let mut asker = Asker::open().await;
        asker.line.limits.concurrency = [1, 1, 4][rng.random_range(0..3)];
        let dates = [Dates::Inclusive, Dates::Inclusive, Dates::Exclusive, Dates::Beyond, Dates::Ahead(1)];
        let fate = Fate {
            rng: ChaCha8Rng::seed_from_u64(!seed),
            life,
            today: day("2026-03-02"),
            next: 0,
            versions: Vec::new(),
        };
        let mut month = Self {
            asker,
            fate: Arc::new(Mutex::new(fate)),
            rng,
            life,
            story: String::new(),
            began: BTreeMap::new(),
            wrong: Vec::new(),
        };
        month.furnish(dates);
        month
    }

    fn furnish(&mut self, dates: [Dates; 5]) {
        let mut books = self.asker.desk.books();
        books.page_rows = self.rng.random_range(2..5);
        books.dates = *dates.choose(&mut self.rng).unwrap();
        books.settled_only = self.rng.random_bool(0.5);
        if self.rng.random_bool(0.4) {
            books.ledgers.insert("accounts/MA_2/transactions".to_owned(), Vec::new());
        }
        let mut fate = self.fate.lock().unwrap();
        writeln!(self.story, "{:?}, {:?}, {} a page", self.life, books.dates, books.page_rows).unwrap();
        for _ in 0..self.rng.random_range(3..16) {
            let account = *["MA_1", "MA_2"][..books.ledgers.len() - 1].choose(&mut self.rng).unwrap();
            let row = fate.arrival(account, day("2026-03-01"));
            books.ledgers.get_mut(MASTER).unwrap().push(row.clone());
            books.ledgers.get_mut(&format!("accounts/{account}/transactions")).unwrap().push(row);
        }
        fate.versions.push(books.ledgers.clone());
    }

    fn changes(&mut self, most: usize) {
        for _ in 0..self.rng.random_range(0..=most) {
            let mut books = self.asker.desk.books();
            self.fate.lock().unwrap().change(&mut books.ledgers);
        }
    }

    fn days_pass(&mut self, most: u64) {
        let mut fate = self.fate.lock().unwrap();
        fate.today = (fate.today + Days::new(self.rng.random_range(0..=most))).min(day("2026-04-02"));
    }

    /// Lets some changes happen between the next requests; gives none where the fetch is to be quiet.
    fn meanwhile(&mut self, quiet: bool) {
        let turns: BTreeSet<usize> = if quiet || self.rng.random_bool(0.5) {
            BTreeSet::new()
        } else {
            (0..self.rng.random_range(1..4)).map(|_| self.rng.random_range(3..30)).collect()
        };
        let (fate, mut request) = (Arc::clone(&self.fate), 0);
        self.asker.desk.books().meanwhile = Some(Box::new(move |_, ledgers| {
            request += 1;
            if turns.contains(&request) {
                fate.lock().unwrap().change(ledgers);
            }
        }));
    }

    fn thorough(&mut self) -> Thorough {
        let thorough = *[DAILY, DAILY, DAILY, CLOSE, CLOSE, FULL].choose(&mut self.rng).unwrap();
        Thorough { type_counts: self.rng.random_bool(0.3), ..thorough }
    }

    /// The version of the books when the fetch that comes next began.
    fn begin(&mut self, thorough: Thorough) -> usize {
        let fate = self.fate.lock().unwrap();
        let (archive, plan) = (&self.asker.archive, Asker::plan(fate.today));
        let fetch = if thorough.daily { archive.begin_ahead(&plan) } else { archive.begin(&plan) }.unwrap();
        *self.began.entry(fetch.number()).or_insert(fate.versions.len() - 1)
    }

    /// One fetch, perhaps cut off before and gone on with.
    async fn fetch(&mut self, quiet: bool) {
        self.meanwhile(quiet);
        let mut resumed = false;
        while !quiet && self.rng.random_bool(0.4) {
            let (thorough, requests) = (self.thorough(), self.rng.random_range(3..40));
            self.begin(thorough);
            let today = self.fate.lock().unwrap().today;
            let cut = self.asker.ask_and_die(today, thorough, requests).await;
            writeln!(self.story, "{today} {thorough:?}, cut off after {requests}: {cut}").unwrap();
            resumed |= cut;
            self.changes(2);
            self.days_pass(1);
        }
        let thorough = if quiet { CLOSE } else { self.thorough() };
        let began = self.begin(thorough);
        let today = self.fate.lock().unwrap().today;
        let fetched = match self.asker.ask(today, thorough).await {
            Ok(fetched) => fetched,
            Err(error) => return self.wrong.push(format!("{today} {thorough:?}: {error}")),
        };
        let ended = self.fate.lock().unwrap().versions.len();
        writeln!(self.story, "{today} {thorough:?}, books {began}..{ended}: {} requests", fetched.requests).unwrap();
        let evidence = self.asker.archive.evidence(fetched.fetch).unwrap();
        self.judge(&evidence, began..ended, resumed || ended > began + 1);
    }

    fn judge(&mut self, evidence: &Evidence, during: std::ops::Range<usize>, disturbed: bool) {
        let fate = self.fate.lock().unwrap();
        let settled = std::cell::LazyCell::new(|| self.asker.settled());
        for found in evidence.lists.iter().filter(|found| found.list.is_ledger()) {
            let rows = self.asker.rows(evidence, &found.list);
            let complete = matches!(found.outcome, ListOutcome::Complete { .. });
            let ids: BTreeSet<&str> = rows.iter().map(|row| id(row)).collect();
            if complete && ids.len() < rows.len() {
                self.wrong.push(format!("{}: a row came twice: {rows:#?}", found.list));
            }
            let held = |version: &Ledgers| self.shown(version, &found.list);
            if self.excused(&fate.versions, &during, &found.list) {
                continue;
            }
            let exact = fate.versions[during.clone()].iter().any(|version| held(version) == rows);
            if exact && disturbed {
                continue;
            }
            let proof = || settled.reconciliation.proofs.iter().find(|proof| proof.list == found.list).unwrap().verdict;
            if !exact && complete && proof() == "proved" {
                let there: Vec<_> = fate.versions[during.clone()].iter().map(held).collect();
                self.wrong.push(format!("{}: never held {rows:#?}\nheld {there:#?}", found.list));
            }
            if !disturbed && (!complete || proof() != "proved") {
                self.wrong.push(format!("{}: {:?}, though nothing has moved", found.list, found.outcome));
            }
        }
    }

    /// What the desk shows of a ledger, as it sends it, sorted.
    fn shown(&self, version: &Ledgers, list: &List) -> Vec<String> {
        let plan = Asker::plan(day("2026-03-01"));
        let rows = self.asker.desk.books().within(&version[&list.to_string()], plan.from, plan.to);
        let mut rows: Vec<String> = rows.iter().map(|row| row.json().to_string()).collect();
        rows.sort();
        rows
    }

    /// Whether rows have changed while the totals stayed as they were.
    fn excused(&self, versions: &[Ledgers], during: &std::ops::Range<usize>, list: &List) -> bool {
        let books = self.asker.desk.books();
        let plan = Asker::plan(day("2026-03-01"));
        let rows = |version: &Ledgers| books.within(&version[&list.to_string()], plan.from, plan.to);
        versions[..during.end].iter().enumerate().any(|(at, one)| {
            let one = rows(one);
            versions[at + 1..during.end].iter().map(rows).any(|two| {
                let gone = one.iter().filter(|row| !two.contains(row));
                // Where only settled rows are added up, one that fails moves nothing, and is worth nothing either way.
                let awaited =
                    !books.settled_only && !during.contains(&at) && gone.clone().all(|row| row.status == "pending");
                one != two && books.totals(&one) == books.totals(&two) && !awaited
            })
        })
    }
}

fn id(row: &str) -> &str {
    row.split_once("\"id\":\"").and_then(|(_, rest)| rest.split('"').next()).unwrap()
}

async fn play(seed: u64) -> String {
    let mut month = Month::open(seed).await;
    for _ in 0..month.rng.random_range(2..6) {
        month.fetch(false).await;
        month.changes(3);
        month.days_pass(3);
    }
    month.asker.desk.books().meanwhile = None;
    // What was cut off is gone on with first; then a close of a partner at rest, and another.
    month.fetch(true).await;
    month.fetch(true).await;
    if month.wrong.is_empty() { String::new() } else { format!("{}{}", month.story, month.wrong.join("\n")) }
}

#[test]
fn a_ledger_is_as_the_desk_held_it_whatever_happens_between_and_during_fetches() {
    let seeds = seeds(MONTHS, MONTHS_SOAKED);
    let (next, wrong) = (AtomicU64::new(seeds.start), Mutex::new(String::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let runtime =
                        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
                    let told = runtime.block_on(play(seed));
                    if !told.is_empty() {
                        writeln!(wrong.lock().unwrap(), "TIEOUT_SEED={seed}\n{told}\n").unwrap();
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} months are wrong:\n{wrong}", wrong.matches("TIEOUT_SEED").count());
}
