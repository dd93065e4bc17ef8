//! `check`: what it looks at, in which order, how it ends. The messages themselves are in `fixtures/refusals/checks`.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tieout::domain::{Place, TomlText};
use tieout::invoice::RateCard;
use tieout::normalise::{Rule, Rules};
use tieout::settings::{Settings, check};

use crate::desk::Desk;

/// A desk whose environment holds the credentials of somebody.
fn desk() -> Desk {
    let mut desk = Desk::alone();
    desk.set("VOBIZ_AUTH_ID", Some("PA_1"));
    desk.set("VOBIZ_AUTH_TOKEN", Some("t0ken-t0ken"));
    desk
}

#[test]
fn the_settings_of_others_are_found_beside_nothing() {
    let desk = desk();
    fs::remove_file(desk.path("tieout.toml")).unwrap();
    let told = desk.ends(0, &["check"]);
    insta::assert_snapshot!(told.stdout, @r#"
    warning: no tieout.toml in this folder: the defaults hold
    hint: `tieout init` writes one; `--config` names another
    warning: no rate-card.toml beside the settings: usage is billed at cost
    hint: `tieout init` writes one; `rate_card` in the settings names another
    the defaults: fit for a close, 2 warnings
    "#);
    let told = desk.ends(2, &["check", "--config", "none.toml"]);
    assert!(told.stdout.starts_with("error: none.toml: No such file or directory"), "{}", told.stdout);
}

#[test]
fn credentials_are_looked_at_and_never_shown() {
    let mut desk = desk();
    desk.write("rate-card.toml", "[markup]\ndefault = \"20\"\n");
    assert_eq!(desk.ends(0, &["check"]).stdout, "tieout.toml, rate-card.toml: fit for a close, no warnings\n");
    desk.set("VOBIZ_AUTH_TOKEN", None);
    assert!(desk.ends(2, &["check"]).stdout.contains("error: VOBIZ_AUTH_TOKEN is not set although"));
    desk.set("VOBIZ_AUTH_ID", None);
    // None at all may come from wherever the close is started; to ask the partner there must be some.
    assert!(desk.ends(0, &["check"]).stdout.contains("warning: no credentials, expected"));
    assert!(desk.ends(2, &["check", "--online"]).stdout.contains("error: no credentials, expected"));
    desk.write("tieout.toml", "[partner]\ncredentials_file = \"keys.toml\"\n");
    let keys = |text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        desk.write("keys.toml", text);
        fs::set_permissions(desk.path("keys.toml"), fs::Permissions::from_mode(mode)).unwrap();
    };
    keys("auth_id = \"PA_1\"\nauth_token = \"s3cret-s3cret\"\n", 0o644);
    let told = desk.ends(2, &["check"]).stdout;
    assert!(told.contains("keys.toml: mode 644 lets others in") && told.contains("hint: chmod 600"), "{told}");
    keys("auth_id = \"PA_1\"\nauth_token = \"s3cret-s3cret\"\n", 0o600);
    desk.ends(0, &["check"]);
    keys("auth_id = \"PA_1\"\ns3cret-s3cret", 0o600);
    let told = desk.ends(2, &["--json", "check"]);
    let problem = &told.json()["problems"][0];
    assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(2), Some(14)));
    assert!(!told.stdout.contains("s3cret"), "{}", told.stdout);
}

#[test]
fn the_address_in_the_environment_is_looked_at() {
    let mut desk = desk();
    desk.set("TIEOUT_BASE_URL", Some("http://example.com"));
    let told = desk.ends(2, &["check", "--online"]).stdout;
    assert!(told.contains("error: TIEOUT_BASE_URL: plain HTTP to \"example.com\""), "{told}");
}

#[test]
fn scripts_get_every_problem_with_its_place() {
    let desk = desk();
    desk.write("tieout.toml", "[fetch]\nconcurrency = 0\nrate = 1\n");
    desk.write("rate-card.toml", "[markup]\ndefault = \"-5\"\n");
    let json = desk.ends(2, &["--json", "check"]).json();
    let problems: Vec<String> = json["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            let [severity, file] = ["severity", "file"].map(|key| problem[key].as_str().unwrap());
            format!("{severity} {file} {} {}", problem["line"], problem["column"])
        })
        .collect();
    assert_eq!(problems, ["error tieout.toml 2 15", "error tieout.toml 3 1", "warning rate-card.toml 2 1"]);
    assert_eq!((json["exit"].as_u64(), json["rate_card"].as_str()), (Some(2), Some("rate-card.toml")));
}

#[test]
fn a_month_that_has_not_begun_is_refused_before_anything_is_asked() {
    let desk = desk();
    for command in ["close", "fetch", "sync"] {
        let told = desk.ends(2, &[command, "--period", "2199-01"]).stderr;
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("error: 2199-01 has not begun: today is 20"), "{told}");
        assert!(lines[1].starts_with("hint: 20") && lines[1].ends_with(" is the last month that is over"), "{told}");
        assert_eq!(lines.len(), 2);
    }
    assert!(!desk.path("reports").exists());
}

#[test]
fn what_check_refuses_is_what_a_close_refuses() {
    let desk = desk();
    let texts = [
        "[fetch]\nconcurrency = 0\n",
        "rate_card = \"none.toml\"\n",
        "[[classify]]\nclass = \"call\"\n",
        "[partner]\nbase_url = \"http://example.com\"\n",
        "[partner\n",
    ];
    for text in texts {
        desk.write("tieout.toml", text);
        let (checked, closed) = (desk.ends(2, &["check"]), desk.ends(2, &["close", "--period", "2026-03"]));
        let first = closed.stderr.lines().next().unwrap();
        assert!(checked.stdout.contains(first), "{first}\n{}", checked.stdout);
    }
}

#[test]
fn a_card_that_was_sealed_with_a_fee_twice_can_still_be_verified() {
    let fee = "[[fees]]\nname = \"Platform fee\"\namount = \"1\"\n";
    RateCard::parse(&format!("{fee}{fee}")).unwrap_err();
    let once = serde_json::to_value(RateCard::parse(fee).unwrap()).unwrap();
    let mut twice = once.clone();
    twice["fees"].as_array_mut().unwrap().push(once["fees"][0].clone());
    assert_eq!(serde_json::from_value::<RateCard>(twice).unwrap().fees().len(), 2);
}

fn rule() -> impl Strategy<Value = Rule> {
    let text = || prop::option::weighted(0.5, prop::sample::select(vec!["a", "A", "ab", "aB", "b", "bab"]));
    (0..3_usize, text(), text(), text(), text()).prop_map(|(direction, kind, reference, prefix, part)| Rule {
        direction: [None, Some(tieout::domain::Direction::Debit), Some(tieout::domain::Direction::Credit)][direction],
        kind: kind.map(ToOwned::to_owned),
        reference_prefix: reference.map(ToOwned::to_owned),
        description_prefix: prefix.map(ToOwned::to_owned),
        description_contains: part.map(ToOwned::to_owned),
        class: tieout::domain::ChargeClass::parse("x").unwrap(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// A rule with fewer conditions, or the same, leaves nothing to one with more; and one that leaves nothing to another
    /// leaves nothing to whatever that one leaves nothing to.
    #[test]
    fn what_a_rule_leaves_to_others_is_an_order(a in rule(), b in rule(), c in rule(), dropped in 0..5_usize) {
        prop_assert!(a.leaves_nothing_to(&a));
        let mut wider = a.clone();
        match dropped {
            0 => wider.direction = None,
            1 => wider.kind = None,
            2 => wider.reference_prefix = None,
            3 => wider.description_prefix = None,
            _ => wider.description_contains = None,
        }
        prop_assert!(wider.leaves_nothing_to(&a));
        if a.leaves_nothing_to(&b) && b.leaves_nothing_to(&c) {
            prop_assert!(a.leaves_nothing_to(&c));
        }
    }

    /// However many keys of a section are wrong, each is told at its line, and the right ones are still read.
    #[test]
    fn faults_do_not_hide_each_other(wrong in prop::collection::vec(any::<bool>(), 6)) {
        let keys = ["requests_per_second", "concurrency", "attempts_max", "timeout_seconds", "pad_days", "walks_max"];
        let lines = keys.iter().zip(&wrong).map(|(key, wrong)| format!("{key} = {}\n", i32::from(!*wrong)));
        let text = format!("[fetch]\n{}", lines.collect::<String>());
        let (_, settings, faults) = TomlText::read::<Settings>(&text);
        let told: Vec<usize> = faults.iter().map(|fault| fault.place.line).collect();
        let expected: Vec<usize> = wrong.iter().enumerate().filter(|(_, wrong)| **wrong).map(|(at, _)| at + 2).collect();
        prop_assert_eq!(told, expected);
        prop_assert_eq!(settings.fetch.walks_max == 1, !wrong[5]);
    }
}

#[test]
fn keys_are_found_where_they_stand() {
    let text = "a = 1\n[b]\n  c = [1, 22]\n[[d]]\n[[d]]\ne = { f = 'é', g = 2 }\n";
    let (found, _, faults) = TomlText::read::<toml::Table>(text);
    assert_eq!(faults, []);
    let key = |path: &[&str]| found.place_of_key(path);
    let place = |line, column| Place { line, column };
    assert_eq!((key(&["a"]), found.place_of_value(&["a"])), (place(1, 1), place(1, 5)));
    assert_eq!((key(&["b", "c"]), key(&["b", "c", "1"])), (place(3, 3), place(3, 11)));
    assert_eq!((key(&["d", "1"]), key(&["d", "1", "e", "g"])), (place(5, 1), place(6, 16)));
    // What is not written: whatever would hold it.
    assert_eq!((key(&["b", "x", "y"]), key(&["x"]), key(&[])), (place(2, 2), place(1, 1), place(1, 1)));
}

#[test]
fn billable_classes_are_those_of_charges_and_refunds() {
    let classes = Rules::new(&[]).billable_classes();
    let has = |class: &str| classes.contains(class);
    assert!(["call", "other", "refund", "number-rental", "daily-usage"].into_iter().all(has), "{classes:?}");
    assert!(!has("top-up") && !has("unclassified") && !has("transfer"));
    let checked = check(Some(std::path::Path::new("no-such-file.toml")), chrono::DateTime::default());
    assert!(checked.problems.iter().any(|problem| problem.refused) && checked.card.is_none());
}

#[test]
fn export_settings_that_cannot_be_meant_are_refused_with_their_place() {
    let texts = [
        "[export]\nformats = ['tally', 'sap']",
        "[export]\nformat = ['tally']",
        "[export]\ncsv = 'excel'",
        "[export.ledgers]\nsale = 'Sales'",
        "[export.ledgers]\nsales = ''",
        "[export.ledgers]\ncgst = 'C\tGST'",
        "[export.ledgers]\nwallet = 'Wallets'",
        "[export.ledgers]\nwallet = 'Liabilities:my'",
        "[export.ledgers]\nwallet = 'Liabilities:My wallets'",
        "[export.ledgers]\nwallet = 'Liabilities:Prepaid'",
        "[export.ledgers]\nwallet = 'Liabilities:Prepaid:Wallets'",
        "[export.customers]\n'MA/1' = 'Alpha'",
        "[export.customers]\nMA_1 = ' Alpha'",
    ];
    let read = |text: &str| Settings::parse(text, Path::new("tieout.toml")).unwrap_err().to_string();
    insta::assert_snapshot!(texts.map(read).join("\n"));
}
