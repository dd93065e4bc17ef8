//! What is doubtful about the terms of invoices: legal, and hardly meant. For `check` alone; a close refuses nothing of it.

use chrono::NaiveDate;

use super::{GST_PERCENT, Gstin, InvoiceTerms, Regime, State};

impl InvoiceTerms {
    /// Each doubt with the keys below `[invoice]` that lead to what it is about.
    #[must_use]
    pub fn doubts(&self, today: NaiveDate) -> Vec<(Vec<&'static str>, String)> {
        let found = [self.state_of_another_gstin(), self.rates_to_come(today)];
        found.into_iter().flatten().collect()
    }

    /// The supplier's address in another State than that of its GSTIN.
    fn state_of_another_gstin(&self) -> Option<(Vec<&'static str>, String)> {
        let supplier = self.supplier();
        let registered = Gstin::parse(&supplier.gstin).ok().filter(|_| self.regime() == Regime::Gst)?.state();
        let address = State::named(&supplier.state).filter(|address| *address != registered)?;
        let message =
            format!("{}, but the GSTIN is of {}: taxes are reckoned by the GSTIN", address.name, registered.name);
        Some((vec!["supplier", "state"], message))
    }

    /// Rates of which none has begun.
    fn rates_to_come(&self, today: NaiveDate) -> Option<(Vec<&'static str>, String)> {
        let first = self.written().rates.first().filter(|first| first.from > today)?.from;
        let until = match self.regime() {
            Regime::None => return None,
            Regime::Gst => format!("GST is charged at {GST_PERCENT} %"),
            Regime::Plain => "no tax is charged".to_owned(),
        };
        Some((vec!["rates"], format!("the first begins on {first}, until then {until}")))
    }
}
