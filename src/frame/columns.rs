//! The columns: their names and their types.

use polars::prelude::DataType;

/// The list: `transactions` for the master ledger, the owner's account id for a customer's.
pub(super) const LEDGER: &str = "ledger";
/// The entry's identity.
pub(super) const ID: &str = "id";
/// The account named in the row.
pub(super) const ACCOUNT: &str = "account";
/// ISO code.
pub(super) const CURRENCY: &str = "currency";
/// `credit`, `debit` or `unclassified`.
pub(super) const DIRECTION: &str = "direction";
/// The amount in units of 10⁻⁸, sign as written.
pub(super) const AMOUNT: &str = "amount_e8";
/// The charge class.
pub(super) const CLASS: &str = "class";
/// The partner's word for the type.
pub(super) const KIND: &str = "type";
/// The partner's word for the status.
pub(super) const STATUS: &str = "status";
/// Whether the entry is settled.
pub(super) const SETTLED: &str = "settled";
/// The reference; null where there is none.
pub(super) const REFERENCE: &str = "reference";
/// The description, empty where there is none.
pub(super) const DESCRIPTION: &str = "description";
/// Microseconds since 1970-01-01 UTC.
pub(super) const CREATED_AT: &str = "created_at_us";
/// Inside the period by the partner's calendar.
pub(super) const IN_PERIOD: &str = "in_period";
/// Inside the period by UTC's calendar.
pub(super) const IN_PERIOD_UTC: &str = "in_period_utc";
/// Page of the list, from 1.
pub(super) const PAGE: &str = "page";
/// Row on the page, from 1.
pub(super) const ROW: &str = "row";

/// Every column with its type, in order.
pub(super) const SCHEMA: [(&str, DataType); 17] = [
    (LEDGER, DataType::String),
    (ID, DataType::String),
    (ACCOUNT, DataType::String),
    (CURRENCY, DataType::String),
    (DIRECTION, DataType::String),
    (AMOUNT, DataType::Int64),
    (CLASS, DataType::String),
    (KIND, DataType::String),
    (STATUS, DataType::String),
    (SETTLED, DataType::Boolean),
    (REFERENCE, DataType::String),
    (DESCRIPTION, DataType::String),
    (CREATED_AT, DataType::Int64),
    (IN_PERIOD, DataType::Boolean),
    (IN_PERIOD_UTC, DataType::Boolean),
    (PAGE, DataType::Int64),
    (ROW, DataType::Int64),
];
