//! One-use tickets that open a console.

use std::collections::HashMap;

use megh_api_types::UnixMillis;
use uuid::Uuid;

use crate::secret::{Secret, SecretHash};

/// How long a ticket is good for, in milliseconds.
pub(super) const LIFETIME: i64 = 60_000;
/// Unused tickets at once; older ones are dropped.
const MAX_TICKETS: usize = 1_000;

/// The unused tickets. In memory: a restart of the daemon ends them.
#[derive(Default)]
pub(crate) struct Tickets(HashMap<SecretHash, Ticket>);

struct Ticket {
    instance: Uuid,
    session: Uuid,
    expires_at: UnixMillis,
}

impl Tickets {
    /// Makes a ticket for one instance and one session.
    pub(crate) fn issue(
        &mut self,
        instance: Uuid,
        session: Uuid,
        now: UnixMillis,
    ) -> (Secret, UnixMillis) {
        self.0.retain(|_, ticket| ticket.expires_at > now);
        if self.0.len() >= MAX_TICKETS
            && let Some(oldest) = self
                .0
                .iter()
                .min_by_key(|(_, ticket)| ticket.expires_at)
                .map(|(hash, _)| *hash)
        {
            self.0.remove(&oldest);
        }
        let (secret, expires_at) = (Secret::draw(), now + LIFETIME);
        self.0.insert(
            secret.hash(),
            Ticket {
                instance,
                session,
                expires_at,
            },
        );
        (secret, expires_at)
    }

    /// Uses a ticket up; tells whether it was good for this.
    pub(crate) fn redeem(
        &mut self,
        text: &str,
        instance: Uuid,
        session: Uuid,
        now: UnixMillis,
    ) -> bool {
        self.0.remove(&SecretHash::of(text)).is_some_and(|ticket| {
            ticket.instance == instance && ticket.session == session && ticket.expires_at > now
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_for_its_instance_and_session_and_a_minute() {
        let [instance, session, other] = [1, 2, 3].map(Uuid::from_u128);
        let mut tickets = Tickets::default();
        let issue = |tickets: &mut Tickets| tickets.issue(instance, session, 0).0;

        let ticket = issue(&mut tickets);
        assert!(tickets.redeem(ticket.reveal(), instance, session, LIFETIME - 1));
        assert!(
            !tickets.redeem(ticket.reveal(), instance, session, 0),
            "used up"
        );

        let ticket = issue(&mut tickets);
        assert!(
            !tickets.redeem(ticket.reveal(), other, session, 0),
            "another instance"
        );
        let ticket = issue(&mut tickets);
        assert!(
            !tickets.redeem(ticket.reveal(), instance, other, 0),
            "another session"
        );
        let ticket = issue(&mut tickets);
        assert!(
            !tickets.redeem(ticket.reveal(), instance, session, LIFETIME),
            "too late"
        );
    }
}
