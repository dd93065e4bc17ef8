//! The register of breaks: append-only, made from sealed runs, and what a decision changes and what it never does.

use std::fs;

use chrono::NaiveDate;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rusqlite::Connection;
use serde_json::Value;
use tieout::archive::Archive;
use tieout::domain::{Action, Break, Decision, Severity, Verdict, sha256};
use tieout::register::Register;
use tieout::run::{Earlier, Inputs, Settled, derive};
use tieout::simulator::{Scenario, World};
use tieout::watch::Nobody;

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO};
use crate::support::{archive, terms};

/// A text on one line, whatever the width it was set to.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A desk at which a month with one break is closed; gives the break as `tieout breaks` lists it, too.
fn closed(scenario: &str) -> (Partner, Desk, Value) {
    let partner = Partner::of(scenario);
    let desk = Desk::at(&partner);
    desk.ends(BREAKS, &CLOSE);
    let listed = desk.ends(0, &["breaks", "--json"]).json();
    let found = listed["breaks"][0].clone();
    assert_eq!((listed["known"].as_u64(), found["class"].as_str()), (Some(1), Some("amount-differs")));
    (partner, desk, found)
}

fn text<'a>(found: &'a Value, key: &str) -> &'a str {
    found[key].as_str().unwrap_or_else(|| panic!("{key} in {found}"))
}

fn accept(desk: &Desk, found: &Value, more: &[&str]) {
    let act = ["breaks", "accept", text(found, "break_id"), "--amount", text(found, "effect")];
    let why = ["--note", "agreed with the platform", "--by", "Asha"];
    desk.ends(0, &[&act[..], &why, more].concat());
}

#[test]
fn an_accepted_break_stays_in_the_sums_and_no_longer_holds_the_account() {
    let (_partner, desk, found) = closed(SCENARIO);
    let account = text(&found, "account");
    accept(&desk, &found, &[]);
    let told = desk.ends(0, &CLOSE);
    for said in [
        "VERDICT: TIED OUT ---",
        "the verdict would be `breaks` without",
        "Accepted 1 finding: in their tie-outs",
        "accepted by Asha",
        "agreed with the platform",
    ] {
        assert!(flat(&told.stdout).contains(said), "{said}\n{}", told.stdout);
    }
    let second = format!("{RUN}.r2");
    let row = |run: &str, paper: &str| {
        let rows = desk.table(&format!("{run}/{paper}.csv"));
        rows.into_iter()
            .find(|row| row["account"] == account && row.get("class").is_none_or(|it| it == "amount-differs"))
    };
    let (before, after) = (row(RUN, "breaks").unwrap(), row(&second, "breaks").unwrap());
    for column in ["break_id", "severity", "effect", "explanation", "age_days"] {
        assert_eq!(before[column], after[column], "{column}");
    }
    let decided = ["standing", "first_run", "decision", "note", "decided_by", "until"].map(|it| after[it].as_str());
    assert_eq!(decided, ["persisting", "2026-03", "accepted", "agreed with the platform", "Asha", ""]);
    let own = |run: &str| {
        let tie_outs = desk.table(&format!("{run}/tie_outs.csv"));
        let figures = ["difference", "explained", "gross", "residual", "bridge"];
        tie_outs.into_iter().map(|row| figures.map(|it| row[it].clone())).collect::<Vec<_>>()
    };
    assert_eq!(own(RUN), own(&second), "no sum changes");
    assert_eq!(row(RUN, "accounts").unwrap()["verdict"], "breaks");
    let account_row = row(&second, "accounts").unwrap();
    assert_eq!((account_row["verdict"].as_str(), account_row["accepted"].as_str()), ("tied-out", "1"));
    assert!(row(RUN, "held").is_some() && row(&second, "held").is_none() && row(&second, "invoices").is_some());

    // Later decisions change nothing that is sealed.
    accept(&desk, &found, &["--until", "2026-01-01"]);
    desk.ends(0, &["verify", RUN]);
    desk.ends(0, &["verify", &second]);
    let third = desk.ends(BREAKS, &CLOSE);
    assert!(third.stdout.contains("VERDICT: BREAKS"), "an acceptance that has expired is none: {}", third.stdout);
}

#[test]
fn decisions_have_a_history_and_the_list_is_filtered() {
    let (_partner, desk, found) = closed(SCENARIO);
    let id = text(&found, "break_id");
    desk.ends(0, &["breaks", "explain", id, "--note", "rated twice", "--by", "Bela"]);
    desk.ends(
        0,
        &["breaks", "assign", id, "--to", "Chandra", "--note", "ask support", "--by", "Bela", "--until", "2199-01-31"],
    );
    let shown = desk.ends(0, &["breaks", "show", id]).stdout;
    for said in [
        "run 2026-03: found, new",
        "explained by Bela: rated twice",
        "assigned to Chandra by Bela until 2199-01-31: ask support",
    ] {
        assert!(shown.contains(said), "{said}\n{shown}");
    }
    let told = flat(&desk.ends(BREAKS, &CLOSE).stdout);
    assert!(told.contains("assigned to Chandra by Bela, until 2199-01-31"), "{told}");
    let count = |filter: &[&str]| {
        let listed = desk.ends(0, &[&["breaks", "--json"], filter].concat()).json();
        listed["breaks"].as_array().unwrap().len()
    };
    let (account, age) = (text(&found, "account"), text(&found, "age"));
    let hits = [
        &["--class", "amount-differs"][..],
        &["--severity", "break"],
        &["--account", account],
        &["--standing", "persisting"],
        &["--age", age],
        &["--decision", "assigned"],
        &["--run", "2026-03.r2"],
        &["--all"],
    ];
    let misses = [
        &["--class", "timing"][..],
        &["--severity", "timing"],
        &["--account", "MA_NONE"],
        &["--standing", "new"],
        &["--age", if age == "0 to 1" { "over-30" } else { "0-1" }],
        &["--decision", "none"],
    ];
    for (filters, expected) in [(&hits[..], 1), (&misses[..], 0)] {
        for filter in filters {
            assert_eq!(count(filter), expected, "{filter:?}");
        }
    }
}

#[test]
fn every_refusal_says_what_was_seen_and_what_was_expected() {
    let (_partner, desk, found) = closed(SCENARIO);
    let id = text(&found, "break_id");
    let signed = ["--note", "n", "--by", "Asha"];
    let act = |words: &[&str]| desk.ends(2, &[words, &signed].concat()).stderr;
    let register = text(&desk.ends(0, &["breaks", "--json"]).json(), "partner").to_owned() + ".register.sqlite";
    let mut said = act(&["breaks", "accept", id, "--amount", "12.49"]);
    said += &act(&["breaks", "explain", "B-0000000000000000"]);
    said += &desk.ends(2, &["breaks", "explain", id, "--note", " ", "--by", "Asha"]).stderr;
    said += &desk.ends(2, &["breaks", "--register", "tieout.toml"]).stderr;
    said += &desk.ends(2, &["breaks", "--register", "none.sqlite"]).stderr;
    said += &desk.ends(2, &["breaks", "--reports", "nowhere"]).stderr;
    let other = desk.path("reports").join("PA_OTHER.register.sqlite");
    drop(Register::open(&other, "PA_OTHER").unwrap());
    // As a close makes it: one that is open to others would be worth a word.
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    said += &desk.ends(2, &["breaks"]).stderr;
    fs::copy(other, desk.path("reports").join(&register)).unwrap();
    said += &desk.ends(2, &CLOSE).stderr;
    said += &desk.ends(2, &["breaks", "--age", "9"]).stderr;
    let said = said.replace(id, "B-1").replace(register.trim_end_matches(".register.sqlite"), "PA_1");
    let said = said.replace(text(&found, "effect"), "EFFECT");
    let difference = said.find("(difference ").unwrap();
    let end = difference + said[difference..].find(')').unwrap();
    insta::assert_snapshot!(format!("{}(difference D{}", &said[..difference], &said[end..]));
}

#[test]
fn what_is_not_whole_can_be_accepted_by_nobody() {
    let partner =
        Partner::of(&SCENARIO.replace("amount-differs", "missing-ledger").replace("'breaks'", "'incomplete'"));
    let desk = Desk::at(&partner);
    desk.ends(4, &CLOSE);
    let found = desk.ends(0, &["breaks", "--severity", "incomplete", "--json"]).json()["breaks"][0].clone();
    let id = text(&found, "break_id");
    let refused = desk.ends(2, &["breaks", "accept", id, "--amount", "0", "--note", "n", "--by", "Asha"]).stderr;
    let said =
        "missing-ledger means that the evidence is not whole, which nobody can accept\nhint: explain or assign it";
    assert!(refused.contains(said), "{refused}");
    desk.ends(0, &["breaks", "assign", id, "--to", "Chandra", "--note", "n", "--by", "Asha"]);
    desk.ends(4, &CLOSE);
}

#[test]
fn the_register_is_append_only_and_its_sightings_are_made_anew_from_the_sealed_runs() {
    let (_partner, desk, found) = closed(SCENARIO);
    accept(&desk, &found, &[]);
    let (name, _) = desk.files().into_iter().find(|(name, _)| name.ends_with(".register.sqlite")).unwrap();
    let db = Connection::open(desk.path(&name)).unwrap();
    for table in ["partner", "runs", "sightings", "outcomes", "decisions"] {
        let column = if table == "partner" {
            "auth_id"
        } else if table == "decisions" {
            "note"
        } else {
            "seal"
        };
        let insert = "INSERT INTO outcomes SELECT seal, 'B-x', 'resolved', 1, NULL, 'w', 3 FROM runs WHERE NOT EXISTS (SELECT 1 FROM outcomes)";
        db.execute(insert, []).unwrap();
        for sql in [format!("UPDATE {table} SET {column} = 'x'"), format!("DELETE FROM {table}")] {
            let refused = db.execute(&sql, []).unwrap_err().to_string();
            assert_eq!(refused, "the register is append-only", "{sql}");
        }
    }
    drop(db);
    fs::remove_file(desk.path(&name)).unwrap();
    let again = desk.ends(0, &["breaks", "--json"]).json()["breaks"][0].clone();
    assert_eq!(again["decisions"].as_array().map(Vec::len), Some(0), "a decision is nowhere but in the register");
    for key in ["break_id", "effect", "gross", "standing", "first_run", "dated", "explanation"] {
        assert_eq!(again[key], found[key], "{key}");
    }
    // Noted once, however often the register is opened.
    desk.ends(0, &["breaks"]);
    let listed = desk.ends(0, &["breaks"]).stdout;
    let ends = listed.contains("\nbreaks: 1 of 1; sealed runs of PA_") && listed.trim_end().ends_with(": 1");
    assert!(ends, "{listed}");
}

#[test]
fn a_lost_register_takes_the_sealed_decisions_back_and_one_of_the_first_schema_is_renewed() {
    let (_partner, desk, found) = closed(SCENARIO);
    accept(&desk, &found, &[]);
    desk.ends(0, &CLOSE);
    let (name, _) = desk.files().into_iter().find(|(name, _)| name.ends_with(".register.sqlite")).unwrap();
    let before = desk.ends(0, &["breaks", "--all", "--json"]).json();
    fs::remove_file(desk.path(&name)).unwrap();
    let told = desk.ends(0, &["breaks"]).stdout;
    assert!(told.starts_with("the register had lost 1 decision; taken back from the runs sealed with them"), "{told}");
    assert_eq!(desk.ends(0, &["breaks", "--all", "--json"]).json(), before);
    fs::remove_file(desk.path(&name)).unwrap();
    assert!(desk.ends(0, &CLOSE).stdout.contains("Accepted    1 finding"), "a close looks for them, too");

    let db = Connection::open(desk.path(&name)).unwrap();
    db.execute_batch("ALTER TABLE runs DROP COLUMN rechecks; PRAGMA user_version = 1;").unwrap();
    drop(db);
    desk.ends(0, &["breaks"]);
    let listed = desk.ends(0, &["breaks", "--all", "--json"]).json();
    assert_eq!(listed["breaks"][0]["decisions"], before["breaks"][0]["decisions"]);
    assert_eq!(listed["runs"], 3);
}

#[test]
fn what_a_decision_changes_is_said_and_what_cannot_be_meant_is_refused() {
    let (_partner, desk, found) = closed(SCENARIO);
    let (id, effect) = (text(&found, "break_id"), text(&found, "effect"));
    let accept = |more: &[&str]| {
        let act = ["breaks", "accept", id, "--amount", effect, "--note", "n", "--by", "Asha"];
        flat(&desk.ends(0, &[&act[..], more].concat()).stdout)
    };
    assert!(accept(&[]).ends_with("next: close the month again; its new run takes the acceptance in"));
    assert!(accept(&["--until", "2026-01-01"]).ends_with("it is not in force, and takes back an acceptance before it"));
    let refused = desk.ends(2, &["breaks", "explain", id, "--note", "two\nlines", "--by", "Asha"]).stderr;
    assert!(refused.contains("the note has a control character, expected text on one line"), "{refused}");
    let refused = desk.ends(2, &["breaks", "explain", id, "--note", "n", "--by", "A\u{1b}[31m"]).stderr;
    assert!(refused.contains("the name has a control character"), "{refused}");
    let refused = desk.ends(2, &["breaks", "--run", "2026-02"]).stderr;
    assert!(refused.contains("run \"2026-02\": not among the sealed runs: 2026-03"), "{refused}");
}

#[test]
fn a_sound_month_leaves_an_empty_register_and_a_simulated_one_none() {
    let sound = SCENARIO.replace("[[flaws]]\nclass = 'amount-differs'\n", "").replace("'breaks'", "'tied-out'");
    let partner = Partner::of(&sound);
    let desk = Desk::at(&partner);
    desk.ends(0, &CLOSE);
    let listed = desk.ends(0, &["breaks"]).stdout;
    assert!(listed.starts_with("breaks: 0 of 0; sealed runs of PA_"), "{listed}");
    let alone = Desk::alone();
    alone.write("calm.toml", &sound);
    alone.ends(0, &["demo", "--scenario", "calm.toml", "--out", "reports/2026-03"]);
    assert!(alone.files().iter().all(|(name, _)| !name.contains("register")));
    let refused = alone.ends(2, &["breaks"]).stderr;
    assert!(refused.contains("reports: neither a register of breaks nor a sealed run here"), "{refused}");
}

fn decision(id: &str, action: Action, until: Option<&str>) -> Decision {
    Decision {
        break_id: id.to_owned(),
        action,
        amount: None,
        to: None,
        note: "n".to_owned(),
        by: "Asha".to_owned(),
        until: until.map(|day| day.parse().unwrap()),
        at: "2026-04-03T00:00:00Z".to_owned(),
    }
}

#[test]
fn a_decision_is_in_force_through_its_last_day_and_a_later_one_takes_its_place() {
    let (_partner, desk, found) = closed(SCENARIO);
    let (name, _) = desk.files().into_iter().find(|(name, _)| name.ends_with(".register.sqlite")).unwrap();
    let mut register = Register::open_existing(&desk.path(&name)).unwrap();
    let id = text(&found, "break_id");
    register.decide(&decision(id, Action::Explain, Some("2026-04-30"))).unwrap();
    let on = |register: &Register, day: &str| -> Vec<Option<NaiveDate>> {
        register.in_force(day.parse().unwrap()).unwrap().into_iter().map(|it| it.until).collect()
    };
    assert_eq!(on(&register, "2026-04-30"), ["2026-04-30".parse().ok()]);
    assert_eq!(on(&register, "2026-05-01"), []);
    register.decide(&decision(id, Action::Explain, None)).unwrap();
    register.decide(&decision(id, Action::Assign, Some("2026-04-01"))).unwrap();
    assert_eq!(on(&register, "2026-05-01"), [None]);
    register.decide(&decision(id, Action::Explain, Some("2026-04-01"))).unwrap();
    assert_eq!(on(&register, "2026-04-03"), [], "the last one of its kind has expired: it takes the ones before back");
    assert_eq!(register.decisions(Some(id)).unwrap().len(), 4, "nothing is lost");
}

#[test]
fn an_acceptance_leads_whatever_was_decided_after_it_and_of_equals_the_last() {
    let [accepted, again, assigned, explained] =
        [Action::Accept, Action::Accept, Action::Assign, Action::Explain].map(|action| decision("B-1", action, None));
    let again = Decision { note: "again".to_owned(), ..again };
    assert_eq!(Decision::leading([&accepted, &assigned]), Some(&accepted));
    assert_eq!(Decision::leading([&assigned, &accepted]), Some(&accepted));
    assert_eq!(Decision::leading([&accepted, &again]), Some(&again));
    assert_eq!(Decision::leading([&assigned, &explained]), Some(&explained));
    assert_eq!(Decision::leading([]), None);
}

/// The world of many flaws, archived once, and settled with decisions.
struct Flawed {
    scenario: Scenario,
    archive: Archive,
    _folder: tempfile::TempDir,
}

impl Flawed {
    fn new() -> Self {
        let flaws = [
            "missing-from-customer",
            "amount-differs",
            "duplicate-entry",
            "timing",
            "unknown-account",
            "unpaired-debit",
            "status-differs",
        ];
        let flaws: String = flaws.map(|class| format!("[[flaws]]\nclass = '{class}'\n")).concat();
        let scenario = Scenario::read(&SCENARIO.replace("[[flaws]]\nclass = 'amount-differs'\n", &flaws)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&scenario, &World::build(&scenario).unwrap(), &folder.path().join("a.sqlite"));
        Self { scenario, archive, _folder: folder }
    }

    fn settled(&self, decisions: Vec<Decision>) -> Settled {
        let (period, partner) = (self.scenario.world.period, self.archive.partner().to_owned());
        let fetch = self.archive.latest(period).unwrap().unwrap();
        let evidence = sha256(self.archive.evidence(fetch).unwrap().manifest().as_bytes());
        let earlier = Earlier { numbers_from: 1, decisions, ..Earlier::default() };
        let inputs = Inputs::new(period.to_string(), period, partner, evidence, &terms(&self.scenario), earlier);
        derive(&self.archive, inputs, &Nobody).unwrap()
    }
}

#[test]
fn acceptances_never_change_a_sum() {
    let flawed = Flawed::new();
    let plain = flawed.settled(Vec::new());
    let graver: Vec<&Break> =
        plain.reconciliation.breaks.iter().filter(|it| it.class().severity() > Severity::Notice).collect();
    assert!(graver.len() >= 7, "{}", graver.len());
    let config = ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let drawn = prop::collection::vec((any::<bool>(), prop::bool::weighted(0.2)), graver.len());
    proptest::test_runner::TestRunner::new(config)
        .run(&drawn, |drawn| {
            let decisions: Vec<Decision> = graver
                .iter()
                .zip(&drawn)
                .filter(|(_, (taken, _))| *taken)
                .map(|(found, (_, wrong))| {
                    let units = found.effect().units() + i128::from(*wrong);
                    let amount = Some(tieout::domain::Amount::from_units(units));
                    Decision { amount, ..decision(found.id(), Action::Accept, None) }
                })
                .collect();
            let books = flawed.settled(decisions).reconciliation;
            let accepted =
                |id: &str| graver.iter().zip(&drawn).any(|(it, (taken, wrong))| it.id() == id && *taken && !*wrong);
            for (with, without) in books.tie_outs.iter().zip(&plain.reconciliation.tie_outs) {
                prop_assert_eq!(
                    (with.key(), with.effects(), with.bridge()),
                    (without.key(), without.effects(), without.bridge())
                );
                prop_assert_eq!((with.residual(), with.difference()), (without.residual(), without.difference()));
            }
            prop_assert_eq!(books.tie_outs.len(), plain.reconciliation.tie_outs.len());
            prop_assert_eq!(&books.proposals, &plain.reconciliation.proposals);
            let ids =
                |breaks: &[Break]| breaks.iter().map(|it| (it.id().to_owned(), it.legs().to_vec())).collect::<Vec<_>>();
            prop_assert_eq!(ids(&books.breaks), ids(&plain.reconciliation.breaks));
            let weight = |it: &Break| if accepted(it.id()) { Severity::Notice } else { it.class().severity() };
            prop_assert!(books.breaks.iter().all(|it| it.accepted() == accepted(it.id())));
            prop_assert_eq!(Some(books.verdict), books.breaks.iter().map(weight).max().map(Verdict));
            for standing in &books.accounts {
                let worst =
                    books.breaks.iter().filter(|it| it.accounts().any(|of| of == standing.account)).map(weight).max();
                prop_assert_eq!(standing.verdict, Verdict(worst.unwrap_or(Severity::None)));
                let tied = books.tied.iter().any(|it| it.account() == standing.account);
                prop_assert!(tied == standing.verdict.ties_out() || standing.account.starts_with("PA_"));
            }
            prop_assert!(books.held.iter().all(|it| !it.reason.is_empty() && !it.reason.starts_with(',')));
            Ok(())
        })
        .unwrap();
}
