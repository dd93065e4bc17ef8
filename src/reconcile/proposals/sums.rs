//! Half of the candidates, and every sum that a set of so many of them comes to. Equal effects are one value with a
//! count, so that a hundred entries of one amount are a hundred sums and not 2¹⁰⁰. Never holds more than it is let.

use std::ops::ControlFlow;

/// Corrections in a set, or left out of all, beyond which no search goes.
pub(super) const SIZE_MAX: usize = 64;

/// How many sets there are: by their candidates, and by their amounts alone. What outgrows a `u64` stays at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Sets of candidates.
    pub(super) sets: u64,
    /// Multisets of effects.
    pub(super) patterns: u64,
}

impl Tally {
    /// These and those.
    pub(super) const fn and(self, other: Self) -> Self {
        Self { sets: self.sets.saturating_add(other.sets), patterns: self.patterns.saturating_add(other.patterns) }
    }

    /// Each of these with each of those.
    pub(super) const fn with_each(self, other: Self) -> Self {
        Self { sets: self.sets.saturating_mul(other.sets), patterns: self.patterns.saturating_mul(other.patterns) }
    }
}

/// A sum, and how many sets come to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) sum: i128,
    pub(super) tally: Tally,
}

/// How many candidates of one value are taken: the value's place in its half, and the number.
type Taken = (usize, usize);

/// An effect that so many candidates share.
struct Value {
    effect: i128,
    count: usize,
    /// In how many ways 0, 1, 2, … of them can be chosen, up to `SIZE_MAX`.
    choices: Vec<u64>,
}

/// One half of the candidates.
#[derive(Default)]
pub(super) struct Half {
    values: Vec<Value>,
    /// Candidates from a value on, for every place.
    after: Vec<usize>,
    /// The sums of sets of 0, 1, 2, … candidates, each level sorted by sum.
    levels: Vec<Vec<Reached>>,
}

impl Half {
    /// Parts effects with their counts into two halves, neither with many more candidates than the other.
    pub(super) fn both(mut values: Vec<(i128, usize)>) -> [Self; 2] {
        values.sort_by_key(|(effect, count)| (std::cmp::Reverse(*count), *effect));
        let mut halves = [Self::default(), Self::default()];
        let mut candidates = [0, 0];
        for (effect, count) in values {
            let lighter = usize::from(candidates[1] < candidates[0]);
            candidates[lighter] += count;
            halves[lighter].values.push(Value { effect, count, choices: choices(count) });
        }
        for half in &mut halves {
            let mut left: usize = half.values.iter().map(|value| value.count).sum();
            for value in &half.values {
                half.after.push(left);
                left -= value.count;
            }
        }
        halves
    }

    /// How many multisets of 0, 1, 2, … up to `SIZE_MAX` candidates there are: what the levels would hold at most.
    pub(super) fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0_u64; SIZE_MAX + 1];
        sizes[0] = 1;
        for value in &self.values {
            for size in (1..=SIZE_MAX).rev() {
                let fewer = (1..=value.count.min(size)).map(|copies| sizes[size - copies]);
                sizes[size] = fewer.fold(sizes[size], u64::saturating_add);
            }
        }
        sizes
    }

    /// The sums of sets of so many candidates, sorted; formed when they are first asked for.
    pub(super) fn form(&mut self, size: usize) {
        while self.levels.len() <= size {
            let level = self.level(self.levels.len());
            self.levels.push(level);
        }
    }

    /// The sums of sets of so many candidates, sorted: nothing where they were not formed.
    pub(super) fn formed(&self, size: usize) -> &[Reached] {
        self.levels.get(size).map_or(&[], Vec::as_slice)
    }

    fn level(&self, size: usize) -> Vec<Reached> {
        let mut reached = Vec::new();
        let _ = self.visit(Partial { missing: size, ..Partial::START }, &mut Vec::new(), &mut |set, _| {
            reached.push(Reached { sum: set.sum, tally: Tally { sets: set.sets, patterns: 1 } });
            ControlFlow::Continue(())
        });
        reached.sort_unstable_by_key(|reached| reached.sum);
        reached.dedup_by(|next, kept| {
            let same = next.sum == kept.sum;
            if same {
                kept.tally = kept.tally.and(next.tally);
            }
            same
        });
        reached
    }

    /// The first set of so many candidates that comes to a sum: how many of each effect.
    pub(super) fn first(&self, size: usize, sum: i128) -> Vec<(i128, usize)> {
        let mut found = Vec::new();
        let _ = self.visit(Partial { missing: size, ..Partial::START }, &mut Vec::new(), &mut |set, taken| {
            if set.sum != sum {
                return ControlFlow::Continue(());
            }
            found = taken.iter().map(|(place, copies)| (self.values[*place].effect, *copies)).collect();
            ControlFlow::Break(())
        });
        found
    }

    /// Shows every multiset of the size that is missing, each once, in a fixed order. Never deeper than its size.
    fn visit(
        &self,
        set: Partial,
        taken: &mut Vec<Taken>,
        show: &mut dyn FnMut(Partial, &[Taken]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if set.missing == 0 {
            return show(set, taken);
        }
        for (place, value) in self.values.iter().enumerate().skip(set.from) {
            if self.after[place] < set.missing {
                break;
            }
            let mut sum = set.sum;
            for copies in 1..=value.count.min(set.missing) {
                sum += value.effect;
                let sets = set.sets.saturating_mul(value.choices[copies]);
                let further = Partial { from: place + 1, missing: set.missing - copies, sum, sets };
                taken.push((place, copies));
                self.visit(further, taken, show)?;
                taken.pop();
            }
        }
        ControlFlow::Continue(())
    }
}

/// A set while it is put together.
#[derive(Clone, Copy)]
struct Partial {
    /// The first value that may still be taken.
    from: usize,
    /// Candidates still to be taken.
    missing: usize,
    /// What those taken come to.
    sum: i128,
    /// In how many ways they can be chosen among their equals.
    sets: u64,
}

impl Partial {
    const START: Self = Self { from: 0, missing: 0, sum: 0, sets: 1 };
}

/// `count` choose 0, 1, 2, … up to `SIZE_MAX`.
fn choices(count: usize) -> Vec<u64> {
    let mut choices = vec![1_u64];
    let mut exact = Some(1_u128);
    for taken in 1..=count.min(SIZE_MAX) {
        let (left, taken) = (u128::try_from(count - taken + 1).ok(), u128::try_from(taken).ok());
        exact =
            exact.zip(left).zip(taken).and_then(|((choices, left), taken)| Some(choices.checked_mul(left)? / taken));
        choices.push(exact.and_then(|choices| u64::try_from(choices).ok()).unwrap_or(u64::MAX));
    }
    choices
}
