//! The rate card: what is charged above cost, which fees and minimum apply, how invoices are numbered.
//!
//! Text in, a checked card out, or everything that is wrong with it, with line and column; a card that was read needs no
//! further checks. Never opens the file itself.

mod doubts;
mod faults;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::faults::Fault;
use super::percent::Percent;
use super::series::{self, NumberError, Series};
use crate::domain::{AccountIdError, Amount, ChargeClassError, Currency, Place, Rounding, TextFault, TomlText, step};

/// A checked rate card. The empty one bills at cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct RateCard {
    written: Written,
    /// The fees by who pays them, so that a customer's cost a look-up however many there are.
    due: Due,
}

/// The places of the fees that everyone pays, and of those that name who does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Due {
    everyone: Vec<usize>,
    accounts: BTreeMap<String, Vec<usize>>,
}

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
    #[serde(deserialize_with = "series::credit_notes", skip_serializing_if = "Series::is_of_credit_notes")]
    credit_notes: Series,
    #[serde(deserialize_with = "series::debit_notes", skip_serializing_if = "Series::is_of_debit_notes")]
    debit_notes: Series,
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
    /// A fee that a customer would pay twice.
    #[error("fees, entry {entry}: {name:?} is charged to {who} by entry {before} already, expected each fee once")]
    FeeTwice {
        /// The later one, from 1.
        entry: usize,
        /// The earlier one.
        before: usize,
        /// Its name.
        name: String,
        /// Who would pay both: an account, or everyone.
        who: String,
    },
    /// A series whose numbers nobody could use.
    #[error("{0}: {1}")]
    Series(&'static str, NumberError),
    /// A series that would soon be used up.
    #[error("{of}: room for {room} numbers of at most 16 characters from the first on, expected {min} or more")]
    SeriesShort {
        /// Which.
        of: &'static str,
        /// Numbers it has.
        room: u64,
        /// Numbers it should have.
        min: u64,
    },
    /// Two series that could give one number.
    #[error("{of}.prefix: {prefix:?} could give a number of {other} as well, expected one that begins otherwise")]
    SeriesMeet {
        /// The later one.
        of: &'static str,
        /// What its numbers begin with.
        prefix: String,
        /// The earlier one.
        other: &'static str,
    },
    /// One of these, in a text.
    #[error("{place}: {refused}")]
    At {
        /// Where.
        place: Place,
        /// What is wrong.
        refused: Box<Self>,
    },
}

impl RateCardError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::At { refused, .. } => refused.hint(),
            Self::Text { message, .. } if message.starts_with("\"-") && message.contains("is not a markup") => {
                "a markup of -100 % or less would give usage away; \"0\" bills at cost, \"-99.9999\" is the least"
            }
            Self::FeeTwice { .. } => "a fee that is due twice on purpose needs two names",
            Self::SeriesMeet { .. } => {
                "invoices, credit notes and debit notes each have a series of their own, as in INV-, CN- and DN-"
            }
            Self::SeriesShort { .. } => {
                "a shorter prefix leaves more digits to the count; `{fy}` lets it begin anew each year"
            }
            Self::Class(..) => {
                "classes are the built-in ones, `other`, and those that `classify` in the settings names"
            }
            Self::Text { .. } | Self::Account(..) | Self::Amount { .. } | Self::FeeName(_) | Self::Series(..) => {
                "an empty rate card bills at cost; percentages and amounts stand in quotes"
            }
        }
    }
}

impl RateCard {
    fn of(written: Written) -> Self {
        let mut due = Due::default();
        for (place, fee) in written.fees.iter().enumerate() {
            match &fee.accounts {
                None => due.everyone.push(place),
                Some(named) => named.iter().for_each(|it| due.accounts.entry(it.clone()).or_default().push(place)),
            }
        }
        Self { written, due }
    }

    /// Reads a card from TOML.
    ///
    /// # Errors
    /// When the text is not TOML, holds an unknown key, or a value that cannot be right; with its line and column.
    pub fn parse(text: &str) -> Result<Self, RateCardError> {
        let (card, faults) = Self::read(text);
        faults.into_iter().next().map_or(Ok(card), Err)
    }

    /// The same, with everything that is wrong, in order of place. The card is fit for use only where nothing is.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<RateCardError>) {
        let (text, card, faults) = TomlText::read::<Written>(text);
        let mut judged = card.clone();
        if !text.lists_are_whole() {
            judged.fees.clear();
        }
        let faults =
            faults.into_iter().map(|TextFault { place, message }| (place, RateCardError::Text { place, message }));
        let of_the_text =
            judged.fees_twice().into_iter().chain(judged.series_that_meet()).chain(judged.series_too_short());
        let meant = judged.faults().into_iter().chain(of_the_text).map(|Fault { path, of_key, refused }| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let place = if of_key { text.place_of_key(&path) } else { text.place_of_value(&path) };
            (place, RateCardError::At { place, refused: Box::new(refused) })
        });
        let mut faults: Vec<(Place, RateCardError)> = faults.chain(meant).collect();
        faults.sort_by_key(|(place, _)| *place);
        (Self::of(card), faults.into_iter().map(|(_, refused)| refused).collect())
    }

    /// The card's name, for the papers.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.written.name.as_deref()
    }

    /// The currency of fees and minimum; invoices in other currencies have neither.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.written.currency
    }

    /// How lines are brought to the minor unit.
    #[must_use]
    pub const fn rounding(&self) -> Rounding {
        self.written.rounding
    }

    /// The markup for one charge class of one account. An account's own class wins over its default, that over the
    /// card's class, and that over the card's default.
    #[must_use]
    pub fn markup(&self, account: &str, class: &str) -> Percent {
        let card = &self.written.markup;
        let own = card.accounts.get(account);
        own.and_then(|own| own.classes.get(class).copied().or(own.default))
            .or_else(|| card.classes.get(class).copied())
            .unwrap_or(card.default)
    }

    /// The accounts that have markups of their own, sorted.
    pub(super) fn accounts_with_markups(&self) -> impl Iterator<Item = &str> {
        self.written.markup.accounts.keys().map(String::as_str)
    }

    /// Name and rounding strategy, on one line for the papers.
    #[must_use]
    pub fn described(&self) -> String {
        let unnamed = if *self == Self::default() { "none: billed at cost" } else { "unnamed" };
        format!("{}, rounding {}", self.name().unwrap_or(unnamed), self.rounding().name())
    }

    /// The fixed fees, in the card's order.
    #[must_use]
    pub fn fees(&self) -> &[Fee] {
        &self.written.fees
    }

    /// The fees that an account pays, in the card's order.
    pub fn fees_due(&self, account: &str) -> impl Iterator<Item = &Fee> {
        let own = self.due.accounts.get(account).into_iter().flatten();
        let places: BTreeSet<usize> = self.due.everyone.iter().chain(own).copied().collect();
        let due = places.into_iter().filter_map(|place| self.written.fees.get(place));
        due.inspect(|_| step())
    }

    /// The least that a customer with usage is charged, where the card names one.
    #[must_use]
    pub fn minimum(&self) -> Option<Amount> {
        self.written.minimum.as_ref().map(|minimum| minimum.amount)
    }

    /// The series that the numbers of invoices are taken from.
    #[must_use]
    pub const fn series(&self) -> &Series {
        &self.written.series
    }

    /// The series of credit notes.
    #[must_use]
    pub const fn credit_notes(&self) -> &Series {
        &self.written.credit_notes
    }

    /// The series of debit notes.
    #[must_use]
    pub const fn debit_notes(&self) -> &Series {
        &self.written.debit_notes
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
            credit_notes: Series::of_credit_notes(),
            debit_notes: Series::of_debit_notes(),
        }
    }
}

impl From<RateCard> for Written {
    fn from(card: RateCard) -> Self {
        card.written
    }
}

impl TryFrom<Written> for RateCard {
    type Error = RateCardError;

    fn try_from(card: Written) -> Result<Self, RateCardError> {
        let first = card.faults().into_iter().next();
        first.map_or_else(|| Ok(Self::of(card)), |fault| Err(fault.refused))
    }
}
