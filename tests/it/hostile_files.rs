//! Files from elsewhere that mean harm: a pack, an archive or a register that would fill memory and disk, run for ever, or run
//! somebody else's statements. Each is refused by name, soon, and with little memory.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};
use tieout::database;
use tieout::domain::sha256;

use crate::desk::{Desk, Partner, Told, told};

const SCENARIO: &str = "name = 'small'\nprose = 'A few customers.'\nseed = 11\n[world]\nperiod = '2026-03'\n\
    customers = 3\nentries = 60\nunsettled = 0\n[expected]\nverdict = 'tied-out'\n";
const RUN: &str = "reports/2026-03";

/// What nothing may take, whoever made the file.
const SECONDS_MAX: u32 = 60;
const MEMORY_KIB_MAX: u32 = 4 << 20;

/// A desk with a sealed March, packed, and its archive's name.
fn packed() -> (Partner, Desk, String) {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(0, &["close", "--period", "2026-03"]);
    desk.ends(0, &["pack", RUN]);
    let archive = format!("reports/{}.archive.sqlite", partner.world.partner().auth_id);
    (partner, desk, archive)
}

/// Runs the program with little memory and little time.
fn bounded(desk: &Desk, arguments: &[&str]) -> Told {
    let script = format!("ulimit -v {MEMORY_KIB_MAX}; exec timeout {SECONDS_MAX} \"$0\" \"$@\"");
    let mut command = desk.started("/bin/sh");
    command.env("PATH", "/usr/bin:/bin");
    told(command.args(["-c", &script, env!("CARGO_BIN_EXE_tieout")]).args(arguments).output().unwrap())
}

/// A file altered by somebody who knows its form, with its guards out of the way.
fn altered(path: &Path, alter: impl FnOnce(&Connection)) {
    let db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF").unwrap();
    alter(&db);
}

/// Refuses a pack in every command that opens one.
fn refused(desk: &Desk, pack: &str, part: &str) {
    for arguments in [&["verify", pack][..], &["explain", pack, "INR/debit"]] {
        let told = bounded(desk, arguments);
        assert_eq!(told.code, 6, "{arguments:?}: {}{}", told.stdout, told.stderr);
        let said = format!("{}{}", told.stdout, told.stderr);
        assert!(said.contains(part), "{arguments:?}: no {part:?} in {said}");
    }
}

/// Zeros, packed as tightly as they can be: `mib` of them.
fn zeros(mib: usize) -> Vec<u8> {
    let frame = zstd::bulk::compress(&vec![0; 64 << 20], 19).unwrap();
    frame.repeat(mib / 64)
}

#[test]
fn a_pack_unpacks_to_no_more_than_its_length_allows() {
    let (_partner, desk, _) = packed();
    let sound = desk.read("reports/2026-03.pack");
    let bomb = zeros(8 << 10);
    assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
    let one = |db: &Connection| {
        db.execute("INSERT INTO papers VALUES ('aaaa.csv', ?1)", params![bomb]).unwrap();
    };
    let many = |db: &Connection| {
        for number in 0..64 {
            db.execute("INSERT INTO papers VALUES (?1, ?2)", params![format!("a/{number}.csv"), zeros(64)]).unwrap();
        }
    };
    let alterations: [&dyn Fn(&Connection); 2] = [&one, &many];
    for alter in alterations {
        desk.write("bomb.pack", &sound);
        altered(&desk.path("bomb.pack"), alter);
        refused(&desk, "bomb.pack", "its papers come to more than ");
    }
}

#[test]
fn pages_come_to_no_more_than_the_length_of_their_file_allows() {
    let (_partner, desk, archive) = packed();
    for (file, command) in [("reports/2026-03.pack", "bomb.pack"), (&archive, RUN)] {
        desk.write("bomb.pack", desk.read(file));
        altered(&desk.path("bomb.pack"), |db| {
            let body = vec![b' '; 128 << 20];
            let (digest, zstd) = (sha256(&body), zstd::bulk::compress(&body, 3).unwrap());
            db.execute_batch("DROP TRIGGER exchanges_end; DROP TRIGGER exchanges_no_UPDATE").unwrap();
            db.execute("INSERT INTO bodies VALUES (?1, ?2, ?3)", params![digest, 128_i64 << 20, zstd]).unwrap();
            db.execute("UPDATE exchanges SET digest = ?1", [digest]).unwrap();
        });
        let told = bounded(&desk, &["verify", command, "--archive", "bomb.pack"]);
        assert_eq!(told.code, 6, "{}{}", told.stdout, told.stderr);
        assert!(told.stdout.contains("the pages of a fetch come to more than "), "{}{}", told.stdout, told.stderr);
    }
}

/// What takes the place of something of ours, or stands beside it, with what is told of it.
const STRANGERS: [(&str, &str); 8] = [
    (
        "DROP TABLE exchanges; CREATE VIEW exchanges (fetch, list, walk, page, request, status, asked_at_us, digest) AS
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
         SELECT 1, 'transactions', 1, i, 'transactions', 200, 0, (SELECT digest FROM bodies) FROM n",
        "view `exchanges`",
    ),
    (
        "DROP TABLE papers; CREATE VIEW papers (name, zstd) AS
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'a' || i, x'' FROM n",
        "view `papers`",
    ),
    (
        "DROP TABLE partner; CREATE VIEW partner (auth_id) AS
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
        "view `partner`",
    ),
    ("CREATE TABLE more (a)", "table `more`"),
    ("CREATE VIRTUAL TABLE more USING fts5 (a)", "table `more"),
    (
        "DROP INDEX exchanges_by_digest; CREATE INDEX exchanges_by_digest ON exchanges (hex(digest))",
        "index `exchanges_by_digest`",
    ),
    ("ALTER TABLE papers ADD COLUMN more BLOB AS (zeroblob(1000000000))", "table `papers`"),
    ("CREATE TRIGGER more BEFORE INSERT ON fetches BEGIN DELETE FROM bodies; END", "trigger `more`"),
];

#[test]
fn only_our_own_schema_is_opened_in_packs_and_archives() {
    let (_partner, desk, archive) = packed();
    let (pack, kept) = (desk.read("reports/2026-03.pack"), desk.read(&archive));
    for (sql, told_of) in STRANGERS {
        let part = format!("holds the {told_of}");
        desk.write("strange.pack", &pack);
        altered(&desk.path("strange.pack"), |db| db.execute_batch(sql).unwrap());
        refused(&desk, "strange.pack", &part);
        desk.write(&archive, &kept);
        altered(&desk.path(&archive), |db| db.execute_batch(sql).unwrap());
        let commands: [&[&str]; 6] = [
            &["verify", RUN],
            &["pack", RUN, "--out", "new.pack"],
            &["close", "--period", "2026-04"],
            &["sync", "--period", "2026-03"],
            &["archive", "check"],
            &["archive", "repair", "--from", "reports/2026-03.pack"],
        ];
        for command in commands {
            let told = bounded(&desk, command);
            let said = format!("{}{}", told.stdout, told.stderr);
            assert!(told.code == 6 && said.contains(&part), "{command:?}: {} {said}", told.code);
        }
        desk.write(&archive, &kept);
        let told = bounded(&desk, &["archive", "repair", "--from", "strange.pack"]);
        assert!(told.code == 6 && told.stderr.contains(&part), "{} {}", told.code, told.stderr);
    }
}

#[test]
fn only_our_own_schema_is_opened_in_registers() {
    let (partner, desk, _) = packed();
    let name = format!("reports/{}.register.sqlite", partner.world.partner().auth_id);
    let kept = desk.read(&name);
    let strangers = [
        ("DROP TABLE sightings; CREATE VIEW sightings AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
          SELECT i FROM n", "view `sightings`"),
        ("CREATE TABLE more (a)", "table `more`"),
        ("CREATE TRIGGER more BEFORE INSERT ON decisions BEGIN SELECT RAISE(IGNORE); END", "trigger `more`"),
        ("DROP TRIGGER runs_stay; CREATE TRIGGER runs_stay BEFORE DELETE ON runs BEGIN SELECT 1; END", "trigger `runs_stay`"),
        ("ALTER TABLE runs ADD COLUMN more BLOB AS (zeroblob(1000000000))", "table `runs`"),
    ];
    for (sql, told_of) in strangers {
        desk.write(&name, &kept);
        altered(&desk.path(&name), |db| db.execute_batch(sql).unwrap());
        let told = bounded(&desk, &["breaks"]);
        assert!(
            told.code == 2 && told.stderr.contains(&format!("holds the {told_of}")),
            "{} {}",
            told.code,
            told.stderr
        );
        assert!(told.stderr.contains("\nhint: "), "{}", told.stderr);
    }
}

/// A file whose pages lead back to themselves would be read for ever, or until a stack is full.
#[test]
fn pages_that_lead_in_circles_are_refused() {
    let (_partner, desk, _) = packed();
    let pack = desk.read("reports/2026-03.pack");
    let db = Connection::open(desk.path("reports/2026-03.pack")).unwrap();
    let root = |table: &str| -> usize {
        db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| row.get::<_, u32>(0)).unwrap()
            as usize
    };
    let size = db.query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0)).unwrap() as usize;
    let mut circles = 0;
    for table in ["papers", "bodies", "exchanges", "outcomes"] {
        let (root, mut bytes) = (root(table), pack.clone());
        let page = &mut bytes[(root - 1) * size..root * size];
        if !matches!(page[0], 2 | 5) {
            continue;
        }
        circles += 1;
        page[8..12].copy_from_slice(&u32::try_from(root).unwrap().to_be_bytes());
        desk.write("circle.pack", &bytes);
        refused(&desk, "circle.pack", "");
    }
    assert!(circles > 0, "every table fits on one page");
}

#[test]
fn a_run_that_was_altered_is_not_packed() {
    let (_partner, desk, _) = packed();
    let pack = desk.read("reports/2026-03.pack");
    fs::remove_file(desk.path("reports/2026-03.pack")).unwrap();
    let names: Vec<String> = desk.files_in(RUN).into_iter().map(|(name, _)| name).collect();
    assert!(names.len() > 10, "{names:?}");
    let refused = |what: &str| {
        for arguments in [&["pack", RUN][..], &["pack", RUN, "--out", "other.pack"]] {
            let told = desk.ends(6, arguments);
            assert!(told.stderr.contains(what) && told.stderr.contains("\nhint: "), "{what}: {}", told.stderr);
        }
        let left: Vec<String> =
            desk.files().into_iter().map(|(name, _)| name).filter(|it| it.contains(".pack")).collect();
        assert!(left.is_empty(), "{left:?}");
    };
    for name in &names {
        let (path, kept) = (format!("{RUN}/{name}"), desk.read(&format!("{RUN}/{name}")));
        desk.write(&path, [&kept[..], b"x"].concat());
        refused(name);
        fs::remove_file(desk.path(&path)).unwrap();
        refused(name);
        desk.write(&path, kept);
    }
    desk.write(&format!("{RUN}/more.csv"), "a\n");
    refused("more.csv");
    fs::remove_file(desk.path(&format!("{RUN}/more.csv"))).unwrap();
    // Inputs that were altered are not explained either.
    let inputs = desk.read(&format!("{RUN}/run.json"));
    let other = String::from_utf8(inputs.clone()).unwrap().replace("Asia/Kolkata", "Asia/Colombo");
    desk.write(&format!("{RUN}/run.json"), other);
    assert!(desk.ends(6, &["explain", RUN, "INR/debit"]).stderr.contains("run.json: changed since it was sealed"));
    desk.write(&format!("{RUN}/run.json"), inputs);
    desk.ends(0, &["explain", RUN, "INR/debit"]);
    desk.ends(0, &["pack", RUN]);
    assert!(desk.read("reports/2026-03.pack") == pack, "the same run is packed twice in the same bytes");
}

#[test]
fn what_was_never_sealed_is_not_packed() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    assert!(desk.ends(2, &["pack", RUN]).stderr.contains("no run here"));
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    assert!(desk.ends(2, &["pack", RUN]).stderr.contains("the run is not sealed"));
}

#[test]
fn nothing_that_stands_in_a_file_runs() {
    let desk = Desk::alone();
    altered(&desk.path("file"), |db| {
        db.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t").unwrap();
    });
    let db = database::open(&desk.path("file"), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let refused = |sql: &str| db.execute_batch(sql).unwrap_err().to_string();
    for (sql, part) in [
        ("SELECT * FROM v", "access to view \"v\" prohibited"),
        ("SELECT \"text\" FROM t", "no such column"),
        ("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", "may not be modified"),
    ] {
        assert!(refused(sql).contains(part), "{sql}: {}", refused(sql));
    }
}
