/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/docker-unit.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/text.h"

#include <string.h>

#define UNIT	   "docker.service"
#define MAX_PIECES 32

/* In ascending precedence. */
static const char *const unit_directories[] = {
	"/lib/systemd/system", "/usr/lib/systemd/system", "/usr/local/lib/systemd/system",
	"/run/systemd/system", "/etc/systemd/system",
};

/* Words of a command line, or of variables that it may use, and the file where they are. */
struct piece {
	char *words, *file;
	bool is_command;
};

struct unit {
	struct piece pieces[MAX_PIECES];
	size_t n;
};

static void free_unit(struct unit *unit)
{
	for (size_t i = 0; i < unit->n; i++) {
		free(unit->pieces[i].words);
		free(unit->pieces[i].file);
	}
}

static int add_piece(struct unit *unit, const char *words, const char *file, bool is_command)
{
	struct piece *piece = &unit->pieces[unit->n];

	if (unit->n == MAX_PIECES)
		return 0;
	*piece = (struct piece){strdup(words), strdup(file), is_command};
	unit->n++;
	return piece->words && piece->file ? 0 : -ENOMEM;
}

/* "ExecStart=" without a command discards those before it. */
static void drop_commands(struct unit *unit)
{
	for (size_t i = 0; i < unit->n; i++) {
		if (unit->pieces[i].is_command)
			unit->pieces[i].words[0] = '\0';
	}
}

/* NULL: no such file, or it cannot be read. */
static char *read_text(const struct setup_place *place, const char *path)
{
	_cleanup_free_ char *name = place_name(place, path);
	struct why unused;
	char *text = NULL;
	size_t len = 0;

	return name && place_read(place, name, &text, &len, &unused) > 0 ? text : NULL;
}

/* The next line, joined with its continuation lines; NULL: there is none. */
static char *next_line(char **rest)
{
	char *line = *rest, *end;

	if (!line || !*line)
		return NULL;
	for (end = line; (end = strchr(end, '\n')) && end > line && end[-1] == '\\';)
		end[-1] = end[0] = ' ';
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line + strspn(line, " \t");
}

/* Lines of VARIABLE='WORDS...' */
static int read_variables(const struct setup_place *place, const char *path, struct unit *unit)
{
	_cleanup_free_ char *text = *path == '/' ? read_text(place, path) : NULL;
	char *rest = text, *line;
	int r = 0;

	while (r == 0 && (line = next_line(&rest))) {
		const char *value = strchr(line, '=');

		if (*line != '#' && value)
			r = add_piece(unit, value + 1, path, false);
	}
	return r;
}

static const char *value_of_key(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 && line[len] == '=' ? line + len + 1 : NULL;
}

static int read_unit_line(const struct setup_place *place, const char *line, const char *path,
			  struct unit *unit)
{
	const char *command = value_of_key(line, "ExecStart");
	const char *file = value_of_key(line, "EnvironmentFile");
	const char *variables = value_of_key(line, "Environment");
	const char *value = variables ? strchr(variables, '=') : NULL;

	if (command && !command[strspn(command, " \t\r")])
		drop_commands(unit);
	if (file)
		return read_variables(place, file + (*file == '-'), unit);
	if (command || value)
		return add_piece(unit, command ? command : value + 1, path, command != NULL);
	return 0;
}

static int read_unit_file(const struct setup_place *place, const char *path, struct unit *unit)
{
	_cleanup_free_ char *text = read_text(place, path);
	char *rest = text, *line;
	int r = 0;

	while (r == 0 && (line = next_line(&rest)))
		r = read_unit_line(place, line, path, unit);
	return r < 0 ? r : text != NULL;
}

static int read_drop_ins(const struct setup_place *place, const char *directory, struct unit *unit)
{
	_cleanup_free_ char *path = text_new("%s/" UNIT ".d", directory);
	_cleanup_free_ char *name = path ? place_name(place, path) : NULL;
	struct place_entry *entries = NULL;
	struct why unused;
	int n = name ? place_list(place, name, &entries, &unused) : -ENOMEM, r = 0;

	for (int i = 0; r >= 0 && i < n; i++) {
		_cleanup_free_ char *file = text_new("%s/%s", path, entries[i].name);
		const char *end = strrchr(entries[i].name, '.');

		if (!file)
			r = -ENOMEM;
		else if (end && strcmp(end, ".conf") == 0 && !entries[i].is_directory)
			r = read_unit_file(place, file, unit);
	}
	place_list_free(entries, n);
	return r < 0 ? r : 0;
}

static int read_unit(const struct setup_place *place, struct unit *unit)
{
	int r = 0;

	for (size_t left = COUNT(unit_directories); r == 0 && left > 0; left--) {
		_cleanup_free_ char *path = text_new("%s/" UNIT, unit_directories[left - 1]);

		r = path ? read_unit_file(place, path, unit) : -ENOMEM;
	}
	for (size_t i = 0; r >= 0 && i < COUNT(unit_directories); i++)
		r = read_drop_ins(place, unit_directories[i], unit);
	return r < 0 ? r : 0;
}

/* Like /proc/PID/cmdline: each word NUL-terminated. The length. */
static size_t split_words(char *words)
{
	size_t len = 0;

	for (const char *c = words; *c; c++) {
		if (!strchr(" \t\r\"'", *c))
			words[len++] = *c;
		else if (len > 0 && words[len - 1])
			words[len++] = '\0';
	}
	words[len] = '\0';
	return len;
}

static bool uses_variables(const struct unit *unit)
{
	for (size_t i = 0; i < unit->n; i++) {
		if (unit->pieces[i].is_command && strchr(unit->pieces[i].words, '$'))
			return true;
	}
	return false;
}

int docker_unit_find(const struct setup_place *place, struct docker_daemon *ret)
{
	_cleanup_(free_unit) struct unit unit = {0};
	struct docker_daemon daemon = {0};
	int r = read_unit(place, &unit);
	bool with_variables = uses_variables(&unit);

	for (size_t i = 0; r == 0 && i < unit.n; i++) {
		struct piece *piece = &unit.pieces[i];

		if (!piece->is_command && !with_variables)
			continue;
		r = docker_daemon_read(piece->words, split_words(piece->words), piece->file,
				       &daemon);
	}
	if (r < 0)
		docker_daemon_free(&daemon);
	else
		*ret = daemon;
	return r;
}
