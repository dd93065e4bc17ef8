//! The lines of one invoice: usage by charge class, refunds, fees, and what is missing to the minimum.

use rust_decimal::Decimal;

use super::{Customer, InvoiceError, InvoiceLine, LineKind, LineTax, RateCard};
use crate::domain::{Amount, ChargeClass, ChargeKind, Direction, SCALE, round};
use crate::reconcile::Charge;

/// What stands for the charge class on a line of a fee.
pub(super) const FEE: &str = "fee";

/// The same on the line of the minimum.
pub(super) const MINIMUM: &str = "minimum";

/// Everything to be billed to one account in one currency, sorted by kind and class; fees in the card's order.
///
/// Settled debits are usage, but for what the partner takes back. Of the credits only refunds are billed, as negative lines;
/// the others fund the wallet.
///
/// # Errors
/// When a charge exceeds what is calculated exactly.
pub(super) fn of(customer: &Customer<'_>, card: &RateCard) -> Result<Vec<InvoiceLine>, InvoiceError> {
    let mut lines = Vec::new();
    for charge in customer.charges {
        if let Some(kind) = kind_of(charge.direction, &charge.class) {
            lines.push(charged(customer, charge, kind, card)?);
        }
    }
    lines.sort_by(|a, b| (a.kind, &a.class).cmp(&(b.kind, &b.class)));
    if customer.currency == card.currency() {
        lines.extend(card.fees_due(customer.account).map(|fee| fixed(LineKind::Fee, &fee.name, fee.amount)));
        lines.extend(missing_to_minimum(&lines, card));
    }
    Ok(lines)
}

/// What a charge is billed as, if it is.
#[must_use]
pub fn kind_of(direction: Direction, class: &ChargeClass) -> Option<LineKind> {
    class.kind(direction).map(|it| match it {
        ChargeKind::Usage => LineKind::Usage,
        ChargeKind::Refund => LineKind::Refund,
    })
}

/// The line of one charge: its cost with the markup, rounded once.
fn charged(
    customer: &Customer<'_>,
    charge: &Charge,
    kind: LineKind,
    card: &RateCard,
) -> Result<InvoiceLine, InvoiceError> {
    let class = charge.class.as_str();
    let percent = card.markup(customer.account, class);
    let cost_base = if kind == LineKind::Refund { -charge.amount } else { charge.amount };
    let (factor, decimals) = percent.factor();
    // Decimal's own multiplication drops digits that do not fit; integers and a checked conversion do not.
    let exact = cost_base.units().checked_mul(factor);
    let exact = exact.and_then(|units| Decimal::try_from_i128_with_scale(units, SCALE + decimals).ok());
    let exact = exact.ok_or_else(|| InvoiceError::TooLarge {
        account: customer.account.to_owned(),
        class: class.to_owned(),
        cost: cost_base,
        currency: customer.currency,
        percent,
    })?;
    let amount = round(exact, customer.currency.minor_digits(), card.rounding());
    Ok(InvoiceLine {
        kind,
        class: class.to_owned(),
        description: title(class),
        entries: charge.entries,
        cost_base,
        markup_percent: Some(percent.to_decimal()),
        markup: amount - cost_base,
        amount,
        tax: LineTax::default(),
    })
}

/// A class as a customer reads it: `number-rental` is `Number rental`.
fn title(class: &str) -> String {
    let words = class.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A line without entries behind it.
fn fixed(kind: LineKind, description: &str, amount: Amount) -> InvoiceLine {
    InvoiceLine {
        kind,
        class: if kind == LineKind::Fee { FEE } else { MINIMUM }.to_owned(),
        description: description.to_owned(),
        entries: 0,
        cost_base: Amount::ZERO,
        markup_percent: None,
        markup: Amount::ZERO,
        amount,
        tax: LineTax::default(),
    }
}

/// What the lines lack to the agreed minimum, where there is usage. Credits in excess are not filled up: they are due
/// back to the customer.
fn missing_to_minimum(lines: &[InvoiceLine], card: &RateCard) -> Option<InvoiceLine> {
    let minimum = card.minimum()?;
    let charged: Amount = lines.iter().map(|line| line.amount).sum();
    let usage = lines.iter().any(|line| line.kind == LineKind::Usage);
    let missing = usage && !charged.is_negative() && charged < minimum;
    missing.then(|| fixed(LineKind::Minimum, &format!("Minimum charge of {minimum}"), minimum - charged))
}
