//! Asking again: what has not moved since an earlier fetch is taken over, what has moved is walked, nothing is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::Uri;
use chrono::NaiveDate;
use serde_json::{Value, json};
use tempfile::TempDir;
use tieout::archive::{Archive, Evidence, FetchPlan};
use tieout::domain::{AccountId, Amount, Class, List, TieOut};
use tieout::fetch::{Credentials, Limits, Line, Secret, Thorough, fetch};
use tieout::normalise::How;
use tieout::run::Settled;
use tieout::simulator::Scenario;
use tieout::watch::Nobody;
use tokio::net::TcpListener;

use crate::support::settle;

/// One row of the ledger of `MA_1`, which stands in the master ledger, too.
#[derive(Clone)]
struct Row {
    id: u32,
    date: NaiveDate,
    kind: &'static str,
}

/// A partner with one customer, whose rows a test can change between two fetches.
#[derive(Clone, Default)]
struct Desk {
    rows: Arc<Mutex<Vec<Row>>>,
    /// Ids that no type filter selects.
    hidden: Arc<Mutex<Vec<u32>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn respond(State(desk): State<Desk>, uri: Uri) -> String {
    let (path, query) = (uri.path().trim_start_matches('/'), uri.query().unwrap_or_default());
    desk.asked.lock().unwrap().push(format!("{path}?{query}"));
    match path {
        "me" => json!({ "id": "u", "auth_id": "PA_1", "name": "Desk", "balance": "0.00000" }).to_string(),
        "dashboard" => json!({ "total_balance": "1.00000", "currency": "INR" }).to_string(),
        "accounts" => {
            let row = json!({ "auth_id": "MA_1", "name": "One", "cash_credits": "0.00000" });
            json!({ "accounts": [row], "total": 1, "page": 1, "size": 100 }).to_string()
        }
        _ => desk.page(query),
    }
}

impl Desk {
    /// A page of the ledger, newest first.
    fn page(&self, query: &str) -> String {
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let (from, to) = (day(query["from_date"]), day(query["to_date"]));
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        let hidden = self.hidden.lock().unwrap().clone();
        let selects = |row: &Row| match query.get("transaction_type") {
            None => true,
            Some(wanted) => row.kind == *wanted && !hidden.contains(&row.id),
        };
        let mut rows = self.rows.lock().unwrap().clone();
        rows.retain(|row| row.date >= from && row.date <= to && selects(row));
        rows.sort_by_key(|row| std::cmp::Reverse((row.date, row.id)));
        let (page, per_page) = (number("page"), number("per_page"));
        let sum = rows.iter().map(|row| i64::from(row.id)).sum::<i64>();
        let shown: Vec<Value> = rows.iter().skip((page - 1) * per_page).take(per_page).map(Row::json).collect();
        let summary =
            json!({ "total_transactions": rows.len(), "total_debit": sum, "total_credit": 0, "net_amount": -sum });
        let total = rows.len();
        json!({ "transactions": shown, "summary": summary, "total": total, "page": page, "per_page": per_page })
            .to_string()
    }

    fn post(&self, ids: std::ops::Range<u32>, date: &str) {
        let date = day(date);
        self.rows.lock().unwrap().extend(ids.map(|id| Row { id, date, kind: "debit" }));
    }

    /// The requests for the ledger of `MA_1` since this was asked last, those for its entries by type aside.
    fn asked_of_ledger(&self) -> usize {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.iter().filter(|it| it.starts_with("accounts/") && !it.contains("transaction_type")).count()
    }
}

impl Row {
    fn json(&self) -> Value {
        let Self { id, date, kind } = self;
        json!({
            "id": format!("e-{id}"), "account_id": "MA_1", "type": kind, "amount": id, "currency": "INR",
            "description": "Call", "status": "completed", "created_at": format!("{date}T10:00:00Z"),
        })
    }
}

/// A desk behind a socket, and the archive of one partner who asks there day after day.
struct Books {
    desk: Desk,
    archive: Archive,
    line: Line,
    _folder: TempDir,
}

impl Books {
    async fn open() -> Self {
        let desk = Desk::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(respond).with_state(desk.clone());
        tokio::spawn(axum::serve(listener, app).into_future());
        let credentials =
            Credentials { auth_id: AccountId::parse("PA_1").unwrap(), token: Secret::new("the-token".to_owned()) };
        let limits = Limits { requests_per_second: 100_000, ..Limits::default() };
        let folder = TempDir::new().unwrap();
        let archive = Archive::open(&folder.path().join("archive"), "PA_1").unwrap();
        let line = Line { base_url, credentials, limits, thorough: Thorough::default(), now: 0 };
        Self { desk, archive, line, _folder: folder }
    }

    /// Fetches as of a day, checks that the evidence holds every row once, and says how the ledger was come by and how
    /// often it was asked for.
    async fn fetch(&self, today: &str, thorough: Thorough) -> (How, usize) {
        let period: tieout::domain::Period = "2026-03".parse().unwrap();
        let (from, to) = period.window(2);
        let plan = FetchPlan { period, from, to, today: day(today) };
        self.desk.asked_of_ledger();
        let line = Line { thorough, ..self.line.clone() };
        let fetched = fetch(&line, &self.archive, &plan, &Nobody).await.unwrap();
        let asked = self.desk.asked_of_ledger();
        let evidence = self.archive.evidence(fetched.fetch).unwrap();
        for list in [List::Master, List::Ledger(AccountId::parse("MA_1").unwrap())] {
            assert_eq!(self.ids(&evidence, &list), self.ids_there(), "{list} on {today}");
        }
        let settled = self.settled();
        let proof = settled.reconciliation.proofs.iter().find(|proof| proof.list.owner().is_some()).unwrap();
        assert_eq!(proof.verdict, "proved", "{today}");
        (proof.course.how, asked)
    }

    fn settled(&self) -> Settled {
        let text = "name = 'n'\nprose = 'p'\nseed = 1\nexpected.verdict = 'tied-out'\n";
        settle(&Scenario::read(text).unwrap(), &self.archive)
    }

    fn ids(&self, evidence: &Evidence, list: &List) -> Vec<String> {
        let found = evidence.lists.iter().find(|found| found.list == *list).unwrap();
        let rows = found.pages.iter().flat_map(|page| {
            let body: Value = serde_json::from_slice(&self.archive.body(&page.digest).unwrap()).unwrap();
            body["transactions"].as_array().unwrap().clone()
        });
        let mut ids: Vec<String> = rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    fn ids_there(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.desk.rows.lock().unwrap().iter().map(|row| format!("e-{}", row.id)).collect();
        ids.sort();
        ids
    }
}

const DAILY: Thorough = Thorough { full_walk: false, type_counts: true, daily: true };
const CLOSE: Thorough = Thorough { daily: false, ..DAILY };

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_fetch_walks_what_is_new_and_a_close_after_it_asks_for_totals_alone() {
    let books = Books::open().await;
    books.desk.post(1..451, "2026-03-03");
    assert_eq!(books.fetch("2026-03-05", DAILY).await, (How::Walked, 3), "three pages, for the first time");
    assert_eq!(books.fetch("2026-03-05", DAILY).await, (How::Unmoved, 1), "nothing is new");
    books.desk.post(451..456, "2026-03-06");
    // Totals, three pages of what is closed from now on, one that stays open.
    assert_eq!(books.fetch("2026-03-06", DAILY).await, (How::Walked, 5));
    books.desk.post(456..460, "2026-03-07");
    assert_eq!(books.fetch("2026-03-07", DAILY).await, (How::Extended, 2), "totals, and one page of what is new");
    books.desk.post(460..700, "2026-03-20");
    assert_eq!(books.fetch("2026-03-20", DAILY).await, (How::Extended, 3));
    assert_eq!(books.fetch("2026-04-03", CLOSE).await, (How::Unmoved, 1), "a close asks for the totals alone");
    assert_eq!(books.fetch("2026-04-03", Thorough { full_walk: true, ..CLOSE }).await, (How::Walked, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_behind_a_closed_stretch_costs_a_whole_walk_and_is_not_lost() {
    let books = Books::open().await;
    books.desk.post(1..451, "2026-03-03");
    books.fetch("2026-03-05", DAILY).await;
    books.desk.post(451..456, "2026-03-06");
    books.fetch("2026-03-06", DAILY).await;
    books.desk.post(456..457, "2026-03-02");
    // Totals, the open stretch, totals once more, and three pages.
    assert_eq!(books.fetch("2026-04-03", CLOSE).await, (How::Walked, 6), "an entry that came late");
    books.desk.rows.lock().unwrap().retain(|row| row.id != 7);
    assert_eq!(books.fetch("2026-04-03", CLOSE).await, (How::Walked, 4), "an entry that is gone");
    books.desk.rows.lock().unwrap().retain(|row| row.id > 400);
    assert_eq!(books.fetch("2026-04-03", CLOSE).await, (How::Walked, 2), "most of them gone");
    assert_eq!(books.fetch("2026-04-03", CLOSE).await, (How::Walked, 1), "one page costs no more than its totals");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_close_are_the_same_however_its_pages_were_come_by() {
    let books = Books::open().await;
    books.desk.post(1..451, "2026-03-03");
    books.fetch("2026-03-05", DAILY).await;
    books.desk.post(451..900, "2026-03-06");
    books.fetch("2026-03-06", DAILY).await;
    books.desk.post(900..990, "2026-03-08");
    let figures = |settled: &Settled| {
        let paper = |name: &str| settled.papers.iter().find(|paper| paper.name == name).unwrap().bytes.clone();
        ["tie_outs.csv", "accounts.csv", "invoices.csv", "invoice_lines.csv", "held.csv"].map(paper)
    };
    assert_eq!(books.fetch("2026-04-03", CLOSE).await.0, How::Extended);
    let extended = figures(&books.settled());
    assert_eq!(books.fetch("2026-04-03", CLOSE).await.0, How::Unmoved);
    assert_eq!(figures(&books.settled()), extended);
    assert_eq!(books.fetch("2026-04-03", Thorough { full_walk: true, ..CLOSE }).await.0, How::Walked);
    assert_eq!(figures(&books.settled()), extended);
    let total: Amount = books.settled().reconciliation.tie_outs.iter().filter_map(TieOut::customer).sum();
    assert_eq!(total, (1..990).sum::<i32>().to_string().parse().unwrap(), "the sum of what the desk was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_no_type_filter_selects_are_named() {
    let books = Books::open().await;
    books.desk.post(1..21, "2026-03-03");
    books.desk.rows.lock().unwrap().push(Row { id: 21, date: day("2026-03-04"), kind: "chargeback" });
    books.fetch("2026-04-03", CLOSE).await;
    let found =
        |settled: &Settled, class| settled.reconciliation.breaks.iter().filter(|it| it.class() == class).count();
    let settled = books.settled();
    let proof = settled.reconciliation.proofs.iter().find(|proof| proof.list.owner().is_some()).unwrap();
    assert_eq!((proof.by_type, proof.course.requests), (Some([20, 0, 0, 0]), 5));
    // The entry of a type that no rule knows is reported as itself.
    assert_eq!((found(&settled, Class::CrossFoot), found(&settled, Class::Unclassified)), (0, 1));
    books.desk.hidden.lock().unwrap().extend([4, 5]);
    books.fetch("2026-04-03", Thorough { full_walk: true, ..CLOSE }).await;
    let settled = books.settled();
    assert_eq!(found(&settled, Class::CrossFoot), 2, "of the master ledger and of the customer's");
    let told = settled.reconciliation.breaks.iter().find(|it| it.class() == Class::CrossFoot).unwrap();
    let said = "the type filters of transactions select debit 18, recharge 0, refund 0, transfer 0, together 18 of 21 \
                entries (difference 3)";
    assert_eq!(told.explanation(), said);
}
