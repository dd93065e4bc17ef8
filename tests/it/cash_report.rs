//! The accounts, days and wallets of the made-up close whose papers are snapshots.

use std::collections::BTreeMap;

use tieout::domain::{Amount, Currency, Figure, Severity, Verdict};
use tieout::reconcile::{AccountStanding, DayTotal, Gap, OpeningFrom, RollForward, WalletProof, WalletTotal};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

/// One wallet proved, one that is not evidenced.
pub(crate) fn wallets() -> Vec<WalletProof> {
    let rolled = RollForward {
        sealed: Some(amount("1000")),
        opening: amount("1000"),
        from: OpeningFrom::Sealed,
        credits: amount("500"),
        debits: amount("1250.4"),
        live: amount("240"),
        after_cut_off: amount("-9.6"),
        lowest: amount("-12.5"),
        lowest_at: "2026-03-14T09:00:00+05:30".to_owned(),
        lowest_entry: Some("e-7f01".to_owned()),
    };
    let proof = |account: &str, name: &str, code: &str, rolled| WalletProof {
        account: account.to_owned(),
        name: name.to_owned(),
        currency: currency(code),
        before: Figure::Known(amount("240")),
        after: Figure::Absent,
        rolled,
    };
    let reason = || Err(Gap { reason: "its ledger could not be read".to_owned(), sealed: None, gone: false });
    vec![proof("MA_ALPHA", "Alpha, \"A\" Ltd", "INR", Ok(rolled)), proof("MA_DELTA", "デルタ", "JPY", reason())]
}

/// A dashboard that agrees with wallets which moved.
pub(crate) fn wallet_total() -> WalletTotal {
    let (least, most) = (amount("10"), amount("10.5"));
    WalletTotal { currency: currency("INR"), dashboard: amount("10"), wallets: 2, least, most }
}

/// Five accounts, the last the partner's other one.
pub(crate) fn accounts() -> Vec<AccountStanding> {
    vec![
        standing("MA_ALPHA", "Alpha, \"A\" Ltd", "INR", "1250.40", Severity::Notice),
        standing("MA_BRAVO", "+Bravo", "INR", "1034657", Severity::Break),
        standing("MA_CHARLIE", "Charlie", "INR", "0", Severity::Break),
        AccountStanding {
            opening: None,
            closing: None,
            ..standing("MA_DELTA", "デルタ", "JPY", "0", Severity::Incomplete)
        },
        standing("PA_ANVIL001", "Anvil & Daughters Telecom", "INR", "500", Severity::None),
    ]
}

fn standing(account: &str, name: &str, code: &str, debits: &str, severity: Severity) -> AccountStanding {
    AccountStanding {
        account: account.to_owned(),
        name: name.to_owned(),
        currency: currency(code),
        entries: 12,
        opening: Some(amount("1000")),
        credits: amount("500"),
        debits: amount(debits),
        closing: Some(amount("1500") - amount(debits)),
        unsettled: 1,
        accepted: 0,
        verdict: Verdict(severity),
    }
}

/// The month of these accounts, all of it on one day.
pub(crate) fn days(accounts: &[AccountStanding], partner: &str) -> Vec<DayTotal> {
    let mut days: BTreeMap<(Currency, bool), DayTotal> = BTreeMap::new();
    for it in accounts {
        let (own_wallet, currency, day) = (it.account == partner, it.currency, "2026-03-05".parse().unwrap());
        let (credits, debits) = (Amount::ZERO, Amount::ZERO);
        let none = DayTotal { own_wallet, currency, day, entries: 0, credits, debits };
        let day = days.entry((currency, own_wallet)).or_insert(none);
        day.entries += it.entries;
        day.credits += it.credits;
        day.debits += it.debits;
    }
    days.into_values().collect()
}
