//! Who is held instead of billed: whoever was billed before, and whoever owes a fee without having tied out.

use super::{charge, numbering, priced};
use crate::domain::{Currency, Direction};
use crate::invoice::bill::bill;
use crate::invoice::{Corrections, Customer, Issued, Numbering, RateCard};
use crate::reconcile::Charge;

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
