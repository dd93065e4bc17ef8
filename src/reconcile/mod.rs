//! Reconciles the master ledger with the customers' ledgers: books in, tie-outs, breaks and verdict out.
//!
//! Never does input or output and never stops on a finding: a break is data.

mod outcome;

pub use outcome::{AccountStanding, Charge, Counts, HeldAccount, ListProof, Reconciliation, TiedAccount};
