//! Who is held instead of billed: whoever was billed before, and whoever owes a fee without having tied out.

use super::{charge, customers, numbering, one, priced};
use crate::domain::{Amount, Currency, Direction};
use crate::invoice::bill::bill;
use crate::invoice::{Corrections, Customer, Issued, Numbering, RateCard};
use crate::reconcile::{Charge, HeldAccount};

/// Customers with their charges in rupees.
fn named<'a>(charges: &[(&'a str, &'a [Charge])]) -> Vec<Customer<'a>> {
    let customer = |(account, charges): &(&'a str, &'a [Charge])| Customer {
        account,
        name: "A name",
        currency: Currency::INR,
        charges,
    };
    charges.iter().map(customer).collect()
}

#[test]
fn nobody_is_billed_twice_for_a_month() {
    let call = |amount| [charge("call", Direction::Debit, amount)];
    let (ten, seven, five) = (call("10"), call("7"), call("5"));
    let before =
        bill(named(&[("MA_1", &ten), ("MA_2", &five)]), &[], (&[], &[]), &priced(&RateCard::default()), &numbering(1))
            .unwrap();
    let issued = before.invoices.iter().map(|it| Issued {
        number: it.number.clone(),
        account: it.account.clone(),
        currency: it.currency,
        total: it.total,
        run: "2026-03".to_owned(),
        credit: false,
    });
    let again = Numbering { from: 3, issued: issued.collect(), corrections: Corrections::default() };
    let billing = bill(
        named(&[("MA_1", &ten), ("MA_2", &seven), ("MA_3", &five)]),
        &[],
        (&[], &[]),
        &priced(&RateCard::default()),
        &again,
    )
    .unwrap();
    let numbers: Vec<_> = billing.invoices.iter().map(|it| (it.number.as_str(), it.account.as_str())).collect();
    assert_eq!(numbers, [("INV-000003", "MA_3")]);
    let held: Vec<_> = billing.held.iter().map(|it| (it.account.as_str(), it.reason.as_str())).collect();
    assert_eq!(
        held,
        [
            ("MA_1", "billed already: INV-000001 of run 2026-03, 10.00 INR"),
            (
                "MA_2",
                "billed already: INV-000002 of run 2026-03, 5.00 INR; by the terms and entries of this run 7.00: `tieout recheck` tells whether a note is due"
            ),
        ]
    );
}

#[test]
fn whoever_owes_a_fee_and_did_not_tie_out_is_held() {
    let card = RateCard::parse("[[fees]]\nname = \"Platform fee\"\namount = \"199.00\"").unwrap();
    let billing =
        bill(Vec::new(), &[("MA_9", "Asha", Currency::INR)], (&[], &[]), &priced(&card), &numbering(1)).unwrap();
    let held: Vec<_> =
        billing.held.iter().map(|it| (it.account.as_str(), it.name.as_str(), it.reason.as_str())).collect();
    assert_eq!(held, [("MA_9", "Asha", "fee \"Platform fee\": the account did not tie out in INR")]);
}

#[test]
fn a_fee_for_an_account_that_did_not_tie_out_is_held_not_lost() {
    let card = RateCard::parse(
        "[[fees]]\nname = \"Trunk\"\namount = \"10\"\naccounts = [\"MA_1\", \"MA_2\", \"MA_9\"]
         [[fees]]\nname = \"Desk\"\namount = \"5\"\naccounts = [\"MA_9\"]",
    );
    let held = [HeldAccount {
        account: "MA_2".to_owned(),
        name: String::new(),
        currency: Currency::INR,
        cost_base: Amount::ZERO,
        reason: "amount-differs (1)".to_owned(),
        hint: String::new(),
        is_credit: false,
    }];
    let card = card.unwrap();
    let lost = "fee \"Trunk\", \"Desk\": the account did not tie out in INR";
    let unknown = "fee \"Trunk\", \"Desk\": no account of this name is in the account list";
    for (untied, reason) in [(&[("MA_9", "Nine", Currency::INR)][..], lost), (&[], unknown)] {
        let billing = bill(customers(&one(Vec::new())), untied, (&held, &[]), &priced(&card), &numbering(1)).unwrap();
        let reasons: Vec<_> = billing.held.iter().map(|held| (held.account.as_str(), held.reason.as_str())).collect();
        assert_eq!(reasons, [("MA_2", "amount-differs (1)"), ("MA_9", reason)]);
        assert_eq!(billing.invoices[0].total.to_string(), "10.00");
    }
}

/// A dollar customer with a break owes no fee in rupees, and is not held for one.
#[test]
fn nobody_is_held_for_a_fee_of_a_currency_that_it_has_no_ledger_in() {
    let dollars: Currency = "USD".parse().unwrap();
    let held = |card: &str| {
        let card = RateCard::parse(card).unwrap();
        let untied = [("MA_8", "Bela", Currency::INR), ("MA_9", "Asha", dollars)];
        let billing = bill(Vec::new(), &untied, (&[], &[]), &priced(&card), &numbering(1)).unwrap();
        billing
            .held
            .iter()
            .map(|it| format!("{} {}: {} ({})", it.account, it.currency, it.reason, it.hint))
            .collect::<Vec<_>>()
    };
    let everybody = held("[[fees]]\nname = \"Desk\"\namount = \"5\"");
    assert_eq!(
        everybody,
        ["MA_8 INR: fee \"Desk\": the account did not tie out in INR (close the month again when it ties out)"]
    );
    // Whom the card names wrongly is told as that.
    let named = held("[[fees]]\nname = \"Desk\"\namount = \"5\"\naccounts = [\"MA_9\"]");
    let hint = "correct the accounts of the fee in the rate card, then close the month again";
    assert_eq!(named, [format!("MA_9 INR: fee \"Desk\": the account has no ledger in INR ({hint})")]);
}
