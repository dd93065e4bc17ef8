//! Files that a person names: a device and a pipe are written through, a link leads on and stays, and what is somebody's own is
//! neither replaced nor deleted; nor is a link followed that somebody has laid at a name of ours.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO};

/// A pipe below the desk, and somebody who reads it into a file.
fn pipe(desk: &Desk, name: &str, into: &str) -> Child {
    assert!(Command::new("mkfifo").arg(desk.path(name)).status().unwrap().success());
    let into = fs::File::create(desk.path(into)).unwrap();
    Command::new("cat").arg(desk.path(name)).stdout(Stdio::from(into)).spawn().unwrap()
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

/// The names in a folder that begin with a dot.
fn hidden(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn metrics_go_through_a_pipe_and_a_device_and_along_a_link() {
    let desk = Desk::alone();
    let settle = |metrics: &str| desk.ends(2, &["settle", "nothing", "--metrics", metrics]);
    let mut reader = pipe(&desk, "pipe", "read.prom");
    settle("pipe");
    assert!(reader.wait().unwrap().success());
    let text = String::from_utf8(desk.read("read.prom")).unwrap();
    assert!(text.contains("tieout_exit_code 2\n") && text.ends_with('\n'), "{text}");
    assert!(fs::symlink_metadata(desk.path("pipe")).unwrap().file_type().is_fifo(), "the pipe is still one");

    let told = settle("/dev/null");
    assert!(!told.stderr.contains("--metrics"), "{}", told.stderr);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let told = settle("/dev/stderr").stderr;
    assert!(told.contains("tieout_exit_code 2\n"), "{told}");

    // A link to a file, a link to such a link in another folder, and one that leads to nothing yet.
    fs::create_dir_all(desk.path("far/away")).unwrap();
    desk.write("far/away/node.prom", "old");
    symlink("away/node.prom", desk.path("far/first")).unwrap();
    symlink("far/first", desk.path("second")).unwrap();
    symlink("far/away/new.prom", desk.path("third")).unwrap();
    for (link, place) in [("second", "far/away/node.prom"), ("third", "far/away/new.prom")] {
        settle(link);
        assert!(is_link(&desk.path(link)) && !is_link(&desk.path(place)));
        assert!(String::from_utf8(desk.read(place)).unwrap().contains("tieout_exit_code 2\n"), "{link}");
    }
    assert!(is_link(&desk.path("far/first")));
    assert_eq!(hidden(&desk.path("far/away")), Vec::<String>::new(), "nothing of ours is left");
}

#[test]
fn metrics_to_a_pipe_that_nobody_reads_end_all_the_same() {
    let desk = Desk::alone();
    assert!(Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap().success());
    let told = desk.tieout(&["settle", "nothing", "--metrics", "pipe"]);
    assert!(told.stderr.contains("--metrics pipe: cannot be written: nobody reads this pipe"), "{}", told.stderr);
}

#[test]
fn a_pack_goes_where_its_path_leads_and_replaces_nothing() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(BREAKS, &CLOSE);
    desk.ends(0, &["pack", RUN, "--out", "plain.pack"]);
    let mut reader = pipe(&desk, "pipe", "read.pack");
    desk.ends(0, &["pack", RUN, "--out", "pipe"]);
    assert!(reader.wait().unwrap().success());
    desk.ends(0, &["verify", "read.pack"]);
    fs::remove_file(desk.path("pipe")).unwrap();
    fs::create_dir(desk.path("far")).unwrap();
    symlink("far/led.pack", desk.path("link.pack")).unwrap();
    desk.ends(0, &["pack", RUN, "--out", "link.pack"]);
    assert!(is_link(&desk.path("link.pack")));
    desk.ends(0, &["verify", "far/led.pack"]);
    // The temporary name that earlier versions used may be somebody's own, or a link that somebody has laid there.
    desk.write("mine.pack.new", "mine");
    desk.write("victim", "victim");
    symlink("victim", desk.path("trap.pack.new")).unwrap();
    for pack in ["mine.pack", "trap.pack"] {
        desk.ends(0, &["pack", RUN, "--out", pack]);
    }
    assert_eq!((desk.read("mine.pack.new"), desk.read("victim")), (b"mine".to_vec(), b"victim".to_vec()));
    let before = desk.files();
    for there in ["plain.pack", "link.pack", "victim"] {
        let told = desk.ends(2, &["pack", RUN, "--out", there]);
        assert!(told.stderr.contains("hint: nothing is overwritten"), "{}", told.stderr);
    }
    assert!(desk.files() == before);
}

#[test]
fn the_first_files_go_along_links_and_through_devices() {
    let desk = Desk::alone();
    fs::create_dir_all(desk.path("books")).unwrap();
    desk.write("kept.toml", "old");
    symlink("../kept.toml", desk.path("books/tieout.toml")).unwrap();
    symlink("/dev/null", desk.path("books/rate-card.toml")).unwrap();
    let told = desk.ends(2, &["init", "--offline", "--dir", "books"]);
    assert!(told.stderr.contains("books/tieout.toml: stands there already"), "{}", told.stderr);
    desk.ends(0, &["init", "--offline", "--dir", "books", "--force"]);
    assert!(is_link(&desk.path("books/tieout.toml")) && is_link(&desk.path("books/rate-card.toml")));
    assert!(String::from_utf8(desk.read("kept.toml")).unwrap().contains("[partner]"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(hidden(&desk.path("")), Vec::<String>::new());
}

#[test]
fn a_run_folder_that_is_a_link_is_written_where_the_link_leads() {
    let partner = Partner::of(SCENARIO);
    let calm = Desk::at(&partner);
    calm.ends(BREAKS, &CLOSE);
    let desk = Desk::at(&partner);
    fs::create_dir_all(desk.path("reports")).unwrap();
    fs::create_dir_all(desk.path("large")).unwrap();
    symlink("../large/march", desk.path(RUN)).unwrap();
    desk.ends(BREAKS, &CLOSE);
    assert!(is_link(&desk.path(RUN)) && desk.files_in("large/march") == calm.files_in(RUN));
    desk.ends(0, &["verify", RUN]);
    let left = [hidden(&desk.path("large")), hidden(&desk.path("reports"))].concat();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn links_that_somebody_lays_at_our_own_names_are_not_followed() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    fs::create_dir_all(desk.path(RUN)).unwrap();
    fs::create_dir(desk.path("victims")).unwrap();
    desk.write("victim", "victim");
    symlink("../../victim", desk.path(&format!("{RUN}/.run.json.new"))).unwrap();
    symlink("../victims", desk.path("reports/.2026-03.unsealed")).unwrap();
    symlink("../victims", desk.path("reports/.2026-03.replaced")).unwrap();
    desk.ends(BREAKS, &CLOSE);
    desk.ends(0, &["verify", RUN]);
    assert_eq!(desk.read("victim"), b"victim");
    assert_eq!(fs::read_dir(desk.path("victims")).unwrap().count(), 0);
}

#[test]
fn drafts_take_the_place_of_drafts_and_of_nothing_else() {
    let partner =
        Partner::of(&SCENARIO.replace("'breaks'", "'tied-out'").replace("[[flaws]]\nclass = 'amount-differs'\n", ""));
    let desk = Desk::at(&partner);
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    desk.ends(0, &["draft", RUN]);
    let drafts = format!("{RUN}.draft");
    let first = desk.files_in(&drafts);
    assert!(first.iter().any(|(name, _)| name.starts_with("invoices/")));
    // The user's own, in the middle of them; and a draft of before, which is none of today's.
    desk.write(&format!("{drafts}/invoices/remarks.txt"), "mine");
    let (stale, page) = (format!("{drafts}/invoices/stale.html"), b"<p>an earlier draft".to_vec());
    desk.write(&stale, &page);
    let list = String::from_utf8(desk.read(&format!("{drafts}/drafts.sha256"))).unwrap();
    let line = format!("{}  invoices/stale.html\n", tieout::domain::sha256(&page));
    desk.write("victim.toml", "victim");
    let outside = format!("{}  ../../victim.toml\n", tieout::domain::sha256(b"victim"));
    desk.write(&format!("{drafts}/drafts.sha256"), format!("{line}{outside}{list}"));
    desk.ends(0, &["draft", RUN]);
    assert_eq!(desk.read(&format!("{drafts}/invoices/remarks.txt")), b"mine");
    assert!(!desk.path(&stale).exists() && desk.read("victim.toml") == b"victim");
    let mut own = desk.files_in(&drafts);
    own.retain(|(name, _)| name != "invoices/remarks.txt");
    assert!(own == first);
    // A draft that somebody has written into is theirs, and so is a link at its name: neither is replaced.
    let (name, bytes) = first.iter().find(|(name, _)| name.contains(".html")).unwrap();
    let place = format!("{drafts}/{name}");
    desk.write(&place, [bytes, &b"<!-- checked -->"[..]].concat());
    let told = desk.ends(2, &["draft", RUN]);
    let refused = format!("error: {place}: not as a draft was laid down there, so it stays\nhint: move it away, ");
    assert!(told.stderr.contains(&refused), "{}", told.stderr);
    assert!(desk.read(&place).ends_with(b"<!-- checked -->"));
    fs::remove_file(desk.path(&place)).unwrap();
    desk.write("victim", bytes);
    symlink(desk.path("victim"), desk.path(&place)).unwrap();
    desk.ends(2, &["draft", RUN]);
    assert!(is_link(&desk.path(&place)));
    fs::remove_file(desk.path(&place)).unwrap();
    desk.ends(0, &["draft", RUN]);
    assert_eq!(desk.read(&place), *bytes);
}
