//! The bridge: what leads from the master's figure to the customers', one line for each class of breaks.
//!
//! Made once, with its tie-out, from the effects of the breaks that bear on it; summed over tie-outs of one currency.
//! Whoever prints it only prints. Never nets across currencies, and never hides a gross behind its net.

use std::collections::BTreeMap;

use super::amount::Amount;
use super::breaks::Class;

/// What the breaks of one class come to on a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeLine {
    /// The class.
    pub class: Class,
    /// How many effects: on one tie-out the breaks of the class that have one; over several, a break that bears on two of
    /// them counts on both, as it has a row for each in `breaks.csv`.
    pub count: u64,
    /// Σ |effect|.
    pub gross: Amount,
    /// Σ effect: what the class adds to master − customer.
    pub effect: Amount,
}

impl BridgeLine {
    const fn none(class: Class) -> Self {
        Self { class, count: 0, gross: Amount::ZERO, effect: Amount::ZERO }
    }

    fn add(&mut self, count: u64, gross: Amount, effect: Amount) {
        self.count += count;
        self.gross += gross;
        self.effect += effect;
    }
}

/// Both figures, and what lies between them: `master − customer = Σ effects of the lines + residual`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    master: Option<Amount>,
    customer: Option<Amount>,
    lines: Vec<BridgeLine>,
    residual: Option<BridgeLine>,
}

/// One row of the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeStep {
    /// `master`, a class, `residual` or `customer`.
    pub name: &'static str,
    /// What the step comes to; nothing for the two figures, and for a residual that cannot be formed.
    pub line: Option<BridgeLine>,
    /// The figure reached: the master's, less every effect so far; at the end the customers'. Nothing where a figure
    /// was not read.
    pub balance: Option<Amount>,
}

impl Bridge {
    /// The bridge between two figures over these effects. Without one of the figures nothing is claimed of a residual.
    pub(super) fn new(
        master: Option<Amount>,
        customer: Option<Amount>,
        effects: impl IntoIterator<Item = (Class, Amount)>,
    ) -> Self {
        let mut classes: BTreeMap<Class, BridgeLine> = BTreeMap::new();
        for (class, effect) in effects {
            classes.entry(class).or_insert(BridgeLine::none(class)).add(1, effect.abs(), effect);
        }
        let lines: Vec<BridgeLine> = classes.into_values().collect();
        let explained: Amount = lines.iter().map(|line| line.effect).sum();
        let residual = master.zip(customer).map(|(master, customer)| {
            let left = master - customer - explained;
            BridgeLine { class: Class::Residual, count: u64::from(!left.is_zero()), gross: left.abs(), effect: left }
        });
        Self { master, customer, lines, residual }
    }

    /// One bridge over several of the same currency; those without one of their figures are in none of its sums.
    #[must_use]
    pub fn over<'a>(bridges: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut whole = Self { master: None, customer: None, lines: Vec::new(), residual: None };
        let mut classes: BTreeMap<Class, BridgeLine> = BTreeMap::new();
        for bridge in bridges {
            let (Some(master), Some(customer), Some(left)) = (bridge.master, bridge.customer, bridge.residual) else {
                continue;
            };
            *whole.master.get_or_insert_default() += master;
            *whole.customer.get_or_insert_default() += customer;
            whole.residual.get_or_insert(BridgeLine::none(left.class)).add(left.count, left.gross, left.effect);
            for line in &bridge.lines {
                let sum = classes.entry(line.class).or_insert(BridgeLine::none(line.class));
                sum.add(line.count, line.gross, line.effect);
            }
        }
        whole.lines.extend(classes.into_values());
        whole
    }

    /// The master's figure, absent where it was not read.
    #[must_use]
    pub const fn master(&self) -> Option<Amount> {
        self.master
    }

    /// The customers' figure, absent where it was not read.
    #[must_use]
    pub const fn customer(&self) -> Option<Amount> {
        self.customer
    }

    /// The opening difference, master − customer: what there is to explain. Absent where a figure is.
    #[must_use]
    pub fn opening_difference(&self) -> Option<Amount> {
        Some(self.master? - self.customer?)
    }

    /// One line for each class with an effect, in order of precedence.
    #[must_use]
    pub fn lines(&self) -> &[BridgeLine] {
        &self.lines
    }

    /// What no class explains, where both figures are known. Anything but zero makes the run incomplete.
    #[must_use]
    pub const fn residual(&self) -> Option<BridgeLine> {
        self.residual
    }

    /// The statement from the master's figure to the customers', row by row.
    #[must_use]
    pub fn steps(&self) -> Vec<BridgeStep> {
        let figure = |name, balance| BridgeStep { name, line: None, balance };
        let mut steps = vec![figure("master", self.master)];
        let mut balance = self.master;
        for line in &self.lines {
            balance = balance.map(|balance| balance - line.effect);
            steps.push(BridgeStep { name: line.class.slug(), line: Some(*line), balance });
        }
        let reached = balance.zip(self.residual).map(|(balance, left)| balance - left.effect);
        steps.push(BridgeStep { name: Class::Residual.slug(), line: self.residual, balance: reached });
        steps.push(figure("customer", self.customer));
        steps
    }
}
