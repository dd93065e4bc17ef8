//! A partner whose books a test can change between two requests, and the archive of one who asks there day after day.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::http::Uri;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use tempfile::TempDir;
use tieout::archive::{Archive, Evidence, FetchPlan};
use tieout::domain::{AccountId, List};
use tieout::fetch::{Credentials, FetchError, Fetched, Limits, Line, Secret, Thorough, fetch};
use tieout::run::Settled;
use tieout::simulator::Scenario;
use tieout::watch::Nobody;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::support::settle;

/// The master ledger and the first customer's, by their paths.
pub(crate) const MASTER: &str = "transactions";
pub(crate) const ONE: &str = "accounts/MA_1/transactions";

/// What every wallet began with, before its first row.
pub(crate) const BEGAN_WITH: i64 = 1_000_000;

/// One row of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) id: u32,
    pub(crate) account: &'static str,
    pub(crate) date: NaiveDate,
    pub(crate) kind: &'static str,
    pub(crate) amount: u32,
    pub(crate) status: &'static str,
}

/// Every ledger's rows, by its path.
pub(crate) type Ledgers = BTreeMap<String, Vec<Row>>;

/// How the server reads `from_date` and `to_date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    /// Both days belong to the window.
    Inclusive,
    /// The last day does not.
    Exclusive,
    /// The day after the last one does, too.
    Beyond,
    /// By the days of a zone that is so many days ahead.
    Ahead(u64),
}

/// Changes the books while a request is under way.
pub(crate) type Happening = Box<dyn FnMut(&str, &mut Ledgers) + Send>;

/// What a partner holds, and how it answers.
pub(crate) struct Books {
    pub(crate) ledgers: Ledgers,
    /// Ids that no type filter selects.
    pub(crate) hidden: Vec<u32>,
    pub(crate) asked: Vec<String>,
    /// Rows a page, at most.
    pub(crate) page_rows: usize,
    pub(crate) dates: Dates,
    /// Whether the summary adds up settled rows only.
    pub(crate) settled_only: bool,
    /// Ids that are counted, but stand on no page.
    pub(crate) lost: Vec<u32>,
    /// What a customer's wallet shows in place of what it holds.
    pub(crate) shown: BTreeMap<&'static str, Value>,
    /// Its currency, where that is not the rupee.
    pub(crate) currencies: BTreeMap<&'static str, &'static str>,
    /// What happens before a request, path and query, is answered.
    pub(crate) meanwhile: Option<Happening>,
    /// Rings when so many requests have arrived in all.
    bell: Option<(usize, Arc<Notify>)>,
}

/// A partner's desk.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Mutex<Books>>);

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn respond(State(desk): State<Desk>, uri: Uri) -> String {
    let (path, query) = (uri.path().trim_start_matches('/'), uri.query().unwrap_or_default());
    let mut books = desk.books();
    books.asked.push(format!("{path}?{query}"));
    let asked = books.asked.len();
    if let Some((_, bell)) = books.bell.take_if(|(at, _)| *at <= asked) {
        bell.notify_one();
    }
    if let Some(mut happens) = books.meanwhile.take() {
        happens(&format!("{path}?{query}"), &mut books.ledgers);
        books.meanwhile = Some(happens);
    }
    match path {
        "me" => {
            let balance = books.wallet("PA_1");
            json!({ "id": "u", "auth_id": "PA_1", "name": "Desk", "balance": balance, "currency": "INR" }).to_string()
        }
        "dashboard" => json!({ "total_balance": books.wallets(), "currency": "INR" }).to_string(),
        "accounts" => books.accounts(),
        _ if path.ends_with("/balance") => {
            let id = path.split('/').nth(1).unwrap();
            json!({ "auth_id": id, "cash_credits": books.wallet(id), "currency": "INR" }).to_string()
        }
        _ => books.page(path, query),
    }
}

impl Books {
    fn accounts(&self) -> String {
        let ids = self.ledgers.keys().filter_map(|path| path.strip_prefix("accounts/")?.split('/').next());
        let row = |id| {
            let shown = self.shown.get(id).cloned().unwrap_or_else(|| json!(self.wallet(id)));
            let currency = self.currencies.get(id).unwrap_or(&"INR");
            json!({ "auth_id": id, "name": id, "cash_credits": shown, "pricing_tier": { "currency": currency } })
        };
        let rows: Vec<Value> = ids.map(row).collect();
        json!({ "accounts": rows, "total": rows.len(), "page": 1, "size": 100 }).to_string()
    }

    /// The sum of the customers' wallets.
    fn wallets(&self) -> String {
        let ids = self.ledgers.keys().filter_map(|path| path.strip_prefix("accounts/")?.split('/').next());
        let held = ids.map(|id| self.wallet(id).trim_end_matches(".00000").parse::<i64>().unwrap());
        format!("{}.00000", held.sum::<i64>())
    }

    /// A wallet: what it began with, and what every settled row has made of it since.
    pub(crate) fn wallet(&self, account: &str) -> String {
        let rows = self.ledgers.iter().flat_map(|(path, rows)| rows.iter().map(move |row| (path, row)));
        let own = rows.filter(|(path, row)| {
            if account == "PA_1" { *path == MASTER && row.account == account } else { path.contains(account) }
        });
        let settled = own.filter(|(_, row)| row.status == "completed");
        let moved: i64 = settled
            .map(|(_, row)| if row.kind == "credit" { i64::from(row.amount) } else { -i64::from(row.amount) })
            .sum();
        format!("{}.00000", BEGAN_WITH + moved)
    }

    /// A page of a ledger, newest first.
    fn page(&self, path: &str, query: &str) -> String {
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        let selects = |row: &Row| match query.get("transaction_type") {
            None => true,
            Some(wanted) => row.kind == *wanted && !self.hidden.contains(&row.id),
        };
        let mut rows = self.within(&self.ledgers[path], day(query["from_date"]), day(query["to_date"]));
        rows.retain(selects);
        let (page, per_page) = (number("page"), number("per_page").min(self.page_rows));
        let totals = self.totals(&rows);
        let shown = rows.iter().skip((page - 1) * per_page).take(per_page);
        let shown: Vec<Value> = shown.filter(|row| !self.lost.contains(&row.id)).map(Row::json).collect();
        let summary = json!({
            "total_transactions": totals[0], "total_debit": totals[1], "total_credit": totals[2],
            "net_amount": totals[2] - totals[1],
        });
        json!({ "transactions": shown, "summary": summary, "total": rows.len(), "page": page, "per_page": per_page })
            .to_string()
    }

    /// The rows that a window selects, in the order of the pages.
    pub(crate) fn within(&self, rows: &[Row], from: NaiveDate, to: NaiveDate) -> Vec<Row> {
        let mut rows = rows.to_vec();
        rows.retain(|row| match self.dates {
            Dates::Inclusive => row.date >= from && row.date <= to,
            Dates::Exclusive => row.date >= from && row.date < to,
            Dates::Beyond => row.date >= from && row.date <= to + Days::new(1),
            Dates::Ahead(days) => row.date + Days::new(days) >= from && row.date + Days::new(days) <= to,
        });
        rows.sort_by_key(|row| std::cmp::Reverse((row.date, row.id)));
        rows
    }

    /// What the summary says of rows: how many, Σ debits, Σ credits.
    pub(crate) fn totals(&self, rows: &[Row]) -> [i64; 3] {
        let counted = || rows.iter().filter(|row| !self.settled_only || row.status == "completed");
        let sum = |credit: bool| {
            counted().filter(|row| (row.kind == "credit") == credit).map(|row| i64::from(row.amount)).sum()
        };
        [i64::try_from(rows.len()).unwrap(), sum(false), sum(true)]
    }
}

impl Desk {
    /// A desk whose master ledger and first customer have no rows yet.
    pub(crate) fn new() -> Self {
        let ledgers = [MASTER, ONE].map(|path| (path.to_owned(), Vec::new())).into();
        Self(Arc::new(Mutex::new(Books {
            ledgers,
            hidden: Vec::new(),
            asked: Vec::new(),
            page_rows: 200,
            dates: Dates::Inclusive,
            settled_only: false,
            lost: Vec::new(),
            shown: BTreeMap::new(),
            currencies: BTreeMap::new(),
            meanwhile: None,
            bell: None,
        })))
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    fn ring_after(&self, requests: usize, bell: &Arc<Notify>) {
        let mut books = self.books();
        books.bell = Some((books.asked.len() + requests, Arc::clone(bell)));
    }

    /// Changes every ledger in the same way.
    pub(crate) fn change(&self, change: impl Fn(&mut Vec<Row>)) {
        self.books().ledgers.values_mut().for_each(change);
    }

    pub(crate) fn post(&self, ids: std::ops::Range<u32>, date: &str) {
        self.change(|rows| rows.extend(ids.clone().map(|id| Row::debit(id, day(date)))));
    }

    /// The requests for the ledger of `MA_1` since this was asked last, those for its entries by type aside.
    pub(crate) fn asked_of_ledger(&self) -> usize {
        let asked = std::mem::take(&mut self.books().asked);
        asked.iter().filter(|it| it.starts_with(ONE) && !it.contains("transaction_type")).count()
    }
}

impl Row {
    /// A settled debit of `MA_1`, its amount its id.
    pub(crate) const fn debit(id: u32, date: NaiveDate) -> Self {
        Self { id, account: "MA_1", date, kind: "debit", amount: id, status: "completed" }
    }

    pub(crate) fn json(&self) -> Value {
        let Self { id, account, date, kind, amount, status } = self;
        json!({
            "id": format!("e-{id}"), "account_id": account, "type": kind, "amount": amount, "currency": "INR",
            "description": "Call", "status": status, "created_at": format!("{date}T10:00:00Z"),
        })
    }
}

/// A desk behind a socket, and the archive of one partner who asks there day after day.
pub(crate) struct Asker {
    pub(crate) desk: Desk,
    pub(crate) archive: Archive,
    pub(crate) line: Line,
    _folder: TempDir,
}

impl Asker {
    pub(crate) async fn open() -> Self {
        let desk = Desk::new();
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

    pub(crate) fn plan(today: NaiveDate) -> FetchPlan {
        let period: tieout::domain::Period = "2026-03".parse().unwrap();
        let (from, to) = period.window(2);
        FetchPlan { period, from, to, today }
    }

    /// Asks as of a day.
    pub(crate) async fn ask(&self, today: NaiveDate, thorough: Thorough) -> Result<Fetched, FetchError> {
        let line = Line { thorough, ..self.line.clone() };
        fetch(&line, &self.archive, &Self::plan(today), &Nobody).await
    }

    /// Asks as of a day, and is cut off when so many requests have arrived; says whether it was.
    pub(crate) async fn ask_and_die(&self, today: NaiveDate, thorough: Thorough, requests: usize) -> bool {
        let bell = Arc::new(Notify::new());
        self.desk.ring_after(requests, &bell);
        tokio::select! {
            () = bell.notified() => true,
            fetched = self.ask(today, thorough) => {
                fetched.unwrap();
                false
            }
        }
    }

    pub(crate) fn settled(&self) -> Settled {
        let text = "name = 'n'\nprose = 'p'\nseed = 1\nexpected.verdict = 'tied-out'\n";
        settle(&Scenario::read(text).unwrap(), &self.archive)
    }

    /// The archived rows of a ledger, as they were sent, sorted.
    pub(crate) fn rows(&self, evidence: &Evidence, list: &List) -> Vec<String> {
        let found = evidence.lists.iter().find(|found| found.list == *list).unwrap();
        let rows = found.pages.iter().flat_map(|page| {
            let body: Value = serde_json::from_slice(&self.archive.body(&page.digest).unwrap()).unwrap();
            body["transactions"].as_array().unwrap().clone()
        });
        let mut rows: Vec<String> = rows.map(|row| row.to_string()).collect();
        rows.sort();
        rows
    }

    /// The rows that the desk holds in a ledger now.
    pub(crate) fn rows_there(&self, list: &List) -> Vec<String> {
        let mut rows: Vec<String> =
            self.desk.books().ledgers[&list.to_string()].iter().map(|row| row.json().to_string()).collect();
        rows.sort();
        rows
    }
}

pub(crate) const DAILY: Thorough =
    Thorough { full_walk: false, type_counts: true, daily: true, wallets: false, from_inception: false };
/// As a close asks, the wallets included.
pub(crate) const PROVED: Thorough = Thorough { wallets: true, ..CLOSE };
pub(crate) const CLOSE: Thorough = Thorough { daily: false, ..DAILY };
pub(crate) const FULL: Thorough = Thorough { full_walk: true, ..CLOSE };
