//! The chain of seals: each run names the seal of the month before, the register keeps what was sealed, and whatever contradicts
//! either is named with both seals.

use std::fs;

use chrono::{Days, NaiveDate};
use tieout::domain::{Period, sha256};
use tieout::register::Forgotten;
use tieout::run::{fetch, forget, settle, verify};
use tieout::watch::Nobody;

use crate::desk::{Desk, Partner};
use crate::months::Year;
use crate::notes::{closed, gst, refund};
use crate::recheck_desk::{Books, Desk as Recheckable, Row, quiet};
use crate::runs::{SCENARIO, close, register, take_away};

fn seal(desk: &Desk, run: &str) -> String {
    sha256(&desk.read(&format!("reports/{run}/SEAL")))
}

/// A desk with February and March, and the February that another desk made with another fee, in place of its own.
fn forged(partner: &Partner) -> (Desk, String) {
    let (desk, other) = (Desk::at(partner), Desk::at(partner));
    close(&desk, &["2026-02", "2026-03"]);
    let kept = seal(&desk, "2026-02");
    let quick = String::from_utf8(other.read("tieout.toml")).unwrap();
    other.write("tieout.toml", format!("rate_card = 'card.toml'\n{quick}"));
    other.write("card.toml", "[markup]\ndefault = '50'\n");
    close(&other, &["2026-02"]);
    let february = desk.path("reports/2026-02");
    fs::remove_dir_all(&february).unwrap();
    for (name, bytes) in other.files_in("reports/2026-02") {
        let path = february.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    (desk, kept)
}

#[test]
fn a_month_that_was_made_anew_does_not_verify_and_neither_does_the_one_after_it() {
    let partner = Partner::of(SCENARIO);
    let (desk, kept) = forged(&partner);
    let found = seal(&desk, "2026-02");
    assert_ne!(found, kept);
    let february = desk.ends(6, &["verify", "reports/2026-02"]).stdout;
    assert!(
        february.contains(&format!("SEAL: seal {found}, but the register keeps seal {kept} for 2026-02")),
        "{february}"
    );
    let march = desk.ends(6, &["verify", "reports/2026-03"]).stdout;
    assert!(
        march.contains(&format!("SEAL, previous: seal {kept} of 2026-02, but 2026-02 has seal {found}")),
        "{march}"
    );
    let refused = desk.ends(6, &["close", "--period", "2026-04"]).stderr;
    let said =
        format!("reports/2026-02: seal {found}, but the register keeps seal {kept} for 2026-02\nhint: restore the run");
    assert!(refused.contains(&said), "{refused}");
    // Without a register the seals themselves contradict each other.
    let kept_register = desk.read(&register(&desk));
    let name = register(&desk);
    fs::remove_file(desk.path(&name)).unwrap();
    let february = desk.ends(6, &["verify", "reports/2026-02"]).stdout;
    assert!(
        february.contains(&format!("SEAL: seal {found}, but 2026-03 beside it names seal {kept} of 2026-02")),
        "{february}"
    );
    let march = desk.ends(6, &["verify", "reports/2026-03"]).stdout;
    assert!(
        march.contains(&format!("SEAL, previous: seal {kept} of 2026-02, but 2026-02 has seal {found}")),
        "{march}"
    );
    let refused = desk.ends(6, &["close", "--period", "2026-04"]).stderr;
    assert!(
        refused.contains(&format!("2026-03: names seal {kept} of 2026-02, but 2026-02 has seal {found}\n")),
        "{refused}"
    );
    // Nobody has the one that is named any more: that is said once, and then the months go on.
    desk.ends(0, &["runs", "forget", &kept, "--because", "made anew before this was checked"]);
    close(&desk, &["2026-04"]);
    desk.ends(0, &["verify", "reports/2026-03"]);
    // Likewise where the register still keeps it.
    fs::remove_dir_all(desk.path("reports/2026-04")).unwrap();
    desk.write(&name, kept_register);
    desk.ends(0, &["runs", "forget", &kept[..12], "--because", "made anew"]);
    close(&desk, &["2026-04"]);
    desk.ends(0, &["verify", "reports/2026-02"]);
}

#[test]
fn a_seal_that_was_deleted_begins_nothing_anew() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = Desk::at(&partner);
    close(&desk, &["2026-02", "2026-03"]);
    let (whole, kept) = (desk.files_in("reports/2026-02"), seal(&desk, "2026-02"));
    fs::remove_file(desk.path("reports/2026-02/SEAL")).unwrap();
    patience.answered();
    for month in ["2026-02", "2026-03", "2026-04"] {
        let refused = desk.ends(6, &["close", "--period", month]).stderr;
        let said = format!(
            "reports/2026-02: SEAL is missing, and the register keeps seal {kept} for 2026-02\nhint: put SEAL back"
        );
        assert!(refused.contains(&said), "{refused}");
    }
    assert_eq!(patience.answered(), Vec::<String>::new());
    let told = desk.ends(6, &["verify", "reports/2026-02"]).stdout;
    assert!(
        told.contains("SEAL: missing\n") && told.contains(&format!("the register keeps seal {kept} for 2026-02")),
        "{told}"
    );
    assert!(desk.ends(0, &["runs"]).stdout.contains("2026-02  seal-missing, SEAL is missing in reports/2026-02\n"));
    // Its papers are whole: the same command as ever seals them again, with the same seal.
    desk.ends(0, &["settle", "reports/2026-02"]);
    assert!(desk.files_in("reports/2026-02") == whole);
    close(&desk, &["2026-04"]);
    // Not where its inputs were changed meanwhile.
    let inputs = String::from_utf8(desk.read("reports/2026-03/run.json")).unwrap();
    fs::remove_file(desk.path("reports/2026-03/SEAL")).unwrap();
    desk.write("reports/2026-03/run.json", inputs.replace("\"tolerance\": \"0.00\"", "\"tolerance\": \"1.00\""));
    let refused = desk.ends(6, &["settle", "reports/2026-03"]).stderr;
    assert!(
        refused.contains("but the register keeps seal ") && !desk.path("reports/2026-03/SEAL").exists(),
        "{refused}"
    );
}

#[test]
fn what_a_verification_does_not_show_is_said() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    close(&desk, &["2026-02", "2026-03"]);
    let consistent = "\nnot shown: that nobody made the run anew: it is consistent with itself; compare the seal with the one written down";
    let verified = desk.ends(0, &["verify", "reports/2026-03"]).stdout;
    assert!(verified.contains(consistent) && verified.matches("not shown").count() == 1, "{verified}");
    let seal = seal(&desk, "2026-03");
    let verified = desk.ends(0, &["verify", "reports/2026-03", "--expect-seal", &seal]).stdout;
    assert!(!verified.contains("not shown"), "{verified}");
    // Away from the others, nothing says what came before it.
    let archive = desk.files().into_iter().find(|(name, _)| name.ends_with(".archive.sqlite")).unwrap();
    take_away(&desk, "2026-03");
    desk.write(&archive.0.replace("reports/", "away/"), archive.1);
    let verified = desk.ends(0, &["verify", "away/2026-03", "--json"]).json();
    let not_shown: Vec<&str> = verified["not_shown"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert_eq!(not_shown.len(), 3, "{verified}");
    assert!(not_shown[1].starts_with("that the register keeps this seal: there is none"), "{verified}");
    assert!(not_shown[2].ends_with("is that of 2026-02: no run of that month is here"), "{verified}");
    desk.ends(0, &["pack", "away/2026-03"]);
    let verified = desk.ends(0, &["verify", "away/2026-03.pack"]).stdout;
    assert!(verified.contains("\nnot shown: how it stands to the months before and after it"), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_run_backwards_are_told_by_the_papers_and_by_who_looks() {
    let year = Year::begin().await;
    year.post(10, Some("2026-02-10"), Some("2026-02-10"));
    year.post(20, Some("2026-03-10"), Some("2026-03-10"));
    let after = |month: &str, days| -> NaiveDate { month.parse::<Period>().unwrap().day_after() + Days::new(days) };
    // March is fetched first and sealed last.
    fetch(&year.request("2026-03", after("2026-03", 3)), &Nobody).await.unwrap();
    tieout::run::close(&year.request("2026-02", after("2026-03", 9)), &Nobody).await.unwrap();
    let settled = settle(&year.path("2026-03"), None, &Nobody).unwrap().settled;
    let said = "numbers go on after INV-000001 of 2026-02, which is dated 2026-04-10, and the documents of this run are dated 2026-04-04: the dates run backwards";
    assert!(settled.reconciliation.scope.iter().any(|it| it == said), "{:?}", settled.reconciliation.scope);
    let flat = settled.summary().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(said), "{flat}");
    let verified = verify(&year.path("2026-03"), None, None, &Nobody).unwrap();
    assert_eq!(verified.faults, Vec::<String>::new());
    let told = "INV-000002 of 2026-03 is dated 2026-04-04, and INV-000001 of 2026-02, which comes before it, 2026-04-10: the dates run backwards";
    assert_eq!(verified.remarks, [told]);
    let top = year.path("");
    assert_eq!(tieout::run::roll(&top, &top, None).unwrap().backwards, [told]);
    // Where they run forwards, nobody says a word.
    let april = tieout::run::close(&year.request("2026-04", after("2026-04", 3)), &Nobody).await.unwrap().0;
    assert!(april.settled.inputs.later_dated.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_is_asked_for_like_a_run_and_refuses_where_one_is_missing() {
    let desk = Recheckable::open(quiet()).await;
    desk.close("2026-03").await;
    let note = desk.books().ledgers["transactions"][0].id.clone();
    desk.books().change(&note, |row| row.amount = "1".to_owned());
    desk.recheck("2026-03").await;
    let (recheck, away) = (desk.path("2026-03.recheck"), desk.path("away"));
    fs::create_dir(&away).unwrap();
    fs::rename(&recheck, away.join("recheck")).unwrap();
    let april = desk.request_of("2026-04", "2026-04", "2026-05-13");
    let refused = tieout::run::close(&april, &Nobody).await.err().unwrap().to_string();
    assert!(refused.starts_with("2026-03.recheck: sealed before (seal "), "{refused}");
    fs::rename(away.join("recheck"), &recheck).unwrap();
    assert_eq!(verify(&recheck, None, None, &Nobody).unwrap().faults, Vec::<String>::new());
    // Without the run, its recheck cannot be held against it, nor can another be made.
    desk.close("2026-03").await;
    fs::rename(desk.path("2026-03"), away.join("2026-03")).unwrap();
    let refused = desk.try_recheck("2026-03").await.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("2026-03: no run here") || refused.contains("2026-03: sealed before"), "{refused}");
    let it = verify(&recheck, None, None, &Nobody).unwrap();
    assert!(
        it.not_shown.iter().any(|it| it.contains("2026-03 is whole: its folder is not here")),
        "{:?}",
        it.not_shown
    );
}

/// March closed twice, rechecked and corrected by April; then some of the folders are lost; then May, which gives money back, and
/// March once more rechecked. The papers of both.
async fn history(lost: &[&str]) -> Vec<(String, Vec<u8>)> {
    let terms = gst("");
    let desk = Recheckable::open(Books { live: true, ..quiet() }).await;
    closed(&desk, "2026-03", "2026-03", &terms).await;
    desk.books().post(&Row::call("late", "MA_1", "100", "2026-03-30T18:00:00Z"));
    desk.books().change("e-MA_2-4", |row| row.amount = "1.04".to_owned());
    desk.recheck("2026-03").await;
    desk.books().post(&Row::call("new", "MA_4", "700", "2026-03-30T10:00:00Z"));
    let second = closed(&desk, "2026-03", "2026-03", &terms).await;
    assert_eq!((second.folder, second.settled.billing.invoices.len()), (desk.path("2026-03.r2"), 1));
    assert!(!closed(&desk, "2026-04", "2026-04", &terms).await.settled.billing.notes.is_empty());
    let (top, why) = (desk.path(""), Forgotten { because: "lost".to_owned(), by: None, at: String::new() });
    for run in lost {
        fs::remove_dir_all(desk.path(run)).unwrap();
        assert!(desk.try_recheck("2026-03").await.is_err(), "{run} is asked for");
        forget((&top, &top, None), run, &why).unwrap();
    }
    for (account, amount) in [("MA_1", "60"), ("MA_4", "90")] {
        desk.books().post(&refund(&format!("back-{account}"), account, amount, "2026-05-11T10:00:00Z"));
    }
    let mut request = desk.request_of("2026-05", "2026-05", "2026-06-10");
    request.terms.invoice = gst("refunds = 'notes'");
    let may = tieout::run::close(&request, &Nobody).await.unwrap().0.settled;
    let handed_on: Vec<&str> = may.inputs.corrections.last.iter().map(|it| it.invoice.run.as_str()).collect();
    assert!(may.billing.notes.len() >= 2 && handed_on.contains(&"2026-04"), "{handed_on:?}");
    desk.books().change("e-MA_1-5", |row| row.amount = "2".to_owned());
    desk.books().change("new", |row| row.amount = "650".to_owned());
    let rechecked = desk.recheck("2026-03").await.rechecking;
    assert!(rechecked.notes.len() > 1 && rechecked.inputs.billed.len() == 2);
    let papers = may.papers.into_iter().chain(rechecked.papers).map(|it| (it.name, it.bytes));
    papers.chain([(may.seal.hash, Vec::new()), (rechecked.seal.hash, Vec::new())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_and_rechecks_reckon_with_a_lost_run_as_with_one_that_is_there() {
    let (whole, found) = (Box::pin(history(&[])).await, Box::pin(history(&["2026-03", "2026-04"])).await);
    let differ: Vec<&String> = found.iter().filter(|it| !whole.contains(it)).map(|(name, _)| name).collect();
    assert!(differ.is_empty() && found.len() == whole.len(), "{differ:?}");
}
