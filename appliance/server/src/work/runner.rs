//! Finds operations to carry out, and carries out one at a time per subject.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::drive::drive;
use crate::app::App;

/// How often it is looked for work that nobody announced.
const INTERVAL: Duration = Duration::from_secs(15);

/// Carries out operations until it is dropped. What it leaves undone, the next
/// one finds in the store.
pub async fn run(app: Arc<App>) {
    let mut tasks: JoinSet<Uuid> = JoinSet::new();
    let mut busy: HashSet<Uuid> = HashSet::new();
    loop {
        match app
            .read(|query| crate::rows::operations::all_under_way(query))
            .await
        {
            Ok(operations) => {
                for operation in operations {
                    // An overtaken operation may still be at its last step:
                    // its subject is busy until that has ended.
                    if busy.insert(operation.subject) {
                        let app = Arc::clone(&app);
                        tasks.spawn(async move {
                            drive(&app, operation.id).await;
                            operation.subject
                        });
                    }
                }
            }
            Err(fault) => tracing::warn!(%fault, "cannot look for operations"),
        }
        tokio::select! {
            () = app.work.notified() => {}
            () = sleep(INTERVAL) => {}
            Some(ended) = tasks.join_next_with_id() => match ended {
                Ok((_, subject)) => { busy.remove(&subject); }
                // A step that panicked: its subject stays busy, and so unharmed,
                // until the daemon starts again.
                Err(error) => tracing::error!(%error, "an operation panicked"),
            },
        }
    }
}
