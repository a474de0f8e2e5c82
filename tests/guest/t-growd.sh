#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon grows containers before they are full, and only as far, as often and as long as it may.
# suites: bookworm trixie
# matrix: trixie:FS=ext4 bookworm:FS=xfs
# soak: FS=ext4 FS=xfs FS=btrfs
# limit: 200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growd.sh
. /src/tests/guest/growd.sh

max() {
	echo ".annotations[\"io.oci-thin-grow.max\"] = \"$1\""
}

ok "syslog runs" start_syslog
ok "a pool comes up" pool_up
ok "a configuration" configure '.max_size = "16G"'
ok "the daemon starts" growd_up
ok "a second one does not" not /usr/sbin/oci-thin-growd

ok "a container that may grow to 16 GiB" container a 1G "$(max 16G)"
ok "a container that may not" container b 1G
ok "explain succeeds" otg explain a
like "explain shows how far it grows, who says so, and its next step" "$(cat /run/out)" \
	'autogrow +up to 16 GiB, annotation io.oci-thin-grow.max.* to 2 GiB, as soon as .* are used'
ok "a writer of 400 MiB/s gets 14.5 GiB of 16" fill a 400 14848
is "it has its maximum" "$(device_bytes a)" $((16 * GIB))
like "explain shows that it has its maximum" "$(/usr/sbin/oci-thin-grow explain a)" 'not now: it has its maximum'
ok "the log has the growths" logged 'action=grow container=.*a.* device=a from=1073741824 to=2147483648 .*source=autogrow'
ok "one that may not grow is full" fill b 2000 800
ok "the daemon stops within a second" growd_down
is "one that may not grow has not grown" "$(device_bytes b)" $GIB
finish
