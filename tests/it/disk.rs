//! A disk that is full, a folder that is closed to writing, an archive that somebody holds: one clear message with advice,
//! nothing torn, and the same command succeeds later.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use tieout::archive::Archive;

use crate::desk::{Desk, Partner, Told, told};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO, durable, sealed_once, slow_desk, undisturbed};
use crate::runs_killed::recorded;

/// A refusal that people can use: one error with one hint, the exit for what can be put right here, and no seal.
fn refused(desk: &Desk, told: &Told, part: &str) {
    refused_with(2, desk, told, part);
}

fn refused_with(code: i32, desk: &Desk, told: &Told, part: &str) {
    let lines: Vec<&str> = told.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    let hints = told.stderr.lines().filter(|line| line.starts_with("hint: ")).count();
    assert_eq!((told.code, lines.len(), hints), (code, 1, 1), "{}{}", told.stdout, told.stderr);
    assert!(told.stderr.contains(part) && told.stdout.is_empty(), "no {part:?} in {}", told.stderr);
    assert!(!desk.path("reports/2026-03/SEAL").exists());
}

/// Runs the program with a limit on the size of every file it writes, in blocks of 512 bytes.
fn with_files_up_to(desk: &Desk, blocks: u32, arguments: &[&str]) -> Told {
    // A signal would end the program before the system's refusal reaches it.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = desk.started("/bin/sh");
    told(command.args(["-c", &script, env!("CARGO_BIN_EXE_tieout")]).args(arguments).output().unwrap())
}

#[test]
fn a_disk_that_takes_no_more_is_told_and_the_same_command_goes_on() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let calm = undisturbed(&partner);
    let mut went_on = 0;
    // How many pages share a commit is the disk's affair: limits go up until one leaves room enough.
    for blocks in [0, 1, 8].into_iter().chain((40..).step_by(30)) {
        let desk = slow_desk(&partner);
        let first = with_files_up_to(&desk, blocks, &CLOSE);
        if first.code == BREAKS {
            break;
        }
        refused(&desk, &first, "disk");
        let on_disk = durable(&desk);
        went_on += usize::from(on_disk.len() > 2);
        patience.answered();
        desk.ends(BREAKS, &CLOSE);
        crate::killed::asked_anew_only(&patience, &on_disk);
        assert!(desk.files_in(RUN) == calm, "other papers after a limit of {blocks} blocks");
    }
    assert!(went_on > 0, "no limit let a few pages through");
}

#[test]
fn papers_that_find_no_room_leave_the_prepared_run_as_it_was() {
    let (partner, _patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let calm = undisturbed(&partner);
    // The register is written first, and what it holds already asks for no room in it.
    let fetched = slow_desk(&partner);
    fetched.ends(0, &["fetch", "--period", "2026-03"]);
    for desk in [fetched, recorded(&partner)] {
        let before = desk.files_in(RUN);
        for blocks in [0, 1, 2, 4, 8, 16] {
            let told = with_files_up_to(&desk, blocks, &["settle", RUN]);
            let of_the_register =
                told.stderr.contains("failed to note a run") && told.stderr.contains("is the disk full");
            refused(&desk, &told, if of_the_register { "register reports/" } else { "cannot write" });
            assert!(desk.files_in(RUN) == before, "{blocks} blocks");
            assert!(!desk.path("reports/.2026-03.unsealed").exists(), "{blocks} blocks are not given back");
        }
        desk.ends(BREAKS, &["settle", RUN]);
        assert!(desk.files_in(RUN) == calm);
        assert_eq!(sealed_once(&desk), desk.table("reports/2026-03/invoices.csv").len());
    }
}

/// A real full disk, where this machine lets a test have one of its own: a file system in memory, which only the program
/// and a shell around it see.
#[test]
#[expect(clippy::print_stdout, reason = "a test that has to stand aside says so")]
fn a_full_file_system_is_told_and_room_heals_it() {
    let probe = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        println!("no file system of its own for this test: limits on files stand for it");
        return;
    }
    let partner = Partner::of(SCENARIO);
    let calm = undisturbed(&partner);
    let script = "mount -t tmpfs -o size=$SIZE tmpfs reports && \"$0\" \"$@\" >&2; first=$?
        [ -e reports/2026-03/SEAL ] && first=sealed
        mount -o remount,size=64m reports; \"$0\" \"$@\" >/dev/null 2>&1; echo $first $?; cp -r reports/2026-03 kept";
    for size in ["4k", "64k", "160k", "260k", "340k"] {
        let desk = slow_desk(&partner);
        fs::create_dir(desk.path("reports")).unwrap();
        let mut command = desk.started("unshare");
        command.env("SIZE", size).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(["-rm", "sh", "-c", script, env!("CARGO_BIN_EXE_tieout")]).args(CLOSE);
        let told = told(command.output().unwrap());
        assert_eq!(told.stdout.trim(), "2 3", "{size}: {}", told.stderr);
        assert!(told.stderr.contains("error: ") && told.stderr.contains("hint: "), "{size}: {}", told.stderr);
        assert!(desk.files_in("kept") == calm, "other papers after {size}");
    }
}

/// The program as somebody whom permissions bind, also where the tests are run by root.
fn bound(desk: &Desk, arguments: &[&str]) -> Told {
    let root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !root {
        return desk.tieout(arguments);
    }
    // Nobody can look into root's folders: the program goes with the desk.
    let program = desk.path("tieout");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_tieout"), &program).unwrap();
        fs::set_permissions(desk.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    }
    told(desk.started(program.to_str().unwrap()).args(arguments).uid(65534).gid(65534).output().unwrap())
}

#[test]
fn a_folder_that_is_closed_to_writing_is_told() {
    let partner = Partner::of(SCENARIO);
    let calm = undisturbed(&partner);
    let desk = slow_desk(&partner);
    let reports = desk.path("reports");
    fs::create_dir(&reports).unwrap();
    let may = |mode| fs::set_permissions(&reports, fs::Permissions::from_mode(mode)).unwrap();
    may(0o555);
    refused(&desk, &bound(&desk, &CLOSE), "reports");
    may(0o777);
    assert_eq!(bound(&desk, &["fetch", "--period", "2026-03"]).code, 0);
    may(0o555);
    let before = desk.files();
    refused(&desk, &bound(&desk, &["settle", RUN]), "reports");
    assert!(desk.files() == before, "something was left behind");
    may(0o777);
    assert_eq!(bound(&desk, &["settle", RUN]).code, BREAKS);
    assert!(desk.files_in(RUN) == calm);
}

#[test]
fn an_archive_that_somebody_holds_is_told() {
    let partner = Partner::of(SCENARIO);
    let calm = undisturbed(&partner);
    let desk = slow_desk(&partner);
    fs::create_dir(desk.path("reports")).unwrap();
    let auth_id = &partner.world.partner().auth_id;
    let path = desk.path(&format!("reports/{auth_id}.archive.sqlite"));
    let held = Archive::open(&path, auth_id).unwrap();
    // It heals by itself: who repeats what ended with 5 comes to an end.
    refused_with(5, &desk, &desk.tieout(&CLOSE), "another run is writing to it");
    drop(held);
    // Another program, which knows nothing of our lock.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    refused_with(5, &desk, &desk.tieout(&CLOSE), "database is locked");
    drop(other);
    desk.ends(BREAKS, &CLOSE);
    assert!(desk.files_in(RUN) == calm);
}

fn begun(desk: &Desk, arguments: &[&str]) -> Child {
    let mut command = desk.started(env!("CARGO_BIN_EXE_tieout"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How those that began together ended; one of them has done the work.
fn one_of(desk: &Desk, together: Vec<Child>, calm: &[(String, Vec<u8>)], (code, part): (i32, &str)) {
    let ends: Vec<Told> = together.into_iter().map(|child| told(child.wait_with_output().unwrap())).collect();
    let (done, refused): (Vec<&Told>, Vec<&Told>) = ends.iter().partition(|told| told.code == BREAKS);
    assert_eq!(done.len(), 1, "{:?}", ends.iter().map(|told| &told.stderr).collect::<Vec<_>>());
    for told in refused {
        let clear = told.code == code && told.stderr.contains(part) && told.stderr.contains("hint: ");
        assert!(clear, "exit {}: {}", told.code, told.stderr);
    }
    assert!(desk.files_in(RUN) == calm);
    desk.ends(0, &["verify", RUN]);
}

#[test]
fn of_closes_and_settles_at_once_one_does_the_work_and_the_others_say_so() {
    let partner = Partner::of(SCENARIO);
    let calm = undisturbed(&partner);
    let desk = slow_desk(&partner);
    one_of(&desk, (0..3).map(|_| begun(&desk, &CLOSE)).collect(), &calm, (5, "another run is writing to it"));
    for _ in 0..5 {
        let desk = slow_desk(&partner);
        desk.ends(0, &["fetch", "--period", "2026-03"]);
        one_of(&desk, (0..4).map(|_| begun(&desk, &["settle", RUN])).collect(), &calm, (2, "sealed"));
    }
}
