//! The inputs of a run, `run.json`: everything that its papers depend on beside the archive.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::error::RunError;
use super::{Books, Calendar, Period, Provenance, Rule, reconcile};
use crate::archive::Evidence;
use crate::domain::{Again, Amount, Carried, Decision, Party};
use crate::invoice::{
    Corrections, ExportTerms, Illegible, InvoiceTerms, Issued, Numbering, Pricing, RateCard, RechargeTerms, Unbilled,
};

/// The file's name in the run folder.
pub const RUN_FILE: &str = "run.json";

/// The version of this file's form.
const FORMAT: &str = "tieout-run-v1";

/// What is asked of texts where nothing is printed: nothing.
static ALL_LEGIBLE: BTreeMap<String, Illegible> = BTreeMap::new();

/// The settings that bear on the papers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The partner's zone.
    pub timezone: Tz,
    /// What a matched pair may differ by.
    pub tolerance: Amount,
    /// Whether the settings declare that this partner has no master ledger.
    pub master_declared_absent: bool,
    /// The user's rules of classification.
    pub classify: Vec<Rule>,
    /// The rate card.
    pub rate_card: RateCard,
    /// Tax and parties.
    #[serde(default, skip_serializing_if = "InvoiceTerms::is_default")]
    pub invoice: InvoiceTerms,
    /// Files for other programs, and how CSV files are written.
    #[serde(default, skip_serializing_if = "ExportTerms::is_default")]
    pub export: ExportTerms,
    /// Whom the recharge check holds.
    #[serde(default, skip_serializing_if = "RechargeTerms::is_default")]
    pub recharge: RechargeTerms,
    /// The simulator's scenario, where the books are not a partner's.
    pub scenario: Option<String>,
    /// Whether terms that name an account which the account list does not hold refuse the close.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// What the runs that are sealed beside this one hand on.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// The first invoice's place in its series.
    pub numbers_from: u64,
    /// The invoices that earlier runs of the same month gave.
    pub issued: Vec<Issued>,
    /// The seal of the month before.
    pub previous: Option<String>,
    /// What the last sealed month hands on.
    pub carried: Option<Carried>,
    /// What the last run of the same month left open.
    pub again: Option<Again>,
    /// The decisions in force.
    pub decisions: Vec<Decision>,
    /// What bears on credit and debit notes.
    pub corrections: Corrections,
    /// Whom earlier months held and nobody has billed since.
    pub unbilled: Vec<Unbilled>,
    /// The last document of each series, where it is dated after those of this run.
    pub later_dated: Vec<LaterDated>,
}

/// A document whose number comes before those of a run, and whose date comes after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterDated {
    /// Its number.
    pub number: String,
    /// The run that gave it.
    pub run: String,
    /// The day it is dated, `YYYY-MM-DD`.
    pub date: String,
}

/// The inputs of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    format: String,
    /// The program's version that made the papers.
    pub version: String,
    /// The run's id: the month, with `.r2` and so on for further runs of a sealed month.
    pub run: String,
    /// The month.
    pub period: Period,
    /// The partner, `PA_…`.
    pub partner: String,
    /// The evidence it rests on: the SHA-256 of the archive manifest.
    pub evidence: String,
    /// The first invoice's place in its series: after the last one of every run sealed beside this one.
    pub numbers_from: u64,
    /// The invoices that earlier runs of the same month gave: their customers are not billed a second time.
    pub issued: Vec<Issued>,
    /// The seal of the month before, where one is sealed beside this run.
    pub previous: Option<String>,
    /// What the last sealed month hands on to this one; nothing in a first close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// What the last run of the same month left open; nothing in a first run of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
    /// The decisions that were in force when the run was prepared, in the order in which they were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// What bears on credit and debit notes.
    #[serde(default, skip_serializing_if = "Corrections::is_empty")]
    pub corrections: Corrections,
    /// Whom earlier months held and nobody has billed since: told, and billed by nothing but a further run of their month.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unbilled: Vec<Unbilled>,
    /// The last document of each series, where it is dated after those of this run: told, for numbers and dates should run together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later_dated: Vec<LaterDated>,
    /// The settings that bear on the papers.
    pub terms: Terms,
}

impl Inputs {
    /// The inputs of a run that begins now.
    #[must_use]
    pub fn new(
        run: String,
        period: Period,
        partner: String,
        evidence: String,
        terms: &Terms,
        earlier: Earlier,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run,
            period,
            partner,
            evidence,
            numbers_from: earlier.numbers_from,
            issued: earlier.issued,
            previous: earlier.previous,
            carried: earlier.carried,
            again: earlier.again,
            decisions: earlier.decisions,
            corrections: earlier.corrections,
            unbilled: earlier.unbilled,
            later_dated: earlier.later_dated,
            terms: terms.clone(),
        }
    }

    /// The same, with what earlier runs hand on now in place of what they did; the decisions stay.
    pub(super) fn handed(self, earlier: Earlier) -> Self {
        let Earlier {
            numbers_from,
            issued,
            previous,
            carried,
            again,
            decisions: _,
            corrections,
            unbilled,
            later_dated,
        } = earlier;
        Self { numbers_from, issued, previous, carried, again, corrections, unbilled, later_dated, ..self }
    }

    /// What `reconcile` is to know.
    pub(super) const fn reconcile_options(&self) -> reconcile::Options<'_> {
        let Terms { tolerance, master_declared_absent, .. } = self.terms;
        reconcile::Options {
            tolerance,
            master_declared_absent,
            carried: self.carried.as_ref(),
            again: self.again.as_ref(),
            decisions: self.decisions.as_slice(),
        }
    }

    /// Reads `run.json`.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, String> {
        let inputs: Self = serde_json::from_slice(text).map_err(|refused| refused.to_string())?;
        if inputs.format == FORMAT {
            Ok(inputs)
        } else {
            Err(format!("format {:?}, expected {FORMAT:?}", inputs.format))
        }
    }

    /// `run.json`: keys in order of declaration, a line feed at the end.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, RunError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(RunError::Inputs)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Refuses another partner's archive.
    pub(super) fn refuse_other_partner(&self, partner: &str) -> Result<(), RunError> {
        if self.partner == partner {
            return Ok(());
        }
        Err(RunError::OtherPartner { run: self.partner.clone(), archive: partner.to_owned() })
    }

    /// What invoices are made out by; they are dated the day on which the evidence was read.
    pub(super) fn pricing<'a>(&'a self, parties: &'a BTreeMap<String, Party>, evidence: &Evidence) -> Pricing<'a> {
        let Terms { rate_card: card, invoice: terms, recharge, .. } = &self.terms;
        let (date, supplied_until) = (evidence.plan.today, self.period.last_day());
        Pricing { card, terms, parties, date, supplied_until, recharge: *recharge, illegible: &ALL_LEGIBLE }
    }

    /// What earlier runs hand on to the numbering.
    pub(super) fn numbering(&self) -> Numbering {
        Numbering { from: self.numbers_from, issued: self.issued.clone(), corrections: self.corrections.clone() }
    }

    /// Where the papers come from.
    pub(super) fn provenance(&self, books: &Books, archive_digest: String) -> Provenance {
        let calendar: &Calendar = &books.calendar;
        let card = &self.terms.rate_card;
        Provenance {
            partner: self.partner.clone(),
            partner_name: books.partner.name.clone(),
            period: self.period,
            cut_off: calendar.cut_off(),
            zone: calendar.zone.to_string(),
            run: self.run.clone(),
            archive_digest,
            version: self.version.clone(),
            scenario: self.terms.scenario.clone(),
            rate_card: card.described(),
            tolerance: self.terms.tolerance,
        }
    }
}
