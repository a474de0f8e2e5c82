#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A power cut while a Docker container's ext4 is grown: it must not be grown on the mount that replays the journal
# (t-replay.sh), but Docker still starts the container. Its next start grows it.
# kernel: bookworm:forky
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

# While it is not mounted, df shows the filesystem that contains the mount point, which is smaller.
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
	ok "while the program is disabled, web runs with 1 GiB" docker_run web --restart always --label io.oci-thin-grow.size=400G
	ok "data is written in web" fill web
	sync -f /data
	D=$(device_of web)
	M=$(findmnt -nro TARGET -S "/dev/mapper/$D" | head -n 1)
	ok "web stops" docker stop web
	rm $SWITCH
	# There is one processor: this shell must run in time to see the growth.
	chrt -f -p 1 $$
	docker start web >/run/start.out 2>&1 &
	ok "the start of web has begun to grow ext4" wait_for is_at_it
	# fsync writes the growth so far to the journal, and nowhere else.
	dd if=/dev/zero of="$M/commit" bs=4K count=1 conv=fsync status=none
	# The growth must not finish before the power is cut.
	dmsetup suspend --nolockfs "$D"
	like "the ledger has the growth as unfinished" "$(cat "/var/lib/oci-thin-grow/ledger/$D")" 'state=intended'
	next_boot_after_cut 0
	await_cut
fi

ok "after the power cut, dockerd starts" docker_up
ok "after the power cut, dockerd has started web" wait_for runs web
is "after the power cut, the data of web is unchanged" "$(sum_in web)" "$(cat /host/sum.web)"
like "after the power cut, web has the size of the replayed journal" "$(gib_in)" '^([1-9]|[1-9][0-9]|[12][0-9][0-9]|3[0-7][0-9])$'
like "after the power cut, the log says to stop and start web" "$(cat /run/messages)" 'action=postpone container=.* requested=429496729600 reason=.*stop and start'
like "after the power cut, Docker has no error for web" "$(docker inspect -f '{{.State.Error}}' web)" '^$'
ok "web stops after the power cut" docker stop web
ok "web starts after the power cut" docker start web
like "the second start grows web to 400 GiB" "$(gib_in)" '^39[0-9]$|^38[0-9]$'
is "the second start keeps the data of web" "$(sum_in web)" "$(cat /host/sum.web)"
finish
