//! Flaws of the wallets: the books are as they are, and a wallet is another than they make it.

use super::{Hand, no_place};
use crate::simulator::books::Copies;
use crate::simulator::scenario::{FlawPlan, ScenarioError};
use crate::simulator::touches::{CENT, Misfit};
use crate::simulator::wallets::{ONE, lowest_in};

impl Hand<'_> {
    /// Makes a wallet, or the dashboard's sum of them, another than the entries make it.
    pub(super) fn spoil_wallet(&mut self, flaw: &FlawPlan, misfit: Misfit) -> Result<(), ScenarioError> {
        let index = match misfit {
            Misfit::Sum => {
                self.damage.dashboard += CENT;
                self.note(flaw.class, None, None);
                return Ok(());
            }
            Misfit::Unbooked => {
                let known = self.scenario.world.founded && self.scenario.close.from_inception;
                let wanted = "`world.founded`, `close.from_inception`, and a settled debit well inside the month";
                let found = self.pick_debit(flaw.account.as_deref()).filter(|_found| known);
                let (place, row) = found.ok_or_else(|| no_place(flaw, wanted))?;
                let index = self.books.entries[place].account;
                self.books.entries[place].copies = Copies::Apart { customer: Vec::new(), master: Vec::new() };
                *self.damage.unbooked.entry(index).or_default() += -row.value();
                index
            }
            Misfit::Dips => {
                let dips = |index: &usize| lowest_in(self.books, *index, &self.accounts[*index], self.times) < -ONE;
                let named = |index: &usize| flaw.account.as_deref().is_none_or(|wanted| self.is_named(*index, wanted));
                let free = |index: &usize| !self.claimed.contains(index);
                let found = (0..self.accounts.len()).find(|index| free(index) && named(index) && dips(index));
                let index = found.ok_or_else(|| no_place(flaw, "a customer whose debits exceed its credits"))?;
                self.damage.dipping.insert(index);
                index
            }
        };
        self.claimed.insert(index);
        self.note(flaw.class, Some(self.accounts[index].auth_id.clone()), None);
        Ok(())
    }
}
