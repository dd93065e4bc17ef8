//! The integration tests, one topic a module, in one binary.

mod invoice;
mod settings;
