//! The Balance family: what is wrong with a wallet, each finding with both values, its effect and one sentence.
//!
//! At most one `roll-forward` and one `opening-differs` a wallet, each with exactly the difference that it explains.

use super::proof::{OpeningFrom, RollForward, WalletProof, WalletTotal};
use super::{Lows, Prover};
use crate::domain::{AccountId, Amount, Break, BreakFacts, Class, Currency, List, OpenBreak};
use crate::reconcile::scope::Scope;

impl Prover<'_> {
    /// Everything that is to be said of one wallet.
    pub(super) fn findings(&self, wallet: &WalletProof, lows: &Lows) -> Vec<Break> {
        let Some(rolled) = wallet.rolled() else { return Vec::new() };
        let found = [
            self.roll_forward(wallet, rolled),
            self.opening_differs(wallet, rolled),
            self.unproved(wallet, rolled),
            self.below_zero(wallet, rolled, lows),
        ];
        found.into_iter().flatten().collect()
    }

    fn roll_forward(&self, wallet: &WalletProof, rolled: &RollForward) -> Option<Break> {
        let WalletProof { account, currency, .. } = wallet;
        let RollForward { opening, credits, debits, .. } = rolled;
        let (closing, expected, difference) = (rolled.closing(), rolled.expected(), rolled.difference());
        let handed = self.handed(account, *currency).filter(|_| rolled.from == OpeningFrom::Sealed);
        let since = handed.map(|handed| self.since(account, *currency, handed.month)).unwrap_or_default();
        let (known, also) = match handed {
            None => ("the sum of every entry before".to_owned(), String::new()),
            Some(handed) => {
                let (run, month) = (handed.run, handed.month);
                let meanwhile = if month == self.books.calendar.period.previous() {
                    ""
                } else {
                    ", with the entries of the months since"
                };
                let also = if since.is_empty() {
                    format!(
                        ", or an entry of {month} came, changed or went after {run} was sealed, which `tieout recheck \
                         {month}` tells"
                    )
                } else {
                    format!("; what came, changed or went since the seal, {}, does not explain it", told(&since))
                };
                (format!("the closing that {run} sealed{meanwhile}"), also)
            }
        };
        let sentence = format!(
            "the wallet of {account} opened with {opening} {currency} ({known}); credits of {credits} and debits of \
             {debits} lead to {expected}, but it held {closing} {currency} at the cut-off (difference {difference}): money \
             moved without an entry in its ledger{also}"
        );
        let facts = self.of_wallet(Class::RollForward, wallet, "closing", closing, expected, sentence);
        (!difference.is_zero()).then(|| Break::on_a_wallet(facts, difference))
    }

    fn opening_differs(&self, wallet: &WalletProof, rolled: &RollForward) -> Option<Break> {
        let WalletProof { account, currency, .. } = wallet;
        let handed = self.handed(account, *currency)?;
        let (sealed, run) = (handed.amount, handed.run);
        let (opening, difference) = (rolled.opening, rolled.opening_difference());
        let cause = if rolled.from == OpeningFrom::Inception {
            "by the sum of every entry before".to_owned()
        } else if rolled.from == OpeningFrom::Rechecked {
            format!(
                "for after the seal there came, changed or went {}",
                told(&self.since(account, *currency, handed.month))
            )
        } else {
            "and no sealed month shows what moved while the wallet was gone".to_owned()
        };
        let sentence = format!(
            "the wallet of {account} was sealed with {sealed} {currency} by {run}, but this period opens with {opening} \
             {currency} (difference {difference}), {cause}"
        );
        let facts = self.of_wallet(Class::OpeningDiffers, wallet, "opening", opening, sealed, sentence);
        (!difference.is_zero()).then(|| Break::on_a_wallet(facts, difference))
    }

    /// An account that the sealed month before says nothing of: new, or not evidenced then.
    fn unproved(&self, wallet: &WalletProof, rolled: &RollForward) -> Option<Break> {
        let run = &self.before.filter(|_| rolled.from == OpeningFrom::Implied && rolled.sealed.is_none())?.run;
        let WalletProof { account, currency, .. } = wallet;
        let opening = rolled.opening;
        let sentence = format!(
            "{run} sealed no closing balance for {account}: its opening of {opening} {currency} is implied by the closing, \
             and proves nothing"
        );
        let facts = self.of_wallet(Class::UnprovedOpening, wallet, "opening", opening, opening, sentence);
        Some(Break::new(BreakFacts { customer_value: "absent".to_owned(), ..facts }))
    }

    fn below_zero(&self, wallet: &WalletProof, rolled: &RollForward, lows: &Lows) -> Option<Break> {
        let WalletProof { account, currency, .. } = wallet;
        let prepaid = self.books.wallets.get(account).is_some_and(|wallet| !wallet.postpaid);
        if !rolled.lowest.is_negative() || !prepaid {
            return None;
        }
        let lowest = rolled.lowest;
        let when = &rolled.lowest_at;
        let known = if rolled.from == OpeningFrom::Implied { ", as far as its implied opening holds" } else { "" };
        let by = match &rolled.lowest_entry {
            Some(entry) => format!("at {when}, by entry {entry}"),
            None => format!("from the period's start, {when}"),
        };
        let sentence = format!(
            "the prepaid wallet of {account} stood at {lowest} {currency}, {} below zero, {by}{known}",
            lowest.abs()
        );
        let facts = self.of_wallet(Class::NegativeBalance, wallet, "balance", lowest, Amount::ZERO, sentence);
        let read_at = lows.get(&(account.clone(), *currency)).and_then(|low| low.by.as_ref());
        let ledger = ledger_of(account, self.scope);
        Some(Break::new(BreakFacts {
            entry_ids: rolled.lowest_entry.iter().cloned().collect(),
            origins: read_at.map_or(facts.origins, |(.., origin)| vec![origin.within(&ledger)]),
            ..facts
        }))
    }

    /// One notice for the books as a whole, where no sealed month proves the openings.
    pub(super) fn first_close(&self, wallets: &[WalletProof]) -> Option<Break> {
        let rolled = wallets.iter().filter_map(WalletProof::rolled);
        // Where the month before handed on no closing for an account, that has a notice of its own.
        let of_all = |rolled: &&RollForward| {
            let agrees = rolled.opening_difference().is_zero();
            rolled.from == OpeningFrom::Implied && agrees && (self.before.is_none() || rolled.sealed.is_some())
        };
        let (count, all) = (rolled.filter(of_all).count(), wallets.len());
        if count == 0 {
            return None;
        }
        let month = self.books.calendar.period.previous();
        let why = self.before.map_or_else(
            || format!("no sealed close of {month} stands beside this one"),
            |before| format!("the wallets of {} were read only after this month had ended", before.run),
        );
        let explanation = format!(
            "{why}: the openings of {count} of {all} wallets are implied by their closings, and prove nothing (a walk from \
             inception would prove them)"
        );
        Some(Break::new(BreakFacts {
            master_value: format!("{count} implied"),
            customer_value: "absent".to_owned(),
            ..facts(Class::UnprovedOpening, None, None, "opening", explanation)
        }))
    }

    /// Both values of a finding on a wallet: what the partner shows, and what the entries received lead to.
    fn of_wallet(
        &self,
        class: Class,
        wallet: &WalletProof,
        field: &'static str,
        shown: Amount,
        led_to: Amount,
        explanation: String,
    ) -> BreakFacts {
        let WalletProof { account, currency, .. } = wallet;
        let read_from = if *account == self.scope.partner { List::Me } else { List::Accounts };
        BreakFacts {
            master_value: shown.to_string(),
            customer_value: led_to.to_string(),
            origins: vec![read_from.to_string(), ledger_of(account, self.scope).to_string()],
            ..facts(class, Some(account.clone()), Some(*currency), field, explanation)
        }
    }
}

/// The dashboard's total, where it lies outside what the wallets can have held.
pub(super) fn total(total: &WalletTotal) -> Option<Break> {
    let WalletTotal { currency, dashboard, wallets, least, most } = total;
    let difference = total.difference();
    let held = if least == most {
        format!("the account list's {wallets} wallets hold {least} {currency}")
    } else {
        format!(
            "the account list's {wallets} wallets, which moved while they were read, held between {least} and {most} \
             {currency}"
        )
    };
    let sentence = format!(
        "the dashboard says that the customers' wallets hold {dashboard} {currency} together, but {held} (difference \
         {difference})"
    );
    let together = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let facts = BreakFacts {
        master_value: dashboard.to_string(),
        customer_value: together,
        origins: vec![List::Dashboard.to_string(), List::Accounts.to_string()],
        ..facts(Class::WalletTotal, None, Some(*currency), "total_balance", sentence)
    };
    (!difference.is_zero()).then(|| Break::on_a_wallet(facts, difference))
}

/// The list that an account's entries are read from.
fn ledger_of(account: &str, scope: &Scope) -> List {
    if account == scope.partner { List::Master } else { AccountId::parse(account).map_or(List::Accounts, List::Ledger) }
}

/// Findings since the seal, each by its class, entries and effect.
fn told(since: &[&OpenBreak]) -> String {
    let each = since.iter().map(|found| {
        let entries = if found.entry_ids.is_empty() { &found.id } else { &found.entry_ids.join(", ") };
        format!("{} {entries} ({})", found.class, found.since_the_seal)
    });
    each.collect::<Vec<_>>().join(", ")
}

pub(super) fn facts(
    class: Class,
    account: Option<String>,
    currency: Option<Currency>,
    field: &'static str,
    explanation: String,
) -> BreakFacts {
    BreakFacts {
        class,
        account,
        currency,
        entry_ids: Vec::new(),
        reference: None,
        field,
        master_value: String::new(),
        customer_value: String::new(),
        legs: Vec::new(),
        origins: Vec::new(),
        explanation,
    }
}
