//! The rate card: what is charged above cost, which fees and minimum apply, how invoices are numbered.
//!
//! Text in, a checked card out; a card that was read needs no further checks. Never opens the file itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::percent::Percent;
use super::series::{NumberError, Series};
use crate::domain::{AccountId, AccountIdError, Amount, ChargeClass, ChargeClassError, Currency, Place, Rounding};

/// A checked rate card. The empty one bills at cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct RateCard(Written);

/// A rate card as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    currency: Currency,
    rounding: Rounding,
    markup: Markup,
    fees: Vec<Fee>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<Minimum>,
    series: Series,
}

/// The markups of the card and of single accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Markup {
    default: Percent,
    classes: BTreeMap<String, Percent>,
    accounts: BTreeMap<String, AccountMarkup>,
}

/// The markups agreed with one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AccountMarkup {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Percent>,
    classes: BTreeMap<String, Percent>,
}

/// A fixed monthly fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// What the customer reads.
    pub name: String,
    /// The fee, above zero, in whole minor units of the card's currency.
    pub amount: Amount,
    /// Who pays it; every customer that tied out in the card's currency where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<BTreeSet<String>>,
}

/// The least that a customer with usage is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Minimum {
    amount: Amount,
}

/// Why a text is not a rate card.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RateCardError {
    /// Not TOML, a key that no rate card has, or a value of the wrong kind.
    #[error("{place}: {message}")]
    Text {
        /// Where.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// A class that no entry can have.
    #[error("{0}: {1}")]
    Class(String, ChargeClassError),
    /// An account that no partner can have.
    #[error("{0}: {1}")]
    Account(String, AccountIdError),
    /// A fee or minimum that is not money.
    #[error("{place}: amount {amount} is not above zero and in whole minor units of {currency} ({digits} decimals)")]
    Amount {
        /// Which.
        place: String,
        /// The amount.
        amount: String,
        /// The card's currency.
        currency: Currency,
        /// Its decimals.
        digits: u32,
    },
    /// A fee that no customer could name.
    #[error("fees, entry {0}: the name is empty, expected what the customer is to read")]
    FeeName(usize),
    /// A series whose numbers nobody could use.
    #[error("series: {0}")]
    Series(NumberError),
}

impl RateCard {
    /// Reads a card from TOML.
    ///
    /// # Errors
    /// When the text is not TOML, holds an unknown key, or a value that cannot be right; with its line and column, or
    /// its key.
    pub fn parse(text: &str) -> Result<Self, RateCardError> {
        let written: Written = toml::from_str(text).map_err(|refused| RateCardError::Text {
            place: Place::of(text, refused.span().map_or(0, |span| span.start)),
            message: refused.message().to_owned(),
        })?;
        written.try_into()
    }

    /// The card's name, for the papers.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The currency of fees and minimum; invoices in other currencies have neither.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.0.currency
    }

    /// How lines are brought to the minor unit.
    #[must_use]
    pub const fn rounding(&self) -> Rounding {
        self.0.rounding
    }

    /// The markup for one charge class of one account. An account's own class wins over its default, that over the
    /// card's class, and that over the card's default.
    #[must_use]
    pub fn markup(&self, account: &str, class: &str) -> Percent {
        let card = &self.0.markup;
        let own = card.accounts.get(account);
        own.and_then(|own| own.classes.get(class).copied().or(own.default))
            .or_else(|| card.classes.get(class).copied())
            .unwrap_or(card.default)
    }

    /// Name and rounding strategy, on one line for the papers.
    #[must_use]
    pub fn described(&self) -> String {
        let unnamed = if *self == Self::default() { "none: billed at cost" } else { "unnamed" };
        format!("{}, rounding {}", self.name().unwrap_or(unnamed), self.rounding().name())
    }

    /// The place in the series of its very first invoice.
    #[must_use]
    pub const fn first_number(&self) -> u64 {
        self.0.series.first
    }

    /// The place of an invoice number in the series that this card's invoices of a day are numbered in; nothing for a number
    /// of another series, or of another financial year where the series names it.
    #[must_use]
    pub fn place_of(&self, number: &str, date: NaiveDate) -> Option<u64> {
        let place = number.strip_prefix(self.0.series.prefix_on(date).as_str())?.parse().ok()?;
        (self.0.series.number(place, date).ok()? == number).then_some(place)
    }

    /// The fixed fees, in the card's order.
    #[must_use]
    pub fn fees(&self) -> &[Fee] {
        &self.0.fees
    }

    /// The least that a customer with usage is charged, where the card names one.
    #[must_use]
    pub fn minimum(&self) -> Option<Amount> {
        self.0.minimum.as_ref().map(|minimum| minimum.amount)
    }

    /// The series that numbers are taken from.
    #[must_use]
    pub const fn series(&self) -> &Series {
        &self.0.series
    }
}

impl Default for Written {
    fn default() -> Self {
        Self {
            name: None,
            currency: Currency::INR,
            rounding: Rounding::default(),
            markup: Markup::default(),
            fees: Vec::new(),
            minimum: None,
            series: Series::default(),
        }
    }
}

impl From<RateCard> for Written {
    fn from(card: RateCard) -> Self {
        card.0
    }
}

impl TryFrom<Written> for RateCard {
    type Error = RateCardError;

    fn try_from(card: Written) -> Result<Self, RateCardError> {
        check_classes("markup.classes", &card.markup.classes)?;
        for (account, own) in &card.markup.accounts {
            check_account("markup.accounts", account)?;
            check_classes(&format!("markup.accounts.{account}.classes"), &own.classes)?;
        }
        for (index, fee) in card.fees.iter().enumerate() {
            if fee.name.trim().is_empty() {
                return Err(RateCardError::FeeName(index + 1));
            }
            check_amount(&format!("fees, {:?}", fee.name), fee.amount, card.currency)?;
            let accounts = fee.accounts.iter().flatten();
            accounts.into_iter().try_for_each(|account| check_account(&format!("fees, {:?}", fee.name), account))?;
        }
        if let Some(minimum) = &card.minimum {
            check_amount("minimum", minimum.amount, card.currency)?;
        }
        // Every financial year takes as many characters as another.
        card.series.number(card.series.first, NaiveDate::default()).map_err(RateCardError::Series)?;
        Ok(Self(card))
    }
}

fn check_classes(place: &str, classes: &BTreeMap<String, Percent>) -> Result<(), RateCardError> {
    let refused = classes.keys().find_map(|class| ChargeClass::parse(class).err());
    refused.map_or(Ok(()), |refused| Err(RateCardError::Class(place.to_owned(), refused)))
}

fn check_account(place: &str, account: &str) -> Result<(), RateCardError> {
    AccountId::parse(account).map(drop).map_err(|refused| RateCardError::Account(place.to_owned(), refused))
}

/// A fee is charged as it is written, never rounded: it must be whole minor units.
fn check_amount(place: &str, amount: Amount, currency: Currency) -> Result<(), RateCardError> {
    let digits = currency.minor_digits();
    let whole = crate::domain::round(amount.to_decimal(), digits, Rounding::Down) == amount;
    if whole && amount > Amount::ZERO {
        return Ok(());
    }
    Err(RateCardError::Amount { place: place.to_owned(), amount: amount.to_string(), currency, digits })
}
