/*
 * The only way from C into a script. Nothing a script throws crosses it: the error is reported with file and line
 * and the process ends with EXIT_SCRIPT, as a device restarts then.
 */
#ifndef FLETCHER_ENTRY_H
#define FLETCHER_ENTRY_H

#define EXIT_SCRIPT 70

/* The host's: runs what promises have queued. Nothing to do where the engine's platform does it. */
struct sxMachine;
void hostRunJobs(struct sxMachine *the);

#ifdef __XS__
void callScript(xsMachine *the, xsSlot *function, xsSlot *self);
void callScript1(xsMachine *the, xsSlot *function, xsSlot *self, xsSlot *argument);
/* For a host that is about to end: prints the exception that is being handled, with its stack. */
void reportException(xsMachine *the);
#endif

#endif
