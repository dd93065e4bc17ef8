//! The two books while they are written: every entry once, standing in both, until a flaw sets its copies apart.

use std::ops::Range;
use std::sync::Arc;

use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use crate::domain::{Amount, Currency, Timestamp, is_transfer};

/// Text that both books share.
pub type Text = Arc<str>;

/// The status of a settled row.
pub(super) const COMPLETED: &str = "completed";

/// One row of a ledger, as the partner keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The identity, a uuid.
    pub id: Text,
    /// The account the row is booked to, `MA_…` or `PA_…`.
    pub account_id: Text,
    /// The wallet, a uuid.
    pub balance_id: Text,
    /// `credit`, `debit` or another literal.
    pub kind: &'static str,
    /// The exact JSON text of the amount, such as `0.08` or `200`; a flaw may make it a JSON string.
    pub amount: Text,
    /// The currency.
    pub currency: Currency,
    /// Free text.
    pub description: Text,
    /// `cdr:…`, `ptc:…`, `pay:…`, or none.
    pub reference: Option<Text>,
    /// `completed` when settled.
    pub status: &'static str,
    /// In microseconds since 1970-01-01 UTC.
    pub created_at: Timestamp,
}

impl Row {
    /// Whether the row is settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.status == COMPLETED
    }

    /// Whether the reference claims to be a transfer's.
    #[must_use]
    pub fn is_transfer(&self) -> bool {
        self.reference.as_deref().is_some_and(is_transfer)
    }

    /// Whether the amount can be read, as a number or as a text that is one.
    pub(super) fn is_readable(&self) -> bool {
        self.amount.trim_matches('"').parse::<Amount>().is_ok()
    }

    /// The amount, nothing where it cannot be read.
    pub(super) fn value(&self) -> Amount {
        self.amount.parse().unwrap_or(Amount::ZERO)
    }

    /// What the row adds to the debits and to the credits; a direction of another name adds to neither.
    pub(super) fn debit_and_credit(&self) -> (Amount, Amount) {
        match self.kind {
            "debit" => (self.value(), Amount::ZERO),
            "credit" => (Amount::ZERO, self.value()),
            _ => (Amount::ZERO, Amount::ZERO),
        }
    }

    /// The same row with another amount.
    pub(super) fn with_amount(&self, amount: Amount) -> Self {
        Self { amount: amount.to_text(0).into(), ..self.clone() }
    }
}

/// Whose wallet a row is booked to.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) account_id: Text,
    pub(super) balance_id: Text,
    pub(super) currency: Currency,
}

/// A row about to be written.
pub(super) struct Draft<'a> {
    pub(super) holder: &'a Holder,
    pub(super) kind: &'static str,
    pub(super) amount: Amount,
    pub(super) description: String,
    pub(super) reference: Option<Text>,
    pub(super) at: Timestamp,
}

impl Draft<'_> {
    /// Gives the draft an id of its own.
    pub(super) fn row(self, rng: &mut ChaCha8Rng) -> Row {
        Row {
            id: uuid(rng).into(),
            account_id: self.holder.account_id.clone(),
            balance_id: self.holder.balance_id.clone(),
            kind: self.kind,
            amount: self.amount.to_text(0).into(),
            currency: self.holder.currency,
            description: self.description.into(),
            reference: self.reference,
            status: COMPLETED,
            created_at: self.at,
        }
    }
}

/// A random uuid.
pub(super) fn uuid(rng: &mut ChaCha8Rng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
}

/// The copies of one entry.
pub(super) enum Copies {
    /// The same row in both books.
    Same(Row),
    /// A flaw has touched it: what stands in each book.
    Apart {
        /// In the customer's ledger.
        customer: Vec<Row>,
        /// In the master ledger.
        master: Vec<Row>,
    },
}

/// One entry of a customer.
pub(super) struct Booked {
    /// The customer, by its place in the account list.
    pub(super) account: usize,
    /// The rows.
    pub(super) copies: Copies,
    /// For a transfer, the partner's debit by its place among the partner's own rows.
    pub(super) debit: Option<usize>,
}

impl Booked {
    /// The row, while no flaw has touched it.
    pub(super) fn untouched(&self) -> Option<&Row> {
        match &self.copies {
            Copies::Same(row) => Some(row),
            Copies::Apart { .. } => None,
        }
    }
}

/// Everything written so far.
#[derive(Default)]
pub(super) struct Books {
    /// The customers' entries, one customer after the other.
    pub(super) entries: Vec<Booked>,
    /// Where each customer's entries stand among them.
    pub(super) spans: Vec<Range<usize>>,
    /// The partner's own rows, in the master only.
    pub(super) own: Vec<Row>,
    /// Other rows in the master only.
    pub(super) strays: Vec<Row>,
}

impl Books {
    /// Whether a reference is taken by a transfer.
    pub(super) fn legs_of(&self, reference: &str) -> usize {
        self.own.iter().filter(|row| row.reference.as_deref() == Some(reference)).count()
    }

    /// The finished books: each customer's ledger, and the master.
    pub(super) fn close(self, customers: usize, own_rows: bool) -> (Vec<Vec<Row>>, Vec<Row>) {
        let mut ledgers = vec![Vec::new(); customers];
        let mut master = Vec::with_capacity(self.entries.len() + self.own.len());
        for entry in self.entries {
            let ledger = &mut ledgers[entry.account];
            match entry.copies {
                Copies::Same(row) => {
                    ledger.push(row.clone());
                    master.push(row);
                }
                Copies::Apart { customer, master: copies } => {
                    ledger.extend(customer);
                    master.extend(copies);
                }
            }
        }
        master.extend(self.strays);
        if own_rows {
            master.extend(self.own);
        }
        (ledgers, master)
    }
}
