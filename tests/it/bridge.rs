//! Bridges add up: from the master's figure, less one class after the other, to the customers', for any books.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Class};
use tieout::invoice::RateCard;
use tieout::run::{Settled, explain};
use tieout::simulator::Scenario;
use tieout::watch::Nobody;

use crate::books::Layout;
use crate::damage::{damaged, flawed};
use crate::laws::cases;
use crate::scenarios::files;
use crate::support::{fixture, settled};

type Rows = Vec<BTreeMap<String, String>>;

/// Breaks, gross and effect of each class, by tie-out.
type Classes = BTreeMap<(String, String), (u64, Amount, Amount)>;

fn rows(settled: &Settled, name: &str) -> Rows {
    let paper = settled.papers.iter().find(|paper| paper.name == name).expect(name);
    let mut reader = csv::Reader::from_reader(paper.bytes.as_slice());
    let headers = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| headers.iter().zip(&record).map(|(a, b)| (a.into(), b.into())).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn place(row: &BTreeMap<String, String>) -> String {
    format!("{}/{}/{}", row["account"], row["currency"], row["direction"])
}

/// The lines of a total's bridge by class.
type Sums = BTreeMap<String, (u64, Amount, Amount)>;

/// What `breaks.csv` lists, by tie-out and class, without a look at any bridge; an effect on a wallet has no direction.
fn listed(settled: &Settled) -> Classes {
    let mut classes = Classes::new();
    let on_a_tie_out =
        |row: &&BTreeMap<String, String>| !amount(&row["effect"]).is_zero() && !row["direction"].is_empty();
    for row in rows(settled, "breaks.csv").iter().filter(on_a_tie_out) {
        let (count, gross, effect) = classes.entry((place(row), row["class"].clone())).or_default();
        *count += 1;
        *gross += amount(&row["effect"]).abs();
        *effect += amount(&row["effect"]);
    }
    classes
}

/// Walks every bridge on paper, step by step, and compares its lines with the breaks.
fn adds_up(settled: &Settled) -> Result<(), TestCaseError> {
    let mut bridges: BTreeMap<String, Rows> = BTreeMap::new();
    for row in rows(settled, "bridge.csv") {
        bridges.entry(place(&row)).or_default().push(row);
    }
    let mut classes = listed(settled);
    for tie_out in rows(settled, "tie_outs.csv") {
        let at = place(&tie_out);
        let steps = bridges.remove(&at).unwrap_or_default();
        let names: Vec<&str> = steps.iter().map(|step| step["class"].as_str()).collect();
        prop_assert!(matches!(names.as_slice(), ["master", .., "residual", "customer"]), "{at}: {names:?}");
        let order: Vec<Class> = names[1..names.len() - 1].iter().map(|name| name.parse().unwrap()).collect();
        prop_assert!(order.is_sorted(), "{at}: not by precedence: {names:?}");
        prop_assert_eq!(&steps[0]["balance"], &tie_out["master"]);
        prop_assert_eq!(&steps[steps.len() - 1]["balance"], &tie_out["customer"]);
        let mut told = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            prop_assert_eq!(&step["step"], &number.to_string());
            if step["class"] == "master" || step["class"] == "customer" || step["effect"].is_empty() {
                continue;
            }
            let line: (u64, Amount, Amount) =
                (step["count"].parse().unwrap(), amount(&step["gross"]), amount(&step["effect"]));
            let stated = classes.remove(&(at.clone(), step["class"].clone())).unwrap_or_default();
            prop_assert_eq!(line, stated, "{}: {}", at, step["class"]);
            if line.0 > 0 {
                let [class, count, gross, effect] = ["class", "count", "gross", "effect"].map(|name| &step[name]);
                told.push(format!("{class} {count} gross {gross} effect {effect}"));
            }
            if !tie_out["master"].is_empty() {
                let before = amount(&steps[number - 1]["balance"]);
                prop_assert_eq!(before - line.2, amount(&step["balance"]), "{}: step {}", at, number);
            }
        }
        prop_assert_eq!(told.join("; "), tie_out["bridge"].as_str());
        if !tie_out["difference"].is_empty() {
            prop_assert_eq!(&steps[steps.len() - 2]["balance"], &tie_out["customer"], "{}: not reached", at);
        }
    }
    prop_assert!(bridges.is_empty() && classes.is_empty(), "without a tie-out: {bridges:?} {classes:?}");
    Ok(())
}

/// The bridges in `close.json`: each tie-out's lines, and the totals' as the sums of theirs, no currency with another.
fn totals_add_up(settled: &Settled) -> Result<(), TestCaseError> {
    let paper = settled.papers.iter().find(|paper| paper.name == "close.json").unwrap();
    let close: serde_json::Value = serde_json::from_slice(&paper.bytes).unwrap();
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let lines = |value: &serde_json::Value| -> Vec<(String, u64, Amount, Amount)> {
        let lines = value["bridge"].as_array().expect("a bridge").iter();
        let money = |line: &serde_json::Value, name: &str| amount(line[name].as_str().unwrap());
        lines
            .map(|it| (text(it, "class"), it["count"].as_u64().unwrap(), money(it, "gross"), money(it, "effect")))
            .collect()
    };
    let partner = text(&close["provenance"], "partner");
    let mut sums: BTreeMap<(String, String, bool), Sums> = BTreeMap::new();
    for tie_out in close["tie_outs"].as_array().unwrap().iter().filter(|it| !it["difference"].is_null()) {
        let key = (text(tie_out, "currency"), text(tie_out, "direction"), text(tie_out, "account") == partner);
        for (class, count, gross, effect) in lines(tie_out) {
            let sum = sums.entry(key.clone()).or_default().entry(class).or_default();
            *sum = (sum.0 + count, sum.1 + gross, sum.2 + effect);
        }
    }
    for total in close["totals"].as_array().unwrap() {
        let key = (text(total, "currency"), text(total, "direction"), total["own_wallet"].as_bool().unwrap());
        let mut of_parts = sums.remove(&key).unwrap_or_default();
        let mut effects = Amount::ZERO;
        for (class, count, gross, effect) in lines(total) {
            prop_assert_eq!(of_parts.remove(&class), Some((count, gross, effect)), "{:?}: {}", key, class);
            effects += effect;
        }
        prop_assert!(of_parts.is_empty(), "{key:?} leaves out {of_parts:?}");
        if !total["difference"].is_null() {
            prop_assert_eq!(
                effects + amount(&text(total, "residual")),
                amount(&text(total, "difference")),
                "{:?}",
                key
            );
        }
    }
    prop_assert!(sums.is_empty(), "no total has {sums:?}");
    Ok(())
}

#[test]
fn the_bridges_of_every_scenario_add_up() {
    for (path, text) in files() {
        let (_, settled) = settled(&Scenario::read(&text).unwrap());
        let held = adds_up(&settled).and_then(|()| totals_add_up(&settled));
        held.unwrap_or_else(|broken| panic!("{}: {broken}", path.display()));
    }
}

#[test]
fn the_bridge_of_a_tie_out_and_of_a_total_is_explained() {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/specimen/2026-03");
    let archive = fixture("audit/archive.sqlite");
    let explained = |id: &str| explain(&run, Some(&archive), id, &Nobody);
    // The entries below a tie-out's bridge are another test's.
    let told = |id: &str| {
        let text = explained(id).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("  entries")).map(|line| format!("{line}\n"));
        lines.collect::<String>()
    };
    insta::assert_snapshot!(["MA_2TUU0007/INR/debit", "INR/credit", "INR/debit"].map(told).join("\n"));
    assert!(explained("USD/debit").is_err());
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn bridges_add_up_in_any_flawed_world(seed: u64) {
        let (scenario, _) = flawed(&mut ChaCha8Rng::seed_from_u64(seed));
        let (_, settled) = settled(&scenario);
        adds_up(&settled)?;
        totals_add_up(&settled)?;
    }

    #[test]
    fn bridges_add_up_for_any_books(seed: u64) {
        let settled = damaged(&mut ChaCha8Rng::seed_from_u64(seed)).settled(&Layout::default(), &RateCard::default());
        adds_up(&settled)?;
        totals_add_up(&settled)?;
    }
}
