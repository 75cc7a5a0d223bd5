//! What may be a credential is never told.

use super::{Layers, problems_of};

#[test]
fn a_header_takes_its_value_from_the_environment() {
    let config = Layers::none()
        .file("[backends.default.headers]\nAuthorization = \"env:TOKEN\"\nX-Zone = \"a b\"")
        .variable("TOKEN", "Bearer hunter2")
        .config();
    let headers = &config.backends["default"].headers;
    assert_eq!(
        headers[0],
        ("authorization".to_owned(), "Bearer hunter2".to_owned())
    );
    assert_eq!(headers[1], ("x-zone".to_owned(), "a b".to_owned()));
    let debug = format!("{config:?}");
    assert!(
        debug.contains("authorization") && !debug.contains("hunter2"),
        "{debug}"
    );
}

#[test]
fn a_header_whose_variable_is_unset_or_empty_is_refused() {
    let layers = Layers::none()
        .file("[backends.default.headers]\na = \"env:UNSET\"\nb = \"env:EMPTY\"\nc = \"env:\"\nd = \"\"")
        .variable("EMPTY", "");
    insta::assert_snapshot!(layers.problems());
}

#[test]
fn headers_that_the_integrator_decides_are_refused_in_any_case() {
    for name in [
        "Host",
        "CONTENT-LENGTH",
        "Content-Type",
        "connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "X-Correlation-ID",
        "X-Flow-Handle",
        "Idempotency-Key",
        "traceparent",
        "tracestate",
        "Accept-Encoding",
    ] {
        let problems = problems_of(&format!("[backends.default.headers]\n{name} = \"x\""));
        assert!(problems.contains("leave it out"), "{name}: {problems}");
    }
}

#[test]
fn no_problem_repeats_what_may_be_a_credential() {
    let layers = Layers::none()
        .file(
            "[backends.default]\nbase_url = \"http://me:hunter2@h\"\nheaders = \"Bearer hunter2\"\n\
             [backends.b]\nbase_url = \"http://h/?key=hunter2\"\nheaders = { X-A = \"env:TOKEN\", X-B = \"hunter2\\u0007\" }\n\
             [store]\nurl = \"postgres://u:hunter2@h\"\n[[auth.callers]]\nkey_sha256 = [\"hunter2\"]\n",
        )
        .variable("TOKEN", "hunter2\n")
        .variable("APP_ATTEST_BACKEND_BASE_URL", "https://hunter2@h")
        .variable("APP_ATTEST_BUILD_SHA256", "hunter2")
        .variable("INTEGRATOR__STORE__PASSWORD", "hunter2");
    let problems = layers.problems();
    assert!(!problems.contains("hunter2"), "{problems}");
    insta::assert_snapshot!(problems);
}

#[test]
fn the_credentials_of_a_store_are_told_in_no_form_of_a_configuration() {
    for (kind, url) in [
        ("redis", "rediss://hunter2:hunter2@h:1/2?password=hunter2"),
        (
            "postgres",
            "postgresql://hunter2:hunter2@h:1/2?password=hunter2",
        ),
    ] {
        let config = Layers::none()
            .variable("INTEGRATOR__STORE__KIND", kind)
            .variable("INTEGRATOR__STORE__URL", url)
            .config();

        let told = format!("{} {config:?} {config:#?}", config.store);
        assert!(
            told.contains("://h:1/2") && !told.contains("hunter2"),
            "{told}"
        );
    }
}

#[test]
fn no_problem_repeats_the_credentials_of_a_store() {
    for kind in ["memory", "sqlite", "redis", "postgres"] {
        for url in [
            "redis://u:hunter2@h",
            "postgres://u:hunter2@h",
            "redis://u:hunter2@",
            "redis://hunter2:hunter2",
            "redis://u:hunter2/hunter2@h",
            "redis://u:hunter2#@h",
            "http://u:hunter2@h",
            "hunter2",
        ] {
            let layers = Layers::none()
                .file(format!("[store]\nkind = \"{kind}\"\npath = \"{url}\""))
                .variable("INTEGRATOR__STORE__URL", url);

            let problems = layers.problems();
            assert!(
                !problems.is_empty() && !problems.contains("hunter2"),
                "{problems}"
            );
        }
    }
}
