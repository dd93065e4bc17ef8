//! The recharge check: what each customer's wallet was funded with against what is billed, and who is held for it where the
//! settings say so. Wallet rows of `reconcile` and totals of invoices in, a word and a reason for each out.
//!
//! Wallets are prepaid: transfers and top-ups are an advance on the invoice. What it exceeds them by is the shortfall.

use serde::{Deserialize, Serialize};

use crate::domain::{Amount, Currency};
use crate::reconcile::Recharge;

/// What ends a hold of the recharge check.
pub(super) const HINT: &str =
    "fund the wallet, or say in [recharge] that nobody is held for it; then close the month again";

/// What the settings say of the recharge check (`[recharge]` in `tieout.toml`). By default it lists and holds nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RechargeTerms {
    /// Whether a customer is held whose prepaid wallet went below zero in the period, or stands below zero now.
    pub hold_negative: bool,
    /// Whether a customer is held whose transfers and top-ups do not cover the invoice.
    pub hold_uncovered: bool,
    /// Whether the wallet's opening balance covers, too: money from before the period that was not used up in it.
    pub count_opening: bool,
}

impl RechargeTerms {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is billed to a customer in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The invoice's number, where there is one: of this run, or of an earlier run of the month.
    pub number: Option<String>,
    /// What it comes to without tax and round-off.
    pub taxable: Amount,
    /// What it comes to.
    pub total: Amount,
}

/// What the check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covering {
    /// Transfers and top-ups are at least what is billed.
    Covered,
    /// They are less.
    Uncovered,
    /// The prepaid wallet went below zero, or stands below zero now; whether the invoice is covered, the shortfall tells.
    Negative,
    /// The wallet's ledger, or what came since, is not whole: nothing is judged.
    NotEvidenced,
    /// The customer is held for another reason, so that what is billed is not known.
    NotBilled,
    /// The wallet is billed after use: nothing has to be there beforehand.
    Postpaid,
}

impl Covering {
    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Uncovered => "uncovered",
            Self::Negative => "negative",
            Self::NotEvidenced => "not-evidenced",
            Self::NotBilled => "not-billed",
            Self::Postpaid => "postpaid",
        }
    }
}

/// One customer's check in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RechargeCheck {
    /// How the wallet was funded and used.
    pub recharge: Recharge,
    /// What is billed, where it is known.
    pub bill: Option<Bill>,
    /// What covers it: topped up and transferred, less taken back, in the period and since; with the opening where the
    /// settings count it. Nothing where it is not evidenced.
    pub covering: Option<Amount>,
    /// By how much the invoice exceeds what covers it, zero where it does not; nothing where that cannot be told.
    pub shortfall: Option<Amount>,
    /// What it comes to.
    pub verdict: Covering,
    /// Whether the customer is on the held list, for whatever reason.
    pub held: bool,
    /// What is wrong, with its figures, or why nothing is judged; empty where it is covered.
    pub reason: String,
}

impl RechargeCheck {
    /// Checks one wallet against what is billed.
    pub(super) fn of(recharge: &Recharge, bill: Option<Bill>, held: bool, terms: RechargeTerms) -> Self {
        let covering = covering(recharge, terms);
        let shortfall = covering.zip(bill.as_ref()).filter(|_| !recharge.postpaid);
        let shortfall = shortfall.map(|(covering, bill)| (bill.total - covering).max(Amount::ZERO));
        let faults: Vec<String> = faults(recharge, bill.as_ref(), terms).into_iter().flatten().collect();
        let verdict = match shortfall {
            _ if covering.is_none() => Covering::NotEvidenced,
            _ if recharge.postpaid => Covering::Postpaid,
            _ if recharge.below_zero().is_some() => Covering::Negative,
            Some(short) if !short.is_zero() => Covering::Uncovered,
            None if held => Covering::NotBilled,
            Some(_) | None => Covering::Covered,
        };
        let reason = match &recharge.since {
            Err(reason) => reason.clone(),
            Ok(_) if covering.is_none() => "its opening is in no wallet of this currency".to_owned(),
            Ok(_) => faults.join("; "),
        };
        Self { recharge: recharge.clone(), bill, covering, shortfall, verdict, held, reason }
    }
}

/// Why the settings hold a customer who is to be billed, if they do. What is not evidenced holds nobody: its ledger is a
/// finding already.
pub(super) fn hold(recharge: &Recharge, bill: &Bill, terms: RechargeTerms) -> Option<String> {
    let [negative, uncovered] = faults(recharge, Some(bill), terms);
    let reasons = [negative.filter(|_| terms.hold_negative), uncovered.filter(|_| terms.hold_uncovered)];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// What covers an invoice.
fn covering(recharge: &Recharge, terms: RechargeTerms) -> Option<Amount> {
    let funded = recharge.funded()?;
    if terms.count_opening { recharge.wallet.as_ref().map(|wallet| funded + wallet.opening) } else { Some(funded) }
}

/// What is wrong: the wallet went below zero; the invoice is not covered.
fn faults(recharge: &Recharge, bill: Option<&Bill>, terms: RechargeTerms) -> [Option<String>; 2] {
    let Some(covering) = covering(recharge, terms).filter(|_| !recharge.postpaid) else { return [None, None] };
    let currency = recharge.currency;
    let negative = recharge.below_zero().map(|(held, day)| {
        let held = text(held, currency);
        day.map_or_else(
            || format!("wallet stands below zero: {held} {currency}"),
            |day| format!("wallet went below zero: {held} {currency} on {day}"),
        )
    });
    let short = bill.filter(|bill| bill.total > covering).map(|bill| {
        let what = if terms.count_opening { "opening, transfers and top-ups" } else { "transfers and top-ups" };
        let [covering, total, short] = [covering, bill.total, bill.total - covering].map(|it| text(it, currency));
        format!("{what} of {covering} do not cover the {total} {currency} billed: {short} short")
    });
    [negative, short]
}

fn text(amount: Amount, currency: Currency) -> String {
    amount.to_text(usize::try_from(currency.minor_digits()).unwrap_or(2))
}
