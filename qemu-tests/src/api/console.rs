//! The serial console of an instance over a WebSocket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use megh_api_types::ConsoleTicket;
use reqwest::Url;
use reqwest::cookie::CookieStore;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use super::client::Api;

/// An open console.
#[derive(Debug)]
pub struct Console<'a> {
    api: &'a Api,
    socket: WebSocketStream<TlsStream<TcpStream>>,
    seen: Vec<u8>,
}

impl Api {
    /// Opens an instance's console with a fresh ticket.
    pub fn console(&self, instance: &str) -> Result<Console<'_>> {
        let path = format!("projects/default/instances/{instance}/console");
        let ticket: ConsoleTicket = self.post(&path, &())?;
        self.console_with(&ticket)
    }

    /// Opens a console with this ticket.
    pub fn console_with(&self, ticket: &ConsoleTicket) -> Result<Console<'_>> {
        let url = self
            .base
            .join(&ticket.url)
            .context("reading the ticket's URL")?;
        let request = self.upgrade_request(url)?;
        let port = self.base.port().context("the appliance's port is known")?;
        // HTTP/2, which the other requests may use, has no such upgrade.
        let mut tls = self.tls.clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(tls));
        let socket = self.block_on(async {
            let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
            let name = ServerName::try_from("127.0.0.1").context("naming the appliance")?;
            let stream = connector.connect(name, tcp).await?;
            let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
            anyhow::Ok(socket)
        });
        let socket = socket.context("opening the console's WebSocket")?;
        Ok(Console {
            api: self,
            socket,
            seen: Vec::new(),
        })
    }

    fn upgrade_request(&self, url: Url) -> Result<Request> {
        let secure = url.as_str().replacen("https", "wss", 1);
        let mut request = secure.into_client_request().context("making the request")?;
        if let Some(cookie) = self.cookies.cookies(&self.base) {
            request.headers_mut().insert("cookie", cookie);
        }
        Ok(request)
    }
}

impl Console<'_> {
    /// Waits until the guest has printed `text`, and forgets all up to it.
    pub fn expect(&mut self, text: &str, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(at) = find(&self.seen, text.as_bytes()) {
                self.seen.drain(..at + text.len());
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let socket = &mut self.socket;
            match self
                .api
                .block_on(async { tokio::time::timeout(left, socket.next()).await })
            {
                Err(_) => {
                    bail!(
                        "the guest did not print `{text}` within {within:?}, but: {}",
                        self.text()
                    )
                }
                Ok(None) => bail!("the console closed before `{text}`: {}", self.text()),
                Ok(Some(message)) => {
                    let message = message.context("reading from the console")?;
                    if matches!(message, Message::Binary(_) | Message::Text(_)) {
                        self.seen.extend_from_slice(&message.into_data());
                    }
                }
            }
        }
    }

    /// Types `keys` to the guest.
    pub fn send(&mut self, keys: &str) -> Result<()> {
        let message = Message::binary(keys.as_bytes().to_vec());
        let socket = &mut self.socket;
        self.api
            .block_on(socket.send(message))
            .context("typing on the console")
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
