//! Texts of the settings that could not be printed, found before anything is read: for import every text stands as it is, and one
//! that a spreadsheet would run is refused.

use super::ReportError;
use super::as_csv::is_dangerous;
use crate::invoice::{CsvProfile, ExportFormat, ExportTerms, RateCard};

/// Refuses a fee or a name for another program that a CSV file for import would refuse, where the terms ask for such a file.
///
/// # Errors
/// When there is one: the first, with its key.
pub fn refuse_texts(card: &RateCard, terms: &ExportTerms) -> Result<(), ReportError> {
    let has = |format| terms.formats().contains(&format);
    let (zoho, xero) = (has(ExportFormat::Zoho), has(ExportFormat::Xero));
    let mut texts: Vec<(String, &str)> = Vec::new();
    if zoho || xero || terms.csv() == CsvProfile::Import {
        texts.extend(
            (1..).zip(card.fees()).map(|(at, fee)| (format!("rate card, fees, entry {at}"), fee.name.as_str())),
        );
    }
    if zoho || xero {
        texts.extend(terms.customers().map(|(account, name)| (format!("export.customers.{account}"), name)));
    }
    if xero {
        let names = terms.ledgers().names().into_iter().filter(|(key, _)| key.starts_with("xero_"));
        texts.extend(names.map(|(key, name)| (format!("export.ledgers.{key}"), name)));
    }
    match texts.into_iter().find(|(_, text)| is_dangerous(text)) {
        Some((key, seen)) => Err(ReportError::DangerousSetting { key, seen: seen.chars().take(40).collect() }),
        None => Ok(()),
    }
}
