//! The one integration-test binary: properties and examples, by topic.
#![allow(clippy::float_arithmetic, clippy::as_conversions, reason = "tests measure times and draw indices")]

mod archive;
mod fetch;
mod fetch_walk;
mod scrub;
