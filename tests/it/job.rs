//! The program as a job: logs that a collector reads, signals that end it well, metrics that tell of every end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;
use tieout::archive::FetchId;
use tieout::cli::{Ended, Exit, Metrics};
use tieout::domain::{Class, Severity, Verdict};
use tieout::fetch::Fetched;
use tieout::watch::{Close, Event, Watch};

use crate::desk::{Desk, Partner, Told, told};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO, asked_anew_only, durable, slow_desk, undisturbed};

/// The values of a metrics file, by name and labels; refuses what is not in the format.
fn metrics(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut described = String::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            let name = words[1].to_owned();
            assert!(name.starts_with("tieout_") && matches!(words[0], "HELP" | "TYPE"), "{line}");
            assert!(words[0] == "HELP" || (words[2] == "gauge" && described == name), "{line}");
            described = name;
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next().unwrap(), described, "{line}");
            assert!(value.chars().all(|c| c.is_ascii_digit() || c == '.'), "{line}");
            assert_eq!(values.insert(name.to_owned(), value.to_owned()), None, "{line}");
        }
    }
    values
}

fn metrics_at(desk: &Desk, name: &str) -> BTreeMap<String, String> {
    metrics(&String::from_utf8(desk.read(name)).unwrap())
}

#[test]
fn metrics_read_as_their_golden_text() {
    let run = Metrics::of("close", None);
    run.saw(Event::FetchEnded { requests: 31, retries: 2, requests_needed: 28, efficiency_per_mille: Some(987) });
    run.saw(Event::Sealed(Close {
        run: "2026-03".to_owned(),
        verdict: Verdict(Severity::Break),
        master_entries: 858,
        customer_entries: 829,
        breaks: BTreeMap::from([(Class::AmountDiffers, 2), (Class::MissingLedger, 1)]),
        invoices: 3,
        held: 1,
    }));
    let ended = Ended { exit: Exit::Breaks, took: Duration::from_millis(61_005), at_ms: 1_775_000_061_042 };
    insta::assert_snapshot!("metrics", run.text(&ended));
    // Of a run that came to nothing, only what is known.
    let run = Metrics::of("settle", None);
    let ended = Ended { exit: Exit::Usage, took: Duration::from_millis(7), at_ms: 1_775_000_000_000 };
    insta::assert_snapshot!("metrics_of_a_failure", run.text(&ended));
    assert_eq!(metrics(&run.text(&ended))["tieout_exit_code"], "2");
}

#[test]
fn metrics_tell_of_every_end() {
    let partner = Partner::of(SCENARIO);
    let mut desk = slow_desk(&partner);
    let close = [&CLOSE[..], &["--metrics", "tieout.prom"]].concat();
    let told = desk.ends(BREAKS, &[&close[..], &["--json"]].concat()).json();
    let found = metrics_at(&desk, "tieout.prom");
    let fetch = |key: &str| told["fetch"][key].to_string();
    assert_eq!(found["tieout_exit_code"], "3");
    assert_eq!(found["tieout_verdict{verdict=\"breaks\"}"], "1");
    assert_eq!(found["tieout_verdict{verdict=\"tied-out\"}"], "0");
    assert_eq!(found["tieout_breaks{class=\"amount-differs\",severity=\"break\"}"], "1");
    assert_eq!(found["tieout_requests"], fetch("requests"));
    assert_eq!(found["tieout_requests_needed"], fetch("requests_needed"));
    assert_eq!(found["tieout_invoices"], told["invoices"].to_string());
    assert_eq!(found["tieout_held"], told["held"].to_string());
    assert!(found["tieout_efficiency_ratio"].starts_with("0.") || found["tieout_efficiency_ratio"] == "1.000");
    let ended: u64 = found["tieout_end_timestamp_seconds"].split('.').next().unwrap().parse().unwrap();
    assert!(ended > 1_700_000_000);
    let entries = |side: &str| found[&format!("tieout_entries{{side=\"{side}\"}}")].parse::<u32>().unwrap();
    assert!(entries("master") > 500 && entries("customers") > 500);

    // The two halves tell their halves.
    desk.ends(0, &["fetch", "--period", "2026-03", "--metrics", "fetch.prom"]);
    let fetched = metrics_at(&desk, "fetch.prom");
    assert_eq!(fetched["tieout_exit_code"], "0");
    assert!(fetched.contains_key("tieout_requests") && !fetched.contains_key("tieout_invoices"));
    desk.ends(BREAKS, &["settle", "reports/2026-03.r2", "--metrics", "settle.prom"]);
    let settled = metrics_at(&desk, "settle.prom");
    assert!(!settled.contains_key("tieout_requests") && settled.contains_key("tieout_invoices"));

    // The same file tells of failures, too, and is replaced whole.
    desk.ends(2, &["settle", RUN, "--metrics", "tieout.prom"]);
    assert_eq!(metrics_at(&desk, "tieout.prom")["tieout_exit_code"], "2");
    desk.set("VOBIZ_AUTH_TOKEN", Some("wrong-wrong-wrong"));
    desk.ends(2, &close);
    let found = metrics_at(&desk, "tieout.prom");
    assert_eq!((found["tieout_exit_code"].as_str(), found["tieout_requests"].as_str()), ("2", "1"));
    assert_eq!(found.get("tieout_efficiency_ratio"), None);
    assert!(!found.keys().any(|name| name.starts_with("tieout_breaks")), "no run was sealed");
    desk.set("VOBIZ_AUTH_TOKEN", None);
    desk.ends(2, &close);
    assert_eq!(metrics_at(&desk, "tieout.prom")["tieout_exit_code"], "2");
    assert!(desk.files().iter().all(|(name, _)| !name.contains(".prom.new")));
}

#[test]
fn metrics_that_could_not_be_written_are_refused_before_anybody_is_asked() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = slow_desk(&partner);
    fs::create_dir(desk.path("folder")).unwrap();
    for file in ["nowhere/tieout.prom", "folder", "tieout.toml/x.prom"] {
        let told = desk.ends(2, &[&CLOSE[..], &["--metrics", file]].concat());
        assert!(
            told.stderr.contains(&format!("--metrics {file}")) && told.stderr.contains("hint: "),
            "{}",
            told.stderr
        );
    }
    assert_eq!(patience.answered(), Vec::<String>::new());
}

/// The lines of a log, each an object with a time, a level and a message.
fn log(told: &Told) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let lines: Vec<Value> = told.stderr.lines().map(line).collect();
    for line in &lines {
        let stamped = line["timestamp"].as_str().is_some_and(|it| it.ends_with('Z') && it.len() > 19);
        assert!(stamped && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    lines
}

#[test]
fn a_log_in_json_is_an_object_a_line_and_leaves_the_result_alone() {
    let partner = Partner::of(SCENARIO);
    let (plain, desk) = (slow_desk(&partner), slow_desk(&partner));
    let text = plain.ends(BREAKS, &CLOSE);
    let json = [&CLOSE[..], &["--log", "json"]].concat();
    let told = desk.ends(BREAKS, &json);
    let result = |told: &Told| told.stdout.lines().filter(|line| !line.starts_with("fetched with")).count();
    assert!(result(&told) > 20 && result(&told) == result(&text) && told.stdout.contains("VERDICT: BREAKS"));
    // Sentence by sentence the same as people read; only the efficiency is each run's own.
    let sentence = |line: &str| line.split(", efficiency").next().unwrap().to_owned();
    let said: Vec<String> = log(&told).iter().map(|line| sentence(line["message"].as_str().unwrap())).collect();
    assert_eq!(said, text.stderr.lines().map(sentence).collect::<Vec<_>>());
    assert!(told.stderr.contains("efficiency "), "{}", told.stderr);
    for loud in ["-v", "-vv"] {
        let told = desk.ends(0, &["--log", "json", loud, "fetch", "--period", "2026-03"]);
        assert!(log(&told).len() >= 3, "{loud}");
    }
    assert_eq!(desk.ends(BREAKS, &["--quiet", "--log", "json", "close", "--period", "2026-03"]).stderr, "");
    // Failures and warnings are in the log with their advice.
    let refused = log(&desk.ends(2, &["--log", "json", "--quiet", "settle", RUN]));
    assert_eq!((refused.len(), refused[0]["level"].as_str()), (1, Some("ERROR")));
    assert!(refused[0]["message"].as_str().unwrap().contains("sealed already") && refused[0]["hint"].is_string());
    let refused = log(&desk.ends(2, &["--log", "json", "--quiet", "fetch", "--period", "2199-12"]));
    assert!(
        refused[0]["message"].as_str().unwrap().contains("2199-12 has not begun") && refused[0]["hint"].is_string()
    );
    desk.write("rate-card.toml", "[markup]\ndefault = \"-5\"\n");
    let warned = log(&desk.tieout(&["--log", "json", "--quiet", "fetch", "--period", "2026-03"]));
    assert_eq!(warned[0]["level"], "WARN");
}

/// Begins a close, waits until it says this, and sends a signal.
fn signalled(desk: &Desk, signal: &str, after: &str) -> Told {
    let mut command = desk.started(env!("CARGO_BIN_EXE_tieout"));
    command.args(CLOSE).args(["--metrics", "tieout.prom"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    while !stderr.contains(after) && errors.read_line(&mut stderr).unwrap() > 0 {}
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    errors.read_to_string(&mut stderr).unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let status = child.wait().unwrap();
    Told { code: status.code().unwrap_or_else(|| panic!("{status} after {stderr}")), stdout, stderr }
}

#[test]
fn a_signal_ends_a_close_well_and_the_same_command_goes_on() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let calm = undisturbed(&partner);
    for signal in ["-TERM", "-INT", "-HUP"] {
        let desk = slow_desk(&partner);
        desk.write("tieout.toml", "[fetch]\nrequests_per_second = 20\n");
        patience.answered();
        let told = signalled(&desk, signal, " customers");
        assert_eq!((told.code, told.stdout.as_str()), (5, ""), "{}", told.stderr);
        let end = "error: interrupted\nhint: what was fetched is kept; the same command goes on from it\n";
        assert!(told.stderr.ends_with(end) && told.stderr.contains("fetch: "), "{}", told.stderr);
        let found = metrics_at(&desk, "tieout.prom");
        assert_eq!(found["tieout_exit_code"], "5");
        assert!(found["tieout_requests"].parse::<u32>().unwrap() >= 2);
        let on_disk = durable(&desk);
        assert!(on_disk.len() >= 2);
        patience.answered();
        slow(&desk);
        desk.ends(BREAKS, &CLOSE);
        assert!(asked_anew_only(&patience, &on_disk) > 0);
        assert!(desk.files_in(RUN) == calm);
    }
    // While it settles it ends whole, or says that it did not; in either case nothing is lost.
    let desk = slow_desk(&partner);
    let told = signalled(&desk, "-TERM", "normalise");
    assert!(matches!(told.code, BREAKS | 5), "{}{}", told.code, told.stderr);
    if told.code == 5 {
        desk.ends(BREAKS, &CLOSE);
    }
    assert!(desk.files_in(RUN) == calm);
}

/// A shell's `nohup` asks that a hangup be not heard, and a script's `&` the same of an interruption.
#[test]
fn a_signal_that_is_not_to_be_heard_is_not() {
    let partner = Partner::of(SCENARIO);
    let desk = slow_desk(&partner);
    for signal in ["HUP", "INT"] {
        let script = format!("trap '' {signal}; \"$1\" fetch --period 2026-03 & sleep 0.3; kill -{signal} $!; wait $!");
        let program = env!("CARGO_BIN_EXE_tieout");
        let told = told(desk.started("/bin/sh").args(["-c", &script, "sh", program]).output().unwrap());
        assert_eq!(told.code, 0, "{signal}: {}", told.stderr);
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error_in_words_and_the_same_command_goes_on() {
    let partner = Partner::of(SCENARIO);
    let desk = slow_desk(&partner);
    let calm = undisturbed(&partner);
    let mut refused = 0;
    // In blocks of 512 bytes: too small for the archive, for its log, for a paper.
    for blocks in [16, 100, 200, 400, 800] {
        let script = format!("ulimit -f {blocks} && \"$1\" close --period 2026-03");
        let program = env!("CARGO_BIN_EXE_tieout");
        let told = told(desk.started("/bin/sh").args(["-c", &script, "sh", program]).output().unwrap());
        assert!(matches!(told.code, 2 | BREAKS), "{blocks}: {}{}", told.code, told.stderr);
        if told.code == 2 {
            refused += 1;
            assert!(
                told.stderr.contains("error: ") && told.stderr.contains("`ulimit -f`"),
                "{blocks}: {}",
                told.stderr
            );
        } else {
            break;
        }
    }
    assert!(refused >= 2, "{refused}");
    if !desk.path(RUN).join("SEAL").exists() {
        desk.ends(BREAKS, &CLOSE);
    }
    assert!(desk.files_in(RUN) == calm);
}

/// Quick settings again.
fn slow(desk: &Desk) {
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 200\n");
}

#[test]
fn neither_repeats_nor_further_walks_count_as_needed() {
    let needed = |weather: &str| {
        let partner = Partner::of(&format!("{SCENARIO}{weather}"));
        let desk = Desk::at(&partner);
        desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\nattempts_max = 20\n");
        let told = desk.ends(0, &["fetch", "--period", "2026-03", "--json"]).json();
        let figure = |key: &str| told["fetch"][key].as_u64().unwrap();
        (figure("requests_needed"), figure("requests"), figure("retries"))
    };
    let calm = needed("");
    assert!(calm.0 > 10 && calm == (calm.0, calm.0, 0), "{calm:?}");
    let stormy = needed("[weather]\nserver_errors = 300\nfaults_max = 3\n");
    assert!(stormy.0 == calm.0 && stormy.1 > calm.0 && stormy.2 > 0, "{stormy:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// The figure is the share of the time that the requests needed would have taken at the allowed rate.
    #[test]
    fn efficiency_is_time_needed_by_time_taken(needed in 0_u64..1_000_000, rate in 1_u32..1000, elapsed_us in 1_u64..10_000_000_000) {
        let elapsed = Duration::from_micros(elapsed_us);
        let fetched = Fetched {
            requests: needed + 7, retries: 7, requests_needed: needed, requests_per_second: rate, elapsed,
            ..Fetched::nothing(FetchId::new(1))
        };
        match fetched.efficiency_per_mille() {
            None => prop_assert_eq!(needed, 0),
            Some(1000) => prop_assert!(needed * 1_000_000 / u64::from(rate) + 1 >= elapsed_us),
            Some(per_mille) => {
                // per mille × time taken ≤ time needed × 1000 < (per mille + 1) × time taken, but for rounding down.
                let needed = u128::from(needed) * 1_000_000_000;
                let taken = u128::from(elapsed_us) * u128::from(rate);
                prop_assert!(u128::from(per_mille) * taken <= needed && needed < u128::from(per_mille + 1) * taken + u128::from(rate));
            }
        }
    }
}
