//! One book at two times: which of its entries are not plainly the same as they were.

use polars::prelude::*;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame};
use crate::domain::{Entry, Side};

/// What the partner says of an entry; where it stood on its pages does not matter.
const CONTENT: [&str; 10] = [
    c::ACCOUNT,
    c::CURRENCY,
    c::DIRECTION,
    c::AMOUNT,
    c::CLASS,
    c::KIND,
    c::STATUS,
    c::REFERENCE,
    c::DESCRIPTION,
    c::CREATED_AT,
];

/// The same book, read twice.
pub struct Since<'a> {
    /// Which of the two books it is.
    pub side: Side,
    /// As it was.
    pub before: &'a LedgerFrame,
    /// As it is.
    pub now: &'a LedgerFrame,
}

impl Since<'_> {
    /// Every copy, before and now, of every entry that needs judging, each sorted by id, ledger, content and origin.
    ///
    /// An entry is known by its ledger and its id. It is left out only when it is plain: once at both times, with the
    /// same content; or when no copy of it lies inside the period, which makes it another month's.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn to_judge(&self) -> Result<[Vec<Entry>; 2], FrameError> {
        let (before, now) = (Self::pieces(self.before)?, Self::pieces(self.now)?);
        let marked = vec![
            Self::repeated(&before),
            Self::repeated(&now),
            Self::absent(&before, &now),
            Self::absent(&now, &before),
            Self::unlike(&before, &now),
        ];
        let marked = concat(marked, UnionArgs::default())?.unique(None, UniqueKeepStrategy::Any).collect()?;
        let pick = |book: &LedgerFrame| -> Result<Vec<Entry>, FrameError> {
            let picked = book.lazy().join(marked.clone().lazy(), Self::key(), Self::key(), JoinType::Semi.into());
            LedgerFrame::of(picked.collect()?).entries(self.side)
        };
        Ok([pick(self.before)?, pick(self.now)?])
    }

    fn key() -> [Expr; 2] {
        [col(c::LEDGER), col(c::ID)]
    }

    fn pieces(book: &LedgerFrame) -> PolarsResult<DataFrame> {
        let columns = [c::LEDGER, c::ID, c::IN_PERIOD].into_iter().chain(CONTENT).map(col).collect::<Vec<_>>();
        book.lazy().select(columns).collect()
    }

    fn repeated(book: &DataFrame) -> LazyFrame {
        let inside = col(c::IN_PERIOD).any(true).alias("inside");
        let groups = book.clone().lazy().group_by(Self::key()).agg([len().alias("copies"), inside]);
        groups.filter(col("copies").gt(lit(1_u32)).and(col("inside"))).select(Self::key())
    }

    fn absent(book: &DataFrame, from: &DataFrame) -> LazyFrame {
        let inside = book.clone().lazy().filter(col(c::IN_PERIOD));
        inside.join(from.clone().lazy(), Self::key(), Self::key(), JoinType::Anti.into()).select(Self::key())
    }

    fn unlike(before: &DataFrame, now: &DataFrame) -> LazyFrame {
        let other = |column: &str| col(format!("{column}_right").as_str());
        let unlike = CONTENT.iter().fold(lit(false), |any, column| any.or(col(*column).neq_missing(other(column))));
        before
            .clone()
            .lazy()
            .join(now.clone().lazy(), Self::key(), Self::key(), JoinType::Inner.into())
            .filter(unlike.and(col(c::IN_PERIOD).or(other(c::IN_PERIOD))))
            .select(Self::key())
    }
}
