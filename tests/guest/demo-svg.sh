#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# demo-svg.sh <OUTPUT >SVG: the output of `make demo` as a picture of a terminal. Ids are shortened; nothing else is changed.
set -euo pipefail

sed -E 's/\r$//; s/([0-9a-f]{8})[0-9a-f]{56}/\1…/g' | awk '
	function escape(text) {
		gsub(/&/, "\\&amp;", text)
		gsub(/</, "\\&lt;", text)
		gsub(/>/, "\\&gt;", text)
		return text
	}
	function line(class, text) {
		y += 17
		out = out sprintf("<text x=\"14\" y=\"%d\" class=\"%s\">%s</text>\n", y, class, escape(text))
	}
	# A long log line continues on the next one, at a space.
	function wrap(class, text,   at) {
		while (length(text) > 110) {
			for (at = 110; substr(text, at, 1) != " "; at--)
				;
			line(class, substr(text, 1, at - 1))
			text = "    " substr(text, at + 1)
		}
		line(class, text)
	}
	BEGIN { y = 14 }
	/^== / { started = 1; y += 6; wrap("h", "# " substr($0, 4)); next }
	!started || /^$/ || /^\[ *[0-9.]+\]/ { next }
	/^\$ / { line("c", $0); next }
	/^action=/ { wrap("l", $0); next }
	{ line("o", $0) }
	END {
		if (!ok(out)) {
			print "demo-svg.sh: the demo failed" >"/dev/stderr"
			exit 1
		}
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 %d\" font-family=\"monospace\" font-size=\"12.5\" xml:space=\"preserve\">\n", y + 18
		print "<style>text { white-space: pre } .h { fill: #8ab4f8 } .c { fill: #fff; font-weight: bold }" \
			" .o { fill: #c8c8c8 } .l { fill: #9fd39f }</style>"
		printf "<rect width=\"860\" height=\"%d\" rx=\"8\" fill=\"#1c1e22\"/>\n%s</svg>\n", y + 18, out
	}
	function ok(text) { return text ~ /demo: OK/ }'
