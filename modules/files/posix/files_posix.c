/* files/files: whole files, atomic replacement, folders. */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error_name.h"
#include "native.h"
#include "mc.xs.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* What replace writes before it takes the name. Fixed, so that one left by a power cut is overwritten by the next. */
#define TEMPORARY ".new"
#define MOST_NAMES 65536

typedef struct {
	char text[PATH_MAX];
} Path;

/* The path in an argument; 0 when it is too long for the host. */
static int pathOf(xsMachine *the, int index, Path *path)
{
	nativeNeed(the, index + 1);
	return nativeText(the, &xsArg(index), path->text, sizeof(path->text));
}

/* Why a path that is there cannot be read as a file. */
#define NOT_REGULAR (-1)

/* The engine cuts messages at 127 bytes: of a long path the end is shown, so that the reason fits. */
#define SHOWN_PATH 64

static void XS_FUNCTION_NORETURN throwReason(xsMachine *the, const char *what, const Path *path, int code)
{
	const char *text = path->text;
	const char *dots = "";
	size_t length = strlen(text);
	if (length > SHOWN_PATH) {
		text += length - SHOWN_PATH;
		while (((uint8_t)*text & 0xc0) == 0x80)
			text++;
		dots = "...";
	}
	if (code == NOT_REGULAR)
		xsUnknownError("cannot %s %s%s: not a regular file", what, dots, text);
	xsUnknownError("cannot %s %s%s: %s (%s)", what, dots, text, strerror(code), errorName(code));
}

static int regular(const struct stat *status)
{
	return S_ISREG(status->st_mode) ? 0 : S_ISDIR(status->st_mode) ? EISDIR : NOT_REGULAR;
}

static void setReason(xsMachine *the, int code)
{
	xsmcSetString(xsResult, (xsStringValue)errorName(code));
}

static void setSize(xsMachine *the, off_t size)
{
	if (size <= INT32_MAX)
		xsmcSetInteger(xsResult, (xsIntegerValue)size);
	else
		xsmcSetNumber(xsResult, (double)size);
}

void fletcher_files_size(xsMachine *the)
{
	Path path;
	struct stat status;
	int found = pathOf(the, 0, &path) && stat(path.text, &status) == 0 && S_ISREG(status.st_mode);
	setSize(the, found ? status.st_size : -1);
}

void fletcher_files_kind(xsMachine *the)
{
	Path path;
	struct stat status;
	const char *kind = "";
	if (pathOf(the, 0, &path) && stat(path.text, &status) == 0)
		kind = S_ISREG(status.st_mode) ? "file" : S_ISDIR(status.st_mode) ? "directory" : "";
	xsmcSetString(xsResult, (xsStringValue)kind);
}

/* Reads up to `size` bytes from the start. Returns 0 or an errno. */
static int readStart(const char *path, uint8_t *data, size_t size, size_t *count)
{
	int code = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*count = 0;
	if (fd < 0)
		return errno;
	while (*count < size) {
		ssize_t step = read(fd, data + *count, size - *count);
		if (step > 0)
			*count += (size_t)step;
		else if (step == 0)
			break;
		else if (errno != EINTR) {
			code = errno;
			break;
		}
	}
	close(fd);
	return code;
}

void fletcher_files_read(xsMachine *the)
{
	Path path;
	struct stat status;
	void *data;
	xsUnsignedValue size;
	size_t count;
	xsmcVars(1);
	nativeNeed(the, 2);
	double limit = xsmcToNumber(xsArg(1));
	int code = pathOf(the, 0, &path) ? 0 : ENAMETOOLONG;
	if (!code)
		code = stat(path.text, &status) < 0 ? errno : regular(&status);
	if (code)
		throwReason(the, "read", &path, code);
	if ((double)status.st_size > limit || status.st_size > INT32_MAX)
		throwReason(the, "read", &path, EFBIG);
	xsmcSetArrayBuffer(xsVar(0), NULL, (xsIntegerValue)status.st_size);
	xsmcGetBufferWritable(xsVar(0), &data, &size);
	code = readStart(path.text, data, size, &count);
	if (code)
		throwReason(the, "read", &path, code);
	if (count == size)
		xsResult = xsVar(0);
	else {
		/* Shorter than the host said: cut meanwhile, or a file of /sys. */
		void *part;
		xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)count);
		xsmcGetBufferReadable(xsVar(0), &data, &size);
		xsmcGetBufferWritable(xsResult, &part, &size);
		memcpy(part, data, count);
	}
}

/* Writes all of it to a new file and to the disk. Returns 0 or an errno; no file stays then. */
static int writeNew(const char *path, const uint8_t *data, size_t length, mode_t mode)
{
	int code = 0;
	if (unlink(path) < 0 && errno != ENOENT)
		return errno;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return errno;
	if (fchmod(fd, mode) < 0)
		code = errno;
	while (!code && length > 0) {
		ssize_t step = write(fd, data, length);
		if (step >= 0) {
			data += step;
			length -= (size_t)step;
		} else if (errno != EINTR)
			code = errno;
	}
	if (!code && fsync(fd) < 0)
		code = errno;
	if (close(fd) < 0 && !code)
		code = errno;
	if (code)
		unlink(path);
	return code;
}

/* Flushes the folder that holds `path`: the rename is on the disk then. Returns 0 or an errno. */
static int flushFolder(Path *path)
{
	char *slash = strrchr(path->text, '/');
	if (!slash)
		strcpy(path->text, ".");
	else
		slash[slash == path->text] = 0;
	int fd = open(path->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int code = fsync(fd) < 0 ? errno : 0;
	close(fd);
	/* Some file systems have nothing to flush in a folder. */
	return code == EINVAL ? 0 : code;
}

void fletcher_files_replace(xsMachine *the)
{
	Path path, temporary;
	uint32_t length;
	nativeNeed(the, 5);
	int code = pathOf(the, 0, &path) && strlen(path.text) + sizeof(TEMPORARY) <= sizeof(temporary.text) ? 0 : ENAMETOOLONG;
	mode_t mode = (mode_t)xsmcToInteger(xsArg(4)) & 0777;
	uint8_t *data = nativeSpan(the, 1, 0, &length);
	if (!code) {
		strcpy(temporary.text, path.text);
		strcat(temporary.text, TEMPORARY);
		code = writeNew(temporary.text, data, length, mode);
	}
	if (!code && rename(temporary.text, path.text) < 0) {
		code = errno;
		unlink(temporary.text);
	} else if (!code)
		code = flushFolder(&path);
	setReason(the, code);
}

void fletcher_files_rename(xsMachine *the)
{
	Path from, to;
	int fits = pathOf(the, 0, &from) & pathOf(the, 1, &to);
	setReason(the, !fits ? ENAMETOOLONG : rename(from.text, to.text) < 0 ? errno : 0);
}

void fletcher_files_remove(xsMachine *the)
{
	Path path;
	int code = !pathOf(the, 0, &path) ? ENAMETOOLONG : remove(path.text) < 0 ? errno : 0;
	setReason(the, code == ENOENT ? 0 : code);
}

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

typedef struct {
	int fd;
	off_t size;
} File;

void fletcher_file_destructor(void *data)
{
	File *file = data;
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

static const xsHostHooks hooks = { fletcher_file_destructor, NULL, NULL };

static File *fileOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

void fletcher_file(xsMachine *the)
{
	Path path;
	struct stat status;
	int code = pathOf(the, 0, &path) ? 0 : ENAMETOOLONG;
	/* O_NONBLOCK: a FIFO must not stop the program here. It means nothing to regular files. */
	int fd = code ? -1 : open(path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (!code && fd < 0)
		code = errno;
	if (!code)
		code = fstat(fd, &status) < 0 ? errno : regular(&status);
	File *file = code ? NULL : malloc(sizeof(File));
	if (!code && !file)
		code = ENOMEM;
	if (code) {
		if (fd >= 0)
			close(fd);
		throwReason(the, "open", &path, code);
	}
	file->fd = fd;
	file->size = status.st_size;
	xsmcSetHostData(xsThis, file);
	xsSetHostHooks(xsThis, &hooks);
}

void fletcher_file_read(xsMachine *the)
{
	File *file = fileOf(the);
	uint32_t length;
	ssize_t count = -1;
	nativeNeed(the, 4);
	double position = xsmcToNumber(xsArg(3));
	uint8_t *data = nativeSpan(the, 0, 1, &length);
	if (file && position >= 0 && position <= 9007199254740991.0) {
		do
			count = pread(file->fd, data, length, (off_t)position);
		while (count < 0 && errno == EINTR);
	}
	xsmcSetInteger(xsResult, (xsIntegerValue)count);
}

void fletcher_file_close(xsMachine *the)
{
	File *file = fileOf(the);
	if (!file)
		return;
	xsmcSetHostData(xsThis, NULL);
	fletcher_file_destructor(file);
}

void fletcher_file_get_size(xsMachine *the)
{
	File *file = fileOf(the);
	setSize(the, file ? file->size : 0);
}
