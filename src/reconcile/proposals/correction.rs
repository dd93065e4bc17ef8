//! The typed corrections: what each class of breaks asks for, in the words of the trade.

use super::Candidate;
use crate::domain::{Break, Class, Leg};

macro_rules! corrections {
    ($($name:ident $slug:literal $meaning:literal;)+) => {
        /// What is to be done about one break. Proposed, never done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Correction { $(#[doc = $meaning] $name,)+ }

        impl Correction {
            /// Every correction.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word on the papers.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }
        }
    };
}

corrections! {
    PostInCustomerLedger "post-in-customer-ledger" "Post the missing counter-entry in the customer's ledger.";
    PostInMasterLedger "post-in-master-ledger" "Post the missing counter-entry in the master ledger.";
    PostCredit "post-credit" "Post the customer's credit that a transfer lacks.";
    PostDebit "post-debit" "Post the partner's debit that a transfer lacks.";
    DropCopy "drop-copy" "Drop the copies of an entry that stand beside the first.";
    ChooseCopy "choose-copy" "Decide which of several copies holds, and drop the others.";
    ReverseRepeat "reverse-repeat" "Reverse the leg that repeats a transfer.";
    MoveToAccount "move-to-account" "Move the entry to another account.";
    AddAccount "add-account" "Put the account on the account list, or move the entry to a customer.";
    MoveToNextPeriod "move-to-next-period" "Move the entry to the next period.";
    MoveToPreviousPeriod "move-to-previous-period" "Move the entry to the previous period.";
    CorrectAmount "correct-amount" "Correct the amount.";
    CorrectCurrency "correct-currency" "Correct the currency.";
    CorrectDirection "correct-direction" "Correct the direction.";
    CorrectStatus "correct-status" "Settle or cancel the entry on both sides alike.";
    CorrectReference "correct-reference" "Correct the reference.";
    CorrectRow "correct-row" "Have the row written so that it can be read.";
    ClassifyEntry "classify-entry" "Give the entry a direction and a type that a rule knows.";
    IssueNote "issue-note" "Issue a credit or debit note for what changed after the seal.";
}

/// The correction that a break suggests for one of its tie-outs; none where it has no effect there or calls for none.
pub(super) fn suggested(found: &Break, leg: &Leg) -> Option<Candidate> {
    let correction = typed(found, leg)?;
    (!leg.effect.is_zero()).then(|| Candidate {
        effect: leg.effect,
        entry_ids: found.entry_ids().to_vec(),
        correction,
        break_id: Some(found.id().to_owned()),
        explanation: sentence(correction, found, leg),
    })
}

fn typed(found: &Break, leg: &Leg) -> Option<Correction> {
    Some(match found.class() {
        Class::MissingFromCustomer => Correction::PostInCustomerLedger,
        // In the ledgers of several customers, while the master has it once: one copy is too many.
        Class::MissingFromMaster if found.master_value() != "absent" => Correction::DropCopy,
        Class::MissingFromMaster => Correction::PostInMasterLedger,
        Class::UnknownAccount => Correction::AddAccount,
        Class::DuplicateEntry => Correction::DropCopy,
        Class::ConflictingEntry => Correction::ChooseCopy,
        Class::DuplicateReference => Correction::ReverseRepeat,
        Class::UnpairedDebit => Correction::PostCredit,
        Class::UnpairedCredit => Correction::PostDebit,
        Class::MispostedTransfer | Class::AccountDiffers => Correction::MoveToAccount,
        Class::ForeignPartner | Class::MalformedReference => Correction::CorrectReference,
        Class::CurrencyDiffers => Correction::CorrectCurrency,
        Class::DirectionDiffers => Correction::CorrectDirection,
        Class::AmountDiffers | Class::RoundingDiffers => Correction::CorrectAmount,
        Class::StatusDiffers => Correction::CorrectStatus,
        Class::Timing | Class::ZoneStraddle => month(found, leg),
        Class::LateEntry | Class::ChangedAfterSeal | Class::VanishedAfterSeal => Correction::IssueNote,
        Class::Unclassified => Correction::ClassifyEntry,
        Class::UnreadableEntry => Correction::CorrectRow,
        Class::MissingLedger
        | Class::ControlTotal
        | Class::DegradedSummary
        | Class::CrossFoot
        | Class::UnstableWalk
        | Class::Adjustment
        | Class::Unsettled
        | Class::RollForward
        | Class::OpeningDiffers
        | Class::UnprovedOpening
        | Class::NegativeBalance
        | Class::WalletTotal
        | Class::Residual => return None,
    })
}

/// To which month the side that lies inside the period is to move: to that of the other side.
fn month(found: &Break, leg: &Leg) -> Correction {
    let (master, customer) = (found.master_value(), found.customer_value());
    // The side that counts in this period gives the effect its sign. Moments in UTC sort as text.
    let (inside, outside) = if leg.effect.is_negative() { (customer, master) } else { (master, customer) };
    if outside < inside { Correction::MoveToPreviousPeriod } else { Correction::MoveToNextPeriod }
}

/// The correction in one sentence, with what it is done to, where, and both values.
fn sentence(correction: Correction, found: &Break, leg: &Leg) -> String {
    let (said, kept) = (found.master_value(), found.customer_value());
    let account = found.account().unwrap_or(&leg.key.account);
    let (amount, currency) = (leg.effect.abs(), leg.key.currency);
    let entry = match found.entry_ids() {
        [] => "the entry".to_owned(),
        [id] => format!("entry {id}"),
        ids => format!("entries {}", ids.join(", ")),
    };
    let ledgers = format!("the master ledger says {said}, the ledger of {account} {kept}");
    let rest = if said == kept { String::new() } else { format!(", and to bring both sides to agree: {ledgers}") };
    match correction {
        Correction::PostInCustomerLedger => format!(
            "propose to post {entry} over {amount} {currency} in the ledger of {account}, or to take it out of the master \
             ledger"
        ),
        Correction::PostInMasterLedger => format!(
            "propose to post {entry} over {amount} {currency} in the master ledger, or to take it out of the ledger of \
             {account}"
        ),
        Correction::PostCredit => {
            format!(
                "propose to post the credit of {amount} {currency} that the transfer of {entry} lacks, or to return it"
            )
        }
        Correction::PostDebit => {
            format!(
                "propose to post the debit of {amount} {currency} that the transfer of {entry} lacks, or to reverse it"
            )
        }
        Correction::DropCopy => {
            format!("propose to drop the copies of {entry} beyond its one, {amount} {currency} in all{rest}")
        }
        Correction::ChooseCopy => format!(
            "propose to decide which copy of {entry} holds and to drop the others, {amount} {currency} in all{rest}"
        ),
        Correction::ReverseRepeat => {
            format!("propose to reverse {entry} over {amount} {currency}, which repeats a transfer")
        }
        Correction::MoveToAccount => format!(
            "propose to move {entry} over {amount} {currency} to {said} in the customers' ledgers, or to {kept} in the master \
             ledger"
        ),
        Correction::AddAccount => format!(
            "propose to put {} on the account list, or to move {entry} over {amount} {currency} to a customer",
            leg.key.account
        ),
        Correction::MoveToNextPeriod => period_sentence(&entry, "next", leg, &ledgers),
        Correction::MoveToPreviousPeriod => period_sentence(&entry, "previous", leg, &ledgers),
        Correction::CorrectAmount => format!(
            "propose to correct {entry} to {said} {currency} in the ledger of {account}, or to {kept} {currency} in the \
             master ledger"
        ),
        Correction::CorrectCurrency => format!("propose to give {entry} one currency: {ledgers}"),
        Correction::CorrectDirection => format!("propose to give {entry} one direction: {ledgers}"),
        Correction::CorrectStatus => format!("propose to settle or to cancel {entry} on both sides alike: {ledgers}"),
        Correction::CorrectReference => format!("propose to correct the reference of {entry}: {ledgers}"),
        Correction::CorrectRow => {
            format!("propose to have the row of {entry} written so that it can be read: {ledgers}")
        }
        Correction::ClassifyEntry => {
            format!("propose to give {entry} a direction and a type that a rule knows: {ledgers}")
        }
        Correction::IssueNote => {
            format!("propose a credit or debit note over {amount} {currency} for {entry}, which changed after the seal")
        }
    }
}

fn period_sentence(entry: &str, which: &str, leg: &Leg, ledgers: &str) -> String {
    let side = if leg.effect.is_negative() { "the customers' ledgers" } else { "the master ledger" };
    let (amount, currency) = (leg.effect.abs(), leg.key.currency);
    format!("propose to move {entry} over {amount} {currency} to the {which} period in {side}: {ledgers}")
}
