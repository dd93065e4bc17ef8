//! Values of settings that need a check: the error becomes part of the message that names the place.

use std::path::PathBuf;

use chrono_tz::Tz;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::domain::Amount;

/// A whole number from `MIN` to `MAX`.
pub(super) fn within<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = i64::deserialize(from)?;
    let within = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
    within.ok_or_else(|| D::Error::custom(format_args!("{number} is not within {MIN} to {MAX}")))
}

/// The path of a file; a key that is to mean its default is left out, and not empty.
pub(super) fn file<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(from)?;
    let named = !path.as_os_str().is_empty();
    if named { Ok(Some(path)) } else { Err(D::Error::custom("the path is empty, expected a file")) }
}

/// The path of a folder; the current one is `.`, and no empty path.
pub(super) fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(from)?;
    let named = !path.as_os_str().is_empty();
    if named { Ok(path) } else { Err(D::Error::custom("the path is empty, expected a folder")) }
}

/// A time zone by its IANA name.
pub(super) fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
    zone_named(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// The zone of a name.
///
/// # Errors
/// When there is none of that name, in words for whoever wrote it.
pub fn zone_named(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_unknown| format!("{name:?} is not a time zone (IANA name, as in \"Asia/Kolkata\")"))
}

/// An amount of zero or more.
pub(super) fn tolerance<'de, D: Deserializer<'de>>(from: D) -> Result<Amount, D::Error> {
    let amount = Amount::deserialize(from)?;
    if amount.is_negative() {
        return Err(D::Error::custom(format_args!("a tolerance of {amount} is below zero")));
    }
    amount
        .column_units()
        .map(|_fits| amount)
        .ok_or_else(|| D::Error::custom(format_args!("a tolerance of {amount} is larger than any ledger amount")))
}
