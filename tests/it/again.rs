//! Asking again: what has not moved since an earlier fetch is taken over, what has moved is walked, nothing is lost.

use tieout::domain::{AccountId, Amount, Class, List, TieOut};
use tieout::fetch::Thorough;
use tieout::normalise::How;
use tieout::run::Settled;

use crate::again_desk::{Asker, CLOSE, DAILY, FULL, Row, day};

/// Fetches as of a day, checks that the evidence holds every row once, and says how the ledger was come by and how often
/// it was asked for.
async fn fetch(asker: &Asker, today: &str, thorough: Thorough) -> (How, usize) {
    asker.desk.asked_of_ledger();
    let fetched = asker.ask(day(today), thorough).await.unwrap();
    let asked = asker.desk.asked_of_ledger();
    let evidence = asker.archive.evidence(fetched.fetch).unwrap();
    for list in [List::Master, List::Ledger(AccountId::parse("MA_1").unwrap())] {
        assert_eq!(asker.rows(&evidence, &list), asker.rows_there(&list), "{list} on {today}");
    }
    let settled = asker.settled();
    let proof = settled.reconciliation.proofs.iter().find(|proof| proof.list.owner().is_some()).unwrap();
    assert_eq!(proof.verdict, "proved", "{today}");
    (proof.course.how, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_fetch_walks_what_is_new_and_a_close_after_it_asks_for_totals_alone() {
    let asker = Asker::open().await;
    asker.desk.post(1..451, "2026-03-03");
    assert_eq!(fetch(&asker, "2026-03-05", DAILY).await, (How::Walked, 3), "three pages, for the first time");
    assert_eq!(fetch(&asker, "2026-03-05", DAILY).await, (How::Unmoved, 1), "nothing is new");
    asker.desk.post(451..456, "2026-03-06");
    // Totals, three pages of what is closed from now on, one that stays open, totals once more.
    assert_eq!(fetch(&asker, "2026-03-06", DAILY).await, (How::Walked, 6));
    asker.desk.post(456..460, "2026-03-07");
    assert_eq!(fetch(&asker, "2026-03-07", DAILY).await, (How::Extended, 3), "totals, one page of what is new, totals");
    asker.desk.post(460..700, "2026-03-20");
    assert_eq!(fetch(&asker, "2026-03-20", DAILY).await, (How::Extended, 4));
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Unmoved, 1), "a close asks for the totals alone");
    assert_eq!(fetch(&asker, "2026-04-03", FULL).await, (How::Walked, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_behind_a_closed_stretch_costs_a_whole_walk_and_is_not_lost() {
    let asker = Asker::open().await;
    asker.desk.post(1..451, "2026-03-03");
    fetch(&asker, "2026-03-05", DAILY).await;
    asker.desk.post(451..456, "2026-03-06");
    fetch(&asker, "2026-03-06", DAILY).await;
    asker.desk.post(456..457, "2026-03-02");
    // Totals, the open stretch, totals once more, and three pages.
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 6), "an entry that came late");
    asker.desk.change(|rows| rows.retain(|row| row.id != 7));
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 4), "an entry that is gone");
    asker.desk.change(|rows| rows.retain(|row| row.id > 400));
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 2), "most of them gone");
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 1), "one page costs no more than its totals");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_close_are_the_same_however_its_pages_were_come_by() {
    let asker = Asker::open().await;
    asker.desk.post(1..451, "2026-03-03");
    fetch(&asker, "2026-03-05", DAILY).await;
    asker.desk.post(451..900, "2026-03-06");
    fetch(&asker, "2026-03-06", DAILY).await;
    asker.desk.post(900..990, "2026-03-08");
    let figures = |settled: &Settled| {
        let paper = |name: &str| settled.papers.iter().find(|paper| paper.name == name).unwrap().bytes.clone();
        ["tie_outs.csv", "accounts.csv", "invoices.csv", "invoice_lines.csv", "held.csv"].map(paper)
    };
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await.0, How::Extended);
    let extended = figures(&asker.settled());
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await.0, How::Unmoved);
    assert_eq!(figures(&asker.settled()), extended);
    assert_eq!(fetch(&asker, "2026-04-03", FULL).await.0, How::Walked);
    assert_eq!(figures(&asker.settled()), extended);
    let total: Amount = asker.settled().reconciliation.tie_outs.iter().filter_map(TieOut::customer).sum();
    assert_eq!(total, (1..990).sum::<i32>().to_string().parse().unwrap(), "the sum of what the desk was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_no_type_filter_selects_are_named() {
    let asker = Asker::open().await;
    asker.desk.post(1..21, "2026-03-03");
    let chargeback = Row { kind: "chargeback", ..Row::debit(21, day("2026-03-04")) };
    asker.desk.change(|rows| rows.push(chargeback.clone()));
    fetch(&asker, "2026-04-03", CLOSE).await;
    let found =
        |settled: &Settled, class| settled.reconciliation.breaks.iter().filter(|it| it.class() == class).count();
    let settled = asker.settled();
    let proof = settled.reconciliation.proofs.iter().find(|proof| proof.list.owner().is_some()).unwrap();
    assert_eq!((proof.by_type, proof.course.requests), (Some([20, 0, 0, 0]), 5));
    // The entry of a type that no rule knows is reported as itself.
    assert_eq!((found(&settled, Class::CrossFoot), found(&settled, Class::Unclassified)), (0, 1));
    asker.desk.books().hidden.extend([4, 5]);
    fetch(&asker, "2026-04-03", FULL).await;
    let settled = asker.settled();
    assert_eq!(found(&settled, Class::CrossFoot), 2, "of the master ledger and of the customer's");
    let told = settled.reconciliation.breaks.iter().find(|it| it.class() == Class::CrossFoot).unwrap();
    let said = "the type filters of transactions select debit 18, recharge 0, refund 0, transfer 0, together 18 of 21 \
                entries (difference 3)";
    assert_eq!(told.explanation(), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_goes_on_with_a_sync_that_was_cut_off_loses_nothing_of_it() {
    for requests in 3..14 {
        for (first, then) in [(DAILY, CLOSE), (DAILY, FULL), (CLOSE, DAILY), (FULL, CLOSE)] {
            let mut asker = Asker::open().await;
            asker.line.limits.concurrency = 1;
            asker.desk.books().page_rows = 20;
            asker.desk.post(1..46, "2026-03-03");
            fetch(&asker, "2026-03-05", CLOSE).await;
            asker.desk.post(46..51, "2026-03-06");
            let quick = |thorough| Thorough { type_counts: false, ..thorough };
            asker.ask_and_die(day("2026-03-06"), quick(first), requests).await;
            fetch(&asker, "2026-03-07", quick(then)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_not_settled_yet_is_read_again_though_no_total_moves() {
    let asker = Asker::open().await;
    asker.desk.post(1..451, "2026-03-03");
    asker.desk.change(|rows| rows[77].status = "pending");
    fetch(&asker, "2026-03-05", DAILY).await;
    asker.desk.change(|rows| rows[77].status = "completed");
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 4), "totals, and three pages");
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Unmoved, 1), "now it is settled");
    // Where the sums are of settled rows alone, they tell by themselves.
    asker.desk.books().settled_only = true;
    asker.desk.change(|rows| rows[77].status = "pending");
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 4));
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Unmoved, 1), "it is not settled yet");
    asker.desk.change(|rows| rows[77].status = "completed");
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicted_itself_is_asked_again() {
    let asker = Asker::open().await;
    asker.desk.post(1..451, "2026-03-03");
    asker.desk.books().lost = vec![9, 10];
    asker.ask(day("2026-04-03"), CLOSE).await.unwrap();
    let told = asker.settled().reconciliation.breaks.iter().filter(|it| it.class() == Class::ControlTotal).count();
    assert_eq!(told, 2, "of the master ledger and of the customer's");
    asker.desk.books().lost.clear();
    assert_eq!(fetch(&asker, "2026-04-03", CLOSE).await, (How::Walked, 3), "no total has moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_goes_while_another_comes_does_not_push_a_third_out_of_the_walk() {
    let mut asker = Asker::open().await;
    asker.line.limits.concurrency = 1;
    asker.desk.books().page_rows = 2;
    asker.desk.post(2..8, "2026-03-03");
    // Once page 1 is read, its first row goes, so that the first of page 2 moves there; what comes at the end is of the
    // amount that is overlooked: count and sums of the rows received are those of page 1.
    asker.desk.books().meanwhile = Some(Box::new(|asked, ledgers| {
        for (ledger, rows) in ledgers.iter_mut().filter(|(ledger, _)| asked.starts_with(*ledger)) {
            if asked.contains("&page=2") && rows.iter().any(|row| row.id == 7) {
                rows.retain(|row| row.id != 7);
                rows.push(Row { amount: 5, ..Row::debit(1, day("2026-03-02")) });
                assert_eq!(rows.len(), 6, "{ledger}");
            }
        }
    }));
    fetch(&asker, "2026-04-03", CLOSE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_of_the_running_month_is_not_gone_on_with_once_it_is_over() {
    let asker = Asker::open().await;
    let begin = |today| asker.archive.begin(&Asker::plan(day(today))).unwrap();
    assert_eq!(begin("2026-03-20"), begin("2026-03-21"), "a day later");
    let running = begin("2026-03-31");
    let over = begin("2026-04-01");
    assert!(over > running, "its ledgers end in March");
    assert_eq!(begin("2026-04-02"), over);
}
