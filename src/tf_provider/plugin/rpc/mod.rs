//! The RPCs, with one file per kind. They only decode, call and encode.

mod action;
mod codec;
mod data_source;
mod ephemeral_resource;
mod function;
mod list_resource;
mod provider;
mod resource;
mod schemas;
mod service;

pub(super) use service::Service;
