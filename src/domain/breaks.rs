//! The closed list of breaks: every way in which two books can fail to agree, by slug, in order of precedence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::amount::Amount;
use super::currency::Currency;
use super::digest::hex;
use super::steps::step;
use super::tie_out_key::TieOutKey;

/// How much a break weighs. The worst one found is the verdict; `Break` and `Incomplete` keep an account from being
/// invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing found.
    None,
    /// Worth a look.
    Notice,
    /// Explained by the calendar.
    Timing,
    /// The books differ.
    Break,
    /// The evidence is not whole.
    Incomplete,
}

impl Severity {
    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Notice => "notice",
            Self::Timing => "timing",
            Self::Break => "break",
            Self::Incomplete => "incomplete",
        }
    }
}

/// The families of breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Is the evidence whole?
    Completeness,
    /// Is the entry there on both sides, once?
    Existence,
    /// Does the transfer have both its legs?
    Transfers,
    /// Do both sides say the same of it?
    Valuation,
    /// Is it in the right month?
    CutOff,
    /// Do we know what it is?
    Classification,
    /// Do the wallets agree with the entries?
    Balance,
    /// Is anything left?
    Aggregate,
}

macro_rules! classes {
    ($($name:ident $slug:literal $family:ident $severity:ident $meaning:literal;)+) => {
        /// The class of a break, declared in order of precedence: an entry with several faults reports the first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Class { $(#[doc = $meaning] $name,)+ }

        impl Class {
            /// Every class, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name everywhere: papers, scenarios, `--help`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// The family.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$name => Family::$family,)+ }
            }

            /// The severity.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What it means, in half a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }
        }
    };
}

classes! {
    MissingLedger "missing-ledger" Completeness Incomplete "a ledger could not be read";
    ControlTotal "control-total" Completeness Incomplete "the entries received do not add up to the list's own totals";
    DegradedSummary "degraded-summary" Completeness Notice "the list's summary is all zero beside entries; the count still proves the walk";
    CrossFoot "cross-foot" Completeness Notice "the list's summary contradicts itself";
    UnstableWalk "unstable-walk" Completeness Incomplete "the pages kept shifting while the list was walked";
    UnreadableEntry "unreadable-entry" Completeness Incomplete "a row cannot become an entry";
    MissingFromCustomer "missing-from-customer" Existence Break "in the master ledger, not in the customer's";
    MissingFromMaster "missing-from-master" Existence Break "in a customer's ledger, not in the master";
    UnknownAccount "unknown-account" Existence Break "the master names an account that the account list does not hold";
    DuplicateEntry "duplicate-entry" Existence Break "one entry more than once in one ledger";
    ConflictingEntry "conflicting-entry" Existence Break "one entry twice in one ledger, with different content";
    DuplicateReference "duplicate-reference" Existence Break "a transfer carried by more entries on one side than on the other";
    UnpairedDebit "unpaired-debit" Transfers Break "a transfer left the partner's wallet and reached no customer";
    UnpairedCredit "unpaired-credit" Transfers Break "a transfer reached a customer and left no partner's wallet";
    MispostedTransfer "misposted-transfer" Transfers Break "the reference names one customer, the entry sits on another";
    ForeignPartner "foreign-partner" Transfers Break "the reference names another partner";
    MalformedReference "malformed-reference" Transfers Break "a transfer reference that cannot be read";
    AccountDiffers "account-differs" Valuation Break "one entry, booked to different accounts on the two sides";
    CurrencyDiffers "currency-differs" Valuation Break "one entry, in different currencies on the two sides";
    DirectionDiffers "direction-differs" Valuation Break "a credit on one side and a debit on the other, or a negative amount";
    AmountDiffers "amount-differs" Valuation Break "one entry, with different amounts on the two sides";
    RoundingDiffers "rounding-differs" Valuation Notice "a difference within the tolerance that the settings allow";
    StatusDiffers "status-differs" Valuation Break "settled on one side only";
    Timing "timing" CutOff Timing "inside the period on one side, outside on the other";
    ZoneStraddle "zone-straddle" CutOff Timing "inside the period by one calendar, outside by the other";
    LateEntry "late-entry" CutOff Break "appeared after the seal with a date inside the sealed period";
    ChangedAfterSeal "changed-after-seal" CutOff Break "a sealed entry has changed";
    VanishedAfterSeal "vanished-after-seal" CutOff Break "a sealed entry is gone";
    Unclassified "unclassified" Classification Break "a direction or type that no rule knows";
    Adjustment "adjustment" Classification Notice "a correction made by hand, listed for review";
    Unsettled "unsettled" Classification Notice "not completed: outside every total, visibly";
    RollForward "roll-forward" Balance Break "opening and movements do not lead to the closing balance";
    OpeningDiffers "opening-differs" Balance Break "the opening balance is not the last sealed closing balance";
    UnprovedOpening "unproved-opening" Balance Notice "a first close: the opening balance is implied";
    NegativeBalance "negative-balance" Balance Notice "a prepaid wallet below zero within the period";
    WalletTotal "wallet-total" Balance Break "the dashboard's total is not the sum of the wallets";
    Residual "residual" Aggregate Incomplete "a difference that no listed break explains";
}

impl Class {
    /// Whether it compares with a seal: what the books show today does not take it back.
    #[must_use]
    pub const fn is_after_the_seal(self) -> bool {
        matches!(self, Self::LateEntry | Self::ChangedAfterSeal | Self::VanishedAfterSeal)
    }
}

/// A slug that names no class.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a class of breaks")]
pub struct UnknownClass(pub String);

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(slug: &str) -> Result<Self, UnknownClass> {
        Self::ALL.iter().copied().find(|class| class.slug() == slug).ok_or_else(|| UnknownClass(slug.to_owned()))
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Class {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slug = String::deserialize(deserializer)?;
        slug.parse().map_err(serde::de::Error::custom)
    }
}

/// The signed money that a break adds to the difference (master − customer) of one tie-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The tie-out it bears on.
    pub key: TieOutKey,
    /// Its effect there.
    pub effect: Amount,
}

/// Everything known of a break before it gets its id.
#[derive(Clone, Debug)]
pub struct BreakFacts {
    /// The class.
    pub class: Class,
    /// The account it is reported under; nothing for a finding on the books as a whole.
    pub account: Option<String>,
    /// The currency, where one is concerned.
    pub currency: Option<Currency>,
    /// The entries concerned, sorted.
    pub entry_ids: Vec<String>,
    /// The reference, where there is one.
    pub reference: Option<String>,
    /// The field or control total that differs.
    pub field: &'static str,
    /// What the master (or the list itself) says.
    pub master_value: String,
    /// What the customer's side (or what was received) says.
    pub customer_value: String,
    /// The effects, one for each tie-out touched, sorted by key.
    pub legs: Vec<Leg>,
    /// Where the entries concerned were read.
    pub origins: Vec<String>,
    /// One sentence that a finance person understands.
    pub explanation: String,
}

/// A finding: one difference, named, valued and traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    id: String,
    class: Class,
    account: Option<String>,
    currency: Option<Currency>,
    entry_ids: Vec<String>,
    reference: Option<String>,
    field: &'static str,
    master_value: String,
    customer_value: String,
    legs: Vec<Leg>,
    on_wallet: Option<Amount>,
    origins: Vec<String>,
    explanation: String,
    /// Whether somebody has accepted it: `decision` says what that changes.
    pub(super) accepted: bool,
}

impl Break {
    /// Gives the facts their id: the same facts have the same id in every run, other facts another.
    #[must_use]
    pub fn new(facts: BreakFacts) -> Self {
        Self::with(facts, None)
    }

    /// The same for a finding on a wallet: its effect is what it adds to the difference of the wallet's own equation, and
    /// of no tie-out.
    #[must_use]
    pub fn on_a_wallet(facts: BreakFacts, effect: Amount) -> Self {
        Self::with(facts, Some(effect))
    }

    fn with(facts: BreakFacts, on_wallet: Option<Amount>) -> Self {
        let id = id_of(&facts, on_wallet);
        let BreakFacts { class, account, currency, entry_ids, reference, field, .. } = facts;
        let BreakFacts { master_value, customer_value, legs, origins, explanation, .. } = facts;
        Self {
            id,
            class,
            account,
            currency,
            entry_ids,
            reference,
            field,
            master_value,
            customer_value,
            legs,
            on_wallet,
            origins,
            explanation,
            accepted: false,
        }
    }

    /// The stable id, `B-` and 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        step();
        &self.id
    }

    /// The class.
    #[must_use]
    pub fn class(&self) -> Class {
        step();
        self.class
    }

    /// The account it is reported under.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        step();
        self.account.as_deref()
    }

    /// The currency concerned.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// The entries concerned.
    #[must_use]
    pub fn entry_ids(&self) -> &[String] {
        step();
        &self.entry_ids
    }

    /// The reference.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The field or control total that differs.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// What the master says.
    #[must_use]
    pub fn master_value(&self) -> &str {
        &self.master_value
    }

    /// What the customer's side says.
    #[must_use]
    pub fn customer_value(&self) -> &str {
        &self.customer_value
    }

    /// The effects, one for each tie-out touched.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        step();
        &self.legs
    }

    /// The effect on the equation of a wallet (closing − opening − credits + debits, or opening − last sealed closing), or
    /// on the dashboard's total of them; nothing for a finding on entries.
    #[must_use]
    pub const fn on_wallet(&self) -> Option<Amount> {
        self.on_wallet
    }

    /// Where the entries concerned were read.
    #[must_use]
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    /// One sentence that a finance person understands.
    #[must_use]
    pub fn explanation(&self) -> &str {
        &self.explanation
    }

    /// Every account this break speaks of: the one it is reported under and those whose tie-outs it touches.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        let own = self.account.as_deref();
        own.into_iter().chain(self.legs.iter().map(|leg| leg.key.account.as_str()).filter(move |a| Some(*a) != own))
    }
}

/// The id of a break: the first 16 hexadecimal digits of a SHA-256 over what it states, each part with its length.
/// Where the entries were read and how the sentence is worded do not enter.
fn id_of(facts: &BreakFacts, on_wallet: Option<Amount>) -> String {
    let mut digest = Sha256::new();
    let mut put = |text: &str| {
        digest.update(text.len().to_string());
        digest.update(":");
        digest.update(text);
    };
    put(facts.class.slug());
    put(facts.account.as_deref().unwrap_or(""));
    put(facts.currency.as_ref().map_or("", Currency::code));
    facts.entry_ids.iter().for_each(|id| put(id));
    put(facts.reference.as_deref().unwrap_or(""));
    put(facts.field);
    put(&facts.master_value);
    put(&facts.customer_value);
    for leg in &facts.legs {
        put(&leg.key.account);
        put(leg.key.direction.word());
        put(&leg.effect.to_text(0));
    }
    if let Some(effect) = on_wallet {
        put("wallet");
        put(&effect.to_text(0));
    }
    // A row without a readable id is known by its place alone.
    if facts.entry_ids.is_empty() && facts.class == Class::UnreadableEntry {
        facts.origins.iter().for_each(|origin| put(origin));
    }
    format!("B-{}", &hex(&digest.finalize())[..16])
}
