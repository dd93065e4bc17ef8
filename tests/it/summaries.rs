//! What a ledger's own summary says, against the entries that were received.

use tieout::domain::{Amount, Class, Control, List};

use crate::books::ledger;
use crate::corners::{amount, books, judged, longest, of, raw, somebody};

#[test]
fn a_summary_is_degraded_only_where_all_of_it_is_zero() {
    type Claim = fn(&mut Control, Amount);
    let cases: [(&str, Claim, bool); 5] = [
        ("all of it", |_, _| {}, true),
        ("but for the count", |it, _| it.transactions = Some(1), false),
        ("but for the debits", |it, one| it.debit = Some(one), false),
        ("but for the credits", |it, one| it.credit = Some(one), false),
        ("but for the net", |it, one| it.net = Some(one), false),
    ];
    for (name, change, degraded) in cases {
        let mut books = books();
        let control = &mut longest(&mut books).control;
        let zero = Some(Amount::ZERO);
        *control = Control { total: control.total, transactions: Some(0), debit: zero, credit: zero, net: zero };
        change(control, amount("1"));
        let it = judged(&books);
        let has = |class| it.breaks.iter().any(|it| it.class() == class);
        assert_eq!((has(Class::DegradedSummary), has(Class::ControlTotal)), (degraded, !degraded), "{name}");
    }
}

#[test]
fn an_entry_of_unknown_direction_may_stand_in_either_sum_of_a_summary() {
    let mut raw = raw();
    let (account, row) = somebody(&raw);
    for list in [List::Master, ledger(&account)] {
        raw.rows(&list).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.kind = "mystery");
    }
    raw.make_honest();
    let worth = amount(&row.amount);
    for (debit, credit, holds) in [
        (Amount::ZERO, Amount::ZERO, true),
        (worth, Amount::ZERO, true),
        (Amount::ZERO, worth, true),
        (-worth, Amount::ZERO, false),
        (Amount::ZERO, -worth, false),
        (worth, worth, false),
    ] {
        let mut books = of(&raw);
        let list = ledger(&account);
        let control = &mut books.lists.iter_mut().find(|record| record.list == list).unwrap().control;
        (control.debit, control.credit) = (control.debit.map(|it| it + debit), control.credit.map(|it| it + credit));
        control.net = None;
        let it = judged(&books);
        assert_eq!(!it.breaks.iter().any(|it| it.class() == Class::ControlTotal), holds, "{debit} {credit}");
    }
}
