//! An amount in words, as invoices state it: lakh and crore for rupees, thousand and million for everything else.

use crate::domain::{Amount, Currency};

const SMALL: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];

const TENS: [&str; 10] = ["", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];

/// Names of steps and their size, the largest first.
type Steps = &'static [(u128, &'static str)];

const INDIAN: Steps = &[(10_000_000, "Crore"), (100_000, "Lakh"), (1_000, "Thousand"), (100, "Hundred")];

const WESTERN: Steps = &[
    (1_000_000_000_000, "Trillion"),
    (1_000_000_000, "Billion"),
    (1_000_000, "Million"),
    (1_000, "Thousand"),
    (100, "Hundred"),
];

/// An amount of whole minor units in words, such as `Rupees One Lakh Twenty and Five Paise Only`. A currency other than the
/// rupee is named by its code and its minor unit by a fraction: `USD Ten and 05/100 Only`.
#[must_use]
pub fn in_words(amount: Amount, currency: Currency) -> String {
    let digits = currency.minor_digits();
    let one = 10_u128.pow(crate::domain::SCALE);
    let units = amount.units().unsigned_abs();
    let (whole, part) = (units / one, units % one / (one / 10_u128.pow(digits)));
    let sign = if amount.is_negative() { "Minus " } else { "" };
    if currency == Currency::INR {
        let paise = match part {
            0 => String::new(),
            1 => " and One Paisa".to_owned(),
            part => format!(" and {} Paise", spelled(part, INDIAN)),
        };
        return format!("{sign}Rupees {}{paise} Only", spelled(whole, INDIAN));
    }
    let size = usize::try_from(digits).unwrap_or_default();
    let fraction = if digits == 0 { String::new() } else { format!(" and {part:0size$}/{}", 10_u128.pow(digits)) };
    format!("{sign}{currency} {}{fraction} Only", spelled(whole, WESTERN))
}

fn spelled(number: u128, steps: Steps) -> String {
    if let Some((size, name)) = steps.iter().find(|(size, _)| number >= *size) {
        let head = format!("{} {name}", spelled(number / size, steps));
        return match number % size {
            0 => head,
            rest => format!("{head} {}", spelled(rest, steps)),
        };
    }
    let word =
        |at: u128, words: &[&'static str]| usize::try_from(at).ok().and_then(|at| words.get(at).copied()).unwrap_or("");
    match (number / 10, number % 10) {
        (0 | 1, _) => word(number, &SMALL).to_owned(),
        (tens, 0) => word(tens, &TENS).to_owned(),
        (tens, ones) => format!("{} {}", word(tens, &TENS), word(ones, &SMALL)),
    }
}
