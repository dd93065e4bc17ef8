//! Law 9 and its neighbours, on accounts that need no proof; the rate card itself is tested from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::LazyLock;

use chrono::NaiveDate;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

mod held;
mod illegible;
mod refunds;

use super::{
    Billing, Corrections, Credit, Customer, Illegible, Invoice, InvoiceLine, InvoiceTerms, LineKind, Numbering,
    Pricing, RateCard, RechargeTerms, bill,
};
use crate::domain::{Amount, ChargeClass, Currency, Direction, Party};
use crate::reconcile::{Charge, HeldAccount};

/// One account as the tests write it.
#[derive(Clone, Debug)]
struct Tied {
    account: String,
    currency: Currency,
    charges: Vec<Charge>,
}

/// A card with every level of markup, in ten-thousandths of a percent, and its text.
#[derive(Clone, Debug)]
struct Rates {
    default: i64,
    classes: BTreeMap<&'static str, i64>,
    account_default: Option<i64>,
    account_classes: BTreeMap<&'static str, i64>,
    rounding: &'static str,
    fee: Option<i64>,
    minimum: Option<i64>,
}

const CLASSES: [&str; 6] = ["adjustment", "call", "number-rental", "other", "refund", "transfer"];

/// The account with markups of its own.
const FAVOURED: &str = "MA_1";

fn customers(tied: &[Tied]) -> Vec<Customer<'_>> {
    tied.iter()
        .map(|t| Customer { account: &t.account, name: "A name", currency: t.currency, charges: &t.charges })
        .collect()
}

fn percent_text(percent: i64) -> String {
    let sign = if percent < 0 { "-" } else { "" };
    format!("\"{sign}{}.{:04}\"", percent.abs() / 10_000, percent.abs() % 10_000)
}

impl Rates {
    fn card(&self) -> RateCard {
        let mut text =
            format!("rounding = \"{}\"\n[markup]\ndefault = {}\n", self.rounding, percent_text(self.default));
        let table = |text: &mut String, rates: &BTreeMap<&str, i64>| {
            for (class, percent) in rates {
                writeln!(text, "{class} = {}", percent_text(*percent)).unwrap();
            }
        };
        text.push_str("[markup.classes]\n");
        table(&mut text, &self.classes);
        writeln!(text, "[markup.accounts.{FAVOURED}]").unwrap();
        if let Some(percent) = self.account_default {
            writeln!(text, "default = {}", percent_text(percent)).unwrap();
        }
        writeln!(text, "[markup.accounts.{FAVOURED}.classes]").unwrap();
        table(&mut text, &self.account_classes);
        if let Some(paisa) = self.fee {
            write!(text, "[[fees]]\nname = \"Platform\"\namount = \"{}.{:02}\"\n", paisa / 100, paisa % 100).unwrap();
        }
        if let Some(paisa) = self.minimum {
            write!(text, "[minimum]\namount = \"{}.{:02}\"\n", paisa / 100, paisa % 100).unwrap();
        }
        RateCard::parse(&text).unwrap()
    }

    fn of(&self, account: &str, class: &str) -> i64 {
        let own = account == FAVOURED;
        let levels = [
            own.then(|| self.account_classes.get(class).copied()).flatten(),
            own.then_some(self.account_default).flatten(),
            self.classes.get(class).copied(),
        ];
        levels.into_iter().flatten().next().unwrap_or(self.default)
    }

    /// A signed cost at its rate in ledger units, by integer arithmetic alone.
    fn charged(&self, account: &str, class: &str, cost: Amount, digits: u32) -> Amount {
        let exact = cost.units() * i128::from(1_000_000 + self.of(account, class));
        let (size, unit) = (exact.abs(), 10_i128.pow(14 - digits));
        let (whole, rest) = (size / unit, size % unit);
        let up = match self.rounding {
            "half-up" => rest * 2 >= unit,
            "half-even" => rest * 2 > unit || (rest * 2 == unit && whole % 2 == 1),
            "up" => rest > 0,
            _ => false,
        };
        Amount::from_units(exact.signum() * (whole + i128::from(up)) * 10_i128.pow(8 - digits))
    }
}

fn any_rates() -> impl Strategy<Value = Rates> {
    let percent = || prop_oneof![-999_999_i64..=10_000_000, Just(200_000), Just(0), Just(-500_000)];
    let rates = move || prop::collection::btree_map(prop::sample::select(CLASSES.to_vec()), percent(), 0..4);
    let rounding = prop::sample::select(vec!["half-up", "half-even", "up", "down"]);
    let money = || prop::option::of(1_i64..100_000);
    (percent(), rates(), prop::option::of(percent()), rates(), rounding, money(), money()).prop_map(
        |(default, classes, account_default, account_classes, rounding, fee, minimum)| Rates {
            default,
            classes,
            account_default,
            account_classes,
            rounding,
            fee,
            minimum,
        },
    )
}

fn any_tied() -> impl Strategy<Value = Vec<Tied>> {
    let currency = prop::sample::select(vec!["INR", "USD", "JPY", "KWD"]);
    let direction = prop_oneof![Just(Direction::Credit), Just(Direction::Debit), Just(Direction::Debit)];
    // Whole paisa, halves of one, and anything: ties between two minor units must occur.
    let amount = prop_oneof![0_i128..4_000_000_000_000, (0_i128..2000).prop_map(|n| n * 500_000)];
    let charge = (amount, 1_u64..5000);
    let charges = prop::collection::btree_map((prop::sample::select(CLASSES.to_vec()), direction), charge, 0..6);
    prop::collection::btree_map((0_u8..4, currency), charges, 0..6).prop_map(|accounts| {
        let charge = |((class, direction), (units, entries)): ((&str, _), _)| Charge {
            class: ChargeClass(class.to_owned()),
            direction,
            entries,
            amount: Amount::from_units(units),
        };
        let tied = |((account, currency), charges): ((u8, &str), BTreeMap<_, _>)| Tied {
            account: format!("MA_{account}"),
            currency: currency.parse().unwrap(),
            charges: charges.into_iter().map(charge).collect(),
        };
        accounts.into_iter().map(tied).collect()
    })
}

/// What is billed of a charge: its signed cost; nothing for credits that fund the wallet.
fn billed_cost(charge: &Charge) -> Option<Amount> {
    match (charge.direction, charge.class.as_str()) {
        (Direction::Debit, "transfer") => None,
        (Direction::Debit, _) => Some(charge.amount),
        (Direction::Credit, "refund") => Some(-charge.amount),
        (Direction::Credit | Direction::Unclassified, _) => None,
    }
}

fn invoices_of<'a>(billing: &'a Billing, tied: &Tied) -> Vec<&'a Invoice> {
    let its = |i: &&Invoice| i.account == tied.account && i.currency == tied.currency;
    billing.invoices.iter().filter(its).collect()
}

fn held_of<'a>(billing: &'a Billing, tied: &Tied) -> Vec<&'a HeldAccount> {
    let its = |h: &&HeldAccount| h.account == tied.account && h.currency == tied.currency;
    billing.held.iter().filter(its).collect()
}

/// The lines of notes, and those that wait for one.
fn beside_invoices(billing: &Billing, tied: &Tied) -> Vec<InvoiceLine> {
    let notes = billing.notes.iter().map(|it| &it.document);
    let notes = notes.filter(|it| it.account == tied.account && it.currency == tied.currency);
    let rests = billing.credits.iter().flat_map(|it| it.rest_of(tied)).cloned();
    notes.flat_map(|it| it.lines.clone()).chain(rests).collect()
}

impl Credit {
    /// What waits of it, if it is of this customer.
    fn rest_of(&self, tied: &Tied) -> &[InvoiceLine] {
        let own = self.due.account == tied.account && self.due.currency == tied.currency;
        if own { &self.rest } else { &[] }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() })]

    /// Σ lines = Σ billed entries at their rates, to the last minor unit; every debit on one invoice or held.
    #[test]
    fn lines_add_up_to_the_billed_entries_at_their_rates(tied in any_tied(), rates in any_rates()) {
        let billing = bill(customers(&tied), &[], (&[], &[]), &priced(&rates.card()), &numbering(1)).unwrap();
        for tied in &tied {
            let costs = |c: &Charge| billed_cost(c).map(|cost| (c.class.to_string(), c.direction, c.entries, cost));
            let due: Vec<_> = tied.charges.iter().filter_map(costs).collect();
            let net: Amount = due.iter().map(|(.., cost)| *cost).sum();
            let digits = tied.currency.minor_digits();
            let at_rates = due.iter().map(|(class, _, _, cost)| rates.charged(&tied.account, class, *cost, digits));
            let at_rates: Amount = at_rates.sum();
            let (invoices, held) = (invoices_of(&billing, tied), held_of(&billing, tied));
            let home = tied.currency == Currency::INR;
            let beside = beside_invoices(&billing, tied);
            prop_assert!(invoices.len() <= 1 && held.len() <= 1);
            prop_assert!(invoices.len() + held.len() >= 1 || (due.is_empty() && !(home && rates.fee.is_some())));
            for held in held {
                let waits: Amount = billing.credits.iter().flat_map(|it| it.rest_of(tied)).map(|line| line.cost_base).sum();
                prop_assert_eq!(held.cost_base, if held.is_credit { waits } else { net });
                prop_assert!(at_rates.is_negative() || due.iter().all(|(_, direction, ..)| *direction == Direction::Credit));
            }
            let fee = if home { rates.fee.unwrap_or(0) } else { 0 };
            let before = at_rates + Amount::from_units(i128::from(fee) * 1_000_000);
            let used = due.iter().any(|(_, direction, ..)| *direction == Direction::Debit);
            let least = rates.minimum.filter(|_| home && used && !before.is_negative()).unwrap_or(0);
            let least = Amount::from_units(i128::from(least) * 1_000_000);
            let lines = || invoices.iter().flat_map(|it| &it.lines).chain(beside.iter());
            if invoices.is_empty() && beside.is_empty() {
                continue;
            }
            let mut costs: BTreeMap<(String, Direction), Amount> = BTreeMap::new();
            for line in lines().filter(|line| line.kind <= LineKind::Refund) {
                let direction = if line.kind == LineKind::Usage { Direction::Debit } else { Direction::Credit };
                *costs.entry((line.class.clone(), direction)).or_default() += line.cost_base;
            }
            let expected: BTreeMap<_, _> = due.into_iter().map(|(class, direction, _, cost)| ((class, direction), cost)).collect();
            prop_assert_eq!(costs, expected);
            let least_of_all = if before.is_negative() { before } else { before.max(least) };
            prop_assert_eq!(lines().map(|line| line.amount).sum::<Amount>(), least_of_all);
            prop_assert_eq!(lines().map(|line| line.cost_base).sum::<Amount>(), net);
            prop_assert_eq!(lines().map(|line| line.markup).sum::<Amount>(), at_rates - net);
            for invoice in invoices {
                prop_assert!(beside.is_empty() == (invoice.total == before.max(least)));
                prop_assert_eq!(invoice.total, invoice.cost_base + invoice.markup + invoice.fees + invoice.tax);
                prop_assert_eq!(invoice.total, invoice.lines.iter().map(|line| line.amount).sum::<Amount>());
            }
        }
    }

    /// Numbers run without a gap in order of account and currency, and the order of the input changes nothing.
    #[test]
    fn numbers_are_consecutive_in_any_order(mut tied in any_tied(), rates in any_rates(), from in 1_u64..5000) {
        let billing = bill(customers(&tied), &[], (&[], &[]), &priced(&rates.card()), &numbering(from)).unwrap();
        tied.reverse();
        let again = bill(customers(&tied), &[], (&[], &[]), &priced(&rates.card()), &numbering(from)).unwrap();
        prop_assert_eq!(&billing.invoices, &again.invoices);
        prop_assert_eq!(&billing.held, &again.held);
        for (number, invoice) in (from..).zip(&billing.invoices) {
            prop_assert_eq!(&invoice.number, &format!("INV-{number:06}"));
        }
        let keys: Vec<_> = billing.invoices.iter().map(|i| (&i.account, i.currency)).collect();
        prop_assert!(keys.is_sorted());
        for invoice in &billing.invoices {
            prop_assert!(invoice.lines.iter().map(|l| l.kind).is_sorted());
            prop_assert!(invoice.lines.iter().filter(|l| l.kind == LineKind::Usage).map(|l| &l.class).is_sorted());
        }
    }
}

fn charge(class: &str, direction: Direction, amount: &str) -> Charge {
    Charge { class: ChargeClass(class.to_owned()), direction, entries: 3, amount: amount.parse().unwrap() }
}

fn one(charges: Vec<Charge>) -> Vec<Tied> {
    vec![Tied { account: "MA_1".to_owned(), currency: Currency::INR, charges }]
}

/// The lines of an invoice as a table that a person reads.
fn table(invoice: &Invoice) -> String {
    let mut text = String::new();
    for line in &invoice.lines {
        let percent = line.markup_percent.map_or_else(|| "-".to_owned(), |percent| percent.to_string());
        let (cost, markup) = (line.cost_base, line.markup);
        writeln!(text, "{} | {cost} | {percent} | {markup} | {}", line.description, line.amount).unwrap();
    }
    let Invoice { number, cost_base, markup, fees, tax, total, .. } = invoice;
    write!(text, "{number} | {cost_base} + {markup} + {fees} + {tax} = {total}").unwrap();
    text
}

#[test]
fn an_invoice_reads_like_this() {
    let card =
        "[markup]\ndefault = \"20\"\n[markup.classes]\ncall = \"25\"\n[markup.accounts.MA_1.classes]\nrefund = \"10\"
        [[fees]]\nname = \"Platform fee\"\namount = \"499.00\"\n[minimum]\namount = \"600\"
        [series]\nprefix = \"INV-2026-\"\nwidth = 5\n";
    let tied = one(vec![
        charge("call", Direction::Debit, "10.00500"),
        charge("number-rental", Direction::Debit, "50"),
        charge("refund", Direction::Credit, "1.5"),
        charge("transfer", Direction::Credit, "1000"),
    ]);
    let billing =
        bill(customers(&tied), &[], (&[], &[]), &priced(&RateCard::parse(card).unwrap()), &numbering(7)).unwrap();
    insta::assert_snapshot!(table(&billing.invoices[0]), @r"
    Call | 10.005 | 25 | 2.505 | 12.51
    Number rental | 50.00 | 20 | 10.00 | 60.00
    Refund | -1.50 | 10 | -0.15 | -1.65
    Platform fee | 0.00 | - | 0.00 | 499.00
    Minimum charge of 600.00 | 0.00 | - | 0.00 | 30.14
    INV-2026-00007 | 58.505 + 12.355 + 529.14 + 0.00 = 600.00
    ");
}

#[test]
fn usage_worth_nothing_is_invoiced_all_the_same() {
    let tied = one(vec![charge("call", Direction::Debit, "0")]);
    let billing = bill(customers(&tied), &[], (&[], &[]), &priced(&RateCard::default()), &numbering(1)).unwrap();
    assert_eq!(
        table(&billing.invoices[0]),
        "Call | 0.00 | 0 | 0.00 | 0.00\nINV-000001 | 0.00 + 0.00 + 0.00 + 0.00 = 0.00"
    );
}

#[test]
fn credits_in_excess_are_held_and_no_minimum_hides_them() {
    let card = RateCard::parse("[minimum]\namount = \"100\"").unwrap();
    let tied = one(vec![charge("call", Direction::Debit, "2"), charge("refund", Direction::Credit, "5")]);
    let billing = bill(customers(&tied), &[], (&[], &[]), &priced(&card), &numbering(1)).unwrap();
    // The usage is billed, and given back with its invoice; what exceeds that waits.
    assert_eq!(billing.invoices[0].total.to_string(), "2.00");
    assert_eq!(billing.notes[0].corrects.number, billing.invoices[0].number);
    let held = &billing.held[0];
    assert_eq!(
        (held.account.as_str(), held.name.as_str(), held.cost_base.to_string(), held.is_credit),
        ("MA_1", "A name", "-3.00".into(), true)
    );
    assert_eq!(
        held.reason,
        "3.00 INR without tax is still to be given back: credit notes can name no more than is left of the customer's invoices, 0.00 INR"
    );
    // Less than half a paisa is given back: the total would be zero, and still there is nothing to invoice.
    let tied = one(vec![charge("refund", Direction::Credit, "0.001")]);
    let billing = bill(customers(&tied), &[], (&[], &[]), &priced(&card), &numbering(1)).unwrap();
    assert_eq!((billing.invoices.len(), billing.held[0].cost_base.to_string()), (0, "-0.001".to_owned()));
}

#[test]
fn what_exceeds_exact_arithmetic_is_refused() {
    let mut tied = one(vec![charge("call", Direction::Debit, "1")]);
    tied[0].charges[0].amount = Amount::from_units(i128::MAX / 2);
    let refused = bill(customers(&tied), &[], (&[], &[]), &priced(&RateCard::default()), &numbering(1)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "account MA_1, class call: 850705917302346158658436518579.42052863 INR at 0 % markup exceeds 28 digits"
    );
}

#[test]
fn a_series_that_runs_out_holds_whom_it_has_no_number_for() {
    let card = RateCard::parse("[series]\nprefix = \"INV-2026/27-\"\nwidth = 4").unwrap();
    let mut tied = one(vec![charge("call", Direction::Debit, "1")]);
    tied.push(Tied { account: "MA_2".to_owned(), ..tied[0].clone() });
    let billing = bill(customers(&tied), &[], (&[], &[]), &priced(&card), &numbering(9_999)).unwrap();
    assert_eq!(billing.invoices.iter().map(|it| it.number.as_str()).collect::<Vec<_>>(), ["INV-2026/27-9999"]);
    let held: Vec<_> = billing.held.iter().map(|it| (it.account.as_str(), it.reason.as_str())).collect();
    let reason = "no number is left in the series of invoices: number \"INV-2026/27-10000\" has 17 characters, at most 16 are \
                  allowed";
    assert_eq!(held, [("MA_2", reason)]);
    assert_eq!(billing.held[0].hint, "name another series in the rate card; a further close of the month bills it");
}

#[test]
fn a_series_with_room_for_few_numbers_is_refused_in_a_text_alone() {
    let refused = |text: &str| RateCard::parse(text).err().map(|refused| refused.to_string()).unwrap_or_default();
    let room = |room| {
        format!(
            "line 1, column 2: series: room for {room} numbers of at most 16 characters from the first on, expected 10 or more"
        )
    };
    assert_eq!(refused("[series]\nfirst = 999999999999\n"), room(1));
    assert_eq!(refused("[series]\nprefix = \"SAGAR/2026-27/X\"\nwidth = 1\n"), room(9));
    let of_two_digits = |first: u32| format!("[series]\nprefix = \"SAGAR/{{fy}}/X-\"\nwidth = 1\nfirst = {first}\n");
    assert_eq!([1, 90, 91].map(|first| refused(&of_two_digits(first))), [String::new(), String::new(), room(9)]);
    let doubts = RateCard::doubts(&of_two_digits(1), &BTreeSet::new());
    assert!(doubts.iter().any(|doubt| doubt.message.starts_with("series: room for 99 numbers")), "{doubts:?}");
    let sealed =
        serde_json::from_str::<RateCard>(r#"{"series": {"prefix": "INV-", "width": 6, "first": 999999999999}}"#);
    assert_eq!(sealed.unwrap().series().first, 999_999_999_999);
}

/// Priced by a card and taxed by nobody.
fn priced(card: &RateCard) -> Pricing<'_> {
    static TERMS: LazyLock<InvoiceTerms> = LazyLock::new(InvoiceTerms::default);
    static NOBODY: BTreeMap<String, Party> = BTreeMap::new();
    static LEGIBLE: BTreeMap<String, Illegible> = BTreeMap::new();
    let day = NaiveDate::default();
    Pricing {
        card,
        terms: &TERMS,
        parties: &NOBODY,
        date: day,
        supplied_until: day,
        recharge: RechargeTerms::default(),
        illegible: &LEGIBLE,
    }
}

/// Numbers from here on, and nothing issued before.
fn numbering(from: u64) -> Numbering {
    Numbering { from, issued: Vec::new(), corrections: Corrections::default() }
}
