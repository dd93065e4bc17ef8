//! What a sealed month hands on to the next: its closing balances, and what was still open when it was sealed.

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::breaks::Class;
use super::currency::Currency;
use super::period::{Period, Timestamp};

/// The last sealed close before this one, as its own papers say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The run, such as `2026-02` or `2026-02.r2`.
    pub run: String,
    /// Its seal.
    pub seal: String,
    /// Whether it closed the month just before: then its closing balances are this month's openings.
    pub adjoins: bool,
    /// Whether its wallets were read only after this month had ended. Then its closings are this month's own entries
    /// rewound from a reading behind them, and that they lead to this month's closings proves nothing.
    #[serde(default)]
    pub read_late: bool,
    /// The wallets at its cut-off, sorted by account and currency: where it evidenced one, what it sealed, else what a run
    /// before it sealed last. Whatever was sealed is handed on until a later run seals it anew.
    pub closings: Vec<Closing>,
    /// What the sealed months before this one leave open, each month as its last run says, sorted by id.
    pub open: Vec<OpenBreak>,
}

/// The last sealed run of the same month, which a further run of it is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// The run, such as `2026-02`.
    pub run: String,
    /// Its seal.
    pub seal: String,
    /// What it and the runs before it left open of their own month, sorted by id.
    pub open: Vec<OpenBreak>,
}

/// One wallet at a cut-off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The account, the partner's own too.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// What it held; where an earlier run sealed it, with what the months sealed since say that its entries came to.
    pub amount: Amount,
    /// Where it was sealed, if not by the run that hands it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierClosing>,
}

/// A closing that was sealed by an earlier run than the last, as no run since has evidenced the wallet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierClosing {
    /// The run, such as `2026-01`.
    pub run: String,
    /// Its month.
    pub period: Period,
    /// What it sealed.
    pub sealed: Amount,
    /// Whether its wallets were read only after the month of the run that takes it over had ended.
    #[serde(default)]
    pub read_late: bool,
    /// What is known of its entries since.
    pub between: Between,
}

/// What the months between two closings of a wallet tell of its entries, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// All of them: each month's ledger was whole.
    Whole,
    /// In one of them the wallet was gone: what moved then, nothing shows.
    Gone,
    /// In one of them its ledger was not whole, or nobody closed the month.
    Unknown,
}

/// A break that was open when a run was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBreak {
    /// Its stable id.
    pub id: String,
    /// Its class.
    pub class: Class,
    /// The account it was reported under.
    pub account: Option<String>,
    /// The currency concerned.
    pub currency: Option<Currency>,
    /// The entries concerned.
    pub entry_ids: Vec<String>,
    /// Its reference.
    pub reference: Option<String>,
    /// The field that differs.
    pub field: String,
    /// What the master said.
    pub master_value: String,
    /// What the customer's side said.
    pub customer_value: String,
    /// Σ of its effects in its currency.
    pub effect: Amount,
    /// Σ |effect| in its currency.
    pub gross: Amount,
    /// What a finding of a recheck adds to the net, credits less debits, of its own wallet: of a customer's from the
    /// customer's ledger, of the partner's own from the master. Zero for a finding in the master on a customer's entry, and
    /// for every other break.
    #[serde(default)]
    pub since_the_seal: Amount,
    /// When the youngest entry concerned was made; the month's last moment where none is named.
    pub dated: Timestamp,
    /// The first run that reported it.
    pub first_run: String,
    /// Its sentence.
    pub explanation: String,
}
