//! What each class of breaks does to the books, and to one ordinary entry: one row in, what then stands in each book
//! out. Pure.

use super::books::{Copies, Row, Text};
use super::times::{HOUR, Times};
use crate::domain::{Amount, Class, Currency, Side, Timestamp};

/// A whole unit of currency.
const ONE: Amount = Amount::from_units(100_000_000);

/// A hundredth.
pub(super) const CENT: Amount = Amount::from_units(1_000_000);

/// A thousandth.
pub(super) const TENTH_OF_A_CENT: Amount = Amount::from_units(100_000);

/// How a class of breaks is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// A whole list is refused, or lies about itself.
    List,
    /// One copy of an ordinary entry changes: in the book of `side`, unless the plan names the other one.
    Copy { side: Side, fixed: bool, change: Change },
    /// Both copies of an ordinary entry change alike.
    Both(Remark),
    /// Both legs of a transfer get a reference that is wrong in itself.
    Transfer(Misnaming),
    /// A transfer is credited twice, in both books.
    DoubledTransfer,
    /// A transfer has one leg: the partner's, or the customer's.
    Leg(Side),
    /// The master names an account that no list holds.
    Stranger,
    /// A wallet, or their sum, is another than its entries make it.
    Wallet(Misfit),
}

/// What is wrong with a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// An entry moved it that stands in neither book.
    Unbooked,
    /// It falls below zero within the month.
    Dips,
    /// The dashboard's sum is another.
    Sum,
}

/// What changes in one copy of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Unreadable,
    Gone,
    Doubled,
    Conflicting,
    Account,
    Currency,
    Direction,
    Amount(Amount),
    Status,
    Shifted,
}

/// What changes in both copies of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    Straddling,
    Chargeback,
    Adjustment,
    Open,
}

/// What a transfer's reference names wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misnaming {
    Customer,
    Partner,
    Everything,
}

/// How a class is planted; nothing for those that need a second close, a seal or a bug.
pub(super) const fn method(class: Class) -> Option<Method> {
    Some(match class {
        Class::MissingLedger
        | Class::ControlTotal
        | Class::DegradedSummary
        | Class::CrossFoot
        | Class::UnstableWalk => Method::List,
        Class::UnreadableEntry => either(Side::Customer, Change::Unreadable),
        Class::MissingFromCustomer => only(Side::Customer, Change::Gone),
        Class::MissingFromMaster => only(Side::Master, Change::Gone),
        Class::UnknownAccount => Method::Stranger,
        Class::DuplicateEntry => either(Side::Customer, Change::Doubled),
        Class::ConflictingEntry => either(Side::Customer, Change::Conflicting),
        Class::DuplicateReference => Method::DoubledTransfer,
        Class::UnpairedDebit => Method::Leg(Side::Master),
        Class::UnpairedCredit => Method::Leg(Side::Customer),
        Class::MispostedTransfer => Method::Transfer(Misnaming::Customer),
        Class::ForeignPartner => Method::Transfer(Misnaming::Partner),
        Class::MalformedReference => Method::Transfer(Misnaming::Everything),
        Class::AccountDiffers => only(Side::Master, Change::Account),
        Class::CurrencyDiffers => either(Side::Master, Change::Currency),
        Class::DirectionDiffers => either(Side::Master, Change::Direction),
        Class::AmountDiffers => either(Side::Master, Change::Amount(CENT)),
        Class::RoundingDiffers => either(Side::Master, Change::Amount(TENTH_OF_A_CENT)),
        Class::StatusDiffers => either(Side::Master, Change::Status),
        Class::Timing => either(Side::Master, Change::Shifted),
        Class::ZoneStraddle => Method::Both(Remark::Straddling),
        Class::Unclassified => Method::Both(Remark::Chargeback),
        Class::Adjustment => Method::Both(Remark::Adjustment),
        Class::Unsettled => Method::Both(Remark::Open),
        Class::RollForward => Method::Wallet(Misfit::Unbooked),
        Class::NegativeBalance => Method::Wallet(Misfit::Dips),
        Class::WalletTotal => Method::Wallet(Misfit::Sum),
        Class::LateEntry
        | Class::ChangedAfterSeal
        | Class::VanishedAfterSeal
        | Class::OpeningDiffers
        | Class::UnprovedOpening
        | Class::Residual => return None,
    })
}

const fn either(side: Side, change: Change) -> Method {
    Method::Copy { side, fixed: false, change }
}

const fn only(side: Side, change: Change) -> Method {
    Method::Copy { side, fixed: true, change }
}

impl Method {
    /// Whether a plan may name the book that is changed.
    pub(super) const fn leaves_a_choice_of_side(self) -> bool {
        matches!(self, Self::List | Self::Copy { fixed: false, .. })
    }
}

impl Change {
    /// Whether one book shows the fault by itself, without the other beside it.
    pub(super) const fn shows_in_one_book(self) -> bool {
        matches!(self, Self::Unreadable | Self::Doubled | Self::Conflicting)
    }
}

/// What a change needs from outside the row.
pub(super) struct Means<'a> {
    /// The moments of the world.
    pub(super) times: &'a Times,
    /// Another customer of the same currency.
    pub(super) other_account: Option<Text>,
    /// A currency that is not the row's.
    pub(super) other_currency: Currency,
}

/// The copies after one of them, in the book of `side`, has changed; nothing when the world has no account or moment
/// for it.
pub(super) fn change(change: Change, side: Side, row: &Row, means: &Means<'_>) -> Option<Copies> {
    let end = means.times.calendar.end;
    let opposite = if row.kind == "debit" { "credit" } else { "debit" };
    let changed = match change {
        Change::Gone => vec![],
        Change::Doubled => vec![row.clone(), row.clone()],
        Change::Conflicting => vec![row.clone(), row.with_amount(row.value() + ONE)],
        Change::Shifted => {
            let outside = at(row, end + 12 * HOUR);
            let exists = outside.created_at <= means.times.last;
            return exists.then(|| apart(side, at(row, end - 12 * HOUR), vec![outside]));
        }
        Change::Unreadable => vec![Row { amount: "\"12,5\"".into(), ..row.clone() }],
        Change::Account => vec![Row { account_id: means.other_account.clone()?, ..row.clone() }],
        Change::Currency => vec![Row { currency: means.other_currency, ..row.clone() }],
        Change::Direction => vec![Row { kind: opposite, ..row.clone() }],
        Change::Amount(excess) => vec![row.with_amount(row.value() + excess)],
        Change::Status => vec![Row { status: "pending", ..row.clone() }],
    };
    Some(apart(side, row.clone(), changed))
}

/// The copies after both have changed alike; nothing when the world's calendars leave no moment for it.
pub(super) fn remark(remark: Remark, row: &Row, means: &Means<'_>) -> Option<Copies> {
    Some(both(match remark {
        Remark::Straddling => at(row, means.times.straddling()?),
        Remark::Chargeback => Row { kind: "chargeback", ..row.clone() },
        Remark::Open => Row { status: "pending", ..row.clone() },
        Remark::Adjustment => {
            Row { description: "Manual adjustment: billing correction".into(), reference: None, ..row.clone() }
        }
    }))
}

/// One row in both books, out of every later flaw's reach.
pub(super) fn both(row: Row) -> Copies {
    Copies::Apart { customer: vec![row.clone()], master: vec![row] }
}

/// Changed rows in the book of `side`, the sound one in the other.
fn apart(side: Side, sound: Row, changed: Vec<Row>) -> Copies {
    match side {
        Side::Customer => Copies::Apart { customer: changed, master: vec![sound] },
        Side::Master => Copies::Apart { customer: vec![sound], master: changed },
    }
}

fn at(row: &Row, moment: Timestamp) -> Row {
    Row { created_at: moment, ..row.clone() }
}
