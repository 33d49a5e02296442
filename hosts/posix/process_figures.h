/* Figures of the process, from /proc; 0 where there is none. */
#ifndef FLETCHER_PROCESS_FIGURES_H
#define FLETCHER_PROCESS_FIGURES_H

#include <stdint.h>

/* Bytes of the resident set. */
int32_t processResident(void);
/* Open descriptors. */
int32_t processDescriptors(void);

#endif
