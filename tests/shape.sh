#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checks the shape of the code: functions fit a screen and have names of their own, headers promise only what their file
# keeps, and a unit test has the name of the file that it tests.
set -euo pipefail

cd "$(dirname "$0")/.."
MAX_LINES=40
bad=0

complain() {
	echo "shape: $*" >&2
	bad=1
}

# "LINES FILE:LINE" of each function; each begins and ends in the first column.
functions() {
	awk '
		/^[a-z].*\(/ && !/[;=]$/ { start = FNR }
		/^{/ { inside = 1 }
		/^}$/ { if (inside) print FNR - start + 1, FILENAME ":" start; inside = 0 }
	' "$@"
}

n=0
while read -r lines where; do
	n=$((n + 1))
	((lines <= MAX_LINES)) || complain "$where: a function of $lines lines; at most $MAX_LINES"
done < <(functions hook/*.c hook/*/*.c)
((n > 1000)) || complain "found only $n functions"

# The functions that a header declares
declared() {
	sed -nE '/^(typedef|static|extern) /d; s/^[a-z][a-z0-9_ ]*[ *]([a-z0-9_]+)\(.*/\1/p' "$1"
}

# They are defined in the file with its name, in one of its parts (NAME-PART.c), or in one that it names.
n=0
for header in hook/*/*.h; do
	base=${header%.h}
	[ -e "$base.c" ] || continue
	mapfile -t files < <(ls "$base.c" "$base"-*.c 2>/dev/null || true
		grep -oE '\b[a-z0-9-]+\.c\b' "$header" | sed "s|^|${header%/*}/|" || true)
	for name in $(declared "$header"); do
		n=$((n + 1))
		grep -qsE "^[a-z].*\b$name\(" "${files[@]}" || complain "$header declares $name(), which is in another file"
	done
done
((n > 300)) || complain "found only $n declarations"

# A name that many files use for a static function says nothing.
while read -r files name; do
	((files < 5)) || complain "$files files have a static function $name()"
done < <(sed -nE 's/^static [a-z][a-z0-9_ *]*[ *]([a-z0-9_]+)\(.*/\1/p' hook/*.c hook/*/*.c | sort | uniq -c)

# tests/unit/test-FILE.c or test-FILE-TOPIC.c
for test in tests/unit/test-*.c; do
	name=$(basename "$test" .c)
	name=${name#test-}
	while [ -n "$name" ] && [ -z "$(find hook -name "$name.c")" ]; do
		[[ $name == *-* ]] && name=${name%-*} || name=
	done
	[ -n "$name" ] || complain "$test tests no file of that name"
done
[ $bad = 0 ] && echo "shape: as in CONTRIBUTING.md"
exit $bad
