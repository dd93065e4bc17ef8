//! Corners that drawn books seldom reach: the other side of a rule, one example each, in sound books of which one thing is
//! changed.

use tieout::domain::{
    Action, Amount, Break, Class, Control, Decision, Family, Figure, List, Origin, Severity, UnreadableRow,
};
use tieout::invoice::RateCard;
use tieout::normalise::{Books, ListRecord};
use tieout::reconcile::{Options, Reconciliation, reconcile};
use tieout::simulator::Row;

use crate::books::{Layout, RawBooks, State, ledger};
use crate::cash_damage::plain_debit;

const WORLD: &str = "name = 'n'\nprose = 'p'\nseed = 4\n[expected]\nverdict = 'tied-out'\n[world]\nunsettled = 4\n";

pub(crate) fn raw() -> RawBooks {
    RawBooks::read(WORLD)
}

pub(crate) fn books() -> Books {
    of(&raw())
}

pub(crate) fn of(raw: &RawBooks) -> Books {
    raw.settled(&Layout::default(), &RateCard::default()).books
}

pub(crate) fn judged(books: &Books) -> Reconciliation {
    reconcile(books, &Options::default()).unwrap()
}

/// Breaks of a family, each as its class, account, field and both values.
fn of_family(it: &Reconciliation, family: Family) -> Vec<(Class, &str, &str, &str, &str)> {
    let breaks = it.breaks.iter().filter(|found| found.class().family() == family);
    breaks
        .map(|it| (it.class(), it.account().unwrap_or(""), it.field(), it.master_value(), it.customer_value()))
        .collect()
}

/// The ledger with the most entries, as it was read.
pub(crate) fn longest(books: &mut Books) -> &mut ListRecord {
    let ledgers = books.lists.iter_mut().filter(|record| record.list.owner().is_some());
    ledgers.max_by_key(|record| record.rows).unwrap()
}

/// What is done to the books, whether it bears on them, and what is left.
type Damage<'a> = (&'a str, &'a dyn Fn(&mut RawBooks), bool, [bool; 4]);

#[test]
fn a_list_is_counted_by_its_own_total_or_else_by_its_summary() {
    type Case = (&'static str, fn(&mut Control, u64), Option<&'static str>);
    let cases: [Case; 5] = [
        ("the summary's count alone", |it, rows| (it.total, it.transactions) = (None, Figure::Known(rows)), None),
        (
            "the summary's count alone, one more",
            |it, rows| (it.total, it.transactions) = (None, Figure::Known(rows + 1)),
            Some("total_transactions"),
        ),
        ("no count", |it, _| (it.total, it.transactions) = (None, Figure::Absent), Some("total")),
        ("one more in all", |it, rows| it.total = Some(rows + 1), Some("total")),
        (
            "a summary that counts more",
            |it, rows| it.transactions = Figure::Known(rows + 1),
            Some("total_transactions"),
        ),
    ];
    for (name, change, expected) in cases {
        let mut books = books();
        let record = longest(&mut books);
        let rows = record.rows;
        change(&mut record.control, rows);
        let it = judged(&books);
        let found = of_family(&it, Family::Completeness);
        let fields: Vec<&str> = found.iter().map(|(_, _, field, ..)| *field).collect();
        assert_eq!(fields, expected.into_iter().collect::<Vec<_>>(), "{name}: {found:?}");
        assert!(
            found.iter().all(|(class, .., received)| *class == Class::ControlTotal && **received == rows.to_string())
        );
        assert_eq!(it.verdict.0 == Severity::Incomplete, expected.is_some(), "{name}");
    }
}

#[test]
fn of_a_summary_only_what_is_wrong_is_told() {
    let mut books = books();
    let accounts = judged(&books).accounts;
    // Of a ledger with unsettled entries it counts the settled ones, as it may; one of its sums is wrong.
    let one = accounts.iter().find(|it| it.unsettled > 0 && it.account.starts_with("MA_")).unwrap();
    let list = ledger(&one.account);
    let record = books.lists.iter_mut().find(|record| record.list == list).unwrap();
    let control = &mut record.control;
    control.transactions = Figure::Known(record.rows - one.unsettled);
    control.debit = control.debit.map(|debit| debit + "1".parse().unwrap());
    control.net = Figure::Absent;
    let probe = judged(&books);
    let found: Vec<&Break> = probe.breaks.iter().filter(|it| it.class() == Class::ControlTotal).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].field(), "total_debit");
    let told = found[0].explanation();
    assert!(!told.contains("total_transactions") && !told.contains("total_credit"), "{told}");
}

#[test]
fn a_net_amount_that_contradicts_its_own_sums_is_told_with_the_difference() {
    let mut books = books();
    let control = &mut longest(&mut books).control;
    let (debit, credit) = (control.debit.known().unwrap(), control.credit.known().unwrap());
    let one: Amount = "1".parse().unwrap();
    control.net = Figure::Known(credit - debit + one);
    let it = judged(&books);
    let found: Vec<&Break> = it.breaks.iter().filter(|it| it.class() == Class::CrossFoot).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let values = (found[0].master_value().to_owned(), found[0].customer_value().to_owned());
    assert_eq!(values, ((credit - debit + one).to_string(), (credit - debit).to_string()));
    assert!(found[0].explanation().ends_with("(difference 1.00)"), "{}", found[0].explanation());
}

#[test]
fn type_filters_that_select_every_entry_once_or_that_are_ignored_say_nothing() {
    type Case = (&'static str, fn(u64) -> [u64; 4], bool);
    let cases: [Case; 4] = [
        ("each once", |rows| [rows - 3, 1, 1, 1], false),
        ("ignored", |rows| [rows; 4], false),
        ("one too few", |rows| [rows - 1, 0, 0, 0], true),
        ("one too many", |rows| [rows, 0, 0, 1], true),
    ];
    for (name, selected, told) in cases {
        let mut books = books();
        let record = longest(&mut books);
        record.by_type = Some(selected(record.rows));
        let it = judged(&books);
        assert_eq!(it.breaks.iter().any(|it| it.field() == "transaction_type"), told, "{name}");
        let record = longest(&mut books);
        record.unreadable = 1;
        let it = judged(&books);
        assert!(!it.breaks.iter().any(|it| it.field() == "transaction_type"), "{name}: a row without a type");
    }
}

#[test]
fn a_ledger_of_an_account_that_the_list_does_not_hold_is_told_once() {
    let mut books = books();
    let account = longest(&mut books).list.owner().unwrap().to_string();
    let rows = longest(&mut books).rows;
    books.customers.remove(&account);
    books.wallets.remove(&account);
    let it = judged(&books);
    let strange = |it: &Reconciliation| -> Vec<(String, String)> {
        let found = it.breaks.iter().filter(|it| it.class() == Class::UnknownAccount);
        found.map(|it| (it.account().unwrap().to_owned(), it.field().to_owned())).collect()
    };
    assert_eq!(strange(&it), [(account.clone(), "account".to_owned())]);
    assert!(it.breaks.iter().any(|it| it.explanation().contains(&format!("holds {rows} entries"))));
    assert!(it.tied.iter().all(|it| it.account() != account), "nobody bills whom no list holds");
    assert_eq!(it.held.iter().filter(|it| it.account == account).count(), 1);
    // Where it has no entry, there is nothing to tell of it.
    longest(&mut books).rows = 0;
    assert!(!judged(&books).breaks.iter().any(|it| it.explanation().contains("holds 0 entries")));
    books.lists.iter_mut().find(|record| record.list == ledger(&account)).unwrap().rows = rows;
    // A row of the account list that cannot be read names it already; another's does not.
    let refused = |account: &str| UnreadableRow {
        list: List::Accounts,
        origin: Origin { page: 1, row: 1 },
        id: None,
        account: Some(account.to_owned()),
        reason: "its name is no text".to_owned(),
    };
    books.unreadable = vec![refused("MA_77777777")];
    assert_eq!(strange(&judged(&books)).len(), 1);
    books.unreadable = vec![refused(&account)];
    assert_eq!(strange(&judged(&books)), []);
    let mut elsewhere = refused(&account);
    elsewhere.list = List::Master;
    books.unreadable = vec![elsewhere];
    assert_eq!(strange(&judged(&books)).len(), 1, "the master's rows are no account list's");
}

#[test]
fn the_dashboard_is_held_against_a_whole_account_list_only() {
    let base = judged(&books());
    assert!(base.wallet_total.is_some());
    let held = |change: &dyn Fn(&mut Books)| {
        let mut books = books();
        change(&mut books);
        let it = judged(&books);
        (it.wallet_total.is_some(), it.scope.iter().any(|limit| limit.contains("the account list was not read whole")))
    };
    let row = || UnreadableRow {
        list: List::Accounts,
        origin: Origin { page: 1, row: 1 },
        id: None,
        account: None,
        reason: "no account id".to_owned(),
    };
    let counted_more = |books: &mut Books| {
        let list = books.lists.iter_mut().find(|it| it.list == List::Accounts).unwrap();
        list.control.total = list.control.total.map(|total| total + 1);
    };
    assert_eq!(held(&|books| books.unreadable.push(row())), (false, true));
    assert_eq!(held(&counted_more), (false, true));
    assert_eq!(held(&|books| books.unwalkable.push("MA/1".to_owned())), (false, true));
    assert_eq!(held(&|books| books.unreadable.push(UnreadableRow { list: List::Master, ..row() })), (true, false));
}

#[test]
fn an_entry_of_a_customer_whose_ledger_is_missing_is_judged_where_it_stands_in_anothers() {
    let mut raw = raw();
    let (account, row) = somebody(&raw);
    let other = raw.accounts.iter().map(|(id, _)| id.clone()).find(|id| *id != account).unwrap();
    let missing = |raw: &mut RawBooks| raw.ledgers.get_mut(&ledger(&account)).unwrap().state = State::Missing;
    let mut alone = raw.clone();
    missing(&mut alone);
    let of_entry = |raw: &RawBooks| -> Vec<Class> {
        let it = judged(&of(raw));
        assert!(it.breaks.iter().any(|it| it.class() == Class::MissingLedger));
        it.breaks.iter().filter(|it| it.entry_ids().contains(&row.id.to_string())).map(Break::class).collect()
    };
    assert_eq!(of_entry(&alone), [], "its side of the master is not told entry by entry");
    raw.rows(&ledger(&other)).push(row.clone());
    raw.make_honest();
    missing(&mut raw);
    assert_eq!(of_entry(&raw), [Class::AccountDiffers]);
}

#[test]
fn whom_the_master_alone_charges_is_held_in_every_currency_and_beside_others() {
    let mut raw = raw();
    let (account, row) = somebody(&raw);
    let stranger = "MA_99999999";
    {
        let master = raw.rows(&List::Master);
        master.iter_mut().filter(|it| it.id == row.id).for_each(|it| it.currency = "USD".parse().unwrap());
        let strange = Row { id: "strange".into(), account_id: stranger.into(), ..row.clone() };
        master.push(strange);
    }
    raw.make_honest();
    raw.ledgers.get_mut(&ledger(&account)).unwrap().state = State::Missing;
    let it = judged(&of(&raw));
    let held: Vec<(&str, &str)> = it.held.iter().map(|it| (it.account.as_str(), it.currency.code())).collect();
    assert_eq!(held, [(stranger, "INR"), (&*account, "INR"), (&*account, "USD")]);
    let usd = it.held.iter().find(|it| it.currency.code() == "USD").unwrap();
    assert_eq!(usd.cost_base, row.amount.parse().unwrap());
    // What somebody accepts of an account that no list holds gives it no invoice.
    let found = it.breaks.iter().find(|it| it.account() == Some(stranger)).unwrap();
    let decisions = [Decision {
        break_id: found.id().to_owned(),
        action: Action::Accept,
        amount: Some(found.effect()),
        to: None,
        note: "agreed".to_owned(),
        by: "Asha".to_owned(),
        until: None,
        at: "2026-04-03T00:00:00Z".to_owned(),
    }];
    let it = reconcile(&of(&raw), &Options { decisions: &decisions, ..Options::default() }).unwrap();
    let held = it.held.iter().find(|it| it.account == stranger).unwrap();
    assert_eq!(held.reason, "unknown-account (1), accepted");
    // Where the customer's own ledger was read, what it charges is told once, by that ledger.
    raw.ledgers.get_mut(&ledger(&account)).unwrap().state = State::Read;
    let it = judged(&of(&raw));
    let held: Vec<(&str, &str)> = it.held.iter().map(|it| (it.account.as_str(), it.currency.code())).collect();
    assert_eq!(held, [(stranger, "INR"), (&*account, "INR")]);
}

#[test]
fn the_id_of_a_row_that_cannot_be_read_hangs_on_its_place_only_where_it_has_no_id() {
    let at = |page: u32, id: Option<&str>| {
        let mut books = books();
        books.unreadable.push(UnreadableRow {
            list: List::Master,
            origin: Origin { page, row: 1 },
            id: id.map(ToOwned::to_owned),
            account: None,
            reason: "its amount is no number".to_owned(),
        });
        let it = judged(&books);
        it.breaks.iter().find(|it| it.class() == Class::UnreadableEntry).unwrap().id().to_owned()
    };
    assert_ne!(at(1, None), at(2, None), "two rows are two findings");
    assert_eq!(at(1, Some("e-1")), at(2, Some("e-1")), "where an entry was read is no part of it");
    assert_ne!(at(1, Some("e-1")), at(1, Some("e-2")));
}

#[test]
fn what_the_evidence_cannot_show_is_told_and_nothing_else() {
    let limits = [
        "declare that this partner has no master ledger",
        "nothing ties out without it",
        "1 of 6 customers' ledgers could not be read",
        "the pairing of transfers is not evidenced",
    ];
    let none_of_ours = |raw: &mut RawBooks| {
        let partner = raw.partner.clone();
        raw.rows(&List::Master).retain(|row| *row.account_id != *partner);
        raw.make_honest();
    };
    let without = |raw: &mut RawBooks, list: &List| raw.ledgers.get_mut(list).unwrap().state = State::Missing;
    let first = ledger(&raw().accounts[0].0);
    let cases: [Damage<'_>; 7] = [
        ("whole", &|_| {}, false, [false; 4]),
        ("a master ledger that is there though declared absent", &|_| {}, true, [false; 4]),
        ("no master ledger", &|raw| without(raw, &List::Master), false, [false, true, false, false]),
        ("none, as declared", &|raw| without(raw, &List::Master), true, [true, false, false, false]),
        ("a customer's lacking", &|raw| without(raw, &first), false, [false, false, true, false]),
        ("no entry of the partner's", &none_of_ours, false, [false, false, false, true]),
        ("the same, declared absent", &none_of_ours, true, [false, false, false, true]),
    ];
    for (name, change, master_declared_absent, expected) in cases {
        let mut raw = raw();
        change(&mut raw);
        let it = reconcile(&of(&raw), &Options { master_declared_absent, ..Options::default() }).unwrap();
        let told = limits.map(|limit| it.scope.iter().any(|sentence| sentence.contains(limit)));
        assert_eq!(told, expected, "{name}: {:?}", it.scope);
    }
}

#[test]
fn an_account_named_otherwise_on_either_side_is_told() {
    let sound = raw();
    let (account, row) = somebody(&sound);
    let other = sound.accounts.iter().map(|(id, _)| id.clone()).find(|id| *id != account).unwrap();
    for list in [List::Master, ledger(&account)] {
        let mut raw = sound.clone();
        raw.rows(&list).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.account_id = (&*other).into());
        let it = judged(&of(&raw));
        let found = it.breaks.iter().filter(|it| it.entry_ids().contains(&row.id.to_string()));
        assert_eq!(found.map(Break::class).collect::<Vec<_>>(), [Class::AccountDiffers], "{list}");
    }
}

#[test]
fn a_row_that_cannot_be_read_lends_its_side_no_value_of_the_other() {
    let mut raw = raw();
    let (account, row) = somebody(&raw);
    raw.rows(&List::Master).retain(|it| it.id != row.id);
    raw.make_honest();
    let mut books = of(&raw);
    books.unreadable.push(UnreadableRow {
        list: ledger(&account),
        origin: Origin { page: 1, row: 1 },
        id: Some(row.id.to_string()),
        account: Some(account),
        reason: "its amount is no number".to_owned(),
    });
    let it = judged(&books);
    let found = it.breaks.iter().find(|it| it.class() == Class::UnreadableEntry).unwrap();
    assert_eq!((found.master_value(), found.customer_value()), ("absent", "unreadable"));
}

#[test]
fn a_transfer_that_differs_twice_alike_is_told_by_its_legs() {
    let mut raw = raw();
    let credit = transfer(&raw);
    let cents = |text: &str, more: &str| (amount(text) + amount(more)).to_text(2);
    raw.rows(&List::Master)
        .iter_mut()
        .filter(|row| row.id == credit.id)
        .for_each(|row| row.amount = cents(&row.amount, "-1").into());
    raw.rows(&ledger(&credit.account_id))
        .iter_mut()
        .filter(|row| row.id == credit.id)
        .for_each(|row| row.amount = cents(&row.amount, "-2").into());
    raw.make_honest();
    let it = judged(&of(&raw));
    let found: Vec<&Break> = it.breaks.iter().filter(|it| it.class() == Class::AmountDiffers).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    // What left the partner's wallet, and what the master says that the customer received.
    let sent = amount(&credit.amount);
    let values = [found[0].master_value(), found[0].customer_value()].map(amount);
    assert_eq!(values, [sent, sent - amount("1")]);
    assert_eq!(found[0].entry_ids().len(), 2);
}

#[test]
fn an_entry_between_the_calendars_stays_where_the_partners_puts_it() {
    let hour = 3_600_000_000;
    for (at, said) in [
        (raw().month(chrono_tz::Tz::Asia__Kolkata).start + hour, "lies inside the period by the partner's calendar"),
        (raw().month(chrono_tz::Tz::Asia__Kolkata).end + hour, "lies outside the period by the partner's calendar"),
    ] {
        let mut raw = raw();
        let (account, row) = somebody(&raw);
        for list in [List::Master, ledger(&account)] {
            raw.rows(&list).iter_mut().filter(|it| it.id == row.id).for_each(|it| it.created_at = at);
        }
        let it = judged(&of(&raw));
        let found = it.breaks.iter().find(|it| it.entry_ids().contains(&row.id.to_string())).unwrap();
        // At the month's end it is a matter of the next month, at its beginning of none.
        assert_eq!(it.histories[found.id()].open, said.contains("outside"));
        let (by, at) = if said.contains("inside") { ("outside", "inside") } else { ("inside", "outside") };
        let stays = &format!("{by} by UTC's: it stays {at}");
        assert!(
            found.explanation().contains(said) && found.explanation().ends_with(stays.as_str()),
            "{}",
            found.explanation()
        );
    }
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A customer, and a debit of the month that stands in both books alike.
pub(crate) fn somebody(raw: &RawBooks) -> (String, Row) {
    raw.accounts.iter().find_map(|(id, _)| Some((id.clone(), plain_debit(raw, id, &[])?))).unwrap()
}

/// The credit of a transfer in the month whose reference no further entry carries, as the master has it.
pub(crate) fn transfer(raw: &RawBooks) -> Row {
    let master = &raw.ledgers[&List::Master].rows;
    let month = raw.month(raw.zone);
    let is_alone = |row: &&Row| {
        let same = master.iter().filter(|it| it.reference.is_some() && it.reference == row.reference).count();
        *row.account_id != *raw.partner && row.kind == "credit" && same == 2 && month.contains(&row.created_at)
    };
    master.iter().find(is_alone).expect("a transfer").clone()
}
