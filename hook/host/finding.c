/* SPDX-License-Identifier: Apache-2.0 */
#include "host/finding.h"

#include "base/terminal.h"
#include "oci/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 8 /* of the text after a severity, "why:" and "fix:" */

static const struct {
	const char *word;
	enum style style;
} severities[] = {
	[SEVERITY_OK] = {"ok", STYLE_GOOD},
	[SEVERITY_WARNING] = {"warning", STYLE_WARN},
	[SEVERITY_BROKEN] = {"broken", STYLE_BAD},
};

static void free_one(struct finding *finding)
{
	free(finding->subject);
	free(finding->what);
	free(finding->why);
	free(finding->command);
}

void findings_add(struct findings *to, enum severity severity, const char *id, const char *subject,
		  char *what, char *why, char *command)
{
	struct finding finding = {
		.severity = severity,
		.id = id,
		.subject = subject ? strdup(subject) : NULL,
		.what = what,
		.why = why,
		.command = command,
	};
	struct finding *more = reallocarray(to->all, to->n + 1, sizeof(*more));

	if (more)
		to->all = more;
	to->count[severity]++;
	if (!more || !what || (subject && !finding.subject)) {
		to->incomplete = true;
		free_one(&finding);
		return;
	}
	more[to->n++] = finding;
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		free_one(&findings->all[i]);
	free(findings->all);
	*findings = (struct findings){0};
}

static void print_wrapped(const char *text, unsigned int first, unsigned int width, FILE *out)
{
	terminal_wrap(out, text, first, &(struct terminal_margins){INDENT, width});
}

static void print_heading(const struct finding *finding, const struct findings_look *look,
			  FILE *out)
{
	enum style style = look->colour ? severities[finding->severity].style : STYLE_PLAIN;

	fprintf(out, "%s%-8s%s%s: ", style_begin(style), severities[finding->severity].word,
		style_end(style), finding->id);
	print_wrapped(finding->what, INDENT + (unsigned int)strlen(finding->id) + 2, look->width,
		      out);
}

/* What the command of @cause fixes, too, is a consequence of it. */
static bool is_cause(const struct finding *cause, const struct finding *finding)
{
	return cause->severity == finding->severity && cause->command && finding->command &&
	       strcmp(cause->command, finding->command) == 0;
}

static bool has_cause(const struct findings *findings, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (is_cause(&findings->all[k], &findings->all[i]))
			return true;
	}
	return false;
}

/* Prints a finding together with the others that its command fixes. */
static void print_one(const struct findings *findings, size_t i, const struct findings_look *look,
		      FILE *out)
{
	const struct finding *finding = &findings->all[i];

	print_heading(finding, look, out);
	for (size_t k = i + 1; k < findings->n; k++) {
		const struct finding *other = &findings->all[k];

		if (!is_cause(finding, other))
			continue;
		fprintf(out, "  also: %s: ", other->id);
		print_wrapped(other->what, INDENT + (unsigned int)strlen(other->id) + 2,
			      look->width, out);
	}
	if (finding->why) {
		fputs("  why:  ", out);
		print_wrapped(finding->why, INDENT, look->width, out);
	}
	if (finding->command)
		fprintf(out, "  fix:  %s\n", finding->command);
}

int findings_print(const struct findings *findings, const struct findings_look *look, FILE *out)
{
	enum severity least = look->all ? SEVERITY_OK : SEVERITY_WARNING;
	const size_t *count = findings->count;

	for (enum severity severity = SEVERITY_BROKEN;; severity--) {
		for (size_t i = 0; i < findings->n; i++) {
			if (findings->all[i].severity == severity && !has_cause(findings, i))
				print_one(findings, i, look, out);
		}
		if (severity == least)
			break;
	}
	fprintf(out, "%zu broken, %zu warning%s, %zu ok%s\n", count[SEVERITY_BROKEN],
		count[SEVERITY_WARNING], count[SEVERITY_WARNING] == 1 ? "" : "s",
		count[SEVERITY_OK], look->all ? "" : " (--verbose lists them)");
	return fflush(out) == 0 ? 0 : -EIO;
}

int findings_print_json(const struct findings *findings, FILE *out)
{
	struct json_writer *w = json_writer_begin();

	json_write_u64(w, "broken", findings->count[SEVERITY_BROKEN]);
	json_write_u64(w, "warnings", findings->count[SEVERITY_WARNING]);
	json_write_u64(w, "ok", findings->count[SEVERITY_OK]);
	json_write_bool(w, "complete", !findings->incomplete);
	json_write_array(w, "findings");
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->all[i];

		json_write_object(w, NULL);
		json_write_string(w, "severity", severities[finding->severity].word);
		json_write_string(w, "id", finding->id);
		json_write_string(w, "subject", finding->subject);
		json_write_string(w, "what", finding->what);
		json_write_string(w, "why", finding->why);
		json_write_string(w, "command", finding->command);
		json_write_close(w);
	}
	json_write_array_close(w);
	return json_writer_end(w, out);
}
