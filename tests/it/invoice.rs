//! The rate card from outside: precedence, refusals, and what survives being kept.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tieout::domain::Rounding;
use tieout::invoice::{Percent, RateCard};

const CARD: &str = r#"
name = "standard 2026"
rounding = "half-even"
[markup]
default = "20"
[markup.classes]
call = "25"
[markup.accounts.MA_X]
default = "15"
classes = { call = "10", stream = "-5.25" }
[markup.accounts.MA_Y]
classes = { stream = "7" }
[[fees]]
name = "Platform fee"
amount = "499.00"
accounts = ["MA_X"]
[minimum]
amount = "100.00"
[series]
prefix = "INV-2026-"
width = 5
first = 12
"#;

fn day() -> chrono::NaiveDate {
    "2026-04-03".parse().unwrap()
}

#[test]
fn the_nearest_markup_wins() {
    let card = RateCard::parse(CARD).unwrap();
    let markup = |account, class| card.markup(account, class).to_string();
    assert_eq!(markup("MA_X", "call"), "10", "the account's class");
    assert_eq!(markup("MA_X", "stream"), "-5.25", "the account's class");
    assert_eq!(markup("MA_X", "recording"), "15", "the account's default wins over the card's");
    assert_eq!(markup("MA_Y", "stream"), "7", "the account's class");
    assert_eq!(markup("MA_Y", "call"), "25", "an account without a default falls back to the card's class");
    assert_eq!(markup("MA_Y", "recording"), "20", "the card's default");
    assert_eq!(markup("MA_Z", "call"), "25", "the card's class");
}

#[test]
fn an_empty_file_is_a_card_that_bills_at_cost() {
    let card = RateCard::parse("").unwrap();
    assert_eq!(card, RateCard::default());
    assert_eq!(card.markup("MA_1", "call"), Percent::default());
    assert_eq!((card.fees().len(), card.minimum(), card.name()), (0, None, None));
    assert_eq!((card.currency().code(), card.rounding()), ("INR", Rounding::HalfUp));
    assert_eq!(card.series().number(card.series().first, day()).unwrap(), "INV-000001");
}

#[test]
fn a_card_survives_being_kept() {
    let card = RateCard::parse(CARD).unwrap();
    let kept = toml::to_string(&card).unwrap();
    assert_eq!(RateCard::parse(&kept).unwrap(), card);
    let kept = serde_json::to_string(&card).unwrap();
    assert_eq!(serde_json::from_str::<RateCard>(&kept).unwrap(), card);
    assert_eq!(card.series().number(12, day()).unwrap(), "INV-2026-00012");
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// Every markup that can be written is read exactly, and written as it was read.
    #[test]
    fn markups_are_exact(percent in -999_999_i64..=10_000_000) {
        let sign = if percent < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:04}", percent.abs() / 10_000, percent.abs() % 10_000);
        let read: Percent = text.parse().unwrap();
        prop_assert_eq!(read.to_decimal(), rust_decimal::Decimal::new(percent, 4));
        prop_assert_eq!(read.to_string().parse::<Percent>().unwrap(), read);
    }
}

#[test]
fn refusals_name_the_place_what_was_seen_and_what_was_expected() {
    let texts = [
        "[markup]\ndefault = \"-100\"",
        "[markup]\ndefault = \"1000.0001\"",
        "[markup.classes]\ncall = \"12.34567\"",
        "[markup]\ndefault = \"20 %\"",
        "[markup]\ndefault = 20",
        "markups = 1",
        "rounding = \"nearest\"",
        "currency = \"rupee\"",
        "[markup\n",
        "[markup.classes]\nCall = \"1\"",
        "[markup.accounts.\"MA 1\"]\ndefault = \"1\"",
        "[[fees]]\nname = \"Desk\"\namount = \"1.005\"",
        "[[fees]]\nname = \"Desk\"\namount = \"-1\"",
        "[[fees]]\nname = \" \"\namount = \"1\"",
        "[[fees]]\nname = \"Desk\"\namount = \"1\"\naccounts = [\"MA/1\"]",
        "currency = \"JPY\"\n[minimum]\namount = \"0.5\"",
        "[series]\nprefix = \"inv-\"",
        "[series]\nprefix = \"\"",
        "[series]\nprefix = \"INV-2026/2027-\"",
        "[series]\nfirst = 0",
        "[series]\nwidth = 400000000000",
    ];
    let messages: Vec<String> = texts.iter().map(|text| RateCard::parse(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    line 2, column 11: "-100" is not a markup (percent above -100, at most 1000, up to 4 decimals, as in "12.5")
    line 2, column 11: "1000.0001" is not a markup (percent above -100, at most 1000, up to 4 decimals, as in "12.5")
    line 2, column 8: "12.34567" is not a markup (percent above -100, at most 1000, up to 4 decimals, as in "12.5")
    line 2, column 11: "20 %" is not a markup (percent above -100, at most 1000, up to 4 decimals, as in "12.5")
    line 2, column 11: invalid type: integer `20`, expected a string
    line 1, column 1: unknown field `markups`, expected one of `name`, `currency`, `rounding`, `markup`, `fees`, `minimum`, `series`, `credit_notes`, `debit_notes`
    line 1, column 12: unknown variant `nearest`, expected one of `half-up`, `half-even`, `up`, `down`
    line 1, column 12: "rupee" is not a currency code (three capital letters, as in `INR`)
    line 1, column 8: unclosed table, expected `]`
    line 2, column 1: markup.classes: "Call" is not a charge class (1 to 32 of `a-z`, `0-9` and `-`, as in `number-rental`)
    line 1, column 18: markup.accounts: "MA 1" is not an account id (1 to 64 ASCII letters, digits, `_` or `-`)
    line 3, column 10: fees, "Desk": amount 1.005 is not above zero and in whole minor units of INR (2 decimals)
    line 3, column 10: fees, "Desk": amount -1.00 is not above zero and in whole minor units of INR (2 decimals)
    line 2, column 8: fees, entry 1: the name is empty, expected what the customer is to read
    line 4, column 12: fees, "Desk": "MA/1" is not an account id (1 to 64 ASCII letters, digits, `_` or `-`)
    line 3, column 10: minimum: amount 0.50 is not above zero and in whole minor units of JPY (0 decimals)
    line 1, column 2: series: number "inv-000001" holds 'i', only `A-Z`, `0-9`, `/` and `-` are allowed
    line 1, column 2: series: number "000001" begins with '0', which an e-invoice refuses
    line 1, column 2: series: number "INV-2026/2027-000001" has 20 characters, at most 16 are allowed
    line 1, column 2: series: the count begins with 0, expected 1 or more
    line 1, column 2: series: number "INV-00000000000000001" has 21 characters, at most 16 are allowed
    "#);
}
