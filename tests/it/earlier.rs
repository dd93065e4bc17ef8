//! A run that an earlier version sealed stays verifiable: its bytes by the seal, its figures from the archived pages.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tieout::archive::{Archive, ArchiveError};
use tieout::domain::sha256;
use tieout::report::Paper;
use tieout::run::{Verified, verify};
use tieout::seal::{SEAL, read_seal, seal};
use tieout::watch::Nobody;

use crate::support::fixture;

/// The specimen of 2026-03 as version 0.1.0 sealed it, with the archived pages it rests on.
const PACK: &str = "audit/2026-03.0.1.0.pack";

fn verified(folder: &Path, archive: Option<&Path>, expect: Option<&str>) -> Verified {
    verify(folder, archive, expect, &Nobody).unwrap()
}

/// The packed run's papers in a folder of their own.
fn unpacked() -> (TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("2026-03");
    let archive = Archive::open_existing(&fixture(PACK)).unwrap();
    let papers = archive.unpack(|name, bytes| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        Ok::<_, ArchiveError>(())
    });
    assert!(papers.unwrap() > 40);
    (home, folder)
}

/// Replaces a text in a paper and seals the folder anew, as a forger would who has no archive of his own.
fn forged(folder: &Path, name: &str, old: &str, new: &str) {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{name} holds no {old:?}");
    fs::write(&path, text.replacen(old, new, 1)).unwrap();
    let was = read_seal(folder).unwrap();
    let papers: Vec<Paper> = was
        .papers
        .iter()
        .map(|it| Paper { name: it.name.clone(), bytes: fs::read(folder.join(&it.name)).unwrap() })
        .collect();
    let anew = seal(&was.partner, was.period, &was.run, &papers, &was.archive, was.previous.as_deref()).unwrap();
    fs::write(folder.join(SEAL), anew.text).unwrap();
}

#[test]
fn the_specimen_of_the_first_version_verifies() {
    let found = verified(&fixture(PACK), None, None);
    assert_eq!(found.faults, Vec::<String>::new());
    let (made, compared) = found.earlier.expect("another version made it");
    assert_eq!(made, "0.1.0");
    for name in ["archive.manifest", "ledger/master-0001.parquet"] {
        assert!(compared.same.iter().any(|same| same == name), "{name} is derived bit for bit: {compared:?}");
    }
    let of = |it: &[String]| it.len();
    assert_eq!(of(&compared.same) + of(&compared.reworded) + of(&compared.not_compared), found.papers);
    // What is not compared repeats figures that are: no table and no JSON file is among it.
    let tables = compared.not_compared.iter().filter(|it| tieout::report::has_figures(it));
    assert_eq!(tables.collect::<Vec<_>>(), Vec::<&String>::new());
    let seal = found.seal.unwrap();
    assert_eq!(verified(&fixture(PACK), None, Some(&seal)).faults, Vec::<String>::new());
    assert_eq!(verified(&fixture(PACK), None, Some(&sha256(b"another"))).faults.len(), 1);
}

#[test]
fn a_figure_that_was_changed_is_named_though_the_folder_was_sealed_anew() {
    for (name, old, new, told) in [
        ("accounts.csv", "\"INR\"", "\"USD\"", "accounts.csv, line 2, column currency: found USD, derived INR"),
        ("close.json", "\"residual\": \"0.00\"", "\"residual\": \"1.00\"", "close.json, "),
    ] {
        let (_home, folder) = unpacked();
        forged(&folder, name, old, new);
        let faults = verified(&folder, Some(&fixture(PACK)), None).faults;
        assert!(matches!(faults.as_slice(), [only] if only.starts_with(told)), "{faults:?}");
    }
}

#[test]
fn a_seal_that_names_another_month_before_is_told() {
    let (_home, folder) = unpacked();
    let text = fs::read_to_string(folder.join(SEAL)).unwrap();
    let other = format!("previous {}", sha256(b"another"));
    fs::write(folder.join(SEAL), text.replace("previous none", &other)).unwrap();
    let faults = verified(&folder, Some(&fixture(PACK)), None).faults;
    assert!(matches!(faults.as_slice(), [only] if only.starts_with("SEAL, previous: found ")), "{faults:?}");
}

#[test]
fn a_paper_that_was_changed_after_the_seal_is_told() {
    let (_home, folder) = unpacked();
    let path = folder.join("close.html");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("TIED", "TIES", 1) + " ").unwrap();
    let faults = verified(&folder, Some(&fixture(PACK)), None).faults;
    assert!(matches!(faults.as_slice(), [only] if only.starts_with("close.html: changed, found ")), "{faults:?}");
}
