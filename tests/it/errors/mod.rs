//! Every error code, brought about by a real request; each body as its caller reads it.

mod calls;
mod flows;
mod requests;
