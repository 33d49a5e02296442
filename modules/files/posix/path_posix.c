#include "path_posix.h"

#include <errno.h>

#include "error_name.h"
#include "native.h"

/* The engine cuts messages at 127 bytes: of a long path the end is shown, so that the reason fits. */
#define SHOWN_PATH 64

int pathOf(xsMachine *the, int index, Path *path)
{
	nativeNeed(the, index + 1);
	return nativeText(the, &xsArg(index), path->text, sizeof(path->text));
}

int pathRegular(const struct stat *status)
{
	return S_ISREG(status->st_mode) ? 0 : S_ISDIR(status->st_mode) ? EISDIR : NOT_REGULAR;
}

void pathThrow(xsMachine *the, const char *what, const Path *path, int code)
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

void setReason(xsMachine *the, int code)
{
	xsmcSetString(xsResult, (xsStringValue)errorName(code));
}

void setSize(xsMachine *the, off_t size)
{
	if (size <= INT32_MAX)
		xsmcSetInteger(xsResult, (xsIntegerValue)size);
	else
		xsmcSetNumber(xsResult, (double)size);
}
