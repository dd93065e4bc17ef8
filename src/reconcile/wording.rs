//! The sentences: each break in words that a finance person understands, with both numbers and the difference.

use crate::domain::{Amount, Calendar, Class, Direction, Entry, Family};

/// Money as it stands in sentences.
pub(super) mod money {
    use crate::domain::Amount;

    /// `, difference 0.01` when both texts are numbers.
    pub(in crate::reconcile) fn difference(said: &str, received: &str) -> String {
        match (said.parse::<Amount>(), received.parse::<Amount>()) {
            (Ok(said), Ok(received)) => format!(" (difference {})", (received - said).to_text(0)),
            (Err(_), _) | (_, Err(_)) => String::new(),
        }
    }
}

/// What differs in a class: the field, the master's value and the customer's.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other classes fall to the common wording")]
pub(super) fn values(class: Class, master: Option<&Entry>, customer: Option<&Entry>) -> (&'static str, String, String) {
    let each = |field, value: &dyn Fn(&Entry) -> String| {
        let side = |entry: Option<&Entry>| entry.map_or_else(|| "absent".to_owned(), value);
        (field, side(master), side(customer))
    };
    match class {
        Class::AccountDiffers | Class::MispostedTransfer | Class::UnknownAccount => each("account", &|entry| {
            let (holder, account) = (entry.holder(), entry.account.as_str());
            if holder == account { holder.to_owned() } else { format!("{holder} (the row names {account})") }
        }),
        Class::CurrencyDiffers => each("currency", &|entry| format!("{} {}", entry.amount, entry.currency)),
        Class::DirectionDiffers => each("direction", &|entry| format!("{} {}", entry.direction.word(), entry.amount)),
        Class::StatusDiffers | Class::Unsettled => each("status", &|entry| entry.status.clone()),
        Class::Timing | Class::ZoneStraddle => each("created_at", &|entry| Calendar::instant(entry.created_at)),
        Class::Unclassified => each("type", &|entry| entry.kind.clone()),
        Class::ForeignPartner | Class::MalformedReference | Class::DuplicateReference => {
            each("reference", &|entry| entry.reference.clone().unwrap_or_default())
        }
        _ => each("amount", &|entry| entry.amount.to_string()),
    }
}

/// An entry in half a sentence: `the debit of 12.50 INR on 2026-03-14 (call, entry e-93f1)`.
pub(super) fn named(entry: &Entry, calendar: &Calendar) -> String {
    let day = calendar.local(entry.created_at);
    let day = day.split('T').next().unwrap_or_default();
    let Entry { amount, currency, class, id, .. } = entry;
    let direction = if entry.direction == Direction::Unclassified { "entry" } else { entry.direction.word() };
    format!("the {direction} of {amount} {currency} on {day} ({class}, entry {id})")
}

/// What an effect means for the master's figure: `the master has 1.30 INR more`.
fn weight(effect: Amount, entry: &Entry) -> String {
    let (amount, currency) = (effect.abs(), entry.currency);
    match effect {
        Amount::ZERO => "no total differs".to_owned(),
        less if less.is_negative() => format!("the master has {amount} {currency} less"),
        _more => format!("the master has {amount} {currency} more"),
    }
}

/// A break on its way into words.
struct Told<'a> {
    class: Class,
    /// The entry it is told of, and the account whose wallet it moves.
    entry: &'a Entry,
    holder: &'a str,
    /// The entry in half a sentence.
    name: String,
    /// What the break means for the master's figure.
    weight: String,
    /// The master's value and the customer's.
    said: String,
    kept: String,
    effect: Amount,
    calendar: &'a Calendar,
}

/// The sentence for a break on one entry, or on one transfer with its two legs.
pub(super) fn sentence(
    class: Class,
    master: Option<&Entry>,
    customer: Option<&Entry>,
    effect: Amount,
    calendar: &Calendar,
) -> String {
    // A break of the Transfers family speaks of the credit where there is one: that is where the money went.
    let first = if class.family() == Family::Transfers { customer.or(master) } else { master.or(customer) };
    let Some(entry) = first else { return class.meaning().to_owned() };
    let (_, said, kept) = values(class, master, customer);
    let told = Told {
        class,
        entry,
        holder: customer.unwrap_or(entry).holder(),
        name: named(entry, calendar),
        weight: weight(effect, entry),
        said,
        kept,
        effect,
        calendar,
    };
    told.existence(master.is_some())
        .or_else(|| told.valuation())
        .or_else(|| told.month())
        .unwrap_or_else(|| told.transfer())
}

impl Told<'_> {
    /// The sentence for an entry that one side lacks or has too often.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other classes have their wording elsewhere")]
    fn existence(&self, in_master: bool) -> Option<String> {
        let Self { class, entry, holder, name, weight, said, effect, .. } = self;
        let Entry { currency, .. } = entry;
        Some(match class {
            Class::MissingFromCustomer => {
                format!("{name} is in the master ledger for {holder} but not in the ledger of {holder}: {weight}")
            }
            Class::MissingFromMaster if in_master => {
                let owner = entry.holder();
                format!(
                    "{name} is in the master ledger once, for {owner}, but in the ledgers of several customers: {weight}"
                )
            }
            Class::MissingFromMaster => {
                format!("{name} is in the ledger of {holder} but not in the master ledger: {weight}")
            }
            Class::UnknownAccount => {
                format!(
                    "{name} is booked to {said}, which the account list does not hold: {effect} {currency} belong to no customer"
                )
            }
            Class::DuplicateEntry => {
                format!("{name} stands more than once in one ledger of {holder}: {weight}")
            }
            Class::ConflictingEntry => {
                format!("{name} stands more than once in one ledger of {holder}, with different content: {weight}")
            }
            _ => return None,
        })
    }

    /// The sentence for what the two sides say differently of one entry.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other classes have their wording elsewhere")]
    fn valuation(&self) -> Option<String> {
        let Self { class, entry, holder, name, weight, said, kept, effect, .. } = self;
        let Entry { currency, .. } = entry;
        Some(match class {
            Class::AccountDiffers => {
                format!("{name} is booked to {said} in the master ledger and stands in the ledger of {kept}")
            }
            Class::CurrencyDiffers => {
                format!(
                    "{name} is {said} in the master ledger and {kept} in the ledger of {holder}: nothing is netted across currencies"
                )
            }
            Class::DirectionDiffers if said == kept => {
                format!("{name} of {holder} has a negative amount on both sides: {said}")
            }
            Class::DirectionDiffers => {
                format!("{name} is a {said} in the master ledger and a {kept} in the ledger of {holder}")
            }
            Class::AmountDiffers | Class::RoundingDiffers => {
                let within = if *class == Class::RoundingDiffers { ", within the tolerance" } else { "" };
                format!(
                    "{name} is {said} {currency} in the master ledger and {kept} {currency} in the ledger of {holder}: difference {effect} {currency}{within}"
                )
            }
            Class::StatusDiffers => {
                format!(
                    "{name} is `{said}` in the master ledger and `{kept}` in the ledger of {holder}: it counts on one side only: {weight}"
                )
            }
            _ => return None,
        })
    }

    /// The sentence for an entry's month, class or status.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other classes have their wording elsewhere")]
    fn month(&self) -> Option<String> {
        let Self { class, entry, holder, name, weight, said, kept, calendar, .. } = self;
        Some(match class {
            Class::Timing => {
                format!(
                    "{name} is dated {said} in the master ledger and {kept} in the ledger of {holder}: only one of them lies in the period: {weight}"
                )
            }
            Class::ZoneStraddle => {
                let place = if entry.in_period { "inside" } else { "outside" };
                let other = if entry.in_period { "outside" } else { "inside" };
                format!(
                    "{name} of {holder}, at {}, lies {place} the period by the partner's calendar and {other} by UTC's: it stays {place}",
                    calendar.local(entry.created_at)
                )
            }
            Class::Unclassified => format!(
                "{name} of {holder} is of type `{}`, which no rule knows: counted and valued, not billed",
                entry.kind
            ),
            Class::Adjustment => format!("{name} of {holder} is a correction made by hand: `{}`", entry.description),
            Class::Unsettled => format!("{name} of {holder} is `{}`, not completed: outside every total", entry.status),
            _ => return None,
        })
    }

    /// The sentence for a break on a transfer's reference.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other classes fall to the common wording")]
    fn transfer(&self) -> String {
        let Self { class, entry, holder, name, said, kept, effect, .. } = self;
        let Entry { currency, .. } = entry;
        let reference = entry.reference.as_deref().unwrap_or_default();
        match class {
            Class::UnpairedDebit => {
                format!(
                    "{name} left the partner's wallet under {reference} and no customer received it: {effect} {currency}"
                )
            }
            Class::UnpairedCredit => {
                format!("{name} reached {holder} under {reference} and left no partner's wallet: {effect} {currency}")
            }
            Class::DuplicateReference => {
                format!(
                    "{name} repeats the transfer {reference}, which is complete without it: {effect} {currency} on one side only"
                )
            }
            Class::MispostedTransfer => {
                format!("{name} sits on {holder}, but its reference {reference} names another customer")
            }
            Class::ForeignPartner => {
                format!("{name} of {holder} carries the reference {reference}, which names another partner")
            }
            Class::MalformedReference => {
                format!("{name} of {holder} carries the reference {reference}, which cannot be read")
            }
            _ => format!("{name} of {holder}: {} ({said} against {kept})", class.meaning()),
        }
    }
}
