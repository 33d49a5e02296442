/*
 * The root machine: every built-in and every module, run once, frozen, shared and read-only: the ROM of this host.
 * It is made from the archive (at build time, to be written as an image; or at boot where there is no image), or it
 * is the image that the linker put at ROOT_ADDRESS.
 */
#ifndef FLETCHER_ROOT_H
#define FLETCHER_ROOT_H

#include <stdint.h>

struct sxMachine;

/* What the linker put into the section .xsroot: an archive or an image. */
extern const uint8_t gRootSection[];

/* The root this executable carries. Ends the process with a report when a module throws while it is loaded. */
struct sxMachine *rootOpen(void);
/* 1 when it is an image, 0 when rootOpen made it. */
int rootIsImage(void);
/* Writes a root made by rootOpen as an image. Returns 0 or an errno. */
int rootWrite(const char *path);
/* Slots that making the root takes, to make it again without spare room. */
unsigned rootSlots(void);

#endif
