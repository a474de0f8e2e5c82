#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# enable and disable in random configurations of containerd (tests/containerd), as containerd reads them.
# kernel: bookworm:forky trixie:forky
# suites: bookworm trixie forky
# matrix: bookworm:VERSION=2 trixie:VERSION=2 forky:VERSION=3
# soak: bookworm:VERSION=2 trixie:VERSION=2 forky:VERSION=2 forky:VERSION=3
# limit: 300
# soak-limit: 3000
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh

# The long form uses other random configurations at each run.
first=1
[ -z "${SOAK:-}" ] || first=$((RANDOM * 1000))
ok "version $VERSION: containerd accepts what enable and disable make of random configurations, from number $first" /src/tests/containerd/check "$VERSION" "$first" "${SOAK:-3}"
finish
