/*
 * The only way from C into a script. Nothing a script throws crosses it: the error is reported with file and line
 * and the process ends with EXIT_SCRIPT, as a device restarts then.
 */
#ifndef FLETCHER_ENTRY_H
#define FLETCHER_ENTRY_H

#include "xs.h"

#define EXIT_SCRIPT 70

void callScript(xsMachine *the, xsSlot *function, xsSlot *self);
void callScript1(xsMachine *the, xsSlot *function, xsSlot *self, xsSlot *argument);

#endif
