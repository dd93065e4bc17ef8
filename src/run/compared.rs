//! What a verification compares a run with beside its own archive: the seals of the runs next to it, and what the register
//! keeps; and in plain words what it cannot show.

use std::path::{Path, PathBuf};

use super::dates;
use super::error::RunError;
use super::folder::{archive_beside, parent, place_of, reached, register_of, seal_in, sealed_folders};
use super::inputs::Inputs;
use super::kind::Run;
use crate::domain::Period;
use crate::register::{Known, Mark, Register, RegisterError};
use crate::seal::{Sealed, read_seal};

/// What came out of it.
#[derive(Default)]
pub(super) struct Compared {
    /// Where seals contradict each other.
    pub(super) faults: Vec<String>,
    /// What is worth a look.
    pub(super) remarks: Vec<String>,
    /// What is not shown.
    pub(super) not_shown: Vec<String>,
}

/// A sealed folder.
struct Stone {
    folder: PathBuf,
    sealed: Sealed,
    seal: String,
}

/// What the register beside the archive knows.
struct Registered {
    path: PathBuf,
    known: Vec<Known>,
    remarks: Vec<String>,
}

/// Compares a run, a folder or a packed one, with what is beside it.
pub(super) fn compared(run: &Path, archive: Option<&Path>, expect_seal: Option<&str>) -> Result<Compared, RunError> {
    let mut it = Compared::default();
    if expect_seal.is_none() {
        it.not_shown.push(
            "that nobody made the run anew: it is consistent with itself; compare the seal with the one written down, or give \
             that with --expect-seal"
                .to_owned(),
        );
    }
    if run.is_file() {
        it.not_shown.push("how it stands to the months before and after it: a packed run stands alone".to_owned());
        return Ok(it);
    }
    // What cannot be read is told by the check of the folder itself.
    let (Ok(sealed), Ok(inputs)) = (read_seal(run), Run::read(run)) else {
        // Where the register cannot be read, the check of the folder still says that the seal is missing.
        it.faults.extend(lost_seal(run, archive).unwrap_or_default());
        return Ok(it);
    };
    if scenario(&inputs) {
        return Ok(it);
    }
    let own = Stone { folder: run.to_owned(), seal: seal_in(run)?.unwrap_or_default(), sealed };
    let beside = stones(run, &own.sealed.partner)?;
    let registered = match registered(run, archive, &own.sealed.partner) {
        Ok(registered) => registered,
        Err(refused) => {
            it.not_shown.push(format!("what the register keeps: {}", refused.in_full()));
            None
        }
    };
    match &registered {
        Some(registered) => own.against_the_register(registered, &mut it),
        None => it.not_shown.push("that the register keeps this seal: there is none beside the archive".to_owned()),
    }
    let known: &[Known] = registered.as_ref().map_or(&[], |it| &it.known);
    match &inputs {
        Run::Close(_) => own.against_the_month_before(&beside, registered.as_ref(), &mut it),
        Run::Recheck(_) => own.against_the_rechecked(&beside, known, &mut it),
    }
    own.against_those_that_name_it(&beside, known, &mut it);
    it.remarks.extend(registered.map(|it| it.remarks).unwrap_or_default());
    Ok(it)
}

fn scenario(run: &Run) -> bool {
    let of = |inputs: &Inputs| inputs.terms.scenario.is_some();
    match run {
        Run::Close(inputs) => of(inputs),
        Run::Recheck(inputs) => of(&inputs.sealed),
    }
}

/// Of a run that has lost its seal, the one that the register keeps for its folder.
fn lost_seal(run: &Path, archive: Option<&Path>) -> Result<Option<String>, RunError> {
    let Ok(Run::Close(inputs)) = Run::read(run) else { return Ok(None) };
    if inputs.terms.scenario.is_some() || seal_in(run)?.is_some() {
        return Ok(None);
    }
    let Some(Registered { path, known, .. }) = registered(run, archive, &inputs.partner)? else { return Ok(None) };
    let place = place_of(&path, run);
    let its = known.iter().find(|it| it.mark == Mark::Sealed && it.place.as_deref() == Some(place.as_str()));
    Ok(its.map(|it| format!("SEAL: the register keeps seal {} for {}", it.seal, it.run)))
}

/// The sealed folders of a partner beside a run, simulated ones aside.
fn stones(run: &Path, partner: &str) -> Result<Vec<Stone>, RunError> {
    let mut found = Vec::new();
    for folder in sealed_folders(&parent(run), Some(run))? {
        // A neighbour that cannot be read is told where it is itself verified.
        let Ok(sealed) = read_seal(&folder) else { continue };
        if sealed.partner == partner && !Run::read(&folder).is_ok_and(|inputs| scenario(&inputs)) {
            let seal = seal_in(&folder)?.unwrap_or_default();
            found.push(Stone { folder, sealed, seal });
        }
    }
    Ok(found)
}

/// The register beside the archive that is named, else beside the run's own.
fn registered(run: &Path, archive: Option<&Path>, partner: &str) -> Result<Option<Registered>, RunError> {
    let named = register_of(run, partner, archive);
    let beside = archive_beside(run, partner, None).with_file_name(format!("{partner}.register.sqlite"));
    let Some(path) = [named, beside].into_iter().find(|path| path.is_file()) else { return Ok(None) };
    let register = match Register::open_existing(&path) {
        Err(RegisterError::Absent(_)) => return Ok(None),
        opened => opened?,
    };
    let known = register.known()?;
    let mut documents = Vec::new();
    for it in known.iter().filter(|it| it.of.is_none() && it.mark != Mark::Recorded) {
        documents.push((it.run.as_str(), register.documents(&it.seal)?));
    }
    let documents = documents.iter().flat_map(|(run, all)| all.iter().map(|it| (*run, it)));
    let remarks = dates::backwards(documents);
    Ok(Some(Registered { path, known, remarks }))
}

impl Stone {
    /// A close, not a recheck.
    fn is_close_of(&self, month: Period) -> bool {
        self.sealed.period == month && !self.sealed.run.contains(".recheck")
    }

    /// Its run with its seal, and where it stands.
    fn told(&self) -> String {
        format!("{} has seal {} ({})", self.sealed.run, self.seal, self.folder.display())
    }

    fn against_the_register(&self, Registered { path, known, .. }: &Registered, it: &mut Compared) {
        let place = place_of(path, &self.folder);
        if let Some(own) = known.iter().find(|known| known.seal == self.seal) {
            if !own.in_the_act {
                it.not_shown.push(
                    "that it was sealed as it is: the register was not there then, and took the seal up from this folder"
                        .to_owned(),
                );
            }
            return;
        }
        let other = known.iter().find(|it| match &it.place {
            _ if it.mark != Mark::Sealed => false,
            Some(stood) => *stood == place,
            None => it.run == self.sealed.run,
        });
        match other {
            Some(kept) => it.faults.push(format!(
                "SEAL: seal {}, but the register keeps seal {} for {} ({})",
                self.seal,
                kept.seal,
                kept.run,
                path.display()
            )),
            None => {
                it.not_shown.push(format!("that the register keeps this seal: {} does not know it", path.display()));
            }
        }
    }

    fn against_the_month_before(&self, beside: &[Self], registered: Option<&Registered>, it: &mut Compared) {
        let month = self.sealed.period.previous();
        let stand: Vec<&Self> = beside.iter().filter(|it| it.is_close_of(month)).collect();
        let known: Vec<&Known> =
            registered.iter().flat_map(|it| &it.known).filter(|it| is_sealed_close_of(it, month)).collect();
        let found: Vec<String> = stand.iter().map(|it| it.told()).chain(known.iter().map(|it| kept(it))).collect();
        let Some(previous) = &self.sealed.previous else {
            let before = registered.and_then(|it| before(&it.known, &self.seal, month));
            if let Some(before) = before {
                let Known { run, seal, .. } = before;
                it.faults.push(format!("SEAL, previous: none, but {run} was sealed before it with seal {seal}"));
            }
            return;
        };
        if stand.iter().any(|it| it.seal == *previous) {
            return;
        }
        let Some(own) = known.iter().find(|it| it.seal == *previous) else {
            if found.is_empty() {
                it.not_shown.push(format!("whether seal {previous} is that of {month}: no run of that month is here"));
            } else {
                it.faults.push(format!("SEAL, previous: seal {previous} of {month}, but {}", found.join(", ")));
            }
            return;
        };
        let in_its_place = registered.zip(own.place.as_ref()).map(|(it, place)| reached(&it.path, place));
        let other = stand.iter().find(|it| match &in_its_place {
            Some(place) => it.folder.file_name() == place.file_name(),
            None => it.sealed.run == own.run,
        });
        match other {
            Some(other) if own.mark != Mark::Forgotten => {
                it.faults.push(format!("SEAL, previous: seal {previous} of {}, but {}", own.run, other.told()));
            }
            Some(_) | None => it.not_shown.push(format!(
                "that {} is whole: its folder is not here; the register keeps the seal that is named",
                own.run
            )),
        }
    }

    /// A recheck names the seal of the run that it rechecks.
    fn against_the_rechecked(&self, beside: &[Self], known: &[Known], it: &mut Compared) {
        let Some(rechecked) = &self.sealed.previous else { return };
        let runs: Vec<&Self> = beside.iter().filter(|it| it.is_close_of(self.sealed.period)).collect();
        if runs.iter().any(|it| it.seal == *rechecked) {
            return;
        }
        let base = self.sealed.run.split(".recheck").next().unwrap_or_default();
        match runs.iter().find(|it| it.sealed.run == base) {
            Some(other) => {
                it.faults.push(format!("SEAL, previous: seal {rechecked} of {base}, but {}", other.told()));
            }
            None if known.iter().any(|it| it.seal == *rechecked) => {
                it.not_shown.push(format!("that {base} is whole: its folder is not here; the register keeps its seal"));
            }
            None => it.not_shown.push(format!("whether seal {rechecked} is that of {base}: no such run is here")),
        }
    }

    /// The runs of the next month name a seal of this one's, and so do its rechecks.
    fn against_those_that_name_it(&self, beside: &[Self], known: &[Known], it: &mut Compared) {
        if !self.is_close_of(self.sealed.period) {
            return;
        }
        let month = self.sealed.period;
        let is_of_month = |seal: &str| {
            let stands = beside.iter().any(|it| it.is_close_of(month) && it.seal == seal);
            stands || seal == self.seal || known.iter().any(|it| it.seal == seal)
        };
        let rechecks = format!("{}.recheck", self.sealed.run);
        for other in beside {
            let Some(named) = &other.sealed.previous else { continue };
            let names_it = (other.sealed.period.previous() == month && other.is_close_of(other.sealed.period))
                || other.sealed.run.starts_with(&rechecks);
            if names_it && !is_of_month(named) {
                let (run, seal) = (&other.sealed.run, &self.seal);
                it.faults.push(format!("SEAL: seal {seal}, but {run} beside it names seal {named} of {month}"));
            }
        }
    }
}

/// A run as the register keeps it.
fn kept(it: &Known) -> String {
    format!("{} is kept with seal {}", it.run, it.seal)
}

/// Whether a known run is a close of a month that was sealed; what was recorded alone never was.
fn is_sealed_close_of(it: &Known, month: Period) -> bool {
    it.period == month && it.of.is_none() && it.mark != Mark::Recorded
}

/// The first run of a month that was recorded in the act of its seal, before this one was.
fn before<'a>(known: &'a [Known], own: &str, month: Period) -> Option<&'a Known> {
    let it = known.iter().find(|it| it.seal == own).filter(|it| it.in_the_act)?;
    known.iter().find(|other| is_sealed_close_of(other, month) && other.in_the_act && other.order < it.order)
}
