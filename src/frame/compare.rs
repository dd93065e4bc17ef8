//! The comparison: which entries of the two books are not plainly the same.

use polars::prelude::*;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame};
use crate::domain::{ChargeClass, Entry, Side};

/// The two books side by side.
pub struct Comparison<'a> {
    /// The master ledger.
    pub master: &'a LedgerFrame,
    /// All customers' ledgers.
    pub customers: &'a LedgerFrame,
    /// Whether both books were read; where one was not, no entry can be missed in it.
    pub both_read: bool,
    /// The partner's own account, whose entries are its wallet and need no counterpart.
    pub partner: &'a str,
    /// Entries to judge in any case, by id.
    pub also: &'a [String],
}

impl Comparison<'_> {
    /// Every copy, on either side, of every entry that needs judging, sorted by id, side, ledger, content and origin.
    ///
    /// An entry is left out only when it is plain: once in each book, with the same account, currency, direction,
    /// amount, status and calendar; settled; not negative; of a class that rules name; and inside or outside the
    /// period by both calendars. Entries that lie wholly outside the period by both calendars are another month's.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn to_judge(&self) -> Result<Vec<Entry>, FrameError> {
        let master = self.master.lazy().filter(col(c::ACCOUNT).neq(lit(self.partner.to_owned())));
        let master = Self::pieces(master, c::ACCOUNT).collect()?;
        let customers = Self::pieces(self.customers.lazy(), c::LEDGER).collect()?;
        let also = df!(c::ID => self.also)?;
        let mut ids = vec![Self::repeated(&master), Self::repeated(&customers), also.lazy()];
        if self.both_read {
            ids.extend([Self::absent(&master, &customers), Self::absent(&customers, &master)]);
            ids.push(Self::unlike(&master, &customers));
        } else {
            ids.extend([Self::odd(&master), Self::odd(&customers)]);
        }
        let ids = concat(ids, UnionArgs::default())?.unique(None, UniqueKeepStrategy::Any).collect()?;
        let pick = |book: &LedgerFrame, side| -> Result<Vec<Entry>, FrameError> {
            let picked = book.lazy().semi_join(ids.clone().lazy(), col(c::ID), col(c::ID)).collect()?;
            LedgerFrame::of(picked).entries(side)
        };
        let mut entries = pick(self.master, Side::Master)?;
        entries.retain(|entry| entry.account != self.partner);
        entries.extend(pick(self.customers, Side::Customer)?);
        entries.sort_by(|a, b| {
            (&a.id, a.side, &a.ledger, a.content(), a.origin).cmp(&(&b.id, b.side, &b.ledger, b.content(), b.origin))
        });
        Ok(entries)
    }

    /// The columns that are compared, with `holder` for whose wallet moves and `odd` for what needs judging by itself.
    fn pieces(book: LazyFrame, holder: &'static str) -> LazyFrame {
        let class = |name: &'static str| col(c::CLASS).eq(lit(name));
        let in_period = || col(c::IN_PERIOD);
        let odd = in_period()
            .and(
                col(c::SETTLED)
                    .not()
                    .or(class(ChargeClass::UNCLASSIFIED))
                    .or(class(ChargeClass::ADJUSTMENT))
                    .or(col(c::AMOUNT).lt(lit(0_i64)))
                    .or(col(c::ACCOUNT).neq(col(holder))),
            )
            .or(in_period().neq(col(c::IN_PERIOD_UTC)));
        book.select([
            col(c::ID),
            col(holder).alias("holder"),
            col(c::CURRENCY),
            col(c::DIRECTION),
            col(c::AMOUNT),
            col(c::SETTLED),
            col(c::IN_PERIOD),
            odd.alias("odd"),
        ])
    }

    fn repeated(book: &DataFrame) -> LazyFrame {
        let inside = col(c::IN_PERIOD).any(true).alias("inside");
        let groups = book.clone().lazy().group_by([col(c::ID)]).agg([len().alias("copies"), inside]);
        groups.filter(col("copies").gt(lit(1_u32)).and(col("inside"))).select([col(c::ID)])
    }

    fn absent(book: &DataFrame, from: &DataFrame) -> LazyFrame {
        let relevant = book.clone().lazy().filter(col(c::IN_PERIOD).or(col("odd")));
        relevant.anti_join(from.clone().lazy(), col(c::ID), col(c::ID)).select([col(c::ID)])
    }

    fn odd(book: &DataFrame) -> LazyFrame {
        book.clone().lazy().filter(col("odd")).select([col(c::ID)])
    }

    fn unlike(master: &DataFrame, customers: &DataFrame) -> LazyFrame {
        let other = |column: &str| col(format!("{column}_right").as_str());
        let differs = |column: &str| col(column).neq(other(column));
        let compared = ["holder", c::CURRENCY, c::DIRECTION, c::AMOUNT, c::SETTLED, c::IN_PERIOD];
        let unlike = compared.iter().fold(lit(false), |any, column| any.or(differs(column)));
        let relevant = col(c::IN_PERIOD).or(other(c::IN_PERIOD));
        let odd = col("odd").or(other("odd"));
        master
            .clone()
            .lazy()
            .inner_join(customers.clone().lazy(), col(c::ID), col(c::ID))
            .filter(relevant.and(unlike).or(odd))
            .select([col(c::ID)])
    }
}
