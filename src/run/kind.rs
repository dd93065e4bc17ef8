//! Which kind of run a folder holds, as its `run.json` says, and what verifying, packing and explaining ask of either.

use std::path::Path;

use super::error::RunError;
use super::recheck::{self, RecheckInputs};
use super::{Inputs, archive_of, derive, evidence_of, explain_close, folder};
use crate::archive::{Archive, FetchId};
use crate::report::Paper;
use crate::watch::{Nobody, Watch};

/// A run of either kind, by its inputs.
pub(super) enum Run {
    /// A close.
    Close(Box<Inputs>),
    /// A recheck of one.
    Recheck(Box<RecheckInputs>),
}

impl Run {
    /// Reads a folder's `run.json`.
    pub(super) fn read(folder: &Path) -> Result<Self, RunError> {
        if recheck::is_recheck(folder) {
            return Ok(Self::Recheck(Box::new(recheck::read_inputs(folder)?)));
        }
        Ok(Self::Close(Box::new(folder::read_inputs(folder)?)))
    }

    /// Reads it, and opens the archive that the run rests on.
    pub(super) fn open(folder: &Path, archive: Option<&Path>) -> Result<(Self, Archive), RunError> {
        let run = Self::read(folder)?;
        let archive = Archive::open_existing(&archive_of(folder, run.partner(), archive))?;
        Ok((run, archive))
    }

    /// The program's version that made the papers.
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Close(inputs) => &inputs.version,
            Self::Recheck(inputs) => &inputs.version,
        }
    }

    /// The evidence that was fetched for the run, by the digest of its manifest.
    pub(super) fn evidence(&self) -> &str {
        match self {
            Self::Close(inputs) => &inputs.evidence,
            Self::Recheck(inputs) => &inputs.evidence,
        }
    }

    /// The partner's `PA_…`.
    pub(super) fn partner(&self) -> &str {
        match self {
            Self::Close(inputs) => &inputs.partner,
            Self::Recheck(inputs) => &inputs.partner,
        }
    }

    /// Whether its books are the simulator's.
    pub(super) fn is_simulated(&self) -> bool {
        let inputs = match self {
            Self::Close(inputs) => inputs,
            Self::Recheck(inputs) => &inputs.sealed,
        };
        inputs.terms.scenario.is_some()
    }

    /// The inputs that name the evidence the run rests on: of a recheck both.
    pub(super) fn rests_on(&self) -> Vec<Inputs> {
        match self {
            Self::Close(inputs) => vec![(**inputs).clone()],
            Self::Recheck(inputs) => vec![inputs.sealed.clone(), inputs.read_now()],
        }
    }

    /// The fetches that the run rests on.
    pub(super) fn fetches(&self, archive: &Archive) -> Result<Vec<FetchId>, RunError> {
        let inputs = self.rests_on();
        let mut fetches =
            inputs.iter().map(|inputs| Ok(evidence_of(archive, inputs)?.0)).collect::<Result<Vec<_>, RunError>>()?;
        fetches.sort();
        fetches.dedup();
        Ok(fetches)
    }

    /// Every paper derived anew, the seal's own among them.
    pub(super) fn papers(self, archive: &Archive) -> Result<Vec<Paper>, RunError> {
        let (papers, seal) = match self {
            Self::Close(inputs) => {
                let settled = derive(archive, *inputs, &Nobody)?;
                (settled.papers, settled.seal)
            }
            Self::Recheck(inputs) => {
                let rechecking = recheck::derive_recheck(archive, *inputs, &Nobody)?;
                (rechecking.papers, rechecking.seal)
            }
        };
        Ok(papers.into_iter().chain([seal.paper()]).collect())
    }

    /// What an id of the run names, walked back to the archived pages; nothing where it names nothing.
    pub(super) fn explain(self, archive: &Archive, id: &str, watch: &dyn Watch) -> Result<Option<String>, RunError> {
        match self {
            Self::Close(inputs) => explain_close(archive, &inputs, id, watch),
            Self::Recheck(inputs) => Ok(recheck::compared(archive, &inputs, watch)?.explain(id)),
        }
    }
}
