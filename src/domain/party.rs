//! Who stands on an invoice: the supplier, or a customer, as far as the API or the settings tell.

use serde::{Deserialize, Serialize};

use super::country::{has_six_digits, is_country, names_six_digits};

/// A party to an invoice. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Party {
    /// The legal name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Street and house, in one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The town.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// The State: its GST code, its letters (`KA`) or its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// The postal code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// The country: its ISO 3166 letters (`IN`), or India's name; India where nothing is said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// The GSTIN as it is written, right or wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gstin: String,
    /// Where bills are sent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// The percentage of tax that a customer deducts at source when it pays, as it is written; empty where it deducts none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tds_percent: String,
}

/// What stands for no GSTIN, and no deduction, where an empty text would say nothing.
const NONE: &str = "none";

impl Party {
    /// This party, with everything that another says of it in place of its own; `none` takes away a GSTIN or a deduction.
    #[must_use]
    pub fn corrected(&self, by: &Self) -> Self {
        let pick = |own: &String, other: &String| if other.trim().is_empty() { own } else { other }.trim().to_owned();
        let replace = |own: &String, other: &String| {
            if other.trim().eq_ignore_ascii_case(NONE) { String::new() } else { pick(own, other) }
        };
        Self {
            name: pick(&self.name, &by.name),
            address: pick(&self.address, &by.address),
            city: pick(&self.city, &by.city),
            state: pick(&self.state, &by.state),
            postal_code: pick(&self.postal_code, &by.postal_code),
            country: pick(&self.country, &by.country),
            gstin: replace(&self.gstin, &by.gstin),
            email: pick(&self.email, &by.email),
            tds_percent: replace(&self.tds_percent, &by.tds_percent),
        }
    }

    /// Whether the country is named by the two letters of one that there is, and is another than India.
    #[must_use]
    pub fn is_abroad(&self) -> bool {
        let country = self.country.trim();
        is_country(country) && !country.eq_ignore_ascii_case("IN")
    }

    /// Whether the country is neither India's, nor the letters of another, nor left out: nobody can tell where that is.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        let country = self.country.trim();
        let india = ["IN", "IND", "INDIA", "BHARAT"].iter().any(|name| country.eq_ignore_ascii_case(name));
        !(country.is_empty() || india || self.is_abroad())
    }

    /// Whether nothing is known of where it is, but perhaps that it is in India.
    #[must_use]
    pub fn has_no_address(&self) -> bool {
        let parts = [&self.address, &self.city, &self.state, &self.postal_code];
        parts.into_iter().all(|part| part.trim().is_empty()) && !self.is_abroad() && !self.is_nowhere()
    }

    /// Whether a postal code of six digits may be another country's than India's: that of the country that is named, or
    /// where none is, of one that the address names.
    #[must_use]
    pub fn may_have_six_digits_abroad(&self) -> bool {
        if self.is_abroad() {
            return has_six_digits(&self.country);
        }
        self.country.trim().is_empty() && [&self.address, &self.city].into_iter().any(|part| names_six_digits(part))
    }

    /// Street, town, State, postal code and country, each where it is known.
    #[must_use]
    pub fn lines(&self) -> Vec<&str> {
        let parts = [&self.address, &self.city, &self.state, &self.postal_code, &self.country];
        parts.into_iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect()
    }
}
