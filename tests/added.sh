#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An added engine, filesystem, key, fact or check of doctor is in all the places that CONTRIBUTING.md lists under "To add".
set -euo pipefail

cd "$(dirname "$0")/.."
bad=0

complain() {
	echo "added: $*" >&2
	bad=1
}

# has WHAT REGEX PATH: a line of the file, or of a file below the directory, matches
has() {
	grep -rsqE -- "$2" "$3" || complain "$1: no match for $2 in $3"
}

# ENGINE_X and "x" of each engine that can be enabled
while read -r macro name; do
	has "engine $name" "\.name = $macro," hook/setup/setup.c
	has "engine $name: a walk through its files" "engine = .*\b$macro\b" hook/engine
	has "engine $name: its bundles" "return .*\b$macro\b" hook/engine
	has "engine $name: the list in messages" "^[^#]*\b$macro\b" hook/base/engine-names.h
	has "engine $name" "^\.Pq Cm .*\b$name\b" doc/oci-thin-grow.8
	for completion in config/completion/*; do
		has "engine $name" "\b$name\b" "$completion"
	done
	has "engine $name: tests of enable" "\b(enable|run)\(\"$name\"" tests/unit
done < <(sed -n '/define ENGINE_NAMES/{s/.*ENGINE_NAMES//; s/,/\n/g; p}' hook/base/engine-names.h | while read -r macro; do
	echo "$macro $(sed -n "s/^#define ${macro}[ \t]*\"\(.*\)\"/\1/p" hook/base/engine-names.h)"
done)

# FS_X, in places that the compiler does not check; test-growfs.c checks the rest
while read -r macro; do
	name=${macro#FS_}
	has "filesystem $macro" "\{[A-Z0-9_]*SUPER_MAGIC, $macro, " hook/disk/rootfs.c
	has "filesystem $macro: its superblock" "SUPERBLOCK_$name;" hook/disk/superblock.c
	has "filesystem $macro: its superblock as mkfs writes it" . "tests/data/superblock-${name,,}"
	has "filesystem $macro: a matrix on a real kernel" "FS=${name,,}\b" tests/guest/t-bare.sh
done < <(sed -n 's/^enum fs_type {\(.*\)};.*/\1/p' hook/disk/rootfs.h | grep -oE 'FS_[A-Z0-9]+' | grep -vx -e FS_OTHER -e FS_TYPES)

# A key of the configuration, in its last part; test-config.c checks its default
keys=hook/policy/config-keys.c
while read -r key; do
	has "key $key" "^\.It Cm ${key##*.}( |$)" doc/oci-thin-grow.json.5
done < <(sed -nE 's/^\t\{"([a-z_.]+)",.*/\1/p' $keys)

# A fact that rules match, and the rule's member for it
while read -r fact member; do
	has "fact $fact" "match_one\(\"$fact\", rule->$member\b" hook/policy/match.c
	has "fact $fact: does one rule cover another?" "covers\(earlier->$member\b" hook/policy/match.c
done < <(sed -nE 's/^\t\{"match\.([a-z]+)",.*IN_RULE\(([a-z]+)\).*/\1 \2/p' $keys)

# A check of doctor: its id is in the manual, and a warning or failure is tested on a real kernel, too.
ids() {
	cat hook/host/doctor-*.c | tr '\n\t' '  ' | grep -oE "($1),? *\"[a-z-]+\"" | grep -oE '"[a-z-]+"' | tr -d '"' | sort -u
}
while read -r id; do
	has "doctor's $id" "^\.It Cm (.* )?$id( |$)" doc/oci-thin-grow.8
done < <(ids 'SEVERITY_[A-Z]+|(bad_file|bad_pool|blame)\([a-z]+')
while read -r id; do
	# The status of a pool cannot be made unreadable from outside.
	[ "$id" = pool-unreadable ] || has "doctor's $id" "(^|[ \"'])$id([ \"')]|$)" tests/guest/t-doctor.sh
done < <(ids 'SEVERITY_(WARNING|BROKEN)|(bad_file|bad_pool|blame)\([a-z]+')

[ $bad = 0 ] && echo "added: nothing is missing"
exit $bad
