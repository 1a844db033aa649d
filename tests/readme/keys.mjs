// The inspector's keys in creel(1), made of tui/keys/actions.def: node keys.mjs [--write].
// Without --write it only says whether the page still has them (tests/e2e/readme.test.mjs runs it so).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const page = path.join(root, 'client/creel.1');

const VIEWS = { L: 'list', D: 'delivery', F: 'comparison', H: 'help, events', O: 'overview' };
const troff = (s) => s.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^(['.])/, '\\&$1');
// ` stands around commands in the table.
const words = (s) => troff(s).replace(/`([^`]*)`/g, '\\fB$1\\fR');

function actions() {
	const text = readFileSync(path.join(root, 'tui/keys/actions.def'), 'utf8');
	const string = '"((?:[^"\\\\]|\\\\.)*)"';
	const row = new RegExp(`^ACTION\\((\\w+), ${string}, ([\\w| ]+), ${string}, ${string}, ${string}, \\d+, \\w+, ${string}\\)$`, 'gm');
	const found = [...text.matchAll(row)].map(([, , name, views, keys, , , help]) => ({
		name, help: help.replace(/\\(.)/g, '$1'), keys: keys.replace(/\\(.)/g, '$1').split(' ').filter(Boolean), views: views.split(' | '),
	}));
	if (found.length !== text.match(/^ACTION\(/gm).length) throw new Error('tui/keys/actions.def has a row that is not understood');
	return found;
}

/** The page with the keys in their place. */
export function fresh() {
	const rows = actions().flatMap(({ name, help, keys, views }) => [
		'.TP',
		(keys.length ? keys.map((k) => `\\fB${troff(k)}\\fR`).join(', ') : `\\fB:${troff(name)}\\fR`),
		`${words(help)}${views.length === Object.keys(VIEWS).length ? '' : ` (${views.map((v) => VIEWS[v]).join(', ')})`}`,
	]);
	const place = /(\.\\" keys: tests\/readme\/keys\.mjs --write\n)[^]*?(\.\\" end of keys\n)/;
	const text = readFileSync(page, 'utf8');
	if (!place.test(text)) throw new Error('creel.1 has no place for the keys');
	return text.replace(place, (_, begin, end) => `${begin}${rows.join('\n')}\n${end}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const text = fresh(), stale = text !== readFileSync(page, 'utf8');
	if (process.argv.includes('--write')) writeFileSync(page, text);
	else if (stale) console.error('the keys in creel.1 are stale: node tests/readme/keys.mjs --write');
	process.exitCode = stale && !process.argv.includes('--write') ? 1 : 0;
}
