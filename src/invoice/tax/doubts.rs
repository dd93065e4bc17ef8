//! What is doubtful about the terms of invoices: legal, and hardly meant. For `check`; a close refuses nothing of it.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{GST_PERCENT, Gstin, GstinKind, InvoiceTerms, Pin, Regime, State};
use crate::domain::Party;
use crate::invoice::lines::{FEE, MINIMUM};

/// A doubt with the keys below `[invoice]` that lead to what it is about.
type Doubt = (Vec<String>, String);

impl InvoiceTerms {
    /// Each doubt; `classes` are those that rules make of charges and refunds.
    #[must_use]
    pub fn doubts(&self, today: NaiveDate, classes: &BTreeSet<String>) -> Vec<Doubt> {
        let mut found = self.classes_that_nothing_makes(classes);
        found.extend(self.rates_to_come(today).map(|message| (vec!["rates".to_owned()], message)));
        if self.regime() == Regime::Gst {
            found.extend(self.of_supplier());
            found.extend(self.written().customers.iter().flat_map(|(account, party)| of_customer(account, party)));
        }
        found
    }

    /// A supplier that is elsewhere than its GSTIN says, or registered for something else than supplying.
    fn of_supplier(&self) -> Vec<Doubt> {
        let supplier = self.supplier();
        let Ok(gstin) = Gstin::parse(&supplier.gstin) else { return Vec::new() };
        let doubt = |key: &str, message| (vec!["supplier".to_owned(), key.to_owned()], message);
        let mut found = Vec::new();
        if let Some(registered) = gstin.state() {
            let by_gstin = format!("but the GSTIN is of {}: taxes are reckoned by the GSTIN", registered.name);
            if let Some(address) = State::named(&supplier.state).filter(|address| *address != registered) {
                found.push(doubt("state", format!("{}, {by_gstin}", address.name)));
            }
            if let Some(pin) = Pin::parse(&supplier.postal_code).filter(|pin| !pin.may_be_in(registered)) {
                found.push(doubt("postal_code", format!("a PIN of {}, {by_gstin}", pin.names())));
            }
            if supplier.is_abroad() || supplier.is_nowhere() {
                found.push(doubt("country", format!("{:?}, {by_gstin}", supplier.country)));
            }
        }
        if matches!(gstin.kind(), GstinKind::Deductor | GstinKind::Collector) {
            let message = "registered to deduct or collect tax at source alone: whoever supplies has another GSTIN";
            found.push(doubt("gstin", message.to_owned()));
        }
        found
    }

    /// Codes for classes that no charge can have.
    fn classes_that_nothing_makes(&self, classes: &BTreeSet<String>) -> Vec<Doubt> {
        let is_made = |class: &String| classes.contains(class) || [FEE, MINIMUM].contains(&class.as_str());
        let unmade = self.written().sac_classes.keys().filter(|class| !is_made(class));
        let known = classes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let doubt = |class: &String| {
            let message =
                format!("no rule makes a charge of class {class:?}: this code is never used (there are {known})");
            (vec!["sac_classes".to_owned(), class.clone()], message)
        };
        unmade.map(doubt).collect()
    }

    /// What is said where there are rates, and none has begun on a day.
    pub(in crate::invoice) fn rates_to_come(&self, day: NaiveDate) -> Option<String> {
        let first = self.written().rates.first().filter(|first| first.from > day)?.from;
        let until = match self.regime() {
            Regime::None => return None,
            Regime::Gst => format!("GST is charged at {GST_PERCENT} %"),
            Regime::Plain => "no tax is charged".to_owned(),
        };
        Some(format!("the first begins on {first}, until then {until}"))
    }
}

/// Particulars of a customer that will have it held, or billed in another way than they say.
fn of_customer(account: &str, party: &Party) -> Vec<Doubt> {
    let doubt = |key: &str, message| (vec!["customers".to_owned(), account.to_owned(), key.to_owned()], message);
    let mut found = Vec::new();
    let gstin = party.gstin.trim();
    if let (false, Err(wrong)) = (gstin.is_empty() || gstin.eq_ignore_ascii_case("none"), Gstin::parse(gstin)) {
        found.push(doubt("gstin", wrong.to_string()));
    }
    if party.is_nowhere() {
        found.push(doubt("country", format!("{:?} is no country's two letters, as in IN or AE", party.country)));
    }
    let state = State::named(&party.state);
    if let (Some(state), Some(pin)) = (state, Pin::parse(&party.postal_code))
        && !pin.may_be_in(state)
    {
        found.push(doubt("postal_code", format!("a PIN of {}, but the State is {}", pin.names(), state.name)));
    }
    found
}
