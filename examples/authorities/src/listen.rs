//! Listening, and saying where.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use serde_json::json;
use tokio::net::TcpListener;

/// The flags of every authority.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Listen {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// [`serve`], with an exit code for `main`.
#[must_use]
pub fn run(listen: Listen, routes: Router) -> ExitCode {
    match serve(listen, routes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot serve on {}: {error}", listen.listen);
            ExitCode::FAILURE
        }
    }
}

/// Serves until the process ends, on one thread; says where on standard output, as one JSON object.
///
/// # Errors
///
/// The system's.
pub fn serve(listen: Listen, routes: Router) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let socket = TcpListener::bind(listen.listen).await?;
        let address = socket.local_addr()?.to_string();
        println!("{}", json!({"message": "listening", "address": address}));
        axum::serve(socket, routes).await
    })
}
