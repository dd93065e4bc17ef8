//! The States of India as GST counts them: code, letters and name, and which are Union territories without a legislature.

use serde::Serialize;

/// A State or territory.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// The GST code, two digits.
    pub code: &'static str,
    /// Its letters.
    pub letters: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// Union territories without a legislature: UTGST in place of SGST.
const UNION_TERRITORIES: [&str; 6] = ["04", "26", "31", "35", "38", "97"];

/// Letters that are in use beside those of the table.
const OTHER_LETTERS: [(&str, &str); 8] =
    [("UT", "05"), ("OR", "21"), ("CT", "22"), ("DD", "26"), ("DH", "26"), ("DNHDD", "26"), ("TS", "36"), ("AD", "37")];

macro_rules! states {
    ($($code:literal $letters:literal $name:literal;)+) => {
        const STATES: &[State] = &[$(State { code: $code, letters: $letters, name: $name },)+];
    };
}

states! {
    "01" "JK" "Jammu and Kashmir";
    "02" "HP" "Himachal Pradesh";
    "03" "PB" "Punjab";
    "04" "CH" "Chandigarh";
    "05" "UK" "Uttarakhand";
    "06" "HR" "Haryana";
    "07" "DL" "Delhi";
    "08" "RJ" "Rajasthan";
    "09" "UP" "Uttar Pradesh";
    "10" "BR" "Bihar";
    "11" "SK" "Sikkim";
    "12" "AR" "Arunachal Pradesh";
    "13" "NL" "Nagaland";
    "14" "MN" "Manipur";
    "15" "MZ" "Mizoram";
    "16" "TR" "Tripura";
    "17" "ML" "Meghalaya";
    "18" "AS" "Assam";
    "19" "WB" "West Bengal";
    "20" "JH" "Jharkhand";
    "21" "OD" "Odisha";
    "22" "CG" "Chhattisgarh";
    "23" "MP" "Madhya Pradesh";
    "24" "GJ" "Gujarat";
    "26" "DN" "Dadra and Nagar Haveli and Daman and Diu";
    "27" "MH" "Maharashtra";
    "29" "KA" "Karnataka";
    "30" "GA" "Goa";
    "31" "LD" "Lakshadweep";
    "32" "KL" "Kerala";
    "33" "TN" "Tamil Nadu";
    "34" "PY" "Puducherry";
    "35" "AN" "Andaman and Nicobar Islands";
    "36" "TG" "Telangana";
    "37" "AP" "Andhra Pradesh";
    "38" "LA" "Ladakh";
}

impl State {
    /// The place of supply of what is exported.
    pub const OTHER_COUNTRIES: Self = Self { code: "96", letters: "OC", name: "Other countries" };

    /// What belongs to no State.
    pub const OTHER_TERRITORY: Self = Self { code: "97", letters: "OT", name: "Other territory" };

    /// The State with a GST code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<&'static Self> {
        let beyond = [&Self::OTHER_COUNTRIES, &Self::OTHER_TERRITORY];
        STATES.iter().chain(beyond).find(|state| state.code == code)
    }

    /// The State that a text means: a code, letters or a name, in capitals or not.
    #[must_use]
    pub fn named(text: &str) -> Option<&'static Self> {
        let text = text.trim();
        let same = |word: &str| word.eq_ignore_ascii_case(text);
        let plain = |name: &str| name.replace(" and ", " & ");
        let known =
            STATES.iter().find(|it| it.code == text || same(it.letters) || same(it.name) || same(&plain(it.name)));
        let other =
            || OTHER_LETTERS.iter().find(|(letters, _)| same(letters)).and_then(|(_, code)| Self::of_code(code));
        known.or_else(other)
    }

    /// Whether UTGST takes the place of SGST here.
    #[must_use]
    pub fn is_union_territory(&self) -> bool {
        UNION_TERRITORIES.contains(&self.code)
    }
}
