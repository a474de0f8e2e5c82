/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-growd.h"

#include "disk/growd-lock.h"
#include "oci/namespace.h"

struct fake_growd fake_growd;

__typeof__(growd_is_running) __real_growd_is_running, __wrap_growd_is_running;
__typeof__(namespace_is_hosts) __real_namespace_is_hosts, __wrap_namespace_is_hosts;

bool __wrap_growd_is_running(const char *run_dir)
{
	fake_growd.asked++;
	return fake_growd.runs || __real_growd_is_running(run_dir);
}

bool __wrap_namespace_is_hosts(const char *proc_dir)
{
	return fake_growd.runs ? !fake_growd.sees_other_mounts
			       : __real_namespace_is_hosts(proc_dir);
}
