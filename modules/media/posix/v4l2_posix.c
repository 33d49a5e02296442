/*
 * media/v4l2: Motion-JPEG from Video4Linux2 through buffers of the driver's that are mapped once.
 * A frame is copied out once, into the caller's buffer, and its driver buffer is queued again at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error_name.h"
#include "loop.h"
#include "native.h"
#include "mc.xs.h"

#define BUFFERS 4
#define NAME_SIZE 64
#define MAXIMUM_SIDE 16384
#define MAXIMUM_RATE 240

#define STATUS_NOTHING 0
#define STATUS_FAILED (-1)
#define STATUS_OVERSIZED (-2)
#define STATUS_DAMAGED (-3)

typedef struct {
	void *data;
	size_t size;
} Mapping;

typedef struct {
	Native native;
	xsSlot onReadable;
	LoopWatch watch;
	Mapping mappings[BUFFERS];
	unsigned count; /* buffers mapped */
	int fd;
	int width;
	int height;
	uint8_t hasReadable;
	uint8_t failed;
	char name[NAME_SIZE];
	char error[NAME_SIZE + 96];
} V4L2;

static void stopDevice(V4L2 *camera)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	loopRemove(&camera->watch);
	if (camera->fd < 0)
		return;
	ioctl(camera->fd, VIDIOC_STREAMOFF, &type);
	for (unsigned i = 0; i < camera->count; i++)
		munmap(camera->mappings[i].data, camera->mappings[i].size);
	camera->count = 0;
	close(camera->fd);
	camera->fd = -1;
}

void fletcher_v4l2_destructor(void *data)
{
	V4L2 *camera = data;
	if (!camera)
		return;
	stopDevice(camera);
	nativeFree(&camera->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	V4L2 *camera = data;
	(*markRoot)(the, &camera->onReadable);
}

static const xsHostHooks hooks = { fletcher_v4l2_destructor, mark, NULL };

static V4L2 *cameraOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

static int request(int fd, unsigned long code, void *argument)
{
	int result;
	do
		result = ioctl(fd, code, argument);
	while (result < 0 && errno == EINTR);
	return result;
}

/* "/dev/video0 <what>" and, when code is not 0, the host's name for it. Returns 0, as all steps of the opening do that fail. */
static int describe(V4L2 *camera, const char *what, int code)
{
	snprintf(camera->error, sizeof(camera->error), "%s %s%s%s%s", camera->name, what, code ? " (" : "", errorName(code), code ? ")" : "");
	return 0;
}

static int openDevice(V4L2 *camera)
{
	struct stat status;
	if (stat(camera->name, &status) < 0)
		return describe(camera, errno == ENOENT ? "is not there: no camera is connected, or its driver is not loaded" : "cannot be reached", errno);
	if (!S_ISCHR(status.st_mode))
		return describe(camera, "is no device", 0);
	camera->fd = open(camera->name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (camera->fd < 0)
		return describe(camera, errno == EACCES ? "may not be opened: is the user in the group \"video\"?" : "cannot be opened", errno);
	return 1;
}

static int checkDevice(V4L2 *camera)
{
	struct v4l2_capability capability;
	memset(&capability, 0, sizeof(capability));
	if (request(camera->fd, VIDIOC_QUERYCAP, &capability) < 0)
		return describe(camera, "is no video device", errno);
	unsigned can = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : capability.capabilities;
	if (!(can & V4L2_CAP_VIDEO_CAPTURE))
		return describe(camera, "captures no video; a camera often has a second device that does", 0);
	if (!(can & V4L2_CAP_STREAMING))
		return describe(camera, "has no streaming buffers", 0);
	return 1;
}

static int setFormat(V4L2 *camera, int rate)
{
	struct v4l2_format format;
	struct v4l2_streamparm parameters;
	memset(&format, 0, sizeof(format));
	format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	format.fmt.pix.width = (unsigned)camera->width;
	format.fmt.pix.height = (unsigned)camera->height;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
	format.fmt.pix.field = V4L2_FIELD_ANY;
	if (request(camera->fd, VIDIOC_S_FMT, &format) < 0)
		return describe(camera, errno == EBUSY ? "is in use by another program" : "refuses the picture size", errno);
	if (format.fmt.pix.pixelformat != V4L2_PIX_FMT_MJPEG && format.fmt.pix.pixelformat != V4L2_PIX_FMT_JPEG)
		return describe(camera, "gives no Motion-JPEG", 0);
	camera->width = (int)format.fmt.pix.width;
	camera->height = (int)format.fmt.pix.height;
	/* A driver without a settable rate keeps its own: no failure. */
	memset(&parameters, 0, sizeof(parameters));
	parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	parameters.parm.capture.timeperframe.numerator = 1;
	parameters.parm.capture.timeperframe.denominator = (unsigned)rate;
	request(camera->fd, VIDIOC_S_PARM, &parameters);
	return 1;
}

static void prepare(struct v4l2_buffer *buffer, unsigned index)
{
	memset(buffer, 0, sizeof(*buffer));
	buffer->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	buffer->memory = V4L2_MEMORY_MMAP;
	buffer->index = index;
}

static int mapBuffer(V4L2 *camera, unsigned index)
{
	struct v4l2_buffer buffer;
	prepare(&buffer, index);
	if (request(camera->fd, VIDIOC_QUERYBUF, &buffer) < 0)
		return describe(camera, "gives no buffer", errno);
	void *data = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, camera->fd, (off_t)buffer.m.offset);
	if (data == MAP_FAILED)
		return describe(camera, "gives a buffer that cannot be mapped", errno);
	camera->mappings[index].data = data;
	camera->mappings[index].size = buffer.length;
	camera->count = index + 1;
	if (request(camera->fd, VIDIOC_QBUF, &buffer) < 0)
		return describe(camera, "takes no buffer", errno);
	return 1;
}

static int startStream(V4L2 *camera)
{
	struct v4l2_requestbuffers wanted;
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	memset(&wanted, 0, sizeof(wanted));
	wanted.count = BUFFERS;
	wanted.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	wanted.memory = V4L2_MEMORY_MMAP;
	if (request(camera->fd, VIDIOC_REQBUFS, &wanted) < 0)
		return describe(camera, errno == EBUSY ? "is in use by another program" : "gives no buffers", errno);
	if (wanted.count < 2)
		return describe(camera, "gives fewer than two buffers", 0);
	for (unsigned i = 0; i < wanted.count && i < BUFFERS; i++)
		if (!mapBuffer(camera, i))
			return 0;
	if (request(camera->fd, VIDIOC_STREAMON, &type) < 0)
		return describe(camera, errno == EBUSY ? "is in use by another program" : "does not start", errno);
	return 1;
}

static void ready(LoopWatch *watch, unsigned events)
{
	V4L2 *camera = nativeOwner(V4L2, watch, watch);
	(void)events; /* an error is met, and told, by read */
	nativeEnter(&camera->native);
	callScript(camera->native.the, &camera->onReadable, &camera->native.self);
	nativeLeave(&camera->native);
}

/* Takes the oldest filled buffer. Returns 1, 0 when there is none, -1 when the device failed. */
static int dequeue(V4L2 *camera, struct v4l2_buffer *buffer)
{
	prepare(buffer, 0);
	if (request(camera->fd, VIDIOC_DQBUF, buffer) == 0) {
		if (buffer->index < camera->count)
			return 1;
		errno = EIO;
	} else if (errno == EAGAIN)
		return 0;
	describe(camera, errno == ENODEV ? "was unplugged" : "failed", errno);
	camera->failed = 1;
	loopRemove(&camera->watch);
	return -1;
}

static void requeue(V4L2 *camera, const struct v4l2_buffer *taken)
{
	struct v4l2_buffer buffer;
	prepare(&buffer, taken->index);
	if (request(camera->fd, VIDIOC_QBUF, &buffer) < 0) {
		describe(camera, "takes no buffer back", errno);
		camera->failed = 1;
		loopRemove(&camera->watch);
	}
}

/* The newest filled buffer; older ones go back. As dequeue. */
static int dequeueNewest(V4L2 *camera, struct v4l2_buffer *newest)
{
	struct v4l2_buffer next;
	int result = dequeue(camera, newest);
	while (result > 0) {
		int more = dequeue(camera, &next);
		if (more <= 0)
			return camera->failed ? -1 : result;
		requeue(camera, newest);
		*newest = next;
	}
	return result;
}

static int copyFrame(const V4L2 *camera, const struct v4l2_buffer *buffer, uint8_t *data, size_t room)
{
	const Mapping *mapping = &camera->mappings[buffer->index];
	const uint8_t *frame = mapping->data;
	size_t length = buffer->bytesused;
	if (length < 4 || length > mapping->size || (buffer->flags & V4L2_BUF_FLAG_ERROR) || frame[0] != 0xFF || frame[1] != 0xD8)
		return STATUS_DAMAGED;
	if (length > room)
		return STATUS_OVERSIZED;
	memcpy(data, frame, length);
	return (int)length;
}

/* The device name must be read before anything is opened, so that every failure can say it. */
static void readOptions(xsMachine *the, V4L2 *camera, int *rate)
{
	camera->width = nativeInteger(the, xsID_width, "width", 640, 16, MAXIMUM_SIDE);
	camera->height = nativeInteger(the, xsID_height, "height", 480, 16, MAXIMUM_SIDE);
	*rate = nativeInteger(the, xsID_rate, "rate", 30, 0, MAXIMUM_RATE);
	if (*rate < 1)
		*rate = 1;
	camera->hasReadable = (uint8_t)nativeCallback(the, xsID_onReadable, &camera->onReadable);
	xsmcGet(xsVar(0), xsArg(0), xsID_device);
	if (!nativeText(the, &xsVar(0), camera->name, sizeof(camera->name)))
		xsRangeError("the name of the camera's device is too long");
}

void fletcher_v4l2(xsMachine *the)
{
	int rate;
	nativeNeed(the, 1);
	xsmcVars(1);
	V4L2 *camera = nativeNew(the, sizeof(V4L2), &hooks);
	camera->fd = -1;
	readOptions(the, camera, &rate);
	int opened = openDevice(camera) && checkDevice(camera) && setFormat(camera, rate) && startStream(camera);
	if (opened && camera->hasReadable) {
		int code = loopAdd(&camera->watch, camera->fd, LOOP_READ, ready);
		if (code)
			opened = describe(camera, "cannot be watched", code);
	}
	if (!opened) {
		stopDevice(camera);
		xsUnknownError("%s", camera->error);
	}
	nativePin(the, &camera->native, &xsThis);
}

void fletcher_v4l2_read(xsMachine *the)
{
	V4L2 *camera = cameraOf(the);
	struct v4l2_buffer buffer;
	uint32_t room;
	uint8_t *data = nativeSpan(the, 0, 1, &room);
	int result = STATUS_FAILED;
	if (camera && camera->fd >= 0 && !camera->failed) {
		result = dequeueNewest(camera, &buffer);
		if (result > 0) {
			result = copyFrame(camera, &buffer, data, room);
			requeue(camera, &buffer);
		}
	}
	xsmcSetInteger(xsResult, result);
}

void fletcher_v4l2_discard(xsMachine *the)
{
	V4L2 *camera = cameraOf(the);
	struct v4l2_buffer buffer;
	if (camera && camera->fd >= 0 && !camera->failed && dequeueNewest(camera, &buffer) > 0)
		requeue(camera, &buffer);
}

void fletcher_v4l2_get_width(xsMachine *the)
{
	V4L2 *camera = cameraOf(the);
	xsmcSetInteger(xsResult, camera ? camera->width : 0);
}

void fletcher_v4l2_get_height(xsMachine *the)
{
	V4L2 *camera = cameraOf(the);
	xsmcSetInteger(xsResult, camera ? camera->height : 0);
}

void fletcher_v4l2_get_error(xsMachine *the)
{
	V4L2 *camera = cameraOf(the);
	xsmcSetString(xsResult, camera ? camera->error : (char *)"");
}

void fletcher_v4l2_close(xsMachine *the)
{
	V4L2 *camera = cameraOf(the);
	if (!camera)
		return;
	xsmcSetHostData(xsThis, NULL);
	nativeUnpin(the, &camera->native);
	fletcher_v4l2_destructor(camera);
}
