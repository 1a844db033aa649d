// README.md's blocks of code, as a reader copies them: fenced or indented, without the inspector's screens; and the examples
// of creel-relay(8).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './harness.mjs';

export function blocks() {
	const text = readFileSync(path.join(root, 'README.md'), 'utf8').replaceAll(/<!-- screen: [^]*?<!-- end -->\n/g, '');
	const found = [];
	for (const [, fenced, indented] of text.matchAll(/^ *```\w*\n([^]*?)^ *```$|(?<=\n\n)((?: {4,}.*\n|\n(?= {4}))+)/gm)) {
		const lines = (fenced ?? indented).trimEnd().split('\n');
		const margin = Math.min(...lines.filter(Boolean).map((line) => /^ */.exec(line)[0].length));
		found.push(lines.map((line) => line.slice(margin)).join('\n'));
	}
	return found;
}

/** The examples (.EX to .EE) of creel-relay(8), as a terminal shows them. */
export function examples() {
	const page = readFileSync(path.join(root, 'relay/creel-relay.8'), 'utf8');
	return [...page.matchAll(/^\.EX\n([^]*?)\n\.EE$/gm)].map(([, text]) => text.replaceAll('\\-', '-').replaceAll('\\(aq', "'"));
}

function one(found, beginning, where) {
	const matching = found.filter((b) => b.startsWith(beginning));
	if (matching.length !== 1) throw new Error(`${where} has ${matching.length} blocks of code that begin with ${beginning}`);
	return matching[0];
}

/** README.md's one block that begins so. */
export const block = (beginning) => one(blocks(), beginning, 'README.md');

/** creel-relay(8)'s one example that begins so. */
export const example = (beginning) => one(examples(), beginning, 'creel-relay(8)');
