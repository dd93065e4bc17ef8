//! The benchmark of the line: how much of the allowed rate a fetch uses, and how fast it decodes and archives.
//!
//! `-- 20 100` measures the efficiency at these rates (5, 20 and 100 without an argument), `-- none` at none; throughput
//! is measured always; `--write` puts the results into `reports/benchmarks.txt`. Server and fetch are processes of their
//! own, this binary calling itself: what one takes is not counted as the other's. Never a test: asserts nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run panics")]
#![allow(clippy::print_stdout, reason = "the parent process reads it")]

#[path = "../it/support.rs"]
#[allow(dead_code, reason = "the tests use more of it than the benchmark")]
mod support;

mod pages;
mod paper;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tieout::archive::Archive;
use tieout::domain::AccountId;
use tieout::fetch::{Credentials, Limits, Line, Secret, Thorough, fetch};
use tieout::simulator::{BASE_PATH, Scenario, Weather, World, serve};
use tieout::watch::Nobody;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Measured runs of the throughput at each size; the median is reported.
const RUNS: usize = 5;

/// Entries on both sides together, of which throughput is measured.
const SIZES: [usize; 2] = [200_000, 1_000_000];

/// Requests a second that are never reached.
const UNLIMITED: u32 = 1_000_000;

/// Customers of whom efficiency is measured, and of whom throughput is.
const MANY: usize = 1000;
const FEW: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve-world", entries] => serve_world(number(entries)),
        ["serve-pages", entries] => pages::serve(&scenario(number(entries), FEW)),
        ["fetch", base_url, auth_id, token, rate, path] => {
            measure(base_url, auth_id, token, number(rate), Path::new(path));
        }
        rest => report(rest),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is not a number"))
}

/// A calm month of so many entries on both sides together, sizes skewed, answers after 50 to 400 ms.
fn scenario(entries: usize, customers: usize) -> Scenario {
    let text = format!(
        "name = \"line\"\nprose = \"\"\nseed = 7\n[world]\ncustomers = {customers}\nentries = {}\n\
         [weather]\nlatency_ms = [50, 400]\n[expected]\nverdict = \"tied-out\"\n",
        entries * 53 / 100
    );
    Scenario::read(&text).expect("a scenario")
}

/// Serves the simulator until nobody listens any more.
fn serve_world(entries: usize) {
    let scenario = scenario(entries, MANY);
    let world = Arc::new(World::build(&scenario).expect("a world"));
    Runtime::new().expect("a runtime").block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let partner = world.partner();
        println!("http://{}{BASE_PATH} {} {}", listener.local_addr().expect("a port"), partner.auth_id, partner.token);
        let weather = Weather::new(scenario.weather.clone(), scenario.seed);
        let stop = async { drop(tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await) };
        serve(Arc::clone(&world), weather, listener, stop).await.expect("a server");
    });
}

/// One measured fetch: prints milliseconds, requests sent, requests needed and the peak memory in KiB.
fn measure(base_url: &str, auth_id: &str, token: &str, rate: u32, path: &Path) {
    let archive = Archive::open(path, auth_id).expect("an archive");
    let credentials =
        Credentials { auth_id: AccountId::parse(auth_id).expect("an account"), token: Secret::new(token.to_owned()) };
    let limits = Limits { requests_per_second: rate, ..Limits::default() };
    let line = Line {
        base_url: base_url.to_owned(),
        credentials,
        limits,
        // The counts by type would only make the runs longer.
        thorough: Thorough { type_counts: false, ..Thorough::default() },
        now: 1_775_000_000_000_000,
    };
    let plan = support::plan(&scenario(0, FEW));
    let fetched = Runtime::new().expect("a runtime").block_on(fetch(&line, &archive, &plan, &Nobody));
    let fetched = fetched.expect("a fetch");
    drop(archive);
    println!("{} {} {} {}", fetched.elapsed.as_millis(), fetched.requests, fetched.requests_needed, paper::peak_kib());
}

fn report(arguments: &[&str]) {
    let write = arguments.contains(&"--write");
    let given: Vec<&str> = arguments.iter().copied().filter(|argument| *argument != "--write").collect();
    let rates = match given.as_slice() {
        [] => vec![5, 20, 100],
        ["none"] => Vec::new(),
        rates => rates.iter().map(|rate| number(rate)).collect(),
    };
    let mut text = paper::machine(RUNS);
    for rate in rates {
        text.push_str(&efficiency(rate));
    }
    text.push_str(&throughput());
    paper::show("line", &text, write);
}

/// One calm fetch of a thousand customers at a rate, of a size that takes a minute or some.
fn efficiency(rate: u32) -> String {
    let entries = usize::try_from(rate).expect("a rate") * 15_000;
    let mut server = Server::start(["serve-world", &entries.to_string()]);
    let [millis, sent, needed, _] = server.fetched(rate).0;
    let per_mille = needed * 1_000_000 / u64::from(rate) / millis;
    format!(
        "efficiency {per_mille} per mille at {rate} requests a second, {MANY} customers, answers in 50 to 400 ms: {needed} \
         requests needed, {sent} sent, {millis} ms (one run, the simulator in a process of its own)\n"
    )
}

/// Fetches of large worlds without a limit, from a server that has every answer ready.
fn throughput() -> String {
    let mut servers = SIZES.map(|entries| Server::start(["serve-pages", &entries.to_string()]));
    let mut measured = [const { Vec::new() }; SIZES.len()];
    for _ in 0..RUNS {
        for (server, runs) in servers.iter_mut().zip(&mut measured) {
            let before = server.cpu_ms();
            let ([millis, _, pages, peak_kib], bytes) = server.fetched(UNLIMITED);
            runs.push([millis, pages, peak_kib, bytes, server.cpu_ms() - before]);
        }
    }
    let mut text = String::new();
    for (server, mut runs) in servers.iter().zip(measured) {
        runs.sort_unstable();
        let [millis, pages, _, bytes, cpu_ms] = runs[RUNS / 2];
        let (least, most) = (runs[0][0], runs[RUNS - 1][0]);
        let peak = runs.iter().map(|run| run[2]).max().unwrap_or(0) / 1024;
        let (rows, body_bytes) = (server.number(3), server.number(4));
        let _ = writeln!(
            text,
            "fetch {rows} entries on {pages} pages without a limit: median {millis} ms ({least} to {most}), {} entries a \
             second, peak {peak} MiB, archive {} of {} bytes an entry, the server took {} % of the two cores",
            rows * 1000 / millis,
            bytes / rows,
            body_bytes / rows,
            cpu_ms * 100 / (2 * millis),
        );
    }
    text
}

/// A server in a process of its own; ends with its standard input.
struct Server {
    child: Child,
    /// Base URL, id and token; then, of ready pages, their rows and bytes.
    said: Vec<String>,
}

impl Server {
    fn start(arguments: [&str; 2]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("a line");
        Self { child, said: line.split_whitespace().map(str::to_owned).collect() }
    }

    fn number(&self, at: usize) -> u64 {
        number(&self.said[at])
    }

    /// What a fetch printed, and the size of its archive.
    fn fetched(&mut self, rate: u32) -> ([u64; 4], u64) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("archive.sqlite");
        let output = Command::new(std::env::current_exe().expect("this program"))
            .arg("fetch")
            .args(&self.said[..3])
            .args([rate.to_string().as_str(), path.to_str().expect("a path")])
            .output()
            .expect("a fetch");
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let failed = || String::from_utf8_lossy(&output.stderr).into_owned();
        let numbers = numbers.try_into().unwrap_or_else(|_| panic!("a fetch failed: {}", failed()));
        (numbers, std::fs::metadata(&path).map_or(0, |file| file.len()))
    }

    /// The processor time it has taken, as Linux counts it: ticks of 10 ms in the fields behind the name.
    fn cpu_ms(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        std::thread::sleep(Duration::from_millis(50));
        // One that has ended already cannot be killed, which is as well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
