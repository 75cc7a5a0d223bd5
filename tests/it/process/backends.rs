//! Several backends behind one service: each protocol asks its own.

use super::Launch;
use crate::harness::protocols::EXAMPLE;
use crate::harness::service::START;
use crate::harness::{Answer, Backend, Request};

impl Launch {
    /// Writes a file into the folder that the program is started in.
    fn file(self, path: &str, text: &str) -> Self {
        let file = self.folder.path().join(path);
        let folder = file.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::write(file, text).expect("a file can be written");
        self
    }
}

pub(super) fn two_backends(default: &Backend, shop: &Backend) -> Launch {
    let config = format!(
        "[backends.default]\nbase_url = \"http://{}\"\n\
         [backends.shop]\nbase_url = \"http://{}/prefix\"\ntimeout_ms = 100\n\
         headers = {{ Authorization = \"env:SHOP_KEY\" }}\n",
        default.address, shop.address
    );
    let definition = EXAMPLE.replace("\"default\"", "\"shop\"");
    Launch::of(super::INTEGRATOR)
        .arguments(&["--listen", "127.0.0.1:0"])
        .file("config/integrator.toml", &config)
        .file("config/protocols/example.toml", &definition)
}

#[tokio::test]
async fn each_protocol_asks_its_own_backend_with_that_backends_headers() {
    let (default, shop) = (Backend::start().await, Backend::start().await);
    shop.always("/prefix/begin", Answer::json(r#"{"id":"order-1"}"#));
    let launch = two_backends(&default, &shop).with("SHOP_KEY", "Bearer s3cret");
    let process = launch.start().await;

    process.start_flow().await;
    let order = Request::post("/v1/flows/start?protocol=example", "{}");
    let reply = process.ask(order).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!((default.calls(), shop.calls()), (1, 1));
    assert_eq!(default.last().header("authorization"), None);
    assert_eq!(shop.last().header("authorization"), Some("Bearer s3cret"));
    let log = process.log().join("\n");
    assert!(!log.contains("s3cret"), "{log}");
}

#[tokio::test]
async fn a_backend_that_is_slow_has_the_patience_that_is_said_for_it_alone() {
    let (default, shop) = (Backend::start().await, Backend::start().await);
    let held = shop.hold("/prefix/begin", Answer::json("{}"));
    let launch = two_backends(&default, &shop).with("SHOP_KEY", "Bearer s3cret");
    let process = launch.start().await;

    let order = Request::post("/v1/flows/start?protocol=example", "{}");
    let late = process.ask(order).await;
    let other = process.ask(Request::post("/v1/flows/start", START)).await;

    assert_eq!(late.code().as_deref(), Some("backend_timeout"));
    assert!(late.string("/detail").contains("100 ms"), "{}", late.text());
    assert_eq!(other.status, 200);
    held.release();
}

#[tokio::test]
async fn a_header_whose_variable_is_not_set_stops_the_start_by_its_name() {
    let (default, shop) = (Backend::start().await, Backend::start().await);

    let (code, told) = two_backends(&default, &shop).run_to_its_end().await;

    assert_eq!(code, Some(2));
    assert!(told.contains("SHOP_KEY"), "{told}");
}

#[tokio::test]
async fn a_definition_that_names_no_configured_backend_stops_the_start() {
    let backend = Backend::start().await;
    let definition = EXAMPLE.replace("\"default\"", "\"shop\"");

    let launch = Launch::service(&backend).file("config/protocols/example.toml", &definition);
    let (code, told) = launch.run_to_its_end().await;

    assert_eq!(code, Some(2));
    assert!(
        told.contains("shop") && told.contains("example.toml"),
        "{told}"
    );
}
