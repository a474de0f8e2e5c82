/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/shim-args.h"

#include "base/count.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum kind {
	FLAG,  /* a value only after '=' */
	ALONE, /* a flag that the shim answers instead of the verb */
	VALUE,
	NAMESPACE,
	ID,
};

/* Those of containerd 1.6 to 2.3. What is not here is taken for a flag. */
static const struct {
	const char *name;
	enum kind kind;
} options[] = {
	{"address", VALUE},
	{"bundle", VALUE},
	{"debug-socket", VALUE}, /* from 2.0 on */
	{"id", ID},
	{"info", ALONE}, /* from 2.0 on */
	{"namespace", NAMESPACE},
	{"publish-binary", VALUE},
	{"socket", VALUE},
	{"v", ALONE},
	{"version", ALONE}, /* from 2.3 on */
};

static enum kind kind_of(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(options); i++) {
		if (strncmp(options[i].name, name, len) == 0 && !options[i].name[len])
			return options[i].kind;
	}
	return FLAG;
}

/* Reads the option at *@argv; *@argv moves to the last word used. Does a verb follow? */
static bool read_option(char *const **argv, struct shim_args *args)
{
	const char *name = **argv + 1 + ((**argv)[1] == '-'), *value;
	size_t len = strcspn(name, "=");
	enum kind kind = kind_of(name, len);

	if (kind == FLAG || kind == ALONE)
		return kind == FLAG;
	value = name[len] ? name + len + 1 : (*argv)[1];
	if (!name[len] && value)
		++*argv;
	if (kind == NAMESPACE)
		args->ns = value;
	else if (kind == ID)
		args->id = value;
	return true;
}

void shim_args_parse(char *const argv[], struct shim_args *ret)
{
	struct shim_args args = {0};

	for (argv++; *argv && **argv == '-' && (*argv)[1]; argv++) {
		if (strcmp(*argv, "--") == 0) {
			argv++;
			break;
		}
		if (!read_option(&argv, &args)) {
			*ret = args;
			return;
		}
	}
	args.verb = *argv;
	*ret = args;
}
