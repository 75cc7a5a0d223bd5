//! Defaults, then the file, then the environment, then flags.

use std::time::Duration;

use appattest_integrator::config::{Flags, Format, Store};

use super::Layers;

#[test]
fn without_any_layer_every_setting_has_its_default() {
    let config = Layers::none().config();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8090");
    assert_eq!(config.server.drain_delay, Duration::from_secs(5));
    assert_eq!(config.server.shutdown_grace, Duration::from_secs(30));
    assert_eq!(config.ops.listen, None);
    let backend = &config.backends["default"];
    assert_eq!(config.backends.len(), 1);
    assert_eq!(backend.base_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(backend.timeout, Duration::from_secs(3));
    assert_eq!(backend.headers, []);
    assert!(config.protocols.dir.ends_with("config/protocols"));
    assert!(!config.protocols.dir_is_named);
    assert_eq!(config.protocols.default, "app-attest");
    assert_eq!(
        (config.flows.max, config.flows.max_bytes),
        (1_000_000, 2 << 30)
    );
    assert_eq!(config.flows.sweep_interval, Duration::from_secs(1));
    assert_eq!(config.store, Store::Memory);
    assert_eq!(
        (config.log.level.to_string().as_str(), config.log.format),
        ("info", Format::Json)
    );
    assert!(!config.log.artifacts);
    assert_eq!(config.log.audit, None);
    assert_eq!(config.build_sha256, None);
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn each_layer_has_its_way_over_those_below() {
    let layers = Layers::none();
    assert_eq!(layers.config().server.listen.port(), 8090);
    let layers = layers.file("[server]\nlisten = \"127.0.0.1:1\"");
    assert_eq!(layers.config().server.listen.port(), 1);
    let layers = layers.variable("INTEGRATOR__SERVER__LISTEN", "127.0.0.1:2");
    assert_eq!(layers.config().server.listen.port(), 2);
    let layers = layers.listen("127.0.0.1:3");
    assert_eq!(layers.config().server.listen.port(), 3);
}

#[test]
fn a_wrong_value_is_told_even_where_a_higher_layer_has_its_way() {
    let layers = Layers::none()
        .file("[server]\nlisten = 1")
        .variable("INTEGRATOR__SERVER__LISTEN", "two")
        .listen("127.0.0.1:3");
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn the_file_in_the_working_directory_is_used_when_none_is_named() {
    let layers = Layers::none().beside("config/integrator.toml", "[flows]\nmax = 7");
    assert_eq!(layers.config().flows.max, 7);
    let named = layers.file("[flows]\nmax_bytes = 1048576");
    assert_eq!(named.config().flows.max, 1_000_000);
}

#[test]
fn a_named_file_must_be_there() {
    let mut layers = Layers::none();
    layers.sources.file = Some("missing.toml".into());
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn a_named_folder_of_protocols_must_be_there() {
    let file = Layers::none().file("[protocols]\ndir = \"config/protocols\"");
    insta::assert_snapshot!(file.problems());
    let flag = Layers::none().flags(Flags {
        listen: None,
        protocols: Some("elsewhere".into()),
    });
    insta::assert_snapshot!(flag.problems());
}

#[test]
fn a_flag_names_the_folder_of_protocols() {
    let flags = Flags {
        listen: None,
        protocols: Some("mine".into()),
    };
    let layers = Layers::none().beside("mine/x.toml", "").flags(flags);
    let protocols = layers.config().protocols;
    assert_eq!(protocols.dir, layers.directory.path().join("mine"));
    assert!(protocols.dir_is_named);
}
