//! How long the search for the smallest set of corrections takes where it has to try everything.

use std::time::Instant;

use tieout::domain::Amount;
use tieout::reconcile::{Candidate, Correction, smallest};

use super::RUNS;

/// The lines of the report: 40 candidates of which no set adds up to the target, and 40 of which all but one do.
pub(crate) fn lines() -> String {
    // Effects that are all even: no set comes to an odd target, and no size can be left out.
    let hopeless = candidates(|place| (place * place * 7_919 % 1_000_003 - 500_000) * 2);
    let growing: Vec<Candidate> = candidates(|place| (1 << 30) + place * place * place);
    let all_but_one = growing[1..].iter().map(|candidate| candidate.effect).sum();
    let line = |what: &str, target: Amount, candidates: &[Candidate]| {
        let mut millis: Vec<u128> = (0..RUNS).map(|_| measured(target, candidates)).collect();
        millis.sort_unstable();
        let (least, median, most) = (millis[0], millis[RUNS / 2], millis[RUNS - 1]);
        let proposal = smallest(target, candidates);
        format!(
            "proposal for {} candidates, {what}: {}, {} sums formed, median {median} ms ({least} to {most})\n",
            proposal.candidates,
            proposal.answer.word(),
            proposal.sums
        )
    };
    line("no set adds up", Amount::from_units(1), &hopeless) + &line("all but one add up", all_but_one, &growing)
}

fn candidates(effect: impl Fn(i128) -> i128) -> Vec<Candidate> {
    let candidate = |place: i128| Candidate {
        effect: Amount::from_units(effect(place)),
        entry_ids: vec![format!("e-{place:02}")],
        correction: Correction::DropCopy,
        break_id: None,
        explanation: String::new(),
    };
    (1..=40).map(candidate).collect()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn measured(target: Amount, candidates: &[Candidate]) -> u128 {
    let began = Instant::now();
    let proposal = smallest(target, candidates);
    let took = began.elapsed().as_millis();
    assert_eq!(proposal.candidates, candidates.len(), "every candidate has an effect");
    took
}
