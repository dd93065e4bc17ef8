//! Books from raw bytes: pages that no simulator would write, straight into an archive and settled.
//!
//! Three customers, `MA_A`, `MA_B` and `MA_C`, each with two calls that stand in both books; a test spoils what it likes.

use std::collections::BTreeMap;
use std::path::Path;

use futures::executor::block_on;
use tieout::archive::{Archive, FetchPlan, KeptPage, ListOutcome};
use tieout::domain::{AccountId, Beside, List, Period, sha256};
use tieout::invoice::RateCard;
use tieout::run::{Earlier, Inputs, RunError, Settled, Terms, derive};
use tieout::watch::Nobody;

/// The partner that the archive belongs to.
pub(crate) const PARTNER: &str = "PA_RAW00001";

/// The customers.
pub(crate) const CUSTOMERS: [&str; 3] = ["MA_A", "MA_B", "MA_C"];

/// The month.
pub(crate) fn period() -> Period {
    "2026-03".parse().unwrap()
}

/// The partner's answers, page by page.
#[derive(Clone, Debug)]
pub(crate) struct RawBooks {
    pub(crate) pages: BTreeMap<List, Vec<Vec<u8>>>,
}

/// A customer's ledger.
pub(crate) fn ledger(account: &str) -> List {
    List::Ledger(AccountId::parse(account).unwrap())
}

/// One call of a customer, as the partner writes it.
pub(crate) fn call(id: &str, account: &str, amount: &str) -> String {
    format!(
        r#"{{"id":"{id}","account_id":"{account}","type":"debit","amount":{amount},"currency":"INR","description":"Call to +9122 (60s)","reference":"cdr:{id}","status":"completed","created_at":"2026-03-10T10:00:00.000000Z"}}"#
    )
}

/// A page that holds the whole of a ledger.
pub(crate) fn page(rows: &[String]) -> Vec<u8> {
    format!(r#"{{"transactions":[{}],"total":{},"page":1,"per_page":200}}"#, rows.join(","), rows.len()).into_bytes()
}

/// The same of sound calls, with the summary that belongs to them.
pub(crate) fn sound_page(rows: &[String]) -> Vec<u8> {
    let debits = format!("{}e-2", rows.len() * 125);
    let summary = format!(
        r#"{{"total_transactions":{},"total_debit":{debits},"total_credit":0,"net_amount":-{debits}}}"#,
        rows.len()
    );
    let (rows, total) = (rows.join(","), rows.len());
    format!(r#"{{"transactions":[{rows}],"summary":{summary},"total":{total},"page":1,"per_page":200}}"#).into_bytes()
}

/// A page that holds the whole account list.
pub(crate) fn accounts(rows: &[String]) -> Vec<u8> {
    format!(r#"{{"accounts":[{}],"total":{},"page":1,"size":100}}"#, rows.join(","), rows.len()).into_bytes()
}

/// One row of the account list.
pub(crate) fn account(id: &str) -> String {
    format!(
        r#"{{"auth_id":"{id}","name":"Customer {id}","cash_credits":"100.00000","pricing_tier":{{"currency":"INR"}}}}"#
    )
}

/// A customer's two calls.
pub(crate) fn calls(account: &str) -> Vec<String> {
    ["1", "2"].map(|number| call(&format!("e-{account}-{number}"), account, "1.25")).to_vec()
}

impl RawBooks {
    /// Books without a flaw.
    pub(crate) fn sound() -> Self {
        let me = format!(
            r#"{{"id":"7d0f9c1e-0000-4000-8000-000000000001","auth_id":"{PARTNER}","name":"Raw Telecom","balance":"10.00000","currency":"INR"}}"#
        );
        let mut pages = BTreeMap::from([
            (List::Me, vec![me.into_bytes()]),
            (List::Dashboard, vec![br#"{"total_balance":"300.00000","currency":"INR"}"#.to_vec()]),
            (List::Accounts, vec![accounts(&CUSTOMERS.map(account))]),
            (List::Master, vec![sound_page(&CUSTOMERS.map(calls).concat())]),
        ]);
        pages.extend(CUSTOMERS.map(|customer| (ledger(customer), vec![sound_page(&calls(customer))])));
        Self { pages }
    }

    /// The same with one list's only page replaced.
    pub(crate) fn with(mut self, list: List, body: &[u8]) -> Self {
        self.pages.insert(list, vec![body.to_vec()]);
        self
    }

    /// The same with one more row in a customer's ledger and in the master ledger.
    pub(crate) fn with_row(self, customer: &str, row: &str) -> Self {
        let (mut own, mut all) = (calls(customer), CUSTOMERS.map(calls).concat());
        own.push(row.to_owned());
        all.push(row.to_owned());
        self.with(ledger(customer), &page(&own)).with(List::Master, &page(&all))
    }

    /// Puts everything into a new archive.
    pub(crate) fn archive(&self, path: &Path) -> Archive {
        let archive = Archive::open(path, PARTNER).unwrap();
        let (from, to) = period().window(2);
        let fetch = archive.begin(&FetchPlan { period: period(), from, to, today: to }).unwrap();
        // The wallets held still, and nothing was booked since: what the second readings show.
        let again = [(List::Me, Beside::Me), (List::Accounts, Beside::Accounts)];
        let again = again.map(|(first, second)| Some((List::Beside(second), self.pages.get(&first)?.clone())));
        let since = CUSTOMERS.map(|id| Some(AccountId::parse(id).unwrap())).into_iter().chain([None]);
        let since = since.map(|of| (List::Beside(Beside::Since(of)), vec![sound_page(&[])]));
        let mut pages: BTreeMap<List, Vec<Vec<u8>>> = again.into_iter().flatten().chain(since).collect();
        pages.extend(self.pages.clone());
        for (list, bodies) in &pages {
            for (body, page) in bodies.iter().zip(1..) {
                let request = format!("{list}?page={page}");
                let (list, body) = (list.clone(), body.clone());
                let kept = KeptPage { fetch, list, walk: 1, page, request, status: 200, asked_at_us: 0, body };
                block_on(archive.keep(kept)).unwrap();
            }
            archive.settle_list(fetch, list, ListOutcome::Complete { walk: 1 }).unwrap();
        }
        archive.finish(fetch).unwrap();
        archive
    }

    /// The inputs of a run that rests on an archive of these books.
    pub(crate) fn inputs(archive: &Archive) -> Inputs {
        let fetch = archive.latest(period()).unwrap().expect("a finished fetch");
        let evidence = sha256(archive.evidence(fetch).unwrap().manifest().as_bytes());
        let terms = Terms {
            timezone: chrono_tz::Asia::Kolkata,
            tolerance: "0".parse().unwrap(),
            master_declared_absent: false,
            classify: Vec::new(),
            rate_card: RateCard::default(),
            invoice: tieout::invoice::InvoiceTerms::default(),
            export: tieout::invoice::ExportTerms::default(),
            recharge: tieout::invoice::RechargeTerms::default(),
            scenario: None,
            strict: false,
        };
        let earlier = Earlier { numbers_from: 1, ..Earlier::default() };
        Inputs::new(period().to_string(), period(), PARTNER.to_owned(), evidence, &terms, earlier)
    }

    /// Archives and settles the books.
    pub(crate) fn settled(&self) -> Result<Settled, RunError> {
        let folder = tempfile::tempdir().unwrap();
        let archive = self.archive(&folder.path().join("raw.sqlite"));
        let inputs = Self::inputs(&archive);
        derive(&archive, inputs, &Nobody)
    }
}
