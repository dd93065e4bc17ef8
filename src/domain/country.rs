//! The countries of the world by their two letters, and which of them write postal codes as India does.

/// The two letters of every country (ISO 3166-1, of 2024), and two that stand in their place in practice: `UK` and `XK`.
const LETTERS: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC \
     CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
     GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH \
     KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW \
     MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC \
     SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY \
     UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW UK XK";

/// Countries beside India whose postal codes have six digits, too (Universal Postal Union), and how an address names them.
const SIX_DIGITS: [(&str, &[&str]); 17] = [
    ("BY", &["belarus"]),
    ("CN", &["china"]),
    ("CO", &["colombia"]),
    ("EC", &["ecuador"]),
    ("KG", &["kyrgyzstan"]),
    ("KZ", &["kazakhstan"]),
    ("MN", &["mongolia"]),
    ("NG", &["nigeria"]),
    ("RO", &["romania"]),
    ("RU", &["russia", "russian"]),
    ("SG", &["singapore"]),
    ("TJ", &["tajikistan"]),
    ("TM", &["turkmenistan"]),
    ("TT", &["trinidad", "tobago"]),
    ("TW", &["taiwan"]),
    ("UZ", &["uzbekistan"]),
    ("VN", &["vietnam", "viet"]),
];

/// Whether these are the two letters of a country.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && LETTERS.split(' ').any(|letters| letters.eq_ignore_ascii_case(text))
}

/// Whether a country's postal codes have six digits, as those of India.
pub(super) fn has_six_digits(country: &str) -> bool {
    SIX_DIGITS.iter().any(|(letters, _)| letters.eq_ignore_ascii_case(country.trim()))
}

/// Whether a text names a country beside India whose postal codes have six digits.
pub(super) fn names_six_digits(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| SIX_DIGITS.iter().any(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(word))))
}
