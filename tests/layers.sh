#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The house of CONTRIBUTING.md, checked: calls go down only, and each external library has one file.
set -euo pipefail

cd "$(dirname "$0")/.."
bad=0

complain() {
	echo "layers: $*" >&2
	bad=1
}

# What may include what: folder -> folders
declare -A below=(
	[role]="role policy disk engine setup oci base"
	[policy]="policy oci base"
	[disk]="disk base"
	[engine]="engine oci base"
	[setup]="setup oci base"
	[oci]="oci base"
	[base]="base"
)

for file in hook/*/*.[ch]; do
	folder=$(basename "$(dirname "$file")")
	while read -r included; do
		[[ " ${below[$folder]} " == *" ${included%%/*} "* ]] || complain "$file includes $included"
	done < <(sed -n 's/^#include "\(.*\)"$/\1/p' "$file")
done

# The library and its one file
while read -r header only; do
	while read -r file; do
		[ "$file" = "$only" ] || complain "$file includes $header, only $only may"
	done < <(grep -rl "#include <$header" hook)
done <<-END
	libdevmapper.h hook/disk/thin.c
	libmount/ hook/disk/rootfs.c
	libudev.h hook/disk/rule.c
	yajl/ hook/oci/json.c
END

# No shell, no other program: the wrapper's last step is the one exec.
while read -r found; do
	[[ $found == hook/role/runtime.c:* ]] || complain "$found"
done < <(grep -rnE '\b(system|popen|posix_spawnp?|fork|exec[lv]p?e?)\(' hook --include='*.c')

# Each header stands alone.
for header in hook/*/*.h; do
	head -n 3 "$header" | grep -q '^#pragma once' || complain "$header has no #pragma once"
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Ihook -fsyntax-only -x c - <<<"#include \"${header#hook/}\"" ||
		complain "$header does not compile alone"
done
[ $bad = 0 ] && echo "layers: as drawn"
exit $bad
