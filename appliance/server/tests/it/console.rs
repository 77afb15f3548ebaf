//! Tickets, and consoles over a real WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use megh_hypervisor::DomainState;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use crate::support::client::PROJECT;
use crate::support::{Client, Server, World, boot_sector};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Serves the router on a socket without TLS; its address.
async fn listen(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address").to_string();
    let router = meghd::http::router(server.app.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn open(address: &str, client: &Client, url: &str) -> Result<Socket, Error> {
    let mut request = format!("ws://{address}{url}")
        .into_client_request()
        .expect("a request");
    if let Some(cookie) = &client.cookie {
        request
            .headers_mut()
            .insert("cookie", cookie.parse().expect("a header"));
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

/// Only a daemon that is at fault takes so long, however busy the machine is.
const SOON: Duration = Duration::from_secs(120);

async fn ticket(client: &Client) -> String {
    let answer = client
        .post(&format!("{PROJECT}/instances/web/console"), Value::Null)
        .await;
    answer.expect_status(201).text("/url")
}

async fn read_until(socket: &mut Socket, wanted: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(wanted) {
        let next = tokio::time::timeout(SOON, socket.next()).await;
        let message = next.unwrap_or_else(|_| panic!("`{wanted}` does not come after `{seen}`"));
        if let Message::Binary(bytes) = message.expect("open").expect("a message") {
            seen.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    seen
}

fn refused(opened: Result<Socket, Error>) -> u16 {
    match opened {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

fn id(instance: &Value) -> Uuid {
    instance["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID")
}

#[tokio::test]
async fn viewers_see_what_was_printed_before_and_everything_after_once() {
    let world = World::new();
    world
        .hypervisor
        .set_greeting(b"hello from the boot sector\r\n");
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    let web = client.instance("web", "tiny", true).await;
    let address = listen(&server).await;
    let mut first = open(&address, &client, &ticket(&client).await)
        .await
        .expect("open");
    assert_eq!(
        read_until(&mut first, "sector\r\n").await,
        "hello from the boot sector\r\n"
    );
    let mut second = open(&address, &client, &ticket(&client).await)
        .await
        .expect("open");
    read_until(&mut second, "hello").await;

    world.hypervisor.guest_prints(id(&web), b"login: ");
    assert_eq!(read_until(&mut first, "login: ").await, "login: ");
    assert_eq!(read_until(&mut second, "login: ").await, "login: ");

    first
        .send(Message::Binary("root\r".into()))
        .await
        .expect("sent");
    second
        .send(Message::Text("password\r".into()))
        .await
        .expect("sent");
    let mut tries = 0;
    while world.hypervisor.guest_input(id(&web)).len() < 14 {
        tries += 1;
        assert!(tries < 24_000, "the input does not arrive");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    world.hypervisor.guest_ends(id(&web), DomainState::Stopped);
    meghd::reconcile::once(&server.app)
        .await
        .expect("reconciled");
    let accepted = client
        .post(&format!("{PROJECT}/instances/web/start"), Value::Null)
        .await;
    client.wait(&accepted.expect_status(202)).await;
    read_until(&mut first, "hello").await;
}

#[tokio::test]
async fn a_ticket_opens_one_console_once_in_its_session_within_a_minute() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    client.instance("web", "tiny", true).await;
    let other = server.logged_in().await;
    let address = listen(&server).await;

    let url = ticket(&client).await;
    assert_eq!(
        refused(open(&address, &other, &url).await),
        401,
        "another session"
    );
    assert_eq!(
        refused(open(&address, &client, &url).await),
        401,
        "used up by the attempt"
    );
    let url = ticket(&client).await;
    assert_eq!(
        refused(open(&address, &server.client(), &url).await),
        401,
        "no session"
    );
    open(&address, &client, &url).await.expect("open");
    assert_eq!(refused(open(&address, &client, &url).await), 401, "used up");
    let url = ticket(&client).await;
    world.clock.advance(60_000);
    assert_eq!(refused(open(&address, &client, &url).await), 401, "too old");
}

#[tokio::test]
async fn a_console_closes_when_its_session_is_revoked() {
    let world = World::new();
    let server = world.start().await;
    let client = server.claimed().await;
    client.image("tiny", boot_sector()).await;
    client.instance("web", "tiny", true).await;
    let address = listen(&server).await;
    let mut socket = open(&address, &client, &ticket(&client).await)
        .await
        .expect("open");
    client
        .delete("/api/v1/sessions/current")
        .await
        .expect_status(204);
    let closed = async {
        while let Some(Ok(message)) = socket.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, closed)
        .await
        .expect("closed in time");
}

#[test]
fn a_console_that_is_open_does_not_hold_up_the_daemons_end() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let kept = runtime.block_on(async {
        let world = World::new();
        let server = world.start().await;
        let client = server.claimed().await;
        client.image("tiny", boot_sector()).await;
        let web = client.instance("web", "tiny", true).await;
        let address = listen(&server).await;
        let mut socket = open(&address, &client, &ticket(&client).await)
            .await
            .expect("open");
        let typed = Message::Binary("root\r".into());
        socket.send(typed).await.expect("sent");
        while world.hypervisor.guest_input(id(&web)).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (world, server, socket)
    });
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        ended.send(())
    });
    end.recv_timeout(SOON).expect("it ends");
    drop(kept);
}
