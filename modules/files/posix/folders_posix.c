/* files/files: folders. */
#include "path_posix.h"

#include <dirent.h>
#include <errno.h>

#include "native.h"
#include "mc.xs.h"

/* Most names that list gives, whatever limit it is asked for: bounds what it allocates. */
#define MOST_NAMES 65536

static int makeOne(const char *path)
{
	struct stat status;
	if (mkdir(path, 0700) == 0)
		return 0;
	int code = errno;
	/* A folder on a read-only file system answers EROFS though it is there. */
	if (stat(path, &status) == 0)
		return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
	return code;
}

void fletcher_files_makeFolder(xsMachine *the)
{
	Path path;
	int code = pathOf(the, 0, &path) ? 0 : ENAMETOOLONG;
	for (char *p = path.text; !code && *p; p++) {
		if (*p == '/' && p > path.text && p[-1] != '/') {
			*p = 0;
			code = makeOne(path.text);
			*p = '/';
		}
	}
	if (!code)
		code = makeOne(path.text);
	setReason(the, code);
}

/* The engine's strings are UTF-8: a name that is not cannot be one. */
static int isText(const char *name)
{
	const uint8_t *p = (const uint8_t *)name;
	while (*p) {
		int more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : -1;
		if (more < 0 || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
			return 0;
		for (p++; more > 0; more--, p++) {
			if ((*p & 0xc0) != 0x80)
				return 0;
		}
	}
	return 1;
}

/* Puts a copy of name into the sorted list, which keeps its first `limit`. Returns the new count, -1 when there is no memory. */
static int insertName(char **names, int count, int limit, const char *name)
{
	int place = count;
	while (place > 0 && strcmp(names[place - 1], name) > 0)
		place--;
	if (place >= limit)
		return count;
	char *copy = strdup(name);
	if (!copy)
		return -1;
	if (count == limit)
		free(names[--count]);
	memmove(names + place + 1, names + place, (size_t)(count - place) * sizeof(char *));
	names[place] = copy;
	return count + 1;
}

static int readNames(const char *path, char **names, int limit)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int count = 0;
	while (folder && (entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || !isText(entry->d_name))
			continue;
		int more = insertName(names, count, limit, entry->d_name);
		if (more < 0)
			break;
		count = more;
	}
	if (folder)
		closedir(folder);
	return count;
}

void fletcher_files_list(xsMachine *the)
{
	Path path;
	xsmcVars(1);
	nativeNeed(the, 2);
	double wish = xsmcToNumber(xsArg(1));
	int limit = wish > MOST_NAMES ? MOST_NAMES : wish > 0 ? (int)wish : 0;
	int known = pathOf(the, 0, &path);
	char **names = limit && known ? calloc((size_t)limit, sizeof(char *)) : NULL;
	int count = names ? readNames(path.text, names, limit) : 0;
	xsmcSetNewArray(xsResult, 0);
	for (int i = 0; i < count; i++) {
		xsmcSetString(xsVar(0), names[i]);
		xsmcSetIndex(xsResult, (xsIndex)i, xsVar(0));
		free(names[i]);
	}
	free(names);
}
