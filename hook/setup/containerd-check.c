/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-check.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/containerd-shim.h"

#include <string.h>

/* --- comparing ------------------------------------------------------------------------------- */

/* By path; elements of an array, which have the same one, by their place. */
static int compare_items(const void *a, const void *b)
{
	const struct toml_item *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : x->start < y->start ? -1 : x->start > y->start;
}

/* Below the plugin's table "containerd"; NULL: it is not there. */
static const struct toml_item *dumped_key(const struct containerd_dump *dumped, const char *key)
{
	_cleanup_free_ char *path = text_new(
		"plugins" TOML_SEP "%s" TOML_SEP "containerd" TOML_SEP "%s", dumped->plugin, key);

	return path ? toml_find(&dumped->toml, path) : NULL;
}

/* The same as a text, or "". */
static const char *dumped_value(const struct containerd_dump *dumped, const char *key)
{
	const struct toml_item *item = dumped_key(dumped, key);

	return item && item->text ? item->text : "";
}

/* Does the item belong to a handler with a name of ours, in the table @table? */
static bool is_own(const struct toml_item *item, const char *table)
{
	size_t len = strlen(table), n = strlen(TOML_SEP SETUP_RUNTIME_NAME);

	return strncmp(item->path, table, len) == 0 &&
	       strncmp(item->path + len, TOML_SEP SETUP_RUNTIME_NAME, n) == 0 &&
	       strchr(TOML_SEP "-", item->path[len + n]);
}

static bool calls_us(const struct containerd_dump *dumped, const char *handler)
{
	char unused[SHIM_NAME_SIZE];
	_cleanup_free_ char *key =
		text_new("runtimes" TOML_SEP "%s" TOML_SEP "runtime_path", handler);

	return key && shim_name_wrapped(dumped_value(dumped, key), unused);
}

/* What --in-place changes: keys of a handler that calls us in one of the dumps. @rest: its path
 * below runtimes. */
static bool is_in_place(const char *rest, const struct containerd_dump *dumped,
			const struct containerd_dump *other)
{
	const char *end = strchr(rest, *TOML_SEP);
	_cleanup_free_ char *handler = end ? strndup(rest, (size_t)(end - rest)) : NULL;

	return handler &&
	       (toml_is_at_or_below(end + 1, "runtime_path") ||
		toml_is_at_or_below(end + 1, "pod_annotations")) &&
	       (calls_us(dumped, handler) || calls_us(other, handler));
}

/* What must be the same: all but our handler, imports and the default, which is looked at apart. */
static bool is_compared(const struct containerd_dump *dumped, const struct containerd_dump *other,
			const struct toml_item *item)
{
	_cleanup_free_ char *runtimes = containerd_runtimes_path(dumped->plugin);
	_cleanup_free_ char *plugin = containerd_plugin_path(dumped->plugin);
	const char *handler = runtimes ? toml_below(item->path, runtimes) : NULL, *name;

	if (!runtimes || !plugin || item->kind == TOML_TABLE || item->kind == TOML_INLINE ||
	    item->kind == TOML_ARRAY || toml_is_at_or_below(item->path, "imports") ||
	    is_own(item, runtimes) || is_own(item, CONTAINERD_PLATFORMS))
		return false;
	if (handler && is_in_place(handler, dumped, other))
		return false;
	name = toml_below(item->path, plugin);
	if (name && strcmp(name, "containerd" TOML_SEP CONTAINERD_DEFAULT) == 0)
		return false;
	return !handler || !containerd_dump_is_zero(item);
}

/* Copies, to be freed; what is in them is the dump's. NULL: no memory. */
static struct toml_item *sorted_items(const struct containerd_dump *dumped,
				      const struct containerd_dump *other, size_t *ret_n)
{
	struct toml_item *items = calloc(dumped->toml.n + 1, sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; items && i < dumped->toml.n; i++) {
		if (is_compared(dumped, other, &dumped->toml.items[i]))
			items[n++] = dumped->toml.items[i];
	}
	if (items)
		qsort(items, n, sizeof(*items), compare_items);
	*ret_n = n;
	return items;
}

static int complain_of(const char *path, const struct toml_item *before,
		       const struct toml_item *after, struct why *why)
{
	struct text key;

	text_into(&key, "%s", path);
	for (size_t i = 0; key.s[i]; i++) {
		key.s[i] = (char)(key.s[i] == *TOML_SEP ? '/' : key.s[i]);
	}
	return why_set(why, EEXIST,
		       "containerd would also read %s as %s, not %s (--no-check skips this check)",
		       key.s, after ? quote(after->text) : "nothing",
		       before ? quote(before->text) : "nothing");
}

static int compare_all(const struct containerd_dump *before, const struct containerd_dump *after,
		       struct why *why)
{
	size_t n = 0, m = 0;
	_cleanup_free_ struct toml_item *old = sorted_items(before, after, &n);
	_cleanup_free_ struct toml_item *new = sorted_items(after, before, &m);

	if (!old || !new)
		return why_no_memory(why);
	for (size_t i = 0; i < n || i < m; i++) {
		int order = i == n ? 1 : i == m ? -1 : strcmp(old[i].path, new[i].path);

		if (order < 0)
			return complain_of(old[i].path, &old[i], NULL, why);
		if (order > 0)
			return complain_of(new[i].path, NULL, &new[i], why);
		if (strcmp(old[i].text, new[i].text) != 0)
			return complain_of(old[i].path, &old[i], &new[i], why);
	}
	return 0;
}

/* The default may only change if it is ours, before or after. */
static int compare_dumps(const struct containerd_dump *before, const struct containerd_dump *after,
			 struct why *why)
{
	const struct toml_item *a = dumped_key(before, CONTAINERD_DEFAULT);
	const struct toml_item *b = dumped_key(after, CONTAINERD_DEFAULT);

	if (a && b && strcmp(a->text, b->text) != 0 && strcmp(a->text, SETUP_RUNTIME_NAME) != 0 &&
	    strcmp(b->text, SETUP_RUNTIME_NAME) != 0)
		return complain_of(a->path, a, b, why);
	return compare_all(before, after, why);
}

/* --- what must be there ---------------------------------------------------------------------- */

/* A dump does not report that the default handler is missing. */
static void note_default(const struct containerd_dump *dumped, struct setup_plan *plan)
{
	const char *name = dumped_value(dumped, CONTAINERD_DEFAULT);
	_cleanup_free_ char *handler = containerd_handler_path(dumped->plugin, name);

	if (handler && *name && !toml_has(&dumped->toml, handler))
		change_note(plan, "the default runtime will be %s, but there is no such handler",
			    quote(name));
}

/* A key of our handler in the dump, or "". */
static const char *our_value(const struct containerd_dump *dumped,
			     const struct containerd_config *config, const char *name)
{
	_cleanup_free_ char *key =
		text_new("runtimes" TOML_SEP "%s" TOML_SEP "%s", config->ours, name);

	return key ? dumped_value(dumped, key) : "";
}

static bool runs_another(const struct containerd_dump *dumped,
			 const struct containerd_config *config)
{
	const char *binary = our_value(dumped, config, CONTAINERD_BINARY);

	if (config->shim)
		return !calls_us(dumped, config->ours) &&
		       !strstr(our_value(dumped, config, "runtime_type"), SHIM_OURS);
	return *binary && !strstr(binary, "oci-thin-grow-runtime"); /* 1.4 shows no options */
}

static int check_dumped_handler(const struct containerd_dump *dumped,
				const struct containerd_config *config,
				const struct setup_options *options, struct why *why)
{
	_cleanup_free_ char *handler = containerd_handler_path(dumped->plugin, config->ours);
	const char *fault = NULL;

	if (!handler || !toml_has(&dumped->toml, handler))
		fault = "would not have our handler";
	else if (runs_another(dumped, config))
		fault = "would run another program for our handler";
	else if (!*our_value(dumped, config, "pod_annotations" TOML_SEP TOML_ELEMENT))
		fault = "would have no pod_annotations";
	else if (options->snapshotter &&
		 strcmp(our_value(dumped, config, "snapshotter"), options->snapshotter) != 0)
		fault = "knows no snapshotter of a handler (1.7 does)";
	else if (options->by_default &&
		 strcmp(dumped_value(dumped, CONTAINERD_DEFAULT), SETUP_RUNTIME_NAME) != 0)
		fault = "would have another default";
	return fault ? why_set(why, EEXIST, "containerd %s (--no-check skips this check)", fault)
		     : 0;
}

/* The dump of what the plan makes. 0: there is none to compare with. */
static int dump_planned(const struct setup_place *place, const struct setup_plan *plan,
			struct containerd_dump *ret, struct why *why)
{
	_cleanup_(containerd_config_free) struct containerd_config config = {0};
	struct setup_place planned = *place;
	int r;

	planned.planned = plan;
	r = containerd_read(&planned, &config, why);
	if (r == 0)
		r = containerd_dump_future(&planned, &config, ret, why);
	return r < 0 ? why_prefix(why, r, "containerd would not read it") : ret->text != NULL;
}

int containerd_check_enabled(const struct setup_place *place,
			     const struct containerd_config *config,
			     const struct setup_options *options, const struct setup_plan *plan,
			     const struct containerd_dump *before, struct why *why)
{
	_cleanup_(containerd_dump_free) struct containerd_dump after = {0};
	int r = before->text && setup_plan_changes(plan) ? dump_planned(place, plan, &after, why)
							 : 0;

	if (r <= 0 || !before->plugin || !after.plugin)
		return r < 0 ? r : 0;
	r = check_dumped_handler(&after, config, options, why);
	return r < 0 ? r : compare_dumps(before, &after, why);
}

int containerd_check_disabled(const struct setup_place *place, struct setup_plan *plan,
			      const struct containerd_dump *before, struct why *why)
{
	_cleanup_(containerd_dump_free) struct containerd_dump after = {0};
	int r = setup_plan_changes(plan) ? dump_planned(place, plan, &after, why) : 0;

	if (r < 0 && !before->text)
		return 0; /* it was not read before, either */
	if (r <= 0 || !after.plugin || (before->text && !before->plugin))
		return r < 0 ? r : 0;
	note_default(&after, plan);
	return before->text ? compare_dumps(before, &after, why) : 0;
}
