//! The search: the smallest set of candidates whose effects add up to a target, exactly. Candidates in, a proposal out;
//! knows nothing of ledgers, so that it serves any two figures.
//!
//! Sets are tried by size, from one correction upwards. A size is left out where its least and greatest sums already
//! exclude the target; else two halves of the candidates meet in the middle: the sums of both are formed, sorted and read
//! against each other. A set of nearly all candidates is sought by what it leaves out. Sums are integers of 128 bits; how
//! many of them may be formed is bounded, and where the bound ends a search, it says up to which size it came.

use std::collections::BTreeMap;

use super::sums::{Half, Reached, SIZE_MAX, Tally};
use crate::domain::Amount;
use crate::reconcile::Correction;

/// Sums that one search may form. Enough for 40 candidates, whatever they are: two halves of 20 have 2²⁰ sums each.
pub const SUMS_MAX: u64 = 1 << 21;

/// One typed correction that could be made. Proposed, never made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What it takes off the difference.
    pub effect: Amount,
    /// The entries concerned, sorted.
    pub entry_ids: Vec<String>,
    /// What is to be done.
    pub correction: Correction,
    /// The break that suggests it; absent where only the figures do.
    pub break_id: Option<String>,
    /// The correction in one sentence.
    pub explanation: String,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// One set of candidates is the smallest.
    Unique,
    /// Several sets of the same size are.
    Alternatives,
    /// No set adds up to the target.
    None,
    /// The bound ended the search before it was decided.
    SearchBoundReached,
}

impl Answer {
    /// The word on the papers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unique => "unique",
            Self::Alternatives => "alternatives",
            Self::None => "none",
            Self::SearchBoundReached => "search-bound-reached",
        }
    }
}

/// The smallest exact set of corrections, how many others are as small, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What the search came to.
    pub answer: Answer,
    /// The first of the smallest sets, sorted by effect and entry; empty where there is none.
    pub steps: Vec<Candidate>,
    /// How many sets are as small, told apart by their candidates. `u64::MAX` means at least so many.
    pub alternatives: u64,
    /// How many sets are as small, told apart by their amounts alone: 1 where the amounts are certain and only which of
    /// several equal entries is meant is not.
    pub patterns: u64,
    /// The largest size up to which every set was ruled out.
    pub ruled_out: usize,
    /// Candidates with an effect.
    pub candidates: usize,
    /// Σ effects of all candidates; absent where it outgrows 128 bits.
    pub all: Option<Amount>,
    /// Sums formed.
    pub sums: u64,
}

/// Finds the smallest set of candidates whose effects add up to the target. The order of the candidates changes nothing.
#[must_use]
pub fn smallest(target: Amount, candidates: &[Candidate]) -> Proposal {
    smallest_within(target, candidates, SUMS_MAX)
}

/// The same, forming at most so many sums.
#[must_use]
pub fn smallest_within(target: Amount, candidates: &[Candidate], sums_max: u64) -> Proposal {
    let mut sorted: Vec<&Candidate> = candidates.iter().filter(|candidate| !candidate.effect.is_zero()).collect();
    sorted.sort_unstable();
    let effects: Vec<i128> = sorted.iter().map(|candidate| candidate.effect.units()).collect();
    let mut proposal = Proposal {
        answer: Answer::SearchBoundReached,
        steps: Vec::new(),
        alternatives: 0,
        patterns: 0,
        ruled_out: 0,
        candidates: effects.len(),
        all: None,
        sums: 0,
    };
    let Some(all) = total(&effects) else { return proposal };
    proposal.all = Some(Amount::from_units(all));
    let mut middle = Middle::of(&effects, sums_max);
    let outcome = by_size(target.units(), all, &effects, &mut middle);
    proposal.sums = middle.sums;
    match outcome {
        Outcome::Found { size, tally, taken } => {
            proposal.answer = if tally.sets == 1 { Answer::Unique } else { Answer::Alternatives };
            (proposal.alternatives, proposal.patterns) = (tally.sets, tally.patterns);
            proposal.ruled_out = size.saturating_sub(1);
            proposal.steps = steps(&sorted, taken);
        }
        Outcome::RuledOut => (proposal.answer, proposal.ruled_out) = (Answer::None, effects.len()),
        Outcome::Bound { ruled_out } => proposal.ruled_out = ruled_out,
    }
    proposal
}

/// How a search ended.
enum Outcome {
    Found { size: usize, tally: Tally, taken: BTreeMap<i128, usize> },
    RuledOut,
    Bound { ruled_out: usize },
}

/// Σ effects, where no sum or difference that a search forms can outgrow 128 bits.
fn total(effects: &[i128]) -> Option<i128> {
    let magnitude = effects.iter().try_fold(0_i128, |sum, effect| sum.checked_add(effect.checked_abs()?))?;
    (magnitude <= i128::MAX / 4).then(|| effects.iter().sum())
}

/// Tries size after size. The effects are sorted.
fn by_size(target: i128, all: i128, effects: &[i128], middle: &mut Middle) -> Outcome {
    if target == 0 {
        let nothing = Tally { sets: 1, patterns: 1 };
        return Outcome::Found { size: 0, tally: nothing, taken: BTreeMap::new() };
    }
    let count = effects.len();
    let (mut least, mut greatest) = (0, 0);
    for size in 1..=count {
        least += effects[size - 1];
        greatest += effects[count - size];
        if target < least || target > greatest {
            continue;
        }
        let left_out = count - size;
        let (fewer, sum) = if size <= left_out { (size, target) } else { (left_out, all - target) };
        if fewer > middle.size_max {
            return Outcome::Bound { ruled_out: size - 1 };
        }
        if let Some((tally, chosen)) = middle.meet(fewer, sum) {
            let taken = if size <= left_out { chosen } else { all_but(effects, &chosen) };
            return Outcome::Found { size, tally, taken };
        }
    }
    Outcome::RuledOut
}

/// The two halves, and how far they may be searched.
struct Middle {
    halves: [Half; 2],
    /// The largest size for which all sums may be formed.
    size_max: usize,
    /// The sums of each size that a level of either half takes, before equal ones become one.
    sizes: Vec<u64>,
    sums: u64,
    formed: usize,
}

impl Middle {
    fn of(effects: &[i128], sums_max: u64) -> Self {
        let halves = Half::both(counted(effects).into_iter().collect());
        let [left, right] = halves.each_ref().map(Half::sizes);
        let sizes: Vec<u64> = left.iter().zip(&right).map(|(left, right)| left.saturating_add(*right)).collect();
        let needed = sizes.iter().scan(0_u64, |needed, sums| {
            *needed = needed.saturating_add(*sums);
            Some(*needed)
        });
        let size_max = needed.take_while(|needed| *needed <= sums_max).count().saturating_sub(1).min(SIZE_MAX);
        Self { halves, size_max, sizes, sums: 0, formed: 0 }
    }

    /// All sets of a size that come to a sum: how many, and the first, by effect. Nothing where there is none.
    fn meet(&mut self, size: usize, sum: i128) -> Option<(Tally, BTreeMap<i128, usize>)> {
        self.halves.iter_mut().for_each(|half| half.form(size));
        if size >= self.formed {
            self.sums += self.sizes[self.formed..=size].iter().sum::<u64>();
            self.formed = size + 1;
        }
        let [left, right] = &self.halves;
        let (mut tally, mut first) = (Tally::default(), None);
        for from_left in 0..=size {
            pairs(left.formed(from_left), right.formed(size - from_left), sum, |one, other| {
                tally = tally.and(one.tally.with_each(other.tally));
                first.get_or_insert((from_left, one.sum));
            });
        }
        let (from_left, of_left) = first?;
        let mut chosen: BTreeMap<i128, usize> = left.first(from_left, of_left).into_iter().collect();
        chosen.extend(right.first(size - from_left, sum - of_left));
        Some((tally, chosen))
    }
}

/// Shows every pair, one of each side, that comes to a sum. Both are sorted and hold each sum once.
fn pairs(left: &[Reached], right: &[Reached], sum: i128, mut show: impl FnMut(&Reached, &Reached)) {
    let (Some(least), Some(greatest)) = (right.first(), right.last()) else { return };
    let left = &left[left.partition_point(|one| one.sum < sum - greatest.sum)..];
    let mut others = right.iter().rev().peekable();
    for one in left.iter().take_while(|one| one.sum <= sum - least.sum) {
        let wanted = sum - one.sum;
        while others.next_if(|other| other.sum > wanted).is_some() {}
        if let Some(other) = others.peek().filter(|other| other.sum == wanted) {
            show(one, other);
        }
    }
}

/// How many candidates each effect has.
fn counted(effects: &[i128]) -> BTreeMap<i128, usize> {
    let mut counts = BTreeMap::new();
    for effect in effects {
        *counts.entry(*effect).or_default() += 1;
    }
    counts
}

fn all_but(effects: &[i128], left_out: &BTreeMap<i128, usize>) -> BTreeMap<i128, usize> {
    let mut taken = counted(effects);
    for (effect, count) in &mut taken {
        *count -= left_out.get(effect).copied().unwrap_or(0);
    }
    taken
}

/// The first candidates of each effect, as many as are taken.
fn steps(sorted: &[&Candidate], mut taken: BTreeMap<i128, usize>) -> Vec<Candidate> {
    let mut take = |candidate: &&&Candidate| match taken.get_mut(&candidate.effect.units()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        Some(_) | None => false,
    };
    sorted.iter().filter(|candidate| take(candidate)).copied().cloned().collect()
}
