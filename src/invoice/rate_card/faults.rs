//! What makes a rate card unfit, with the keys that are wrong.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Fee, RateCardError, Written};
use crate::domain::{AccountId, Amount, ChargeClass, Currency, Rounding, step};
use crate::invoice::{Percent, Series};

/// Numbers that a series has room for, at least.
const NUMBERS_MIN: u64 = 10;

/// What is wrong with a card, and the key that it is wrong with: the key itself, or its value.
pub(super) struct Fault {
    pub(super) path: Vec<String>,
    pub(super) of_key: bool,
    pub(super) refused: RateCardError,
}

impl Written {
    /// Everything that makes the card unfit, in the order of its keys.
    pub(super) fn faults(&self) -> Vec<Fault> {
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
        for (of, series) in self.all_series() {
            if let Err(refused) = series.number(series.first, NaiveDate::default()) {
                faults.add(&[of], true, RateCardError::Series(of, refused));
            }
        }
        faults.0
    }

    pub(super) fn all_series(&self) -> [(&'static str, &Series); 3] {
        [("series", &self.series), ("credit_notes", &self.credit_notes), ("debit_notes", &self.debit_notes)]
    }

    /// Series that could give one number. A card that was sealed may have such: asked of texts alone.
    pub(super) fn series_that_meet(&self) -> Vec<Fault> {
        let (mut faults, all) = (Faults::default(), self.all_series());
        for (place, (of, series)) in all.into_iter().enumerate() {
            if let Some((other, _)) = all.into_iter().take(place).find(|(_, other)| other.may_meet(series)) {
                let refused = RateCardError::SeriesMeet { of, prefix: series.prefix.clone(), other };
                faults.add(&[of], true, refused);
            }
        }
        faults.0
    }

    /// Series with room for few numbers, which a close would find used up when everything is read. A card that was sealed may have
    /// such: asked of texts alone.
    pub(super) fn series_too_short(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        for (of, series) in self.all_series() {
            let (room, min) = (series.room(), NUMBERS_MIN);
            // What cannot even give its first number is told already.
            if room < min && series.number(series.first, NaiveDate::default()).is_ok() {
                faults.add(&[of], true, RateCardError::SeriesShort { of, room, min });
            }
        }
        faults.0
    }

    /// Fees that an account would pay twice. A card that was sealed may have such: asked of texts alone.
    pub(super) fn fees_twice(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        let mut charged: BTreeMap<String, Charged<'_>> = BTreeMap::new();
        for (index, fee) in self.fees.iter().enumerate() {
            let before = charged.entry(fee.name.trim().to_ascii_lowercase()).or_default();
            if let Some((at, who)) = before.also_pay(fee) {
                let (entry, before, name, who) = (index + 1, at + 1, fee.name.clone(), who.to_owned());
                let refused = RateCardError::FeeTwice { entry, before, name, who };
                faults.add(&["fees", &index.to_string(), "name"], false, refused);
            }
            before.enter(index, fee);
        }
        faults.0
    }
}

/// Who is charged a fee of one name, each with the first entry that says so.
#[derive(Default)]
struct Charged<'a> {
    everyone: Option<usize>,
    accounts: BTreeMap<&'a str, usize>,
    /// The first entry that names any account, and its first account.
    first: Option<(usize, &'a str)>,
}

impl<'a> Charged<'a> {
    fn enter(&mut self, index: usize, fee: &'a Fee) {
        let Some(accounts) = &fee.accounts else {
            self.everyone.get_or_insert(index);
            return;
        };
        for account in accounts {
            step();
            self.accounts.entry(account).or_insert(index);
        }
        self.first = self.first.or(accounts.first().map(|account| (index, account.as_str())));
    }

    /// The first entry by which somebody pays a fee already who is to pay it by a further one, and who that is.
    fn also_pay<'b>(&self, fee: &'b Fee) -> Option<(usize, &'b str)>
    where
        'a: 'b,
    {
        let Some(accounts) = &fee.accounts else {
            return self.everyone.map(|at| (at, "everyone")).into_iter().chain(self.first).min_by_key(|(at, _)| *at);
        };
        let everyone = self.everyone.zip(accounts.first()).map(|(at, account)| (at, account.as_str()));
        let known =
            accounts.iter().filter_map(|account| Some((*self.accounts.get(account.as_str())?, account.as_str())));
        // Of several by the same entry the first account: they come in order.
        known.chain(everyone).min_by_key(|(at, _)| *at)
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
        if !whole || amount <= Amount::ZERO || amount.column_units().is_none() {
            let (place, amount) = (place.to_owned(), amount.to_string());
            self.add(path, false, RateCardError::Amount { place, amount, currency, digits });
        }
    }
}
