//! The rate card: what is charged above cost, which fees and minimum apply, how invoices are numbered.
//!
//! Text in, a checked card out, or everything that is wrong with it, with line and column; a card that was read needs no
//! further checks. Never opens the file itself.

mod doubts;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::percent::Percent;
use super::series::{NumberError, Series};
use crate::domain::{
    AccountId, AccountIdError, Amount, ChargeClass, ChargeClassError, Currency, Place, Rounding, TextFault, TomlText,
};

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
    #[error("series: {0}")]
    Series(NumberError),
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
            Self::Class(..) => {
                "classes are the built-in ones, `other`, and those that `classify` in the settings names"
            }
            Self::Text { .. } | Self::Account(..) | Self::Amount { .. } | Self::FeeName(_) | Self::Series(_) => {
                "an empty rate card bills at cost; percentages and amounts stand in quotes"
            }
        }
    }
}

/// What is wrong with a card, and the key that it is wrong with: the key itself, or its value.
struct Fault {
    path: Vec<String>,
    of_key: bool,
    refused: RateCardError,
}

impl RateCard {
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
        let meant = judged.faults().into_iter().chain(judged.fees_twice()).map(|Fault { path, of_key, refused }| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let place = if of_key { text.place_of_key(&path) } else { text.place_of_value(&path) };
            (place, RateCardError::At { place, refused: Box::new(refused) })
        });
        let mut faults: Vec<(Place, RateCardError)> = faults.chain(meant).collect();
        faults.sort_by_key(|(place, _)| *place);
        (Self(card), faults.into_iter().map(|(_, refused)| refused).collect())
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
        let first = card.faults().into_iter().next();
        first.map_or(Ok(Self(card)), |fault| Err(fault.refused))
    }
}

impl Written {
    /// Everything that makes the card unfit, in the order of its keys.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.of_classes(&["markup", "classes"], &self.markup.classes);
        for (account, own) in &self.markup.accounts {
            let path = ["markup", "accounts", account];
            faults.of_account(&path, "markup.accounts", account);
            faults.of_classes(&[path[0], path[1], path[2], "classes"], &own.classes);
        }
        for (index, fee) in self.fees.iter().enumerate() {
            let (at, named) = (index.to_string(), format!("fees, {:?}", fee.name));
            if fee.name.trim().is_empty() {
                faults.add(&["fees", &at, "name"], false, RateCardError::FeeName(index + 1));
            }
            faults.of_amount(&["fees", &at, "amount"], &named, fee.amount, self.currency);
            for account in fee.accounts.iter().flatten() {
                faults.of_account(&["fees", &at, "accounts"], &named, account);
            }
        }
        if let Some(minimum) = &self.minimum {
            faults.of_amount(&["minimum", "amount"], "minimum", minimum.amount, self.currency);
        }
        // Every financial year takes as many characters as another.
        if let Err(refused) = self.series.number(self.series.first, NaiveDate::default()) {
            faults.add(&["series"], true, RateCardError::Series(refused));
        }
        faults.0
    }

    /// Fees that an account would pay twice. A card that was sealed may have such: asked of texts alone.
    fn fees_twice(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        let same_name = |a: &Fee, b: &Fee| a.name.trim().eq_ignore_ascii_case(b.name.trim());
        for (index, fee) in self.fees.iter().enumerate() {
            let earlier = self.fees.iter().take(index).enumerate();
            let twice = earlier.filter(|(_, before)| same_name(before, fee)).find_map(|(at, before)| {
                let who = match (&before.accounts, &fee.accounts) {
                    (None, None) => Some("everyone".to_owned()),
                    (None, Some(some)) | (Some(some), None) => some.first().cloned(),
                    (Some(some), Some(others)) => some.intersection(others).next().cloned(),
                };
                who.map(|who| (at + 1, who))
            });
            if let Some((before, who)) = twice {
                let refused = RateCardError::FeeTwice { entry: index + 1, before, name: fee.name.clone(), who };
                faults.add(&["fees", &index.to_string(), "name"], false, refused);
            }
        }
        faults.0
    }
}

/// Faults as they are found.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &[&str], of_key: bool, refused: RateCardError) {
        self.0.push(Fault { path: path.iter().map(|step| (*step).to_owned()).collect(), of_key, refused });
    }

    fn of_classes(&mut self, path: &[&str], classes: &BTreeMap<String, Percent>) {
        for class in classes.keys() {
            if let Err(refused) = ChargeClass::parse(class) {
                self.add(&[path, &[class.as_str()]].concat(), true, RateCardError::Class(path.join("."), refused));
            }
        }
    }

    fn of_account(&mut self, path: &[&str], place: &str, account: &str) {
        if let Err(refused) = AccountId::parse(account) {
            self.add(
                path,
                path.len() == 3 && path.first() == Some(&"markup"),
                RateCardError::Account(place.to_owned(), refused),
            );
        }
    }

    /// A fee is charged as it is written, never rounded: it must be whole minor units.
    fn of_amount(&mut self, path: &[&str], place: &str, amount: Amount, currency: Currency) {
        let digits = currency.minor_digits();
        let whole = crate::domain::round(amount.to_decimal(), digits, Rounding::Down) == amount;
        if !whole || amount <= Amount::ZERO {
            let (place, amount) = (place.to_owned(), amount.to_string());
            self.add(path, false, RateCardError::Amount { place, amount, currency, digits });
        }
    }
}
