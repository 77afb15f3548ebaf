//! One browser or terminal that watches a console.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::follow::Follower;
use crate::app::App;
use crate::rows;

/// Largest message taken from a viewer.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024;
/// How long a viewer may take to read before it is let go.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether the viewer may still watch.
const CHECK: Duration = Duration::from_secs(2);

/// Shows the console of an instance until the viewer leaves, its session ends
/// or the instance is gone.
pub(crate) async fn watch(app: Arc<App>, instance: Uuid, session: Uuid, mut socket: WebSocket) {
    let reason = serve(&app, instance, session, &mut socket).await;
    let (code, reason) = match reason {
        End::Left => return,
        End::NotAllowed => (close_code::POLICY, "the session has ended"),
        End::Gone => (close_code::NORMAL, "the instance is gone"),
        End::Unreadable => (close_code::ERROR, "the console cannot be read"),
    };
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let _ = timeout(PATIENCE, socket.send(Message::Close(Some(frame)))).await;
}

/// Why a viewer stops watching.
enum End {
    Left,
    NotAllowed,
    Gone,
    Unreadable,
}

async fn serve(app: &App, instance: Uuid, session: Uuid, socket: &mut WebSocket) -> End {
    let input = app.consoles.attach(instance);
    let mut output = Follower::new(app.serial_log(instance));
    let mut check = interval(CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            chunk = output.next() => {
                let Ok(chunk) = chunk else { return End::Unreadable };
                if !send(socket, Message::Binary(chunk.into())).await {
                    return End::Left;
                }
            }
            message = socket.recv() => {
                let typed = match message {
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Text(text))) => Bytes::from(text),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Left,
                };
                if input.send(typed).await.is_err() {
                    return End::Unreadable;
                }
            }
            _ = check.tick() => {
                if let Some(end) = ended(app, instance, session).await {
                    return end;
                }
                // Keeps the connection alive on its way, and finds a viewer that is gone.
                if !send(socket, Message::Ping(Bytes::new())).await {
                    return End::Left;
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(PATIENCE, socket.send(message)).await, Ok(Ok(())))
}

async fn ended(app: &App, instance: Uuid, session: Uuid) -> Option<End> {
    let now = app.clock.now();
    let looked = app.read(move |query| {
        let open = rows::sessions::is_open(query, session, now)?;
        Ok((open, rows::instances::get(query, instance)?.is_some()))
    });
    match looked.await {
        Ok((true, true)) => None,
        Ok((true, false)) => Some(End::Gone),
        Ok((false, _)) | Err(_) => Some(End::NotAllowed),
    }
}
