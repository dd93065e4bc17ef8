//! The integration tests: one binary, one module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod archive;
mod binary;
mod cli;
mod desk;
mod fetch;
mod fetch_walk;
mod invoice;
mod raw;
mod refusals;
mod report;
mod scenarios;
mod scrub;
mod seal;
mod settings;
mod simulator;
mod support;
mod tidy;
mod tidy_lexer;
