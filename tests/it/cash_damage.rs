//! Flaws in wallets, planted in raw books: what the last sealed month hands on, and what the wallets show. Decided by a
//! seed alone.

use std::collections::BTreeSet;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Between, Carried, Class, Closing, Currency, EarlierClosing, List, OpenBreak, Period};
use tieout::simulator::{Planted, Row, World};

use crate::books::{Claim, RawBooks, State, ledger, one_of};

/// A whole unit.
const ONE: Amount = Amount::from_units(100_000_000);

/// What a settled row does to a wallet.
fn signed(row: &Row) -> Amount {
    let amount = row.amount.trim_matches('"').parse::<Amount>().unwrap_or_default();
    match row.kind {
        "credit" => amount,
        "debit" => -amount,
        _ => Amount::ZERO,
    }
}

impl RawBooks {
    /// Every wallet with its currency.
    pub(crate) fn holders(&self) -> Vec<(String, Currency)> {
        self.accounts.iter().cloned().chain([(self.partner.clone(), self.currency)]).collect()
    }

    /// What a wallet held when the month began, if every entry since is in its ledger.
    pub(crate) fn opening(&self, account: &str, currency: Currency) -> Amount {
        let start = self.month(self.zone).start;
        let own = account == self.partner;
        let list = if own { List::Master } else { ledger(account) };
        let rows = self.ledgers[&list].rows.iter().filter(|row| !own || *row.account_id == *account);
        let rows = rows.filter(|row| row.is_settled() && row.currency == currency && row.created_at >= start);
        self.wallets[account] - rows.map(signed).sum()
    }

    /// A month sealed before this one that closed with the true opening of every wallet.
    pub(crate) fn carry(&mut self) {
        let closing = |(account, currency): (String, Currency)| {
            let amount = self.opening(&account, currency);
            Closing { account, currency, amount, earlier: None }
        };
        let mut closings: Vec<Closing> = self.holders().into_iter().map(closing).collect();
        closings.sort();
        let run = self.plan.period.previous().to_string();
        self.carried =
            Some(Carried { run, seal: "5ea1".repeat(16), adjoins: true, read_late: false, closings, open: Vec::new() });
    }

    /// A finding of a recheck of the month before.
    pub(crate) fn found_since(&mut self, class: Class, account: &str, currency: Currency, effect: Amount) {
        let dated = self.month(self.zone).start - 1;
        self.carried.as_mut().unwrap().open.push(OpenBreak {
            id: "B-0123456789abcdef".to_owned(),
            class,
            account: Some(account.to_owned()),
            currency: Some(currency),
            entry_ids: vec!["e-late".to_owned()],
            reference: None,
            field: "entry".to_owned(),
            master_value: "present".to_owned(),
            customer_value: "absent".to_owned(),
            effect,
            gross: effect.abs(),
            since_the_seal: effect,
            dated,
            first_run: "2026-02".to_owned(),
            explanation: "an entry appeared after the seal".to_owned(),
        });
    }

    /// The sealed closing of an account.
    pub(crate) fn sealed(&mut self, account: &str) -> &mut Amount {
        let closings = &mut self.carried.as_mut().unwrap().closings;
        &mut closings.iter_mut().find(|closing| closing.account == account).unwrap().amount
    }

    /// Takes an entry out of both books, and out of what their lists claim; the wallet stays as it is.
    pub(crate) fn forget(&mut self, entry: &Row) {
        for it in self.ledgers.values_mut() {
            let before = it.rows.len();
            it.rows.retain(|row| row.id != entry.id);
            if it.rows.len() < before {
                let zero = it.claim.transactions == 0;
                let (claim, amount) = (it.claim, signed(entry));
                it.claim = Claim { total: claim.total - 1, ..claim };
                if !zero {
                    it.claim.transactions -= 1;
                    it.claim.debit += amount;
                    it.claim.net += -amount;
                }
            }
        }
    }

    /// Moves a wallet as if it had always held so much more, the dashboard with it.
    fn lift(&mut self, account: &str, currency: Currency, by: Amount) {
        *self.wallets.get_mut(account).unwrap() += by;
        *self.sealed(account) += by;
        if currency == self.currency {
            self.dashboard += by;
        }
    }
}

/// A debit of the month that stands once in both books alike, and that no flaw was planted in.
pub(crate) fn plain_debit(books: &RawBooks, account: &str, planted: &[Planted]) -> Option<Row> {
    let (own, master) = (&books.ledgers[&ledger(account)].rows, &books.ledgers[&List::Master].rows);
    let month = books.month(books.zone);
    let only = |rows: &[Row], row: &Row| {
        let mut same = rows.iter().filter(|it| it.id == row.id);
        same.next() == Some(row) && same.next().is_none()
    };
    let spoiled = |row: &Row| planted.iter().any(|flaw| flaw.entry_id.as_deref() == Some(&*row.id));
    let fits = |row: &&Row| {
        let inside = month.contains(&row.created_at) && row.is_settled() && row.kind == "debit";
        inside && !row.is_transfer() && only(own, row) && only(master, row) && !spoiled(row)
    };
    own.iter().find(fits).cloned()
}

/// The books of a flawed world a month after a sealed one, with flaws of the Balance family in wallets whose ledgers are
/// whole; and everything that a right close must report of them.
pub(crate) fn balance_flawed(books: &mut RawBooks, world: &World, rng: &mut ChaCha8Rng) -> Vec<Planted> {
    let mut planted = world.planted().to_vec();
    planted.retain(|flaw| flaw.class != Class::UnprovedOpening);
    books.carry();
    let gaps: BTreeSet<&str> = world
        .planted()
        .iter()
        .filter(|flaw| flaw.entry_id.is_none() || flaw.class == Class::UnreadableEntry)
        .filter_map(|flaw| flaw.account.as_deref())
        .collect();
    let accounts = books.accounts.clone();
    for (account, currency) in accounts {
        let whole = books.ledgers[&ledger(&account)].state == State::Read && !gaps.contains(account.as_str());
        if !whole {
            continue;
        }
        let class = match rng.random_range(0..6) {
            0 => plain_debit(books, &account, &planted).map(|row| {
                books.forget(&row);
                Class::RollForward
            }),
            1 => {
                let effect = *one_of(rng, &[ONE, -ONE]);
                *books.sealed(&account) += -effect;
                let since = *one_of(rng, &[Class::LateEntry, Class::ChangedAfterSeal, Class::VanishedAfterSeal]);
                books.found_since(since, &account, currency, effect);
                Some(Class::OpeningDiffers)
            }
            2 => {
                books.carried.as_mut().unwrap().closings.retain(|closing| closing.account != account);
                Some(Class::UnprovedOpening)
            }
            3 => {
                let opening = books.opening(&account, currency);
                books.lift(&account, currency, -opening - ONE);
                Some(Class::NegativeBalance)
            }
            _ => None,
        };
        planted.extend(class.map(|class| Planted { class, account: Some(account), entry_id: None }));
    }
    if rng.random_range(0..3) == 0 {
        books.dashboard += *one_of(rng, &[Amount::from_units(1_000), -ONE]);
        planted.push(Planted { class: Class::WalletTotal, account: None, entry_id: None });
    }
    planted
}

/// Makes of any books a month after another: closings right, off and absent, findings since, wallets that are off.
pub(crate) fn spoil(books: &mut RawBooks, rng: &mut ChaCha8Rng) {
    if rng.random_range(0..3) > 0 {
        books.carry();
        for (account, currency) in books.holders() {
            let off = Amount::from_units(rng.random_range(-3..4) * 50_000_000);
            match rng.random_range(0..5) {
                0 => *books.sealed(&account) += off,
                1 => {
                    *books.sealed(&account) += off;
                    let class = *one_of(rng, &[Class::LateEntry, Class::VanishedAfterSeal, Class::AmountDiffers]);
                    books.found_since(class, &account, currency, -off);
                }
                2 => books.carried.as_mut().unwrap().closings.retain(|closing| closing.account != account),
                _ => {}
            }
        }
        books.carried.as_mut().unwrap().adjoins = rng.random_range(0..6) > 0;
        sealed_before(books, rng);
    }
    let holders = books.holders();
    let (account, _) = one_of(rng, &holders);
    *books.wallets.get_mut(account).unwrap() +=
        *one_of(rng, &[Amount::ZERO, ONE, Amount::from_units(-9_000_000_000_000)]);
}

/// Lets some closings be those of the month before the last, with the entries since known, unknown or gone, and adds some of
/// customers who are gone, with money and without.
fn sealed_before(books: &mut RawBooks, rng: &mut ChaCha8Rng) {
    let before: Period = books.plan.period.previous().previous();
    let (currency, from_inception) = (books.currency, books.from_inception);
    let closings = &mut books.carried.as_mut().unwrap().closings;
    let earlier = |closing: &Closing, between| EarlierClosing {
        run: before.to_string(),
        period: before,
        sealed: closing.amount,
        read_late: false,
        between,
    };
    for closing in closings.iter_mut() {
        let (drawn, between) =
            (rng.random_range(0..5), *one_of(rng, &[Between::Whole, Between::Gone, Between::Unknown]));
        // What was gone, a walk from inception shows.
        if drawn == 0 && (between != Between::Gone || !from_inception) {
            closing.earlier = Some(earlier(closing, between));
        }
    }
    for amount in [ONE, -ONE, Amount::ZERO] {
        let account = format!("MA_GONE{:04}", rng.random_range(0..9_999));
        let gone = Closing { account, currency, amount, earlier: None };
        let earlier = (rng.random_range(0..2) == 0).then(|| earlier(&gone, Between::Gone));
        closings.push(Closing { earlier, ..gone });
    }
    closings.sort();
    closings.dedup_by(|a, b| a.account == b.account && a.currency == b.currency);
}
