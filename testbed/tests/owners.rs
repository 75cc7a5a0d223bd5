//! A server does not outlive the process that started it, however that ends.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot arrange what it needs fails"
)]

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, stdin};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use integrator_testbed::program::Program;
use integrator_testbed::{postgres, redis};

/// Tells this program, started by itself, that it is the owner.
const OWNER: &str = "INTEGRATOR_TESTBED_OWNER";
/// Much longer than the guard takes.
const TOO_LONG: Duration = Duration::from_secs(30);

/// The test `name` in another process, where it owns something.
fn owner_of(name: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["--exact", name, "--nocapture"])
        .env(OWNER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program starts again")
}

/// Runs the test `name` in another process, where it owns servers; kills that, and sees them end.
fn end_with_their_owner(name: &str, servers: usize) {
    let mut owner = owner_of(name);
    let told = BufReader::new(owner.stdout.take().expect("its output is piped"));
    let connections: Vec<TcpStream> = told
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.rsplit_once("listens on ")?.1.parse().ok())
        .map(|address: SocketAddr| TcpStream::connect(address).expect("it listens"))
        .take(servers)
        .collect();

    owner.kill().expect("the owner is killed");
    owner.wait().expect("the owner has ended");

    assert_eq!(connections.len(), servers);
    for mut connection in connections {
        let patient = connection.set_read_timeout(Some(TOO_LONG));
        patient.expect("a timeout");
        // A session may be told of the end; a connection that was not accepted yet is reset.
        let end = connection.read_to_end(&mut Vec::new());
        let is_reset = |error: &Error| error.kind() == ErrorKind::ConnectionReset;
        assert!(end.as_ref().map_or_else(is_reset, |_| true), "{end:?}");
    }
}

fn is_owner() -> bool {
    std::env::var_os(OWNER).is_some()
}

/// Says where servers are and waits to be killed.
fn own(addresses: &[SocketAddr]) {
    for address in addresses {
        println!("listens on {address}");
    }
    drop(stdin().read_line(&mut String::new()));
}

#[test]
fn servers_end_when_their_owner_is_killed() {
    if is_owner() {
        let redis = redis::Server::start(redis::Options::default());
        let postgres = postgres::Server::start(postgres::Options::default());
        return own(&[redis.address(), postgres.address()]);
    }

    end_with_their_owner("servers_end_when_their_owner_is_killed", 2);
}

#[test]
fn a_program_ends_when_its_owner_is_killed() {
    if is_owner() {
        let mut command = Command::new("sh");
        let script = r#"echo '{"message":"listening","address":"127.0.0.1:1"}'; exec sleep 600"#;
        command.args(["-c", script]);
        let program = Program::start(command);
        return own(&[program.address]);
    }

    let mut owner = owner_of("a_program_ends_when_its_owner_is_killed");
    let mut told = BufReader::new(owner.stdout.take().expect("its output is piped")).lines();
    let has_started = |line: &String| line.contains("listens on");
    assert!(
        told.by_ref()
            .map_while(Result::ok)
            .any(|line| has_started(&line))
    );
    owner.kill().expect("the owner is killed");
    owner.wait().expect("the owner has ended");

    // The program writes its errors where its owner did: that ends when both have ended.
    let mut errors = owner.stderr.take().expect("its errors are piped");
    let (end, ended) = channel();
    thread::spawn(move || end.send(errors.read_to_end(&mut Vec::new())));
    let read = ended.recv_timeout(TOO_LONG).expect("the program has ended");
    read.expect("the errors are read");
}
