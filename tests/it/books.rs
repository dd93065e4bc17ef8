//! Raw books: the partner's rows as a test holds them, from a simulated world or made by hand, and the archive they
//! would have left. Owns the layout of pages, so that a test can vary what no paper may depend on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use chrono_tz::Tz;
use futures::executor::block_on;
use futures::future::join_all;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tieout::archive::{Archive, FetchPlan, KeptPage, ListOutcome};
use tieout::domain::{AccountId, Amount, Beside, Calendar, Carried, Currency, List, Timestamp, sha256};
use tieout::invoice::RateCard;
use tieout::run::{Earlier, Inputs, Settled, Terms, derive};
use tieout::simulator::{GlobalLedgerClaim, Request, Row, Scenario, World};
use tieout::watch::Nobody;

use crate::support;

/// The partner's books, as far as they were to be read.
#[derive(Clone, Debug)]
pub(crate) struct RawBooks {
    /// `/me.id`.
    pub(crate) uuid: String,
    /// `PA_…`.
    pub(crate) partner: String,
    pub(crate) plan: FetchPlan,
    pub(crate) zone: Tz,
    pub(crate) tolerance: Amount,
    pub(crate) master_declared_absent: bool,
    /// The account list.
    pub(crate) accounts: Vec<(String, Currency)>,
    /// What each wallet shows, the partner's own too.
    pub(crate) wallets: BTreeMap<String, Amount>,
    /// The partner's currency, which its dashboard shows and `/me` does not.
    pub(crate) currency: Currency,
    /// The dashboard's sum of the customers' wallets in the partner's currency.
    pub(crate) dashboard: Amount,
    /// What each wallet's entries outside the walked window come to, before it and after it.
    pub(crate) beyond: BTreeMap<String, (Amount, Amount)>,
    /// Whether the ledgers were walked from their first entry.
    pub(crate) from_inception: bool,
    /// What the last sealed month hands on.
    pub(crate) carried: Option<Carried>,
    /// The master ledger, and every customer's.
    pub(crate) ledgers: BTreeMap<List, RawLedger>,
}

/// One ledger: its rows within the walked window, and what it says of itself.
#[derive(Clone, Debug)]
pub(crate) struct RawLedger {
    pub(crate) rows: Vec<Row>,
    pub(crate) state: State,
    pub(crate) claim: Claim,
}

/// How the walk of a ledger ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Read,
    Unstable,
    Missing,
}

/// The control totals that a ledger claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) total: u64,
    pub(crate) transactions: u64,
    pub(crate) debit: Amount,
    pub(crate) credit: Amount,
    pub(crate) net: Amount,
}

/// What no paper may depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Rows on a page.
    pub(crate) per_page: usize,
    /// Shuffles the rows of every ledger, the account list, and the order in which pages are kept.
    pub(crate) shuffle: Option<u64>,
    /// How often each page is kept.
    pub(crate) keeps: usize,
    /// How often the books are fetched into the archive.
    pub(crate) fetches: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { per_page: 100, shuffle: None, keeps: 1, fetches: 1 }
    }
}

/// What the entries outside the walked window add to each wallet, before it and after it.
fn beyond(world: &World, walked: &std::ops::Range<Timestamp>) -> BTreeMap<String, (Amount, Amount)> {
    let net = |rows: &[Row], account: &str, outside: &dyn Fn(Timestamp) -> bool| -> Amount {
        let rows = rows.iter().filter(|row| *row.account_id == *account && row.is_settled() && outside(row.created_at));
        rows.map(|row| {
            let amount: Amount = row.amount.trim_matches('"').parse().unwrap_or_default();
            if row.kind == "credit" { amount } else { -amount }
        })
        .sum()
    };
    let customers = world.accounts().iter().map(|it| it.auth_id.as_str()).map(|id| (id, world.ledger(id).unwrap()));
    let all = customers.chain([(world.partner().auth_id.as_str(), world.master())]);
    all.map(|(id, rows)| {
        let (before, after) = (net(rows, id, &|at| at < walked.start), net(rows, id, &|at| at >= walked.end));
        (id.to_owned(), (before, after))
    })
    .collect()
}

impl RawBooks {
    /// The books of a world, as a walk of its lists would read them.
    pub(crate) fn of(scenario: &Scenario, world: &World) -> Self {
        let plan = support::plan(scenario);
        let day = |day: chrono::NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        let walked = day(plan.from)..day(plan.to.succ_opt().unwrap());
        let own = |rows: &[Row]| rows.iter().filter(|row| walked.contains(&row.created_at)).cloned().collect();
        let mut ledgers = BTreeMap::from([(List::Master, own(world.master()))]);
        for account in world.accounts() {
            let id = &account.auth_id;
            ledgers.insert(ledger(id), own(world.ledger(id).unwrap()));
        }
        let ledgers = ledgers.into_iter().map(|(list, rows)| {
            let read = asked(world, &list, &plan, rows);
            (list, read)
        });
        let shown = world.accounts().iter().map(|account| (account.auth_id.clone(), account.wallet));
        let wallets = shown.chain([(world.partner().auth_id.clone(), world.partner().wallet)]);
        let currency = scenario.world.currencies[0];
        let (_, dashboard) = answered(world, "dashboard", None);
        let dashboard = dashboard["total_balance"].as_str().unwrap().parse().unwrap();
        Self {
            uuid: world.partner().uuid.clone(),
            partner: world.partner().auth_id.clone(),
            plan,
            zone: scenario.world.timezone,
            tolerance: scenario.close.tolerance,
            master_declared_absent: scenario.close.global_ledger == GlobalLedgerClaim::None,
            accounts: world.accounts().iter().map(|account| (account.auth_id.clone(), account.currency)).collect(),
            ledgers: ledgers.collect(),
            wallets: wallets.collect(),
            currency,
            dashboard,
            beyond: beyond(world, &walked),
            from_inception: scenario.close.from_inception,
            carried: None,
        }
    }

    /// The books of the world that a scenario's text describes.
    pub(crate) fn read(scenario: &str) -> Self {
        let scenario = Scenario::read(scenario).unwrap();
        Self::of(&scenario, &World::build(&scenario).unwrap())
    }

    /// The rows of one ledger.
    pub(crate) fn rows(&mut self, list: &List) -> &mut Vec<Row> {
        &mut self.ledgers.get_mut(list).unwrap().rows
    }

    /// The first moment of the period and the first after it, by a zone's calendar.
    pub(crate) fn month(&self, zone: Tz) -> std::ops::Range<Timestamp> {
        let calendar = Calendar::new(self.plan.period, zone);
        calendar.start..calendar.end
    }

    /// Makes every ledger claim what it holds, counting settled rows.
    pub(crate) fn make_honest(&mut self) {
        for ledger in self.ledgers.values_mut() {
            ledger.claim = Claim::of(&ledger.rows);
        }
    }

    /// What a fetch of these books leaves behind.
    pub(crate) fn archive(&self, layout: &Layout, path: &Path) -> Archive {
        let archive = Archive::open(path, &self.partner).unwrap();
        for _fetch in 0..layout.fetches {
            let fetch = archive.begin(&self.plan).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(layout.shuffle.unwrap_or_default());
            let mut lists: Vec<(List, ListOutcome, Vec<String>)> = self.small_lists(layout, &mut rng);
            lists.extend(self.ledgers.iter().map(|(list, ledger)| ledger.pages(list, layout, &mut rng)));
            if layout.shuffle.is_some() {
                lists.shuffle(&mut rng);
            }
            let mut kept = Vec::new();
            for (list, _, bodies) in &lists {
                let mut pages: Vec<(u32, &String)> = (1..).zip(bodies).collect();
                if layout.shuffle.is_some() {
                    pages.shuffle(&mut rng);
                }
                for (page, body) in pages.into_iter().flat_map(|page| std::iter::repeat_n(page, layout.keeps)) {
                    let (list, body) = (list.clone(), body.clone().into_bytes());
                    let request = format!("{list}?page={page}");
                    kept.push(KeptPage { fetch, list, walk: 1, page, request, status: 200, asked_at_us: 0, body });
                }
            }
            // All at one time, so that they share a commit.
            let kept = block_on(join_all(kept.into_iter().map(|page| archive.keep(page))));
            kept.into_iter().for_each(Result::unwrap);
            let ends = lists.iter().map(|(list, end, _)| archive.settle_list_beside(fetch, list, end.clone()));
            block_on(join_all(ends)).into_iter().for_each(Result::unwrap);
            archive.finish(fetch).unwrap();
        }
        archive
    }

    /// Settles what a fetch in this layout leaves behind.
    pub(crate) fn settled(&self, layout: &Layout, card: &RateCard) -> Settled {
        let folder = tempfile::tempdir().unwrap();
        let archive = self.archive(layout, &folder.path().join("a.sqlite"));
        derive(&archive, self.inputs(&archive, card), &Nobody).unwrap()
    }

    /// The inputs of a run that settles the newest fetch.
    pub(crate) fn inputs(&self, archive: &Archive, card: &RateCard) -> Inputs {
        let period = self.plan.period;
        let fetch = archive.latest(period).unwrap().unwrap();
        let evidence = sha256(archive.evidence(fetch).unwrap().manifest().as_bytes());
        let terms = Terms {
            timezone: self.zone,
            tolerance: self.tolerance,
            master_declared_absent: self.master_declared_absent,
            classify: Vec::new(),
            rate_card: card.clone(),
            invoice: tieout::invoice::InvoiceTerms::default(),
            export: tieout::invoice::ExportTerms::default(),
            recharge: tieout::invoice::RechargeTerms::default(),
            scenario: None,
            strict: false,
        };
        let earlier = Earlier { numbers_from: 1, carried: self.carried.clone(), ..Earlier::default() };
        Inputs::new(period.to_string(), period, self.partner.clone(), evidence, &terms, earlier)
    }

    fn small_lists(&self, layout: &Layout, rng: &mut ChaCha8Rng) -> Vec<(List, ListOutcome, Vec<String>)> {
        let complete = || ListOutcome::Complete { walk: 1 };
        let shown = |account: &str| self.wallets.get(account).copied().unwrap_or_default().to_text(5);
        let me = json!({
            "id": self.uuid, "auth_id": self.partner, "name": "Sagar Voice", "balance": shown(&self.partner),
        });
        let dashboard = json!({ "total_balance": self.dashboard.to_text(5), "currency": self.currency });
        let mut accounts = self.accounts.clone();
        if layout.shuffle.is_some() {
            accounts.shuffle(rng);
        }
        let total = accounts.len();
        let row = |(id, currency): &(String, Currency)| json!({ "auth_id": id, "name": format!("Customer {id}"), "cash_credits": shown(id), "pricing_tier": { "currency": currency } });
        let page = |rows: &[(String, Currency)]| {
            json!({ "accounts": rows.iter().map(row).collect::<Vec<_>>(), "total": total }).to_string()
        };
        let mut pages: Vec<String> = accounts.chunks(layout.per_page).map(page).collect();
        if pages.is_empty() {
            pages.push(page(&[]));
        }
        // The wallets held still, and nothing was booked since: what the second readings show.
        let nothing = RawLedger { rows: Vec::new(), state: State::Read, claim: Claim::default() };
        let since = |of: Option<AccountId>| (List::Beside(Beside::Since(of)), complete(), vec![nothing.page(&[])]);
        let holders = self.accounts.iter().filter_map(|(id, _)| AccountId::parse(id).ok()).map(Some).chain([None]);
        let second = [(Beside::Me, vec![me.to_string()]), (Beside::Accounts, pages.clone())];
        let mut lists = vec![
            (List::Me, complete(), vec![me.to_string()]),
            (List::Dashboard, complete(), vec![dashboard.to_string()]),
            (List::Accounts, complete(), pages),
        ];
        lists.extend(second.map(|(beside, pages)| (List::Beside(beside), complete(), pages)));
        lists.extend(holders.filter(|_| self.plan.today >= self.plan.to).map(since));
        lists
    }
}

impl RawLedger {
    fn pages(&self, list: &List, layout: &Layout, rng: &mut ChaCha8Rng) -> (List, ListOutcome, Vec<String>) {
        let reason = || "HTTP 404: This ledger is not available".to_owned();
        let outcome = match self.state {
            State::Read => ListOutcome::Complete { walk: 1 },
            State::Unstable => ListOutcome::Unstable { walk: 1, reason: "the total changed".to_owned() },
            State::Missing => return (list.clone(), ListOutcome::Missing { reason: reason() }, Vec::new()),
        };
        let mut rows = self.rows.clone();
        if layout.shuffle.is_some() {
            rows.shuffle(rng);
        }
        let mut pages: Vec<String> = rows.chunks(layout.per_page).map(|rows| self.page(rows)).collect();
        if pages.is_empty() {
            pages.push(self.page(&[]));
        }
        (list.clone(), outcome, pages)
    }

    fn page(&self, rows: &[Row]) -> String {
        let Claim { total, transactions, debit, credit, net } = self.claim;
        let rows: Vec<String> = rows.iter().map(row_text).collect();
        let mut text = format!("{{\"transactions\":[{}],\"total\":{total},", rows.join(","));
        write!(text, "\"summary\":{{\"total_transactions\":{transactions},\"total_debit\":{debit},").unwrap();
        write!(text, "\"total_credit\":{credit},\"net_amount\":{net}}}}}").unwrap();
        text
    }
}

impl Claim {
    /// What rows come to: all of them in count, the settled ones in money.
    pub(crate) fn of(rows: &[Row]) -> Self {
        let sum = |kind: &str| -> Amount {
            let rows = rows.iter().filter(|row| row.is_settled() && row.kind == kind);
            rows.filter_map(|row| row.amount.trim_matches('"').parse::<Amount>().ok()).sum()
        };
        let count = u64::try_from(rows.len()).unwrap();
        let (debit, credit) = (sum("debit"), sum("credit"));
        Self { total: count, transactions: count, debit, credit, net: credit - debit }
    }
}

/// The ledger of a customer.
pub(crate) fn ledger(account: &str) -> List {
    List::Ledger(AccountId::parse(account).unwrap())
}

fn row_text(row: &Row) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let at = chrono::DateTime::from_timestamp_micros(row.created_at).unwrap().format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let reference = row.reference.as_ref().map_or_else(String::new, |it| format!("\"reference\":{},", text(it)));
    format!(
        "{{\"id\":{},\"account_id\":{},\"type\":{},\"amount\":{},\"currency\":\"{}\",\"description\":{},{reference}\
         \"status\":{},\"created_at\":\"{at}\"}}",
        text(&row.id),
        text(&row.account_id),
        text(row.kind),
        row.amount,
        row.currency,
        text(&row.description),
        text(row.status),
    )
}

/// A world's answer to its own partner.
fn answered(world: &World, path: &str, query: Option<String>) -> (u16, Value) {
    let partner = world.partner();
    let (auth_id, auth_token) = (Some(partner.auth_id.clone()), Some(partner.token.clone()));
    let path = format!("/{path}");
    let answer = world.answer(&Request { method: "GET".to_owned(), path, query, auth_id, auth_token });
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// What a world says of one of its ledgers when asked for it.
fn asked(world: &World, list: &List, plan: &FetchPlan, rows: Vec<Row>) -> RawLedger {
    let get = |page: u32| {
        let query = format!("from_date={}&to_date={}&per_page=100&page={page}", plan.from, plan.to);
        answered(world, &list.to_string(), Some(query))
    };
    let (status, first) = get(1);
    if status != 200 {
        return RawLedger { rows: Vec::new(), state: State::Missing, claim: Claim::default() };
    }
    let count = |value: &Value| value.as_u64().unwrap();
    let money = |name: &str| first["summary"][name].to_string().parse::<Amount>().unwrap();
    let claim = Claim {
        total: count(&first["total"]),
        transactions: count(&first["summary"]["total_transactions"]),
        debit: money("total_debit"),
        credit: money("total_credit"),
        net: money("net_amount"),
    };
    let state = if rows.len() > 100 && get(2).1["total"] != first["total"] { State::Unstable } else { State::Read };
    RawLedger { rows, state, claim }
}

/// A draw among a few.
pub(crate) fn one_of<'a, T>(rng: &mut ChaCha8Rng, few: &'a [T]) -> &'a T {
    &few[rng.random_range(0..few.len())]
}
