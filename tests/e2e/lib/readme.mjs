// README.md's blocks of code, as a reader copies them: fenced or indented, without the inspector's screens.
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

/** The one block that begins so. */
export function block(beginning) {
	const found = blocks().filter((b) => b.startsWith(beginning));
	if (found.length !== 1) throw new Error(`README.md has ${found.length} blocks of code that begin with ${beginning}`);
	return found[0];
}
