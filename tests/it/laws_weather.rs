//! Law 6: bad weather never shows. Real fetches over loopback sockets, in weather drawn from seeds.
//!
//! Three judgements, each on its own: safety (the calm run's papers, or the reason why not), liveness (when faults heal,
//! the run ends with the calm run's papers) and manners (what the partner sees of us while its line is bad).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tieout::archive::ListOutcome;
use tieout::domain::{List, Severity};
use tieout::fetch::FetchError;
use tieout::report::Paper;
use tieout::run::Settled;
use tieout::simulator::{Arrival, Fault, Weather};

use crate::storm::{End, Heard, STALL_FACTOR, Storm, Walked, calm, ride, scenario, world};

/// Weathers of a test run, and of a quiet hour (`just soak`).
const STORMS: u64 = 240;
const STORMS_SOAKED: u64 = 6_000;

/// Fetches at one time. They mostly wait.
const AT_ONCE: usize = 40;

/// The papers of the calm run.
static CALM: LazyLock<Vec<Paper>> = LazyLock::new(|| match calm().end {
    End::Settled { settled, .. } => settled.papers,
    End::Refused(error) => panic!("the calm run is refused: {error}"),
});

/// Whether this is a quiet hour.
#[expect(clippy::disallowed_methods, reason = "how long a test runs is the environment's to say")]
pub(crate) fn soaking() -> bool {
    std::env::var("TIEOUT_SOAK").is_ok_and(|wish| wish == "1")
}

/// The seeds of a run; `TIEOUT_SEED` runs one of them alone.
#[expect(clippy::disallowed_methods, reason = "which seed is run again is the environment's to say")]
pub(crate) fn seeds(few: u64, many: u64) -> std::ops::Range<u64> {
    match std::env::var("TIEOUT_SEED").ok().and_then(|seed| seed.parse::<u64>().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..if soaking() { many } else { few },
    }
}

/// Rides out the storm of every seed, and collects what was wrong with any; a panic is wrong, too.
fn every(seeds: std::ops::Range<u64>, storm: fn(u64) -> Storm, judge: fn(&Storm, &Walked) -> Vec<String>) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let found = std::sync::Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let storm = storm(seed);
                    let ridden = catch_unwind(AssertUnwindSafe(|| {
                        let walked = ride(&storm);
                        (judge(&storm, &walked), walked)
                    }));
                    found.lock().unwrap().add(&storm, ridden);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

/// What came of many storms.
#[derive(Default)]
struct Summary {
    wrong: String,
    calm: usize,
    incomplete: usize,
    refused: usize,
    requests: usize,
    faults: BTreeMap<String, usize>,
    stall_max: Duration,
}

impl Summary {
    fn add(&mut self, storm: &Storm, ridden: std::thread::Result<(Vec<String>, Walked)>) {
        let (wrong, walked) = match ridden {
            Ok((wrong, walked)) => (wrong, Some(walked)),
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
                (vec![format!("panicked: {said}")], None)
            }
        };
        if !wrong.is_empty() {
            writeln!(self.wrong, "{storm:?}\n  {}", wrong.join("\n  ")).unwrap();
        }
        let Some(walked) = walked else { return };
        match &walked.end {
            End::Settled { settled, .. } if is_incomplete(settled) => self.incomplete += 1,
            End::Settled { .. } => self.calm += 1,
            End::Refused(_) => self.refused += 1,
        }
        self.requests += walked.heard.len();
        self.stall_max = self.stall_max.max(walked.stall);
        for heard in walked.heard {
            let name = format!("{:?}", heard.asked.fault);
            let name = name.split([' ', '(']).next().unwrap_or_default().to_owned();
            *self.faults.entry(name).or_default() += 1;
        }
    }

    #[expect(clippy::print_stdout, reason = "what came of the storms, shown on demand")]
    fn told(&self, what: &str) {
        println!(
            "{what}: {} with papers, {} incomplete, {} refused; {} requests, met by {:?}; longest stall {:?}",
            self.calm, self.incomplete, self.refused, self.requests, self.faults, self.stall_max
        );
        assert!(self.wrong.is_empty(), "TIEOUT_SEED=<seed> runs one again:\n{}", self.wrong);
    }
}

fn is_incomplete(settled: &Settled) -> bool {
    settled.verdict().0 == Severity::Incomplete
}

/// Safety: the calm run's papers byte for byte, or a run that says incomplete and names a list with the reason, or an
/// error that names the list and the line's fault.
fn safety(_storm: &Storm, walked: &Walked) -> Vec<String> {
    let names = |paper: &Paper| (paper.name.clone(), paper.bytes.clone());
    match &walked.end {
        End::Settled { settled, evidence } => {
            let same = settled.papers.iter().map(names).eq(CALM.iter().map(names));
            let lost: Vec<_> =
                evidence.lists.iter().filter(|list| !matches!(list.outcome, ListOutcome::Complete { .. })).collect();
            let named = lost.iter().all(|list| list.outcome.reason().is_some_and(|reason| !reason.is_empty()));
            match (same, lost.is_empty()) {
                (true, true) => Vec::new(),
                (true, false) => vec!["lists are missing, but the papers are the calm run's".to_owned()],
                (false, true) => vec!["other papers than the calm run's, though every list is whole".to_owned()],
                (false, false) if !named => vec![format!("a missing list without a reason: {lost:?}")],
                (false, false) if is_incomplete(settled) => Vec::new(),
                (false, false) if lost.iter().all(|list| no_close_rests_on(&list.list)) => wallets_alone(settled),
                (false, false) => vec![format!("not incomplete, though lists are missing: {lost:?}")],
            }
        }
        End::Refused(error @ FetchError::Line { reason, .. }) if !reason.is_empty() => {
            let text = error.to_string();
            if text.contains("127.0.0.1") { vec![format!("an address in the message: {text}")] } else { Vec::new() }
        }
        End::Refused(error) => vec![format!("a refusal that the line did not earn: {error}")],
    }
}

/// What the wallets' proof alone is made of.
fn no_close_rests_on(list: &List) -> bool {
    matches!(list, List::Dashboard | List::Beside(_))
}

/// No close rests on the dashboard and the wallets: without them the books tie out all the same, and every figure of
/// theirs is the calm run's.
fn wallets_alone(settled: &Settled) -> Vec<String> {
    let figures = ["tie_outs.csv", "invoices.csv", "held.csv"];
    let differs = |name: &&&str| {
        let bytes =
            |papers: &[Paper]| papers.iter().find(|paper| paper.name == ***name).map(|paper| paper.bytes.clone());
        bytes(&settled.papers) != bytes(&CALM)
    };
    figures.iter().filter(differs).map(|name| format!("{name} differs for want of a wallet")).collect()
}

/// Liveness: when every request heals, the run ends with the calm run's papers, within the bound on repetitions.
fn liveness(storm: &Storm, walked: &Walked) -> Vec<String> {
    let names = |paper: &Paper| (paper.name.clone(), paper.bytes.clone());
    match &walked.end {
        End::Settled { settled, .. } if settled.papers.iter().map(names).eq(CALM.iter().map(names)) => {}
        End::Settled { settled, .. } => return vec![format!("healed, but the run is {}", settled.verdict().word())],
        End::Refused(error) => return vec![format!("healed, but the run ended with {error}")],
    }
    // Each request meets its faults, then one answer; an outage or a time-out may cost a request that had none.
    let needed: BTreeSet<&str> = walked.heard.iter().map(|heard| heard.asked.key.as_str()).collect();
    // `/me` and the account list are read twice.
    let read_twice = 2;
    let most = needed.len() * (storm.plan.faults_max as usize + 1 + storm.spare()) + read_twice;
    let asked = walked.heard.len();
    if asked > most { vec![format!("{asked} requests, bound {most}")] } else { Vec::new() }
}

/// Manners, by the moments at which requests reach the partner.
fn manners(storm: &Storm, walked: &Walked) -> Vec<String> {
    // Between leave to send and arrival lie a few turns of the one thread that client and server share; each turn may
    // last as long as the longest stall that a clock on this thread has measured.
    let tolerance = walked.stall * STALL_FACTOR + Duration::from_millis(20);
    let mut wrong = Vec::new();
    let rate = storm.limits.requests_per_second;
    let most = rate as usize + 1 + requests_in(rate, tolerance);
    for (at, first) in walked.heard.iter().enumerate() {
        let end = first.at + Duration::from_secs(1);
        let within = walked.heard[at..].iter().take_while(|heard| heard.at < end).count();
        if within > most {
            wrong.push(format!("{within} requests within a second, limit {rate}, tolerance {tolerance:?}"));
            break;
        }
    }
    wrong.extend(patience(storm, walked, tolerance));
    let mut attempts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for heard in &walked.heard {
        let (throttled, other) = attempts.entry(heard.asked.key.as_str()).or_default();
        let count = if matches!(heard.asked.fault, Fault::TooManyRequests { .. }) { throttled } else { other };
        *count += 1;
    }
    // A list may be walked anew; each walk has its own attempts. `/me` and the account list are read twice.
    let walks = if storm.plan.arrivals > 0 { storm.limits.walks_max * 2 } else { 2 };
    let (failures, throttles) = (storm.limits.attempts_max * walks, (storm.limits.throttles_max + 1) * walks);
    wrong.extend(
        attempts
            .iter()
            .filter(|(_, (throttled, other))| *throttled > throttles || *other > failures)
            .map(|(key, (throttled, other))| format!("{key}: asked {other} times, beside {throttled} times 429")),
    );
    wrong
}

/// So many requests a second in a stretch of time, rounded up.
fn requests_in(rate: u32, stretch: Duration) -> usize {
    (u128::from(rate) * stretch.as_micros()).div_ceil(1_000_000) as usize
}

/// No request for a page before its `Retry-After` has passed, and no request at all after a 429's.
fn patience(storm: &Storm, walked: &Walked, tolerance: Duration) -> Vec<String> {
    let weather = Weather::new(storm.plan.clone(), storm.seed);
    let outage = |heard: &&Heard| matches!(heard.asked.fault, Fault::Outage(_));
    let mut wrong = Vec::new();
    for (at, heard) in walked.heard.iter().enumerate() {
        let (Fault::TooManyRequests { retry_after_seconds: Some(seconds) }
        | Fault::Busy { retry_after_seconds: Some(seconds) }) = heard.asked.fault
        else {
            continue;
        };
        let latency = Duration::from_millis(weather.latency_ms(&heard.asked.key, heard.asked.attempt));
        let told = heard.at + latency + tolerance;
        // Where the server went away before the answer was out, nobody has heard the wish.
        let near = |other: &&Heard| other.at + tolerance >= heard.at && other.at <= told;
        if walked.heard.iter().filter(outage).any(|other| near(&other)) {
            continue;
        }
        let until = heard.at + Duration::from_secs(u64::from(seconds));
        let all = matches!(heard.asked.fault, Fault::TooManyRequests { .. });
        for later in walked.heard[at + 1..].iter().take_while(|later| later.at < until) {
            let same = later.asked.key == heard.asked.key;
            if same || (all && later.at > told) {
                let early = until - later.at;
                wrong.push(format!("{} asked {early:?} before it was wanted after {:?}", later.asked.key, heard.asked));
                break;
            }
        }
    }
    wrong
}

/// Never lost: an entry that a list held when it was last asked is among its archived rows, or the list is not whole;
/// and one that stands in one book only is named or makes the run incomplete.
fn never_lost(storm: &Storm, walked: &Walked) -> Vec<String> {
    let End::Settled { settled, evidence } = &walked.end else { return Vec::new() };
    let arrivals = world().arrivals(&Weather::new(storm.plan.clone(), storm.seed));
    assert_eq!(arrivals.len(), storm.plan.arrivals, "every entry finds its place");
    let mut wrong = Vec::new();
    for (at, Arrival { entry, account, .. }) in arrivals.iter().enumerate() {
        let ledger = format!("accounts/{account}/transactions");
        let stands = ["transactions", &ledger].map(|name| {
            // What is read for the wallets' sake asks for other dates.
            let path = format!("GET /api/v1/partner/{name}?from_date={}&", evidence.plan.from);
            let mut asked = walked.heard.iter().map(|heard| &heard.asked);
            // A filtered reading need not show the entry.
            let last = asked.rfind(|it| it.key.starts_with(&path) && !it.key.contains("transaction_type"));
            let visible = last.is_some_and(|last| last.arrived > at);
            let list = evidence.lists.iter().find(|list| list.list.to_string() == name).unwrap();
            let whole = matches!(list.outcome, ListOutcome::Complete { .. });
            let held = walked.rows[name].contains(&**entry);
            if visible && whole && !held {
                wrong.push(format!("{name} lost {entry}: it was there at the last request"));
            }
            held
        });
        let named =
            settled.reconciliation.breaks.iter().any(|found| found.entry_ids().iter().any(|id| **id == **entry));
        if stands[0] != stands[1] && !named && !is_incomplete(settled) {
            wrong.push(format!("{entry} stands in one book ({stands:?}) and nothing says so"));
        }
    }
    wrong
}

#[test]
fn bad_weather_never_shows() {
    let judge = |storm: &Storm, walked: &Walked| {
        let judged = if storm.heals { liveness(storm, walked) } else { safety(storm, walked) };
        judged.into_iter().chain(safety(storm, walked)).chain(manners(storm, walked)).collect()
    };
    let found = every(seeds(STORMS, STORMS_SOAKED), Storm::drawn, judge);
    found.told("storms");
}

#[test]
fn an_entry_that_arrives_during_the_walk_is_never_lost() {
    let judge = |storm: &Storm, walked: &Walked| [never_lost(storm, walked), manners(storm, walked)].concat();
    let found = every(seeds(STORMS / 4, STORMS_SOAKED / 4), Storm::with_arrivals, judge);
    found.told("arrivals");
}

#[test]
fn the_draw_meets_every_fault() {
    let mut met = BTreeSet::new();
    let scenario = scenario();
    assert_eq!(scenario.weather, tieout::simulator::WeatherPlan::default(), "the calm run is calm");
    for seed in 0..STORMS {
        let storm = Storm::drawn(seed);
        let weather = Weather::new(storm.plan.clone(), seed);
        met.extend((0..80).map(|page| {
            let name = format!("{:?}", weather.fault(&format!("GET /transactions?page={page}"), 1));
            name.split([' ', '(']).next().unwrap_or_default().to_owned()
        }));
    }
    let expected = [
        "Busy",
        "Drip",
        "Gzip",
        "GzipBroken",
        "Html",
        "LengthLess",
        "LengthMore",
        "None",
        "Outage",
        "Reset",
        "ResetBefore",
        "ServerError",
        "Slow",
        "TooManyRequests",
        "Truncated",
    ];
    assert_eq!(met.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
