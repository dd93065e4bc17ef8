//! What the rechecks of sealed months hand on to the next close.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::folder::{intact, named};
use crate::domain::{Amount, Class, Currency, OpenBreak, Timestamp};
use crate::run::error::RunError;
use crate::run::folder::{RUNS_MAX, disk};
use crate::seal::SEAL;

/// What `recheck.json` says of its findings.
#[derive(Deserialize)]
struct SealedRecheck {
    provenance: SealedProvenance,
    sealed: Rechecked,
    findings: Vec<SealedFinding>,
}

/// The run that was rechecked.
#[derive(Deserialize)]
struct Rechecked {
    seal: String,
}

#[derive(Deserialize)]
struct SealedProvenance {
    partner: String,
    run: String,
}

#[derive(Deserialize)]
struct SealedFinding {
    finding_id: String,
    class: Class,
    side: String,
    account: Option<String>,
    currency: Option<Currency>,
    entry_ids: Vec<String>,
    reference: Option<String>,
    field: String,
    sealed_value: String,
    current_value: String,
    legs: Vec<SealedLeg>,
    dated_us: Timestamp,
    explanation: String,
}

#[derive(Deserialize)]
struct SealedLeg {
    account: String,
    currency: Currency,
    direction: String,
    effect: Amount,
}

/// The findings of the newest sealed recheck of a sealed run, itself known by its folder and its seal. Each paper is proved
/// to be the sealed one before it is used.
///
/// The effect of each is what it adds to the net, credits less debits, of its own wallet: of a customer's from the
/// customer's ledger, of the partner's own from the master. A finding in the master on a customer's entry moves no wallet
/// and has the effect zero.
pub(in crate::run) fn found_since(run: &Path, seal: &str) -> Result<Vec<OpenBreak>, RunError> {
    let rechecks = (1..=RUNS_MAX).map(|number| named(run, number)).take_while(|it| it.join(SEAL).exists());
    let Some(newest) = rechecks.last() else { return Ok(Vec::new()) };
    intact(&newest)?;
    let path = newest.join("recheck.json");
    let text = fs::read(&path).map_err(disk("read", &path))?;
    let sealed: SealedRecheck =
        serde_json::from_slice(&text).map_err(|refused| RunError::Malformed { path, reason: refused.to_string() })?;
    // A run that was made anew since is not the one that was rechecked.
    if sealed.sealed.seal != seal {
        return Ok(Vec::new());
    }
    let SealedProvenance { partner, run } = sealed.provenance;
    Ok(sealed.findings.into_iter().map(|finding| carried(finding, &partner, &run)).collect())
}

fn carried(finding: SealedFinding, partner: &str, run: &str) -> OpenBreak {
    let own = |leg: &&SealedLeg| Some(leg.currency) == finding.currency;
    let moves = |leg: &&SealedLeg| own(leg) && (finding.side == "customer" || leg.account == partner);
    let signed = |leg: &SealedLeg| match leg.direction.as_str() {
        "credit" => leg.effect,
        "debit" => -leg.effect,
        _ => Amount::ZERO,
    };
    OpenBreak {
        effect: finding.legs.iter().filter(moves).map(signed).sum(),
        gross: finding.legs.iter().filter(own).map(|leg| leg.effect.abs()).sum(),
        id: finding.finding_id,
        class: finding.class,
        account: finding.account,
        currency: finding.currency,
        entry_ids: finding.entry_ids,
        reference: finding.reference,
        field: finding.field,
        master_value: finding.sealed_value,
        customer_value: finding.current_value,
        dated: finding.dated_us,
        first_run: run.to_owned(),
        explanation: finding.explanation,
    }
}
