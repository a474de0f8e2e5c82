#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# deps.sh PACKAGE...: installs missing packages (Debian; root). Silent and fast if none is missing.
set -euo pipefail

missing=()
for package; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "deps: these packages are missing, and installing them needs root: ${missing[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
