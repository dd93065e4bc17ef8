//! Explains a wallet: the four columns, the readings they rest on, the findings, and the entries that moved it.

use super::{FrameError, Page};
use crate::domain::{Direction, Entry, List, Side};
use crate::reconcile::{OpeningFrom, Reconciliation, RollForward, WalletProof};

/// The wallet that an id names: `wallet:account`, or `account/currency/wallet`.
pub(super) fn named<'a>(reconciliation: &'a Reconciliation, id: &str) -> Option<&'a WalletProof> {
    let is_named = |it: &&WalletProof| {
        let WalletProof { account, currency, .. } = it;
        id == format!("wallet:{account}") || id == format!("{account}/{currency}/wallet")
    };
    // One that was sealed in another currency comes after the one that is shown.
    reconciliation.wallets.iter().filter(is_named).min_by_key(|wallet| wallet.is_gone())
}

impl Page<'_> {
    pub(super) fn explain_wallet(&mut self, wallet: &WalletProof) -> Result<(), FrameError> {
        let WalletProof { account, name, currency, before, after, .. } = wallet;
        self.line(&format!("wallet of {account} ({name}), {currency}: {}", wallet.verdict()));
        let rolled = match &wallet.rolled {
            Ok(rolled) => rolled,
            Err(gap) => {
                self.line(&format!("  not evidenced: {}", gap.reason));
                if let Some(sealed) = gap.sealed {
                    self.line(&format!("  last sealed closing {sealed} {currency}"));
                }
                self.line(&format!("  readings: before {before}, after {after}"));
                self.read_at(account);
                self.findings(account);
                return Ok(());
            }
        };
        let RollForward { opening, credits, debits, live, after_cut_off, lowest, lowest_at, .. } = rolled;
        let (closing, expected, difference) = (rolled.closing(), rolled.expected(), rolled.difference());
        self.line(&format!("  opening {opening:>18} {currency}  {}", rolled.from.word()));
        self.line(&format!("  credits {credits:>18} {currency}"));
        self.line(&format!("  debits  {debits:>18} {currency}"));
        self.line(&format!("  expected{expected:>18} {currency}  opening + credits - debits"));
        self.line(&format!("  closing {closing:>18} {currency}  live {live} less {after_cut_off} after the cut-off"));
        self.line(&format!("  difference{difference:>16} {currency}"));
        if let Some(sealed) = rolled.sealed {
            let differs = rolled.opening_difference();
            self.line(&format!(
                "  last sealed closing {sealed} {currency}, from which the opening differs by {differs}"
            ));
        }
        self.line(&format!("  readings: before {before}, after {after}"));
        let by = rolled.lowest_entry.as_ref().map(|entry| format!(", by entry {entry}")).unwrap_or_default();
        self.line(&format!("  lowest balance {lowest} {currency} at {lowest_at}{by}"));
        self.read_at(account);
        self.findings(account);
        self.moved(wallet, rolled)
    }

    /// The findings on an account.
    fn findings(&mut self, account: &str) {
        for found in self.close.reconciliation.breaks.iter().filter(|found| found.account() == Some(account)) {
            self.line(&format!("  {} {}: {}", found.id(), found.class(), found.explanation()));
        }
    }

    /// The archived pages that show the wallet.
    fn read_at(&mut self, account: &str) {
        let own = account == self.close.books.partner.account.as_str();
        let list = if own { List::Me } else { List::Accounts };
        let pages = self.close.evidence.lists.iter().filter(|found| found.list == list).flat_map(|found| &found.pages);
        let lines: Vec<String> =
            pages.map(|page| format!("  shown by {list}, page {}, sha256 {}", page.page, page.digest)).collect();
        for line in lines {
            self.line(&line);
        }
        self.lists.insert(list);
    }

    /// The settled entries of the wallet's own currency, as the columns have them.
    fn moved(&mut self, wallet: &WalletProof, rolled: &RollForward) -> Result<(), FrameError> {
        let books = self.close.books;
        let own = wallet.account == books.partner.account.as_str();
        let (ledger, side) = if own { (&books.master, Side::Master) } else { (&books.ledgers, Side::Customer) };
        let mut entries = ledger.entries_of(side, &wallet.account)?;
        entries.extend(books.around.entries_of(Side::Customer, &wallet.account)?);
        entries.retain(|entry| entry.settled && entry.currency == wallet.currency);
        entries.retain(|entry| entry.direction != Direction::Unclassified);
        let calendar = &books.calendar;
        let of =
            |range: &dyn Fn(&Entry) -> bool| entries.iter().filter(|entry| range(entry)).cloned().collect::<Vec<_>>();
        if rolled.from == OpeningFrom::Inception {
            self.entries("entries before the period", &of(&|entry| entry.created_at < calendar.start));
        }
        self.entries("entries of the period", &of(&|entry| entry.in_period));
        self.entries("entries after the cut-off", &of(&|entry| entry.created_at >= calendar.end));
        Ok(())
    }
}
