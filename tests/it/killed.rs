//! The program killed at any moment of a close, again and again: the same command goes on, asks for nothing that was on
//! disk, and ends in the bytes of a run that nobody disturbed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::{Connection, OpenFlags};

use crate::desk::{Desk, Partner, Patience};

/// A small partner, whose books hold a break so that no other exit looks like the right one.
pub(crate) const SCENARIO: &str = "name = 'small'\nprose = 'A few customers.'\nseed = 11\n[world]\nperiod = '2026-03'\n\
    customers = 4\nentries = 900\nunsettled = 0\n[[flaws]]\nclass = 'amount-differs'\n[expected]\nverdict = 'breaks'\n";

/// The close of the small partner's month, and how it ends.
pub(crate) const CLOSE: [&str; 3] = ["close", "--period", "2026-03"];
pub(crate) const BREAKS: i32 = 3;

/// The run folder.
pub(crate) const RUN: &str = "reports/2026-03";

/// Whether this is the long run of a quiet hour.
#[expect(clippy::disallowed_methods, reason = "the environment decides how long the same code is run")]
fn soaking() -> bool {
    std::env::var_os("TIEOUT_SOAK").is_some_and(|it| !it.is_empty())
}

/// A desk at which a fetch takes long enough to be hit.
pub(crate) fn slow_desk(partner: &Partner) -> Desk {
    let desk = Desk::at(partner);
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 200\nattempts_max = 1\n");
    desk
}

/// The papers of a close that nobody disturbed.
pub(crate) fn undisturbed(partner: &Partner) -> Vec<(String, Vec<u8>)> {
    let desk = slow_desk(partner);
    desk.ends(BREAKS, &CLOSE);
    desk.files_in(RUN)
}

/// When a kill strikes.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the start.
    Start(Duration),
    /// So long after the program said that it begins with this.
    Stage(&'static str, Duration),
}

impl Moment {
    /// A moment for the so manieth kill of a close: the first two, when there is most to fetch, soon after the start.
    fn draw(kill: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut within = |ms: u64| Duration::from_micros(rng.random_range(0..ms * 1000));
        let (start, settle, seal) = (within(90), within(25), within(8));
        match rng.random_range(0..4) {
            _ if kill < 2 => Self::Start(start),
            0 => Self::Start(start),
            1 => Self::Stage("normalise", settle),
            _ => Self::Stage("seal", seal),
        }
    }
}

/// Begins a close and kills it; gives the phase in which it was hit, or nothing when it had ended by itself.
fn kill(desk: &Desk, moment: Moment) -> Option<&'static str> {
    let mut command = desk.started(env!("CARGO_BIN_EXE_tieout"));
    let mut child = command.args(CLOSE).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    match moment {
        Moment::Start(wait) => sleep(wait),
        Moment::Stage(stage, wait) => {
            said.extend(lines.by_ref().map_while(Result::ok).find(|line| line == stage));
            sleep(wait);
        }
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    said.extend(lines.map_while(Result::ok));
    assert!(status.signal() == Some(9) || status.code() == Some(BREAKS), "{status} after {moment:?}: {said:#?}");
    let said = |stage: &str| said.iter().any(|line| line == stage);
    status.signal().map(|_| match (said("normalise"), said("seal")) {
        (_, true) => "while sealing",
        (true, false) => "in settle",
        (false, false) => "in fetch",
    })
}

/// The requests whose answers are on disk, as the partner sees them, with the number of lists that they were asked for:
/// the wallets are read twice, before the ledgers and after.
pub(crate) fn durable(desk: &Desk) -> BTreeMap<String, u32> {
    let reports = fs::read_dir(desk.path("reports")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let Some(archive) = reports.into_iter().find(|path| path.to_str().unwrap().ends_with(".archive.sqlite")) else {
        return BTreeMap::new();
    };
    let db = Connection::open_with_flags(archive, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    // Killed while it was created, it holds no table.
    let counted = "SELECT request, count(DISTINCT list) FROM exchanges GROUP BY request";
    let Ok(mut query) = db.prepare(counted) else { return BTreeMap::new() };
    let rows = query.query_map([], |row| Ok((format!("/{}", row.get::<_, String>(0)?), row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Refuses requests whose answers were on disk already.
pub(crate) fn asked_anew_only(patience: &Patience, durable: &BTreeMap<String, u32>) -> usize {
    let asked = patience.answered();
    let lists = |request: &String| if request == "/me" || request.starts_with("/accounts?") { 2 } else { 1_u32 };
    let again = |request: &String| u32::try_from(asked.iter().filter(|asked| *asked == request).count()).unwrap();
    let held = asked.iter().filter_map(|request| Some((request, durable.get(request)?)));
    let twice: Vec<&String> =
        held.filter(|(request, held)| *held + again(request) > lists(request)).map(|(request, _)| request).collect();
    assert!(twice.is_empty(), "on disk, and asked for again: {twice:?}");
    asked.len()
}

/// The register knows one run, recorded in the act of its seal; gives how many documents it knows of it.
pub(crate) fn sealed_once(desk: &Desk) -> usize {
    let roll = desk.ends(0, &["runs", "--json"]).json();
    let runs = roll["runs"].as_array().unwrap();
    let [run] = runs.as_slice() else { panic!("{roll}") };
    assert_eq!((run["run"].as_str(), run["state"].as_str()), (Some("2026-03"), Some("sealed")), "{roll}");
    assert_eq!(run["in_the_act"], true);
    run["documents"].as_array().unwrap().len()
}

/// One close, killed so many times before it may end; counts the phases in which it was hit.
fn killed_close(partner: &Partner, patience: &Patience, rng: &mut ChaCha8Rng, hit: &mut BTreeMap<&str, usize>) -> Desk {
    let desk = slow_desk(partner);
    let mut on_disk = BTreeMap::new();
    for number in 0..6 {
        let phase = kill(&desk, Moment::draw(number, rng));
        asked_anew_only(patience, &on_disk);
        *hit.entry(phase.unwrap_or("too late")).or_default() += 1;
        if desk.path("reports/2026-03/SEAL").exists() {
            return desk;
        }
        assert!(phase.is_some(), "ended without a seal");
        on_disk = durable(&desk);
    }
    desk.ends(BREAKS, &CLOSE);
    asked_anew_only(patience, &on_disk);
    let left: Vec<String> = desk.files().into_iter().map(|(name, _)| name).filter(|it| it.contains("/.")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    desk
}

#[test]
#[expect(clippy::print_stdout, reason = "the seed and what the kills hit are what a failure is read by")]
fn a_close_killed_anywhere_goes_on_and_ends_in_the_same_bytes() {
    let (seed, closes) = if soaking() { (2027, 120) } else { (2026, 14) };
    println!("seed {seed}, {closes} closes, up to 6 kills each");
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let calm = undisturbed(&partner);
    assert!(calm.len() > 10 && calm.iter().any(|(name, _)| name == "SEAL"));
    assert!(patience.answered().len() > 12);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut hit = BTreeMap::new();
    for close in 1..=closes {
        let desk = killed_close(&partner, &patience, &mut rng, &mut hit);
        let found = desk.files_in(RUN);
        let other: Vec<&String> = found.iter().filter(|file| !calm.contains(file)).map(|(name, _)| name).collect();
        assert!(other.is_empty() && found.len() == calm.len(), "close {close} ends in other papers: {other:?}");
        desk.ends(0, &["verify", RUN]);
        assert_eq!(sealed_once(&desk), desk.table("reports/2026-03/invoices.csv").len(), "close {close}");
        patience.answered();
    }
    println!("killed {hit:?}");
    for phase in ["in fetch", "in settle", "while sealing"] {
        assert!(hit.get(phase).is_some_and(|kills| *kills > 1), "{hit:?}");
    }
    let kills = hit.iter().filter(|(phase, _)| **phase != "too late").map(|(_, kills)| kills).sum::<usize>();
    assert!(kills > closes * 2, "{hit:?}");
}

/// Between the last two steps of a seal the run folder has no name of its own; no clock hits that reliably.
#[test]
fn a_kill_between_setting_aside_and_putting_in_place_is_mended() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let calm = undisturbed(&partner);
    for again in [&CLOSE[..], &["settle", RUN]] {
        let desk = slow_desk(&partner);
        desk.ends(0, &["fetch", "--period", "2026-03"]);
        patience.answered();
        let aside = desk.path("reports/.2026-03.replaced");
        fs::rename(desk.path(RUN), &aside).unwrap();
        desk.ends(BREAKS, again);
        assert_eq!(patience.answered(), Vec::<String>::new());
        assert!(desk.files_in(RUN) == calm && !aside.exists(), "{again:?}");
        // After both steps, the older folder is of no use any more.
        fs::create_dir(&aside).unwrap();
        desk.ends(BREAKS, &CLOSE);
        assert!(!aside.exists() && desk.files_in(RUN) == calm && desk.path("reports/2026-03.r2/SEAL").exists());
        patience.answered();
    }
}

/// The writer changes the file once more when it puts it to rest; a kill there leaves a journal to be rolled back.
#[test]
fn an_archive_killed_in_the_middle_of_a_change_is_read_all_the_same() {
    let partner = Partner::of(SCENARIO);
    let desk = slow_desk(&partner);
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    let name = format!("reports/{}.archive.sqlite", partner.world.partner().auth_id);
    let before = desk.read(&name);
    let db = Connection::open(desk.path(&name)).unwrap();
    // More than the cache holds, so that the file is changed before the end of the transaction.
    db.execute_batch("PRAGMA cache_size = 2; BEGIN IMMEDIATE; INSERT INTO bodies VALUES ('x', 1, randomblob(3000000))")
        .unwrap();
    desk.write("half.sqlite", desk.read(&name));
    desk.write("half.sqlite-journal", desk.read(&format!("{name}-journal")));
    db.execute_batch("ROLLBACK").unwrap();
    assert!(desk.read("half.sqlite") != before);
    desk.ends(BREAKS, &["settle", RUN, "--archive", "half.sqlite"]);
    desk.ends(0, &["verify", RUN]);
    assert!(desk.read("half.sqlite") == before && !desk.path("half.sqlite-journal").exists());
}

#[test]
fn only_the_evidence_of_a_run_that_was_cut_off_is_gone_on_with() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = slow_desk(&partner);
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    let whole = patience.answered().len();
    // Cut off between the end of the fetch and the inputs of its run: nothing is asked for.
    fs::remove_file(desk.path("reports/2026-03/run.json")).unwrap();
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    assert_eq!(patience.answered().len(), 0);
    // Who fetches again wants to see the books anew: the totals of what has not moved, or everything.
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    let again = patience.answered().len();
    assert!(again > 3 && again < whole, "{again} of {whole}");
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\nfull_walk = true\n");
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    assert_eq!(patience.answered().len(), whole);
    // A close goes on with what was fetched today, a further one does not.
    let told = desk.ends(BREAKS, &CLOSE);
    assert_eq!(patience.answered().len(), 0);
    assert!(
        told.stderr.starts_with("fetching 2026-03, going on after ") && told.stderr.contains("fetch: 0 requests, ")
    );
    desk.ends(BREAKS, &CLOSE);
    assert_eq!(patience.answered().len(), whole);
    // Another window is another fetch.
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    patience.answered();
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\npad_days = 3\n");
    desk.ends(BREAKS, &CLOSE);
    assert_eq!(patience.answered().len(), whole);
}

#[test]
fn a_close_asks_after_a_sync_though_its_folder_is_there_already() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = slow_desk(&partner);
    fs::create_dir_all(desk.path(RUN)).unwrap();
    desk.ends(0, &["sync", "--period", "2026-03"]);
    let whole = patience.answered().len();
    desk.ends(BREAKS, &CLOSE);
    let asked = patience.answered().len();
    assert!(asked > 3 && asked < whole, "{asked} of {whole}");
    desk.ends(0, &["verify", RUN]);
}
