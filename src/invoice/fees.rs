//! Fees that nobody can be billed: of accounts that did not tie out in the card's currency, or that there are not.

use std::collections::{BTreeMap, BTreeSet};

use super::{Customer, RateCard};
use crate::domain::{Amount, Currency};
use crate::reconcile::HeldAccount;

/// What ends a hold for a fee that its account cannot owe.
const OFF_THE_CARD: &str = "correct the accounts of the fee in the rate card, then close the month again";

/// A standing of an account in a currency in which it did not tie out: account, name and currency.
pub(super) type Untied<'a> = (&'a str, &'a str, Currency);

/// Accounts that owe a fee but neither tied out in the card's currency nor are held there already: those that a fee
/// names (without this, a fee with a slip of the pen in its account would vanish), and all that did not tie out in that
/// currency where a fee is everybody's. Who has no ledger in it never owes that one.
pub(super) fn unpayable(
    customers: &[Customer<'_>],
    untied: &[Untied<'_>],
    held: &[HeldAccount],
    card: &RateCard,
) -> Vec<HeldAccount> {
    let currency = card.currency();
    let tied = customers.iter().filter(|it| it.currency == currency).map(|it| it.account);
    let known: BTreeSet<&str> =
        held.iter().filter(|it| it.currency == currency).map(|it| it.account.as_str()).chain(tied).collect();
    let in_currency: BTreeSet<&str> =
        untied.iter().filter(|(.., of)| *of == currency).map(|(account, ..)| *account).collect();
    let tied_names = customers.iter().map(|it| (it.account, it.name));
    let names = untied.iter().map(|(account, name, _)| (*account, *name)).chain(tied_names);
    let names: BTreeMap<&str, &str> = names.collect();
    let mut fees: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for fee in card.fees() {
        let accounts: Vec<&str> = match &fee.accounts {
            Some(listed) => listed.iter().map(String::as_str).collect(),
            None => in_currency.iter().copied().collect(),
        };
        for account in accounts.into_iter().filter(|account| !known.contains(account)) {
            if seen.insert((account, &fee.name)) {
                fees.entry(account).or_default().push(format!("{:?}", fee.name));
            }
        }
    }
    let unpayable = fees.into_iter().map(|(account, fees)| {
        let (why, hint) = match names.get(account) {
            Some(_) if in_currency.contains(account) => {
                (format!("the account did not tie out in {currency}"), "close the month again when it ties out")
            }
            Some(_) => (format!("the account has no ledger in {currency}"), OFF_THE_CARD),
            None => ("no account of this name is in the account list".to_owned(), OFF_THE_CARD),
        };
        HeldAccount {
            account: account.to_owned(),
            name: names.get(account).copied().unwrap_or_default().to_owned(),
            currency,
            cost_base: Amount::ZERO,
            reason: format!("fee {}: {why}", fees.join(", ")),
            hint: hint.to_owned(),
            is_credit: false,
        }
    });
    unpayable.collect()
}
