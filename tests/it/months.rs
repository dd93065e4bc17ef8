//! Months in a row: what one close leaves open the next one takes up, and never claims more than its evidence shows.

use std::path::PathBuf;

use chrono::{Days, NaiveDate};
use tempfile::TempDir;
use tieout::archive::FetchPlan;
use tieout::cli::Failure;
use tieout::domain::{Amount, Class, Family, Period, Severity, Standing, Verdict};
use tieout::invoice::RateCard;
use tieout::reconcile::CarriedBreak;
use tieout::run::{Closed, Request, RunError, Terms, close, verify};
use tieout::watch::Nobody;

use crate::again_desk::{Asker, MASTER, ONE, Row, day};

/// A partner whose books change from month to month, and the folder that its closes go into.
pub(crate) struct Year {
    pub(crate) asker: Asker,
    folder: TempDir,
}

impl Year {
    pub(crate) async fn begin() -> Self {
        Self { asker: Asker::open().await, folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a row into both books, each dated by itself; where a date is lacking, the row is in the other book alone.
    pub(crate) fn post(&self, id: u32, master: Option<&str>, customer: Option<&str>) {
        let mut books = self.asker.desk.books();
        for (ledger, date) in [(MASTER, master), (ONE, customer)] {
            let rows = books.ledgers.get_mut(ledger).unwrap();
            rows.retain(|row| row.id != id);
            rows.extend(date.map(|date| Row::debit(id, day(date))));
        }
    }

    /// Closes a month long after it is over.
    pub(crate) async fn close(&self, period: &str) -> Result<Closed, RunError> {
        let month: Period = period.parse().unwrap();
        self.close_on(period, month.window(2).1 + Days::new(20)).await
    }

    /// Closes a month on a day.
    async fn close_on(&self, period: &str, today: NaiveDate) -> Result<Closed, RunError> {
        let (closed, _) = close(&self.request(period, today), &Nobody).await?;
        let verified = verify(&closed.folder, None, None, &Nobody).unwrap();
        assert_eq!(verified.faults, Vec::<String>::new(), "{}", closed.folder.display());
        Ok(closed)
    }

    /// What is asked to close a month on a day.
    pub(crate) fn request(&self, period: &str, today: NaiveDate) -> Request {
        let period: Period = period.parse().unwrap();
        let (from, to) = period.window(2);
        let plan = FetchPlan { period, from, to, today };
        let terms = Terms {
            timezone: chrono_tz::Asia::Kolkata,
            tolerance: Amount::ZERO,
            master_declared_absent: false,
            classify: Vec::new(),
            rate_card: RateCard::default(),
            invoice: tieout::invoice::InvoiceTerms::default(),
            export: tieout::invoice::ExportTerms::default(),
            recharge: tieout::invoice::RechargeTerms::default(),
            scenario: None,
            strict: false,
        };
        let (line, folder) = (self.asker.line.clone(), self.path(&period.to_string()));
        Request { period, line, plan, folder, archive: None, terms }
    }

    pub(crate) async fn closed(&self, period: &str) -> Closed {
        self.close(period).await.unwrap()
    }
}

/// The breaks above a notice, wallets aside: entry, class, effect, standing, first run.
fn told(closed: &Closed) -> Vec<String> {
    let books = &closed.settled.reconciliation;
    let graver = books.breaks.iter().filter(|it| it.class().severity() > Severity::Notice);
    let lines = graver.filter(|it| it.class().family() != Family::Balance).map(|it| {
        let history = &books.histories[it.id()];
        let standing = history.standing.unwrap();
        let first = history.first_run.as_deref().unwrap_or("here");
        format!("{} {} {} {standing} {first}", it.entry_ids().join("+"), it.class(), it.effect())
    });
    lines.collect()
}

/// What became of what was handed on: entry, class, standing, whether it was asked again, first run.
fn handed_on(closed: &Closed) -> Vec<String> {
    let of_entries = |it: &&CarriedBreak| it.open.class.family() != Family::Balance;
    let carried = closed.settled.reconciliation.carried.iter().filter(of_entries).map(|it| {
        let asked = if it.asked { "asked" } else { "not-asked" };
        let open = &it.open;
        format!("{} {} {} {asked} {}", open.entry_ids.join("+"), open.class, it.standing, open.first_run)
    });
    let mut carried: Vec<String> = carried.collect();
    carried.sort();
    carried
}

fn verdict_of_one(closed: &Closed) -> Verdict {
    closed.settled.reconciliation.accounts.iter().find(|it| it.account == "MA_1").unwrap().verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_is_new_then_persists_and_is_resolved_by_a_further_run_of_its_month() {
    let year = Year::begin().await;
    year.post(10, Some("2026-01-10"), None);
    year.post(11, Some("2026-01-11"), Some("2026-01-11"));
    let january = year.closed("2026-01").await;
    assert_eq!(told(&january), ["e-10 missing-from-customer 10.00 new here"]);
    assert_eq!((handed_on(&january), &january.settled.inputs.carried), (vec![], &None));
    year.post(20, Some("2026-02-20"), None);
    let february = year.closed("2026-02").await;
    assert_eq!(told(&february), ["e-20 missing-from-customer 20.00 new here"]);
    let first = "e-10 missing-from-customer persisting not-asked 2026-01";
    assert_eq!(handed_on(&february), [first]);
    let march = year.closed("2026-03").await;
    assert_eq!(
        (told(&march), verdict_of_one(&march).word()),
        (vec![], "tied-out"),
        "another month's break holds nobody"
    );
    assert_eq!(handed_on(&march), [first, "e-20 missing-from-customer persisting not-asked 2026-02"]);
    let carried = march.settled.inputs.carried.as_ref().unwrap();
    assert_eq!((carried.run.as_str(), carried.adjoins), ("2026-02", true));
    assert_eq!(carried.seal, february.settled.seal.hash);

    // The books are corrected, and January is closed again.
    year.post(10, Some("2026-01-10"), Some("2026-01-10"));
    year.post(12, Some("2026-01-12"), None);
    let again = year.closed("2026-01").await;
    assert_eq!(again.settled.inputs.run, "2026-01.r2");
    assert_eq!(told(&again), ["e-12 missing-from-customer 12.00 new here"]);
    assert_eq!(handed_on(&again), ["e-10 missing-from-customer resolved asked 2026-01"]);
    let april = year.closed("2026-04").await;
    let expected = [
        "e-12 missing-from-customer persisting not-asked 2026-01.r2",
        "e-20 missing-from-customer persisting not-asked 2026-02",
    ];
    assert_eq!(handed_on(&april), expected, "each month as its last run says");
    let third = year.closed("2026-01").await;
    assert_eq!(told(&third), ["e-12 missing-from-customer 12.00 persisting 2026-01.r2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_comes_back_as_new_and_takes_the_place_of_what_it_was() {
    let year = Year::begin().await;
    year.post(10, Some("2026-01-10"), None);
    year.closed("2026-01").await;
    year.post(10, Some("2026-01-10"), Some("2026-01-10"));
    year.asker.desk.books().ledgers.get_mut(ONE).unwrap()[0].amount = 9;
    let again = year.closed("2026-01").await;
    assert_eq!(told(&again), ["e-10 amount-differs 1.00 new here"]);
    assert_eq!(handed_on(&again), ["e-10 missing-from-customer replaced asked 2026-01"]);
    let by = again.settled.reconciliation.carried[0].by.clone();
    assert_eq!(by.as_deref(), Some(again.settled.reconciliation.breaks[0].id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn ages_run_from_the_entry_to_the_cut_off_by_the_partners_calendar() {
    let year = Year::begin().await;
    let dates = ["2026-03-31", "2026-03-30", "2026-03-25", "2026-03-24", "2026-03-02", "2026-03-01"];
    for (id, date) in (1..).zip(dates) {
        year.post(id, Some(date), None);
    }
    // At 10:00 UTC it is the same day in the zone; late in the evening it is the next.
    let ages = |closed: &Closed| -> Vec<(u64, &'static str)> {
        let books = &closed.settled.reconciliation;
        let missing = books.breaks.iter().filter(|it| it.class() == Class::MissingFromCustomer);
        missing.map(|it| (books.histories[it.id()].aged.days, books.histories[it.id()].aged.age().word())).collect()
    };
    let march = year.closed("2026-03").await;
    let expected = [(1, "0 to 1"), (2, "2 to 7"), (7, "2 to 7"), (8, "8 to 30"), (30, "8 to 30"), (31, "over 30")];
    assert_eq!(ages(&march), expected);
    let april = year.closed("2026-04").await;
    let carried = &april.settled.reconciliation.carried;
    let mut days: Vec<u64> = carried.iter().map(|it| it.aged.days).collect();
    days.sort_unstable();
    assert_eq!(days, [31, 32, 37, 38, 60, 61], "thirty days later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_read_after_the_next_month_had_ended_proves_nothing_of_it() {
    let year = Year::begin().await;
    year.post(10, Some("2026-02-10"), Some("2026-02-10"));
    year.post(11, Some("2026-03-11"), Some("2026-03-11"));
    let openings = |closed: &Closed| -> Vec<(&'static str, bool)> {
        let books = &closed.settled.reconciliation;
        let told = books.breaks.iter().any(|it| it.class() == Class::UnprovedOpening);
        books.wallets.iter().filter(|it| it.account == "MA_1").map(|it| (it.verdict(), told)).collect()
    };
    let february = year.closed("2026-02").await;
    assert_eq!(openings(&february), [("implied", true)]);
    assert_eq!(openings(&year.closed("2026-03").await), [("proved", false)]);
    // January is closed when February is long over.
    let late = Year::begin().await;
    late.post(10, Some("2026-02-10"), Some("2026-02-10"));
    late.close_on("2026-01", day("2026-03-05")).await.unwrap();
    let february = late.closed("2026-02").await;
    assert!(february.settled.inputs.carried.as_ref().unwrap().read_late);
    assert_eq!(openings(&february), [("implied", true)]);
}

/// A February whose entry 5 is dated there by the master and on the first of March by the customer.
async fn february_with_timing() -> Year {
    let year = Year::begin().await;
    year.post(5, Some("2026-02-28"), Some("2026-03-01"));
    year.post(6, Some("2026-02-10"), Some("2026-02-10"));
    let february = year.closed("2026-02").await;
    assert_eq!(told(&february), ["e-5 timing 5.00 new here"]);
    assert_eq!(february.settled.verdict().word(), "tied-out-with-timing");
    year
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timing_difference_clears_by_its_other_half() {
    let year = february_with_timing().await;
    let march = year.closed("2026-03").await;
    assert_eq!(told(&march), ["e-5 timing -5.00 resolved 2026-02"]);
    assert_eq!(handed_on(&march), ["e-5 timing resolved asked 2026-02"]);
    assert_eq!(march.settled.verdict().word(), "tied-out-with-timing");
    let april = year.closed("2026-04").await;
    assert_eq!(handed_on(&april), Vec::<String>::new(), "the other half is no matter of the next month");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timing_difference_clears_when_both_halves_are_in_one_month() {
    let year = february_with_timing().await;
    year.post(5, Some("2026-02-28"), Some("2026-02-28"));
    let march = year.closed("2026-03").await;
    assert_eq!((told(&march), handed_on(&march)), (vec![], vec!["e-5 timing resolved asked 2026-02".to_owned()]));
    // The wallet alone shows that February was changed after its seal: 5.00 are not in the closing that it handed on.
    let books = &march.settled.reconciliation;
    let graver = books.breaks.iter().filter(|it| it.class().severity() > Severity::Notice);
    let found: Vec<(Class, Amount)> = graver.map(|it| (it.class(), it.effect())).collect();
    assert_eq!(found, [(Class::RollForward, "-5".parse().unwrap())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timing_difference_that_does_not_clear_becomes_a_break() {
    // What becomes of the customer's half, the break that it is, and whether a total of the month differs by it.
    let cases = [
        (Some("2026-02-28"), None, "e-5 missing-from-customer 0.00 new here"),
        (None, Some("2026-03-01"), "e-5 missing-from-master -5.00 new here"),
        (None, None, "e-5 missing-from-customer 0.00 new here"),
        (Some("2026-02-28"), Some("2026-04-01"), "e-5 missing-from-customer 0.00 new here"),
    ];
    for (master, customer, expected) in cases {
        let year = february_with_timing().await;
        year.post(5, master, customer);
        year.post(7, Some("2026-03-10"), Some("2026-03-10"));
        let march = year.closed("2026-03").await;
        assert_eq!(told(&march), [expected], "{master:?} {customer:?}");
        assert_eq!(handed_on(&march), ["e-5 timing replaced asked 2026-02"]);
        assert_eq!(verdict_of_one(&march).word(), "breaks");
        assert_eq!(march.settled.billing.held.len(), 1, "{:?}", march.settled.billing.held);
        let found = &march.settled.reconciliation.breaks[0];
        if found.legs().is_empty() {
            let said = found.explanation();
            assert!(
                said.contains("the timing difference of 2026-02 on entry e-5 of MA_1, worth 5.00 INR there"),
                "{said}"
            );
        }
        let april = year.closed("2026-04").await;
        let left = handed_on(&april);
        // Where the customer's half is dated in April, that month reports the same entry by itself.
        let standing = if customer == Some("2026-04-01") { " replaced asked" } else { " persisting" };
        assert!(left.len() == 1 && left[0].starts_with(&expected[..20]) && left[0].contains(standing), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timing_difference_that_comes_with_another_amount_is_a_break() {
    let year = february_with_timing().await;
    let row = Row { amount: 6, ..Row::debit(5, day("2026-03-01")) };
    year.post(5, Some("2026-02-28"), None);
    year.asker.desk.books().ledgers.get_mut(ONE).unwrap().push(row);
    let march = year.closed("2026-03").await;
    assert_eq!(told(&march), ["e-5 amount-differs -6.00 new here"]);
    assert_eq!(handed_on(&march), ["e-5 timing replaced asked 2026-02"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_adjoining_close_nothing_is_claimed() {
    let year = february_with_timing().await;
    year.post(5, Some("2026-02-28"), None);
    let april = year.closed("2026-04").await;
    assert_eq!((told(&april), handed_on(&april)), (vec![], vec!["e-5 timing persisting not-asked 2026-02".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_are_not_whole_resolve_nothing() {
    let year = february_with_timing().await;
    year.post(8, Some("2026-02-27"), None);
    year.closed("2026-02").await;
    // Everything is put right, but the customer's ledger cannot be read whole.
    year.post(8, Some("2026-02-27"), Some("2026-02-27"));
    year.asker.desk.books().lost = vec![6];
    year.post(6, Some("2026-03-10"), Some("2026-03-10"));
    let march = year.closed("2026-03").await;
    assert_eq!(march.settled.verdict().word(), "incomplete");
    let states = handed_on(&march);
    assert!(states.len() == 2 && states.iter().all(|it| it.contains("persisting not-asked")), "{states:?}");
    // Once it can, this month's evidence reaches the last days of February.
    year.asker.desk.books().lost.clear();
    let again = year.closed("2026-03").await;
    let other_half = "e-5 timing resolved asked 2026-03";
    let resolved =
        ["e-5 timing resolved asked 2026-02", other_half, "e-8 missing-from-customer resolved asked 2026-02.r2"];
    let states: Vec<String> = handed_on(&again).into_iter().filter(|it| it.starts_with("e-")).collect();
    assert_eq!(states, resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_paper_of_an_earlier_month_is_named_and_not_used() {
    let year = february_with_timing().await;
    for name in ["close.json", "run.json"] {
        let path = year.path("2026-02").join(name);
        let sealed = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&sealed[..], b"\n"].concat()).unwrap();
        let refused = Failure::from(year.close("2026-03").await.err().unwrap());
        assert_eq!(refused.exit.code(), 6);
        let line = refused.line();
        assert!(line.contains(&format!("2026-02/{name}: changed since it was sealed")), "{line}");
        std::fs::write(&path, sealed).unwrap();
    }
    year.closed("2026-03").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closings_are_handed_on_with_the_seal() {
    let year = february_with_timing().await;
    let march = year.closed("2026-03").await;
    let carried = march.settled.inputs.carried.as_ref().unwrap();
    let text = std::fs::read(year.path("2026-02/close.json")).unwrap();
    let close: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let known: Vec<(String, String)> = close["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| Some((it["account"].as_str()?.to_owned(), it["closing"].as_str()?.to_owned())))
        .collect();
    let handed: Vec<(String, String)> =
        carried.closings.iter().map(|it| (it.account.clone(), it.amount.to_string())).collect();
    assert_eq!(handed, known);
    assert_eq!(carried.open.iter().filter(|it| it.class == Class::Timing).count(), 1);
    assert_eq!(march.settled.reconciliation.carried[0].standing, Standing::Resolved);
}
