//! What sealed closes say of a wallet: what its opening is held against, and the wallets that were sealed and are shown no
//! more.
//!
//! Whatever was sealed has a row until it is accounted for, in this month or any later one. A wallet that is gone is not
//! evidenced and is a finding; when it is shown again, it is held against what was sealed last.

use std::collections::{BTreeMap, BTreeSet};

use super::Prover;
use super::findings::facts;
use super::proof::{Gap, WalletProof};
use crate::domain::{
    Amount, Between, Break, BreakFacts, Calendar, Carried, Class, Closing, Currency, EarlierClosing, Figure, List,
    Period, Timestamp,
};
use crate::frame::FrameError;
use crate::normalise::Books;
use crate::reconcile::movements::Movements;
use crate::reconcile::scope::Scope;

/// The field of a finding on a wallet that is shown no more.
pub(in crate::reconcile) const WALLET: &str = "wallet";

/// Why a wallet that was sealed is not evidenced.
const GONE: &str = "the account list no longer holds its account";
const OTHER_CURRENCY: &str = "it is shown in another currency than it was sealed in";
const LIST_NOT_WHOLE: &str = "the account list was not read whole, and does not show it";

/// What a wallet's opening is held against.
#[derive(Clone, Copy)]
pub(super) struct Handed<'a> {
    /// What the sealed closes lead to at the period's start.
    pub(super) amount: Amount,
    /// The run that sealed the wallet last.
    pub(super) run: &'a str,
    /// Its month.
    pub(super) month: Period,
    /// Whether its wallets were read only after this month had ended.
    pub(super) read_late: bool,
    /// Whether the wallet was gone meanwhile, so that nothing shows what moved.
    pub(super) was_gone: bool,
}

/// The closings that sealed closes hand on, by account and currency.
pub(super) type Closings<'a> = BTreeMap<(&'a str, Currency), &'a Closing>;

pub(super) fn closings(carried: Option<&Carried>) -> Closings<'_> {
    let all = carried.into_iter().flat_map(|carried| &carried.closings);
    all.map(|it| ((it.account.as_str(), it.currency), it)).collect()
}

/// What the entries walked from inception come to since the seal of a wallet that was gone meanwhile.
pub(super) type Recovered<'a> = BTreeMap<(&'a str, Currency), Amount>;

/// Sums them up, by one question for each month in which such a wallet was sealed.
pub(super) fn recovered<'a>(
    books: &Books,
    scope: &Scope,
    movements: &Movements,
    closings: &Closings<'a>,
) -> Result<Recovered<'a>, FrameError> {
    let gone = |closing: &Closing| {
        let earlier = closing.earlier.as_ref().filter(|it| it.between == Between::Gone)?;
        books.inception.contains(&closing.account).then_some(earlier.period)
    };
    let wallets: Vec<_> = closings.iter().filter_map(|(key, closing)| Some((*key, gone(closing)?))).collect();
    let mut found = Recovered::new();
    for month in wallets.iter().map(|(_, month)| *month).collect::<BTreeSet<Period>>() {
        let sums = Movements::net_before(books, scope, cut_off(books, month))?;
        for (key, _) in wallets.iter().filter(|(_, of)| *of == month) {
            let (account, currency) = *key;
            let before = sums.get(&(account.to_owned(), currency)).copied().unwrap_or_default();
            found.insert(*key, movements.beside(account, currency).0 - before);
        }
    }
    Ok(found)
}

/// The first moment after a month.
fn cut_off(books: &Books, month: Period) -> Timestamp {
    Calendar::new(month, books.calendar.zone).end
}

impl<'a> Prover<'a> {
    /// What a wallet's opening is held against; nothing where no sealed close leads to it without a gap.
    pub(super) fn handed(&self, account: &str, currency: Currency) -> Option<Handed<'a>> {
        let carried = self.before?;
        let closing = self.closings.get(&(account, currency))?;
        let Some(EarlierClosing { run, period, sealed, read_late, between }) = &closing.earlier else {
            let (run, read_late) = (carried.run.as_str(), carried.read_late);
            let month = self.books.calendar.period.previous();
            return Some(Handed { amount: closing.amount, run, month, read_late, was_gone: false });
        };
        let handed = Handed { amount: closing.amount, run, month: *period, read_late: *read_late, was_gone: false };
        match (between, self.recovered.get(&(account, currency))) {
            (Between::Unknown, _) => None,
            (Between::Whole, _) => Some(handed),
            (Between::Gone, None) => Some(Handed { was_gone: true, ..handed }),
            (Between::Gone, Some(moved)) => Some(Handed { amount: *sealed + *moved, ..handed }),
        }
    }

    /// The wallets that were sealed and are shown no more, each with its finding. One that was sealed empty is accounted
    /// for, and has neither; it is held against that when it is shown again.
    pub(super) fn gone(&self, shown: &[WalletProof]) -> Vec<(WalletProof, Option<Break>)> {
        let shown: BTreeMap<&str, BTreeSet<Currency>> = shown.iter().fold(BTreeMap::new(), |mut all, wallet| {
            all.entry(wallet.account.as_str()).or_insert_with(BTreeSet::new).insert(wallet.currency);
            all
        });
        let mut gone = Vec::new();
        for ((account, currency), closing) in &self.closings {
            let now = shown.get(account);
            if closing.amount.is_zero() || now.is_some_and(|now| now.contains(currency)) {
                continue;
            }
            let reason = match now {
                Some(_) => OTHER_CURRENCY,
                None if self.is_list_whole() => GONE,
                None => LIST_NOT_WHOLE,
            };
            let gap = Gap { reason: reason.to_owned(), sealed: Some(closing.amount), gone: true };
            let name = self.books.customers.get(*account).map(|customer| customer.name.clone());
            let proof = WalletProof {
                account: (*account).to_owned(),
                name: name.unwrap_or_default(),
                currency: *currency,
                before: Figure::Absent,
                after: Figure::Absent,
                rolled: Err(gap),
            };
            // What keeps the list from being whole is a finding already.
            let found = (reason != LIST_NOT_WHOLE).then(|| self.gone_finding(closing, now));
            gone.push((proof, found));
        }
        gone
    }

    fn gone_finding(&self, closing: &Closing, now: Option<&BTreeSet<Currency>>) -> Break {
        let Closing { account, currency, amount, earlier } = closing;
        let run = earlier.as_ref().map(|it| it.run.as_str()).or(self.run).unwrap_or_default();
        let leads = earlier.as_ref().filter(|it| it.sealed != *amount).map_or_else(String::new, |it| {
            format!(", {} {currency}, which the entries of the months since lead to {amount} {currency}", it.sealed)
        });
        let (seen, shown) = match now {
            None => ("absent".to_owned(), "the account list no longer holds its account".to_owned()),
            Some(now) => {
                let now = now.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                (now.clone(), format!("it is shown in {now} now"))
            }
        };
        let held = if leads.is_empty() { format!(" with {amount} {currency}") } else { String::new() };
        let sentence = format!(
            "the wallet of {account} was sealed{held} by {run}{leads}, but {shown}: nothing shows what became of the money"
        );
        Break::new(BreakFacts {
            master_value: seen,
            customer_value: amount.to_string(),
            origins: vec![List::Accounts.to_string()],
            ..facts(Class::OpeningDiffers, Some(account.clone()), Some(*currency), WALLET, sentence)
        })
    }

    /// Whether the account list shows every wallet that there is.
    fn is_list_whole(&self) -> bool {
        let nameless = |row: &crate::domain::UnreadableRow| row.list == List::Accounts && row.account.is_none();
        self.is_list_proved && !self.books.unreadable.iter().any(nameless)
    }
}
