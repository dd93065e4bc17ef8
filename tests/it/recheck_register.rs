//! What a recheck finds is in the register like any break: listed, decided about at the effect that its own papers state,
//! handed on by the rechecks that could read, and told by the next close.

use std::collections::BTreeMap;
use std::fs;

use tieout::archive::FetchPlan;
use tieout::domain::{Action, Amount, Decision, Period, Standing};
use tieout::register::{Forgotten, Listed, Register};
use tieout::run::{Closed, close, explain, forget, open_breaks, open_register};
use tieout::watch::Nobody;

use crate::recheck_desk::{Desk, Row, ledger, quiet};

fn register(desk: &Desk) -> Register {
    let (register, restored) = open_register(&desk.path(""), &desk.path(""), None).unwrap();
    assert_eq!(restored, 0);
    register
}

fn open(desk: &Desk) -> Vec<Listed> {
    let listed = register(desk).breaks().unwrap();
    listed.into_iter().filter(|it| it.sighting.class.is_after_the_seal() && it.standing.is_open()).collect()
}

async fn close_april(desk: &Desk) -> Closed {
    let period: Period = "2026-04".parse().unwrap();
    let (from, to) = period.window(2);
    let mut request = desk.request("2026-04", "2026-05-13");
    request.period = period;
    request.plan = FetchPlan { period, from, to, today: "2026-05-13".parse().unwrap() };
    close(&request, &Nobody).await.unwrap().0
}

/// A column of a paper's rows by their ids, empty cells of a finding's further rows aside.
fn column(desk: &Desk, paper: &str, id: &str, wanted: &str) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(desk.path(paper)).unwrap();
    let headers = reader.headers().unwrap().clone();
    let place = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| (row[place(id)].to_owned(), row[place(wanted)].to_owned())).collect()
}

fn changed(desk: &Desk) {
    let mut books = desk.books();
    books.post(&Row::call("late", "MA_1", "100", "2026-03-30T10:00:00Z"));
    books.change("e-MA_2-4", |row| row.amount = "1.04".to_owned());
    books.remove("e-MA_3-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_recheck_finds_is_decided_about_at_its_own_effect_and_told_by_the_next_close() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    changed(&desk);
    desk.recheck("2026-03").await;
    let listed = open(&desk);
    assert_eq!(listed.len(), 6, "each of three entries, in either ledger");
    let told = column(&desk, "2026-03.recheck/findings.csv", "finding_id", "effect");
    for it in &listed {
        assert_eq!(it.sighting.effect, told[&it.sighting.id].parse::<Amount>().unwrap(), "{it:?}");
        assert_eq!((it.standing, it.run.as_str()), (Standing::New, "2026-03.recheck"));
        assert!(!it.sighting.effect.is_zero() && it.age_days > 0, "{it:?}");
    }
    let chosen = &listed[0].sighting;
    let accept = |amount| Decision {
        break_id: chosen.id.clone(),
        action: Action::Accept,
        amount: Some(amount),
        to: None,
        note: "credited with CN/1".to_owned(),
        by: "Asha".to_owned(),
        until: None,
        at: "2026-05-12T00:00:00Z".to_owned(),
    };
    let mut register = register(&desk);
    assert!(register.decide(&accept(chosen.effect + "0.01".parse().unwrap())).is_err());
    register.decide(&accept(chosen.effect)).unwrap();
    drop(register);

    let april = close_april(&desk).await;
    let carried = |wanted| column(&desk, "2026-04/carried.csv", "break_id", wanted);
    for it in &listed {
        let id = &it.sighting.id;
        assert_eq!(carried("effect")[id].parse::<Amount>().unwrap(), it.sighting.effect);
        assert_eq!(carried("first_run")[id], "2026-03.recheck");
        assert_eq!(carried("decision")[id], if *id == chosen.id { "accepted" } else { "" });
    }
    // The wallets of April open where March's sealed closings lead with what came since.
    let told = explain(&april.folder, None, &chosen.id, &Nobody).unwrap();
    for said in
        ["carried break B-", "and none on this month", "accepted by Asha: credited with CN/1", "2026-03.recheck"]
    {
        assert!(told.contains(said), "{said}\n{told}");
    }
    let standing = open(&desk).into_iter().map(|it| (it.standing, it.last_run)).collect::<Vec<_>>();
    assert!(standing.iter().all(|it| *it == (Standing::Persisting, "2026-04".to_owned())), "{standing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_that_could_not_read_a_ledger_leaves_open_what_the_one_before_found_there() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    changed(&desk);
    desk.recheck("2026-03").await;
    let first: Vec<String> = open(&desk).into_iter().map(|it| it.sighting.id).collect();
    {
        let mut books = desk.books();
        books.refused.insert(ledger("MA_1"));
        // What was changed is as it was sealed again.
        books.change("e-MA_2-4", |row| row.amount = "51.04".to_owned());
    }
    desk.recheck("2026-03").await;
    let april = "2026-04".parse().unwrap();
    let handed_on = open_breaks(&desk.path(""), april, "PA_1").unwrap();
    let of = |account: &str| handed_on.iter().filter(|it| it.account.as_deref() == Some(account)).count();
    assert_eq!([of("MA_1"), of("MA_2"), of("MA_3")], [2, 0, 2], "{handed_on:#?}");
    assert!(handed_on.iter().all(|it| first.contains(&it.id) && it.first_run == "2026-03.recheck"), "{handed_on:#?}");
    let listed = register(&desk).breaks().unwrap();
    let why = |account: &str, field: &str| {
        let is_it = |it: &&Listed| {
            it.sighting.account.as_deref() == Some(account)
                && it.sighting.explanation.contains("master") == (field == "master")
        };
        let found = listed.iter().find(is_it).unwrap();
        (found.standing, found.why.clone())
    };
    let (standing, reason) = why("MA_1", "customer");
    assert_eq!(standing, Standing::Persisting, "{reason}");
    assert!(reason.starts_with("not asked again: 2026-03.recheck2 could not compare"), "{reason}");
    let (standing, reason) = why("MA_2", "customer");
    assert_eq!(standing, Standing::Resolved, "{reason}");
    assert!(reason.ends_with("and no longer finds it"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_read_the_month_anew_settles_what_a_recheck_of_the_one_before_found() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    changed(&desk);
    desk.recheck("2026-03").await;
    assert_eq!(open(&desk).len(), 6);
    desk.close("2026-03").await;
    assert_eq!(open(&desk).len(), 0);
    let listed = register(&desk).breaks().unwrap();
    assert!(listed.iter().all(|it| it.why == "2026-03.r2 read the month anew since"), "{listed:?}");
    // What is taken away is asked for, and once it is declared lost another takes no name of it.
    for run in ["2026-03", "2026-03.r2", "2026-03.recheck"] {
        fs::remove_dir_all(desk.path(run)).unwrap();
    }
    let refused = close(&desk.request("2026-03", "2026-04-10"), &Nobody).await.err().unwrap().to_string();
    assert!(refused.starts_with("2026-03: sealed before (seal ") && refused.contains("; 2026-03.r2: "), "{refused}");
    let top = desk.path("");
    let why = Forgotten { because: "the disk is gone".to_owned(), by: None, at: "2026-05-13T00:00:00Z".to_owned() };
    for run in ["2026-03", "2026-03.r2"] {
        forget((&top, &top, None), run, &why).unwrap();
    }
    desk.close("2026-03").await;
    let noted = register(&desk).noted().unwrap();
    let runs: Vec<&str> = noted.iter().map(|it| it.run.as_str()).collect();
    assert_eq!(runs, ["2026-03", "2026-03.r2", "2026-03.r3", "2026-03.recheck"], "history stays");
}
