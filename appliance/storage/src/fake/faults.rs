//! Failures on demand.

use std::sync::Mutex;

/// When in a call the failure comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before anything was done.
    Before,
    /// When an image or a volume exists but is not whole. For calls that make
    /// neither, the same as [`Moment::After`].
    Halfway,
    /// After all was done: only the answer is lost.
    After,
}

/// Which calls are to fail. Calls are counted from 1, per kind of call, from
/// the moment that the failure was asked for.
#[derive(Debug)]
pub(crate) struct Faults<C> {
    planned: Mutex<Vec<Fault<C>>>,
}

#[derive(Debug)]
struct Fault<C> {
    call: C,
    remaining: u32,
    moment: Moment,
}

impl<C> Default for Faults<C> {
    fn default() -> Self {
        Self {
            planned: Mutex::new(Vec::new()),
        }
    }
}

impl<C: PartialEq> Faults<C> {
    pub(crate) fn plan(&self, call: C, nth: u32, moment: Moment) {
        assert!(nth > 0, "calls are counted from 1");
        self.planned
            .lock()
            .expect("no holder of this lock panics")
            .push(Fault {
                call,
                remaining: nth,
                moment,
            });
    }

    /// Counts one call; tells whether and when this one fails.
    pub(crate) fn count(&self, call: &C) -> Option<Moment> {
        let mut planned = self.planned.lock().expect("no holder of this lock panics");
        let mut due = None;
        planned.retain_mut(|fault| {
            if fault.call != *call {
                return true;
            }
            fault.remaining -= 1;
            if fault.remaining == 0 {
                due = Some(fault.moment);
            }
            fault.remaining > 0
        });
        due
    }
}
