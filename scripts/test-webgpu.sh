#!/bin/sh
# Runs the tests of both ways to WebGPU; where there is no GPU, on SwiftShader, a Vulkan driver that computes on the processor
# (Debian: apt install --no-install-recommends chromium-common libvulkan1).
set -e
cd "$(dirname "$0")/.."
software=/usr/lib/chromium/vk_swiftshader_icd.json
if [ ! -e /dev/dri/renderD128 ] && [ -e "$software" ]; then
  export VK_ICD_FILENAMES="$software" XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
fi
pnpm vitest run packages/runtime/src/webgpu packages/finetune/src/train/placement-webgpu.test.ts
