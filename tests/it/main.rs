//! The integration tests: one binary, one module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#![allow(clippy::unwrap_used, reason = "in a test a surprise is a panic, in its helpers too")]

mod cli;
mod invoice;
mod report;
mod seal;
mod settings;
mod simulator;
