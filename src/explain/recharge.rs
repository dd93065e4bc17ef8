//! Explains a recharge check: what covers the invoice, what it comes to, and what is short, one line for each step.

use super::Page;
use crate::domain::Amount;
use crate::invoice::{Bill, RechargeCheck};
use crate::reconcile::Funding;

impl Page<'_> {
    /// The checks of an account, one for each currency.
    pub(super) fn recharges(&mut self, account: &str) {
        let checks: Vec<&RechargeCheck> =
            self.close.billing.recharges.iter().filter(|it| it.recharge.account == account).collect();
        for check in checks {
            self.recharge(check);
        }
    }

    fn recharge(&mut self, it: &RechargeCheck) {
        let currency = it.recharge.currency;
        let held = if it.held { ", held" } else { "" };
        self.line(&format!("  recharge check, {currency}: {}{held}", it.verdict.word()));
        if !it.reason.is_empty() {
            self.line(&format!("    {}", it.reason));
        }
        self.line(&format!("    funded in the period {}", funding(&it.recharge.month)));
        if let Ok(since) = &it.recharge.since {
            self.line(&format!("    funded since {}", funding(since)));
        }
        if let Some((covering, funded)) = it.covering.zip(it.recharge.funded()) {
            let opening = Some(covering - funded).filter(|opening| !opening.is_zero());
            let opening = opening.map(|opening| format!(", its opening of {opening} counted")).unwrap_or_default();
            self.line(&format!("    covered by {covering} {currency} in all{opening}"));
        }
        if let Some(Bill { number, taxable, total }) = &it.bill {
            let number = number.as_ref().map(|number| format!(" by invoice {number}")).unwrap_or_default();
            let short = it.shortfall.map(|short: Amount| format!(", shortfall {short}")).unwrap_or_default();
            self.line(&format!("    billed {total} {currency}{number} ({taxable} without tax and round-off){short}"));
        }
    }
}

fn funding(it: &Funding) -> String {
    let Funding { topped_up, transferred, taken_back } = it;
    format!("{}: topped up {topped_up} + transferred {transferred} - taken back {taken_back}", it.total())
}
