//! What `--json` says: of each command one object that states its own outcome, as the schemas in `fixtures/outcomes` publish it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::CommandFactory;
use serde_json::Value;
use tieout::cli::{Args, Ending};

use crate::desk::{Desk, Partner, Told, told};
use crate::evidence::{Harm, archive_of, harm};
use crate::foreign::desk_at;
use crate::killed::SCENARIO;
use crate::raw::{call, calls, sound_page};
use crate::raw_server::{RawServer, ok};
use crate::schema::{faults_and_strangers, published};
use crate::support::{files_below, fixture};

const MARCH: &str = "reports/2026-03";

/// The object of a command, which must be as published, state this outcome, and end with the code that it says.
pub(crate) fn stated(told: &Told, schema: &str, outcome: &str) -> Value {
    let json = told.json();
    assert_eq!(told.stdout.lines().count(), 1, "{}", told.stdout);
    let found = faults_and_strangers(&published(&format!("{schema}.schema.json")), &json);
    assert!(found.is_empty(), "{schema}: {found:?}\n{json:#}");
    assert_eq!((json["outcome"].as_str(), json["exit"].as_i64()), (Some(outcome), Some(told.code.into())), "{json:#}");
    let stands_for = Ending::ALL.into_iter().find(|it| it.word() == outcome);
    if let Some(ending) = stands_for {
        assert_eq!((ending.meaning(), i32::from(ending.exit().code())), (json["meaning"].as_str().unwrap(), told.code));
    }
    json
}

/// Runs a command for its object.
fn states(desk: &Desk, outcome: &str, arguments: &[&str]) -> Value {
    let told = desk.tieout(&[arguments, &["--json"]].concat());
    stated(&told, arguments[0], outcome)
}

/// A command that comes to nothing says so with the keys of a failure, which its own schema lets in.
fn fails(desk: &Desk, code: i32, arguments: &[&str]) {
    let told = desk.ends(code, &[arguments, &["--json"]].concat());
    let json = stated(&told, arguments[0], "failed");
    stated(&told, "failure", "failed");
    assert_eq!(json["command"], arguments[0]);
    assert!(told.stderr.contains(&format!("error: {}\n", json["error"].as_str().unwrap())), "{}", told.stderr);
}

#[test]
fn a_close_and_what_is_done_with_it_state_their_own_outcome() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    let sync = states(&desk, "synced", &["sync", "--period", "2026-03"]);
    assert_eq!(sync["period"], "2026-03");
    states(&desk, "fetched", &["fetch", "--period", "2026-03"]);
    states(&desk, "drafted", &["draft", MARCH]);
    let settled = states(&desk, "breaks", &["settle", MARCH]);
    assert_eq!((&settled["verdict"], &settled["fetch"]), (&"breaks".into(), &Value::Null));
    // The run has breaks, and none of what follows is about them.
    let verified = states(&desk, "verified", &["verify", MARCH]);
    assert!(!verified["meaning"].as_str().unwrap().contains("tied out"), "{verified}");
    let listed = states(&desk, "listed", &["breaks"]);
    let found = &listed["breaks"][0];
    let (id, effect) = (found["break_id"].as_str().unwrap(), found["effect"].as_str().unwrap());
    states(&desk, "shown", &["breaks", "show", id]);
    let signed = ["--note", "seen", "--by", "Asha", "--until", "2099-01-01"];
    let amount = format!("--amount={effect}");
    states(&desk, "decided", &[&["breaks", "accept", id, &amount][..], &signed].concat());
    states(&desk, "decided", &[&["breaks", "assign", id, "--to", "Ravi"][..], &signed].concat());
    states(&desk, "decided", &[&["breaks", "explain", id][..], &signed].concat());
    states(&desk, "shown", &["breaks", "show", id]);
    states(&desk, "explained", &["explain", MARCH, id]);
    states(&desk, "packed", &["pack", MARCH]);
    states(&desk, "verified", &["verify", "reports/2026-03.pack"]);
    let again = states(&desk, "unchanged", &["recheck", "2026-03"]);
    assert_eq!(again["verdict"], "unchanged");
    // The acceptance leaves the second run tied out.
    let closed = states(&desk, "tied-out", &["close", "--period", "2026-03"]);
    assert_eq!(closed["run"], "reports/2026-03.r2");
    desk.write(&format!("{MARCH}/held.csv"), "a\n");
    let altered = states(&desk, "not-verified", &["verify", MARCH]);
    assert_eq!(altered["verified"], false);
    for (code, arguments) in [
        (2, &["settle", MARCH][..]),
        (2, &["draft", "reports/none"]),
        (2, &["verify", "reports/none"]),
        (2, &["explain", MARCH, "B-none"]),
        (2, &["breaks", "show", "B-none"]),
        (2, &["pack", "reports/none"]),
        (2, &["recheck", "2026-02"]),
        (2, &["close", "--period", "2099-01"]),
        (2, &["fetch", "--period", "2099-01"]),
        (2, &["sync", "--period", "2099-01"]),
    ] {
        fails(&desk, code, arguments);
    }
}

#[test]
fn what_is_kept_is_stated_sound_or_damaged_and_by_what_it_verifies() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(3, &["close", "--period", "2026-03"]);
    desk.ends(0, &["pack", MARCH]);
    let sound = states(&desk, "archive-sound", &["archive", "check"]);
    assert_eq!((&sound["sound"], &sound["archives"][0]["damaged"]), (&true.into(), &Value::Array(Vec::new())));
    let harmed = harm(&desk.path(&archive_of(&partner)), Harm::Torn, |at| at < 2).len();
    let of = |told: &Value, key: &str| told["archives"][0][key].as_array().unwrap().len();
    for way in ["check", "repair"] {
        let damaged = states(&desk, "archive-damaged", &["archive", way]);
        assert_eq!(
            (of(&damaged, "damaged"), &damaged["archives"][0]["damaged"][0]["runs"][0]),
            (harmed, &"2026-03".into())
        );
    }
    let repaired = states(&desk, "archive-sound", &["archive", "repair", "--from", "reports/2026-03.pack"]);
    assert_eq!((of(&repaired, "restored"), &repaired["archives"][0]["renewed"]), (harmed, &harmed.into()));
    let earlier = fixture("audit/2026-03.0.1.0.pack");
    let told = states(&desk, "verified-in-figures", &["verify", earlier.to_str().unwrap()]);
    assert_eq!((&told["verified"], &told["earlier"]["version"]), (&true.into(), &"0.1.0".into()));
    desk.write("reports/text.sqlite", "no database");
    fails(&desk, 2, &["archive", "check", "reports/text.sqlite"]);
}

#[test]
fn what_is_not_whole_and_what_has_changed_is_stated() {
    let lost =
        Partner::of(&SCENARIO.replace("'amount-differs'", "'missing-ledger'").replace("'breaks'", "'incomplete'"));
    let desk = Desk::at(&lost);
    let synced = states(&desk, "synced-in-part", &["sync", "--period", "2026-03"]);
    assert_eq!(synced["ledgers"]["lost"], 1);
    states(&desk, "incomplete", &["close", "--period", "2026-03"]);
    let calm =
        Partner::of(&SCENARIO.replace("'amount-differs'", "'timing'").replace("'breaks'", "'tied-out-with-timing'"));
    states(&Desk::at(&calm), "tied-out-with-timing", &["close", "--period", "2026-03"]);
}

#[test]
fn a_month_that_changed_after_its_seal_is_stated() {
    let late = Arc::new(AtomicBool::new(false));
    let is_there = Arc::clone(&late);
    let server = RawServer::new(move |request| {
        let own = [calls("MA_A"), vec![call("e-late", "MA_A", "1.25")]].concat();
        let all = [own.clone(), calls("MA_B"), calls("MA_C")].concat();
        let rows = match request {
            _ if !is_there.load(Ordering::SeqCst) || request.contains("transaction_type") => return None,
            _ if request.starts_with("accounts/MA_A/transactions") => own,
            _ if request.starts_with("transactions") => all,
            _ => return None,
        };
        Some(ok(sound_page(&rows)))
    });
    let (_runtime, desk) = desk_at(&server);
    states(&desk, "tied-out", &["close", "--period", "2026-03"]);
    late.store(true, Ordering::SeqCst);
    let changed = states(&desk, "changed", &["recheck", "2026-03"]);
    assert!(changed["findings"]["late-entry"].as_u64() > Some(0), "{changed}");
}

#[test]
fn what_the_register_knows_of_runs_is_stated() {
    let partner = Partner::of(crate::runs::SCENARIO);
    let desk = Desk::at(&partner);
    crate::runs::close(&desk, &["2026-03"]);
    let listed = states(&desk, "runs-listed", &["runs"]);
    assert_eq!((&listed["runs"][0]["state"], &listed["runs"][0]["lost"]), (&"sealed".into(), &Value::Null));
    assert!(!listed["runs"][0]["documents"].as_array().unwrap().is_empty(), "{listed}");
    crate::runs::take_away(&desk, "2026-03");
    let forgotten = states(&desk, "runs-forgotten", &["runs", "forget", "2026-03", "--because", "a disk that died"]);
    assert_eq!(forgotten["runs"][0]["lost"]["because"], "a disk that died");
    fails(&desk, 2, &["runs", "forget", "2026-09", "--because", "never was"]);
}

#[test]
fn commands_that_need_no_partner_state_their_outcome() {
    let desk = Desk::alone();
    states(&desk, "unfit", &["check", "--config", "none.toml"]);
    desk.write("small.toml", SCENARIO);
    let demo = states(&desk, "as-planted", &["demo", "--scenario", "small.toml", "--out", "demo"]);
    assert_eq!((&demo["verdict"], &demo["mistakes"]), (&"breaks".into(), &Value::Array(Vec::new())));
    desk.write("wrong.toml", SCENARIO.replace("'breaks'", "'tied-out'"));
    states(&desk, "not-as-planted", &["demo", "--scenario", "wrong.toml", "--out", "other"]);
    states(&desk, "fit", &["check"]);
    states(&desk, "written", &["init", "--dir", ".", "--force", "--offline"]);
    states(&desk, "completions", &["completions", "bash"]);
    states(&desk, "manual", &["manual"]);
    for arguments in [&["demo", "--scenario", "none.toml"][..], &["simulate", "--scenario", "none.toml"]] {
        fails(&desk, 2, arguments);
    }
    let told = desk.ends(2, &["init", "--offline", "--json"]);
    stated(&told, "init", "failed");
}

#[test]
fn what_is_asked_online_is_stated() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    let fit = states(&desk, "fit", &["check", "--online"]);
    assert_eq!(fit["partner"]["auth_id"], partner.world.partner().auth_id);
    let written = states(&desk, "written", &["init", "--dir", ".", "--force"]);
    assert!(written["partner"].is_object(), "{written}");
    let (refusing, _) = Partner::saying(SCENARIO, 401, r#"{"message":"no"}"#);
    let desk = desk.with(&refusing);
    fails(&desk, 2, &["check", "--online"]);
}

#[test]
fn a_simulator_says_where_it_is_in_its_one_object() {
    let desk = Desk::alone();
    desk.write("small.toml", SCENARIO);
    let mut command = desk.started(env!("CARGO_BIN_EXE_tieout"));
    command.args(["simulate", "--scenario", "small.toml", "--listen", "127.0.0.1:0", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let id = i32::try_from(child.id()).unwrap();
    let ended = std::process::Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(ended.success());
    let rest = told(child.wait_with_output().unwrap());
    assert_eq!((rest.code, rest.stdout.as_str()), (0, ""), "{}", rest.stderr);
    let json = stated(&Told { stdout: first, ..rest }, "simulate", "serving");
    assert!(json["base_url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{json}");
}

#[test]
fn arguments_that_cannot_be_used_are_objects_too() {
    let desk = Desk::alone();
    let refused = [
        (&["close", "--json"][..], "the following required arguments were not provided: --period <YYYY-MM>"),
        (&["close", "--period", "2026-13", "--json"], "invalid value '2026-13' for '--period <YYYY-MM>': "),
        (&["--json", "reconcile"], "unrecognized subcommand 'reconcile'"),
        (&["close", "--period", "2026-03", "--token", "x", "--json"], "unexpected argument '--token' found"),
        (&["--json", "-q", "-v", "manual"], "the argument '--quiet' cannot be used with '--verbose...'"),
        (&["--json"], "no command, expected one"),
    ];
    for (arguments, said) in refused {
        let told = desk.ends(2, arguments);
        let json = stated(&told, "failure", "failed");
        let error = json["error"].as_str().unwrap();
        assert!(error.starts_with(said) && json["hint"].is_string() && json["command"].is_null(), "{json:#}");
        assert!(told.stderr.starts_with(&format!("error: {error}\nhint: ")), "{}", told.stderr);
    }
    // What stands behind `--` is no option.
    assert_eq!(desk.ends(2, &["settle", "a", "--", "--json", "b"]).stdout, "");
    let told = desk.ends(2, &["close", "--log", "json", "--json"]);
    stated(&told, "failure", "failed");
    let line: Value = serde_json::from_str(told.stderr.trim_end()).unwrap();
    assert_eq!((line["level"].as_str(), line["message"].as_str()), (Some("ERROR"), told.json()["error"].as_str()));
    assert!(desk.ends(2, &["close", "--log=json"]).stderr.starts_with('{'));
    for (arguments, outcome) in [(["--help"], "help"), (["--version"], "version")] {
        let told = desk.ends(0, &[&arguments[..], &["--json"]].concat());
        let json = stated(&told, "help", outcome);
        assert_eq!(json["text"].as_str().unwrap().trim_end(), desk.ends(0, &arguments).stdout.trim_end());
    }
}

#[test]
fn a_schema_is_published_for_every_command_and_every_outcome() {
    let commands: BTreeSet<String> = Args::command().get_subcommands().map(|it| it.get_name().to_owned()).collect();
    let mut files = BTreeSet::new();
    let mut outcomes = BTreeSet::new();
    for (path, text) in files_below(&[fixture("outcomes")], "json") {
        let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".schema.json").unwrap().to_owned();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let mut left = vec![&schema];
        while let Some(part) = left.pop() {
            let words = part["properties"]["outcome"]["enum"].as_array().into_iter().flatten();
            outcomes.extend(words.map(|word| word.as_str().unwrap().to_owned()));
            left.extend(["anyOf", "allOf"].iter().filter_map(|word| part[*word].as_array()).flatten());
        }
        files.insert(name);
    }
    let beside = ["common", "failure", "help"].map(ToOwned::to_owned);
    assert_eq!(files, commands.into_iter().chain(beside).collect());
    let words = Ending::ALL.map(Ending::word).into_iter().chain(["failed"]).map(ToOwned::to_owned);
    assert_eq!(outcomes, words.collect::<BTreeSet<String>>());
}
