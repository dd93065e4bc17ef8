//! The files for other programs in the first settings: which are made, how CSV files are written, and what ledgers and
//! accounts are called there.

use super::{Section, quoted};
use crate::invoice::Ledgers;
use crate::settings::Settings;

/// The sections below `[export]`.
pub(super) const EXPORT: [Section<Settings>; 2] = [
    Section {
        heading: "[export]",
        about: "Files for other programs, in the run folder below exports/.",
        optional: false,
        keys: &[
            ("formats", "Any of \"tally\", \"zoho\", \"xero\", \"e-invoice\", \"hledger\", \"beancount\".", |_| {
                "[]".to_owned()
            }),
            (
                "csv",
                "The run's CSV files: \"plain\"; \"spreadsheet\", with a byte order mark; \"import\", byte for byte, where text that a\n\
                 spreadsheet would run is refused.",
                |_| quoted("plain"),
            ),
            ("customers", "What customers are called there, where it is not their name: account = \"name\".", |_| {
                "{}".to_owned()
            }),
        ],
    },
    Section {
        heading: "[export.ledgers]",
        about: "What ledgers and accounts are called in the other programs.",
        optional: false,
        keys: &[
            ("company", "Tally: the company to import into; the one that is open where empty.", |_| {
                quoted(&Ledgers::default().company)
            }),
            ("voucher_type", "Tally: the voucher type.", |_| quoted(&Ledgers::default().voucher_type)),
            ("credit_note_type", "Tally: the voucher type of credit notes.", |_| {
                quoted(&Ledgers::default().credit_note_type)
            }),
            ("debit_note_type", "Tally: the voucher type of debit notes.", |_| {
                quoted(&Ledgers::default().debit_note_type)
            }),
            ("sales", "Tally: the ledger of sales.", |_| quoted(&Ledgers::default().sales)),
            ("cgst", "Tally: the ledger of central tax.", |_| quoted(&Ledgers::default().cgst)),
            ("sgst", "Tally: the ledger of State tax.", |_| quoted(&Ledgers::default().sgst)),
            ("utgst", "Tally: the ledger of Union territory tax.", |_| quoted(&Ledgers::default().utgst)),
            ("igst", "Tally: the ledger of integrated tax.", |_| quoted(&Ledgers::default().igst)),
            ("tax", "Tally: the ledger of the plain tax.", |_| quoted(&Ledgers::default().tax)),
            ("round_off", "Tally: the ledger of what brings a total to the whole unit.", |_| {
                quoted(&Ledgers::default().round_off)
            }),
            ("xero_sales", "Xero: the account code of sales.", |_| quoted(&Ledgers::default().xero_sales)),
            ("xero_round_off", "Xero: the account code of what brings a total to the whole unit.", |_| {
                quoted(&Ledgers::default().xero_round_off)
            }),
            ("xero_tax", "Xero: the tax rate of lines that owe tax.", |_| quoted(&Ledgers::default().xero_tax)),
            ("xero_no_tax", "Xero: the tax rate of lines that owe none.", |_| quoted(&Ledgers::default().xero_no_tax)),
            ("own_wallet", "Journals: the partner's own wallet, an asset at the platform.", |_| {
                quoted(&Ledgers::default().own_wallet)
            }),
            ("customer_funds", "Journals: what the platform holds in the customers' wallets.", |_| {
                quoted(&Ledgers::default().customer_funds)
            }),
            ("wallet", "Journals: what is owed to customers for their wallets; the account's id is added.", |_| {
                quoted(&Ledgers::default().wallet)
            }),
            (
                "transfers",
                "Journals: transfers between the own wallet and the customers'; zero where both legs of each are there.",
                |_| quoted(&Ledgers::default().transfers),
            ),
            (
                "transferred",
                "Journals: what customers owe for transfers into their wallets; the account's id is added.",
                |_| quoted(&Ledgers::default().transferred),
            ),
            (
                "prepaid",
                "Journals: usage paid from a wallet, to be set off against invoices; the account's id is added.",
                |_| quoted(&Ledgers::default().prepaid),
            ),
            ("top_ups", "Journals: money from outside into the own wallet.", |_| quoted(&Ledgers::default().top_ups)),
            ("usage_cost", "Journals: usage at cost; the charge class is added.", |_| {
                quoted(&Ledgers::default().usage_cost)
            }),
            ("revenue", "Journals: revenue for usage at cost.", |_| quoted(&Ledgers::default().revenue)),
            ("markup", "Journals: revenue above cost.", |_| quoted(&Ledgers::default().markup)),
            ("fees", "Journals: revenue of fees and minimums.", |_| quoted(&Ledgers::default().fees)),
            ("tax_payable", "Journals: tax owed; the head is added.", |_| quoted(&Ledgers::default().tax_payable)),
            ("receivable", "Journals: what invoices come to; the account's id is added.", |_| {
                quoted(&Ledgers::default().receivable)
            }),
            ("rounding", "Journals: what brings totals to the whole unit.", |_| quoted(&Ledgers::default().rounding)),
            ("opening", "Journals: the own wallet's opening.", |_| quoted(&Ledgers::default().opening)),
            ("unexplained", "Journals: by how much a wallet's entries miss its closing.", |_| {
                quoted(&Ledgers::default().unexplained)
            }),
        ],
    },
];
