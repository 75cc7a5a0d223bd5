//! Where a backend is: scheme, host, port and a path that is a prefix; nothing else.
//!
//! The path is kept as it was written. A URL library would resolve dot segments and encode bytes;
//! a base URL whose path it would rewrite is refused, so that what is sent is what was configured.

use std::fmt;

use reqwest::Url;

/// The base URL of a backend, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    port: u16,
}

impl BaseUrl {
    /// Reads an `http` or `https` URL that has a host and at most a path.
    ///
    /// # Errors
    ///
    /// The first reason why `text` is none. It never repeats the text, which may hold a credential.
    pub fn parse(text: &str) -> Result<BaseUrl, BaseUrlError> {
        let path = written_path(text)?;
        let url = Url::parse(text).map_err(|error| BaseUrlError::Malformed(error.to_string()))?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(BaseUrlError::Host)?;
        if url.port() == Some(0) {
            return Err(BaseUrlError::Port);
        }
        if url.path() != if path.is_empty() { "/" } else { path } {
            return Err(BaseUrlError::Path);
        }
        let port = url.port_or_known_default().ok_or(BaseUrlError::Scheme)?;
        let origin = url.origin().ascii_serialization();
        let prefix = path.trim_end_matches('/');
        Ok(BaseUrl {
            text: format!("{origin}{prefix}"),
            host: host.to_owned(),
            port,
        })
    }

    /// The URL as it is told: scheme and host in lower case, no default port, no trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, said or not.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of `path` (which begins with a slash) under this prefix, as written.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The path of `text`, after all that can be judged without a URL library.
fn written_path(text: &str) -> Result<&str, BaseUrlError> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('\\') {
        return Err(BaseUrlError::Characters);
    }
    let (scheme, rest) = text.split_once("://").ok_or(BaseUrlError::Scheme)?;
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err(BaseUrlError::Scheme);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    match authority {
        "" => Err(BaseUrlError::Host),
        _ if authority.contains('@') => Err(BaseUrlError::UserInformation),
        _ if tail.contains('?') => Err(BaseUrlError::Query),
        _ if tail.contains('#') => Err(BaseUrlError::Fragment),
        _ => Ok(tail),
    }
}

/// Why a text is no base URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Neither `http://` nor `https://` in front.
    #[error("it must begin with http:// or https://")]
    Scheme,
    /// Nothing between the scheme and the path.
    #[error("it names no host")]
    Host,
    /// Port 0 is no port that a backend listens on.
    #[error("its port is 0")]
    Port,
    /// A name or a password before the host.
    #[error("user information in it is refused; send a credential with the backend's headers")]
    UserInformation,
    /// A query after the path.
    #[error("a query in it is refused")]
    Query,
    /// A fragment after the path.
    #[error("a fragment in it is refused")]
    Fragment,
    /// A path with dot segments, or with characters that a URL does not hold as they are.
    #[error("its path has dot segments or characters that would have to be encoded")]
    Path,
    /// White space, a control character, a backslash or a character beyond ASCII.
    #[error("it holds white space, a backslash or characters beyond ASCII")]
    Characters,
    /// Anything else that is no URL.
    #[error("{0}")]
    Malformed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_told_without_default_port_or_trailing_slash() {
        for (text, told) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("HTTP://Example.COM:80/", "http://example.com"),
            ("https://example.com:443/a/b//", "https://example.com/a/b"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("http://example.com/a%20b/~c", "http://example.com/a%20b/~c"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), told, "{text}");
        }
    }

    #[test]
    fn joining_writes_the_path_after_the_prefix_as_it_is() {
        let base = BaseUrl::parse("http://h:1/prefix/").unwrap();
        assert_eq!(
            base.join("/app-attest/verify"),
            "http://h:1/prefix/app-attest/verify"
        );
        assert_eq!(base.join("/a%2Fb//c"), "http://h:1/prefix/a%2Fb//c");
    }

    #[test]
    fn what_is_no_base_url_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", BaseUrlError::Scheme),
            ("127.0.0.1:8080", BaseUrlError::Scheme),
            ("ftp://h", BaseUrlError::Scheme),
            ("http:/h", BaseUrlError::Scheme),
            ("http://", BaseUrlError::Host),
            ("http:///path", BaseUrlError::Host),
            ("http://h:0", BaseUrlError::Port),
            ("http://me:secret@h", BaseUrlError::UserInformation),
            ("http://h?a=b", BaseUrlError::Query),
            ("http://h/p#f", BaseUrlError::Fragment),
            ("http://h/a/../b", BaseUrlError::Path),
            ("http://h/a/%2e%2E/b", BaseUrlError::Path),
            ("http://h/./b", BaseUrlError::Path),
            ("http://h/a\"b", BaseUrlError::Path),
            ("http://h/a b", BaseUrlError::Characters),
            ("http://h\\a", BaseUrlError::Characters),
            ("http://bücher.example", BaseUrlError::Characters),
            ("http://h\n", BaseUrlError::Characters),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap_err(), reason, "{text}");
        }
        for text in ["http://h:99999", "http://[::1", "http://h:x", "http://:80"] {
            assert!(
                matches!(BaseUrl::parse(text), Err(BaseUrlError::Malformed(_))),
                "{text}"
            );
        }
    }
}
