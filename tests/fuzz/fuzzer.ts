/** What one block of a campaign did. */
export interface Block {
	/** Damaged messages that were taken in, by the state in which they came; the names are {@link Fuzzer.states}. */
	readonly messages: Int32Array;
	/** What must hold but did not, with the round; "": all held. */
	readonly fault: string;
}

/** Feeds damaged input to one protocol. Each block is made from its seed alone, with a machine of its own, so that it can be run again. */
export interface Fuzzer {
	readonly name: string;
	/** The states that input is fed in. */
	readonly states: readonly string[];
	/** Messages of it that each run of the tests feeds. */
	readonly share: number;
	/** Seeds of blocks that once failed, kept so that they never do again. */
	readonly kept: readonly number[];
	/** Runs the block of `seed`. */
	block(seed: number): Block;
}
