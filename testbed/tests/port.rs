//! An address that is reserved, with and without somebody who listens there.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use integrator_testbed::port::Reserved;

fn refuses(reserved: &Reserved) -> bool {
    let refused = TcpStream::connect(reserved.address()).err();
    refused.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[test]
fn whoever_connects_to_a_reserved_address_is_refused() {
    assert!(refuses(&Reserved::new()));
}

#[test]
fn a_listener_may_come_to_a_reserved_address_leave_it_and_come_back() {
    let reserved = Reserved::new();
    for _ in 0..2 {
        let listener = TcpListener::bind(reserved.address()).expect("it may listen");

        TcpStream::connect(reserved.address()).expect("it listens");

        drop(listener);
        assert!(refuses(&reserved));
    }
}

#[test]
fn nobody_who_asks_for_any_port_gets_one_that_is_reserved() {
    let reserved: Vec<Reserved> = (0..200).map(|_| Reserved::new()).collect();
    let taken: Vec<TcpListener> = (0..500)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free"))
        .collect();

    for listener in &taken {
        let address = listener.local_addr().expect("bound");
        assert!(reserved.iter().all(|other| other.address() != address));
    }
}
