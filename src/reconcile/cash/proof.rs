//! What the proof of cash comes to: one proof for each wallet that is shown or was sealed, and the dashboard's total beside their sum.

use crate::domain::{Amount, Currency, Figure};

/// One wallet's proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletProof {
    /// The account, the partner's own too.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The wallet's currency; entries in any other do not move it.
    pub currency: Currency,
    /// What the first reading showed.
    pub before: Figure<Amount>,
    /// What the last reading showed.
    pub after: Figure<Amount>,
    /// The four columns, or why the evidence does not carry them.
    pub rolled: Result<RollForward, Gap>,
}

/// Why a wallet is not evidenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The reason, which may be that of many.
    pub reason: String,
    /// What a sealed close said of it last.
    pub sealed: Option<Amount>,
    /// Whether the wallet is shown no more: its account is gone from the list, or it is in another currency now.
    pub gone: bool,
}

/// The four columns: opening + credits − debits against closing. Settled entries of the wallet's own currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollForward {
    /// What the last sealed close of this wallet says of the period's start, where the months since are sealed, too.
    pub sealed: Option<Amount>,
    /// The wallet at the period's start.
    pub opening: Amount,
    /// How the opening is known.
    pub from: OpeningFrom,
    /// Σ credits of the period.
    pub credits: Amount,
    /// Σ debits of the period.
    pub debits: Amount,
    /// What the wallet held when its entries were read.
    pub live: Amount,
    /// Σ credits − Σ debits after the cut-off.
    pub after_cut_off: Amount,
    /// The lowest balance within the period.
    pub lowest: Amount,
    /// When it was reached, in the partner's zone: the moment of an entry, or the period's first.
    pub lowest_at: String,
    /// The entry that took the wallet there; nothing where the opening itself is the lowest.
    pub lowest_entry: Option<String>,
}

/// How an opening is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpeningFrom {
    /// It is the closing that the month before was sealed with.
    Sealed,
    /// The same, with what a recheck found to have come, changed or gone in that month since.
    Rechecked,
    /// The sum of every entry since the first.
    Inception,
    /// Implied: closing − credits + debits. Proves nothing.
    Implied,
}

impl OpeningFrom {
    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Rechecked => "rechecked",
            Self::Inception => "inception",
            Self::Implied => "implied",
        }
    }
}

impl RollForward {
    /// The wallet at the cut-off: what it held when read, rewound over the entries after the cut-off.
    #[must_use]
    pub fn closing(&self) -> Amount {
        self.live - self.after_cut_off
    }

    /// What opening and entries lead to.
    #[must_use]
    pub fn expected(&self) -> Amount {
        self.opening + self.credits - self.debits
    }

    /// Closing − expected: what a `roll-forward` explains.
    #[must_use]
    pub fn difference(&self) -> Amount {
        self.closing() - self.expected()
    }

    /// Opening − last sealed closing: what an `opening-differs` explains.
    #[must_use]
    pub fn opening_difference(&self) -> Amount {
        self.sealed.map_or(Amount::ZERO, |sealed| self.opening - sealed)
    }
}

impl WalletProof {
    /// `proved`, `implied`, `differs` or `not-evidenced`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match &self.rolled {
            Err(_) => "not-evidenced",
            Ok(rolled) if !rolled.difference().is_zero() || !rolled.opening_difference().is_zero() => "differs",
            Ok(rolled) if rolled.from == OpeningFrom::Implied => "implied",
            Ok(_) => "proved",
        }
    }

    /// What a sealed close said of it last.
    #[must_use]
    pub const fn sealed(&self) -> Option<Amount> {
        match &self.rolled {
            Ok(rolled) => rolled.sealed,
            Err(gap) => gap.sealed,
        }
    }

    /// Whether it was sealed and is shown no more.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(&self.rolled, Err(gap) if gap.gone)
    }

    /// The four columns, where they are evidenced.
    #[must_use]
    pub const fn rolled(&self) -> Option<&RollForward> {
        match &self.rolled {
            Ok(rolled) => Some(rolled),
            Err(_) => None,
        }
    }
}

/// The dashboard's total beside the wallets in its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletTotal {
    /// The currency.
    pub currency: Currency,
    /// What the dashboard says.
    pub dashboard: Amount,
    /// How many wallets there are.
    pub wallets: u64,
    /// The least that they held together between the two readings.
    pub least: Amount,
    /// The most. Equal to the least where no wallet moved.
    pub most: Amount,
}

impl WalletTotal {
    /// How far the dashboard's total lies outside what the wallets can have held: what a `wallet-total` explains.
    #[must_use]
    pub fn difference(&self) -> Amount {
        self.dashboard - self.dashboard.clamp(self.least, self.most)
    }
}
