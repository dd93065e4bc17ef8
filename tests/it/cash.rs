//! Proof of cash: each wallet's four columns, for sound books, for books without an entry in either ledger, from a sealed
//! closing and from inception; and the laws that hold for any books.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Break, Carried, Class, Currency, Figure, List, Severity, Side};
use tieout::frame::{LedgerColumns, LedgerFrame};
use tieout::invoice::RateCard;
use tieout::normalise::{Books, Dashboard};
use tieout::reconcile::{OpeningFrom, Options, Reconciliation, reconcile};
use tieout::run::Settled;

use crate::books::{Layout, RawBooks};
use crate::cash_damage::{plain_debit, spoil};
use crate::damage::{damaged, world};
use crate::laws::{agreed, cases};

const WORLD: &str = "name = 'n'\nprose = 'p'\nseed = 4\n[expected]\nverdict = 'tied-out'\n[world]\nunsettled = 0\n";

/// Sound books a month after a sealed one.
fn sound() -> RawBooks {
    let mut books = RawBooks::read(WORLD);
    books.carry();
    books
}

fn settled(books: &RawBooks) -> Settled {
    books.settled(&Layout::default(), &RateCard::default())
}

/// The first customer that has a plain debit, with its currency and that debit.
fn somebody(books: &RawBooks) -> (String, Currency, tieout::simulator::Row) {
    let found =
        books.accounts.iter().find_map(|(id, currency)| Some((id.clone(), *currency, plain_debit(books, id, &[])?)));
    found.expect("a customer with a debit")
}

fn only(found: &[Break]) -> &Break {
    assert_eq!(found.len(), 1, "{found:?}");
    &found[0]
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// The equations: every wallet's differences are the effects of its own breaks, and Σ (closing − opening) is what moved.
fn holds(it: &Reconciliation) -> Result<(), TestCaseError> {
    let mut effects: BTreeMap<(Class, Option<&str>), Amount> = BTreeMap::new();
    for found in it.breaks.iter().filter(|found| found.on_wallet().is_some()) {
        prop_assert!(found.legs().is_empty(), "{found:?}");
        *effects.entry((found.class(), found.account())).or_default() += found.on_wallet().unwrap();
    }
    let mut sums = [Amount::ZERO; 2];
    for wallet in &it.wallets {
        let Some(rolled) = wallet.rolled() else { continue };
        let mut explains = |class| effects.remove(&(class, Some(wallet.account.as_str()))).unwrap_or_default();
        prop_assert_eq!(explains(Class::RollForward), rolled.difference());
        prop_assert_eq!(explains(Class::OpeningDiffers), rolled.opening_difference());
        sums[0] += rolled.closing() - rolled.opening - rolled.difference();
        sums[1] += rolled.credits - rolled.debits;
        prop_assert!(rolled.lowest <= rolled.opening && rolled.lowest <= rolled.expected(), "{wallet:?}");
    }
    let total = it.wallet_total.map_or(Amount::ZERO, |total| total.difference());
    prop_assert_eq!(effects.remove(&(Class::WalletTotal, None)).unwrap_or_default(), total);
    prop_assert!(effects.is_empty(), "{effects:?}");
    prop_assert_eq!(sums[0], sums[1]);
    Ok(())
}

#[test]
fn sound_wallets_are_proved_from_the_sealed_closings() {
    let settled = settled(&sound());
    assert!(settled.reconciliation.breaks.is_empty(), "{:?}", settled.reconciliation.breaks);
    assert_eq!(settled.reconciliation.wallets.len(), 7);
    assert!(settled.reconciliation.wallets.iter().all(|wallet| wallet.verdict() == "proved"));
}

#[test]
fn an_entry_missing_from_both_books_shows_in_the_wallet_alone() {
    let mut books = sound();
    let (account, currency, row) = somebody(&books);
    books.forget(&row);
    let settled = settled(&books);
    let found = only(&settled.reconciliation.breaks);
    let lost: Amount = amount(&row.amount);
    assert_eq!((found.class(), found.account(), found.on_wallet()), (Class::RollForward, Some(&*account), Some(-lost)));
    let difference: Amount = amount(found.master_value()) - amount(found.customer_value());
    assert_eq!(difference, -lost, "both values");
    for part in
        [found.master_value(), found.customer_value(), "`tieout recheck 2026-02`", "the closing that 2026-02 sealed"]
    {
        assert!(found.explanation().contains(part), "{part}: {}", found.explanation());
    }
    assert!(found.explanation().contains(&format!("(difference {})", -lost)), "{}", found.explanation());
    // The customer is held, nobody else; the tie-outs of its ledgers stay as they are.
    assert!(settled.reconciliation.tie_outs.iter().all(|tie_out| tie_out.verdict().ties_out()));
    let flawed = settled.reconciliation.accounts.iter().filter(|it| !it.verdict.ties_out());
    assert_eq!(flawed.map(|it| it.account.as_str()).collect::<Vec<_>>(), [account.as_str()]);
    let held: Vec<&str> = settled.reconciliation.held.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(held, ["roll-forward (1)"]);
    let rows = settled.papers.iter().find(|paper| paper.name == "breaks.csv").unwrap();
    let rows = String::from_utf8(rows.bytes.clone()).unwrap();
    assert!(rows.contains(&format!(",{},", -lost)) && rows.lines().count() == 2, "{rows}");
    assert_eq!(currency.code(), "INR");
}

#[test]
fn a_late_entry_that_explains_the_difference_to_the_last_unit_is_named() {
    for (class, effect, expected) in [
        (Class::LateEntry, "-1.25", Class::OpeningDiffers),
        (Class::LateEntry, "-1.24", Class::RollForward),
        (Class::AmountDiffers, "-1.25", Class::RollForward),
    ] {
        let mut books = sound();
        let (account, currency, _) = somebody(&books);
        *books.sealed(&account) += amount("1.25");
        books.found_since(class, &account, currency, amount(effect));
        let settled = settled(&books);
        let found = only(&settled.reconciliation.breaks);
        assert_eq!((found.class(), found.on_wallet()), (expected, Some(amount("-1.25"))), "{}", found.explanation());
        let named = found.explanation().contains("late-entry e-late (");
        assert_eq!(named, class == Class::LateEntry, "{}", found.explanation());
        holds(&settled.reconciliation).unwrap();
    }
    // What lies further back than the month before was in its closing already.
    let mut books = sound();
    let (account, currency, _) = somebody(&books);
    *books.sealed(&account) += amount("1.25");
    books.found_since(Class::LateEntry, &account, currency, amount("-1.25"));
    books.carried.as_mut().unwrap().open[0].dated -= 40 * 86_400_000_000;
    assert_eq!(only(&settled(&books).reconciliation.breaks).class(), Class::RollForward);
}

#[test]
fn what_no_month_before_proves_is_a_notice() {
    let mut books = sound();
    let (account, _, _) = somebody(&books);
    books.carried.as_mut().unwrap().closings.retain(|closing| closing.account != account);
    let of = |books: &RawBooks| settled(books).reconciliation;
    let found = of(&books).breaks;
    assert_eq!((only(&found).class(), only(&found).account()), (Class::UnprovedOpening, Some(&*account)));
    books.carried.as_mut().unwrap().adjoins = false;
    for carried in [books.carried.clone(), None] {
        let found = of(&RawBooks { carried, ..books.clone() }).breaks;
        assert_eq!((only(&found).class(), only(&found).account()), (Class::UnprovedOpening, None));
        assert!(only(&found).explanation().contains("7 of 7 wallets"), "{}", only(&found).explanation());
    }
    // Closings that were read behind this month are this month's own entries: one notice for all of them, too.
    let carried = Some(Carried { adjoins: true, read_late: true, ..sound().carried.unwrap() });
    let found = of(&RawBooks { carried, ..sound() }).breaks;
    assert_eq!((only(&found).class(), only(&found).account()), (Class::UnprovedOpening, None));
    let told = only(&found).explanation();
    assert!(told.contains("7 of 7 wallets") && told.contains("read only after this month had ended"), "{told}");
}

/// The books as `normalise` makes them, to be given what no fetch of a test reads.
fn normalised(books: &RawBooks) -> Books {
    settled(books).books
}

fn judged(books: &Books, options: &Options<'_>) -> Reconciliation {
    let judged = reconcile(books, options).unwrap();
    holds(&judged).unwrap();
    judged
}

#[test]
fn a_dip_of_a_prepaid_wallet_is_a_notice_and_of_a_postpaid_one_none() {
    let mut books = sound();
    let (account, _, row) = somebody(&books);
    let opening = *books.sealed(&account);
    let down = -opening - Amount::from_units(1);
    *books.wallets.get_mut(&account).unwrap() += down;
    *books.sealed(&account) += down;
    books.dashboard += down;
    let carried = books.carried.clone();
    let options = Options { carried: carried.as_ref(), ..Options::default() };
    let mut books = normalised(&books);
    let found = judged(&books, &options);
    let dip = only(&found.breaks);
    assert_eq!((dip.class(), dip.account(), dip.on_wallet()), (Class::NegativeBalance, Some(&*account), None));
    let proof = found.wallets.iter().find(|wallet| wallet.account == account).unwrap().rolled().unwrap();
    assert!(proof.lowest.is_negative() && dip.explanation().contains(&proof.lowest.to_string()), "{dip:?}");
    assert_eq!(dip.entry_ids(), proof.lowest_entry.as_slice());
    assert!(!dip.explanation().contains("implied"), "{}", dip.explanation());
    let first = judged(&books, &Options::default());
    let dip = first.breaks.iter().find(|found| found.class() == Class::NegativeBalance).unwrap();
    assert!(dip.explanation().ends_with(", as far as its implied opening holds"), "{}", dip.explanation());
    assert_eq!(found.verdict.0, Severity::Notice);
    assert!(!row.id.is_empty());
    books.wallets.get_mut(&account).unwrap().postpaid = true;
    assert!(judged(&books, &options).breaks.is_empty());
}

#[test]
fn the_dashboard_is_exact_where_no_wallet_moved_and_bounded_where_one_did() {
    let mut books = sound();
    books.dashboard += amount("0.00001");
    let carried = books.carried.clone();
    let options = Options { carried: carried.as_ref(), ..Options::default() };
    let mut books = normalised(&books);
    let found = judged(&books, &options);
    let lie = only(&found.breaks);
    assert_eq!((lie.class(), lie.account(), lie.on_wallet()), (Class::WalletTotal, None, Some(amount("0.00001"))));
    assert!(found.held.is_empty() && found.accounts.iter().all(|it| it.verdict.ties_out()), "nobody is held for it");
    assert!(found.tie_outs.iter().all(|it| it.verdict().0 == Severity::None), "and no tie-out differs");
    // A wallet that moved lets the total lie between its readings, and no further.
    let account = books.customers.keys().next().unwrap().clone();
    for (moved, classes) in [("0.00002", vec![]), ("-1", vec![Class::WalletTotal])] {
        let wallet = books.wallets.get_mut(&account).unwrap();
        wallet.after = wallet.before.map(|before| before + amount(moved));
        let breaks = judged(&books, &options).breaks;
        assert_eq!(breaks.iter().map(Break::class).collect::<Vec<_>>(), classes);
        assert!(breaks.iter().all(|found| found.explanation().contains("moved while they were read")), "{breaks:?}");
    }
    // One that was not read leaves nothing to hold the total against.
    *books.wallets.get_mut(&account).unwrap() = tieout::normalise::Wallet {
        before: Figure::Absent,
        after: Figure::Absent,
        live: None,
        ..books.wallets[&account]
    };
    let judged = judged(&books, &options);
    assert!(judged.breaks.is_empty() && judged.wallet_total.is_none());
    assert!(judged.scope.iter().any(|limit| limit.contains("held against nothing")), "{:?}", judged.scope);
}

#[test]
fn a_wallet_that_is_not_evidenced_says_why_and_breaks_nothing() {
    let mut raw = sound();
    let (account, _, row) = somebody(&raw);
    raw.forget(&row);
    let carried = raw.carried.clone();
    let options = Options { carried: carried.as_ref(), ..Options::default() };
    let mut books = normalised(&raw);
    let wallet = books.wallets.get_mut(&account).unwrap();
    (wallet.live, wallet.after, wallet.unproved) = (None, wallet.before, Some("it never stood still"));
    let it = judged(&books, &options);
    assert!(it.breaks.is_empty(), "{:?}", it.breaks);
    let proof = it.wallets.iter().find(|wallet| wallet.account == account).unwrap();
    assert_eq!(
        (proof.verdict(), proof.rolled.as_ref().unwrap_err().reason.as_str()),
        ("not-evidenced", "it never stood still")
    );
    assert!(it.scope.iter().any(|limit| limit.contains("1 of 7 wallets") && limit.contains("never stood still")));
    let standing = it.accounts.iter().find(|line| line.account == account).unwrap();
    assert_eq!((standing.opening, standing.closing), (None, None));
}

/// Moves the entries before a moment out of the walked ledgers to where a walk from inception would have left them.
fn founded(mut books: Books) -> Books {
    books.inception = books.wallets.keys().cloned().collect();
    let mut columns = LedgerColumns::with_capacity(0);
    for (account, wallet) in &books.wallets {
        // A first payment that makes up for everything that is not in the books.
        let own = *account == books.partner.account.to_string();
        let (frame, side) = if own { (&books.master, Side::Master) } else { (&books.ledgers, Side::Customer) };
        let entries = frame.entries_of(side, account).unwrap();
        let signed: Amount = entries
            .iter()
            .filter(|entry| entry.settled)
            .map(|entry| if entry.direction.word() == "credit" { entry.amount } else { -entry.amount })
            .sum();
        let model = books.ledgers.entries(Side::Customer).unwrap().swap_remove(0);
        let first = tieout::domain::Entry {
            ledger: List::Ledger(tieout::domain::AccountId::parse(account).unwrap()),
            id: format!("first-{account}"),
            account: account.clone(),
            direction: tieout::domain::Direction::Credit,
            amount: wallet.live.unwrap() - signed,
            created_at: books.calendar.start - 1_000_000_000_000,
            in_period: false,
            in_period_utc: false,
            settled: true,
            reference: None,
            ..model
        };
        columns.push(&first).unwrap();
    }
    books.around = LedgerFrame::concat(vec![columns.finish().unwrap()]).unwrap();
    books
}

#[test]
fn a_walk_from_inception_proves_a_first_close_and_shows_a_sealed_closing_that_is_off() {
    let mut raw = RawBooks::read(WORLD);
    let books = founded(normalised(&raw));
    let it = judged(&books, &Options::default());
    assert!(it.breaks.is_empty(), "{:?}", it.breaks);
    let from =
        |it: &Reconciliation| it.wallets.iter().map(|wallet| wallet.rolled().unwrap().from).collect::<BTreeSet<_>>();
    assert_eq!(from(&it), BTreeSet::from([OpeningFrom::Inception]));
    raw.carry();
    // An account of which the month before says nothing is proved all the same.
    let (account, _, row) = somebody(&raw);
    let mut silent = raw.carried.clone().unwrap();
    silent.closings.retain(|closing| closing.account != account);
    assert!(judged(&books, &Options { carried: Some(&silent), ..Options::default() }).breaks.is_empty());
    *raw.sealed(&account) += amount("3");
    raw.forget(&row);
    // The entry is in neither book: the sum of all entries no longer leads to the wallet, whatever was sealed.
    let mut short = normalised(&raw);
    (short.around, short.inception) = (books.around.clone(), books.inception.clone());
    let it = judged(&short, &Options { carried: raw.carried.as_ref(), ..Options::default() });
    let found: Vec<(Class, Option<Amount>)> =
        it.breaks.iter().map(|found| (found.class(), found.on_wallet())).collect();
    assert_eq!(found, [(Class::RollForward, Some(-amount(&row.amount))), (Class::OpeningDiffers, Some(amount("-3")))]);
    // Neither sentence rests on the seal: the opening is the sum of the entries.
    let [rolled, opened] = [0, 1].map(|place| it.breaks[place].explanation());
    assert!(rolled.contains("(the sum of every entry before)") && !rolled.contains("tieout recheck"), "{rolled}");
    assert!(opened.ends_with(", by the sum of every entry before"), "{opened}");
}

#[test]
fn of_entries_of_one_moment_those_that_add_come_first_then_the_greater_then_the_id() {
    let books = normalised(&RawBooks::read(WORLD));
    let model = books.ledgers.entries(Side::Customer).unwrap().into_iter().find(tieout::domain::Entry::counts).unwrap();
    let lowest = |rows: &[(&str, &str, &str)]| {
        let mut columns = LedgerColumns::with_capacity(rows.len());
        for (id, direction, value) in rows {
            let direction = tieout::domain::Direction::from_word(direction);
            let (id, amount) = ((*id).to_owned(), amount(value));
            columns.push(&tieout::domain::Entry { id, direction, amount, ..model.clone() }).unwrap();
        }
        let frame = LedgerFrame::concat(vec![columns.finish().unwrap()]).unwrap();
        let found = frame.lowest(Side::Customer, None).unwrap().swap_remove(0);
        (found.movement, found.by.map(|(_, id, _)| id))
    };
    let by = |value: &str, id: &str| (amount(value), Some(id.to_owned()));
    assert_eq!(lowest(&[("a", "debit", "5"), ("b", "credit", "3"), ("c", "debit", "4")]), by("-6", "a"));
    assert_eq!(lowest(&[("a", "credit", "3"), ("b", "debit", "4"), ("c", "debit", "5")]), by("-6", "c"));
    assert_eq!(lowest(&[("b", "debit", "4"), ("a", "debit", "4")]), by("-8", "b"));
    assert_eq!(lowest(&[("a", "debit", "4"), ("b", "debit", "0")]), by("-4", "a"), "what reaches it first");
    assert_eq!(lowest(&[("a", "debit", "4"), ("b", "credit", "5")]), (Amount::ZERO, None));
}

#[test]
fn the_first_moment_belongs_to_the_month_and_the_cut_off_to_the_next() {
    let books = normalised(&RawBooks::read(WORLD));
    let (start, end) = (books.calendar.start, books.calendar.end);
    let model = books.ledgers.entries(Side::Customer).unwrap().into_iter().find(tieout::domain::Entry::counts).unwrap();
    let mut columns = LedgerColumns::with_capacity(6);
    // What is not settled moves no wallet, on whichever side of the month it lies.
    let moments = [(start - 1, "1"), (start, "2"), (end - 1, "4"), (end, "8"), (start - 2, "16"), (end + 1, "32")];
    for (place, (created_at, value)) in moments.into_iter().enumerate() {
        let (id, in_period) = (value.to_owned(), (start..end).contains(&created_at));
        let settled = place < 4;
        let direction = tieout::domain::Direction::Debit;
        let entry = tieout::domain::Entry {
            id,
            direction,
            amount: amount(value),
            created_at,
            in_period,
            settled,
            ..model.clone()
        };
        columns.push(&entry).unwrap();
    }
    let frame = LedgerFrame::concat(vec![columns.finish().unwrap()]).unwrap();
    let it = frame.account_totals(Side::Customer, start, end).unwrap().swap_remove(0);
    assert_eq!((it.net_before, it.debits, it.net_after), (amount("-1"), amount("6"), amount("-8")));
}

#[test]
fn the_partners_wallet_is_moved_by_its_own_entries_only() {
    let mut raw = RawBooks::read(WORLD);
    let partner = raw.partner.clone();
    raw.rows(&List::Master).retain(|row| *row.account_id != *partner);
    raw.make_honest();
    let mut books = normalised(&raw);
    let of_customers = books.ledgers.entries(Side::Customer).unwrap();
    let mut columns = LedgerColumns::with_capacity(0);
    columns.push(of_customers.iter().find(|entry| entry.settled).unwrap()).unwrap();
    books.around = LedgerFrame::concat(vec![columns.finish().unwrap()]).unwrap();
    let it = reconcile(&books, &Options::default()).unwrap();
    let own = it.wallets.iter().find(|wallet| wallet.account == partner).unwrap();
    assert_eq!(own.rolled.as_ref().unwrap_err().reason, "the master ledger carries no entry of the partner's own");
    // An entry of its own beside the month is one, too.
    let of_partner = normalised(&RawBooks::read(WORLD)).master.entries(Side::Master).unwrap();
    let of_partner = of_partner.into_iter().find(|entry| entry.account == partner && entry.settled).unwrap();
    let owner = tieout::domain::AccountId::parse(&partner).unwrap();
    let mut columns = LedgerColumns::with_capacity(0);
    columns.push(&tieout::domain::Entry { ledger: List::Ledger(owner), ..of_partner }).unwrap();
    books.around = LedgerFrame::concat(vec![columns.finish().unwrap()]).unwrap();
    let it = reconcile(&books, &Options::default()).unwrap();
    assert!(it.wallets.iter().any(|wallet| wallet.account == partner && wallet.rolled.is_ok()));
    // Where its currency is not shown, the dashboard's is one that it may be.
    let mut books = normalised(&RawBooks::read(WORLD));
    let wallet =
        |books: &Books| judged(books, &Options::default()).wallets.into_iter().find(|it| it.account == partner);
    assert_eq!(wallet(&books).unwrap().verdict(), "implied");
    books.dashboard = books.dashboard.map(|it| Dashboard { currency: "USD".parse().ok(), ..it });
    let several = "its currency is not shown, and there are several that it may be";
    assert_eq!(wallet(&books).unwrap().rolled.unwrap_err().reason, several);
    // It says nothing of a customer's.
    let account = books.customers.keys().next().unwrap().clone();
    books.wallets.get_mut(&account).unwrap().currency = Figure::Absent;
    let it = judged(&books, &Options::default());
    assert_eq!(it.wallets.iter().find(|it| it.account == account).unwrap().verdict(), "implied");
}

proptest! {
    #![proptest_config(cases(60))]

    /// Whatever the sealed month hands on and whatever the wallets show: each difference is one break's, and the second
    /// implementation agrees.
    #[test]
    fn every_unit_of_every_wallet_is_explained(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut books = damaged(&mut rng);
        spoil(&mut books, &mut rng);
        let settled = settled(&books);
        holds(&settled.reconciliation)?;
        agreed(&settled, &books)?;
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// The closing of one month is the opening of the next; the order of rows is nothing; two halves add up to the whole.
    #[test]
    fn months_that_adjoin_lead_on(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut books = RawBooks::read(&world(&mut rng, 40..300));
        books.carry();
        let whole = settled(&books).reconciliation;
        let shuffled = books.settled(&Layout { shuffle: Some(seed), per_page: 7, ..Layout::default() }, &RateCard::default());
        prop_assert_eq!(&whole.wallets, &shuffled.reconciliation.wallets);
        // The month before over the same entries: it ends where this one opens, whatever is between.
        let mut before = RawBooks { carried: None, ..books.clone() };
        before.plan.period = books.plan.period.previous();
        let before = settled(&before).reconciliation;
        for (early, late) in before.wallets.iter().zip(&whole.wallets) {
            prop_assert_eq!(&early.account, &late.account);
            if let (Some(early), Some(late)) = (early.rolled(), late.rolled()) {
                prop_assert_eq!(early.closing(), late.opening);
                let moved = early.credits - early.debits + late.credits - late.debits;
                prop_assert_eq!(early.opening + moved, late.closing());
            }
        }
    }
}
