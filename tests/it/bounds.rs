//! The bounds of a fetch: what meets one is told with the name of its setting, as early as the first page shows it, and a list
//! that is longer than it says of itself is soon given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tieout::archive::ListOutcome;
use tieout::fetch::Limits;
use tieout::settings::{Settings, settings_text};

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, SCENARIO};
use crate::raw::{account, call, ledger};
use crate::raw_server::{Met, RawServer, meet, ok, tight};

const LEDGER: &str = "accounts/MA_A/transactions";

fn met(server: &RawServer, limits: Limits) -> Met {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { meet(server.listen().await, limits).await })
}

fn page_of(request: &str) -> usize {
    request.split_once("page=").unwrap().1.split('&').next().unwrap().parse().unwrap()
}

/// A ledger of one row a page that says of itself, on each page, what `total` gives, and that has so many pages.
fn long_ledger(pages: usize, total: fn(usize) -> usize) -> RawServer {
    RawServer::new(move |request| {
        let page = request.starts_with(LEDGER).then(|| page_of(request)).filter(|_| !request.contains("_type="))?;
        let row = if page <= pages { call(&format!("e-{page}"), "MA_A", "1.25") } else { String::new() };
        let total = total(page);
        Some(ok(format!(r#"{{"transactions":[{row}],"total":{total},"page":{page},"per_page":1}}"#)))
    })
}

fn asked_of(server: &RawServer, list: &str) -> usize {
    server.asked().iter().filter(|request| request.starts_with(list) && !request.contains("_type=")).count()
}

#[test]
fn a_list_that_goes_on_past_its_own_first_page_is_given_up() {
    for (name, total) in [("the same total", (|_| 2) as fn(usize) -> usize), ("a total that grows", |page| page + 1)] {
        let server = long_ledger(usize::MAX, total);
        let met = met(&server, Limits { pages_max: 1000, overrun_pages_max: 5, ..tight() });
        let lists = met.lists();
        let found = lists.iter().find(|found| found.list == ledger("MA_A")).unwrap();
        let reason = "page 1 says that the list holds 2 rows; 8 were received, and more than 5 pages beyond the end \
                      (fetch.overrun_pages_max)";
        assert_eq!(found.outcome, ListOutcome::Missing { reason: reason.to_owned() }, "{name}");
        assert_eq!(
            asked_of(&server, LEDGER),
            8,
            "{name}: two that it promises, five beyond, and the one that shows it"
        );
    }
    // One that ends within the bound is read whole, and its total is the close's to judge.
    let server = long_ledger(6, |_| 2);
    let met = met(&server, Limits { overrun_pages_max: 5, ..tight() });
    let lists = met.lists();
    let found = lists.iter().find(|found| found.list == ledger("MA_A")).unwrap();
    assert_eq!((found.outcome.clone(), found.pages.len()), (ListOutcome::Complete { walk: 2 }, 7));
}

#[test]
fn a_list_that_is_longer_than_the_bound_is_refused_at_its_first_page() {
    let server = long_ledger(usize::MAX, |_| 400);
    let text = met(&server, Limits { pages_max: 30, ..tight() }).told();
    assert_eq!(text, "refused: accounts/MA_A/transactions: 400 pages, expected at most 30 (fetch.pages_max)");
    assert_eq!(asked_of(&server, LEDGER), 2, "the first page, and one behind the bound");
    // A total alone is not believed.
    let server = long_ledger(3, |_| 400);
    let met = met(&server, Limits { pages_max: 30, concurrency: 1, ..tight() });
    let lists = met.lists();
    let found = lists.iter().find(|found| found.list == ledger("MA_A")).unwrap();
    assert_eq!((found.outcome.clone(), found.pages.len()), (ListOutcome::Complete { walk: 2 }, 4));
}

#[test]
fn more_customers_than_the_bound_are_refused_at_page_1() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = Desk::at(&partner);
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\nattempts_max = 1\naccounts_max = 2\n");
    let told = desk.ends(2, &CLOSE);
    let customers = partner.world.accounts().len();
    assert!(customers > 2);
    let refused =
        format!("error: accounts: {customers} customers, expected at most 2 (fetch.accounts_max)\nhint: where the ");
    assert!(told.stderr.contains(&refused), "{}", told.stderr);
    let asked = patience.answered();
    assert!(asked.iter().all(|request| !request.starts_with("/accounts/")), "{asked:?}");
    assert_eq!(asked.iter().filter(|request| request.starts_with("/accounts?")).count(), 1, "{asked:?}");
    // What the settings allow is read.
    let enough = format!("[fetch]\nrequests_per_second = 1000\nattempts_max = 1\naccounts_max = {customers}\n");
    desk.write("tieout.toml", enough);
    desk.ends(BREAKS, &CLOSE);
}

/// A list whose first page says nothing of its length is counted while it is read.
#[test]
fn customers_that_nobody_announced_are_counted() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = RawServer::new(move |request| {
        let page = request.starts_with("accounts?").then(|| page_of(request))?;
        counted.fetch_add(1, Ordering::SeqCst);
        let row = account(&format!("MA_{page}"));
        Some(ok(format!(r#"{{"accounts":[{row}],"page":{page},"size":1}}"#)))
    });
    let text = met(&server, Limits { accounts_max: 10, ..tight() }).told();
    assert_eq!(text, "refused: accounts: 11 customers, expected at most 10 (fetch.accounts_max)");
    assert_eq!(asked.load(Ordering::SeqCst), 11);
}

/// The settings' own documentation names every bound that a message names, and the defaults are generous.
#[test]
fn every_bound_that_a_message_names_is_a_setting() {
    let text = settings_text(&[]);
    let keys =
        ["accounts_max", "pages_max", "overrun_pages_max", "rows_max", "answer_mib_max", "retry_after_seconds_max"];
    for key in keys {
        assert!(text.contains(&format!("\n#{key} = ")), "{key}");
    }
    let fetch = Settings::default().fetch;
    assert_eq!((fetch.accounts_max, fetch.pages_max), (1_000_000, 100_000));
    let library = Limits::default();
    assert_eq!(library.accounts_max, u64::from(fetch.accounts_max));
    assert_eq!((library.pages_max, library.overrun_pages_max), (fetch.pages_max, fetch.overrun_pages_max));
    assert_eq!(
        (library.rows_max, library.body_bytes_max),
        (fetch.rows_max as usize, (fetch.answer_mib_max as usize) << 20)
    );
    assert_eq!(library.retry_after_max.as_secs(), u64::from(fetch.retry_after_seconds_max));
    assert_eq!((library.throttles_max, library.wallet_rounds_max), (fetch.throttles_max, fetch.wallet_rounds_max));
}
