//! What a list says of itself: its own totals, against which everything received is held.

use super::amount::Amount;

/// A list's own control totals, each where it carries one and it can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Rows in the whole list, by its envelope.
    pub total: Option<u64>,
    /// Entries, by its summary.
    pub transactions: Option<u64>,
    /// Σ debits, by its summary.
    pub debit: Option<Amount>,
    /// Σ credits, by its summary.
    pub credit: Option<Amount>,
    /// Σ credits − Σ debits, by its summary.
    pub net: Option<Amount>,
}

impl Control {
    /// What a list without entries says of itself.
    pub const NOTHING: Self = Self {
        total: Some(0),
        transactions: Some(0),
        debit: Some(Amount::ZERO),
        credit: Some(Amount::ZERO),
        net: Some(Amount::ZERO),
    };

    /// What two parts of one list come to together. A figure that one of them lacks is lacking in the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let count = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
        let sum = |a: Option<Amount>, b: Option<Amount>| Some(a? + b?);
        Self {
            total: count(self.total, other.total),
            transactions: count(self.transactions, other.transactions),
            debit: sum(self.debit, other.debit),
            credit: sum(self.credit, other.credit),
            net: sum(self.net, other.net),
        }
    }

    /// Whether it says enough to tell a list that has moved from one that has not: every figure, and not a summary of
    /// zeros beside rows, which is a degraded answer.
    #[must_use]
    pub fn tells(&self) -> bool {
        let whole = self.total.is_some() && self.debit.is_some() && self.credit.is_some() && self.net.is_some();
        let zero = |amount: Option<Amount>| amount.is_none_or(Amount::is_zero);
        let sums = !(zero(self.debit) && zero(self.credit));
        whole && self.transactions.is_some_and(|entries| (entries > 0 && sums) || self.total == Some(0))
    }
}
