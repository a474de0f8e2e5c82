#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Users read plain English: no message, help text, document or packaged file has one of these words.
# Usage: words.sh [ROOT]
set -euo pipefail

cd "${1:-$(dirname "$0")/..}"

# Words and phrases that have to be read twice, one a line, as extended regular expressions; after a tab, what to write
# instead.
banned='folders?	directory
(is|are|was|were) (not )?told|tells	reports, says
as [a-z]+ counts	as in NAME(1)
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

# The string literals in hook/. Adjacent ones are joined, also with a macro between them; \n and \t are spaces.
literals() {
	grep -HoE '"([^"\\]|\\.)*"|'"'(\\\\.|[^'\\\\])'"'|[[:alnum:]_]+|[^[:space:]]' hook/*.[ch] hook/*/*.[ch] | awk '
		function flush() {
			gsub(/\\[nt]/, " ", text)
			if (text != "") print file ": \"" text "\""
			text = macro = ""
		}
		{ name = $0; sub(/:.*/, "", name); token = substr($0, length(name) + 2) }
		name != file { flush(); file = name }
		token ~ /^"/ { text = text macro substr(token, 2, length(token) - 2); macro = ""; next }
		text != "" && macro == "" && token ~ /^[A-Z][A-Z0-9a-z_]*$/ { macro = token; next }
		{ flush() }
		END { flush() }'
}

texts() {
	literals
	grep -nH -d skip '' ./*.md Makefile hook/*.[ch] hook/*/*.[ch] tests/guest/README.md doc/*.[58] doc/*.md config/*.json \
		config/*/* packaging/*/*
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

# A message begins in lower case, but for the name of a product in it, and has no full stop at its end. Prometheus' HELP texts
# and the headings of --help are sentences.
messages() {
	literals | grep -vE '^hook/(host/metrics-text\.c|main\.c|.*\.h): '
}

while read -r found; do
	echo "words: $found (write: in lower case)" >&2
	bad=1
done < <(messages | grep -E ': "[A-Z][a-z]+ ' | grep -vE ': "(CRI-O|Docker|Kata|Linux|Made by|Usage)\b' || true)

while read -r found; do
	echo "words: $found (write: without a full stop)" >&2
	bad=1
done < <(messages | grep -E '[a-z]{2,} [^"]*[a-z]\."$' || true)
[ $bad = 0 ] && echo "words: plain"
exit $bad
