//! The integration tests: one binary, one module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "figures in tests are small")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks what it is about")]

mod archive;
mod audit;
mod cli;
mod fetch;
mod fetch_walk;
mod invoice;
mod report;
mod scenarios;
mod scrub;
mod seal;
mod settings;
mod simulator;
mod support;
