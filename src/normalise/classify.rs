//! The rules that name what an entry is charged for, from its type, reference and description.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{ChargeClass, Direction};
use crate::wire::LedgerRow;

/// One rule: every condition that is set must hold. Texts compare without regard to ASCII case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `credit` or `debit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The partner's word in `type` or `reference_type`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How the reference begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_prefix: Option<String>,
    /// How the description begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_prefix: Option<String>,
    /// What the description contains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_contains: Option<String>,
    /// The charge class it names.
    pub class: ChargeClass,
}

/// The rules in order: the user's, then the built-in ones. The first that holds names the class.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Vec<Rule>,
}

/// The direction of a type: the two documented ones, and the literals that older rows carry (partner API, ledger rows).
pub(super) fn direction_of(kind: &str) -> Direction {
    match kind {
        "credit" | "payment" | "recharge" | "refund" => Direction::Credit,
        "debit" | "cdr" | "did_purchase" | "did_rental" | "ncc" | "recording" | "stream_cdr" | "transcription" => {
            Direction::Debit
        }
        _ => Direction::Unclassified,
    }
}

impl Rules {
    /// The user's rules before the built-in ones.
    #[must_use]
    pub fn new(own: &[Rule]) -> Self {
        Self { rules: own.iter().cloned().chain(built_in()).collect() }
    }

    /// The classes that a charge or a refund can have by these rules, and so be billed under; `other` is always among them.
    #[must_use]
    pub fn billable_classes(&self) -> BTreeSet<String> {
        let refund = |rule: &Rule| rule.class.as_str() == ChargeClass::REFUND;
        let moved = |rule: &Rule| rule.class.as_str() == ChargeClass::TRANSFER;
        let billable = |rule: &&Rule| (rule.direction != Some(Direction::Credit) || refund(rule)) && !moved(rule);
        let named = self.rules.iter().filter(billable).map(|rule| rule.class.as_str());
        named.chain([ChargeClass::OTHER]).map(ToOwned::to_owned).collect()
    }

    /// What a row is charged for. A direction that is not known is `unclassified`, whatever the rules say; a readable
    /// row that no rule names is `other`.
    pub(super) fn class_of(&self, row: &LedgerRow<'_>, direction: Direction) -> ChargeClass {
        if direction == Direction::Unclassified {
            return ChargeClass(ChargeClass::UNCLASSIFIED.to_owned());
        }
        let rule = self.rules.iter().find(|rule| rule.holds(row, direction));
        rule.map_or_else(|| ChargeClass(ChargeClass::OTHER.to_owned()), |rule| rule.class.clone())
    }
}

impl Rule {
    /// Whether the rule asks for anything at all; one that does not would name every entry.
    #[must_use]
    pub fn has_condition(&self) -> bool {
        let texts = [&self.kind, &self.reference_prefix, &self.description_prefix, &self.description_contains];
        self.direction.is_some() || texts.into_iter().any(Option::is_some)
    }

    /// Whether a text that references or descriptions must hold is empty, and so asks for nothing.
    #[must_use]
    pub fn has_empty_condition(&self) -> bool {
        let texts = [&self.reference_prefix, &self.description_prefix, &self.description_contains];
        texts.into_iter().any(|text| text.as_deref() == Some(""))
    }

    /// Whether it names every entry that another one could name, so that the other, standing behind it, never names any.
    #[must_use]
    pub fn leaves_nothing_to(&self, other: &Self) -> bool {
        let covers = |own: &Option<String>, others: &Option<String>, implied: fn(&str, &str) -> bool| {
            own.as_deref().is_none_or(|own| others.as_deref().is_some_and(|others| implied(others, own)))
        };
        let described = |own: &Option<String>| {
            let texts = [&other.description_contains, &other.description_prefix];
            own.as_deref().is_none_or(|own| texts.into_iter().flatten().any(|text| contains(text, own)))
        };
        self.direction.is_none_or(|own| other.direction == Some(own))
            && covers(&self.kind, &other.kind, |others, own| others == own)
            && covers(&self.reference_prefix, &other.reference_prefix, begins)
            && covers(&self.description_prefix, &other.description_prefix, begins)
            && described(&self.description_contains)
    }

    fn holds(&self, row: &LedgerRow<'_>, direction: Direction) -> bool {
        let asked = |condition: &Option<String>, test: &dyn Fn(&str) -> bool| condition.as_deref().is_none_or(test);
        let description = row.description.as_deref().unwrap_or_default();
        let reference = row.reference.as_deref().unwrap_or_default();
        self.direction.is_none_or(|asked| asked == direction)
            && asked(&self.kind, &|word| row.kind == word || row.reference_type.as_deref() == Some(word))
            && asked(&self.reference_prefix, &|prefix| begins(reference, prefix))
            && asked(&self.description_prefix, &|prefix| begins(description, prefix))
            && asked(&self.description_contains, &|part| contains(description, part))
    }
}

fn begins(text: &str, prefix: &str) -> bool {
    text.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn contains(text: &str, part: &str) -> bool {
    part.is_empty() || text.as_bytes().windows(part.len()).any(|piece| piece.eq_ignore_ascii_case(part.as_bytes()))
}

/// The rules for what the partner API is documented to write.
fn built_in() -> Vec<Rule> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let rule = |direction: &str, kind: &str, reference: &str, description: &str, class: &str| Rule {
        direction: some(direction).map(|word| Direction::from_word(&word)),
        kind: some(kind),
        reference_prefix: some(reference),
        description_prefix: some(description),
        description_contains: None,
        class: ChargeClass(class.to_owned()),
    };
    vec![
        rule("", "", "ptc:", "", ChargeClass::TRANSFER),
        rule("", "manual_adjustment", "", "", ChargeClass::ADJUSTMENT),
        rule("", "", "", "Manual adjustment", ChargeClass::ADJUSTMENT),
        rule("credit", "refund", "", "", ChargeClass::REFUND),
        rule("credit", "", "", "Refund", ChargeClass::REFUND),
        rule("credit", "payment", "", "", ChargeClass::TOP_UP),
        rule("credit", "recharge", "", "", ChargeClass::TOP_UP),
        rule("credit", "", "pay:", "", ChargeClass::TOP_UP),
        rule("credit", "", "", "Recharge", ChargeClass::TOP_UP),
        rule("debit", "stream_cdr", "", "", "streaming"),
        rule("debit", "", "", "Stream", "streaming"),
        rule("debit", "recording", "", "", "recording"),
        rule("debit", "", "", "Recording", "recording"),
        rule("debit", "transcription", "", "", "transcription"),
        rule("debit", "", "", "Transcription", "transcription"),
        rule("debit", "did_rental", "", "", "number-rental"),
        rule("debit", "", "", "Number rental", "number-rental"),
        rule("debit", "did_purchase", "", "", "number-setup"),
        rule("debit", "", "", "Number setup", "number-setup"),
        rule("debit", "ncc", "", "", "call"),
        rule("debit", "cdr", "", "", "call"),
        rule("debit", "", "cdr:", "", "call"),
        rule("debit", "", "", "Call ", "call"),
        rule("debit", "", "", "Usage ", "daily-usage"),
    ]
}
