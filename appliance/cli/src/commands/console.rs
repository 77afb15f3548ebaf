//! The serial console in the terminal.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use futures_util::{SinkExt, StreamExt};
use megh_api_types::ConsoleTicket;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::api::Api;
use crate::tls;

/// Ctrl-].
const QUIT: u8 = 0x1d;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// Opens a console until Ctrl-] is typed or the appliance ends it.
pub(super) async fn open(api: &Api, path: &str) -> Result<()> {
    let ticket: ConsoleTicket = api.post(path, &serde_json::json!({})).await?;
    let socket = connect(api, &ticket.url)
        .await
        .context("cannot open the console")?;
    let interactive = std::io::stdin().is_terminal();
    if interactive {
        eprintln!("Connected; Ctrl-] leaves.\r");
    }
    let raw = interactive.then(RawTerminal::begin).transpose()?;
    let outcome = pass(socket).await;
    drop(raw);
    if interactive {
        eprintln!();
    }
    outcome
}

async fn connect(api: &Api, path: &str) -> Result<Socket> {
    let profile = &api.profile;
    let uri: Uri = profile.url.parse().context("the address is no URL")?;
    let host = uri.host().context("the address has no host")?.to_owned();
    let plain_host = host.trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((plain_host.as_str(), uri.port_u16().unwrap_or(443))).await?;
    stream.set_nodelay(true)?;
    let (config, _) = tls::config(Some(profile.fingerprint.parse()?))?;
    let name = ServerName::try_from(plain_host)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let authority = uri.authority().context("the address has no host")?;
    let mut request = format!("wss://{authority}{path}").into_client_request()?;
    if let Some(session) = &profile.session {
        request
            .headers_mut()
            .insert("cookie", format!("megh_session={session}").parse()?);
    }
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    Ok(socket)
}

/// Passes bytes both ways.
async fn pass(mut socket: Socket) -> Result<()> {
    let (mut input, mut output) = (tokio::io::stdin(), tokio::io::stdout());
    let mut buffer = [0; 1024];
    let mut more_input = true;
    loop {
        tokio::select! {
            count = input.read(&mut buffer), if more_input => {
                let typed = &buffer[..count?];
                if let Some(end) = typed.iter().position(|byte| *byte == QUIT) {
                    socket.send(Message::Binary(typed[..end].to_vec().into())).await?;
                    socket.close(None).await?;
                    return Ok(());
                }
                // Without a terminal the input ends, and the output goes on.
                more_input = !typed.is_empty();
                if more_input {
                    socket.send(Message::Binary(typed.to_vec().into())).await?;
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    output.write_all(&bytes).await?;
                    output.flush().await?;
                }
                Some(Ok(Message::Close(Some(frame)))) => bail!("the appliance has closed the console: {}", frame.reason),
                Some(Ok(Message::Close(None))) | None => bail!("the appliance has closed the console"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(anyhow!(error).context("the console broke off")),
            },
        }
    }
}

/// Gives the terminal back as it was.
struct RawTerminal;

impl RawTerminal {
    fn begin() -> Result<Self> {
        enable_raw_mode().context("cannot use the terminal")?;
        Ok(Self)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}
