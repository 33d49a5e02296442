/** Small files of state and configuration, and large ones read at an offset. Paths are the host's. */

/** Size of a file in bytes, or -1 when there is none or it is not a regular file. */
export function size(path: string): number;

/** "file", "directory" or "" when there is nothing (or it cannot be reached). */
export function kind(path: string): string;

/** The whole file, at most `limit` bytes. @throws Error naming the path and the host's reason, or that it is larger than `limit`. Boot and cold paths only. */
export function read(path: string, limit: number): ArrayBuffer;

/**
 * Replaces a file at once: writes a temporary file beside it with mode `mode`, flushes it, renames it over `path`, flushes the folder.
 * After a power cut at any point the old or the new content is there.
 * @returns "" or the host's reason ("ENOSPC"); the old file is untouched then and no temporary file stays.
 */
export function replace(path: string, buffer: ArrayBuffer, offset: number, length: number, mode: number): string;

/** Renames. @returns "" or the host's reason. */
export function rename(from: string, to: string): string;

/** Removes a file or an empty folder; one that is not there is no error. @returns "" or the host's reason. */
export function remove(path: string): string;

/** Makes a folder and those above it, mode 0700. @returns "" or the host's reason. */
export function makeFolder(path: string): string;

/** Names in a folder, sorted, without "." and "..", at most `limit`. Cold path. */
export function list(path: string, limit: number): string[];

/** A file opened for reading at any position. */
export class File {
	/** @throws Error naming the path and the host's reason. */
	constructor(path: string);
	readonly size: number;
	/** @returns bytes read, 0 at the end, -1 on failure. */
	read(buffer: ArrayBuffer, offset: number, length: number, position: number): number;
	close(): void;
}

/** A file that is made anew (mode 0600; one that is there is emptied) and written at any position: recordings. */
export class FileWriter {
	/** @throws Error naming the path and the host's reason. */
	constructor(path: string);
	/** @returns false when the host took not all of it: the disk is full, or failed. */
	write(buffer: ArrayBuffer, offset: number, length: number, position: number): boolean;
	close(): void;
}
