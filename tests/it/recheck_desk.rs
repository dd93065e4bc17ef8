//! A partner whose closed month changes after the seal, row by row and field by field, and the folder of one who closes
//! the month there and rechecks it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};
use tempfile::TempDir;
use tieout::archive::FetchPlan;
use tieout::domain::{AccountId, Amount, Period};
use tieout::fetch::{Credentials, Fetched, Limits, Line, Secret, Thorough};
use tieout::invoice::RateCard;
use tieout::run::recheck::{Finished, recheck};
use tieout::run::{Closed, Request, RunError, Terms, close};
use tieout::watch::Nobody;
use tokio::net::TcpListener;

/// The master ledger, by its path.
pub(crate) const MASTER: &str = "transactions";

/// A customer's ledger, by its path.
pub(crate) fn ledger(account: &str) -> String {
    format!("accounts/{account}/transactions")
}

/// One row of a ledger, as the partner writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) kind: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) description: String,
    pub(crate) reference: Option<String>,
    pub(crate) status: String,
    pub(crate) created_at: String,
}

impl Row {
    /// A settled call at a moment (UTC).
    pub(crate) fn call(id: &str, account: &str, amount: &str, created_at: &str) -> Self {
        let own = ToOwned::to_owned;
        Self {
            id: own(id),
            account: own(account),
            kind: own("debit"),
            amount: own(amount),
            currency: own("INR"),
            description: own("Call to +9122 (60s)"),
            reference: Some(format!("cdr:{id}")),
            status: own("completed"),
            created_at: own(created_at),
        }
    }

    pub(crate) fn amount(&self) -> Amount {
        self.amount.parse().unwrap()
    }

    /// Whether it lies in March 2026 by India's calendar.
    pub(crate) fn inside(&self) -> bool {
        let bound = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
        let moment = bound(&self.created_at);
        moment >= bound("2026-03-01T00:00:00+05:30") && moment < bound("2026-04-01T00:00:00+05:30")
    }

    /// Whether it counts in the month's totals.
    pub(crate) fn counts(&self) -> bool {
        self.inside() && self.status == "completed"
    }

    fn json(&self) -> Value {
        let mut row = json!({
            "id": self.id, "account_id": self.account, "type": self.kind, "amount": self.amount,
            "currency": self.currency, "description": self.description, "status": self.status,
            "created_at": self.created_at,
        });
        if let Some(reference) = &self.reference {
            row["reference"] = json!(reference);
        }
        row
    }
}

/// What the partner holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// Every ledger's rows, by its path.
    pub(crate) ledgers: BTreeMap<String, Vec<Row>>,
    /// Ledgers that are refused.
    pub(crate) refused: BTreeSet<String>,
    /// Ledgers that claim an entry more than they serve.
    pub(crate) short: BTreeSet<String>,
    /// Whether pages are served oldest first.
    pub(crate) reversed: bool,
    /// Whether wallets hold what their entries come to; nothing otherwise, whatever moves.
    pub(crate) live: bool,
    /// Entries that move no wallet: they were in it before they were in a ledger.
    pub(crate) unmoved: BTreeSet<String>,
    /// Every request, path and query.
    pub(crate) asked: Vec<String>,
}

impl Books {
    /// Enters a row into its customer's ledger and the master's.
    pub(crate) fn post(&mut self, row: &Row) {
        self.ledgers.entry(ledger(&row.account)).or_default().push(row.clone());
        self.ledgers.entry(MASTER.to_owned()).or_default().push(row.clone());
    }

    /// Changes an entry wherever it stands.
    pub(crate) fn change(&mut self, id: &str, change: impl Fn(&mut Row)) {
        self.ledgers.values_mut().flatten().filter(|row| row.id == id).for_each(change);
    }

    /// Takes an entry out wherever it stands.
    pub(crate) fn remove(&mut self, id: &str) {
        self.ledgers.values_mut().for_each(|rows| rows.retain(|row| row.id != id));
    }

    fn accounts(&self) -> String {
        let ids = self.ledgers.keys().filter_map(|path| path.strip_prefix("accounts/")?.split('/').next());
        let rows: Vec<Value> =
            ids.map(|id| json!({ "auth_id": id, "name": id, "cash_credits": self.held(&ledger(id)) })).collect();
        json!({ "accounts": rows, "total": rows.len(), "page": 1, "size": 100 }).to_string()
    }

    /// What a wallet holds, by its ledger's path.
    fn held(&self, path: &str) -> String {
        let signed = |row: &Row| if row.kind == "credit" { row.amount() } else { -row.amount() };
        let moving = self.ledgers[path].iter().filter(|row| self.live && !self.unmoved.contains(&row.id));
        let sum: Amount = moving.map(signed).sum();
        sum.to_text(5)
    }

    fn page(&self, path: &str, query: &str) -> String {
        let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        let day = |name: &str| query[name].parse::<NaiveDate>().unwrap();
        let (from, to) = (day("from_date"), day("to_date"));
        let within = |row: &&Row| {
            let day: NaiveDate = row.created_at[..10].parse().unwrap();
            let selected = match query.get("transaction_type") {
                None => true,
                Some(&"debit") => row.kind == "debit",
                Some(&"recharge") => row.kind == "credit",
                Some(_) => false,
            };
            day >= from && day <= to && selected
        };
        let mut rows: Vec<&Row> = self.ledgers[path].iter().filter(within).collect();
        rows.sort_by_key(|row| (&row.created_at, &row.id));
        if !self.reversed {
            rows.reverse();
        }
        let sum = |kind: &str| rows.iter().filter(|row| row.kind == kind).map(|row| row.amount()).sum::<Amount>();
        let (debit, credit) = (sum("debit"), sum("credit"));
        let total = rows.len() + usize::from(self.short.contains(path));
        let (page, per_page) = (number("page"), number("per_page").min(200));
        let shown: Vec<Value> = rows.iter().skip((page - 1) * per_page).take(per_page).map(|row| row.json()).collect();
        let summary = json!({
            "total_transactions": total, "total_debit": debit, "total_credit": credit, "net_amount": credit - debit,
        });
        json!({ "transactions": shown, "summary": summary, "total": total, "page": page, "per_page": per_page })
            .to_string()
    }
}

async fn respond(State(books): State<Arc<Mutex<Books>>>, uri: Uri) -> (StatusCode, String) {
    let (path, query) = (uri.path().trim_start_matches('/'), uri.query().unwrap_or_default());
    let mut books = books.lock().unwrap();
    books.asked.push(format!("{path}?{query}"));
    if books.refused.contains(path) {
        return (StatusCode::FORBIDDEN, json!({ "error": "HTTPError", "message": "no" }).to_string());
    }
    let body = match path {
        "me" => json!({ "id": "u", "auth_id": "PA_1", "name": "Desk", "balance": "0.00000" }).to_string(),
        "dashboard" => {
            let customers = books.ledgers.keys().filter(|path| *path != MASTER);
            let total: Amount = customers.map(|path| books.held(path).parse::<Amount>().unwrap()).sum();
            json!({ "total_balance": total.to_text(5), "currency": "INR" }).to_string()
        }
        "accounts" => books.accounts(),
        _ => books.page(path, query),
    };
    (StatusCode::OK, body)
}

/// A partner behind a socket, and a folder to close its months in.
pub(crate) struct Desk {
    books: Arc<Mutex<Books>>,
    pub(crate) base_url: String,
    folder: TempDir,
}

impl Desk {
    pub(crate) async fn open(books: Books) -> Self {
        let books = Arc::new(Mutex::new(books));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(respond).with_state(Arc::clone(&books));
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { books, base_url, folder: TempDir::new().unwrap() }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// The requests since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.books().asked)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn request(&self, run: &str, today: &str) -> Request {
        self.request_of("2026-03", run, today)
    }

    /// What is asked to close a month.
    pub(crate) fn request_of(&self, month: &str, run: &str, today: &str) -> Request {
        let period: Period = month.parse().unwrap();
        let (from, to) = period.window(2);
        let credentials =
            Credentials { auth_id: AccountId::parse("PA_1").unwrap(), token: Secret::new("the-token".to_owned()) };
        let limits = Limits { requests_per_second: 100_000, ..Limits::default() };
        Request {
            period,
            line: Line { base_url: self.base_url.clone(), credentials, limits, thorough: Thorough::default(), now: 0 },
            plan: FetchPlan { period, from, to, today: today.parse().unwrap() },
            folder: self.path(run),
            archive: None,
            terms: Terms {
                timezone: chrono_tz::Asia::Kolkata,
                tolerance: Amount::ZERO,
                master_declared_absent: false,
                classify: Vec::new(),
                rate_card: RateCard::parse(include_str!("../../fixtures/rate-cards/standard.toml")).unwrap(),
                invoice: tieout::invoice::InvoiceTerms::default(),
                export: tieout::invoice::ExportTerms::default(),
                recharge: tieout::invoice::RechargeTerms::default(),
                scenario: None,
                strict: false,
            },
        }
    }

    pub(crate) async fn close(&self, run: &str) -> Closed {
        close(&self.request(run, "2026-04-10"), &Nobody).await.unwrap().0
    }

    pub(crate) async fn recheck(&self, run: &str) -> Finished {
        self.try_recheck(run).await.unwrap().0
    }

    pub(crate) async fn try_recheck(&self, run: &str) -> Result<(Finished, Fetched), RunError> {
        recheck(&self.request(run, "2026-05-12"), &Nobody).await
    }
}

/// Every file below a folder with its bytes.
pub(crate) fn bytes_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// A quiet month: three customers with calls and a recharge in March and one call on either side of it.
pub(crate) fn quiet() -> Books {
    let mut books = Books::default();
    for (number, account) in ["MA_1", "MA_2", "MA_3"].into_iter().enumerate() {
        for day in 2..12 {
            let amount = format!("{}.{day:02}", 40 + number * 7 + day);
            let row =
                Row::call(&format!("e-{account}-{day}"), account, &amount, &format!("2026-03-{day:02}T10:00:00Z"));
            books.post(&row);
        }
        let paid = Row {
            kind: "credit".to_owned(),
            description: "Recharge".to_owned(),
            reference: None,
            ..Row::call(&format!("r-{account}"), account, "500", "2026-03-05T08:00:00Z")
        };
        books.post(&paid);
        books.post(&Row::call(&format!("f-{account}"), account, "3.25", "2026-02-27T10:00:00Z"));
        books.post(&Row::call(&format!("a-{account}"), account, "4.75", "2026-04-01T10:00:00Z"));
    }
    books
}
