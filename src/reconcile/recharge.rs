//! The recharge check, as far as the books go: what each customer's wallet was funded with in the month and since, what it
//! was used for, and how low it fell. What is billed against it, `invoice` knows.
//!
//! Wallets are prepaid: what is transferred or topped up is an advance on the invoice. Sums by charge class in, one row for
//! each account and currency out; nothing is netted across currencies.

use std::collections::BTreeMap;

use super::cash::{RollForward, WalletProof};
use super::outcome::{AccountStanding, Charge};
use super::standing::{Charges, charges};
use crate::domain::{Amount, ChargeClass, Currency, Direction, Side};
use crate::frame::FrameError;
use crate::normalise::Books;

/// What a wallet was funded with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funding {
    /// Σ credits of class `top-up`: what the customer itself paid in at the platform.
    pub topped_up: Amount,
    /// Σ credits of class `transfer`: what the partner moved there from its own wallet.
    pub transferred: Amount,
    /// Σ debits of class `transfer`: what the partner took back.
    pub taken_back: Amount,
}

impl Funding {
    /// Topped up and transferred, less what was taken back.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.topped_up + self.transferred - self.taken_back
    }
}

/// How one customer's wallet was funded and used in one currency: settled entries of its own ledger.
/// `opening + topped up + transferred − taken back + refunded + other credits − usage` is what the proof of cash expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recharge {
    /// The account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// Whether it is billed after use: then nothing has to be there beforehand.
    pub postpaid: bool,
    /// What it was funded with in the period.
    pub month: Funding,
    /// What it was funded with after the cut-off, up to the evidence; or why that is not evidenced.
    pub since: Result<Funding, String>,
    /// Σ refunds of the period.
    pub refunded: Amount,
    /// Σ credits of the period of any other class: corrections made by hand, and what no rule names.
    pub other_credits: Amount,
    /// Σ debits of the period, without what was taken back: usage at cost.
    pub usage: Amount,
    /// The proof of cash, where the wallet is in this currency and the proof is evidenced.
    pub wallet: Option<RollForward>,
}

impl Recharge {
    /// What the wallet was funded with in the period and since; nothing where that is not evidenced.
    #[must_use]
    pub fn funded(&self) -> Option<Amount> {
        let since = self.since.as_ref().ok()?;
        Some(self.month.total() + since.total())
    }

    /// Whether anything moved in the period, or funded the wallet since.
    #[must_use]
    pub fn moved(&self) -> bool {
        let since = self.since.as_ref().copied().unwrap_or_default();
        let funded = [self.month, since].into_iter().flat_map(|it| [it.topped_up, it.transferred, it.taken_back]);
        funded.chain([self.refunded, self.other_credits, self.usage]).any(|amount| !amount.is_zero())
    }

    /// The least that a prepaid wallet held below zero, and the day; `None` for the day where that is what it holds now.
    #[must_use]
    pub fn below_zero(&self) -> Option<(Amount, Option<&str>)> {
        let wallet = self.wallet.as_ref().filter(|_| !self.postpaid)?;
        let in_month = (wallet.lowest, wallet.lowest_at.split('T').next());
        [in_month, (wallet.live, None)].into_iter().find(|(held, _)| held.is_negative())
    }
}

/// One row for each account and currency of the customers' standings, in their order. `own` are the charges of the period.
pub(super) fn recharges(
    books: &Books,
    partner: &str,
    accounts: &[AccountStanding],
    wallets: &[WalletProof],
    own: &Charges,
) -> Result<Vec<Recharge>, FrameError> {
    let mut since = charges(books.ledgers.charges_since(Side::Customer, books.calendar.end)?);
    for (wallet, more) in charges(books.around.charges_since(Side::Customer, books.calendar.end)?) {
        since.entry(wallet).or_default().extend(more);
    }
    let shown = wallets.iter().filter(|it| !it.is_gone());
    let wallets: BTreeMap<&str, &WalletProof> = shown.map(|it| (it.account.as_str(), it)).collect();
    let customers = accounts.iter().filter(|it| it.account != partner);
    let row = |standing: &AccountStanding| {
        let key = (standing.account.clone(), standing.currency);
        let of = |charges: &Charges| charges.get(&key).map(|found| sorted(found)).unwrap_or_default();
        let (month, after) = (of(own), of(&since));
        let proof = wallets.get(standing.account.as_str()).copied();
        let evidenced = match proof.map(|proof| &proof.rolled) {
            None => Err("no wallet of it is shown".to_owned()),
            Some(Err(gap)) => Err(gap.reason.clone()),
            Some(Ok(_)) => Ok(after.funding),
        };
        Recharge {
            account: standing.account.clone(),
            name: standing.name.clone(),
            currency: standing.currency,
            postpaid: books.wallets.get(&standing.account).is_some_and(|wallet| wallet.postpaid),
            month: month.funding,
            since: evidenced,
            refunded: month.refunded,
            other_credits: month.other_credits,
            usage: month.usage,
            wallet: proof.filter(|it| it.currency == standing.currency).and_then(|it| it.rolled().cloned()),
        }
    };
    Ok(customers.map(row).collect())
}

/// Charges by what they do to a wallet.
#[derive(Clone, Copy, Default)]
struct Sorted {
    funding: Funding,
    refunded: Amount,
    other_credits: Amount,
    usage: Amount,
}

fn sorted(charges: &[Charge]) -> Sorted {
    let mut sums = Sorted::default();
    for charge in charges {
        let sum = match (charge.direction, charge.class.as_str()) {
            (Direction::Credit, ChargeClass::TOP_UP) => &mut sums.funding.topped_up,
            (Direction::Credit, ChargeClass::TRANSFER) => &mut sums.funding.transferred,
            (Direction::Debit, ChargeClass::TRANSFER) => &mut sums.funding.taken_back,
            (Direction::Credit, ChargeClass::REFUND) => &mut sums.refunded,
            (Direction::Credit, _) => &mut sums.other_credits,
            (Direction::Debit, _) => &mut sums.usage,
            (Direction::Unclassified, _) => continue,
        };
        *sum += charge.amount;
    }
    sums
}
