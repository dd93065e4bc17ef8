//! The integration tests: one binary, one module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod archive;
mod audit;
mod books;
mod cli;
mod damage;
mod fetch;
mod fetch_walk;
mod invoice;
mod laws;
mod laws_money;
mod laws_order;
mod laws_proof;
mod plain;
mod report;
mod scenarios;
mod scrub;
mod seal;
mod settings;
mod simulator;
mod support;
mod tidy;
mod tidy_lexer;
