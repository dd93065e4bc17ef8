//! Texts of others (the partner's, of settings, files, packs and arguments): whatever characters they hold, they begin no line of
//! ours, move no cursor and hide nothing, wherever they are shown.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tieout::cli::{Asked, Progress, interview};
use tieout::domain::{List, is_blank};
use tieout::watch::{Event, Watch};
use tokio::runtime::Runtime;

use crate::desk::{Desk, Partner, Told};
use crate::killed::{CLOSE, SCENARIO};
use crate::raw::{CUSTOMERS, PARTNER, account, accounts, calls, page};
use crate::raw_server::{RawServer, Said, TOKEN, ok, status};

const RUN: &str = "reports/2026-03";

/// Lines as this program writes them.
const FORGED: &str = "x\nerror: forged\nhint: forged\rwarning: forged";

/// Every character that takes no ink, in texts of a length that a partner's message and a file's name may have, each behind
/// forged lines. Of the tags, which are thousands, the first and the last.
fn tricks() -> Vec<String> {
    let tags = '\u{e0001}'..'\u{e0fff}';
    let hidden: Vec<char> = ('\u{1}'..=char::MAX).filter(|c| *c != ' ' && is_blank(*c) && !tags.contains(c)).collect();
    assert!((150..250).contains(&hidden.len()), "{}", hidden.len());
    hidden.chunks(48).map(|some| format!("{FORGED}{}z", some.iter().collect::<String>())).collect()
}

/// All of them in one text.
fn trick() -> String {
    tricks().concat()
}

/// Whether everything that is shown is ours line by line, and nothing in it is hidden.
fn is_harmless(place: &str, text: &str) {
    let hidden = text.chars().find(|c| is_blank(*c) && !matches!(c, ' ' | '\n'));
    assert_eq!(hidden, None, "{place}: {text:?}");
    let forged = text.lines().find(|line| ["error: f", "hint: f", "warning: f"].iter().any(|it| line.starts_with(it)));
    assert_eq!(forged, None, "{place}: {text}");
}

/// The same, and each character of the trick is there to be seen, by its code.
fn shows(place: &str, trick: &str, text: &str) {
    is_harmless(place, text);
    for c in trick.chars().filter(|c| *c != ' ' && is_blank(*c)) {
        let code = c.escape_unicode().to_string();
        assert!(text.contains(&code), "{place}: {code} is not in {text}");
    }
}

/// Both streams of a run; where stderr is a log of JSON, its lines as they are and as they are read.
fn is_harmless_throughout(place: &str, told: &Told) {
    is_harmless(place, &told.stdout);
    is_harmless(place, &told.stderr);
    for line in told.stderr.lines().filter(|line| line.starts_with('{')) {
        let log: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{place}: {line}"));
        for (key, said) in log.as_object().unwrap() {
            let said = said.as_str().map_or_else(|| said.to_string(), ToOwned::to_owned);
            let one = if key == "hint" || key == "message" { said.lines().count() == 1 } else { true };
            assert!(one, "{place}: {said}");
            is_harmless(place, &said);
        }
    }
}

/// A desk at a server of raw bytes, which lasts as long as the runtime.
pub(crate) fn desk_at(server: &RawServer) -> (Runtime, Desk) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let base_url = runtime.block_on(server.listen());
    let mut desk = Desk::alone();
    for (name, value) in [("VOBIZ_AUTH_ID", PARTNER), ("VOBIZ_AUTH_TOKEN", TOKEN), ("TIEOUT_BASE_URL", &base_url)] {
        desk.set(name, Some(value));
    }
    (runtime, desk)
}

fn refusal(code: u16, message: &str) -> Said {
    status(code, "content-type: application/json\r\n", json!({ "message": message }).to_string())
}

#[test]
fn a_refusal_of_the_partner_forges_no_line() {
    for trick in tricks() {
        for (list, code, exit) in [("me", 401, 2), ("accounts?", 403, 5), ("accounts?", 404, 5)] {
            let message = trick.clone();
            let server = RawServer::new(move |request| request.starts_with(list).then(|| refusal(code, &message)));
            let (_runtime, desk) = desk_at(&server);
            let told = desk.ends(exit, &[&CLOSE[..], &["--json"]].concat());
            shows(list, &trick, &told.stderr);
            shows(list, &trick, told.json()["error"].as_str().unwrap());
            is_harmless(list, &told.stdout);
            let errors = told.stderr.lines().filter(|line| line.starts_with("error: ")).count();
            assert_eq!(errors, 1, "{}", told.stderr);
            is_harmless_throughout(list, &desk.ends(exit, &[&CLOSE[..], &["--log", "json", "-vv"]].concat()));
            is_harmless_throughout(list, &desk.ends(exit, &[&CLOSE[..], &["-vv"]].concat()));
        }
        let message = trick.clone();
        let server = RawServer::new(move |request| (request == "me").then(|| refusal(401, &message)));
        let (_runtime, desk) = desk_at(&server);
        let told = desk.ends(2, &["check", "--online"]);
        shows("check --online", &trick, &told.stderr);
    }
}

/// A row that says the same trick wherever it can say anything.
fn row(trick: &str, id: &str, amount: &str) -> String {
    json!({
        "id": format!("{id}{trick}"), "account_id": "MA_A", "type": "debit", "transaction_type": trick,
        "amount": amount, "currency": "INR", "description": trick, "reference": trick, "status": "completed",
        "created_at": "2026-03-10T10:00:00.000000Z",
    })
    .to_string()
}

/// As much of a message as is quoted.
fn heard(trick: &str) -> String {
    trick.chars().take(190).collect()
}

/// Books whose every text is a trick, with breaks, a row that cannot be read and a ledger that is refused.
fn tricky(trick: &str) -> RawServer {
    let named = json!({ "auth_id": "MA_A", "name": trick, "email": trick, "address": trick, "city": trick, "cash_credits": "100.00000", "pricing_tier": { "currency": "INR" } });
    let list = accounts(&[named.to_string(), account("MA_B"), account("MA_C")]);
    let odd = row(trick, "odd", "1.25").replace("2026-03-10T10:00:00.000000Z", "x\\nerror: forged\\u202e");
    let ledger = page(&[calls("MA_A"), vec![row(trick, "own", "1.25"), row(trick, "both", "1.30")]].concat());
    let master = page(&[CUSTOMERS.map(calls).concat(), vec![row(trick, "both", "1.25"), odd]].concat());
    let me = json!({ "id": "7d0f9c1e-0000-4000-8000-000000000001", "auth_id": PARTNER, "name": trick, "balance": "10.00000", "currency": "INR" });
    let trick = heard(trick);
    RawServer::new(move |request| match request {
        "me" => Some(ok(me.to_string())),
        _ if request.starts_with("accounts?") => Some(ok(&list)),
        _ if request.starts_with("accounts/MA_A/transactions") => Some(ok(&ledger)),
        _ if request.starts_with("accounts/MA_C/transactions") => Some(refusal(404, &trick)),
        _ if request.starts_with("transactions") => Some(ok(&master)),
        _ => None,
    })
}

#[test]
fn the_books_of_the_partner_forge_no_line() {
    let trick = trick();
    let (_runtime, desk) = desk_at(&tricky(&trick));
    let says = |arguments: &[&str]| {
        let told = desk.tieout(arguments);
        assert!([0, 2, 3, 4].contains(&told.code), "{arguments:?}: {}{}", told.stdout, told.stderr);
        is_harmless_throughout(arguments[0], &told);
        told
    };
    says(&["check", "--online"]);
    says(&["sync", "--period", "2026-03"]);
    says(&["fetch", "--period", "2026-03", "-v"]);
    says(&["draft", RUN]);
    let closed = says(&["settle", RUN]);
    shows("close", &trick, &closed.stdout);
    let again = says(&[&CLOSE[..], &["--log", "json", "-vv"]].concat());
    shows("a log", &heard(&trick), &again.stderr.lines().map(read).collect::<String>());
    let plain = says(&CLOSE);
    shows("progress", &heard(&trick), &plain.stderr);
    is_harmless("--json", &says(&[&CLOSE[..], &["--json"]].concat()).stdout);
    for paper in ["summary.txt", "archive.manifest", "SEAL"] {
        is_harmless(paper, &String::from_utf8(desk.read(&format!("{RUN}/{paper}"))).unwrap());
    }
    let rows = desk.table(&format!("{RUN}/breaks.csv"));
    let found = rows.iter().find(|row| row["class"] == "amount-differs").expect("a break");
    for id in [&found["break_id"], "MA_A", "MA_A/INR/debit", "INR/debit", "wallet:MA_A", "day:2026-03-10"] {
        shows_if(&format!("explain {id}"), &trick, &says(&["explain", RUN, id]).stdout, id.starts_with("B-"));
    }
    shows("explain an entry", &trick, &says(&["explain", RUN, &format!("both{trick}")]).stdout);
    let unknown = desk.ends(2, &["explain", RUN, &format!("none{trick}")]);
    is_harmless_throughout("an unknown id", &unknown);
    shows("breaks", &trick, &says(&["breaks"]).stdout);
    is_harmless("breaks --json", &says(&["breaks", "--json"]).stdout);
    says(&["breaks", "show", &found["break_id"]]);
    says(&["breaks", "assign", &found["break_id"], "--to", &trick, "--note", &trick, "--by", &trick]);
    let seen: String = trick.chars().filter(|c| !c.is_control()).collect();
    let told = says(&["breaks", "assign", &found["break_id"], "--to", &seen, "--note", &seen, "--by", &seen]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    shows("a decision", &seen, &told.stdout);
    says(&["recheck", "2026-03"]);
}

/// The message of a line of a log.
fn read(line: &str) -> String {
    let log: Value = serde_json::from_str(line).unwrap();
    log["message"].as_str().unwrap_or_default().to_owned()
}

fn shows_if(place: &str, trick: &str, text: &str, all: bool) {
    if all { shows(place, trick, text) } else { is_harmless(place, text) }
}

/// A trick as TOML writes it.
fn quoted(trick: &str) -> String {
    trick.chars().fold("\"".to_owned(), |text, c| text + &format!("\\U{:08X}", u32::from(c))) + "\""
}

#[test]
fn settings_and_rate_cards_forge_no_line() {
    for trick in tricks() {
        let it = quoted(&trick);
        let settings = [
            format!("{it} = 1\n"),
            format!("[partner]\ntimezone = {it}\n"),
            format!("[partner]\nbase_url = {it}\n"),
            format!("[partner]\ncredentials_file = {it}\n"),
            format!("rate_card = {it}\n"),
            format!("[[classify]]\nclass = {it}\n"),
            format!("[invoice.supplier]\nname = \"S\"\ngstin = {it}\n"),
            format!("[invoice.customers.{it}]\nstate = {it}\n"),
            format!("[export]\nformats = [{it}]\n"),
        ];
        let cards = [
            format!("{it} = 1\n"),
            format!("currency = {it}\n"),
            format!("[markup.classes]\n{it} = \"{}\"\n", "1.23456"),
            format!("[[fees]]\nname = {it}\namount = \"1\"\n[[fees]]\nname = {it}\namount = \"1\"\n"),
        ];
        let desk = Desk::alone();
        let refused = |place: &str| {
            let told = desk.tieout(&["check"]);
            is_harmless_throughout(place, &told);
            is_harmless_throughout(place, &desk.tieout(&CLOSE));
            is_harmless_throughout(place, &desk.tieout(&[&CLOSE[..], &["--log", "json", "--json"]].concat()));
            told.stdout
        };
        for text in &settings {
            desk.write("tieout.toml", text);
            let told = refused(text);
            if text.starts_with("\"\\U") {
                shows("an unknown key", &trick, &told);
            }
        }
        desk.write("tieout.toml", "rate_card = \"card.toml\"\n");
        for text in &cards {
            desk.write("card.toml", text);
            refused(text);
        }
    }
}

/// All tricks as a path: folders within each other, none with a name longer than one may be.
fn name_of_all() -> String {
    let names = tricks().into_iter().map(|trick| trick.replace('/', "_"));
    let names: Vec<String> = names.collect();
    assert!(names.iter().all(|name| name.len() < 250), "{:?}", names.iter().map(String::len).collect::<Vec<_>>());
    names.join("/")
}

#[test]
fn names_of_files_forge_no_line() {
    let partner = Partner::of(SCENARIO);
    let (trick, name) = (trick(), name_of_all());
    let desk = Desk::at(&partner);
    fs::create_dir_all(desk.path(&name)).unwrap();
    let says = |code: i32, arguments: &[&str]| {
        let told = desk.ends(code, arguments);
        is_harmless_throughout(arguments[0], &told);
        shows(arguments[0], &name, &format!("{}{}", told.stdout, told.stderr));
    };
    says(2, &["check", "--config", &name]);
    says(2, &["close", "--period", "2026-03", "--config", &name]);
    says(2, &["close", "--period", "2026-03", "--metrics", &format!("{name}/none/metrics")]);
    // No SQLite file may have so long a path.
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("archive = 'books.sqlite'\n{quick}"));
    let (run, beside) = (format!("reports/{name}"), ["--archive", "books.sqlite"]);
    says(0, &["fetch", "--period", "2026-03", "--out", &run]);
    says(0, &[&["draft", &run][..], &beside].concat());
    says(3, &[&["settle", &run][..], &beside].concat());
    says(2, &[&["settle", &run][..], &beside].concat());
    says(0, &[&["verify", &run][..], &beside].concat());
    says(2, &[&["explain", &run, "none"][..], &beside].concat());
    says(2, &["explain", &run, "none", "--archive", &name]);
    says(2, &["breaks", "--reports", &name]);
    says(2, &["breaks", "--register", &name]);
    says(2, &["demo", "--scenario", &name]);
    says(2, &["simulate", "--scenario", &name]);
    says(0, &["init", "--offline", "--dir", &name]);
    is_harmless_throughout("init", &desk.tieout(&["init", "--offline", "--force", "--supplier", &trick]));
    desk.write("small.toml", SCENARIO.replace("name = 'small'", &format!("name = {}", quoted(&trick))));
    is_harmless_throughout("demo", &desk.ends(0, &["demo", "--scenario", "small.toml", "--out", "demo"]));
    for name in name.split('/') {
        let pack = format!("{name}.pack");
        let says = |code: i32, arguments: &[&str]| {
            let told = desk.ends(code, arguments);
            is_harmless_throughout(arguments[0], &told);
            shows(arguments[0], name, &format!("{}{}", told.stdout, told.stderr));
        };
        let pack_it = [&["pack", &run, "--out", &pack][..], &beside].concat();
        says(0, &pack_it);
        says(2, &pack_it);
        rename_a_paper(&desk.path(&pack), name);
        says(6, &["verify", &pack]);
        is_harmless_throughout("verify --json", &desk.ends(6, &["verify", &pack, "--json"]));
        let more = desk.path(&format!("{run}/{name}"));
        fs::write(&more, "more").unwrap();
        says(6, &[&["verify", &run][..], &beside].concat());
        says(6, &pack_it);
        fs::remove_file(more).unwrap();
    }
}

/// Gives a paper in a pack another name, as somebody would who knows the file's form.
fn rename_a_paper(pack: &Path, name: &str) {
    let db = Connection::open(pack).unwrap();
    let guards = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
    let guards: Vec<String> =
        db.prepare(guards).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for guard in guards {
        db.execute(&format!("DROP TRIGGER {guard}"), []).unwrap();
    }
    assert_eq!(db.execute("UPDATE papers SET name = ?1 WHERE name = 'held.csv'", [name]).unwrap(), 1);
}

#[test]
fn arguments_forge_no_line() {
    let desk = Desk::alone();
    for trick in tricks() {
        let refused = [
            vec![trick.clone()],
            vec![format!("--{trick}")],
            ["close", "--period", &trick].map(ToOwned::to_owned).to_vec(),
            vec!["close".to_owned(), format!("--period={trick}")],
            ["settle", "run", &trick].map(ToOwned::to_owned).to_vec(),
            ["breaks", "--class", &trick].map(ToOwned::to_owned).to_vec(),
            ["completions", &trick].map(ToOwned::to_owned).to_vec(),
            ["simulate", "--scenario", "x", "--listen", &trick].map(ToOwned::to_owned).to_vec(),
        ];
        for arguments in refused {
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let told = desk.ends(2, &arguments);
            shows("arguments", &trick, &told.stderr);
            arguments.push("--json");
            arguments.extend(["--log", "json"]);
            let told = desk.ends(2, &arguments);
            is_harmless_throughout("arguments", &told);
            assert_eq!(told.json()["outcome"], "failed");
        }
        let mut desk = Desk::alone();
        desk.set("TIEOUT_BASE_URL", Some(&trick));
        is_harmless_throughout("environment", &desk.ends(2, &["check"]));
        desk.set("VOBIZ_AUTH_ID", Some(&trick));
        desk.set("VOBIZ_AUTH_TOKEN", Some(&trick));
        is_harmless_throughout("environment", &desk.ends(2, &CLOSE));
    }
}

/// A stream that the test can look into.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn events_and_answers_forge_no_line() {
    for trick in tricks() {
        let page = Page::default();
        let progress = Progress::lines(page.clone(), || Duration::ZERO);
        let reason = || trick.clone();
        let events = [
            Event::ListMissing { list: List::Accounts, reason: reason() },
            Event::WalkedAgain { list: List::Master, walk: 2, reason: reason() },
            Event::Renewed { run: reason() },
            Event::FetchBegan { period: reason(), pages_held: 0 },
        ];
        let lines = events.len();
        for event in events {
            progress.saw(event);
        }
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        shows("progress", &trick, &text);
        assert_eq!(text.lines().count(), lines, "{text}");
        let answers = format!("\n{trick}\n{trick}\n{trick}\n{trick}\n{trick}\n");
        let mut asked = Vec::new();
        let refused = interview(Asked::default(), &mut answers.as_bytes(), &mut asked).unwrap_err();
        is_harmless("interview", &String::from_utf8(asked).unwrap());
        assert!(refused.line().contains("cannot be used"), "{}", refused.line());
    }
}
