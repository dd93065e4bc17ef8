//! Proposals, never acts: for every tie-out whose two figures differ, the smallest exact set of corrections that would
//! take the difference away. Tie-outs and breaks in, proposals out. Nothing is posted, nothing is judged anew, and no
//! verdict hangs on a proposal.

mod correction;
mod search;
mod sums;

use std::collections::BTreeMap;

pub use correction::Correction;
pub use search::{Answer, Candidate, Proposal, SUMS_MAX, smallest, smallest_within};

use crate::domain::{Amount, Break, Class, TieOut, TieOutKey};

/// Sums that all searches of one close may form together: some eight searches at their bound, whatever the books hold.
const CLOSE_SUMS_MAX: u64 = 1 << 24;

/// Sums that every search may form all the same, so that a small difference behind many large ones is still solved.
const SUMS_MIN: u64 = 1 << 12;

/// What is proposed for one tie-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// The tie-out.
    pub key: TieOutKey,
    /// Master − customer: what the corrections are to take away.
    pub difference: Amount,
    /// The corrections.
    pub proposal: Proposal,
}

impl Proposed {
    /// Searches for the smallest set of corrections that takes a difference away, forming at most so many sums.
    #[must_use]
    pub fn new(key: TieOutKey, difference: Amount, candidates: &[Candidate], sums_max: u64) -> Self {
        Self { proposal: smallest_within(difference, candidates, sums_max), key, difference }
    }

    /// What the search came to, in a sentence that claims no more than it showed.
    #[must_use]
    pub fn statement(&self) -> String {
        let Self { difference, proposal, key } = self;
        let Proposal { steps, candidates, ruled_out, .. } = proposal;
        let whole = format!("the difference of {difference} {}", key.currency);
        match proposal.answer {
            Answer::Unique => {
                let adds = if steps.len() == 1 { "adds" } else { "add" };
                let alone = "and no other set of so few does";
                format!("{} {adds} up to {whole}, {alone}{}", corrections(steps.len()), self.left_over())
            }
            Answer::Alternatives => {
                let many = if proposal.alternatives == u64::MAX { "at least " } else { "" };
                let certain = match proposal.patterns {
                    1 => "the same amounts in each, but other entries".to_owned(),
                    patterns => format!("with {patterns} different choices of amounts"),
                };
                format!(
                    "{many}{} different sets of {} add up to {whole}, {certain}; the first is listed{}",
                    proposal.alternatives,
                    corrections(steps.len()),
                    self.left_over()
                )
            }
            Answer::None => {
                format!("no set of the {} that the breaks suggest adds up to {whole}", corrections(*candidates))
            }
            Answer::SearchBoundReached => {
                let together = if proposal.all == Some(*difference) { "; all of them together do" } else { "" };
                format!(
                    "sets of {} and more of the {} found here were not searched, for the bound on the search was reached; \
                     no smaller set adds up to {whole}{together}",
                    ruled_out + 1,
                    corrections(*candidates)
                )
            }
        }
    }

    /// What is to be said of the candidates that no step uses.
    fn left_over(&self) -> String {
        let Proposal { steps, candidates, all, .. } = &self.proposal;
        let left = candidates - steps.len();
        match (left, *all == Some(self.difference)) {
            (0, _) => String::new(),
            (_, true) => format!("; {left} more found here offset one another and stay to be corrected"),
            (_, false) => format!("; {left} more found here are not part of it"),
        }
    }
}

fn corrections(count: usize) -> String {
    if count == 1 { "1 correction".to_owned() } else { format!("{count} corrections") }
}

/// Proposes for every tie-out whose figures differ, in the order of the tie-outs.
pub(super) fn propose(tie_outs: &[TieOut], breaks: &[Break]) -> Vec<Proposed> {
    let open = tie_outs.iter().filter_map(|tie_out| {
        let difference = tie_out.difference().filter(|difference| !difference.is_zero())?;
        Some((tie_out.key(), difference))
    });
    let mut candidates: BTreeMap<&TieOutKey, Vec<Candidate>> = BTreeMap::new();
    let open: Vec<_> = open.inspect(|(key, _)| drop(candidates.insert(key, Vec::new()))).collect();
    // A residual is what the breaks leave open, and so no correction.
    for found in breaks.iter().filter(|found| found.class() != Class::Residual) {
        for leg in found.legs() {
            if let Some(of_key) = candidates.get_mut(&leg.key) {
                of_key.extend(correction::suggested(found, leg));
            }
        }
    }
    let mut left = CLOSE_SUMS_MAX;
    let proposed = open.into_iter().map(|(key, difference)| {
        let candidates = candidates.remove(key).unwrap_or_default();
        let proposed = Proposed::new(key.clone(), difference, &candidates, left.clamp(SUMS_MIN, SUMS_MAX));
        left = left.saturating_sub(proposed.proposal.sums);
        proposed
    });
    proposed.collect()
}
