//! What each flaw does to one ordinary entry: one row in, what then stands in each book out. Pure.

use super::books::{Copies, Row};
use super::times::{HOUR, Times};
use crate::domain::{Amount, Class, Currency, Side};

/// A hundredth, in units of 10⁻⁸.
const CENT: Amount = Amount::from_units(1_000_000);

/// A thousandth.
const TENTH_OF_A_CENT: Amount = Amount::from_units(100_000);

/// A whole unit of currency.
const ONE: Amount = Amount::from_units(100_000_000);

/// Which copies a flaw changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// One copy, by default the one of this side.
    One(Side),
    /// One copy, of this side and no other.
    Only(Side),
    /// Both.
    Both,
}

/// The reach of a flaw in an ordinary entry; nothing for flaws of another kind.
pub(super) fn reach(class: Class) -> Option<Reach> {
    match class {
        Class::UnreadableEntry | Class::DuplicateEntry | Class::ConflictingEntry => Some(Reach::One(Side::Customer)),
        Class::MissingFromCustomer => Some(Reach::Only(Side::Customer)),
        Class::MissingFromMaster | Class::AccountDiffers => Some(Reach::Only(Side::Master)),
        Class::CurrencyDiffers
        | Class::DirectionDiffers
        | Class::AmountDiffers
        | Class::RoundingDiffers
        | Class::StatusDiffers
        | Class::Timing => Some(Reach::One(Side::Master)),
        Class::ZoneStraddle | Class::Unclassified | Class::Adjustment | Class::Unsettled => Some(Reach::Both),
        Class::MissingLedger
        | Class::ControlTotal
        | Class::DegradedSummary
        | Class::CrossFoot
        | Class::UnstableWalk
        | Class::UnknownAccount
        | Class::DuplicateReference
        | Class::UnpairedDebit
        | Class::UnpairedCredit
        | Class::MispostedTransfer
        | Class::ForeignPartner
        | Class::MalformedReference
        | Class::LateEntry
        | Class::ChangedAfterSeal
        | Class::VanishedAfterSeal
        | Class::RollForward
        | Class::OpeningDiffers
        | Class::UnprovedOpening
        | Class::NegativeBalance
        | Class::WalletTotal
        | Class::Residual => None,
    }
}

/// What a flaw needs from outside the row.
pub(super) struct Means<'a> {
    /// The moments of the world.
    pub(super) times: &'a Times,
    /// Another customer's account id, for `account-differs`.
    pub(super) other_account: Option<super::books::Text>,
    /// A currency that is not the row's.
    pub(super) other_currency: Currency,
    /// A status other than completed.
    pub(super) open_status: &'static str,
}

/// The copies after the flaw; nothing when the world has no moment or account for it.
pub(super) fn touch(class: Class, side: Side, row: &Row, means: &Means<'_>) -> Option<Copies> {
    let end = means.times.calendar.end;
    let changed = match class {
        Class::MissingFromCustomer | Class::MissingFromMaster => return Some(apart(side, row, vec![])),
        Class::DuplicateEntry => return Some(apart(side, row, vec![row.clone(), row.clone()])),
        Class::ConflictingEntry => {
            return Some(apart(side, row, vec![row.clone(), row.with_amount(row.value() + ONE)]));
        }
        Class::Timing => {
            let (inside, outside) = (at(row, end - 12 * HOUR), at(row, end + 12 * HOUR));
            return (outside.created_at <= means.times.last).then(|| apart(side, &inside, vec![outside]));
        }
        Class::ZoneStraddle => return means.times.straddling().map(|moment| both(at(row, moment))),
        Class::Unclassified => return Some(both(Row { kind: "chargeback", ..row.clone() })),
        Class::Unsettled => return Some(both(Row { status: means.open_status, ..row.clone() })),
        Class::Adjustment => {
            let description = "Manual adjustment: billing correction".into();
            return Some(both(Row { description, reference: None, ..row.clone() }));
        }
        Class::AccountDiffers => Row { account_id: means.other_account.clone()?, ..row.clone() },
        Class::CurrencyDiffers => Row { currency: means.other_currency, ..row.clone() },
        Class::DirectionDiffers => Row { kind: if row.kind == "debit" { "credit" } else { "debit" }, ..row.clone() },
        Class::StatusDiffers => Row { status: "pending", ..row.clone() },
        Class::UnreadableEntry => Row { amount: "\"12,5\"".into(), ..row.clone() },
        Class::RoundingDiffers => row.with_amount(row.value() + TENTH_OF_A_CENT),
        _ => row.with_amount(row.value() + CENT),
    };
    Some(apart(side, row, vec![changed]))
}

/// The row as it was in one book, other rows in the book of `side`.
fn apart(side: Side, row: &Row, changed: Vec<Row>) -> Copies {
    match side {
        Side::Customer => Copies::Apart { customer: changed, master: vec![row.clone()] },
        Side::Master => Copies::Apart { customer: vec![row.clone()], master: changed },
    }
}

/// The changed row in both books, out of every later flaw's reach.
pub(super) fn both(row: Row) -> Copies {
    Copies::Apart { customer: vec![row.clone()], master: vec![row] }
}

fn at(row: &Row, moment: i64) -> Row {
    Row { created_at: moment, ..row.clone() }
}
