#!/bin/sh
# 安装或升级集抄,不需要网络 installs or upgrades Jichao without a network. See docs/OPERATIONS.md, sections 1 and 7.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here"
if ! sha256sum --check --quiet --strict SHA256SUMS; then
  echo "安装包不完整或被改动,未作任何改动。请重新拷贝并核对 .sha256" >&2
  echo "The package is damaged or was changed; nothing was done. Copy it again and compare its .sha256" >&2
  exit 1
fi
exec ./node/bin/node src/cli/jichao.ts release install "$@"
