//! Who may read the books: their owner alone, and their group where the settings say so, whatever the user's mask is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::desk::{Desk, Partner, Told, told};

const SCENARIO: &str = "name = 'small'\nprose = 'A few customers.'\nseed = 11\n[world]\nperiod = '2026-03'\n\
    customers = 3\nentries = 60\nunsettled = 0\n[expected]\nverdict = 'tied-out'\n";
const RUN: &str = "reports/2026-03";

/// Runs the program under a user's mask; it must end well.
fn under(mask: &str, desk: &Desk, arguments: &[&str]) -> Told {
    let script = format!("umask {mask}; exec \"$0\" \"$@\"");
    let mut command = desk.started("/bin/sh");
    let told = told(command.args(["-c", &script, env!("CARGO_BIN_EXE_tieout")]).args(arguments).output().unwrap());
    assert_eq!(told.code, 0, "{arguments:?}: {}{}", told.stdout, told.stderr);
    told
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Every file and folder below a folder, with its mode.
fn modes(folder: &Path) -> Vec<(String, bool, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.display().to_string(), path.is_dir(), mode(&path)));
        if path.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

/// Does everything that writes books.
fn work(mask: &str, desk: &Desk) {
    under(mask, desk, &["sync", "--period", "2026-03"]);
    under(mask, desk, &["fetch", "--period", "2026-03"]);
    under(mask, desk, &["draft", RUN]);
    under(mask, desk, &["settle", RUN, "--metrics", "reports/settle.prom"]);
    under(mask, desk, &["close", "--period", "2026-04", "--metrics", "reports/close.prom"]);
    under(mask, desk, &["recheck", "2026-03"]);
    under(mask, desk, &["pack", RUN]);
    under(mask, desk, &["breaks"]);
    under(mask, desk, &["demo", "--scenario", "small.toml", "--out", "reports/demo/2026-03"]);
}

#[test]
fn whatever_is_written_is_its_owners_alone_unless_a_group_is_let_in() {
    for (mask, settings, folders, files) in [
        ("022", "", 0o700, 0o600),
        ("000", "", 0o700, 0o600),
        ("077", "\n[files]\ngroup_readable = true\n", 0o750, 0o640),
        ("000", "\n[files]\ngroup_readable = true\n", 0o750, 0o640),
    ] {
        let partner = Partner::of(SCENARIO);
        let desk = Desk::at(&partner);
        desk.write("small.toml", SCENARIO);
        desk.write("tieout.toml", format!("[fetch]\nrequests_per_second = 1000\nattempts_max = 1\n{settings}"));
        work(mask, &desk);
        let found = modes(&desk.path("reports"));
        for part in [
            ".archive.sqlite",
            ".archive.sqlite.lock",
            ".register.sqlite",
            ".pack",
            "close.prom",
            ".draft/",
            ".recheck/",
        ] {
            assert!(found.iter().any(|(name, ..)| name.contains(part)), "no {part} among {found:?}");
        }
        for part in ["ledger/", "close.xlsx", "demo/2026-03/SEAL", "invoices/"] {
            assert!(found.iter().any(|(name, ..)| name.contains(part)), "no {part} among {found:?}");
        }
        for (name, is_folder, seen) in found {
            assert_eq!(seen, if is_folder { folders } else { files }, "mask {mask}{settings}: {name} is {seen:03o}");
        }
        assert_eq!(mode(&desk.path("reports")), folders);
    }
}

#[test]
fn the_side_files_of_a_fetch_at_work_are_private_too() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 2\n");
    let script = "umask 022; exec \"$0\" fetch --period 2026-03";
    let mut command = desk.started("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_tieout")]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let archive = format!("reports/{}.archive.sqlite", partner.world.partner().auth_id);
    let side_files = ["", "-wal", "-shm", ".lock"].map(|suffix| desk.path(&format!("{archive}{suffix}")));
    let are_there = || side_files.iter().all(|path| path.exists());
    for _wait in 0..10_000 {
        if are_there() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let seen = side_files.map(|path| path.metadata().map_or(0o600, |it| it.permissions().mode() & 0o777));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(seen, [0o600; 4]);
}

#[test]
fn what_an_earlier_version_left_open_is_closed_and_said() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(0, &["close", "--period", "2026-03"]);
    let who = &partner.world.partner().auth_id;
    let books = ["archive.sqlite", "register.sqlite", "archive.sqlite.lock"].map(|end| format!("reports/{who}.{end}"));
    let open = || {
        for name in &books {
            fs::set_permissions(desk.path(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
    };
    open();
    // Whoever only reads changes nothing.
    assert_eq!(under("022", &desk, &["verify", RUN]).stderr.matches("warning").count(), 0);
    let told = under("022", &desk, &["sync", "--period", "2026-03"]);
    for name in &books[..2] {
        let said = format!("warning: {name}: was open to others (mode 644), is closed to them now (600)\n");
        assert!(told.stderr.contains(&said), "{}", told.stderr);
    }
    assert!(books.iter().all(|name| mode(&desk.path(name)) == 0o600));
    assert_eq!(under("022", &desk, &["breaks"]).stderr, "", "said once");
    open();
    desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\n[files]\ngroup_readable = true\n");
    let told = under("022", &desk, &["breaks"]);
    assert!(told.stderr.contains("(mode 644), is closed to them now (640)"), "{}", told.stderr);
    assert!(books.iter().all(|name| mode(&desk.path(name)) == 0o640));
}

#[test]
fn metrics_keep_the_mode_that_a_collector_was_given() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.write("open.prom", "");
    fs::set_permissions(desk.path("open.prom"), fs::Permissions::from_mode(0o644)).unwrap();
    for (file, kept) in [("open.prom", 0o644), ("new.prom", 0o600)] {
        under("022", &desk, &["sync", "--period", "2026-03", "--metrics", file]);
        assert_eq!(mode(&desk.path(file)), kept, "{file}");
        assert!(String::from_utf8(desk.read(file)).unwrap().contains("tieout_exit_code 0"));
    }
}

#[test]
fn settings_are_no_books_and_keep_the_users_mask() {
    let desk = Desk::alone();
    fs::remove_file(desk.path("tieout.toml")).unwrap();
    under("022", &desk, &["init", "--offline"]);
    assert_eq!((mode(&desk.path("tieout.toml")), mode(&desk.path("rate-card.toml"))), (0o644, 0o644));
}
