//! Goods and services tax: GSTINs, places of supply, heads and their rounding, and what is held instead of billed wrongly.

use std::fmt::Write;

use proptest::prelude::*;
use tieout::domain::{Amount, Currency, Party};
use tieout::invoice::{Gstin, InvoiceTerms, SupplyKind, TaxHead, financial_year, in_words};

const SUPPLIER: &str = "[supplier]\nname = 'Sagar Voice'\naddress = '4 Museum Road'\ngstin = '29AAFCS4821K1Z1'\n";

pub(crate) fn terms(head: &str) -> InvoiceTerms {
    InvoiceTerms::parse(&format!("regime = 'gst'\n{head}\n{SUPPLIER}")).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn party(state: &str, country: &str, gstin: &str) -> Party {
    let own = ToOwned::to_owned;
    Party { name: own("Asha"), state: own(state), country: own(country), gstin: own(gstin), ..Party::default() }
}

#[test]
fn a_gstin_is_right_by_its_check_character_alone() {
    for right in [
        "27AAPFU0939F1ZV",
        "33AABCT3312J1ZP",
        "29AAGCB7383J1Z4",
        "04AABFN9870CMZT",
        "38ABCPE1234F1Z8",
        " 27aapfu0939f1zv ",
    ] {
        assert_eq!(Gstin::parse(right).unwrap().as_str(), right.trim().to_ascii_uppercase());
    }
    let wrong = [
        "27AAPFU0939F1ZO",
        "07AAACA7205Q1ZL",
        "29AABCU9603R1ZM",
        "27AAPFU0939F1Z",
        "27AAPFU0939F1ZVV",
        "",
        "2XAAPFU0939F1ZV",
        "27A1PFU0939F1ZV",
        "27AAPFU093XF1ZV",
        "27AAPFU09391 ZV",
        "27AAPFU0939F0ZV",
        "27AAPFU0939F1Z!",
        "28AAPFU0939F1ZT",
        "96AAPFU0939F1ZT",
        "२७AAPFU0939F1ZV",
    ];
    let told: Vec<String> = wrong.iter().map(|text| Gstin::parse(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    /// One mistyped character is always seen, but for the few that the check cannot tell apart by its own making.
    #[test]
    fn neighbours_that_are_swapped_are_seen(place in 2_usize..12) {
        let right = "33AABCT3312J1ZP";
        let mut typed: Vec<char> = right.chars().collect();
        typed.swap(place, place + 1);
        let typed: String = typed.into_iter().collect();
        prop_assert!(typed == right || Gstin::parse(&typed).is_err(), "{typed}");
    }

    /// Central and State tax are equal, each is half the rate rounded half up, and IGST is the whole rate rounded once.
    #[test]
    fn heads_are_rounded_each_by_itself(paise in -5_000_000_i64..5_000_000, bips in 0_i64..4_000) {
        let rate = format!("rates = [{{ from = '2017-07-01', percent = '{}.{:02}' }}]", bips / 100, bips % 100);
        let terms = terms(&rate);
        let charged = Amount::from_units(i128::from(paise) * 1_000_000);
        let owed = |state: &str| {
            let supply = terms.supply("MA_1", &party(state, "IN", ""), Currency::INR).unwrap();
            terms.line(&supply, "call", charged, Currency::INR, "2026-04-03".parse().unwrap()).unwrap()
        };
        // By integers: half of it in units of a hundred-thousandth of a paisa, then to the paisa, halves away from zero.
        let halfup = |numerator: i64, denominator: i64| {
            let sign = numerator.signum();
            sign * ((numerator.abs() * 2 + denominator) / (denominator * 2))
        };
        let paisa = |count: i64| Amount::from_units(i128::from(count) * 1_000_000);
        let within = owed("KA");
        prop_assert_eq!(within.heads.iter().map(|head| head.0).collect::<Vec<_>>(), [TaxHead::Cgst, TaxHead::Sgst]);
        for (_, _, amount) in &within.heads {
            prop_assert_eq!(*amount, paisa(halfup(paise * bips, 20_000)));
        }
        prop_assert_eq!(owed("MH").amount(), paisa(halfup(paise * bips, 10_000)));
    }
}

#[test]
fn two_halves_may_be_a_paisa_off_the_whole() {
    let terms = terms("");
    let owed = |state: &str| {
        let supply = terms.supply("MA_1", &party(state, "", ""), Currency::INR).unwrap();
        let tax = terms.line(&supply, "call", amount("100.03"), Currency::INR, "2026-04-03".parse().unwrap()).unwrap();
        (
            tax.heads
                .iter()
                .map(|(head, percent, amount)| format!("{} {percent} % {amount}", head.word()))
                .collect::<Vec<_>>(),
            tax.sac,
        )
    };
    let sac = Some("998412".to_owned());
    assert_eq!(owed("29"), (vec!["CGST 9 % 9.00".to_owned(), "SGST 9 % 9.00".to_owned()], sac.clone()));
    assert_eq!(owed("Maharashtra"), (vec!["IGST 18 % 18.01".to_owned()], sac));
}

#[test]
fn the_place_of_supply_is_the_gstins_else_the_addresss_else_the_suppliers() {
    let terms = terms("");
    let lenient = InvoiceTerms::parse(&format!("regime = 'gst'\nwrong_gstin = 'unregistered'\n{SUPPLIER}")).unwrap();
    let cases = [
        ("nothing known", party("", "", "")),
        ("own State", party("KA", "IN", "")),
        ("another State, by letters", party("mh", "india", "")),
        ("another State, by code", party("33", "", "")),
        ("a Union territory", party("Ladakh", "IN", "")),
        ("registered", party("TN", "IN", "33AABCT3312J1ZP")),
        ("registered elsewhere than it lives", party("KA", "IN", "27AAPFU0939F1ZV")),
        ("registered, its State unreadable", party("Atlantis", "IN", "27AAPFU0939F1ZV")),
        ("its State unreadable", party("Atlantis", "IN", "")),
        ("a wrong GSTIN", party("KA", "IN", "27AAPFU0939F1ZO")),
        ("a wrong GSTIN and no address", party("", "", "27AAPFU0939F1ZO")),
        ("the supplier's own GSTIN", party("KA", "IN", "29aafcs4821k1z1")),
        ("abroad", party("Dubai", "AE", "")),
        ("in a country that nobody knows", party("KA", "Nowhereland", "")),
        ("in India by another name", party("KA", "Bharat", "")),
        ("registered, with an address abroad", party("Dubai", "AE", "27AAPFU0939F1ZV")),
        ("without a name", Party { name: String::new(), ..party("KA", "IN", "") }),
    ];
    let mut told = String::new();
    for (case, party) in cases {
        let one = |terms: &InvoiceTerms| match terms.supply("MA_1", &party, Currency::INR) {
            Ok(it) => {
                format!("{:?} at {}; {}", it.kind, it.place.map_or("-", |place| place.name), it.remarks.join("; "))
            }
            Err(reason) => format!("held: {reason}"),
        };
        let (strict, lenient) = (one(&terms), one(&lenient));
        writeln!(told, "{case}: {strict}").unwrap();
        if lenient != strict {
            writeln!(told, "  as unregistered: {lenient}").unwrap();
        }
    }
    let dollars = terms.supply("MA_1", &party("KA", "IN", ""), "USD".parse().unwrap()).unwrap_err();
    let abroad = terms.supply("MA_1", &party("", "US", ""), "USD".parse().unwrap()).unwrap();
    assert_eq!(abroad.kind, SupplyKind::Export);
    writeln!(told, "in dollars within India: held: {dollars}").unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn a_gstin_of_none_takes_away_what_the_api_says() {
    let corrected = |gstin: &str| {
        let terms =
            InvoiceTerms::parse(&format!("regime = 'gst'\n{SUPPLIER}[customers.MA_1]\ngstin = '{gstin}'\n")).unwrap();
        terms.supply("MA_1", &party("KA", "IN", "27AAPFU0939F1ZV"), Currency::INR).unwrap()
    };
    let place = |gstin: &str| corrected(gstin).place.unwrap().name;
    assert_eq!((place(""), place("33AABCT3312J1ZP")), ("Maharashtra", "Tamil Nadu"));
    for none in ["none", " None "] {
        let supply = corrected(none);
        assert_eq!(
            (supply.gstin, supply.place.unwrap().name, supply.kind),
            (None, "Karnataka", SupplyKind::WithinState)
        );
    }
}

#[test]
fn a_union_territory_owes_its_own_head_and_an_export_nothing() {
    let at = |gstin: &str| {
        InvoiceTerms::parse(&format!("regime = 'gst'\n[supplier]\nname = 'S'\naddress = 'A'\ngstin = '{gstin}'\n"))
            .unwrap()
    };
    let date = "2026-04-03".parse().unwrap();
    let chandigarh = at("04AABFN9870CMZT");
    let supply = chandigarh.supply("MA_1", &party("CH", "IN", ""), Currency::INR).unwrap();
    let tax = chandigarh.line(&supply, "call", amount("50"), Currency::INR, date).unwrap();
    assert_eq!(tax.heads.iter().map(|head| head.0.word()).collect::<Vec<_>>(), ["CGST", "UTGST"]);
    let supply = chandigarh.supply("MA_1", &party("", "SG", ""), "SGD".parse().unwrap()).unwrap();
    let tax = chandigarh.line(&supply, "call", amount("50"), "SGD".parse().unwrap(), date).unwrap();
    assert_eq!((tax.amount(), tax.percent.unwrap().to_string()), (Amount::ZERO, "0".to_owned()));
    assert_eq!(supply.place.unwrap().code, "96");
}

#[test]
fn under_reverse_charge_the_invoice_charges_no_tax() {
    let terms = terms("reverse_charge = true");
    let supply = terms.supply("MA_1", &party("MH", "IN", ""), Currency::INR).unwrap();
    let tax = terms.line(&supply, "call", amount("100"), Currency::INR, "2026-04-03".parse().unwrap()).unwrap();
    assert_eq!((tax.amount(), tax.heads.len()), (Amount::ZERO, 1));
}

#[test]
fn a_percentage_that_nobody_can_read_is_not_none() {
    let terms = terms("");
    let remarks = |percent: &str| {
        let party = Party { tds_percent: percent.to_owned(), ..party("KA", "IN", "") };
        terms.supply("MA_1", &party, Currency::INR).unwrap().remarks
    };
    assert!([remarks(""), remarks("2"), remarks("0.75")].concat().is_empty());
    for unread in ["unknown", "0", "two", "-1", "101"] {
        assert_eq!(remarks(unread).len(), 1, "{unread}");
    }
}

#[test]
fn a_rate_counts_from_its_day_on() {
    let terms = terms("rates = [{ from = '2026-04-01', percent = '20' }, { from = '2017-07-01', percent = '18' }]");
    let supply = terms.supply("MA_1", &party("MH", "IN", ""), Currency::INR).unwrap();
    let owed =
        |day: &str| terms.line(&supply, "call", amount("100"), Currency::INR, day.parse().unwrap()).unwrap().amount();
    assert_eq!((owed("2026-03-31"), owed("2026-04-01")), (amount("18"), amount("20")));
}

#[test]
fn a_large_invoice_to_an_unregistered_customer_names_its_address() {
    let terms = terms("");
    let supply = |party: Party| terms.supply("MA_1", &party, Currency::INR).unwrap();
    let full = Party { address: "12 Residency Road".to_owned(), ..party("KA", "IN", "") };
    assert_eq!(terms.lacking(&supply(party("KA", "IN", "")), amount("49999.99")), None);
    let why = terms.lacking(&supply(party("KA", "IN", "")), amount("50000")).unwrap();
    assert_eq!(why, "an unregistered customer's address and State have to stand on an invoice of 50000.00 or more");
    assert_eq!(terms.lacking(&supply(full), amount("50000")), None);
    assert_eq!(terms.lacking(&supply(party("", "", "29AAGCB7383J1Z4")), amount("50000")), None);
}

#[test]
fn amounts_read_as_words() {
    let told: Vec<String> = [
        ("0", "INR"),
        ("1", "INR"),
        ("0.05", "INR"),
        ("19.20", "INR"),
        ("100", "INR"),
        ("110", "INR"),
        ("1234.56", "INR"),
        ("100000", "INR"),
        ("1234567.89", "INR"),
        ("10000000", "INR"),
        ("1234567890.01", "INR"),
        ("-250.50", "INR"),
        ("1234567.89", "USD"),
        ("1200", "JPY"),
        ("1.005", "KWD"),
    ]
    .map(|(figure, code)| format!("{figure} {code}: {}", in_words(amount(figure), code.parse().unwrap())))
    .into();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_financial_year_begins_in_april() {
    let year = |day: &str| financial_year(day.parse().unwrap());
    assert_eq!(["2026-03-31", "2026-04-01", "2099-12-31"].map(year), ["25-26", "26-27", "99-00"]);
}

#[test]
fn terms_that_cannot_be_meant_are_refused_by_name() {
    let texts = [
        "regime = 'vat'",
        "regime = 'gst'",
        "regime = 'gst'\n[supplier]\nname = 'S'",
        "regime = 'gst'\n[supplier]\nname = 'S'\naddress = 'A'\ngstin = '27AAPFU0939F1ZO'",
        "regime = 'gst'\n[supplier]\nname = 'S'\naddress = 'A'\nstate = 'Atlantis'\ngstin = '27AAPFU0939F1ZV'",
        "regime = 'plain'\n[supplier]\nname = 'S'",
        "regime = 'plain'\nrates = [{ from = '2026-01-01', percent = '-1' }]\n[supplier]\nname = 'S'",
        "rates = [{ from = '2026-01-01', percent = '1' }, { from = '2026-01-01', percent = '2' }]",
        "rates = [{ from = '2026-13-01', percent = '1' }]",
        "due_days = 366",
        "sac = '9984'",
        "[sac_classes]\nstreaming = '99842x'",
        "[sac_classes]\n'No Class' = '998412'",
        "[customers.'MA/1']\nname = 'N'",
        "address_from = '-1'",
        "colour = 'blue'",
    ];
    let told: Vec<String> =
        texts.iter().map(|text| InvoiceTerms::parse(text).unwrap_err().message().to_owned()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn exports_owe_integrated_tax_where_the_settings_say_so() {
    let owed = |head: &str| {
        let terms = terms(head);
        let supply = terms.supply("MA_1", &party("", "AE", ""), "USD".parse().unwrap()).unwrap();
        assert_eq!(supply.kind, SupplyKind::Export);
        let tax = terms.line(&supply, "call", amount("100"), "USD".parse().unwrap(), "2026-04-03".parse().unwrap());
        let tax = tax.unwrap();
        (tax.amount(), tax.heads[0].0, terms.round_off(amount("100.30"), "USD".parse().unwrap()))
    };
    // The rupee is rounded to, and no other currency.
    assert_eq!(owed("round_off = true"), (Amount::ZERO, TaxHead::Igst, Amount::ZERO));
    assert_eq!(owed("export_tax = true"), (amount("18"), TaxHead::Igst, Amount::ZERO));
    assert_eq!(terms("round_off = true").round_off(amount("100.30"), Currency::INR), amount("-0.30"));
}
