/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * containerd's CRI plugin: a runtime handler of ours (containerd-config.toml(5),
 * docs/cri/config.md).
 *
 * Version 2 (containerd 1.x): an imported file's table of a plugin replaces the whole one of
 * config.toml, so the handler goes into config.toml itself, as a block at its end. Version 3 (2.x)
 * merges: the handler goes into a file of its own, which config.toml imports.
 */

#include "setup/engines.h"
#include "setup/toml.h"

#define CONTAINERD_DROP_IN "50-oci-thin-grow.toml"
#define CONTAINERD_BINARY  "options" TOML_SEP "BinaryName"
#define CONTAINERD_DEFAULT "default_runtime_name"
#define CONTAINERD_BEGIN                                                                           \
	"# BEGIN oci-thin-grow; \"oci-thin-grow disable containerd\" removes this\n"
#define CONTAINERD_END	"# END oci-thin-grow\n"
#define CONTAINERD_LINE " # oci-thin-grow\n"

struct containerd_config {
	struct toml toml;
	const char *text; /* the caller's */
	int version;
	const char *plugin;   /* the CRI plugin's name in this version */
	char *cri, *runtimes; /* paths of its tables "containerd" and "containerd.runtimes" */
};

/* A file that is not there is one of version 2. */
int containerd_parse(const char *text, size_t len, struct containerd_config *ret, struct why *why);
void containerd_config_free(struct containerd_config *config);

/* The key @name of the handler @handler, or of its options; NULL if there is none. */
const struct toml_item *containerd_key(const struct containerd_config *config, const char *handler,
				       const char *name);

/* Is there anything of the handler @handler? */
bool containerd_has_handler(const struct containerd_config *config, const char *handler);

/* Is the CRI plugin, which alone knows handlers, disabled? As in Docker's own package. */
bool containerd_is_cri_disabled(const struct containerd_config *config);

/*
 * Our handler, like their handler runc (and that too, if they have it by default only), between
 * CONTAINERD_BEGIN and CONTAINERD_END. @by_default: also as the default one. To be freed.
 */
char *containerd_block(const struct containerd_config *config, bool by_default);
/* Only that ours is the default. To be freed. */
char *containerd_default_block(const struct containerd_config *config);

/* The names (setup/place.h) of config.toml and of our drop-in beside it; to be freed. */
char *containerd_file_name(const struct setup_place *place);
char *containerd_drop_in_name(const struct setup_place *place);

/* The drop-in's path as config.toml names it. To be freed. */
char *containerd_import(const struct setup_place *place);
