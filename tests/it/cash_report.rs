//! The wallets of the made-up close whose papers are snapshots.

use tieout::domain::{Amount, Currency};
use tieout::reconcile::{OpeningFrom, RollForward, WalletProof, WalletTotal};

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
        before: Some(amount("240")),
        after: None,
        rolled,
    };
    let reason = || Err("its ledger could not be read".to_owned());
    vec![proof("MA_ALPHA", "Alpha, \"A\" Ltd", "INR", Ok(rolled)), proof("MA_DELTA", "デルタ", "JPY", reason())]
}

/// A dashboard that agrees with wallets which moved.
pub(crate) fn wallet_total() -> WalletTotal {
    let (least, most) = (amount("10"), amount("10.5"));
    WalletTotal { currency: currency("INR"), dashboard: amount("10"), wallets: 2, least, most }
}
