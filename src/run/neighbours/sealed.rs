//! A sealed run as its own papers tell it, and what it comes to for the runs after it.

use std::path::PathBuf;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::domain::{Aged, Amount, Between, Calendar, Class, Currency, OpenBreak, Period, Severity, Standing};
use crate::invoice::{BilledHead, BilledPlace, Gstin, SupplyKind, Unbilled};
use crate::register::{Noted, Outcome, Sighting};
use crate::run::inputs::Inputs;
use crate::run::notes::{SealedCredit, SealedNote};
use crate::run::recheck::SealedRecheck;

/// A run that is sealed, as its own papers tell it, or as the register keeps it.
pub(in crate::run) struct Neighbour {
    /// Its folder; where that is lost, where it stood.
    pub(in crate::run) folder: PathBuf,
    /// Whether its folder is there.
    pub(in crate::run) is_here: bool,
    /// The highest number among its rechecks that the register knows.
    pub(in crate::run) rechecks: u32,
    pub(in crate::run) seal: String,
    pub(in crate::run) inputs: Inputs,
    pub(in crate::run) close: SealedClose,
}

/// What `close.json` says of it.
#[derive(Deserialize)]
pub(in crate::run) struct SealedClose {
    pub(in crate::run) invoices: Vec<SealedInvoice>,
    #[serde(default)]
    pub(in crate::run) notes: Vec<SealedNote>,
    #[serde(default)]
    pub(in crate::run) credits: Vec<SealedCredit>,
    pub(in crate::run) held: Vec<SealedHeld>,
    pub(in crate::run) accounts: Vec<SealedAccount>,
    pub(in crate::run) breaks: Vec<SealedBreak>,
    #[serde(default)]
    pub(in crate::run) carried: Vec<SealedOutcome>,
}

#[derive(Deserialize)]
pub(in crate::run) struct SealedInvoice {
    pub(in crate::run) number: String,
    pub(in crate::run) account: String,
    pub(in crate::run) currency: Currency,
    pub(in crate::run) total: Amount,
    #[serde(default)]
    pub(in crate::run) date: String,
    #[serde(default)]
    pub(in crate::run) gstin: Option<Gstin>,
    #[serde(default)]
    pub(in crate::run) place_of_supply: Option<BilledPlace>,
    #[serde(default)]
    pub(in crate::run) supply: SupplyKind,
    #[serde(default)]
    pub(in crate::run) lines: Vec<SealedLine>,
}

/// A line of an invoice, as far as it bears on what is left of it.
#[derive(Deserialize)]
pub(in crate::run) struct SealedLine {
    pub(in crate::run) amount: Amount,
    #[serde(default)]
    pub(in crate::run) heads: Vec<BilledHead>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::run) struct SealedHeld {
    pub(in crate::run) account: String,
    name: String,
    pub(in crate::run) currency: Currency,
    cost_base: Amount,
    reason: String,
    #[serde(default)]
    hint: String,
    /// Whether it is something to give back, which later closes take up by themselves.
    #[serde(default)]
    pub(in crate::run) credit: bool,
}

impl SealedHeld {
    /// Whether the customer was charged more than was given back.
    pub(in crate::run) fn asks_for_money(&self) -> bool {
        self.cost_base > Amount::ZERO
    }

    pub(in crate::run) fn unbilled(&self, period: Period, run: &str) -> Unbilled {
        Unbilled {
            period,
            run: run.to_owned(),
            account: self.account.clone(),
            name: self.name.clone(),
            currency: self.currency,
            cost_base: self.cost_base,
            reason: self.reason.clone(),
            hint: self.hint.clone(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::run) struct SealedAccount {
    pub(in crate::run) account: String,
    pub(in crate::run) currency: Currency,
    pub(in crate::run) closing: Option<Amount>,
    #[serde(default)]
    credits: Amount,
    #[serde(default)]
    debits: Amount,
    #[serde(default)]
    verdict: String,
}

impl SealedAccount {
    /// What its entries of the month came to, and whether they are all of them.
    pub(in crate::run) fn moved(&self) -> (Amount, Between) {
        let is_whole = !matches!(self.verdict.as_str(), "" | "incomplete");
        (self.credits - self.debits, if is_whole { Between::Whole } else { Between::Unknown })
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::run) struct SealedBreak {
    pub(in crate::run) break_id: String,
    pub(in crate::run) class: Class,
    pub(in crate::run) account: Option<String>,
    pub(in crate::run) currency: Option<Currency>,
    pub(in crate::run) entry_ids: Vec<String>,
    pub(in crate::run) reference: Option<String>,
    pub(in crate::run) field: String,
    pub(in crate::run) master_value: String,
    pub(in crate::run) customer_value: String,
    pub(in crate::run) legs: Vec<SealedLeg>,
    #[serde(default)]
    pub(in crate::run) on_wallet: Option<Amount>,
    pub(in crate::run) explanation: String,
    pub(in crate::run) standing: Option<String>,
    #[serde(default)]
    pub(in crate::run) dated: String,
    #[serde(default)]
    pub(in crate::run) age_days: u64,
    #[serde(default)]
    pub(in crate::run) first_run: String,
    #[serde(default)]
    pub(in crate::run) open: bool,
}

#[derive(Serialize, Deserialize)]
pub(in crate::run) struct SealedLeg {
    pub(in crate::run) currency: Currency,
    pub(in crate::run) effect: Amount,
}

#[derive(Serialize, Deserialize)]
pub(in crate::run) struct SealedOutcome {
    pub(in crate::run) break_id: String,
    pub(in crate::run) standing: String,
    pub(in crate::run) asked_again: bool,
    pub(in crate::run) by: Option<String>,
    pub(in crate::run) why: String,
    pub(in crate::run) age_days: u64,
}

impl Neighbour {
    /// Its place among the runs of its month, from 1.
    pub(in crate::run) fn number(&self) -> u32 {
        self.inputs.run.rsplit_once(".r").and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
    }

    pub(in crate::run) fn noted(&self) -> Noted {
        let sightings = self.close.breaks.iter().filter(|it| it.class.severity() > Severity::Notice);
        let outcomes = self.close.carried.iter().map(|it| Outcome {
            id: it.break_id.clone(),
            standing: standing(&it.standing),
            asked: it.asked_again,
            by: it.by.clone(),
            why: it.why.clone(),
            age_days: it.age_days,
        });
        Noted {
            run: self.inputs.run.clone(),
            period: self.inputs.period,
            number: self.number(),
            seal: self.seal.clone(),
            of: None,
            sightings: sightings.map(SealedBreak::sighting).collect(),
            outcomes: outcomes.collect(),
            kept: None,
        }
    }

    /// A recheck of it; ages are those at the month's own cut-off.
    pub(in crate::run) fn noted_recheck(&self, recheck: SealedRecheck) -> Noted {
        let calendar = Calendar::new(self.inputs.period, self.inputs.terms.timezone);
        let sighting = |it: &OpenBreak| Sighting {
            id: it.id.clone(),
            class: it.class,
            account: it.account.clone(),
            currency: it.currency,
            effect: it.effect,
            gross: it.gross,
            entries: it.entry_ids.join("; "),
            standing: if it.first_run == recheck.run { Standing::New } else { Standing::Persisting },
            dated: Calendar::instant(it.dated),
            age_days: Aged::at_cut_off(&calendar, it.dated).days,
            first_run: it.first_run.clone(),
            explanation: it.explanation.clone(),
        };
        Noted {
            sightings: recheck.findings.iter().map(sighting).collect(),
            run: recheck.run,
            period: self.inputs.period,
            number: recheck.number,
            seal: recheck.seal,
            of: Some(self.seal.clone()),
            outcomes: recheck.outcomes,
            kept: None,
        }
    }
}

impl SealedBreak {
    /// Σ of its effects in its currency, and Σ |effect|.
    pub(in crate::run) fn sums(&self) -> (Amount, Amount) {
        let legs = || self.legs.iter().filter(|leg| Some(leg.currency) == self.currency).map(|leg| leg.effect);
        let own = || legs().chain(self.on_wallet);
        (own().sum(), own().map(Amount::abs).sum())
    }

    pub(in crate::run) fn handed_on(&self) -> OpenBreak {
        let (effect, gross) = self.sums();
        let dated = DateTime::parse_from_rfc3339(&self.dated).map_or(0, |moment| moment.timestamp_micros());
        OpenBreak {
            id: self.break_id.clone(),
            class: self.class,
            account: self.account.clone(),
            currency: self.currency,
            entry_ids: self.entry_ids.clone(),
            reference: self.reference.clone(),
            field: self.field.clone(),
            master_value: self.master_value.clone(),
            customer_value: self.customer_value.clone(),
            effect,
            gross,
            since_the_seal: Amount::ZERO,
            dated,
            first_run: self.first_run.clone(),
            explanation: self.explanation.clone(),
        }
    }

    pub(in crate::run) fn sighting(&self) -> Sighting {
        let (effect, gross) = self.sums();
        Sighting {
            id: self.break_id.clone(),
            class: self.class,
            account: self.account.clone(),
            currency: self.currency,
            effect,
            gross,
            entries: self.entry_ids.join("; "),
            standing: self.standing.as_deref().map_or(Standing::New, standing),
            dated: self.dated.clone(),
            age_days: self.age_days,
            first_run: self.first_run.clone(),
            explanation: self.explanation.clone(),
        }
    }
}

/// A standing by its word; one that this version does not know is not taken for resolved.
pub(in crate::run) fn standing(word: &str) -> Standing {
    word.parse().unwrap_or(Standing::Persisting)
}
