//! The URL of a store: what its driver is given, and what of it may be told.
//!
//! Only what decides between kinds of store, or could let a password slip out, is judged here; the
//! driver reads the rest.

use std::fmt;
use std::net::Ipv6Addr;

/// The schemes of a redis store.
pub(super) const REDIS: [&str; 2] = ["redis", "rediss"];
/// The schemes of a postgres store.
pub(super) const POSTGRES: [&str; 2] = ["postgres", "postgresql"];

/// The URL of a store. It prints without user information and query, which may hold credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    text: String,
    told: String,
    scheme: &'static str,
}

impl StoreUrl {
    /// Reads a URL with the scheme of a store and a host.
    ///
    /// # Errors
    ///
    /// The first reason why `text` is none. It never repeats the text.
    pub(super) fn parse(text: &str) -> Result<StoreUrl, StoreUrlError> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(StoreUrlError::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(StoreUrlError::Scheme)?;
        let scheme = REDIS
            .into_iter()
            .chain(POSTGRES)
            .find(|known| scheme.eq_ignore_ascii_case(known))
            .ok_or(StoreUrlError::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        // A password with one of these marks as it is would end here, and its rest would be told.
        if tail.contains('@') {
            return Err(StoreUrlError::Encoding);
        }
        if tail.contains('#') {
            return Err(StoreUrlError::Fragment);
        }
        let (_, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        judge_place(place)?;
        let (path, _) = tail.split_once('?').unwrap_or((tail, ""));
        Ok(StoreUrl {
            text: text.to_owned(),
            told: format!("{scheme}://{place}{path}"),
            scheme,
        })
    }

    /// The whole URL, credentials included: for the driver alone.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The scheme, in lower case.
    pub(super) fn scheme(&self) -> &'static str {
        self.scheme
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.told)
    }
}

/// Judges a host, and a port if there is one.
fn judge_place(place: &str) -> Result<(), StoreUrlError> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '[', ']']),
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    match port {
        _ if !is_host => Err(StoreUrlError::Host),
        Some(port) if !is_port(port) => Err(StoreUrlError::Port),
        _ => Ok(()),
    }
}

/// Why a text is no URL of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreUrlError {
    #[error("its scheme is that of no store")]
    Scheme,
    #[error("it names no host (an IPv6 address stands in brackets)")]
    Host,
    #[error("its port is none of 1 to 65535")]
    Port,
    #[error("an @ stands after the host; in credentials, / ? # and @ are percent-encoded")]
    Encoding,
    #[error("a fragment in it is refused")]
    Fragment,
    #[error("it holds white space or characters beyond ASCII, which are percent-encoded")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_user_information_and_query_and_revealed_as_it_is() {
        for (text, told) in [
            ("redis://h", "redis://h"),
            (
                "REDISS://:pw@cache.internal:6380/2",
                "rediss://cache.internal:6380/2",
            ),
            ("redis://u:p:w@[::1]:6379", "redis://[::1]:6379"),
            ("redis://[::1]", "redis://[::1]"),
            (
                "postgres://u:p%40w@db:5432/flows?sslmode=require&password=pw",
                "postgres://db:5432/flows",
            ),
            ("postgresql://u@v@db/flows", "postgresql://db/flows"),
            ("postgresql://db?user=u", "postgresql://db"),
        ] {
            let url = StoreUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), told, "{text}");
            assert_eq!(format!("{url:?}"), format!("{told:?}"), "{text}");
            assert_eq!(url.reveal(), text);
        }
    }

    #[test]
    fn what_is_no_url_of_a_store_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", StoreUrlError::Scheme),
            ("h:6379", StoreUrlError::Scheme),
            ("redis:h", StoreUrlError::Scheme),
            ("unix:///run/redis.sock", StoreUrlError::Scheme),
            ("redis+unix:///run/redis.sock", StoreUrlError::Scheme),
            ("mysql://h", StoreUrlError::Scheme),
            ("redis://", StoreUrlError::Host),
            ("redis://:6379", StoreUrlError::Host),
            ("redis://u:pw@", StoreUrlError::Host),
            ("redis://u:pw@:6379", StoreUrlError::Host),
            ("redis://::1", StoreUrlError::Host),
            ("redis://[::1", StoreUrlError::Host),
            ("redis://[h]:6379", StoreUrlError::Host),
            ("postgres:///flows?host=h", StoreUrlError::Host),
            ("redis://u:pw", StoreUrlError::Port),
            ("redis://h:", StoreUrlError::Port),
            ("redis://h:0", StoreUrlError::Port),
            ("redis://h:+1", StoreUrlError::Port),
            ("redis://h:65536", StoreUrlError::Port),
            ("redis://[::1]:x", StoreUrlError::Port),
            ("redis://u:p/w@h", StoreUrlError::Encoding),
            ("redis://u:p?w@h", StoreUrlError::Encoding),
            ("redis://u:p#w@h", StoreUrlError::Encoding),
            ("postgres://h/flows#f", StoreUrlError::Fragment),
            ("redis://h ", StoreUrlError::Characters),
            ("redis://u:p\nw@h", StoreUrlError::Characters),
            ("redis://bücher.example", StoreUrlError::Characters),
        ] {
            assert_eq!(StoreUrl::parse(text).unwrap_err(), reason, "{text}");
        }
    }
}
