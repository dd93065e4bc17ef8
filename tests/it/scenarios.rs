//! Every scenario file below `fixtures/scenarios`: the close finds what was planted, nothing more and nothing less, and
//! comes to the verdict that the file expects.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tieout::domain::Class;
use tieout::simulator::Scenario;

use crate::support::{files_below, fixture, settled};

/// Every scenario file, with its text.
pub(crate) fn files() -> Vec<(PathBuf, String)> {
    files_below(&[fixture("scenarios")], "toml")
}

#[test]
fn every_scenario_comes_to_what_it_expects() {
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let scenario = Scenario::read(&text).unwrap();
        let (world, settled) = settled(&scenario);
        let mut found: BTreeMap<Class, usize> = BTreeMap::new();
        for it in &settled.reconciliation.breaks {
            *found.entry(it.class()).or_default() += 1;
        }
        let verdict = settled.verdict().word();
        let mistakes = world.mistakes(&settled.reconciliation.breaks);
        if !mistakes.is_empty() || found != scenario.expected.breaks || verdict != scenario.expected.verdict {
            wrong.push(format!("{}: {verdict}, expected {}: {mistakes:#?}", path.display(), scenario.expected.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
