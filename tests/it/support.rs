//! What several topics share: a scenario's world walked into an archive without a network, and settled.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use futures::executor::block_on;
use serde_json::Value;
use tieout::archive::{Archive, FetchId, FetchPlan, KeptPage, ListOutcome, scrub};
use tieout::domain::{AccountId, Beside, Counted, List, sha256};
use tieout::invoice::RateCard;
use tieout::run::{Earlier, Inputs, Settled, Terms, derive};
use tieout::simulator::{GlobalLedgerClaim, Request, Scenario, World};
use tieout::watch::{Nobody, Watch};

/// Days walked on both sides of the month, as the program does by default.
const PAD_DAYS: u32 = 2;

/// The rate card that tests bill with.
const RATE_CARD: &str = include_str!("../../fixtures/rate-cards/standard.toml");

/// A file below `fixtures/`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Reads a scenario file.
pub(crate) fn scenario_at(path: &Path) -> Scenario {
    Scenario::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What a scenario asks to be read.
pub(crate) fn plan(scenario: &Scenario) -> FetchPlan {
    let period = scenario.world.period;
    let (from, to) = period.window(PAD_DAYS);
    FetchPlan { period, from, to, today: scenario.world.today }
}

/// The terms on which a scenario is settled.
pub(crate) fn terms(scenario: &Scenario) -> Terms {
    Terms {
        timezone: scenario.world.timezone,
        tolerance: scenario.close.tolerance,
        master_declared_absent: scenario.close.global_ledger == GlobalLedgerClaim::None,
        classify: Vec::new(),
        rate_card: RateCard::parse(RATE_CARD).unwrap(),
        invoice: tieout::invoice::InvoiceTerms::default(),
        export: tieout::invoice::ExportTerms::default(),
        recharge: tieout::invoice::RechargeTerms::default(),
        scenario: Some(scenario.name.clone()),
        strict: false,
    }
}

/// Walks a world into a new archive at `path`, page by page, straight from its pure function.
pub(crate) fn archive(scenario: &Scenario, world: &World, path: &Path) -> Archive {
    let archive = Archive::open(path, &world.partner().auth_id).unwrap();
    let plan = plan(scenario);
    let fetch = archive.begin(&plan).unwrap();
    let walk = Walk { world, archive: &archive, fetch, plan, largest: OnceCell::new() };
    let mut lists = vec![List::Me, List::Dashboard, List::Accounts, List::Master];
    let customers = || world.accounts().iter().map(|account| AccountId::parse(&account.auth_id).unwrap());
    lists.extend(customers().map(List::Ledger));
    // What the wallets are proved with, as a calm fetch reads it: no wallet moves meanwhile.
    lists.extend([Beside::Me, Beside::Accounts].map(List::Beside));
    for of in customers().map(Some).chain([None]) {
        lists.extend((plan.today >= plan.to).then(|| List::Beside(Beside::Since(of.clone()))));
        lists.extend(scenario.close.from_inception.then_some(List::Beside(Beside::Before(of))));
    }
    for list in lists {
        if let List::Beside(Beside::Since(of)) = &list {
            let ledger = of.clone().map_or(List::Master, List::Ledger);
            if matches!(archive.outcome(fetch, &ledger).unwrap(), Some(ListOutcome::Missing { .. })) {
                continue;
            }
        }
        let (outcome, rows) = walk.list(&list);
        archive.settle_list(fetch, &list, outcome).unwrap();
        if list.is_ledger() && rows > 0 {
            for counts in Counted::TYPES {
                let reading = list.reading(counts);
                let (outcome, _) = walk.list(&reading);
                archive.settle_list(fetch, &reading, outcome).unwrap();
            }
        }
    }
    archive.finish(fetch).unwrap();
    archive
}

/// Settles the newest fetch of an archive.
pub(crate) fn settle(scenario: &Scenario, archive: &Archive) -> Settled {
    settle_watched(scenario, archive, &Nobody)
}

/// The same, with somebody who watches the stages.
pub(crate) fn settle_watched(scenario: &Scenario, archive: &Archive, watch: &dyn Watch) -> Settled {
    let period = scenario.world.period;
    let fetch = archive.latest(period).unwrap().expect("a finished fetch");
    let evidence = sha256(archive.evidence(fetch).unwrap().manifest().as_bytes());
    let partner = archive.partner().to_owned();
    let earlier = Earlier { numbers_from: 1, ..Earlier::default() };
    let inputs = Inputs::new(period.to_string(), period, partner, evidence, &terms(scenario), earlier);
    derive(archive, inputs, watch).unwrap()
}

/// Builds, archives and settles a scenario.
pub(crate) fn settled(scenario: &Scenario) -> (World, Settled) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::build(scenario).unwrap();
    let archive = archive(scenario, &world, &folder.path().join("a.sqlite"));
    let settled = settle(scenario, &archive);
    (world, settled)
}

struct Walk<'a> {
    world: &'a World,
    archive: &'a Archive,
    fetch: FetchId,
    plan: FetchPlan,
    /// The largest page served, found once.
    largest: OnceCell<u64>,
}

impl Walk<'_> {
    /// Walks a list, and says how many rows it gave.
    fn list(&self, list: &List) -> (ListOutcome, u64) {
        let FetchPlan { from, to, today, .. } = self.plan;
        let window = &format!("from_date={from}&to_date={to}");
        let day = Days::new(1);
        let part = |from: NaiveDate, to: NaiveDate, of: &Option<AccountId>, page: u32| {
            let rows = self.largest.get_or_init(|| self.largest());
            let (ledger, own) = match of {
                Some(owner) => (List::Ledger(owner.clone()), String::new()),
                None => (List::Master, format!("&account={}", self.world.partner().auth_id)),
            };
            format!("{ledger}?from_date={from}&to_date={to}{own}&page={page}&per_page={rows}")
        };
        let request = |page: u32| match list {
            List::Me | List::Dashboard => list.to_string(),
            List::Beside(Beside::Me) => "me".to_owned(),
            List::Accounts | List::Beside(Beside::Accounts) => format!("accounts?page={page}&per_page=100"),
            List::Beside(Beside::Since(of)) => part(to.min(today) - day, today + day + day, of, page),
            List::Beside(Beside::Before(of)) => part("2000-01-01".parse().unwrap(), from + day, of, page),
            List::Beside(Beside::Held(_) | Beside::Lately(_)) => unreachable!("no wallet moves"),
            List::Master | List::Ledger(_) => {
                let rows = self.largest.get_or_init(|| self.largest());
                format!("{list}?{window}&page={page}&per_page={rows}")
            }
            List::Reading(reading) => {
                let filter = reading.counts.filter().expect("a type");
                format!("{}?{window}&{filter}&page=1&per_page=1", reading.ledger())
            }
        };
        let mut seen = 0;
        let mut totals = Vec::new();
        for page in 1.. {
            match self.page(list, page, request(page)) {
                Err(reason) => return (missing(reason), seen),
                Ok(body) => {
                    let total = body["total"].as_u64().unwrap_or(0);
                    totals.push(total);
                    let of_accounts = matches!(list, List::Accounts | List::Beside(Beside::Accounts));
                    let rows = if of_accounts { "accounts" } else { "transactions" };
                    let count = body[rows].as_array().map_or(0, Vec::len);
                    seen += u64::try_from(count).unwrap();
                    if count == 0 || seen >= total || matches!(list, List::Reading(_)) {
                        break;
                    }
                }
            }
        }
        totals.dedup();
        if totals.len() > 1 {
            let reason = "the total changed from page to page".to_owned();
            return (ListOutcome::Unstable { walk: 1, reason }, seen);
        }
        (complete(), seen)
    }

    /// The largest page that the world serves, whichever of its ledgers may be refused.
    fn largest(&self) -> u64 {
        let ledgers = self.world.accounts().iter().map(|account| format!("accounts/{}/transactions", account.auth_id));
        let refuses = |list: String| self.ask(&format!("{list}?per_page=200")).0 == 422;
        if ledgers.chain(["transactions".to_owned()]).any(refuses) { 100 } else { 200 }
    }

    fn page(&self, list: &List, page: u32, request: String) -> Result<Value, String> {
        let (status, body) = self.ask(&request);
        let value: Value = serde_json::from_slice(&body).unwrap();
        if status != 200 {
            return Err(format!("HTTP {status}: {}", value["message"].as_str().unwrap_or_default()));
        }
        let body = scrub(&body, &self.world.partner().token);
        let list = list.clone();
        let kept = KeptPage { fetch: self.fetch, list, walk: 1, page, request, status, asked_at_us: 0, body };
        block_on(self.archive.keep(kept)).unwrap();
        Ok(value)
    }

    fn ask(&self, request: &str) -> (u16, Vec<u8>) {
        let (path, query) = request.split_once('?').map_or((request, None), |(path, query)| (path, Some(query)));
        let partner = self.world.partner();
        let answer = self.world.answer(&Request {
            method: "GET".to_owned(),
            path: format!("/{path}"),
            query: query.map(ToOwned::to_owned),
            auth_id: Some(partner.auth_id.clone()),
            auth_token: Some(partner.token.clone()),
        });
        (answer.status, answer.body)
    }
}

fn complete() -> ListOutcome {
    ListOutcome::Complete { walk: 1 }
}

fn missing(reason: String) -> ListOutcome {
    ListOutcome::Missing { reason }
}

/// Every file below these folders whose name ends so, with its text, sorted by path.
pub(crate) fn files_below(folders: &[PathBuf], end: &str) -> Vec<(PathBuf, String)> {
    let mut folders = folders.to_vec();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|seen| seen == end) {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

/// Where a made-up close comes from.
pub(crate) fn provenance() -> tieout::report::Provenance {
    tieout::report::Provenance {
        partner: "PA_ANVIL001".to_owned(),
        partner_name: "Anvil & Daughters Telecom".to_owned(),
        period: "2026-03".parse().unwrap(),
        cut_off: "2026-04-01T00:00:00+05:30".to_owned(),
        zone: "Asia/Kolkata".to_owned(),
        run: "2026-03.r1".to_owned(),
        archive_digest: tieout::domain::sha256(b"a manifest"),
        version: "0.1.0".to_owned(),
        scenario: None,
        rate_card: "standard 2026, rounded half-up".to_owned(),
        tolerance: tieout::domain::Amount::ZERO,
    }
}
