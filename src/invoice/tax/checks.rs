//! What makes single values of the invoicing terms unfit: the supplier's particulars under GST, codes and percentages.

use super::deducted;
use super::gstin::{Gstin, GstinKind};
use super::state::State;
use super::terms::{TermsError, Written};

pub(super) fn check_gst(it: &Written) -> Result<(), TermsError> {
    if it.supplier.address.trim().is_empty() {
        return Err(TermsError::Supplier("address"));
    }
    let own = Gstin::parse(&it.supplier.gstin)?;
    match own.kind() {
        GstinKind::Uin => return Err(TermsError::SupplierKind(own.into(), "a UIN, whose holder supplies nothing")),
        GstinKind::OnlineServices => {
            return Err(TermsError::SupplierKind(own.into(), "of a supplier of online services from abroad"));
        }
        GstinKind::Regular
        | GstinKind::Department
        | GstinKind::Deductor
        | GstinKind::Collector
        | GstinKind::NonResident => {}
    }
    let own = it.customers.iter().map(|(account, party)| (format!("invoice.customers.{account}.state"), party));
    for (place, party) in own.chain([("invoice.supplier.state".to_owned(), &it.supplier)]) {
        let in_india = !party.is_abroad() && !party.is_nowhere();
        if in_india && !party.state.trim().is_empty() && State::named(&party.state).is_none() {
            return Err(TermsError::State { place, seen: party.state.clone() });
        }
    }
    Ok(())
}

pub(super) fn check_deduction(place: &str, seen: &str) -> Result<(), TermsError> {
    let text = seen.trim();
    let is_none = text.is_empty() || text.eq_ignore_ascii_case("none");
    if is_none || deducted(text).is_some() {
        return Ok(());
    }
    let expected = "a percentage above 0 and at most 100, as in \"2\", or \"none\"";
    Err(TermsError::Deduction { place: place.to_owned(), seen: seen.to_owned(), expected })
}

pub(super) fn check_sac(place: &str, sac: &str) -> Result<(), TermsError> {
    if sac.len() == 6 && sac.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(());
    }
    Err(TermsError::Sac { place: place.to_owned(), seen: sac.to_owned() })
}
