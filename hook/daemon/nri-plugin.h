/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a plugin of NRI says: it registers; the engine configures it and sends all containers that
 * it has; then it asks about each new one. Pure: messages in, messages out.
 */

#include "base/why.h"
#include "daemon/nri-frame.h"
#include "policy/policy.h"

#define NRI_ENGINE_MAX 32

/* All zero before nri_plugin_register(). */
struct nri_plugin {
	char engine[NRI_ENGINE_MAX + 1]; /* base/engine-names.h; "": it has not said */
	bool ready;			 /* the engine asks about each new container */
};

/* Appends the first message to @to. */
void nri_plugin_register(struct nri_buffer *to);

/*
 * Takes a message, and appends the answer to @to. 0; 1 with a reason: a container could not be
 * examined, and is created as if there were no plugin; -EPROTO or -ENOMEM with a reason: the
 * connection is of no use any more. Closing it does not fail what the engine is about to create.
 * @policy: NULL while we are switched off.
 */
int nri_plugin_take(struct nri_plugin *plugin, const struct nri_message *message,
		    const struct policy *policy, struct nri_buffer *to, struct why *why);
