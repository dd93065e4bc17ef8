//! What one book holds beyond others: the entries that lie around the window walked.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame};

/// What makes an entry move a wallet as it does.
const CONTENT: [&str; 4] = [c::CURRENCY, c::DIRECTION, c::AMOUNT, c::SETTLED];

/// Whose wallet an entry moves, in either book.
const HOLDER: &str = "holder";

/// The entries that the month's books do not hold.
pub struct Beyond {
    /// Each once, in the order in which they were read.
    pub entries: LedgerFrame,
    /// Ledgers that say something else here than in the month's books: an entry that has changed since, or one of the
    /// period that those do not hold.
    pub changed: BTreeSet<String>,
}

impl LedgerFrame {
    /// What customers' ledgers and the partner's own, read a second time in other dates, hold beyond the month's books.
    /// Rows of others than the partner in the partner's own ledger are left out.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn beyond(&self, master: &Self, customers: &Self, partner: &str) -> Result<Beyond, FrameError> {
        if self.height() == 0 {
            return Ok(Beyond { entries: Self::of(self.frame().clone()), changed: BTreeSet::new() });
        }
        let is_partners = |column: &str| col(column).eq(lit(partner.to_owned()));
        let (in_month, own) = (pieces(customers.lazy(), c::LEDGER), master.lazy().filter(is_partners(c::ACCOUNT)));
        let held = concat([in_month, pieces(own, c::ACCOUNT)], UnionArgs::default())?.collect()?;
        let mine = self.lazy().filter(is_partners(c::LEDGER).not().or(is_partners(c::ACCOUNT))).collect()?;
        let keys = [col(c::LEDGER), col(c::ID)];
        let absent = mine.clone().lazy().join(held.clone().lazy(), keys, held_keys(), JoinArgs::new(JoinType::Anti));
        let once = absent.unique_stable(Some(cols([c::LEDGER, c::ID])), UniqueKeepStrategy::First).collect()?;
        let others = pieces(mine.clone().lazy(), c::LEDGER);
        let both = others.clone().join(held.lazy(), held_keys(), held_keys(), JoinArgs::new(JoinType::Inner));
        let unlike = CONTENT.iter().fold(lit(false), |any, column| any.or(col(*column).neq(right(column))));
        let kinds = others.unique(None, UniqueKeepStrategy::Any).group_by(held_keys()).agg([len().alias("kinds")]);
        let missed = once.clone().lazy().filter(col(c::IN_PERIOD)).select([col(c::LEDGER).alias(HOLDER)]);
        let changed = [
            both.filter(unlike).select([col(HOLDER)]),
            kinds.filter(col("kinds").gt(lit(1_u32))).select([col(HOLDER)]),
            missed,
        ];
        let changed = concat(changed, UnionArgs::default())?.collect()?;
        let changed = changed.column(HOLDER)?.str()?.iter().flatten().map(ToOwned::to_owned).collect();
        Ok(Beyond { entries: Self::of(once), changed })
    }

    /// The entries of these ledgers.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn of_ledgers(&self, ledgers: &BTreeSet<String>) -> Result<Self, FrameError> {
        let ledger = self.frame().column(c::LEDGER)?.str()?;
        let wanted = |ledger: Option<&str>| ledger.is_some_and(|ledger| ledgers.contains(ledger));
        let mask: BooleanChunked = ledger.iter().map(|ledger| Some(wanted(ledger))).collect();
        Ok(Self::of(self.frame().filter(&mask)?))
    }
}

fn pieces(book: LazyFrame, holder: &str) -> LazyFrame {
    let content = CONTENT.iter().map(|column| col(*column));
    book.select([col(holder).alias(HOLDER), col(c::ID)].into_iter().chain(content).collect::<Vec<_>>())
}

fn held_keys() -> [Expr; 2] {
    [col(HOLDER), col(c::ID)]
}

fn right(column: &str) -> Expr {
    col(format!("{column}_right").as_str())
}
