//! Webhooks over TLS: told where somebody who is trusted vouches for the other side, and only there.

use crate::process::{Docket, PATIENCE};
use axum::serve::Listener;
use axum::{Router, body::Bytes};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Client;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Accepts what ends its handshake well.
struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Secure {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = self.listener.accept().await.unwrap();
            if let Ok(secure) = self.acceptor.accept(stream).await {
                return (secure, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A server for `localhost`, what it hears, and the certificate of who vouches for it.
async fn server() -> (SocketAddr, mpsc::UnboundedReceiver<Value>, String) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secure = Secure { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
    let (address, (sender, heard)) = (secure.local_addr().unwrap(), mpsc::unbounded_channel());
    let hear = async move |body: Bytes| sender.send(serde_json::from_slice(&body).unwrap()).unwrap();
    let router = Router::new().fallback(move |body| {
        let hear = hear.clone();
        async move { hear(body).await }
    });
    tokio::spawn(async move { axum::serve(secure, router).await.unwrap() });
    (address, heard, root_certificate)
}

/// Asks the market to ping the server; answers with what the market says of its first attempt.
async fn ping(ready: &Value, server: SocketAddr) -> Value {
    let (url, key) = (ready["url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
    let client = Client::new();
    let hook = json!({"url": format!("https://localhost:{}/", server.port()), "events": ["job.completed"]});
    let hook = client.post(format!("{url}/v1/webhooks")).bearer_auth(key).json(&hook).send().await.unwrap();
    let hook = hook.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let hook = format!("{url}/v1/webhooks/{hook}");
    let sent = client.post(format!("{hook}/test")).bearer_auth(key).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    let begun = Instant::now();
    loop {
        let list = client.get(format!("{hook}/deliveries")).bearer_auth(key).send().await.unwrap();
        let delivery = list.json::<Value>().await.unwrap()["data"][0].clone();
        if delivery["attempts"].as_u64().unwrap() > 0 {
            return delivery;
        }
        assert!(begun.elapsed() < PATIENCE, "no attempt was made: {delivery}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_over_tls_is_told_where_its_certificate_is_trusted_and_nowhere_else() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let (address, mut heard, root) = server().await;
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, root).unwrap();

    let (_up, ready) = Docket::up_trusting(&roots);
    let told = ping(&ready, address).await;
    assert_eq!((&told["status"], &told["last_status"]), (&json!("delivered"), &json!(200)), "{told}");
    assert_eq!(heard.recv().await.unwrap()["type"], "ping");

    let (_up, ready) = Docket::up();
    let told = ping(&ready, address).await;
    assert_eq!((&told["status"], &told["last_error"]), (&json!("pending"), &json!("tls_failed")), "{told}");
    assert!(heard.try_recv().is_err(), "nothing was told to who is not trusted");
}
