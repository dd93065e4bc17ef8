//! The walk proves the end of a list, whatever the server makes of totals, page sizes and pages past the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use proptest::prelude::*;
use tempfile::TempDir;
use tieout::archive::{Archive, FetchPlan, ListEvidence, ListOutcome};
use tieout::domain::{AccountId, List};
use tieout::fetch::{Credentials, FetchError, Fetched, Limits, Line, Secret, Thorough, fetch};
use tieout::watch::Nobody;
use tieout::wire::LedgerPage;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// An answer: status, headers, body.
type Said = (u16, Vec<(&'static str, String)>, String);

/// What a scripted partner answers to the path and query of a request, and to which attempt at it, from 1.
type Script = Arc<dyn Fn(&str, u32) -> Option<Said> + Send + Sync>;

#[derive(Clone)]
struct Scripted {
    script: Script,
    asked: Arc<Mutex<Vec<(String, Instant)>>>,
}

fn said(status: u16, body: impl Into<String>) -> Said {
    (status, Vec::new(), body.into())
}

async fn respond(State(scripted): State<Scripted>, uri: Uri, headers: HeaderMap) -> Response {
    assert_eq!(headers["x-auth-id"], "PA_1");
    assert_eq!(headers["x-auth-token"], "the-token");
    let request = uri.to_string().trim_start_matches('/').to_owned();
    let attempt = {
        let mut asked = scripted.asked.lock().unwrap();
        asked.push((request.clone(), Instant::now()));
        asked.iter().filter(|(before, _)| *before == request).count()
    };
    let attempt = u32::try_from(attempt).unwrap();
    let ordinary = || match request.split('?').next().unwrap() {
        "me" => said(200, r#"{"id":"u","auth_id":"PA_1"}"#),
        "dashboard" => said(200, r#"{"total_balance":"1.00000"}"#),
        "accounts" => {
            said(200, r#"{"accounts":[{"auth_id":"MA_1"},{"auth_id":"../evil"},7],"total":3,"page":1,"size":100}"#)
        }
        _ => said(200, r#"{"transactions":[],"total":0,"page":1,"per_page":200}"#),
    };
    let (status, headers, body) = (scripted.script)(&request, attempt).unwrap_or_else(ordinary);
    let response = Response::builder().status(status);
    let response = headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
    response.body(Body::from(body)).unwrap()
}

/// A fetch from a scripted partner.
struct Run {
    fetched: Result<Fetched, FetchError>,
    asked: Vec<(String, Instant)>,
    archive: Archive,
    _folder: TempDir,
}

impl Run {
    fn list(&self, name: &str) -> ListEvidence {
        let fetched = self.fetched.as_ref().expect("the fetch is finished");
        let evidence = self.archive.evidence(fetched.fetch).unwrap();
        evidence.lists.into_iter().find(|list| list.list.to_string() == name).expect("the list was asked for")
    }

    /// The ids on the accepted pages of the ledger of `MA_1`, in order.
    fn ids(&self) -> Vec<String> {
        let pages = self.list(LEDGER).pages;
        let bodies = pages.iter().map(|page| self.archive.body(&page.digest).unwrap());
        bodies
            .flat_map(|body| {
                let page: LedgerPage<'_> = serde_json::from_slice(&body).unwrap();
                page.transactions.iter().map(|row| row.get().to_owned()).collect::<Vec<_>>()
            })
            .collect()
    }

    fn asked_of_ledger(&self) -> usize {
        let pages = |request: &str| request.starts_with(LEDGER) && !request.contains("transaction_type=");
        self.asked.iter().filter(|(request, _)| pages(request)).count()
    }
}

const LEDGER: &str = "accounts/MA_1/transactions";

async fn run(script: impl Fn(&str, u32) -> Option<Said> + Send + Sync + 'static, limits: Limits) -> Run {
    let scripted = Scripted { script: Arc::new(script), asked: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(respond).with_state(scripted.clone());
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    let credentials =
        Credentials { auth_id: AccountId::parse("PA_1").unwrap(), token: Secret::new("the-token".to_owned()) };
    let line = Line { base_url, credentials, limits, thorough: Thorough::default(), now: 0 };
    let folder = TempDir::new().unwrap();
    let archive = Archive::open(&folder.path().join("archive"), "PA_1").unwrap();
    let period: tieout::domain::Period = "2026-03".parse().unwrap();
    let (from, to) = period.window(2);
    let plan = FetchPlan { period, from, to, today: period.day_after() };
    let fetched = fetch(&line, &archive, &plan, &Nobody).await;
    server.abort();
    let asked = scripted.asked.lock().unwrap().clone();
    Run { fetched, asked, archive, _folder: folder }
}

fn quick() -> Limits {
    Limits { requests_per_second: 100_000, backoff: Duration::from_millis(1), ..Limits::default() }
}

fn page_asked(request: &str) -> usize {
    let (_, rest) = request.split_once("&page=").expect("the request names a page");
    rest.split('&').next().unwrap().parse().unwrap()
}

/// How a server answers a page past the end.
#[derive(Clone, Copy, Debug)]
enum Past {
    Empty,
    NotFound,
    LastAgain,
    LastAgainUnnumbered,
}

/// One page of a list of `rows` rows, `cap` to a page.
fn ledger_page(ids: &[usize], total: Option<usize>, cap: usize, page: usize, echo: bool, past: Past) -> Said {
    let last = ids.len().div_ceil(cap).max(1);
    let (shown, numbered) = match past {
        _ if page <= last => (page, true),
        Past::Empty => (page, true),
        Past::NotFound => return said(404, r#"{"message":"no such page"}"#),
        Past::LastAgain => (last, true),
        Past::LastAgainUnnumbered => (last, false),
    };
    let rows: Vec<String> =
        ids.iter().skip((shown - 1) * cap).take(cap).map(|id| format!(r#"{{"id":"e-{id}"}}"#)).collect();
    let field =
        |name: &str, value: Option<usize>| value.map(|value| format!(r#","{name}":{value}"#)).unwrap_or_default();
    let body = [
        format!(r#"{{"transactions":[{}]"#, rows.join(",")),
        field("total", total),
        field("per_page", echo.then_some(cap)),
        field("page", numbered.then_some(shown)),
    ];
    said(200, body.concat() + "}")
}

fn past() -> impl Strategy<Value = Past> {
    prop_oneof![Just(Past::Empty), Just(Past::NotFound), Just(Past::LastAgain), Just(Past::LastAgainUnnumbered)]
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_received_once_whatever_the_servers_manners(
        rows in 0_usize..40, cap in 1_usize..9, given: bool, echo: bool, past in past(),
    ) {
        let ids: Vec<usize> = (0..rows).collect();
        let total = given.then_some(rows);
        let script = move |request: &str, _| {
            request.starts_with(LEDGER).then(|| ledger_page(&ids, total, cap, page_asked(request), echo, past))
        };
        let run = block_on(run(script, quick()));
        // Without a total it takes two walks that agree.
        let walk = if given { 1 } else { 2 };
        prop_assert_eq!(run.list(LEDGER).outcome, ListOutcome::Complete { walk });
        let expected: Vec<String> = (0..rows).map(|id| format!(r#"{{"id":"e-{id}"}}"#)).collect();
        prop_assert_eq!(run.ids(), expected);
        let needed = usize::try_from(walk).unwrap() * (rows / cap + 2);
        prop_assert!(run.asked_of_ledger() <= needed, "{} requests, {needed} would do", run.asked_of_ledger());
    }

    #[test]
    fn a_total_that_is_wrong_every_time_is_kept_for_the_close_to_judge(
        rows in 1_usize..30, cap in 1_usize..9, claimed in 0_usize..60, past in past(),
    ) {
        prop_assume!(claimed != rows);
        let ids: Vec<usize> = (0..rows).collect();
        // A promised page has to be answered as itself.
        let past = if matches!(past, Past::NotFound) { past } else { Past::Empty };
        let script = move |request: &str, _| {
            request.starts_with(LEDGER).then(|| ledger_page(&ids, Some(claimed), cap, page_asked(request), true, past))
        };
        let run = block_on(run(script, quick()));
        prop_assert_eq!(run.list(LEDGER).outcome, ListOutcome::Complete { walk: 2 });
        prop_assert_eq!(run.ids().len(), rows);
    }
}

/// The same page with the sums of so many rows of one unit each.
fn with_summary(page: &str, rows: usize) -> String {
    let summary = format!(
        r#""summary":{{"total_transactions":{rows},"total_debit":{rows},"total_credit":0,"net_amount":-{rows}}}"#
    );
    page.replacen('{', &format!("{{{summary},"), 1)
}

#[tokio::test]
async fn a_list_that_shifts_is_walked_again_until_it_holds_still() {
    // A row is inserted at the top with every request but the first, until so many have been.
    let script = |inserted_max: usize, telling: bool| {
        let inserted = AtomicUsize::new(0);
        move |request: &str, _| {
            let page = request.starts_with(LEDGER).then(|| page_asked(request))?;
            let inserted = inserted.fetch_add(1, Ordering::Relaxed).min(inserted_max);
            let ids: Vec<usize> = (100 - inserted..119).collect();
            let (status, headers, body) = ledger_page(&ids, Some(ids.len()), 7, page, true, Past::Empty);
            Some((status, headers, with_summary(&body, if telling { ids.len() } else { 0 })))
        }
    };
    let limits = Limits { concurrency: 1, ..quick() };
    let once = run(script(1, true), limits.clone()).await;
    assert_eq!(once.list(LEDGER).outcome, ListOutcome::Complete { walk: 2 });
    assert_eq!(once.ids(), (99..119).map(|id| format!(r#"{{"id":"e-{id}"}}"#)).collect::<Vec<_>>());
    // Of three pages only the first is asked for again: the others were read when the row was there already.
    assert_eq!(once.asked_of_ledger(), 4);
    // A count alone does not tell whether one row has gone for another: then all of them are.
    let mute = run(script(1, false), limits.clone()).await;
    assert_eq!((mute.ids(), mute.asked_of_ledger()), (once.ids(), 6));
    let ever = run(script(99, true), limits).await;
    let reason = "the total is 27 on page 1 and 28 on page 2".to_owned();
    assert_eq!(ever.list(LEDGER).outcome, ListOutcome::Unstable { walk: 3, reason });
    assert_eq!(ever.list("transactions").outcome, ListOutcome::Complete { walk: 1 });
}

#[tokio::test]
async fn rows_that_repeat_every_time_are_kept_for_the_close_to_judge() {
    let ids = [1, 2, 3, 2, 4];
    let script = move |request: &str, _| {
        request.starts_with(LEDGER).then(|| ledger_page(&ids, Some(5), 2, page_asked(request), true, Past::Empty))
    };
    let run = run(script, quick()).await;
    assert_eq!(run.list(LEDGER).outcome, ListOutcome::Complete { walk: 2 });
    assert_eq!(run.ids().len(), 5);
}

#[tokio::test]
async fn a_source_that_promises_a_million_pages_is_not_believed() {
    let script = |request: &str, _| {
        let page = request.starts_with(LEDGER).then(|| page_asked(request))?;
        Some(ledger_page(&[1, 2, 3], Some(3_000_000_000), 2, page, true, Past::Empty))
    };
    let run = run(script, quick()).await;
    assert_eq!(run.list(LEDGER).outcome, ListOutcome::Complete { walk: 2 });
    // In each of two walks the two pages that it has, and what is under way before an empty one is seen; and once a page
    // behind the bound, to see whether there is one.
    let most = 2 * (2 + quick().concurrency) + 1;
    assert!(run.asked_of_ledger() <= most, "{} requests", run.asked_of_ledger());
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let script = |request: &str, _| {
        let page = request.starts_with(LEDGER).then(|| page_asked(request))?;
        Some(said(200, format!(r#"{{"transactions":[{{"id":"e-{page}"}}],"total":{page}}}"#)))
    };
    let run = run(script, Limits { pages_max: 30, ..quick() }).await;
    let reason = "the list is longer than 30 pages (fetch.pages_max)".to_owned();
    assert_eq!(run.list(LEDGER).outcome, ListOutcome::Missing { reason });
    assert_eq!(run.asked_of_ledger(), 30);
}

#[tokio::test]
async fn an_answer_that_is_not_the_list_asked_for_is_asked_again_and_then_missing() {
    let other = r#"{"transactions":[],"total":0,"account_auth_id":"MA_2"}"#;
    let cases: [(&'static str, &str); 4] = [
        (other, "the answer is another account's ledger"),
        (r#"{"transactions":[],"total":0,"page":9}"#, "the answer is another page"),
        (r#"{"transactions":[{"id":"e-1"}"#, "the answer is not the JSON asked for"),
        ("<html>", "the answer is not the JSON asked for"),
    ];
    for (body, reason) in cases {
        let script = move |request: &str, _| request.starts_with(LEDGER).then(|| said(200, body));
        let run = run(script, quick()).await;
        assert_eq!(run.list(LEDGER).outcome, ListOutcome::Missing { reason: reason.to_owned() });
        assert_eq!(run.asked_of_ledger(), 6);
    }
    let script = |request: &str, attempt| (request.starts_with(LEDGER) && attempt < 6).then(|| said(200, "<html>"));
    assert_eq!(run(script, quick()).await.list(LEDGER).outcome, ListOutcome::Complete { walk: 1 });
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let script = |request: &str, _| {
        let elsewhere = vec![("location", "/stolen".to_owned())];
        request.starts_with(LEDGER).then(|| (302, elsewhere, String::new()))
    };
    let run = run(script, quick()).await;
    let reason = "HTTP 302: redirects are not followed".to_owned();
    assert_eq!(run.list(LEDGER).outcome, ListOutcome::Missing { reason });
    assert!(run.asked.iter().all(|(request, _)| request != "stolen"));
}

#[tokio::test]
async fn an_oversized_body_is_dropped_at_once() {
    let script = |request: &str, _| request.starts_with(LEDGER).then(|| said(200, " ".repeat(5001)));
    let run = run(script, Limits { body_bytes_max: 5000, ..quick() }).await;
    let reason = "the answer is longer than 5000 bytes (fetch.answer_mib_max)".to_owned();
    assert_eq!(run.list(LEDGER).outcome, ListOutcome::Missing { reason });
    assert_eq!(run.asked_of_ledger(), 1);
}

#[tokio::test]
async fn only_ids_that_fit_a_path_are_walked_and_the_row_stays_archived() {
    let run = run(|_, _| None, quick()).await;
    let evidence = run.archive.evidence(run.fetched.as_ref().unwrap().fetch).unwrap();
    let lists: Vec<String> = evidence.lists.iter().map(|list| list.list.to_string()).collect();
    assert_eq!(lists, ["me", "dashboard", "accounts", "transactions", LEDGER, "me?after", "accounts?after"]);
    let body = run.archive.body(&run.list("accounts").pages[0].digest).unwrap();
    assert!(String::from_utf8(body).unwrap().contains("../evil"));
}

#[tokio::test]
async fn a_dashboard_that_is_refused_is_missing_and_a_partner_that_is_refused_ends_the_fetch() {
    let run_without = run(
        |request, _| (request == "dashboard").then(|| said(403, r#"{"error":{"message":"not the-token for you"}}"#)),
        quick(),
    )
    .await;
    let reason = "HTTP 403: not [struck] for you".to_owned();
    assert_eq!(run_without.list("dashboard").outcome, ListOutcome::Missing { reason });

    let forbidden = run(|request, _| (request == "me").then(|| said(403, "{}")), quick()).await;
    let error = forbidden.fetched.unwrap_err();
    assert!(matches!(error, FetchError::Credentials { list: List::Me, status: 403, .. }), "{error}");

    let body = r#"{"id":"u","auth_id":"PA_2"}"#;
    let other = run(move |request, _| (request == "me").then(|| said(200, body)), quick()).await;
    assert_eq!(other.fetched.unwrap_err().to_string(), "me: partner PA_2, expected PA_1");

    let script = |request: &str, _| request.starts_with("accounts?").then(|| said(500, ""));
    let unlisted = run(script, quick()).await;
    assert_eq!(unlisted.fetched.unwrap_err().to_string(), "accounts: HTTP 500");

    let script = |request: &str, _| request.starts_with(LEDGER).then(|| said(401, ""));
    let revoked = run(script, quick()).await;
    assert!(matches!(revoked.fetched, Err(FetchError::Credentials { status: 401, .. })));

    let crowded = run(|_, _| None, Limits { accounts_max: 0, ..quick() }).await;
    assert_eq!(
        crowded.fetched.unwrap_err().to_string(),
        "accounts: 3 customers, expected at most 0 (fetch.accounts_max)"
    );
}

#[tokio::test]
async fn a_line_that_breaks_after_the_accounts_records_nothing_as_missing() {
    let script = |request: &str, _| (request.contains("transactions") || request == "dashboard").then(|| said(503, ""));
    let run = run(script, quick()).await;
    assert_eq!(run.fetched.unwrap_err().to_string(), "dashboard: HTTP 503");
    let fetches = run.archive.held(tieout::archive::FetchId::new(1)).unwrap();
    assert_eq!(fetches.keys().cloned().collect::<Vec<_>>(), [List::Me, List::Accounts]);
    for list in [List::Dashboard, List::Master] {
        assert_eq!(run.archive.outcome(tieout::archive::FetchId::new(1), &list).unwrap(), None);
    }
}

#[tokio::test]
async fn the_partners_wish_to_be_left_alone_is_honoured_as_seconds_and_as_a_date() {
    let date =
        |text: &str| vec![("date", "Wed, 01 Apr 2026 10:00:00 GMT".to_owned()), ("retry-after", text.to_owned())];
    for wish in ["1", "Wed, 01 Apr 2026 10:00:01 GMT"] {
        let headers = date(wish);
        let script = move |request: &str, attempt| {
            (request == "me" && attempt == 1).then(|| (429, headers.clone(), String::new()))
        };
        let run = run(script, quick()).await;
        let gap = run.asked[1].1 - run.asked[0].1;
        assert!(gap >= Duration::from_millis(990) && gap < Duration::from_secs(5), "{gap:?} after {wish}");
        assert!(run.fetched.is_ok());
    }
    // A longer wish than is waited ends the fetch: nothing at all is asked before its time.
    for status in [429, 503] {
        let script = move |request: &str, attempt| {
            (request.starts_with(LEDGER) && attempt == 1).then(|| (status, date("86400"), String::new()))
        };
        let run = run(script, Limits { concurrency: 1, ..quick() }).await;
        let told = run.fetched.as_ref().unwrap_err().to_string();
        let expected = "asks to be left alone for 86400 s, more than the 120 s that are waited \
                        (fetch.retry_after_seconds_max)";
        assert!(told.ends_with(expected), "{told}");
        assert_eq!(run.asked.last().unwrap().0.split('?').next().unwrap(), LEDGER, "and nothing after it");
    }
}

#[tokio::test]
async fn requests_are_sent_no_faster_than_the_rate() {
    let ids: Vec<usize> = (0..40).collect();
    let script = move |request: &str, _| {
        request.starts_with(LEDGER).then(|| ledger_page(&ids, Some(40), 1, page_asked(request), true, Past::Empty))
    };
    let run = run(script, Limits { requests_per_second: 100, ..quick() }).await;
    let sent: BTreeMap<usize, Instant> = run.asked.iter().map(|(_, moment)| *moment).enumerate().collect();
    let took = sent[&(sent.len() - 1)] - sent[&0];
    let least = Duration::from_millis(10) * u32::try_from(sent.len() - 1).unwrap();
    // What was late is caught up by 20 ms at most, and the first request may be another 20 on its way.
    assert!(sent.len() > 40 && took + Duration::from_millis(40) >= least, "{} requests in {took:?}", sent.len());
}
