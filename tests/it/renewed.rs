//! Runs that were fetched before another one was sealed: what they take over is what is sealed when they are, so that no number
//! is given twice and nobody is billed twice, or never.

use std::collections::BTreeSet;
use std::process::Stdio;

use tieout::run::Closed;

use crate::desk::{Desk, Partner, told};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO};
use crate::months::Year;

const SAID: &str = "other runs were sealed since it was fetched, it is numbered and billed after them";

fn numbers(desk: &Desk, run: &str) -> Vec<String> {
    desk.table(&format!("{run}/invoices.csv")).into_iter().map(|row| row["number"].clone()).collect()
}

#[test]
fn who_was_billed_meanwhile_is_not_billed_again() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(0, &["fetch", "--period", "2026-03", "--out", "reports/b"]);
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("{quick}[invoice]\ndue_days = 20\n"));
    desk.ends(BREAKS, &CLOSE);
    let billed = numbers(&desk, RUN);
    assert!(!billed.is_empty());
    // Even the draft of it knows.
    let draft = desk.ends(0, &["draft", "reports/b"]).stdout;
    assert!(draft.contains("\nheld: MA_") && draft.contains(": billed already: "), "{draft}");
    assert!(desk.files_in("reports/b.draft/invoices").is_empty());
    let told = desk.ends(BREAKS, &["settle", "reports/b"]).stderr;
    assert!(told.contains(SAID), "{told}");
    assert_eq!(numbers(&desk, "reports/b"), Vec::<String>::new());
    let held = desk.table("reports/b/held.csv");
    for number in billed {
        assert!(held.iter().any(|row| row["reason"].starts_with(&format!("billed already: {number} "))), "{number}");
    }
    desk.ends(0, &["verify", "reports/b"]);
    // What was never sealed is no forgery.
    desk.ends(0, &["fetch", "--period", "2026-03", "--out", "reports/d"]);
    for folder in ["reports/d", "reports/b.draft", "reports"] {
        let refused = desk.ends(2, &["verify", folder]).stderr;
        assert!(refused.contains(&format!("{folder}: the run is not sealed")), "{refused}");
    }
    let seal = desk.read("reports/b/SEAL");
    std::fs::remove_file(desk.path("reports/b/SEAL")).unwrap();
    desk.ends(6, &["verify", "reports/b"]);
    desk.write("reports/b/SEAL", seal);
    // A run that stands elsewhere cannot know: it says so.
    let apart =
        "elsewhere/2026-03 does not stand in reports: what the runs there have numbered and billed is not known to it";
    assert!(desk.ends(0, &["fetch", "--period", "2026-03", "--out", "elsewhere/2026-03"]).stderr.contains(apart));
    assert!(
        !desk.ends(0, &["fetch", "--period", "2026-03", "--out", "./reports/c"]).stderr.contains("does not stand in")
    );
    // A run beside which nothing was sealed since says nothing of it.
    let another = Desk::at(&partner);
    another.ends(0, &["fetch", "--period", "2026-03"]);
    assert!(!another.ends(BREAKS, &["settle", RUN]).stderr.contains(SAID));
}

#[test]
fn two_that_are_sealed_at_once_share_no_number() {
    let [first, second] = [11, 12].map(|seed| Partner::of(&SCENARIO.replace("seed = 11", &format!("seed = {seed}"))));
    let desk = Desk::at(&first);
    desk.ends(0, &["fetch", "--period", "2026-03", "--out", "reports/a"]);
    let desk = desk.with(&second);
    desk.ends(0, &["fetch", "--period", "2026-03", "--out", "reports/b"]);
    let start = |run| {
        let mut command = desk.started(env!("CARGO_BIN_EXE_tieout"));
        command.args(["settle", run]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = ["reports/a", "reports/b"].map(start);
    let both = both.map(|child| told(child.wait_with_output().unwrap()));
    for it in &both {
        assert_eq!(it.code, BREAKS, "{}{}", it.stdout, it.stderr);
    }
    assert!(both.iter().any(|it| it.stderr.contains(SAID)), "{}\n{}", both[0].stderr, both[1].stderr);
    let all: Vec<String> = ["reports/a", "reports/b"].iter().flat_map(|run| numbers(&desk, run)).collect();
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert!(distinct.len() == all.len() && all.len() > 3, "{all:?}");
    let last: Vec<&&String> = distinct.iter().rev().take(1).collect();
    assert!(last[0].ends_with(&format!("{:06}", all.len())), "they run on without a gap: {all:?}");
    for run in ["reports/a", "reports/b"] {
        desk.ends(0, &["verify", run]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_month_held_the_next_ones_name_until_it_is_billed() {
    let year = Year::begin().await;
    year.post(901, Some("2026-03-10"), Some("2026-03-10"));
    year.post(902, Some("2026-03-11"), None);
    let march = year.closed("2026-03").await.settled.billing;
    assert_eq!((march.invoices.len(), march.held.len(), march.unbilled.len()), (0, 1, 0));
    let unbilled = |closed: &Closed| -> Vec<String> {
        let all = closed.settled.billing.unbilled.iter();
        all.map(|it| format!("{} {} {} {}", it.period, it.run, it.account, it.cost_base)).collect()
    };
    let april = year.closed("2026-04").await;
    let it = &march.held[0];
    assert_eq!(unbilled(&april), [format!("2026-03 2026-03 {} {}", it.account, it.cost_base)]);
    let paper = |name: &str| {
        let paper = april.settled.papers.iter().find(|it| it.name == name).unwrap();
        String::from_utf8(paper.bytes.clone()).unwrap()
    };
    assert!(paper("summary.txt").contains("Still not billed of earlier months: 1"), "{}", paper("summary.txt"));
    assert!(paper("unbilled.csv").lines().nth(1).unwrap().starts_with("\"2026-03\",\"2026-03\","));
    // Cleared up and closed again, the month bills it, and nobody names it any more.
    year.post(902, Some("2026-03-11"), Some("2026-03-11"));
    let again = year.closed("2026-03").await;
    assert_eq!(again.settled.billing.invoices.len(), 1);
    assert_eq!(unbilled(&year.closed("2026-05").await), Vec::<String>::new());
}

#[test]
fn the_same_run_settled_twice_is_the_same_twice() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    for run in ["reports/a", "reports/b"] {
        desk.ends(0, &["fetch", "--period", "2026-03", "--out", run]);
    }
    desk.ends(BREAKS, &["settle", "reports/a"]);
    assert!(!desk.ends(BREAKS, &["settle", "reports/b"]).stderr.contains(SAID));
    assert_eq!(desk.files_in("reports/a"), desk.files_in("reports/b"));
    assert!(!numbers(&desk, "reports/b").is_empty());
}
