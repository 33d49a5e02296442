/*
 * Clocks and counts of the voice path, see timing.d.ts; what they are for is told in transit_clock.ts, delay_estimate.ts and
 * arrival_sequencer.ts. Everything lies in the caller's table and nothing is kept here.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "xsmc.h"
#include "mc.xs.h"

/* Tables of the engine are aligned to words. */
#define TABLE __attribute__((packed, aligned(4)))

/* transit_clock.ts; times in ms. */
typedef struct {
	double perMs, reference, media, base, last, began, earlier, current;
	double oldTime, oldBase, midTime, midBase, lastBase, drift;
} TABLE Times;

/* The earliest arrival is looked for in this time and the one before it. */
#define WINDOW 2000
/* A base that moves by more from one window to the next is another way through the network and no drift. */
#define JUMP 8
/* Drift is told from that long a time on, and from at most twice the second one. */
#define DRIFT_SHORTEST 30000
#define DRIFT_LONGEST 300000

/* delay_estimate.ts */
#define STEPS 40

typedef struct {
	double width, weight, total, above, last, step, target;
	float counts[STEPS];
} TABLE Counts;

/* This share of packets may come too late. */
#define TOO_LATE (1 - 0.98)
/* Delays are forgotten with this time constant; a packet after a pause ages them by so much at most. */
#define MEMORY 8000
#define LONGEST_STEP 200
/* One that came so late that it could not be played counts as so many. */
#define LATE_WEIGHT 5
#define HEAVY 1e9

/* arrival_sequencer.ts; times in ms, media time in units. */
#define REMEMBERED 8

typedef struct {
	double perMs, last, expected, base, began, earlier, current, doubt;
	int32_t number, sequence, media, at;
	int32_t prints[REMEMBERED];
} TABLE Sequencer;

/* A packet with the bytes of an earlier one is a copy when it comes that much (frames) before one is due, or less early at the heels of another one. */
#define EARLY 0.5
#define HEELS 0.25
/* After that long without a packet nothing is known of the sender's phase. */
#define LONGEST_PAUSE 2000
/* A packet that is this late comes after a pause and not after losses. */
#define PAUSE 160
#define PAUSE_FRAMES 4
/* A gap of nearly a frame is one. */
#define SLACK 0.125
/* What a packet that came too early adds to what is asked of a gap, in frames. */
#define DOUBT 0.5
#define MOST_DOUBT 3
#define DOUBT_FADES 0.998
#define LEAST_DOUBT 1e-3
/* A number that is further away begins another stream. */
#define LONGEST_NUMBER_STEP 1000

/* The table that is an argument; RangeError when it is too short. Good until something allocates. */
static void *table(xsMachine *the, int index, xsUnsignedValue needed, int arguments)
{
	void *data = NULL;
	xsUnsignedValue size = 0;
	if ((int)xsmcArgc < arguments)
		xsRangeError("%d arguments are needed", arguments);
	xsmcGetBufferWritable(xsArg(index), &data, &size);
	if (size < needed)
		xsRangeError("a table of %u bytes instead of %u", (unsigned)size, (unsigned)needed);
	return data;
}

/* What a difference of media times is in 32 bits. */
static double apart(int32_t media, double reference)
{
	return (int32_t)((uint32_t)media - (uint32_t)(int32_t)reference);
}

/* The number as 32 bits, as `| 0` gives it. */
static int32_t wrapped(double value)
{
	return isfinite(value) ? (int32_t)(uint32_t)(int64_t)fmod(value, 4294967296.0) : 0;
}

static double latenessOf(const Times *it, int32_t media, double now)
{
	return now - it->base - it->media - apart(media, it->reference) / it->perMs;
}

void fletcher_timing_lateness(xsMachine *the)
{
	double now = xsmcToNumber(xsArg(2));
	int32_t media = xsmcToInteger(xsArg(1));
	const Times *it = table(the, 0, sizeof(Times), 3);
	xsmcSetNumber(xsResult, latenessOf(it, media, now));
}

static void anchor(Times *it, double now)
{
	it->lastBase = it->oldBase = it->midBase = it->current;
	it->oldTime = it->midTime = now;
}

/* A new window begins with a packet. */
static void roll(Times *it, double transit, double now)
{
	double base = it->current;
	double change = base - it->lastBase;
	it->began = now;
	it->earlier = base;
	if (change > JUMP || change < -JUMP) {
		it->current = transit;
		anchor(it, now);
		return;
	}
	it->current = transit;
	it->lastBase = base;
	double passed = now - it->oldTime;
	if (passed >= DRIFT_SHORTEST)
		it->drift = (it->oldBase - base) / passed * 1e6;
	if (now - it->midTime < DRIFT_LONGEST)
		return;
	it->oldTime = it->midTime;
	it->oldBase = it->midBase;
	it->midTime = now;
	it->midBase = base;
}

static double arrived(Times *it, int32_t media, double now)
{
	double ms = it->media + apart(media, it->reference) / it->perMs;
	double transit = now - ms;
	it->media = ms;
	it->reference = media;
	it->last = now;
	if (now - it->began > WINDOW)
		roll(it, transit, now);
	else if (transit < it->current)
		it->current = transit;
	it->base = it->current < it->earlier ? it->current : it->earlier;
	return transit - it->base;
}

void fletcher_timing_arrive(xsMachine *the)
{
	double now = xsmcToNumber(xsArg(2));
	int32_t media = xsmcToInteger(xsArg(1));
	double late = arrived(table(the, 0, sizeof(Times), 3), media, now);
	xsmcSetNumber(xsResult, late);
}

/* Makes all weights small again, and their sums exact. */
static void lighten(Counts *it)
{
	double total = 0, above = 0;
	for (int i = 0; i < STEPS; i++) {
		double part = it->counts[i] / it->weight;
		it->counts[i] = (float)part;
		total += part;
		if (i > it->step)
			above += part;
	}
	it->weight = 1;
	it->total = total;
	it->above = above;
}

void fletcher_timing_uncount(xsMachine *the)
{
	double width = xsmcToNumber(xsArg(1));
	int step = xsmcToInteger(xsArg(2));
	double weight = xsmcToNumber(xsArg(3));
	double target = xsmcToNumber(xsArg(4));
	Counts *it = table(the, 0, sizeof(Counts), 5);
	if (step < 0 || step >= STEPS || !(width > 0))
		xsRangeError("step %d of 0 to %d", step, STEPS - 1);
	memset(it, 0, sizeof(Counts));
	it->width = width;
	it->weight = 1;
	it->total = weight;
	it->step = step;
	it->target = target;
	it->counts[step] = (float)weight;
}

static void countOne(Counts *it, double delay, double now)
{
	double passed = now - it->last;
	double weight = it->weight * (1 + (passed < LONGEST_STEP ? passed : LONGEST_STEP) / MEMORY);
	double steps = delay / it->width;
	int step = steps >= STEPS ? STEPS - 1 : steps > 0 ? (int)steps : 0;
	int at = it->step >= 0 && it->step < STEPS ? (int)it->step : 0;
	it->last = now;
	it->weight = weight;
	if (step > at + 1)
		weight *= LATE_WEIGHT;
	it->counts[step] = (float)(it->counts[step] + weight);
	it->total += weight;
	double above = it->above;
	if (step > at)
		above += weight;
	double allowed = it->total * TOO_LATE;
	while (above > allowed && at < STEPS - 1)
		above -= it->counts[++at];
	while (at > 0 && above + it->counts[at] <= allowed)
		above += it->counts[at--];
	it->above = above;
	it->step = at;
	it->target = (at + 1) * it->width;
	if (weight > HEAVY)
		lighten(it);
}

void fletcher_timing_count(xsMachine *the)
{
	double now = xsmcToNumber(xsArg(2));
	double delay = xsmcToNumber(xsArg(1));
	countOne(table(the, 0, sizeof(Counts), 3), delay, now);
}

void fletcher_timing_target(xsMachine *the)
{
	const Counts *it = table(the, 0, sizeof(Counts), 1);
	xsmcSetNumber(xsResult, it->target);
}

void fletcher_timing_arriveCounted(xsMachine *the)
{
	double now = xsmcToNumber(xsArg(3));
	int32_t media = xsmcToInteger(xsArg(2));
	double limit = (int)xsmcArgc > 4 ? xsmcToNumber(xsArg(4)) : INFINITY;
	Times *times = table(the, 0, sizeof(Times), 4);
	Counts *counts = table(the, 1, sizeof(Counts), 4);
	double late = latenessOf(times, media, now);
	if (late > limit || late < -limit) {
		xsmcSetInteger(xsResult, -1);
		return;
	}
	countOne(counts, arrived(times, media, now), now);
	xsmcSetNumber(xsResult, counts->target);
}

static void begin(Sequencer *it, int32_t number, double now)
{
	it->number = number;
	it->base = it->earlier = it->current = now - it->expected / it->perMs;
	it->began = now;
	for (int i = 0; i < REMEMBERED; i++)
		it->prints[i] = -1;
}

/* Whether the sender was silent when a packet comes `frames` late; its media time went on. */
static int paused(Sequencer *it, double frames, double units)
{
	if (frames < PAUSE_FRAMES || frames * units < PAUSE * it->perMs)
		return 0;
	it->expected += floor(frames) * units;
	return 1;
}

/* Packets lost before one that is `frames` late. */
static int32_t gap(Sequencer *it, double frames, double units)
{
	if (paused(it, frames, units))
		return 0;
	if (frames < -EARLY && it->doubt < MOST_DOUBT)
		it->doubt += DOUBT;
	double doubt = it->doubt * DOUBT_FADES;
	it->doubt = doubt > LEAST_DOUBT ? doubt : 0;
	if (frames + SLACK < 1 + it->doubt)
		return 0;
	double lost = floor(frames + SLACK);
	it->expected += lost * units;
	return wrapped(lost);
}

/* A copy: its bytes came lately, and no packet is due when it is `frames` late. */
static int copied(const Sequencer *it, int32_t print, double frames, double units, double now)
{
	int known = 0;
	for (int i = 0; i < REMEMBERED; i++)
		known |= it->prints[i] == print;
	return known && (frames < -EARLY || (frames < -SLACK && (now - it->last) * it->perMs < HEELS * units));
}

static void place(Sequencer *it, double units, double now)
{
	double transit = now - it->expected / it->perMs;
	if (now - it->began > WINDOW) {
		it->began = now;
		it->earlier = it->current;
		it->current = transit;
	} else if (transit < it->current)
		it->current = transit;
	it->base = it->current < it->earlier ? it->current : it->earlier;
	it->last = now;
	it->sequence = it->number;
	it->media = wrapped(it->expected);
	it->expected += units;
}

void fletcher_timing_strange(xsMachine *the)
{
	double perMs = xsmcToNumber(xsArg(1));
	Sequencer *it = table(the, 0, sizeof(Sequencer), 2);
	it->perMs = perMs;
	it->last = -INFINITY;
	it->doubt = 0;
}

void fletcher_timing_accept(xsMachine *the)
{
	double now = xsmcToNumber(xsArg(3));
	double units = xsmcToNumber(xsArg(2));
	int32_t print = xsmcToInteger(xsArg(1));
	Sequencer *it = table(the, 0, sizeof(Sequencer), 4);
	xsmcSetInteger(xsResult, -1);
	if (now - it->last > LONGEST_PAUSE)
		begin(it, (it->number + 1) & 0xffff, now);
	else {
		double frames = ((now - it->base) * it->perMs - it->expected) / units;
		if (copied(it, print, frames, units, now))
			return;
		/* Nearly all packets are the next one, at their time. */
		int plain = frames >= -EARLY && frames + SLACK < 1 && it->doubt == 0;
		it->number = (int32_t)((uint32_t)it->number + 1 + (uint32_t)(plain ? 0 : gap(it, frames, units))) & 0xffff;
	}
	it->prints[it->at & (REMEMBERED - 1)] = print;
	it->at = (it->at + 1) & (REMEMBERED - 1);
	place(it, units, now);
	xsmcSetInteger(xsResult, it->sequence);
}

void fletcher_timing_number(xsMachine *the)
{
	double now = xsmcToNumber(xsArg(3));
	double units = xsmcToNumber(xsArg(2));
	int32_t sequence = xsmcToInteger(xsArg(1)) & 0xffff;
	Sequencer *it = table(the, 0, sizeof(Sequencer), 4);
	int step = (int16_t)(uint16_t)((uint32_t)sequence - (uint32_t)it->number);
	xsmcSetInteger(xsResult, sequence);
	if (now - it->last > LONGEST_PAUSE || step > LONGEST_NUMBER_STEP || step < -LONGEST_NUMBER_STEP)
		begin(it, sequence, now);
	else if (step <= 0) {
		it->sequence = sequence;
		it->media = wrapped(it->expected + (step - 1) * units);
		return;
	} else {
		it->expected += (step - 1) * units;
		paused(it, (now - it->base - it->expected / it->perMs) * it->perMs / units, units);
	}
	it->number = sequence;
	place(it, units, now);
}
