//! The integration tests, one topic a module, in one binary.

#![allow(clippy::unwrap_used, reason = "in a test a surprise is a panic, in its helpers too")]

mod cli;
mod invoice;
mod settings;
