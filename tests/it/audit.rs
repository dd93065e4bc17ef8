//! The audit run: the committed archive, settled again, gives the committed specimen byte for byte; its papers are
//! snapshots, so that a change of a paper is read by whoever reviews it.

use std::fs;
use std::path::{Path, PathBuf};

use tieout::run::verify;
use tieout::watch::Nobody;

use crate::support::{fixture, scenario_at, settle};

/// The seal of the specimen. It changes with the papers, in the same commit.
const SEAL: &str = "0f22a9437914c7cb9a0fc9a4a49c122466cdf22fa2e6674861cdb9e1cd4aa2f4";

fn specimen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/specimen/2026-03")
}

#[test]
fn the_specimen_is_derived_again_byte_for_byte() {
    let archive = fixture("audit/archive.sqlite");
    let verified = verify(&specimen(), Some(&archive), Some(SEAL), &Nobody).unwrap();
    assert_eq!(verified.faults, Vec::<String>::new());
    assert_eq!(verified.seal.as_deref(), Some(SEAL));
    let names = walk(&specimen());
    assert_eq!(verified.papers + 1, names.len(), "every file of the specimen but SEAL is sealed: {names:?}");
}

#[test]
fn the_papers_of_the_audit_run() {
    let scenario = scenario_at(&fixture("audit/scenario.toml"));
    let archive = tieout::archive::Archive::open_existing(&fixture("audit/archive.sqlite")).unwrap();
    let settled = settle(&scenario, &archive);
    for name in [
        "summary.txt",
        "tie_outs.csv",
        "bridge.csv",
        "breaks.csv",
        "accounts.csv",
        "invoices.csv",
        "invoice_lines.csv",
        "held.csv",
        "walk.csv",
    ] {
        let paper = settled.papers.iter().find(|paper| paper.name == name).expect(name);
        let text = String::from_utf8(paper.bytes.clone()).unwrap();
        insta::assert_snapshot!(name, text);
    }
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
