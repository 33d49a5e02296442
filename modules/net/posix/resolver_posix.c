/*
 * net/resolver: getaddrinfo in a thread of its own. At most LOOKUPS threads run in the process; further look-ups wait for one.
 * A thread knows its job only, never a resolver: a cancelled look-up ends by itself and its answer is dropped.
 */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>

#include "address_posix.h"
#include "loop.h"
#include "native.h"
#include "mc.xs.h"

#define LOOKUPS 4
#define THREAD_STACK (256 * 1024)
/* Milliseconds after which a look-up is given up: the host's own limit depends on its configuration. */
#define LOOKUP_TIME 30000
/* RFC 1035 section 2.3.4: 253 characters and perhaps a dot at the end. */
#define NAME_SIZE 255
/* All addresses of a name, for people; what does not fit is left out. */
#define LIST_SIZE 160

enum { IDLE, WAITING, RUNNING, ANSWERED };

typedef struct Resolver Resolver;

typedef struct {
	LoopWaker waker;
	Resolver *owner; /* the loop's thread only; NULL: cancelled */
	int busy; /* the loop's thread only */
	int result; /* of getaddrinfo */
	char name[NAME_SIZE];
	char address[ADDRESS_TEXT];
	char list[LIST_SIZE];
} Job;

struct Resolver {
	Native native;
	xsSlot onResolved;
	LoopTimer timer; /* the answer at the next turn, or the time-out */
	Resolver *next; /* of those waiting for a job */
	Job *job;
	int state;
	const char *error;
	char name[NAME_SIZE];
	char address[ADDRESS_TEXT]; /* the answer; "" for none */
	char list[LIST_SIZE];
};

/* The limit is the process's, so the jobs are too. Touched by the loop's thread; a running job's answer by its thread. */
static Job jobs[LOOKUPS];
static Resolver *firstWaiting;

static void due(LoopTimer *timer);

static void answer(Resolver *resolver, const char *error)
{
	resolver->state = ANSWERED;
	resolver->error = error;
	loopTimerSet(&resolver->timer, 0, due);
}

static const char *reasonOf(int result)
{
	switch (result) {
	case 0: case EAI_NONAME: return "host not found";
#ifdef EAI_NODATA
	case EAI_NODATA: return "host has no address";
#endif
	case EAI_AGAIN: return "name server does not answer";
	case EAI_FAIL: return "name server failed";
	case EAI_MEMORY: return "no memory for a look-up";
	case EAI_SYSTEM: return "system failure in the look-up";
	default: return "look-up failed";
	}
}

static void textOf(const struct addrinfo *found, char text[ADDRESS_TEXT])
{
	Address address;
	memset(&address, 0, sizeof(address));
	memcpy(&address, found->ai_addr, found->ai_addrlen < sizeof(address) ? found->ai_addrlen : sizeof(address));
	addressText(&address, text);
}

/* Adds an address to a list of LIST_SIZE bytes, when it fits. */
static void append(char *list, const char *text)
{
	size_t used = strlen(list), length = strlen(text);
	if (!length || used + 2 + length >= LIST_SIZE)
		return;
	if (used) {
		memcpy(list + used, ", ", 2);
		used += 2;
	}
	memcpy(list + used, text, length + 1);
}

/* In the job's thread. */
static void *lookUp(void *data)
{
	Job *job = data;
	struct addrinfo hints, *list = NULL;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	job->address[0] = 0;
	job->list[0] = 0;
	job->result = getaddrinfo(job->name, NULL, &hints, &list);
	if (job->result == 0) {
		const struct addrinfo *found = NULL;
		for (const struct addrinfo *each = list; each; each = each->ai_next) {
			char text[ADDRESS_TEXT];
			if (each->ai_family != AF_INET && each->ai_family != AF_INET6)
				continue;
			if (!found || (each->ai_family == AF_INET && found->ai_family == AF_INET6))
				found = each;
			textOf(each, text);
			append(job->list, text);
		}
		if (found)
			textOf(found, job->address);
		freeaddrinfo(list);
	}
	loopWake(&job->waker);
	return NULL;
}

static int startThread(Job *job)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int code = pthread_attr_init(&attributes);
	if (code)
		return code;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	/* Signals are the loop's thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&thread, &attributes, lookUp, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return code;
}

static void woken(LoopWaker *waker);

/* Gives the resolver a job, or lets it wait for one. */
static void start(Resolver *resolver)
{
	Job *job = NULL;
	for (int i = 0; i < LOOKUPS && !job; i++) {
		if (!jobs[i].busy)
			job = &jobs[i];
	}
	if (!job) {
		Resolver **last = &firstWaiting;
		while (*last)
			last = &(*last)->next;
		resolver->next = NULL;
		*last = resolver;
		resolver->state = WAITING;
		return;
	}
	memcpy(job->name, resolver->name, sizeof(job->name));
	job->waker.ready = woken;
	if (startThread(job)) {
		answer(resolver, "no memory for a look-up");
		return;
	}
	job->busy = 1;
	job->owner = resolver;
	resolver->job = job;
	resolver->state = RUNNING;
}

/* Takes a look-up back, whatever its state. */
static void stop(Resolver *resolver)
{
	loopTimerClear(&resolver->timer);
	if (resolver->state == WAITING) {
		Resolver **each = &firstWaiting;
		while (*each && *each != resolver)
			each = &(*each)->next;
		if (*each)
			*each = resolver->next;
	}
	if (resolver->job)
		resolver->job->owner = NULL;
	resolver->job = NULL;
	resolver->state = IDLE;
}

/* Tells the script. The resolver may be closed afterwards. */
static void deliver(Resolver *resolver)
{
	char address[ADDRESS_TEXT];
	memcpy(address, resolver->address, sizeof(address));
	stop(resolver);
	nativeEnter(&resolver->native);
	xsBeginHost(resolver->native.the);
	xsmcVars(1);
	if (address[0])
		xsmcSetString(xsVar(0), address);
	callScript1(the, &resolver->onResolved, &resolver->native.self, &xsVar(0));
	xsEndHost(resolver->native.the);
	nativeLeave(&resolver->native);
}

static void due(LoopTimer *timer)
{
	Resolver *resolver = nativeOwner(Resolver, timer, timer);
	if (resolver->state != ANSWERED)
		resolver->error = "time-out";
	deliver(resolver);
}

static void woken(LoopWaker *waker)
{
	Job *job = nativeOwner(Job, waker, waker);
	Resolver *owner = job->owner;
	if (owner) {
		memcpy(owner->address, job->address, sizeof(owner->address));
		memcpy(owner->list, job->list, sizeof(owner->list));
		owner->error = job->address[0] ? "" : reasonOf(job->result);
		owner->job = NULL;
	}
	job->owner = NULL;
	job->busy = 0;
	if (firstWaiting) {
		Resolver *next = firstWaiting;
		firstWaiting = next->next;
		start(next);
	}
	if (owner)
		deliver(owner);
}

void fletcher_resolver_destructor(void *data)
{
	Resolver *resolver = data;
	if (!resolver)
		return;
	stop(resolver);
	nativeFree(&resolver->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Resolver *resolver = data;
	(*markRoot)(the, &resolver->onResolved);
}

static const xsHostHooks hooks = { fletcher_resolver_destructor, mark, NULL };

static Resolver *resolverOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

void fletcher_resolver(xsMachine *the)
{
	nativeNeed(the, 1);
	xsmcVars(1);
	Resolver *resolver = nativeNew(the, sizeof(Resolver), &hooks);
	resolver->error = "";
	if (!nativeCallback(the, xsID_onResolved, &resolver->onResolved))
		xsTypeError("a resolver needs onResolved");
	nativePin(the, &resolver->native, &xsThis);
}

/* RFC 6761 section 6.4: names under "invalid" exist nowhere, and no name server needs to hear of them. */
static int isInvalid(const char *name)
{
	static const char top[] = "invalid";
	size_t length = strlen(name);
	if (length && name[length - 1] == '.')
		length--;
	if (length < sizeof(top) - 1)
		return 0;
	const char *end = name + length - (sizeof(top) - 1);
	return strncasecmp(end, top, sizeof(top) - 1) == 0 && (end == name || end[-1] == '.');
}

void fletcher_resolver_resolve(xsMachine *the)
{
	Resolver *resolver = resolverOf(the);
	char name[NAME_SIZE];
	Address address;
	nativeNeed(the, 1);
	int fits = nativeText(the, &xsArg(0), name, sizeof(name));
	if (!resolver)
		return;
	stop(resolver);
	resolver->error = "";
	resolver->address[0] = 0;
	resolver->list[0] = 0;
	if (!fits || !name[0])
		answer(resolver, "not a host name");
	else if (addressParse(&address, name, 0)) {
		addressText(&address, resolver->address);
		append(resolver->list, resolver->address);
		answer(resolver, "");
	} else if (isInvalid(name))
		answer(resolver, "host not found");
	else {
		memcpy(resolver->name, name, sizeof(name));
		start(resolver);
		if (resolver->state != ANSWERED)
			loopTimerSet(&resolver->timer, LOOKUP_TIME, due);
	}
}

void fletcher_resolver_cancel(xsMachine *the)
{
	Resolver *resolver = resolverOf(the);
	if (resolver)
		stop(resolver);
}

void fletcher_resolver_close(xsMachine *the)
{
	Resolver *resolver = resolverOf(the);
	if (!resolver)
		return;
	xsmcSetHostData(xsThis, NULL);
	nativeUnpin(the, &resolver->native);
	fletcher_resolver_destructor(resolver);
}

void fletcher_resolver_get_error(xsMachine *the)
{
	Resolver *resolver = resolverOf(the);
	xsmcSetString(xsResult, (xsStringValue)(resolver ? resolver->error : ""));
}

void fletcher_resolver_get_addresses(xsMachine *the)
{
	Resolver *resolver = resolverOf(the);
	xsmcSetString(xsResult, (xsStringValue)(resolver ? resolver->list : ""));
}
