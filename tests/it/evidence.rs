//! Archived evidence that is damaged: a fresh copy of the same bytes takes its place, whoever brings it; what cannot be brought
//! back is named, with the sealed runs that rest on it, and stops nothing else.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::desk::{Desk, Partner};

const MARCH: [&str; 3] = ["close", "--period", "2026-03"];
const RUN: &str = "reports/2026-03";

/// A partner with ledgers of several pages, so that there is something to be taken over from an earlier fetch.
const SCENARIO: &str = "name = 'small'\nprose = 'A few customers.'\nseed = 11\n[world]\nperiod = '2026-03'\n\
    customers = 3\nentries = 900\nunsettled = 0\nper_page_max = 100\n[expected]\nverdict = 'tied-out'\n";

fn closed() -> (Partner, Desk) {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(0, &MARCH);
    (partner, desk)
}

pub(crate) fn archive_of(partner: &Partner) -> String {
    format!("reports/{}.archive.sqlite", partner.world.partner().auth_id)
}

/// How a body comes to harm.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    Torn,
    Length,
    Cut,
    Gone,
}

const HARMS: [Harm; 4] = [Harm::Torn, Harm::Length, Harm::Cut, Harm::Gone];

/// Does harm to some bodies behind the archive's back, and leaves its rules as they were.
pub(crate) fn harm(archive: &Path, way: Harm, some: impl Fn(usize) -> bool) -> Vec<String> {
    harm_among(archive, "SELECT digest FROM bodies", way, some)
}

/// The same for some of those that a question names.
fn harm_among(archive: &Path, among: &str, harm: Harm, some: impl Fn(usize) -> bool) -> Vec<String> {
    let db = Connection::open(archive).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; BEGIN").unwrap();
    let texts = |sql: &str| -> Vec<String> {
        db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let guards = texts("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'bodies'");
    db.execute_batch("DROP TRIGGER bodies_no_UPDATE; DROP TRIGGER bodies_no_DELETE").unwrap();
    let all = texts(&format!("{among} ORDER BY digest"));
    let harmed: Vec<String> = all.into_iter().enumerate().filter(|(at, _)| some(*at)).map(|(_, it)| it).collect();
    for digest in &harmed {
        let mut zstd: Vec<u8> =
            db.query_row("SELECT zstd FROM bodies WHERE digest = ?1", [digest], |row| row.get(0)).unwrap();
        let middle = zstd.len() / 2;
        match harm {
            Harm::Torn => zstd[middle..].fill(0xa5),
            Harm::Cut => zstd.truncate(middle),
            Harm::Length | Harm::Gone => {}
        }
        let sql = match harm {
            Harm::Gone => "DELETE FROM bodies WHERE digest = ?1 AND ?2 IS NOT NULL",
            Harm::Length => "UPDATE bodies SET bytes = bytes + 1 WHERE digest = ?1 AND ?2 IS NOT NULL",
            Harm::Torn | Harm::Cut => "UPDATE bodies SET zstd = ?2 WHERE digest = ?1",
        };
        assert_eq!(db.execute(sql, params![digest, zstd]).unwrap(), 1);
    }
    for guard in guards {
        db.execute_batch(&guard).unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    harmed
}

/// What `archive check` and `repair` say of the one archive there is.
fn looked(desk: &Desk, code: i32, arguments: &[&str]) -> Value {
    let mut told = desk.ends(code, &[&["archive"], arguments, &["--json"]].concat()).json();
    assert_eq!(told["sound"], told["archives"][0]["sound"]);
    told["archives"][0].take()
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

/// The bodies that a sync and a recheck read, too: all but those of the wallets, which a close alone reads.
const BESIDE_WALLETS: &str =
    "SELECT digest FROM bodies WHERE digest NOT IN (SELECT digest FROM exchanges WHERE list LIKE '%?after')";

#[test]
fn every_way_of_reading_a_month_again_heals_what_was_damaged() {
    let commands: [&[&str]; 4] =
        [&MARCH, &["fetch", "--period", "2026-03"], &["sync", "--period", "2026-03"], &["recheck", "2026-03"]];
    let (partner, desk) = closed();
    let archive = desk.path(&archive_of(&partner));
    let whole = desk.read(&archive_of(&partner));
    let register = crate::runs::register(&desk);
    let known = desk.read(&register);
    for command in commands {
        for way in HARMS {
            std::fs::write(&archive, &whole).unwrap();
            let reads_all = matches!(command[0], "close" | "fetch");
            let among = if reads_all { "SELECT digest FROM bodies" } else { BESIDE_WALLETS };
            let harmed = harm_among(&archive, among, way, |_| true);
            assert!(harmed.len() > 8, "{harmed:?}");
            let told = desk.ends(6, &["verify", RUN]);
            assert!(told.stdout.contains("archived body is damaged") || matches!(way, Harm::Length | Harm::Gone));
            let told = desk.tieout(command);
            assert!(matches!(told.code, 0 | 3), "{command:?} after {way:?}: {}{}", told.stdout, told.stderr);
            desk.ends(0, &["verify", RUN]);
            let now = looked(&desk, 0, &["check"]);
            let renewed = if matches!(way, Harm::Gone) { 0 } else { harmed.len() };
            assert_eq!(now["renewed"], renewed, "{command:?} after {way:?}: {now}");
            for made in ["2026-03.r2", "2026-03.recheck"] {
                let _ = std::fs::remove_dir_all(desk.path(&format!("reports/{made}")));
            }
            desk.write(&register, &known);
        }
    }
}

#[test]
fn an_unfinished_fetch_with_a_damaged_page_is_begun_anew() {
    let calm = {
        let (_partner, desk) = closed();
        desk.files_in(RUN)
    };
    let (partner, patience) = Partner::failing_after(SCENARIO, 6);
    let desk = Desk::at(&partner);
    desk.ends(5, &MARCH);
    let archive = desk.path(&archive_of(&partner));
    assert!(!harm(&archive, Harm::Torn, |at| at == 0).is_empty());
    patience.restore();
    desk.ends(0, &MARCH);
    assert!(desk.files_in(RUN) == calm, "other papers than in a calm close");
    assert_eq!(looked(&desk, 0, &["check"])["sound"], true);
}

#[test]
fn what_was_fetched_and_is_damaged_before_it_is_settled_is_told_and_a_close_reads_it_anew() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    harm(&desk.path(&archive_of(&partner)), Harm::Cut, |_| true);
    for offline in [&["settle", RUN][..], &["draft", RUN]] {
        let told = desk.ends(6, offline);
        assert!(
            told.stderr.contains("archived body is damaged") && told.stderr.contains("\nhint: "),
            "{}",
            told.stderr
        );
        assert!(!desk.path("reports/2026-03/SEAL").exists());
    }
    desk.ends(0, &MARCH);
    desk.ends(0, &["verify", RUN]);
}

#[test]
fn evidence_that_nobody_can_bring_back_is_named_and_stops_nothing_else() {
    let (partner, desk) = closed();
    let archive = desk.path(&archive_of(&partner));
    let harmed = harm(&archive, Harm::Torn, |_| true);
    let told = desk.ends(6, &["verify", RUN]).stdout;
    assert!(told.matches("archive: ").count() >= harmed.len(), "{told}");
    for sealed in [&["explain", RUN, "INR/debit"][..], &["pack", RUN]] {
        assert!(desk.ends(6, sealed).stderr.contains("archived body is damaged"));
        assert!(!desk.path("reports/2026-03.pack").exists() && !desk.path("reports/2026-03.pack.new").exists());
    }
    // Another month of the same archive is read and sealed as if nothing had happened.
    desk.ends(0, &["close", "--period", "2026-04"]);
    desk.ends(0, &["verify", "reports/2026-04"]);
    let found = looked(&desk, 6, &["check"]);
    let runs = found["damaged"].as_array().unwrap().iter().filter(|it| it["runs"] == serde_json::json!(["2026-03"]));
    assert!(runs.count() > 3, "{found}");
}

#[test]
fn repair_takes_from_a_pack_or_a_copy_what_they_hold_sound() {
    let (partner, desk) = closed();
    desk.ends(0, &["pack", RUN]);
    let name = archive_of(&partner);
    desk.write("copy.sqlite", desk.read(&name));
    assert_eq!(looked(&desk, 0, &["check"])["renewed"], 0);
    let harmed = harm(&desk.path(&name), Harm::Torn, |at| at % 2 == 0);
    harm(&desk.path("copy.sqlite"), Harm::Torn, |at| at % 3 == 0);
    let before = desk.read(&name);
    assert_eq!(count(&looked(&desk, 6, &["check"])["damaged"]), harmed.len());
    assert!(desk.read(&name) == before, "a check changes nothing");
    assert_eq!(count(&looked(&desk, 6, &["repair"])["restored"]), 0);

    let some = looked(&desk, 6, &["repair", "--from", "copy.sqlite"]);
    let put_back = count(&some["restored"]);
    assert!(put_back > 2 && put_back + count(&some["damaged"]) == harmed.len(), "{some}");
    let told = desk.ends(0, &["archive", "repair", &name, "--from", "copy.sqlite", "--from", "reports/2026-03.pack"]);
    assert!(told.stdout.starts_with(&format!("{name}: sound, ")), "{}", told.stdout);
    assert!(told.stdout.contains("put back from reports/2026-03.pack: "), "{}", told.stdout);
    desk.ends(0, &["verify", RUN]);
    let pack = desk.read("reports/2026-03.pack");
    std::fs::remove_file(desk.path("reports/2026-03.pack")).unwrap();
    desk.ends(0, &["pack", RUN]);
    desk.ends(0, &["verify", "reports/2026-03.pack"]);
    assert!(desk.read("reports/2026-03.pack") == pack, "a pack of renewed bodies is the pack of the first ones");
}

#[test]
fn what_repair_and_check_cannot_use_is_refused() {
    let (partner, desk) = closed();
    let name = archive_of(&partner);
    let refused = |code: i32, arguments: &[&str], part: &str| {
        let told = desk.ends(code, &[&["archive"], arguments].concat());
        assert!(told.stderr.contains(part), "{}", told.stderr);
    };
    refused(2, &["check", "none.sqlite"], "no such file");
    refused(2, &["repair", &name, "--from", "none.sqlite"], "no such file");
    desk.write("text", "id,amount\n".repeat(99));
    refused(2, &["repair", &name, "--from", "text"], "not an archive of tieout");
    let other = "partner = 'x'\n";
    desk.write("empty.toml", other.replace("partner = 'x'", "reports = 'nowhere'"));
    refused(2, &["check", "--config", "empty.toml"], "nowhere: no archive here");
    let held = tieout::archive::Archive::open(&desk.path(&name), &partner.world.partner().auth_id).unwrap();
    refused(5, &["repair", &name], "another run is writing to it");
    drop(held);
    let stranger = desk.path("stranger.sqlite");
    drop(tieout::archive::Archive::open(&stranger, "PA_STRANGER").unwrap());
    refused(2, &["repair", &name, "--from", "stranger.sqlite"], "belongs to partner PA_STRANGER");
}

/// The archive of the specimen was written before bodies could be renewed.
#[test]
fn an_archive_of_an_earlier_version_is_healed_too() {
    let desk = Desk::alone();
    let name = "old.sqlite";
    desk.write(name, std::fs::read(crate::support::fixture("audit/archive.sqlite")).unwrap());
    desk.write("copy.sqlite", desk.read(name));
    assert_eq!(looked(&desk, 0, &["check", name])["sound"], true);
    assert!(desk.read(name) == desk.read("copy.sqlite"), "a check changes nothing");
    let harmed = harm(&desk.path(name), Harm::Length, |at| at < 3);
    let specimen: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/specimen/2026-03");
    let verify = ["verify", specimen.to_str().unwrap(), "--archive", name];
    desk.ends(6, &verify);
    let told = looked(&desk, 0, &["repair", name, "--from", "copy.sqlite"]);
    assert_eq!((count(&told["restored"]), &told["renewed"]), (3, &Value::from(harmed.len())));
    desk.ends(0, &verify);
}

/// A page of the file itself that is torn: whatever went with it, a repair with a pack brings the sealed run's evidence back, and
/// keeps the torn file.
#[test]
fn a_torn_file_is_told_and_made_anew() {
    let (partner, desk) = closed();
    desk.ends(0, &["pack", RUN]);
    let name = archive_of(&partner);
    let whole = desk.read(&name);
    let known = desk.read(&crate::runs::register(&desk));
    let pages = whole.len() / 4096;
    let (mut tried, mut healed) = (0, 0);
    for page in (1..pages).step_by((pages / 16).max(1)) {
        let mut torn = whole.clone();
        torn[page * 4096..(page + 1) * 4096].fill(0xa5);
        for command in [&MARCH[..], &["verify", RUN], &["explain", RUN, "INR/debit"], &["sync", "--period", "2026-03"]]
        {
            desk.write(&name, &torn);
            let told = desk.tieout(command);
            assert!(matches!(told.code, 0 | 2 | 6), "page {page}, {command:?}: {}{}", told.stdout, told.stderr);
            clear(&desk, &name, &known);
        }
        desk.write(&name, &torn);
        let told = desk.tieout(&["archive", "check", "--json"]);
        assert_eq!(told.code, 6, "page {page}: {}{}", told.stdout, told.stderr);
        let told = desk.tieout(&["archive", "repair", "--from", "reports/2026-03.pack"]);
        tried += 1;
        if told.code == 0 {
            healed += 1;
            let kept = told.stdout.contains("the file was torn: ");
            assert_eq!(kept, desk.path(&format!("{name}.torn1")).exists(), "{}", told.stdout);
            assert!(!kept || desk.read(&format!("{name}.torn1")) == torn, "page {page}");
            desk.ends(0, &["verify", RUN]);
            desk.ends(0, &MARCH);
        } else {
            // Without its first rows, which say what the file is, nothing can be made of it.
            assert!(
                told.code == 6 && told.stderr.contains("archive: failed to read"),
                "{}{}",
                told.stdout,
                told.stderr
            );
        }
        clear(&desk, &name, &known);
    }
    assert!(healed * 3 > tried * 2, "{healed} of {tried}");
}

/// Takes away what a command has made beside the archive, and what the register has come to know of it.
fn clear(desk: &Desk, archive: &str, known: &[u8]) {
    let _ = std::fs::remove_dir_all(desk.path("reports/2026-03.r2"));
    desk.write(&crate::runs::register(desk), known);
    for side in ["-wal", "-shm", ".torn1", ".salvaged"] {
        let _ = std::fs::remove_file(desk.path(&format!("{archive}{side}")));
    }
}

#[test]
fn evidence_that_is_gone_is_adopted_from_a_pack() {
    let (partner, desk) = closed();
    desk.ends(0, &["pack", RUN]);
    let name = archive_of(&partner);
    std::fs::remove_file(desk.path(&name)).unwrap();
    desk.ends(0, &["fetch", "--period", "2026-04"]);
    let told = looked(&desk, 6, &["check"]);
    assert_eq!(told["lost"], serde_json::json!(["2026-03"]), "{told}");
    desk.ends(6, &["verify", RUN]);
    let told = looked(&desk, 0, &["repair", "--from", "reports/2026-03.pack"]);
    assert_eq!(told["adopted"], serde_json::json!([{ "run": "2026-03", "from": "reports/2026-03.pack" }]));
    desk.ends(0, &["verify", RUN]);
    assert_eq!(count(&looked(&desk, 0, &["repair", "--from", "reports/2026-03.pack"])["adopted"]), 0, "once");
    desk.ends(0, &["settle", "reports/2026-04"]);
}
