#include "process_figures.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

int32_t processResident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*s %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return (int32_t)(pages * sysconf(_SC_PAGESIZE));
}

int32_t processDescriptors(void)
{
	int32_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	/* ".", ".." and the folder's own descriptor. */
	return count - 3;
}
