//! The GSTIN: State, PAN, entity and a check character, told right from wrong.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::state::State;

/// The alphabet of the check character.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Characters of a GSTIN.
const LENGTH: usize = 15;

/// A goods and services tax identification number whose form and check character are right. That it is registered only the
/// tax office knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Gstin(String);

/// Why a text is not a GSTIN.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GstinError {
    /// Not 15 characters.
    #[error("{seen:?} has {} characters, expected {LENGTH}", seen.chars().count())]
    Length {
        /// The text.
        seen: String,
    },
    /// A character that cannot stand at its place.
    #[error("{seen:?}: {character:?} at place {place}, expected {expected}")]
    Character {
        /// The text.
        seen: String,
        /// The character.
        character: char,
        /// Its place, from 1.
        place: usize,
        /// What may stand there.
        expected: &'static str,
    },
    /// A State that there is not.
    #[error("{seen:?} begins with {code:?}, which is the code of no State")]
    State {
        /// The text.
        seen: String,
        /// The two digits.
        code: String,
    },
    /// A check character that is not the right one: a character before it is mistyped.
    #[error("{seen:?} ends in {found:?}, its check character would be {expected:?}")]
    Check {
        /// The text.
        seen: String,
        /// The last character.
        found: char,
        /// What it had to be.
        expected: char,
    },
}

impl Gstin {
    /// Reads a GSTIN; small letters and blanks around it do no harm.
    ///
    /// # Errors
    /// When length, a character, the State or the check character is wrong.
    pub fn parse(text: &str) -> Result<Self, GstinError> {
        let text = text.trim().to_ascii_uppercase();
        let seen = || text.chars().take(40).collect::<String>();
        if text.chars().count() != LENGTH {
            return Err(GstinError::Length { seen: seen() });
        }
        for (place, character) in (1..).zip(text.chars()) {
            let (right, expected) = match place {
                1 | 2 | 8..=11 => (character.is_ascii_digit(), "a digit"),
                3..=7 | 12 => (character.is_ascii_uppercase(), "a letter"),
                13 => (character.is_ascii_alphanumeric() && character != '0', "1 to 9 or a letter"),
                _ => (character.is_ascii_alphanumeric(), "a digit or a letter"),
            };
            if !right {
                return Err(GstinError::Character { seen: seen(), character, place, expected });
            }
        }
        let code = text.chars().take(2).collect::<String>();
        if State::of_code(&code).is_none_or(|state| *state == State::OTHER_COUNTRIES) {
            return Err(GstinError::State { seen: seen(), code });
        }
        let (body, found) = text.split_at(LENGTH - 1);
        let (found, expected) = (found.chars().next().unwrap_or(' '), check_character(body));
        if found == expected { Ok(Self(text)) } else { Err(GstinError::Check { seen: seen(), found, expected }) }
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The State of its first two digits.
    #[must_use]
    pub fn state(&self) -> &'static State {
        let code: String = self.0.chars().take(2).collect();
        State::of_code(&code).unwrap_or(&State::OTHER_TERRITORY)
    }
}

/// The check character: factors 1, 2, 1, 2 … from the left, the two digits of each product in base 36 summed.
fn check_character(body: &str) -> char {
    let index = |byte: u8| ALPHABET.iter().position(|of| *of == byte).unwrap_or(0);
    let sum: usize = body
        .bytes()
        .zip([1, 2].into_iter().cycle())
        .map(|(byte, factor)| {
            let product = index(byte) * factor;
            product / 36 + product % 36
        })
        .sum();
    char::from(ALPHABET[(36 - sum % 36) % 36])
}

impl TryFrom<String> for Gstin {
    type Error = GstinError;

    fn try_from(text: String) -> Result<Self, GstinError> {
        Self::parse(&text)
    }
}

impl From<Gstin> for String {
    fn from(gstin: Gstin) -> Self {
        gstin.0
    }
}

impl fmt::Display for Gstin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
