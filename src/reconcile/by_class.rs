//! What moved every wallet, by charge class: the settled entries of the period, for journals of the whole close.

use super::outcome::Charge;
use super::standing::charges;
use crate::domain::{Currency, Side};
use crate::frame::FrameError;
use crate::normalise::Books;

/// What moved one wallet in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletCharges {
    /// The account whose wallet moved, the partner's own too.
    pub account: String,
    /// The currency.
    pub currency: Currency,
    /// What for, sorted by class and direction.
    pub charges: Vec<Charge>,
}

/// What moved every wallet: the customers' by their own ledgers, the partner's by the master; sorted by account and currency.
///
/// # Errors
/// When the frame refuses.
pub fn by_class(books: &Books) -> Result<Vec<WalletCharges>, FrameError> {
    let mut all = charges(books.ledgers.charges(Side::Customer)?);
    let partner = books.partner.account.as_str();
    let own = charges(books.master.charges(Side::Master)?).into_iter().filter(|((account, _), _)| account == partner);
    all.extend(own);
    Ok(all.into_iter().map(|((account, currency), charges)| WalletCharges { account, currency, charges }).collect())
}
