//! What a sound rate card says that is hardly meant: legal, and worth a second look before customers are billed by it.

use std::collections::BTreeSet;

use super::{Markup, Percent, RateCard, Written};
use crate::domain::{TextFault, TomlText};

/// Numbers below which a series is doubted: a month of many customers would use it up.
const NUMBERS_DOUBTED: u64 = 1_000;

/// Doubts as they come up, with their places.
struct Doubts<'a> {
    text: TomlText<'a>,
    found: Vec<TextFault>,
}

impl Doubts<'_> {
    fn add(&mut self, path: &[&str], message: String) {
        self.found.push(TextFault { place: self.text.place_of_key(path), message });
    }

    fn of_markup(&mut self, path: &[&str], markup: Percent) {
        if markup < Percent::default() {
            self.add(path, format!("a markup of {markup} % bills below cost"));
        }
    }
}

impl RateCard {
    /// What the text of a sound card says that is hardly meant, in order of place; `classes` are those that rules make of
    /// charges and refunds.
    #[must_use]
    pub fn doubts(text: &str, classes: &BTreeSet<String>) -> Vec<TextFault> {
        let (text, card, _) = TomlText::read::<Written>(text);
        let mut doubts = Doubts { text, found: Vec::new() };
        let unmade = |class: &String| {
            let known = classes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            (!classes.contains(class)).then(|| {
                format!("no rule makes a charge of class {class:?}: this markup is never used (there are {known})")
            })
        };
        let Markup { default, classes: of_classes, accounts } = &card.markup;
        doubts.of_markup(&["markup", "default"], *default);
        for (class, markup) in of_classes {
            let path = ["markup", "classes", class];
            doubts.of_markup(&path, *markup);
            if let Some(message) = unmade(class) {
                doubts.add(&path, message);
            }
        }
        for (account, own) in accounts {
            let path = ["markup", "accounts", account];
            if changes_nothing(&card, account, classes) {
                doubts.add(&path, format!("{account} is billed as the card bills everyone: this changes nothing"));
            }
            own.default
                .into_iter()
                .for_each(|markup| doubts.of_markup(&[path[0], path[1], account, "default"], markup));
            for (class, markup) in &own.classes {
                let path = [path[0], path[1], account, "classes", class];
                doubts.of_markup(&path, *markup);
                if let Some(message) = unmade(class) {
                    doubts.add(&path, message);
                }
            }
        }
        let unpaid = |accounts: &Option<BTreeSet<String>>| accounts.as_ref().is_some_and(BTreeSet::is_empty);
        let fees: &[_] = if doubts.text.lists_are_whole() { &card.fees } else { &[] };
        for (at, _) in fees.iter().enumerate().filter(|(_, fee)| unpaid(&fee.accounts)) {
            let message = format!("fees, entry {}: an empty list of accounts, so that nobody pays it", at + 1);
            doubts.add(&["fees", &at.to_string(), "accounts"], message);
        }
        if card.markup == Markup::default() && card.fees.is_empty() && card.minimum.is_none() {
            let message = "no markup, no fee, no minimum: usage is billed at cost".to_owned();
            doubts.add(&["markup", "default"], message);
        }
        for (of, series) in card.all_series().into_iter().filter(|(_, series)| series.room() < NUMBERS_DOUBTED) {
            let message = format!(
                "{of}: room for {} numbers of at most 16 characters: whoever comes after the last is held",
                series.room()
            );
            doubts.add(&[of], message);
        }
        doubts.found.sort_by_key(|doubt| doubt.place);
        doubts.found
    }
}

/// Whether an account's own markups are those of the card, for every class there is.
fn changes_nothing(card: &Written, account: &str, classes: &BTreeSet<String>) -> bool {
    let mut without = card.clone();
    let own = without.markup.accounts.remove(account).unwrap_or_default();
    let (with, without) = (RateCard::of(card.clone()), RateCard::of(without));
    let mut named = classes.iter().chain(own.classes.keys());
    named.all(|class| with.markup(account, class) == without.markup(account, class))
}
