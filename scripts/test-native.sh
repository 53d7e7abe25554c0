#!/bin/sh
# Builds TensorFlow into the cache folder (MS_CACHE) and runs the tests that need it. Needs Python 3 with pip, npm and a C++ compiler.
#   scripts/test-native.sh [native|native-gpu]
set -e
cd "$(dirname "$0")/.."
pnpm -s build
pnpm -s ms doctor --install "${1:-native}" --yes
pnpm -s ms doctor --engine "${1:-native}"
pnpm vitest run packages/runtime/src/native
