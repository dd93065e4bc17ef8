//! A sealed run as its own papers tell it, and what it comes to for the runs after it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::DateTime;
use serde::Deserialize;

use crate::domain::{Aged, Amount, Calendar, Class, Closing, Currency, OpenBreak, Period, Severity, Standing};
use crate::invoice::{BilledPlace, Gstin, Issued, SupplyKind, Unbilled};
use crate::register::{Noted, Outcome, Sighting};
use crate::run::inputs::Inputs;
use crate::run::notes::SealedNote;
use crate::run::recheck::SealedRecheck;

/// A run that is sealed, as its own papers tell it.
pub(in crate::run) struct Neighbour {
    pub(in crate::run) folder: PathBuf,
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
}

#[derive(Deserialize)]
pub(in crate::run) struct SealedHeld {
    pub(in crate::run) account: String,
    name: String,
    pub(in crate::run) currency: Currency,
    cost_base: Amount,
    reason: String,
}

impl SealedHeld {
    pub(in crate::run) fn unbilled(&self, period: Period, run: &str) -> Unbilled {
        Unbilled {
            period,
            run: run.to_owned(),
            account: self.account.clone(),
            name: self.name.clone(),
            currency: self.currency,
            cost_base: self.cost_base,
            reason: self.reason.clone(),
        }
    }
}

#[derive(Deserialize)]
pub(in crate::run) struct SealedAccount {
    pub(in crate::run) account: String,
    pub(in crate::run) currency: Currency,
    pub(in crate::run) closing: Option<Amount>,
}

#[derive(Deserialize)]
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

#[derive(Deserialize)]
pub(in crate::run) struct SealedLeg {
    pub(in crate::run) currency: Currency,
    pub(in crate::run) effect: Amount,
}

#[derive(Deserialize)]
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

    /// The number of the invoice that it gave each customer, in each currency.
    pub(in crate::run) fn invoices_by_customer(&self) -> BTreeMap<(&str, Currency), &str> {
        let invoices = self.close.invoices.iter().rev();
        invoices.map(|it| ((it.account.as_str(), it.currency), it.number.as_str())).collect()
    }

    /// What it gave for its month: invoices, and credit notes for refunds.
    pub(in crate::run) fn issued(&self) -> impl Iterator<Item = Issued> {
        let invoices = self.close.invoices.iter().map(|it| (&it.number, &it.account, it.currency, it.total));
        let refunds = self.close.notes.iter().filter(|note| note.is_for_refunds()).map(|it| &it.document);
        let refunds = refunds.map(|it| (&it.number, &it.account, it.currency, it.total));
        invoices.chain(refunds).map(|(number, account, currency, total)| Issued {
            number: number.clone(),
            account: account.clone(),
            currency,
            total,
            run: self.inputs.run.clone(),
        })
    }

    pub(in crate::run) fn closings(&self) -> Vec<Closing> {
        let known =
            self.close.accounts.iter().filter_map(|it| {
                Some(Closing { account: it.account.clone(), currency: it.currency, amount: it.closing? })
            });
        let mut closings: Vec<Closing> = known.collect();
        closings.sort();
        closings
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
