/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config-keys.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/quote.h"
#include "base/shim-name.h"
#include "base/text.h"
#include "policy/config-autogrow.h"
#include "policy/config-table.h"

#include <string.h>

static const char *const on_failure_words[] = {
	[ON_FAILURE_FAIL] = "fail", [ON_FAILURE_WARN] = "warn", NULL};
static const char *const on_exceed_words[] = {
	[ON_EXCEED_DENY] = "deny", [ON_EXCEED_CLAMP] = "clamp", NULL};
static const char *const rule_request_words[] = {[RULE_REQUEST_ALLOW] = "allow",
						 [RULE_REQUEST_IGNORE] = "ignore",
						 [RULE_REQUEST_DENY] = "deny",
						 NULL};

static const struct config_type rule_size, rule_autogrow_max, rule_annotations, rules, shims;

/* clang-format off */
#define IN_RULE(member) offsetof(struct rule, member)
static const struct config_key rule_keys[] = {
	{"name",             &config_name,      IN_RULE(name),      NULL},
	{"match.engine",     &config_string,    IN_RULE(engine),    NULL},
	{"match.image",      &config_string,    IN_RULE(image),     NULL},
	{"match.namespace",  &config_string,    IN_RULE(ns),        NULL},
	{"match.annotation", &rule_annotations, 0,                  NULL},
	{"size",             &rule_size,        0,                  NULL},
	{"max_size",         &config_size,      IN_RULE(max_bytes), NULL},
	{"request",          NULL,              IN_RULE(request),   rule_request_words},
	{"autogrow.max",      &rule_autogrow_max,      0,                                NULL},
	{"autogrow.at",       &config_autogrow_at,     IN_RULE(autogrow.at_permille),    NULL},
	{"autogrow.by",       &config_autogrow_by,     IN_RULE(autogrow.by_permille),    NULL},
	{"autogrow.min_step", &config_size,            IN_RULE(autogrow.min_step_bytes), NULL},
	{"autogrow.max_step", &config_size,            IN_RULE(autogrow.max_step_bytes), NULL},
	{"autogrow.cooldown", &config_pause,           IN_RULE(autogrow.cooldown_ms),    NULL},
	{"autogrow.budget",   &config_autogrow_budget, IN_RULE(autogrow),                NULL},
};

#define IN_POLICY(member) offsetof(struct policy, member)
static const struct config_key policy_keys[] = {
	{"enabled",      &config_bool,          IN_POLICY(enabled),       NULL},
	{"keys",         &config_strings,       IN_POLICY(keys),          NULL},
	{"labels",       &config_bool,          IN_POLICY(labels),        NULL},
	{"default_size", &config_optional_size, IN_POLICY(default_bytes), NULL},
	{"max_size",     &config_size,          IN_POLICY(max_bytes),     NULL},
	{"pools",        &config_strings,       IN_POLICY(pools),         NULL},
	{"rules",        &rules,                0,                        NULL},
	{"on_exceed",    NULL,                  IN_POLICY(on_exceed),     on_exceed_words},
	{"on_failure.request",        NULL, IN_POLICY(on_failure.request),        on_failure_words},
	{"on_failure.default",        NULL, IN_POLICY(on_failure.implicit),       on_failure_words},
	{"on_failure.not_applicable", NULL, IN_POLICY(on_failure.not_applicable), on_failure_words},
	{"pool_guard.data_percent",     &config_percent, IN_POLICY(pool_guard.data_percent),           NULL},
	{"pool_guard.metadata_percent", &config_percent, IN_POLICY(pool_guard.metadata_percent),       NULL},
	{"pool_guard.overcommit",       &config_ratio,   IN_POLICY(pool_guard.overcommit_thousandths), NULL},
	{"pool_guard.autogrow_data_percent", &config_percent, IN_POLICY(pool_guard.autogrow_data_percent), NULL},
	{"autogrow.max",      &config_optional_size,   IN_POLICY(autogrow.max_bytes),      NULL},
	{"autogrow.at",       &config_autogrow_at,     IN_POLICY(autogrow.at_permille),    NULL},
	{"autogrow.by",       &config_autogrow_by,     IN_POLICY(autogrow.by_permille),    NULL},
	{"autogrow.min_step", &config_size,            IN_POLICY(autogrow.min_step_bytes), NULL},
	{"autogrow.max_step", &config_size,            IN_POLICY(autogrow.max_step_bytes), NULL},
	{"autogrow.cooldown", &config_pause,           IN_POLICY(autogrow.cooldown_ms),    NULL},
	{"autogrow.budget",   &config_autogrow_budget, IN_POLICY(autogrow),                NULL},
	{"start_with",   &config_optional_size, IN_POLICY(start_with_bytes), NULL},
	{"timeout",      &config_time,          IN_POLICY(timeout_ms),    NULL},
	{"runtime",      &config_program,       IN_POLICY(runtime),       NULL},
	{"shims",        &shims,                0,                        NULL},
	{"data_roots",   &config_paths,         IN_POLICY(data_roots),    NULL},
	{"nri",          &config_nri,           IN_POLICY(nri),           NULL},
};
/* clang-format on */

static const struct config_table policy_table = {policy_keys, COUNT(policy_keys)};
static const struct config_table rule_table = {rule_keys, COUNT(rule_keys)};
_Static_assert(COUNT(policy_keys) <= CONFIG_KEYS_MAX, "origins[] has too few places");

int config_key_index(const char *path)
{
	for (size_t i = 0; i < COUNT(policy_keys); i++) {
		if (strcmp(policy_keys[i].path, path) == 0)
			return (int)i;
	}
	return -1;
}

void config_read_file(struct config_reader *reader, const struct json *root)
{
	config_read_object(reader, root, "", &policy_table, reader->policy,
			   reader->policy->memory->origins);
}

void config_show(const struct policy *policy, FILE *out)
{
	static const struct config_origin defaults[CONFIG_KEYS_MAX];

	fputs("{\n", out);
	config_show_object(&policy_table, policy,
			   policy->memory ? policy->memory->origins : defaults, "  ", out);
	fputs("}\n", out);
}

/* Without comments and indentation. Strings have no line ends in them. */
static void put_on_one_line(const char *text, FILE *out)
{
	bool in_string = false;

	for (; *text; text++) {
		if (in_string && *text == '\\')
			putc(*text++, out);
		else if (*text == '"')
			in_string = !in_string;
		else if (!in_string && strncmp(text, "//", 2) == 0)
			text += strcspn(text, "\n");
		if (*text == '\n')
			text += strspn(text + 1, " ");
		else
			putc(*text, out);
	}
}

void config_show_json(const struct policy *policy, FILE *out)
{
	const struct config_origin *origins = policy->memory ? policy->memory->origins : NULL;
	_cleanup_free_ char *text = NULL;
	const char *separator = "";
	size_t size = 0;
	FILE *layout = open_memstream(&text, &size);

	if (!layout)
		return;
	config_show(policy, layout);
	if (fclose(layout) != 0)
		return;
	fputs("{\"values\": ", out);
	put_on_one_line(text, out);
	fputs(", \"origins\": {", out);
	for (size_t i = 0; origins && i < COUNT(policy_keys); i++) {
		if (!origins[i].file)
			continue;
		fprintf(out, "%s\"%s\": ", separator, policy_keys[i].path);
		config_show_string(text("%s:%u", origins[i].file, origins[i].line), out);
		separator = ", ";
	}
	fputs("}}\n", out);
}

/* --- the types that only rules have ---------------------------------------------------------- */

/* The target is the rule: a size of null differs from no size. */
static void read_rule_size(struct config_reader *reader, const struct json *value, const char *path,
			   void *target)
{
	struct rule *rule = target;

	rule->has_size = true;
	config_read_optional_size(reader, value, path, &rule->size_bytes);
}

static void show_rule_size(const void *target, FILE *out)
{
	config_show_size(((const struct rule *)target)->size_bytes, out);
}

static bool is_rule_size_set(const void *target)
{
	return ((const struct rule *)target)->has_size;
}

static const struct config_type rule_size = {read_rule_size, show_rule_size, is_rule_size_set};

static void read_rule_max(struct config_reader *reader, const struct json *value, const char *path,
			  void *target)
{
	struct rule *rule = target;

	rule->has_autogrow_max = true;
	config_read_optional_size(reader, value, path, &rule->autogrow.max_bytes);
}

static void show_rule_max(const void *target, FILE *out)
{
	config_show_size(((const struct rule *)target)->autogrow.max_bytes, out);
}

static bool is_rule_max_set(const void *target)
{
	return ((const struct rule *)target)->has_autogrow_max;
}

static const struct config_type rule_autogrow_max = {read_rule_max, show_rule_max, is_rule_max_set};

static void read_annotations(struct config_reader *reader, const struct json *value,
			     const char *path, void *target)
{
	struct annotation_pattern *patterns;
	struct rule *rule = target;
	size_t n = 0;

	if (value->type != JSON_OBJECT) {
		config_fail(reader, value, path, "an object of keys and patterns");
		return;
	}
	json_foreach (member, value)
		n++;
	patterns = config_alloc(reader, n * sizeof(*patterns));
	if (!patterns)
		return;
	rule->annotations = patterns;
	rule->n_annotations = n;
	json_foreach (member, value) {
		struct text inner;

		text_into(&inner, "%s.%s", path, quote_n(member->key, member->key_len));
		config_is_duplicate(reader, value, member, inner.s);
		patterns->key = config_strdup(reader, member->key);
		config_string.read(reader, member, inner.s, &patterns->pattern);
		patterns++;
	}
}

static void show_annotations(const void *target, FILE *out)
{
	const struct rule *rule = target;

	fputs("{ ", out);
	for (size_t i = 0; i < rule->n_annotations; i++) {
		if (i)
			fputs(", ", out);
		config_show_string(rule->annotations[i].key, out);
		fputs(": ", out);
		config_show_string(rule->annotations[i].pattern, out);
	}
	fputs(" }", out);
}

static bool are_annotations_set(const void *target)
{
	return ((const struct rule *)target)->n_annotations > 0;
}

static const struct config_type rule_annotations = {read_annotations, show_annotations,
						    are_annotations_set};

/* --- rules ----------------------------------------------------------------------------------- */

/* An unnamed rule is called by its position. */
static void name_rule(struct config_reader *reader, struct rule *rule)
{
	const char *slash = strrchr(reader->file, '/');
	struct text name;

	if (rule->name)
		return;
	text_into(&name, "%s:%u", slash ? slash + 1 : reader->file, rule->line);
	rule->name = config_strdup(reader, quote_is_plain(name.s) ? name.s : "unnamed");
}

static void read_rule(struct config_reader *reader, const struct json *value, const char *path,
		      struct rule *rule)
{
	rule->file = reader->file;
	rule->line = config_line(reader->text, value->offset);
	config_read_object(reader, value, path, &rule_table, rule, NULL);
	name_rule(reader, rule);
}

/* The target is the policy: rules are appended to those of earlier files. */
static void read_rules(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	struct policy *policy = target;
	size_t n = 0, i = 0;
	struct rule *all;

	if (value->type != JSON_ARRAY) {
		config_fail(reader, value, path, "an array of rules");
		return;
	}
	json_foreach (member, value)
		n++;
	all = config_alloc(reader, (policy->n_rules + n) * sizeof(*all));
	if (!all)
		return;
	if (policy->n_rules)
		memcpy(all, policy->rules, policy->n_rules * sizeof(*all));
	json_foreach (member, value) {
		read_rule(reader, member, text("%s[%zu]", path, i), &all[policy->n_rules + i]);
		i++;
	}
	policy->rules = all;
	policy->n_rules += n;
}

static void show_rules(const void *target, FILE *out)
{
	const struct policy *policy = target;

	putc('[', out);
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];

		fprintf(out, "%s\n    { // %s:%u\n", i ? "," : "", rule->file, rule->line);
		config_show_object(&rule_table, rule, NULL, "      ", out);
		fputs("    }", out);
	}
	fputs(policy->n_rules ? "\n  ]" : "]", out);
}

static const struct config_type rules = {read_rules, show_rules, NULL};

/* --- shims ----------------------------------------------------------------------------------- */

/* Of an earlier file's shims the path may be replaced. */
static struct shim *find_or_add(struct shim *all, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	}
	return &all[(*n)++];
}

static void read_shim_entry(struct config_reader *reader, const struct json *value,
			    const char *path, struct shim *ret)
{
	struct shim shim = {.file = reader->file};

	if (value->key_len != strlen(value->key) || !shim_name_is_valid(value->key)) {
		config_complain(
			reader, config_line(reader->text, value->offset),
			"%s: expected the NAME of containerd-shim-NAME-v2 (letters, digits, "
			"'-' and '_')",
			path);
		return;
	}
	shim.line = config_line(reader->text, value->offset);
	shim.name = config_strdup(reader, value->key);
	config_shim.read(reader, value, path, &shim.path);
	if (shim.name && shim.path)
		*ret = shim;
}

/* The target is the policy. */
static void read_shims(struct config_reader *reader, const struct json *value, const char *path,
		       void *target)
{
	struct policy *policy = target;
	size_t n = policy->n_shims;
	struct shim *all;

	if (value->type != JSON_OBJECT) {
		config_fail(reader, value, path, "an object of names and absolute paths");
		return;
	}
	json_foreach (member, value)
		n++;
	all = config_alloc(reader, n * sizeof(*all));
	if (!all)
		return;
	n = policy->n_shims;
	if (n)
		memcpy(all, policy->shims, n * sizeof(*all));
	json_foreach (member, value) {
		struct shim shim = {0};
		struct text inner;

		text_into(&inner, "%s.%s", path, quote_n(member->key, member->key_len));
		if (!config_is_duplicate(reader, value, member, inner.s))
			read_shim_entry(reader, member, inner.s, &shim);
		if (shim.name)
			*find_or_add(all, &n, shim.name) = shim;
	}
	policy->shims = all;
	policy->n_shims = n;
}

static void show_shims(const void *target, FILE *out)
{
	const struct policy *policy = target;

	putc('{', out);
	for (size_t i = 0; i < policy->n_shims; i++) {
		const struct shim *shim = &policy->shims[i];

		fprintf(out, "\n    \"%s\": ", shim->name);
		config_show_string(shim->path, out);
		fprintf(out, "%s // %s:%u", i + 1 < policy->n_shims ? "," : "", shim->file,
			shim->line);
	}
	fputs(policy->n_shims ? "\n  }" : "}", out);
}

static const struct config_type shims = {read_shims, show_shims, NULL};
