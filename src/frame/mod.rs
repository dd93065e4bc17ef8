//! The ledger frame: whole ledgers in columns, and the questions that are asked of them.
//!
//! Owns polars: no other module names it. Entries go in row by row through `LedgerColumns`, answers come out as plain
//! values in a stable order. polars selects, groups, joins and sums (in `Int128`: its `Int64` sums wrap in silence); it
//! never multiplies, divides or rounds money.

mod beyond;
mod builder;
mod columns;
mod compare;
mod days;
mod ledger;
mod parquet;
mod running;
mod since;
mod totals;

pub use beyond::Beyond;
pub use builder::LedgerColumns;
pub use compare::Comparison;
pub use days::{DaySum, UsageSum};
pub use ledger::{FrameError, LedgerFrame};
pub use parquet::Part;
pub use running::Lowest;
pub use since::Since;
pub use totals::{AccountTotals, ChargeTotal, DirectionTotal, LedgerTotals};
