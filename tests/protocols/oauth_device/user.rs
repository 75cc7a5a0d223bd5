//! The user of a device: a browser that follows the pages of the authorization server.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot arrange what it needs fails; the user stands outside the service"
)]

use std::collections::BTreeMap;

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Url};

/// Follows the address that the device shows, signs in and approves.
pub(crate) async fn approves(verification_uri_complete: &str) {
    let mut browser = Browser::new();
    let asked = browser.confirmation(verification_uri_complete).await;
    let sign_in = browser.submit(&asked, &[]).await;
    let secret = [("login", "ada"), ("password", "enchantress")];
    let consent = browser.submit(&sign_in, &secret).await;
    let end = browser.submit(&consent, &[]).await;
    assert!(end.text.contains("Sign-in Success"), "{}", end.text);
}

/// Follows the address, and says that this is no device of theirs.
pub(crate) async fn aborts(verification_uri_complete: &str) {
    let mut browser = Browser::new();
    let asked = browser.confirmation(verification_uri_complete).await;
    let end = browser.submit(&asked, &[("abort", "yes")]).await;
    assert!(end.text.contains("interrupted"), "{}", end.text);
}

/// Follows the address, confirms the device, and leaves where they are asked to sign in.
pub(crate) async fn refuses_to_sign_in(verification_uri_complete: &str) {
    let mut browser = Browser::new();
    let asked = browser.confirmation(verification_uri_complete).await;
    let sign_in = browser.submit(&asked, &[]).await;
    browser.open(&format!("{}/abort", sign_in.url)).await;
}

/// Follows redirects and keeps cookies, for one server.
struct Browser {
    http: Client,
    /// By path and name.
    cookies: BTreeMap<(String, String), String>,
}

struct Page {
    url: Url,
    text: String,
}

impl Browser {
    fn new() -> Self {
        let builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: builder.build().expect("a client"),
            cookies: BTreeMap::new(),
        }
    }

    /// The page that asks whether the code is the one that the device shows. The one before hands
    /// on the code that the address holds.
    async fn confirmation(&mut self, verification_uri_complete: &str) -> Page {
        let page = self.open(verification_uri_complete).await;
        self.submit(&page, &[]).await
    }

    async fn open(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("an address");
        self.followed(&url, self.http.get(url.clone())).await
    }

    /// Submits the form of a page: what it holds already, and what is filled in.
    async fn submit(&mut self, page: &Page, filled: &[(&str, &str)]) -> Page {
        let action = page.url.join(attribute(&page.text, "action"));
        let action = action.expect("a form has an address");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(page.hidden()).extend_pairs(filled);
        let request = self.http.post(action.clone());
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.followed(&action, request.body(form.finish())).await
    }

    async fn followed(&mut self, url: &Url, mut request: RequestBuilder) -> Page {
        let mut url = url.clone();
        loop {
            let response = request.header(COOKIE, self.cookies_for(&url)).send().await;
            let response = response.expect("the server answers");
            for set in response.headers().get_all(SET_COOKIE) {
                self.keep(set.to_str().expect("a cookie is text"));
            }
            let Some(location) = response.headers().get(LOCATION) else {
                let text = response.text().await.expect("a page is text");
                return Page { url, text };
            };
            let location = location.to_str().expect("an address is text");
            url = url.join(location).expect("an address");
            request = self.http.get(url.clone());
        }
    }

    fn cookies_for(&self, url: &Url) -> String {
        let sent = self
            .cookies
            .iter()
            .filter(|((path, _), _)| url.path().starts_with(path));
        Vec::from_iter(sent.map(|((_, name), value)| format!("{name}={value}"))).join("; ")
    }

    fn keep(&mut self, set: &str) {
        let mut parts = set.split("; ");
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let (name, value) = pair.expect("a cookie has a name");
        let path = parts
            .find_map(|part| part.strip_prefix("path="))
            .unwrap_or("/");
        let key = (path.to_owned(), name.to_owned());
        if value.is_empty() {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}

impl Page {
    fn hidden(&self) -> Vec<(&str, &str)> {
        let inputs = self.text.split("<input type=\"hidden\"").skip(1);
        inputs
            .map(|input| (attribute(input, "name"), attribute(input, "value")))
            .collect()
    }
}

/// The first attribute of that name.
fn attribute<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("{name}=\"");
    text.split_once(&start)
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or_else(|| panic!("no {name} in {text}"))
}
