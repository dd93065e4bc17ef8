//! Rechecks: a sealed month read again, an entry at a time; the notes, the folders, the requests, and what goes on.

use std::collections::BTreeSet;

use tieout::archive::Archive;
use tieout::domain::{Amount, Class, Side};
use tieout::invoice::{NoteKind, NoteStatus};
use tieout::reconcile::recheck::{Finding, GapKind};
use tieout::run::{explain, open_breaks, pack, verify};
use tieout::watch::Nobody;

use crate::recheck_desk::{Desk, MASTER, Row, bytes_below, ledger, quiet};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn classes(findings: &[Finding]) -> Vec<(Class, Side, &str, &str)> {
    findings.iter().map(|it| (it.found.class(), it.side, it.found.entry_ids()[0].as_str(), it.found.field())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_month_has_no_findings_and_costs_what_a_second_close_costs() {
    let desk = Desk::open(quiet()).await;
    for id in 0..450 {
        desk.books().post(&Row::call(&format!("many-{id}"), "MA_1", "1.5", "2026-03-14T10:00:00Z"));
    }
    desk.close("2026-03").await;
    let sealed = bytes_below(&desk.path("2026-03"));
    desk.asked();
    desk.close("2026-03").await;
    // Less what a close asks for the wallets' sake: second readings, and the entries since.
    let is_of_the_month = |request: &&String| !request.contains("to_date=") || request.contains("to_date=2026-04-02");
    let second_close: BTreeSet<String> = desk.asked().iter().filter(is_of_the_month).cloned().collect();
    let finished = desk.recheck("2026-03").await;
    assert_eq!(desk.asked().iter().cloned().collect::<BTreeSet<_>>(), second_close);
    let it = &finished.rechecking;
    assert!(it.rechecked.findings.is_empty() && it.notes.is_empty() && it.rechecked.gaps.is_empty());
    assert_eq!((it.rechecked.word(), it.inputs.sealed.run.as_str()), ("unchanged", "2026-03.r2"));
    assert!(it.rechecked.control.len() >= 12 && it.rechecked.control.iter().all(|line| line.sealed == line.now));
    assert_eq!(finished.folder, desk.path("2026-03.r2.recheck"));
    assert_eq!(bytes_below(&desk.path("2026-03")), sealed, "a sealed run is never written to");
    // A second one has nothing to add, and makes no folder.
    let again = desk.recheck("2026-03").await;
    assert!(again.unchanged_since && again.folder == finished.folder);
    assert!(!desk.path("2026-03.r2.recheck2").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn late_changed_and_vanished_entries_are_named_valued_and_noted() {
    let desk = Desk::open(quiet()).await;
    let closed = desk.close("2026-03").await;
    assert_eq!(closed.settled.billing.invoices.len(), 3);
    {
        let mut books = desk.books();
        books.post(&Row::call("late", "MA_1", "100", "2026-03-30T18:00:00Z"));
        books.change("e-MA_2-4", |row| row.amount = "1.04".to_owned());
        books.remove("e-MA_3-3");
        // In April by India's calendar: none of the month's business.
        books.post(&Row::call("april", "MA_1", "7", "2026-03-31T19:00:00Z"));
        books.remove("f-MA_1");
    }
    let finished = desk.recheck("2026-03").await;
    let it = &finished.rechecking;
    let both = |class, id, field, master| [(class, Side::Customer, id, field), (class, Side::Master, id, master)];
    let mut found = classes(&it.rechecked.findings);
    found.sort_unstable();
    let mut expected = [
        both(Class::LateEntry, "late", "entry", "master.entry"),
        both(Class::ChangedAfterSeal, "e-MA_2-4", "amount", "master.amount"),
        both(Class::VanishedAfterSeal, "e-MA_3-3", "entry", "master.entry"),
    ]
    .concat();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let ids: std::collections::BTreeSet<&str> = it.rechecked.findings.iter().map(|it| it.found.id()).collect();
    assert_eq!(ids.len(), 6, "an entry that changed in both books is two findings");
    let told = it.rechecked.findings.iter().find(|it| it.side == Side::Customer && it.changes[0].field == "amount");
    let told = told.unwrap();
    assert_eq!(
        told.found.explanation(),
        "the debit of 51.04 INR on 2026-03-04 (call, entry e-MA_2-4) has changed in the ledger of MA_2 since 2026-03 was \
         sealed: amount 51.04, now 1.04; counted as sealed: debit 51.04 INR, now: debit 1.04 INR (difference debit \
         -50.00 INR)"
    );
    assert_eq!(told.found.legs()[0].effect, amount("-50"));
    // 25 % on calls, each line rounded half up: 100 × 1.25; 50 × 1.25; 548.62 × 1.25 = 685.78 less 605.65 × 1.25 = 757.06.
    let notes: Vec<_> = it.notes.iter().map(|it| (it.account.as_str(), it.kind, it.status, it.amount())).collect();
    assert_eq!(
        notes,
        [
            ("MA_1", NoteKind::Debit, NoteStatus::Proposed, amount("125")),
            ("MA_2", NoteKind::Credit, NoteStatus::Proposed, amount("-62.50")),
            ("MA_3", NoteKind::Credit, NoteStatus::Proposed, amount("-71.28")),
        ]
    );
    let bearings: Vec<&str> = it
        .rechecked
        .findings
        .iter()
        .zip(&it.bearings)
        .filter(|(it, _)| it.side == Side::Customer)
        .map(|(_, bearing)| bearing.as_str())
        .collect();
    assert_eq!(
        bearings,
        [
            "not billed on VB/26/00001; it would add to it, line 1",
            "billed on VB/26/00002, line 1",
            "billed on VB/26/00003, line 1; it would not be now"
        ]
    );
    assert!(it.rechecked.control.iter().all(|line| line.residual().is_zero()));
    assert_eq!(it.rechecked.word(), "changed");
    check_sentences(&it.rechecked.findings);
    check_carried(&desk);
}

/// What came late and what went is said of the ledger and of the month.
fn check_sentences(findings: &[Finding]) {
    let said = |id: &str| {
        let found = findings.iter().find(|it| it.found.entry_ids()[0] == id && it.side == Side::Customer);
        found.unwrap().found.explanation()
    };
    assert!(said("late").contains("was not in the ledger of MA_1 when 2026-03 was sealed, and is there now"));
    assert!(said("e-MA_3-3").contains("was in the ledger of MA_3 when 2026-03 was sealed, and is gone"));
}

/// The next close takes the findings, the customers' with what they add to the wallet.
fn check_carried(desk: &Desk) {
    let april = "2026-04".parse().unwrap();
    let open = open_breaks(&desk.path(""), april, "PA_1").unwrap();
    assert_eq!(open.len(), 6);
    let effects: Vec<(&str, &str)> = open.iter().map(|it| (it.entry_ids[0].as_str(), it.field.as_str())).collect();
    for (id, field, effect) in [
        ("late", "entry", "-100"),
        ("e-MA_2-4", "amount", "50"),
        ("e-MA_3-3", "entry", "57.03"),
        ("late", "master.entry", "0"),
    ] {
        let place = effects.iter().position(|it| *it == (id, field)).unwrap();
        assert_eq!(open[place].since_the_seal, amount(effect), "{id}");
        assert_eq!(open[place].first_run, "2026-03.recheck");
    }
    assert_eq!(open_breaks(&desk.path(""), "2026-03".parse().unwrap(), "PA_1").unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_verifies_packs_and_explains_itself_and_a_changed_byte_is_named() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    desk.books().change("e-MA_2-4", |row| row.amount = "1.04".to_owned());
    let finished = desk.recheck("2026-03").await;
    let folder = &finished.folder;
    let verified = verify(folder, None, Some(&finished.rechecking.seal.hash), &Nobody).unwrap();
    assert_eq!((verified.faults, verified.papers), (Vec::new(), finished.rechecking.papers.len()));
    let packed = pack(folder, None, None).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("a.pack");
    std::fs::rename(packed, &moved).unwrap();
    assert_eq!(verify(&moved, None, None, &Nobody).unwrap().faults, Vec::<String>::new());
    let finding = finished.rechecking.rechecked.findings.iter().find(|it| it.side == Side::Customer).unwrap();
    for run in [folder, &moved] {
        let told = explain(run, None, finding.found.id(), &Nobody).unwrap();
        assert!(told.contains("amount: sealed 51.04, now 1.04") && told.contains("billed on VB/26/00002"), "{told}");
        let pages =
            told.lines().filter(|line| line.contains("accounts/MA_2/transactions, page 1, row ")).collect::<Vec<_>>();
        assert!(pages.len() == 2 && pages[0] != pages[1] && !told.contains("unknown"), "a page of each fetch: {told}");
        let note = &finished.rechecking.notes[0];
        let told = explain(run, None, &note.id, &Nobody).unwrap();
        assert!(
            told.contains("corrects invoice VB/26/00002 of run 2026-03") && told.contains(finding.found.id()),
            "{told}"
        );
    }
    assert!(explain(folder, None, "B-0", &Nobody).is_err());
    let paper = folder.join("notes.csv");
    let text = std::fs::read_to_string(&paper).unwrap();
    std::fs::write(&paper, text.replace("-62.50", "-62.51")).unwrap();
    let faults = verify(folder, None, None, &Nobody).unwrap().faults;
    assert!(faults.iter().any(|it| it.starts_with("notes.csv: changed")), "{faults:?}");
    assert!(open_breaks(&desk.path(""), "2026-04".parse().unwrap(), "PA_1").is_err(), "a broken seal hands nothing on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_takes_no_notice_of_a_recheck() {
    let (with, without) = (Desk::open(quiet()).await, Desk::open(quiet()).await);
    let late = Row::call("late", "MA_4", "100", "2026-03-30T10:00:00Z");
    let mut second = Vec::new();
    for desk in [&with, &without] {
        desk.close("2026-03").await;
        desk.books().post(&late);
        if desk.base_url == with.base_url {
            let it = desk.recheck("2026-03").await.rechecking;
            // A customer without an invoice of the month.
            let note = &it.notes[0];
            assert_eq!(
                (note.status, note.kind, note.invoice.clone()),
                (NoteStatus::NotYetBilled, NoteKind::Debit, None)
            );
            // 125 for the call, 199 for the platform.
            assert_eq!((note.account.as_str(), note.amount()), ("MA_4", amount("324")));
        }
        desk.asked();
        let closed = desk.close("2026-03").await;
        assert_eq!(closed.folder, desk.path("2026-03.r2"));
        assert_eq!(closed.settled.billing.invoices[0].number, "VB/26/00004");
        let papers: Vec<_> = closed.settled.papers.into_iter().filter(|it| it.name.contains(".csv")).collect();
        second.push(papers.into_iter().filter(|it| it.name != "walk.csv").collect::<Vec<_>>());
        assert!(!desk.asked().is_empty(), "a close asks by itself");
    }
    assert_eq!(second[0], second[1]);
    // What changed before the last seal is in that seal, and is not carried on from the recheck of the run before.
    assert_eq!(open_breaks(&with.path(""), "2026-04".parse().unwrap(), "PA_1").unwrap(), []);
    // The note to a customer of the first run is made from its invoice, though another run was sealed since.
    with.books().change("e-MA_2-4", |row| row.amount = "1.04".to_owned());
    let it = with.recheck("2026-03").await.rechecking;
    assert_eq!(it.inputs.sealed.run, "2026-03.r2");
    let corrected: Vec<_> = it.notes.iter().map(|it| it.invoice.clone().unwrap()).collect();
    assert_eq!(corrected, [("VB/26/00002".to_owned(), "2026-03".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_after_a_recheck_a_close_of_the_same_day_reads_its_own_evidence() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    desk.recheck("2026-03").await;
    desk.asked();
    tieout::run::close(&desk.request("2026-03", "2026-05-12"), &Nobody).await.unwrap();
    assert!(desk.asked().len() > 4, "the recheck's evidence is the recheck's");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_now_vanishes_nothing_and_what_was_never_sealed_is_not_late() {
    let desk = Desk::open(quiet()).await;
    desk.books().refused.insert(ledger("MA_1"));
    desk.close("2026-03").await;
    {
        let mut books = desk.books();
        books.refused = [ledger("MA_2")].into();
        books.short.insert(ledger("MA_3"));
        books.remove("e-MA_3-3");
    }
    let it = desk.recheck("2026-03").await.rechecking;
    let gaps: Vec<_> = it.rechecked.gaps.iter().map(|it| (it.ledger.to_string(), it.kind)).collect();
    assert_eq!(
        gaps,
        [
            (ledger("MA_1"), GapKind::NeverSealed),
            (ledger("MA_2"), GapKind::NotRechecked),
            (ledger("MA_3"), GapKind::NotRechecked),
        ]
    );
    assert_eq!(it.rechecked.word(), "incomplete");
    assert_eq!(classes(&it.rechecked.findings), [(Class::VanishedAfterSeal, Side::Master, "e-MA_3-3", "master.entry")]);
    // No total stands for a ledger that was not compared, and nobody is charged by one that cannot be read.
    let controlled = |side: Side| -> BTreeSet<&str> {
        let lines = it.rechecked.control.iter().filter(|line| line.side == side);
        lines.map(|line| line.key.account.as_str()).collect()
    };
    assert_eq!(controlled(Side::Customer), BTreeSet::new());
    assert_eq!(controlled(Side::Master), BTreeSet::from(["MA_1", "MA_2", "MA_3"]));
    let charged: BTreeSet<&str> = it.rechecked.charged.iter().map(|it| it.account.as_str()).collect();
    assert_eq!(charged, BTreeSet::from(["MA_1", "MA_3"]));
    // The master's refusal says nothing of the customers' ledgers.
    desk.books().refused = [MASTER.to_owned()].into();
    let it = desk.recheck("2026-03").await.rechecking;
    assert!(it.rechecked.gaps.iter().any(|it| it.ledger.to_string() == MASTER));
    assert!(it.rechecked.control.iter().all(|line| line.side == Side::Customer));
    assert_eq!(classes(&it.rechecked.findings), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_waits_while_the_two_books_disagree_and_who_was_held_gets_none() {
    let desk = Desk::open(quiet()).await;
    // MA_3 is held: the master lacks an entry of its.
    desk.books().ledgers.get_mut(MASTER).unwrap().retain(|row| row.id != "e-MA_3-3");
    desk.close("2026-03").await;
    {
        let mut books = desk.books();
        let late = |account: &str| Row::call(&format!("late-{account}"), account, "10", "2026-03-20T10:00:00Z");
        // In its own ledger alone.
        books.ledgers.get_mut(&ledger("MA_1")).unwrap().push(late("MA_1"));
        books.post(&late("MA_3"));
    }
    let it = desk.recheck("2026-03").await.rechecking;
    let notes: Vec<_> = it.notes.iter().map(|it| (it.account.as_str(), it.status, it.reason.as_str())).collect();
    assert_eq!(notes, [("MA_1", NoteStatus::Held, "missing-from-master (1)")]);
    assert_eq!(it.held_then.iter().map(|it| it.account.as_str()).collect::<Vec<_>>(), ["MA_3"]);
    let of_held = it.rechecked.findings.iter().zip(&it.bearings);
    let of_held = of_held.filter(|(found, _)| found.side == Side::Customer && found.found.account() == Some("MA_3"));
    let told: Vec<&String> = of_held.map(|(_, bearing)| bearing).collect();
    assert_eq!(told, ["on the held list of the sealed run: missing-from-master (1)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_ends_with_what_it_found() {
    let desk = Desk::open(quiet()).await;
    let mut shell = crate::desk::Desk::alone();
    shell.variables = vec![
        ("VOBIZ_AUTH_ID", "PA_1".to_owned()),
        ("VOBIZ_AUTH_TOKEN", "the-token".to_owned()),
        ("TIEOUT_BASE_URL", desk.base_url.clone()),
    ];
    assert!(shell.ends(2, &["recheck", "2026-03"]).stderr.contains("no run here"));
    shell.ends(0, &["close", "--period", "2026-03"]);
    let unchanged = shell.ends(0, &["recheck", "2026-03", "--metrics", "a.prom"]);
    assert!(unchanged.stdout.contains("VERDICT: UNCHANGED") && !unchanged.stdout.contains("next: tieout"));
    let metrics = String::from_utf8(shell.read("a.prom")).unwrap();
    assert!(metrics.contains("\ntieout_exit_code 0\n"), "{metrics}");
    let again = shell.ends(0, &["recheck", "2026-03"]);
    assert!(
        again.stdout.contains("reports/2026-03.recheck: nothing has changed since this recheck"),
        "{}",
        again.stdout
    );
    desk.books().post(&Row::call("late", "MA_1", "100", "2026-03-30T18:00:00Z"));
    let told = shell.ends(3, &["recheck", "2026-03", "--json"]).json();
    assert_eq!((&told["findings"]["late-entry"], &told["notes"]["debit"]), (&2.into(), &1.into()));
    assert_eq!(told["run"], "reports/2026-03.recheck2");
    let text = shell.read("reports/2026-03.recheck2/summary.txt");
    insta::assert_snapshot!("summary", without_runs(&String::from_utf8(text).unwrap()));
    let notes = shell.table("reports/2026-03.recheck2/notes.csv");
    shell.ends(0, &["explain", "reports/2026-03.recheck2", &notes[0]["note_id"]]);
    shell.ends(0, &["verify", "reports/2026-03.recheck2"]);
    shell.ends(0, &["verify", "reports/2026-03"]);
    desk.books().refused.insert(ledger("MA_2"));
    assert!(shell.ends(4, &["recheck", "2026-03"]).stdout.contains("VERDICT: INCOMPLETE"));
    // Findings add up to what the totals have moved by, in the paper itself.
    let sum = |rows: &[std::collections::BTreeMap<String, String>], column: &str| -> Amount {
        rows.iter().map(|row| amount(&row[column])).sum()
    };
    let folder = "reports/2026-03.recheck3";
    let (findings, control) =
        (shell.table(&format!("{folder}/findings.csv")), shell.table(&format!("{folder}/control.csv")));
    assert_eq!(sum(&findings, "effect"), sum(&control, "effect"));
    assert_eq!(shell.table(&format!("{folder}/gaps.csv"))[0]["kind"], "not-rechecked");
}

/// A summary without what differs from day to day: digests, which hold the date of the fetch.
fn without_runs(text: &str) -> String {
    let digest = |line: &&str| !["Archive", "Seal ", "Rests on"].iter().any(|label| line.starts_with(label));
    text.lines().filter(digest).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_recheck_reads_as_its_golden_text() {
    let desk = Desk::open(quiet()).await;
    let mut told = String::new();
    let mut tell = async |what: &str, run: &str, auth_id: Option<&str>| {
        let mut request = desk.request(run, "2026-05-12");
        if let Some(auth_id) = auth_id {
            request.line.credentials.auth_id = tieout::domain::AccountId::parse(auth_id).unwrap();
        }
        let refused = tieout::run::recheck::recheck(&request, &Nobody).await.map(drop).unwrap_err();
        let failure = tieout::cli::Failure::from(refused);
        let line = failure.line().replace(&desk.path("").display().to_string(), "");
        let hint = failure.hint.map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
        told.push_str(&format!("# {what}\nexit {}: {line}\n{hint}\n", failure.exit.code()));
    };
    tell("no run", "2026-03", None).await;
    tieout::run::fetch(&desk.request("2026-03", "2026-04-10"), &Nobody).await.unwrap();
    tell("a run that is not sealed", "2026-03", None).await;
    tieout::run::settle(&desk.path("2026-03"), None, &Nobody).map(drop).unwrap();
    tell("another partner's credentials", "2026-03", Some("PA_2")).await;
    desk.recheck("2026-03").await;
    tell("a recheck of a recheck", "2026-03.recheck", None).await;
    let mut april = desk.request("2026-04", "2026-05-12");
    (april.period, april.plan.period) = ("2026-04".parse().unwrap(), "2026-04".parse().unwrap());
    (april.plan.from, april.plan.to) = april.period.window(2);
    tieout::run::close(&april, &Nobody).await.map(drop).unwrap();
    tell("the run folder of another month", "2026-04", None).await;
    let mut demo = desk.request("demo", "2026-04-10");
    demo.terms.scenario = Some("of the demo".to_owned());
    tieout::run::close(&demo, &Nobody).await.map(drop).unwrap();
    tell("a simulated run", "demo", None).await;
    let archive = desk.path("PA_1.archive.sqlite");
    std::fs::rename(&archive, desk.path("kept")).unwrap();
    tell("no archive", "2026-03", None).await;
    drop(Archive::open(&archive, "PA_1").unwrap());
    tell("an archive without the evidence", "2026-03", None).await;
    let paper = desk.path("2026-03/held.csv");
    std::fs::write(&paper, "account\n").unwrap();
    tell("a paper that is not the sealed one", "2026-03", None).await;
    // The digests are those of this very run's papers.
    let told: Vec<String> = told.lines().map(without_digests).collect();
    insta::assert_snapshot!("refusals", told.join("\n"));
}

fn without_digests(line: &str) -> String {
    let word = |word: &str| {
        if word.len() >= 64 && word.chars().all(|c| c.is_ascii_hexdigit()) { "…" } else { word }.to_owned()
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
