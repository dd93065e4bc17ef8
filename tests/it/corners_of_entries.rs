//! Corners of single entries: what is told of one that differs in currency, lies in two customers' ledgers, or falls into the
//! month before, and what is proposed for it.

use tieout::domain::{Break, Class, List};
use tieout::reconcile::{Correction, Options, Reconciliation, reconcile};

use crate::books::{RawBooks, State, ledger};
use crate::corners::{amount, judged, of, raw, somebody, transfer};

/// The one break that names an entry.
fn told<'a>(it: &'a Reconciliation, id: &str) -> &'a Break {
    let found: Vec<&Break> = it.breaks.iter().filter(|it| it.entry_ids().iter().any(|own| own == id)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

/// What is proposed because of a break, each step with what it says.
fn proposed<'a>(it: &'a Reconciliation, found: &Break) -> Vec<(Correction, &'a str)> {
    let steps = it.proposals.iter().flat_map(|it| &it.proposal.steps);
    let of = steps.filter(|step| step.break_id.as_deref() == Some(found.id()));
    of.map(|step| (step.correction, step.explanation.as_str())).collect()
}

fn only(books: &mut RawBooks, list: &List, id: &str, change: impl Fn(&mut tieout::simulator::Row)) {
    books.rows(list).iter_mut().filter(|row| *row.id == *id).for_each(change);
}

#[test]
fn a_break_over_two_currencies_is_worth_what_it_is_in_its_own() {
    let mut books = raw();
    let (account, row) = somebody(&books);
    only(&mut books, &ledger(&account), &row.id, |row| row.currency = "USD".parse().unwrap());
    let it = judged(&of(&books));
    let found = told(&it, &row.id);
    assert_eq!((found.class(), found.legs().len()), (Class::CurrencyDiffers, 2));
    let own = found.legs().iter().find(|leg| Some(leg.key.currency) == found.currency()).unwrap();
    assert_eq!((found.effect(), found.gross()), (own.effect, own.effect.abs()));
    assert_eq!(own.effect.abs(), amount(&row.amount));
}

#[test]
fn an_entry_in_the_ledgers_of_two_customers_is_one_copy_too_many() {
    let mut books = raw();
    let (account, row) = somebody(&books);
    let other = books.accounts.iter().map(|(id, _)| id.clone()).find(|id| *id != account).unwrap();
    books.rows(&ledger(&other)).push(tieout::simulator::Row { account_id: (&*other).into(), ..row.clone() });
    books.make_honest();
    let it = judged(&of(&books));
    let found = told(&it, &row.id);
    assert_eq!(found.class(), Class::MissingFromMaster);
    let steps: Vec<Correction> = proposed(&it, found).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [Correction::DropCopy]);
}

#[test]
fn what_lies_in_two_months_is_to_move_to_where_the_other_side_has_it() {
    for (side_is_master, earlier) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut books = raw();
        let (account, row) = somebody(&books);
        let month = books.month(books.zone);
        let list = if side_is_master { List::Master } else { ledger(&account) };
        // Well beyond the month's end by both calendars, within what is walked.
        let day = 24 * 3_600_000_000;
        let elsewhere = if earlier { month.start - day } else { month.end + day };
        only(&mut books, &list, &row.id, |row| row.created_at = elsewhere);
        let it = judged(&of(&books));
        let found = told(&it, &row.id);
        assert_eq!(found.class(), Class::Timing);
        let [(step, said)] = proposed(&it, found)[..] else { panic!("{:?}", it.proposals) };
        let expected = if earlier { Correction::MoveToPreviousPeriod } else { Correction::MoveToNextPeriod };
        assert_eq!(step, expected, "{said}");
        // What counts in this month is to move.
        let counted = if side_is_master { "in the customers' ledgers: " } else { "in the master ledger: " };
        assert!(said.contains(counted), "{said}");
        assert!(
            it.histories[found.id()].open != earlier,
            "the other half of what the month before had is no matter of the next"
        );
    }
}

#[test]
fn a_negative_amount_is_a_direction_that_differs_in_either_book_and_alone() {
    for in_master in [true, false] {
        let mut books = raw();
        let (account, row) = somebody(&books);
        let list = if in_master { List::Master } else { ledger(&account) };
        only(&mut books, &list, &row.id, |row| row.amount = format!("-{}", row.amount).into());
        assert_eq!(told(&judged(&of(&books)), &row.id).class(), Class::DirectionDiffers);
    }
    let mut books = raw();
    let (account, row) = somebody(&books);
    only(&mut books, &ledger(&account), &row.id, |row| row.amount = format!("-{}", row.amount).into());
    books.make_honest();
    books.ledgers.get_mut(&List::Master).unwrap().state = State::Missing;
    let options = Options { master_declared_absent: true, ..Options::default() };
    let it = reconcile(&of(&books), &options).unwrap();
    assert_eq!(told(&it, &row.id).class(), Class::DirectionDiffers);
}

#[test]
fn a_transfer_may_differ_by_the_tolerance_and_by_no_more() {
    let mut books = raw();
    let credit = transfer(&books);
    let more = (amount(&credit.amount) + amount("1")).to_text(2);
    for list in [List::Master, ledger(&credit.account_id)] {
        only(&mut books, &list, &credit.id, |row| row.amount = more.as_str().into());
    }
    books.make_honest();
    for (tolerance, class) in [("1", Class::RoundingDiffers), ("0.99", Class::AmountDiffers)] {
        let options = Options { tolerance: amount(tolerance), ..Options::default() };
        assert_eq!(told(&reconcile(&of(&books), &options).unwrap(), &credit.id).class(), class);
    }
}

#[test]
fn a_ledger_that_was_not_read_bears_on_its_own_tie_outs_and_the_masters_on_all() {
    let sound = raw();
    let account = somebody(&sound).0;
    let tied = |list: &List| {
        let mut books = sound.clone();
        books.make_honest();
        books.ledgers.get_mut(list).unwrap().state = State::Missing;
        let it = judged(&of(&books));
        let customers = it.tie_outs.iter().filter(|it| it.key().account != *sound.partner);
        let (own, others): (Vec<_>, Vec<_>) = customers.partition(|it| it.key().account == account);
        assert!(!own.is_empty() && !others.is_empty());
        [own, others].map(|of| of.iter().all(|it| it.verdict().ties_out()))
    };
    assert_eq!(tied(&ledger(&account)), [false, true]);
    assert_eq!(tied(&List::Master), [false, false]);
}
