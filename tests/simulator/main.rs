//! The simulator on its own: `cargo run --example simulator -- --listen 127.0.0.1:0`.

fn main() {}
