//! Corners of what was handed on: a wallet's statement that turns into another, and timing differences of which this month's
//! evidence says something, or nothing at all.

use tieout::domain::{Amount, Class, List, OpenBreak, Severity};
use tieout::invoice::RateCard;
use tieout::normalise::Dashboard;
use tieout::reconcile::{Options, reconcile};

use crate::books::{Layout, RawBooks, State, ledger};
use crate::cash_damage::plain_debit;
use crate::months_judged::{
    WORLD, amount, became, change, found, handed, into_the_month_before, judged, only_the_customers, open, plain,
    wallet_again,
};

#[test]
fn what_is_said_of_a_wallet_turns_into_another_word_for_it_and_into_nothing_else() {
    let raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    let of_wallet = |class| OpenBreak { field: "opening".to_owned(), ..open(class, &account, &[], &raw) };
    let (books, mut carried) = handed(raw.clone(), Vec::new());
    carried.closings.iter_mut().find(|it| it.account == account).unwrap().amount += amount("3");
    let (state, it) = wallet_again(&books, &carried, &of_wallet(Class::OpeningDiffers));
    let rolled = it.breaks.iter().find(|found| found.class() == Class::RollForward).unwrap();
    assert_eq!(state, format!("replaced asked its entries are reported as roll-forward now: {}", rolled.id()));
    let verdict = |it: &tieout::reconcile::Reconciliation| {
        it.wallets.iter().find(|wallet| wallet.account == account).unwrap().verdict()
    };
    assert_eq!(verdict(&it), "differs");
    // So it is where the closing was read late, unless it agrees with itself.
    carried.read_late = true;
    let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
    assert_eq!(verdict(&it), "differs");
    assert!(it.breaks.iter().any(|found| found.class() == Class::RollForward));
    carried.read_late = false;
    // A statement on anything else of the account is not what the wallet says.
    let gone = "resolved asked this run reads the same month and no longer finds it";
    let of_ledger = OpenBreak { field: "ledger".to_owned(), ..open(Class::MissingLedger, &account, &[], &raw) };
    assert_eq!(wallet_again(&books, &carried, &of_ledger).0, gone);
    // Nor is a break of an entry a statement on the wallet.
    let mut other = raw.clone();
    other.rows(&List::Master).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.amount = "0.01".into());
    let (books, carried) = handed(other, Vec::new());
    let (state, it) = wallet_again(&books, &carried, &of_wallet(Class::RollForward));
    assert_eq!((state.as_str(), found(&it)[0].class()), (gone, Class::AmountDiffers));
}

#[test]
fn what_is_found_again_persists_by_itself() {
    let mut raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    raw.rows(&List::Master).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.amount = "0.01".into());
    let (books, mut carried) = handed(raw.clone(), Vec::new());
    let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
    let again =
        OpenBreak { id: found(&it)[0].id().to_owned(), ..open(Class::AmountDiffers, &account, &[&row.id], &raw) };
    assert_eq!(wallet_again(&books, &carried, &again).0, "persisting asked found again");
    carried.open = vec![again];
    let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
    assert_eq!(became(&it), "persisting asked found again");
}

#[test]
fn only_what_is_not_whole_keeps_from_asking_and_of_a_break_on_nobody_anything_does() {
    let raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    let open = open(Class::AmountDiffers, &account, &[&row.id], &raw);
    let total = OpenBreak {
        account: None,
        field: "total_balance".to_owned(),
        class: Class::WalletTotal,
        entry_ids: Vec::new(),
        ..open.clone()
    };
    let (mut books, carried) = handed(raw, Vec::new());
    let list = ledger(&account);
    let record = books.lists.iter_mut().find(|record| record.list == list).unwrap();
    let sound = record.control;
    // A summary of zeros is a notice on completeness: the count proves the list.
    let zero = tieout::domain::Figure::Known(Amount::ZERO);
    record.control = tieout::domain::Control {
        transactions: tieout::domain::Figure::Known(0),
        debit: zero,
        credit: zero,
        net: zero,
        ..sound
    };
    let (state, it) = wallet_again(&books, &carried, &open);
    assert!(it.breaks.iter().any(|it| it.class() == Class::DegradedSummary));
    assert_eq!(state, "resolved asked this run reads the same month and no longer finds it");
    // A list that is short by a row is a gap, and bears on what is said of nobody.
    let record = books.lists.iter_mut().find(|record| record.list == list).unwrap();
    record.control = tieout::domain::Control { total: sound.total.map(|total| total + 1), ..sound };
    let unknown = "persisting not-asked not asked again: the books were not read whole";
    assert_eq!(wallet_again(&books, &carried, &total).0, unknown);
}

#[test]
fn a_timing_difference_whose_halves_are_both_unsettled_now_has_not_cleared() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) = plain(&books);
    let timing = open(Class::Timing, &account, &[&row.id], &books);
    change(&mut books, &row.id, |row| row.status = "pending");
    let it = judged(books, timing, Amount::ZERO);
    // That they are unsettled is a notice of this month, and no word on what was open.
    let said =
        it.breaks.iter().find(|found| found.entry_ids() == [row.id.to_string()] && found.class() == Class::Unsettled);
    assert_eq!(said.unwrap().class().severity(), Severity::Notice);
    assert_eq!(found(&it).iter().map(|it| it.class()).collect::<Vec<_>>(), [Class::StatusDiffers]);
}

#[test]
fn nothing_is_claimed_of_a_timing_difference_whose_ledger_was_not_read() {
    let mut raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    into_the_month_before(&mut raw, &row.id);
    let timing = open(Class::Timing, &account, &[&row.id], &raw);
    let (_, carried) = handed(raw.clone(), vec![timing]);
    raw.make_honest();
    raw.ledgers.get_mut(&ledger(&account)).unwrap().state = State::Missing;
    let books = raw.settled(&Layout::default(), &RateCard::default()).books;
    let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
    let classes: Vec<Class> = found(&it).iter().map(|it| it.class()).collect();
    assert_eq!(classes, [Class::MissingLedger], "{:?}", it.breaks);
    assert!(became(&it).starts_with("persisting not-asked"), "{}", became(&it));
}

#[test]
fn a_timing_difference_whose_halves_agree_in_the_month_alone_is_a_break_of_what_they_disagree_in() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) = plain(&books);
    into_the_month_before(&mut books, &row.id);
    let timing = open(Class::Timing, &account, &[&row.id], &books);
    let more = amount(&row.amount) + amount("1");
    only_the_customers(&mut books, &account, &row.id, |row| row.amount = more.to_text(2).into());
    // What is wrong with another entry says nothing of this one.
    let another = plain_debit(&books, &account, &[]).unwrap();
    books.rows(&ledger(&account)).retain(|it| it.id != another.id);
    let it = judged(books, timing, Amount::ZERO);
    let [missing, found] = found(&it)[..] else { panic!("{:?}", it.breaks) };
    assert_eq!((missing.class(), missing.entry_ids()), (Class::MissingFromCustomer, &[another.id.to_string()][..]));
    let values = (found.master_value().to_owned(), found.customer_value().to_owned());
    assert_eq!((found.class(), values), (Class::AmountDiffers, (amount(&row.amount).to_string(), more.to_string())));
    assert!(found.legs().is_empty() && found.explanation().contains(" in the master ledger and "), "{found:?}");
}

#[test]
fn a_total_that_differs_by_something_else_now_is_replaced() {
    let raw = RawBooks::read(WORLD);
    let (mut books, carried) = handed(raw.clone(), Vec::new());
    books.dashboard = books.dashboard.map(|it| Dashboard { total: it.total.map(|total| total + amount("2")), ..it });
    let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
    let total = it.breaks.iter().find(|found| found.class() == Class::WalletTotal).unwrap();
    let before = OpenBreak {
        account: None,
        currency: total.currency(),
        field: total.field().to_owned(),
        ..open(Class::WalletTotal, "", &[], &raw)
    };
    let (state, _) = wallet_again(&books, &carried, &before);
    assert_eq!(state, format!("replaced asked its entries are reported as wallet-total now: {}", total.id()));
}

#[test]
fn without_a_master_ledger_no_entry_is_in_both_books() {
    let mut raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    let open = open(Class::AmountDiffers, &account, &[&row.id], &raw);
    let (_, carried) = handed(raw.clone(), vec![open]);
    raw.make_honest();
    raw.ledgers.get_mut(&List::Master).unwrap().state = State::Missing;
    let books = raw.settled(&Layout::default(), &RateCard::default()).books;
    let options = Options { carried: Some(&carried), master_declared_absent: true, ..Options::default() };
    assert_eq!(became(&reconcile(&books, &options).unwrap()), "persisting asked its entries still do not agree");
}

#[test]
fn what_did_not_clear_in_one_currency_says_nothing_of_another() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) = plain(&books);
    into_the_month_before(&mut books, &row.id);
    books.rows(&ledger(&account)).retain(|it| it.id != row.id);
    let timing = open(Class::Timing, &account, &[&row.id], &books);
    let another = plain_debit(&books, &account, &[]).unwrap();
    change(&mut books, &another.id, |row| row.currency = "USD".parse().unwrap());
    let it = judged(books, timing, Amount::ZERO);
    let uncleared = found(&it)[0];
    assert!(uncleared.legs().is_empty() && uncleared.entry_ids() == [row.id.to_string()], "{uncleared:?}");
    let own = it.tie_outs.iter().filter(|it| it.key().account == account);
    let told: Vec<_> = own.map(|it| (it.key().currency == "USD".parse().unwrap(), it.verdict().ties_out())).collect();
    assert!(told.contains(&(true, true)) && told.contains(&(false, false)), "{told:?}");
    assert!(!told.contains(&(true, false)), "{told:?}");
}

#[test]
fn what_came_late_in_another_currency_explains_no_wallet() {
    let raw = RawBooks::read(WORLD);
    let (account, _) = plain(&raw);
    let rolled = |currency: &str| {
        let late = OpenBreak {
            since_the_seal: amount("-3"),
            currency: currency.parse().ok(),
            ..open(Class::LateEntry, &account, &["late"], &raw)
        };
        let (books, mut carried) = handed(raw.clone(), vec![late]);
        carried.closings.iter_mut().find(|it| it.account == account).unwrap().amount += amount("3");
        let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
        it.breaks.iter().any(|found| found.class() == Class::RollForward)
    };
    assert!(!rolled(raw.currency.code()), "what came late explains it to the last unit");
    assert!(rolled("USD"));
}
