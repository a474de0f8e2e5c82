#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `metrics`, its alerts and timers: the values are right and can be parsed, whatever the containers' names are.
# suites: trixie
# matrix: FS=ext4
# limit: 600
# shellcheck source=tests/guest/lib.sh
. /src/tests/guest/lib.sh
# shellcheck source=tests/guest/bundle.sh
. /src/tests/guest/bundle.sh

SHARE=/usr/share/oci-thin-grow
LEDGER=/var/lib/oci-thin-grow/ledger
RULES=/usr/lib/udev/rules.d
HOSTILE=$'we"b\\\n} 1\nup{x="\t\x1b[2J'

# measure: what it says now, in /run/metrics; each time promtool must accept it, and no series be there twice
measure() {
	/usr/sbin/oci-thin-grow metrics >/run/metrics 2>/run/err || { cat /run/err; return 1; }
	promtool check metrics </run/metrics || return
	[ -z "$(grep -v '^#' /run/metrics | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

# value FAMILY [PART OF LABELS]: of the one series that has it
value() {
	grep "^oci_thin_grow_$1[{ ]" /run/metrics | grep -F -- "${2:-}" | sed 's/.* //'
}

# run_bare NAME ID: a container of crun on a disk of its own, which stays
run_bare() {
	new_disk "$1" && spec "/run/bundle/$1" "/run/disk/$1" '.process.args = ["sleep", "10000"]' || return
	crun run --detach --bundle "/run/bundle/$1" "$2" >/run/crun.log 2>&1 </dev/null
}

# run_ctr ID [OPTION...]
run_ctr() {
	local id=$1
	shift
	ctr run -d --null-io --snapshotter devmapper --runc-binary /usr/sbin/oci-thin-grow-runtime "$@" \
		local/bb:latest "$id" sleep 10000
}

# mount_of ID: the device of a container of containerd
mount_of() {
	findmnt -nro SOURCE "/run/containerd/io.containerd.runtime.v2.task/default/$1/rootfs"
}

rule_event() {
	udevadm control --reload && udevadm trigger --settle "$(mount_of grown)"
}

ok "udev starts" start_udev
ok "syslog starts" start_syslog
ok "a pool comes up" pool_up
ok "without containers" measure
is "the pool is fine" "$(value pool_state)" 1
like "the pool is fine: by its label" "$(grep '^oci_thin_grow_pool_state' /run/metrics)" 'pool="pool",state="ok"'
is "nothing is said of healing" "$(value healing_armed)" ""

ok "containerd starts" containerd_up
ok "an OCI image is built" oci_layout /t/oci.tar
ok "the image is imported" image_import local/bb /t/oci.tar
ok "one that is grown, with a hostile name" run_ctr grown --annotation io.oci-thin-grow.size=4G \
	--annotation "nerdctl/name=$HOSTILE"
ok "one that is not, with the same name" run_ctr plain --annotation "nerdctl/name=$HOSTILE"
next_thin_id=1000
ok "a bare one that is called as the first" run_bare vm-disk grown
ok "all of them" measure

## It is true

device=$(mount_of grown)
C='id="grown",device="'$(basename "$device")'"'
where=/run/containerd/io.containerd.runtime.v2.task/default/grown/rootfs
is "its device" "$(value container_device_bytes "$C")" "$(blockdev --getsize64 "$device")"
is "is 4 GiB" "$(value container_device_bytes "$C")" $((4 * GIB))
is "its filesystem" "$(value container_filesystem_size_bytes "$C")" \
	"$(($(dumpe2fs -h "$device" 2>/dev/null | awk '/^Block count:/ { print $3 }') * 4096))"
is "used" "$(value container_used_bytes "$C")" "$(df -B1 --output=used $where | tail -n 1 | tr -d ' ')"
is "available" "$(value container_available_bytes "$C")" "$(df -B1 --output=avail $where | tail -n 1 | tr -d ' ')"
is "requested" "$(value container_requested_bytes "$C")" $((4 * GIB))
is "the other asks for nothing" "$(value container_requested_bytes 'id="plain"')" ""
is "the bare one has a disk of its own" "$(value container_device_bytes 'engine="crun",namespace="",name="",id="grown"')" \
	"$(blockdev --getsize64 /dev/mapper/vm-disk)"
is "three that run" "$(value containers running) $(value containers stopped)" "3 0"
# shellcheck disable=SC2016
is "the name is one label, escaped" "$(grep -cF 'name="we\"b\\\n} 1\nup{x=\"'$'\xef\xbf\xbd\xef\xbf\xbd''[2J",id="grown"' /run/metrics)" \
	"$(grep -c 'engine="containerd".*id="grown"' /run/metrics)"
is "and forges no line" "$(grep -cvE '^(# (HELP|TYPE) )?oci_thin_grow_' /run/metrics)" 0

# measure_calm: between two equal looks at the pool, on which ext4 may be at work by itself
measure_calm() {
	local before end=$((SECONDS + 180))
	sync
	while [ "$SECONDS" -lt "$end" ]; do
		measured_from=$(date +%s)
		before=$(dmsetup status --noflush pool)
		measure || return
		pool_status=$(dmsetup status --noflush pool)
		[ "$before" != "$pool_status" ] || return 0
		sleep .5
	done
	return 1
}

ok "while the pool is calm" measure_calm
read -r _ _ _ _ metadata data _ <<<"$pool_status"
is "the pool's data in use" "$(value pool_data_used_bytes)" $((${data%/*} * 65536))
is "the pool's data" "$(value pool_data_bytes)" $((${data#*/} * 65536))
is "the pool's metadata in use" "$(value pool_metadata_used_bytes)" $((${metadata%/*} * 4096))
is "the pool's metadata" "$(value pool_metadata_bytes)" $((${metadata#*/} * 4096))
virtual=$(dmsetup table --target thin | awk '{ n += $3 } END { print n * 512 }')
is "its virtual total" "$(value pool_virtual_bytes)" "$virtual"
is "its devices" "$(value pool_active_devices)" "$(dmsetup table --target thin | grep -c .)"
is "its over-commit" "$(value pool_overcommit_ratio)" "$(awk -v v="$virtual" 'BEGIN { printf "%.6f", v / (20 * 2 ^ 30) }')"
is "the ledger" "$(value ledger_entries "done") $(value ledger_entries intended) $(value ledger_entries damaged)" "1 0 0"
ok "the time: not before" [ "$(value last_run_timestamp_seconds)" -ge "$measured_from" ]
ok "the time: not after" [ "$(value last_run_timestamp_seconds)" -le "$(date +%s)" ]
is "nothing was left unread" "$(value unread_objects)" 0

## Who is at risk

is "healing is armed" "$(value healing_armed)" 1
is "nobody is at risk" "$(value containers_at_risk | sort -u) $(value container_at_risk | sort -u)" "0 0"
mv $RULES/94-oci-thin-grow.rules /run/
ok "the rule goes" rule_event
ok "without the rule" measure
is "without the rule: healing" "$(value healing_armed)" 0
is "without the rule: one is at risk" "$(value containers_at_risk 'not healed')" 1
is "without the rule: which" "$(grep '^oci_thin_grow_container_at_risk.* 1$' /run/metrics | grep -cF "$C")" 1
is "without the rule: no other" "$(grep -c '^oci_thin_grow_container_at_risk.* 1$' /run/metrics)" 1
mv /run/94-oci-thin-grow.rules $RULES/
ok "the rule is back" rule_event
ok "with the rule" measure
is "with the rule: nobody" "$(value healing_armed) $(value containers_at_risk | sort -u)" "1 0"

next_thin_id=1007
ok "a disk as an engine names it" run_bare pool-snap-1007 half
ok "it is killed" not strace -o /run/strace -e trace=renameat -e inject=renameat:signal=KILL:when=2 \
	/usr/sbin/oci-thin-grow grow crun:half 2G
ok "after that" measure
is "it is unfinished" "$(value unfinished_growths) $(value containers_at_risk unfinished)" "1 1"
is "by name" "$(value container_at_risk 'device="pool-snap-1007"')" 1
ok "heal --all" /usr/sbin/oci-thin-grow heal --all
ok "once more" measure
is "it is finished" "$(value unfinished_growths) $(value containers_at_risk unfinished)" "0 0"

echo nonsense >$LEDGER/damaged
ok "a damaged entry" measure
is "it is counted" "$(value ledger_entries damaged)" 1
like "and named" "$(cat /run/err)" "ledger entry $LEDGER/damaged"
rm $LEDGER/damaged

## Into a file

mkdir /run/textfile
ok "--output" otg metrics --output /run/textfile/otg.prom
ok "again" otg metrics --output /run/textfile/otg.prom
is "--output: one file, for all to read" "$(cd /run/textfile && stat -c '%n %a' -- * .[!.]* 2>/dev/null)" "otg.prom 644"
is "--output: says nothing" "$(cat /run/out /run/err)" ""
is "--output: the same families" "$(grep '^#' /run/textfile/otg.prom)" "$(grep '^#' /run/metrics)"
otg metrics --output /nowhere/otg.prom
is "a directory that is not there" "$? $(cat /run/err)" \
	'1 oci-thin-grow: metrics: "/nowhere/otg.prom": No such file or directory'
otg metrics --output /dev/null
is "/dev/null" "$? $(stat -c %F /dev/null)" "1 character special file"
otg metrics --outptu
is "usage" $? 2
ok "--help" otg metrics --help
like "--help: examples" "$(cat /run/out)" 'Examples:'

## What is shipped

ok "alerts" promtool check rules $SHARE/prometheus/alerts.yml
ok "alerts: their test" promtool test rules $SHARE/prometheus/alerts-test.yml
families=$(awk '/^# HELP/ { print $3 }' /run/metrics | sort)
is "each family is documented" "$(grep -oE '^\| `oci_thin_grow_[a-z_]+' /src/doc/metrics.md | cut -d '`' -f 2 | sort)" "$families"
used=$(grep -ohE 'oci_thin_grow_[a-z_]+' $SHARE/prometheus/*.yml $SHARE/grafana/dashboard.json | sort -u)
is "no alert or panel asks for another" "$(comm -23 <(echo "$used") <(echo "$families"))" ""
jq '{ groups: [{ name: "panels", rules: [.panels[].targets[]?.expr | { record: "panel", expr: . }] | unique }] }' \
	$SHARE/grafana/dashboard.json >/run/panels.yml
ok "each panel's query is one" promtool check rules /run/panels.yml
is "each panel asks the chosen data source" "$(jq -c '[.panels[] | select(.targets) | .datasource.uid, .targets[].datasource.uid] | unique' \
	$SHARE/grafana/dashboard.json)" "[\"\${datasource}\"]"
is "each panel has a number of its own" "$(jq '[.panels[].id] | length == (unique | length)' $SHARE/grafana/dashboard.json)" true
ok "units" systemd-analyze verify --man=no /usr/lib/systemd/system/oci-thin-grow-*
is "units: no complaint" "$(cat /run/ok.out)" ""

## The units under a real systemd, in a pid namespace of its own: their sandbox lets through what is needed

# systemd_up: with nothing but our units in it
systemd_up() {
	local dir=/run/systemd/system
	mkdir -p "$dir/oci-thin-grow-.service.d"
	printf '[Unit]\nDefaultDependencies=no\n' | tee "$dir/bare.target" >"$dir/oci-thin-grow-.service.d/bare.conf"
	unshare --pid --fork --mount-proc --cgroup --propagation shared env container=guest \
		/usr/lib/systemd/systemd --system --unit=bare.target >/run/systemd.log 2>&1 </dev/null &
	outer=$!
	wait_for pgrep -P "$outer" systemd && init=$(pgrep -P "$outer" systemd) || return
	up systemd inside systemctl is-active bare.target
}

# inside COMMAND...: where systemd is process 1
inside() {
	nsenter -t "$init" -p -m -C "$@"
}

PROM=/var/lib/prometheus/node-exporter/oci-thin-grow.prom
mkdir -p ${PROM%/*}
next_thin_id=1008
ok "a disk" new_disk pool-snap-1008
ok "its spec" spec /run/bundle/in /run/disk/pool-snap-1008 '.process.args = ["sleep", "10000"]'
ok "systemd starts" systemd_up
ok "a container in there" inside sh -c 'crun run --detach --bundle /run/bundle/in in >/run/crun.log 2>&1 </dev/null || ! cat /run/crun.log'
ok "it is killed while it grows" not inside strace -o /run/strace -e trace=renameat -e inject=renameat:signal=KILL:when=2 \
	/usr/sbin/oci-thin-grow grow crun:in 2G
ok "the metrics' unit" inside systemctl start oci-thin-grow-metrics.service
like "its file: the container's size, and that it is unfinished" "$(cat $PROM)" \
	'container_used_bytes\{engine="crun",namespace="",name="",id="in",device="pool-snap-1008"\} [1-9].*unfinished_growths 1'
ok "the unit that heals" inside systemctl start oci-thin-grow-heal.service
like "the log: finished" "$(cat /run/messages)" 'action=finish device=pool-snap-1008'
like "the ledger: done" "$(cat $LEDGER/pool-snap-1008)" 'state=done'
# Now, while it is idle: told to end it would start itself again, and a User-mode Linux whose fork is killed panics.
ok "systemd ends" kill -KILL "$init"
wait "$outer"
finish
