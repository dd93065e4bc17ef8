//! A figure as a list states it: absent, read, or there but not to be read, and then kept as it was written.

use std::fmt;

use super::amount::Amount;
use super::ink::on_a_line;

/// Bytes kept of what cannot be read: enough to find it again on its page, and so few that a figure takes no more room than
/// an amount that may be absent.
const WRITTEN_MAX: usize = 30;

/// Decimals of the ledger's scale, as far as noise can be seen.
const DECIMALS_MAX: usize = 8;

/// Binary digits of a float's significand: a sum in floats is off by at most half a unit there for each addition.
const FLOAT_BITS: u32 = 53;

/// A figure that a partner states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Figure<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is read, to the last digit.
    Known(T),
    /// It is read at the ledger's scale, from a text as a binary float is printed: its last digits may be noise.
    Float(T),
    /// It is there and cannot be read.
    Unreadable(AsWritten),
}

impl<T: Copy> Figure<T> {
    /// What it says, where that can be read.
    #[must_use]
    pub const fn known(self) -> Option<T> {
        match self {
            Self::Known(value) | Self::Float(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// What was written, where it cannot be read.
    #[must_use]
    pub const fn unreadable(self) -> Option<AsWritten> {
        match self {
            Self::Unreadable(written) => Some(written),
            Self::Absent | Self::Known(_) | Self::Float(_) => None,
        }
    }

    /// Whether it is not there at all.
    #[must_use]
    pub const fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same with another value, where it is read.
    #[must_use]
    pub fn map<U>(self, value: impl FnOnce(T) -> U) -> Figure<U> {
        match self {
            Self::Absent => Figure::Absent,
            Self::Known(known) => Figure::Known(value(known)),
            Self::Float(known) => Figure::Float(value(known)),
            Self::Unreadable(written) => Figure::Unreadable(written),
        }
    }

    /// What two parts come to together: what one of them lacks, the sum lacks; one that does not fit is absent.
    pub(super) fn plus(self, other: Self, add: impl FnOnce(T, T) -> Option<T>) -> Self {
        match (self, other) {
            (Self::Unreadable(written), _) | (_, Self::Unreadable(written)) => Self::Unreadable(written),
            (Self::Known(a), Self::Known(b)) => add(a, b).map_or(Self::Absent, Self::Known),
            (Self::Known(a) | Self::Float(a), Self::Known(b) | Self::Float(b)) => {
                add(a, b).map_or(Self::Absent, Self::Float)
            }
            (Self::Absent, _) | (_, Self::Absent) => Self::Absent,
        }
    }
}

impl Figure<Amount> {
    /// Whether it says this sum: exactly, or as a float does, within the noise of one, which shows as decimals that the sum
    /// has not.
    #[must_use]
    pub fn says(self, sum: Amount, noise: Amount) -> bool {
        match self {
            Self::Known(said) => said == sum,
            Self::Float(said) => {
                let has_noise = said.decimals() > sum.decimals() || sum.decimals() == DECIMALS_MAX;
                said == sum || (has_noise && (said - sum).abs() <= noise)
            }
            Self::Absent | Self::Unreadable(_) => false,
        }
    }

    /// Whether it says nothing, or no money.
    #[must_use]
    pub fn is_silent(self) -> bool {
        self.is_absent() || self.known().is_some_and(Amount::is_zero)
    }
}

impl<T: fmt::Display> fmt::Display for Figure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Known(value) | Self::Float(value) => value.fmt(f),
            Self::Unreadable(written) => written.fmt(f),
        }
    }
}

/// By how much a sum of so many entries can be off at the ledger's scale where it was made in binary floats; `gross` is what
/// they come to without their signs. Each addition is off by at most 2⁻⁵³ of what was added up so far.
#[must_use]
pub fn float_noise(entries: u64, gross: Amount) -> Amount {
    let most = gross.abs().units().saturating_mul(i128::from(entries));
    // To the nearest unit, as the figure itself was read.
    Amount::from_units((most >> FLOAT_BITS) + ((most >> (FLOAT_BITS - 1)) & 1))
}

/// A text as somebody wrote it, cut where it is long. Characters that take no ink are written as their codes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsWritten {
    bytes: [u8; WRITTEN_MAX],
    length: u8,
}

impl AsWritten {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut kept = Self { bytes: [0; WRITTEN_MAX], length: 0 };
        let cut = "…";
        for c in text.chars() {
            let shown = on_a_line(c.encode_utf8(&mut [0; 4]));
            if usize::from(kept.length) + shown.len() + cut.len() > WRITTEN_MAX {
                kept.push(cut);
                break;
            }
            kept.push(&shown);
        }
        kept
    }

    fn push(&mut self, text: &str) {
        let begin = usize::from(self.length);
        let end = begin + text.len();
        if let (Some(free), Ok(length)) = (self.bytes.get_mut(begin..end), u8::try_from(end)) {
            free.copy_from_slice(text.as_bytes());
            self.length = length;
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|kept| std::str::from_utf8(kept).ok()).unwrap_or_default()
    }
}

impl fmt::Display for AsWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AsWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
