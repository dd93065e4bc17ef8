//! The wallets of the second implementation: opening + credits − debits against closing, from the rules alone.

use tieout::domain::{Amount, Between, Calendar, Class, Currency, Direction, List};

use super::{Copy, Effects, Finding, Plain, finding, owner};

/// One wallet's columns.
struct Columns {
    sealed: Option<Amount>,
    opening: Amount,
    difference: Amount,
    lowest: Amount,
    by: Option<String>,
}

impl Plain<'_> {
    /// Do the entries lead each wallet from its opening to its closing?
    pub(super) fn wallets(&self) -> Vec<Finding> {
        let books = self.books;
        let mut found = Vec::new();
        let mut implied = 0;
        let first_close = !books.carried.as_ref().is_some_and(|carried| carried.adjoins);
        let own = [(books.partner.clone(), books.currency)];
        for (account, currency) in books.accounts.iter().chain(&own) {
            if !self.is_evidenced(account) {
                continue;
            }
            let it = self.columns(account, *currency);
            let mut report = |class, entry: Option<&str>, effect| {
                let of = finding(class, entry.as_slice(), Some(account), Effects::new());
                found.push(Finding { on_wallet: effect, ..of });
            };
            if !it.difference.is_zero() {
                report(Class::RollForward, None, Some(it.difference));
            }
            match it.sealed {
                Some(sealed) if sealed != it.opening => {
                    report(Class::OpeningDiffers, None, Some(it.opening - sealed));
                }
                None if books.from_inception => {}
                None if !first_close => report(Class::UnprovedOpening, None, None),
                None => implied += 1,
                Some(_) => {}
            }
            if it.lowest.is_negative() {
                report(Class::NegativeBalance, it.by.as_deref(), None);
            }
        }
        // What was sealed and is shown no more, unless it was empty.
        let shown = |account: &str| account == books.partner || books.accounts.iter().any(|(id, _)| id == account);
        for closing in books.carried.iter().flat_map(|carried| &carried.closings) {
            if !closing.amount.is_zero() && !shown(&closing.account) {
                found.push(finding(Class::OpeningDiffers, &[], Some(&closing.account), Effects::new()));
            }
        }
        if implied > 0 {
            found.push(finding(Class::UnprovedOpening, &[], None, Effects::new()));
        }
        let together = books.accounts.iter().filter(|(_, currency)| *currency == books.currency);
        let together: Amount = together.map(|(account, _)| books.wallets[account]).sum();
        if books.dashboard != together {
            let of = finding(Class::WalletTotal, &[], None, Effects::new());
            found.push(Finding { on_wallet: Some(books.dashboard - together), ..of });
        }
        found
    }

    /// Whether the ledger that moves a wallet is whole and readable, and for the partner's whether it is there at all.
    fn is_evidenced(&self, account: &str) -> bool {
        let own = account == self.books.partner;
        let moves = |list: &List| if own { *list == List::Master } else { owner(list) == Some(account) };
        let Some((list, ledger)) = self.books.ledgers.iter().find(|(list, _)| moves(list)) else { return false };
        let gaps = [Class::MissingLedger, Class::UnstableWalk, Class::ControlTotal];
        let whole = ledger.state == super::State::Read && !self.proof(list, ledger).iter().any(|it| gaps.contains(it));
        let mut unreadable = self.unreadable.iter().filter(|it| it.ledger == list);
        let spoiled = unreadable.any(|it| !own || it.row.account_id.is_empty() || *it.row.account_id == *account);
        // What the partner's currency is, `/me` does not say: the dashboard's, if its rows are in no other.
        let mut rows = self.copies.iter().filter(|copy| copy.of_master() && copy.holder == account).peekable();
        let there = rows.peek().is_some() && rows.all(|copy| copy.row.currency == self.books.currency);
        whole && !spoiled && (!own || there)
    }

    fn columns(&self, account: &str, currency: Currency) -> Columns {
        let books = self.books;
        let month = books.month(books.zone);
        let own = account == books.partner;
        let moves = |copy: &&Copy<'_>| {
            copy.holder == account && copy.of_master() == own && copy.row.currency == currency && copy.row.is_settled()
        };
        let signed = |copy: &Copy<'_>| match copy.direction {
            Direction::Credit => copy.amount,
            Direction::Debit => -copy.amount,
            Direction::Unclassified => Amount::ZERO,
        };
        let copies: Vec<&Copy<'_>> = self.copies.iter().filter(moves).collect();
        let (before, later) = books.beyond.get(account).copied().unwrap_or_default();
        let of = |part: &dyn Fn(i64) -> bool| -> Amount {
            copies.iter().filter(|copy| part(copy.row.created_at)).map(|copy| signed(copy)).sum()
        };
        let after = later + of(&|at| at >= month.end);
        let first = before + of(&|at| at < month.start);
        let mut inside: Vec<&Copy<'_>> = copies.into_iter().filter(|copy| copy.inside).collect();
        inside.sort_by_key(|copy| (copy.row.created_at, -signed(copy), copy.row.id.clone()));
        let net: Amount = inside.iter().map(|copy| signed(copy)).sum();
        let closing = books.wallets[account] - after;
        let implied = closing - net;
        let (sealed, since) = self.carried(account, currency);
        let opening = match sealed {
            _ if books.from_inception => first,
            Some(_) if self.was_gone(account, currency) => implied,
            Some(sealed) if sealed + since != implied => sealed,
            _ => implied,
        };
        let (mut lowest, mut by, mut running) = (opening, None, opening);
        for copy in inside {
            running += signed(copy);
            if running < lowest {
                (lowest, by) = (running, Some(copy.row.id.to_string()));
            }
        }
        Columns { sealed, opening, difference: closing - net - opening, lowest, by }
    }

    /// The closing that the month before was sealed with, and what was found to have changed in it since.
    fn carried(&self, account: &str, currency: Currency) -> (Option<Amount>, Amount) {
        let Some(carried) = self.books.carried.as_ref().filter(|carried| carried.adjoins) else {
            return (None, Amount::ZERO);
        };
        let closing = carried.closings.iter().find(|it| it.account == account && it.currency == currency);
        let start = Calendar::new(self.books.plan.period.previous(), self.books.zone).start;
        let open = carried.open.iter().filter(|it| {
            let after_the_seal = [Class::LateEntry, Class::ChangedAfterSeal, Class::VanishedAfterSeal];
            it.account.as_deref() == Some(account)
                && it.currency == Some(currency)
                && after_the_seal.contains(&it.class)
                && it.dated >= start
        });
        let known = closing.filter(|it| it.earlier.as_ref().is_none_or(|it| it.between != Between::Unknown));
        (known.map(|it| it.amount), open.map(|it| it.effect).sum())
    }

    /// Whether a wallet was gone since it was sealed.
    fn was_gone(&self, account: &str, currency: Currency) -> bool {
        let closings = self.books.carried.iter().flat_map(|carried| &carried.closings);
        let mut of_wallet = closings.filter(|it| it.account == account && it.currency == currency);
        of_wallet.any(|it| it.earlier.as_ref().is_some_and(|it| it.between == Between::Gone))
    }
}
