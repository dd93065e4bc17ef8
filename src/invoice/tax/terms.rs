//! What the settings say of tax and of the parties (`[invoice]` in `tieout.toml`), checked when it is read.
//!
//! Rates, codes and thresholds are settings with an effective date, never constants: the defaults are those in force in
//! India for telecommunication services (18 % since 2017-07-01, SAC 998412).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checks::{check_deduction, check_gst, check_sac};
use super::gstin::GstinError;
use crate::domain::{AccountId, Amount, ChargeClass, Party};
use crate::invoice::Percent;

/// The invoicing terms, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct InvoiceTerms(Written);

/// How invoices are taxed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// Not at all: statements of what is due, not tax invoices.
    #[default]
    None,
    /// One tax of a name and a rate of the settings, for partners outside India.
    Plain,
    /// Indian goods and services tax.
    Gst,
}

/// What becomes of a customer whose GSTIN is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrongGstin {
    /// It is held, and says why.
    #[default]
    Hold,
    /// It is billed as unregistered.
    Unregistered,
}

/// How the usage behind an invoice is listed on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Annex {
    /// Per day and charge class.
    #[default]
    Days,
    /// Per entry.
    Entries,
    /// Not at all.
    None,
}

/// A rate of tax from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The first day, `YYYY-MM-DD`.
    #[serde(with = "day")]
    pub from: NaiveDate,
    /// The rate in percent.
    pub percent: Percent,
}

/// What becomes of a refund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refunds {
    /// It is taken off the invoice of its month, as a negative line; only what the month's charges do not cover becomes a
    /// credit note.
    #[default]
    Net,
    /// It becomes a credit note always.
    Notes,
}

/// Terms as they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the settings, and hangs on no other")]
pub(super) struct Written {
    pub(super) regime: Regime,
    /// Days from the invoice's date to the day on which it is due.
    pub(super) due_days: u32,
    /// Whether the total is brought to the whole rupee by a line of its own.
    pub(super) round_off: bool,
    pub(super) annex: Annex,
    pub(super) wrong_gstin: WrongGstin,
    #[serde(skip_serializing_if = "is_net")]
    pub(super) refunds: Refunds,
    pub(super) reverse_charge: bool,
    /// Whether exports are charged integrated tax. Not written where they are not, so that runs from before this key keep their
    /// inputs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) export_tax: bool,
    /// From which total on an unregistered customer's address and State have to stand on a GST invoice.
    pub(super) address_from: Amount,
    /// The services accounting code where no class has its own.
    pub(super) sac: String,
    pub(super) sac_classes: BTreeMap<String, String>,
    /// The name of the plain tax, such as `VAT`.
    pub(super) tax_name: String,
    /// The rates of the regime's tax; the last that has begun counts.
    pub(super) rates: Vec<Rate>,
    pub(super) supplier: Party,
    /// What is known of single customers better than the API knows it.
    pub(super) customers: BTreeMap<String, Party>,
    /// Whether each invoice is a PDF, too. Not written where it is not, so that runs from before this key keep their inputs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) pdf: bool,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            regime: Regime::None,
            due_days: 15,
            round_off: false,
            annex: Annex::Days,
            wrong_gstin: WrongGstin::Hold,
            refunds: Refunds::Net,
            reverse_charge: false,
            export_tax: false,
            address_from: Amount::from_units(50_000 * 100_000_000),
            sac: "998412".to_owned(),
            sac_classes: BTreeMap::new(),
            tax_name: "Tax".to_owned(),
            rates: Vec::new(),
            supplier: Party::default(),
            customers: BTreeMap::new(),
            pdf: false,
        }
    }
}

/// Why terms cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TermsError {
    /// The supplier lacks something that every tax invoice states.
    #[error("invoice.supplier: {0} is empty, which a tax invoice has to state")]
    Supplier(&'static str),
    /// The supplier's GSTIN is wrong.
    #[error("invoice.supplier.gstin: {0}")]
    SupplierGstin(#[from] GstinError),
    /// A number by which nobody supplies within India.
    #[error("invoice.supplier.gstin: {0:?} is {1}, expected the GSTIN by which the supplier is registered in a State")]
    SupplierKind(String, &'static str),
    /// A rate below zero.
    #[error("invoice.rates: {0} % from {1}, expected 0 or more")]
    Rate(Percent, NaiveDate),
    /// Two rates from one day.
    #[error("invoice.rates: two rates from {0}")]
    TwoRates(NaiveDate),
    /// The plain regime without a rate.
    #[error("invoice.rates: none, expected at least one with the plain regime")]
    NoRate,
    /// A services accounting code that is none.
    #[error("{place}: {seen:?}, expected six digits")]
    Sac {
        /// Which.
        place: String,
        /// The text.
        seen: String,
    },
    /// A class that no entry can have, or an account that no customer can have.
    #[error("{0}")]
    Key(String),
    /// Too long to be meant.
    #[error("invoice.due_days: {0}, expected 0 to 365")]
    Due(u32),
    /// A State that there is not.
    #[error("{place}: {seen:?} is no State of India (its code, as 29, its letters, as KA, or its name)")]
    State {
        /// Whose.
        place: String,
        /// The text.
        seen: String,
    },
    /// A percentage of tax deducted at source that is none.
    #[error("{place}: {seen:?}, expected {expected}")]
    Deduction {
        /// Whose.
        place: String,
        /// The text.
        seen: String,
        /// What can stand there.
        expected: &'static str,
    },
    /// A threshold below zero.
    #[error("invoice.address_from: {0}, expected 0 or more")]
    AddressFrom(Amount),
}

impl InvoiceTerms {
    /// Reads terms from TOML: what stands below `[invoice]` in the settings.
    ///
    /// # Errors
    /// When the text is not TOML, holds an unknown key, or a value that cannot be right.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Whether these are the terms of nobody in particular: no tax, no supplier.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0 == Written::default()
    }

    pub(super) const fn written(&self) -> &Written {
        &self.0
    }

    /// How invoices are taxed.
    #[must_use]
    pub const fn regime(&self) -> Regime {
        self.0.regime
    }

    /// How usage is listed on an invoice.
    #[must_use]
    pub const fn annex(&self) -> Annex {
        self.0.annex
    }

    /// What becomes of refunds.
    #[must_use]
    pub const fn refunds(&self) -> Refunds {
        self.0.refunds
    }

    /// Who sends the invoices, where the settings say.
    #[must_use]
    pub const fn supplier(&self) -> &Party {
        &self.0.supplier
    }

    /// The accounts of which the settings know something better than the API, sorted.
    pub(in crate::invoice) fn customers(&self) -> impl Iterator<Item = &str> {
        self.0.customers.keys().map(String::as_str)
    }

    /// The name of the plain tax.
    #[must_use]
    pub fn tax_name(&self) -> &str {
        &self.0.tax_name
    }

    /// Whether the customer pays the tax under reverse charge.
    #[must_use]
    pub const fn reverse_charge(&self) -> bool {
        self.0.reverse_charge
    }

    /// Whether exports are charged integrated tax, which the supplier claims back: where it has given neither bond nor letter of
    /// undertaking.
    #[must_use]
    pub const fn export_tax(&self) -> bool {
        self.0.export_tax
    }

    /// Whether each invoice is a PDF, too.
    #[must_use]
    pub const fn pdf(&self) -> bool {
        self.0.pdf
    }

    /// On which day an invoice of a day is due.
    #[must_use]
    pub fn due(&self, date: NaiveDate) -> NaiveDate {
        date.checked_add_days(chrono::Days::new(u64::from(self.0.due_days))).unwrap_or(date)
    }
}

impl TryFrom<Written> for InvoiceTerms {
    type Error = TermsError;

    fn try_from(mut it: Written) -> Result<Self, TermsError> {
        it.rates.sort_by_key(|rate| rate.from);
        if let Some(wrong) = it.rates.iter().find(|rate| rate.percent.is_negative()) {
            return Err(TermsError::Rate(wrong.percent, wrong.from));
        }
        if let Some(twice) = it.rates.windows(2).find(|pair| pair[0].from == pair[1].from) {
            return Err(TermsError::TwoRates(twice[0].from));
        }
        if it.due_days > 365 {
            return Err(TermsError::Due(it.due_days));
        }
        if it.address_from.is_negative() {
            return Err(TermsError::AddressFrom(it.address_from));
        }
        check_sac("invoice.sac", &it.sac)?;
        for (class, sac) in &it.sac_classes {
            ChargeClass::parse(class).map_err(|why| TermsError::Key(format!("invoice.sac_classes: {why}")))?;
            check_sac(&format!("invoice.sac_classes.{class}"), sac)?;
        }
        for (account, party) in &it.customers {
            AccountId::parse(account).map_err(|why| TermsError::Key(format!("invoice.customers: {why}")))?;
            check_deduction(&format!("invoice.customers.{account}.tds_percent"), &party.tds_percent)?;
        }
        if !it.supplier.tds_percent.is_empty() {
            let place = "invoice.supplier.tds_percent".to_owned();
            return Err(TermsError::Deduction {
                place,
                seen: it.supplier.tds_percent,
                expected: "nothing: customers deduct",
            });
        }
        if it.regime != Regime::None && it.supplier.name.trim().is_empty() {
            return Err(TermsError::Supplier("name"));
        }
        match it.regime {
            Regime::Plain if it.rates.is_empty() => return Err(TermsError::NoRate),
            Regime::None | Regime::Plain => {}
            Regime::Gst => check_gst(&it)?,
        }
        Ok(Self(it))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_net(refunds: &Refunds) -> bool {
    *refunds == Refunds::Net
}

impl From<InvoiceTerms> for Written {
    fn from(terms: InvoiceTerms) -> Self {
        terms.0
    }
}

/// A day as `2026-03-31`.
pub(in crate::invoice) mod day {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(in crate::invoice) fn serialize<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(in crate::invoice) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
        let text = String::deserialize(deserializer)?;
        let refused = |_not_a_day| serde::de::Error::custom(format!("{text:?} is not a day, as in 2026-03-31"));
        text.parse().map_err(refused)
    }
}
