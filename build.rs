//! Compiles the wire contract in `proto/`. It does not need `protoc` on the PATH.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["tfplugin6.proto", "go_plugin.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Only the tests use the client. It is built without `connect`, so that the provider does not link a
        // transport.
        .build_transport(false)
        // An RPC that a provider does not implement answers UNIMPLEMENTED.
        .generate_default_stubs(true)
        // These messages contain configuration and state. Their `Debug` is written by hand and shows neither.
        .skip_debug([".tfplugin6.DynamicValue", ".tfplugin6.RawState"])
        .btree_map(".tfplugin6")
        .compile_fds(descriptors)?;
    Ok(())
}
