//! Everything that can be refused is refused before the first request, and `check` refuses what a close does: settings and rate
//! cards mutated by the thousand, and each way in which a place cannot be used.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use clap::Parser;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::archive::Archive;
use tieout::cli::{Args, Command, Environment, Examined, Failure, Month, examine};
use tieout::fetch::Secret;

use crate::desk::{Desk, Partner};

/// The seed of the mutations.
const SEED: u64 = 20_261_129;

/// How many are tried; of these every so-many-th by the program itself.
const MUTATIONS: usize = 2_000;
const BY_THE_PROGRAM: usize = 40;

const SETTINGS: &str = r#"
rate_card = "card.toml"
reports = "reports"
archive = "own.sqlite"

[partner]
timezone = "Asia/Kolkata"
base_url = "https://api.vobiz.ai/api/v1/partner"
global_ledger = "expected"
credentials_file = "keys.toml"

[fetch]
requests_per_second = 20
pad_days = 2

[reconcile]
tolerance = "0"

[invoice]
regime = "gst"
due_days = 15
pdf = false

[invoice.supplier]
name = "Sagar Voice Private Limited"
address = "4 Museum Road"
gstin = "29AAFCS4821K1Z1"

[[classify]]
description_prefix = "WhatsApp"
class = "whatsapp"

[export]
formats = ["xero", "hledger"]
csv = "plain"

[export.ledgers]
xero_sales = "200"
wallet = "Liabilities:Wallets"

[export.customers]
MA_7 = "Asha Traders"
"#;

const CARD: &str = r#"
name = "standard"
currency = "INR"
rounding = "half-up"

[markup]
default = "20"

[markup.accounts.MA_7]
default = "5"

[[fees]]
name = "Platform fee"
amount = "499"

[minimum]
amount = "100"

[series]
prefix = "INV-{fy}-"
width = 5
first = 1

[credit_notes]
prefix = "CN-"
"#;

/// What stands in the place of a value.
const VALUES: [&str; 36] = [
    "\"\"",
    "\".\"",
    "\"/\"",
    "\"file\"",
    "\"file/x\"",
    "\"folder\"",
    "\"folder/\"",
    "\"nowhere/deep/x\"",
    "\"other.sqlite\"",
    "\"empty.sqlite\"",
    "\"text.sqlite\"",
    "\"open.toml\"",
    "\"customer.toml\"",
    "\"broken.toml\"",
    "\"keys.toml\"",
    "\"card.toml\"",
    "\"/proc/nothing/x\"",
    "\"a\\u0000b\"",
    "\"..\"",
    "\"=1+1\"",
    "\"-x\"",
    "\"http://example.com\"",
    "\"https://1.2.3.4.5\"",
    "\"https://[::1\"",
    "\"https://h:99999\"",
    "\"UTC\"",
    "\"none\"",
    "\"import\"",
    "0",
    "-1",
    "99",
    "9999999999",
    "999999999999",
    "true",
    "[]",
    "[\"zoho\"]",
];

/// One line less, one line twice, another value, or a character more, less or otherwise.
fn mutated(text: &str, random: &mut ChaCha8Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let at = random.random_range(0..lines.len());
    match random.random_range(0..10) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2..=7 => {
            let with_value: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains(" = ")).collect();
            let at = *with_value.choose(random).unwrap();
            let (key, _) = lines[at].split_once(" = ").unwrap();
            lines[at] = format!("{key} = {}", VALUES.choose(random).unwrap());
        }
        _ => {
            let line: Vec<char> = lines[at].chars().collect();
            let place = random.random_range(0..=line.len());
            let (before, behind) = line.split_at(place);
            let cut = usize::from(random.random_bool(0.5)).min(behind.len());
            let more = ["", "9", "x", "\"", "-", "/", "é", "[", "{fy}"].choose(random).unwrap();
            lines[at] = before.iter().collect::<String>() + more + &behind[cut..].iter().collect::<String>();
        }
    }
    lines.join("\n")
}

/// Lays down what the settings name, and what they are made to name.
fn world(desk: &Desk) {
    fs::create_dir(desk.path("folder")).unwrap();
    desk.write("file", "no folder");
    desk.write("empty.sqlite", "");
    desk.write("text.sqlite", "no archive");
    drop(Archive::open(&desk.path("own.sqlite"), "PA_1").unwrap());
    drop(Archive::open(&desk.path("other.sqlite"), "PA_2").unwrap());
    for (name, text, mode) in [
        ("keys.toml", "auth_id = \"PA_1\"\nauth_token = \"t0ken-t0ken\"\n", 0o600),
        ("open.toml", "auth_id = \"PA_1\"\nauth_token = \"t0ken-t0ken\"\n", 0o644),
        ("customer.toml", "auth_id = \"MA_1\"\nauth_token = \"t0ken-t0ken\"\n", 0o600),
        ("broken.toml", "auth_id = \"PA_1\"\n", 0o600),
    ] {
        desk.write(name, text);
        fs::set_permissions(desk.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// What a close of March makes of the settings before its first request.
fn begun(config: &Path, environment: &Environment) -> Result<(), Failure> {
    let arguments = ["tieout", "close", "--period", "2026-03", "--config", config.to_str().unwrap()];
    let Command::Close(close) = Args::try_parse_from(arguments).unwrap().command else { panic!("no close") };
    Month::prepare_close(&close.month, environment).map(drop)
}

/// Whether both say the same, and the close's reason is among those that `check` tells.
fn agree(examined: &Examined, begun: &Result<(), Failure>) -> bool {
    let problems = &examined.checked.problems;
    let Err(refused) = begun else { return examined.is_sound() };
    let told = |line: &str| problems.iter().find(|problem| problem.line.contains(line));
    // None at all may come from wherever the close is started.
    let absent = refused.line().starts_with("no credentials") && told("no credentials").is_some_and(|it| !it.refused);
    absent || (!examined.is_sound() && told(&refused.line()).is_some_and(|it| it.refused))
}

#[test]
fn check_refuses_what_a_close_refuses_before_its_first_request() {
    let (partner, asked) =
        Partner::saying("name = 'n'\nprose = 'p'\nseed = 1\nexpected.verdict = 'tied-out'\n", 401, "{}");
    let mut desk = Desk::at(&partner);
    desk.set("VOBIZ_AUTH_ID", Some("PA_1"));
    desk.set("VOBIZ_AUTH_TOKEN", Some("t0ken-t0ken"));
    world(&desk);
    let mut environment = Environment::read();
    environment.base_url = None;
    desk.write("tieout.toml", SETTINGS);
    desk.write("card.toml", CARD);
    let unmoved = examine(Some(&desk.path("tieout.toml")), false, &environment);
    assert!(unmoved.is_sound(), "{:?}", unmoved.checked.problems);
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let (mut refused, mut disagree) = (0, Vec::new());
    for number in 0..MUTATIONS {
        let of_card = random.random_bool(0.3);
        let settings = if of_card { SETTINGS.to_owned() } else { mutated(SETTINGS, &mut random) };
        let card = if of_card { mutated(CARD, &mut random) } else { CARD.to_owned() };
        desk.write("tieout.toml", &settings);
        desk.write("card.toml", &card);
        let (id, token) = *[(true, true), (true, true), (false, false), (true, false)].choose(&mut random).unwrap();
        environment.auth_id = id.then(|| "PA_1".to_owned());
        environment.auth_token = token.then(|| Secret::new("t0ken-t0ken".to_owned()));
        let config = desk.path("tieout.toml");
        let (examined, begun) = (examine(Some(&config), false, &environment), begun(&config, &environment));
        if !agree(&examined, &begun) {
            let problems: Vec<&str> = examined.checked.problems.iter().map(|it| it.line.as_str()).collect();
            let begun = begun.as_ref().map_err(Failure::line);
            disagree
                .push(format!("seed {SEED}, number {number}: close {begun:?}, check {problems:?}\n{settings}{card}"));
        }
        refused += usize::from(begun.is_err());
        if number % (MUTATIONS / BY_THE_PROGRAM) == 0 {
            let sound = {
                let mut environment = environment.clone();
                (environment.auth_id, environment.auth_token) =
                    (Some("PA_1".to_owned()), Some(Secret::new("t0ken-t0ken".to_owned())));
                examine(Some(&config), false, &environment).is_sound()
            };
            desk.ends(if sound { 0 } else { 2 }, &["check"]);
            asked.store(0, Ordering::SeqCst);
            desk.ends(2, &["close", "--period", "2026-03"]);
            assert_eq!(asked.load(Ordering::SeqCst), usize::from(sound), "{settings}{card}");
        }
        assert!(!desk.path("reports/2026-03").exists() || number > 0);
    }
    assert!(
        disagree.is_empty(),
        "{} disagree:\n{}",
        disagree.len(),
        disagree[..disagree.len().min(3)].join("\n----\n")
    );
    assert!((MUTATIONS / 4..MUTATIONS * 9 / 10).contains(&refused), "{refused} of {MUTATIONS} are refused");
}

/// A desk whose partner counts what it is asked, and has some patience.
fn patient() -> (Partner, std::sync::Arc<crate::desk::Patience>, Desk) {
    let scenario = "name = 'n'\nprose = 'p'\nseed = 1\n[world]\nperiod = '2026-03'\ncustomers = 2\nentries = 20\n\
                    [expected]\nverdict = 'tied-out'\n";
    let (partner, patience) = Partner::failing_after(scenario, usize::MAX);
    let desk = Desk::at(&partner);
    (partner, patience, desk)
}

#[test]
fn a_run_folder_that_could_not_be_sealed_is_refused_before_anything_is_asked() {
    let (_partner, patience, desk) = patient();
    let close = |out: &str, part: &str| {
        let told = desk.ends(2, &["close", "--period", "2026-03", "--out", out]);
        assert!(told.stdout.is_empty() && told.stderr.contains(part), "{out}: {}", told.stderr);
        assert_eq!(patience.answered(), Vec::<String>::new(), "{out}");
        told.stderr
    };
    desk.ends(0, &["sync", "--period", "2026-02"]);
    patience.answered();
    let told = close("reports", ".archive.sqlite");
    assert!(
        told.contains("in the way") && told.contains("hint: before it is sealed, a run folder holds run.json alone"),
        "{told}"
    );
    close(".", "not a folder");
    close("/", "not a folder");
    desk.write("file", "");
    close("file", "in the way");
    close("file/2026-03", "file");
    std::os::unix::fs::symlink(desk.path("reports"), desk.path("link")).unwrap();
    close("link", "in the way");
    fs::create_dir_all(desk.path("own/invoices")).unwrap();
    close("own", "own/invoices");
    // A run from which the seal was taken away is not gone on with in silence.
    desk.ends(0, &["close", "--period", "2026-03"]);
    patience.answered();
    let seal = desk.read("reports/2026-03/SEAL");
    fs::remove_file(desk.path("reports/2026-03/SEAL")).unwrap();
    let told = desk.ends(6, &["close", "--period", "2026-03"]).stderr;
    assert!(told.contains("reports/2026-03: SEAL is missing, and the register keeps seal"), "{told}");
    desk.write("reports/2026-03/SEAL", &seal);
    fs::create_dir_all(desk.path("odd")).unwrap();
    desk.write("odd/close.json", "{}");
    close("odd", "odd: the papers of a run without their SEAL");
    // What a fetch leaves, whole or cut off, is.
    desk.ends(0, &["fetch", "--period", "2026-01"]);
    desk.write("reports/2026-01/.run.json.new", "{");
    desk.ends(0, &["close", "--period", "2026-01"]);
}

#[test]
fn an_archive_that_cannot_be_used_is_refused_before_anything_is_asked() {
    let (_partner, patience, desk) = patient();
    world(&desk);
    for archive in
        ["other.sqlite", "text.sqlite", "folder", "folder/", "file/a.sqlite", "/proc/nothing/a.sqlite", "/dev/null"]
    {
        desk.write("tieout.toml", format!("archive = \"{archive}\"\n"));
        for arguments in
            [&["close", "--period", "2026-03"][..], &["fetch", "--period", "2026-03"], &["sync"], &["check"]]
        {
            let told = desk.ends(2, arguments);
            assert!(!told.stdout.contains("fit for a close"), "{archive} {arguments:?}");
        }
    }
    desk.write("tieout.toml", "[partner]\ntimezone = \"UTC\"\n\n[fetch]\n");
    desk.write("empty.toml", "archive = \"\"\n");
    let told = desk.ends(2, &["close", "--period", "2026-03", "--config", "empty.toml"]).stderr;
    assert!(told.starts_with("error: empty.toml, line 1, column 11: the path is empty, expected a file\n"), "{told}");
    assert_eq!(patience.answered(), Vec::<String>::new());
    assert!(!desk.path("reports").exists());
    // An empty file becomes one.
    desk.write("tieout.toml", "archive = \"empty.sqlite\"\n[fetch]\nrequests_per_second = 1000\n");
    desk.ends(0, &["check"]);
    desk.ends(0, &["close", "--period", "2026-03"]);
}

#[test]
fn the_settings_archive_is_that_of_every_command() {
    let (_partner, _patience, desk) = patient();
    let quick = "[fetch]\nrequests_per_second = 1000\n";
    desk.write("tieout.toml", quick);
    desk.ends(0, &["close", "--period", "2026-02"]);
    desk.write("tieout.toml", format!("archive = \"kept/books.sqlite\"\n{quick}"));
    fs::create_dir(desk.path("kept")).unwrap();
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    let run = "reports/2026-03";
    desk.ends(0, &["draft", run]);
    desk.ends(0, &["settle", run]);
    desk.ends(0, &["verify", run]);
    let account = &desk.table("reports/2026-03/accounts.csv")[0]["account"];
    desk.ends(0, &["explain", run, account]);
    desk.ends(0, &["pack", run]);
    assert!(desk.files_in("kept").iter().any(|(name, _)| name.ends_with(".register.sqlite")), "beside the archive");
    // A pack is its own archive; a run of before the settings named one rests on the one beside it.
    desk.ends(0, &["verify", "reports/2026-03.pack"]);
    desk.ends(0, &["verify", "reports/2026-02"]);
    // What --archive names goes first, and --config names other settings.
    desk.ends(6, &["verify", "reports/2026-02", "--archive", "kept/books.sqlite"]);
    desk.write("plain.toml", "");
    fs::rename(desk.path("kept/books.sqlite"), desk.path("kept/moved.sqlite")).unwrap();
    desk.ends(0, &["verify", run, "--archive", "kept/moved.sqlite"]);
    // An archive that is not there says nothing about the run: 2, unless its own papers were altered.
    for command in [&["verify", run][..], &["explain", run, account], &["pack", run, "--out", "x.pack"]] {
        let told = desk.ends(2, command);
        assert!(
            told.stderr.contains("kept/books.sqlite: no such file") && told.stderr.contains("hint: "),
            "{}",
            told.stderr
        );
    }
    desk.write("reports/2026-03/held.csv", "altered");
    assert!(desk.ends(6, &["verify", run]).stdout.contains("held.csv"));
    let told = desk.ends(6, &["verify", "reports/2026-02", "--config", "plain.toml", "--archive", "kept/moved.sqlite"]);
    assert!(told.stdout.contains("no fetch of 2026-02"), "{}", told.stdout);
}

#[test]
fn what_heals_by_itself_is_5_and_what_does_not_is_2() {
    let (partner, patience, mut desk) = patient();
    let archive = desk.path(&format!("reports/{}.archive.sqlite", partner.world.partner().auth_id));
    fs::create_dir(desk.path("reports")).unwrap();
    let at_work = Archive::open(&archive, &partner.world.partner().auth_id).unwrap();
    let told = desk.ends(5, &["close", "--period", "2026-03"]).stderr;
    assert!(told.contains("another run is writing to it\nhint: wait for the other run, or end it"), "{told}");
    assert_eq!(patience.answered(), Vec::<String>::new());
    drop(at_work);
    desk.set("VOBIZ_AUTH_TOKEN", Some("wrong-wrong-wrong"));
    let told = desk.ends(2, &["close", "--period", "2026-03"]).stderr;
    assert!(told.contains("me: HTTP 401") && told.contains("hint: the partner API takes"), "{told}");
    desk.ends(2, &["check", "--online"]);
}
