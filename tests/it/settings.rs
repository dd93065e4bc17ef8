//! Settings and credentials: defaults, places in messages, and secrets that no message shows.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tieout::domain::{Amount, Direction, Place};
use tieout::fetch::{Credentials, Secret};
use tieout::invoice::RateCard;
use tieout::settings::{BaseUrl, GlobalLedger, Settings, find_credentials};

fn parse(text: &str) -> Result<Settings, String> {
    Settings::parse(text, Path::new("month/tieout.toml")).map_err(|refused| refused.to_string())
}

#[test]
fn an_empty_file_and_no_file_are_the_defaults() {
    let settings = Settings::parse("", Path::new("tieout.toml")).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.partner.timezone, chrono_tz::Asia::Kolkata);
    assert_eq!(settings.partner.base_url.as_str(), "https://api.vobiz.ai/api/v1/partner");
    assert_eq!(settings.partner.global_ledger, GlobalLedger::Expected);
    assert_eq!(settings.reconcile.tolerance, Amount::ZERO);
    assert_eq!((settings.fetch.pad_days, settings.reports), (2, PathBuf::from("reports")));
}

#[test]
fn everything_can_be_set_and_paths_are_relative_to_the_file() {
    let settings = parse(
        r#"
        rate_card = "cards/2026.toml"
        archive = "/var/lib/books.sqlite"
        reports = "closed"
        [partner]
        timezone = "Europe/Berlin"
        base_url = "http://127.0.0.1:8090/api/v1/partner/"
        global_ledger = "none"
        credentials_file = "credentials.toml"
        [fetch]
        requests_per_second = 5
        concurrency = 2
        attempts_max = 3
        timeout_seconds = 10
        pad_days = 3
        walks_max = 4
        [reconcile]
        tolerance = "0.01"
        [[classify]]
        direction = "debit"
        type = "did_rental"
        reference_prefix = "num:"
        description_prefix = "Number"
        description_contains = "monthly"
        class = "number-rental"
        "#,
    )
    .unwrap();
    assert_eq!(settings.rate_card.as_deref(), Some(Path::new("month/cards/2026.toml")));
    assert_eq!(settings.archive.as_deref(), Some(Path::new("/var/lib/books.sqlite")));
    assert_eq!(settings.reports, Path::new("month/closed"));
    assert_eq!(settings.partner.credentials_file.as_deref(), Some(Path::new("month/credentials.toml")));
    assert_eq!(settings.partner.base_url.as_str(), "http://127.0.0.1:8090/api/v1/partner");
    assert_eq!(settings.fetch.walks_max, 4);
    let rule = &settings.classify[0];
    assert_eq!((rule.direction, rule.kind.as_deref()), (Some(Direction::Debit), Some("did_rental")));
    assert_eq!(rule.class.as_str(), "number-rental");
    let settings = Settings::default();
    assert_eq!(settings.archive, None);
}

#[test]
fn refusals_name_the_file_and_the_place() {
    let texts = [
        "[partner]\ntime_zone = \"UTC\"",
        "[partner]\ntimezone = \"Mars/Olympus\"",
        "[partner]\nbase_url = \"http://example.com/api\"",
        "[partner]\nbase_url = \"https://me:pass@example.com\"",
        "[partner]\nbase_url = \"example.com\"",
        "[partner]\nglobal_ledger = \"maybe\"",
        "[fetch]\n  requests_per_second = 0",
        "[fetch]\nconcurrency = -1",
        "[fetch]\npad_days = 99999999999",
        "[reconcile]\ntolerance = \"-0.01\"",
        "[reconcile]\ntolerance = \"1 %\"",
        "[reconcile]\ntolerance = 0.01",
        "[[classify]]\nclass = \"Calls\"\ntype = \"x\"",
        "[[classify]]\nclass = \"call\"\ndirection = \"in\"",
        "[[classify]]\nclass = \"call\"\ntype = \"x\"\n[[classify]]\nclass = \"stream\"",
        "[[classify]]\ntype = \"x\"",
        "reports",
    ];
    let messages: Vec<String> = texts.iter().map(|text| parse(text).unwrap_err()).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    month/tieout.toml, line 2, column 1: unknown field `time_zone`, expected one of `timezone`, `base_url`, `global_ledger`, `credentials_file`
    month/tieout.toml, line 2, column 12: "Mars/Olympus" is not a time zone (IANA name, as in "Asia/Kolkata")
    month/tieout.toml, line 2, column 12: plain HTTP to "example.com", expected https:// (http:// is for this machine alone)
    month/tieout.toml, line 2, column 12: the base URL holds a user name or password, expected none: credentials have their own place
    month/tieout.toml, line 2, column 12: "example.com" is not a base URL (scheme, host and path alone, as in "https://api.vobiz.ai/api/v1/partner")
    month/tieout.toml, line 2, column 17: unknown variant `maybe`, expected `expected` or `none`
    month/tieout.toml, line 2, column 25: 0 is not within 1 to 1000
    month/tieout.toml, line 2, column 15: -1 is not within 1 to 256
    month/tieout.toml, line 2, column 12: 99999999999 is not within 1 to 15
    month/tieout.toml, line 2, column 13: a tolerance of -0.01 is below zero
    month/tieout.toml, line 2, column 13: "1 %" is not a decimal number
    month/tieout.toml, line 2, column 13: invalid type: floating point `0.01`, expected a string
    month/tieout.toml, line 2, column 9: "Calls" is not a charge class (1 to 32 of `a-z`, `0-9` and `-`, as in `number-rental`)
    month/tieout.toml, line 3, column 13: "in" is not a direction (`credit` or `debit`)
    month/tieout.toml, line 4, column 1: classify, rule 2: no condition, expected at least one beside the class
    month/tieout.toml, line 1, column 1: missing field `class`
    month/tieout.toml, line 1, column 8: key with no value, expected `=`
    "#);
}

#[test]
fn a_rate_card_beside_the_settings_is_found_and_one_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tieout.toml");
    let read = |text: &str| Settings::parse(text, &file).unwrap().rate_card().map_err(|refused| refused.to_string());
    assert_eq!(read("").unwrap(), RateCard::default());
    let absent = read("rate_card = \"card.toml\"").unwrap_err();
    assert!(absent.contains("card.toml: No such file"), "{absent}");
    fs::write(folder.path().join("rate-card.toml"), "name = \"found\"").unwrap();
    assert_eq!(read("").unwrap().name(), Some("found"));
    fs::write(folder.path().join("rate-card.toml"), "\nnames = \"found\"").unwrap();
    let refused = read("").unwrap_err();
    assert!(refused.contains("rate-card.toml, line 2, column 1: unknown field `names`"), "{refused}");
}

#[test]
fn credentials_go_over_tls_or_stay_on_this_machine() {
    let accepted = ["https://example.com", "http://localhost:1/x", "http://127.0.0.9", "http://[::1]:80/api"];
    for text in accepted {
        assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), text);
    }
    let refused = [
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://2130706433",
        "http://localhost@example.com",
        "http://localhost\\@example.com",
        "https://",
        "https://:443",
        "https://example.com:port",
        "https://example.com?x=1",
        "https://exa mple.com",
        "ftp://localhost",
        "//localhost",
        "",
    ];
    for text in refused {
        assert!(text.parse::<BaseUrl>().is_err(), "{text}");
    }
}

fn find(id: Option<&str>, token: Option<&str>, file: Option<&Path>) -> Result<Credentials, String> {
    let text = |text: &str| text.to_owned();
    find_credentials(id.map(text), token.map(text).map(Secret::new), file).map_err(|refused| refused.to_string())
}

#[test]
fn half_a_pair_and_a_customers_pair_are_refused() {
    let refusals = [
        find(None, None, None),
        find(Some("PA_1"), None, None),
        find(None, Some("t0ken"), None),
        find(Some("MA_1"), Some("t0ken"), None),
        find(Some("t0ken"), Some("PA_1"), None),
        find(Some("PA_1"), Some(""), None),
        find(Some("PA_1"), Some("t0ken\n"), None),
    ];
    let messages: Vec<String> = refusals.into_iter().map(Result::unwrap_err).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    no credentials, expected VOBIZ_AUTH_ID and VOBIZ_AUTH_TOKEN in the environment
    VOBIZ_AUTH_TOKEN is not set although its other half is
    VOBIZ_AUTH_ID is not set although its other half is
    VOBIZ_AUTH_ID is a customer's auth id (`MA_…`), expected the partner's (`PA_…`)
    VOBIZ_AUTH_ID is not an auth id (`PA_` and up to 61 ASCII letters, digits, `_` or `-`)
    VOBIZ_AUTH_TOKEN is empty or holds blanks or characters beyond ASCII, expected a token
    VOBIZ_AUTH_TOKEN is empty or holds blanks or characters beyond ASCII, expected a token
    "#);
}

#[cfg(unix)]
#[test]
fn a_credentials_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.toml");
    let write = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let found = find(None, None, Some(&file));
        found.map_err(|refused| refused.replace(&folder.path().display().to_string(), "."))
    };
    let good = "auth_id = \"PA_1\"\nauth_token = \"t0ken\"\n";
    let found = write(good, 0o600).unwrap();
    assert_eq!((found.auth_id.as_str(), found.token.expose()), ("PA_1", "t0ken"));
    assert_eq!(find(Some("PA_2"), Some("other"), Some(&file)).unwrap().auth_id.as_str(), "PA_2", "environment first");
    let opened = |mode| format!("./credentials.toml: mode {mode} lets others in, expected a file for its owner alone");
    assert_eq!(write(good, 0o640).unwrap_err(), opened("640"));
    assert_eq!(write(good, 0o604).unwrap_err(), opened("604"));
    let form =
        |place| format!("./credentials.toml, {place}: expected two lines, auth_id = \"…\" and auth_token = \"…\"");
    assert_eq!(write("auth_id = \"PA_1\"\nt0ken", 0o600).unwrap_err(), form("line 2, column 6"));
    assert_eq!(write("auth_id = \"PA_1\"\nauth_token = 1234", 0o600).unwrap_err(), form("line 2, column 14"));
    let token = write("auth_id = \"PA_1\"\nauth_token = \"a b\"", 0o600).unwrap_err();
    assert!(token.starts_with("./credentials.toml, auth_token is empty or holds blanks"), "{token}");
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is taken for credentials, no message and no debug text shows the token.
    #[test]
    fn a_token_is_never_shown(token in "[ -~]{6,40}", id in "(PA_[A-Z]{3}|MA_[A-Z]{3}|[ -~]{6,12})") {
        let shown = match find_credentials(Some(id), Some(Secret::new(token.clone())), None) {
            Ok(found) => format!("{found:?}"),
            Err(refused) => format!("{refused} {refused:?} {}", refused.hint()),
        };
        prop_assert!(!shown.contains(&token));
    }

    /// A place is where a person would look: that line, that character.
    #[test]
    fn a_place_is_the_line_and_the_character(lines in prop::collection::vec("[a-zé₹]{0,6}", 1..5), at in any::<prop::sample::Index>()) {
        let text = lines.join("\n");
        let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
        let offset = *at.get(&offsets);
        let Place { line, column } = Place::of(&text, offset);
        let start: usize = lines[..line - 1].iter().map(|line| line.len() + 1).sum();
        let within: usize = lines[line - 1].chars().take(column - 1).map(char::len_utf8).sum();
        prop_assert_eq!(start + within, offset);
    }
}
