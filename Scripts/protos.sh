#!/bin/bash
# Makes Sources/EtcdSequencing/Protos/etcd.pb.swift anew from etcd.proto beside it, with the generator of the swift-protobuf version that is
# resolved. Needs Debian's package protobuf-compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
swift package resolve >/dev/null
generator=.build/checkouts/swift-protobuf
swift build -c release --package-path "$generator" --product protoc-gen-swift
cd Sources/EtcdSequencing/Protos
protoc --plugin="../../../$generator/.build/release/protoc-gen-swift" --swift_out=. etcd.proto
