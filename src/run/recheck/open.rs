//! What the rechecks of sealed months hand on to the next close.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::folder::{intact, named};
use crate::domain::{Amount, Class, Currency, OpenBreak, Period, Timestamp, sha256};
use crate::run::error::RunError;
use crate::run::folder::{RUNS_MAX, disk, read_inputs, sealed_runs};
use crate::seal::{SEAL, read_seal};

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

/// The findings of the newest sealed recheck of the last sealed run of each month before this one, sorted by id; of a
/// simulated run none. Each paper is proved to be the sealed one before it is used.
///
/// The effect of each is what it adds to the net, credits less debits, of its own wallet: of a customer's from the
/// customer's ledger, of the partner's own from the master. A finding in the master on a customer's entry moves no wallet
/// and has the effect zero.
///
/// # Errors
/// When the folder cannot be listed, or the newest recheck of a month is not what was sealed or cannot be read.
pub fn open_breaks(reports: &Path, month: Period, partner: &str) -> Result<Vec<OpenBreak>, RunError> {
    let mut open = Vec::new();
    for (_, (_, run)) in last_runs(reports, month, partner)? {
        let rechecks = (1..=RUNS_MAX).map(|number| named(&run, number)).take_while(|it| it.join(SEAL).exists());
        if let Some(newest) = rechecks.last() {
            intact(&newest)?;
            let path = newest.join("recheck.json");
            let text = fs::read(&path).map_err(disk("read", &path))?;
            let sealed: SealedRecheck = serde_json::from_slice(&text)
                .map_err(|refused| RunError::Malformed { path, reason: refused.to_string() })?;
            // A run that was made anew since is not the one that was rechecked.
            if sealed.sealed.seal != sha256(read_seal(&run)?.to_text().as_bytes()) {
                continue;
            }
            let SealedProvenance { partner, run } = sealed.provenance;
            open.extend(sealed.findings.into_iter().map(|finding| carried(finding, &partner, &run)));
        }
    }
    open.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(open)
}

/// Runs by their month: the length of the run's id and the id, by which runs of one month follow each other, and the folder.
type LastRuns = BTreeMap<Period, ((usize, String), PathBuf)>;

/// A partner's last sealed run of each month before this one: what an earlier one lacked is in the last one's own papers.
fn last_runs(reports: &Path, month: Period, partner: &str) -> Result<LastRuns, RunError> {
    let mut runs = LastRuns::new();
    for folder in sealed_runs(reports, None)? {
        let inputs = read_inputs(&folder)?;
        if inputs.period >= month || inputs.partner != partner || inputs.terms.scenario.is_some() {
            continue;
        }
        // `2026-03.r10` comes after `2026-03.r9`.
        let place = (inputs.run.len(), inputs.run);
        if runs.get(&inputs.period).is_none_or(|(known, _)| *known < place) {
            runs.insert(inputs.period, (place, folder));
        }
    }
    Ok(runs)
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
