//! Seals a run: papers and the archive manifest's digest in, the SEAL text and its hash out; and checks a folder against
//! a seal.
//!
//! The seal is the SHA-256 of a text that names every paper by digest, length and name, so a shell with `sha256sum` can
//! redo it. Reads and writes run folders and nothing outside them. What it does not prove: who made the seal, and when.

mod check;
mod earlier;
mod folder;
mod text;

use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::domain::{Period, sha256};
use crate::report::Paper;

pub use check::{Fault, check, read_as_sealed, sealed_paper};
pub use earlier::{Rederived, check_earlier};
pub use folder::{Alone, alone, alone_beside, is_half_written, mend, write_run, write_run_alone};
pub use text::{Sealed, SealedPaper};

/// The name of the seal's own file in a run folder.
pub const SEAL: &str = "SEAL";

/// A seal: its text, as the file `SEAL` holds it, and the SHA-256 of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The text, line feeds at the ends of lines.
    pub text: String,
    /// The SHA-256 of the text, 64 lower-case hexadecimal digits.
    pub hash: String,
}

impl Seal {
    /// The seal as a paper of its own, so that `check` can compare it with one derived anew.
    #[must_use]
    pub fn paper(&self) -> Paper {
        Paper { name: SEAL.to_owned(), bytes: self.text.clone().into_bytes() }
    }
}

/// Why a run cannot be sealed, written or read.
#[derive(Debug, Error)]
pub enum SealError {
    /// A name that could leave the folder, or that a line of the seal cannot hold.
    #[error("paper {0:?}: not a safe name (letters, digits, `.`, `_`, `-`, parts set apart by `/`, and not `SEAL`)")]
    UnsafeName(String),
    /// Two papers of one name.
    #[error("paper {0:?}: given twice")]
    GivenTwice(String),
    /// A word of the first line that is empty or holds a blank.
    #[error("seal, {what} {seen:?}: expected one word")]
    NotAWord {
        /// Which word.
        what: &'static str,
        /// What it is.
        seen: String,
    },
    /// A digest that is none.
    #[error("seal, {what} {seen:?}: expected 64 lower-case hexadecimal digits")]
    NotADigest {
        /// Which digest.
        what: &'static str,
        /// What it is.
        seen: String,
    },
    /// The papers to be written are not those of the seal.
    #[error("{}: the papers to be written are not the sealed ones", .0.display())]
    OtherPapers(PathBuf),
    /// The folder is sealed already.
    #[error("{}: already sealed", .0.display())]
    AlreadySealed(PathBuf),
    /// Something that is none of the run's papers is where the folder is to be.
    #[error("{}: in the way, and none of the run's papers", .0.display())]
    InTheWay(PathBuf),
    /// A folder that has no name or no parent.
    #[error("{}: not a folder that a run can be written to", .0.display())]
    NotAFolder(PathBuf),
    /// The text of the seal cannot be read.
    #[error("{}, line {line}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is seen and what was expected.
        reason: String,
    },
    /// A paper that the seal does not name.
    #[error("{}: not in the seal", .0.display())]
    NotSealed(PathBuf),
    /// A paper that is not what was sealed.
    #[error("{}: changed since it was sealed, found sha256 {found}, sealed {sealed}", path.display())]
    Altered {
        /// The paper.
        path: PathBuf,
        /// Its SHA-256.
        found: String,
        /// The SHA-256 it was sealed with.
        sealed: String,
    },
    /// The disk refused.
    #[error("{}: cannot {action}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Seals papers: all of a run's, those made elsewhere too, in any order.
///
/// # Errors
/// When a name is unsafe or given twice, `partner` or `run` is not one word, or a digest is not one.
pub fn seal(
    partner: &str,
    period: Period,
    run: &str,
    papers: &[Paper],
    manifest_digest: &str,
    previous: Option<&str>,
) -> Result<Seal, SealError> {
    let sealed = Sealed {
        partner: partner.to_owned(),
        period,
        run: run.to_owned(),
        papers: SealedPaper::of_all(papers),
        archive: manifest_digest.to_owned(),
        previous: previous.map(str::to_owned),
    };
    sealed.refuse_unfit()?;
    let text = sealed.to_text();
    let hash = sha256(text.as_bytes());
    Ok(Seal { text, hash })
}

/// Reads the seal of a run folder.
///
/// # Errors
/// When the file cannot be read, or is not the text of a seal to the last byte.
pub fn read_seal(folder: &Path) -> Result<Sealed, SealError> {
    let path = folder.join(SEAL);
    let bytes =
        fs::read(&path).map_err(|source| SealError::Disk { action: "read the seal", path: path.clone(), source })?;
    Sealed::read(&bytes).map_err(|(line, reason)| SealError::Malformed { path, line, reason })
}
