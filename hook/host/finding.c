/* SPDX-License-Identifier: Apache-2.0 */
#include "host/finding.h"

#include "base/quote.h"
#include "base/terminal.h"
#include "oci/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* What sh takes for itself anywhere in a word; ~ is only special in front, where it is not safe. */
static bool is_safe(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_./:@%+,-";

	return *text && text[strspn(text, safe)] == '\0';
}

char *finding_word(const char *text)
{
	size_t len = strlen(text);
	char *word, *at;

	if (!quote_is_printable(text))
		return NULL;
	if (is_safe(text))
		return strdup(text);
	word = malloc(4 * len + sizeof("''"));
	if (!word)
		return NULL;
	at = word;
	*at++ = '\'';
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *c;
	}
	stpcpy(at, "'");
	return word;
}

static void print_one(const struct finding *finding, bool colour, FILE *out)
{
	enum style style = colour ? severities[finding->severity].style : STYLE_PLAIN;

	fprintf(out, "%s%-8s%s%s: %s\n", style_begin(style), severities[finding->severity].word,
		style_end(style), finding->id, finding->what);
	if (finding->why)
		fprintf(out, "  why:  %s\n", finding->why);
	if (finding->command)
		fprintf(out, "  fix:  %s\n", finding->command);
}

int findings_print(const struct findings *findings, bool colour, FILE *out)
{
	const size_t *count = findings->count;

	for (size_t i = 0; i < findings->n; i++)
		print_one(&findings->all[i], colour, out);
	fprintf(out, "%zu broken, %zu warning%s, %zu ok\n", count[SEVERITY_BROKEN],
		count[SEVERITY_WARNING], count[SEVERITY_WARNING] == 1 ? "" : "s",
		count[SEVERITY_OK]);
	return fflush(out) == 0 ? 0 : -EIO;
}

int findings_print_json(const struct findings *findings, FILE *out)
{
	struct json_writer *w = json_writer_begin();

	json_write_u64(w, "broken", findings->count[SEVERITY_BROKEN]);
	json_write_u64(w, "warnings", findings->count[SEVERITY_WARNING]);
	json_write_u64(w, "ok", findings->count[SEVERITY_OK]);
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
