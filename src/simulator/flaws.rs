//! Plants flaws: each one where a right close reports exactly one break of its class and nothing else.
//!
//! A flaw in a whole list takes its account for itself; a flaw in an entry takes an entry that no other has touched.

mod misfits;

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::accounts::{Account, Partner, customer_id};
use super::books::{Booked, Books, Copies, Draft, Holder, Row, Text, uuid};
use super::entries::transfer_reference;
use super::scenario::{FlawPlan, GlobalLedger, GlobalLedgerClaim, Scenario, ScenarioError};
use super::times::{SECOND, Times};
use super::touches::{CENT, Change, Means, Method, Misnaming, TENTH_OF_A_CENT, both, change, method, remark};
use crate::domain::{Amount, Class, Currency, Side};

/// Keeps the draws for flaws apart from those for the books, so that one flaw more leaves the other rows as they were.
const FLAW_STREAM: u64 = 1;

/// Rows in the month that make a second page at 200 a page certain.
const SECOND_PAGE: usize = 201;

/// One break that a right close must report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// The class.
    pub class: Class,
    /// The account whose ledger holds the entry (for a list, whose ledger it is; for rows that only the master has, the
    /// account they name); none for the books as a whole.
    pub account: Option<String>,
    /// The entry; for a transfer, the customer's credit where there is one. None for flaws of whole lists.
    pub entry_id: Option<String>,
}

/// One of the two books' lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Book {
    /// The master ledger.
    Master,
    /// The ledger of the customer at this place in the account list.
    Customer(usize),
}

/// Everything that flaws change outside the rows.
#[derive(Clone, Default)]
pub(super) struct Damage {
    /// What a right close must report, sorted.
    pub(super) planted: Vec<Planted>,
    /// Lists whose totals lie, and how.
    pub(super) lies: BTreeMap<Book, Class>,
    /// Lists that are refused, and with which status.
    pub(super) refused: BTreeMap<Book, u16>,
    /// What moved a wallet and stands in no book, by the customer's place.
    pub(super) unbooked: BTreeMap<usize, Amount>,
    /// Customers, by their places, whose wallets fall below zero within the month.
    pub(super) dipping: BTreeSet<usize>,
    /// By how much the dashboard's sum of the wallets lies.
    pub(super) dashboard: Amount,
}

/// Plants the scenario's flaws, then the unsettled entries that every world has.
///
/// # Errors
/// When a class cannot be planted, or the world has no place for it.
pub(super) fn plant(
    scenario: &Scenario,
    times: &Times,
    partner: &Partner,
    accounts: &[Account],
    books: &mut Books,
) -> Result<Damage, ScenarioError> {
    let mut rng = ChaCha8Rng::seed_from_u64(scenario.seed);
    rng.set_stream(FLAW_STREAM);
    let claimed = BTreeSet::new();
    let mut hand = Hand { scenario, times, partner, accounts, books, rng, claimed, damage: Damage::default() };
    hand.close_the_global_ledger();
    let (lists, entries): (Vec<&FlawPlan>, Vec<&FlawPlan>) =
        scenario.flaws.iter().partition(|flaw| matches!(method(flaw.class), Some(Method::List | Method::Wallet(_))));
    for flaw in lists.into_iter().chain(entries) {
        for _each in 0..flaw.count {
            hand.plant(flaw)?;
        }
    }
    hand.leave_unsettled();
    hand.damage.planted.sort();
    Ok(hand.damage)
}

struct Hand<'a> {
    scenario: &'a Scenario,
    times: &'a Times,
    partner: &'a Partner,
    accounts: &'a [Account],
    books: &'a mut Books,
    rng: ChaCha8Rng,
    claimed: BTreeSet<usize>,
    damage: Damage,
}

impl Hand<'_> {
    /// A master ledger that does not answer is a break of its own, unless the settings say that there is none.
    fn close_the_global_ledger(&mut self) {
        let status = match self.scenario.world.global_ledger {
            GlobalLedger::Open => return,
            GlobalLedger::Forbidden => 403,
            GlobalLedger::Absent => 404,
        };
        self.damage.refused.insert(Book::Master, status);
        if self.scenario.close.global_ledger == GlobalLedgerClaim::Expected {
            self.note(Class::MissingLedger, None, None);
        }
    }

    fn plant(&mut self, flaw: &FlawPlan) -> Result<(), ScenarioError> {
        let method = method(flaw.class).ok_or(ScenarioError::CannotBePlanted(flaw.class))?;
        if flaw.side.is_some() && !method.leaves_a_choice_of_side() {
            return Err(no_place(flaw, "no `side`: this class leaves no choice of it"));
        }
        if flaw.status.is_some() && flaw.class != Class::MissingLedger {
            return Err(no_place(flaw, "no `status`: only `missing-ledger` has one"));
        }
        match method {
            Method::List => self.spoil_list(flaw),
            Method::Copy { side, change, .. } => self.spoil_copy(flaw, flaw.side.unwrap_or(side), change),
            Method::Both(remarked) => {
                self.spoil_entry(flaw, |row, means| remark(remarked, row, means), "calendars that differ")
            }
            Method::Transfer(misnaming) => self.misname_transfer(flaw, misnaming),
            Method::DoubledTransfer => self.double_transfer(flaw),
            Method::Leg(side) => self.invent_leg(flaw, side),
            Method::Stranger => self.invent_account(flaw),
            Method::Wallet(misfit) => self.spoil_wallet(flaw, misfit),
        }
    }

    fn spoil_list(&mut self, flaw: &FlawPlan) -> Result<(), ScenarioError> {
        let rows_min = if flaw.class == Class::UnstableWalk { SECOND_PAGE } else { 3 };
        let book = match flaw.side {
            Some(Side::Master) => Book::Master,
            Some(Side::Customer) | None => {
                let wanted = "a customer of its own with enough entries in the month (3, or 201 for `unstable-walk`)";
                let index = self.pick_account(flaw, rows_min).ok_or_else(|| no_place(flaw, wanted))?;
                self.claimed.insert(index);
                Book::Customer(index)
            }
        };
        let taken = self.damage.refused.contains_key(&book) || self.damage.lies.contains_key(&book);
        let short = book == Book::Master && self.books.entries.len() < rows_min;
        if taken || short {
            return Err(no_place(flaw, "a master ledger with entries and no other flaw of its own"));
        }
        if flaw.class == Class::MissingLedger {
            self.damage.refused.insert(book, flaw.status.unwrap_or(404));
        } else {
            self.damage.lies.insert(book, flaw.class);
        }
        let account = match book {
            Book::Master => None,
            Book::Customer(index) => Some(self.accounts[index].auth_id.clone()),
        };
        self.note(flaw.class, account, None);
        Ok(())
    }

    fn spoil_copy(&mut self, flaw: &FlawPlan, side: Side, changed: Change) -> Result<(), ScenarioError> {
        let tolerance = self.scenario.close.tolerance;
        let (amount, rounding) = (flaw.class == Class::AmountDiffers, flaw.class == Class::RoundingDiffers);
        if (amount && tolerance >= CENT) || (rounding && tolerance < TENTH_OF_A_CENT) {
            return Err(no_place(flaw, "a `close.tolerance` below 0.01, and for `rounding-differs` of at least 0.001"));
        }
        if self.master_is_closed() && (side == Side::Master || !changed.shows_in_one_book()) {
            return Err(no_place(flaw, "a master ledger that answers"));
        }
        let missing = "another customer of the same currency, or half a day after the cut-off";
        self.spoil_entry(flaw, |row, means| change(changed, side, row, means), missing)
    }

    /// Sets the copies of an ordinary debit apart.
    fn spoil_entry(
        &mut self,
        flaw: &FlawPlan,
        touch: impl Fn(&Row, &Means<'_>) -> Option<Copies>,
        missing: &'static str,
    ) -> Result<(), ScenarioError> {
        let wanted = "a settled debit well inside the month, of a customer without another flaw in its list";
        let (place, row) = self.pick_debit(flaw.account.as_deref()).ok_or_else(|| no_place(flaw, wanted))?;
        let account = self.books.entries[place].account;
        let means = Means {
            times: self.times,
            other_account: self.pick_other(account).map(|other| self.accounts[other].holder.account_id.clone()),
            other_currency: other_currency(row.currency),
        };
        self.books.entries[place].copies = touch(&row, &means).ok_or_else(|| no_place(flaw, missing))?;
        self.note(flaw.class, Some(self.accounts[account].auth_id.clone()), Some(&row.id));
        Ok(())
    }

    /// Gives both legs of a transfer a reference that is wrong in itself.
    fn misname_transfer(&mut self, flaw: &FlawPlan, misnaming: Misnaming) -> Result<(), ScenarioError> {
        let wanted = "a transfer well inside the month, alone in its second, and another customer of its currency";
        let (place, debit, row) = self.pick_transfer(flaw).ok_or_else(|| no_place(flaw, wanted))?;
        let account = self.books.entries[place].account;
        let (partner, customer) = (&self.partner.uuid, self.accounts[account].auth_id.clone());
        let reference: Text = match misnaming {
            Misnaming::Customer => {
                let other = self.pick_other(account).ok_or_else(|| no_place(flaw, wanted))?;
                transfer_reference(partner, &self.accounts[other].auth_id, row.created_at)
            }
            Misnaming::Partner => transfer_reference(&uuid(&mut self.rng), &customer, row.created_at),
            Misnaming::Everything => format!("ptc:{}:?:{}", self.partner.name, self.rng.random::<u32>()),
        }
        .into();
        self.books.own[debit].reference = Some(reference.clone());
        self.note(flaw.class, Some(customer), Some(&row.id));
        self.books.entries[place].copies = both(Row { reference: Some(reference), ..row });
        Ok(())
    }

    /// Credits a transfer a second time, in both books.
    fn double_transfer(&mut self, flaw: &FlawPlan) -> Result<(), ScenarioError> {
        let wanted = "the partner's own rows in the master, and a transfer well inside the month, alone in its second";
        let place = self.pick_transfer(flaw).filter(|_found| self.pairs_transfers());
        let (place, _debit, row) = place.ok_or_else(|| no_place(flaw, wanted))?;
        let account = self.books.entries[place].account;
        // Later within the same second, so that it can be said which of the two is the repetition.
        let last = row.created_at - row.created_at.rem_euclid(SECOND) + SECOND - 1;
        let again = Row { id: uuid(&mut self.rng).into(), created_at: last, ..row.clone() };
        self.note(flaw.class, Some(self.accounts[account].auth_id.clone()), Some(&again.id));
        self.books.entries[place].copies = both(row);
        self.books.entries.push(Booked { account, copies: both(again), debit: None });
        Ok(())
    }

    /// Writes one leg of a transfer that has no other.
    fn invent_leg(&mut self, flaw: &FlawPlan, side: Side) -> Result<(), ScenarioError> {
        let wanted = "the partner's own rows in the master, and a customer with entries in the month";
        let index = self.pick_account(flaw, 1).filter(|_found| self.pairs_transfers());
        let index = index.ok_or_else(|| no_place(flaw, wanted))?;
        let account = &self.accounts[index];
        let (at, reference) = loop {
            let at = self.times.well_inside(&mut self.rng).ok_or_else(|| no_place(flaw, wanted))?;
            let reference = transfer_reference(&self.partner.uuid, &account.auth_id, at);
            if self.books.legs_of(&reference) == 0 {
                break (at, reference);
            }
        };
        let debit = side == Side::Master;
        let own = Holder { currency: account.currency, ..self.partner.holder.clone() };
        let draft = Draft {
            holder: if debit { &own } else { &account.holder },
            kind: if debit { "debit" } else { "credit" },
            amount: Amount::from_units(100_000_000 * self.rng.random_range(100..1000)),
            description: format!("Transfer from partner {}: Balance transfer", self.partner.name),
            reference: Some(reference.into()),
            at,
        };
        let row = draft.row(&mut self.rng);
        self.note(flaw.class, Some(row.account_id.to_string()), Some(&row.id));
        if debit {
            self.books.own.push(row);
        } else {
            self.books.entries.push(Booked { account: index, copies: both(row), debit: None });
        }
        Ok(())
    }

    /// Books a debit of the master to an account that no list holds.
    fn invent_account(&mut self, flaw: &FlawPlan) -> Result<(), ScenarioError> {
        let wanted = "an open master ledger, and a debit well inside the month to be modelled on";
        let model = self.pick_debit(None).filter(|_found| !self.master_is_closed());
        let (_place, model) = model.ok_or_else(|| no_place(flaw, wanted))?;
        let stranger = customer_id(&mut self.rng, self.accounts.len() + self.books.strays.len());
        let id: Text = uuid(&mut self.rng).into();
        let balance_id = uuid(&mut self.rng).into();
        self.note(flaw.class, Some(stranger.clone()), Some(&id));
        self.books.strays.push(Row { id, account_id: stranger.into(), balance_id, ..model });
        Ok(())
    }

    /// Leaves a few entries open, as in every month.
    fn leave_unsettled(&mut self) {
        let count = self.scenario.world.unsettled.unwrap_or(self.scenario.world.entries / 1000);
        for _each in 0..count {
            let open = |entry: &Booked, row: &Row| entry.debit.is_none() && !row.is_transfer();
            let Some(place) = self.pick_entry(None, open) else { return };
            let entry = &mut self.books.entries[place];
            let Copies::Same(row) = &entry.copies else { return };
            let status = ["pending", "failed", "cancelled"][self.rng.random_range(0..3)];
            let (row, account) = (Row { status, ..row.clone() }, self.accounts[entry.account].auth_id.clone());
            let id = row.id.clone();
            entry.copies = both(row);
            self.note(Class::Unsettled, Some(account), Some(&id));
        }
    }

    /// An untouched, settled entry well inside the month, of a customer that no flaw has taken for itself.
    fn pick_entry(&mut self, account: Option<&str>, fits: impl Fn(&Booked, &Row) -> bool) -> Option<usize> {
        let customers = self.books.spans.len();
        let first = self.rng.random_range(0..customers.max(1));
        let draw: usize = self.rng.random_range(0..usize::MAX / 2);
        (0..customers).map(|step| (first + step) % customers).find_map(|index| {
            let named = account.is_none_or(|wanted| self.is_named(index, wanted));
            let span = self.books.spans[index].clone();
            let mut places = (0..span.len()).map(|step| span.start + (draw % span.len() + step) % span.len());
            let fit = |place: &usize| {
                let entry = &self.books.entries[*place];
                entry.untouched().is_some_and(|row| self.times.is_well_inside(row.created_at) && fits(entry, row))
            };
            if named && !self.claimed.contains(&index) { places.find(fit) } else { None }
        })
    }

    /// An ordinary debit to plant a flaw in.
    fn pick_debit(&mut self, account: Option<&str>) -> Option<(usize, Row)> {
        let place = self.pick_entry(account, |entry, row| entry.debit.is_none() && row.kind == "debit")?;
        Some((place, self.books.entries[place].untouched()?.clone()))
    }

    /// A transfer whose reference no other shares, with the place of its debit.
    fn pick_transfer(&mut self, flaw: &FlawPlan) -> Option<(usize, usize, Row)> {
        let own = std::mem::take(&mut self.books.own);
        let legs = |reference: &Text| own.iter().filter(|row| row.reference.as_ref() == Some(reference)).count();
        let alone =
            |entry: &Booked, row: &Row| entry.debit.is_some() && row.reference.as_ref().is_some_and(|r| legs(r) == 1);
        let place = self.pick_entry(flaw.account.as_deref(), alone);
        self.books.own = own;
        let entry = &self.books.entries[place?];
        Some((place?, entry.debit?, entry.untouched()?.clone()))
    }

    /// A free customer with at least so many untouched rows well inside the month.
    fn pick_account(&mut self, flaw: &FlawPlan, rows_min: usize) -> Option<usize> {
        let customers = self.books.spans.len();
        let first = self.rng.random_range(0..customers.max(1));
        (0..customers).map(|step| (first + step) % customers).find(|index| {
            let named = flaw.account.as_deref().is_none_or(|wanted| self.is_named(*index, wanted));
            let entries = &self.books.entries[self.books.spans[*index].clone()];
            let inside = entries.iter().filter_map(Booked::untouched);
            let enough = inside.filter(|row| self.times.is_well_inside(row.created_at)).count() >= rows_min;
            named && enough && !self.claimed.contains(index)
        })
    }

    /// Another free customer with the same currency.
    fn pick_other(&mut self, account: usize) -> Option<usize> {
        let (customers, currency) = (self.accounts.len(), self.accounts[account].currency);
        let first = self.rng.random_range(0..customers.max(1));
        (0..customers).map(|step| (first + step) % customers).find(|other| {
            *other != account && self.accounts[*other].currency == currency && !self.claimed.contains(other)
        })
    }

    fn is_named(&self, index: usize, wanted: &str) -> bool {
        self.accounts[index].auth_id == wanted || self.accounts[index].name == wanted
    }

    fn master_is_closed(&self) -> bool {
        self.damage.refused.contains_key(&Book::Master)
    }

    fn pairs_transfers(&self) -> bool {
        self.scenario.world.own_rows && !self.master_is_closed()
    }

    fn note(&mut self, class: Class, account: Option<String>, entry_id: Option<&str>) {
        self.damage.planted.push(Planted { class, account, entry_id: entry_id.map(ToOwned::to_owned) });
    }
}

/// Dollars, or rupees for a row in dollars.
fn other_currency(currency: Currency) -> Currency {
    let other = if currency.code() == "USD" { "INR" } else { "USD" };
    other.parse().unwrap_or(currency)
}

const fn no_place(flaw: &FlawPlan, expected: &'static str) -> ScenarioError {
    ScenarioError::NoPlace { class: flaw.class, expected }
}
