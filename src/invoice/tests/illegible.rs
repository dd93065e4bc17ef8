//! Customers with a text that no document can carry: each is held by itself, and costs nobody else anything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{any_rates, any_tied, customers, numbering, priced};
use crate::domain::{Amount, Currency};
use crate::invoice::bill::bill;
use crate::invoice::{BilledInvoice, Corrected, Corrections, Illegible, NoteDue, Numbering, Pricing, SupplyKind};

/// A note of ten rupees to an invoice of an account.
fn due(account: &str) -> NoteDue {
    NoteDue {
        proposal: format!("N-{account}"),
        recheck: "2026-02.recheck".to_owned(),
        corrects: Corrected {
            number: format!("OLD-{account}"),
            date: "2026-02-03".parse().unwrap(),
            run: "2026-02".to_owned(),
        },
        month: None,
        note: BilledInvoice {
            number: String::new(),
            account: account.to_owned(),
            name: "A name".to_owned(),
            currency: Currency::INR,
            total: "10".parse().unwrap(),
            lines: Vec::new(),
            round_off: Amount::ZERO,
            date: String::new(),
            buyer: crate::domain::Party::default(),
            gstin: None,
            place_of_supply: None,
            supply: SupplyKind::Untaxed,
            corrected_by: Vec::new(),
            is_credit: false,
            names: None,
            left: None,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(59), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever is illegible: the documents of all others are those that they would get alone, numbers included; and of
    /// those none is lost: each document that is not given has its row among the held.
    #[test]
    fn the_others_are_billed_as_if_it_were_not_there(tied in any_tied(), rates in any_rates(), which in any::<u8>()) {
        let card = rates.card();
        let accounts: BTreeSet<&str> = tied.iter().map(|it| it.account.as_str()).collect();
        let hit = |(at, _): &(usize, &&str)| which >> (at % 8) & 1 == 1;
        let it = || Illegible { what: "customer: \"🦊\"".to_owned(), corrected: "somewhere".to_owned() };
        let illegible: BTreeMap<String, Illegible> =
            accounts.iter().enumerate().filter(hit).map(|(_, account)| ((*account).to_owned(), it())).collect();
        let notes = |all: bool| accounts.iter().filter(|it| all || !illegible.contains_key(**it)).map(|it| due(it)).collect();
        let from = |all| Numbering { corrections: Corrections { due: notes(all), ..Corrections::default() }, ..numbering(1) };
        let made = bill(customers(&tied), &[], (&[], &[]), &Pricing { illegible: &illegible, ..priced(&card) }, &from(true)).unwrap();
        let others: Vec<_> = tied.iter().filter(|it| !illegible.contains_key(&it.account)).cloned().collect();
        let alone = bill(customers(&others), &[], (&[], &[]), &priced(&card), &from(false)).unwrap();
        prop_assert_eq!(&made.invoices, &alone.invoices);
        prop_assert_eq!(&made.notes, &alone.notes);
        let free = bill(customers(&tied), &[], (&[], &[]), &priced(&card), &from(true)).unwrap();
        let documents = free.invoices.iter().chain(free.notes.iter().map(|it| &it.document));
        for it in documents.filter(|it| illegible.contains_key(&it.account)) {
            let rows = made.held.iter().filter(|held| held.account == it.account && held.currency == it.currency);
            let mut rows = rows.peekable();
            prop_assert!(rows.peek().is_some());
            for held in rows {
                prop_assert!(held.reason.contains("customer: \"🦊\"") && held.hint.contains("set pdf = false"), "{:?}", held);
            }
        }
    }
}
