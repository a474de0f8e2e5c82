/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CRI-O: the hooks.d file that podman uses, and a drop-in for crio.conf(5) if its hooks_dir leaves
 * that folder out. Annotations of pods and containers reach hooks without being allowed.
 */

#include "base/cleanup.h"
#include "base/quote.h"
#include "setup/hooksd.h"
#include "setup/toml.h"

#include <string.h>

#define CONFIG	     "/etc/crio/crio.conf"
#define DROP_INS     "/etc/crio/crio.conf.d"
#define DROP_IN_NAME "50-oci-thin-grow.conf"
#define KEY	     "crio" TOML_SEP "runtime" TOML_SEP "hooks_dir"

/* As CRI-O reads them: crio.conf, then every file of crio.conf.d; @but not this one. */
static int read_folders(const struct setup_place *place, const char *but, struct conf_list *list,
			struct why *why)
{
	_cleanup_free_ char *config = place->file ? strdup(place->file) : setup_path(place, CONFIG);
	_cleanup_free_ char *drop_ins = setup_path(place, DROP_INS);
	int r;

	if (!config || !drop_ins)
		return why_set(why, ENOMEM, "out of memory");
	r = conf_read(config, KEY, list, why);
	return r < 0 ? r : conf_read_folder(drop_ins, "", but, KEY, list, why);
}

static int look(const struct setup_place *place, struct setup_view *view, struct why *why)
{
	_cleanup_(conf_free) struct conf_list folders = {0};
	int r = read_folders(place, NULL, &folders, why);

	return r < 0 ? r : hooksd_look(place, &folders, "crio", view, why);
}

static char *drop_in_text(const struct conf_list *theirs)
{
	_cleanup_fclose_ FILE *out = NULL;
	char *text = NULL;
	size_t size = 0;

	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	fputs("# Of oci-thin-grow: the folders of OCI hooks as they were, and its own.\n"
	      "[crio.runtime]\nhooks_dir = [\n",
	      out);
	for (size_t i = 0; i < theirs->n; i++)
		fprintf(out, "\t\"%s\",\n", theirs->strings[i]);
	fputs("\t\"" HOOKSD_FOLDER "\",\n]\n", out);
	if (fclose(TAKE_PTR(out)) == 0)
		return text;
	free(text);
	return NULL;
}

/* A later file that leaves our folder out has the last word. */
static int check_later(const struct conf_list *all, const char *path, struct why *why)
{
	if (!all->file || strcmp(all->file, path) <= 0 || conf_has(all, HOOKSD_FOLDER) ||
	    !strstr(all->file, DROP_INS))
		return 0;
	return why_set(why, EEXIST, "%s sets hooks_dir after %s would: add \"%s\" there", all->file,
		       path, HOOKSD_FOLDER);
}

static int plan_drop_in(const struct setup_place *place, const struct conf_list *theirs,
			bool disable, struct setup_plan *plan, struct why *why)
{
	_cleanup_free_ char *path = setup_path(place, DROP_INS "/" DROP_IN_NAME);
	struct setup_file *file = NULL;
	char *text;
	int r = path ? 0 : why_set(why, ENOMEM, "out of memory");

	if (r == 0 && !disable)
		r = check_later(theirs, path, why);
	if (r == 0)
		r = plan_read(plan, path, &file, why);
	if (r < 0)
		return r;
	plan->then = "systemctl restart crio (a reload does not read hooks_dir; containers go on)";
	if (disable || !theirs->file || conf_has(theirs, HOOKSD_FOLDER)) {
		plan_set(file, NULL, 0);
		return 0;
	}
	for (size_t i = 0; i < theirs->n; i++) {
		if (!quote_is_plain(theirs->strings[i]))
			return why_set(why, EINVAL,
				       "%s: the folder %s in hooks_dir is a strange one",
				       theirs->file, quote(theirs->strings[i]));
	}
	text = drop_in_text(theirs);
	if (!text)
		return why_set(why, ENOMEM, "out of memory");
	plan_set(file, text, strlen(text));
	return 0;
}

static int plan_crio(const struct setup_place *place, const struct setup_options *options,
		     struct setup_plan *plan, struct why *why)
{
	_cleanup_(conf_free) struct conf_list theirs = {0}, folders = {0};
	int r = read_folders(place, DROP_IN_NAME, &theirs, why);

	if (r == 0)
		r = plan_drop_in(place, &theirs, options->disable, plan, why);
	if (r == 0 && !setup_plan_changes(plan))
		plan->then = "nothing: CRI-O watches the folder of hooks";
	for (size_t i = 0; r == 0 && i < theirs.n; i++)
		r = conf_add(&folders, theirs.strings[i]);
	if (r == 0 && folders.n && !conf_has(&folders, HOOKSD_FOLDER))
		r = conf_add(&folders, HOOKSD_FOLDER);
	return r < 0 ? r : hooksd_plan(place, &folders, options->disable, plan, why);
}

const struct setup_engine setup_crio = {
	.name = "crio",
	.program = "crio",
	.look = look,
	.plan = plan_crio,
};
