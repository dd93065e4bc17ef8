//! The benchmark: `settle` of a month at 100,000 and at 1,000,000 archived entries, half of them on each side; and the
//! search for proposals and the printing of a workbook by themselves (`-- proposals` and `-- workbook` run one alone).
//!
//! Prints medians with cores and memory and writes them to `reports/benchmarks.txt` when asked to (`-- --write`). Each
//! measured run is a process of its own, so that its peak memory is its own. Never a test: it asserts nothing about time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run panics")]

#[path = "../it/support.rs"]
#[allow(dead_code, reason = "the tests use more of it than the benchmark")]
mod support;

mod paper;
mod proposals;
mod workbook;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use tieout::archive::Archive;
use tieout::simulator::{Scenario, World};
use tieout::watch::{Event, Watch};

/// Measured runs of each size; the median is reported.
const RUNS: usize = 7;

/// Entries on both sides together, and customers.
const SIZES: [(usize, usize); 2] = [(100_000, 500), (1_000_000, 5_000)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["settle", archive, entries, customers] => {
            measure(Path::new(archive), &scenario(number(entries), number(customers)));
        }
        ["proposals", rest @ ..] => propose(rest.contains(&"--write")),
        ["workbook-once"] => workbook::measure(),
        ["workbook", rest @ ..] => print_workbook(rest.contains(&"--write")),
        rest => {
            report(rest.contains(&"--write"));
            propose(rest.contains(&"--write"));
            print_workbook(rest.contains(&"--write"));
        }
    }
}

fn propose(write: bool) {
    paper::show("proposals", &(paper::machine(RUNS) + &proposals::lines()), write);
}

fn print_workbook(write: bool) {
    paper::show("workbook", &(paper::machine(workbook::runs()) + &workbook::lines()), write);
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// A month with one flaw in a thousand entries, of many classes.
fn scenario(entries: usize, customers: usize) -> Scenario {
    let each = entries / 2 / 1_000 / 10;
    let classes = [
        "missing-from-customer",
        "missing-from-master",
        "duplicate-entry",
        "amount-differs",
        "direction-differs",
        "status-differs",
        "account-differs",
        "timing",
        "adjustment",
        "unclassified",
    ];
    let flaws = classes.map(|class| format!("[[flaws]]\nclass = \"{class}\"\ncount = {each}\n")).concat();
    let text = format!(
        "name = \"bench\"\nprose = \"\"\nseed = 7\n[world]\ncustomers = {customers}\nentries = {}\n{flaws}[expected]\nverdict = \"breaks\"\n",
        entries * 53 / 100
    );
    Scenario::read(&text).expect("a scenario")
}

/// One measured run: settles the archive and prints milliseconds, peak memory in KiB, entries, breaks, bytes of all papers,
/// milliseconds of reconcile and bytes of the page.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn measure(path: &Path, scenario: &Scenario) {
    let archive = Archive::open_existing(path).expect("the archive");
    let (began, stages) = (Instant::now(), Stages::default());
    let settled = support::settle_watched(scenario, &archive, &stages);
    let took = began.elapsed();
    let counts = settled.reconciliation.counts;
    let bytes: usize = settled.papers.iter().map(|paper| paper.bytes.len()).sum();
    let page = settled.papers.iter().find(|paper| paper.name == "close.html").map_or(0, |paper| paper.bytes.len());
    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "the parent process reads it; stages are for a look by hand"
    )]
    {
        eprintln!("{}", stages.told(began));
        println!(
            "{} {} {} {} {bytes} {} {page}",
            took.as_millis(),
            paper::peak_kib(),
            counts.master_entries + counts.customer_entries,
            settled.reconciliation.breaks.len(),
            stages.millis("reconcile")
        );
    }
}

/// When each stage began.
#[derive(Default)]
struct Stages(Mutex<Vec<(&'static str, Instant)>>);

impl Watch for Stages {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn saw(&self, event: Event) {
        if let Event::StageBegan { stage } = event {
            self.0.lock().expect("nobody panicked").push((stage, Instant::now()));
        }
    }
}

impl Stages {
    /// Every stage with the milliseconds at which it began, counted from a moment.
    fn told(&self, from: Instant) -> String {
        let began = self.0.lock().expect("nobody panicked");
        let each = began.iter().map(|(stage, at)| format!("{stage} from {} ms", at.duration_since(from).as_millis()));
        each.collect::<Vec<_>>().join(", ")
    }

    /// From the beginning of a stage to that of the next.
    fn millis(&self, stage: &str) -> u128 {
        let began = self.0.lock().expect("nobody panicked");
        let ends = began.windows(2).find(|pair| pair[0].0 == stage);
        ends.map_or(0, |pair| pair[1].1.duration_since(pair[0].1).as_millis())
    }
}

fn report(write: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = paper::machine(RUNS);
    let mut medians = Vec::new();
    let paths = SIZES.map(|(entries, customers)| prepared(folder.path(), entries, customers));
    let mut measured = [const { Vec::new() }; SIZES.len()];
    for _ in 0..RUNS {
        // The sizes take turns, so that a machine that slows down does so for both.
        for (((entries, customers), path), runs) in SIZES.into_iter().zip(&paths).zip(&mut measured) {
            runs.push(run(path, entries, customers));
        }
    }
    for (((_, customers), path), mut runs) in SIZES.into_iter().zip(&paths).zip(measured) {
        runs.sort_unstable();
        let [millis, _, rows, breaks, bytes, _, page] = runs[RUNS / 2];
        let mut reconciled: Vec<u64> = runs.iter().map(|run| run[5]).collect();
        reconciled.sort_unstable();
        let peak = runs.iter().map(|run| run[1]).max().unwrap_or(0) / 1024;
        let (least, most) = (runs[0][0], runs[RUNS - 1][0]);
        let archive = std::fs::metadata(path).map_or(0, |file| file.len());
        let _ = writeln!(
            text,
            "settle {rows} entries of {customers} customers, {breaks} breaks: median {millis} ms \
             ({least} to {most}), of which reconcile {} ms ({} to {}), peak {peak} MiB, archive {} bytes an entry, \
             papers {} KiB, of which the page {} KiB",
            reconciled[RUNS / 2],
            reconciled[0],
            reconciled[RUNS - 1],
            archive / rows.max(1),
            bytes / 1024,
            page / 1024,
        );
        medians.push(millis);
    }
    if let [small, large] = medians[..] {
        let percent = large * 100 / (small * 10).max(1);
        let _ = writeln!(text, "growth from 100,000 to 1,000,000: {percent} % of linear");
    }
    paper::show("settle", &text, write);
}

/// An archive of this size, made once.
fn prepared(folder: &Path, entries: usize, customers: usize) -> PathBuf {
    let path = folder.join(format!("{entries}.sqlite"));
    let scenario = scenario(entries, customers);
    let world = World::build(&scenario).expect("a world");
    drop(support::archive(&scenario, &world, &path));
    path
}

fn run(path: &Path, entries: usize, customers: usize) -> [u64; 7] {
    let program = std::env::current_exe().expect("this program");
    let arguments =
        ["settle", path.to_str().expect("a path"), &entries.to_string(), &customers.to_string()].map(str::to_owned);
    let output = Command::new(program).args(arguments).output().expect("a run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap_or_else(|_| panic!("a run failed: {}", String::from_utf8_lossy(&output.stderr)))
}
