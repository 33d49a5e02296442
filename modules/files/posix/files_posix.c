/* files/files: whole files and atomic replacement. */
#include "path_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "native.h"
#include "mc.xs.h"

/* What replace writes before it takes the name. Fixed, so that one left by a power cut is overwritten by the next. */
#define TEMPORARY ".new"

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
		code = stat(path.text, &status) < 0 ? errno : pathRegular(&status);
	if (code)
		pathThrow(the, "read", &path, code);
	if (!((double)status.st_size <= limit) || status.st_size > INT32_MAX)
		pathThrow(the, "read", &path, EFBIG);
	xsmcSetArrayBuffer(xsVar(0), NULL, (xsIntegerValue)status.st_size);
	xsmcGetBufferWritable(xsVar(0), &data, &size);
	code = readStart(path.text, data, size, &count);
	if (code)
		pathThrow(the, "read", &path, code);
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
