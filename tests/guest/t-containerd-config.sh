#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# enable and disable in random configurations of containerd (tests/containerd), as containerd reads them.
# suites: bookworm trixie forky
# matrix: bookworm:VERSION=2 trixie:VERSION=2 forky:VERSION=2 forky:VERSION=3
# soak: bookworm:VERSION=2 trixie:VERSION=2 forky:VERSION=2 forky:VERSION=3
# limit: 300
# soak-limit: 3000
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh

# Others each time in the long form, so that it finds more the more often it runs
first=1
[ -z "${SOAK:-}" ] || first=$((RANDOM * 1000))
ok "$VERSION, from $first on" /src/tests/containerd/check "$VERSION" "$first" "${SOAK:-5}"
finish
