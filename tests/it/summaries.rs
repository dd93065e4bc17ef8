//! What a ledger's own summary says, against the entries that were received.

use tieout::domain::{Amount, Class, Control, Figure, List};

use crate::books::ledger;
use crate::corners::{amount, books, judged, longest, of, raw, somebody};

#[test]
fn a_summary_is_degraded_only_where_all_of_it_is_zero() {
    type Claim = fn(&mut Control, Amount);
    let cases: [(&str, Claim, bool); 5] = [
        ("all of it", |_, _| {}, true),
        ("but for the count", |it, _| it.transactions = Figure::Known(1), false),
        ("but for the debits", |it, one| it.debit = Figure::Known(one), false),
        ("but for the credits", |it, one| it.credit = Figure::Known(one), false),
        ("but for the net", |it, one| it.net = Figure::Known(one), false),
    ];
    for (name, change, degraded) in cases {
        let mut books = books();
        let control = &mut longest(&mut books).control;
        let zero = Figure::Known(Amount::ZERO);
        *control = Control { transactions: Figure::Known(0), debit: zero, credit: zero, net: zero, ..*control };
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
        control.net = Figure::Absent;
        let it = judged(&books);
        assert_eq!(!it.breaks.iter().any(|it| it.class() == Class::ControlTotal), holds, "{debit} {credit}");
    }
}

#[test]
fn sums_that_hold_only_apart_from_each_other_are_a_contradiction() {
    let mut raw = raw();
    let (account, row) = somebody(&raw);
    let list = ledger(&account);
    // One credit and one debit more that are not settled, so that there are two readings of either sum.
    for (id, kind, worth) in [("u-1", "credit", "7"), ("u-2", "debit", "11")] {
        let more =
            tieout::simulator::Row { id: id.into(), kind, amount: worth.into(), status: "pending", ..row.clone() };
        raw.rows(&list).push(more.clone());
        raw.rows(&List::Master).push(more);
    }
    raw.make_honest();
    let sums = |raw: &crate::books::RawBooks, kind: &str, settled: bool| -> Amount {
        let rows = raw.ledgers[&list].rows.iter().filter(|row| row.kind == kind);
        rows.filter(|row| !settled || row.status == "completed").map(|row| amount(&row.amount)).sum()
    };
    let [debit, all_debits] = [true, false].map(|settled| sums(&raw, "debit", settled));
    let [credit, all_credits] = [true, false].map(|settled| sums(&raw, "credit", settled));
    assert!(debit < all_debits && credit < all_credits);
    let count = raw.ledgers[&list].rows.len();
    let told_of = |debit: Amount, credit: Amount, counted: Option<u64>| {
        let mut books = of(&raw);
        let control = &mut books.lists.iter_mut().find(|record| record.list == list).unwrap().control;
        (control.debit, control.credit, control.net, control.transactions) = (
            Figure::Known(debit),
            Figure::Known(credit),
            Figure::Absent,
            counted.map_or(Figure::Absent, Figure::Known),
        );
        let it = judged(&books);
        let found = it.breaks.iter().filter(|it| it.class() == Class::ControlTotal);
        found
            .map(|it| (it.field().to_owned(), it.master_value().to_owned(), it.explanation().to_owned()))
            .collect::<Vec<_>>()
    };
    let told = |debit: Amount, credit: Amount| told_of(debit, credit, None);
    assert_eq!(told(debit, credit), []);
    // A count of the settled entries goes with their sums.
    let settled = raw.ledgers[&list].rows.iter().filter(|row| row.status == "completed").count();
    assert!(settled < count);
    assert_eq!(told_of(debit, credit, u64::try_from(settled).ok()), []);
    assert_eq!(told_of(debit, credit, u64::try_from(settled + 1).ok()).len(), 1);
    assert_eq!(told(all_debits, all_credits), []);
    // Each holds in a reading, but no reading holds for both.
    let [(field, said, _)] = &told(debit, all_credits)[..] else { panic!("a contradiction") };
    assert_eq!((field.as_str(), said), ("summary", &format!("debits {debit}, credits {all_credits}")));
    // Of two sums only the one that holds in neither is told, with both readings.
    let [(field, said, sentence)] = &told(debit, credit + amount("1"))[..] else { panic!("a contradiction") };
    assert_eq!((field.as_str(), said), ("total_credit", &(credit + amount("1")).to_string()));
    assert!(sentence.contains(&format!("{credit} settled, {all_credits} in all")), "{sentence}");
    assert!(!sentence.contains("total_debit"), "{sentence}");
}

#[test]
fn type_filters_may_count_an_entry_whose_type_nobody_knows_or_leave_it_out() {
    let mut raw = raw();
    let (account, row) = somebody(&raw);
    let list = ledger(&account);
    for of in [List::Master, list.clone()] {
        raw.rows(&of).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.kind = "mystery");
    }
    raw.make_honest();
    for (less, told) in [(0, false), (1, false), (2, true)] {
        let mut books = of(&raw);
        let record = books.lists.iter_mut().find(|record| record.list == list).unwrap();
        record.by_type = Some([record.rows - less, 0, 0, 0]);
        let it = judged(&books);
        assert_eq!(it.breaks.iter().any(|it| it.field() == "transaction_type"), told, "{less}");
    }
}

#[test]
fn a_month_that_is_not_over_says_so_on_its_papers() {
    let close = |today: &str| {
        let text = "name = 'n'\nprose = 'p'\nseed = 3\n[expected]\nverdict = 'tied-out'\n";
        let mut books = crate::books::RawBooks::read(text);
        books.plan.today = today.parse().unwrap();
        let settled = books.settled(&crate::books::Layout::default(), &tieout::invoice::RateCard::default());
        let paper = settled.papers.into_iter().find(|it| it.name == "summary.txt").unwrap();
        String::from_utf8(paper.bytes).unwrap()
    };
    let early = close("2026-03-31").replace("\n  ", " ");
    assert!(early.contains("the month was read on 2026-03-31, and is not over before 2026-04-01"), "{early}");
    assert!(!close("2026-04-01").contains("is not over before"));
}
