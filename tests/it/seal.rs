//! Seals: what is sealed cannot change unnoticed, and a shell can redo the proof.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use tempfile::TempDir;
use tieout::domain::sha256;
use tieout::report::Paper;
use tieout::seal::{Fault, SEAL, Seal, check, read_seal, seal, write_run};

const MANIFEST: &[u8] = b"transactions 1 sha256\n";

fn paper(name: &str, bytes: &[u8]) -> Paper {
    Paper { name: name.to_owned(), bytes: bytes.to_owned() }
}

fn papers() -> Vec<Paper> {
    vec![
        paper("summary.txt", "Month close 2026-03\nVERDICT: TIED OUT\n".as_bytes()),
        paper("ledger/master-0001.parquet", &[0x50, 0x41, 0x52, 0x31, 0xff, 0x00]),
        paper("archive.manifest", MANIFEST),
        paper("unreadable.csv", b""),
    ]
}

fn sealed(papers: &[Paper]) -> Seal {
    seal("PA_ANVIL001", "2026-03".parse().unwrap(), "2026-03.r1", papers, &sha256(MANIFEST), None).unwrap()
}

/// A sealed run in a folder of its own; all that was derived, the seal too.
fn run() -> (TempDir, Vec<Paper>, Seal) {
    let home = TempDir::new().unwrap();
    let (mut papers, seal) = (papers(), sealed(&papers()));
    write_run(&home.path().join("2026-03"), &papers, &seal).unwrap();
    papers.push(seal.paper());
    (home, papers, seal)
}

fn told(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_text_is_as_agreed() {
    let previous = sha256(b"last month");
    let period = "2026-03".parse().unwrap();
    let first = sealed(&papers());
    let next = seal("PA_X", period, "r2", &papers()[..1], &sha256(MANIFEST), Some(&previous)).unwrap();
    insta::assert_snapshot!("text", format!("{}{}\n\n{}{}", first.text, first.hash, next.text, next.hash));
}

#[test]
fn the_order_of_papers_does_not_matter() {
    let mut backwards = papers();
    backwards.reverse();
    assert_eq!(sealed(&backwards), sealed(&papers()));
}

#[test]
fn a_shell_redoes_the_seal() {
    let (home, _, seal) = run();
    let script = r#"
        set -e
        sed -n '2,/^archive /p' SEAL | sed '$d' | while read -r digest bytes name; do
            test "$(sha256sum < "$name" | cut -d' ' -f1)" = "$digest"
            test "$(wc -c < "$name" | tr -d ' ')" = "$bytes"
            echo "$name"
        done | wc -l | tr -d ' '
        sed -n 's/^count //p' SEAL
        sha256sum < SEAL | cut -d' ' -f1
    "#;
    let output = Command::new("sh").arg("-c").arg(script).current_dir(home.path().join("2026-03")).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("4\n4\n{}\n", seal.hash));
}

#[test]
fn a_sealed_run_checks_and_reads_back() {
    let (home, papers, seal) = run();
    let folder = home.path().join("2026-03");
    assert_eq!(told(&check(&folder, None, None).unwrap()), "");
    assert_eq!(told(&check(&folder, Some(&papers), Some(&seal.hash)).unwrap()), "");
    let read = read_seal(&folder).unwrap();
    assert_eq!((read.to_text(), read.partner.as_str(), read.previous), (seal.text, "PA_ANVIL001", None));
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["2026-03"], "nothing is left beside the folder");
}

/// Tampers with a sealed run and tells what is found, with everything derived anew at hand.
fn found_after(tamper: impl Fn(&Path)) -> String {
    let (home, papers, seal) = run();
    let folder = home.path().join("2026-03");
    tamper(&folder);
    told(&check(&folder, Some(&papers), Some(&seal.hash)).unwrap())
}

#[test]
fn each_kind_of_tampering_is_named() {
    let write =
        |name: &'static str, text: &'static str| move |folder: &Path| fs::write(folder.join(name), text).unwrap();
    let replace = |from: &'static str, to: &'static str| {
        move |folder: &Path| {
            let text = fs::read_to_string(folder.join(SEAL)).unwrap();
            assert!(text.contains(from));
            fs::write(folder.join(SEAL), text.replace(from, to)).unwrap();
        }
    };
    let cases = [
        ("a line changed", found_after(write("summary.txt", "Month close 2026-03\nVERDICT: TIED out\n"))),
        ("a line added", found_after(write("summary.txt", "Month close 2026-03\nVERDICT: TIED OUT\n\n"))),
        (
            "bytes changed",
            found_after(|folder| fs::write(folder.join("ledger/master-0001.parquet"), [0x50, 0x40]).unwrap()),
        ),
        ("the manifest changed", found_after(write("archive.manifest", "transactions 2 sha256\n"))),
        ("a paper removed", found_after(|folder| fs::remove_file(folder.join("unreadable.csv")).unwrap())),
        ("a file added", found_after(write("ledger/more.parquet", "x"))),
        ("the seal removed", found_after(|folder| fs::remove_file(folder.join(SEAL)).unwrap())),
        ("the seal emptied", found_after(write(SEAL, ""))),
        ("the partner changed", found_after(replace("PA_ANVIL001", "PA_ANVIL002"))),
        ("the context changed", found_after(replace("tieout-seal-v1", "tieout-seal-v2"))),
        ("a length changed", found_after(replace("  22  archive", "  23  archive"))),
        ("a blank added", found_after(replace("  22  archive", "   22  archive"))),
        ("a name changed", found_after(replace("unreadable.csv", "unreadible.csv"))),
        ("a name that leaves", found_after(replace("unreadable.csv", "../readable.csv"))),
        ("the previous changed", found_after(replace("previous none", "previous nine"))),
        ("the count changed", found_after(replace("count 4", "count 5"))),
        ("carriage returns", found_after(replace("\n", "\r\n"))),
    ];
    let told = cases.iter().map(|(case, found)| format!("{case}\n{found}\n")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("tampering", told);
}

#[cfg(unix)]
#[test]
fn a_link_is_no_paper() {
    let found = found_after(|folder| {
        fs::rename(folder.join("summary.txt"), folder.join("../elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", folder.join("summary.txt")).unwrap();
    });
    assert_eq!(found, "summary.txt: not a plain file");
}

/// Writes in place, which a disk takes more lightly than a file cut short and written anew.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn every_changed_bit_of_the_seal_is_named() {
    let (home, papers, seal) = run();
    let folder = home.path().join("2026-03");
    for index in 0..seal.text.len() {
        for bit in 0..8 {
            let mut bytes = seal.text.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            overwrite(&folder.join(SEAL), &bytes);
            let faults = told(&check(&folder, Some(&papers), Some(&seal.hash)).unwrap());
            assert!(faults.contains("SEAL, line "), "byte {index}, bit {bit}: {faults}");
            assert!(faults.contains("SEAL: seal "), "byte {index}, bit {bit}: {faults}");
        }
    }
}

#[test]
fn every_changed_bit_of_a_paper_is_named() {
    let (home, papers, _) = run();
    let folder = home.path().join("2026-03");
    for paper in papers.iter().filter(|paper| paper.name != SEAL) {
        for index in 0..paper.bytes.len() {
            for bit in 0..8 {
                let mut bytes = paper.bytes.clone();
                bytes[index] ^= 1 << bit;
                overwrite(&folder.join(&paper.name), &bytes);
                let faults = told(&check(&folder, None, None).unwrap());
                assert!(faults.contains(&format!("{}: changed", paper.name)), "byte {index}, bit {bit}: {faults}");
            }
        }
        fs::write(folder.join(&paper.name), &paper.bytes).unwrap();
    }
}

#[test]
fn a_run_is_written_once() {
    let (home, mut papers, seal) = run();
    papers.pop();
    let refusal = |name: &str, papers: &[Paper], seal: &Seal| {
        let text = write_run(&home.path().join(name), papers, seal).unwrap_err().to_string();
        text.replace(&home.path().display().to_string(), "…")
    };
    assert_eq!(refusal("2026-03", &papers, &seal), "…/2026-03: already sealed");
    assert_eq!(refusal("2026-04", &papers[1..], &seal), "…/2026-04: the papers to be written are not the sealed ones");
    fs::write(home.path().join("2026-05"), "mine").unwrap();
    assert_eq!(refusal("2026-05", &papers, &seal), "…/2026-05: in the way, and none of the run's papers");
    fs::create_dir(home.path().join("2026-06")).unwrap();
    fs::write(home.path().join("2026-06/notes.txt"), "mine").unwrap();
    assert_eq!(refusal("2026-06", &papers, &seal), "…/2026-06/notes.txt: in the way, and none of the run's papers");
    assert_eq!(fs::read_to_string(home.path().join("2026-06/notes.txt")).unwrap(), "mine");
}

#[test]
fn an_unsealed_run_and_the_rest_of_a_killed_one_are_replaced() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("2026-03");
    fs::create_dir_all(home.path().join(".2026-03.unsealed/ledger")).unwrap();
    fs::write(home.path().join(".2026-03.unsealed/ledger/half"), "x").unwrap();
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("summary.txt"), "before").unwrap();
    write_run(&folder, &papers(), &sealed(&papers())).unwrap();
    assert_eq!(told(&check(&folder, Some(&papers()), None).unwrap()), "");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left beside the folder");
}

#[test]
fn what_cannot_be_stated_is_not_sealed() {
    let refusal = |partner: &str, run: &str, papers: &[Paper], archive: &str, previous: Option<&str>| {
        seal(partner, "2026-03".parse().unwrap(), run, papers, archive, previous).unwrap_err().to_string()
    };
    let archive = sha256(MANIFEST);
    let twice = [paper("a.csv", b"1"), paper("a.csv", b"2")];
    let shouted = archive.to_uppercase();
    insta::assert_snapshot!(
        "refusals",
        [
            refusal("PA X", "r1", &[], &archive, None),
            refusal("PA_X", "r1\n", &[], &archive, None),
            refusal("PA_X", "", &[], &archive, None),
            refusal("PA_X", "r1", &twice, &archive, None),
            refusal("PA_X", "r1", &[], "none", None),
            refusal("PA_X", "r1", &[], &archive, Some(&shouted)),
        ]
        .join("\n")
    );
}

#[test]
fn no_name_leaves_the_folder() {
    let archive = sha256(MANIFEST);
    let names =
        ["", "/etc/x", "../x", "a/../x", "a//b", "a/", ".", "a\\b", "a b", "a\nb", "SEAL", "seal", ".x", "C:x", "é"];
    for name in names {
        let refused = seal("PA_X", "2026-03".parse().unwrap(), "r1", &[paper(name, b"")], &archive, None);
        assert!(refused.unwrap_err().to_string().contains("not a safe name"), "{name:?}");
        let home = TempDir::new().unwrap();
        let refused = write_run(&home.path().join("run"), &[paper(name, b"")], &sealed(&papers()));
        assert!(refused.unwrap_err().to_string().contains("not a safe name"), "{name:?}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "{name:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_seal_reads_back_and_any_other_text_is_refused(
        papers in prop::collection::btree_map("[a-z]{1,3}(/[a-z0-9_-]{1,4}){0,2}\\.[a-z]{3}", prop::collection::vec(any::<u8>(), 0..40), 0..6),
        cut in any::<prop::sample::Index>(),
        junk in "[ -~\\n]{1,3}",
    ) {
        let papers: Vec<Paper> = papers.iter().map(|(name, bytes)| paper(name, bytes)).collect();
        let seal = sealed(&papers);
        let home = TempDir::new().unwrap();
        let folder = home.path().join("run");
        write_run(&folder, &papers, &seal).unwrap();
        prop_assert_eq!(read_seal(&folder).unwrap().to_text(), seal.text.clone());
        prop_assert_eq!(told(&check(&folder, Some(&papers), Some(&seal.hash)).unwrap()), "");
        let mut text = seal.text.clone();
        text.insert_str(cut.index(seal.text.len() + 1), &junk);
        fs::write(folder.join(SEAL), &text).unwrap();
        let with_seal = [papers, vec![seal.paper()]].concat();
        let found = told(&check(&folder, Some(&with_seal), None).unwrap());
        prop_assert!(found.contains("SEAL"), "{text}\n{found}");
    }
}
