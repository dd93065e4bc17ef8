//! Numbers of every kind of registration: each is taken, printed, and supplied and exported as its kind.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;
use tieout::domain::{Currency, Party};
use tieout::invoice::{Billing, Gstin, GstinKind, LineKind};

use crate::documents::{Books, GST};
use crate::exports::{all, exported, gst, invoice, party, text};
use crate::gst::terms;

/// A number of each kind; both UINs are of bodies of the United Nations in Delhi.
const NUMBERS: [(&str, GstinKind); 12] = [
    ("27AAPFU0939F1ZV", GstinKind::Regular),
    ("29AAGCB7383J1SI", GstinKind::Regular),
    ("07DELA12345A1Z7", GstinKind::Department),
    ("07DELA12345B1DE", GstinKind::Deductor),
    ("27AAPFU0939F1D4", GstinKind::Deductor),
    ("07AMBPG7773M1CX", GstinKind::Collector),
    ("07DELA12345B1CG", GstinKind::Collector),
    ("2919GBR00003NRS", GstinKind::NonResident),
    ("9917USA29001OSH", GstinKind::OnlineServices),
    ("0717UNO00157UNO", GstinKind::Uin),
    ("0717UNO00211UN2", GstinKind::Uin),
    ("2918FRA00004ONK", GstinKind::Uin),
];

#[test]
fn every_form_is_taken_as_its_kind() {
    for (number, kind) in NUMBERS {
        let read = Gstin::parse(&format!(" {} ", number.to_lowercase())).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!((read.as_str(), read.kind()), (number, kind));
        let state = read.state().map(|state| state.code);
        assert_eq!(state, (kind != GstinKind::OnlineServices).then(|| &number[..2]), "{number}");
    }
}

#[test]
fn a_form_that_none_knows_is_refused_at_its_place() {
    let wrong = [
        "0717UNO00157UNP",
        "0717UNO0O157UNO",
        "0717UN000157UNO",
        "0717UNO00157XNO",
        "0717UNO00157UXO",
        "2917USA29001OSH",
        "9917USA29001NRS",
        "99AAPFU0939F1ZV",
        "4017UNO00157UNO",
        "07DELA12345B1XE",
        "07DELA12345BAZE",
        "07DELA12345B0DE",
    ];
    let told: Vec<String> = wrong.iter().map(|text| Gstin::parse(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(36), failure_persistence: None, ..ProptestConfig::default() })]

    /// A character typed wrong is seen in a number of every kind.
    #[test]
    fn a_mistyped_character_is_seen(which in 0..NUMBERS.len(), place in 0..15_usize, typed in "[0-9A-Z]") {
        let (right, _) = NUMBERS[which];
        let mistyped = format!("{}{typed}{}", &right[..place], &right[place + 1..]);
        prop_assert_eq!(Gstin::parse(&mistyped).is_ok(), mistyped == right, "{}", mistyped);
    }
}

fn customer(number: &str, state: &str, country: &str) -> Party {
    party("Mission", state, country, number)
}

#[test]
fn each_kind_is_supplied_as_the_law_has_it() {
    let terms = terms("");
    let mut told = String::new();
    let supply = |party: &Party| match terms.supply("MA_1", party, Currency::INR) {
        Ok(it) => {
            let place = it.place.map_or("-", |place| place.name);
            format!("{:?} at {place}, as {:?}; {}", it.kind, it.gstin.map(|it| it.kind()), it.remarks.join("; "))
        }
        Err(reason) => format!("held: {reason}"),
    };
    for (number, _) in NUMBERS {
        let address = Party { name: "Mission".to_owned(), gstin: number.to_owned(), ..Party::default() };
        writeln!(told, "{number}: {}", supply(&address)).unwrap();
    }
    let online = "9917USA29001OSH";
    let francisco = Party { postal_code: "94105".to_owned(), ..customer(online, "CA", "US") };
    writeln!(told, "online services from the US: {}", supply(&francisco)).unwrap();
    writeln!(told, "the same, in India: {}", supply(&customer(online, "KA", "IN"))).unwrap();
    writeln!(told, "a non-resident in the UK: {}", supply(&customer("2919GBR00003NRS", "", "GB"))).unwrap();
    writeln!(
        told,
        "a PIN of another State: {}",
        supply(&Party { state: String::new(), ..customer("27AAPFU0939F1ZV", "KA", "IN") })
    )
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn the_portal_gets_registered_persons_alone_and_their_pins_fit() {
    let terms = gst();
    let usual = [(LineKind::Usage, "call", "83.35833", "100.03")];
    let delhi = |number: &str| Party { postal_code: "110003".to_owned(), ..customer(number, "DL", "IN") };
    let mumbai = Party { state: String::new(), ..customer("27AAPFU0939F1ZV", "MH", "IN") };
    let customers = [
        ("MA_DEDUCTS", delhi("07DELA12345B1DE")),
        ("MA_COLLECTS", delhi("07AMBPG7773M1CX")),
        ("MA_DEPARTMENT", delhi("07DELA12345A1Z7")),
        ("MA_MISSION", delhi("0717UNO00157UNO")),
        ("MA_ONLINE", Party { postal_code: "94105".to_owned(), ..customer("9917USA29001OSH", "CA", "US") }),
        ("MA_MUMBAI", Party { postal_code: "400001".to_owned(), ..mumbai.clone() }),
        ("MA_PIN", Party { postal_code: "560001".to_owned(), ..mumbai.clone() }),
        ("MA_SHARED", Party { postal_code: "396191".to_owned(), ..mumbai }),
    ];
    let numbered = (1..).zip(&customers);
    let invoices = numbered.map(|(at, (account, party))| invoice(&terms, &format!("VB/{at}"), account, party, &usual));
    let billing = Billing { invoices: invoices.collect(), ..Billing::default() };
    let papers = exported(&all(""), &billing);
    let read = |name: &str| serde_json::from_str::<Value>(&text(&papers, name)).unwrap();
    let mut told = String::new();
    for it in read("exports/e-invoice.json").as_array().unwrap() {
        let buyer = &it["BuyerDtls"];
        let kind = it["TranDtls"]["SupTyp"].as_str().unwrap();
        writeln!(told, "{}: {kind} {} Pos {} Pin {}", it["DocDtls"]["No"], buyer["Gstin"], buyer["Pos"], buyer["Pin"])
            .unwrap();
    }
    for it in read("exports/e-invoice-irn.json")["left_out"].as_array().unwrap() {
        writeln!(told, "{} left out: {}", it["account"], it["reason"]).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_uin_stands_on_the_invoice_as_one() {
    let books = Books::new();
    let somebody = books.settled(GST).billing.invoices[0].account.clone();
    let settled = books
        .settled(&format!("{GST}\n[customers.{somebody}]\ngstin = '0717UNO00157UNO'\ncountry = 'IN'\nstate = 'DL'\n"));
    let invoice = settled.billing.invoices.iter().find(|it| it.account == somebody).unwrap();
    let page = |end: &str| {
        let name = format!("invoices/{}.{end}", invoice.number.replace('/', "-"));
        let paper = settled.papers.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no {name}"));
        String::from_utf8(paper.bytes.clone()).unwrap()
    };
    let html = page("html");
    assert!(html.contains("UIN 0717UNO00157UNO") && !html.contains("GSTIN 0717") && !html.contains("Unregistered"));
    assert!(page("json").contains("0717UNO00157UNO"));
    assert!(invoice.supply.remarks.iter().any(|it| it.contains("UIN")), "{:?}", invoice.supply.remarks);
}
