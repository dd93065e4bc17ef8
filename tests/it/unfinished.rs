//! A month that is not over is never billed, and what was billed otherwise than it would be now is told by name.

use std::fs;
use std::path::Path;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tieout::cli::{Environment, Failure, WhichPeriod};
use tieout::domain::Period;
use tieout::run::{RunError, close, draft_month, fetch, settle, verify};
use tieout::watch::Nobody;

use crate::outcomes::stated;
use crate::recheck_desk::{Desk, Row, bytes_below, ledger, quiet};

/// The files below a folder, by their names there.
fn names(folder: &Path) -> Vec<String> {
    let name = |path: &std::path::PathBuf| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    bytes_below(folder).keys().map(name).collect()
}

/// A shell from which a desk's partner is asked.
fn shell(desk: &Desk) -> crate::desk::Desk {
    let mut shell = crate::desk::Desk::alone();
    shell.variables = vec![
        ("VOBIZ_AUTH_ID", "PA_1".to_owned()),
        ("VOBIZ_AUTH_TOKEN", "the-token".to_owned()),
        ("TIEOUT_BASE_URL", desk.base_url.clone()),
    ];
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_is_not_over_is_refused_before_anything_is_asked() {
    let desk = Desk::open(quiet()).await;
    let refused = close(&desk.request("2026-03", "2026-03-31"), &Nobody).await.map(drop).unwrap_err();
    assert!(matches!(refused, RunError::NotOver { .. }), "{refused}");
    assert_eq!(refused.to_string(), "2026-03 is not over: it was read on 2026-03-31, expected 2026-04-01 or later");
    assert_eq!(Failure::from(refused).exit.code(), 2);
    assert_eq!((desk.asked(), names(&desk.path(""))), (vec![], vec![]));
    // A fetch may read it, and neither settle seals what it read.
    fetch(&desk.request("2026-03", "2026-03-31"), &Nobody).await.unwrap();
    let refused = settle(&desk.path("2026-03"), None, &Nobody).map(drop).unwrap_err();
    assert!(matches!(refused, RunError::NotOver { .. }), "{refused}");
    assert_eq!(names(&desk.path("2026-03")), ["run.json"]);
    close(&desk.request("2026-03", "2026-04-01"), &Nobody).await.map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_of_a_part_of_a_month_have_no_number_and_take_none() {
    let desk = Desk::open(quiet()).await;
    let (drafted, _) = draft_month(&desk.request("2026-03", "2026-03-15"), &Nobody).await.unwrap();
    assert_eq!((drafted.invoices, drafted.not_before), (3, "2026-04-01".parse().ok()));
    let drafts = bytes_below(&desk.path("2026-03.draft"));
    let expected: Vec<String> = ["MA_1", "MA_2", "MA_3"]
        .iter()
        .flat_map(|account| ["html", "json"].map(|end| format!("invoices/DRAFT-{account}-INR.{end}")))
        .collect();
    let expected: Vec<String> = ["drafts.sha256".to_owned()].into_iter().chain(expected).collect();
    assert_eq!(names(&desk.path("2026-03.draft")), expected);
    for (path, bytes) in &drafts {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("VB/") && text.contains("DRAFT"), "{}", path.display());
    }
    assert_eq!(names(&desk.path("2026-03")), ["run.json"], "nothing is sealed");
    // The drafts of a fetch of it have none either.
    let again = tieout::run::draft(&desk.path("2026-03"), None, &Nobody).unwrap();
    assert_eq!((again.invoices, bytes_below(&desk.path("2026-03.draft"))), (3, drafts));

    // The close after the month's end bills all of it, under the first numbers.
    desk.books().post(&Row::call("late", "MA_1", "100", "2026-03-30T10:00:00Z"));
    let closed = desk.close("2026-03").await;
    let invoices = &closed.settled.billing.invoices;
    let numbers: Vec<&str> = invoices.iter().map(|it| it.number.as_str()).collect();
    assert_eq!(numbers, ["VB/26/00001", "VB/26/00002", "VB/26/00003"]);
    assert_eq!(closed.settled.inputs.run, "2026-03");
    assert!(closed.settled.billing.otherwise.is_empty());
    assert_eq!(verify(&closed.folder, None, None, &Nobody).unwrap().faults, Vec::<String>::new());
}

/// The running month by the calendar of the settings' default zone.
fn running() -> (Period, NaiveDate) {
    let today = Environment::read().today(chrono_tz::Asia::Kolkata);
    (Period::of(today), today)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_refuses_what_is_not_over_and_drafts_it_where_that_is_asked() {
    let desk = Desk::open(quiet()).await;
    let shell = shell(&desk);
    let (month, today) = running();
    let last = Period::last_over(today);
    let refused = shell.ends(2, &["close", "--period", &month.to_string()]).stderr;
    let over = month.day_after();
    let expected = format!(
        "error: {month} is not over: today is {today} in the partner's zone, expected {over} or later\nhint: {last} is \
         the last month that is over; --part-month makes drafts\n"
    );
    assert_eq!((refused, desk.asked()), (expected, vec![]));
    let told = shell.ends(0, &["close", "--part-month", "--period", &month.to_string()]);
    let folder = format!(
        "reports/{month}.draft: drafts of invoices: 0, accounts held: 0; nothing is numbered or sealed by this"
    );
    assert!(
        told.stdout.starts_with(&folder) && told.stdout.contains("the month is not over: so far tied-out;"),
        "{}",
        told.stdout
    );
    assert!(!shell.path(&format!("reports/{month}/SEAL")).exists());
    let told = shell.ends(0, &["close", "--part-month", "--period", &month.to_string(), "--json"]);
    let told = stated(&told, "close", "drafted-in-part");
    assert_eq!(
        (told["verdict"].as_str(), told["not_before"].as_str()),
        (Some("tied-out"), Some(over.to_string().as_str()))
    );
    let told = shell.ends(2, &["settle", &format!("reports/{month}")]).stderr;
    assert!(
        told.contains("is not over: it was read on") && told.contains("hint: `tieout draft` makes drafts"),
        "{told}"
    );
    desk.asked();
    let told = shell.ends(2, &["close", "--part-month", "--period", "2026-03"]).stderr;
    assert!(told.contains("--part-month: 2026-03 is over since 2026-04-01, expected a month that is not"), "{told}");
    assert_eq!(desk.asked(), Vec::<String>::new());

    // What comes next is nothing that is refused.
    let told = shell.ends(0, &["fetch", "--period", &month.to_string()]).stdout;
    assert!(told.ends_with(&format!("next: tieout draft reports/{month}\n")), "{told}");
    let told = shell.ends(0, &["sync"]).stdout;
    assert!(told.ends_with(&format!("next: tieout close --period {month}, from {over} on\n")), "{told}");

    // `last` is the last one that is over, for whatever takes a month.
    shell.ends(0, &["sync", "--period", "last"]);
    shell.ends(0, &["fetch", "--period", "previous"]);
    shell.ends(0, &["close", "--period", "last"]);
    assert!(shell.path(&format!("reports/{last}/SEAL")).exists());
    shell.ends(0, &["recheck", "last"]);
    assert!(shell.path(&format!("reports/{last}.recheck/SEAL")).exists());
    shell.ends(2, &["close", "--period", "next"]);
}

/// What the summary says from the verdict to the first count.
fn verdict(summary: &str) -> String {
    let (_, told) = summary.split_once("\nVERDICT").unwrap();
    let (told, _) = told.split_once("\nAccounts").unwrap();
    format!("VERDICT{told}").trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_run_names_everyone_whom_an_earlier_one_billed_otherwise() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    let same = desk.close("2026-03").await;
    assert!(same.settled.billing.otherwise.is_empty());
    insta::assert_snapshot!("billed_as_it_is", verdict(&same.settled.summary()));
    desk.books().post(&Row::call("late-1", "MA_1", "100", "2026-03-30T10:00:00Z"));
    desk.books().post(&Row::call("late-2", "MA_3", "2.5", "2026-03-31T10:00:00Z"));
    let more = desk.close("2026-03").await;
    assert!(more.settled.billing.invoices.is_empty(), "nobody is billed twice");
    insta::assert_snapshot!("billed_otherwise", verdict(&more.settled.summary()));
    let page = fs::read_to_string(more.folder.join("close.html")).unwrap();
    assert!(page.contains("VERDICT: TIED OUT, BUT BILLED OTHERWISE"));
    // Less than was billed, in books that differ.
    desk.books().remove("late-1");
    desk.books().remove("e-MA_1-2");
    desk.books().ledgers.get_mut(&ledger("MA_2")).unwrap().retain(|row| row.id != "e-MA_2-5");
    let less = desk.close("2026-03").await;
    insta::assert_snapshot!("billed_otherwise_and_breaks", verdict(&less.settled.summary()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_with_notes_due_ends_with_3_though_every_entry_is_what_it_was() {
    let desk = Desk::open(quiet()).await;
    let shell = shell(&desk);
    shell.ends(0, &["close", "--period", "2026-03"]);
    shell.ends(0, &["recheck", "2026-03"]);
    // A further run takes the late entry in and bills nobody again: to it nothing has changed since.
    desk.books().post(&Row::call("late", "MA_1", "100", "2026-03-30T10:00:00Z"));
    assert!(shell.ends(0, &["close", "--period", "2026-03"]).stdout.contains("MA_1 "));
    let told = shell.ends(3, &["recheck", "2026-03"]);
    assert!(told.stdout.contains("VERDICT: UNCHANGED, NOTES DUE"), "{}", told.stdout);
    let told = stated(&shell.ends(3, &["recheck", "2026-03", "--json"]), "recheck", "notes-due");
    assert_eq!((told["exit"].as_u64(), told["notes"]["debit"].as_u64()), (Some(3), Some(1)), "{told}");
    // Once the next close has given the note, nothing is due.
    let given = shell.ends(0, &["close", "--period", "2026-04"]).stdout;
    assert!(given.contains("Credit and debit notes"), "{given}");
    shell.ends(0, &["recheck", "2026-03"]);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// On every day the last month is over, and the one after it is not.
    #[test]
    fn last_is_the_last_month_that_is_over(days in 0_u64..40_000) {
        let today = "2001-01-01".parse::<NaiveDate>().unwrap() + Days::new(days);
        for word in ["last", "previous"] {
            let last = word.parse::<WhichPeriod>().unwrap().on(today);
            prop_assert!(last.is_over(today));
            prop_assert!(!Period::of(last.day_after()).is_over(today));
        }
        let named: WhichPeriod = "2026-03".parse().unwrap();
        prop_assert_eq!(named.on(today), "2026-03".parse().unwrap());
    }
}

#[test]
fn the_days_on_which_the_shell_was_wrong() {
    let last = |today: &str| WhichPeriod::LastOver.on(today.parse().unwrap()).to_string();
    let days = ["2026-03-29", "2026-03-31", "2026-05-31", "2026-07-31", "2026-10-31", "2026-12-31", "2027-01-01"];
    assert_eq!(days.map(last), ["2026-02", "2026-02", "2026-04", "2026-06", "2026-09", "2026-11", "2026-12"]);
}
