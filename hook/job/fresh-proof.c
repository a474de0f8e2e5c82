/* SPDX-License-Identifier: Apache-2.0 */
#include "job/fresh-proof.h"

#include "base/quote.h"
#include "base/shim-name.h"
#include "engine/provenance.h"

#include <errno.h>
#include <string.h>

static int check_parent(const struct fresh_parent *parent, struct why *why)
{
	if (!provenance_is_image_layer(parent->key))
		return why_set(why, EPERM,
			       "it was made from the snapshot %s, which is not a layer of an image",
			       quote(parent->key));
	if (parent->maybe_vms)
		return why_set(why, EPERM,
			       "it was made from the snapshot %s, which may have been given to a "
			       "virtual machine",
			       quote(parent->key));
	return 0;
}

int fresh_proof(const struct fresh_evidence *evidence, struct why *why)
{
	if (evidence->in_vm)
		return why_set(why, EPERM, "a virtual machine had it before");
	for (size_t i = 0; i < evidence->n_parents; i++) {
		int r = check_parent(&evidence->parents[i], why);

		if (r < 0)
			return r;
	}
	if (evidence->n_parents == 0)
		return why_set(why, EPERM, "it was not made from an image");
	if (!evidence->key || strcmp(evidence->key, evidence->id) != 0)
		return why_set(why, EPERM,
			       "its snapshot, %s, is not named after the container, so another "
			       "one may have used it",
			       quote(evidence->key ? evidence->key : "unknown"));
	if (evidence->started)
		return why_set(why, EPERM, "it was started before");
	if (evidence->by_cri)
		return 0;
	if (!evidence->runtime || !shim_type_is_ours(evidence->runtime))
		return why_set(
			why, EPERM,
			"it may have been started before without oci-thin-grow, as its runtime "
			"is %s",
			quote(evidence->runtime ? evidence->runtime : "unknown"));
	return 0;
}
