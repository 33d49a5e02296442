export function size(path) @ "fletcher_files_size";
export function kind(path) @ "fletcher_files_kind";
export function read(path, limit) @ "fletcher_files_read";
export function replace(path, buffer, offset, length, mode) @ "fletcher_files_replace";
export function rename(from, to) @ "fletcher_files_rename";
export function remove(path) @ "fletcher_files_remove";
export function makeFolder(path) @ "fletcher_files_makeFolder";
export function list(path, limit) @ "fletcher_files_list";

export class File @ "fletcher_file_destructor" {
	constructor(path) @ "fletcher_file"
	read(buffer, offset, length, position) @ "fletcher_file_read"
	close() @ "fletcher_file_close"
	get size() @ "fletcher_file_get_size"
}

export class FileWriter @ "fletcher_writer_destructor" {
	constructor(path) @ "fletcher_writer"
	write(buffer, offset, length, position) @ "fletcher_writer_write"
	close() @ "fletcher_writer_close"
}
