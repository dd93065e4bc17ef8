//! The invoicing terms in the first settings: regime, codes, rates and parties.

use super::{Key, Section, quoted};
use crate::settings::Settings;

/// What is said of a party, with an example of each.
const fn party(of: &'static str, gstin: &'static str) -> [Key<Settings>; 8] {
    [
        ("name", of, |_| quoted("Voice Private Limited")),
        ("address", "Street and house, in one line.", |_| quoted("4 Museum Road")),
        ("city", "", |_| quoted("Bengaluru")),
        ("state", "The State: its GST code, its letters or its name.", |_| quoted("KA")),
        ("postal_code", "In India the PIN, which tells the State where none is said.", |_| quoted("560001")),
        ("country", "India where nothing is said.", |_| quoted("IN")),
        ("gstin", gstin, |_| quoted("29AAFCS4821K1Z1")),
        ("email", "Where bills are sent from or to.", |_| quoted("billing@example.com")),
    ]
}

/// The same of a customer, and what it deducts.
const fn customer() -> [Key<Settings>; 9] {
    let name = "The legal name, where the API has another or none.";
    let gstin = "The GSTIN or UIN; \"none\": the customer is not registered, whatever the API says.";
    let [name, address, city, state, postal_code, country, gstin, email] = party(name, gstin);
    let tds = "What it deducts at source when it pays, in percent, or \"none\"; the invoice says so for information.";
    [name, address, city, state, postal_code, country, gstin, email, ("tds_percent", tds, |_| quoted("2"))]
}

/// The sections below `[invoice]`.
pub(super) const INVOICE: [Section<Settings>; 3] = [
    Section {
        heading: "[invoice]",
        about: "How invoices are taxed and dated. Nothing of it is needed for a close without tax.",
        optional: false,
        keys: &[
            (
                "regime",
                "\"none\"; \"gst\": Indian goods and services tax; \"plain\": one tax of the rates below.",
                |_| quoted("none"),
            ),
            ("due_days", "Days from the invoice's date, that of the close, to the day it is due: 0 to 365.", |_| {
                "15".to_owned()
            }),
            ("round_off", "true: the total is brought to the whole unit by a line of its own.", |_| "false".to_owned()),
            ("annex", "The usage behind an invoice on it: \"days\", \"entries\" or \"none\".", |_| quoted("days")),
            ("wrong_gstin", "A customer with a wrong GSTIN: \"hold\", or bill as \"unregistered\".", |_| {
                quoted("hold")
            }),
            (
                "refunds",
                "\"net\": taken off the invoice, and a credit note only where the month's charges do not cover them;\n\
                 \"notes\": a credit note always.",
                |_| quoted("net"),
            ),
            ("reverse_charge", "Whether the customer owes the tax under reverse charge.", |_| "false".to_owned()),
            (
                "export_tax",
                "true: supplies abroad are charged integrated tax, where there is neither bond nor letter of undertaking.",
                |_| "false".to_owned(),
            ),
            (
                "address_from",
                "From which taxable value an unregistered customer's address has to stand on a GST invoice.",
                |_| quoted("50000"),
            ),
            ("sac", "The services accounting code, six digits.", |_| quoted("998412")),
            ("sac_classes", "Charge classes with a code of their own.", |_| "{ streaming = \"998423\" }".to_owned()),
            ("tax_name", "What the plain regime's tax is called.", |_| quoted("Tax")),
            (
                "rates",
                "Rates of tax and the day each begins; the last that has begun counts. Not written, under GST: 18 %.",
                |_| "[{ from = \"2017-07-01\", percent = \"18\" }]".to_owned(),
            ),
            ("pdf", "true: each invoice is a PDF/A-3, too. Needs a program built with the feature pdf.", |_| {
                "false".to_owned()
            }),
        ],
    },
    Section {
        heading: "[invoice.supplier]",
        about: "Who sends the invoices. A tax invoice needs the name; under GST also address and GSTIN.",
        optional: true,
        keys: &party("The legal name.", ""),
    },
    Section {
        heading: "[invoice.customers.MA_EXAMPLE]",
        about: "What is known of one customer better than the API knows it.",
        optional: true,
        keys: &customer(),
    },
];
