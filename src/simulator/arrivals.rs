//! Entries that arrive while the lists are walked: the same world as it stands before each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::books::{Row, Text};
use super::weather::Weather;
use super::world::World;
use crate::domain::Calendar;

/// An entry that is in no list at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The request, counted from 1 in the order of arrival, that is the first to meet it.
    pub request: u32,
    /// The entry.
    pub entry: Text,
    /// The customer whose ledger it is in.
    pub account: Text,
}

/// A world at every stage of its arrivals.
pub(super) struct Stages {
    arrivals: Vec<Arrival>,
    /// One more than arrivals: the world before the first of them, and so on.
    worlds: Vec<Arc<World>>,
}

impl World {
    /// The entries that arrive in a weather, in their order: settled calls of the month, and from behind it, that stand once
    /// in both books.
    #[must_use]
    pub fn arrivals(&self, weather: &Weather) -> Vec<Arrival> {
        if weather.arrivals() + weather.calls() == 0 {
            return Vec::new();
        }
        let month = Calendar::new(self.plan.period, self.plan.timezone);
        let is_call = |row: &Row| row.reference.as_deref().is_some_and(|reference| reference.starts_with("cdr:"));
        let behind = |row: &Row| row.created_at >= month.end && !month.contains_utc(row.created_at);
        let fits = |row: &&Row| row.is_settled() && is_call(row) && (month.contains(row.created_at) || behind(row));
        let master: BTreeSet<&Text> = self.master.iter().map(|row| &row.id).collect();
        let mut found: Vec<&Row> = self.ledgers.iter().flatten().filter(fits).collect();
        found.retain(|row| master.contains(&row.id));
        found.sort_by_key(|row| (weather.rank(&row.id), row.id.clone()));
        let (late, early): (Vec<&Row>, Vec<&Row>) = found.into_iter().partition(|row| behind(row));
        let arrival = |row: &Row, request| Arrival { request, entry: row.id.clone(), account: row.account_id.clone() };
        let early = early.into_iter().take(weather.arrivals()).map(|row| arrival(row, weather.arrival(&row.id)));
        let late = late.into_iter().take(weather.calls()).map(|row| arrival(row, weather.call(&row.id)));
        let mut arrivals: Vec<Arrival> = early.chain(late).collect();
        arrivals.sort_by(|a, b| (a.request, &a.entry).cmp(&(b.request, &b.entry)));
        arrivals
    }
}

impl Stages {
    /// The stages of a world, whole at the last.
    pub(super) fn new(world: Arc<World>, weather: &Weather) -> Self {
        let arrivals = world.arrivals(weather);
        let mut worlds: Vec<Arc<World>> = (0..arrivals.len())
            .map(|stage| {
                let absent = arrivals.iter().skip(stage).map(|arrival| &arrival.entry).collect();
                Arc::new(world.without(&absent))
            })
            .collect();
        worlds.push(world);
        Self { arrivals, worlds }
    }

    /// The world as a request meets it, and how many entries have arrived by then.
    pub(super) fn at(&self, request: u32) -> (usize, Option<&World>) {
        let arrived = self.arrivals.iter().filter(|arrival| arrival.request <= request).count();
        (arrived, self.worlds.get(arrived).map(Arc::as_ref))
    }
}
