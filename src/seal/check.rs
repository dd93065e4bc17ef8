//! Checks a run folder against its seal, and against papers derived anew: every discrepancy out, each by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use thiserror::Error;

use super::folder::{disk, files};
use super::text::Sealed;
use super::{SEAL, SealError, SealedPaper};
use crate::domain::sha256;
use crate::report::Paper;

/// The characters of a line that are shown of a text that differs.
const SHOWN_MAX: usize = 160;

/// The paper whose digest the seal's `archive` line repeats.
const MANIFEST: &str = "archive.manifest";

/// One discrepancy: a finding about a run folder, not a failure of the check.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The folder has no seal.
    #[error("SEAL: missing")]
    NoSeal,
    /// The seal cannot be read.
    #[error("SEAL, line {line}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is seen and what was expected.
        reason: String,
    },
    /// The seal is not the one expected.
    #[error("SEAL: seal {found}, expected {expected}")]
    OtherSeal {
        /// The SHA-256 of the text in the folder.
        found: String,
        /// The one that was to be found.
        expected: String,
    },
    /// The `archive` line and the manifest in the folder are of different archives.
    #[error("SEAL: archive {sealed}, but {MANIFEST} has sha256 {found}")]
    OtherArchive {
        /// As sealed.
        sealed: String,
        /// As found.
        found: String,
    },
    /// A paper is not the one that was sealed.
    #[error(
        "{name}: changed, found {found_bytes} bytes with sha256 {found}, sealed {sealed_bytes} bytes with sha256 {sealed}"
    )]
    Changed {
        /// The paper.
        name: String,
        /// Its SHA-256.
        found: String,
        /// Its length.
        found_bytes: u64,
        /// The SHA-256 it was sealed with.
        sealed: String,
        /// The length it was sealed with.
        sealed_bytes: u64,
    },
    /// A paper is not what the archive gives.
    #[error("{name}, {place}: found {found}, derived {derived}")]
    Differs {
        /// The paper.
        name: String,
        /// The first line, or byte, that differs.
        place: String,
        /// What is there.
        found: String,
        /// What was derived.
        derived: String,
    },
    /// A paper that was sealed or derived is not in the folder.
    #[error("{0}: missing")]
    Missing(String),
    /// A file of the folder, or a derived paper, is not in the seal.
    #[error("{0}: not in the seal")]
    NotSealed(String),
    /// Something by a paper's name that is no plain file.
    #[error("{0}: not a plain file")]
    NotAFile(String),
}

/// Compares a folder with its seal; with papers derived anew, where given; and its seal with an expected hash, where
/// given. Nothing found means that all of them agree. The order is by paper, `SEAL` first.
///
/// Derived papers may be some of the run's or all. Give the derived seal's own paper among them ([`super::Seal::paper`]),
/// or the expected hash: what only the seal states (partner, run, previous) can be compared with nothing else.
///
/// # Errors
/// When the folder or a file of it cannot be read.
pub fn check(folder: &Path, expected: Option<&[Paper]>, expect_seal: Option<&str>) -> Result<Vec<Fault>, SealError> {
    let found = files(folder)?;
    let mut faults = Vec::new();
    let text = if found.get(SEAL) == Some(&true) { Some(read(folder, SEAL)?) } else { None };
    let sealed = text.as_deref().map_or(Err(Fault::NoSeal), |text| {
        Sealed::read(text).map_err(|(line, reason)| Fault::Malformed { line, reason })
    });
    if let (Some(expected), Some(hash)) = (expect_seal, text.as_deref().map(sha256))
        && expected != hash
    {
        faults.push(Fault::OtherSeal { found: hash, expected: expected.to_owned() });
    }
    let sealed = sealed.map_err(|fault| faults.push(fault)).ok();
    let lines: Option<BTreeMap<&str, &SealedPaper>> =
        sealed.as_ref().map(|sealed| sealed.papers.iter().map(|paper| (paper.name.as_str(), paper)).collect());
    let derived: BTreeMap<&str, &[u8]> =
        expected.unwrap_or_default().iter().map(|paper| (paper.name.as_str(), paper.bytes.as_slice())).collect();
    if let (Some(text), Some(derived)) = (&text, derived.get(SEAL)) {
        faults.extend(first_difference(SEAL, text, derived));
    }
    let of_seal = lines.iter().flat_map(|lines| lines.keys().copied());
    let names: BTreeSet<&str> = found
        .keys()
        .map(String::as_str)
        .chain(of_seal)
        .chain(derived.keys().copied())
        .filter(|it| *it != SEAL)
        .collect();
    for name in names {
        let line = lines.as_ref().and_then(|lines| lines.get(name).copied());
        if lines.is_some() && line.is_none() {
            faults.push(Fault::NotSealed(name.to_owned()));
        }
        match found.get(name) {
            None => faults.push(Fault::Missing(name.to_owned())),
            Some(false) => faults.push(Fault::NotAFile(name.to_owned())),
            Some(true) if line.is_none() && !derived.contains_key(name) => {}
            Some(true) => {
                let archive = sealed.as_ref().map(|sealed| sealed.archive.as_str());
                faults.extend(paper(name, &read(folder, name)?, line, derived.get(name).copied(), archive));
            }
        }
    }
    Ok(faults)
}

/// The bytes of one paper of a sealed run, where they are those that were sealed.
///
/// # Errors
/// When the seal names no such paper, it cannot be read, or it was altered.
pub fn sealed_paper(folder: &Path, sealed: &Sealed, name: &str) -> Result<Vec<u8>, SealError> {
    let line = sealed.papers.iter().find(|paper| paper.name == name);
    read_as_sealed(folder, line.ok_or_else(|| SealError::NotSealed(folder.join(name)))?)
}

/// The bytes of a paper, where they are those that a seal names.
///
/// # Errors
/// When it cannot be read, or was altered.
pub fn read_as_sealed(folder: &Path, line: &SealedPaper) -> Result<Vec<u8>, SealError> {
    let bytes = read(folder, &line.name)?;
    let found = SealedPaper::of(&line.name, &bytes);
    if found == *line {
        return Ok(bytes);
    }
    Err(SealError::Altered { path: folder.join(&line.name), found: found.digest, sealed: line.digest.clone() })
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, SealError> {
    let path = folder.join(name);
    fs::read(&path).map_err(disk("read", &path))
}

/// What is wrong with one paper that is there.
fn paper(
    name: &str,
    bytes: &[u8],
    sealed: Option<&SealedPaper>,
    derived: Option<&[u8]>,
    archive: Option<&str>,
) -> Vec<Fault> {
    let found = SealedPaper::of(name, bytes);
    let mut faults = Vec::new();
    if let Some(archive) = archive.filter(|archive| name == MANIFEST && *archive != found.digest) {
        faults.push(Fault::OtherArchive { sealed: archive.to_owned(), found: found.digest.clone() });
    }
    if let Some(sealed) = sealed.filter(|sealed| **sealed != found) {
        faults.push(Fault::Changed {
            name: name.to_owned(),
            found: found.digest,
            found_bytes: found.bytes,
            sealed: sealed.digest.clone(),
            sealed_bytes: sealed.bytes,
        });
    }
    faults.extend(derived.and_then(|derived| first_difference(name, bytes, derived)));
    faults
}

/// Where two papers differ first: by line where both are text, else by byte.
fn first_difference(name: &str, found: &[u8], derived: &[u8]) -> Option<Fault> {
    if found == derived {
        return None;
    }
    let differs = |place, found, derived| Some(Fault::Differs { name: name.to_owned(), place, found, derived });
    if let (Ok(found), Ok(derived)) = (std::str::from_utf8(found), std::str::from_utf8(derived)) {
        let (mut found, mut derived) = (found.split('\n'), derived.split('\n'));
        for number in 1_u64.. {
            match (found.next(), derived.next()) {
                (None, None) => break,
                (seen, expected) if seen == expected => {}
                (seen, expected) => {
                    let (seen, expected) = around(seen, expected);
                    return differs(format!("line {number}"), seen, expected);
                }
            }
        }
    }
    let place = found.iter().zip(derived).take_while(|(a, b)| a == b).count();
    let shown = |bytes: &[u8]| bytes.get(place).map_or_else(|| "its end".to_owned(), |byte| format!("0x{byte:02x}"));
    differs(format!("byte {}", place + 1), shown(found), shown(derived))
}

/// Two lines that differ, each from a little before the difference on.
fn around(found: Option<&str>, derived: Option<&str>) -> (String, String) {
    let same = |(a, b): &(char, char)| a == b;
    let (a, b) = (found.unwrap_or_default(), derived.unwrap_or_default());
    let start = a.chars().zip(b.chars()).take_while(same).count().saturating_sub(SHOWN_MAX / 4);
    let shown = |line: Option<&str>| {
        line.map_or_else(
            || "its end".to_owned(),
            |line| format!("{:?}", line.chars().skip(start).take(SHOWN_MAX).collect::<String>()),
        )
    };
    (shown(found), shown(derived))
}
