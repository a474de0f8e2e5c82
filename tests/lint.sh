#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh FLAGS FILE...: all checks that read the code without running it. All are run, whatever fails.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 2
read -ra flags <<<"$1"
shift
sources=()
for file; do
	[[ $file != hook/*.c ]] || sources+=("$file")
done
status=0

step() {
	echo "lint: $1"
	shift
	"$@" || status=1
}

# each N COMMAND...: runs COMMAND with N of the sources at a time, on all processors
each() {
	local n=$1
	shift
	printf '%s\0' "${sources[@]}" | xargs -0 -n "$n" -P "$(nproc)" "$@"
}

clang_tidy() {
	# The compiler's flags follow the files.
	# shellcheck disable=SC2016
	each 8 sh -c 'flags=$1; shift; exec clang-tidy --quiet --warnings-as-errors="*" "$@" -- $flags' sh "${flags[*]}" 2>&1 |
		grep -v ' warnings* generated\.$\|^Suppressed\|^Use -header-filter'
	return "${PIPESTATUS[0]}"
}

warnings() {
	make -s -j"$(nproc)" O="$out/$1" CC="$1" CFLAGS='-O2 -Werror' all
}

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
step "clang-format" clang-format --dry-run -Werror "$@"
step "gcc warnings" warnings gcc
step "clang warnings" warnings clang
step "clang-tidy" clang_tidy
step "cppcheck" cppcheck -j "$(nproc)" --quiet --error-exitcode=1 --enable=warning,portability,performance --suppress=internalAstError --suppress=ctuuninitvar \
	--std=c11 -Ihook -D_GNU_SOURCE "${sources[@]}"
mapfile -t scripts < <(git ls-files -co --exclude-standard | xargs awk 'FNR == 1 && /^#!\/bin\/(ba)?sh|^# shellcheck shell=/ { print FILENAME }')
step "shellcheck" shellcheck -x "${scripts[@]}"
step "layers" tests/layers.sh
step "shape" tests/shape.sh
step "added" tests/added.sh
[ $status = 0 ] && echo "lint: clean"
exit $status
