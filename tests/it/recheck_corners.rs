//! Corners of a recheck: accounts that went, a partner without a master ledger, copies in excess, changes too small to show.

use tieout::domain::{Class, Side};
use tieout::reconcile::recheck::{Finding, GapKind};
use tieout::watch::Nobody;

use crate::recheck_desk::{Desk, MASTER, Row, ledger, quiet};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_had_nothing_may_go_and_one_that_had_entries_may_not() {
    let desk = Desk::open(quiet()).await;
    desk.books().ledgers.insert(ledger("MA_9"), Vec::new());
    desk.close("2026-03").await;
    desk.books().ledgers.remove(&ledger("MA_9"));
    assert_eq!(desk.recheck("2026-03").await.rechecking.rechecked.word(), "unchanged");
    desk.books().ledgers.remove(&ledger("MA_3"));
    let it = desk.recheck("2026-03").await.rechecking.rechecked;
    let gaps: Vec<_> = it.gaps.iter().map(|it| (it.ledger.to_string(), it.kind, it.rows)).collect();
    assert_eq!((it.word(), gaps), ("incomplete", vec![(ledger("MA_3"), GapKind::NotRechecked, 13)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_declared_without_a_master_ledger_is_rechecked_without_one() {
    for (declared, word) in [(true, "unchanged"), (false, "incomplete")] {
        let desk = Desk::open(quiet()).await;
        desk.books().refused.insert(MASTER.to_owned());
        let mut request = desk.request("2026-03", "2026-04-10");
        request.terms.master_declared_absent = declared;
        tieout::run::close(&request, &Nobody).await.unwrap();
        let it = desk.recheck("2026-03").await.rechecking.rechecked;
        assert_eq!((it.word(), it.gaps.is_empty()), (word, declared));
        // A customer's ledger that was never had is a gap all the same.
        desk.books().refused.insert(ledger("MA_2"));
        assert_eq!(desk.recheck("2026-03").await.rechecking.rechecked.word(), "incomplete");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_can_no_longer_be_read_has_not_vanished() {
    let desk = Desk::open(quiet()).await;
    desk.close("2026-03").await;
    desk.books().change("e-MA_1-4", |row| row.currency = "rupee".to_owned());
    let it = desk.recheck("2026-03").await.rechecking.rechecked;
    let gaps: Vec<_> = it.gaps.iter().map(|it| (it.ledger.to_string(), it.reason.as_str())).collect();
    let unread = "1 of its rows cannot be read";
    assert_eq!((it.word(), gaps), ("incomplete", vec![(MASTER.to_owned(), unread), (ledger("MA_1"), unread)]));
    assert!(it.findings.is_empty(), "{:?}", it.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_copies_only_what_becomes_of_the_one_in_the_month_is_found() {
    let desk = Desk::open(quiet()).await;
    let beside = Row::call("e-MA_1-2", "MA_1", "42.02", "2026-04-01T10:00:00Z");
    desk.books().post(&beside);
    desk.close("2026-03").await;
    let change = |day: &str| {
        let mut books = desk.books();
        let copies = books.ledgers.values_mut().flatten().filter(|row| row.id == beside.id);
        copies
            .filter(|row| row.created_at.starts_with(day))
            .for_each(|row| row.description = "Call, corrected".to_owned());
    };
    change("2026-04-01");
    assert_eq!(desk.recheck("2026-03").await.rechecking.rechecked.word(), "unchanged");
    change("2026-03-02");
    let it = desk.recheck("2026-03").await.rechecking.rechecked;
    let told: Vec<_> = it.findings.iter().map(|it| (it.found.entry_ids()[0].as_str(), it.found.class())).collect();
    assert_eq!(told, [("e-MA_1-2", Class::ChangedAfterSeal); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_copy_and_a_change_within_one_second_are_found() {
    let desk = Desk::open(quiet()).await;
    let twice = Row::call("e-MA_1-2", "MA_1", "42.02", "2026-03-02T10:00:00Z");
    desk.books().post(&twice);
    desk.close("2026-03").await;
    {
        let mut books = desk.books();
        books.post(&twice);
        books.change("e-MA_2-4", |row| row.created_at = "2026-03-04T10:00:00.5Z".to_owned());
        books.change("e-MA_3-3", |row| row.description.clear());
        books.change("e-MA_3-4", |row| row.created_at = "2026-04-02T10:00:00Z".to_owned());
    }
    let it = desk.recheck("2026-03").await.rechecking.rechecked;
    let customers: Vec<&Finding> = it.findings.iter().filter(|it| it.side == Side::Customer).collect();
    let told: Vec<(&str, &str)> =
        customers.iter().map(|it| (it.found.entry_ids()[0].as_str(), it.found.field())).collect();
    assert_eq!(
        told,
        [("e-MA_1-2", "copies"), ("e-MA_2-4", "created_at"), ("e-MA_3-3", "description"), ("e-MA_3-4", "created_at")]
    );
    assert!(customers[3].found.explanation().contains("counted as sealed: debit 58.04 INR, now: nothing (difference"));
    assert_eq!((customers[0].found.master_value(), customers[0].found.customer_value()), ("2", "3"));
    assert_eq!(customers[0].found.legs()[0].effect, twice.amount());
    let said = customers[2].found.explanation();
    assert!(
        said.contains("description Call to +9122 (60s), now empty") && said.ends_with("(difference 0.00)"),
        "{said}"
    );
    assert!(it.control.iter().all(|line| line.residual().is_zero()));
}
