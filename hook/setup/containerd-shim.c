/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-shim.h"

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "setup/ours.h"
#include "setup/real-runtime.h"

#include <string.h>

#define TYPE_PREFIX "io.containerd."
#define TYPE_SUFFIX ".v2"
#define LINK_NAME   SHIM_PREFIX SHIM_OURS "%s" SHIM_SUFFIX

/* --- which handlers there are ---------------------------------------------------------------- */

/* The program that containerd runs for the type io.containerd.X.v2; "" for any other. */
static const char *program_of_type(const char *type, struct text *ret)
{
	size_t len = strlen(type), around = strlen(TYPE_PREFIX TYPE_SUFFIX);

	if (len <= around || strncmp(type, TYPE_PREFIX, strlen(TYPE_PREFIX)) != 0 ||
	    strcmp(type + len - strlen(TYPE_SUFFIX), TYPE_SUFFIX) != 0)
		return "";
	return text_into(ret, SHIM_PREFIX "%.*s" SHIM_SUFFIX, (int)(len - around),
			 type + strlen(TYPE_PREFIX));
}

/* "HANDLER/runtime_type" below the table @runtimes: HANDLER, to be freed. */
static char *handler_with(const struct toml_item *item, const char *runtimes, const char *key)
{
	const char *name = toml_below(item->path, runtimes);
	const char *end = name ? strchr(name, *TOML_SEP) : NULL;

	return item->kind == TOML_STRING && end && strcmp(end + 1, key) == 0
		       ? strndup(name, (size_t)(end - name))
		       : NULL;
}

/* NAME of io.containerd.NAME.v2, unless that is runc's. */
static bool shim_of_type(const char *type, char ret[SHIM_NAME_SIZE])
{
	struct text program, name;

	if (containerd_is_runc(type) || !*program_of_type(type, &program))
		return false;
	text_into(&name, "%.*s", (int)(strlen(program.s) - strlen(SHIM_PREFIX SHIM_SUFFIX)),
		  program.s + strlen(SHIM_PREFIX));
	if (!shim_name_is_valid(name.s))
		return false;
	memcpy(ret, name.s, strlen(name.s) + 1);
	return true;
}

bool containerd_find_shim(const struct containerd_config *config, char ret[SHIM_NAME_SIZE])
{
	bool found = false;

	for (size_t i = 0; !found && i < config->view.n; i++) {
		const struct toml_item *item = &config->view.items[i];
		_cleanup_free_ char *handler = handler_with(item, config->runtimes, "runtime_type");

		found = handler && shim_of_type(item->text, ret);
	}
	return found;
}

static bool is_own_name(const char *handler)
{
	return strncmp(handler, SHIM_OURS, strlen(SHIM_OURS)) == 0;
}

static bool is_wrap(const struct toml_item *item, const char *runtimes, struct containerd_wrap *ret)
{
	_cleanup_free_ char *typed = handler_with(item, runtimes, "runtime_type"),
			    *placed = handler_with(item, runtimes, "runtime_path");
	struct text program;

	ret->in_place = placed != NULL;
	if (typed && is_own_name(typed) &&
	    shim_name_wrapped(program_of_type(item->text, &program), ret->shim))
		ret->handler = TAKE_PTR(typed);
	else if (placed && !is_own_name(placed) && shim_name_wrapped(item->text, ret->shim))
		ret->handler = TAKE_PTR(placed);
	else
		return false;
	return true;
}

bool containerd_next_wrap(const struct toml *toml, const char *runtimes, size_t *at,
			  struct containerd_wrap *ret)
{
	bool found = false;

	while (!found && *at < toml->n)
		found = is_wrap(&toml->items[(*at)++], runtimes, ret);
	return found;
}

void containerd_wrap_free(struct containerd_wrap *wrap)
{
	free(wrap->handler);
	wrap->handler = NULL;
}

bool containerd_is_wrap(const struct containerd_config *config, const char *handler,
			struct containerd_wrap *ret)
{
	for (size_t at = 0; containerd_next_wrap(&config->view, config->runtimes, &at, ret);) {
		if (strcmp(ret->handler, handler) == 0)
			return true;
		containerd_wrap_free(ret);
	}
	return false;
}

bool containerd_is_ours(const char *text, size_t len)
{
	_cleanup_(toml_free) struct toml toml = {0};
	struct containerd_wrap wrap = {0};
	struct why unused;
	bool found = false;

	if (toml_parse(text, len, &toml, &unused) < 0)
		return false;
	for (const char *const *plugin = containerd_plugins; *plugin && !found; plugin++) {
		_cleanup_free_ char *runtimes = containerd_runtimes_path(*plugin);
		_cleanup_free_ char *handler = containerd_handler_path(*plugin, SETUP_RUNTIME_NAME);
		size_t at = 0;

		found = runtimes && handler &&
			(toml_has(&toml, handler) ||
			 containerd_next_wrap(&toml, runtimes, &at, &wrap));
		containerd_wrap_free(&wrap);
	}
	return found;
}

/* --- choosing one ---------------------------------------------------------------------------- */

/* @like, or the first handler that runs @shim, or runc; NULL: no handler runs the shim. */
static char *find_model(const struct containerd_config *config, const char *like, const char *shim)
{
	_cleanup_free_ char *type = shim ? text_new(TYPE_PREFIX "%s" TYPE_SUFFIX, shim) : NULL;
	char *found = NULL;

	if (like || !type)
		return strdup(like ? like : CONTAINERD_RUNC);
	for (size_t i = 0; !found && i < config->view.n; i++) {
		const struct toml_item *item = &config->view.items[i];

		found = handler_with(item, config->runtimes, "runtime_type");
		if (found && strcmp(item->text, type) != 0) {
			free(found);
			found = NULL;
		}
	}
	return found;
}

static int choose_shim(struct containerd_config *config, const struct setup_options *options,
		       const char *type, struct why *why)
{
	struct containerd_wrap wrap = {0};
	char name[SHIM_NAME_SIZE];
	bool is_wrapped = containerd_is_wrap(config, config->like, &wrap);

	containerd_wrap_free(&wrap);
	if (is_wrapped && !(wrap.in_place && options->in_place))
		return why_set(why, EEXIST, "the handler %s calls the program already",
			       quote(config->like));
	if (!shim_of_type(type, name))
		return why_set(why, EEXIST,
			       "the handler %s is of the type %s, which cannot be wrapped: only "
			       "runc's and io.containerd.NAME.v2 can",
			       quote(config->like), quote(type));
	if (options->shim && strcmp(name, options->shim) != 0)
		return why_set(why, EEXIST, "the handler %s runs the shim %s, not %s",
			       quote(config->like), quote(name), quote(options->shim));
	config->shim = strdup(name);
	return config->shim ? 0 : why_no_memory(why);
}

int containerd_choose(struct containerd_config *config, const struct setup_options *options,
		      struct why *why)
{
	const char *file = config->files.files[0].path, *type;
	int r = 0;

	config->like = find_model(config, options->like, options->shim);
	if (!config->like && options->shim)
		return why_set(why, EEXIST,
			       "%s: has no handler of the type " TYPE_PREFIX "%s" TYPE_SUFFIX
			       ": name one by --like",
			       file, options->shim);
	if (!config->like)
		return why_no_memory(why);
	if (!containerd_has_handler(config, config->like) &&
	    (options->shim || strcmp(config->like, CONTAINERD_RUNC) != 0))
		return why_set(why, EEXIST, "%s: has no handler %s for --like", file,
			       quote(config->like));
	type = containerd_value(config, config->like, "runtime_type");
	if (options->shim || (type && !containerd_is_runc(type)))
		r = choose_shim(config, options, type ? type : "", why);
	if (r < 0)
		return why_prefix(why, r, file);
	if (!config->shim)
		config->ours = strdup(SETUP_RUNTIME_NAME);
	else if (options->in_place)
		config->ours = strdup(config->like);
	else
		config->ours = text_new(SHIM_OURS "%s", config->like);
	return config->ours ? 0 : why_no_memory(why);
}

/* --- the link, and what it becomes ----------------------------------------------------------- */

char *containerd_shim_link(const char *shim)
{
	return text_new(SHIM_LINK_DIR "/" LINK_NAME, shim);
}

static int plan_link(const struct setup_place *place, const char *shim, struct setup_plan *plan,
		     struct why *why)
{
	_cleanup_free_ char *path = containerd_shim_link(shim),
			    *name = path ? place_name(place, path) : NULL;
	struct why unused;

	if (!name)
		return why_no_memory(why);
	if (setup_is_ours(place, path, PROGRAM_PATH, &unused))
		return 0;
	return change_link(place, name, PROGRAM_PATH, plan, why);
}

int containerd_plan_shim(const struct setup_place *place, const struct containerd_config *config,
			 const struct setup_options *options, struct setup_plan *plan,
			 struct why *why)
{
	const char *path = containerd_value(config, config->like, "runtime_path");
	char unused[SHIM_NAME_SIZE];
	int r = plan_link(place, config->shim, plan, why);

	/* Changed in place already: what it ran is not in that file any more. */
	if (r < 0 || (path && shim_name_wrapped(path, unused)))
		return r;
	return real_shim_plan(place, options, config->like, config->shim, path, plan, why);
}

void containerd_note_shims(const struct setup_place *place, const struct containerd_config *config,
			   const char *shim, struct setup_plan *plan)
{
	struct containerd_wrap wrap;

	for (size_t at = 0; containerd_next_wrap(&config->view, config->runtimes, &at, &wrap);) {
		_cleanup_free_ char *path = containerd_shim_link(wrap.shim);

		if (path && (!shim || strcmp(wrap.shim, shim) == 0)) {
			change_note(plan,
				    "left: %s, which containers of the handler %s need until they "
				    "are removed; remove it then",
				    path, quote(wrap.handler));
			real_shim_note(place, wrap.shim, plan);
		}
		containerd_wrap_free(&wrap);
	}
}

/* --- what Kubernetes must know --------------------------------------------------------------- */

void containerd_runtime_class(const char *handler, const char *like, struct setup_plan *plan)
{
	text_into(&plan->manifest,
		  "apiVersion: node.k8s.io/v1\n"
		  "kind: RuntimeClass\n"
		  "metadata:\n"
		  "  name: %s\n"
		  "handler: %s\n"
		  "# overhead and scheduling: as \"kubectl get runtimeclass %s -o yaml\" shows "
		  "them\n",
		  handler, handler, like);
}
