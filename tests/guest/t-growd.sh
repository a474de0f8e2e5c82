#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon grows containers before they are full, and only as far, as often and as long as it may.
# suites: bookworm trixie
# matrix: trixie:FS=ext4 bookworm:FS=xfs
# soak: trixie:FS=ext4,RATE=20 trixie:FS=ext4,RATE=100 FS=ext4,RATE=400 trixie:FS=xfs,RATE=20 trixie:FS=xfs,RATE=100 FS=xfs,RATE=400 trixie:FS=btrfs,RATE=100
# limit: 200
# soak-limit: 1200
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh
# shellcheck source=tests/guest/growd.sh
. /src/tests/guest/growd.sh

# The long form grows to 16 GiB, at other rates too.
MAX=8
[ -z "${SOAK:-}" ] || MAX=16
RATE=${RATE:-400}

# fill_again NAME REGEX: goes on to write. Has the log REGEX now?
fill_again() {
	local mib
	mib=$(($(stat -c %s "/run/disk/$1/fill") / 1048576))
	fill "$1" 4000 $((mib + 256)) "$mib"
	logged "$2"
}

ok "syslog runs" start_syslog
ok "a pool comes up" pool_up
configure '.max_size = "64G" | .rules = [{ name: "small", match: { annotation: { small: "yes" } },
	autogrow: { max: "32G", budget: "2 per 1h" } }, { name: "data", match: { annotation: { data: "yes" } },
	autogrow: { max: "32G", budget: "2 per 1h", min_step: "256M", by: "10%" } }]'
mkdir -p /run/oci-thin-grow/growd.json
ok "the daemon starts" growd_up
ok "that it cannot write what it knows is in the log" wait_for logged 'action=warn source=growd reason="/run/oci-thin-grow/growd.json: '
rmdir /run/oci-thin-grow/growd.json
ok "a second one does not" not /usr/sbin/oci-thin-growd

## A writer that the defaults can keep up with

ok "container a may grow to $MAX GiB" container a 1G "$(max ${MAX}G)"
ok "container b may not grow" container b 1G
ok "explain succeeds" otg explain a
like "explain shows how far it grows, who says so, and its next step" "$(cat /run/out)" \
	"autogrow +up to $MAX GiB, annotation io.oci-thin-grow.max.* to 2 GiB, as soon as .* are used"
ok "a writer of $RATE MiB/s sees no full disk below the maximum" fill a "$RATE" $((MAX * 925))
figure "a writer of $RATE MiB/s reached ${reached:-too little} on $FS, from 1 GiB to $MAX GiB"
is "a has its maximum" "$(device_bytes a)" $((MAX * GIB))
like "explain shows that it has its maximum" "$(/usr/sbin/oci-thin-grow explain a)" 'not now: it has its maximum'
ok "its growths are in the log" logged 'action=grow container=runc:a engine=runc device=a from=1073741824 to=2147483648 .*source=autogrow'
ok "90 % of the maximum is a warning" wait_for logged "action=warn container=runc:a .* max=$((MAX * GIB)) used=[0-9]* warning="
ok "at the maximum the writer sees a full disk" not fill a 4000 $((MAX * 1024)) $((MAX * 925))
ok "b is full" fill b 4000 800

## A writer without end

ok "container c has a budget of two steps" container c 1G '.annotations.small = "yes"'
ok "a writer without end sees a full disk" not fill c "$RATE" 32768
ok "it goes on until its budget is used up" wait_for fill_again c 'action=limit container=runc:c .*budget of 2 steps per 1h'
is "c grew two times" "$(device_bytes c)" $((4 * GIB))
ok "the daemon stops at once" growd_down
ok "it starts again" growd_up
rm /run/disk/c/fill
ok "the writer goes on" not fill c 4000 32768
ok "the daemon remembers the budget" wait_for state_is c limited
is "it goes on counting its growths" "$(jq .counts.grown /run/oci-thin-grow/growd.json)" "$(count_logged 'action=grow .*source=autogrow')"
is "c did not grow again" "$(device_bytes c)" $((4 * GIB))
rm /run/disk/c/fill
ok "when it has space it is not limited any more" wait_for state_is c watching
is "the limit was logged once by each of the two" "$(count_logged 'action=limit container=runc:c ')" 2

## A writer of real data

ok "container g has a budget of two smaller steps" container g 512M '.annotations.data = "yes"'
ok "a part of g is allocated" fill g 4000 250
ok "a program that writes data sees no full disk while its budget lasts" write_data g 100 800 250
is "g grew two times" "$(device_bytes g)" $GIB
ok "one that writes as fast as it can sees a full disk then" not dd if=/dev/zero of=/run/disk/g/more bs=1M count=1024 status=none
ok "g is known to be limited" wait_for state_is g limited
is "that was logged once" "$(count_logged 'action=limit container=runc:g .*budget of 2 steps per 1h')" 1
is "g did not grow again" "$(device_bytes g)" $GIB
rm /run/disk/g/fill /run/disk/g/more
ok "g is removed" gone g

## Switched off, and other configurations

touch /run/oci-thin-grow/disabled
ok "container d may grow" container d 1G "$(max 32G)"
ok "the pause is in the log" wait_for logged 'action=pause '
ok "d is full" fill d 4000 800
ok "d is known to be full" wait_for uses d 800
is "while it is switched off d does not grow" "$(size_and_steps d)" "1 GiB, 0 steps"
rm /run/oci-thin-grow/disabled
ok "then it does" wait_for grew d 1
is "b has been full for long, and has not grown" "$(size_and_steps b)" "1 GiB, 0 steps"
configure '.max_size = "64G" | .autogrow.max = "16G" | .autogrow.cooldown = "1s"'
ok "a changed file is read" wait_for logged 'action=reload '
ok "now b may grow" wait_for grew b 1
echo '{ "enabled": tru }' >$CONFIG
ok "a broken configuration is reported" wait_for logged 'action=warn .*the last sound one stays in effect: .*config.json:1'
size=$(gib_of d)
ok "d fills up again" fill d 4000 $((size * 900)) 800
ok "the last sound one stays in effect" wait_for grew d "$size"
ok "the daemon stops" growd_down
echo '{ "version": 1, "filesystems": [' >/run/oci-thin-grow/growd.json
ok "it starts with the broken file, and a state that is broken" growd_up
ok "that is in the log" wait_for logged 'action=warn .*nothing grows until it is repaired: .*config.json:1'
from=$((size * 900)) size=$(gib_of d)
ok "d fills up under it" fill d 4000 $((size * 900)) $from
ok "that is known, too" wait_for uses d $((size * 900))
is "d does not grow, although its annotation asks for it" "$(size_and_steps d)" "$size GiB, 0 steps"
configure '.max_size = "64G" | .autogrow.max = "16G" | .autogrow.cooldown = "1s"'
ok "under a repaired one it does" wait_for grew d "$size"
configure '.enabled = false | .autogrow.max = "16G" | .autogrow.cooldown = "1s"'
kill -HUP "$growd_pid"
ok "\"enabled\": false is a pause" wait_for paused_times 3
from=$((size * 900)) size=$(gib_of d) before=$(size_and_steps d)
ok "d fills up once more" fill d 4000 $((size * 900)) $from
ok "d is known to be full again" wait_for uses d $((size * 900))
is "d has not grown" "$(size_and_steps d)" "$before"
ok "the daemon stops" growd_down
ok "the host is well: no process is stuck" wait_for not stuck
finish
