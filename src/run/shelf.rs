//! The shelf: every sealed run that a run has to reckon with, those that stand beside it and those that the registers beside
//! its archive know; and where the folder of each is.
//!
//! A folder can be moved, a register stays beside the archive. So each run that the register knows is asked for: one that is not
//! found, that lost its seal or bears another is named and refused, and one that is declared lost speaks by what is kept of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::chain;
use super::error::RunError;
use super::folder::{holds_papers, parent, place_of, reached, register_files, register_of, seal_in, sealed_runs};
use super::neighbours::{Neighbour, neighbours};
use super::recheck::{named, rechecks_of};
use super::shelf_error::{MissingRun, ShelfError};
use crate::register::{DocumentKind, Kept, Known, Mark, Register, RegisterError};
use crate::seal::{is_half_written, read_seal};

/// Where a run finds the others.
pub(super) struct Shelf {
    /// The folder that the run folders stand in.
    pub(super) reports: PathBuf,
    /// The partner's register.
    pub(super) register: PathBuf,
    /// The partner.
    pub(super) partner: String,
}

/// Where the folder of a known run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It is there, with the seal that is known.
    Here(PathBuf),
    /// It is not where it stood.
    Missing(PathBuf),
    /// It is there, and its seal is gone.
    Unsealed(PathBuf),
    /// Another seal is in its place.
    Otherwise {
        /// The folder.
        folder: PathBuf,
        /// The seal there.
        found: String,
    },
    /// It is declared lost, or rechecks one that is; this is where it stood.
    Lost(PathBuf),
    /// It was about to be sealed, and is not: its numbers are free.
    Unfinished(PathBuf),
}

/// Everything that is on a shelf.
pub(super) struct Seen {
    /// The sealed closes, by month and place in it, each once: as their folders have them, else as the registers keep them.
    pub(super) runs: Vec<Neighbour>,
    /// What the partner's register knows, and where each is.
    pub(super) known: Vec<(Known, Whereabouts)>,
    register: PathBuf,
    partner: String,
}

impl Shelf {
    /// The shelf that a run folder stands on.
    pub(super) fn of(folder: &Path, partner: &str, archive: Option<&Path>) -> Self {
        let (reports, register) = (parent(folder), register_of(folder, partner, archive));
        Self { reports, register, partner: partner.to_owned() }
    }

    /// The partner's register, made where there is none, and brought up to date with the sealed runs that stand here. Tells how
    /// many runs it was made of where there was none.
    pub(super) fn make(&self) -> Result<(Register, usize), RunError> {
        let is_new = matches!(Register::open_existing(&self.register), Err(RegisterError::Absent(_)));
        let mut register = Register::open(&self.register, &self.partner)?;
        self.take_up(&mut register)?;
        let made_of = if is_new { register.known()?.iter().filter(|it| it.of.is_none()).count() } else { 0 };
        Ok((register, made_of))
    }

    /// Takes every sealed run of the partner that stands here, and every recheck of it, into the register, where it is not there
    /// yet; a run in whose place the register knows another is left to be told. Decisions that a run was sealed with and that
    /// the register does not hold, because it was lost, are taken back: how many they are is told.
    pub(super) fn take_up(&self, register: &mut Register) -> Result<usize, RunError> {
        let (known, mut restored) = (register.known()?, 0);
        let find = |seal: &str| known.iter().find(|it| it.seal == seal);
        for folder in sealed_runs(&self.reports, None)? {
            let seal = seal_in(&folder)?.unwrap_or_default();
            let is_whole = |it: &Known| it.mark == Mark::Sealed && it.place.is_some();
            let is_known = find(&seal).is_some_and(is_whole);
            if is_known && recheck_seals(&folder)?.iter().all(|seal| find(seal).is_some()) {
                continue;
            }
            // What is another partner's is not read for this.
            if read_seal(&folder)?.partner != self.partner {
                continue;
            }
            let Some(run) = Neighbour::read(folder)?.filter(|run| run.inputs.partner == self.partner) else { continue };
            let place = place_of(&self.register, &run.folder);
            let in_its_place = |it: &&Known| it.of.is_none() && self.place(it) == place;
            if !is_known {
                let others = known.iter().filter(in_its_place);
                if find(&seal).is_none() && others.into_iter().any(|it| it.mark == Mark::Sealed) {
                    continue;
                }
                register.note(&run.to_note_from_papers(place)?)?;
            }
            for recheck in rechecks_of(&run.folder, &run.seal, highest(&known, &run.seal))? {
                register.note(&run.noted_recheck(recheck))?;
            }
            restored += register.take_back(&run.inputs.decisions)?;
        }
        Ok(restored)
    }

    /// Everything on the shelf. Where there is no register, none is made.
    pub(super) fn look(&self) -> Result<Seen, RunError> {
        let mut runs = neighbours(&self.reports)?;
        let mut known = Vec::new();
        if self.register.exists() {
            let mut register = Register::open(&self.register, &self.partner)?;
            self.take_up(&mut register)?;
            let all = register.known()?;
            for it in all.iter().filter(|it| it.of.is_none()) {
                let place = self.whereabouts(it, &runs)?;
                let found = match &place {
                    Whereabouts::Here(folder) if runs.iter().all(|run| run.seal != it.seal) => {
                        Neighbour::read(folder.clone())?
                    }
                    Whereabouts::Lost(folder) => of_kept(&register, it, folder)?,
                    Whereabouts::Here(_)
                    | Whereabouts::Missing(_)
                    | Whereabouts::Unsealed(_)
                    | Whereabouts::Otherwise { .. }
                    | Whereabouts::Unfinished(_) => None,
                };
                runs.extend(found);
                known.push((it.clone(), place));
            }
            for run in &mut runs {
                run.rechecks = highest(&all, &run.seal);
            }
            for it in all.iter().filter(|it| it.of.is_some()) {
                known.extend(recheck_is(it, &runs)?.map(|place| (it.clone(), place)));
            }
        }
        self.look_at_others(&mut runs)?;
        runs.sort_by_key(|run| (run.inputs.period, run.number(), run.is_here));
        Ok(Seen { runs, known, register: self.register.clone(), partner: self.partner.clone() })
    }

    /// The runs that registers of other partners know beside this one's: they may share its series of numbers.
    fn look_at_others(&self, runs: &mut Vec<Neighbour>) -> Result<(), RunError> {
        for (partner, file) in register_files(&parent(&self.register))? {
            if partner == self.partner {
                continue;
            }
            let register = match Register::open_existing(&file) {
                Err(RegisterError::Absent(_)) => continue,
                opened => opened?,
            };
            let theirs = Self { reports: self.reports.clone(), register: file, partner };
            for it in register.known()?.iter().filter(|it| it.of.is_none()) {
                if runs.iter().any(|run| run.seal == it.seal) {
                    continue;
                }
                let found = match theirs.whereabouts(it, runs)? {
                    Whereabouts::Here(folder) => Neighbour::read(folder)?,
                    Whereabouts::Unfinished(_) => None,
                    Whereabouts::Missing(folder)
                    | Whereabouts::Unsealed(folder)
                    | Whereabouts::Otherwise { folder, .. }
                    | Whereabouts::Lost(folder) => of_kept(&register, it, &folder)?,
                };
                runs.extend(found);
            }
        }
        Ok(())
    }

    /// Where the folder of a known close is, which may be among runs that were met already.
    fn whereabouts(&self, it: &Known, runs: &[Neighbour]) -> Result<Whereabouts, RunError> {
        if let Some(run) = runs.iter().find(|run| run.is_here && run.seal == it.seal) {
            return Ok(Whereabouts::Here(run.folder.clone()));
        }
        let folder = self.folder_of(it);
        let found = seal_in(&folder)?;
        Ok(match (it.mark, found) {
            (_, Some(found)) if found == it.seal => Whereabouts::Here(folder),
            (Mark::Forgotten, _) => Whereabouts::Lost(folder),
            (Mark::Sealed, Some(found)) => Whereabouts::Otherwise { folder, found },
            (Mark::Recorded | Mark::NeverSealed, Some(_)) => Whereabouts::Unfinished(folder),
            (Mark::Sealed, None) if folder.exists() => Whereabouts::Unsealed(folder),
            (Mark::Recorded | Mark::NeverSealed, None) if is_half_written(&folder) => Whereabouts::Unfinished(folder),
            (Mark::Recorded | Mark::NeverSealed, None) if folder.exists() => {
                if holds_papers(&folder) {
                    Whereabouts::Unsealed(folder)
                } else {
                    Whereabouts::Unfinished(folder)
                }
            }
            (_, None) => Whereabouts::Missing(folder),
        })
    }

    /// The folder that a known close stood in. Runs that an earlier version noted are looked for where its defaults put them.
    fn folder_of(&self, it: &Known) -> PathBuf {
        it.place.as_ref().map_or_else(|| self.reports.join(&it.run), |place| reached(&self.register, place))
    }

    /// The same, as the register reaches it.
    fn place(&self, it: &Known) -> String {
        it.place.clone().unwrap_or_else(|| place_of(&self.register, &self.folder_of(it)))
    }

    /// Whether a folder belongs to a run that the register knows, lost or not: no other run is put there.
    pub(super) fn is_taken(&self, it: &Known, folder: &Path) -> bool {
        let stood = matches!(it.mark, Mark::Sealed | Mark::Forgotten);
        it.of.is_none() && stood && self.place(it) == place_of(&self.register, folder)
    }

    /// The closes whose folders are declared lost.
    pub(super) fn lost(&self) -> Result<Vec<Known>, RunError> {
        if !self.register.exists() {
            return Ok(Vec::new());
        }
        let known = Register::open(&self.register, &self.partner)?.known()?;
        Ok(known.into_iter().filter(|it| it.of.is_none() && it.mark == Mark::Forgotten).collect())
    }

    /// What the partner's register keeps of a run.
    pub(super) fn kept(&self, seal: &str) -> Result<Option<Kept>, RunError> {
        Ok(Register::open(&self.register, &self.partner)?.kept(seal)?)
    }

    /// The seal that the register keeps for a folder from which it is gone.
    pub(super) fn kept_for(&self, folder: &Path) -> Result<Option<String>, RunError> {
        if !self.register.exists() {
            return Ok(None);
        }
        let known = Register::open(&self.register, &self.partner)?.known()?;
        let place = place_of(&self.register, folder);
        let stood = |it: &Known| match it.mark {
            Mark::Sealed => true,
            Mark::Recorded => holds_papers(folder),
            Mark::Forgotten | Mark::NeverSealed => false,
        };
        let its = known.into_iter().rfind(|it| it.of.is_none() && stood(it) && self.place(it) == place);
        Ok(its.map(|it| it.seal))
    }
}

impl Seen {
    /// Refuses a shelf from which a known run is missing, on which one is not what was sealed, or whose seals do not follow one
    /// another.
    pub(super) fn sound(self) -> Result<Self, RunError> {
        for (it, place) in &self.known {
            let (run, kept) = (it.run.clone(), it.seal.clone());
            match place.clone() {
                Whereabouts::Otherwise { folder, found } => {
                    return Err(ShelfError::OtherSeal { folder, run, found, kept }.into());
                }
                Whereabouts::Unsealed(folder) => return Err(ShelfError::SealGone { folder, run, kept }.into()),
                Whereabouts::Here(_) | Whereabouts::Missing(_) | Whereabouts::Lost(_) | Whereabouts::Unfinished(_) => {}
            }
        }
        let missing: Vec<MissingRun> = self.known.iter().filter_map(|(it, place)| self.missing(it, place)).collect();
        if !missing.is_empty() {
            return Err(ShelfError::Missing(missing).into());
        }
        let known: Vec<&Known> = self.known.iter().map(|(it, _)| it).collect();
        chain::refuse_broken(&self.runs, &known, &self.partner)?;
        Ok(self)
    }

    fn missing(&self, it: &Known, place: &Whereabouts) -> Option<MissingRun> {
        let Whereabouts::Missing(folder) = place else { return None };
        let documents = Register::open_existing(&self.register).and_then(|register| register.documents(&it.seal));
        let invoices = documents.unwrap_or_default().into_iter().filter(|it| it.kind == DocumentKind::Invoice);
        let numbers: Vec<String> = invoices.map(|it| it.number).collect();
        Some(MissingRun {
            run: it.run.clone(),
            folder: folder.clone(),
            seal: it.seal.clone(),
            invoices: numbers.len(),
            last: numbers.last().cloned(),
        })
    }

    /// The runs of the shelf's partner.
    pub(super) fn own(&self) -> impl Iterator<Item = &Neighbour> {
        self.runs.iter().filter(|run| run.inputs.partner == self.partner)
    }

    /// The highest number among the rechecks of a run that are known.
    pub(super) fn rechecks_of(&self, run: &str) -> u32 {
        self.runs.iter().find(|it| it.seal == run).map_or(0, |it| it.rechecks)
    }

    /// The evidence of runs whose folders are lost.
    pub(super) fn evidence_of_lost(&self) -> BTreeSet<String> {
        self.runs.iter().filter(|run| !run.is_here).map(|run| run.inputs.evidence.clone()).collect()
    }
}

/// A run whose folder is not here, as the register keeps it.
fn of_kept(register: &Register, it: &Known, folder: &Path) -> Result<Option<Neighbour>, RunError> {
    let kept = register.kept(&it.seal)?;
    kept.map(|kept| Neighbour::of_kept(folder.to_owned(), it.seal.clone(), &kept)).transpose()
}

/// The highest number among the rechecks of a run that are known.
fn highest(known: &[Known], run: &str) -> u32 {
    known.iter().filter(|it| it.of.as_deref() == Some(run)).map(|it| it.number).max().unwrap_or_default()
}

/// The seals of the rechecks that stand beside a run, up to the first that is not there.
fn recheck_seals(run: &Path) -> Result<Vec<String>, RunError> {
    let mut seals = Vec::new();
    for number in 1.. {
        let Some(seal) = seal_in(&named(run, number))? else { break };
        seals.push(seal);
    }
    Ok(seals)
}

/// Where a known recheck is; nothing where the run that it rechecks is not there either.
fn recheck_is(it: &Known, runs: &[Neighbour]) -> Result<Option<Whereabouts>, RunError> {
    let Some(run) = runs.iter().find(|run| it.of.as_deref() == Some(run.seal.as_str())) else { return Ok(None) };
    let folder = named(&run.folder, it.number);
    let found = seal_in(&folder)?;
    Ok(Some(match found {
        Some(found) if found == it.seal => Whereabouts::Here(folder),
        _ if it.mark == Mark::Forgotten || !run.is_here => Whereabouts::Lost(folder),
        Some(found) => Whereabouts::Otherwise { folder, found },
        None if folder.exists() => Whereabouts::Unsealed(folder),
        None => Whereabouts::Missing(folder),
    }))
}
