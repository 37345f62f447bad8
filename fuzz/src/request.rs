//! Requests of the plugin protocol, as bytes: by field number, since a fuzzer's requests need not be valid ones.

use std::sync::OnceLock;

/// The RPCs, from the protocol's own file. Without `ConfigureProvider`: an input could name any host as the API's.
pub fn methods() -> &'static [&'static str] {
    static METHODS: OnceLock<Vec<&str>> = OnceLock::new();
    METHODS.get_or_init(|| {
        let lines = include_str!("../../proto/tfplugin6.proto").lines();
        let names = lines.filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
        names.filter(|name| *name != "ConfigureProvider").collect()
    })
}

/// A message under construction.
pub struct Request(Vec<u8>);

impl Request {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// A field of bytes, or a message.
    pub fn bytes(mut self, field: u8, content: &[u8]) -> Self {
        self.0.push(field << 3 | 2);
        let mut length = content.len();
        while length > 0x7f {
            self.0.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        self.0.push(u8::try_from(length).unwrap());
        self.0.extend_from_slice(content);
        self
    }

    /// A string.
    pub fn text(self, field: u8, content: &str) -> Self {
        self.bytes(field, content.as_bytes())
    }

    /// The message.
    pub fn end(self) -> Vec<u8> {
        self.0
    }
}

/// A value (`DynamicValue`) in MessagePack.
pub fn messagepack(value: &[u8]) -> Vec<u8> {
    Request::new().bytes(1, value).end()
}

/// A value in JSON. Attributes that are absent are null.
pub fn json(value: &serde_json::Value) -> Vec<u8> {
    Request::new().bytes(2, value.to_string().as_bytes()).end()
}
