//! Decisions that people take on breaks, and what an acceptance changes: the verdict, never a sum.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::breaks::{Break, Severity};

/// What somebody did about a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Accepted it, at its exact amount: it keeps its class and its effect, and weighs no more than a notice.
    Accept,
    /// Explained it. No verdict changes.
    Explain,
    /// Gave it to somebody to be cleared up. No verdict changes.
    Assign,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Explain, Self::Assign];

    /// What a break is after it, as the papers say.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Explain => "explained",
            Self::Assign => "assigned",
        }
    }
}

/// One decision, as the register keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The break.
    pub break_id: String,
    /// What was done.
    pub action: Action,
    /// The effect that was accepted; nothing for the other actions.
    pub amount: Option<Amount>,
    /// To whom it was assigned.
    pub to: Option<String>,
    /// Why.
    pub note: String,
    /// Who decided.
    pub by: String,
    /// The last day on which it is in force; nothing where it does not expire.
    #[serde(with = "day")]
    pub until: Option<NaiveDate>,
    /// When it was written down, in UTC.
    pub at: String,
}

impl Decision {
    /// Whether it is in force on a day.
    #[must_use]
    pub fn holds_on(&self, today: NaiveDate) -> bool {
        self.until.is_none_or(|until| today <= until)
    }

    /// The one that counts among those in force on one break, in the order in which they were made: an acceptance before
    /// the others, a later one before an earlier.
    #[must_use]
    pub fn leading<'a>(decisions: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        // Of equals the last is taken.
        decisions.into_iter().max_by_key(|it| it.action == Action::Accept)
    }
}

impl Break {
    /// Accepts the break: its class, effects and id stay, its weight does not.
    pub const fn accept(&mut self) {
        self.accepted = true;
    }

    /// Whether it is accepted.
    #[must_use]
    pub const fn accepted(&self) -> bool {
        self.accepted
    }

    /// What it weighs in a verdict: its severity, or no more than a notice where it is accepted.
    #[must_use]
    pub fn weight(&self) -> Severity {
        let severity = self.class().severity();
        if self.accepted { severity.min(Severity::Notice) } else { severity }
    }

    /// Σ of its effects in its own currency.
    #[must_use]
    pub fn effect(&self) -> Amount {
        self.effects().sum()
    }

    /// Σ |effect| in its own currency.
    #[must_use]
    pub fn gross(&self) -> Amount {
        self.effects().map(Amount::abs).sum()
    }

    /// Its effects in its own currency: on tie-outs, or on a wallet.
    fn effects(&self) -> impl Iterator<Item = Amount> {
        let own = self.legs().iter().filter(|leg| Some(leg.key.currency) == self.currency());
        own.map(|leg| leg.effect).chain(self.on_wallet())
    }
}

/// A day, where there is one, as `2026-03-31`.
mod day {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(day: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
        match day {
            Some(day) => serializer.collect_str(day),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}
