//! The server's address.

use std::net::SocketAddr;

use hyperstack_sdk::testing::ServerError;

use crate::client::Client;
use crate::v1_server;

#[tokio::test]
async fn the_address_can_be_chosen_and_a_taken_one_is_an_error() {
    let first = v1_server().entity("Round").start().await.unwrap();
    let taken = first.address();
    let second = v1_server().entity("Round").address(taken);
    let error = second.start().await.unwrap_err();
    assert!(matches!(&error, ServerError::Listen(address, _) if *address == taken));
    assert_eq!(error.to_string(), format!("cannot listen on {taken}"));
}

#[tokio::test]
async fn port_0_is_a_free_port_of_any_address() {
    let any = SocketAddr::from(([127, 0, 0, 2], 0));
    let server = v1_server().entity("Round").address(any);
    let server = server.start().await.unwrap();
    assert_eq!(server.address().ip(), any.ip());
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    server.wait_for_subscription("Round/list").await;
}
