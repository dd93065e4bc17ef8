//! The command line from outside: exit codes, messages, streams; and progress from its events.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tieout::cli::{Exit, Failure, Progress, Tally};
use tieout::domain::{AccountId, Class, List, Severity, Verdict};
use tieout::watch::{Event, Watch};

/// Runs the program in a folder, with nothing but these variables in its environment.
fn tieout(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tieout"));
    command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied()).output().unwrap()
}

/// Exit code, stdout and stderr.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const KEYS: [(&str, &str); 2] = [("VOBIZ_AUTH_ID", "PA_1"), ("VOBIZ_AUTH_TOKEN", "t0ken-t0ken")];

#[test]
fn help_names_every_command_exit_code_and_break() {
    let folder = tempfile::tempdir().unwrap();
    let (code, help, nothing) = told(&tieout(folder.path(), &["--help"], &[]));
    assert_eq!((code, nothing.as_str()), (0, ""));
    // Long lines are wrapped; the words are what counts.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let wrapped = words(&help);
    for exit in Exit::ALL {
        assert!(wrapped.contains(&format!("{} {}", exit.code(), exit.meaning())), "{exit:?}");
    }
    for class in Class::ALL {
        let line = format!("{class} {} {}", class.severity().word(), class.meaning());
        assert!(wrapped.contains(&words(&line)), "{class}");
    }
    let commands = [
        "init",
        "check",
        "demo",
        "close",
        "fetch",
        "settle",
        "recheck",
        "verify",
        "explain",
        "breaks",
        "pack",
        "simulate",
        "completions",
        "manual",
    ];
    for command in commands {
        let (code, text, _) = told(&tieout(folder.path(), &[command, "--help"], &[]));
        assert!(code == 0 && help.contains(&format!("\n  {command} ")) && text.contains("Usage: tieout"), "{command}");
    }
}

#[test]
fn exit_codes_are_a_contract() {
    assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 5, 6]);
    let of = |severity| Exit::from(Verdict(severity)).code();
    let severities = [Severity::None, Severity::Notice, Severity::Timing, Severity::Break, Severity::Incomplete];
    assert_eq!(severities.map(of), [0, 0, 0, 3, 4]);
}

#[test]
fn arguments_that_cannot_be_used_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let refused = [
        &["close"][..],
        &["close", "--period", "2026-13"],
        &["close", "--period", "03/2026"],
        &["settle"],
        &["verify", "run", "--expect-seal", "abc"],
        &["simulate", "--scenario", "x.toml", "--listen", "nowhere"],
        &["close", "--period", "2026-03", "--token", "t0ken"],
        &["close", "--period", "2026-03", "--quiet", "--verbose"],
        &["reconcile"],
        &[],
    ];
    for arguments in refused {
        let (code, stdout, stderr) = told(&tieout(folder.path(), arguments, &KEYS));
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains("Usage: tieout") || stderr.contains("try '--help'"), "{arguments:?}: {stderr}");
    }
    let (_, _, stderr) = told(&tieout(folder.path(), &["close", "--period", "2026-13"], &KEYS));
    assert!(stderr.contains("\"2026-13\" is not a period"), "{stderr}");
}

#[test]
fn settings_that_cannot_be_used_exit_2_with_one_error_and_one_hint() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.toml"), "[fetch]\nconcurrency = 0\n").unwrap();
    fs::write(folder.path().join("card.toml"), "rate_card = \"rates.toml\"\n").unwrap();
    fs::write(folder.path().join("rates.toml"), "[markup]\ndefault = \"-100\"\n").unwrap();
    let close = |config: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["close", "--period", "2026-03"][..], config].concat();
        let (code, stdout, stderr) = told(&tieout(folder.path(), &arguments, variables));
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        stderr
    };
    let plain = [KEYS[0], KEYS[1], ("TIEOUT_BASE_URL", "http://example.com")];
    let messages = [
        close(&["--config", "bad.toml"], &KEYS),
        close(&["--config", "card.toml"], &KEYS),
        close(&["--config", "none.toml"], &KEYS),
        close(&[], &[]),
        close(&[], &[KEYS[0], ("VOBIZ_AUTH_TOKEN", "")]),
        close(&[], &plain),
    ];
    insta::assert_snapshot!(messages.concat(), @r#"
    error: bad.toml, line 2, column 15: 0 is not within 1 to 256
    hint: every setting has a default: what is not needed can be left out
    error: rates.toml, line 2, column 11: "-100" is not a markup (percent above -100, at most 1000, up to 4 decimals, as in "12.5")
    hint: a markup of -100 % or less would give usage away; "0" bills at cost, "-99.9999" is the least
    error: none.toml: No such file or directory (os error 2)
    hint: a path in the settings is relative to the settings file, an argument to the current folder
    error: no credentials, expected VOBIZ_AUTH_ID and VOBIZ_AUTH_TOKEN in the environment
    hint: the settings can name a file instead (partner.credentials_file); `tieout demo` needs no credentials
    error: VOBIZ_AUTH_TOKEN is not set although its other half is
    hint: the value itself is never shown
    error: TIEOUT_BASE_URL: plain HTTP to "example.com", expected https:// (http:// is for this machine alone)
    hint: without it, the settings' partner.base_url is used
    "#);
}

#[test]
fn a_failure_is_one_json_object_for_scripts_and_a_line_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = told(&tieout(folder.path(), &["--json", "fetch", "--period", "2026-03"], &[]));
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, json["exit"].as_u64()), (2, Some(2)));
    let error = json["error"].as_str().unwrap();
    assert!(stderr.starts_with(&format!("error: {error}\nhint: ")), "{stderr}");
}

#[test]
fn causes_are_told_once() {
    let error = anyhow::anyhow!("disk full").context("archive.sqlite: disk full").context("failed to keep a page");
    let failure = Failure::new(Exit::Incomplete, error, None);
    assert_eq!(failure.line(), "failed to keep a page: archive.sqlite: disk full");
}

/// A stream that the test can look into.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ledger(account: usize) -> List {
    List::Ledger(AccountId::parse(&format!("MA_{account}")).unwrap())
}

#[test]
fn plain_lines_are_few() {
    let (page, clock) = (Page::default(), Arc::new(AtomicU64::new(0)));
    let seconds = Arc::clone(&clock);
    let progress = Progress::lines(page.clone(), move || Duration::from_secs(seconds.load(Ordering::SeqCst)));
    progress.saw(Event::FetchBegan { period: "2026-03".to_owned(), pages_held: 0 });
    progress.saw(Event::AccountsListed { accounts: 2 });
    for account in 1..=2 {
        progress.saw(Event::ListOpened { list: ledger(account), pages: 20 });
    }
    for number in 1..=20 {
        clock.fetch_add(1, Ordering::SeqCst);
        progress.saw(Event::PageKept { list: ledger(1), page: number });
    }
    progress.saw(Event::ListDone { list: ledger(1) });
    progress.saw(Event::ListMissing { list: ledger(2), reason: "HTTP 404: \u{1b}[2Jgone".to_owned() });
    progress.saw(Event::FetchEnded { requests: 23, retries: 1, requests_needed: 22, efficiency_per_mille: Some(987) });
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    insta::assert_snapshot!(text, @r#"
    fetching 2026-03
    2 customers
    10 of 40 pages, 0 of 2 ledgers, 10 s
    20 of 40 pages, 0 of 2 ledgers, 20 s
    accounts/MA_2/transactions: missing (HTTP 404: \u{1b}[2Jgone)
    fetch: 23 requests, 1 of them repeats, efficiency 98.7 % of the allowed rate
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// However the events of many lists interleave, never more is done than expected, and at the end all of it is.
    #[test]
    fn a_tally_never_runs_ahead(pages in prop::collection::vec((0_u64..6, 0_u64..6, any::<bool>()), 1..6), order in any::<u64>()) {
        let mut queues: Vec<Vec<Event>> = pages.iter().enumerate().map(|(account, (promised, kept, again))| {
            let list = ledger(account);
            let walk = |events: &mut Vec<Event>| {
                events.push(Event::ListOpened { list: list.clone(), pages: *promised });
                events.extend((0..*kept).map(|_| Event::PageKept { list: list.clone(), page: 1 }));
            };
            let mut events = Vec::new();
            walk(&mut events);
            if *again {
                events.push(Event::WalkedAgain { list: list.clone(), walk: 2, reason: "shifted".to_owned() });
                walk(&mut events);
            }
            events.push(Event::ListDone { list: list.clone() });
            events.reverse();
            events
        }).collect();
        let mut tally = Tally::default();
        tally.count(&Event::AccountsListed { accounts: pages.len() });
        let (mut turn, all) = (order, u64::try_from(pages.len()).unwrap());
        while queues.iter().any(|queue| !queue.is_empty()) {
            turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let next = usize::try_from(turn >> 40).unwrap() % queues.len();
            if let Some(event) = queues[next].pop() {
                tally.count(&event);
            }
            let ((pages, pages_of), (ledgers, ledgers_of)) = (tally.pages(), tally.ledgers());
            prop_assert!(pages <= pages_of && ledgers <= ledgers_of);
        }
        let kept: u64 = pages.iter().map(|(_, kept, _)| kept).sum();
        prop_assert_eq!((tally.pages(), tally.ledgers()), ((kept, kept), (all, all)));
    }
}
