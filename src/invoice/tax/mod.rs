//! Tax: who is supplied and where, and what each line owes under which head.
//!
//! Terms of the settings and what the API says of a customer in, a supply or the reason why there is none out; never judges
//! money beyond its rounding. GST as in the CGST Act: the supplier's own State owes CGST and SGST (UTGST in a Union
//! territory), another IGST; what leaves India is zero-rated. `gst` finds the place of supply.

mod checks;
mod doubts;
mod gst;
mod gstin;
mod pin;
mod state;
mod terms;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::{Amount, Currency, Party, Rounding, SCALE, round};
use crate::invoice::Percent;

pub(super) use terms::day;

pub use gstin::{Gstin, GstinError, GstinKind};
pub use pin::Pin;
pub use state::State;
pub use terms::{Annex, InvoiceTerms, Rate, Refunds, Regime, TermsError, WrongGstin};

/// The rate of GST on telecommunication services where the settings name none (since 2017-07-01).
const GST_PERCENT: Percent = Percent::whole(18);

/// Within how many days of the supply services are to be invoiced (CGST rule 47).
const INVOICED_WITHIN_DAYS: i64 = 30;

/// A head that tax is owed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaxHead {
    /// Central tax.
    #[serde(alias = "CGST")]
    Cgst,
    /// State tax.
    #[serde(alias = "SGST")]
    Sgst,
    /// Union territory tax.
    #[serde(alias = "UTGST")]
    Utgst,
    /// Integrated tax.
    #[serde(alias = "IGST")]
    Igst,
    /// The plain tax of the settings.
    #[serde(alias = "Tax")]
    Plain,
}

impl TaxHead {
    /// The word on the papers; of the plain tax the settings' own name stands in its place.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cgst => "CGST",
            Self::Sgst => "SGST",
            Self::Utgst => "UTGST",
            Self::Igst => "IGST",
            Self::Plain => "Tax",
        }
    }
}

/// What a line owes: its heads, each rounded by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTax {
    /// The services accounting code, under GST.
    pub sac: Option<String>,
    /// The whole rate in percent; nothing where no tax is owed.
    pub percent: Option<Percent>,
    /// The heads, each with its share of the rate and its amount.
    pub heads: Vec<(TaxHead, Decimal, Amount)>,
}

impl LineTax {
    /// Σ heads.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.heads.iter().map(|(_, _, amount)| *amount).sum()
    }

    /// This tax with another's amounts added, head by head; code and rates stay where both have them.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.sac = sum.sac.or_else(|| other.sac.clone());
        sum.percent = sum.percent.or(other.percent);
        for (head, percent, amount) in &other.heads {
            match sum.heads.iter_mut().find(|(known, ..)| known == head) {
                Some((_, _, of_head)) => *of_head += *amount,
                None => sum.heads.push((*head, *percent, *amount)),
            }
        }
        sum
    }

    /// The same with every amount's sign turned.
    #[must_use]
    pub fn turned(&self) -> Self {
        let heads = self.heads.iter().map(|(head, percent, amount)| (*head, *percent, -*amount));
        Self { heads: heads.collect(), ..self.clone() }
    }
}

/// How a supply is taxed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupplyKind {
    /// No tax: the settings name none.
    #[default]
    Untaxed,
    /// The plain tax.
    Plain,
    /// Within the supplier's State: CGST and SGST, or UTGST.
    WithinState,
    /// To another State: IGST.
    BetweenStates,
    /// Out of India: zero-rated, or with integrated tax that is claimed back.
    Export,
}

/// A customer as an invoice names it, and how what it is supplied with is taxed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// The customer.
    pub buyer: Party,
    /// Its GSTIN where it is registered, or its UIN.
    pub gstin: Option<Gstin>,
    /// Where the supply takes place, under GST.
    pub place: Option<&'static State>,
    /// How it is taxed.
    pub kind: SupplyKind,
    /// What the invoice's maker should look at, in sentences.
    pub remarks: Vec<String>,
}

impl Supply {
    /// A supply that nobody taxes, to somebody of whom only the name is known.
    #[must_use]
    pub fn untaxed(buyer: Party) -> Self {
        Self { buyer, gstin: None, place: None, kind: SupplyKind::Untaxed, remarks: Vec::new() }
    }
}

/// Tax that a customer deducts at source when it pays: for information, the invoice's total stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deduction {
    /// The percentage.
    pub percent: Percent,
    /// What it deducts, rounded half up to the minor unit.
    pub amount: Amount,
}

/// A percentage of tax deducted at source as somebody wrote it: above zero and at most 100, or nothing.
fn deducted(text: &str) -> Option<Percent> {
    let percent: Percent = text.trim().parse().ok()?;
    (percent > Percent::whole(0) && percent <= Percent::whole(100)).then_some(percent)
}

impl Supply {
    /// What the customer deducts at source from a value without the tax that is shown separately (CBDT circular 23/2017);
    /// nothing where it deducts none, or what the API says of it is no percentage.
    #[must_use]
    pub fn deduction(&self, value: Amount, currency: Currency) -> Option<Deduction> {
        let percent = deducted(&self.buyer.tds_percent)?;
        let (mantissa, decimals) = percent.share(1);
        let exact = value.units().checked_mul(mantissa)?;
        let exact = Decimal::try_from_i128_with_scale(exact, SCALE + decimals).ok()?;
        let amount = round(exact, currency.minor_digits(), Rounding::HalfUp);
        (amount > Amount::ZERO).then_some(Deduction { percent, amount })
    }
}

impl InvoiceTerms {
    /// How a customer is supplied; the reason to hold it where no lawful invoice can be made out to it.
    ///
    /// # Errors
    /// Under GST: when the customer has no name, its GSTIN is wrong, its address does not tell where it is or contradicts
    /// itself, or it is in India and billed in another currency than the rupee.
    pub fn supply(&self, account: &str, known: &Party, currency: Currency) -> Result<Supply, String> {
        let written = self.written();
        let own = written.customers.get(account).cloned().unwrap_or_default();
        let mut supply = Supply::untaxed(known.corrected(&own));
        let deducts = supply.buyer.tds_percent.trim();
        if !deducts.is_empty() && deducted(deducts).is_none() {
            let unread = format!("deducts tax at source by the account list, and {deducts:?} is no percentage above 0");
            supply.remarks.push(unread);
        }
        if self.regime() != Regime::None && supply.buyer.name.is_empty() {
            return Err(format!("a tax invoice names its customer: set invoice.customers.{account}.name"));
        }
        match self.regime() {
            Regime::None => Ok(supply),
            Regime::Plain => Ok(Supply { kind: SupplyKind::Plain, ..supply }),
            Regime::Gst => self.gst(account, supply, currency),
        }
    }

    /// Why an invoice of this taxable value may not be made out to a customer, if so: an unregistered one from the settings'
    /// threshold on needs its address and State on a GST invoice (CGST rule 46, e).
    #[must_use]
    pub fn lacking(&self, supply: &Supply, taxable: Amount) -> Option<String> {
        let named = !supply.buyer.address.is_empty() && !supply.buyer.state.is_empty();
        let asked = self.regime() == Regime::Gst && supply.gstin.is_none() && supply.kind != SupplyKind::Export;
        let threshold = self.written().address_from;
        (asked && !named && taxable >= threshold).then(|| {
            format!("an unregistered customer's address and State have to stand on an invoice of {threshold} or more")
        })
    }

    /// What is said of an invoice that is dated later than a tax invoice for services has to be: within 30 days of the supply
    /// (CGST rule 47).
    pub(super) fn dated_late(&self, supplied_until: NaiveDate, date: NaiveDate) -> Option<String> {
        let days = (date - supplied_until).num_days();
        let late = self.regime() == Regime::Gst && days > INVOICED_WITHIN_DAYS;
        late.then(|| {
            format!("dated {days} days after the month's end: services are to be invoiced within {INVOICED_WITHIN_DAYS} days")
        })
    }

    /// What an amount of a charge class owes on a day, each head rounded half up to the minor unit; nothing when it exceeds
    /// exact arithmetic.
    #[must_use]
    pub fn line(
        &self,
        supply: &Supply,
        class: &str,
        amount: Amount,
        currency: Currency,
        date: NaiveDate,
    ) -> Option<LineTax> {
        let written = self.written();
        let rate = written.rates.iter().rfind(|rate| rate.from <= date).map(|rate| rate.percent);
        let sac = || Some(written.sac_classes.get(class).unwrap_or(&written.sac).clone());
        let (sac, percent, heads): (_, _, &[TaxHead]) = match supply.kind {
            SupplyKind::Untaxed => (None, None, &[]),
            SupplyKind::Plain => (None, rate, &[TaxHead::Plain]),
            SupplyKind::Export if !written.export_tax => (sac(), Some(Percent::whole(0)), &[TaxHead::Igst]),
            SupplyKind::Export | SupplyKind::BetweenStates => {
                (sac(), Some(rate.unwrap_or(GST_PERCENT)), &[TaxHead::Igst])
            }
            SupplyKind::WithinState => {
                let union = supply.place.is_some_and(State::is_union_territory);
                let heads: &[TaxHead] =
                    if union { &[TaxHead::Cgst, TaxHead::Utgst] } else { &[TaxHead::Cgst, TaxHead::Sgst] };
                (sac(), Some(rate.unwrap_or(GST_PERCENT)), heads)
            }
        };
        let percent = percent.filter(|_| !heads.is_empty());
        // Under reverse charge it is the customer who owes the tax, and the invoice charges none.
        let percent = percent.map(|rate| if written.reverse_charge { Percent::whole(0) } else { rate });
        let Some(whole) = percent else { return Some(LineTax { sac, percent: None, heads: Vec::new() }) };
        let count = u32::try_from(heads.len()).ok()?;
        let owed = |head: &TaxHead| {
            let (mantissa, decimals) = whole.share(count);
            let exact = amount.units().checked_mul(mantissa)?;
            let exact = Decimal::try_from_i128_with_scale(exact, SCALE + decimals).ok()?;
            let percent = Decimal::try_from_i128_with_scale(mantissa, decimals - 2).ok()?.normalize();
            Some((*head, percent, round(exact, currency.minor_digits(), Rounding::HalfUp)))
        };
        let heads = heads.iter().map(owed).collect::<Option<Vec<_>>>()?;
        Some(LineTax { sac, percent: Some(whole), heads })
    }

    /// What brings a total to the whole unit of its currency, half up, where the settings ask for it. Under GST that is the
    /// rupee (CGST Act, section 170); what is exported in another currency is owed as it is.
    #[must_use]
    pub fn round_off(&self, total: Amount, currency: Currency) -> Amount {
        let rounds = self.written().round_off && (self.regime() != Regime::Gst || currency == Currency::INR);
        if rounds { round(total.to_decimal(), 0, Rounding::HalfUp) - total } else { Amount::ZERO }
    }
}
