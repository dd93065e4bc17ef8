//! A calm fetch sends as few requests as the books allow, counted by the partner, and none of them twice.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use serde_json::Value;
use tieout::archive::{Archive, FetchPlan};
use tieout::domain::AccountId;
use tieout::fetch::{Credentials, Limits, Line, Secret, Thorough, fetch};
use tieout::simulator::{Request, Scenario, World};
use tieout::watch::Nobody;

use crate::desk::Partner;
use crate::support::plan;

fn scenario(seed: u64, customers: usize, entries: usize, largest_page: u64) -> String {
    closed_on("2026-04-01", seed, customers, entries, largest_page)
}

fn closed_on(today: &str, seed: u64, customers: usize, entries: usize, largest_page: u64) -> String {
    format!(
        "name = 'frugal'\nprose = 'a calm month'\nseed = {seed}\nexpected.verdict = 'tied-out'\n[world]\n\
         customers = {customers}\nentries = {entries}\nper_page_max = {largest_page}\ntoday = '{today}'\n"
    )
}

/// What the lists of a world hold: customers, the entries of each ledger, and those of each that are read for the wallets'
/// sake, where the window ends before the day of the fetch.
fn lengths(world: &World, scenario: &Scenario) -> (u64, Vec<u64>, Vec<u64>) {
    let FetchPlan { from, to, today, .. } = plan(scenario);
    let total = |path: &str, from: NaiveDate, to: NaiveDate, more: &str| {
        let answer = world.answer(&Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: Some(format!("from_date={from}&to_date={to}{more}&per_page=1")),
            auth_id: Some(world.partner().auth_id.clone()),
            auth_token: Some(world.partner().token.clone()),
        });
        serde_json::from_slice::<Value>(&answer.body).unwrap()["total"].as_u64().unwrap()
    };
    let own = format!("&account={}", world.partner().auth_id);
    let ledgers = |from, to, own: &str| -> Vec<u64> {
        let paths = world.accounts().iter().map(|account| format!("/accounts/{}/transactions", account.auth_id));
        let lengths = paths.map(|path| total(&path, from, to, ""));
        lengths.chain([total("/transactions", from, to, own)]).collect()
    };
    let since = if today >= to { ledgers(to - Days::new(1), today + Days::new(2), &own) } else { Vec::new() };
    (total("/accounts", from, to, ""), ledgers(from, to, ""), since)
}

/// The requests that a partner was sent for a scenario, and those that the fetch says it needed.
fn sent(text: &str) -> (Vec<String>, u64) {
    let (partner, patience) = Partner::failing_after(text, usize::MAX);
    let holder = partner.world.partner();
    let credentials =
        Credentials { auth_id: AccountId::parse(&holder.auth_id).unwrap(), token: Secret::new(holder.token.clone()) };
    let limits = Limits { requests_per_second: 100_000, ..Limits::default() };
    let line = Line { base_url: partner.base_url.clone(), credentials, limits, thorough: Thorough::default(), now: 0 };
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&folder.path().join("archive"), &holder.auth_id).unwrap();
    let plan = plan(&Scenario::read(text).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fetched = runtime.block_on(fetch(&line, &archive, &plan, &Nobody)).unwrap();
    (patience.answered(), fetched.requests_needed)
}

#[test]
fn a_calm_fetch_sends_one_request_a_page_and_one_more_only_behind_a_full_last_page() {
    // The last two are searched for a customer's ledger that ends with a full page.
    let ends_full = |page: u64| move |length: &u64| *length > 0 && length.is_multiple_of(page);
    let searched = |customers, entries, page: u64| {
        let has_one = |text: &String| {
            let scenario = Scenario::read(text).unwrap();
            lengths(&World::build(&scenario).unwrap(), &scenario).1.iter().any(ends_full(page))
        };
        (0..500).map(|seed| scenario(seed, customers, entries, page)).find(has_one).expect("a ledger that ends full")
    };
    let worlds = [
        (scenario(1, 1, 0, 200), 200),
        (scenario(2, 100, 900, 200), 200),
        (scenario(3, 230, 6000, 200), 200),
        (scenario(4, 12, 2500, 100), 100),
        (searched(6, 1500, 200), 200),
        (searched(6, 1500, 100), 100),
        (closed_on("2026-04-09", 5, 12, 6000, 200), 200),
        (closed_on("2026-04-02", 6, 12, 2500, 100), 100),
    ];
    for (text, page) in worlds {
        let scenario = Scenario::read(&text).unwrap();
        let (customers, ledgers, since) = lengths(&World::build(&scenario).unwrap(), &scenario);
        let pages = |length: u64, page: u64| length / page + 1;
        let least = 3 + 2 * pages(customers, 100);
        let least = least + ledgers.iter().chain(&since).map(|length| pages(*length, page)).sum::<u64>();
        // One request for each type filter of a ledger that has entries.
        let least = least + 4 * ledgers.iter().filter(|length| **length > 0).count() as u64;
        // An older server refuses the largest page once.
        let refused = u64::from(page < 200);
        let (asked, needed) = sent(&text);
        assert_eq!(asked.len() as u64, least + refused, "{text}");
        assert_eq!(needed, least, "{text}");
        // The wallets alone are read twice, before the ledgers and after.
        let twice = 1 + pages(customers, 100);
        let distinct = asked.iter().collect::<BTreeSet<_>>().len() as u64;
        assert_eq!(distinct + twice, asked.len() as u64, "a request was sent twice\n{text}");
    }
}
