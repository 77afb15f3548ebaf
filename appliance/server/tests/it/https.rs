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
use tokio::sync::Notify;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Only a listener that is at fault takes so long, however busy the machine is.
const SOON: Duration = Duration::from_secs(120);
/// A limit that is meant to be reached.
const AT_ONCE: Duration = Duration::from_millis(300);

struct Listener {
    address: SocketAddr,
    connector: TlsConnector,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    slow: Arc<Slow>,
    _home: tempfile::TempDir,
}

/// A request that takes until it is told to go on.
#[derive(Default)]
struct Slow {
    begun: Notify,
    go_on: Notify,
}

impl Slow {
    async fn answer(self: Arc<Self>) -> &'static str {
        self.begun.notify_one();
        self.go_on.notified().await;
        "slow"
    }
}

fn patient() -> Limits {
    Limits {
        handshake: SOON,
        header: SOON,
        farewell: SOON,
        ..Limits::default()
    }
}

async fn listen(limits: Limits) -> Listener {
    let home = tempfile::tempdir().expect("a directory");
    let own = ["127.0.0.1".parse().expect("an address")];
    let identity = Identity::load_or_make(home.path(), "megh", &own).expect("an identity");
    let acceptor = TlsAcceptor::from(Arc::new(identity.server_config().expect("a configuration")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    let slow = Arc::<Slow>::default();
    let asked = Arc::clone(&slow);
    let router = Router::new()
        .route("/", get(|| async { "fast" }))
        .route("/slow", get(move || asked.answer()));
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
        slow,
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
    let listener = listen(patient()).await;
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
    let listener = listen(Limits {
        handshake: AT_ONCE,
        ..patient()
    })
    .await;
    let mut silent = TcpStream::connect(listener.address)
        .await
        .expect("connected");
    assert_eq!(read_to_end(&mut silent).await, "");
    let listener = listen(Limits {
        header: AT_ONCE,
        ..patient()
    })
    .await;
    let mut half = connect(&listener).await;
    // On a busy machine it is let go before it has said even that.
    let _ = half.write_all(b"GET / HTTP/1.1\r\nhost: me").await;
    assert!(!read_to_end(&mut half).await.contains("fast"));
}

#[tokio::test]
async fn requests_under_way_are_finished_before_it_ends() {
    let listener = listen(patient()).await;
    let mut stream = connect(&listener).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: megh\r\n\r\n")
        .await
        .expect("sent");
    timeout(SOON, listener.slow.begun.notified())
        .await
        .expect("it is answered");
    listener.stop.send(()).expect("it still runs");
    while TcpStream::connect(listener.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    listener.slow.go_on.notify_one();
    assert!(read_to_end(&mut stream).await.ends_with("slow"));
    timeout(SOON, listener.served)
        .await
        .expect("it ends")
        .expect("without panic");
}
