#!/usr/bin/env bash
# How large the transformer's binary is, how long it takes from its start to its first request for an event, and
# how much memory it holds while it answers an event of 6 MB. Linux; needs Python 3 and nothing else.
#
#   bench/transform/start.sh [BINARY]     default: what `cargo build --profile lambda -p hydrant-transformer` made
set -euo pipefail
cd "$(dirname "$0")/../.."
binary="${1:-${CARGO_TARGET_DIR:-target}/lambda/transformer}"
[ -x "$binary" ] || { echo "no $binary; build it: cargo build --profile lambda -p hydrant-transformer" >&2; exit 2; }
exec python3 bench/transform/start.py "$binary"
