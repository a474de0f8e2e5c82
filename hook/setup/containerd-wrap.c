/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/containerd-wrap.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/containerd-shim.h"
#include "setup/real-runtime.h"
#include "setup/toml-edit.h"

#include <string.h>

static int put_annotations(struct edit_text *t, const struct containerd_config *config,
			   const char *handler, struct why *why)
{
	_cleanup_free_ char *path = text_new("%s" TOML_SEP "pod_annotations", handler), *all = NULL;
	int r = path ? 0 : why_no_memory(why);

	for (const char *const *ours = containerd_our_patterns; r == 0 && *ours; ours++) {
		r = toml_cut_element(t, path, *ours, why);
		if (r == 0)
			r = toml_add_element(t, path, *ours, why);
	}
	if (r != -ENOENT)
		return r;
	all = containerd_annotations(config, config->ours);
	return all ? toml_put(t, handler, "pod_annotations", all, why) : why_no_memory(why);
}

int containerd_wrap_in_place(struct edit_text *t, const struct containerd_config *config,
			     struct why *why)
{
	_cleanup_free_ char *handler = containerd_handler_path(config->plugin, config->ours);
	_cleanup_free_ char *path = containerd_shim_link(config->shim);
	_cleanup_free_ char *quoted = path ? toml_quote(path) : NULL;
	int r = handler && quoted ? toml_put(t, handler, "runtime_path", quoted, why)
				  : why_no_memory(why);

	if (r == 0 && !containerd_passes_requests(config, config->ours))
		r = put_annotations(t, config, handler, why);
	return r;
}

/* As in the backup, if that has the handler; else what "shims" has kept of it. */
static int restore_path(const struct setup_place *place, struct edit_text *t,
			const struct containerd_before *before, const struct containerd_wrap *wrap,
			const char *handler, struct why *why)
{
	_cleanup_free_ char *path = text_new("%s" TOML_SEP "runtime_path", handler), *value = NULL,
			    *real = NULL;
	const struct toml_item *old = path ? toml_find(&before->toml, path) : NULL;
	char unused[SHIM_NAME_SIZE];

	if (!path)
		return why_no_memory(why);
	if (old && !(old->kind == TOML_STRING && shim_name_wrapped(old->text, unused)))
		value = strndup(before->text + old->start, old->end - old->start);
	else if (old || !toml_has(&before->toml, handler))
		real = real_shim_planned(place, wrap->shim);
	if (real)
		value = toml_quote(real);
	return value ? toml_set(t, path, value, why) : toml_cut(t, path, NULL, why);
}

static int restore_annotations(struct edit_text *t, const struct containerd_before *before,
			       const char *handler, struct why *why)
{
	_cleanup_(toml_free) struct toml now = {0};
	_cleanup_free_ char *path = text_new("%s" TOML_SEP "pod_annotations", handler);
	_cleanup_free_ char *element = path ? text_new("%s" TOML_SEP TOML_ELEMENT, path) : NULL;
	bool was_there = element && toml_has(&before->toml, path);
	int r = element ? 0 : why_no_memory(why);

	for (const char *const *ours = containerd_our_patterns; r == 0 && *ours; ours++) {
		if (!toml_has_element(&before->toml, path, *ours))
			r = toml_cut_element(t, path, *ours, why);
	}
	if (r == 0)
		r = toml_parse(t->text, t->len, &now, why);
	if (r < 0 || was_there || (toml_has(&now, element) && !toml_has(&before->toml, handler)))
		return r;
	return toml_cut(t, path, NULL, why);
}

static int unwrap(const struct setup_place *place, struct edit_text *t,
		  const struct containerd_before *before, const struct containerd_wrap *wrap,
		  const char *runtimes, struct why *why)
{
	_cleanup_free_ char *handler = text_new("%s" TOML_SEP "%s", runtimes, wrap->handler);
	int r = handler ? 0 : why_no_memory(why);

	if (r == 0 && !wrap->in_place)
		return containerd_cut_handler(t, runtimes, wrap->handler, why);
	if (r == 0)
		r = restore_path(place, t, before, wrap, handler, why);
	return r < 0 ? r : restore_annotations(t, before, handler, why);
}

int containerd_unwrap(const struct setup_place *place, struct edit_text *t,
		      const struct containerd_before *before, const char *shim, bool *ret_found,
		      struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	int r = toml_parse(t->text, t->len, &toml, why);

	for (const char *const *plugin = containerd_plugins; r == 0 && *plugin; plugin++) {
		_cleanup_free_ char *runtimes = containerd_runtimes_path(*plugin);
		struct containerd_wrap wrap;

		if (!runtimes)
			return why_no_memory(why);
		for (size_t at = 0; r == 0 && containerd_next_wrap(&toml, runtimes, &at, &wrap);) {
			if (!shim || strcmp(wrap.shim, shim) == 0) {
				*ret_found = true;
				r = unwrap(place, t, before, &wrap, runtimes, why);
			}
			containerd_wrap_free(&wrap);
		}
	}
	return r;
}
