//! What a list says of itself: its own totals, against which everything received is held.

use super::amount::Amount;
use super::figure::{AsWritten, Figure};

/// A list's own control totals, each as it is stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Rows in the whole list, by its envelope.
    pub total: Option<u64>,
    /// Entries, by its summary.
    pub transactions: Figure<u64>,
    /// Σ debits, by its summary.
    pub debit: Figure<Amount>,
    /// Σ credits, by its summary.
    pub credit: Figure<Amount>,
    /// Σ credits − Σ debits, by its summary.
    pub net: Figure<Amount>,
    /// The summary as it was written, where it is none: then it says nothing.
    pub unread: Option<AsWritten>,
}

impl Control {
    /// What a list without entries says of itself.
    pub const NOTHING: Self = Self {
        total: Some(0),
        transactions: Figure::Known(0),
        debit: Figure::Known(Amount::ZERO),
        credit: Figure::Known(Amount::ZERO),
        net: Figure::Known(Amount::ZERO),
        unread: None,
    };

    /// What two parts of one list come to together. A figure that one of them lacks is lacking in the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |a: Figure<Amount>, b: Figure<Amount>| a.plus(b, |a, b| Some(a + b));
        Self {
            total: self.total.zip(other.total).and_then(|(a, b)| a.checked_add(b)),
            transactions: self.transactions.plus(other.transactions, u64::checked_add),
            debit: sum(self.debit, other.debit),
            credit: sum(self.credit, other.credit),
            net: sum(self.net, other.net),
            unread: self.unread.or(other.unread),
        }
    }

    /// Whether it says enough to tell a list that has moved from one that has not: every figure, and not a summary of
    /// zeros beside rows, which is a degraded answer.
    #[must_use]
    pub fn tells(&self) -> bool {
        let [debit, credit, net] = [self.debit, self.credit, self.net].map(Figure::known);
        let whole = self.total.is_some() && debit.is_some() && credit.is_some() && net.is_some();
        let sums = !(self.debit.is_silent() && self.credit.is_silent());
        whole && self.transactions.known().is_some_and(|entries| (entries > 0 && sums) || self.total == Some(0))
    }
}
