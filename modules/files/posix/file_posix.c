/* files/files, File: a file that is read at any position. */
#include "path_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "native.h"
#include "mc.xs.h"

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
		code = fstat(fd, &status) < 0 ? errno : pathRegular(&status);
	File *file = code ? NULL : malloc(sizeof(File));
	if (!code && !file)
		code = ENOMEM;
	if (code) {
		if (fd >= 0)
			close(fd);
		pathThrow(the, "open", &path, code);
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
