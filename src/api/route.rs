//! A route: what answers at a path, and what is said of it.

use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};
use utoipa::openapi::HttpMethod;

use super::{Api, Listener};
use crate::openapi::{Described, Entry, Side};

/// A path and a method with the handler that answers there and the operation that it is.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) handler: MethodRouter<Api>,
    method: HttpMethod,
    side: Side,
    described: fn() -> Described,
}

impl Route {
    pub(super) fn get<H, T>(
        side: Side,
        path: &'static str,
        handler: H,
        described: fn() -> Described,
    ) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self {
            path,
            handler: get(handler),
            method: HttpMethod::Get,
            side,
            described,
        }
    }

    pub(super) fn post<H, T>(
        side: Side,
        path: &'static str,
        handler: H,
        described: fn() -> Described,
    ) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self {
            path,
            handler: post(handler),
            method: HttpMethod::Post,
            side,
            described,
        }
    }

    pub(super) const fn is_on(&self, listener: Listener) -> bool {
        match (listener, self.side) {
            (Listener::Whole, _) | (_, Side::Both) => true,
            (Listener::Product, Side::Product) | (Listener::Operator, Side::Operator) => true,
            (Listener::Product, Side::Operator) | (Listener::Operator, Side::Product) => false,
        }
    }

    /// What the document says of it.
    pub(super) fn entry(self) -> Entry {
        Entry {
            path: self.path,
            method: self.method,
            side: self.side,
            described: (self.described)(),
        }
    }
}
