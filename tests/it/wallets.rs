//! The wallets: each is bracketed by two readings, its entries reach them, and what keeps one from being proved costs that
//! wallet's proof alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;
use tieout::domain::{Amount, Direction, Entry, Figure, Side};
use tieout::fetch::Thorough;
use tieout::normalise::{Books, Wallet};

use crate::again_desk::{Asker, BEGAN_WITH, Dates, Ledgers, MASTER, ONE, PROVED, Row, day};

const PERIOD_ENDS_US: i64 = 1_774_981_800_000_000;

/// Everything that one account has booked, in the month's ledgers and around them.
fn entries(books: &Books, account: &str) -> Vec<Entry> {
    let mut entries = books.around.entries_of(Side::Customer, account).unwrap();
    let (book, side) = if account == "PA_1" { (&books.master, Side::Master) } else { (&books.ledgers, Side::Customer) };
    entries.extend(book.entries_of(side, account).unwrap());
    let mut ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries.len(), "each entry once");
    entries
}

fn net<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Amount {
    let settled = entries.into_iter().filter(|entry| entry.settled);
    settled.map(|it| if it.direction == Direction::Credit { it.amount } else { -it.amount }).sum()
}

fn whole(units: i64) -> Amount {
    units.to_string().parse().unwrap()
}

fn wallet(books: &Books, account: &str) -> Wallet {
    books.wallets[account]
}

/// The wallet at the end of the month, rewound from the live one.
fn closing(books: &Books, account: &str) -> Option<Amount> {
    let after = entries(books, account).into_iter().filter(|entry| entry.created_at >= PERIOD_ENDS_US);
    Some(wallet(books, account).live? - net(&after.collect::<Vec<_>>()))
}

fn own(id: u32, date: &str, kind: &'static str) -> Row {
    Row { account: "PA_1", kind, ..Row::debit(id, day(date)) }
}

/// Posts a row of `MA_1` into both books.
fn post(ledgers: &mut Ledgers, id: u32, date: NaiveDate) {
    for rows in ledgers.values_mut() {
        rows.push(Row::debit(id, date));
    }
}

/// A desk with rows in the month, behind it, and of the partner's own.
async fn asker() -> Asker {
    let asker = Asker::open().await;
    asker.desk.post(1..3, "2026-03-10");
    asker.desk.post(3..4, "2026-04-01");
    let rows = [own(900, "2026-03-12", "credit"), own(70, "2026-04-01", "debit")];
    asker.desk.books().ledgers.get_mut(MASTER).unwrap().extend(rows);
    asker
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_holds_still_is_proved_without_reading_anything_more() {
    let asker = asker().await;
    asker.ask(day("2026-04-01"), PROVED).await.unwrap();
    let settled = asker.settled();
    let books = &settled.books;
    for (account, closing_is) in [("MA_1", BEGAN_WITH - 3), ("PA_1", BEGAN_WITH + 900)] {
        let it = wallet(books, account);
        assert_eq!((it.before.known(), it.after.known(), it.unproved), (it.live, it.live, None));
        assert_eq!(closing(books, account), Some(whole(closing_is)), "{account}");
    }
    assert_eq!(books.around.height(), 0);
    assert!(settled.papers.iter().all(|paper| !paper.name.contains("around")));
    assert!(books.inception.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_reads_no_wallet_twice() {
    let asker = asker().await;
    asker.ask(day("2026-04-10"), Thorough { wallets: false, from_inception: true, ..PROVED }).await.unwrap();
    let settled = asker.settled();
    let it = wallet(&settled.books, "MA_1");
    assert_eq!((it.live, it.unproved), (None, Some("the wallets were read only once")));
}

/// However the partner reads dates, a late close rewinds each wallet over what came since.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_close_reads_what_came_since() {
    for dates in [Dates::Inclusive, Dates::Exclusive, Dates::Beyond, Dates::Ahead(1)] {
        let asker = asker().await;
        asker.desk.books().dates = dates;
        asker.desk.books().page_rows = 2;
        for (ids, date) in
            [(10..13, "2026-04-02"), (13..14, "2026-04-03"), (14..18, "2026-04-07"), (18..19, "2026-04-10")]
        {
            asker.desk.post(ids, date);
        }
        let rows = [own(33, "2026-04-08", "debit"), own(500, "2026-04-10", "credit")];
        asker.desk.books().ledgers.get_mut(MASTER).unwrap().extend(rows);
        asker.ask(day("2026-04-10"), PROVED).await.unwrap();
        let settled = asker.settled();
        let books = &settled.books;
        assert_eq!(closing(books, "MA_1"), Some(whole(BEGAN_WITH - 3)), "{dates:?}");
        assert_eq!(closing(books, "PA_1"), Some(whole(BEGAN_WITH + 900)), "{dates:?}");
        assert_eq!(wallet(books, "MA_1").live, wallet(books, "MA_1").before.known());
        // The desk does not know the filter by account, and sends the customer's rows beside the partner's.
        let around = books.around.entries_of(Side::Customer, "PA_1").unwrap();
        assert!(around.len() >= 2 && around.iter().all(|entry| entry.account == "PA_1"), "{around:?}");
        assert_eq!(settled.papers.iter().filter(|paper| paper.name == "ledger/around-0001.parquet").count(), 1);
    }
}

/// The close falls on the last date of the window: where that date does not belong to it, today's entries are lacking.
#[tokio::test(flavor = "multi_thread")]
async fn an_exclusive_last_date_costs_no_entry() {
    for (dates, around) in [(Dates::Inclusive, 0), (Dates::Exclusive, 2)] {
        let asker = asker().await;
        asker.desk.books().dates = dates;
        asker.desk.post(10..12, "2026-04-02");
        asker.ask(day("2026-04-02"), PROVED).await.unwrap();
        let settled = asker.settled();
        assert_eq!(closing(&settled.books, "MA_1"), Some(whole(BEGAN_WITH - 3)), "{dates:?}");
        assert_eq!(settled.books.around.height(), around, "{dates:?}");
    }
}

/// Posts a row of today before the account list is answered the second time, and at every later request that `also` names.
fn moves(asker: &Asker, today: &'static str, also: &'static str) {
    let (listed, posted) = (AtomicUsize::new(0), AtomicUsize::new(500));
    asker.desk.books().meanwhile = Some(Box::new(move |request, ledgers| {
        let again = request.starts_with("accounts?") && listed.fetch_add(1, Ordering::Relaxed) == 1;
        if again || (!also.is_empty() && request.contains(also)) {
            let id = u32::try_from(posted.fetch_add(1, Ordering::Relaxed)).unwrap();
            post(ledgers, id, day(today));
        }
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_moved_is_read_again_around_its_newest_entries() {
    for today in ["2026-04-01", "2026-04-09"] {
        let asker = asker().await;
        moves(&asker, today, "");
        asker.ask(day(today), PROVED).await.unwrap();
        let settled = asker.settled();
        let (books, it) = (&settled.books, wallet(&settled.books, "MA_1"));
        assert_eq!(it.before, Figure::Known(whole(BEGAN_WITH - 6)));
        assert_eq!((it.after.known(), it.live, it.unproved), (it.live, Some(whole(BEGAN_WITH - 506)), None));
        assert_eq!(closing(books, "MA_1"), Some(whole(BEGAN_WITH - 3)), "{today}");
        let asked = asker.desk.books().asked.iter().filter(|it| it.starts_with("accounts/MA_1/balance")).count();
        assert_eq!(asked, 2, "{today}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_moves_once_more_takes_another_round() {
    let asker = asker().await;
    let once = AtomicUsize::new(0);
    moves(&asker, "2026-04-01", "");
    let mut first = asker.desk.books().meanwhile.take().unwrap();
    asker.desk.books().meanwhile = Some(Box::new(move |request, ledgers| {
        first(request, ledgers);
        if request.contains("/balance") && once.fetch_add(1, Ordering::Relaxed) == 1 {
            post(ledgers, 800, day("2026-04-01"));
        }
    }));
    asker.ask(day("2026-04-01"), PROVED).await.unwrap();
    let settled = asker.settled();
    assert_eq!(wallet(&settled.books, "MA_1").live, Some(whole(BEGAN_WITH - 6 - 500 - 800)));
    assert_eq!(closing(&settled.books, "MA_1"), Some(whole(BEGAN_WITH - 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_never_holds_still_is_given_up_within_bounds() {
    let asker = asker().await;
    moves(&asker, "2026-04-01", "/balance");
    asker.ask(day("2026-04-01"), PROVED).await.unwrap();
    let settled = asker.settled();
    let it = wallet(&settled.books, "MA_1");
    let said = "it never showed the same before and after its newest entries";
    assert_eq!((it.live, it.unproved), (None, Some(said)));
    assert_eq!((it.before, it.after), (Figure::Known(whole(BEGAN_WITH - 6)), Figure::Known(whole(BEGAN_WITH - 506))));
    let asked = asker.desk.books().asked.iter().filter(|it| it.contains("/balance")).count();
    assert_eq!(asked, 6);
    assert_eq!(closing(&settled.books, "PA_1"), Some(whole(BEGAN_WITH + 900)), "the others are proved all the same");
    assert_eq!(settled.books.around.height(), 0, "what proves nothing is no paper");
}

/// The tail is walked page by page, and pages shift while it is.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_shift_cost_no_entry() {
    let asker = asker().await;
    asker.desk.books().page_rows = 2;
    asker.desk.post(10..20, "2026-04-08");
    let shifted = AtomicUsize::new(0);
    asker.desk.books().meanwhile = Some(Box::new(move |request, ledgers| {
        let tail = request.contains("from_date=2026-04-01") && request.contains("page=2");
        if tail && request.starts_with(ONE) && shifted.fetch_add(1, Ordering::Relaxed) == 0 {
            post(ledgers, 600, day("2026-04-09"));
        }
    }));
    asker.ask(day("2026-04-09"), PROVED).await.unwrap();
    let settled = asker.settled();
    assert_eq!(closing(&settled.books, "MA_1"), Some(whole(BEGAN_WITH - 3)));
    let it = wallet(&settled.books, "MA_1");
    assert_eq!(it.live, it.after.known());
}

/// What the wallets are proved with must itself be whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_is_not_whole_proves_nothing_and_is_no_break() {
    let asker = asker().await;
    asker.desk.post(10..12, "2026-04-08");
    asker.desk.books().lost = vec![11];
    asker.ask(day("2026-04-09"), PROVED).await.unwrap();
    let settled = asker.settled();
    let it = wallet(&settled.books, "MA_1");
    let said = "its entries up to the reading do not add up to their own totals";
    assert_eq!((it.live, it.unproved), (None, Some(said)));
    assert_eq!(it.before, it.after);
    let classes: Vec<_> = settled.reconciliation.breaks.iter().map(tieout::domain::Break::class).collect();
    assert!(!classes.contains(&tieout::domain::Class::ControlTotal), "{classes:?}");
}

/// An entry that is not settled in the month's books, and is when it is read again, or that came into the month meanwhile:
/// the wallet and the books are of two moments.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_changes_meanwhile_proves_nothing() {
    let changes: [fn(&mut Ledgers); 2] = [
        |ledgers| ledgers.values_mut().flatten().filter(|row| row.id == 40).for_each(|row| row.status = "completed"),
        |ledgers| post(ledgers, 41, day("2026-03-31")),
    ];
    for change in changes {
        let asker = asker().await;
        asker.desk.change(|rows| rows.push(Row { status: "pending", ..Row::debit(40, day("2026-04-01")) }));
        let listed = AtomicUsize::new(0);
        asker.desk.books().meanwhile = Some(Box::new(move |request, ledgers| {
            if request.starts_with("accounts?") && listed.fetch_add(1, Ordering::Relaxed) == 1 {
                change(ledgers);
            }
        }));
        asker.ask(day("2026-04-01"), PROVED).await.unwrap();
        let settled = asker.settled();
        let it = wallet(&settled.books, "MA_1");
        let said = "an entry of it changed or came into the month while it was read";
        assert_eq!((it.live, it.unproved), (None, Some(said)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_listed_once_only_is_not_proved() {
    let asker = asker().await;
    let listed = AtomicUsize::new(0);
    asker.desk.books().meanwhile = Some(Box::new(move |request, ledgers| {
        if request.starts_with("accounts?") && listed.fetch_add(1, Ordering::Relaxed) == 1 {
            let rows = ledgers.remove(ONE).unwrap();
            ledgers.insert("accounts/MA_2/transactions".to_owned(), rows);
        }
    }));
    asker.ask(day("2026-04-01"), PROVED).await.unwrap();
    let settled = asker.settled();
    let (gone, new) = (wallet(&settled.books, "MA_1"), wallet(&settled.books, "MA_2"));
    let said = Some("it was not shown both before the ledgers were read and after");
    assert_eq!((gone.after, gone.live, gone.unproved), (Figure::Absent, None, said));
    assert_eq!(
        (new.before, new.after.known(), new.live, new.unproved),
        (Figure::Absent, Some(whole(BEGAN_WITH - 6)), None, said)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_from_inception_reaches_the_first_entry() {
    let asker = asker().await;
    asker.desk.post(200..205, "2024-05-06");
    asker.desk.post(205..206, "2026-02-26");
    asker.desk.books().ledgers.get_mut(MASTER).unwrap().push(own(77, "2023-01-01", "credit"));
    asker.ask(day("2026-04-09"), Thorough { from_inception: true, ..PROVED }).await.unwrap();
    let settled = asker.settled();
    let books = &settled.books;
    assert_eq!(books.inception.iter().collect::<Vec<_>>(), ["MA_1", "PA_1"]);
    for account in ["MA_1", "PA_1"] {
        let all = entries(books, account);
        assert_eq!(wallet(books, account).live, Some(whole(BEGAN_WITH) + net(&all)), "{account}");
    }
    assert_eq!(entries(books, "MA_1").len(), 9);
    asker.desk.books().lost = vec![203];
    asker.ask(day("2026-04-09"), Thorough { from_inception: true, full_walk: true, ..PROVED }).await.unwrap();
    let again = asker.settled();
    // The desk does not know the filter by account: the partner's own walk lacks the customer's row, too.
    assert!(again.books.inception.is_empty(), "a walk that is not whole proves nothing");
    assert!(wallet(&again.books, "MA_1").live.is_some(), "the closing does not rest on it");
}

/// Cut off at any request, and gone on with the next day: the proof is of one moment all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_cut_off_anywhere_proves_the_same() {
    let mut lived = BTreeMap::new();
    for requests in 1.. {
        let asker = asker().await;
        asker.desk.books().page_rows = 2;
        asker.desk.post(10..13, "2026-04-07");
        moves(&asker, "2026-04-08", "");
        let cut_off = asker.ask_and_die(day("2026-04-08"), PROVED, requests).await;
        // What is booked while nobody asks moves the wallet once more.
        if cut_off {
            asker.desk.post(700..701, "2026-04-09");
            asker.ask(day("2026-04-09"), PROVED).await.unwrap();
        }
        let settled = asker.settled();
        assert_eq!(closing(&settled.books, "MA_1"), Some(whole(BEGAN_WITH - 3)), "cut off at request {requests}");
        assert_eq!(closing(&settled.books, "PA_1"), Some(whole(BEGAN_WITH + 900)), "cut off at request {requests}");
        lived.insert(requests, wallet(&settled.books, "MA_1").live);
        if !cut_off {
            break;
        }
    }
    assert!(lived.len() > 25, "{} places to be cut off at", lived.len());
}
