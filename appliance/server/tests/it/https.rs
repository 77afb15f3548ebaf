//! The listener: TLS only, patient within limits, polite when it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use meghd::tls::{Identity, Limits, serve};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const SOON: Duration = Duration::from_secs(10);

struct Listener {
    address: SocketAddr,
    connector: TlsConnector,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    _home: tempfile::TempDir,
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(300)).await;
    "slow"
}

async fn listen() -> Listener {
    let home = tempfile::tempdir().expect("a directory");
    let own = ["127.0.0.1".parse().expect("an address")];
    let identity = Identity::load_or_make(home.path(), "megh", &own).expect("an identity");
    let acceptor = TlsAcceptor::from(Arc::new(identity.server_config().expect("a configuration")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    let router = Router::new()
        .route("/", get(|| async { "fast" }))
        .route("/slow", get(slow));
    let limits = Limits {
        handshake: Duration::from_millis(300),
        header: Duration::from_millis(300),
        ..Limits::default()
    };
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(listener, acceptor, router, limits, async {
        drop(stopped.await)
    }));
    let certificate =
        CertificateDer::from_pem_file(home.path().join("cert.pem")).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    Listener {
        address,
        connector,
        stop,
        served,
        _home: home,
    }
}

async fn connect(listener: &Listener) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(listener.address)
        .await
        .expect("connected");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    // A standard client is content with the certificate once it knows it.
    listener
        .connector
        .connect(name, stream)
        .await
        .expect("a handshake")
}

async fn read_to_end(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    // An abrupt end is an end as well.
    let _ = timeout(SOON, stream.read_to_end(&mut bytes))
        .await
        .expect("it ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn it_speaks_tls_and_nothing_else() {
    let listener = listen().await;
    let mut stream = connect(&listener).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: megh\r\nconnection: close\r\n\r\n")
        .await
        .expect("sent");
    assert!(read_to_end(&mut stream).await.ends_with("fast"));
    let mut plain = TcpStream::connect(listener.address)
        .await
        .expect("connected");
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: megh\r\n\r\n")
        .await
        .expect("sent");
    assert!(!read_to_end(&mut plain).await.contains("HTTP"));
}

#[tokio::test]
async fn who_says_nothing_is_let_go() {
    let listener = listen().await;
    let mut silent = TcpStream::connect(listener.address)
        .await
        .expect("connected");
    assert_eq!(read_to_end(&mut silent).await, "");
    let mut half = connect(&listener).await;
    half.write_all(b"GET / HTTP/1.1\r\nhost: me")
        .await
        .expect("sent");
    assert!(!read_to_end(&mut half).await.contains("fast"));
}

#[tokio::test]
async fn requests_under_way_are_finished_before_it_ends() {
    let listener = listen().await;
    let mut stream = connect(&listener).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: megh\r\n\r\n")
        .await
        .expect("sent");
    tokio::time::sleep(Duration::from_millis(100)).await;
    listener.stop.send(()).expect("it still runs");
    assert!(read_to_end(&mut stream).await.ends_with("slow"));
    timeout(SOON, listener.served)
        .await
        .expect("it ends")
        .expect("without panic");
    TcpStream::connect(listener.address)
        .await
        .expect_err("nobody listens");
}
