//! What the rechecks of a sealed run found, one after the other, and what they leave open for the next close.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::folder::{intact, named};
use crate::domain::{Amount, Class, Currency, OpenBreak, Standing, Timestamp};
use crate::register::Outcome;
use crate::run::error::RunError;
use crate::run::folder::{RUNS_MAX, disk};
use crate::run::notes::Proposal;
use crate::seal::SEAL;

/// What `recheck.json` says of its findings.
#[derive(Deserialize)]
struct Paper {
    provenance: Provenance,
    sealed: Rechecked,
    findings: Vec<SealedFinding>,
    gaps: Vec<SealedGap>,
    notes: Vec<Proposal>,
}

/// The run that was rechecked.
#[derive(Deserialize)]
struct Rechecked {
    seal: String,
}

#[derive(Deserialize)]
struct Provenance {
    partner: String,
    run: String,
}

#[derive(Deserialize)]
struct SealedFinding {
    finding_id: String,
    class: Class,
    side: String,
    ledger: String,
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

/// A ledger that was not compared.
#[derive(Deserialize)]
struct SealedGap {
    ledger: String,
}

/// A sealed recheck of a run, as its own papers tell it.
pub(in crate::run) struct SealedRecheck {
    /// Its id, such as `2026-03.recheck`.
    pub(in crate::run) run: String,
    /// Its place among the rechecks of its run, from 1.
    pub(in crate::run) number: u32,
    pub(in crate::run) seal: String,
    pub(in crate::run) findings: Vec<OpenBreak>,
    /// What it says of findings that the rechecks before it left open.
    pub(in crate::run) outcomes: Vec<Outcome>,
    /// The notes that it proposes.
    pub(in crate::run) notes: Vec<Proposal>,
    /// Everything that is open after it, each with the ledger it was found in.
    open: BTreeMap<String, (String, OpenBreak)>,
}

/// The sealed rechecks of a sealed run, itself known by its folder and its seal, each proved to be as it was sealed. Up to the
/// highest number that is known, one whose folder is lost leaves a gap.
pub(in crate::run) fn rechecks_of(run: &Path, seal: &str, known: u32) -> Result<Vec<SealedRecheck>, RunError> {
    let mut rechecks: Vec<SealedRecheck> = Vec::new();
    for number in 1..=RUNS_MAX {
        let folder = named(run, number);
        if !folder.join(SEAL).exists() {
            if number <= known {
                continue;
            }
            break;
        }
        let own = intact(&folder)?;
        let path = folder.join("recheck.json");
        let text = fs::read(&path).map_err(disk("read", &path))?;
        let paper: Paper = serde_json::from_slice(&text)
            .map_err(|refused| RunError::Malformed { path, reason: refused.to_string() })?;
        // A run that was made anew since is not the one that was rechecked.
        if paper.sealed.seal == seal {
            let before = rechecks.last().map(|it| it.open.clone()).unwrap_or_default();
            rechecks.push(after(before, paper, number, own));
        }
    }
    Ok(rechecks)
}

/// What rechecks leave open.
pub(in crate::run) fn left_open(rechecks: Vec<SealedRecheck>) -> impl Iterator<Item = OpenBreak> {
    let last = rechecks.into_iter().next_back();
    last.into_iter().flat_map(|it| it.open.into_values()).map(|(_, open)| open)
}

/// One more recheck: what it does not find any more is gone, but for a ledger that it could not compare.
fn after(before: BTreeMap<String, (String, OpenBreak)>, paper: Paper, number: u32, seal: String) -> SealedRecheck {
    let Paper { provenance: Provenance { partner, run }, findings, gaps, notes, .. } = paper;
    let gaps: BTreeSet<String> = gaps.into_iter().map(|gap| gap.ledger).collect();
    let found: BTreeMap<String, (String, OpenBreak)> = findings
        .into_iter()
        .map(|it| {
            let first_run = before.get(&it.finding_id).map_or(&run, |(_, known)| &known.first_run).clone();
            (it.finding_id.clone(), (it.ledger.clone(), handed_on(it, &partner, first_run)))
        })
        .collect();
    let mut open = found.clone();
    let mut outcomes = Vec::new();
    for (id, (ledger, finding)) in before {
        if found.contains_key(&id) {
            continue;
        }
        let asked = !gaps.contains(&ledger);
        let (standing, why) = if asked {
            (Standing::Resolved, format!("{run} compares {ledger} and no longer finds it"))
        } else {
            (Standing::Persisting, format!("not asked again: {run} could not compare {ledger}"))
        };
        outcomes.push(Outcome { id: id.clone(), standing, asked, by: None, why, age_days: 0 });
        if !asked {
            open.insert(id, (ledger, finding));
        }
    }
    let findings = found.into_values().map(|(_, finding)| finding).collect();
    SealedRecheck { run, number, seal, findings, outcomes, notes, open }
}

fn handed_on(finding: SealedFinding, partner: &str, first_run: String) -> OpenBreak {
    let own = |leg: &&SealedLeg| Some(leg.currency) == finding.currency;
    let moves = |leg: &&SealedLeg| own(leg) && (finding.side == "customer" || leg.account == partner);
    let signed = |leg: &SealedLeg| match leg.direction.as_str() {
        "credit" => leg.effect,
        "debit" => -leg.effect,
        _ => Amount::ZERO,
    };
    OpenBreak {
        effect: finding.legs.iter().filter(own).map(|leg| leg.effect).sum(),
        gross: finding.legs.iter().filter(own).map(|leg| leg.effect.abs()).sum(),
        since_the_seal: finding.legs.iter().filter(moves).map(signed).sum(),
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
        first_run,
        explanation: finding.explanation,
    }
}
