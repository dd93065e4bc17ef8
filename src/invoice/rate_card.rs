//! placeholder
/// x
#[derive(Debug)]
pub struct RateCard;
/// x
#[derive(Debug)]
pub struct RateCardError;
