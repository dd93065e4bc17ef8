//! The dashboard's total against the wallets that the account list shows.
//!
//! Each wallet was read twice, the dashboard in between: where none moved the two must be equal, else the total must lie
//! between the least and the most that the wallets can have held together.

use super::proof::WalletTotal;
use crate::domain::{Amount, Figure, List};
use crate::normalise::{Books, Wallet};
use crate::reconcile::movements::Movements;
use crate::reconcile::outcome::ListProof;

/// The total beside the wallets, or why they cannot be compared.
pub(super) fn total(
    books: &Books,
    lists: &[ListProof],
    movements: &Movements,
) -> (Option<WalletTotal>, Option<String>) {
    match compared(books, lists, movements) {
        Ok(total) => (Some(total), None),
        Err(reason) => (None, Some(format!("the sum of the customers' wallets is held against nothing: {reason}"))),
    }
}

fn compared(books: &Books, lists: &[ListProof], movements: &Movements) -> Result<WalletTotal, String> {
    let shown = books.dashboard.ok_or("the dashboard was not read")?;
    let unread = |written| format!("the dashboard's total, {written}, cannot be read");
    let dashboard = match shown.total {
        Figure::Known(total) | Figure::Float(total) => total,
        Figure::Absent => return Err("the dashboard shows no total".to_owned()),
        Figure::Unreadable(written) => return Err(unread(written)),
    };
    let currency = movements.or_the_partners(shown.currency);
    let listed = lists.iter().find(|proof| proof.list == List::Accounts);
    let whole = listed.is_some_and(|proof| proof.verdict == "proved") && books.unwalkable.is_empty();
    if !whole || books.unreadable.iter().any(|row| row.list == List::Accounts) {
        return Err("the account list was not read whole".to_owned());
    }
    let mut total = WalletTotal { currency, dashboard, wallets: 0, least: Amount::ZERO, most: Amount::ZERO };
    for account in books.customers.keys() {
        let wallet = books.wallets.get(account).ok_or("a wallet is not shown")?;
        if movements.home(account, wallet.currency.known()) == currency {
            let (least, most) = readings(wallet).ok_or("a wallet was not read both before and after the ledgers")?;
            total.wallets += 1;
            total.least += least;
            total.most += most;
        }
    }
    Ok(total)
}

/// The lesser and the greater of a wallet's two readings; where it is known to have stood still, one of them is enough.
fn readings(wallet: &Wallet) -> Option<(Amount, Amount)> {
    let before = wallet.before.known().or(wallet.live)?;
    let after = wallet.after.known().or(wallet.live)?;
    Some((before.min(after), before.max(after)))
}
