//! What was handed on, judged by books made by hand: transfers whose legs lie in the month before, wallets, and entries
//! that are in both books now.

use tieout::domain::{Again, Amount, Break, Class, Family, OpenBreak, Severity};
use tieout::invoice::RateCard;
use tieout::normalise::Books;
use tieout::reconcile::{CarriedBreak, Options, Reconciliation, reconcile};
use tieout::simulator::Row;

use crate::books::{Layout, RawBooks, State, ledger};
use crate::cash_damage::plain_debit;
use tieout::domain::List;

pub(crate) const WORLD: &str =
    "name = 'n'\nprose = 'p'\nseed = 4\n[expected]\nverdict = 'tied-out'\n[world]\nunsettled = 0\n";
const HALF_A_DAY: i64 = 12 * 3_600_000_000;

/// One transfer of the month, both legs alike, and the customer who received it.
struct Transfer {
    account: String,
    debit: Row,
    credit: Row,
}

/// Sound books, and a transfer in them whose reference no other entry carries.
fn with_transfer() -> (RawBooks, Transfer) {
    let books = RawBooks::read(WORLD);
    let master = &books.ledgers[&List::Master].rows;
    let month = books.month(books.zone);
    let is_ours = |row: &&Row| {
        let same = master.iter().filter(|it| it.reference.is_some() && it.reference == row.reference).count();
        *row.account_id == *books.partner && row.kind == "debit" && same == 2 && month.contains(&row.created_at)
    };
    let debit = master.iter().find(is_ours).expect("a transfer").clone();
    let credit = master.iter().find(|it| it.reference == debit.reference && it.id != debit.id).unwrap().clone();
    let account = credit.account_id.to_string();
    (books, Transfer { account, debit, credit })
}

/// Changes every copy of an entry, in both books.
pub(crate) fn change(books: &mut RawBooks, id: &str, change: impl Fn(&mut Row)) {
    for read in books.ledgers.values_mut() {
        read.rows.iter_mut().filter(|row| *row.id == *id).for_each(&change);
    }
}

/// Takes every copy of an entry out of both books.
fn lose(books: &mut RawBooks, id: &str) {
    books.ledgers.values_mut().for_each(|read| read.rows.retain(|row| *row.id != *id));
}

/// Dates every copy of an entry on the last day of the month before.
pub(crate) fn into_the_month_before(books: &mut RawBooks, id: &str) {
    let start = books.month(books.zone).start;
    change(books, id, |row| row.created_at = start - HALF_A_DAY);
}

/// A break that the month before left open.
pub(crate) fn open(class: Class, account: &str, entry_ids: &[&str], books: &RawBooks) -> OpenBreak {
    let mut entry_ids: Vec<String> = entry_ids.iter().map(|id| (*id).to_owned()).collect();
    entry_ids.sort();
    OpenBreak {
        id: "B-0123456789abcdef".to_owned(),
        class,
        account: Some(account.to_owned()),
        currency: Some(books.currency),
        entry_ids,
        reference: None,
        field: "created_at".to_owned(),
        master_value: "2026-02-28T06:30:00Z".to_owned(),
        customer_value: "2026-03-01T06:30:00Z".to_owned(),
        effect: "5".parse().unwrap(),
        gross: "5".parse().unwrap(),
        since_the_seal: Amount::ZERO,
        dated: books.month(books.zone).start - HALF_A_DAY,
        first_run: "2026-02".to_owned(),
        explanation: "it was open".to_owned(),
    }
}

/// What is called so, done to the books, and said of it.
type Case<'a> = (&'a str, &'a dyn Fn(&mut RawBooks), &'a str, &'a str);

/// The books as `normalise` makes them, and what the month before hands on: sound closings and these breaks.
pub(crate) fn handed(mut books: RawBooks, open: Vec<OpenBreak>) -> (Books, tieout::domain::Carried) {
    books.make_honest();
    books.carry();
    let mut carried = books.carried.clone().unwrap();
    carried.open = open;
    (books.settled(&Layout::default(), &RateCard::default()).books, carried)
}

pub(crate) fn judged(books: RawBooks, open: OpenBreak, tolerance: Amount) -> Reconciliation {
    let (books, carried) = handed(books, vec![open]);
    reconcile(&books, &Options { carried: Some(&carried), tolerance, ..Options::default() }).unwrap()
}

/// Breaks above a notice, wallets aside.
pub(crate) fn found(it: &Reconciliation) -> Vec<&Break> {
    let graver = it.breaks.iter().filter(|found| found.class().severity() > Severity::Notice);
    graver.filter(|found| found.class().family() != Family::Balance).collect()
}

pub(crate) fn became(it: &Reconciliation) -> String {
    let [CarriedBreak { standing, asked, why, .. }] = it.carried.as_slice() else { panic!("{:?}", it.carried) };
    format!("{standing} {} {why}", if *asked { "asked" } else { "not-asked" })
}

/// What became of the legs of a transfer that fell apart at the turn of the month.
type Arranged = fn(&mut RawBooks, &Transfer);

/// Every way in which a transfer's other half may fail to come; the class where the customer's leg was to come, and the
/// class where the partner's was.
const UNCLEARED: [(&str, Arranged, Class, Class); 6] = [
    ("no credit", |books, it| lose(books, &it.credit.id), Class::UnpairedDebit, Class::UnpairedDebit),
    ("no debit", |books, it| lose(books, &it.debit.id), Class::UnpairedCredit, Class::UnpairedCredit),
    (
        "neither",
        |books, it| {
            lose(books, &it.credit.id);
            lose(books, &it.debit.id);
        },
        Class::UnpairedDebit,
        Class::UnpairedCredit,
    ),
    (
        "another amount",
        |books, it| change(books, &it.credit.id, |row| row.amount = "0.01".into()),
        Class::AmountDiffers,
        Class::AmountDiffers,
    ),
    (
        "another currency",
        |books, it| change(books, &it.credit.id, |row| row.currency = "USD".parse().unwrap()),
        Class::CurrencyDiffers,
        Class::CurrencyDiffers,
    ),
    (
        "a credit that only the master knows",
        |books, it| books.rows(&ledger(&it.account)).retain(|row| row.id != it.credit.id),
        Class::UnpairedDebit,
        Class::UnpairedCredit,
    ),
];

#[test]
fn a_transfer_that_fell_apart_at_the_turn_of_the_month_clears_or_becomes_a_break() {
    let (mut sound, it) = with_transfer();
    into_the_month_before(&mut sound, &it.debit.id);
    into_the_month_before(&mut sound, &it.credit.id);
    let timing = open(Class::Timing, &it.account, &[&it.debit.id, &it.credit.id], &sound);
    let cleared = judged(sound.clone(), timing.clone(), Amount::ZERO);
    assert_eq!(became(&cleared), "resolved asked its entries are in both books now and agree");
    assert_eq!(found(&cleared), Vec::<&Break>::new());
    for (name, arrange, customer_due, partner_due) in UNCLEARED {
        let mut books = sound.clone();
        arrange(&mut books, &it);
        let copy = |row: &Row| books.ledgers[&List::Master].rows.iter().find(|it| it.id == row.id).cloned();
        let shown = |row: Option<Row>| {
            row.map_or("absent".to_owned(), |row| {
                let amount = row.amount.parse::<Amount>().unwrap();
                if name == "another currency" { format!("{amount} {}", row.currency) } else { amount.to_string() }
            })
        };
        let (debit, credit) = (shown(copy(&it.debit)), shown(copy(&it.credit)));
        let turned = OpenBreak {
            master_value: timing.customer_value.clone(),
            customer_value: timing.master_value.clone(),
            ..timing.clone()
        };
        for (open, class) in [(&timing, customer_due), (&turned, partner_due)] {
            let after = judged(books.clone(), open.clone(), Amount::ZERO);
            let [found] = found(&after)[..] else { panic!("{name}: {:?}", after.breaks) };
            assert_eq!((found.class(), found.entry_ids()), (class, &open.entry_ids[..]), "{name}");
            assert_eq!((found.master_value(), found.customer_value()), (&*debit, &*credit), "{name}");
            assert!(
                found.legs().is_empty() && found.effect().is_zero(),
                "{name}: no total of this month differs by it"
            );
            assert!(became(&after).starts_with("replaced asked its entries are reported as"), "{name}");
            assert!(found.explanation().contains("left the partner's wallet"), "{name}: {}", found.explanation());
        }
    }
}

#[test]
fn one_leg_of_a_transfer_is_settled_when_the_other_has_come() {
    let (mut books, it) = with_transfer();
    into_the_month_before(&mut books, &it.debit.id);
    into_the_month_before(&mut books, &it.credit.id);
    let unpaired = open(Class::UnpairedCredit, &it.account, &[&it.credit.id], &books);
    let become_of = |books: &RawBooks| became(&judged(books.clone(), unpaired.clone(), Amount::ZERO));
    assert_eq!(become_of(&books), "resolved asked its entries are in both books now and agree");
    lose(&mut books, &it.debit.id);
    assert_eq!(become_of(&books), "persisting asked its entries still do not agree", "both books hold the credit");
    // Where the master shows no entry of the partner's own, nothing is paired, and both books are all there is.
    books.rows(&List::Master).retain(|row| row.account_id != it.debit.account_id);
    assert_eq!(become_of(&books), "resolved asked its entries are in both books now and agree");
}

#[test]
fn an_entry_is_settled_only_by_copies_that_agree_in_everything() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) =
        books.accounts.iter().find_map(|(id, _)| Some((id.clone(), plain_debit(&books, id, &[])?))).unwrap();
    into_the_month_before(&mut books, &row.id);
    let missing = open(Class::MissingFromCustomer, &account, &[&row.id], &books);
    let agree = "resolved asked its entries are in both books now and agree";
    let differ = "persisting asked its entries still do not agree";
    let cent = |row: &mut Row| row.amount = (row.amount.parse::<Amount>().unwrap() + amount("0.01")).to_text(2).into();
    let cases: [Case<'_>; 7] = [
        ("alike", &|_| {}, "0", agree),
        ("a cent, exactly", &|books| only_the_customers(books, &account, &row.id, cent), "0", differ),
        ("a cent, tolerated", &|books| only_the_customers(books, &account, &row.id, cent), "0.01", agree),
        ("not settled", &|books| change(books, &row.id, |row| row.status = "pending"), "0", differ),
        ("an unknown type", &|books| change(books, &row.id, |row| row.kind = "mystery"), "0", differ),
        (
            "a correction by hand",
            &|books| change(books, &row.id, |row| row.description = "Manual adjustment".into()),
            "0",
            agree,
        ),
        ("the customer's alone", &|books| books.rows(&List::Master).retain(|it| it.id != row.id), "0", differ),
    ];
    for (name, arrange, tolerance, expected) in cases {
        let mut books = books.clone();
        arrange(&mut books);
        assert_eq!(became(&judged(books, missing.clone(), amount(tolerance))), expected, "{name}");
    }
}

pub(crate) fn only_the_customers(books: &mut RawBooks, account: &str, id: &str, change: impl Fn(&mut Row)) {
    books.rows(&ledger(account)).iter_mut().filter(|row| *row.id == *id).for_each(change);
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A break on a wallet that the last run of the same month left open, and what becomes of it.
pub(crate) fn wallet_again(
    books: &Books,
    carried: &tieout::domain::Carried,
    open: &OpenBreak,
) -> (String, Reconciliation) {
    let again = Again { run: "2026-03".to_owned(), seal: "5ea1".repeat(16), open: vec![open.clone()] };
    let options = Options { carried: Some(carried), again: Some(&again), ..Options::default() };
    let it = reconcile(books, &options).unwrap();
    (became(&it), it)
}

#[test]
fn a_break_on_a_wallet_is_gone_only_where_the_wallet_is_evidenced() {
    let raw = RawBooks::read(WORLD);
    let (one, other) = (raw.accounts[0].0.clone(), raw.accounts[1].0.clone());
    let lacking = OpenBreak { field: "closing".to_owned(), ..open(Class::RollForward, &one, &[], &raw) };
    let total =
        OpenBreak { account: None, class: Class::WalletTotal, field: "total_balance".to_owned(), ..lacking.clone() };
    let (books, carried) = handed(raw.clone(), Vec::new());
    let unread = |account: &str| {
        let (mut books, _) = handed(raw.clone(), Vec::new());
        books.wallets.get_mut(account).unwrap().live = None;
        books
    };
    let gone = "resolved asked this run reads the same month and no longer finds it";
    let unknown = "persisting not-asked not asked again: the wallet is not evidenced this time";
    assert_eq!(wallet_again(&books, &carried, &lacking).0, gone);
    assert_eq!(wallet_again(&unread(&other), &carried, &lacking).0, gone, "another wallet is no matter of this one");
    assert_eq!(wallet_again(&unread(&one), &carried, &lacking).0, unknown);
    // An opening that is implied by the closing cannot contradict it.
    let first_close = tieout::domain::Carried { adjoins: false, ..carried.clone() };
    assert_eq!(wallet_again(&books, &first_close, &lacking).0, unknown);
    assert_eq!(wallet_again(&books, &carried, &total).0, gone);
    let silent = Books { dashboard: None, ..books };
    assert_eq!(wallet_again(&silent, &carried, &total).0, unknown);
    assert_eq!(wallet_again(&silent, &carried, &lacking).0, gone);
}

#[test]
fn a_break_on_a_wallet_that_differs_by_something_else_now_is_replaced() {
    let raw = RawBooks::read(WORLD);
    let (one, other) = (raw.accounts[0].0.clone(), raw.accounts[1].0.clone());
    let lacking = OpenBreak { field: "closing".to_owned(), ..open(Class::RollForward, &one, &[], &raw) };
    let (books, mut carried) = handed(raw, Vec::new());
    carried.closings.iter_mut().find(|it| it.account == one).unwrap().amount += amount("3");
    let (state, it) = wallet_again(&books, &carried, &lacking);
    let found = it.breaks.iter().find(|found| found.class() == Class::RollForward).unwrap();
    assert_eq!(state, format!("replaced asked its entries are reported as roll-forward now: {}", found.id()));
    assert_eq!(it.carried[0].by.as_deref(), Some(found.id()));
    // The break of another wallet does not speak of it.
    let of_other = OpenBreak { account: Some(other), ..lacking.clone() };
    let (state, _) = wallet_again(&books, &carried, &of_other);
    assert_eq!(state, "resolved asked this run reads the same month and no longer finds it");
    // Nor does it speak of another month's: that is carried, not found again.
    carried.open = vec![lacking];
    let it = reconcile(&books, &Options { carried: Some(&carried), ..Options::default() }).unwrap();
    assert_eq!(became(&it), "persisting not-asked not asked again: this month's evidence does not reach it");
}

/// A debit of the month that stands in both books alike, and its customer.
pub(crate) fn plain(books: &RawBooks) -> (String, Row) {
    books.accounts.iter().find_map(|(id, _)| Some((id.clone(), plain_debit(books, id, &[])?))).unwrap()
}

#[test]
fn only_the_opposite_of_a_timing_difference_clears_it() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) = plain(&books);
    // This month the customer alone has it: by so much the master has less.
    let start = books.month(books.zone).start;
    books.rows(&List::Master).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.created_at = start - HALF_A_DAY);
    let worth = amount(&row.amount);
    let before = |class, effect, currency: &str| OpenBreak {
        effect,
        currency: Some(currency.parse().unwrap()),
        ..open(class, &account, &[&row.id], &books)
    };
    let cases = [
        (before(Class::Timing, worth, "INR"), "resolved asked its other half"),
        (before(Class::Timing, -worth, "INR"), "replaced asked"),
        (before(Class::Timing, worth + amount("0.01"), "INR"), "replaced asked"),
        (before(Class::Timing, worth, "USD"), "replaced asked"),
        (before(Class::MissingFromCustomer, worth, "INR"), "replaced asked"),
    ];
    for (open, expected) in cases {
        let it = judged(books.clone(), open.clone(), Amount::ZERO);
        let [found] = found(&it)[..] else { panic!("{:?}", it.breaks) };
        assert_eq!((found.class(), found.effect()), (Class::Timing, -worth));
        assert!(became(&it).starts_with(expected), "{open:?}: {}", became(&it));
        assert_eq!(it.carried[0].by.as_deref(), Some(found.id()));
    }
    // Within one month there is no other half: the same entry is reported as something else.
    let (settled, carried) = handed(books.clone(), Vec::new());
    let (state, _) = wallet_again(&settled, &carried, &before(Class::Timing, worth, "INR"));
    assert!(state.starts_with("replaced asked"), "{state}");
}

#[test]
fn a_further_run_of_a_month_takes_back_what_it_no_longer_finds_and_nothing_that_a_seal_says() {
    let raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    let gone = "resolved asked this run reads the same month and no longer finds it";
    let (books, carried) = handed(raw.clone(), Vec::new());
    let of = |class| open(class, &account, &[&row.id], &raw);
    assert_eq!(wallet_again(&books, &carried, &of(Class::AmountDiffers)).0, gone);
    for class in [Class::LateEntry, Class::ChangedAfterSeal, Class::VanishedAfterSeal] {
        let expected = "persisting asked its entries still do not agree";
        assert_eq!(wallet_again(&books, &carried, &of(class)).0, expected, "{class}");
    }
    // An account that no list holds is one of the account list's own findings, and it was asked again.
    let stranger = open(Class::UnknownAccount, "MA_99999999", &["gone"], &raw);
    assert_eq!(wallet_again(&books, &carried, &stranger).0, gone);
    let unlisted = open(Class::AmountDiffers, "MA_99999999", &["gone"], &raw);
    let expected = "persisting not-asked not asked again: the account list no longer holds MA_99999999";
    assert_eq!(wallet_again(&books, &carried, &unlisted).0, expected);
    // The partner stands on no list of customers.
    let partners = OpenBreak { field: "closing".to_owned(), ..open(Class::RollForward, &raw.partner, &[], &raw) };
    assert_eq!(wallet_again(&books, &carried, &partners).0, gone);
    // A notice on the same entry takes the place of nothing.
    let mut rounded = raw.clone();
    only_the_customers(&mut rounded, &account, &row.id, |row| {
        row.amount = (amount(&row.amount) + amount("0.01")).to_text(2).into();
    });
    let open = OpenBreak { id: "B-00".to_owned(), ..of(Class::AmountDiffers) };
    let again = Again { run: "2026-03".to_owned(), seal: "5ea1".repeat(16), open: vec![open] };
    let (books, carried) = handed(rounded, Vec::new());
    let options =
        Options { carried: Some(&carried), again: Some(&again), tolerance: amount("0.01"), ..Options::default() };
    let it = reconcile(&books, &options).unwrap();
    assert!(it.breaks.iter().any(|found| found.class() == Class::RoundingDiffers), "{:?}", it.breaks);
    assert_eq!(became(&it), gone);
}

#[test]
fn a_timing_difference_that_the_customer_alone_still_shows_is_missing_from_the_master() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) = plain(&books);
    into_the_month_before(&mut books, &row.id);
    let timing = open(Class::Timing, &account, &[&row.id], &books);
    books.rows(&List::Master).retain(|it| it.id != row.id);
    let it = judged(books, timing, Amount::ZERO);
    let [found] = found(&it)[..] else { panic!("{:?}", it.breaks) };
    let shown = amount(&row.amount).to_string();
    let values = (found.class(), found.master_value(), found.customer_value());
    assert_eq!(values, (Class::MissingFromMaster, "absent", &*shown));
}

#[test]
fn a_timing_difference_of_which_nothing_is_left_is_missing_where_its_later_half_was_due() {
    let mut books = RawBooks::read(WORLD);
    let (account, row) = plain(&books);
    let timing = open(Class::Timing, &account, &[&row.id], &books);
    let turned = OpenBreak {
        master_value: timing.customer_value.clone(),
        customer_value: timing.master_value.clone(),
        ..timing.clone()
    };
    lose(&mut books, &row.id);
    for (open, class) in [(timing, Class::MissingFromCustomer), (turned, Class::MissingFromMaster)] {
        let it = judged(books.clone(), open, Amount::ZERO);
        assert_eq!(found(&it).iter().map(|it| it.class()).collect::<Vec<_>>(), [class]);
    }
}

#[test]
fn a_list_that_is_not_whole_bears_on_its_own_account_and_the_masters_on_all() {
    let raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    let other = raw.accounts.iter().map(|(id, _)| id).find(|id| **id != account).unwrap();
    let open = open(Class::AmountDiffers, &account, &[&row.id], &raw);
    let gone = "resolved asked this run reads the same month and no longer finds it";
    let unknown = "persisting not-asked not asked again: the books were not read whole";
    for (list, expected) in [(ledger(other), gone), (ledger(&account), unknown), (List::Master, unknown)] {
        let (mut books, carried) = handed(raw.clone(), Vec::new());
        let control = &mut books.lists.iter_mut().find(|record| record.list == list).unwrap().control;
        control.total = control.total.map(|total| total + 1);
        assert_eq!(wallet_again(&books, &carried, &open).0, expected, "{list}");
    }
}

#[test]
fn without_the_master_ledger_nothing_is_taken_back_unless_there_is_none() {
    let mut raw = RawBooks::read(WORLD);
    let (account, row) = plain(&raw);
    let open = open(Class::AmountDiffers, &account, &[&row.id], &raw);
    raw.make_honest();
    raw.ledgers.get_mut(&List::Master).unwrap().state = State::Missing;
    let books = raw.settled(&Layout::default(), &RateCard::default()).books;
    let again = Again { run: "2026-03".to_owned(), seal: "5ea1".repeat(16), open: vec![open] };
    let unread = "persisting not-asked not asked again: the master ledger could not be read";
    let gone = "resolved asked this run reads the same month and no longer finds it";
    for (master_declared_absent, expected) in [(false, unread), (true, gone)] {
        let options = Options { again: Some(&again), master_declared_absent, ..Options::default() };
        assert_eq!(became(&reconcile(&books, &options).unwrap()), expected);
    }
}
