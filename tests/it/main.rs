//! The one integration-test binary: properties and examples, by topic.
#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::iter_on_single_items,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on says so at once"
)]

mod archive;
mod fetch;
mod fetch_walk;
mod scrub;
