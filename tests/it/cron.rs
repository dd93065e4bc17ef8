//! The cron lines and the unit that are shipped, run as cron and systemd run them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::desk::{Desk, Partner, told};

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// A desk whose settings name the credentials' file, as a job has it.
fn desk() -> (Partner, Desk) {
    let partner = Partner::of(
        "name = 'n'\nprose = 'p'\nseed = 1\n[world]\nperiod = '2026-03'\ncustomers = 2\nentries = 20\n\
         [expected]\nverdict = 'tied-out'\n",
    );
    let desk = Desk::at(&partner);
    let who = partner.world.partner();
    desk.write("keys.toml", format!("auth_id = \"{}\"\nauth_token = \"{}\"\n", who.auth_id, who.token));
    fs::set_permissions(desk.path("keys.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    let base = &partner.base_url;
    desk.write(
        "tieout.toml",
        format!(
            "[partner]\nbase_url = \"{base}\"\ncredentials_file = \"keys.toml\"\n[fetch]\nrequests_per_second = 1000\n"
        ),
    );
    (partner, desk)
}

/// The variables and the jobs of the crontab in the README: of each line behind the times its user and its command.
fn crontab() -> (BTreeMap<String, String>, Vec<String>) {
    let readme = shipped("README.md");
    let (_, rest) = readme.split_once("```cron\n").unwrap();
    let (table, _) = rest.split_once("```").unwrap();
    let (mut variables, mut jobs) = (BTreeMap::new(), Vec::new());
    for line in table.lines() {
        match line.split_once('=').filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase())) {
            Some((name, value)) => drop(variables.insert(name.to_owned(), value.to_owned())),
            None => jobs.push(line.split_whitespace().skip(6).collect::<Vec<_>>().join(" ")),
        }
    }
    (variables, jobs)
}

/// In a crontab an unescaped `%` ends the command, the shell is `/bin/sh`, and nothing is in the environment but what the
/// table sets and cron itself: HOME, LOGNAME and SHELL.
#[test]
fn the_cron_lines_find_the_program_and_keep_the_books_from_others() {
    let (_partner, desk) = desk();
    let (variables, jobs) = crontab();
    assert_eq!(jobs.len(), 2);
    let path = &variables["PATH"];
    assert!(path.split(':').any(|folder| folder == "/usr/local/bin"), "{path}");
    fs::create_dir(desk.path("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_tieout"), desk.path("bin/tieout")).unwrap();
    let here = |text: &str| {
        text.replace("/usr/local/bin", desk.path("bin").to_str().unwrap())
            .replace("/srv/tieout", desk.path("").to_str().unwrap())
            .replace("/var/lib/node_exporter", desk.path("").to_str().unwrap())
    };
    for job in &jobs {
        assert!(!job.contains('%') && !job.contains("date "), "{job}");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &here(job)]).current_dir("/").env_clear();
        shell.env("PATH", here(path)).env("HOME", desk.path("")).env("LOGNAME", "tieout").env("SHELL", "/bin/sh");
        let told = told(shell.output().unwrap());
        assert_eq!(told.code, 0, "{job}\n{}{}", told.stdout, told.stderr);
    }
    let runs: Vec<String> =
        desk.files().into_iter().map(|(name, _)| name).filter(|name| name.ends_with("/SEAL")).collect();
    assert_eq!(runs.len(), 1, "the close has sealed the last month: {runs:?}");
    for (name, _) in desk.files().iter().filter(|(name, _)| name.starts_with("reports/")) {
        let mode = fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{name}");
    }
    let metrics: Vec<String> =
        desk.files().into_iter().map(|(name, _)| name).filter(|name| name.contains(".prom")).collect();
    assert_eq!(metrics.len(), 2, "{metrics:?}");
}

#[test]
fn the_unit_closes_the_last_month_and_goes_on_after_5_alone() {
    let unit = shipped("fixtures/deploy/tieout.service");
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(&format!("{key}="))).unwrap();
    let command: Vec<&str> = value("ExecStart").split(' ').collect();
    assert_eq!(command[0], "/usr/local/bin/tieout");
    assert_eq!((value("SuccessExitStatus"), value("RestartPreventExitStatus")), ("3 4", "1 2 6"));
    let (_partner, mut desk) = desk();
    let told = desk.tieout(&command[1..]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(desk.files().iter().any(|(name, _)| name.ends_with("/SEAL")));
    // No repetition heals wrong credentials: the unit stops there.
    desk.set("VOBIZ_AUTH_ID", Some("PA_1"));
    desk.set("VOBIZ_AUTH_TOKEN", Some("wrong-wrong-wrong"));
    desk.ends(2, &command[1..]);
}
