//! The first hour: what `init` writes, whom it asks, what it tells of the answer; completions and the manual.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;

use tieout::cli::{Asked, interview};
use tieout::domain::Currency;
use tieout::invoice::{InvoiceTerms, RateCard};
use tieout::settings::{Beginning, Settings, begin, rate_card_text, settings_text};

use crate::desk::{Desk, Partner};
use crate::killed::SCENARIO;
use crate::support::fixture;

/// What the first settings are made of in these tests.
fn beginning() -> Beginning {
    let asked = Asked {
        timezone: Some(chrono_tz::Europe::Berlin),
        currency: Some("EUR".parse().unwrap()),
        markup: Some("12.5".parse().unwrap()),
        supplier: Some("Anvil \"&\" Daughters".to_owned()),
    };
    asked.or_default()
}

/// A text with everything that it only shows written.
fn written_out(text: &str) -> String {
    let shown = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).map(ToOwned::to_owned);
    text.lines().map(|line| shown(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

/// The keys that may stand below a heading, as the refusal of one that may not names them; nothing for what is no table.
fn keys_below(heading: &str, refusal: impl Fn(&str) -> String) -> Option<Vec<String>> {
    let tables = [format!("[{heading}]\n"), format!("[[{heading}]]\n")];
    let tables = if heading.is_empty() { vec![String::new()] } else { tables.to_vec() };
    tables.iter().find_map(|table| {
        let refused = refusal(&format!("{table}zzz = 1\n"));
        let (_, expected) = refused.split_once("unknown field `zzz`, expected ")?;
        Some(expected.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect())
    })
}

/// Every key that a text may have, with its headings: `partner.timezone`; one that is free to name is `MA_EXAMPLE`.
fn keys(heading: &str, refusal: &dyn Fn(&str) -> String) -> Vec<String> {
    let Some(below) = keys_below(heading, refusal) else { return Vec::new() };
    let mut found = Vec::new();
    for key in below {
        let path = if heading.is_empty() { key } else { format!("{heading}.{key}") };
        let free = format!("{path}.MA_EXAMPLE");
        let inner = [keys(&path, refusal), keys(&free, refusal)].concat();
        found.extend(if inner.is_empty() { vec![path] } else { inner });
    }
    found
}

fn stands(table: &toml::Value, path: &str) -> bool {
    let mut value = Some(table);
    for step in path.split('.') {
        value = value.and_then(|value| if value.is_array() { value.get(0) } else { Some(value) }?.get(step));
    }
    value.is_some()
}

#[test]
fn every_key_there_is_stands_in_the_first_files() {
    let of_settings = |text: &str| Settings::parse(text, Path::new("t")).unwrap_err().to_string();
    let of_card = |text: &str| RateCard::parse(text).unwrap_err().to_string();
    let [settings, card] = beginning().texts();
    for (text, keys, some) in [
        (settings, keys("", &of_settings), ["rate_card", "fetch.pad_days", "classify.description_contains"]),
        (card, keys("", &of_card), ["series.prefix", "markup.accounts.MA_EXAMPLE.classes", "fees.accounts"]),
    ] {
        assert!(some.iter().all(|key| keys.iter().any(|seen| seen == key)), "{keys:?}");
        let table: toml::Value = toml::from_str(&written_out(&text)).unwrap();
        // What customers deduct is refused of the supplier.
        for key in keys.into_iter().filter(|key| key != "invoice.supplier.tds_percent") {
            assert!(stands(&table, &key), "{key} does not stand in\n{text}");
        }
        // An answer's key is written, everything else is only shown.
        for line in text.lines().filter(|line| !line.starts_with('#') && line.contains('=')) {
            let answered = ["rate_card", "timezone", "name", "currency", "default"];
            assert!(answered.contains(&line.split(' ').next().unwrap()), "{line}");
        }
    }
}

#[test]
fn the_first_files_say_the_answers_and_otherwise_the_defaults() {
    let file = Path::new("tieout.toml");
    let [settings, card] = beginning().texts();
    let mut expected = Settings::default();
    expected.partner.timezone = chrono_tz::Europe::Berlin;
    expected.rate_card = Some("rate-card.toml".into());
    assert_eq!(Settings::parse(&settings, file).unwrap(), expected);
    // What is only shown is the default, but for the examples of what has none.
    let mut shown = Settings::parse(&written_out(&settings_text(&[])), file).unwrap();
    assert_eq!((shown.classify.len(), shown.partner.credentials_file.is_some()), (1, true));
    // The examples of parties and rates aside, the invoicing terms are the defaults.
    let bare = "regime = 'none'\ndue_days = 15\nannex = 'days'\nwrong_gstin = 'hold'\naddress_from = '50000'\nsac = '998412'\ntax_name = 'Tax'\n";
    assert!(InvoiceTerms::parse(bare).unwrap().is_default() && !shown.invoice.is_default());
    shown.invoice = InvoiceTerms::default();
    (shown.classify, shown.archive, shown.rate_card, shown.partner.credentials_file) = (Vec::new(), None, None, None);
    assert_eq!(shown, Settings::default());
    assert_eq!(Settings::parse(&settings_text(&[]), file).unwrap(), Settings::default());

    let read = RateCard::parse(&card).unwrap();
    assert_eq!(read.name(), Some("Anvil \"&\" Daughters, standard"));
    assert_eq!((read.currency().code(), read.markup("MA_1", "call").to_string()), ("EUR", "12.5".to_owned()));
    assert_eq!((read.fees().len(), read.minimum()), (0, None));
    assert_eq!(RateCard::parse(&rate_card_text(&[])).unwrap(), RateCard::default());
    let shown = RateCard::parse(&written_out(&rate_card_text(&[]))).unwrap();
    assert_eq!((shown.fees().len(), shown.minimum().is_some()), (1, true));
    assert_eq!((shown.series(), shown.rounding()), (RateCard::default().series(), RateCard::default().rounding()));
    assert_eq!(shown.markup("MA_1", "streaming"), RateCard::default().markup("MA_1", "streaming"));
}

#[test]
fn the_first_files_read_as_their_golden_text() {
    let [settings, card] = Asked::default().or_default().texts();
    insta::assert_snapshot!("first_settings", settings);
    insta::assert_snapshot!("first_rate_card", card);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let desk = Desk::alone();
    desk.ends(0, &["init", "--dir", "new/er"]);
    let before = desk.files();
    assert_eq!(
        before.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["new/er/rate-card.toml", "new/er/tieout.toml", "tieout.toml"]
    );
    let told = desk.ends(2, &["init", "--dir", "new/er", "--markup", "20"]);
    let hint = "hint: --force overwrites both files, --dir names another folder\n";
    assert_eq!(told.stderr, format!("error: new/er/tieout.toml: stands there already; nothing was written\n{hint}"));
    // The settings here are another's: the rate card beside them is not written either.
    let told = desk.ends(2, &["init"]);
    assert_eq!(told.stderr, format!("error: tieout.toml: stands there already; nothing was written\n{hint}"));
    assert_eq!(desk.files(), before);
    fs::remove_file(desk.path("new/er/tieout.toml")).unwrap();
    desk.ends(2, &["init", "--dir", "new/er"]);
    assert!(!desk.path("new/er/tieout.toml").exists(), "half of the files is worse than none");
    desk.ends(0, &["init", "--dir", "new/er", "--markup", "-2.5", "--force"]);
    let card = RateCard::parse(&String::from_utf8(desk.read("new/er/rate-card.toml")).unwrap()).unwrap();
    assert_eq!(card.markup("MA_1", "call").to_string(), "-2.5");
    let [first, _] = begin(&desk.path("api"), &beginning(), false).unwrap();
    assert_eq!(first, desk.path("api/tieout.toml"));
}

#[test]
fn arguments_that_cannot_be_used_write_nothing() {
    let mut desk = Desk::alone();
    let before = desk.files();
    for arguments in
        [["--timezone", "Mars/Olympus"], ["--currency", "rupees"], ["--markup", "-100"], ["--markup", "12,5"]]
    {
        let told = desk.ends(2, &[&["init", "--force"], &arguments[..]].concat());
        assert!(told.stderr.contains(arguments[1]), "{}", told.stderr);
    }
    // Half a pair, and a base that credentials must not be sent to.
    desk.set("VOBIZ_AUTH_ID", Some("PA_1"));
    desk.ends(2, &["init", "--force"]);
    desk.set("VOBIZ_AUTH_TOKEN", Some("t0ken-t0ken"));
    desk.set("TIEOUT_BASE_URL", Some("http://example.com"));
    desk.ends(2, &["init", "--force"]);
    assert_eq!(desk.files(), before);
}

#[test]
fn the_partner_is_asked_once_and_no_secret_is_kept() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = Desk::alone().with(&partner);
    let told = desk.ends(0, &["init", "--dir", "books", "--supplier", "Anvil & Daughters", "--markup", "20"]);
    assert_eq!(patience.answered(), ["/me"]);
    let token = partner.world.partner().token.clone();
    let mut everything = format!("{}{}", told.stdout, told.stderr);
    for (_, bytes) in desk.files() {
        everything.push_str(&String::from_utf8(bytes).unwrap());
    }
    assert!(!everything.contains(&token) && !desk.path("books/credentials.toml").exists());
    // The month to close next hangs on the day.
    let text = told.stdout.split("--period").next().unwrap();
    insta::assert_snapshot!(text, @r#"
    books/tieout.toml: written, months of Asia/Kolkata
    books/rate-card.toml: written, 20 % above cost, fees in INR
    partner Sagar Voice (PA_BCY3IEWJ), 4 customers of at most 20000
      active                    yes          a close needs it
      verified                  yes          a close does not need it
      create customer accounts  allowed      a close does not need it
      create pricing tiers      allowed      a close does not need it
      read call records         allowed      a close does not need it: it reads ledgers
      transfer balance          allowed      a close does not need it, and never does it: tieout only asks (GET)
    the credentials are right: a close can begin
    next: tieout check --config books/tieout.toml, then tieout close
    "#);
    let json = desk.ends(0, &["--json", "init", "--dir", "books", "--force"]).json();
    assert_eq!(json["partner"]["rights"]["can_transfer_balance"], true);
    assert_eq!(json["meaning"], "settings and rate card are written");
    // Whoever wants to stay offline stays offline.
    patience.answered();
    let told = desk.ends(0, &["init", "--dir", "offline", "--offline"]);
    assert!(told.stdout.contains("the partner was not asked (--offline)"), "{}", told.stdout);
    assert_eq!(patience.answered(), Vec::<String>::new());
    // What was written is fit for a close, and the month closes by it.
    desk.ends(0, &["check", "--config", "books/tieout.toml", "--online"]);
    assert_eq!(patience.answered(), ["/me"]);
    desk.ends(3, &["close", "--period", "2026-03", "--config", "books/tieout.toml"]);
    assert!(desk.path("books/reports/2026-03/SEAL").exists());
}

#[test]
fn what_is_not_allowed_is_said_in_plain_words() {
    let me = r#"{"id":"u","auth_id":"PA_X","name":"Anvil\u001b[2J","is_active":false,"is_verified":"yes","account_count":3,
        "can_create_accounts":false,"can_view_cdrs":false,"can_transfer_balance":true,"can_fly":true}"#;
    let (partner, asked) = Partner::saying(SCENARIO, 200, me);
    let mut desk = Desk::alone().with(&partner);
    desk.set("VOBIZ_AUTH_ID", Some("PA_X"));
    let told = desk.ends(0, &["check", "--online"]);
    insta::assert_snapshot!(told.stdout, @r#"
    warning: no rate-card.toml beside the settings: usage is billed at cost
    hint: `tieout init` writes one; `rate_card` in the settings names another
    partner Anvil\u{1b}[2J (PA_X), 3 customers
      active                    no           a close needs it
      verified                  not said     a close does not need it
      create customer accounts  not allowed  a close does not need it
      create pricing tiers      not said     a close does not need it
      read call records         not allowed  a close does not need it: it reads ledgers
      transfer balance          allowed      a close does not need it, and never does it: tieout only asks (GET)
    the partner is not active: a close may be refused, ask the platform first
    tieout.toml: fit for a close, 1 warning
    "#);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn refusals_end_with_2_silence_with_5_and_the_files_are_written() {
    let token = "t0ken-t0ken-t0ken";
    let refusal = |status: u16, message: &str| {
        let body = format!(r#"{{"error":"HTTPError","message":"{message}","status_code":{status}}}"#);
        let (partner, _) = Partner::saying(SCENARIO, status, &body);
        let mut desk = Desk::alone().with(&partner);
        desk.set("VOBIZ_AUTH_ID", Some("PA_X"));
        desk.set("VOBIZ_AUTH_TOKEN", Some(token));
        let code = if matches!(status, 401 | 403) { 2 } else { 5 };
        let told = desk.ends(code, &["init", "--dir", "books"]);
        assert!(desk.path("books/tieout.toml").exists() && desk.path("books/rate-card.toml").exists());
        let checked = desk.ends(code, &["check", "--online", "--config", "books/tieout.toml"]);
        assert!(!told.stderr.contains(token) && !checked.stderr.contains(token));
        let address = partner.base_url.split('/').nth(2).unwrap().to_owned();
        format!("{}{}", told.stderr, checked.stderr).replace(&address, "partner")
    };
    let mut messages = vec![
        refusal(401, &format!("bad token {token}")),
        refusal(403, "Forbidden"),
        refusal(404, "No such path"),
        refusal(200, "another shape"),
    ];
    // Nobody at the other end.
    let mut desk = Desk::alone();
    desk.set("VOBIZ_AUTH_ID", Some("PA_X"));
    desk.set("VOBIZ_AUTH_TOKEN", Some(token));
    desk.set("TIEOUT_BASE_URL", Some("http://127.0.0.1:9/api"));
    messages.push(desk.ends(5, &["init", "--dir", "books"]).stderr);
    insta::assert_snapshot!(messages.concat(), @r#"
    error: the partner does not know these credentials: me: HTTP 401: bad token [struck]
    hint: books/tieout.toml and books/rate-card.toml are written, `tieout check --online` asks the partner again; auth id and token must be a pair, the partner's own (`PA_…`), and the token the one that holds now
    error: the partner does not know these credentials: me: HTTP 401: bad token [struck]
    hint: auth id and token must be a pair, the partner's own (`PA_…`), and the token the one that holds now
    error: the partner knows these credentials and does not let them in: me: HTTP 403: Forbidden
    hint: books/tieout.toml and books/rate-card.toml are written, `tieout check --online` asks the partner again; partner credentials (`PA_…`) open the partner API, a customer's do not; ask the platform whether the account is blocked
    error: the partner knows these credentials and does not let them in: me: HTTP 403: Forbidden
    hint: partner credentials (`PA_…`) open the partner API, a customer's do not; ask the platform whether the account is blocked
    error: no answer that can be used from http://partner/api/v1/partner: me: HTTP 404: No such path
    hint: books/tieout.toml and books/rate-card.toml are written, `tieout check --online` asks the partner again; is the address right, and the network open?
    error: no answer that can be used from http://partner/api/v1/partner: me: HTTP 404: No such path
    hint: is the address right, and the network open?
    error: no answer that can be used from http://partner/api/v1/partner: me: the answer is not the JSON asked for
    hint: books/tieout.toml and books/rate-card.toml are written, `tieout check --online` asks the partner again; is the address right, and the network open?
    error: no answer that can be used from http://partner/api/v1/partner: me: the answer is not the JSON asked for
    hint: is the address right, and the network open?
    error: no answer that can be used from http://127.0.0.1:9/api: me: cannot connect
    hint: books/tieout.toml and books/rate-card.toml are written, `tieout check --online` asks the partner again; is the address right, and the network open?
    "#);
    // Another partner's answer is a mix-up of credentials.
    let (partner, _) = Partner::saying(SCENARIO, 200, r#"{"id":"u","auth_id":"PA_Y"}"#);
    let mut desk = Desk::alone().with(&partner);
    desk.set("VOBIZ_AUTH_ID", Some("PA_X"));
    let told = desk.ends(2, &["init", "--dir", "books"]);
    assert!(told.stderr.starts_with("error: me: partner PA_Y, expected PA_X\n"), "{}", told.stderr);
}

/// What somebody types, and what is shown and understood.
fn talk(asked: Asked, typed: &str) -> (Result<Beginning, String>, String) {
    let mut shown = Vec::new();
    let told = interview(asked, &mut Cursor::new(typed), &mut shown).map_err(|failure| failure.line());
    (told, String::from_utf8(shown).unwrap())
}

#[test]
fn somebody_at_a_terminal_is_asked_for_what_was_not_given() {
    let (told, shown) = talk(Asked::default(), "Anvil\nMars\nEurope/Berlin\n\n12,5\n12.5\n");
    let told = told.unwrap();
    assert_eq!((told.timezone, told.currency), (chrono_tz::Europe::Berlin, Currency::INR));
    assert_eq!((told.markup.to_string(), told.supplier.as_deref()), ("12.5".to_owned(), Some("Anvil")));
    insta::assert_snapshot!(shown.replace("]: ", "]:\n"), @r#"
    who bills (the rate card is named after it) [none]:
    the zone whose midnights bound a month [Asia/Kolkata]:
    "Mars" is not a time zone (IANA name, as in "Asia/Kolkata")
    the zone whose midnights bound a month [Asia/Kolkata]:
    the currency of fees and minimum [INR]:
    what is charged above cost, in percent [0]:
    "12,5" is not a markup (percent above -100, at most 1000, up to 4 decimals, as in "12.5")
    what is charged above cost, in percent [0]:
    "#);
    // Enter alone, and the end of the input, are the defaults; what was given is not asked for.
    let defaults = Asked::default().or_default();
    assert_eq!(talk(Asked::default(), "\n\n\n\n").0.unwrap(), defaults);
    assert_eq!(talk(Asked::default(), "").0.unwrap(), defaults);
    let all = beginning();
    let given = Asked {
        timezone: Some(all.timezone),
        currency: Some(all.currency),
        markup: Some(all.markup),
        supplier: all.supplier.clone(),
    };
    assert_eq!(talk(given, "nobody listens"), (Ok(all), String::new()));
    let (refused, _) = talk(Asked::default(), "\nx\ny\nz\u{1b}[2J\n");
    assert_eq!(refused.unwrap_err(), "the zone whose midnights bound a month: \"z\\u{1b}[2J\" cannot be used");
}

#[test]
fn completions_and_manual_know_every_command_and_option() {
    let desk = Desk::alone();
    let commands = ["init", "check", "close", "recheck", "breaks", "completions", "manual"];
    let options = ["timezone", "from-inception", "expect-seal", "online"];
    for shell in ["bash", "zsh", "fish"] {
        let script = desk.ends(0, &["completions", shell]).stdout;
        let missing: Vec<_> = commands.iter().chain(&options).filter(|word| !script.contains(*word)).collect();
        assert!(missing.is_empty() && script.contains("tieout"), "{shell}: {missing:?}");
        desk.write(shell, script);
    }
    // A shell that is here must be able to read what was written for it.
    if let Ok(read) = Command::new("bash").arg("-n").arg(desk.path("bash")).output() {
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
    let page = desk.ends(0, &["manual"]).stdout;
    assert!(page.starts_with(".ie") || page.starts_with(".TH"), "{}", &page[..80]);
    for command in commands {
        assert!(page.contains(&format!(".SH \"TIEOUT {}\"", command.to_uppercase())), "{command}");
    }
    assert!(page.contains(".SH \"TIEOUT BREAKS ACCEPT\""));
    for option in options {
        assert!(page.contains(&option.replace('-', "\\-")), "{option}");
    }
    assert!(page.contains("Exit codes"), "what --help tells of exit codes is in the manual");
    desk.ends(2, &["completions", "tcsh"]);
}

/// The units as they would be installed, with this program in the place of the installed one.
#[test]
#[expect(clippy::print_stderr, reason = "whoever reads the tests is told what was not looked at")]
fn the_units_are_sound_and_hold_no_secret() {
    let desk = Desk::alone();
    let mut units = Vec::new();
    for name in ["tieout.service", "tieout.timer"] {
        let text = fs::read_to_string(fixture("deploy").join(name)).unwrap();
        let text = text.replace("/usr/local/bin/tieout", env!("CARGO_BIN_EXE_tieout"));
        let settings = text.lines().filter(|line| !line.starts_with('#'));
        assert!(settings.clone().all(|line| !line.contains("VOBIZ") && !line.contains("token")), "{text}");
        assert!(name != "tieout.service" || settings.clone().any(|line| line == "SuccessExitStatus=3 4"));
        desk.write(name, text);
        units.push(desk.path(name));
    }
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg("--man=no").args(&units).output() else {
        eprintln!("not verified: no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours = said.lines().filter(|line| line.contains("tieout")).collect::<Vec<_>>();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn a_close_without_any_settings_says_what_that_means() {
    let desk = Desk::at(&Partner::of(SCENARIO));
    std::fs::remove_file(desk.path("tieout.toml")).unwrap();
    let told = desk.tieout(&["close", "--period", "2026-03"]).stderr;
    let said = [
        "no tieout.toml in this folder: the defaults hold",
        "no rate-card.toml beside the settings: usage is billed at cost",
    ];
    assert!(said.iter().all(|it| told.contains(it)), "{told}");
}
