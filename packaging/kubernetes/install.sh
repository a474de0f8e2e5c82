#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs oci-thin-grow on a Kubernetes node, and removes it. Runs in a container that has the node's / at /host. It may be killed
# at any moment; the next run continues.
# dash has `local`.
# shellcheck disable=SC3043
set -eu
export LC_ALL=C
# systemctl must reach the node's systemd from a chroot.
export SYSTEMD_IGNORE_CHROOT=1

usage() {
	cat <<-'END'
	usage: install.sh install|remove|purge [OPTION VALUE]...
	  install  installs program, udev rule, policy and timers, then adds the handler oci-thin-grow to containerd's configuration
	  remove   removes the handler and the hooks.d file; program, rule, timers and ledger stay: grown containers need them
	  purge    removes everything, if no container on the node needs it any more

	  --host DIR         the node's / (/host)
	  --payload DIR      the files that `make install` installed (/oci-thin-grow/root)
	  --settings DIR     policy.json (/settings)
	  --containerd FILE  containerd's configuration on the node (/etc/containerd/config.toml)
	  --restart COMMAND  runs on the node when that has changed (none); if it fails, the old configuration is restored, and it runs again
	END
}

say() {
	echo "install.sh: $*" >&2
}

die() {
	say "$@"
	exit 1
}

host=/host payload=/oci-thin-grow/root settings=/settings config=/etc/containerd/config.toml restart=''
program=/usr/sbin/oci-thin-grow daemon=/usr/sbin/oci-thin-growd
policy=/etc/oci-thin-grow/config.d/50-kubernetes.json
policy_before=/etc/oci-thin-grow/config.d/.50-kubernetes.json.before
# containerd's old configuration is completed here, where no import reaches it
restored=/etc/oci-thin-grow/.restored.new
textfile=/var/lib/prometheus/node-exporter/oci-thin-grow.prom

parse_args() {
	[ $# -gt 0 ] || { usage >&2; exit 2; }
	verb=$1
	shift
	while [ $# -gt 0 ]; do
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		case $1 in
		--host) host=$2 ;;
		--payload) payload=$2 ;;
		--settings) settings=$2 ;;
		--containerd) config=$2 ;;
		--restart) restart=$2 ;;
		*) usage >&2; exit 2 ;;
		esac
		shift 2
	done
	host=${host%/}
}

on_node() {
	chroot "$host/" "$@"
}

# follow PATH: the path of that file in this container; links are resolved as on the node, and never lead out of $host
follow() {
	local rest="$1" at='' part link links=0
	while [ -n "$rest" ]; do
		part=${rest%%/*}
		case $rest in
		*/*) rest=${rest#*/} ;;
		*) rest='' ;;
		esac
		case $part in
		'' | .) ;;
		..) at=${at%/*} ;;
		*)
			if [ -L "$host$at/$part" ]; then
				links=$((links + 1))
				[ "$links" -le 40 ] || die "$1: too many links"
				link=$(readlink "$host$at/$part")
				case $link in
				/*) at='' ;;
				esac
				rest=$link/$rest
			else
				at=$at/$part
			fi
			;;
		esac
	done
	echo "$host$at"
}

# node PATH: the same, but if PATH is a link, the link itself
node() {
	local dir
	dir=$(follow "${1%/*}")
	echo "$dir/${1##*/}"
}

has() {
	on_node sh -c "command -v $1" >/dev/null 2>&1
}

## Files, each replaced in one step: it is written under a temporary name, which the next run overwrites

# new_name FILE: the temporary name; udev, podman and our program ignore it
new_name() {
	echo "${1%/*}/.${1##*/}.new"
}

# put FILE [NEW]: renames the temporary file to FILE
put() {
	local new
	new=${2:-$(new_name "$1")}
	sync "$new" 2>/dev/null || sync
	mv -f "$new" "$1"
}

# same OURS THEIRS: equal files or links; the node's file must belong to root
same() {
	if [ -L "$1" ] || [ -L "$2" ]; then
		[ "$(readlink "$1")" = "$(readlink "$2")" ]
	else
		cmp -s "$1" "$2" && [ "$(stat -c %a:0:0 "$1")" = "$(stat -c %a:%u:%g "$2")" ]
	fi
}

# write_new FROM TO: copies a file or link to the temporary name of TO, owned by root, with the mode of FROM
write_new() {
	local new
	new=$(new_name "$2")
	mkdir -p "${2%/*}"
	rm -f "$new"
	if [ -L "$1" ]; then
		ln -s "$(readlink "$1")" "$new"
	else
		cp "$1" "$new"
		chmod "$(stat -c %a "$1")" "$new"
		chown 0:0 "$new"
	fi
}

## The program and its files

# payload_files links|hooks|files: their paths, without those in /etc, which is the node's; only the policy goes there
payload_files() {
	case $1 in
	files) (cd "$payload" && find ./usr -type f ! -path '*/hooks.d/*' ! -path '*/rules.d/*' ! -path '*/sbin/*') ;;
	links) (cd "$payload" && find ./usr -type l) ;;
	hooks) (cd "$payload" && find ./usr -type f \( -path '*/hooks.d/*' -o -path '*/rules.d/*' \)) ;;
	esac | sed 's/^\.//'
}

install_files() {
	local path there
	payload_files "$1" | while read -r path; do
		there=$(node "$path")
		same "$payload$path" "$there" && continue
		write_new "$payload$path" "$there"
		put "$there"
	done
}

# install_program PATH: one that cannot run on the node, because of a library or the processor, would stop every container.
install_program() {
	local there
	there=$(node "$1")
	same "$payload$1" "$there" && return
	write_new "$payload$1" "$there"
	on_node "$(new_name "$1")" --version >/dev/null || {
		rm -f "$(new_name "$there")"
		die "the program does not run on this node: build the image on the node's distribution, or an older one"
	}
	put "$there"
}

# Files and programs first, then the links to them, and last the rule and the hook that call them
install_payload() {
	[ -e "$payload$program" ] || die "$payload$program: does not exist; is this the image that README.md describes?"
	[ -w "$(follow /usr)" ] || die "/usr of this node is not writable: oci-thin-grow must come with the node's image"
	install_files files
	install_program "$program"
	install_program "$daemon"
	install_files links
	install_files hooks
}

reload_udev() {
	has udevadm && on_node udevadm control --reload && return
	say "udevadm cannot reload the rules; if udevd runs, it finds the new rule within seconds"
}

## The policy

install_policy() {
	local new there before
	[ -e "$settings/policy.json" ] || return 0
	there=$(node "$policy")
	before=$(node "$policy_before")
	new=$(new_name "$there")
	mkdir -p "${there%/*}"
	# A ConfigMap is a link, to a file of any mode.
	rm -f "$new"
	cat "$settings/policy.json" >"$new"
	chmod 644 "$new"
	chown 0:0 "$new"
	on_node "$program" --config "$(new_name "$policy")" config check || {
		rm -f "$new"
		die "policy.json is invalid (see above); the node keeps its old policy"
	}
	# $before exists if a run was killed: it is the old policy, and the new one may not have been checked.
	if [ ! -e "$before" ]; then
		cmp -s "$new" "$there" && rm -f "$new" && return
		keep_policy "$there" "$before"
	fi
	put "$there"
	# Together with the node's own files
	on_node "$program" config check || {
		give_policy_back "$there" "$before"
		die "policy.json conflicts with the configuration of this node (see above); the node keeps its old policy"
	}
	rm -f "$before"
}

# keep_policy POLICY BEFORE: keeps the old policy in BEFORE, which is empty if there was none
keep_policy() {
	local new
	new=$(new_name "$2")
	: >"$new"
	[ ! -e "$1" ] || cp "$1" "$new"
	put "$2"
}

# give_policy_back POLICY BEFORE: restores it
give_policy_back() {
	if [ -s "$2" ]; then
		mv -f "$2" "$1"
	else
		rm -f "$1" "$2"
	fi
}

## Units: timers for metrics for node_exporter, and for finishing interrupted growths. A node works without them.

units() {
	(cd "$payload/usr/lib/systemd/system" 2>/dev/null && ls) || true
}

# The kernel calls the program of a running process "deleted" when it has been replaced.
daemon_is_current() {
	local pid program
	pid=$(on_node systemctl show -p MainPID --value oci-thin-growd.service) || return
	program=$(on_node readlink "/proc/$pid/exe") || return
	case $program in
	*' (deleted)') return 1 ;;
	esac
}

# The daemon and trim are the administrator's decision; a daemon that runs becomes the installed one. One that is that already
# goes on: NRI has no size for pods that start while it does not run.
enable_timers() {
	local timer
	has systemctl || { say "no systemd on this node: nothing runs \"$program heal --all\" regularly"; return 0; }
	mkdir -p "$(follow "${textfile%/*}")"
	on_node systemctl daemon-reload || true
	daemon_is_current || on_node systemctl try-restart oci-thin-growd.service || true
	for timer in $(units | grep '[.]timer$' | grep -v trim); do
		on_node systemctl enable --now "$timer" || say "$timer: not enabled (see above)"
	done
}

disable_units() {
	local unit
	has systemctl || return 0
	for unit in $(units); do
		[ ! -e "$(node "/usr/lib/systemd/system/$unit")" ] || on_node systemctl disable --now "$unit" || true
	done
}

## containerd's configuration, changed by the program's `enable` and `disable`

# planned VERB: the files that the program would change, and its backups of them
planned() {
	on_node "$program" "$1" --print --file "$config" containerd 2>/dev/null | sed -n 's|^[-+][-+][-+] /|/|p' | sort -u |
		while read -r path; do
			[ "$path" = /dev/null ] ||
				printf '%s\n' "$path" "/etc/oci-thin-grow/backup$path" "$path.oci-thin-grow-backup"
		done
}

# keep VERB: copies these files to $before: their paths, and the N-th file, if it exists, as N
keep() {
	local path there n=0
	rm -rf "$before.new" && mkdir "$before.new"
	planned "$1" >"$before.new/paths"
	while read -r path; do
		n=$((n + 1))
		there=$(follow "$path")
		[ ! -e "$there" ] || cp -a "$there" "$before.new/$n"
	done <"$before.new/paths"
	rm -rf "$before" && mv "$before.new" "$before"
}

# sums: checksums of these files now
sums() {
	local path
	while read -r path; do
		{ cksum <"$(follow "$path")"; } 2>/dev/null || echo none
	done <"$before/paths"
}

# put_back: restores these files, unless another program has changed them
put_back() {
	local path there n=0 new
	new=$(node "$restored")
	[ "$(sums)" = "$(cat "$before/after")" ] || { say "$config: changed by another program in the meantime; left as it is"; return 1; }
	while read -r path; do
		n=$((n + 1))
		there=$(follow "$path")
		if [ -e "$before/$n" ]; then
			mkdir -p "${there%/*}" "${new%/*}" && cp -a "$before/$n" "$new" && put "$there" "$new" || return
		else
			rm -f "$there"
		fi
	done <"$before/paths"
}

forget() {
	rm -f "$pending"
	rm -rf "$before"
}

# change_handler enable|disable: first notes that a restart is due, and keeps the old files; forgets both last. If a run was
# killed, the files that it kept are those that containerd last started with, and stay the ones to restore.
change_handler() {
	local failed=''
	if [ ! -e "$pending" ]; then
		keep "$1"
		sums >"$before/after"
		: >"$pending"
	fi
	# It has containerd check the result before it changes a file.
	on_node "$program" "$1" --file "$config" containerd || failed=1
	sums >"$before/after"
	if [ -n "$failed" ]; then
		put_back || die "$config: cannot be restored"
		forget
		die "$1 failed (see above); $config is unchanged"
	fi
	[ -s "$before/paths" ] || forget
}

restart_due() {
	[ -e "$pending" ] || return 0
	if [ -z "$restart" ]; then
		say "$config has changed: restart containerd"
	elif ! on_node sh -c "$restart"; then
		roll_back
	fi
	forget
}

# The node's containerd may be down: start it with the configuration that worked.
roll_back() {
	say "$restart: failed; restoring $config"
	put_back || die "containerd may not run: see its log on this node"
	forget
	on_node sh -c "$restart" || die "$restart: failed with the old configuration, too: containerd does not run on this node"
	die "containerd did not restart with the changed configuration; it runs again with the old one, which is restored in $config"
}

add_handler() {
	[ -e "$(follow "$config")" ] || die "$config: does not exist; give --containerd the file that this node's containerd reads"
	change_handler enable
}

# Without the program there is no handler, either.
drop_handler() {
	[ -x "$(follow "$program")" ] && [ -e "$(follow "$config")" ] || return 0
	change_handler disable
}

## Removal

drop_hooks() {
	rm -f "$(node /usr/share/containers/oci/hooks.d/50-oci-thin-grow.json)"
}

# check_unused WHAT NAMES: fails if there are any
check_unused() {
	# shellcheck disable=SC2086
	[ -z "$2" ] || die "$1:" $2
}

# grown: devices that need healing, according to the ledger
grown() {
	[ ! -x "$(follow "$program")" ] || on_node "$program" heal --all >/dev/null 2>&1 || true
	ls "$(follow /var/lib/oci-thin-grow/ledger)" 2>/dev/null
}

check_grown() {
	check_unused "these devices were grown and would not start again, remove their containers and purge again" "$(grown)"
}

# users: running containers that have our runtime, hook or shim
users() {
	local file tasks
	tasks=$(follow /run/containerd/io.containerd.runtime.v2.task)
	for file in "$tasks"/*/*/options.json "$tasks"/*/*/config.json "$tasks"/*/*/shim-binary-path; do
		grep -q -e /oci-thin-grow -e /containerd-shim-oci-thin-grow "$file" 2>/dev/null && basename "$(dirname "$file")"
	done | sort -u
}

# enabled_files: what the administrator's `enable` left for running containers: links for shims, files in config.d
enabled_files() {
	find "$(follow /usr/local/bin)" -name 'containerd-shim-oci-thin-grow-*' -type l 2>/dev/null || true
	grep -ls '^// made by "oci-thin-grow enable' "$(follow /etc/oci-thin-grow/config.d)"/60-*.json || true
}

purge_files() {
	local path there
	drop_hooks
	enabled_files | while read -r path; do
		rm -f "$path"
	done
	for path in $(payload_files hooks) $(payload_files links) "$program" "$daemon" $(payload_files files) "$policy" "$policy_before" "$restored"; do
		there=$(node "$path")
		rm -f "$there" "$(new_name "$there")"
	done
	for path in /etc/oci-thin-grow /usr/lib/oci-thin-grow /usr/share/oci-thin-grow; do
		there=$(node "$path")
		[ ! -d "$there" ] || find "$there" -depth -type d -empty -delete
	done
	rm -rf "$(follow /var/lib/oci-thin-grow)" "$(follow /run/oci-thin-grow)" "$(node "$textfile")"
	reload_udev
}

main() {
	parse_args "$@"
	[ -d "$(follow /etc)" ] || die "$host: not the root of a node"
	run=$(follow /run/oci-thin-grow-node)
	pending=$run/restart before=$run/before
	mkdir -p "$run"
	# The pod before this one may not have ended yet.
	exec 9>"$run/lock"
	flock 9
	case $verb in
	install)
		install_payload
		reload_udev
		install_policy
		# Makes the wrapper remember the configured runtime now, in case the configuration is broken later.
		on_node "$program-runtime" --version >/dev/null 2>&1 || true
		enable_timers
		add_handler
		restart_due
		say "installed"
		;;
	remove | purge)
		drop_handler
		restart_due
		drop_hooks
		;;
	*) usage >&2; exit 2 ;;
	esac
	case $verb in
	remove) say "removed; program, rule, timers and ledger stay for grown containers" ;;
	purge)
		check_unused "these containers still use it, end them and purge again" "$(users)"
		check_grown
		disable_units
		# The daemon may have grown another one.
		check_grown
		purge_files
		say "purged"
		;;
	esac
}

main "$@"
