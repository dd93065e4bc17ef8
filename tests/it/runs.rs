//! What sealed runs numbered and billed outlives their folders: a run that is missed is asked for, and one that is declared lost
//! counts for ever.

use std::collections::BTreeSet;
use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::desk::{Desk, Partner};

/// A partner whose customers have something to bill in each month: two fees, in two currencies.
pub(crate) const SCENARIO: &str = "name = 'small'\nprose = 'A few customers.'\nseed = 11\n[world]\nperiod = '2026-03'\n\
    customers = 3\nentries = 60\nunsettled = 0\n[expected]\nverdict = 'tied-out'\n";

/// Closes months at a desk; each ties out.
pub(crate) fn close(desk: &Desk, months: &[&str]) {
    for month in months {
        desk.ends(0, &["close", "--period", month]);
    }
}

/// Takes a run folder away, out of the reports.
pub(crate) fn take_away(desk: &Desk, run: &str) {
    fs::create_dir_all(desk.path("away")).unwrap();
    fs::rename(desk.path(&format!("reports/{run}")), desk.path(&format!("away/{run}"))).unwrap();
}

/// Puts it back.
pub(crate) fn bring_back(desk: &Desk, run: &str) {
    fs::rename(desk.path(&format!("away/{run}")), desk.path(&format!("reports/{run}"))).unwrap();
}

pub(crate) fn numbers(desk: &Desk, run: &str) -> Vec<String> {
    desk.table(&format!("reports/{run}/invoices.csv")).into_iter().map(|row| row["number"].clone()).collect()
}

/// The register below the desk, of one partner.
pub(crate) fn register(desk: &Desk) -> String {
    desk.files().into_iter().map(|(name, _)| name).find(|name| name.ends_with(".register.sqlite")).unwrap()
}

/// Each run on the roll with its state.
pub(crate) fn states(desk: &Desk) -> Vec<(String, String)> {
    let roll = desk.ends(0, &["runs", "--json"]).json();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    roll["runs"].as_array().unwrap().iter().map(|it| (text(it, "run"), text(it, "state"))).collect()
}

fn as_pairs(states: &[(&str, &str)]) -> Vec<(String, String)> {
    states.iter().map(|(run, state)| ((*run).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn a_close_that_misses_a_run_it_knows_is_refused_before_it_asks_anything() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = Desk::at(&partner);
    close(&desk, &["2026-02", "2026-03"]);
    let given = [numbers(&desk, "2026-02"), numbers(&desk, "2026-03")].concat();
    assert!(given.len() > 3);
    for run in ["2026-02", "2026-03"] {
        take_away(&desk, run);
    }
    patience.answered();
    // The archive is opened and locked, to whatever end.
    let files = |desk: &Desk| -> Vec<_> {
        desk.files().into_iter().filter(|(name, _)| !name.contains(".archive.sqlite")).collect()
    };
    let before = files(&desk);
    for command in ["close", "fetch"] {
        for month in ["2026-02", "2026-03", "2026-05"] {
            let told = desk.ends(2, &[command, "--period", month]).stderr;
            for run in ["2026-02", "2026-03"] {
                assert!(told.contains(&format!("{run}: sealed before (seal ")), "{told}");
                assert!(told.contains(&format!("but its folder is not at reports/{run}")), "{told}");
            }
            assert!(told.contains(&format!("the last one {}", given.last().unwrap())), "{told}");
            assert!(told.contains("\nhint: bring the folders back to where they stood; what is lost for good: `tieout runs forget 2026-02 2026-03 --because …`"), "{told}");
        }
    }
    assert_eq!(patience.answered(), Vec::<String>::new());
    assert!(files(&desk) == before, "a refusal leaves nothing behind");
    assert_eq!(states(&desk), as_pairs(&[("2026-02", "missing"), ("2026-03", "missing")]));
    // One of them is enough.
    bring_back(&desk, "2026-03");
    assert!(desk.ends(2, &["close", "--period", "2026-04"]).stderr.starts_with("error: 2026-02: sealed before"));
    // By another name beside the others it is found, too.
    fs::rename(desk.path("away/2026-02"), desk.path("reports/of-february")).unwrap();
    close(&desk, &["2026-04", "2026-02"]);
    assert!(numbers(&desk, "2026-02.r2").is_empty(), "nobody is billed twice");
    let all = [given, numbers(&desk, "2026-04")].concat();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    assert!(all.is_sorted());
}

#[test]
fn a_run_that_is_declared_lost_counts_as_if_its_folder_were_there() {
    let partner = Partner::of(SCENARIO);
    let (whole, lost) = (Desk::at(&partner), Desk::at(&partner));
    for desk in [&whole, &lost] {
        close(desk, &["2026-02", "2026-03"]);
    }
    for run in ["2026-02", "2026-03"] {
        take_away(&lost, run);
    }
    let told = lost.ends(0, &["runs", "forget", "2026-02", "2026-03", "--because", "the disk failed", "--by", "Asha"]);
    assert!(told.stdout.contains("\n    declared lost by Asha on 20"), "{}", told.stdout);
    assert_eq!(states(&lost), as_pairs(&[("2026-02", "lost"), ("2026-03", "lost")]));
    for desk in [&whole, &lost] {
        close(desk, &["2026-04", "2026-03"]);
    }
    for run in ["2026-04", "2026-03.r2"] {
        assert_eq!(lost.files_in(&format!("reports/{run}")), whole.files_in(&format!("reports/{run}")), "{run}");
        lost.ends(0, &["verify", &format!("reports/{run}")]);
    }
    assert!(!numbers(&lost, "2026-04").is_empty() && numbers(&lost, "2026-03.r2").is_empty());
    // Found again, it is a run like any other.
    bring_back(&lost, "2026-03");
    assert_eq!(states(&lost)[1], ("2026-03".to_owned(), "sealed".to_owned()));
    let refused = lost.ends(2, &["runs", "forget", "2026-03", "--because", "no need"]).stderr;
    assert!(refused.contains("2026-03: not lost, its folder is reports/2026-03 with seal "), "{refused}");
}

#[test]
fn what_cannot_be_declared_lost_is_said() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    close(&desk, &["2026-02"]);
    take_away(&desk, "2026-02");
    let refused = |arguments: &[&str]| desk.ends(2, &[&["runs", "forget"][..], arguments].concat()).stderr;
    assert!(refused(&["2026-01", "--because", "x"]).contains("run \"2026-01\": not among the sealed runs: 2026-02"));
    assert!(refused(&["2026-02", "--because", " "]).contains("the reason has 0 characters, expected 1 to 1000"));
    assert!(refused(&["2026-02", "--because", "a\nb"]).contains("the reason has a control character"));
    assert!(refused(&["2026-02"]).contains("--because"));
    assert_eq!(states(&desk), as_pairs(&[("2026-02", "missing")]));
    let seal = tieout::domain::sha256(&desk.read("away/2026-02/SEAL"));
    desk.ends(0, &["runs", "forget", &seal[..8], "--because", "gone"]);
    assert_eq!(states(&desk), as_pairs(&[("2026-02", "lost")]));
}

#[test]
fn a_partner_beside_another_numbers_on_although_the_others_folders_are_gone() {
    let [first, second] = [11, 12].map(|seed| Partner::of(&SCENARIO.replace("seed = 11", &format!("seed = {seed}"))));
    let desk = Desk::at(&first);
    close(&desk, &["2026-03"]);
    let given = numbers(&desk, "2026-03");
    take_away(&desk, "2026-03");
    let desk = desk.with(&second);
    close(&desk, &["2026-02"]);
    let all = [given, numbers(&desk, "2026-02")].concat();
    assert!(all.iter().collect::<BTreeSet<_>>().len() == all.len() && all.is_sorted() && all.len() > 3, "{all:?}");
}

#[test]
fn books_are_moved_together_and_an_archive_may_stand_elsewhere() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    fs::create_dir(desk.path("kept")).unwrap();
    desk.write("tieout.toml", format!("archive = 'kept/books.sqlite'\nreports = 'papers'\n{quick}"));
    close(&desk, &["2026-02"]);
    // From another folder with the same archive, the same register is asked.
    let told = desk.ends(0, &["close", "--period", "2026-03", "--out", "apart/2026-03"]);
    assert!(!told.stderr.contains("does not stand in"), "{}", told.stderr);
    let of = |run: &str| -> Vec<String> {
        desk.table(&format!("{run}/invoices.csv")).into_iter().map(|row| row["number"].clone()).collect()
    };
    let all = [of("papers/2026-02"), of("apart/2026-03")].concat();
    assert!(all.iter().collect::<BTreeSet<_>>().len() == all.len() && all.is_sorted() && all.len() > 3, "{all:?}");
    // Moved as a whole, everything is found by its place.
    fs::create_dir(desk.path("moved")).unwrap();
    for part in ["kept", "papers", "apart"] {
        fs::rename(desk.path(part), desk.path(&format!("moved/{part}"))).unwrap();
    }
    desk.write("tieout.toml", format!("archive = 'moved/kept/books.sqlite'\nreports = 'moved/papers'\n{quick}"));
    close(&desk, &["2026-04"]);
    fs::rename(desk.path("moved/apart"), desk.path("gone")).unwrap();
    let refused = desk.ends(2, &["close", "--period", "2026-05"]).stderr;
    assert!(refused.contains("2026-03: sealed before") && refused.contains("apart/2026-03\n"), "{refused}");
}

/// Makes of a register one that an earlier version wrote.
fn of_the_second_schema(desk: &Desk) {
    let db = Connection::open(desk.path(&register(desk))).unwrap();
    db.execute_batch("DROP TABLE kept; DROP TABLE documents; DROP TABLE marks; PRAGMA user_version = 2;").unwrap();
}

#[test]
fn a_register_of_an_earlier_version_is_filled_from_the_papers_and_asks_for_what_it_knows() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    close(&desk, &["2026-02", "2026-03"]);
    of_the_second_schema(&desk);
    take_away(&desk, "2026-02");
    let refused = desk.ends(2, &["close", "--period", "2026-04"]).stderr;
    assert!(refused.contains("2026-02: sealed before (seal ") && refused.contains(", no invoices known)"), "{refused}");
    let listed = desk.ends(0, &["runs"]).stdout;
    assert!(listed.contains("; what it numbered and billed is not known\n"), "{listed}");
    assert!(listed.contains(" invoices: INV-") && listed.contains("; taken up from its papers"), "{listed}");
    // From now on the other is kept.
    let third = numbers(&desk, "2026-03");
    take_away(&desk, "2026-03");
    let told = desk.ends(0, &["runs", "forget", "2026-02", "2026-03", "--because", "moved to the attic"]).stdout;
    assert!(told.contains("to look at: the numbers of 2026-02 are not known: `first` of each series"), "{told}");
    assert!(!told.contains("the numbers of 2026-03"), "{told}");
    close(&desk, &["2026-04"]);
    assert!(numbers(&desk, "2026-04").first() > third.last() && third.len() > 1, "{third:?}");
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("rate_card = 'card.toml'\n{quick}"));
    desk.write("card.toml", "[series]\nfirst = 70\n");
    close(&desk, &["2026-02"]);
    assert!(!desk.path("reports/2026-02").exists(), "the name of a lost run is taken");
    assert_eq!(numbers(&desk, "2026-02.r2").first().map(String::as_str), Some("INV-000070"), "numbers are left out");
}

#[test]
fn a_register_that_is_lost_is_made_anew_and_says_what_it_cannot_know() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    close(&desk, &["2026-02", "2026-03"]);
    let verified = desk.ends(0, &["verify", "reports/2026-03"]).stdout;
    assert!(!verified.contains("the register"), "{verified}");
    fs::remove_file(desk.path(&register(&desk))).unwrap();
    let verified = desk.ends(0, &["verify", "reports/2026-03"]).stdout;
    assert!(verified.contains("not shown: that the register keeps this seal: there is none"), "{verified}");
    let told = desk.ends(0, &["close", "--period", "2026-04"]).stderr;
    let said = "the register was not there: it is made anew from the 2 sealed runs here, and knows nothing of others";
    assert!(told.contains(said), "{told}");
    let verified = desk.ends(0, &["verify", "reports/2026-03"]).stdout;
    assert!(verified.contains("not shown: that it was sealed as it is: the register was not there then"), "{verified}");
    assert!(!desk.ends(0, &["verify", "reports/2026-04"]).stdout.contains("the register was not there"));
    assert_eq!(states(&desk).len(), 3);
    let all = ["2026-02", "2026-03", "2026-04"].map(|run| numbers(&desk, run)).concat();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}
