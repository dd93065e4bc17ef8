//! The postal index number (PIN) of India: which States the post offices of a number are in.
//!
//! Source: the All India Pincode Directory of India Post (data.gov.in) of February 2026: the States of its 165,000 post
//! offices, by the first three digits, the sorting district. Left out were 57 offices that it has in a State far from their
//! district, or still in Andhra Pradesh among Telangana's. A district of several States is told apart by more digits where
//! these are of one State alone; else a number decides nothing. A number of no district that there is, and one of the army's
//! own (900 to 999), is none.

use super::state::State;

/// Digits of a PIN.
const DIGITS: usize = 6;

/// A PIN whose sorting district there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    number: u32,
    letters: &'static [&'static str],
}

impl Pin {
    /// Reads a PIN; blanks in it do no harm. Nothing where it is none: fewer digits or more, or a district that there is not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        if digits.len() != DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let district: u32 = digits.get(..3)?.parse().ok()?;
        let of_district = || DISTRICTS.iter().find(|(first, last, _)| (*first..=*last).contains(&district));
        let closer =
            PARTS.iter().filter(|(prefix, _)| digits.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len());
        let letters = closer.map(|(_, letters)| *letters).or_else(|| of_district().map(|(_, _, letters)| *letters))?;
        Some(Self { number: digits.parse().ok()?, letters })
    }

    /// Its six digits.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// The States that it may be of.
    pub fn states(self) -> impl Iterator<Item = &'static State> {
        self.letters.iter().filter_map(|letters| State::named(letters))
    }

    /// The State that it is of, where it is of one alone.
    #[must_use]
    pub fn state(self) -> Option<&'static State> {
        let mut states = self.states();
        states.next().filter(|_| states.next().is_none())
    }

    /// Whether an address in a State can have it. Other territory, off the coasts, has none of its own.
    #[must_use]
    pub fn may_be_in(self, state: &State) -> bool {
        *state == State::OTHER_TERRITORY || self.states().any(|of| of == state)
    }

    /// The names of the States that it may be of, for a message.
    #[must_use]
    pub fn names(self) -> String {
        self.states().map(|state| state.name).collect::<Vec<_>>().join(" or ")
    }
}

/// The first and the last of the sorting districts that follow one another, and the letters of their States.
type Districts = (u32, u32, &'static [&'static str]);

const DISTRICTS: &[Districts] = &[
    (110, 110, &["DL"]),
    (121, 127, &["HR"]),
    (131, 136, &["HR"]),
    (140, 148, &["PB"]),
    (151, 152, &["PB"]),
    (160, 160, &["CH", "PB"]),
    (171, 177, &["HP"]),
    (180, 182, &["JK"]),
    (184, 185, &["JK"]),
    (190, 193, &["JK"]),
    (194, 194, &["LA"]),
    (201, 212, &["UP"]),
    (221, 233, &["UP"]),
    (241, 243, &["UP"]),
    (244, 244, &["UP", "UK"]),
    (245, 245, &["UP"]),
    (246, 247, &["UP", "UK"]),
    (248, 249, &["UK"]),
    (250, 251, &["UP"]),
    (261, 261, &["UP"]),
    (262, 262, &["UP", "UK"]),
    (263, 263, &["UK"]),
    (271, 277, &["UP"]),
    (281, 285, &["UP"]),
    (301, 307, &["RJ"]),
    (311, 314, &["RJ"]),
    (321, 328, &["RJ"]),
    (331, 335, &["RJ"]),
    (341, 345, &["RJ"]),
    (360, 365, &["GJ"]),
    (370, 370, &["GJ"]),
    (380, 380, &["GJ"]),
    (382, 385, &["GJ"]),
    (387, 395, &["GJ"]),
    (396, 396, &["GJ", "DN"]),
    (400, 402, &["MH"]),
    (403, 403, &["GA"]),
    (410, 416, &["MH"]),
    (421, 425, &["MH"]),
    (431, 431, &["MH"]),
    (440, 445, &["MH"]),
    (450, 458, &["MP"]),
    (460, 466, &["MP"]),
    (470, 477, &["MP"]),
    (480, 488, &["MP"]),
    (490, 497, &["CG"]),
    (500, 506, &["TG"]),
    // The directory has all of 507 in Telangana; some mandals of the old Khammam are of Andhra Pradesh since 2014.
    (507, 507, &["TG", "AP"]),
    (508, 509, &["TG"]),
    (515, 518, &["AP"]),
    (520, 524, &["AP"]),
    (530, 535, &["AP"]),
    (560, 563, &["KA"]),
    (570, 577, &["KA"]),
    (580, 587, &["KA"]),
    (590, 591, &["KA"]),
    (600, 604, &["TN"]),
    (605, 605, &["TN", "PY"]),
    (606, 608, &["TN"]),
    (609, 609, &["TN", "PY"]),
    (610, 614, &["TN"]),
    (620, 632, &["TN"]),
    (635, 639, &["TN"]),
    (641, 643, &["TN"]),
    (670, 671, &["KL"]),
    (673, 673, &["KL"]),
    (676, 676, &["KL"]),
    (678, 680, &["KL"]),
    (682, 683, &["KL"]),
    (685, 686, &["KL"]),
    (688, 691, &["KL"]),
    (695, 695, &["KL"]),
    (700, 700, &["WB"]),
    (711, 713, &["WB"]),
    (721, 723, &["WB"]),
    (731, 736, &["WB"]),
    (737, 737, &["SK"]),
    (741, 743, &["WB"]),
    (744, 744, &["AN"]),
    (751, 770, &["OD"]),
    (781, 788, &["AS"]),
    (790, 792, &["AR"]),
    (793, 794, &["ML"]),
    (795, 795, &["MN"]),
    (796, 796, &["MZ"]),
    (797, 798, &["NL"]),
    (799, 799, &["TR"]),
    (800, 805, &["BR"]),
    (811, 813, &["BR"]),
    (814, 816, &["JH"]),
    (818, 818, &["JH"]),
    (821, 821, &["BR"]),
    (822, 822, &["JH"]),
    (823, 824, &["BR"]),
    (825, 829, &["JH"]),
    (831, 835, &["JH"]),
    (841, 848, &["BR"]),
    (851, 855, &["BR"]),
];

/// Parts of a district by more digits, and the letters of their States: the longest that fits counts.
const PARTS: &[(&str, &[&str])] = &[
    // Chandigarh, among the Punjab's Mohali.
    ("1600", &["CH", "PB"]),
    ("16000", &["CH"]),
    ("16001", &["CH"]),
    ("16002", &["CH"]),
    ("16003", &["CH"]),
    ("16004", &["CH"]),
    ("160101", &["CH"]),
    ("160102", &["CH"]),
    // Along the border of Uttar Pradesh and Uttarakhand.
    ("2441", &["UP"]),
    ("2442", &["UP"]),
    ("2443", &["UP"]),
    ("2444", &["UP"]),
    ("2445", &["UP"]),
    ("2446", &["UP"]),
    ("24471", &["UK"]),
    ("2461", &["UK"]),
    ("2464", &["UK"]),
    ("2467", &["UP"]),
    ("2471", &["UP"]),
    ("2472", &["UP"]),
    ("2473", &["UP"]),
    ("2474", &["UP"]),
    ("2475", &["UP"]),
    ("2477", &["UP"]),
    ("2621", &["UP"]),
    ("2622", &["UP"]),
    ("2625", &["UK"]),
    ("2627", &["UP"]),
    ("2628", &["UP"]),
    ("2629", &["UP"]),
    // Diu, among Gujarat's Gir Somnath; and the border with Rajasthan.
    ("362520", &["DN"]),
    ("362540", &["DN"]),
    ("362570", &["DN"]),
    ("384316", &["GJ", "RJ"]),
    // The Gujarat that neither Daman nor Dadra and Nagar Haveli is part of: Valsad, Bilimora, Navsari.
    ("3960", &["GJ"]),
    ("3963", &["GJ"]),
    ("3964", &["GJ"]),
    ("3965", &["GJ"]),
    // Khammam itself.
    ("5070", &["TG"]),
    // Yanam, Puducherry, Karaikal and Mahe, all of Puducherry.
    ("533464", &["AP", "PY"]),
    ("60500", &["PY"]),
    ("605007", &["PY", "TN"]),
    ("60501", &["PY"]),
    ("605014", &["PY", "TN"]),
    ("6052", &["TN"]),
    ("6053", &["TN"]),
    ("6054", &["TN"]),
    ("6056", &["TN"]),
    ("6057", &["TN"]),
    ("6058", &["TN"]),
    ("607402", &["TN", "PY"]),
    ("607403", &["TN", "PY"]),
    ("6090", &["TN"]),
    ("6091", &["TN"]),
    ("6092", &["TN"]),
    ("6093", &["TN"]),
    ("6094", &["TN"]),
    ("6095", &["TN"]),
    ("6097", &["TN"]),
    ("6098", &["TN"]),
    ("673310", &["PY"]),
    // The islands of Lakshadweep.
    ("68255", &["LD"]),
    // Along the borders of Assam and Meghalaya, and of Bihar and Jharkhand.
    ("781029", &["AS", "ML"]),
    ("781131", &["AS", "ML"]),
    ("782410", &["AS", "ML"]),
    ("813206", &["BR", "JH"]),
    ("813208", &["BR", "JH"]),
    ("814131", &["BR", "JH"]),
];
