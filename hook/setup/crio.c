/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CRI-O: the hooks.d file that podman uses, and a drop-in for crio.conf(5) if its hooks_dir lacks
 * that directory. Hooks get annotations of pods and containers without further configuration.
 */

#include "base/cleanup.h"
#include "base/engine-names.h"
#include "base/quote.h"
#include "setup/engines.h"
#include "setup/hooksd.h"
#include "setup/toml.h"

#include <string.h>

#define CONFIG	     "/etc/crio/crio.conf"
#define DROP_INS     "/etc/crio/crio.conf.d"
#define DROP_IN_NAME "50-oci-thin-grow.conf"
#define KEY	     "crio" TOML_SEP "runtime" TOML_SEP "hooks_dir"

static char *drop_in_name(const struct setup_place *place)
{
	return place_name(place, DROP_INS "/" DROP_IN_NAME);
}

/* As CRI-O reads them: crio.conf, then every file below crio.conf.d, here except @but. */
static int crio_directories(const struct setup_place *place, const char *but,
			    struct conf_list *list, struct why *why)
{
	_cleanup_free_ char *config = place->file ? strdup(place->file) : place_name(place, CONFIG);
	_cleanup_free_ char *drop_ins = place_name(place, DROP_INS);
	int r;

	if (!config || !drop_ins || conf_add(list, HOOKSD_DIRECTORY) < 0)
		return why_no_memory(why);
	r = conf_read(place, config, KEY, list, why);
	return r < 0 ? r : conf_read_tree(place, drop_ins, but, KEY, list, why);
}

int crio_look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(conf_free) struct conf_list directories = {0};
	int r = crio_directories(place, NULL, &directories, why);

	return r < 0 ? r : hooksd_look(place, &directories, ENGINE_CRIO, view, why);
}

static char *drop_in_text(const struct conf_list *theirs)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("# Made by oci-thin-grow: the directories of OCI hooks as they were, and its own.\n"
	      "[crio.runtime]\nhooks_dir = [\n",
	      out);
	for (size_t i = 0; i < theirs->n; i++)
		fprintf(out, "\t\"%s\",\n", theirs->strings[i]);
	fputs("\t\"" HOOKSD_DIRECTORY "\",\n]\n", out);
	return fclose(out) == 0 ? TAKE_PTR(text) : NULL;
}

/* Is the file @a read after @b? Directories are walked by the components of paths. */
static bool is_later(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (*a == '/' ? 1 : (unsigned char)*a) > (*b == '/' ? 1 : (unsigned char)*b);
}

/* Refuses if a later file sets hooks_dir without our directory. */
static int check_later(const struct setup_place *place, const struct conf_list *theirs,
		       const char *drop_in, struct why *why)
{
	_cleanup_free_ char *drop_ins = place_name(place, DROP_INS "/");

	if (!drop_ins)
		return why_no_memory(why);
	if (!theirs->file || conf_has(theirs, HOOKSD_DIRECTORY) ||
	    strncmp(theirs->file, drop_ins, strlen(drop_ins)) != 0 ||
	    !is_later(theirs->file, drop_in))
		return 0;
	return why_set(why, EEXIST, "%s is read after %s and sets hooks_dir: add \"%s\" there",
		       theirs->file, drop_in, HOOKSD_DIRECTORY);
}

static int change_hooks_dir(const struct setup_place *place, const struct conf_list *theirs,
			    const char *name, bool disable, struct setup_plan *plan,
			    struct why *why)
{
	struct setup_file *file = NULL;
	char *text;
	int r = disable ? 0 : check_later(place, theirs, name, why);

	if (r == 0)
		r = change_read(place, name, plan, &file, why);
	if (r < 0)
		return r;
	plan->then = "systemctl restart crio (a reload does not read hooks_dir; containers keep "
		     "running)";
	if (disable || conf_has(theirs, HOOKSD_DIRECTORY)) {
		change_set(file, NULL, 0);
		return 0;
	}
	for (size_t i = 0; i < theirs->n; i++) {
		if (!quote_is_plain(theirs->strings[i]))
			return why_set(why, EINVAL,
				       "%s: hooks_dir has the directory %s, which cannot be copied",
				       theirs->file, quote(theirs->strings[i]));
	}
	text = drop_in_text(theirs);
	if (!text)
		return why_no_memory(why);
	change_set(file, text, strlen(text));
	return 0;
}

int crio_plan(const struct setup_place *place, const struct setup_options *options,
	      struct setup_plan *plan, struct why *why)
{
	_cleanup_(conf_free) struct conf_list directories = {0};
	_cleanup_free_ char *drop_in = drop_in_name(place);
	int r = drop_in ? crio_directories(place, drop_in, &directories, why) : why_no_memory(why);

	if (r == 0)
		r = change_hooks_dir(place, &directories, drop_in, options->disable, plan, why);
	if (r == 0 && !setup_plan_changes(plan))
		plan->then = "nothing: CRI-O watches the directory of hooks";
	if (r == 0 && !conf_has(&directories, HOOKSD_DIRECTORY) &&
	    conf_add(&directories, HOOKSD_DIRECTORY) < 0)
		r = why_no_memory(why);
	return r < 0 ? r : hooksd_plan(place, &directories, options->disable, plan, why);
}
