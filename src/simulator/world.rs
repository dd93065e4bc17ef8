//! A world: the partner, its customers and both books, after the flaws. Built once from a scenario, then never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::accounts::{Account, Partner, customers, partner};
use super::books::{Row, Text};
use super::entries::write_books;
use super::flaws::{Book, Damage, Planted, plant};
use super::scenario::{Order, Scenario, ScenarioError, WorldPlan};
use super::times::Times;
use super::view::{Filter, View};
use super::wallets::{ONE, founding, lowest, wallet};
use crate::domain::{Amount, Class};

/// The partner's side of one scenario, as a pure function of requests.
pub struct World {
    pub(super) plan: WorldPlan,
    pub(super) partner: Partner,
    pub(super) accounts: Vec<Account>,
    pub(super) index: BTreeMap<Text, usize>,
    pub(super) ledgers: Vec<Vec<Row>>,
    pub(super) master: Vec<Row>,
    pub(super) damage: Damage,
    /// Views already computed: only a memory, never part of an answer.
    pub(super) views: Mutex<BTreeMap<Filter, Arc<View>>>,
}

impl World {
    /// Builds the world of a scenario: the same scenario gives the same world, byte for byte.
    ///
    /// # Errors
    /// When a flaw cannot be planted, or finds no place in this world.
    pub fn build(scenario: &Scenario) -> Result<Self, ScenarioError> {
        let plan = &scenario.world;
        let times = Times::new(plan);
        let mut rng = ChaCha8Rng::seed_from_u64(scenario.seed);
        let mut partner = partner(plan, &times, &mut rng);
        let mut accounts = customers(plan, &times, &mut rng);
        let mut books = write_books(plan, &times, &partner, &accounts, &mut rng);
        let damage = plant(scenario, &times, &partner, &accounts, &mut books)?;
        let own = wallet(&books.own, partner.holder.currency, &mut rng);
        partner.wallet = own.1;
        let (mut ledgers, mut master) = books.close(accounts.len(), plan.own_rows);
        for (at, (account, ledger)) in accounts.iter_mut().zip(&mut ledgers).enumerate() {
            (account.opening, account.wallet) = wallet(ledger, account.currency, &mut rng);
            if damage.dipping.contains(&at) {
                let opening = -ONE - lowest(ledger.iter(), account.currency, &times);
                account.wallet += opening - account.opening;
                account.opening = opening;
            }
            account.wallet += damage.unbooked.get(&at).copied().unwrap_or_default();
        }
        if plan.founded {
            for (account, ledger) in accounts.iter_mut().zip(&mut ledgers) {
                let row = founding(&account.holder, account.opening, account.created_at, &mut rng);
                account.opening = Amount::ZERO;
                ledger.push(row.clone());
                master.push(row);
            }
            let row = founding(&partner.holder, own.0, partner.created_at, &mut rng);
            master.extend(plan.own_rows.then_some(row));
        }
        for ledger in &mut ledgers {
            sort(ledger, plan.order);
        }
        sort(&mut master, plan.order);
        let index = accounts.iter().enumerate().map(|(at, account)| (account.holder.account_id.clone(), at)).collect();
        let views = Mutex::default();
        let mut world = Self { plan: plan.clone(), partner, accounts, index, ledgers, master, damage, views };
        if !scenario.close.from_inception {
            world.open_unproved();
        }
        Ok(world)
    }

    /// A first close proves no opening: one natural `unproved-opening` for the books as a whole, where at least one wallet
    /// can be rewound to the cut-off. That takes a ledger which is whole and readable, the partner's own rows in the master
    /// for its own wallet.
    fn open_unproved(&mut self) {
        let damage = &self.damage;
        let whole = |book: Book| {
            let lies = matches!(damage.lies.get(&book), Some(Class::ControlTotal | Class::UnstableWalk));
            !lies && !damage.refused.contains_key(&book)
        };
        let rows_can_be_read = |at: usize| self.ledgers[at].iter().all(Row::is_readable);
        let of_customers = (0..self.accounts.len()).any(|at| whole(Book::Customer(at)) && rows_can_be_read(at));
        // `/me` shows no currency: it is the dashboard's, unless the partner's rows are in another, too.
        let own = || {
            let mut rows = self.master.iter().filter(|row| *row.account_id == *self.partner.auth_id).peekable();
            rows.peek().is_some() && rows.all(|row| row.currency == self.partner.holder.currency)
        };
        if of_customers || whole(Book::Master) && own() {
            self.damage.planted.push(Planted { class: Class::UnprovedOpening, account: None, entry_id: None });
            self.damage.planted.sort();
        }
    }

    /// Every break that a right close must report, natural ones included, sorted by class, account and entry.
    #[must_use]
    pub fn planted(&self) -> &[Planted] {
        &self.damage.planted
    }

    /// The partner.
    #[must_use]
    pub const fn partner(&self) -> &Partner {
        &self.partner
    }

    /// The customers, in the order of the account list.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// One customer's whole ledger in list order, flaws included, even where the list itself is refused; nothing for
    /// an unknown customer.
    #[must_use]
    pub fn ledger(&self, auth_id: &str) -> Option<&[Row]> {
        self.index.get(auth_id).map(|at| self.ledgers[*at].as_slice())
    }

    /// The whole master ledger in list order, flaws included, even where the list itself is refused.
    #[must_use]
    pub fn master(&self) -> &[Row] {
        &self.master
    }

    /// The rows of one list.
    pub(super) fn rows(&self, book: Book) -> &[Row] {
        match book {
            Book::Master => &self.master,
            Book::Customer(at) => &self.ledgers[at],
        }
    }

    /// The same world before these entries came: out of both books, and out of the wallets.
    pub(super) fn without(&self, absent: &BTreeSet<&Text>) -> Self {
        let present = |row: &Row| !absent.contains(&row.id);
        let mut accounts = self.accounts.clone();
        for (account, ledger) in accounts.iter_mut().zip(&self.ledgers) {
            for row in ledger.iter().filter(|row| !present(row) && row.is_settled()) {
                let (debit, credit) = row.debit_and_credit();
                account.wallet += debit - credit;
            }
        }
        let kept = |rows: &Vec<Row>| -> Vec<Row> { rows.iter().filter(|row| present(row)).cloned().collect() };
        Self {
            plan: self.plan.clone(),
            partner: self.partner.clone(),
            accounts,
            index: self.index.clone(),
            ledgers: self.ledgers.iter().map(kept).collect(),
            master: kept(&self.master),
            damage: self.damage.clone(),
            views: Mutex::default(),
        }
    }

    /// What the dashboard says the customers' wallets come to in the partner's currency.
    pub(super) fn wallets(&self) -> Amount {
        let own = self.partner.holder.currency;
        let wallets = self.accounts.iter().filter(|account| account.currency == own).map(|account| account.wallet);
        wallets.sum::<Amount>() + self.damage.dashboard
    }
}

/// Puts rows into list order; rows of one moment stand by id.
fn sort(rows: &mut [Row], order: Order) {
    rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    if order == Order::Descending {
        rows.reverse();
    }
}
