//! Fetching from the simulated partner: whole in calm, whole in bad weather, and what it never does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tieout::archive::{Archive, ArchiveError, Evidence, FetchPlan, ListOutcome};
use tieout::domain::{AccountId, Beside, List};
use tieout::fetch::{Credentials, FetchError, Fetched, Limits, Line, Secret, Thorough, fetch};
use tieout::simulator::{BASE_PATH, Scenario, Weather, World, serve};
use tieout::watch::{Event, Nobody, Watch};
use tieout::wire::{AccountsPage, LedgerPage};
use tokio::net::TcpListener;

/// A partner behind a socket on this machine.
struct Partner {
    world: Arc<World>,
    line: Line,
    plan: FetchPlan,
}

async fn partner(toml: &str) -> Partner {
    let head = "name = 'test'\nprose = 'a world for a test'\nseed = 11\nexpected.verdict = 'tied-out'\n";
    let scenario = Scenario::read(&format!("{head}{toml}")).unwrap();
    let world = Arc::new(World::build(&scenario).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}{BASE_PATH}", listener.local_addr().unwrap());
    let weather = Weather::new(scenario.weather, scenario.seed);
    tokio::spawn(serve(Arc::clone(&world), weather, listener, std::future::pending()));
    let auth_id = AccountId::parse(&world.partner().auth_id).unwrap();
    let token = Secret::new(world.partner().token.clone());
    let (from, to) = scenario.world.period.window(2);
    let plan = FetchPlan { period: scenario.world.period, from, to, today: scenario.world.today };
    Partner { line: line(base_url, auth_id, token), world, plan }
}

fn line(base_url: String, auth_id: AccountId, token: Secret) -> Line {
    let limits = Limits { requests_per_second: 5000, backoff: Duration::from_millis(1), ..Limits::default() };
    let thorough = Thorough::default();
    Line { base_url, credentials: Credentials { auth_id, token }, limits, thorough, now: 1_775_000_000_000_000 }
}

impl Partner {
    fn archive(&self, folder: &TempDir) -> Archive {
        Archive::open(&folder.path().join("archive"), &self.world.partner().auth_id).unwrap()
    }

    async fn fetch(&self, archive: &Archive, watch: &dyn Watch) -> Result<Fetched, FetchError> {
        sendable(fetch(&self.line, archive, &self.plan, watch)).await
    }

    /// A whole fetch into an archive of its own.
    async fn evidence(&self) -> (Evidence, Fetched) {
        let folder = TempDir::new().unwrap();
        let archive = self.archive(&folder);
        let fetched = self.fetch(&archive, &Nobody).await.unwrap();
        (archive.evidence(fetched.fetch).unwrap(), fetched)
    }
}

/// A fetch can be moved to another thread: this would not compile otherwise.
fn sendable<F: Send>(future: F) -> F {
    future
}

fn outcomes(evidence: &Evidence) -> BTreeMap<String, ListOutcome> {
    evidence.lists.iter().map(|list| (list.list.to_string(), list.outcome.clone())).collect()
}

/// Takes note of everything.
#[derive(Default)]
struct Notes(Mutex<Vec<Event>>);

impl Watch for Notes {
    fn saw(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Notes {
    fn pages_kept(&self) -> Vec<(List, u32)> {
        let kept = |event: &Event| match event {
            Event::PageKept { list, page } => Some((list.clone(), *page)),
            _ => None,
        };
        self.0.lock().unwrap().iter().filter_map(kept).collect()
    }
}

const LARGER: &str = "world.customers = 12\nworld.entries = 2500\n";

#[tokio::test]
async fn a_calm_world_is_fetched_whole_and_without_a_secret() {
    let partner = partner(LARGER).await;
    let folder = TempDir::new().unwrap();
    let archive = partner.archive(&folder);
    let fetched = partner.fetch(&archive, &Nobody).await.unwrap();
    assert_eq!((fetched.retries, fetched.requests), (0, fetched.requests_needed));
    let evidence = archive.evidence(fetched.fetch).unwrap();
    let readings = evidence.lists.iter().filter(|list| matches!(list.list, List::Reading(_))).count();
    assert_eq!((evidence.lists.len() - readings, readings), (4 + 12 + 2 + 13, 4 * 11), "one ledger has no entry");
    let mut ledgers = 0;
    for list in &evidence.lists {
        assert_eq!(list.outcome, ListOutcome::Complete { walk: 1 }, "{}", list.list);
        let bodies: Vec<Vec<u8>> = list.pages.iter().map(|page| archive.body(&page.digest).unwrap()).collect();
        let rows: usize = match &list.list {
            List::Accounts | List::Beside(Beside::Accounts) => bodies
                .iter()
                .map(|body| {
                    assert!(String::from_utf8_lossy(body).contains(r#""auth_token":"[struck]""#));
                    serde_json::from_slice::<AccountsPage<'_>>(body).unwrap().accounts.len()
                })
                .sum(),
            List::Master | List::Ledger(_) => {
                let page = |body| serde_json::from_slice::<LedgerPage<'_>>(body).unwrap();
                let rows = bodies.iter().map(|body| page(body).transactions.len()).sum();
                assert_eq!(u64::try_from(rows).ok(), page(&bodies[0]).total);
                rows
            }
            List::Me | List::Dashboard | List::Reading(_) | List::Beside(_) => 0,
        };
        match &list.list {
            List::Accounts | List::Beside(Beside::Accounts) => assert_eq!(rows, 12),
            List::Master => assert!(rows > 2000, "{rows} rows in the master ledger"),
            List::Ledger(_) => ledgers += rows,
            List::Me | List::Dashboard | List::Reading(_) | List::Beside(_) => {}
        }
    }
    assert!(ledgers > 2000, "{ledgers} rows in the customers' ledgers");
    drop(archive);
    no_secret_in(&partner, &folder.path().join("archive"));
}

fn no_secret_in(partner: &Partner, path: &Path) {
    let archive = Archive::open_existing(path).unwrap();
    let fetch = archive.latest(partner.plan.period).unwrap().unwrap();
    let pages: Vec<_> = archive.evidence(fetch).unwrap().lists.into_iter().flat_map(|list| list.pages).collect();
    let tokens = partner.world.accounts().iter().map(|account| account.token.clone());
    for token in tokens.chain([partner.world.partner().token.clone()]) {
        for page in &pages {
            let body = String::from_utf8(archive.body(&page.digest).unwrap()).unwrap();
            assert!(!body.contains(&token));
        }
        assert!(!format!("{:?}", partner.line).contains(&token));
    }
}

#[tokio::test]
async fn bad_weather_never_shows() {
    let (calm, _) = partner(LARGER).await.evidence().await;
    let weathers = [
        "too_many_requests = 300",
        "server_errors = 300\nhtml_errors = 100",
        "resets = 150\ntruncated = 150\nfaults_max = 3",
        "too_many_requests = 100\nserver_errors = 100\nresets = 100\ntruncated = 100\nhtml_errors = 50\nslow = 100\n\
         slow_ms = 20\nlatency_ms = [0, 5]\nfaults_max = 4",
    ];
    for weather in weathers {
        let mut stormy = partner(&format!("{LARGER}[weather]\n{weather}\n")).await;
        stormy.line.limits.requests_per_second = 100_000;
        let (evidence, fetched) = stormy.evidence().await;
        assert!(fetched.retries > 5, "{} retries under {weather}", fetched.retries);
        assert_eq!(evidence.manifest(), calm.manifest(), "under {weather}");
    }
}

#[tokio::test]
async fn a_killed_fetch_asks_only_for_what_it_lacks() {
    let partner = partner(LARGER).await;
    let (calm, whole) = partner.evidence().await;
    for kept_before in [1, 4, 9, 20] {
        let folder = TempDir::new().unwrap();
        let first = Notes::default();
        {
            let archive = partner.archive(&folder);
            let killed = async {
                while first.pages_kept().len() < kept_before {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                () = killed => {}
                done = partner.fetch(&archive, &first) => panic!("finished before it was killed: {done:?}"),
            }
        }
        let second = Notes::default();
        let archive = partner.archive(&folder);
        let fetched = partner.fetch(&archive, &second).await.unwrap();
        let evidence = archive.evidence(fetched.fetch).unwrap();
        assert_eq!(evidence.manifest(), calm.manifest());
        let held = second.0.lock().unwrap().iter().find_map(|event| match event {
            Event::FetchBegan { pages_held, .. } => Some(*pages_held),
            _ => None,
        });
        let held = held.expect("the second run says what it has");
        assert!(held >= kept_before, "{held} pages held of {kept_before} kept");
        assert_eq!(second.pages_kept().len() + held, whole.requests_needed as usize);
        assert_eq!(fetched.requests as usize, second.pages_kept().len(), "nothing durable is asked for again");
        let again = second.pages_kept().iter().any(|page| first.pages_kept().contains(page));
        assert!(!again, "a page was kept twice");
    }
}

#[tokio::test]
async fn an_older_server_is_asked_for_smaller_pages_once_it_has_refused() {
    let partner = partner(&format!("{LARGER}world.per_page_max = 100\n")).await;
    let (evidence, fetched) = partner.evidence().await;
    assert!(outcomes(&evidence).values().all(|outcome| *outcome == ListOutcome::Complete { walk: 1 }));
    assert_eq!(fetched.requests, fetched.requests_needed + 1, "one refusal teaches the whole fetch");
}

#[tokio::test]
async fn a_ledger_that_is_refused_costs_the_others_nothing() {
    let flaws = "[[flaws]]\nclass = 'missing-ledger'\nside = 'customer'\nstatus = STATUS\n";
    for (status, reason) in [("404", "HTTP 404: "), ("403", "HTTP 403: "), ("500", "HTTP 500")] {
        let partner = partner(&format!("{LARGER}{}", flaws.replace("STATUS", status))).await;
        let (evidence, _) = partner.evidence().await;
        let outcomes = outcomes(&evidence);
        let missing: Vec<_> = outcomes.iter().filter_map(|(list, outcome)| Some((list, outcome.reason()?))).collect();
        let [(list, seen)] = missing.as_slice() else { panic!("missing: {missing:?}") };
        assert!(list.starts_with("accounts/MA_") && seen.starts_with(reason), "{list}: {seen}");
    }
    for (global, status) in [("absent", 404), ("forbidden", 403)] {
        let partner = partner(&format!("{LARGER}world.global_ledger = '{global}'\n")).await;
        let outcomes = outcomes(&partner.evidence().await.0);
        let reason = outcomes["transactions"].reason().expect("the master ledger is missing");
        assert!(reason.starts_with(&format!("HTTP {status}: ")), "{reason}");
        assert_eq!(outcomes.values().filter(|outcome| outcome.reason().is_some()).count(), 1);
    }
}

#[tokio::test]
async fn wrong_credentials_end_the_fetch() {
    let mut partner = partner("").await;
    partner.line.credentials.token = Secret::new("wrong-token".to_owned());
    let folder = TempDir::new().unwrap();
    let error = partner.fetch(&partner.archive(&folder), &Nobody).await.unwrap_err();
    assert!(matches!(error, FetchError::Credentials { list: List::Me, status: 401, .. }), "{error}");
    let message = error.to_string();
    assert!(message.starts_with("me: HTTP 401: "), "{message}");
    partner.line.credentials.token = Secret::new("two\nlines".to_owned());
    let error = partner.fetch(&partner.archive(&folder), &Nobody).await.unwrap_err();
    assert!(matches!(error, FetchError::Token), "{error}");
}

#[tokio::test]
async fn another_partners_archive_is_refused_before_anything_is_sent() {
    let partner = partner("").await;
    let folder = TempDir::new().unwrap();
    let archive = Archive::open(&folder.path().join("archive"), "PA_OTHER").unwrap();
    let error = partner.fetch(&archive, &Nobody).await.unwrap_err();
    let expected = format!("archive: partner PA_OTHER, expected {}", partner.world.partner().auth_id);
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_line_that_is_down_leaves_the_fetch_to_be_gone_on_with() {
    let mut partner = partner("").await;
    let base_url = partner.line.base_url.clone();
    let nobody_there = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    partner.line.base_url = format!("http://{nobody_there}{BASE_PATH}");
    let folder = TempDir::new().unwrap();
    let archive = partner.archive(&folder);
    let notes = Notes::default();
    let error = partner.fetch(&archive, &notes).await.unwrap_err();
    assert_eq!(error.to_string(), "me: cannot connect");
    let retries = notes.0.lock().unwrap().iter().filter(|event| matches!(event, Event::Retried { .. })).count();
    assert_eq!(retries, 5, "six attempts");
    partner.line.base_url = base_url;
    let fetched = partner.fetch(&archive, &Nobody).await.unwrap();
    assert_eq!(archive.finished(partner.plan.period).unwrap(), [fetched.fetch]);
    assert!(!matches!(archive.evidence(fetched.fetch), Err(ArchiveError::Unfinished(_))));
}

#[tokio::test]
async fn a_base_over_which_credentials_could_leak_is_refused() {
    let partner = partner("").await;
    let folder = TempDir::new().unwrap();
    let archive = partner.archive(&folder);
    let refusals = [
        ("http://api.example.com/v1", "plain HTTP to another machine"),
        ("http://localhost.example.com/", "plain HTTP to another machine"),
        ("http://127.0.0.1.example.com/", "plain HTTP to another machine"),
        ("https://PA_1:hunter2@api.example.com/", "carries credentials"),
        ("https://api.example.com/?a=b", "carries a query"),
        ("ftp://127.0.0.1/", "unknown scheme"),
        ("api.example.com", "is not a URL"),
    ];
    for (base_url, reason) in refusals {
        let line = Line { base_url: base_url.to_owned(), ..partner.line.clone() };
        let message = fetch(&line, &archive, &partner.plan, &Nobody).await.unwrap_err().to_string();
        assert!(message.contains(reason) && !message.contains("hunter2"), "{message}");
    }
}
