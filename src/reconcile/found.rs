//! This run's breaks by what a carried one may share with them: built once, so that however much was handed on and however
//! much was found, each carried break costs a few look-ups.

use std::collections::{BTreeMap, BTreeSet};

use super::cash::Cash;
use crate::domain::{Break, Class, Currency, Decision, Family, OpenBreak, Severity};

/// The rank of a break among those that speak of the same: the gravest first, then in the order of the papers.
type Rank = (bool, Class, usize);

/// An account and a currency, where a break names them.
type Place<'a> = (Option<&'a str>, Option<Currency>);

/// What was found, by id, entry and place.
pub(super) struct Found<'a> {
    breaks: &'a [Break],
    ids: BTreeSet<&'a str>,
    /// Of each entry the break above a notice that speaks of it.
    by_entry: BTreeMap<&'a str, Rank>,
    /// Of each account, currency, class and field the first break above a notice.
    by_matter: BTreeMap<(Place<'a>, Class, &'a str), Rank>,
    /// Of each account and currency the finding that a wallet's columns do not agree.
    by_wallet: BTreeMap<Place<'a>, Rank>,
    /// Accounts whose books were not read whole; without a name where it is the books as a whole.
    gaps: BTreeSet<Option<&'a str>>,
    /// The decision that leads, by the break it is about.
    decisions: BTreeMap<&'a str, &'a Decision>,
    /// Wallets whose columns are known, once the wallets are judged, by account and currency, and by account alone; without a
    /// name the dashboard's total.
    judged: BTreeSet<Place<'a>>,
}

impl<'a> Found<'a> {
    pub(super) fn of(breaks: &'a [Break], decisions: &'a [Decision], cash: Option<&'a Cash>) -> Self {
        let mut found = Self {
            breaks,
            ids: breaks.iter().map(Break::id).collect(),
            by_entry: BTreeMap::new(),
            by_matter: BTreeMap::new(),
            by_wallet: BTreeMap::new(),
            gaps: BTreeSet::new(),
            decisions: BTreeMap::new(),
            judged: judged(cash),
        };
        for (place, own) in breaks.iter().enumerate() {
            found.enter(place, own);
        }
        let mut of_break: BTreeMap<&str, Vec<&Decision>> = BTreeMap::new();
        for it in decisions {
            of_break.entry(&it.break_id).or_default().push(it);
        }
        found.decisions = of_break.into_iter().filter_map(|(id, all)| Some((id, Decision::leading(all)?))).collect();
        found
    }

    fn enter(&mut self, place: usize, own: &'a Break) {
        let (class, account) = (own.class(), own.account());
        if class.family() == Family::Completeness && class.severity() == Severity::Incomplete {
            self.gaps.insert(account);
        }
        if class.severity() <= Severity::Notice {
            return;
        }
        let rank = (class.severity() == Severity::Timing, class, place);
        let first = |known: &mut Rank| *known = rank.min(*known);
        for id in own.entry_ids() {
            self.by_entry.entry(id).and_modify(first).or_insert(rank);
        }
        let at = (account, own.currency());
        self.by_matter.entry((at, class, own.field())).and_modify(first).or_insert(rank);
        if is_on_a_wallet(class) {
            self.by_wallet.entry(at).and_modify(first).or_insert(rank);
        }
    }

    /// Whether the very same break was found.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Whether a break above a notice speaks of an entry of a carried one.
    pub(super) fn speaks_of(&self, open: &OpenBreak) -> bool {
        open.entry_ids.iter().any(|id| self.by_entry.contains_key(id.as_str()))
    }

    /// The break that speaks of a carried one's entries, the gravest; in a further run of the same month also the one that says
    /// something else of the same account, where no entry is named.
    pub(super) fn speaking(&self, open: &OpenBreak, is_same_month: bool) -> Option<&'a Break> {
        let shares = open.entry_ids.iter().filter_map(|id| self.by_entry.get(id.as_str()));
        let at = (open.account.as_deref(), open.currency);
        let same_matter = self.by_matter.get(&(at, open.class, open.field.as_str()));
        let same_wallet = self.by_wallet.get(&at).filter(|_| is_on_a_wallet(open.class));
        let same_place =
            same_matter.into_iter().chain(same_wallet).filter(|_| is_same_month && open.entry_ids.is_empty());
        let (_, _, place) = shares.chain(same_place).min()?;
        self.breaks.get(*place)
    }

    /// Whether the books that an account's breaks rest on were not read whole; without an account, any of the books.
    pub(super) fn has_gap(&self, account: Option<&str>) -> bool {
        match account {
            None => !self.gaps.is_empty(),
            Some(_) => self.gaps.contains(&None) || self.gaps.contains(&account),
        }
    }

    /// Whether a wallet's columns are known this time; without an account, the dashboard's total.
    pub(super) fn is_wallet_judged(&self, account: Option<&str>, currency: Option<Currency>) -> bool {
        self.judged.contains(&(account, account.and(currency)))
    }

    /// The finding that the columns of a carried break's wallet do not agree.
    pub(super) fn on_wallet(&self, open: &OpenBreak) -> Option<&'a Break> {
        let (_, _, place) = self.by_wallet.get(&(open.account.as_deref(), open.currency))?;
        self.breaks.get(*place)
    }

    /// The decision about a break that counts.
    pub(super) fn decision(&self, id: &str) -> Option<&'a Decision> {
        self.decisions.get(id).copied()
    }
}

fn judged(cash: Option<&Cash>) -> BTreeSet<Place<'_>> {
    let known = |verdict: &str| matches!(verdict, "proved" | "differs");
    let wallets = cash.into_iter().flat_map(|cash| &cash.wallets).filter(|wallet| known(wallet.verdict()));
    let total = cash.and_then(|cash| cash.total.as_ref()).map(|_| (None, None));
    let places = wallets.flat_map(|wallet| [None, Some(wallet.currency)].map(|it| (Some(wallet.account.as_str()), it)));
    places.chain(total).collect()
}

/// Whether a class says that a wallet's columns do not agree: better evidence may turn one such statement into the other.
const fn is_on_a_wallet(class: Class) -> bool {
    matches!(class, Class::OpeningDiffers | Class::RollForward)
}
