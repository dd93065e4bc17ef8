//! The inputs of a recheck, its `run.json`: everything that its papers depend on beside the archive.

use serde::{Deserialize, Serialize};

use super::folder::SealedFolder;
use crate::domain::Period;
use crate::invoice::Billed;
use crate::run::error::RunError;
use crate::run::inputs::Inputs;

/// The version of this file's form; tells a recheck's folder from a close's.
pub(super) const FORMAT: &str = "tieout-recheck-run-v1";

/// The inputs of a recheck.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecheckInputs {
    format: String,
    /// The program's version that made the papers.
    pub version: String,
    /// The recheck's id: the sealed run's with `.recheck`, `.recheck2` and so on.
    pub run: String,
    /// The month.
    pub period: Period,
    /// The partner, `PA_…`.
    pub partner: String,
    /// The month as read now: the SHA-256 of the archive manifest.
    pub evidence: String,
    /// The seal of the run that is rechecked.
    pub seal: String,
    /// That run's own inputs: its evidence, and the terms on which both readings are judged.
    pub sealed: Inputs,
    /// The invoices that the sealed runs of the month gave, and what they were priced by.
    pub billed: Vec<Billed>,
}

impl RecheckInputs {
    /// The inputs of a recheck that begins now.
    pub(super) fn new(run: String, evidence: String, sealed: &SealedFolder, billed: Vec<Billed>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run,
            period: sealed.inputs.period,
            partner: sealed.inputs.partner.clone(),
            evidence,
            seal: sealed.seal.clone(),
            sealed: sealed.inputs.clone(),
            billed,
        }
    }

    /// The sealed run's inputs with the evidence that was read now in place of its own.
    pub(in crate::run) fn read_now(&self) -> Inputs {
        let mut inputs = self.sealed.clone();
        inputs.evidence.clone_from(&self.evidence);
        inputs
    }

    /// Reads `run.json`.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, String> {
        let inputs: Self = serde_json::from_slice(text).map_err(|refused| refused.to_string())?;
        let belongs = inputs.sealed.period == inputs.period && inputs.sealed.partner == inputs.partner;
        if belongs { Ok(inputs) } else { Err("the sealed run is another month's or another partner's".to_owned()) }
    }

    /// `run.json`: keys in order of declaration, a line feed at the end.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, RunError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(RunError::Inputs)?;
        text.push(b'\n');
        Ok(text)
    }
}
