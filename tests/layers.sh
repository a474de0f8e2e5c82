#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checks the picture in CONTRIBUTING.md: calls go down only, and each external library is used by one file.
set -euo pipefail

cd "$(dirname "$0")/.."
bad=0

complain() {
	echo "layers: $*" >&2
	bad=1
}

# Which directories each directory may include
declare -A below=(
	[daemon]="daemon host job policy disk engine setup oci base"
	[role]="role host job policy disk engine setup oci base"
	[host]="host job policy disk engine setup oci base"
	[job]="job policy disk engine oci base"
	[policy]="policy oci base"
	[disk]="disk base"
	[engine]="engine oci base"
	[setup]="setup oci base"
	[oci]="oci base"
	[base]="base"
)

for file in hook/*/*.[ch]; do
	directory=$(basename "$(dirname "$file")")
	while read -r included; do
		[[ " ${below[$directory]} " == *" ${included%%/*} "* ]] || complain "$file includes $included"
	done < <(sed -n 's/^#include "\(.*\)"$/\1/p' "$file")
done

# A base name is used in one directory; only a subcommand may have the name of the file that does its work.
while read -r name; do
	complain "two directories have a file $name"
done < <(find hook -mindepth 2 -name '*.[ch]' ! -path 'hook/role/*' -printf '%h %f\n' | sed 's/\.[ch]$//' |
	sort -u | awk '{ print $2 }' | sort | uniq -d)

# Headers do not include each other in a circle.
circle=$(grep -o '^#include "[^"]*"' hook/*/*.h | sed 's|^hook/||; s|:#include "| |; s|"$||' | { tsort 2>&1 >/dev/null || true; } |
	sed -n '/contains a loop/d; s/^tsort: //p')
[ -z "$circle" ] || complain "headers include each other: $(xargs <<<"$circle")"

# Each library and the one file that uses it
while read -r header only; do
	while read -r file; do
		[ "$file" = "$only" ] || complain "$file includes $header; only $only may"
	done < <(grep -rl "#include <$header" hook)
done <<-END
	libdevmapper.h hook/disk/thin.c
	libmount/ hook/disk/rootfs.c
	libudev.h hook/disk/healing.c
	yajl/ hook/oci/json.c
END

# No shell and no other program, except the wrappers' last step and what an operator's command asks of an engine. The
# daemon and the look at a filesystem that may be frozen fork, and execute nothing.
while read -r found; do
	[[ $found == hook/role/runtime.c:* || $found == hook/role/shim.c:* || $found == hook/setup/ask.c:* ||
		$found == hook/daemon/child.c:*" fork();" ||
		$found == hook/disk/frozen.c:*" fork();" ]] || complain "$found"
done < <(grep -rnE '\b(system|popen|posix_spawnp?|fork|exec[lv]p?e?)\(' hook --include='*.c')

# The picture has every file: by its name, by -END of a name, or by BEGIN-*. "role" and "base" are no lists.
for directory in "${!below[@]}"; do
	[[ $directory != role && $directory != base ]] || continue
	paragraph=$(awk -v begin="  $directory/" 'index($0, begin) == 1 { inside = 1; print; next } /^ ? ?[^ ]/ { inside = 0 } inside' CONTRIBUTING.md)
	for file in hook/"$directory"/*.c; do
		name=$(basename "$file" .c)
		grep -qE "(^|[ (,])($name|${name%%-*}-\*|-${name#*-})([ ,.;:)]|$)" <<<"$paragraph" ||
			complain "$file is not in the picture in CONTRIBUTING.md"
	done
done

# The functions that its walk names are where it says.
# shellcheck disable=SC2016
while IFS=: read -r file name; do
	grep -qsE "^[a-z].*\b$name\(" "hook/$file" || complain "CONTRIBUTING.md: there is no $name() in $file"
done < <(grep -oE '`[a-z/-]+\.c:[a-z_]+`' CONTRIBUTING.md | tr -d '`')

# Each header compiles alone.
for header in hook/*/*.h; do
	head -n 3 "$header" | grep -q '^#pragma once' || complain "$header has no #pragma once"
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Ihook -fsyntax-only -x c - <<<"#include \"${header#hook/}\"" ||
		complain "$header does not compile alone"
done
[ $bad = 0 ] && echo "layers: as in CONTRIBUTING.md"
exit $bad
