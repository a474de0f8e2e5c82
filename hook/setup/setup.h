/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How the program is hooked into the engines: which file of which engine must say what. Nothing
 * here talks to an engine, and no program is started but by setup_plan() where its options say
 * check.
 */

#include "base/paths.h"
#include "base/text.h"
#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

#define SETUP_RUNTIME_NAME "oci-thin-grow"

/* Where things are. All zero: on this host. */
struct setup_place {
	const char *root; /* put before every path but @file; NULL: "" */
	const char *file; /* the engine's own configuration file, if it is not the usual one */
	const struct setup_plan
		*planned; /* look at the files as it makes them; NULL: as they are */
};

enum setup_state {
	SETUP_NO_ENGINE, /* the engine, or the part of it that would call us, is not there */
	SETUP_OFF,	 /* it is, and nothing of ours is in its configuration */
	SETUP_BROKEN,	 /* something of ours is, but the engine does not call the program */
	SETUP_ON,
};

struct setup_view {
	enum setup_state state;
	bool wraps;	    /* ON: by oci-thin-grow-runtime, not by a hook */
	const char *who;    /* ON: only for containers that ...; NULL: for all of them */
	char *file;	    /* that hooks the program in, or would; never NULL */
	bool elsewhere;	    /* setup_plan() needs it as the place's file */
	struct why missing; /* OFF and BROKEN: what is missing or wrong; else empty */
};

/*
 * How it stands with @engine: judged by what the engine makes of its files, not by what is in them.
 * 0; -ENOENT: we know no such engine; -EINVAL: a file of its configuration cannot be understood;
 * -errno. With a reason that names the file.
 */
int setup_look(const struct setup_place *place, const char *engine, struct setup_view *ret,
	       struct why *why);
void setup_view_free(struct setup_view *view);

/* What is asked for beyond the engine's name. */
struct setup_options {
	bool disable;		  /* else enable */
	bool by_default;	  /* make our runtime the engine's default one */
	bool force;		  /* also in the place of somebody's own default runtime */
	bool keep_runtime;	  /* disable: no longer the default, but still known by its name */
	bool check;		  /* ask the engine's own program what it makes of the files */
	const char *like;	  /* copy this handler; NULL: runc */
	const char *snapshotter;  /* the handler's; NULL: as that of the one that is copied */
	const char *runtime;	  /* what our runtime is to run; NULL: what the copied one runs */
	const char *runtime_now;  /* what it runs by our configuration; NULL: not to be looked at */
	const char *runtime_file; /* the file that says so; NULL: none */
};

#define SETUP_MAX_FILES 16
#define SETUP_MAX_NOTES 8

struct setup_file {
	char *path;	 /* the file itself, not a link to it */
	char *old, *new; /* NULL: no such file */
	size_t old_len, new_len;
	bool keep_backup;   /* before the change, what is in it is kept beside it */
	bool remove_backup; /* after the change, that is not needed any more */
};

/* What will be done. Nothing, if no file changes. */
struct setup_plan {
	struct setup_file files[SETUP_MAX_FILES];
	size_t n_files;
	const char *then; /* what the operator must do then, so that the engine knows of it */
	struct text notes[SETUP_MAX_NOTES];
	size_t n_notes;
	enum setup_state after; /* enable: how it stands then... */
	struct why missing;	/* ...and what is missing then, as in a view */
};

#define SETUP_MAX_SIGNS	  2
#define SETUP_MAX_OPTIONS 6

/* All that is known of an engine but what its files say. */
struct setup_engine {
	const char *name;
	const char *program;			/* its daemon's or its own name */
	const char *signs[SETUP_MAX_SIGNS + 1]; /* paths that a host has if it is in use */
	const char *disks; /* a path without which none of its disks is thin; NULL: not known */
	const char *options[SETUP_MAX_OPTIONS + 1]; /* of enable and disable that it alone has */
	bool by_default; /* enable makes our runtime the default one if nothing is said */
	int (*look)(const struct setup_place *place, struct setup_view *ret, struct why *why);
	int (*plan)(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why);
};

/* In the order in which they are shown; the last one has no name. */
extern const struct setup_engine setup_engines[];

/* NULL: no engine is called that. */
const struct setup_engine *setup_find_engine(const char *name);

/* Does something on the host show that the engine is in use, with thin disks? That its program is
 * there does not. */
bool setup_has_sign(const struct setup_place *place, const struct setup_engine *engine);

/* Decides; changes nothing. 0; -EEXIST: refused, with what to do; or as setup_look(). */
int setup_plan(const struct setup_place *place, const char *engine,
	       const struct setup_options *options, struct setup_plan *ret, struct why *why);
bool setup_plan_changes(const struct setup_plan *plan);
bool setup_file_changes(const struct setup_file *file);

/*
 * Does it. Each file is exchanged in one step; killed anywhere, the same again finishes. 0 or
 * -errno with a reason; -EAGAIN: somebody else has changed a file meanwhile.
 */
int setup_apply(const struct setup_plan *plan, struct why *why);
void setup_plan_free(struct setup_plan *plan);
