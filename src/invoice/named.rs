//! Accounts that the terms name and the account list does not hold: keys that match nothing, and so do nothing.
//!
//! Rate card, invoicing terms and export terms in, with the accounts that there are; each account that is missing out, with
//! every key that names it and the account that was probably meant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{ExportTerms, InvoiceTerms, RateCard};

/// The file that a key of the terms stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TermsFile {
    /// The rate card.
    RateCard,
    /// The settings.
    Settings,
}

/// A place in the terms that names an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedAt {
    /// The file.
    pub file: TermsFile,
    /// The keys that lead there.
    pub path: Vec<String>,
}

impl fmt::Display for NamedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.as_slice(), self.path.get(1).and_then(|entry| entry.parse::<usize>().ok())) {
            ([list, _, _], Some(entry)) => write!(f, "{list}, entry {}", entry.saturating_add(1)),
            (path, _) => f.write_str(&path.join(".")),
        }
    }
}

/// An account that the terms name and the account list does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The account, as it is written.
    pub account: String,
    /// Every place that names it, in order.
    pub places: Vec<NamedAt>,
    /// An account of the list that reads alike, such as `MA_ONE` for `MA_0NE`.
    pub resembles: Option<String>,
}

impl Unmatched {
    /// The places, for people.
    #[must_use]
    pub fn places(&self) -> String {
        self.places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// What is wrong with it, in a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let meant = self.resembles.as_ref().map(|it| format!("; {it} is there")).unwrap_or_default();
        format!("no account {} is in the account list{meant}", self.account)
    }
}

/// The accounts that the terms name and nobody has, sorted.
#[must_use]
pub fn unmatched<'a>(
    (card, terms, export): (&RateCard, &InvoiceTerms, &ExportTerms),
    listed: impl Iterator<Item = &'a str>,
) -> Vec<Unmatched> {
    let mut named: BTreeMap<&str, BTreeSet<NamedAt>> = BTreeMap::new();
    let mut name = |account, file, path: Vec<&str>| {
        let path = path.into_iter().map(ToOwned::to_owned).collect();
        named.entry(account).or_default().insert(NamedAt { file, path });
    };
    for account in card.accounts_with_markups() {
        name(account, TermsFile::RateCard, vec!["markup", "accounts", account]);
    }
    for (place, fee) in card.fees().iter().enumerate() {
        for account in fee.accounts.iter().flatten() {
            name(account, TermsFile::RateCard, vec!["fees", &place.to_string(), "accounts"]);
        }
    }
    for account in terms.customers() {
        name(account, TermsFile::Settings, vec!["invoice", "customers", account]);
    }
    for (account, _) in export.customers() {
        name(account, TermsFile::Settings, vec!["export", "customers", account]);
    }
    if named.is_empty() {
        return Vec::new();
    }
    let listed: BTreeSet<&str> = listed.collect();
    named.retain(|account, _| !listed.contains(account));
    if named.is_empty() {
        return Vec::new();
    }
    let alike: BTreeMap<String, &str> = listed.iter().rev().map(|account| (folded(account), *account)).collect();
    let unmatched = |(account, places): (&str, BTreeSet<NamedAt>)| Unmatched {
        account: account.to_owned(),
        places: places.into_iter().collect(),
        resembles: alike.get(&folded(account)).map(|it| (*it).to_owned()),
    };
    named.into_iter().map(unmatched).collect()
}

/// An account as a tired eye reads it: small letters as capitals, no dashes, and one sign for those that look alike.
fn folded(account: &str) -> String {
    let sign = |c: char| match c.to_ascii_uppercase() {
        'O' | 'Q' => Some('0'),
        'I' | 'L' => Some('1'),
        'Z' => Some('2'),
        'S' => Some('5'),
        'B' => Some('8'),
        '_' | '-' => None,
        other => Some(other),
    };
    account.chars().filter_map(sign).collect()
}
