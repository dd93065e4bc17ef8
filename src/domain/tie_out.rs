//! Tie-outs: two figures shown to agree, or every unit by which they do not explained.

use std::fmt;

use serde::Serialize;

use super::amount::Amount;
use super::breaks::{Break, Class, Severity};
use super::bridge::Bridge;
use super::tie_out_key::TieOutKey;

/// Two figures and the breaks between them.
///
/// It cannot be built without its residual: `master − customer = Σ effects + residual`, always. A residual other than
/// zero is a finding of its own (`residual`, which makes the run incomplete), never a figure left lying about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TieOut {
    key: TieOutKey,
    effects: Vec<(String, Amount)>,
    bridge: Bridge,
    residual: Amount,
    severity: Severity,
}

impl TieOut {
    /// Ties two figures out with the breaks that bear on them. A figure is absent where its ledger could not be read;
    /// then nothing is claimed, and no residual can be formed.
    #[must_use]
    pub fn new(key: TieOutKey, master: Option<Amount>, customer: Option<Amount>, breaks: &[&Break]) -> Self {
        let bearing: Vec<(&str, Class, Amount)> = breaks
            .iter()
            .flat_map(|found| found.legs().iter().map(move |leg| (*found, leg)))
            .filter(|(_, leg)| leg.key == key && !leg.effect.is_zero())
            .map(|(found, leg)| (found.id(), found.class(), leg.effect))
            .collect();
        let bridge = Bridge::new(master, customer, bearing.iter().map(|(_, class, effect)| (*class, *effect)));
        let effects: Vec<(String, Amount)> =
            bearing.into_iter().map(|(id, _, effect)| (id.to_owned(), effect)).collect();
        let explained: Amount = effects.iter().map(|(_, effect)| *effect).sum();
        let residual = match (master, customer) {
            (Some(master), Some(customer)) => master - customer - explained,
            (None, _) | (_, None) => Amount::ZERO,
        };
        let worst = breaks.iter().map(|found| found.weight()).max().unwrap_or(Severity::None);
        let severity = if residual.is_zero() { worst } else { Severity::Incomplete };
        Self { key, effects, bridge, residual, severity }
    }

    /// What is tied out.
    #[must_use]
    pub const fn key(&self) -> &TieOutKey {
        &self.key
    }

    /// The master's figure, absent where the master ledger was not read.
    #[must_use]
    pub const fn master(&self) -> Option<Amount> {
        self.bridge.master()
    }

    /// The customer's figure, absent where its ledger was not read.
    #[must_use]
    pub const fn customer(&self) -> Option<Amount> {
        self.bridge.customer()
    }

    /// Master − customer, where both are known.
    #[must_use]
    pub fn difference(&self) -> Option<Amount> {
        self.bridge.opening_difference()
    }

    /// The breaks with an effect here, by id, with their effects.
    #[must_use]
    pub fn effects(&self) -> &[(String, Amount)] {
        &self.effects
    }

    /// What leads from the master's figure to the customer's, class by class.
    #[must_use]
    pub const fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// Σ effects.
    #[must_use]
    pub fn explained(&self) -> Amount {
        self.effects.iter().map(|(_, effect)| *effect).sum()
    }

    /// Σ |effect|: a net of zero proves nothing, so the gross always stands beside it.
    #[must_use]
    pub fn gross(&self) -> Amount {
        self.effects.iter().map(|(_, effect)| effect.abs()).sum()
    }

    /// What no break explains. Anything but zero makes the run incomplete.
    #[must_use]
    pub const fn residual(&self) -> Amount {
        self.residual
    }

    /// The worst weight among the breaks that bear on this tie-out.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        Verdict(self.severity)
    }
}

/// What a tie-out, an account or a whole close comes to: the worst severity found in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict(pub Severity);

impl Verdict {
    /// Whether everything is explained and nothing stands in an invoice's way.
    #[must_use]
    pub const fn ties_out(self) -> bool {
        matches!(self.0, Severity::None | Severity::Notice | Severity::Timing)
    }

    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self.0 {
            Severity::None | Severity::Notice => "tied-out",
            Severity::Timing => "tied-out-with-timing",
            Severity::Break => "breaks",
            Severity::Incomplete => "incomplete",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
