//! Who is in a world: the partner and its customers, with their names, secrets and wallets.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::books::{Holder, uuid};
use super::scenario::{Names, WorldPlan};
use super::times::{DAY, Times};
use crate::domain::{Amount, Currency, Timestamp};

/// The partner.
#[derive(Clone, Debug)]
pub struct Partner {
    /// `/me.id`, the uuid in `ptc:` references.
    pub uuid: String,
    /// `PA_…`.
    pub auth_id: String,
    /// The token that opens everything.
    pub token: String,
    /// The partner's name.
    pub name: String,
    /// The wallet as of today.
    pub wallet: Amount,
    pub(super) holder: Holder,
    pub(super) tier_id: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// One customer.
#[derive(Clone, Debug)]
pub struct Account {
    /// `MA_…`.
    pub auth_id: String,
    /// The customer's name.
    pub name: String,
    /// The customer's own token, which opens nothing here.
    pub token: String,
    /// The currency of wallet and rates.
    pub currency: Currency,
    /// The wallet before the first entry.
    pub opening: Amount,
    /// The wallet as of today: opening + settled credits − settled debits of its ledger.
    pub wallet: Amount,
    pub(super) holder: Holder,
    pub(super) id: String,
    pub(super) api_id: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

const FIRST_WORDS: [&str; 12] = [
    "Asha", "Bharat", "Chandra", "Deccan", "Eastern", "Ganga", "Himalaya", "Indus", "Jyoti", "Konkan", "Lotus",
    "Malabar",
];

const SECOND_WORDS: [&str; 9] =
    ["Telecom", "Connect", "Traders", "Clinics", "Logistics", "Foods", "Realty", "Finance", "Schools"];

/// Names that a spreadsheet would run, a page would obey, or a path would follow.
const NASTY: [&str; 12] = [
    "=1+1",
    "<script>alert(1)</script>",
    "शर्मा टेलीकॉम",
    "+91 Dialers",
    "@SUM(A1:A9)",
    "-2+3",
    "O\"Brien & 'Söhne', GmbH",
    "../../etc/passwd",
    "Tab\tand\nnewline",
    "\u{202e}drawkcab",
    "🧾 Receipts;Ltd",
    "  spaces around  ",
];

/// The partner of a world.
pub(super) fn partner(plan: &WorldPlan, times: &Times, rng: &mut ChaCha8Rng) -> Partner {
    let auth_id = format!("PA_{}", letters(rng, 8));
    Partner {
        uuid: uuid(rng),
        token: letters(rng, 40),
        name: "Sagar Voice".to_owned(),
        wallet: Amount::ZERO,
        holder: Holder {
            account_id: auth_id.as_str().into(),
            balance_id: uuid(rng).into(),
            currency: plan.currencies[0],
        },
        auth_id,
        tier_id: uuid(rng),
        created_at: times.calendar.start - 400 * DAY,
        updated_at: times.last,
    }
}

/// The customers of a world, in the order of the account list.
pub(super) fn customers(plan: &WorldPlan, times: &Times, rng: &mut ChaCha8Rng) -> Vec<Account> {
    (0..plan.customers)
        .map(|index| {
            let auth_id = customer_id(rng, index);
            let currency = plan.currencies[index % plan.currencies.len()];
            Account {
                name: name(plan.names, index),
                token: letters(rng, 40),
                currency,
                opening: Amount::ZERO,
                wallet: Amount::ZERO,
                holder: Holder { account_id: auth_id.as_str().into(), balance_id: uuid(rng).into(), currency },
                auth_id,
                id: (500_001 + index).to_string(),
                api_id: uuid(rng),
                email: format!("accounts{}@customer.example", index + 1),
                phone: phone(rng),
                created_at: times.calendar.start - rng.random_range(20 * DAY..390 * DAY),
                updated_at: times.last - rng.random_range(0..DAY),
            }
        })
        .collect()
}

/// A customer's id: random letters, then its place in the list, so that no two are alike.
pub(super) fn customer_id(rng: &mut ChaCha8Rng, index: usize) -> String {
    let place: String = [36 * 36 * 36, 36 * 36, 36, 1].into_iter().map(|unit| letter(index / unit % 36)).collect();
    format!("MA_{}{place}", letters(rng, 4))
}

/// An Indian mobile number.
pub(super) fn phone(rng: &mut ChaCha8Rng) -> String {
    format!("+9198{:08}", rng.random_range(0..100_000_000))
}

fn letters(rng: &mut ChaCha8Rng, count: usize) -> String {
    (0..count).map(|_place| letter(rng.random_range(0..36))).collect()
}

fn letter(index: usize) -> char {
    char::from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index])
}

fn name(kind: Names, index: usize) -> String {
    match (kind, NASTY.get(index)) {
        (Names::Nasty, Some(nasty)) => (*nasty).to_owned(),
        (Names::Nasty, None) | (Names::Plain, _) => {
            let (first, second) = (FIRST_WORDS[index % 12], SECOND_WORDS[index / 12 % 9]);
            let branch = index / 108 + 1;
            if branch == 1 { format!("{first} {second}") } else { format!("{first} {second} {branch}") }
        }
    }
}
