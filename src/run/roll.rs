//! The roll of sealed runs: what the register knows of each, where its folder is, what it numbered; and a run declared lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::dates;
use super::error::RunError;
use super::folder::register_files;
use super::neighbours::neighbours;
use super::shelf::{Shelf, Whereabouts};
use super::shelf_error::ShelfError;
use crate::register::{Document, Forgotten, Known, Mark, Noted, Register, RegisterError};

/// Every run that a register knows.
pub struct Roll {
    /// The partner.
    pub partner: String,
    /// The register.
    pub register: PathBuf,
    /// The runs by month, closes before the rechecks.
    pub runs: Vec<ListedRun>,
    /// Where the dates of numbered documents run backwards.
    pub backwards: Vec<String>,
}

/// A run on the roll.
pub struct ListedRun {
    /// As the register knows it.
    pub known: Known,
    /// Where its folder is.
    pub place: Whereabouts,
    /// What it numbered.
    pub documents: Vec<Document>,
}

/// Opens the register for the sealed runs of a folder, brought up to date with them: the file named, else the only one in the
/// folder that the archives stand in, which is made where there is none yet. Tells how many decisions it took back from
/// sealed runs.
///
/// # Errors
/// When there is neither a register nor a sealed run, when there are several partners, when a run is not what was sealed, or the
/// register refuses.
pub fn open_register(reports: &Path, beside: &Path, named: Option<&Path>) -> Result<(Register, usize), RunError> {
    let (shelf, mut register) = opened(reports, beside, named)?;
    let restored = shelf.take_up(&mut register)?;
    Ok((register, restored))
}

/// The shelf of a folder and the register of it.
fn opened(reports: &Path, beside: &Path, named: Option<&Path>) -> Result<(Shelf, Register), RunError> {
    let (file, register) = if let Some(file) = named {
        (file.to_owned(), Register::open_existing(file)?)
    } else {
        let mut found: BTreeMap<String, PathBuf> = register_files(beside)?;
        for run in neighbours(reports)? {
            let partner = run.inputs.partner;
            found.entry(partner.clone()).or_insert_with(|| beside.join(format!("{partner}.register.sqlite")));
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some((partner, file)), None) => (file.clone(), Register::open(&file, &partner)?),
            (None, _) => return Err(RunError::NoRegister(reports.to_owned())),
            (Some((one, _)), Some((other, _))) => {
                return Err(RunError::SeveralRegisters {
                    folder: reports.to_owned(),
                    partners: format!("{one}, {other}"),
                });
            }
        }
    };
    let shelf = Shelf { reports: reports.to_owned(), register: file, partner: register.partner().to_owned() };
    Ok((shelf, register))
}

/// The roll of a folder's runs; register and errors as of [`open_register`].
///
/// # Errors
/// Those of [`open_register`]. A run that is missing or bears another seal is no error: it is on the roll.
pub fn roll(reports: &Path, beside: &Path, named: Option<&Path>) -> Result<Roll, RunError> {
    let (shelf, mut register) = opened(reports, beside, named)?;
    shelf.take_up(&mut register)?;
    let mut runs = Vec::new();
    for (known, place) in shelf.look()?.known {
        let documents = register.documents(&known.seal)?;
        runs.push(ListedRun { known, place, documents });
    }
    runs.sort_by_key(|it| (it.known.period, it.known.of.is_some(), it.known.number, it.known.order));
    let stood = runs.iter().filter(|it| !matches!(it.place, Whereabouts::Unfinished(_)));
    let documents = stood.flat_map(|it| it.documents.iter().map(|document| (it.known.run.as_str(), document)));
    let backwards = dates::backwards(documents);
    Ok(Roll { partner: shelf.partner, register: shelf.register, runs, backwards })
}

/// Declares a run lost whose folder is not found, has lost its seal or bears another: nobody asks for it any more, and everything
/// that it numbered and billed stays. It is named as the roll names it, or by its seal or the beginning of that. A whole seal
/// that nobody knows, and that a run names as that of the month before, can be declared lost, too.
///
/// # Errors
/// When no run or several are called so, the run is there, the reason says nothing, or the register refuses.
pub fn forget(
    (reports, beside, named): (&Path, &Path, Option<&Path>),
    id: &str,
    why: &Forgotten,
) -> Result<Roll, RunError> {
    let (shelf, mut register) = opened(reports, beside, named)?;
    shelf.take_up(&mut register)?;
    let seen = shelf.look()?;
    let is_called = |it: &Known| it.run == id || (id.len() >= 8 && it.seal.starts_with(id));
    let called: Vec<&(Known, Whereabouts)> = seen.known.iter().filter(|(it, _)| is_called(it)).collect();
    let is_there = |place: &Whereabouts| matches!(place, Whereabouts::Here(_) | Whereabouts::Unfinished(_));
    let not_there: Vec<&Known> = called.iter().filter(|(_, place)| !is_there(place)).map(|(it, _)| it).collect();
    // Two runs of one name: that is lost whose folder is not there.
    match (not_there.as_slice(), called.first()) {
        ([one], _) => register.forget(&one.seal, why)?,
        ([], Some((known, Whereabouts::Here(folder) | Whereabouts::Unfinished(folder)))) => {
            let (run, seal) = (known.run.clone(), known.seal.clone());
            return Err(ShelfError::NotLost { run, folder: folder.clone(), seal }.into());
        }
        ([], _) => {
            let Some(naming) = seen.own().find(|run| run.inputs.previous.as_deref() == Some(id)) else {
                let runs: Vec<&str> = seen.known.iter().map(|(it, _)| it.run.as_str()).collect();
                return Err(RegisterError::UnknownRun { run: id.to_owned(), known: runs.join(", ") }.into());
            };
            register.note(&never_met(naming.inputs.period.previous(), id))?;
            register.forget(id, why)?;
        }
        (several, _) => {
            let runs = several.iter().map(|it| format!("{} with seal {}", it.run, it.seal)).collect();
            return Err(ShelfError::SeveralRuns { id: id.to_owned(), runs }.into());
        }
    }
    drop((register, seen));
    roll(reports, beside, named)
}

/// A run of which nothing is known but its month and its seal.
fn never_met(period: crate::domain::Period, seal: &str) -> Noted {
    Noted {
        run: period.to_string(),
        period,
        number: 1,
        seal: seal.to_owned(),
        of: None,
        sightings: Vec::new(),
        outcomes: Vec::new(),
        kept: None,
    }
}

impl ListedRun {
    /// Whether the run counts: its numbers are taken.
    #[must_use]
    pub const fn counts(&self) -> bool {
        !matches!(self.place, Whereabouts::Unfinished(_))
    }

    /// Whether a close is refused for it.
    #[must_use]
    pub const fn is_asked_for(&self) -> bool {
        matches!(self.place, Whereabouts::Missing(_) | Whereabouts::Unsealed(_) | Whereabouts::Otherwise { .. })
    }

    /// Whether it was declared lost.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.known.mark == Mark::Forgotten
    }
}
