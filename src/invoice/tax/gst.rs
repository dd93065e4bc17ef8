//! Where a supply takes place under GST, and so how it is taxed; or why no lawful invoice can be made out.
//!
//! The place is the State of the customer's GSTIN or UIN, else of its address: the State that it names, else the one that its
//! PIN is of. Only a customer without any address is supplied where the supplier is (IGST Act, section 12 (11)): what is
//! missing or contradicts itself never stands for the case that looks most usual.

use super::{Gstin, GstinKind, InvoiceTerms, Pin, State, Supply, SupplyKind, WrongGstin};
use crate::domain::{Currency, Party};

impl InvoiceTerms {
    /// How a customer is supplied under GST.
    pub(super) fn gst(&self, account: &str, mut supply: Supply, currency: Currency) -> Result<Supply, String> {
        let written = self.written();
        let own = Gstin::parse(&written.supplier.gstin).map_err(|wrong| format!("the supplier's GSTIN {wrong}"))?;
        let of_supplier = own.state().ok_or("the supplier's GSTIN is of no State")?;
        let gstin = match registered(&supply.buyer, &own) {
            Ok(gstin) => gstin,
            // It says that the customer is somewhere, and not where.
            Err(wrong) if written.wrong_gstin == WrongGstin::Unregistered && supply.buyer.has_no_address() => {
                return Err(format!(
                    "GSTIN {wrong}, and no address is known; invoice.customers.{account}.gstin corrects it, or .state tells \
                     where it is"
                ));
            }
            Err(wrong) if written.wrong_gstin == WrongGstin::Unregistered => {
                supply.remarks.push(format!("billed as unregistered: GSTIN {wrong}"));
                None
            }
            Err(wrong) => return Err(format!("GSTIN {wrong}; invoice.customers.{account}.gstin corrects it")),
        };
        let of_gstin = gstin.as_ref().and_then(Gstin::state);
        if of_gstin.is_none() && is_abroad(account, &supply.buyer, gstin.as_ref())? {
            let place = Some(&State::OTHER_COUNTRIES);
            return Ok(Supply { gstin, place, kind: SupplyKind::Export, ..supply });
        }
        if currency != Currency::INR {
            return Err(format!("a supply within India is billed in INR, and this one is in {currency}"));
        }
        let place = match of_gstin {
            Some(of_gstin) => {
                supply.remarks.extend(elsewhere(&supply.buyer, of_gstin));
                of_gstin
            }
            None => located(account, &mut supply)?.unwrap_or(of_supplier),
        };
        supply.remarks.extend(gstin.as_ref().and_then(|it| of_kind(it.kind())).map(ToOwned::to_owned));
        let kind = if place == of_supplier { SupplyKind::WithinState } else { SupplyKind::BetweenStates };
        Ok(Supply { gstin, place: Some(place), kind, ..supply })
    }
}

/// The customer's GSTIN, where it has one; what is wrong with it.
fn registered(buyer: &Party, own: &Gstin) -> Result<Option<Gstin>, String> {
    if buyer.gstin.is_empty() {
        return Ok(None);
    }
    let gstin = Gstin::parse(&buyer.gstin).map_err(|wrong| wrong.to_string())?;
    if gstin == *own { Err(format!("{:?} is the supplier's own", gstin.as_str())) } else { Ok(Some(gstin)) }
}

/// Whether somebody whom no State has registered is abroad. Whom the centre has registered, as a supplier of online services,
/// is abroad by law.
fn is_abroad(account: &str, buyer: &Party, gstin: Option<&Gstin>) -> Result<bool, String> {
    let country = &buyer.country;
    if buyer.is_nowhere() {
        return Err(format!(
            "{country:?} is no country's two letters, as in IN or AE; invoice.customers.{account}.country corrects it"
        ));
    }
    if !buyer.is_abroad() {
        return gstin.map_or(Ok(false), |gstin| {
            Err(format!(
                "the GSTIN {:?} is of a supplier of online services from abroad, and the address of no country abroad; \
                 invoice.customers.{account}.country corrects it",
                gstin.as_str()
            ))
        });
    }
    let Some(pin) = Pin::parse(&buyer.postal_code) else { return Ok(true) };
    let is_indian = |pin: Pin| State::named(&buyer.state).is_some_and(|state| pin.may_be_in(state));
    if !is_indian(pin) && buyer.may_have_six_digits_abroad() {
        return Ok(true);
    }
    Err(format!(
        "the country is {country:?}, and the postal code {:?} is a PIN of {}; invoice.customers.{account}.country or \
         .postal_code corrects it",
        buyer.postal_code,
        pin.names()
    ))
}

/// The State in which somebody unregistered in India is; nothing where it has no address. A State that its PIN alone tells is
/// written into the address.
fn located(account: &str, supply: &mut Supply) -> Result<Option<&'static State>, String> {
    let buyer = &supply.buyer;
    let (state, code, country) = (&buyer.state, &buyer.postal_code, &buyer.country);
    let pin = Pin::parse(code);
    if buyer.has_no_address() {
        supply.remarks.push("no address is known: supplied where the supplier is".to_owned());
        return Ok(None);
    }
    if !state.is_empty() {
        let named = State::named(state);
        let named = named
            .ok_or_else(|| format!("{state:?} is no State of India; invoice.customers.{account}.state corrects it"))?;
        let name = named.name;
        match pin {
            Some(pin) if !pin.may_be_in(named) => Err(format!(
                "the State is {name}, and the PIN {code:?} is of {}; invoice.customers.{account}.state or .postal_code \
                 corrects it",
                pin.names()
            )),
            None if !code.is_empty() && country.is_empty() => Err(format!(
                "the State is {name}, no country is known, and the postal code {code:?} is no PIN of India; \
                 invoice.customers.{account}.country or .postal_code corrects it"
            )),
            None if !code.is_empty() => {
                supply
                    .remarks
                    .push(format!("the postal code {code:?} is no PIN of India; the place of supply is {name}"));
                Ok(Some(named))
            }
            Some(_) | None => Ok(Some(named)),
        }
    } else if let Some(pin) = pin {
        let of_pin = pin.state().filter(|_| !buyer.may_have_six_digits_abroad());
        let of_pin = of_pin.ok_or_else(|| {
            let why = match pin.state() {
                Some(state) => format!("may be {}'s, or of the country that the address names", state.name),
                None => format!("is of {}", pin.names()),
            };
            format!(
                "no State is known, and the PIN {code:?} {why}; invoice.customers.{account}.state tells it, or .country \
                 where it is abroad"
            )
        })?;
        supply.remarks.push(format!("no State is known: by the PIN {code:?} it is {}", of_pin.name));
        of_pin.name.clone_into(&mut supply.buyer.state);
        Ok(Some(of_pin))
    } else {
        let seen = if code.is_empty() { "no postal code".to_owned() } else { format!("no PIN of India in {code:?}") };
        Err(format!(
            "the address names no State, and there is {seen}; invoice.customers.{account}.state tells it, or .country \
             where it is abroad"
        ))
    }
}

/// What is said of an address that is not in the State of the GSTIN, or does not tell.
fn elsewhere(buyer: &Party, of_gstin: &State) -> Vec<String> {
    let mut remarks = Vec::new();
    if buyer.is_abroad() {
        let country = &buyer.country;
        remarks.push(format!("the GSTIN is Indian, the country {country:?}: supplied within India, by the GSTIN"));
    }
    let named = State::named(&buyer.state);
    let pin = Pin::parse(&buyer.postal_code).filter(|pin| !buyer.is_abroad() && !pin.may_be_in(of_gstin));
    let registered = of_gstin.name;
    match (named, pin) {
        (None, _) if !buyer.state.is_empty() => remarks.push(format!(
            "the address names {:?}, which is no State; the place of supply is by the GSTIN",
            buyer.state
        )),
        (Some(address), _) if address != of_gstin => remarks.push(format!(
            "the GSTIN is of {registered}, the address in {}: the place of supply is by the GSTIN",
            address.name
        )),
        (_, Some(pin)) => remarks.push(format!(
            "the GSTIN is of {registered}, the PIN {:?} of {}: the place of supply is by the GSTIN",
            buyer.postal_code,
            pin.names()
        )),
        (_, None) => {}
    }
    remarks
}

/// What the maker of an invoice should know of a customer that is registered in another way than most.
const fn of_kind(kind: GstinKind) -> Option<&'static str> {
    match kind {
        GstinKind::Regular | GstinKind::Department | GstinKind::OnlineServices => None,
        GstinKind::Deductor => Some(
            "the GSTIN is a deductor's (CGST Act, section 51): a registered person, which may pay 2 % less and account for it",
        ),
        GstinKind::Collector => {
            Some("the GSTIN is of a collector of tax at source (CGST Act, section 52): ask for the one that it buys by")
        }
        GstinKind::NonResident => Some("the GSTIN is of a non-resident taxable person, and holds for a time only"),
        GstinKind::Uin => Some(
            "the customer has a UIN: taxed like a consumer, which claims the tax back by the UIN on its invoice (CGST rule 46)",
        ),
    }
}
