#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A power cut while a Docker container's ext4 is grown: after the boot it must not be grown on the mount that replays
# (t-replay.sh), but Docker still starts it. Its next start grows it.
# suites: bookworm
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/docker.sh
. /src/tests/guest/docker.sh

POOL_GB=500
SWITCH=/run/oci-thin-grow/disabled

gib_in() {
	docker exec web df -m / | awk 'END { printf "%d\n", $(NF-4) / 1024 }'
}

# While it is not mounted, df shows the filesystem around it: smaller than that.
is_at_it() {
	[ "$(df --output=size -BG "$M" | tail -n 1 | tr -d 'G ')" -gt 16 ]
}

runs() {
	[ "$(docker inspect -f '{{.State.Running}}' "$1")" = true ]
}

ok "boot $PHASE: the host is up" host_up
if [ "$PHASE" = 1 ]; then
	mkdir -p "${SWITCH%/*}" && touch $SWITCH
	ok "docker starts" docker_up
	ok "a tar image is built" bb_tar /t/bb.tar
	ok "the image is imported" docker import /t/bb.tar bb
	ok "web runs, not grown yet" docker_run web --restart always --label io.oci-thin-grow.size=400G
	ok "data" fill web
	sync -f /data
	D=$(device_of web)
	M=$(findmnt -nro TARGET -S "/dev/mapper/$D" | head -n 1)
	ok "it stops" docker stop web
	rm $SWITCH
	# On the one processor, the watching goes before what is watched.
	chrt -f -p 1 $$
	docker start web >/run/start.out 2>&1 &
	ok "ext4 is growing" wait_for is_at_it
	# fsync brings the growth so far to the journal, and to nowhere else.
	dd if=/dev/zero of="$M/commit" bs=4K count=1 conv=fsync status=none
	# It cannot come to its end before the power goes.
	dmsetup suspend --nolockfs "$D"
	like "and not done" "$(cat "/var/lib/oci-thin-grow/ledger/$D")" 'state=intended'
	next_boot_after_cut 0
	sleep 60
	exit 1
fi

ok "docker starts, and with it its containers" docker_up
ok "web runs again" wait_for runs web
is "its data is whole" "$(sum_in web)" "$(cat /host/sum.web)"
like "it has what it had, not what it asks for" "$(gib_in)" '^([1-9]|[1-9][0-9]|[12][0-9][0-9]|3[0-7][0-9])$'
like "the log tells" "$(cat /run/messages)" 'action=postpone container=.* requested=429496729600 reason=.*stop and start'
like "Docker holds nothing against it" "$(docker inspect -f '{{.State.Error}}' web)" '^$'
ok "stop" docker stop web
ok "start" docker start web
like "then it is grown" "$(gib_in)" '^39[0-9]$|^38[0-9]$'
is "its data is still whole" "$(sum_in web)" "$(cat /host/sum.web)"
finish
