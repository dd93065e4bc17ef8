//! `tieout` closes a telephony reseller's month: it fetches the partner's books, ties the master ledger out to the
//! customers' ledgers, bills what tied out, and seals the papers.
//!
//! The modules are floors; each imports only from those below it (`tests/it/tidy.rs` holds that). From the top:
//! `cli` · `run` · `settings` · `seal` · `report` · `invoice` · `reconcile` · `normalise` · `fetch`, `archive` ·
//! `frame` · `domain`, `wire`, `watch`. Aside stands `simulator`, which sees `domain` and `wire` only.

pub mod cli;
pub mod domain;
pub mod invoice;
pub mod reconcile;
pub mod settings;
pub mod watch;
pub mod wire;
