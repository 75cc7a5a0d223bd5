//! No connection: the request is known never to have left.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{NOT_SENT, Scene, Told};
use crate::harness::service::START;
use crate::harness::{Request, Service, Setup};

/// A keyed start, whose flow stays in `created`, so that there is one to look at.
async fn start_suffers(base_url: String, backend_timeout: Duration, told: Told) -> Service {
    let setup = Setup {
        base_url: Some(base_url),
        backend_timeout,
        ..Setup::default()
    };
    let service = setup.start().await;
    let start = Request::post("/v1/flows/start", START).header("idempotency-key", "k");
    let reply = service.ask(start).await;
    let (status, code, outcome) = told;
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.code().as_deref(), Some(code));
    assert_eq!(reply.string("/outcome"), outcome, "{}", reply.text());
    let handle = reply.string("/flowHandle");
    assert_eq!(service.state(&handle).await, "created");
    let history = service.history(&handle).await;
    assert_eq!(history.string("/attempts/0/code"), code);
    assert_eq!(history.string("/attempts/0/outcome"), outcome);
    service
}

#[tokio::test]
async fn a_refused_connection_is_not_sent_and_the_same_request_succeeds_later() {
    let mut scene = Scene::new().await;
    scene.hostile.go_away().await;

    let reply = scene.assertion().await;

    scene.is_unharmed(&reply, NOT_SENT).await;
    scene.hostile.come_back().await;
    scene.succeeds_again(&reply).await;
    assert_eq!(scene.hostile.most_asked().0, 1);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_not_sent() {
    // A label of more than 63 characters is refused before any name server is asked.
    let url = format!("http://{}.invalid", "a".repeat(64));
    start_suffers(url, Duration::from_secs(20), NOT_SENT).await;
}

#[tokio::test]
async fn an_address_that_swallows_everything_is_a_timeout_that_is_not_sent() {
    let hole = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    hole.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .expect("a free port");
    hole.listen(0).expect("a listener that nobody accepts from");
    let address = hole
        .local_addr()
        .expect("bound")
        .as_socket()
        .expect("an address");
    // Its queue is filled until nobody gets in any more.
    let mut inside = Vec::new();
    while let Ok(Ok(stream)) =
        timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        inside.push(stream);
    }

    let told = (504, "backend_timeout", "not_sent");
    start_suffers(
        format!("http://{address}"),
        Duration::from_millis(700),
        told,
    )
    .await;
}

/// An address that answers whatever comes with this.
async fn says(text: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _gone = stream.write_all(text).await;
        }
    });
    address
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_sent() {
    // A server that speaks plain HTTP, one that hangs up, and one that sends an alert.
    for text in [
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".as_slice(),
        b"",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ] {
        let address = says(text).await;
        start_suffers(
            format!("https://{address}"),
            Duration::from_secs(20),
            NOT_SENT,
        )
        .await;
    }
}
