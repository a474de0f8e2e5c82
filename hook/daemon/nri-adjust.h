/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What NRI's CreateContainer is answered. Pure.
 *
 * A container that has, or whose pod has, an annotation that requests a size gets our hook, and so
 * does every one if a rule or default_size can give it a size. Engines give a container only those
 * annotations of its pod that the handler's pod_annotations names: those that matter to us are
 * added, so that the hook and the daemon find them in its config.json. The hook decides the rest.
 */

#include "daemon/nri-wire.h"
#include "policy/policy.h"

/*
 * @request: a CreateContainerRequest. Appends a CreateContainerResponse to @to, which is empty if
 * nothing is requested. 0; -EBADMSG or -ENOMEM: what was appended is of no use.
 */
int nri_adjust(const struct policy *policy, struct nri_span request, struct nri_buffer *to);
