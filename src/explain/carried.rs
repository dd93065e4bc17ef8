//! Explains what earlier runs handed on to a close: what it was worth, what became of it, and what this month's books show
//! of its entries.

use super::Page;
use crate::frame::FrameError;
use crate::reconcile::CarriedBreak;

impl Page<'_> {
    pub(super) fn explain_carried(&mut self, it: &CarriedBreak) -> Result<(), FrameError> {
        let open = &it.open;
        let (id, class, first_run) = (&open.id, open.class, &open.first_run);
        self.line(&format!("carried break {id}: {class} ({}): {}", class.severity().word(), class.meaning()));
        self.line(&format!("  {}", open.explanation));
        self.line(&format!("  {}: {} beside {}", open.field, open.master_value, open.customer_value));
        if let Some(currency) = open.currency {
            let account = open.account.as_deref().unwrap_or("all accounts");
            self.line(&format!(
                "  effect {} {currency} on {account} in {first_run}, and none on this month",
                open.effect
            ));
        }
        let days = if it.aged.days == 1 { "day" } else { "days" };
        let (day, standing, why) = (it.aged.day, it.standing, &it.why);
        self.line(&format!("  dated {day}, {} {days} old at the cut-off; {standing}: {why}", it.aged.days));
        if let Some(decision) = &it.decision {
            self.line(&format!("  {} by {}: {}", decision.action.word(), decision.by, decision.note));
        }
        self.line(&format!("  the run that found it has its pages: `tieout explain <folder of {first_run}> {id}`"));
        let copies = self.copies(&open.entry_ids)?;
        if !copies.is_empty() {
            self.entries("its entries in this month's books", &copies);
        }
        Ok(())
    }
}
