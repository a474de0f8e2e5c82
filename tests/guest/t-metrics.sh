#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `metrics`, its alerts and timers: the values are right and can be parsed, whatever the names of the containers are.
# kernel: trixie:forky
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

# measure: the metrics are in /run/metrics; promtool accepts them, and no series occurs twice
measure() {
	/usr/sbin/oci-thin-grow metrics >/run/metrics 2>/run/err || { cat /run/err; return 1; }
	promtool check metrics </run/metrics || return
	[ -z "$(grep -v '^#' /run/metrics | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

# value FAMILY [PART OF LABELS]: the value of the one series that matches
value() {
	grep "^oci_thin_grow_$1[{ ]" /run/metrics | grep -F -- "${2:-}" | sed 's/.* //'
}

# run_bare NAME ID: a running container of crun on a disk of its own
run_bare() {
	new_disk "$1" && spec "/run/bundle/$1" "/run/disk/$1" '.process.args = ["sleep", "10000"]' || return
	crun run --detach --bundle "/run/bundle/$1" "$2" >/run/crun.log 2>&1 </dev/null
}

# run_ctr ID [OPTION...]: a running container of containerd
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
ok "no containers: promtool accepts the metrics" measure
is "no containers: the pool is ok" "$(value pool_state)" 1
like "no containers: the state of the pool is also a label" "$(grep '^oci_thin_grow_pool_state' /run/metrics)" 'pool="pool",state="ok"'
is "no containers: there is no series about healing" "$(value healing_armed)" ""

ok "containerd starts" containerd_up
ok "an OCI image is built" oci_layout /t/oci.tar
ok "the image is imported" image_import local/bb /t/oci.tar
ok "a grown container with a hostile name runs" run_ctr grown --annotation io.oci-thin-grow.size=4G \
	--annotation "nerdctl/name=$HOSTILE"
ok "a container without a request and with the same hostile name runs" run_ctr plain --annotation "nerdctl/name=$HOSTILE"
next_thin_id=1000
ok "a crun container with the id of the first runs" run_bare vm-disk grown
ok "three containers: promtool accepts the metrics" measure

## The values are right

device=$(mount_of grown)
C='id="grown",device="'$(basename "$device")'"'
where=/run/containerd/io.containerd.runtime.v2.task/default/grown/rootfs
is "container_device_bytes is the size of the device" "$(value container_device_bytes "$C")" "$(blockdev --getsize64 "$device")"
is "container_device_bytes is 4 GiB" "$(value container_device_bytes "$C")" $((4 * GIB))
is "container_filesystem_size_bytes is what the superblock has" "$(value container_filesystem_size_bytes "$C")" \
	"$(($(dumpe2fs -h "$device" 2>/dev/null | awk '/^Block count:/ { print $3 }') * 4096))"
is "container_used_bytes is what df shows" "$(value container_used_bytes "$C")" "$(df -B1 --output=used $where | tail -n 1 | tr -d ' ')"
is "container_available_bytes is what df shows" "$(value container_available_bytes "$C")" "$(df -B1 --output=avail $where | tail -n 1 | tr -d ' ')"
is "container_requested_bytes is what the annotation requests" "$(value container_requested_bytes "$C")" $((4 * GIB))
is "container_requested_bytes is missing without a request" "$(value container_requested_bytes 'id="plain"')" ""
is "two containers with the same id have series of their own" "$(value container_device_bytes 'engine="crun",namespace="",name="",id="grown"')" \
	"$(blockdev --getsize64 /dev/mapper/vm-disk)"
is "containers counts running and stopped ones" "$(value containers running) $(value containers stopped)" "3 0"
# shellcheck disable=SC2016
is "a hostile name is escaped in its label" "$(grep -cF 'name="we\"b\\\n} 1\nup{x=\"'$'\xef\xbf\xbd\xef\xbf\xbd''[2J",id="grown"' /run/metrics)" \
	"$(grep -c 'engine="containerd".*id="grown"' /run/metrics)"
is "a hostile name cannot add a line" "$(grep -cvE '^(# (HELP|TYPE) )?oci_thin_grow_' /run/metrics)" 0

# measure_calm: measures while the pool does not change: ext4 may write to it in the background
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

ok "quiet pool: promtool accepts the metrics" measure_calm
read -r _ _ _ _ metadata data _ <<<"$pool_status"
is "pool_data_used_bytes is what dmsetup shows" "$(value pool_data_used_bytes)" $((${data%/*} * 65536))
is "pool_data_bytes is what dmsetup shows" "$(value pool_data_bytes)" $((${data#*/} * 65536))
is "pool_metadata_used_bytes is what dmsetup shows" "$(value pool_metadata_used_bytes)" $((${metadata%/*} * 4096))
is "pool_metadata_bytes is what dmsetup shows" "$(value pool_metadata_bytes)" $((${metadata#*/} * 4096))
virtual=$(dmsetup table --target thin | awk '{ n += $3 } END { print n * 512 }')
is "pool_virtual_bytes is the sum of all devices" "$(value pool_virtual_bytes)" "$virtual"
is "pool_active_devices counts all devices" "$(value pool_active_devices)" "$(dmsetup table --target thin | grep -c .)"
is "pool_overcommit_ratio is virtual size by data size" "$(value pool_overcommit_ratio)" "$(awk -v v="$virtual" 'BEGIN { printf "%.6f", v / (20 * 2 ^ 30) }')"
is "ledger_entries counts entries by state" "$(value ledger_entries "done") $(value ledger_entries intended) $(value ledger_entries damaged)" "1 0 0"
ok "last_run_timestamp_seconds is not before the run" [ "$(value last_run_timestamp_seconds)" -ge "$measured_from" ]
ok "last_run_timestamp_seconds is not after the run" [ "$(value last_run_timestamp_seconds)" -le "$(date +%s)" ]
is "unread_objects is 0 if all could be read" "$(value unread_objects)" 0

## The daemon

# known TEXT: the daemon has written it down
known() {
	grep -qF "$1" /run/oci-thin-grow/growd.json
}

is "without the daemon: daemon_up is 0" "$(value daemon_up)" 0
is "without the daemon: nothing is measured" "$(grep -cE '^oci_thin_grow_(container_(autogrow|fill)|pool_(fill|time))_' /run/metrics)" 0
echo '{"autogrow": {"max": "4G"}}' >/etc/oci-thin-grow/config.d/50-max.json
/usr/sbin/oci-thin-growd >/run/growd.log 2>&1 &
ok "the daemon knows the grown container" wait_for known '"state":"at-max"'
ok "the daemon knows the small container" wait_for known '"vm-disk":'
ok "the daemon knows the pool" wait_for known '"pools":{"pool"'
ok "with the daemon: promtool accepts the metrics" measure
is "with the daemon: daemon_up is 1" "$(value daemon_up)" 1
is "autogrow_attempts_total is 0 before the first" "$(value autogrow_attempts_total | sort -u)" 0
is "container_autogrow_max_bytes is the configuration's" "$(value container_autogrow_max_bytes "$C")" $((4 * GIB))
is "container_autogrow_state of the grown container is at-max" "$(value container_autogrow_state "$C,state=\"at-max\"")" 1
is "container_autogrow_state of a small one is watching" "$(value container_autogrow_state 'device="vm-disk",state="watching"')" 1
is "container_autogrow_steps is 0 before the first" "$(value container_autogrow_steps "$C")" 0
is "container_autogrow_backoff_seconds is 0 without a failure" "$(value container_autogrow_backoff_seconds "$C")" 0
like "container_fill_bytes_per_second is a number" "$(value container_fill_bytes_per_second "$C")" '^[0-9]+$'
like "pool_fill_bytes_per_second is a number" "$(value pool_fill_bytes_per_second)" '^[0-9]+$'
kill $!
ok "the daemon ends" wait $!
rm /etc/oci-thin-grow/config.d/50-max.json
ok "after the daemon: promtool accepts the metrics" measure
is "after the daemon: daemon_up is 0, and nothing is measured" \
	"$(value daemon_up) $(grep -cE '^oci_thin_grow_(container_(autogrow|fill)|pool_(fill|time))_' /run/metrics)" "0 0"

## Containers at risk

is "healing_armed is 1 with the rule" "$(value healing_armed)" 1
is "no container is at risk with the rule" "$(value containers_at_risk | sort -u) $(value container_at_risk | sort -u)" "0 0"
mv $RULES/94-oci-thin-grow.rules /run/
ok "the rule is removed" rule_event
ok "without the rule: promtool accepts the metrics" measure
is "without the rule: healing_armed is 0" "$(value healing_armed)" 0
is "without the rule: one container is at risk" "$(value containers_at_risk 'not healed')" 1
is "without the rule: the grown container is at risk" "$(grep '^oci_thin_grow_container_at_risk.* 1$' /run/metrics | grep -cF "$C")" 1
is "without the rule: no other container is at risk" "$(grep -c '^oci_thin_grow_container_at_risk.* 1$' /run/metrics)" 1
mv /run/94-oci-thin-grow.rules $RULES/
ok "the rule is installed again" rule_event
ok "with the rule again: promtool accepts the metrics" measure
is "with the rule again: no container is at risk" "$(value healing_armed) $(value containers_at_risk | sort -u)" "1 0"

next_thin_id=1007
ok "a container on a disk that is named as an engine names it runs" run_bare pool-snap-1007 half
ok "unfinished growth: grow is killed" not strace -o /run/strace -e trace=renameat -e inject=renameat:signal=KILL:when=2 \
	/usr/sbin/oci-thin-grow grow crun:half 2G
ok "unfinished growth: promtool accepts the metrics" measure
is "unfinished growth: it is counted, and its container is at risk" "$(value unfinished_growths) $(value containers_at_risk unfinished)" "1 1"
is "unfinished growth: the container at risk is named" "$(value container_at_risk 'device="pool-snap-1007"')" 1
ok "unfinished growth: heal --all succeeds" /usr/sbin/oci-thin-grow heal --all
ok "finished growth: promtool accepts the metrics" measure
is "finished growth: nothing is unfinished or at risk" "$(value unfinished_growths) $(value containers_at_risk unfinished)" "0 0"

echo nonsense >$LEDGER/damaged
ok "damaged ledger entry: promtool accepts the metrics" measure
is "damaged ledger entry: it is counted" "$(value ledger_entries damaged)" 1
like "damaged ledger entry: it is named on stderr" "$(cat /run/err)" "ledger entry $LEDGER/damaged"
rm $LEDGER/damaged

## Into a file

mkdir /run/textfile
ok "--output succeeds" otg metrics --output /run/textfile/otg.prom
ok "--output succeeds if the file exists" otg metrics --output /run/textfile/otg.prom
is "--output leaves one file, readable by all" "$(cd /run/textfile && stat -c '%n %a' -- * .[!.]* 2>/dev/null)" "otg.prom 644"
is "--output prints nothing" "$(cat /run/out /run/err)" ""
is "--output writes the same families" "$(grep '^#' /run/textfile/otg.prom)" "$(grep '^#' /run/metrics)"
otg metrics --output /nowhere/otg.prom
is "--output into a missing directory fails and names it" "$? $(cat /run/err)" \
	'1 oci-thin-grow: metrics: "/nowhere/otg.prom": No such file or directory'
otg metrics --output /dev/null
is "--output to a device fails and does not replace it" "$? $(stat -c %F /dev/null)" "1 character special file"
otg metrics --outptu
is "an unknown option is a usage error" $? 2
ok "--help succeeds" otg metrics --help
like "--help has examples" "$(cat /run/out)" 'Examples:'

## Alerts, dashboard, units

ok "alerts: promtool accepts them" promtool check rules $SHARE/prometheus/alerts.yml
ok "alerts: their unit tests pass" promtool test rules $SHARE/prometheus/alerts-test.yml
families=$(awk '/^# HELP/ { print $3 }' /run/metrics | sort)
is "each family is documented in metrics.md" "$(grep -oE '^\| `oci_thin_grow_[a-z_]+' /src/doc/metrics.md | cut -d '`' -f 2 | sort)" "$families"
used=$(grep -ohE 'oci_thin_grow_[a-z_]+' $SHARE/prometheus/*.yml $SHARE/grafana/dashboard.json | sort -u)
is "alerts and panels use only documented families" "$(comm -23 <(echo "$used") <(echo "$families"))" ""
jq '{ groups: [{ name: "panels", rules: [.panels[].targets[]?.expr | { record: "panel", expr: . }] | unique }] }' \
	$SHARE/grafana/dashboard.json >/run/panels.yml
ok "dashboard: each query is valid" promtool check rules /run/panels.yml
is "dashboard: each panel uses the chosen data source" "$(jq -c '[.panels[] | select(.targets) | .datasource.uid, .targets[].datasource.uid] | unique' \
	$SHARE/grafana/dashboard.json)" "[\"\${datasource}\"]"
is "dashboard: each panel has an id of its own" "$(jq '[.panels[].id] | length == (unique | length)' $SHARE/grafana/dashboard.json)" true
ok "units: systemd-analyze accepts them" systemd-analyze verify --man=no /usr/lib/systemd/system/oci-thin-grow-*
is "units: systemd-analyze has no complaints" "$(cat /run/ok.out)" ""

## The units under a real systemd, in a pid namespace of its own: their sandbox allows what the program needs

# systemd_up: starts it with our units only
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

# inside COMMAND...: runs COMMAND where systemd is process 1
inside() {
	nsenter -t "$init" -p -m -C "$@"
}

PROM=/var/lib/prometheus/node-exporter/oci-thin-grow.prom
mkdir -p ${PROM%/*}
next_thin_id=1008
ok "units: a disk is created" new_disk pool-snap-1008
ok "units: config.json is written" spec /run/bundle/in /run/disk/pool-snap-1008 '.process.args = ["sleep", "10000"]'
ok "units: systemd starts" systemd_up
ok "units: a container runs in the namespace of systemd" inside sh -c 'crun run --detach --bundle /run/bundle/in in >/run/crun.log 2>&1 </dev/null || ! cat /run/crun.log'
ok "units: grow is killed" not inside strace -o /run/strace -e trace=renameat -e inject=renameat:signal=KILL:when=2 \
	/usr/sbin/oci-thin-grow grow crun:in 2G
ok "oci-thin-grow-metrics.service succeeds" inside systemctl start oci-thin-grow-metrics.service
like "oci-thin-grow-metrics.service writes the usage and the unfinished growth" "$(cat $PROM)" \
	'container_used_bytes\{engine="crun",namespace="",name="",id="in",device="pool-snap-1008"\} [1-9].*unfinished_growths 1'
ok "oci-thin-grow-heal.service succeeds" inside systemctl start oci-thin-grow-heal.service
like "oci-thin-grow-heal.service logs that it finished the growth" "$(cat /run/messages)" 'action=finish device=pool-snap-1008'
like "oci-thin-grow-heal.service finishes the growth in the ledger" "$(cat $LEDGER/pool-snap-1008)" 'state=done'
ok "oci-thin-grow-trim.service succeeds" inside systemctl start oci-thin-grow-trim.service
like "oci-thin-grow-trim.service logs what it trimmed" "$(cat /run/messages)" 'action=trim container=crun:in .* pool=pool mapped_from='
ok "units: the disk is frozen" fsfreeze -f /run/disk/pool-snap-1008
ok "oci-thin-grow-trim.service succeeds with a frozen disk" inside timeout 300 systemctl start oci-thin-grow-trim.service
like "oci-thin-grow-trim.service logs that it is frozen" "$(cat /run/messages)" 'action=skip container=crun:in .* reason="its filesystem is frozen'
ok "units: the disk is thawed" fsfreeze -u /run/disk/pool-snap-1008
# SIGKILL while it is idle: at SIGTERM it would re-execute itself, and User-mode Linux panics if a forking process is killed.
ok "units: systemd is ended" kill -KILL "$init"
wait "$outer"
finish
