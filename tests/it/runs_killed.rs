//! A kill at each point of the act of sealing: no number is lost, none is given twice, and the same command ends in the same
//! papers. The act is: record, set the prepared folder aside, put the sealed one in its place, mark.

use std::fs;

use rusqlite::Connection;

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO, sealed_once, undisturbed};
use crate::runs::{numbers, register, states};

/// Takes the marks that say so out of the register, whose own triggers must be put aside for it.
fn unmark(desk: &Desk, word: &str) {
    let db = Connection::open(desk.path(&register(desk))).unwrap();
    let sql = "SELECT sql FROM sqlite_schema WHERE name = 'marks_stay'";
    let guard: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    db.execute_batch(&format!("DROP TRIGGER marks_stay; DELETE FROM marks WHERE word = '{word}'; {guard};")).unwrap();
    assert_eq!(db.changes(), 1);
}

/// A desk whose run was recorded and never got its name: what was written for it waits beside the prepared folder.
pub(crate) fn recorded(partner: &Partner) -> Desk {
    let desk = Desk::at(partner);
    desk.ends(BREAKS, &CLOSE);
    unmark(&desk, "sealed");
    fs::rename(desk.path(RUN), desk.path("reports/.2026-03.unsealed")).unwrap();
    fs::create_dir(desk.path(RUN)).unwrap();
    fs::copy(desk.path("reports/.2026-03.unsealed/run.json"), desk.path("reports/2026-03/run.json")).unwrap();
    desk
}

#[test]
fn what_was_recorded_and_never_sealed_is_sealed_by_the_same_command_with_the_same_numbers() {
    let partner = Partner::of(SCENARIO);
    let calm = undisturbed(&partner);
    for again in [&CLOSE[..], &["settle", RUN]] {
        for is_half_written in [true, false] {
            let desk = recorded(&partner);
            if !is_half_written {
                fs::remove_dir_all(desk.path("reports/.2026-03.unsealed")).unwrap();
            }
            assert_eq!(states(&desk), [("2026-03".to_owned(), "unfinished".to_owned())]);
            desk.ends(BREAKS, again);
            assert!(desk.files_in(RUN) == calm, "{again:?}");
            assert_eq!(sealed_once(&desk), numbers(&desk, "2026-03").len());
        }
    }
}

#[test]
fn a_kill_between_setting_aside_and_the_name_leaves_the_numbers_free() {
    let partner = Partner::of(SCENARIO);
    let calm = undisturbed(&partner);
    let desk = recorded(&partner);
    fs::rename(desk.path(RUN), desk.path("reports/.2026-03.replaced")).unwrap();
    assert_eq!(states(&desk), [("2026-03".to_owned(), "unfinished".to_owned())]);
    desk.ends(BREAKS, &CLOSE);
    assert!(desk.files_in(RUN) == calm);
    assert_eq!(sealed_once(&desk), numbers(&desk, "2026-03").len());
}

#[test]
fn a_kill_before_the_mark_leaves_a_sealed_run() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(BREAKS, &CLOSE);
    unmark(&desk, "sealed");
    let given = numbers(&desk, "2026-03");
    desk.ends(BREAKS, &CLOSE);
    assert_eq!(numbers(&desk, "2026-03"), given);
    assert!(!given.is_empty() && numbers(&desk, "2026-03.r2").is_empty(), "nobody is billed twice");
    assert_eq!(states(&desk).len(), 2);
    // Moved away before anybody has looked, it is asked for all the same.
    let other = Desk::at(&partner);
    other.ends(BREAKS, &CLOSE);
    unmark(&other, "sealed");
    fs::rename(other.path(RUN), other.path("away")).unwrap();
    let refused = other.ends(2, &CLOSE).stderr;
    assert!(refused.contains("2026-03: sealed before (seal "), "{refused}");
    other.ends(0, &["runs", "forget", "2026-03", "--because", "lost with the disk"]);
    other.ends(BREAKS, &CLOSE);
    assert!(numbers(&other, "2026-03.r2").is_empty(), "what was recorded is taken for billed");
}

#[test]
fn what_was_recorded_and_never_sealed_takes_numbers_anew_where_they_are_taken() {
    let [first, second] = [11, 12].map(|seed| Partner::of(&SCENARIO.replace("seed = 11", &format!("seed = {seed}"))));
    // Another partner's run is sealed beside it meanwhile: it takes the numbers.
    let desk = recorded(&first);
    fs::remove_dir_all(desk.path("reports/.2026-03.unsealed")).unwrap();
    let desk = desk.with(&second);
    desk.ends(BREAKS, &["close", "--period", "2026-03", "--out", "reports/other"]);
    let taken = numbers(&desk, "other");
    desk.ends(BREAKS, &["settle", RUN]);
    let own = numbers(&desk, "2026-03");
    assert_eq!(taken[0], "INV-000001");
    assert!(!own.is_empty() && own.iter().all(|number| !taken.contains(number)), "{own:?} {taken:?}");
    // Other settings give it another seal: what was recorded is given up, and no number is lost.
    let desk = recorded(&first);
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("{quick}[invoice]\ndue_days = 20\n"));
    desk.ends(BREAKS, &CLOSE);
    assert_eq!(numbers(&desk, "2026-03")[0], "INV-000001");
    assert_eq!(sealed_once(&desk), numbers(&desk, "2026-03").len());
}

#[test]
fn a_register_that_cannot_be_written_ends_a_close_before_it_asks_anything() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = Desk::at(&partner);
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    patience.answered();
    let db = Connection::open(desk.path(&register(&desk))).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let refused = desk.ends(5, &CLOSE).stderr;
    assert!(refused.contains("somebody else is writing to it"), "{refused}");
    assert_eq!(patience.answered(), Vec::<String>::new());
    assert!(!desk.path("reports/2026-03/SEAL").exists());
    db.execute_batch("ROLLBACK").unwrap();
    desk.ends(BREAKS, &CLOSE);
}
