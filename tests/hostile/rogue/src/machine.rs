//! What a guest of WASI 0.2 may ask of the machine that it runs on, and a resource of its own to make handles of.

wit_bindgen::generate!({
    inline: "
        package reeve:rogue;

        world machine {
            import wasi:cli/environment@0.2.0;
            import wasi:cli/stdin@0.2.0;
            import wasi:cli/stdout@0.2.0;
            import wasi:cli/stderr@0.2.0;
            import wasi:clocks/wall-clock@0.2.0;
            import wasi:clocks/monotonic-clock@0.2.0;
            import wasi:filesystem/preopens@0.2.0;
            import wasi:random/random@0.2.0;
            import wasi:sockets/instance-network@0.2.0;
            import wasi:sockets/ip-name-lookup@0.2.0;
            import wasi:sockets/tcp-create-socket@0.2.0;
            import wasi:sockets/udp-create-socket@0.2.0;

            export things: interface {
                resource thing {}
            }
        }

        package wasi:cli@0.2.0 {
            interface environment {
                get-environment: func() -> list<tuple<string, string>>;
                get-arguments: func() -> list<string>;
                initial-cwd: func() -> option<string>;
            }
            interface stdin {
                use wasi:io/streams@0.2.0.{input-stream};
                get-stdin: func() -> input-stream;
            }
            interface stdout {
                use wasi:io/streams@0.2.0.{output-stream};
                get-stdout: func() -> output-stream;
            }
            interface stderr {
                use wasi:io/streams@0.2.0.{output-stream};
                get-stderr: func() -> output-stream;
            }
        }

        package wasi:io@0.2.0 {
            interface error {
                resource error;
            }
            interface poll {
                resource pollable;
            }
            interface streams {
                use error.{error};
                variant stream-error { last-operation-failed(error), closed }
                resource input-stream {
                    blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
                }
                resource output-stream {
                    blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
                }
            }
        }

        package wasi:clocks@0.2.0 {
            interface wall-clock {
                record datetime { seconds: u64, nanoseconds: u32 }
                now: func() -> datetime;
            }
            interface monotonic-clock {
                use wasi:io/poll@0.2.0.{pollable};
                now: func() -> u64;
                subscribe-duration: func(when: u64) -> pollable;
            }
        }

        package wasi:filesystem@0.2.0 {
            interface types {
                resource descriptor;
            }
            interface preopens {
                use types.{descriptor};
                get-directories: func() -> list<tuple<descriptor, string>>;
            }
        }

        package wasi:random@0.2.0 {
            interface random {
                get-random-u64: func() -> u64;
            }
        }

        package wasi:sockets@0.2.0 {
            interface network {
                resource network;
                enum error-code {
                    unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
                    concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit,
                    address-not-bindable, address-in-use, remote-unreachable, connection-refused, connection-reset,
                    connection-aborted, datagram-too-large, name-unresolvable, temporary-resolver-failure,
                    permanent-resolver-failure,
                }
                enum ip-address-family { ipv4, ipv6 }
            }
            interface instance-network {
                use network.{network};
                instance-network: func() -> network;
            }
            interface ip-name-lookup {
                use network.{network, error-code};
                resource resolve-address-stream;
                resolve-addresses: func(network: borrow<network>, name: string)
                    -> result<resolve-address-stream, error-code>;
            }
            interface tcp {
                resource tcp-socket;
            }
            interface tcp-create-socket {
                use network.{error-code, ip-address-family};
                use tcp.{tcp-socket};
                create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
            }
            interface udp {
                resource udp-socket;
            }
            interface udp-create-socket {
                use network.{error-code, ip-address-family};
                use udp.{udp-socket};
                create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
            }
        }
    ",
    world: "machine",
    generate_all,
});

use crate::Rogue;

/// Nothing but a handle.
pub struct Thing;

impl exports::things::GuestThing for Thing {}

impl exports::things::Guest for Rogue {
    type Thing = Thing;
}

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "what calls an export finds it by its bare name")]
mod exported {
    use crate::Rogue;

    super::export!(Rogue with_types_in super);
}
