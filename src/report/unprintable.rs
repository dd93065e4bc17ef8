//! Texts that the fonts of the PDFs cannot print: whose they are, where they are corrected, and who is held because of them.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::ReportError;
use crate::invoice::Illegible;

/// A text that the fonts of a PDF cannot print.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("invoice {number} of {account}, {}", self.reason())]
pub struct Unprintable {
    /// The invoice's number.
    pub number: String,
    /// The customer's account.
    pub account: String,
    /// Whose text it is.
    pub of: TextOf,
    /// The text.
    pub text: String,
    /// Its characters without a glyph, each once; or the least part of it that cannot be set, in order.
    pub seen: Vec<char>,
    /// Whether each of these characters has a glyph, and what cannot be set is one behind the other.
    pub together: bool,
}

/// Whose text something on an invoice is: it decides where it is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextOf {
    /// The supplier's.
    Supplier,
    /// The customer's.
    Customer,
    /// What the charges are called.
    Charges,
    /// The entries' in the annex.
    Annex,
}

impl Unprintable {
    /// What is wrong with the text, whatever number the document would have had.
    #[must_use]
    pub fn reason(&self) -> String {
        let (of, text, seen) = (self.of.word(), begun(&self.text), listed(&self.seen));
        let together = if self.together { " together" } else { "" };
        format!("{of}: {text:?} holds {seen}, which no font of the PDF has{together}")
    }

    /// Where it is corrected.
    #[must_use]
    pub fn place(&self) -> String {
        match self.of {
            TextOf::Supplier => "below [invoice.supplier]".to_owned(),
            TextOf::Customer => format!("below [invoice.customers.{}]", self.account),
            TextOf::Charges => "in the rate card or below [invoice]".to_owned(),
            TextOf::Annex => "by annex = \"days\" below [invoice], which shows no text of an entry".to_owned(),
        }
    }

    /// Whether the text is one customer's: then that one is held. The others are on everybody's invoice.
    const fn is_a_customers(&self) -> bool {
        matches!(self.of, TextOf::Customer | TextOf::Annex)
    }
}

/// Who is held because of such texts.
///
/// # Errors
/// When some of the texts are the supplier's own: these are given back.
pub fn illegible(found: &[Unprintable]) -> Result<BTreeMap<String, Illegible>, ReportError> {
    let own: Vec<Unprintable> = found.iter().filter(|it| !it.is_a_customers()).cloned().collect();
    if !own.is_empty() {
        return Err(ReportError::Unprintable(own));
    }
    let mut by_account: BTreeMap<&str, [BTreeSet<String>; 2]> = BTreeMap::new();
    for it in found {
        let [reasons, places] = by_account.entry(&it.account).or_default();
        reasons.insert(it.reason());
        places.insert(it.place());
    }
    let joined = |texts: BTreeSet<String>, between: &str| texts.into_iter().collect::<Vec<_>>().join(between);
    let held = by_account.into_iter().map(|(account, [reasons, places])| {
        (account.to_owned(), Illegible { what: joined(reasons, "; "), corrected: joined(places, ", ") })
    });
    Ok(held.collect())
}

impl TextOf {
    const fn word(self) -> &'static str {
        match self {
            Self::Supplier => "supplier",
            Self::Customer => "customer",
            Self::Charges => "charges",
            Self::Annex => "annex",
        }
    }
}

/// Characters of a text in a message, at most.
const BEGUN_MAX: usize = 60;

fn begun(text: &str) -> String {
    let mut begun: String = text.chars().take(BEGUN_MAX).collect();
    if begun.len() < text.len() {
        begun.push('…');
    }
    begun
}

fn listed(seen: &[char]) -> String {
    seen.iter().map(|c| format!("{c:?} (U+{:04X})", u32::from(*c))).collect::<Vec<_>>().join(", ")
}
