/* files/files, FileWriter: a new file that is written at any position. */
#include "path_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "native.h"
#include "mc.xs.h"

typedef struct {
	int fd;
} Writer;

void fletcher_writer_destructor(void *data)
{
	Writer *writer = data;
	if (!writer)
		return;
	close(writer->fd);
	free(writer);
}

static const xsHostHooks hooks = { fletcher_writer_destructor, NULL, NULL };

static Writer *writerOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

void fletcher_writer(xsMachine *the)
{
	Path path;
	struct stat status;
	int code = pathOf(the, 0, &path) ? 0 : ENAMETOOLONG;
	/* O_NONBLOCK: a FIFO that nobody reads is refused, not waited for. What is there is cut only when it is a file. */
	int fd = code ? -1 : open(path.text, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (!code && fd < 0)
		code = errno;
	if (!code)
		code = fstat(fd, &status) < 0 ? errno : pathRegular(&status);
	if (!code && ftruncate(fd, 0) < 0)
		code = errno;
	Writer *writer = code ? NULL : malloc(sizeof(Writer));
	if (!code && !writer)
		code = ENOMEM;
	if (code) {
		if (fd >= 0)
			close(fd);
		pathThrow(the, "write", &path, code);
	}
	writer->fd = fd;
	xsmcSetHostData(xsThis, writer);
	xsSetHostHooks(xsThis, &hooks);
}

void fletcher_writer_write(xsMachine *the)
{
	Writer *writer = writerOf(the);
	uint32_t length;
	nativeNeed(the, 4);
	double position = xsmcToNumber(xsArg(3));
	const uint8_t *data = nativeSpan(the, 0, 0, &length);
	int ok = writer && position >= 0 && position <= 9007199254740991.0;
	uint32_t done = 0;
	while (ok && done < length) {
		ssize_t step = pwrite(writer->fd, data + done, length - done, (off_t)position + done);
		if (step >= 0)
			done += (uint32_t)step;
		else
			ok = errno == EINTR;
	}
	xsmcSetBoolean(xsResult, ok);
}

void fletcher_writer_close(xsMachine *the)
{
	Writer *writer = writerOf(the);
	if (!writer)
		return;
	xsmcSetHostData(xsThis, NULL);
	fletcher_writer_destructor(writer);
}
