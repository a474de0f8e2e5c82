/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of `doctor`: each checks one topic and adds what it finds to @findings. */

#include "disk/heal.h"
#include "disk/healing.h"
#include "disk/thin.h"
#include "engine/list.h"
#include "host/finding.h"
#include "host/risk.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

/* A device-mapper device of the host, and its risk if it is an engine's thin device. */
struct doctor_device {
	struct thin_device device;
	struct risk_device risk;
	bool reported; /* in a finding about its container */
};

struct doctor {
	struct findings findings;
	const struct policy *policy;
	const char *run_dir, *ledger_dir; /* RUN_DIR, LEDGER_DIR, except in tests */
	struct doctor_device *devices;	  /* all of the host, as they were at the start */
	size_t n_devices;
	struct engine_list containers;
	bool wraps;		/* an engine calls oci-thin-grow-runtime */
	struct healing healing; /* healing_host() */
	char *nri;		/* the engine that asks the daemon by NRI; NULL: none */
};

/* --- doctor-host.c, doctor-files.c */

/* Root may lack capabilities, as in a container. */
void doctor_privileges(struct doctor *doctor);
/* false: the kernel has no dm-thin, and so no devices. */
bool doctor_kernel(struct doctor *doctor);
/* udevd and the rule; fills @healing. */
void doctor_healing(struct doctor *doctor);
/* The program's own files, below @root ("", except in tests), and who may write to them. */
void doctor_files(struct doctor *doctor, const char *root);

/* --- doctor-devices.c: one pass over the devices */

void doctor_read_devices(struct doctor *doctor);
void doctor_free(struct doctor *doctor);
/* NULL: no device has this name. */
struct doctor_device *doctor_device_named(const struct doctor *doctor, const char *name);
/* Devices that are too short now, except those that doctor_containers() has reported. */
void doctor_short_devices(struct doctor *doctor);

/* --- doctor-config.c, doctor-engines.c, doctor-pools.c, doctor-ledger.c, doctor-containers.c */

void doctor_config(struct doctor *doctor);  /* fills @nri */
void doctor_engines(struct doctor *doctor); /* needs @containers and @nri; fills @wraps */
void doctor_runtime(struct doctor *doctor); /* needs @wraps */
void doctor_pools(struct doctor *doctor);
void doctor_ledger(struct doctor *doctor);
void doctor_containers(struct doctor *doctor);
