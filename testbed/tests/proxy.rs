//! What a client and a server see of each other through a proxy that breaks what is between them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use integrator_testbed::proxy::{Action, Proxy};
use integrator_testbed::redis;

/// Long for bytes over the loopback, short for a test.
const A_MOMENT: Duration = Duration::from_millis(200);
/// Too long for anything that works.
const TOO_LONG: Duration = Duration::from_secs(10);

/// Sends back what it gets, and tells the test.
fn echo() -> (SocketAddr, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    let bytes = buffer[..length].to_vec();
                    // Told first: who has the echo knows that it was told. Not every test listens.
                    drop(tell.send(bytes));
                    if stream.write_all(&buffer[..length]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, told)
}

struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).expect("a proxy listens");
        stream.set_read_timeout(Some(TOO_LONG)).expect("a timeout");
        stream.set_nodelay(true).expect("a socket option");
        Self(stream)
    }

    fn say(&mut self, words: &str) {
        self.0.write_all(words.as_bytes()).expect("it is sent");
    }

    fn hear(&mut self) -> io::Result<String> {
        let mut buffer = [0; 1024];
        let length = self.0.read(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    fn ask(&mut self, words: &str) -> String {
        self.say(words);
        self.hear().expect("an echo")
    }

    fn is_closed(&mut self) -> bool {
        match self.hear() {
            Ok(heard) => heard.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    fn hears_nothing(&mut self) -> bool {
        self.0.set_read_timeout(Some(A_MOMENT)).expect("a timeout");
        let heard = self.hear();
        self.0.set_read_timeout(Some(TOO_LONG)).expect("a timeout");
        matches!(heard, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

fn all(told: &Receiver<Vec<u8>>) -> String {
    let bytes: Vec<u8> = told.try_iter().flatten().collect();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn bytes_pass_in_both_directions_and_connections_are_counted() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);

    let (mut one, mut other) = (Client::of(&proxy), Client::of(&proxy));

    assert_eq!(one.ask("one"), "one");
    assert_eq!(other.ask("other"), "other");
    assert_eq!(proxy.connections(), 2);
    assert_eq!(proxy.fired(), 0);
}

#[test]
fn bytes_are_on_their_way_for_as_long_as_told() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);
    let mut client = Client::of(&proxy);
    client.ask("hello");

    proxy.delay(3 * A_MOMENT);
    client.say("from afar");

    assert!(client.hears_nothing());
    assert_eq!(client.hear().expect("an echo"), "from afar");
}

#[test]
fn a_url_leads_through_the_proxy() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);

    let url = proxy.url(&format!(
        "postgres://integrator@{server}/postgres?options=x"
    ));

    let address = proxy.address();
    assert_eq!(
        url,
        format!("postgres://integrator@{address}/postgres?options=x")
    );
}

#[test]
fn a_client_that_says_no_more_still_hears_the_rest() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);
    let mut client = Client::of(&proxy);

    client.say("last");
    client.0.shutdown(std::net::Shutdown::Write).expect("open");

    let mut heard = String::new();
    client.0.read_to_string(&mut heard).expect("the rest");
    assert_eq!(heard, "last");
}

#[test]
fn a_refusal_closes_old_and_new_connections_until_bytes_pass_again() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);
    let mut old = Client::of(&proxy);
    old.ask("hello");

    proxy.refuse();
    let mut new = Client::of(&proxy);
    let closed = [old.is_closed(), new.is_closed()];
    proxy.pass();

    assert_eq!(closed, [true; 2]);
    assert_eq!(Client::of(&proxy).ask("again"), "again");
    assert_eq!(proxy.connections(), 3);
}

#[test]
fn a_hanging_proxy_holds_everything_back_and_loses_nothing() {
    let (server, told) = echo();
    let proxy = Proxy::start(server);
    let mut old = Client::of(&proxy);
    old.ask("hello");

    proxy.hang();
    let mut new = Client::of(&proxy);
    old.say("held");
    new.say("back");
    let were_silent = [old.hears_nothing(), new.hears_nothing()];
    let before = all(&told);
    proxy.pass();

    assert_eq!(were_silent, [true; 2]);
    assert_eq!(before, "hello");
    assert_eq!(old.hear().expect("an echo"), "held");
    assert_eq!(new.hear().expect("an echo"), "back");
}

#[test]
fn a_refusal_closes_what_hangs() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);
    let mut old = Client::of(&proxy);
    old.ask("hello");
    proxy.hang();
    old.say("held");
    let mut new = Client::of(&proxy);

    proxy.refuse();

    assert!(old.is_closed());
    assert!(new.is_closed());
}

#[test]
fn a_dropped_request_never_arrives() {
    let (server, told) = echo();
    let proxy = Proxy::start(server);
    proxy.when_sent(b"COMMIT", Action::Drop);
    let mut client = Client::of(&proxy);
    client.ask("BEGIN");

    client.say("COMMIT");

    assert!(client.is_closed());
    assert_eq!(proxy.fired(), 1);
    assert_eq!(Client::of(&proxy).ask("COMMIT 2"), "COMMIT 2");
    assert_eq!(all(&told), "BEGINCOMMIT 2");
}

#[test]
fn a_request_whose_reply_is_lost_arrives() {
    let (server, told) = echo();
    let proxy = Proxy::start(server);
    proxy.when_sent(b"COMMIT", Action::LoseReply);
    let mut client = Client::of(&proxy);
    client.ask("BEGIN");

    client.say("COMMIT");

    assert!(client.is_closed());
    assert_eq!(proxy.fired(), 1);
    assert_eq!(all(&told), "BEGINCOMMIT");
}

#[test]
fn a_call_runs_before_the_bytes_that_it_was_waiting_for_arrive() {
    let (server, told) = echo();
    let proxy = Arc::new(Proxy::start(server));
    let (tell, called) = channel();
    let switched = Arc::clone(&proxy);
    let deed = move || {
        switched.refuse();
        tell.send(()).expect("the test waits");
    };
    proxy.when_sent(b"COMMIT", Action::Call(Box::new(deed)));
    let mut client = Client::of(&proxy);

    client.say("COM");
    assert_eq!(client.hear().expect("an echo"), "COM");
    client.say("MIT");

    called.recv_timeout(TOO_LONG).expect("the call is made");
    assert!(client.is_closed());
    assert_eq!(all(&told), "COM");
}

#[test]
fn a_call_that_changes_nothing_lets_the_bytes_arrive() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);
    proxy.when_sent(b"COMMIT", Action::Call(Box::new(|| {})));

    assert_eq!(Client::of(&proxy).ask("COMMIT"), "COMMIT");
    assert_eq!(proxy.fired(), 1);
}

#[test]
fn a_call_after_the_reply_runs_when_the_request_has_arrived() {
    let (server, told) = echo();
    let proxy = Proxy::start(server);
    let (tell, called) = channel();
    let deed = move || tell.send(all(&told)).expect("the test waits");
    proxy.when_sent(b"COMMIT", Action::CallAfterReply(Box::new(deed)));
    let mut client = Client::of(&proxy);

    client.say("COMMIT");

    let arrived = called.recv_timeout(TOO_LONG).expect("the call is made");
    assert_eq!(arrived, "COMMIT");
    assert!(client.is_closed());
}

#[test]
fn a_dropped_proxy_closes_its_connections() {
    let (server, _) = echo();
    let proxy = Proxy::start(server);
    let mut client = Client::of(&proxy);
    client.ask("hello");

    drop(proxy);

    assert!(client.is_closed());
}

#[test]
fn a_server_that_is_killed_at_a_write_does_not_have_it_and_one_killed_after_it_does() {
    let server = Arc::new(redis::Server::start(redis::Options {
        persistence: redis::Persistence::Always,
        ..redis::Options::default()
    }));
    let proxy = Proxy::start(server.address());
    let crash = || {
        let server = Arc::clone(&server);
        Box::new(move || server.kill())
    };
    proxy.when_sent(b"early", Action::Call(crash()));
    proxy.when_sent(b"late", Action::CallAfterReply(crash()));

    for key in ["early", "late"] {
        let mut client = Client::of(&proxy);
        client.say(&format!("SET {key} written\r\n"));
        assert!(client.is_closed());
        server.restart();
    }

    assert_eq!(server.command(&["GET", "early"]), "");
    assert_eq!(server.command(&["GET", "late"]), "written");
    assert_eq!(proxy.fired(), 2);
}
