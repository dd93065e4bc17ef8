//! One storm: a small world, weather drawn from a seed, a real fetch through it, and everything the partner heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;
use tieout::archive::{Archive, Evidence};
use tieout::domain::AccountId;
use tieout::fetch::{Credentials, FetchError, Limits, Line, Secret, Thorough, fetch};
use tieout::run::Settled;
use tieout::simulator::{
    Asked, BASE_PATH, Onlooker, RetryAfterForm, Scenario, Weather, WeatherPlan, World, serve_seen,
};
use tieout::watch::Nobody;
use tieout::wire::LedgerPage;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{plan, settle};

/// How many turns of its thread a request may wait between leave to send and arrival: for the client's connection, for
/// the socket, for the server's side of it.
pub(crate) const STALL_FACTOR: u32 = 3;

/// How often the stall is measured.
const BEAT: Duration = Duration::from_millis(2);

/// The longest that any storm may last.
const LASTS_MAX: Duration = Duration::from_mins(2);

/// Eight customers with several pages each, for the pages are small.
const WORLD: &str = "name = 'storm'\nprose = 'A small world for bad weather.'\nseed = 77\n[expected]\n\
                     verdict = 'tied-out'\n[world]\ncustomers = 8\nentries = 330\nrows_per_page = 10\n";

static SCENARIO: LazyLock<Scenario> = LazyLock::new(|| Scenario::read(WORLD).unwrap());
static THE_WORLD: LazyLock<Arc<World>> = LazyLock::new(|| Arc::new(World::build(&SCENARIO).unwrap()));

/// The scenario of every storm.
pub(crate) fn scenario() -> Scenario {
    SCENARIO.clone()
}

/// The world of every storm.
pub(crate) fn world() -> Arc<World> {
    Arc::clone(&THE_WORLD)
}

/// What a seed makes of the weather, and the limits that it is met with.
#[derive(Clone, Debug)]
pub(crate) struct Storm {
    pub(crate) seed: u64,
    pub(crate) plan: WeatherPlan,
    pub(crate) limits: Limits,
    /// Whether every request heals before its attempts are used up.
    pub(crate) heals: bool,
    /// What the client's clock shows: any year.
    pub(crate) now: i64,
}

/// A request as the partner heard it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) asked: Asked,
}

/// How a ride ended.
pub(crate) enum End {
    Settled { settled: Box<Settled>, evidence: Evidence },
    Refused(FetchError),
}

/// A ride, and what was seen of it.
pub(crate) struct Walked {
    pub(crate) end: End,
    pub(crate) heard: Vec<Heard>,
    /// The ids of the accepted rows, by list.
    pub(crate) rows: BTreeMap<String, BTreeSet<String>>,
    /// The longest that the thread of client and server did not turn.
    pub(crate) stall: Duration,
}

impl Storm {
    /// The storm of a seed. Three of four heal.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let heals = seed % 4 != 3;
        let mut plan = WeatherPlan {
            faults_max: if heals { rng.random_range(1..5) } else { 100 },
            latency_ms: [0, rng.random_range(0..8)],
            slow_ms: if rng.random_bool(0.2) { 600 } else { 30 },
            outage_ms: rng.random_range(10..60),
            clock_steps_s: [0, 3600, 40_000_000][rng.random_range(0..3)],
            ..WeatherPlan::default()
        };
        let worst: u16 = if heals { 90 } else { 250 };
        let shares = [
            &mut plan.server_errors,
            &mut plan.resets,
            &mut plan.html_errors,
            &mut plan.truncated,
            &mut plan.slow,
            &mut plan.resets_before,
            &mut plan.html_answers,
            &mut plan.length_more,
            &mut plan.length_less,
            &mut plan.gzip,
            &mut plan.gzip_broken,
            &mut plan.drip,
        ];
        for share in shares {
            if rng.random_bool(0.3) {
                *share = rng.random_range(1..=worst) / 3;
            }
        }
        // These cost everybody time, so that there are few of them: whole seconds, and a lower rate.
        if rng.random_bool(0.5) {
            plan.retry_after_seconds = [None, Some(0), Some(1), Some(1)][rng.random_range(0..4)];
            plan.retry_after_form = [RetryAfterForm::Seconds, RetryAfterForm::Date][rng.random_range(0..2)];
            plan.too_many_requests = rng.random_range(5..25);
            plan.busy = rng.random_range(0..15);
        }
        if rng.random_bool(0.3) {
            plan.outages = rng.random_range(5..20);
        }
        let limits = Limits {
            requests_per_second: rng.random_range(50..140),
            concurrency: rng.random_range(1..17),
            attempts_max: if heals { 16 } else { rng.random_range(1..4) },
            timeout: Duration::from_millis(500),
            backoff: Duration::from_millis(4),
            backoff_max: Duration::from_millis(60),
            ..Limits::default()
        };
        let now = [0, 1_775_000_000_000_000, i64::MIN, i64::MAX][rng.random_range(0..4)];
        Self { seed, plan, limits, heals, now }
    }

    /// Mild weather, in which entries arrive.
    pub(crate) fn with_arrivals(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xa55a);
        let mut storm = Self::drawn(seed & !3);
        storm.seed = seed;
        storm.plan = WeatherPlan {
            arrivals: rng.random_range(1..6),
            arrivals_within: [20, 60, 110, 300][rng.random_range(0..4)],
            server_errors: if rng.random_bool(0.5) { 30 } else { 0 },
            truncated: if rng.random_bool(0.5) { 30 } else { 0 },
            latency_ms: [0, 6],
            ..WeatherPlan::default()
        };
        storm.limits.requests_per_second = rng.random_range(150..400);
        storm
    }

    /// Attempts that a request may lose to what befalls others: an outage, or a time-out on a busy machine.
    pub(crate) fn spare(&self) -> usize {
        if self.plan.outages > 0 { 4 } else { 1 }
    }
}

/// The same walk in calm weather.
pub(crate) fn calm() -> Walked {
    let limits = Limits { requests_per_second: 5_000, ..Limits::default() };
    ride(&Storm { seed: 0, plan: WeatherPlan::default(), limits, heals: true, now: 1_775_000_000_000_000 })
}

/// Takes note of every request and its moment.
#[derive(Default)]
struct Ear(Mutex<Vec<Heard>>);

impl Onlooker for Ear {
    fn saw(&self, asked: Asked) {
        self.0.lock().unwrap().push(Heard { at: Instant::now(), asked });
    }
}

/// Fetches the world through a storm and settles what comes of it. Client and server share one thread, so that its
/// stalls can be measured.
pub(crate) fn ride(storm: &Storm) -> Walked {
    let folder = TempDir::new().unwrap();
    let partner = world().partner().clone();
    let archive = Archive::open(&folder.path().join("storm.sqlite"), &partner.auth_id).unwrap();
    let ear = Arc::new(Ear::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stall = Arc::new(Mutex::new(Duration::ZERO));
    let fetched = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}{BASE_PATH}", listener.local_addr().unwrap());
        let weather = Weather::new(storm.plan.clone(), storm.seed);
        let served = serve_seen(world(), weather, listener, std::future::pending(), ear.clone());
        let server = tokio::spawn(served);
        tokio::spawn(measure(Arc::clone(&stall)));
        let credentials = Credentials {
            auth_id: AccountId::parse(&partner.auth_id).unwrap(),
            token: Secret::new(partner.token.clone()),
        };
        let line =
            Line { base_url, credentials, limits: storm.limits.clone(), thorough: Thorough::default(), now: storm.now };
        let plan = plan(&SCENARIO);
        let walk = fetch(&line, &archive, &plan, &Nobody);
        let fetched = tokio::time::timeout(LASTS_MAX, walk).await.expect("a storm ends");
        assert!(!server.is_finished(), "the server has failed");
        fetched
    });
    drop(runtime);
    let mut rows = BTreeMap::new();
    let end = match fetched {
        Err(error) => End::Refused(error),
        Ok(fetched) => {
            let evidence = archive.evidence(fetched.fetch).unwrap();
            for list in &evidence.lists {
                let bodies = list.pages.iter().map(|page| archive.body(&page.digest).unwrap());
                rows.insert(list.list.to_string(), bodies.flat_map(|body| ids(&body)).collect());
            }
            End::Settled { settled: Box::new(settle(&SCENARIO, &archive)), evidence }
        }
    };
    let heard = ear.0.lock().unwrap().clone();
    let stall = *stall.lock().unwrap();
    Walked { end, heard, rows, stall }
}

/// Measures by how much a short sleep oversleeps.
async fn measure(longest: Arc<Mutex<Duration>>) {
    loop {
        let began = Instant::now();
        tokio::time::sleep(BEAT).await;
        let late = began.elapsed().saturating_sub(BEAT);
        let mut longest = longest.lock().unwrap();
        *longest = longest.max(late);
    }
}

/// The ids on a ledger page; none on any other.
fn ids(body: &[u8]) -> Vec<String> {
    let Ok(page) = serde_json::from_slice::<LedgerPage<'_>>(body) else { return Vec::new() };
    let id = |row: &&serde_json::value::RawValue| {
        let row: serde_json::Value = serde_json::from_str(row.get()).unwrap();
        row["id"].as_str().unwrap_or_default().to_owned()
    };
    page.transactions.iter().map(id).collect()
}
