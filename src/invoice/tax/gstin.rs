//! The GSTIN and the UIN: told right from wrong, and whose they are.
//!
//! All have 15 characters and the same check character. What stands between the State and the check tells the kind of
//! registration (the forms of the GST portal's own interface for returns).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::state::State;

/// The alphabet of the check character.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Characters of a GSTIN.
const LENGTH: usize = 15;

/// What stands in the place of a State's code where the centre registers.
const CENTRE: &str = "99";

/// A goods and services tax identification number whose form and check character are right, or a unique identity number
/// (UIN), which stands in its place. That it is registered only the tax office knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Gstin(String);

/// Whose a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GstinKind {
    /// Built on a PAN: taxable persons of every kind, input service distributors among them.
    Regular,
    /// Built on a TAN: a department of a government.
    Department,
    /// Who deducts tax at source (CGST Act, section 51), built on a TAN or a PAN.
    Deductor,
    /// Who collects tax at source: an operator of electronic commerce (section 52).
    Collector,
    /// A non-resident taxable person.
    NonResident,
    /// A supplier of online information and database access from abroad (OIDAR), which is in no State.
    OnlineServices,
    /// The holder of a UIN: an embassy, a body of the United Nations, or another that is notified (section 25 (9)).
    Uin,
}

impl GstinKind {
    /// The word that stands before the number.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Uin => "UIN",
            Self::Regular
            | Self::Department
            | Self::Deductor
            | Self::Collector
            | Self::NonResident
            | Self::OnlineServices => "GSTIN",
        }
    }

    /// The kind of the form that a number has begun: neither PAN nor TAN follows where digits do, and a TAN has one more of
    /// them than a PAN.
    fn begun_by(text: &str) -> Self {
        let at = |place: usize| text.chars().nth(place - 1).unwrap_or(' ');
        let is_digit = |place| at(place).is_ascii_digit();
        match (is_digit(3) && is_digit(4), at(13), at(14)) {
            (true, 'O', 'S') => Self::OnlineServices,
            (true, 'N', 'R') => Self::NonResident,
            (true, ..) => Self::Uin,
            (false, _, 'D') => Self::Deductor,
            (false, _, 'C') => Self::Collector,
            (false, _, 'Z') if is_digit(7) && is_digit(13) => Self::Department,
            (false, ..) => Self::Regular,
        }
    }

    /// What stands at each place: `d` a digit, `a` a letter, `x` either, `e` either but 0, `u` and `n` the marks of a UIN.
    const fn form(self) -> &'static str {
        match self {
            Self::Regular => "ddaaaaaddddaexx",
            Self::Department => "ddaaaadddddadxx",
            Self::Deductor | Self::Collector => "ddaaaaxddddaexx",
            // The year of registration, the country, a number and the kind.
            Self::NonResident | Self::OnlineServices => "ddddaaadddddxxx",
            Self::Uin => "ddddaaadddddunx",
        }
    }
}

/// Whether a character may stand where a form has this, and what may.
const fn takes(of_form: char, character: char) -> (bool, &'static str) {
    let is_either = character.is_ascii_digit() || character.is_ascii_uppercase();
    match of_form {
        'd' => (character.is_ascii_digit(), "a digit"),
        'a' => (character.is_ascii_uppercase(), "a letter"),
        'e' => (is_either && character != '0', "1 to 9 or a letter"),
        'u' => (
            matches!(character, 'U' | 'O'),
            "the U or O of a UIN, the NR of a non-resident or the OS of online services",
        ),
        'n' => (character == 'N', "the N of a UIN"),
        _ => (is_either, "a digit or a letter"),
    }
}

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
    /// A number of a supplier of online services from abroad that is not the centre's.
    #[error(
        "{seen:?} begins with {code:?}, and that of a supplier of online services from abroad (OS) with {CENTRE:?}"
    )]
    Centre {
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
        let kind = GstinKind::begun_by(&text);
        for (place, (of_form, character)) in (1..).zip(kind.form().chars().zip(text.chars())) {
            let (right, expected) = takes(of_form, character);
            if !right {
                return Err(GstinError::Character { seen: seen(), character, place, expected });
            }
        }
        let code = text.chars().take(2).collect::<String>();
        let state = State::of_code(&code).filter(|state| **state != State::OTHER_COUNTRIES);
        match (kind, state) {
            (GstinKind::OnlineServices, _) if code == CENTRE => {}
            (GstinKind::OnlineServices, _) => return Err(GstinError::Centre { seen: seen(), code }),
            (_, None) => return Err(GstinError::State { seen: seen(), code }),
            (_, Some(_)) => {}
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

    /// Whose it is.
    #[must_use]
    pub fn kind(&self) -> GstinKind {
        GstinKind::begun_by(&self.0)
    }

    /// The State of its first two digits; none for a supplier of online services from abroad, whom the centre registers.
    #[must_use]
    pub fn state(&self) -> Option<&'static State> {
        let code: String = self.0.chars().take(2).collect();
        State::of_code(&code)
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
