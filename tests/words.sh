#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Users read plain English: no message, help text, document or packaged file has one of these words.
# Usage: words.sh [ROOT]
set -euo pipefail

cd "${1:-$(dirname "$0")/..}"

# Words and phrases that have to be read twice, one a line, as extended regular expressions; after a tab, what to write
# instead.
banned='folders?	directory
mend(s|ed|ing)?	fix, repair
made again|(make|makes|making) (it|them|the device|its device|devices|a disk) again	re-created, re-creates
such a one|such ones	one
no news	is not logged
affair	...
cannot be meant|was not meant	probably not what you meant
begins? so	begins with
something else than	is not
not to be had	untested
looked through	searched
we know	supported
somebody else|whosoever	another program, another user
what is built in	the built-in defaults
is no (block device|program|absolute path|object|device|directory|file|regular file)	is not a
deep inside	inside
it is no error	valid
as it was at first	the first size
let go of	keep using
asks? no more than	at most
and here not	not here
is failed	has failed
somebody has	say what was done: the file was edited
all this	these
takes? the place of	overrides, replaces'

# The string literals in hook/; adjacent ones are joined.
literals() {
	local file
	for file in hook/*.c hook/*/*.[ch]; do
		grep -v '^#include' "$file" | sed -z 's/"[[:space:]]*\n[[:space:]]*"//g' | grep -oE '"([^"\\]|\\.)*"' | sed "s|^|$file: |" || true
	done
}

texts() {
	literals
	grep -nH -d skip '' README.md SECURITY.md CONTRIBUTING.md doc/*.[58] doc/*.md config/*.json config/*/* packaging/*/*
}

all=$(texts)
bad=0
while IFS=$'\t' read -r words instead; do
	while read -r found; do
		echo "words: $found (write: $instead)" >&2
		bad=1
	done < <(grep -iE "^[^:]*:.*\b($words)\b" <<<"$all" || true)
done <<<"$banned"

# mandoc's measure for lines of text; macros and what is shown as typed may be longer.
while read -r found; do
	echo "words: $found (longer than 80 characters)" >&2
	bad=1
done < <(awk '/^\.Bd/ { typed = 1 } /^\.Ed/ { typed = 0 } length > 80 && !typed && !/^[.]/ { print FILENAME ":" FNR ": " $0 }' doc/*.[58])

# A command is copied with all that stands behind it.
while read -r found; do
	echo "words: $found (write: the command last, without a full stop)" >&2
	bad=1
done < <(grep -E '(Fix|To go on): [^"]*\.( |"$)' <<<"$all" || true)

# A message begins in lower case, but for the name of an option or a product in it.
messages() {
	local file
	for file in hook/*.c hook/*/*.c; do
		sed -z 's/"[[:space:]]*\n[[:space:]]*"//g' "$file" |
			grep -zoE '(why_set|log_stderr|text_into|text_add|tell_usage|tell_failure|change_note)\([^";]*"[A-Z][a-z][^"]*"' |
			tr '\n\0' ' \n' | sed "s|^|$file: |" || true
	done
}

while read -r found; do
	echo "words: $found (write: in lower case)" >&2
	bad=1
done < <(messages | grep -vE '"(CRI-O|Docker|Kata|Linux)\b' || true)
[ $bad = 0 ] && echo "words: plain"
exit $bad
