//! The standings: each account's month, its verdict, and whether it may be invoiced.

use std::collections::{BTreeMap, BTreeSet};

use super::cash::{RollForward, WalletProof};
use super::movements::Movements;
use super::outcome::{AccountStanding, Charge, HeldAccount, TiedAccount};
use super::scope::Scope;
use crate::domain::{Amount, Break, ChargeClass, ChargeKind, Class, Currency, Family, Severity, Side, Verdict};
use crate::frame::{AccountTotals, ChargeTotal, FrameError};
use crate::normalise::Books;

/// The breaks by the accounts they speak of.
pub(super) struct Findings<'a> {
    by_account: BTreeMap<&'a str, Vec<&'a Break>>,
    everywhere: Vec<&'a Break>,
    /// The currencies that each account has a standing in.
    currencies: BTreeMap<&'a str, BTreeSet<Currency>>,
}

impl<'a> Findings<'a> {
    pub(super) fn of(breaks: &'a [Break], standings: impl Iterator<Item = (&'a str, Currency)>) -> Self {
        let mut by_account: BTreeMap<&str, Vec<&Break>> = BTreeMap::new();
        for found in breaks {
            let accounts: BTreeSet<&str> = found.accounts().collect();
            for account in accounts {
                by_account.entry(account).or_default().push(found);
            }
        }
        // Without the master ledger nobody is tied out; every other flaw in it shows on the accounts it concerns.
        let everywhere = |found: &&Break| found.class() == Class::MissingLedger && found.account().is_none();
        let mut currencies: BTreeMap<&str, BTreeSet<Currency>> = BTreeMap::new();
        for (account, currency) in standings {
            currencies.entry(account).or_default().insert(currency);
        }
        Self { by_account, everywhere: breaks.iter().filter(everywhere).collect(), currencies }
    }

    fn on(&self, account: &str, currency: Currency) -> impl Iterator<Item = &'a Break> {
        let own = self.by_account.get(account).into_iter().flatten();
        own.filter(move |found| self.bears_on(found, account, currency)).chain(&self.everywhere).copied()
    }

    /// Whether a finding speaks of what an account has in a currency: of the currencies of its entry and its effects, where the
    /// account has a standing in one; else, as of a list that is not whole and an entry in two currencies, of all that it has.
    fn bears_on(&self, found: &Break, account: &str, currency: Currency) -> bool {
        if found.class().family() == Family::Completeness || found.class() == Class::CurrencyDiffers {
            return true;
        }
        let legs = found.legs().iter().map(|leg| leg.key.currency);
        let named: BTreeSet<Currency> = found.currency().into_iter().chain(legs).collect();
        let elsewhere = || self.currencies.get(account).is_some_and(|own| own.is_disjoint(&named));
        named.is_empty() || named.contains(&currency) || elsewhere()
    }

    pub(super) fn verdict(&self, account: &str, currency: Currency) -> Verdict {
        Verdict(self.on(account, currency).map(Break::weight).max().unwrap_or(Severity::None))
    }

    fn accepted(&self, account: &str, currency: Currency) -> u64 {
        self.on(account, currency).filter(|found| found.accepted()).map(|_| 1).sum()
    }

    /// What ends the hold of an account.
    pub(super) fn hint(&self, account: &str, currency: Currency) -> &'static str {
        match self.verdict(account, currency).0 {
            Severity::Incomplete => {
                "look at its ledger in walk.csv and unreadable.csv, and close the month again when it is whole"
            }
            Severity::Break => {
                "take its breaks up with the platform, or accept them with `tieout breaks accept`; then close the month again"
            }
            Severity::None | Severity::Notice | Severity::Timing => {
                "have the platform put the account on the account list, then close the month again"
            }
        }
    }

    /// Why an account is held: the classes that stand in the way, with their counts, in order of precedence.
    pub(super) fn reason(&self, account: &str, currency: Currency) -> String {
        let counted = |weight: fn(&Break) -> Severity| {
            let mut counts: BTreeMap<Class, u64> = BTreeMap::new();
            for found in self.on(account, currency).filter(|found| weight(found) >= Severity::Break) {
                *counts.entry(found.class()).or_default() += 1;
            }
            counts.into_iter().map(|(class, count)| format!("{class} ({count})")).collect::<Vec<_>>().join(", ")
        };
        let open = counted(Break::weight);
        // An account that no list holds can have no invoice, though its breaks are accepted.
        if open.is_empty() { format!("{}, accepted", counted(|found| found.class().severity())) } else { open }
    }
}

/// What the accounts come to.
pub(super) struct Standings {
    pub(super) accounts: Vec<AccountStanding>,
    pub(super) tied: Vec<TiedAccount>,
    pub(super) held: Vec<HeldAccount>,
}

/// Sorts the accounts into those that may be invoiced and those that are held; `own` is what the customers' ledgers charge.
pub(super) fn stand(
    books: &Books,
    scope: &Scope,
    movements: &Movements,
    (wallets, own): (&[WalletProof], &Charges),
    breaks: &[Break],
) -> Result<Standings, FrameError> {
    let places = places(books, movements);
    let findings = &Findings::of(breaks, places.iter().map(|(account, _, currency)| (*account, *currency)));
    let accounts = standings(&places, movements, wallets, findings);
    let of_master = charges(books.master.charges(Side::Master)?);
    let (mut tied, mut held) = (Vec::new(), Vec::new());
    for standing in accounts.iter().filter(|standing| standing.account != scope.partner) {
        let key = (standing.account.clone(), standing.currency);
        let charges = own.get(&key).cloned().unwrap_or_default();
        let (account, currency) = key;
        let name = standing.name.clone();
        if standing.verdict.ties_out() {
            tied.push(TiedAccount::new(account, name, currency, charges));
        } else if let Some(cost_base) = billable(&charges) {
            let reason = findings.reason(&account, currency);
            let hint = findings.hint(&account, currency).to_owned();
            held.push(HeldAccount { account, name, currency, cost_base, reason, hint, is_credit: false });
        }
    }
    held.extend(in_the_master_alone(books, scope, &of_master, findings, &held));
    held.sort_by(|a, b| (&a.account, a.currency).cmp(&(&b.account, b.currency)));
    Ok(Standings { accounts, tied, held })
}

/// What the master alone charges: to accounts that the account list does not hold, to customers whose ledger could not be
/// read, and to flawed customers whose own ledger has nothing to bill at all.
fn in_the_master_alone(
    books: &Books,
    scope: &Scope,
    of_master: &Charges,
    findings: &Findings<'_>,
    held: &[HeldAccount],
) -> Vec<HeldAccount> {
    // What a customer's own ledger charges is told once, by that ledger: the master may have the same entry in another currency.
    let held: BTreeSet<&str> = held.iter().map(|it| it.account.as_str()).collect();
    let alone = of_master.iter().filter(|((account, currency), _)| {
        let tied = scope.knows(account) && findings.verdict(account, *currency).ties_out();
        *account != scope.partner && !tied && !held.contains(account.as_str())
    });
    let lines = alone.filter_map(|((account, currency), charges)| {
        let cost_base = billable(charges)?;
        let name = books.customers.get(account).map(|customer| customer.name.clone()).unwrap_or_default();
        let reason = findings.reason(account, *currency);
        let (account, currency, hint) = (account.clone(), *currency, findings.hint(account, *currency).to_owned());
        Some(HeldAccount { account, name, currency, cost_base, reason, hint, is_credit: false })
    });
    lines.collect()
}

/// An account with its name in a currency.
type Place<'a> = (&'a str, &'a str, Currency);

/// Every account and currency that has a line: the customers in the list, and the partner's own wallet.
fn places<'a>(books: &'a Books, movements: &Movements) -> Vec<Place<'a>> {
    let partner = (books.partner.account.as_str(), books.partner.name.as_str(), books.partner.currency);
    let customers = books.customers.iter().map(|(id, it)| (id.as_str(), it.name.as_str(), it.currency));
    let unwalkable = books.unwalkable.iter().map(|id| (id.as_str(), "", None));
    let mut places = Vec::new();
    for (account, name, currency) in customers.chain(unwalkable).chain([partner]) {
        let own = movements.of_account(account).into_iter().flat_map(|own| own.keys().copied());
        let currencies: BTreeSet<Currency> = own.chain([movements.home(account, currency)]).collect();
        places.extend(currencies.into_iter().map(|currency| (account, name, currency)));
    }
    places
}

/// One line for each of them.
fn standings(
    places: &[Place<'_>],
    movements: &Movements,
    wallets: &[WalletProof],
    findings: &Findings<'_>,
) -> Vec<AccountStanding> {
    let wallets: BTreeMap<(&str, Currency), &WalletProof> =
        wallets.iter().map(|wallet| ((wallet.account.as_str(), wallet.currency), wallet)).collect();
    let line = |place: &Place<'_>| {
        let (account, _, currency) = *place;
        standing(*place, movements.on(account, currency), wallets.get(&(account, currency)).copied(), findings)
    };
    let mut standings: Vec<AccountStanding> = places.iter().map(line).collect();
    standings.sort_by(|a, b| (&a.account, a.currency).cmp(&(&b.account, b.currency)));
    standings
}

fn standing(
    (account, name, currency): (&str, &str, Currency),
    line: Option<&AccountTotals>,
    wallet: Option<&WalletProof>,
    findings: &Findings<'_>,
) -> AccountStanding {
    let sum = |figure: fn(&AccountTotals) -> Amount| line.map(figure).unwrap_or_default();
    let rolled = wallet.and_then(WalletProof::rolled);
    AccountStanding {
        account: account.to_owned(),
        name: name.to_owned(),
        currency,
        entries: line.map_or(0, |line| line.entries),
        opening: rolled.map(|rolled| rolled.opening),
        credits: sum(|line| line.credits),
        debits: sum(|line| line.debits),
        closing: rolled.map(RollForward::closing),
        unsettled: line.map_or(0, |line| line.unsettled),
        verdict: findings.verdict(account, currency),
        accepted: findings.accepted(account, currency),
    }
}

/// Charges by account and currency.
pub(super) type Charges = BTreeMap<(String, Currency), Vec<Charge>>;

pub(super) fn charges(totals: Vec<ChargeTotal>) -> Charges {
    let mut charges = Charges::new();
    for total in totals {
        let ChargeTotal { account, currency, class, direction, entries, amount } = total;
        let charge = Charge { class: ChargeClass(class), direction, entries, amount };
        charges.entry((account, currency)).or_default().push(charge);
    }
    charges
}

/// Σ usage less refunds, where there is anything to bill or to give back.
fn billable(charges: &[Charge]) -> Option<Amount> {
    let signed = charges.iter().filter_map(|charge| match charge.class.kind(charge.direction)? {
        ChargeKind::Usage => Some(charge.amount),
        ChargeKind::Refund => Some(-charge.amount),
    });
    let mut signed = signed.peekable();
    signed.peek()?;
    Some(signed.sum())
}
