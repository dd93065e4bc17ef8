//! The real program against the simulator's socket: what scripts see of a close, and what the folder holds afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};
use tieout::archive::Archive;
use tieout::domain::sha256;

use crate::desk::{Desk, Partner};

/// A small partner; `more` adds a world, flaws or weather.
fn scenario(verdict: &str, more: &str) -> String {
    let world = "[world]\nperiod = \"2026-03\"\ncustomers = 3\nentries = 60\nunsettled = 0\n";
    format!(
        "name = \"small\"\nprose = \"A few customers.\"\nseed = 11\n{world}{more}\n[expected]\nverdict = \"{verdict}\"\n"
    )
}

const MARCH: [&str; 3] = ["close", "--period", "2026-03"];

/// A row of a table, by its columns.
type Row = BTreeMap<String, String>;

/// A desk with a sealed March.
fn closed() -> (Partner, Desk) {
    let partner = Partner::of(&scenario("tied-out", ""));
    let desk = Desk::at(&partner);
    desk.ends(0, &MARCH);
    (partner, desk)
}

#[test]
fn the_exit_code_says_what_the_books_came_to() {
    let worlds = [
        (0, "tied-out", ""),
        (0, "tied-out-with-timing", "[[flaws]]\nclass = \"timing\"\n"),
        (3, "breaks", "[[flaws]]\nclass = \"amount-differs\"\n"),
        (4, "incomplete", "[[flaws]]\nclass = \"missing-ledger\"\n"),
    ];
    for (code, verdict, flaws) in worlds {
        let partner = Partner::of(&scenario(verdict, flaws));
        let desk = Desk::at(&partner);
        let told = desk.ends(code, &[&MARCH[..], &["--json"]].concat()).json();
        assert_eq!((told["exit"].as_i64(), told["verdict"].as_str()), (Some(i64::from(code)), Some(verdict)), "{told}");
        assert_eq!(told["run"], "reports/2026-03");
        let seal = String::from_utf8(desk.read("reports/2026-03/SEAL")).unwrap();
        assert_eq!(told["seal"].as_str(), Some(sha256(seal.as_bytes()).as_str()));
        assert_eq!(
            desk.table("reports/2026-03/invoices.csv").len(),
            usize::try_from(told["invoices"].as_u64().unwrap()).unwrap()
        );
        assert_eq!(
            desk.table("reports/2026-03/held.csv").len(),
            usize::try_from(told["held"].as_u64().unwrap()).unwrap()
        );
    }
}

#[test]
fn nothing_sealed_is_overwritten() {
    let (_partner, desk) = closed();
    let before = desk.files();
    let told = desk.ends(0, &[&MARCH[..], &["--json"]].concat()).json();
    assert_eq!(told["run"], "reports/2026-03.r2");
    let run = |files: &[(String, Vec<u8>)]| -> Vec<_> {
        files.iter().filter(|(name, _)| name.starts_with("reports/2026-03/")).cloned().collect()
    };
    assert_eq!(run(&before), run(&desk.files()));
    // What is billed already is not billed a second time.
    assert!(desk.table("reports/2026-03.r2/invoices.csv").is_empty());
    let (billed, held) = (desk.table("reports/2026-03/invoices.csv"), desk.table("reports/2026-03.r2/held.csv"));
    let named = |(invoice, held): (&Row, &Row)| {
        invoice["account"] == held["account"] && held["reason"].contains(&invoice["number"])
    };
    assert!(!billed.is_empty() && billed.len() == held.len() && billed.iter().zip(&held).all(named), "{held:?}");
    for sealed in ["reports/2026-03", "reports/2026-03.r2"] {
        let told = desk.ends(2, &["settle", sealed]);
        assert!(told.stderr.contains("the run is sealed already"), "{}", told.stderr);
        desk.ends(0, &["verify", sealed]);
    }
}

#[test]
fn a_fetch_and_a_settle_are_a_close() {
    let (partner, desk) = closed();
    let mut other = Desk::at(&partner);
    let told = other.ends(0, &["fetch", "--period", "2026-03"]);
    assert!(told.stdout.contains("next: tieout settle reports/2026-03"), "{}", told.stdout);
    assert!(!other.path("reports/2026-03/SEAL").exists());
    // What follows needs neither line nor credentials.
    for name in ["VOBIZ_AUTH_ID", "VOBIZ_AUTH_TOKEN", "TIEOUT_BASE_URL"] {
        other.set(name, None);
    }
    other.ends(0, &["settle", "reports/2026-03"]);
    assert_eq!(desk.read("reports/2026-03/SEAL"), other.read("reports/2026-03/SEAL"));
    other.ends(0, &["verify", "reports/2026-03"]);
}

#[test]
fn a_seal_holds_or_the_paper_is_named() {
    let (_partner, desk) = closed();
    let run = "reports/2026-03";
    let told = desk.ends(0, &["verify", run, "--json"]).json();
    let seal = told["seal"].as_str().unwrap().to_owned();
    assert!(told["verified"] == true && told["faults"].as_array().unwrap().is_empty(), "{told}");
    desk.ends(0, &["verify", run, "--expect-seal", &seal.to_ascii_uppercase()]);
    let told = desk.ends(6, &["verify", run, "--expect-seal", &sha256(b"another seal")]);
    assert!(told.stdout.contains(&seal), "{}", told.stdout);
    let paper = format!("{run}/invoices.csv");
    let sound = desk.read(&paper);
    let mut tampered = sound.clone();
    tampered[10] ^= 1;
    desk.write(&paper, &tampered);
    let told = desk.ends(6, &["verify", run]);
    assert!(told.stdout.contains("does not verify") && told.stdout.contains("invoices.csv"), "{}", told.stdout);
    fs::remove_file(desk.path(&paper)).unwrap();
    assert!(desk.ends(6, &["verify", run]).stdout.contains("invoices.csv"));
    desk.write(&paper, &sound);
    desk.write(&format!("{run}/more.csv"), "a,b\n");
    assert!(desk.ends(6, &["verify", run]).stdout.contains("more.csv"));
    fs::remove_file(desk.path(&format!("{run}/more.csv"))).unwrap();
    desk.ends(0, &["verify", run]);
}

#[test]
fn an_archive_that_the_run_does_not_rest_on_is_told_apart() {
    let (_partner, desk) = closed();
    let partner = Partner::of(&scenario("breaks", "[[flaws]]\nclass = \"amount-differs\"\n"));
    let other = Desk::at(&partner);
    other.ends(3, &MARCH);
    let archive = |desk: &Desk| {
        let files = desk.files();
        let (name, _) = files.iter().find(|(name, _)| name.ends_with(".archive.sqlite")).unwrap();
        desk.path(name).to_str().unwrap().to_owned()
    };
    desk.ends(0, &["verify", "reports/2026-03", "--archive", &archive(&desk)]);
    let told = desk.ends(6, &["verify", "reports/2026-03", "--archive", &archive(&other)]);
    assert!(told.stdout.contains("archive"), "{}", told.stdout);
    let told = desk.ends(2, &["explain", "reports/2026-03", "x", "--archive", "none.sqlite"]);
    assert!(told.stderr.contains("no such file"), "{}", told.stderr);
}

#[test]
fn every_figure_is_walked_back_to_its_pages() {
    let partner = Partner::of(&scenario("breaks", "[[flaws]]\nclass = \"amount-differs\"\n"));
    let desk = Desk::at(&partner);
    desk.ends(3, &MARCH);
    let (run, explain) = ("reports/2026-03", |id: &str| desk.ends(0, &["explain", "reports/2026-03", id]).stdout);
    let breaks = desk.table(&format!("{run}/breaks.csv"));
    let found = breaks.iter().find(|row| row["class"] == "amount-differs").unwrap();
    let text = explain(&found["break_id"]);
    for part in ["amount-differs", &found["entry_id"], "sha256", "control total of transactions", "effect"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let invoice = &desk.table(&format!("{run}/invoices.csv"))[0];
    let text = explain(&invoice["number"]);
    assert!(text.contains(&format!("= {} {}", invoice["total"], invoice["currency"])), "{text}");
    let lines = text.lines().filter(|line| line.starts_with("  line ")).count();
    let last = explain(&format!("{}/{lines}", invoice["number"]));
    assert!(lines > 1 && last.matches("  line ").count() == 1, "{last}");
    assert!(last.contains(&format!("  line {lines}, ")) && text.contains("  line 1, "), "{last}");
    desk.ends(2, &["explain", "reports/2026-03", &format!("{}/{}", invoice["number"], lines + 1)]);
    assert!(explain(&invoice["account"]).contains("settled entries of the period"));
    let tie_out = explain(&format!("{}/{}/debit", found["account"], found["currency"]));
    assert!(tie_out.contains(&found["break_id"]) && tie_out.contains("residual"), "{tie_out}");
    let proposed = "proposal   unique: 1 correction adds up to the difference of";
    let step = format!("propose to correct entry {} to {}", found["entry_id"], found["master_value"]);
    assert!(tie_out.contains(proposed) && tie_out.contains(&step), "{tie_out}");
    assert!(explain(&found["entry_id"]).contains("as the books carry it"));
    let told = desk.ends(2, &["explain", run, "B-none"]);
    assert!(told.stdout.is_empty() && told.stderr.contains("nothing here is called \"B-none\""), "{}", told.stderr);
    assert!(told.stderr.contains("hint: "), "{}", told.stderr);
}

/// The papers or bodies in a pack.
fn names_in(pack: &Path, table: &str, name: &str) -> Vec<String> {
    let db = Connection::open(pack).unwrap();
    let mut query = db.prepare(&format!("SELECT {name} FROM {table}")).unwrap();
    let names: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(names.len() > 4, "{names:?}");
    names
}

/// Changes one bit of a packed paper or body, as somebody would who knows the file's form.
fn change_a_bit(pack: &Path, table: &str, name: &str, packed: &str) {
    let db = Connection::open(pack).unwrap();
    let guards = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
    let guards: Vec<String> =
        db.prepare(guards).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for guard in guards {
        db.execute(&format!("DROP TRIGGER {guard}"), []).unwrap();
    }
    let of_name = format!("FROM {table} WHERE {name} = ?1");
    let mut zstd: Vec<u8> = db.query_row(&format!("SELECT zstd {of_name}"), [packed], |row| row.get(0)).unwrap();
    let middle = zstd.len() / 2;
    zstd[middle] ^= 0x10;
    let changed =
        db.execute(&format!("UPDATE {table} SET zstd = ?2 WHERE {name} = ?1"), params![packed, zstd]).unwrap();
    assert_eq!(changed, 1);
}

#[test]
fn a_pack_verifies_anywhere_unless_it_was_tampered_with() {
    let (_partner, desk) = closed();
    desk.ends(0, &["pack", "reports/2026-03"]);
    assert_eq!(desk.ends(2, &["pack", "reports/2026-03"]).stdout, "");
    let elsewhere = Desk::at(&Partner::of(&scenario("tied-out", "")));
    let pack = desk.read("reports/2026-03.pack");
    elsewhere.write("march.pack", &pack);
    let told = elsewhere.ends(0, &["verify", "march.pack", "--json"]).json();
    assert_eq!(told["seal"], sha256(&desk.read("reports/2026-03/SEAL")));
    let invoice = &desk.table("reports/2026-03/invoices.csv")[0]["number"];
    elsewhere.ends(0, &["explain", "march.pack", invoice]);
    for (table, name) in [("papers", "name"), ("bodies", "digest")] {
        for packed in names_in(&desk.path("reports/2026-03.pack"), table, name) {
            elsewhere.write("tampered.pack", &pack);
            change_a_bit(&elsewhere.path("tampered.pack"), table, name, &packed);
            let told = elsewhere.tieout(&["verify", "tampered.pack"]);
            assert!(matches!(told.code, 2 | 4 | 6), "{table} {packed}: {}{}", told.stdout, told.stderr);
        }
    }
    elsewhere.write("cut.pack", &pack[..pack.len() / 2]);
    assert_ne!(elsewhere.tieout(&["verify", "cut.pack"]).code, 0);
}

#[test]
fn what_cannot_be_used_exits_2_and_asks_nobody() {
    let (partner, patience) = Partner::failing_after(&scenario("tied-out", ""), usize::MAX);
    let mut desk = Desk::at(&partner);
    desk.write("unknown.toml", "[fetch]\nrequests_per_second = 9\nrequests = 20\n");
    desk.write("card.toml", "rate_card = \"rates.toml\"\n");
    desk.write("rates.toml", "[markup]\ndefault = \"12,5\"\n");
    desk.write("file", "not a folder\n");
    let close = |desk: &Desk, more: &[&str], part: &str| {
        let told = desk.ends(2, &[&MARCH[..], more].concat());
        assert!(told.stdout.is_empty() && told.stderr.contains(part), "{}{}", told.stdout, told.stderr);
    };
    close(&desk, &["--config", "unknown.toml"], "unknown.toml, line 3, column 1: unknown field `requests`");
    close(&desk, &["--config", "card.toml"], "rates.toml, line 2, column 11: \"12,5\" is not a markup");
    close(&desk, &["--out", "file/2026-03"], "file");
    desk.ends(2, &["close", "--period", "2026-3"]);
    let told = desk.ends(2, &["--json", "close", "--period", "2026-03", "--config", "unknown.toml"]);
    assert_eq!((told.json()["exit"].as_i64(), told.json()["error"].is_string()), (Some(2), true));
    desk.set("TIEOUT_BASE_URL", Some("http://192.0.2.1/api"));
    close(&desk, &[], "plain HTTP to \"192.0.2.1\"");
    desk.set("TIEOUT_BASE_URL", Some(&partner.base_url));
    desk.set("VOBIZ_AUTH_TOKEN", None);
    close(&desk, &[], "VOBIZ_AUTH_TOKEN is not set");
    desk.set("VOBIZ_AUTH_ID", None);
    close(&desk, &[], "no credentials");
    assert_eq!(patience.answered(), Vec::<String>::new());
    assert!(!desk.path("reports").exists());
}

#[test]
fn wrong_credentials_exit_2_and_leave_no_run() {
    let partner = Partner::of(&scenario("tied-out", ""));
    let mut desk = Desk::at(&partner);
    desk.set("VOBIZ_AUTH_TOKEN", Some("wrong-wrong-wrong"));
    let told = desk.ends(2, &MARCH);
    assert!(told.stdout.is_empty() && told.stderr.contains("me: HTTP 401"), "{}", told.stderr);
    assert!(!told.stderr.contains("wrong-wrong-wrong"));
    assert!(!desk.path("reports/2026-03/run.json").exists());
}

#[test]
fn a_line_that_fails_exits_5_and_the_same_command_asks_only_for_what_it_lacks() {
    let (partner, patience) = Partner::failing_after(&scenario("tied-out", ""), 2);
    let desk = Desk::at(&partner);
    let told = desk.ends(5, &[&MARCH[..], &["--json"]].concat());
    assert_eq!(told.json()["exit"], 5);
    assert!(told.stderr.contains("goes on from it"), "{}", told.stderr);
    let first = patience.answered();
    assert_eq!((first.len(), first[0].as_str()), (2, "/me"));
    patience.restore();
    desk.ends(0, &MARCH);
    let second = patience.answered();
    // The wallets are read a second time behind the ledgers.
    let lists = first.iter().filter(|asked| *asked != "/me" && !asked.starts_with("/accounts?"));
    assert!(second.len() > 4 && lists.clone().all(|asked| !second.contains(asked)), "{second:?}");
    let (calm, calm_patience) = Partner::failing_after(&scenario("tied-out", ""), usize::MAX);
    let other = Desk::at(&calm);
    other.ends(0, &MARCH);
    assert_eq!(desk.read("reports/2026-03/SEAL"), other.read("reports/2026-03/SEAL"));
    assert_eq!(calm_patience.answered().len(), first.len() + second.len());
    drop(partner);
    assert_eq!(desk.tieout(&["close", "--period", "2026-02"]).code, 5);
}

#[test]
fn numbers_and_seals_go_on_from_month_to_month() {
    let partner = Partner::of(&scenario("tied-out", ""));
    let desk = Desk::at(&partner);
    desk.ends(0, &["close", "--period", "2026-02"]);
    desk.ends(0, &MARCH);
    let numbers = |run: &str| -> Vec<u64> {
        let rows = desk.table(&format!("reports/{run}/invoices.csv"));
        rows.iter()
            .map(|row| row["number"].trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap())
            .collect()
    };
    let all = [numbers("2026-02"), numbers("2026-03")].concat();
    assert!(!numbers("2026-02").is_empty() && !numbers("2026-03").is_empty());
    let expected: Vec<u64> = (1..).take(all.len()).collect();
    assert_eq!(all, expected);
    let seal = String::from_utf8(desk.read("reports/2026-03/SEAL")).unwrap();
    assert!(seal.contains(&sha256(&desk.read("reports/2026-02/SEAL"))), "{seal}");
    desk.ends(0, &["verify", "reports/2026-02"]);
    desk.ends(0, &["verify", "reports/2026-03"]);
}

#[test]
fn no_secret_is_shown_or_kept() {
    let (partner, desk) = closed();
    let mut shown = Vec::new();
    let mut show = |arguments: &[&str]| {
        let told = desk.tieout(arguments);
        shown.push((arguments.join(" "), [told.stdout, told.stderr].concat().into_bytes()));
    };
    show(&["-vv", "close", "--period", "2026-03"]);
    show(&["verify", "reports/2026-03"]);
    show(&["--json", "fetch", "--period", "2026-03"]);
    show(&["pack", "reports/2026-03"]);
    let customers = partner.world.accounts();
    for name in desk.files().into_iter().map(|(name, _)| name).filter(|name| name.ends_with(".archive.sqlite")) {
        let archive = Archive::open_existing(&desk.path(&name)).unwrap();
        for fetch in archive.finished("2026-03".parse().unwrap()).unwrap() {
            for page in archive.evidence(fetch).unwrap().lists.iter().flat_map(|list| &list.pages) {
                shown.push((page.digest.clone(), archive.body(&page.digest).unwrap()));
            }
        }
    }
    assert!(shown.len() > 8, "no bodies in {}", shown.len());
    shown.extend(desk.files());
    let secrets: Vec<&str> =
        customers.iter().map(|it| it.token.as_str()).chain([partner.world.partner().token.as_str()]).collect();
    assert!(secrets.len() == 4 && secrets.iter().all(|secret| secret.len() > 8));
    for (place, bytes) in &shown {
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "a secret stands in {place}");
        }
    }
    let struck = shown.iter().filter(|(_, bytes)| bytes.windows(8).any(|part| part == b"[struck]")).count();
    assert!(struck > 0, "the account list should show where its tokens stood");
}

#[test]
fn quiet_is_quiet_and_the_demo_needs_nothing() {
    let (_partner, desk) = closed();
    let told = desk.ends(0, &["--quiet", "close", "--period", "2026-03"]);
    assert_eq!(told.stderr, "");
    assert!(told.stdout.contains("VERDICT"), "{}", told.stdout);
    let mut alone = desk;
    for name in ["VOBIZ_AUTH_ID", "VOBIZ_AUTH_TOKEN", "TIEOUT_BASE_URL"] {
        alone.set(name, None);
    }
    alone.write("small.toml", scenario("breaks", "[[flaws]]\nclass = \"amount-differs\"\n"));
    let told = alone.ends(0, &["demo", "--scenario", "small.toml", "--out", "demo", "--json"]).json();
    assert_eq!(
        (told["verdict"].as_str(), told["mistakes"].as_array().map(Vec::len)),
        (Some("breaks"), Some(0)),
        "{told}"
    );
    alone.ends(0, &["verify", "demo"]);
    alone.write("wrong.toml", "name = \"x\"\n");
    assert!(
        alone
            .ends(2, &["demo", "--scenario", "wrong.toml"])
            .stderr
            .contains("wrong.toml: line 1, column 1: missing field")
    );
}
