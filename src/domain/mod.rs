//! The words of the trade: amounts, periods, entries, breaks, tie-outs.
//!
//! Owns the vocabulary every other module speaks. Takes text or numbers in, gives checked values out. Never does
//! input or output, never reads a clock, never touches a binary float.

mod account;
mod amount;
mod beside;
mod breaks;
mod bridge;
mod carried;
mod control;
mod country;
mod currency;
mod decision;
mod digest;
mod entry;
mod figure;
mod ink;
mod list;
mod party;
mod period;
mod place;
mod rounding;
mod standing;
mod steps;
mod tie_out;
mod tie_out_key;
mod toml_text;
mod transfer;

pub use account::{AccountId, AccountIdError};
pub use amount::{Amount, AmountError, SCALE};
pub use beside::Beside;
pub use breaks::{Break, BreakFacts, Class, Family, Leg, Severity, UnknownClass};
pub use bridge::{Bridge, BridgeLine, BridgeStep};
pub use carried::{Again, Between, Carried, Closing, EarlierClosing, OpenBreak};
pub use control::Control;
pub use currency::{Currency, CurrencyError};
pub use decision::{Action, Decision};
pub use digest::{hex, sha256};
pub use entry::{ChargeClass, ChargeClassError, ChargeKind, Direction, Entry, Origin, UnreadableRow};
pub use figure::{AsWritten, Figure, float_noise};
pub use ink::{in_json, is_blank, on_a_line, on_a_page};
pub use list::{Counted, List, Reading, Side};
pub use party::Party;
pub use period::{Calendar, Period, PeriodError, Timestamp};
pub use place::Place;
pub use rounding::{Rounding, round};
pub use standing::{Age, Aged, Standing, UnknownWord};
pub(crate) use steps::step;
#[cfg(test)]
pub(crate) use steps::steps_of;
pub use tie_out::{TieOut, Verdict};
pub use tie_out_key::TieOutKey;
pub use toml_text::{TextFault, TomlText};
pub use transfer::{TransferReference, TransferReferenceError, is_transfer};
