//! Requests that another site makes a browser send. An operator's browser may be where the
//! integrator can be reached and the site cannot; an operator's deed is not taken from there.
//! Routes of product backends are not guarded so: these may hand on what a browser sent them.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};

use super::problem::Problem;
use crate::orchestrator::code::Code;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a request that a browser says was made by another site's page: by Fetch Metadata, or,
/// where an older browser sends none, by an `Origin` that is not this `Host`. A proxy may have
/// written another `Host`, which what the browser itself judged does not depend on. Programs that
/// are no browsers send neither header.
pub(super) fn refuse(headers: &HeaderMap) -> Result<(), Problem> {
    let is_own = if headers.contains_key(SEC_FETCH_SITE) {
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
        sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
    } else {
        let mut origins = headers.get_all(ORIGIN).iter();
        origins.all(|origin| is_of_host(origin, headers))
    };
    if is_own {
        return Ok(());
    }
    let detail = "a browser says that a page of another site sent this request (Sec-Fetch-Site, \
                  Origin), from which nothing is changed here. Send it from the console of this \
                  address, or by a program.";
    Err(Problem::new(Code::Forbidden, detail))
}

fn is_of_host(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let both = origin.to_str().ok().zip(host);
    both.is_some_and(|(origin, host)| is_of(origin, host))
}

/// Whether an origin is that of a `Host`, with the port of its scheme where none is written.
fn is_of(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let plain = |authority: &str| {
        let authority = authority.to_ascii_lowercase();
        let short = authority.strip_suffix(port).map(str::to_owned);
        short.unwrap_or(authority)
    };
    plain(authority) == plain(host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn is_taken(sent: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        refuse(&headers).is_ok()
    }

    #[test]
    fn what_a_page_of_this_address_or_no_page_sends_is_taken() {
        for sent in [
            &[("host", "flows.test:8090")][..],
            &[("host", "flows.test"), ("sec-fetch-site", "same-origin")],
            &[("host", "flows.test"), ("sec-fetch-site", "none")],
            &[
                ("host", "behind-a-proxy:8090"),
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://flows.test"),
            ],
            &[
                ("host", "flows.test:8090"),
                ("origin", "http://flows.test:8090"),
            ],
            &[("host", "Flows.test"), ("origin", "https://flows.test")],
            &[("host", "flows.test:443"), ("origin", "https://flows.test")],
            &[("host", "[::1]:8090"), ("origin", "http://[::1]:8090")],
        ] {
            assert!(is_taken(sent), "{sent:?}");
        }
    }

    #[test]
    fn what_a_page_of_another_site_sends_is_refused() {
        for sent in [
            &[("host", "flows.test"), ("sec-fetch-site", "cross-site")][..],
            &[("host", "flows.test"), ("sec-fetch-site", "same-site")],
            &[("host", "flows.test"), ("sec-fetch-site", "")],
            &[
                ("host", "flows.test"),
                ("sec-fetch-site", "none"),
                ("sec-fetch-site", "cross-site"),
            ],
            &[
                ("host", "flows.test"),
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://flows.test"),
            ],
            &[("host", "flows.test"), ("origin", "null")],
            &[("host", "flows.test"), ("origin", "https://evil.test")],
            &[("host", "flows.test:8090"), ("origin", "http://flows.test")],
            &[("host", "flows.test:80"), ("origin", "https://flows.test")],
            &[("host", "flows.test"), ("origin", "ftp://flows.test")],
            &[
                ("host", "flows.test"),
                ("origin", "http://flows.test"),
                ("origin", "http://evil.test"),
            ],
        ] {
            assert!(!is_taken(sent), "{sent:?}");
        }
    }
}
