/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ceiling-text.h"

#include "base/count.h"
#include "base/duration.h"
#include "base/ratio.h"
#include "base/size.h"
#include "host/outlook-text.h"
#include "job/settings.h"
#include "policy/config.h"

#include <string.h>

/* --- what would be done ---------------------------------------------------------------------- */

/* Is the pool too full? The guard also includes what the growth takes, and may be stricter. */
static bool is_pool_full(const struct ceiling_view *view)
{
	const struct thin_pool *pool = view->pool;

	return pool && pool->name &&
	       permille(pool->data_used_blocks, pool->data_blocks) >
		       settings_autogrow_mark(view->policy) * UINT64_C(10);
}

/* Why it would not grow however full it became; NULL: it would. */
static const char *why_not(const struct ceiling_view *view, struct text *buffer)
{
	const struct outlook *outlook = view->outlook;

	if (outlook->in_vm)
		return "a virtual machine has the disk: only its guest can grow the filesystem";
	if (outlook->size_bytes >= view->ceiling->verdict.limits.max_bytes)
		return "it has its maximum";
	if (view->held)
		return view->held;
	if (!outlook->disk.container->pid)
		return "it is stopped";
	if (outlook_needs_healing(outlook) && !outlook->healing.armed)
		return "nothing would extend the device at the next start (see healing)";
	if (view->pool && view->pool->trouble)
		return text_into(buffer, "its pool %s %s", view->pool->failed ? "has" : "is",
				 view->pool->trouble);
	if (is_pool_full(view))
		return text_into(buffer, "its pool is more than %u %% full (%s)",
				 settings_autogrow_mark(view->policy),
				 view->policy->pool_guard.autogrow_data_percent <=
						 view->policy->pool_guard.data_percent
					 ? "pool_guard.autogrow_data_percent"
					 : "pool_guard.data_percent");
	return NULL;
}

/* How much is used when it grows, as in df(1); 0: not known. */
static uint64_t next_used_bytes(const struct ceiling_view *view)
{
	const struct inventory *disk = &view->outlook->disk;
	unsigned __int128 all = (unsigned __int128)disk->used_bytes + disk->available_bytes;

	return (uint64_t)(all * view->ceiling->verdict.limits.at_permille / 1000);
}

static uint64_t next_bytes(const struct ceiling_view *view)
{
	return autogrow_next_bytes(&view->ceiling->verdict.limits, view->outlook->size_bytes);
}

/* --- the values, and where they are set ------------------------------------------------------ */

/* "85%", as in the configuration. */
static const char *percent_into(struct ratio_text *out, unsigned int per_mille)
{
	return thousandths_into(out, per_mille * UINT64_C(100));
}

static struct config_origin origin_of(const struct ceiling_view *view, const char *path,
				      bool by_rule)
{
	const struct rule *rule = view->ceiling->verdict.rule;

	return by_rule ? (struct config_origin){rule->file, rule->line}
		       : config_origin(view->policy, path);
}

/* One of the keys of "autogrow" other than max. */
struct value {
	const char *path;
	bool by_rule;
	struct text text; /* as in the configuration */
};

#define VALUES 6

static void read_values(const struct ceiling_view *view, struct value ret[VALUES])
{
	const struct autogrow *of = &view->ceiling->verdict.limits;
	const struct rule *rule = view->ceiling->verdict.rule;
	const struct autogrow rules = rule ? rule->autogrow : (struct autogrow){0};
	struct ratio_text at, by;

	ret[0] = (struct value){"autogrow.at", rules.at_permille, {""}};
	text_into(&ret[0].text, "%s%%", percent_into(&at, of->at_permille));
	ret[1] = (struct value){"autogrow.by", rules.by_permille, {""}};
	text_into(&ret[1].text, "%s%%", percent_into(&by, of->by_permille));
	ret[2] = (struct value){"autogrow.min_step", rules.min_step_bytes, {""}};
	text_into(&ret[2].text, "%s", size_exact(of->min_step_bytes));
	ret[3] = (struct value){"autogrow.max_step", rules.max_step_bytes, {""}};
	text_into(&ret[3].text, "%s", size_exact(of->max_step_bytes));
	ret[4] = (struct value){"autogrow.cooldown", rules.cooldown_ms, {""}};
	text_into(&ret[4].text, "%s", duration_format(of->cooldown_ms));
	ret[5] = (struct value){"autogrow.budget", rules.budget, {""}};
	text_into(&ret[5].text, "%u per %s", of->budget, duration_format(of->budget_ms));
}

/* --- as text --------------------------------------------------------------------------------- */

static void print_origin(const struct ceiling_view *view, const char *path, bool by_rule, FILE *out)
{
	struct config_origin origin = origin_of(view, path, by_rule);

	if (by_rule)
		fprintf(out, " of rule %s", view->ceiling->verdict.rule->name);
	if (origin.file)
		fprintf(out, " (%s:%u)", origin.file, origin.line);
	else if (!by_rule)
		fputs(" (the default)", out);
}

/* "annotation:KEY" as words: "annotation KEY". */
static void print_asked(const struct ceiling *ceiling, FILE *out)
{
	const char *asked = ceiling->asked.s;
	size_t len = strcspn(asked, ":");

	fprintf(out, "%.*s %s", (int)len, asked, asked + len + 1);
}

static void print_max(const struct ceiling_view *view, FILE *out)
{
	const struct autogrow_verdict *verdict = &view->ceiling->verdict;

	fprintf(out, OUTLOOK_LINE "up to %s, ", "autogrow", size_format(verdict->limits.max_bytes));
	if (verdict->source == AUTOGROW_TENANT) {
		print_asked(view->ceiling, out);
	} else {
		fputs("autogrow.max", out);
		print_origin(view, "autogrow.max", verdict->source == AUTOGROW_RULE, out);
	}
	if (verdict->exceeded_bytes)
		fprintf(out, "; reduced from %s to the limit",
			size_format(verdict->exceeded_bytes));
	fputc('\n', out);
}

static void print_ignored(const struct ceiling *ceiling, FILE *out)
{
	if (!*ceiling->verdict.ignored.text)
		return;
	fprintf(out, OUTLOOK_LINE, "");
	print_asked(ceiling, out);
	fprintf(out, " is ignored: %s\n", ceiling->verdict.ignored.text);
}

static void print_pace(const struct autogrow *limits, FILE *out)
{
	struct ratio_text at, by;

	fprintf(out,
		OUTLOOK_LINE "when it is %s %% full: by %s %%, %s to %s; %u per %s, %s apart\n", "",
		percent_into(&at, limits->at_permille), percent_into(&by, limits->by_permille),
		size_format(limits->min_step_bytes), size_format(limits->max_step_bytes),
		limits->budget, duration_format(limits->budget_ms),
		duration_format(limits->cooldown_ms));
}

static void print_values(const struct ceiling_view *view, FILE *out)
{
	struct value values[VALUES];

	read_values(view, values);
	for (size_t i = 0; i < COUNT(values); i++) {
		fprintf(out, OUTLOOK_LINE "%s: %s", "", values[i].path, values[i].text.s);
		print_origin(view, values[i].path, values[i].by_rule, out);
		fputc('\n', out);
	}
}

static void print_next(const struct ceiling_view *view, FILE *out)
{
	struct text buffer;
	const char *held = why_not(view, &buffer);
	uint64_t used_bytes = next_used_bytes(view);

	if (held)
		fprintf(out, OUTLOOK_LINE "not now: %s\n", "", held);
	else if (used_bytes)
		fprintf(out, OUTLOOK_LINE "to %s, as soon as %s are used\n", "",
			size_format(next_bytes(view)), size_format(used_bytes));
}

void ceiling_print(const struct ceiling_view *view, bool verbose, FILE *out)
{
	const struct ceiling *ceiling = view->ceiling;

	if (ceiling->sandbox)
		return;
	if (ceiling->verdict.source == AUTOGROW_OFF) {
		fprintf(out, OUTLOOK_LINE "off: no maximum is set\n", "autogrow");
		print_ignored(ceiling, out);
		return;
	}
	print_max(view, out);
	print_ignored(ceiling, out);
	print_pace(&ceiling->verdict.limits, out);
	if (verbose)
		print_values(view, out);
	print_next(view, out);
}

/* --- as JSON --------------------------------------------------------------------------------- */

static void json_origins(const struct ceiling_view *view, struct json_writer *w)
{
	enum autogrow_source source = view->ceiling->verdict.source;
	struct value values[VALUES + 1];

	read_values(view, values);
	values[VALUES] = (struct value){"autogrow.max", source == AUTOGROW_RULE, {""}};
	json_write_object(w, "origins");
	for (size_t i = 0; i < COUNT(values); i++) {
		struct config_origin origin = origin_of(view, values[i].path, values[i].by_rule);

		if (origin.file && (i < VALUES || source != AUTOGROW_TENANT))
			json_write_string(w, values[i].path,
					  text("%s:%u", origin.file, origin.line));
	}
	json_write_close(w);
}

static void json_limits(const struct autogrow *limits, struct json_writer *w)
{
	json_write_u64(w, "at_permille", limits->at_permille);
	json_write_u64(w, "by_permille", limits->by_permille);
	json_write_u64(w, "min_step_bytes", limits->min_step_bytes);
	json_write_u64(w, "max_step_bytes", limits->max_step_bytes);
	json_write_u64(w, "cooldown_ms", limits->cooldown_ms);
	json_write_u64(w, "budget", limits->budget);
	json_write_u64(w, "budget_ms", limits->budget_ms);
}

static void json_next(const struct ceiling_view *view, struct json_writer *w)
{
	struct text buffer;
	const char *held = why_not(view, &buffer);

	json_write_known_u64(w, "next_bytes", held ? 0 : next_bytes(view));
	json_write_known_u64(w, "next_used_bytes", held ? 0 : next_used_bytes(view));
	json_write_string(w, "held", held);
}

void ceiling_json(const struct ceiling_view *view, struct json_writer *w)
{
	const struct ceiling *ceiling = view->ceiling;
	const struct autogrow_verdict *verdict = &ceiling->verdict;
	const char *source = ceiling_source(ceiling);

	json_write_object(w, "autogrow");
	json_write_known_u64(w, "max_bytes", verdict->limits.max_bytes);
	json_write_string(w, "source", *source ? source : NULL);
	json_write_known_u64(w, "exceeded_bytes", verdict->exceeded_bytes);
	json_write_string(w, "ignored", *verdict->ignored.text ? verdict->ignored.text : NULL);
	if (verdict->source != AUTOGROW_OFF) {
		json_limits(&verdict->limits, w);
		json_origins(view, w);
		json_next(view, w);
	}
	json_write_close(w);
}
