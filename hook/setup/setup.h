/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hooks the program into the engines by their configuration files. Nothing here talks to an engine.
 * Only setup_plan() starts a program, the engine's own, if its options say check.
 */

#include "base/paths.h"
#include "base/shim-name.h"
#include "base/text.h"
#include "base/why.h"

#include <stdbool.h>
#include <stddef.h>

#define SETUP_RUNTIME_NAME "oci-thin-grow"

/* Where the files are. All zero: on this host. */
struct setup_place {
	const char *root; /* prefix of every path but @file; NULL: "" */
	const char *file; /* the engine's configuration file, if not the usual one */
	const struct setup_plan *planned; /* read files as it changes them; NULL: as they are */
};

enum setup_state {
	SETUP_NO_ENGINE, /* the engine, or the part of it that would call us, is missing */
	SETUP_OFF,	 /* nothing of ours is in its configuration */
	SETUP_BROKEN,	 /* something of ours is, but the engine does not call the program */
	SETUP_ON,
};

#define SETUP_MAX_SHIMS 16

struct setup_view {
	enum setup_state state;
	bool wraps; /* ON: by oci-thin-grow-runtime, not by a hook */
	char shims[SETUP_MAX_SHIMS][SHIM_NAME_SIZE]; /* those that its handlers wrap */
	size_t n_shims;
	const char *who;    /* ON: "that ...": only for such containers; NULL: for all */
	char *file;	    /* that hooks the program in, or would; never NULL */
	bool elsewhere;	    /* setup_plan() needs @file as the place's file */
	char *like;	    /* BROKEN: setup_plan() needs this as an option; or NULL */
	bool in_place;	    /* the same */
	struct why missing; /* OFF and BROKEN: what is missing or wrong; else empty */
};

/*
 * Does @engine call the program? Judged by how the engine reads its files. 0; -ENOENT: unknown
 * engine; -EINVAL: a file of its configuration cannot be parsed; -errno; with a reason that names
 * the file.
 */
int setup_look(const struct setup_place *place, const char *engine, struct setup_view *ret,
	       struct why *why);
void setup_view_free(struct setup_view *view);

struct setup_options {
	bool disable;		 /* else enable */
	bool by_default;	 /* make our runtime the engine's default */
	bool force;		 /* also replace a default runtime that is not runc */
	bool keep_runtime;	 /* disable: no longer the default, but still defined */
	bool check;		 /* let the engine's own program validate the files */
	const char *like;	 /* copy this handler; NULL: runc, or one that runs @shim */
	bool in_place;		 /* change that handler instead */
	const char *shim;	 /* NAME of the shim to wrap; NULL: what @like runs; disable: all */
	const char *shim_now;	 /* "shims" in our configuration on it; NULL: nothing */
	const char *shim_file;	 /* the file that sets it; NULL: none */
	const char *snapshotter; /* the handler's; NULL: that of the copied one */
	const char *runtime;	 /* what our runtime becomes; NULL: what the copied one runs */
	const char *runtime_now; /* "runtime" in our configuration; NULL: leave it alone */
	const char *runtime_file; /* the file that sets it; NULL: none */
};

#define SETUP_MAX_FILES 16
#define SETUP_MAX_NOTES 16

struct setup_file {
	char *path;	 /* the file itself, not a link to it */
	char *old, *new; /* NULL: no such file */
	size_t old_len, new_len;
	bool is_link;	    /* @old and @new are its targets */
	char *backup;	    /* where enable keeps its old content (setup/change.h) */
	bool keep_backup;   /* first save the old content there, or remove what is there if none */
	bool remove_backup; /* then remove the backup */
};

struct setup_plan {
	struct setup_file files[SETUP_MAX_FILES];
	size_t n_files;
	const char *then; /* what the operator must do so that the engine reads the files */
	struct text notes[SETUP_MAX_NOTES];
	size_t n_notes;
	struct text manifest;	/* enable: for Kubernetes, in YAML; or empty */
	char *handler;		/* containerd: the only one that a look judges; NULL: all of ours */
	enum setup_state after; /* enable: the state afterwards... */
	struct why missing;	/* ...and what is missing then, as in a view */
};

#define SETUP_MAX_SIGNS	  2
#define SETUP_MAX_OPTIONS 8

struct setup_engine {
	const char *name;
	const char *program;			    /* its daemon or command */
	const char *signs[SETUP_MAX_SIGNS + 1];	    /* if one of these paths exists, it is in use */
	bool uses_storage;			    /* its disks are those of containers/storage */
	const char *options[SETUP_MAX_OPTIONS + 1]; /* of enable that not every engine takes */
	bool by_default; /* without an option, enable makes our runtime the default */
	int (*look)(const struct setup_place *place, struct setup_view *ret, struct why *why);
	int (*plan)(const struct setup_place *place, const struct setup_options *options,
		    struct setup_plan *plan, struct why *why);
};

/* In the order of doctor's report; the last one's name is NULL. */
extern const struct setup_engine setup_engines[];

/* NULL: unknown engine. */
const struct setup_engine *setup_find_engine(const char *name);

/* Is the engine in use, with thin disks? Its program may be installed without being used. */
bool setup_has_sign(const struct setup_place *place, const struct setup_engine *engine);

/*
 * Decides what to change (setup/change.h does it). 0; -EEXIST: refused, with what to do; or as
 * setup_look().
 */
int setup_plan(const struct setup_place *place, const char *engine,
	       const struct setup_options *options, struct setup_plan *ret, struct why *why);
