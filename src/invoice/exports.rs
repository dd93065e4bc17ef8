//! What the settings say of files for other programs (`[export]` in `tieout.toml`): which are made, how CSV files are
//! written, and what ledgers and accounts are called there. Checked when it is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::AccountId;

/// Characters of a name in another program, at most.
const NAME_MAX: usize = 100;

/// What the first part of a journal's account may be: the five kinds that hledger and beancount both know.
const ROOTS: [&str; 5] = ["Assets", "Liabilities", "Equity", "Income", "Expenses"];

/// The terms of exports, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ExportTerms(Written);

/// A file for another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportFormat {
    /// Vouchers for Tally Prime, XML.
    Tally,
    /// Invoices for Zoho Books, CSV.
    Zoho,
    /// Invoices for Xero, CSV.
    Xero,
    /// Invoices for the Indian invoice registration portal, INV-01 JSON.
    EInvoice,
    /// The whole close as an hledger journal.
    Hledger,
    /// The whole close as a beancount ledger.
    Beancount,
}

/// How the CSV files of a run are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CsvProfile {
    /// UTF-8 without a mark and LF line ends; text that a spreadsheet would run is led by an apostrophe.
    #[default]
    Plain,
    /// The same with a byte order mark, so that a spreadsheet reads it as UTF-8.
    Spreadsheet,
    /// RFC 4180 with every text as it is, for programs; text that a spreadsheet would run is refused.
    Import,
}

/// What ledgers and accounts are called in the other programs. Every name has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ledgers {
    /// Tally: the company to import into; the one that is open where empty.
    pub company: String,
    /// Tally: the voucher type.
    pub voucher_type: String,
    /// Tally: the voucher type of credit notes.
    #[serde(skip_serializing_if = "is_credit_note")]
    pub credit_note_type: String,
    /// Tally: the voucher type of debit notes.
    #[serde(skip_serializing_if = "is_debit_note")]
    pub debit_note_type: String,
    /// Tally: the ledger of sales.
    pub sales: String,
    /// Tally: the ledger of central tax.
    pub cgst: String,
    /// Tally: the ledger of State tax.
    pub sgst: String,
    /// Tally: the ledger of Union territory tax.
    pub utgst: String,
    /// Tally: the ledger of integrated tax.
    pub igst: String,
    /// Tally: the ledger of the plain tax.
    pub tax: String,
    /// Tally: the ledger of what brings a total to the whole unit.
    pub round_off: String,
    /// Xero: the account code of sales.
    pub xero_sales: String,
    /// Xero: the account code of what brings a total to the whole unit.
    pub xero_round_off: String,
    /// Xero: the tax rate of lines that owe tax.
    pub xero_tax: String,
    /// Xero: the tax rate of lines that owe none.
    pub xero_no_tax: String,
    /// Journals: the partner's own wallet, an asset at the platform.
    pub own_wallet: String,
    /// Journals: what the platform holds in the customers' wallets.
    pub customer_funds: String,
    /// Journals: what is owed to customers for their wallets; the account's id is added.
    pub wallet: String,
    /// Journals: transfers between the own wallet and the customers'; zero where both legs of each are there.
    pub transfers: String,
    /// Journals: what customers owe for transfers into their wallets; the account's id is added.
    pub transferred: String,
    /// Journals: usage paid from a wallet, to be set off against invoices; the account's id is added.
    pub prepaid: String,
    /// Journals: money from outside into the own wallet.
    pub top_ups: String,
    /// Journals: usage at cost; the charge class is added.
    pub usage_cost: String,
    /// Journals: revenue for usage at cost.
    pub revenue: String,
    /// Journals: revenue above cost.
    pub markup: String,
    /// Journals: revenue of fees and minimums.
    pub fees: String,
    /// Journals: tax owed; the head is added.
    pub tax_payable: String,
    /// Journals: what invoices come to; the account's id is added.
    pub receivable: String,
    /// Journals: what brings totals to the whole unit.
    pub rounding: String,
    /// Journals: the own wallet's opening.
    pub opening: String,
    /// Journals: by how much a wallet's entries miss its closing.
    pub unexplained: String,
}

/// Terms as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    formats: BTreeSet<ExportFormat>,
    csv: CsvProfile,
    ledgers: Ledgers,
    /// What customers are called in the other programs, by account, where it is not their name.
    customers: BTreeMap<String, String>,
}

/// Why terms cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExportTermsError {
    /// A name that no program takes.
    #[error("export.{key}: {seen:?} is no name (1 to 100 characters, no control characters, no blanks around it)")]
    Name {
        /// The key.
        key: String,
        /// The name.
        seen: String,
    },
    /// A name that is not a journal's account.
    #[error(
        "export.ledgers.{key}: {seen:?} is not an account (Assets, Liabilities, Equity, Income or Expenses, then parts of \
         letters, digits and `-` that begin with a capital or a digit, as in `Assets:Platform:Own`)"
    )]
    Account {
        /// The key.
        key: &'static str,
        /// The account.
        seen: String,
    },
    /// Two of the journals' accounts that are one, or of which one holds the other.
    #[error("export.ledgers: {0:?} holds {1:?}, and a journal could not tell what stands on it")]
    Within(String, String),
    /// A key that is no account id.
    #[error("export.customers: {0}")]
    Key(String),
}

impl ExportTerms {
    /// Reads terms from TOML: what stands below `[export]`.
    ///
    /// # Errors
    /// When the text is not TOML, a format or key is unknown, or a name cannot be used.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0 == Written::default()
    }

    /// The formats, each once, in the order of their declaration.
    #[must_use]
    pub const fn formats(&self) -> &BTreeSet<ExportFormat> {
        &self.0.formats
    }

    /// How CSV files are written.
    #[must_use]
    pub const fn csv(&self) -> CsvProfile {
        self.0.csv
    }

    /// What ledgers and accounts are called.
    #[must_use]
    pub const fn ledgers(&self) -> &Ledgers {
        &self.0.ledgers
    }

    /// What a customer is called, where the settings say.
    #[must_use]
    pub fn customer(&self, account: &str) -> Option<&str> {
        self.0.customers.get(account).map(String::as_str)
    }

    /// What customers are called in the other programs, by account.
    pub fn customers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.customers.iter().map(|(account, name)| (account.as_str(), name.as_str()))
    }

    /// What is legal and hardly meant, each with the keys below `[export]`: one ledger for two things of one program that is
    /// asked for, where what was sold could not be told from what is owed in tax.
    #[must_use]
    pub fn doubts(&self) -> Vec<(Vec<&'static str>, String)> {
        let asked = |key: &str| match key {
            "voucher_type" => false,
            _ if key.starts_with("xero_") => self.0.formats.contains(&ExportFormat::Xero),
            _ => self.0.formats.contains(&ExportFormat::Tally),
        };
        let kind = |key: &str| (key.starts_with("xero_"), key.contains("tax") && key.starts_with("xero_"));
        let names: Vec<(&'static str, &str)> =
            self.0.ledgers.names().into_iter().filter(|(key, _)| asked(key)).collect();
        let twice = names.iter().enumerate().filter_map(|(at, (key, name))| {
            let before = &names[..at];
            let (first, _) = before.iter().find(|(other, same)| same == name && kind(other) == kind(key))?;
            Some((vec!["ledgers", *key], format!("{name:?} is the name of {first}, too")))
        });
        twice.collect()
    }

    /// Whether a journal is asked for.
    #[must_use]
    pub fn has_journal(&self) -> bool {
        [ExportFormat::Hledger, ExportFormat::Beancount].iter().any(|format| self.0.formats.contains(format))
    }
}

impl Ledgers {
    /// The names in other programs, by key.
    #[must_use]
    pub fn names(&self) -> [(&'static str, &str); 14] {
        [
            ("voucher_type", &self.voucher_type),
            ("credit_note_type", &self.credit_note_type),
            ("debit_note_type", &self.debit_note_type),
            ("sales", &self.sales),
            ("cgst", &self.cgst),
            ("sgst", &self.sgst),
            ("utgst", &self.utgst),
            ("igst", &self.igst),
            ("tax", &self.tax),
            ("round_off", &self.round_off),
            ("xero_sales", &self.xero_sales),
            ("xero_round_off", &self.xero_round_off),
            ("xero_tax", &self.xero_tax),
            ("xero_no_tax", &self.xero_no_tax),
        ]
    }

    /// The accounts of journals, by key.
    fn accounts(&self) -> [(&'static str, &str); 16] {
        [
            ("own_wallet", &self.own_wallet),
            ("customer_funds", &self.customer_funds),
            ("wallet", &self.wallet),
            ("transfers", &self.transfers),
            ("transferred", &self.transferred),
            ("prepaid", &self.prepaid),
            ("top_ups", &self.top_ups),
            ("usage_cost", &self.usage_cost),
            ("revenue", &self.revenue),
            ("markup", &self.markup),
            ("fees", &self.fees),
            ("tax_payable", &self.tax_payable),
            ("receivable", &self.receivable),
            ("rounding", &self.rounding),
            ("opening", &self.opening),
            ("unexplained", &self.unexplained),
        ]
    }
}

/// Tally's own voucher type of credit notes.
const CREDIT_NOTE: &str = "Credit Note";

/// Tally's own voucher type of debit notes.
const DEBIT_NOTE: &str = "Debit Note";

fn is_credit_note(name: &str) -> bool {
    name == CREDIT_NOTE
}

fn is_debit_note(name: &str) -> bool {
    name == DEBIT_NOTE
}

impl Default for Ledgers {
    fn default() -> Self {
        let own = ToOwned::to_owned;
        Self {
            company: String::new(),
            voucher_type: own("Sales"),
            credit_note_type: own(CREDIT_NOTE),
            debit_note_type: own(DEBIT_NOTE),
            sales: own("Sales"),
            cgst: own("CGST"),
            sgst: own("SGST"),
            utgst: own("UTGST"),
            igst: own("IGST"),
            tax: own("Tax"),
            round_off: own("Round Off"),
            xero_sales: own("200"),
            xero_round_off: own("860"),
            xero_tax: own("Tax on Sales"),
            xero_no_tax: own("Tax Exempt"),
            own_wallet: own("Assets:Platform:Own"),
            customer_funds: own("Assets:Platform:Customers"),
            wallet: own("Liabilities:Wallets"),
            transfers: own("Assets:Clearing:Transfers"),
            transferred: own("Assets:Receivable:Transfers"),
            prepaid: own("Liabilities:Prepaid"),
            top_ups: own("Assets:Clearing:Top-ups"),
            usage_cost: own("Expenses:Usage"),
            revenue: own("Income:Usage"),
            markup: own("Income:Markup"),
            fees: own("Income:Fees"),
            tax_payable: own("Liabilities:Tax"),
            receivable: own("Assets:Receivable:Invoices"),
            rounding: own("Income:Round-off"),
            opening: own("Equity:Opening"),
            unexplained: own("Equity:Unexplained"),
        }
    }
}

impl TryFrom<Written> for ExportTerms {
    type Error = ExportTermsError;

    fn try_from(it: Written) -> Result<Self, ExportTermsError> {
        for (key, name) in it.ledgers.names() {
            check_name(format!("ledgers.{key}"), name)?;
        }
        if !it.ledgers.company.is_empty() {
            check_name("ledgers.company".to_owned(), &it.ledgers.company)?;
        }
        for (account, name) in &it.customers {
            AccountId::parse(account).map_err(|refused| ExportTermsError::Key(refused.to_string()))?;
            check_name(format!("customers.{account}"), name)?;
        }
        let accounts = it.ledgers.accounts();
        if let Some((key, account)) = accounts.into_iter().find(|(_, account)| !is_account(account)) {
            return Err(ExportTermsError::Account { key, seen: account.to_owned() });
        }
        for (key, holds) in accounts {
            let within = |of: &str| of == holds || of.starts_with(&format!("{holds}:"));
            if let Some((_, held)) = accounts.into_iter().find(|(other, held)| *other != key && within(held)) {
                return Err(ExportTermsError::Within(holds.to_owned(), held.to_owned()));
            }
        }
        Ok(Self(it))
    }
}

fn check_name(key: String, name: &str) -> Result<(), ExportTermsError> {
    let length = name.chars().count();
    if (1..=NAME_MAX).contains(&length) && name.trim() == name && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(ExportTermsError::Name { key, seen: name.chars().take(NAME_MAX).collect() })
}

/// Whether a text is an account in hledger and in beancount alike, and has room for further parts.
fn is_account(text: &str) -> bool {
    let mut parts = text.split(':');
    let begins = parts.next().is_some_and(|root| ROOTS.contains(&root));
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let rest: Vec<&str> = parts.collect();
    begins && !rest.is_empty() && text.len() <= NAME_MAX && rest.into_iter().all(is_part)
}

impl From<ExportTerms> for Written {
    fn from(terms: ExportTerms) -> Self {
        terms.0
    }
}
