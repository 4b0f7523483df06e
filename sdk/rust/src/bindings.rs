//! What wit-bindgen makes of the contract: one world for what the host offers, and one for each interface that a plugin
//! may export, so that a plugin's binary names exactly what it exports. The rest of the crate wraps it.

/// The shared types and what the host offers.
pub mod host {
    wit_bindgen::generate!({
        path: "../../wit/0.1.0",
        world: "host-services",
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

macro_rules! exported {
    ($name:ident, $world:tt) => {
        pub mod $name {
            wit_bindgen::generate!({
                path: "../../wit/0.1.0",
                world: $world,
                pub_export_macro: true,
                generate_unused_types: true,
                additional_derives: [PartialEq],
                with: {
                    "reeve:connector/types@0.1.0": crate::bindings::host::reeve::connector::types,
                },
            });
        }
    };
}

exported!(descriptor, "exports-descriptor");
exported!(reader, "exports-reader");
exported!(writer, "exports-writer");
exported!(credentials, "exports-credentials");
exported!(workforce, "exports-workforce");
