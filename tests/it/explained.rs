//! Explaining one figure derives no more than the answer takes.

use std::sync::Mutex;

use tieout::run::explain;
use tieout::watch::{Event, Watch};

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO};

/// The stages that began.
#[derive(Default)]
struct Stages(Mutex<Vec<&'static str>>);

impl Watch for Stages {
    fn saw(&self, event: Event) {
        if let Event::StageBegan { stage } = event {
            self.0.lock().unwrap().push(stage);
        }
    }
}

#[test]
fn an_explanation_stops_where_the_answer_is_known() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    desk.ends(BREAKS, &CLOSE);
    let first = |table: &str, column: &str| desk.table(&format!("{RUN}/{table}.csv"))[0][column].clone();
    let asked = |id: &str| {
        let stages = Stages::default();
        let told = explain(&desk.path(RUN), None, id, &stages);
        assert_eq!(told.is_ok(), id != "nothing", "{id}");
        stages.0.into_inner().unwrap()
    };
    let judged = ["normalise", "reconcile"];
    assert_eq!(asked(&first("breaks", "break_id")), judged);
    let billed = ["normalise", "reconcile", "invoice"];
    let entry = first("breaks", "entry_id");
    for id in [first("invoices", "number"), first("accounts", "account"), entry, "nothing".to_owned()] {
        assert_eq!(asked(&id), billed, "{id}: no paper is printed for it");
    }
}
